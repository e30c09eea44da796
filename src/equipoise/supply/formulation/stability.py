"""Stability: among plans that are as good, the one nearest to the last plan, so that a plan moves only where it must."""

import polars as pl

from equipoise.supply.formulation.equation import Equation, entries, equation, exactly, matched, numbered
from equipoise.supply.model.unknowns import Model


def last_plan(model: Model) -> Equation:
    r"""Production of an item at a location is that of the last plan, plus what is more, less what is less.

    $$\sum_o p_{o,t} - u_{i,l,t} + d_{i,l,t} = P_{i,l,t}$$

    with u and d the change, each at a tiny price, or at the price that the setting supply.stability asks. One row for every production of
    the last plan within the horizon. It limits nothing; the dual has no meaning of its own.
    """
    change = model["change"]
    rows = numbered(change.filter(pl.col("direction") == "more").with_columns(*exactly("reference")))
    made = matched(model["make"], rows, ["item", "location", "t"])
    moved = matched(change, rows, ["item", "location", "t"])
    sign = pl.when(pl.col("direction") == "more").then(-1.0).otherwise(1.0)
    return equation(rows.select("item", "location", "t", "lower", "upper"), entries(made, "row"), entries(moved, "row", sign))
