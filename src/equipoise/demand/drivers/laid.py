"""The table `driver` as arrays, and what of it is known at an origin."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from equipoise.demand.forecast.choice import mean_known
from equipoise.demand.methods import Array, Counts, Flags
from equipoise.demand.methods.season import by_phase, is_seasonal
from equipoise.dimensions.calendar import Calendar

_SEASONS = 3  # the last seasons say what the next one is like


@dataclass(frozen=True)
class Drivers:
    """Drivers by name. `values` holds one array a driver, (series, periods + ahead), or (1, periods + ahead) where it is the same for all
    series; NaN where it is not given. `known` (drivers,) says whether future values are known; `periods` is how many columns are history.
    """

    names: tuple[str, ...]
    values: tuple[Array, ...]
    known: Flags
    periods: int

    def rows(self, series: Counts, first: int = 0) -> "Drivers":
        """Return the drivers of some series, from column `first` on."""
        kept = tuple((values if len(values) == 1 else values[series])[:, first:] for values in self.values)
        return replace(self, values=kept, periods=self.periods - first)

    def at(self, end: int, width: int, season: int) -> tuple[Array, ...]:
        """Return each driver as it is known at an origin after `end` columns, (series or 1, end + width), no value missing.

        Values after the origin are those given where the driver is known ahead. The others, and those not given, are forecast from the
        values before: the mean of the same period in up to three seasons where the driver is seasonal or one of zeros and ones, else the
        last value. In the history a missing value is the one before it, and none in a driver of zeros and ones. A driver that was always
        above zero is taken in logarithms: its effect is an elasticity.
        """
        return tuple(_seen(values, known, end, width, season) for values, known in zip(self.values, self.known.tolist(), strict=True))


def laid(driver: pl.DataFrame, keys: pl.DataFrame, periods: Sequence[dt.date], ahead: int, calendar: Calendar) -> Drivers | None:
    """Return the table `driver` laid over the series of `keys` (item, market) and all `periods`, the last `ahead` of which lie after the
    history; None where nothing of it concerns them.

    A row for an item and a market goes before one for the item, that before one for the market, and that before one for all. Several values
    in one period count as their mean. Future values are known where every row of the driver says so, and most periods ahead have one (a
    driver of zeros and ones needs none): what is not there now must not be tested as if it had been. A driver given in less than half of
    the history's periods is left out, but for one of zeros and ones.
    """
    place = {day: number for number, day in enumerate(periods)}
    rows = calendar.bucket("period", driver.filter(pl.col("value").is_finite(), pl.col("period").is_not_null()))
    rows = rows.filter(pl.col("period").is_in(list(place))).with_columns(
        pl.col("period").replace_strict(place, default=None, return_dtype=pl.Int64).alias("column")
    )
    about = rows.group_by("driver", maintain_order=True).agg(pl.col("known_ahead").fill_null(False).all()).sort("driver")
    found = []
    for name, said in about.rows():
        values = _array(rows.filter(pl.col("driver") == name), keys, len(periods))
        given: Flags = np.asarray((~np.isnan(values)).any(axis=0))
        switch = bool(np.isin(values[~np.isnan(values)], (0.0, 1.0)).all())
        if given.any() and (switch or given[: len(periods) - ahead].mean() >= 0.5):
            found.append((name, said and (switch or ahead == 0 or given[len(periods) - ahead :].mean() >= 0.5), values))
    if not found:
        return None
    names, known, laid_values = zip(*found, strict=True)
    return Drivers(names, laid_values, np.array(known, dtype=np.bool_), len(periods) - ahead)


def _array(rows: pl.DataFrame, keys: pl.DataFrame, periods: int) -> Array:
    """Return the values of one driver, the more special row before the more general one."""
    everywhere = rows.get_column("item").is_null().all() and rows.get_column("market").is_null().all()
    values = np.full((1 if everywhere else len(keys), periods), np.nan)
    series = keys.select("item", "market").with_row_index("series")
    for scope in ([], ["market"], ["item"], ["item", "market"]):
        part = rows.filter(*(pl.col(key).is_not_null() if key in scope else pl.col(key).is_null() for key in ("item", "market")))
        mean = part.group_by(*scope, "column", maintain_order=True).agg(pl.col("value").mean())
        if not scope:
            values[:, mean.get_column("column").to_numpy()] = mean.get_column("value").to_numpy()
        elif not mean.is_empty():
            cells = mean.join(series, on=scope, how="inner", maintain_order="left")
            values[cells.get_column("series").to_numpy(), cells.get_column("column").to_numpy()] = cells.get_column("value").to_numpy()
    return values


def _seen(values: Array, known: bool, end: int, width: int, season: int) -> Array:
    """Return one driver as it is known at an origin, see `Drivers.at`."""
    past = values[:, :end]
    after = values[:, end : end + width] if known else np.full((len(values), 0), np.nan)
    after = np.concatenate([after, np.full((len(values), width - after.shape[1]), np.nan)], axis=1)
    given = past[~np.isnan(past)]
    switch = bool(np.isin(given, (0.0, 1.0)).all())
    past = np.nan_to_num(past) if switch else _held(past)
    if switch and known:
        after = np.nan_to_num(after)
    if np.isnan(after).any():
        after = np.where(np.isnan(after), _expected(past, width, season, switch=switch), after)
    together = np.concatenate([past, after], axis=1)
    return np.log(np.maximum(together, given.min())) if given.size and given.min() > 0 and not switch else together


def _held(values: Array) -> Array:
    """Return the values with missing ones filled by the one before, those at the start by the first; zero for a row without any."""
    column = np.arange(values.shape[1])[None, :]
    known = ~np.isnan(values)
    first = np.where(known.any(axis=1), known.argmax(axis=1), 0)[:, None]
    source = np.maximum(np.maximum.accumulate(np.where(known, column, -1), axis=1), first)
    return np.nan_to_num(np.take_along_axis(values, source, axis=1))


def _expected(past: Array, width: int, season: int, *, switch: bool) -> Array:
    """Return what is to be expected of a driver after its past, (rows, width)."""
    if past.shape[1] == 0 or width == 0:
        return np.zeros((len(past), width))
    last = past.mean(axis=1) if switch else past[:, -1]
    if past.shape[1] < season:
        return np.repeat(last[:, None], width, axis=1)
    phases = mean_known(by_phase(past[:, -_SEASONS * season :], season), axis=1)
    usual = np.tile(phases, (1, -(-width // season)))[:, :width]
    seasonal = np.ones(len(past), dtype=np.bool_) if switch else is_seasonal(past, season)
    return np.where(seasonal[:, None], usual, last[:, None])
