"""History as an array: what of it is demand, and which series can teach the others."""

import datetime as dt
from dataclasses import dataclass

import numpy as np
import polars as pl

from equipoise.demand.forecast.choice import mean_known
from equipoise.demand.methods import Array, Counts, Flags
from equipoise.dimensions.calendar import Calendar

KEY = ["item", "market"]
_TEACHING = 4  # observations with which a series takes part in pooled fitting
_ABSURD = 1000  # times the usual demand of a series: a slip of the pen or another unit, not demand
REGULAR_INTERVAL = 1.32  # mean periods between demands; Syntetos, Boylan and Croston (2005)


@dataclass(frozen=True)
class Panel:
    """All series of a history.

    `keys`: item, market, family, launch, discontinue, sorted by item and market. `values` (series, periods) ends with the last known
    period, NaN before a series' first demand; a series without any demand is NaN throughout. `last` is that last period, and `ahead` the
    periods from the one after it to the end of the horizon, the first `gap` of which lie before the plan. `absurd` counts the periods of
    each series, (series,), whose demand was so far off that what is usual stands in for it. `periods` are the columns of `values`, where
    they are known by date.
    """

    keys: pl.DataFrame
    values: Array
    last: dt.date
    ahead: tuple[dt.date, ...]
    gap: int
    absurd: Counts
    periods: tuple[dt.date, ...] = ()

    @property
    def lengths(self) -> Counts:
        """Observations of each series from its first demand, (series,)."""
        return np.asarray((~np.isnan(self.values)).sum(axis=1), dtype=np.int64)


def complete(history: pl.DataFrame, calendar: Calendar) -> pl.DataFrame:
    """Return the history's rows of complete periods that are known at the data cut and lie before the plan."""
    periods = history.get_column("period").drop_nulls().unique().to_list()
    known = [
        day for day in periods if day < calendar.start and calendar.next(calendar.period_of(day)) - dt.timedelta(days=1) <= calendar.as_of
    ]
    return history.filter(pl.col("period").is_in(known), pl.col("item").is_not_null(), pl.col("market").is_not_null())


def panel(history: pl.DataFrame, item: pl.DataFrame, calendar: Calendar, season: int, *, whole: bool = False) -> Panel | None:
    """Return the history as an array, or None where no period is complete.

    Periods without a row count as no demand. Zeros before the first demand are not demand: the series starts with it, or with
    `item.launch`. Where nothing at all was sold in the last periods of a history that never had an empty period before, they were not
    recorded. `whole` keeps each series' first period of demand, which a forecast leaves out where it was launched inside the history.
    """
    keys = history.select(KEY).drop_nulls().unique().sort(KEY)
    rows = calendar.bucket("period", complete(history, calendar))
    if rows.is_empty():
        return None
    first, last = (rows.get_column("period").min(), rows.get_column("period").max())
    assert isinstance(first, dt.date) and isinstance(last, dt.date)  # noqa: S101, PT018
    periods = calendar.between(first, last)
    values, absurd = _believable(_matrix(rows, keys, periods), season)
    recorded = _recorded(values)
    values, periods = values[:, :recorded], periods[:recorded]
    about = item.select("item", "family", "launch", "discontinue").unique("item", keep="first", maintain_order=True)
    keys = keys.join(about, on="item", how="left", maintain_order="left")
    sold, launched = _first_demand(values, season), _launched(keys, periods, calendar)
    again = (values > 0).sum(axis=1) > 1
    begun = _begun(values, sold, season)
    starts = np.maximum(sold, launched) if whole else _starts(sold, launched, begun, again, len(periods))
    values = np.where(np.arange(len(periods))[None, :] >= starts[:, None], values, np.nan)
    ahead = calendar.between(calendar.next(periods[-1]), calendar.periods[-1])
    return Panel(keys, values, periods[-1], ahead, len(ahead) - calendar.horizon, absurd, periods)


def laid_out(history: pl.DataFrame, known: Panel, calendar: Calendar) -> Array:
    """Return the `quantity` of a history over series and periods of the panel, (series, periods); NaN where the panel has no demand."""
    rows = calendar.bucket("period", history).filter(pl.col("period").is_in(list(known.periods)))
    return np.where(np.isnan(known.values), np.nan, _matrix(rows, known.keys.select(KEY), known.periods))


def _matrix(rows: pl.DataFrame, keys: pl.DataFrame, periods: tuple[dt.date, ...]) -> Array:
    """Return (series, periods) of summed demand; no row is no demand."""
    place = {day: number for number, day in enumerate(periods)}
    found = rows.join(keys.with_row_index("series"), on=KEY, how="inner", maintain_order="left").select(
        "series",
        pl.col("period").replace_strict(place, return_dtype=pl.Int64),
        pl.when(pl.col("quantity").is_finite()).then("quantity").otherwise(0.0),
    )
    values = np.zeros((len(keys), len(periods)))
    np.add.at(
        values, (found.get_column("series").to_numpy(), found.get_column("period").to_numpy()), found.get_column("quantity").to_numpy()
    )
    return values


