"""Lots: what is made, bought or moved at all comes in no less than a least lot, in multiples, at the price of a set-up."""

import polars as pl

from equipoise.supply.formulation.equation import Equation, at_least, at_most, entries, equation, exactly, matched, numbered
from equipoise.supply.model.unknowns import Model


def whole(model: Model) -> pl.Expr:
    """Whether things come whole: a least amount means nothing where half a set-up allows half of it."""
    return pl.lit(model.net.setting.supply.integer)


def most_needed(model: Model) -> pl.DataFrame:
    """Return the most that could be needed of each item over the horizon: item, most.

    Demand, what is late at the start, targets of stock, contracts and least lots, for the item and all that it goes into; opening stock is
    not counted off.
    """
    net = model.net
    own = dict(_own_needs(model).iter_rows())
    parents: dict[str, list[tuple[str, float]]] = {}
    for component, item, take in _takes(model).iter_rows():
        parents.setdefault(component, []).append((item, take or 0.0))
    known: dict[str, float] = {}

    def need(item: str, below: frozenset[str]) -> float:
        if item not in known and item not in below:
            known[item] = (own.get(item) or 0.0) + sum(take * need(parent, below | {item}) for parent, take in parents.get(item, ()))
        return known.get(item, 0.0)

    firm = net.firm_plan.select(own=pl.max_horizontal("fixed", "minimum").fill_null(0.0)).sum().item() or 0.0
    limits = net.limit.filter(pl.col("measure").fill_null("quantity") == "quantity")
    firm += float(limits.select(pl.col("at_least").sum()).item() or 0.0)
    items = net.points.get_column("item").unique().sort()
    return pl.DataFrame(
        {"item": items, "most": [need(item, frozenset()) + firm for item in items]}, schema={"item": pl.String, "most": pl.Float64}
    )


def _takes(model: Model) -> pl.DataFrame:
    """Return what a unit of an item takes of its components, by the route that takes most: component, item, take.

    A route may be used for what else comes out of it.
    """
    made = (
        model["make"].group_by("route", maintain_order=True).agg(pl.col("item").first(), pl.col("yield").filter(pl.col("yield") > 0).min())
    )
    twins = model.net.co_output.select("route", "item", good="quantity")
    brings = pl.concat([made.select("route", "item", good="yield"), twins.filter(pl.col("good") > 0)])
    use = brings.join(model.net.bom, on="route", maintain_order="left").group_by("component", "item", maintain_order=True)
    return use.agg((pl.col("quantity") / pl.col("good")).max().alias("take")).sort("component", "item")


def _own_needs(model: Model) -> pl.DataFrame:
    """Return what is needed of each item beside what it goes into: item, own."""
    net = model.net
    levels = model.policy.select("item", "point", own=pl.max_horizontal("target", "minimum", "ending_minimum").fill_null(0.0))
    kept = levels.group_by("item", "point", maintain_order=True).agg(pl.col("own").max())
    bought = model["buy"].select("purchase", "item").unique(maintain_order=True)
    contract = net.purchase_limit.select("purchase", own=pl.col("minimum").fill_null(0.0)).join(
        bought, on="purchase", maintain_order="left"
    )
    parts = [
        net.demand.select("item", own="quantity"),
        net.demands.select("item", own="opening"),
        kept.select("item", "own"),
        contract.select("item", "own"),
        *([_least_lots(model)] if net.setting.supply.integer else []),
    ]
    return pl.concat(parts).group_by("item", maintain_order=True).agg(pl.col("own").sum())


def _least_lots(model: Model) -> pl.DataFrame:
    """Return the most that has to be made, bought or moved of an item where anything of it is: item, own.

    Where things come whole, a least lot, order, run of a line or load of a lane may be more than all that is needed.
    """
    makers = model.net.usage.filter((pl.col("activity") == "make") & (pl.col("quantity") > 0)).select("resource", "quantity", route="of")
    runs = makers.join(model["open"].select("resource", "t", "minimum_run"), on="resource", maintain_order="left")
    runs = runs.group_by("route", maintain_order=True).agg((pl.col("minimum_run") / pl.col("quantity")).max().alias("run"))
    made = model["make"].join(runs, on="route", how="left", maintain_order="left")
    lane = model.net.places.lane.group_by("lane", maintain_order=True)
    loads = lane.agg(lot_size("minimum_load", "lot_multiple").max().alias("own")).filter(pl.col("own") > 0)
    carried = pl.concat([model[family].select("lane", "item").unique(maintain_order=True) for family in ("move", "ship")])
    parts = [
        made.select("item", own=pl.max_horizontal(lot_size("minimum_lot", "lot_multiple"), "run")),
        model["buy"].select("item", own=lot_size(pl.max_horizontal("minimum_lot", "minimum_when_used"), "lot_multiple")),
        carried.join(loads, on="lane", maintain_order="left").select("item", "own"),
    ]
    return pl.concat(parts).group_by("item", maintain_order=True).agg(pl.col("own").max().fill_null(0.0))


