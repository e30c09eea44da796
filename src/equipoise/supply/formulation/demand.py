"""Demand: served, late or lost, as the demand policy allows."""

import polars as pl

from equipoise.supply.formulation.equation import Equation, at_least, at_most, dense_row, entries, equation, exactly, in_market, numbered
from equipoise.supply.model.timing import with_arrivals
from equipoise.supply.model.unknowns import Model


def deliveries(model: Model) -> pl.DataFrame:
    """Return what a shipment brings to its market: pool, arrival (bucket), column, coefficient (share that arrives)."""
    came = with_arrivals(model["ship"], model.net.periods)
    return came.select("pool", "arrival", "column", pl.col("share").alias("coefficient"))


def _named(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.with_columns(in_market().alias("subject"))


def demand_balance(model: Model) -> Equation:
    r"""Demand and what was late equals what arrives, what is late now and what is lost.

    $$\sum x_{d,t} + k_{d,t} + v_{d,t} - k_{d,t-1} = D_{d,t}$$

    with k the backlog and v the lost demand. One row for every pool of demands that are alike, and period. The dual is what one more
    unit of demand is worth.
    """
    demand = model.pools.pool.select("pool", "t", "quantity")
    rows = demand.join(model.pools.pools.select("pool", "opening"), on="pool", how="left", maintain_order="left")
    wanted = pl.col("quantity") + pl.when(pl.col("t") == 0).then(pl.col("opening")).otherwise(0.0)
    rows = rows.select("pool", "t", *exactly(wanted))
    late = model["backlog"]
    return equation(
        rows,
        entries(deliveries(model), dense_row(model, "pool", "arrival"), "coefficient"),
        entries(late, dense_row(model, "pool")),
        entries(late.filter(pl.col("t") < model.horizon - 1), dense_row(model, "pool") + 1, -1),
        entries(model["lost"], dense_row(model, "pool")),
    )


def demand_served(model: Model) -> Equation:
    r"""Where demand may not be lost, none is.

    $$v_{d,t} \le 0$$

    One row for every demand and period that may not be lost. The dual is what losing one unit would save.
    """
    lost = model["lost"].filter(~pl.col("lost_allowed"))
    rows = numbered(_named(lost).with_columns(*at_most(pl.lit(0.0))))
    return equation(rows.select("pool", "t", "subject", "unit", "lower", "upper"), entries(rows, "row"))


def backlog_age(model: Model) -> Equation:
    r"""No unit is late for longer than allowed: backlog is at most the demand of the last `max_backlog_age` periods.

    $$k_{d,t} \le \sum_{u = t - n + 1}^{t} D_{d,u}$$

    First come, first served; demand late at the start counts as of the period before. The dual is what one more late unit would save.
    """
    late = model["backlog"].filter(pl.col("max_backlog_age").is_not_null())
    demand = model.pools.pool.select("pool", u="t", wanted="quantity")
    rows = numbered(_named(late))
    recent = rows.select("row", "pool", "t", "max_backlog_age").join(demand, on="pool", maintain_order="left")
    recent = recent.filter((pl.col("u") <= pl.col("t")) & (pl.col("u") > pl.col("t") - pl.col("max_backlog_age")))
    recent = recent.group_by("row", maintain_order=True).agg(pl.col("wanted").sum())
    rows = rows.join(recent, on="row", how="left", maintain_order="left")
    rows = rows.join(model.pools.pools.select("pool", "opening"), on="pool", how="left", maintain_order="left")
    old = pl.when(pl.col("t") + 1 < pl.col("max_backlog_age")).then(pl.col("opening")).otherwise(0.0)
    rows = rows.with_columns(*at_most(pl.col("wanted").fill_null(0.0) + old))
    return equation(rows.select("pool", "t", "subject", "unit", "lower", "upper"), entries(rows, "row"))


def ending_backlog(model: Model) -> Equation:
    r"""At the end of the horizon no more is late than allowed.

    $$k_{d,T} \le K_d$$

    One row for every demand with such a limit. The dual is what one more unit late at the end would save.
    """
    late = model["backlog"].filter((pl.col("t") == model.horizon - 1) & pl.col("ending_backlog").is_not_null())
    rows = numbered(_named(late).with_columns(*at_most("ending_backlog")))
    return equation(rows.select("pool", "t", "subject", "unit", "lower", "upper"), entries(rows, "row"))


def minimum_fill(model: Model) -> Equation:
    r"""At least a share of each period's demand arrives in it.

    $$\sum x_{d,t} \ge f_d\, D_{d,t}$$

    One row for every period of a demand with a least fill. The dual is what one unit less would save.
    """
    asked = model.pools.pool.filter((pl.col("minimum_fill").fill_null(0) > 0) & (pl.col("quantity") > 0))
    rows = numbered(_named(asked).with_columns(*at_least(pl.col("minimum_fill") * pl.col("quantity"))))
    arrived = deliveries(model).rename({"arrival": "t"}).join(rows.select("row", "pool", "t"), on=["pool", "t"], maintain_order="left")
    return equation(rows.select("pool", "t", "subject", "unit", "lower", "upper"), entries(arrived, "row", "coefficient"))
