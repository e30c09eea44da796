"""The tables `correction` and `calendar_effect`."""

import numpy as np
import polars as pl

from equipoise.demand.cleaning.calendar_effect import calendar_effects, factors
from equipoise.demand.cleaning.draft import Draft
from equipoise.demand.cleaning.grid import Grid, grid
from equipoise.demand.cleaning.outlier import outliers
from equipoise.demand.cleaning.past_event import lay_events, touched, touches
from equipoise.demand.cleaning.returned import take_returns
from equipoise.demand.cleaning.single_order import largest_orders, lay_single_orders, single_orders
from equipoise.demand.cleaning.unit_change import Stretch, inside, unit_changes
from equipoise.demand.cleaning.usual import Usual, typical_size, usual_demand
from equipoise.demand.methods import Array, Flags
from equipoise.dimensions.calendar import Calendar
from equipoise.tables import table
from equipoise.tables.figures import number
from equipoise.tables.setting import from_table

_IN_STOCK = 3  # periods in stock from which what is usual can be told


def correction(
    history: pl.DataFrame,
    item: pl.DataFrame,
    event: pl.DataFrame,
    order_line: pl.DataFrame,
    working_calendar: pl.DataFrame,
    setting: pl.DataFrame,
) -> dict[str, pl.DataFrame]:
    """Return the tables `correction`, a row a cell of history that does not show usual demand, and `calendar_effect`.

    In this order, each on what the one before left: returns, changes of unit, then of each cell the most certain: stockout (given),
    one-off order (an order shows it), event (given, and measured), outlier (demand alone). What is usual is told by the other cells, after
    the calendar's effect. Quantities in item units. `demand.cleaning.mode` automatic accepts each row, propose none; none finds none.
    """
    settings = from_table(setting)
    calendar, cleaning = Calendar.from_setting(settings.calendar), settings.demand.cleaning
    season = settings.demand.season or calendar.periods_a_year
    made = {"correction": table("correction").empty(), "calendar_effect": table("calendar_effect").empty()}
    known = grid(history, item, calendar)
    if known is None or not known.begun.any():
        return made
    draft = Draft.of(known, calendar)
    if cleaning.mode != "none":
        take_returns(draft, season, subtract=cleaning.returns == "subtract")
        for stretch in unit_changes(draft.quantity, known.revenue):
            _rescale(draft, stretch)
    if cleaning.calendar != "none":
        values = np.where(known.begun, draft.quantity, np.nan)
        made["calendar_effect"] = calendar_effects(known, values, calendar, working_calendar)
    if cleaning.mode != "none":
        factor = factors(made["calendar_effect"], known.keys.get_column("family"), known.periods)
        _unusual(draft, known, event, order_line, factor, season, cleaning.threshold)
        made["correction"] = draft.rows(accepted=cleaning.mode == "automatic")
    return made


def _rescale(draft: Draft, stretch: Stretch) -> None:
    """Lay corrections of kind `unit_change` over a stretch in another unit."""
    times = f"{number(1 / stretch.scale)} times" if stretch.scale < 1 else f"one {number(stretch.scale)}th of"
    where = draft.span(stretch.first, stretch.last)
    for column in np.flatnonzero(inside(stretch, draft.quantity)):
        held = float(draft.quantity[stretch.row, column])
        reason = f"In another unit {where}: {times} that of the last periods. {number(held)} becomes {number(held * stretch.scale)}."
        draft.lay(stretch.row, int(column), held * stretch.scale, "unit_change", reason)


def _unusual(
    draft: Draft, known: Grid, event: pl.DataFrame, order_line: pl.DataFrame, factor: Array, season: int, threshold: float
) -> None:
    """Lay corrections of stockouts, one-off orders, events and outliers."""
    values = np.where(known.begun, draft.quantity, np.nan) / factor
    some = (known.booked != 0).any(axis=0)
    recorded = (np.cumsum(some[::-1])[::-1] > 0)[None, :]  # last periods without any demand were not recorded
    found = touches(event, known, draft.calendar, season)
    under_event = touched(found, known.begun) & ~known.sold_out
    hidden = known.sold_out | under_event | ~recorded
    usual = usual_demand(values, hidden, season, known.families)
    judged = known.begun & ~hidden
    orders = largest_orders(order_line, known, draft.calendar)
    one_off = single_orders(values, usual, orders, judged, threshold)
    far = outliers(values, usual, judged & ~one_off, threshold, season)
    calm = usual_demand(values, hidden | one_off | far, season, known.families)
    demand = calm.demand * factor
    _lay_stockouts(draft, known, calm, demand, ~hidden & ~far & ~one_off & known.begun)
    lay_single_orders(draft, one_off, orders, calm, demand)
    lay_events(draft, found, under_event, calm, values, factor)
    _lay_outliers(draft, far, usual, demand, values, threshold)


def _lay_stockouts(draft: Draft, known: Grid, calm: Usual, demand: Array, used: Flags) -> None:
    """Lay corrections of kind `stockout`: usual demand, where less was sold."""
    taught = used.sum(axis=1)
    short = known.sold_out & known.begun & (demand > draft.quantity * 1.005) & (taught >= _IN_STOCK)[:, None]
    for row, column in np.argwhere(short):
        held, expected = float(draft.quantity[row, column]), float(demand[row, column])
        by = "usual" if calm.regular[row] else "the mean of a period"
        reason = (
            f"Out of stock in {draft.named(column)}: {number(held)} sold, {number(expected)} are {by} by {taught[row]} periods in stock."
        )
        draft.lay(int(row), int(column), expected, "stockout", reason)


def _lay_outliers(draft: Draft, far: Flags, usual: Usual, demand: Array, values: Array, threshold: float) -> None:
    """Lay corrections of kind `outlier`: usual demand; where demand is seldom, the greatest of its other sizes."""
    sizes = typical_size(values)
    greatest = np.where(far, 0.0, np.nan_to_num(values)).max(axis=1, initial=0.0)
    for row, column in np.argwhere(far):
        held, score = float(draft.quantity[row, column]), float(usual.score[row, column])
        if usual.regular[row]:
            side = "above" if score > 0 else "below"
            reason = (
                f"{number(held)} in {draft.named(column)} is {abs(score):.1f} robust standard deviations {side} what is usual, "
                f"{number(float(demand[row, column]))}; the threshold is {threshold:g}."
            )
            draft.lay(int(row), int(column), float(demand[row, column]), "outlier", reason)
        else:
            times, most = float(values[row, column]) / max(float(sizes[row]), 1e-12), float(greatest[row])
            reason = (
                f"{number(held)} in {draft.named(column)} is {times:.0f} times the usual size of seldom demand; the next is {number(most)}."
            )
            draft.lay(int(row), int(column), most, "outlier", reason)
