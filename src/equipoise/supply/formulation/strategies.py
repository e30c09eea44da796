"""Strategies: how production follows demand, as equations added to the same model."""

import polars as pl

from equipoise.supply.formulation.balance import arrivals
from equipoise.supply.formulation.equation import Equation, at_most, entries, equation, exactly, matched, numbered
from equipoise.supply.model.timing import with_arrivals
from equipoise.supply.model.unknowns import Model, held_blocks, steps_in_time


def level_output(model: Model) -> Equation:
    r"""Level output: each item with demand of its own is made at one rate in every period after the frozen fence; hybrid: of a block.

    $$\sum_o p_{o,t} = \bar p_{i,b} \qquad \text{for } t \text{ in block } b$$

    Level output has one block, the strategy hybrid one for every `hybrid_periods` periods: between blocks the rate may change. One row
    for every such item and period in which it can be made as the plan likes: not where all its routes stand still or are fixed by a firm
    plan. The dual is what leaving the rate by one unit would be worth.
    """
    rates = model["output_rate"].select("item", "column", start="t")
    units = model.net.points.select("item", "unit").unique("item")
    rows = (
        _free_to_make(model)
        .join(held_blocks(model.net), on="t", maintain_order="left")
        .join(rates, on=["item", "start"], maintain_order="left")
    )
    rows = numbered(rows.join(units, on="item", how="left", maintain_order="left").sort("item", "t"))
    rows = rows.with_columns(pl.col("item").alias("subject"), *exactly(0.0))
    made = matched(model["make"], rows, ["item", "t"])
    return equation(rows.select("item", "t", "subject", "unit", "lower", "upper"), entries(made, "row"), entries(rows, "row", -1))


def _free_to_make(model: Model) -> pl.DataFrame:
    """Return item and t where a route of the item may be used, every resource that it takes has time, and no firm plan fixes it."""
    net = model.net
    steps = steps_in_time(net, model["step"])
    timed = pl.concat([model["overtime"].select("number", "t"), steps.select("number", "t")]).unique()
    still = (pl.col("available") <= 0) | (pl.col("staffed") & (pl.col("hours_per_worker") <= 0))
    stopped = net.resource.filter(still).join(timed, on=["number", "t"], how="anti", maintain_order="left")
    takes = net.usage.filter(pl.col("activity") == "make").select("resource", route="of")
    stopped = takes.join(stopped.select("resource", "t"), on="resource", maintain_order="left")
    fixed = net.firm_plan.filter((pl.col("kind") == "production") & pl.col("fixed").is_not_null())
    free = model["make"].select("route", "item", "t")
    for held in (stopped.select("route", "t"), fixed.select("t", route="key")):
        free = free.join(held, on=["route", "t"], how="anti", maintain_order="left")
    return free.select("item", "t").unique(maintain_order=True)


def level_workforce(model: Model) -> Equation:
    r"""Level workforce: after the frozen fence the number of workers does not change; hybrid: within a block.

    $$w_{r,t} = w_{r,t-1} \qquad \text{for } t - 1 \text{ and } t \text{ in one block}$$

    One row for every period but the first of a block, of a resource with a workforce. The dual is what one worker more or less would be
    worth.
    """
    follows = held_blocks(model.net).filter(pl.col("t") > pl.col("start")).select("t")
    workers = model["workers"]
    before = workers.select("resource", "column", t=pl.col("t") + 1)
    staffed = workers.join(follows, on="t", how="semi", maintain_order="left")
    staffed = staffed.join(before.select("resource", "t"), on=["resource", "t"], how="semi", maintain_order="left")
    if model.net.setting.supply.strategy not in {"level_workforce", "hybrid"}:
        staffed = staffed.clear()
    made = model.net.usage.filter(pl.col("quantity") > 0).group_by("resource", maintain_order=True)
    staffed = staffed.join(made.agg((1.0 / pl.col("quantity").min()).alias("each")), on="resource", how="left", maintain_order="left")
    weight = (pl.col("each").fill_null(1.0) * pl.col("hours_per_worker").fill_null(1.0)).alias("weight")
    rows = staffed.with_columns(pl.col("resource").alias("subject"), pl.lit("workers").alias("unit"), weight, *exactly(0.0))
    rows = numbered(rows)
    return equation(
        rows.select("resource", "t", "subject", "unit", "weight", "lower", "upper"),
        entries(rows, "row"),
        entries(matched(before, rows, ["resource", "t"]), "row", -1),
    )


