"""Decisions already taken: firm plans, and the frozen fence inside which the plan no longer changes."""

import polars as pl

from equipoise.supply.formulation.equation import INFINITY, Equation, at_most, entries, equation, matched, numbered
from equipoise.supply.model.unknowns import Model

_COLUMNS = ["key", "t", "subject", "unit", "lower", "upper"]


def _firm(model: Model, kind: str, flow: pl.DataFrame) -> Equation:
    """Return the rows of one kind of firm plan; `flow` has key, t, column, unit of what it fixes."""
    plan = model.net.firm_plan.filter(pl.col("kind") == kind)
    bounds = [
        pl.coalesce("fixed", "minimum").fill_null(-INFINITY).alias("lower"),
        pl.coalesce("fixed", "maximum").fill_null(INFINITY).alias("upper"),
    ]
    known = flow.select("key", "t", "unit").unique(["key", "t"])
    rows = plan.join(known, on=["key", "t"], maintain_order="left").with_columns(*bounds, pl.col("key").alias("subject"))
    rows = numbered(rows.filter((pl.col("lower") > -INFINITY) | (pl.col("upper") < INFINITY)))
    return equation(rows.select(_COLUMNS), entries(matched(flow, rows, ["key", "t"]), "row"))


def _flow(model: Model, family: str, key: str) -> pl.DataFrame:
    units = model.net.points.select("item", "unit").unique("item")
    return model[family].select(pl.col(key).alias("key"), "item", "t", "column").join(units, on="item", how="left", maintain_order="left")


def _transfers(model: Model) -> pl.DataFrame:
    return pl.concat([_flow(model, "move", "lane"), _flow(model, "ship", "lane")]).filter(pl.col("key").is_not_null())


def firm_production(model: Model) -> Equation:
    r"""A firm production is made: exactly, at least, or at most.

    $$F^{min}_{o,t} \le p_{o,t} \le F^{max}_{o,t}$$

    One row for every firm plan of a route. The dual is what one more unit would be worth.
    """
    return _firm(model, "production", _flow(model, "make", "route"))


def firm_purchase(model: Model) -> Equation:
    r"""A firm purchase is bought: exactly, at least, or at most.

    $$F^{min}_{c,t} \le b_{c,t} \le F^{max}_{c,t}$$

    One row for every firm plan of a purchase. The dual is what one more unit would be worth.
    """
    return _firm(model, "purchase", _flow(model, "buy", "purchase"))


def firm_transfer(model: Model) -> Equation:
    r"""A firm transfer moves on its lane: exactly, at least, or at most, all items together.

    $$F^{min}_{a,t} \le \sum_i m_{a,i,t} \le F^{max}_{a,t}$$

    One row for every firm plan of a lane. The dual is what one more unit would be worth.
    """
    return _firm(model, "transfer", _transfers(model))


def firm_workforce(model: Model) -> Equation:
    r"""A firm number of workers is kept: exactly, at least, or at most.

    $$F^{min}_{r,t} \le w_{r,t} \le F^{max}_{r,t}$$

    One row for every firm plan of a workforce. The dual is what one more worker would be worth.
    """
    return _firm(model, "workforce", model["workers"].select("t", "column", key="resource", unit=pl.lit("workers")))


def firm_overtime(model: Model) -> Equation:
    r"""A firm overtime is worked: exactly, at least, or at most.

    $$F^{min}_{r,t} \le h_{r,t} \le F^{max}_{r,t}$$

    One row for every firm plan of overtime. The dual is what one more unit of overtime would be worth.
    """
    return _firm(model, "overtime", model["overtime"].select("t", "column", "unit", key="resource"))


def firm_inventory(model: Model) -> Equation:
    r"""A firm stock is kept at the end of its period: exactly, at least, or at most. Its key is item@location.

    $$F^{min}_{i,l,t} \le s_{i,l,t} \le F^{max}_{i,l,t}$$

    One row for every firm plan of stock. The dual is what one more unit would be worth.
    """
    units = model.net.points.select("point", "unit")
    stock = model["stock"].join(units, on="point", how="left", maintain_order="left")
    return _firm(model, "inventory", stock.select("t", "column", "unit", key=pl.format("{}@{}", "item", "location")))


def held_kinds(model: Model) -> pl.DataFrame:
    """Return kind and t where only what the firm plan names may happen.

    Inside the frozen fence that holds for each kind of plan with a firm row in that period; with the strategy given, for each kind with a
    firm row anywhere, in every period. A kind without any firm row stays free.
    """
    net = model.net
    plan = net.firm_plan.filter(pl.col("kind").is_in(["production", "purchase", "transfer"]))
    if net.setting.supply.strategy == "given":
        return plan.select("kind").unique().join(net.periods.select("t"), how="cross").sort("kind", "t")
    return plan.filter(pl.col("t") < net.calendar.frozen).select("kind", "t").unique().sort("kind", "t")


def frozen(model: Model) -> Equation:
    r"""Inside the frozen fence nothing happens that the firm plan does not name.

    $$p_{o,t} = 0, \quad b_{c,t} = 0, \quad m_{a,t} = 0 \qquad \text{for } t \text{ in the fence, not named}$$

    Holds for each kind of plan that has a firm row in the period. One row for every such unknown. The dual is what one unit outside the
    plan would be worth.
    """
    flows = {
        "production": _flow(model, "make", "route"),
        "purchase": _flow(model, "buy", "purchase"),
        "transfer": _flow(model, "move", "lane"),
    }
    every = pl.concat(
        [flow.with_columns(pl.lit(kind).alias("kind")).select("kind", "key", "t", "column", "unit") for kind, flow in flows.items()]
    )
    held = every.join(held_kinds(model), on=["kind", "t"], how="semi", maintain_order="left")
    free = held.join(model.net.firm_plan.select("kind", "key", "t"), on=["kind", "key", "t"], how="anti", maintain_order="left")
    rows = numbered(free.with_columns(*at_most(pl.lit(0.0)), pl.col("key").alias("subject")))
    return equation(rows.select(_COLUMNS), entries(rows, "row"))


def unknown_firm_plans(model: Model) -> pl.DataFrame:
    """Return the firm plans that name nothing that can happen in their period: kind, key, t. They cannot be obeyed."""
    stock = model["stock"].select("t", kind=pl.lit("inventory"), key=pl.format("{}@{}", "item", "location"))
    known = [
        model["make"].select("t", kind=pl.lit("production"), key="route"),
        model["buy"].select("t", kind=pl.lit("purchase"), key="purchase"),
        _transfers(model).select("t", kind=pl.lit("transfer"), key="key"),
        model["workers"].select("t", kind=pl.lit("workforce"), key="resource"),
        model["overtime"].select("t", kind=pl.lit("overtime"), key="resource"),
        stock,
    ]
    plans = model.net.firm_plan.select("kind", "key", "t")
    return plans.join(pl.concat(known).unique(), on=["kind", "key", "t"], how="anti", maintain_order="left")
