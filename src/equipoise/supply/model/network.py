"""The supply network: what the tables say, as numbered points, demands, resources and exact rows for each period."""

from dataclasses import dataclass

import polars as pl

from equipoise.dimensions.calendar import Calendar
from equipoise.supply.memory import Memory, Record
from equipoise.supply.model.places import Places, Tables, closed_locations, places
from equipoise.supply.model.timing import buckets, exact, most_specific, usable
from equipoise.tables.setting import Setting

_AS_GIVEN = {
    "location": ["location"],
    "capacity_step": ["resource", "step"],
    "maintenance": ["resource"],
    "one_off_cost": ["purpose", "period"],
    "limit": ["limit"],
    "limit_member": ["limit", "table", "key"],
}
"""Tables that are used as they are given, and the order of their rows."""
_DEMAND_POLICY = (
    "backlog_allowed",
    "backlog_cost",
    "max_backlog_age",
    "ending_backlog",
    "lost_allowed",
    "lost_sale_cost",
    "minimum_fill",
)


@dataclass(frozen=True)
class Network(Record):
    """Everything the equations read. Frames are sorted by key; `t` counts periods from 0.

    points: point, item, location, unit, standard_cost, shelf_life, opening. demands: demand, item, market, unit, priority, opening.
    demand: dense over demand and t: quantity, unit_price and the demand policy. make, buy: exact rows of routes and purchases with
    their point. resources: resource by number; resource: dense over resource and t with capacity, costs and labor.
    policy: point, t and the inventory policy. inventory_target: point, t, computed (safety stock). receipts: point, t, quantity.
    later: demand after the horizon (item, market, t, quantity).
    """

    setting: Setting
    calendar: Calendar
    periods: pl.DataFrame
    places: Places
    points: pl.DataFrame
    demands: pl.DataFrame
    demand: pl.DataFrame
    later: pl.DataFrame
    make: pl.DataFrame
    buy: pl.DataFrame
    bom: pl.DataFrame
    co_output: pl.DataFrame
    usage: pl.DataFrame
    resources: pl.DataFrame
    resource: pl.DataFrame
    policy: pl.DataFrame
    inventory_target: pl.DataFrame
    receipts: pl.DataFrame
    on_hand: pl.DataFrame
    location: pl.DataFrame
    purchase_limit: pl.DataFrame
    capacity_step: pl.DataFrame
    maintenance: pl.DataFrame
    one_off_cost: pl.DataFrame
    limit: pl.DataFrame
    limit_member: pl.DataFrame
    firm_plan: pl.DataFrame
    last_production: pl.DataFrame

    @property
    def horizon(self) -> int:
        """Periods planned."""
        return self.calendar.horizon


def network(tables: Tables, setting: Setting, memory: Memory | None = None) -> Network:
    """Return the network that the given tables describe, numbered and exact for each period of the horizon.

    What a `memory` has of it is not made again.
    """
    made = memory or Memory()
    calendar = Calendar.from_setting(setting.calendar)
    periods, tail = made(buckets, calendar), made(buckets, calendar, calendar.periods_a_year)
    item = made(_item, tables)
    demands, demand = made(_demand, tables, setting, periods, item)
    where = made(places, tables, made(_sold, demands), periods)
    points = made(_points, where.points, item, tables["on_hand"])
    resources, resource = made(_resource, tables, periods)
    make = made(_make, tables, periods, points, resource)
    return Network(
        setting=setting,
        calendar=calendar,
        periods=periods,
        places=where,
        points=points,
        demands=demands,
        demand=demand,
        later=made(_later, tables["demand_plan"], tail, calendar),
        make=make,
        last_production=made(_last_production, tables["plan_snapshot"], make, calendar, periods),
        buy=made(_buy, tables, periods, points),
        bom=made(_component_rows, tables["bom"], "component"),
        co_output=made(_component_rows, tables["co_output"], "item"),
        usage=made(_usage, tables["usage"]),
        resources=resources,
        resource=resource,
        policy=made(_policy, tables["inventory_policy"], points, periods),
        inventory_target=made(_inventory_target, tables["inventory_target"], points, periods),
        receipts=made(_receipts, tables["scheduled_receipt"], points, periods),
        on_hand=tables["on_hand"],
        purchase_limit=made(_purchase_limit, tables["purchase_limit"], periods),
        firm_plan=made(_firm_plan, tables["firm_plan"], periods),
        **{name: made(_sorted, tables, name) for name in _AS_GIVEN},
    )


def _item(tables: Tables) -> pl.DataFrame:
    return tables["item"].unique("item", keep="first", maintain_order=True)


def _sold(demands: pl.DataFrame) -> pl.DataFrame:
    return demands.select("demand", "item", "market")


def _sorted(tables: Tables, name: str) -> pl.DataFrame:
    """Return a table that is used as it is given, in the order of its keys."""
    return tables[name].sort(_AS_GIVEN[name])


def _usage(usage: pl.DataFrame) -> pl.DataFrame:
    return usage.filter(pl.col("quantity").is_not_null()).sort("activity", "of", "resource")