def chase(model: Model) -> Equation:
    r"""Chase: no stock is built ahead. Stock of an item with demand of its own is at most its target, or what is left of what was there.

    $$\sum_l s_{i,l,t} \le \max(S_{i,t},\; R_{i,t}) + \max_o \lambda_o (1 - \lambda_o)\, D_{i,t+1} + q_i, \qquad
    R_{i,t} = \max(0,\; R_{i,t-1} + r_{i,t} - D_{i,t})$$

    with S the target, R what demand leaves of opening stock and of what comes anyway (scheduled receipts r, the least of firm plans and
    contracts). Where a lead time ends inside a period, a share lambda of what is begun arrives in the next, and so much may wait; where
    lots come whole, one lot q. One row for every such item and period. The dual is what building one unit ahead would be worth.
    """
    net = model.net
    sold = net.demand.group_by("item", "t", maintain_order=True).agg(pl.col("quantity").sum().alias("demand"))
    if net.setting.supply.strategy != "chase":
        sold = sold.clear()
    late = net.demands.group_by("item", maintain_order=True).agg(pl.col("opening").sum().alias("late"))
    opening = net.points.group_by("item", maintain_order=True).agg(pl.col("opening").sum(), pl.col("unit").first())
    level = pl.max_horizontal("target", "minimum", pl.when(pl.col("t") == model.horizon - 1).then(pl.col("ending_minimum"))).fill_null(0.0)
    target = model.policy.with_columns(level.alias("level")).group_by("item", "t", maintain_order=True).agg(pl.col("level").sum())
    rows = sold.join(opening, on="item", maintain_order="left").join(late, on="item", maintain_order="left")
    for part, on in ((_coming(model), ["item", "t"]), (target, ["item", "t"]), (_waiting(model), ["item"]), (_lot(model), ["item"])):
        rows = rows.join(part, on=on, how="left", maintain_order="left")
    rows = rows.sort("item", "t").with_columns(pl.col("due", "level", "waiting", "lot").fill_null(0.0))
    balance = pl.col("opening") - pl.col("late") + (pl.col("due") - pl.col("demand")).cum_sum().over("item", order_by="t")
    rows = rows.with_columns(balance.alias("balance"), pl.col("demand").shift(-1).over("item", order_by="t").fill_null(0.0).alias("next"))
    left = pl.col("balance") - pl.col("balance").cum_min().over("item", order_by="t").clip(upper_bound=0.0)
    most = pl.max_horizontal("level", left) + pl.col("waiting") * pl.col("next") + pl.col("lot")
    rows = numbered(rows.with_columns(pl.col("item").alias("subject"), *at_most(most)))
    return equation(
        rows.select("item", "t", "subject", "unit", "lower", "upper"), entries(matched(model["stock"], rows, ["item", "t"]), "row")
    )


def _coming(model: Model) -> pl.DataFrame:
    """Return item, t and due: what comes anyway, from scheduled receipts and from the least of firm plans and contracts."""
    net = model.net
    least = pl.coalesce("fixed", "minimum").fill_null(0.0)
    firm = net.firm_plan.filter(pl.col("kind").is_in(["production", "purchase"]))
    plans = pl.concat(
        [
            firm.select("kind", "key", "t", least=least),
            net.purchase_limit.filter(pl.col("t").is_not_null()).select(
                pl.lit("purchase").alias("kind"), pl.col("purchase").alias("key"), "t", pl.col("minimum").fill_null(0.0).alias("least")
            ),
        ]
    )
    plans = plans.group_by("kind", "key", "t", maintain_order=True).agg(pl.col("least").max())
    flows = pl.concat(
        [
            model["make"].select(pl.lit("production").alias("kind"), pl.col("route").alias("key"), "t", "column"),
            model["buy"].select(pl.lit("purchase").alias("kind"), pl.col("purchase").alias("key"), "t", "column"),
        ]
    )
    bound = flows.join(plans.filter(pl.col("least") > 0), on=["kind", "key", "t"], maintain_order="left").select("column", "least")
    come = arrivals(model).join(bound, on="column", maintain_order="left")
    come = come.select("point", t="arrival", quantity=pl.col("coefficient") * pl.col("least"))
    due = pl.concat([net.receipts.select("point", "t", "quantity"), come])
    due = due.join(net.points.select("point", "item"), on="point", maintain_order="left")
    return due.group_by("item", "t", maintain_order=True).agg(pl.col("quantity").sum().alias("due"))


def _waiting(model: Model) -> pl.DataFrame:
    r"""Return item and waiting: the share of the next period's demand that waits in stock where a lead time ends inside a period.

    What is begun evenly for the demand of each day, a lead time ahead, arrives up to lambda (1 - lambda) of a period's demand too early.
    """
    ways = [with_arrivals(model[family], model.net.periods).select("item", "share") for family in ("make", "buy", "move")]
    parts = [way.group_by("item", maintain_order=True).agg((pl.col("share") * (1 - pl.col("share"))).max()) for way in ways]
    return pl.concat(parts).group_by("item", maintain_order=True).agg(pl.col("share").sum().alias("waiting"))


def _lot(model: Model) -> pl.DataFrame:
    """Return item and lot: the largest least lot or order of an item, where things come whole: its rest is no building ahead."""
    sizes = [
        model["make"].select("item", lot=pl.max_horizontal("minimum_lot", "lot_multiple")),
        model["buy"].select("item", lot=pl.max_horizontal("minimum_lot", "minimum_when_used", "lot_multiple")),
    ]
    lots = pl.concat(sizes).filter(pl.col("lot") > 0).group_by("item", maintain_order=True).agg(pl.col("lot").max())
    return lots if model.net.setting.supply.integer else lots.clear()
