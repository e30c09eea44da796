"""What a trigger sees in the tables of this run."""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from equipoise.dimensions.calendar import Calendar
from equipoise.scenario import Trigger
from equipoise.tables import MADE, table
from equipoise.tables.figures import named

_OVER_SERIES: dict[str, Callable[[pl.Series], Any]] = {
    "sum": pl.Series.sum,
    "mean": pl.Series.mean,
    "most": pl.Series.max,
    "least": pl.Series.min,
}


@dataclass(frozen=True, slots=True)
class Observed:
    """What a trigger sees: a value, in the unit of its column or as a fraction; where it sees none, `why` says what is missing."""

    value: float | None
    why: str = ""


def observed(trigger: Trigger, tables: Mapping[str, pl.DataFrame], calendar: Calendar) -> Observed:
    """Return what a trigger sees in `tables`, which hold its table and the masters that its `where` may name.

    The last periods are whole ones that the data cut has seen, up to the last that the table has; the next are those of the horizon.
    Flows and stocks are added up within each period first, so that their mean is one a period; a flow without a row in a period is
    none there. Nothing is observed where no row is found, or where the rows begin too late. Raises InputError where the trigger asks
    for a value that a column cannot have.
    """
    frame = tables.get(trigger.table, table(trigger.table).empty())
    rows = trigger.rows(frame, tables)
    found = trigger.table in MADE and trigger.measure == "count"  # a step that looked and wrote no row found none
    if not found and (frame.is_empty() or (rows.is_empty() and trigger.measure != "count")):
        return Observed(None, f"Nothing is seen: {trigger.nearest(frame, tables)}")
    if trigger.window is None:
        latest = _latest(rows, trigger.column, calendar) if trigger.measure == "last" else rows
        return Observed(_measured(trigger, latest, ()), "The rows hold no value.")
    periods = calendar.periods[: trigger.window.count]
    if trigger.window.side == "last":
        periods = _last(trigger.window.count, frame, calendar)
    if not periods:
        return Observed(None, f"{trigger.table} has no period that the data cut has seen in full.")
    return _within(trigger, rows, periods, calendar)


def _values(trigger: Trigger, rows: pl.DataFrame) -> int:
    return rows.get_column(trigger.column).len() - rows.get_column(trigger.column).null_count() if trigger.column else rows.height


def _cut(calendar: Calendar) -> dt.date:
    """The first day of the first period that the data cut has not seen in full."""
    return calendar.period_of(calendar.as_of + dt.timedelta(days=1))


def _last(count: int, frame: pl.DataFrame, calendar: Calendar) -> tuple[dt.date, ...]:
    """The last periods up to the last one of the table that is over, whichever rows of it are asked for; none where it has none."""
    latest = frame.filter(pl.col("period") < _cut(calendar)).get_column("period").max()
    return _ending(latest, count, calendar) if isinstance(latest, dt.date) else ()


def _ending(last: dt.date, count: int, calendar: Calendar) -> tuple[dt.date, ...]:
    """`count` periods, the last of which begins on `last`."""
    periods = [calendar.period_of(last)]
    while len(periods) < count:
        periods.append(calendar.period_of(periods[-1] - dt.timedelta(days=1)))
    return tuple(reversed(periods))


def _latest(rows: pl.DataFrame, column: str, calendar: Calendar) -> pl.DataFrame:
    """The rows with a value of the latest period that is over; where none is, as in a table of the plan, those of its last period."""
    held = rows.filter(pl.col("period").is_not_null() & pl.col(column).is_not_null())
    over = held.filter(pl.col("period") < _cut(calendar))
    known = over if over.height else held
    return known.filter(pl.col("period") == pl.col("period").max())


def _within(trigger: Trigger, rows: pl.DataFrame, periods: tuple[dt.date, ...], calendar: Calendar) -> Observed:
    """What the trigger sees in `periods`, or how that has changed."""
    window = trigger.window
    earlier: tuple[dt.date, ...] = ()
    if window is not None and window.before:
        earlier = _ending(calendar.period_of(periods[0] - dt.timedelta(days=1)), window.before, calendar)
    elif window is not None and window.year_before:
        earlier = _ending(periods[-1], len(periods) + calendar.periods_a_year, calendar)[: len(periods)]
    begins = rows.get_column("period").min()
    if trigger.measure != "count" and isinstance(begins, dt.date) and begins > (earlier or periods)[0]:
        return Observed(None, f"Too little is seen: its rows begin in {named(begins, calendar)}.")
    now = _measured(trigger, rows, periods)
    if trigger.measure != "change":
        return Observed(now, "There is no value in these periods.")
    before = _measured(trigger, rows, earlier)
    if now is None or not before:
        return Observed(None, "There is nothing before to hold it against.")
    return Observed(now / before - 1)


def _measured(trigger: Trigger, rows: pl.DataFrame, periods: tuple[dt.date, ...]) -> float | None:
    """The measure over `periods`; over all rows where none are named."""
    within = rows.filter(pl.col("period").is_in(periods)) if periods else rows
    if trigger.measure == "count":
        return float(_values(trigger, within))
    measure = "mean" if trigger.measure in {"change", "last"} else trigger.measure
    values = within.get_column(trigger.column).drop_nulls()
    if trigger.dated and trigger.over_time in {"flow", "stock"}:
        last = within.filter(pl.col("period") == pl.col("period").max()) if trigger.measure == "last" else within
        sums = last.drop_nulls(trigger.column).group_by("period", maintain_order=True).agg(pl.col(trigger.column).sum())
        values = sums.get_column(trigger.column)
        missing = len(periods) - values.len() if trigger.over_time == "flow" and trigger.measure != "last" else 0
        values = values.extend_constant(0.0, max(missing, 0))
    found = _OVER_SERIES[measure](values.cast(pl.Float64)) if values.len() else None
    return None if found is None else float(found)
