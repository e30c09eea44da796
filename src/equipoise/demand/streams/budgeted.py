"""The budget by item, market and period, to stand beside the streams."""

import polars as pl

from equipoise.demand.scope import CELL, PAIR, pairs_meant, weighed
from equipoise.dimensions.calendar import Calendar


def budget_rows(cells: pl.DataFrame, budget: pl.DataFrame, item: pl.DataFrame, calendar: Calendar) -> pl.DataFrame:
    """Return item, market, period, quantity and revenue of the budget.

    A row for a family or for all markets is split by the consensus (`cells`: item, market, period, quantity), equally where that is zero.
    """
    wanted = budget.filter(pl.col("period").is_in(calendar.periods), pl.col("quantity").is_not_null() | pl.col("revenue").is_not_null())
    keys = ["item", "family", "market"]
    scopes = wanted.select(keys).unique().sort(keys).with_row_index("number").with_columns(name=pl.col("number").cast(pl.String))
    places = pairs_meant(scopes, cells.select(PAIR).unique().sort(PAIR), item)
    rows = wanted.join(scopes, on=keys, nulls_equal=True, maintain_order="left").select("name", "period", "quantity", "revenue")
    split = weighed(places, cells).join(rows, on="name", maintain_order="left")
    return split.select(*CELL, pl.col("quantity") * pl.col("weight"), pl.col("revenue") * pl.col("weight"))
