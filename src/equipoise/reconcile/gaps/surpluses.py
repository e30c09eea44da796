"""Gaps inside supply: capacity that stands idle or is overrun, and stock away from its target."""

from collections.abc import Mapping

import polars as pl

from equipoise.dimensions.calendar import Calendar
from equipoise.reconcile.gaps.exceptions import runs
from equipoise.reconcile.gaps.shortfalls import labelled
from equipoise.reconcile.money.valuation import average_prices, costs, in_family, known_sum, unit_of
from equipoise.tables.setting import GapSetting

_NOT_CAPACITY = ("storage", "supplier")


def idle_capacity(
    capacity_load: pl.DataFrame, resource: pl.DataFrame, worth: pl.DataFrame, calendar: Calendar, limits: GapSetting
) -> pl.DataFrame:
    """Return idle capacity by resource, in resource units: regular capacity not used, where it is worth showing.

    `base` is the regular capacity of the run; money is what as much load would bring, as `worth` (see worth_of_load) has it.
    """
    unit, kind = _of_resource(resource, "unit"), _of_resource(resource, "kind")
    stands = capacity_load.filter(~pl.col("resource").replace_strict(kind, default="machine", return_dtype=pl.String).is_in(_NOT_CAPACITY))
    stands = stands.with_columns(
        pl.coalesce("idle", pl.col("available") - pl.col("load")).alias("units"), pl.col("available").alias("base")
    )
    stands = stands.filter((pl.col("base") > 0) & (pl.col("units") >= limits.idle_share * pl.col("base") - 1e-9))
    merged = runs(stands.select("resource", "period", "units", "base"), ["resource"], calendar, "flow")
    return _by_resource(merged, "idle_capacity", unit, worth)


def overload(capacity_load: pl.DataFrame, resource: pl.DataFrame, worth: pl.DataFrame, calendar: Calendar) -> pl.DataFrame:
    """Return overload by resource, in resource units (negative): load beyond regular capacity and the overtime allowed.

    Money is what as much load brings, as `worth` (see worth_of_load) has it.
    """
    allowed = pl.min_horizontal(pl.col("overtime").fill_null(0.0), pl.col("overtime_limit").fill_null(float("inf")))
    over = pl.col("load") - pl.col("available") - allowed
    beyond = capacity_load.with_columns((-over).alias("units"), pl.col("available").alias("base"))
    beyond = beyond.filter(pl.col("units") < -1e-6 * pl.max_horizontal(pl.lit(1.0), "base"))
    merged = runs(beyond.select("resource", "period", "units", "base"), ["resource"], calendar, "flow")
    return _by_resource(merged, "overload", _of_resource(resource, "unit"), worth)


def worth_of_load(
    route_load: pl.DataFrame, supply_plan: pl.DataFrame, route: pl.DataFrame, demand_plan: pl.DataFrame, item: pl.DataFrame
) -> pl.DataFrame:
    """Return resource, unit_revenue and unit_margin (currency per resource unit): what is made for sale on it, at average prices, over all
    its load of making; resources that make nothing with a price are left out.
    """
    made = supply_plan.group_by(of="route", maintain_order=True).agg(pl.col("quantity").sum().alias("made"))
    load = route_load.filter(pl.col("activity") == "make").group_by("resource", "of", maintain_order=True).agg(pl.col("load").sum())
    load = load.join(made, on="of", how="left", maintain_order="left").join(
        route.select("item", of="route").unique("of", maintain_order=True), on="of", how="left", maintain_order="left"
    )
    for more in (average_prices(demand_plan), costs(item)):
        load = load.join(more, on="item", how="left", maintain_order="left")
    load = load.with_columns(
        (pl.col("made") * pl.col("price")).alias("unit_revenue"),
        (pl.col("made") * (pl.col("price") - pl.col("unit_cost"))).alias("unit_margin"),
    )
    summed = load.group_by("resource", maintain_order=True).agg(pl.col("load").sum(), known_sum("unit_revenue"), known_sum("unit_margin"))
    summed = summed.filter((pl.col("load") > 1e-9) & pl.col("unit_revenue").is_not_null())
    return summed.select("resource", *(pl.col(name) / pl.col("load") for name in ("unit_revenue", "unit_margin")))


def _of_resource(resource: pl.DataFrame, column: str) -> dict[str, str]:
    return dict(resource.select("resource", column).drop_nulls().unique("resource", maintain_order=True).iter_rows())


def _by_resource(merged: pl.DataFrame, kind: str, unit: Mapping[str, str], worth: pl.DataFrame) -> pl.DataFrame:
    valued = merged.join(worth, on="resource", how="left", maintain_order="left").with_columns(
        (pl.col("units") * pl.col("unit_revenue")).alias("revenue"), (pl.col("units") * pl.col("unit_margin")).alias("margin")
    )
    return valued.rename({"resource": "subject"}).with_columns(
        pl.lit(kind).alias("kind"),
        pl.lit("resource").alias("level"),
        pl.lit("").alias("market"),
        pl.col("subject").replace_strict(unit, default="hours", return_dtype=pl.String).alias("unit"),
    )


