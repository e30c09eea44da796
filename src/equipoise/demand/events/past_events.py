"""What events of the past did to demand, and what that says of the next ones."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from equipoise.demand.cleaning.grid import Grid, grid
from equipoise.demand.cleaning.past_event import Touch, touched, touches
from equipoise.demand.cleaning.usual import usual_demand
from equipoise.demand.events.shrinkage import drawn, group_means
from equipoise.demand.forecast.panel import KEY
from equipoise.demand.methods import Array, Counts, Flags
from equipoise.dimensions.calendar import Calendar
from equipoise.tables.setting import Setting

_SLIP = 100  # times what is usual (or its spread): a slip of the pen or another unit, no event
_MEASURED = {
    "event": pl.String,
    "kind": pl.String,
    "item": pl.String,
    "family": pl.String,
    "gain": pl.Float64,
    "expected": pl.Float64,
    "noise": pl.Float64,
}


def measured(
    event: pl.DataFrame, history: pl.DataFrame, cleaned: pl.DataFrame, item: pl.DataFrame, calendar: Calendar, setting: Setting
) -> pl.DataFrame:
    """Return what past events did: event, kind, item, family, gain, expected, noise; a row an event and item that had demand, sorted.

    `expected` is the demand of the event's days that the other periods of the `cleaned` history show to be usual (as cleaning does),
    `gain` what was booked above that; where the event pulls demand forward, less what the next periods lacked, so that only what is new
    counts. `noise` is the variance of the gain: that of usual demand. Events that share a cell share its gain by their days. Launches,
    which nothing can be compared with, and events that run for over a season are not measured, nor are series on sale for less than half a
    season before, or cells with a stockout or in another unit.
    """
    known = grid(history, item, calendar)
    season = setting.demand.season or calendar.periods_a_year
    found = touches(event, known, calendar, season) if known is not None else []
    if known is None or not found:
        return pl.DataFrame(schema=_MEASURED)
    booked = known.booked - (known.returned if setting.demand.cleaning.returns == "subtract" else 0.0)
    pulling = _pulled_from(event)
    compared = _compared(found, known, booked, cleaned, season, pulling)
    parts = [pl.DataFrame(schema=_MEASURED), *(_one(touch, known, compared, pulling.get(touch.event, 0)) for touch in found)]
    sums = pl.concat(parts).group_by("event", "kind", "item", "family", maintain_order=True)
    return sums.agg(pl.col("gain", "expected", "noise").sum()).sort("event", "item")


@dataclass(frozen=True)
class _Compared:
    """Booked and expected demand, the variance of the latter, which cells with and without an event may be compared, and the share of
    their days that events take; all (series, periods)."""

    booked: Array
    expected: Array
    noise: Array
    usable: Flags
    plain: Flags
    taken: Array


def _compared(found: list[Touch], known: Grid, booked: Array, cleaned: pl.DataFrame, season: int, pulling: dict[str, int]) -> _Compared:
    """Return what was expected of every cell by those that no event touches, or pulls from."""
    values, factor = _laid(cleaned, known, "quantity", booked), _laid(cleaned, known, "calendar_factor", np.ones_like(booked))
    cells = touched(found, known.begun)
    hidden, taken = cells | known.sold_out, np.zeros_like(booked)
    for touch in found:
        hidden[np.ix_(touch.rows, _after(touch, pulling.get(touch.event, 0), booked.shape[1]))] = True
        taken[np.ix_(touch.rows, touch.columns)] += touch.shares
    usual = usual_demand(np.where(known.begun, values / factor, np.nan), hidden, season, known.families)
    expected = usual.demand * factor
    slip = np.abs(booked) > _SLIP * np.maximum(expected, usual.spread)
    told = ~known.sold_out & (expected > 0) & ~slip & (np.cumsum(known.begun, axis=1) > max(season // 2, 3))
    return _Compared(booked, expected, usual.spread**2, cells & told, ~cells & told, taken)


def _after(touch: Touch, count: int, periods: int) -> Counts:
    """Return the columns of the `count` periods after an event."""
    first = int(touch.columns[-1]) + 1
    return np.arange(first, min(first + count, periods))


def _one(touch: Touch, known: Grid, compared: _Compared, count: int) -> pl.DataFrame:
    """Return what one event did to each series that it held for, in its periods and the `count` periods that it pulls from."""
    block, later = (np.ix_(touch.rows, columns) for columns in (touch.columns, _after(touch, count, compared.booked.shape[1])))
    usable, expected = compared.usable[block], compared.expected[block]
    part = np.where(usable, touch.shares / compared.taken[block], 0.0)
    lacked = np.where(compared.plain[later], compared.booked[later] - compared.expected[later], 0.0)
    noise = np.where(usable, compared.noise[block], 0.0).sum(axis=1) + np.where(compared.plain[later], compared.noise[later], 0.0).sum(
        axis=1
    )
    columns = {
        "gain": ((compared.booked[block] - expected) * part).sum(axis=1) + lacked.sum(axis=1),
        "expected": np.where(usable, expected * touch.shares, 0.0).sum(axis=1),
        "noise": noise,
    }
    rows = known.keys.select("item", "family")[touch.rows].with_columns(**{name: pl.Series(value) for name, value in columns.items()})
    named = rows.filter(pl.col("expected") > 0).with_columns(event=pl.lit(touch.event), kind=pl.lit(touch.kind))
    return named.select(*_MEASURED)


def _pulled_from(event: pl.DataFrame) -> dict[str, int]:
    """Return from how many next periods each event pulls demand forward, for those that do."""
    rows = event.filter(pl.col("pull_forward") > 0).select("event", "pull_forward_periods").rows()
    return {name: max(count or 1, 1) for name, count in rows}


def _laid(cleaned: pl.DataFrame, known: Grid, column: str, filler: Array) -> Array:
    """Return a column of the cleaned history as an array like those of the grid, the filler where it says nothing."""
    place = pl.DataFrame({"period": list(known.periods), "place": np.arange(len(known.periods))}, schema_overrides={"period": pl.Date})
    rows = cleaned.join(known.keys.select(KEY).with_row_index("series"), on=KEY, maintain_order="left").filter(pl.col(column).is_finite())
    rows = rows.join(place, on="period", maintain_order="left")
    laid = filler.copy()
    laid[rows.get_column("series").to_numpy(), rows.get_column("place").to_numpy()] = rows.get_column(column).to_numpy()
    return laid


def uplifts(past: pl.DataFrame, items: pl.DataFrame) -> pl.DataFrame:
    """Return what the past says of the next event of each kind: kind, item, uplift, spread, events (of the level), level, own.

    `past` is as `measured` returns it, `items` has item and family. The uplift of an item is the mean of its own events, drawn towards that
    of its family's, which is drawn towards that of all events of the kind: the fewer and the more unlike the events, the more. An event
    counts once at each level: its gain over what was expected, over all items of the level that it held for. `level` names the narrowest
    one that has events (item, family or kind), `own` is its mean before it is drawn. Method: see `shrinkage`.
    """
    schema = {"kind": pl.String, "item": pl.String, "uplift": pl.Float64, "spread": pl.Float64, "events": pl.Int64, "level": pl.String}
    kinds = past.get_column("kind").drop_nulls().unique().sort().to_list()
    found = [_of_kind(past.filter(pl.col("kind") == kind), items, kind) for kind in kinds]
    return pl.concat([pl.DataFrame(schema={**schema, "own": pl.Float64}), *found])


def _of_kind(past: pl.DataFrame, items: pl.DataFrame, kind: str) -> pl.DataFrame:
    """Return the rows of `uplifts` for one kind of event."""
    about = items.select("item", "family").unique("item", keep="first", maintain_order=True).sort("item")
    size = len(about)
    codes = about.select(pl.col("family").fill_null("").rank("dense").cast(pl.Int64) - 1).to_series().to_numpy()
    place = about.with_columns(pl.Series("place", np.arange(size)), pl.Series("group", codes))
    rows = past.join(place.select("item", "place", "group"), on="item", maintain_order="left")
    whole, whole_variance, between, count = _level(rows.with_columns(group=pl.lit(0)), 1, 0.0)
    families = int(codes.max(initial=0)) + 1
    family, family_variance, between, family_count = _level(rows, families, between)
    family_estimate, family_error = drawn(family, family_variance, np.repeat(whole, families), np.repeat(whole_variance, families))
    own, own_variance, _, own_count = _level(rows.with_columns(group=pl.col("place")), size, between)
    estimate, error = drawn(own, own_variance, family_estimate[codes], family_error[codes])
    levels = np.select([own_count > 0, family_count[codes] > 0], ["item", "family"], "kind")
    return about.select(
        pl.lit(kind).alias("kind"),
        "item",
        pl.Series("uplift", np.maximum(estimate, -1.0)),
        pl.Series("spread", np.sqrt(error)),
        pl.Series("events", np.select([own_count > 0, family_count[codes] > 0], [own_count, family_count[codes]], count[0])),
        pl.Series("level", [str(level) for level in levels], pl.String),
        pl.Series("own", np.select([own_count > 0, family_count[codes] > 0], [own, family[codes]], whole[0])),
    )


def _level(rows: pl.DataFrame, groups: int, parent: float) -> tuple[Array, Array, float, Counts]:
    """Return mean, its variance and the number of events of each group, and the variance between events of one group."""
    sums = rows.group_by("group", "event", maintain_order=True).agg(pl.col("gain", "expected", "noise").sum())
    expected = sums.get_column("expected").to_numpy()
    value = sums.get_column("gain").to_numpy() / expected
    variance = np.maximum(sums.get_column("noise").to_numpy() / expected**2, 1e-12)
    group = sums.get_column("group").to_numpy().astype(np.int64)
    mean, error, between = group_means(value, variance, group, groups, parent)
    return mean, error, between, np.bincount(group, minlength=groups).astype(np.int64)