def lot_size(least: str | pl.Expr, multiple: str) -> pl.Expr:
    """Return the least that can be made, bought or moved where anything is: the least amount, rounded up to whole lots."""
    amount = pl.col(least) if isinstance(least, str) else least
    lots = (amount.fill_null(0.0) / pl.col(multiple)).ceil().clip(1.0)
    return pl.when(pl.col(multiple) > 0).then(lots * pl.col(multiple)).otherwise(amount)


def at_hand(model: Model) -> pl.DataFrame:
    """Return what there is of each item without making or buying any, on hand and coming, at all locations: item, at_hand."""
    net = model.net
    coming = net.receipts.join(net.points.select("point", "item"), on="point", maintain_order="left")
    both = pl.concat([net.points.select("item", at_hand="opening"), coming.select("item", at_hand="quantity")])
    return both.group_by("item", maintain_order=True).agg(pl.col("at_hand").sum())


def most_made(model: Model) -> pl.DataFrame:
    """Return the most that each route could have to make in all: route, most; for all that comes out of it, never below its lot."""
    most = dict(most_needed(model).iter_rows())
    twins: dict[str, float] = {}
    for route, item, quantity in model.net.co_output.select("route", "item", "quantity").iter_rows():
        twins[route] = max(twins.get(route, 0.0), most.get(item, 0.0) / quantity)
    rows = (
        model["make"].group_by("route", maintain_order=True).agg(pl.col("item").first(), pl.col("yield").filter(pl.col("yield") > 0).min())
    )
    rows = rows.sort("route")
    needed = [most.get(item, 0.0) / (good or 1.0) + twins.get(route, 0.0) for route, item, good in rows.iter_rows()]
    return rows.select("route", pl.Series("most", needed, dtype=pl.Float64))


def _most_in_period(model: Model) -> pl.DataFrame:
    """Return the smallest valid bound of production of each route and period: route, t, most.

    What could be needed at all, and what each of its resources has time for after the set-up.
    """
    rows = model["setup"].select("route", "t").join(most_made(model), on="route", how="left", maintain_order="left")
    steps = (
        model["step"].unique(["resource", "step"]).group_by("resource", maintain_order=True).agg(pl.col("quantity").sum().alias("steps"))
    )
    time = model.net.resource.join(steps, on="resource", how="left", maintain_order="left")
    extra = model["overtime"].select("resource", "t", extra=pl.col("overtime_limit").fill_null(float("inf")))
    time = time.join(extra, on=["resource", "t"], how="left", maintain_order="left")
    hours = pl.col("available") + pl.col("steps").fill_null(0.0) + pl.col("extra").fill_null(0.0)
    time = time.filter(pl.col("available").is_not_null()).select("resource", "t", hours.alias("hours"))
    usage = model.net.usage.filter((pl.col("activity") == "make") & (pl.col("quantity") > 0)).select(
        "resource", "quantity", "setup_quantity", route="of"
    )
    able = rows.select("route", "t").join(usage, on="route", maintain_order="left").join(time, on=["resource", "t"], maintain_order="left")
    able = able.with_columns(
        (pl.max_horizontal(pl.col("hours") - pl.col("setup_quantity").fill_null(0.0), 0.0) / pl.col("quantity")).alias("able")
    )
    able = able.group_by("route", "t", maintain_order=True).agg(pl.col("able").min())
    rows = rows.join(able, on=["route", "t"], how="left", maintain_order="left")
    return rows.select("route", "t", pl.min_horizontal("most", "able").alias("most"))


def _about(model: Model, frame: pl.DataFrame, key: str) -> pl.DataFrame:
    units = model.net.points.select("point", "unit")
    rows = frame.join(units, on="point", how="left", maintain_order="left")
    return numbered(rows.with_columns(pl.col(key).alias("subject")))