def supply_surplus(
    supply_plan: pl.DataFrame,
    capacity_load: pl.DataFrame,
    route_load: pl.DataFrame,
    usage: pl.DataFrame,
    route: pl.DataFrame,
    demand_plan: pl.DataFrame,
    item: pl.DataFrame,
    calendar: Calendar,
    limits: GapSetting,
) -> pl.DataFrame:
    """Return, in total, how many more units of what is sold could be made in regular time than demand needs.

    Materials are not looked at. `base` is what is made plus what could be.
    """
    sold = demand_plan.filter(pl.col("quantity") > 0).select("item").unique()
    made = (
        supply_plan.join(sold, on="item", how="semi", maintain_order="left")
        .group_by("period", maintain_order=True)
        .agg(pl.col("quantity").sum().alias("made"))
    )
    more = _room(capacity_load, route_load, usage, route).join(sold, on="item", how="semi", maintain_order="left")
    priced = more.join(average_prices(demand_plan), on="item", how="left", maintain_order="left").join(
        costs(item), on="item", how="left", maintain_order="left"
    )
    revenue, margin = pl.col("units") * pl.col("price"), pl.col("units") * (pl.col("price") - pl.col("unit_cost"))
    summed = priced.with_columns(revenue.alias("revenue"), margin.alias("margin")).group_by("period", maintain_order=True)
    points = summed.agg(pl.col("units").sum(), known_sum("revenue"), known_sum("margin")).join(
        made, on="period", how="left", maintain_order="left"
    )
    points = points.with_columns((pl.col("units") + pl.col("made").fill_null(0.0)).alias("base"), pl.lit("supply").alias("subject"))
    points = points.filter((pl.col("units") > 1e-6) & (pl.col("units") >= limits.idle_share * pl.col("base") - 1e-9)).drop("made")
    unit = unit_of(item, sold.with_columns(pl.lit("supply").alias("subject")), "subject").get("supply", "unit")
    return runs(points, ["subject"], calendar, "flow").with_columns(
        pl.lit("supply_surplus").alias("kind"), pl.lit("total").alias("level"), pl.lit("").alias("market"), pl.lit(unit).alias("unit")
    )


def _room(capacity_load: pl.DataFrame, route_load: pl.DataFrame, usage: pl.DataFrame, route: pl.DataFrame) -> pl.DataFrame:
    """Return item, route, period and the units more that could be made in idle time: a rough cut that can be carried out.

    The idle time of each resource is shared among its routes as its load is (evenly where it has none), and a route makes as many
    more units as its scarcest share allows.
    """
    routes = route.select("route", "item").unique("route", maintain_order=True)
    takes = usage.filter((pl.col("activity") == "make") & (pl.col("quantity") > 0))
    takes = takes.select("resource", pl.col("of").alias("route"), "quantity").join(routes, on="route", maintain_order="left")
    idle = capacity_load.select("resource", "period", pl.coalesce("idle", pl.col("available") - pl.col("load")).alias("idle"))
    load = route_load.filter(pl.col("activity") == "make").select("resource", pl.col("of").alias("route"), "period", "load")
    shared = takes.join(idle, on="resource", maintain_order="left").join(
        load, on=["resource", "route", "period"], how="left", maintain_order="left"
    )
    group, own = ["resource", "period"], pl.col("load").fill_null(0.0)
    part = pl.when(own.sum().over(group) > 1e-9).then(own / own.sum().over(group)).otherwise(1 / pl.len().over(group))
    units = (pl.col("idle") * part / pl.col("quantity")).alias("units")
    return (
        shared.with_columns(units)
        .group_by("route", "item", "period", maintain_order=True)
        .agg(pl.col("units").min().clip(0.0))
        .sort("route", "period")
    )


def stock_gaps(
    inventory_plan: pl.DataFrame,
    demand_plan: pl.DataFrame,
    item: pl.DataFrame,
    obsolete: pl.DataFrame,
    calendar: Calendar,
    limits: GapSetting,
) -> list[pl.DataFrame]:
    """Return excess stock and stock below target (negative), by family and by item@location.

    Stock is in excess where what was there from the start is still above target by more than the share worth showing, or where stock is
    above its maximum. What the plan itself builds above target is there for a later peak, and no gap. Units that are `obsolete` (item or
    family, location, units) are told as such, and not counted again. Units are the most of a run; `base` is the target, `cost` the value
    at standard cost.
    """
    stock = (
        in_family(inventory_plan, item)
        .join(average_prices(demand_plan), on="item", how="left", maintain_order="left")
        .join(costs(item), on="item", how="left", maintain_order="left")
        .join(
            obsolete.select("item", "location", pl.col("units").alias("dead")), on=["item", "location"], how="left", maintain_order="left"
        )
    )
    dead = pl.col("dead").fill_null(0.0)
    target = pl.col("target").fill_null(0.0)
    first = pl.col("opening").first().over("item", "location", order_by="period")
    held = pl.min_horizontal(pl.col("quantity").cum_min().over("item", "location", order_by="period"), first.fill_null(pl.col("quantity")))
    above = pl.when(target > 0).then(held - target - dead).otherwise(0.0)
    above = pl.when(above > limits.excess_share * target).then(above).otherwise(0.0)
    below = pl.coalesce("shortfall", pl.when(target > 0).then(target - pl.col("quantity")).otherwise(0.0)).clip(0.0)
    beyond = pl.max_horizontal(above, (pl.col("excess").fill_null(0.0) - dead).clip(0.0))
    found = []
    for kind, units in (("excess_stock", beyond), ("below_target", -below)):
        points = stock.with_columns(units.alias("units"), target.alias("base"), (pl.col("item") + "@" + pl.col("location")).alias("at"))
        points = points.filter(pl.col("units").abs() > 1e-6).with_columns(
            (pl.col("units") * pl.col("price")).alias("revenue"),
            (pl.col("units") * (pl.col("price") - pl.col("unit_cost"))).alias("margin"),
            (pl.col("units") * pl.col("unit_cost")).alias("cost"),
        )
        for level, key in (("family", "family"), ("item", "at")):
            numbers = [pl.col("units", "base").sum(), *(known_sum(name) for name in ("revenue", "margin", "cost"))]
            merged = runs(points.group_by(key, "period", maintain_order=True).agg(numbers), [key], calendar, "stock")
            found.append(labelled(merged, kind, level, key, item, points))
    return found
