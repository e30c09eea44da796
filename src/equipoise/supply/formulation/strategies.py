"""Strategies: how production follows demand, as equations added to the same model."""

import polars as pl

from equipoise.supply.formulation.equation import Equation, at_most, entries, equation, exactly, matched, numbered
from equipoise.supply.unknowns import Model


def _free_periods(model: Model) -> pl.DataFrame:
    return model.net.periods.filter(pl.col("t") >= model.net.calendar.frozen).select("t")


def level_output(model: Model) -> Equation:
    r"""Level output: each item with demand of its own is made at one rate in every period after the frozen fence.

    $$\sum_o p_{o,t} = \bar p_i$$

    One row for every such item and period. The dual is what leaving the rate by one unit would be worth.
    """
    rates = model["output_rate"]
    units = model.net.points.select("item", "unit").unique("item")
    rows = numbered(rates.join(_free_periods(model), how="cross").join(units, on="item", how="left", maintain_order="left"))
    rows = rows.with_columns(pl.col("item").alias("subject"), *exactly(0.0))
    made = matched(model["make"], rows, ["item", "t"])
    return equation(rows.select("item", "t", "subject", "unit", "lower", "upper"), entries(made, "row"), entries(rows, "row", -1))


def level_workforce(model: Model) -> Equation:
    r"""Level workforce: after the first period the number of workers does not change.

    $$w_{r,t} = w_{r,t-1}$$

    One row for every period but the first of a resource with a workforce. The dual is what one worker more or less would be worth.
    """
    staffed = model["workers"].filter(pl.col("t") > pl.col("t").min().over("resource"))
    if model.net.setting.supply.strategy != "level_workforce":
        staffed = staffed.clear()
    rows = numbered(staffed.with_columns(pl.col("resource").alias("subject"), pl.lit("workers").alias("unit"), *exactly(0.0)))
    before = model["workers"].select("resource", "column", t=pl.col("t") + 1)
    return equation(
        rows.select("resource", "t", "subject", "unit", "lower", "upper"),
        entries(rows, "row"),
        entries(matched(before, rows, ["resource", "t"]), "row", -1),
    )


def chase(model: Model) -> Equation:
    r"""Chase: no stock is built ahead. Stock of an item with demand of its own is at most its target, or what is left of opening stock.

    $$\sum_l s_{i,l,t} \le \max\Bigl(\sum_l S_{i,l,t},\; s_{i,0} + \sum_{u \le t} (r_{i,u} - D_{i,u})\Bigr)$$

    One row for every such item and period. The dual is what building one unit ahead would be worth.
    """
    net = model.net
    sold = net.demand.group_by("item", "t", maintain_order=True).agg(pl.col("quantity").sum().alias("demand"))
    if net.setting.supply.strategy != "chase":
        sold = sold.clear()
    late = net.demands.group_by("item", maintain_order=True).agg(pl.col("opening").sum().alias("late"))
    opening = net.points.group_by("item", maintain_order=True).agg(pl.col("opening").sum(), pl.col("unit").first())
    due = (
        net.receipts.join(net.points.select("point", "item"), on="point", maintain_order="left")
        .group_by("item", "t", maintain_order=True)
        .agg(pl.col("quantity").sum().alias("due"))
    )
    level = pl.max_horizontal("target", "minimum", pl.when(pl.col("t") == model.horizon - 1).then(pl.col("ending_minimum"))).fill_null(0.0)
    target = model.policy.with_columns(level.alias("level")).group_by("item", "t", maintain_order=True).agg(pl.col("level").sum())
    rows = (
        sold.join(opening, on="item", maintain_order="left")
        .join(late, on="item", maintain_order="left")
        .join(due, on=["item", "t"], how="left", maintain_order="left")
        .join(target, on=["item", "t"], how="left", maintain_order="left")
    )
    rows = rows.sort("item", "t").with_columns(pl.col("due", "level").fill_null(0.0))
    left = pl.col("opening") - pl.col("late") + (pl.col("due") - pl.col("demand")).cum_sum().over("item", order_by="t")
    rows = numbered(rows.with_columns(pl.col("item").alias("subject"), *at_most(pl.max_horizontal("level", left, pl.lit(0.0)))))
    return equation(
        rows.select("item", "t", "subject", "unit", "lower", "upper"), entries(matched(model["stock"], rows, ["item", "t"]), "row")
    )
