"""One-off orders: a period far above usual that one single order explains."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from equipoise.demand.cleaning.draft import Draft
from equipoise.demand.cleaning.grid import Grid
from equipoise.demand.cleaning.usual import Usual, typical_size
from equipoise.demand.forecast.panel import KEY
from equipoise.demand.methods import Array, Flags
from equipoise.dimensions.calendar import Calendar
from equipoise.tables.figures import number, share

_MOST = 0.5  # share of the period's demand that the order makes up
_PROVEN = 0.75  # times the threshold: an order that is known is better evidence than a number alone
_SELDOM = 3.0  # times the usual size, where demand is seldom


@dataclass(frozen=True)
class LargestOrders:
    """The largest order of each cell: its `units` (series, periods), 0 where none is known, and its name."""

    units: Array
    names: dict[tuple[int, int], str]


def largest_orders(order_line: pl.DataFrame, grid: Grid, calendar: Calendar) -> LargestOrders:
    """Return the largest order of each item, market and period by requested date; lines that were cancelled do not count."""
    units = np.zeros(grid.booked.shape)
    lines = order_line.filter(
        ~pl.col("cancelled").fill_null(value=False), pl.col("quantity").is_finite(), pl.col("requested").is_not_null()
    ).select("order", *KEY, "quantity", pl.col("requested").alias("period"))
    if lines.is_empty():
        return LargestOrders(units, {})
    place = pl.DataFrame({"period": list(grid.periods), "column": range(len(grid.periods))}, schema={"period": pl.Date, "column": pl.Int64})
    cells = (
        calendar.bucket("period", lines)
        .join(place, on="period", how="inner", maintain_order="left")
        .join(grid.keys.select(KEY).with_row_index("row"), on=KEY, how="inner", maintain_order="left")
        .group_by("row", "column", "order", maintain_order=True)
        .agg(pl.col("quantity").sum())
        .sort("row", "column", "quantity", "order", descending=[False, False, True, False])
        .unique(["row", "column"], keep="first", maintain_order=True)
    )
    names = {}
    for row, column, order, quantity in cells.select("row", "column", "order", "quantity").iter_rows():
        units[row, column] = quantity
        names[row, column] = order
    return LargestOrders(units, names)


def single_orders(values: Array, usual: Usual, orders: LargestOrders, judged: Flags, threshold: float) -> Flags:
    """Return the cells far above usual of which one order makes up half or more, (series, periods)."""
    held = np.nan_to_num(values)
    seldom = ~usual.regular[:, None]
    score = np.where(seldom, 2 * usual.score, usual.score)
    above = (score >= _PROVEN * threshold) & (~seldom | (held > _SELDOM * typical_size(values)[:, None]))
    return np.asarray(judged & above & (held > 0) & (orders.units >= _MOST * held))


def lay_single_orders(draft: Draft, cells: Flags, orders: LargestOrders, usual: Usual, demand: Array) -> None:
    """Lay corrections of kind `one_off_order`: demand without the order, or the usual `demand` where no more than that is left of it."""
    for row, column in np.argwhere(cells):
        held, units = float(draft.quantity[row, column]), float(orders.units[row, column])
        rest, expected = max(held - units, 0.0), float(demand[row, column])
        reason = (
            f"Order {orders.names[int(row), int(column)]} alone is {number(units)} of {number(held)} in {draft.named(column)} "
            f"({share(min(units / held, 1.0))}), where {number(expected)} are usual"
        )
        if usual.regular[row] and rest < expected - 2 * float(usual.spread[row, column]):
            rest, reason = min(expected, held), f"{reason}; as it took the place of usual orders, the usual stands in"
        draft.lay(int(row), int(column), rest, "one_off_order", f"{reason}.")