def _firm_plan(firm_plan: pl.DataFrame, periods: pl.DataFrame) -> pl.DataFrame:
    return firm_plan.join(periods.select("t", "period"), on="period", maintain_order="left").sort("kind", "key", "t")


def _last_production(snapshot: pl.DataFrame, make: pl.DataFrame, calendar: Calendar, periods: pl.DataFrame) -> pl.DataFrame:
    """Return item, location, t and reference: the production of the last plan before this one's cut-off, where the item is still made."""
    made = snapshot.filter((pl.col("measure") == "production") & (pl.col("as_of") < calendar.as_of))
    last = made.filter(pl.col("as_of") == pl.col("as_of").max()).rename({"place": "location"})
    last = last.join(periods.select("t", "period"), on="period", maintain_order="left")
    last = last.group_by("item", "location", "t", maintain_order=True).agg(pl.col("quantity").sum().alias("reference"))
    return last.join(make.select("item", "location", "t").unique(), on=["item", "location", "t"], how="semi", maintain_order="left").sort(
        "item", "location", "t"
    )


def _numbered(frame: pl.DataFrame, name: str) -> pl.DataFrame:
    return frame.with_row_index(name).with_columns(pl.col(name).cast(pl.Int64))


def _demand(tables: Tables, setting: Setting, periods: pl.DataFrame, item: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the demands (an item in a market) by number, and their rows for every period."""
    keys = ["item", "market"]
    plan = tables["demand_plan"].join(periods.select("t", "period"), on="period", maintain_order="left")
    late = tables["backlog"].group_by(keys, maintain_order=True).agg(pl.col("quantity").sum().alias("opening"))
    wanted = [plan.filter(pl.col("quantity") > 0).select(keys), late.filter(pl.col("opening") > 0).select(keys)]
    ranks = tables["market"].select("market", "priority")
    demands = _numbered(pl.concat(wanted).unique().sort(keys), "demand")
    demands = demands.join(late, on=keys, how="left", maintain_order="left").with_columns(pl.col("opening").fill_null(0.0))
    demands = demands.join(item.select("item", "unit", "unit_price"), on="item", how="left", maintain_order="left")
    demands = demands.join(ranks.unique("market"), on="market", how="left", maintain_order="left")
    dense = demands.select("demand", *keys, "unit_price").join(periods.select("t"), how="cross")
    volumes = plan.select(*keys, "t", pl.col("quantity").clip(0), pl.col("unit_price").alias("dated_price"))
    dense = dense.join(volumes, on=[*keys, "t"], how="left", maintain_order="left").with_columns(
        pl.col("quantity").fill_null(0.0), pl.coalesce("dated_price", "unit_price").alias("unit_price")
    )
    policy = _exact_policy(tables["demand_policy"], keys, periods).select(*keys, "t", *_DEMAND_POLICY)
    dense = most_specific(dense.drop("dated_price"), policy, keys).with_columns(
        pl.col("backlog_allowed").fill_null(setting.supply.backlog_allowed), pl.col("lost_allowed").fill_null(setting.supply.lost_allowed)
    )
    return demands, dense.sort("demand", "t")


def _exact_policy(policy: pl.DataFrame, keys: list[str], periods: pl.DataFrame) -> pl.DataFrame:
    return exact(policy, keys, periods).drop("period")


def _later(plan: pl.DataFrame, tail: pl.DataFrame, calendar: Calendar) -> pl.DataFrame:
    """Return the demand that is known for periods after the horizon."""
    tail = tail.filter(pl.col("t") >= calendar.horizon)
    return (
        plan.join(tail.select("t", "period"), on="period", maintain_order="left")
        .select("item", "market", "t", "quantity")
        .sort("item", "market", "t")
    )


def _points(points: pl.DataFrame, item: pl.DataFrame, on_hand: pl.DataFrame) -> pl.DataFrame:
    attributes = item.select("item", "unit", "shelf_life", standard_cost="unit_cost")
    stock = on_hand.group_by("item", "location", maintain_order=True).agg(pl.col("quantity").sum().alias("opening"))
    points = points.join(attributes, on="item", how="left", maintain_order="left")
    points = points.join(stock, on=["item", "location"], how="left", maintain_order="left")
    return points.with_columns(pl.col("opening").fill_null(0.0))


def _windowed(frame: pl.DataFrame, periods: pl.DataFrame) -> pl.DataFrame:
    """Keep the periods in which a route may be used."""
    rows = frame.join(periods.select("t", "days"), on="t", maintain_order="left")
    return rows.filter(usable(pl.col("start"), pl.col("end"), pl.col("days"))).drop("days", "start", "end")


def _make(tables: Tables, periods: pl.DataFrame, points: pl.DataFrame, resource: pl.DataFrame) -> pl.DataFrame:
    """Return a row a route and period in which it may be used; `costed` says that its bill or a resource gives its cost."""
    rows = _windowed(exact(tables["route"], ["route"], periods), periods)
    rows = rows.filter(~pl.col("location").is_in(closed_locations(tables["location"])))
    rows = rows.join(points.select("point", "item", "location", "standard_cost"), on=["item", "location"], maintain_order="left")
    given = pl.any_horizontal(
        pl.col(name).is_not_null() for name in ("regular_cost", "overtime_cost", "wage_per_period", "overtime_wage_per_hour")
    )
    priced = resource.filter(given).select("resource").unique()
    paid = (
        tables["usage"]
        .filter(pl.col("activity") == "make")
        .join(priced, on="resource", how="semi", maintain_order="left")
        .select(route="of")
    )
    costed = pl.concat([tables["bom"].select("route"), paid]).unique().with_columns(pl.lit(value=True).alias("costed"))
    rows = rows.join(costed, on="route", how="left", maintain_order="left").with_columns(
        pl.col("costed").fill_null(value=False), pl.col("yield").fill_null(1.0)
    )
    return rows.sort("route", "t")


def _buy(tables: Tables, periods: pl.DataFrame, points: pl.DataFrame) -> pl.DataFrame:
    rows = exact(tables["purchase"], ["purchase"], periods).filter(~pl.col("location").is_in(closed_locations(tables["location"])))
    rows = rows.join(points.select("point", "item", "location", "standard_cost"), on=["item", "location"], maintain_order="left")
    return rows.with_columns(pl.col("kind").fill_null("buy")).sort("purchase", "t")


def _component_rows(frame: pl.DataFrame, column: str) -> pl.DataFrame:
    return frame.filter(pl.col("quantity") > 0).sort("route", column)


def _resource(tables: Tables, periods: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the resources by number, and their rows for every period: costs, capacity and labor. A `staffed` one has workers."""
    named = [tables[name].select("resource") for name in ("resource", "capacity", "usage", "workforce")]
    resources = _numbered(pl.concat(named).unique().drop_nulls().sort("resource"), "number")
    dense = resources.join(periods.select("t", "period"), how="cross")
    for name in ("resource", "capacity", "workforce"):
        rows = exact(tables[name], ["resource"], periods).drop("period").with_columns(pl.lit(value=True).alias(f"has_{name}"))
        dense = dense.join(rows, on=["resource", "t"], how="left", maintain_order="left", suffix=f"_{name}")
    productive = pl.col("regular") * pl.col("efficiency").fill_null(1.0) - pl.col("planned_downtime").fill_null(0.0)
    dense = dense.with_columns(
        productive.clip(0).alias("available"),
        pl.col("has_workforce").fill_null(value=False).alias("staffed"),
        pl.col("unit").fill_null("hours"),
        pl.col("integer").fill_null(value=False),
    )
    static = dense.group_by("number", maintain_order=True).agg(pl.col("location", "kind", "unit").first(), pl.col("staffed").any())
    return resources.join(static, on="number", maintain_order="left"), dense.sort("number", "t")


def _policy(policy: pl.DataFrame, points: pl.DataFrame, periods: pl.DataFrame) -> pl.DataFrame:
    """Return the inventory policy of every point that has one, in every period in which it has one."""
    rows = exact(policy, ["item", "location"], periods).drop("period")
    named = rows.filter(pl.col("location").is_not_null())
    anywhere = (
        rows.filter(pl.col("location").is_null()).drop("location").join(points.select("item", "location"), on="item", maintain_order="left")
    )
    anywhere = anywhere.select(named.columns).join(named, on=["item", "location", "t"], how="anti", maintain_order="left")
    return (
        pl.concat([named, anywhere])
        .join(points.select("point", "item", "location"), on=["item", "location"], maintain_order="left")
        .sort("point", "t")
    )


def _inventory_target(target: pl.DataFrame, points: pl.DataFrame, periods: pl.DataFrame) -> pl.DataFrame:
    """Return the safety stock that was worked out for points and periods."""
    rows = target.filter(pl.col("safety_stock").is_not_null()).join(periods.select("t", "period"), on="period", maintain_order="left")
    rows = rows.join(points.select("point", "item", "location"), on=["item", "location"], maintain_order="left")
    return rows.select("point", "t", computed="safety_stock").unique(["point", "t"], keep="first", maintain_order=True).sort("point", "t")


def _receipts(receipt: pl.DataFrame, points: pl.DataFrame, periods: pl.DataFrame) -> pl.DataFrame:
    rows = receipt.join(periods.select("t", "period"), on="period", maintain_order="left").join(
        points, on=["item", "location"], maintain_order="left"
    )
    return rows.group_by("point", "t", maintain_order=True).agg(pl.col("quantity").sum()).sort("point", "t")


def _purchase_limit(limit: pl.DataFrame, periods: pl.DataFrame) -> pl.DataFrame:
    """Return the limits of each period (with t) and of the horizon (t empty)."""
    span = pl.col("span").fill_null("period")
    each = exact(limit.filter(span == "period"), ["purchase"], periods)
    whole = limit.filter(span == "horizon").with_columns(pl.lit(None, pl.Int64).alias("t"))
    return pl.concat([each, whole.select(each.columns)]).sort("purchase", "t", nulls_last=True)