def _columns(key: str) -> list[str]:
    return [key, "t", "subject", "unit", "lower", "upper"]


def setup_needed(model: Model) -> Equation:
    r"""Nothing is made without a set-up.

    $$p_{o,t} \le M_{o,t}\, y_{o,t}$$

    with M the smallest valid bound. One row for every period of a route with set-ups. The dual has no meaning of its own.
    """
    rows = _about(model, model["setup"], "route").join(_most_in_period(model), on=["route", "t"], how="left", maintain_order="left")
    rows = rows.with_columns(*at_most(pl.lit(0.0)))
    made = matched(model["make"], rows, ["route", "t"])
    return equation(rows.select(_columns("route")), entries(made, "row"), entries(rows, "row", -pl.col("most")))


def minimum_lot(model: Model) -> Equation:
    r"""What is made at all is at least the least lot.

    $$p_{o,t} \ge l_o\, y_{o,t}$$

    One row for every period of a route with `minimum_lot`, where integers are asked for. The dual is what one unit less would save.
    """
    rows = _about(model, model["setup"].filter((pl.col("minimum_lot") > 0) & whole(model)), "route").with_columns(*at_least(pl.lit(0.0)))
    made = matched(model["make"], rows, ["route", "t"])
    return equation(rows.select(_columns("route")), entries(made, "row"), entries(rows, "row", -pl.col("minimum_lot")))


def lot_multiple(model: Model) -> Equation:
    r"""Production comes in whole lots.

    $$p_{o,t} = q_o\, n_{o,t}$$

    One row for every period of a route with `lot_multiple`, where integers are asked for. The dual has no meaning of its own.
    """
    rows = _about(model, model["lots"], "route").with_columns(*exactly(0.0))
    made = matched(model["make"], rows, ["route", "t"])
    return equation(rows.select(_columns("route")), entries(made, "row"), entries(rows, "row", -pl.col("lot_multiple")))


def order_needed(model: Model) -> Equation:
    r"""Nothing is bought without an order.

    $$b_{c,t} \le M_c\, y_{c,t}$$

    with M the smallest valid bound. One row for every period of a purchase with orders. The dual has no meaning of its own.
    """
    limits = (
        model.net.purchase_limit.filter(pl.col("t").is_not_null()).select("purchase", "t", "maximum", "minimum").unique(["purchase", "t"])
    )
    rows = _about(model, model["order"], "purchase").join(most_needed(model), on="item", how="left", maintain_order="left")
    rows = rows.join(limits, on=["purchase", "t"], how="left", maintain_order="left").with_columns(*at_most(pl.lit(0.0)))
    least = lot_size(pl.max_horizontal("minimum_lot", "minimum_when_used", "minimum"), "lot_multiple").fill_null(0.0)
    most = pl.min_horizontal(pl.max_horizontal(pl.col("most").fill_null(0.0), least), "maximum")
    bought = matched(model["buy"], rows, ["purchase", "t"])
    return equation(rows.select(_columns("purchase")), entries(bought, "row"), entries(rows, "row", -most))


def minimum_order(model: Model) -> Equation:
    r"""What is bought at all is at least the least order.

    $$b_{c,t} \ge l_c\, y_{c,t}$$

    with l the larger of `minimum_lot` and `minimum_when_used`. One row for every period of such a purchase, where integers are asked for.
    The dual is what one unit less would save.
    """
    asked = (
        model["order"]
        .with_columns(pl.max_horizontal("minimum_lot", "minimum_when_used").alias("least"))
        .filter((pl.col("least") > 0) & whole(model))
    )
    rows = _about(model, asked, "purchase").with_columns(*at_least(pl.lit(0.0)))
    bought = matched(model["buy"], rows, ["purchase", "t"])
    return equation(rows.select(_columns("purchase")), entries(bought, "row"), entries(rows, "row", -pl.col("least")))


def order_multiple(model: Model) -> Equation:
    r"""Purchases come in whole lots.

    $$b_{c,t} = q_c\, n_{c,t}$$

    One row for every period of a purchase with `lot_multiple`, where integers are asked for. The dual has no meaning of its own.
    """
    rows = _about(model, model["order_lots"], "purchase").with_columns(*exactly(0.0))
    bought = matched(model["buy"], rows, ["purchase", "t"])
    return equation(rows.select(_columns("purchase")), entries(bought, "row"), entries(rows, "row", -pl.col("lot_multiple")))
