"""Past events: what demand would have been without the promotions, prices and losses that history saw."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from equipoise.demand.cleaning.draft import Draft
from equipoise.demand.cleaning.grid import Grid
from equipoise.demand.cleaning.usual import Usual
from equipoise.demand.methods import Array, Counts, Flags
from equipoise.dimensions.calendar import Calendar
from equipoise.tables.figures import number, share

_MEASURABLE = 2.5  # standard errors from which an effect is one
_SERIES = 3  # series from which an event's effect can be shown by all together
_LEAST = 0.2  # least share of its demand that a series is taken to have kept: below, the usual demand says more


@dataclass(frozen=True)
class Touch:
    """What an event of the past touches: series `rows`, periods `columns`, and the share of each period's days, (columns,)."""

    event: str
    kind: str
    rows: Counts
    columns: Counts
    shares: Array


def touches(event: pl.DataFrame, grid: Grid, calendar: Calendar, season: int) -> list[Touch]:
    """Return what each past event touches, by name. A launch starts usual demand, and what runs for over a season has become usual."""
    first = np.array([period.toordinal() for period in grid.periods], dtype=np.float64)
    end = np.append(first[1:], calendar.next(grid.periods[-1]).toordinal())
    known = event.filter(pl.col("start").is_not_null(), pl.col("end").is_not_null())
    found = []
    for row in known.sort("event").iter_rows(named=True):
        inside = pl.lit(value=True)
        if row["item"]:
            inside = pl.col("item") == row["item"]
        elif row["family"]:
            inside = (pl.col("family") == row["family"]).fill_null(value=False)
        if row["market"]:
            inside &= pl.col("market") == row["market"]
        start, stop = row["start"].toordinal(), row["end"].toordinal() + 1
        shares = np.clip((np.minimum(end, stop) - np.maximum(first, start)) / (end - first), 0, 1)
        columns = np.flatnonzero(shares > 0)
        rows = np.flatnonzero(grid.keys.select(inside.alias("inside")).to_series().to_numpy())
        if row["kind"] != "launch" and rows.size and 0 < columns.size <= max(season, 2):
            found.append(Touch(row["event"], row["kind"] or "event", rows, columns, shares[columns]))
    return found


def touched(found: list[Touch], begun: Flags) -> Flags:
    """Return the cells that events touch, (series, periods), none in series of which they touch more than half: nothing is left there to
    compare with."""
    cells = np.zeros(begun.shape, dtype=np.bool_)
    for touch in found:
        cells[np.ix_(touch.rows, touch.columns)] = True
    cells &= begun
    return np.asarray(cells & (2 * cells.sum(axis=1) <= begun.sum(axis=1))[:, None])


def lay_events(draft: Draft, found: list[Touch], cells: Flags, usual: Usual, values: Array, factor: Array) -> None:
    """Lay corrections of kind `event` where an event changed demand measurably.

    `cells` are those that may be corrected; `values` is demand without the `factor` of the calendar. The change is measured for each event
    and series: demand beyond the usual one, over usual demand x the share of the periods' days that the event takes. Where all series of
    the event together show an effect, theirs is taken but for series that clearly differ: a series' own is theirs and noise. Demand is
    divided by what the event made of it in the period.
    """
    for touch in found:
        block = np.ix_(touch.rows, touch.columns)
        open_cells = cells[block] & (usual.demand[block] > 0)
        effects = _effects(touch, open_cells, values[block] - usual.demand[block], usual.demand[block], usual.spread[block])
        for place, (effect, sure, alone) in effects.items():
            row = int(touch.rows[place])
            for number_ in np.flatnonzero(open_cells[place]):
                column, part = int(touch.columns[number_]), float(touch.shares[number_])
                expected = float(usual.demand[row, column])
                kept = 1 + effect * part
                plain = float(values[row, column]) / kept if kept >= _LEAST else expected
                shown = "here" if alone else f"in all {len(touch.rows)} series that it holds for"
                reason = (
                    f"{touch.event} ({touch.kind}) took {share(part)} of {draft.named(column)} and changed demand by "
                    f"{'+' if effect > 0 else ''}{share(effect)} {shown} (t {sure:.1f}); {number(expected)} are usual."
                )
                draft.lay(row, column, plain * float(factor[row, column]), "event", reason)


def _effects(touch: Touch, open_cells: Flags, away: Array, demand: Array, spread: Array) -> dict[int, tuple[float, float, bool]]:
    """Return, for the place of each series with a measurable effect: the effect of a whole period, its t value, and whether it is its own.

    `away`, `demand` and `spread` (rows, columns) of the event: demand beyond the usual, the usual, and its standard deviation.
    """
    base = np.where(open_cells, demand * touch.shares, 0.0).sum(axis=1)
    beyond = np.where(open_cells, away, 0.0).sum(axis=1)
    error = np.sqrt(np.where(open_cells, spread**2, 0.0).sum(axis=1))
    count = int((error > 0).sum())
    own = beyond / np.where(error > 0, error, np.inf)
    together = float(own.sum() / np.sqrt(count)) if count else 0.0
    shared = float(beyond.sum() / max(float(base.sum()), 1e-12))
    joint = count >= _SERIES and abs(together) >= _MEASURABLE and shared * together > 0
    found = {}
    for place in np.flatnonzero(error > 0):
        differs = not joint or abs(beyond[place] - shared * base[place]) >= _MEASURABLE * error[place]
        if not differs:
            found[int(place)] = (shared, together, False)
        elif abs(own[place]) >= _MEASURABLE:
            found[int(place)] = (float(beyond[place] / base[place]), float(own[place]), True)
    return found