def _believable(values: Array, season: int) -> tuple[Array, Counts]:
    """Return the values with absurd ones replaced, and how many they were in each series.

    Absurd is more than a thousand times the median demand of a series with three demands or more. What stands in for it is the mean of
    the same period a season before and after, where they are known and not absurd, else that median.
    """
    usual = np.array([np.median(row[row > 0]) if (row > 0).sum() >= 3 else np.inf for row in values])
    wrong = values > _ABSURD * usual[:, None]
    if not wrong.any():
        return values, np.zeros(len(values), dtype=np.int64)
    known = np.where(wrong, np.nan, values)
    beside = np.full((2, *values.shape), np.nan)
    if season < values.shape[1]:
        beside[0, :, season:], beside[1, :, :-season] = known[:, :-season], known[:, season:]
    stand_in = mean_known(beside, axis=0)
    stand_in = np.where(np.isnan(stand_in), usual[:, None], stand_in)
    return np.where(wrong, stand_in, values), np.asarray(wrong.sum(axis=1), dtype=np.int64)


def _recorded(values: Array) -> int:
    """Return how many first columns to keep: trailing empty ones are no record where none was empty before."""
    sold = (values != 0).any(axis=0).tolist()
    first, last = (sold.index(True), len(sold) - 1 - sold[::-1].index(True)) if True in sold else (0, 0)
    return last + 1 if last - first >= 5 and all(sold[first : last + 1]) else len(sold)


def _first_demand(values: Array, season: int) -> Counts:
    """Return the column of each series' first demand; its last start, where one that sells nearly always paused for a season."""
    rows, periods = values.shape
    sold = values > 0
    starts = np.where(sold.any(axis=1), sold.argmax(axis=1), periods)
    if periods < 2:
        return np.asarray(starts, dtype=np.int64)
    pause = max(season, 6)
    column = np.arange(periods)[None, :]
    since = column - np.maximum.accumulate(np.where(sold, column, -1), axis=1)
    returned = sold[:, 1:] & (since[:, :-1] >= pause) & (column[:, 1:] - 1 - since[:, :-1] >= starts[:, None])
    last = np.where(returned.any(axis=1), periods - 1 - returned[:, ::-1].argmax(axis=1), starts)
    sales_since = np.where(column >= last[:, None], sold, False).sum(axis=1)
    steady = (sales_since >= 3) & (sales_since * REGULAR_INTERVAL > periods - last)
    return np.asarray(np.where(steady, last, starts), dtype=np.int64).reshape(rows)


def _launched(keys: pl.DataFrame, periods: tuple[dt.date, ...], calendar: Calendar) -> Counts:
    """Return the column from which each series' item is on sale: the period of its launch, or the next where it is launched inside one.

    Demand seen before a launch that is still to come counts from the start.
    """

    def column(launch: dt.date | None) -> int:
        if launch is None or launch <= periods[0] or launch >= calendar.next(periods[-1]):
            return 0
        found = sum(period < launch for period in periods)
        whole = len(periods) - found >= 3
        return found if whole or calendar.period_of(launch) == launch else max(found - 1, 0)

    return np.array([column(day) for day in keys.get_column("launch").to_list()], dtype=np.int64)


def _begun(values: Array, sold: Counts, season: int) -> int:
    """Return the column in which the history begins: the first demand of any series that can teach the others."""
    shown = np.where(np.arange(values.shape[1])[None, :] >= sold[:, None], values, np.nan)
    useful = (values.shape[1] - sold >= _TEACHING) & (ended(shown, season) == 0)
    return int(sold[useful].min(initial=values.shape[1]))


def _starts(sold: Counts, launched: Counts, begun: int, again: Flags, periods: int) -> Counts:
    """Return the column from which each series' demand counts.

    A series that begins inside the history begins with a sale, and often in the middle of a period: that first period says too much or too
    little, and is left out where two others follow and demand came `again` (series,). Where the launch is known it is neither.
    """
    first = np.maximum(sold, launched)
    inside = (sold > begun) & (sold > launched) & (periods - first >= 3) & again
    return np.asarray(first + inside, dtype=np.int64)


def ended(values: Array, season: int) -> Counts:
    """Return how many empty periods each series ends with where they say that its demand has ended; 0 elsewhere, (series,).

    They do where, at the rate of demands seen before, so many empty periods in a row have less than one chance in a hundred (in ten
    thousand where demand was intermittent: methods for that follow dying demand down), and the same periods a season earlier were not
    empty too. The first demand says where the series begins and nothing of the rate: one that stays alone has ended after two seasons.
    """
    sold = values > 0
    length = (~np.isnan(values)).sum(axis=1)
    empty = np.where(sold.any(axis=1), sold[:, ::-1].argmax(axis=1), length)
    before = np.maximum(length - empty, 1)
    rate = np.clip((sold.sum(axis=1) - 1) / before, 0.0, 0.97)
    unlikely = (1 - rate) ** empty < np.where(rate * REGULAR_INTERVAL < 1, 1e-4, 1e-2)
    unlikely |= (sold.sum(axis=1) == 1) & (empty >= 2 * max(season, 6))
    column = np.arange(values.shape[1])[None, :]
    start = (values.shape[1] - empty - season)[:, None]
    earlier = (column >= start) & (column < start + np.minimum(empty, season)[:, None])
    compared = earlier & ~np.isnan(values)
    off_season = (compared & ~sold).sum(axis=1) * 2 > np.maximum(compared.sum(axis=1), 1)
    return np.asarray(np.where((empty >= 3) & unlikely & ~off_season & (length > 0), empty, 0), dtype=np.int64)


def teaches(panel: Panel, season: int) -> Flags:
    """Return which series take part in pooled fitting: four observations or more, some demand, not ended."""
    return np.asarray((panel.lengths >= _TEACHING) & (np.nan_to_num(panel.values) > 0).any(axis=1) & (ended(panel.values, season) == 0))
