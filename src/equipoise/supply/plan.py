"""The plan as tables: what is made, bought, moved, shipped, kept, loaded, short, and what it costs."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from equipoise import finance
from equipoise.supply.assembly import Array, activities, open_backlog
from equipoise.supply.formulation.resources import loads
from equipoise.supply.model.cover import Requirement, requirement, weeks_covered
from equipoise.supply.model.network import Network
from equipoise.supply.model.pools import shared_out
from equipoise.supply.model.timing import with_arrivals
from equipoise.supply.model.unknowns import Model, steps_in_time
from equipoise.tables import table

_NOTHING = 1e-6


@dataclass(frozen=True, eq=False)
class Plan:
    """A model with the value of every unknown: `values` by column, `families` the unknowns with `planned` and `period`.

    Shipments, backlog and lost demand are by demand here, shared out among those that were planned together.
    """

    model: Model
    values: Array
    families: dict[str, pl.DataFrame]

    def __getitem__(self, family: str) -> pl.DataFrame:
        """Return the unknowns of a family with their planned value."""
        return self.families[family]


def plan(model: Model, values: Array) -> Plan:
    """Return the plan that `values` (by column) describe."""
    periods = model.net.periods.select("t", "period")
    families = {}
    for name, frame in model.unknowns.items():
        families[name] = model.memory(_dated, name, frame, model.net).with_columns(_values_of(frame, values))
    by_demand = shared_out(model.net, model.demand, model.pools, families, model.memory)
    for name, rows in by_demand.items():
        families[name] = rows.join(periods, on="t", how="left", maintain_order="left")
    return Plan(model, values, families)


def _dated(_: str, frame: pl.DataFrame, net: Network) -> pl.DataFrame:
    """Return the unknowns of a family with their period."""
    if "t" not in frame.columns:
        return frame
    periods = net.periods.select("t", "period")
    return frame.drop("period", strict=False).join(periods, on="t", how="left", maintain_order="left")


def _values_of(frame: pl.DataFrame, values: Array) -> pl.Series:
    """Return the values of a family: its columns are consecutive."""
    first = frame.get_column("column").item(0) if frame.height else 0
    return pl.Series("planned", values[first : first + frame.height], dtype=pl.Float64)


def _made(name: str, frame: pl.DataFrame) -> pl.DataFrame:
    """Return a flow table: what is not nothing, sorted by key."""
    made = table(name)
    return made.conform(frame.filter(pl.col("planned") > _NOTHING).with_columns(pl.col("planned").alias("quantity"))).sort(
        made.keys, nulls_last=False
    )


def flow_tables(made: Plan) -> dict[str, pl.DataFrame]:
    """Return supply_plan, purchase_plan, transfer_plan and shipment_plan."""
    return {
        "supply_plan": _made("supply_plan", made["make"]),
        "purchase_plan": _made("purchase_plan", made["buy"]),
        "transfer_plan": _made("transfer_plan", made["move"]),
        "shipment_plan": _made("shipment_plan", made["ship"]),
    }


def cost(made: Plan) -> pl.DataFrame:
    """Return the table cost: every money term of the plan, by the prices that the objective had."""
    model = made.model
    frames = {name: rows.with_columns(pl.col("planned").alias("quantity")) for name, rows in made.families.items()}
    periods = model.net.periods.select("t", "period")
    every = model.memory(activities, model)
    demand = every["demand"].join(periods, on="t", how="left", maintain_order="left").with_columns(pl.col("known").alias("quantity"))
    still = open_backlog(model, made["backlog"], model.demand, "demand").with_columns(pl.col("planned").alias("quantity"))
    return table("cost").conform(finance.costs({**frames, "demand": demand, "open_backlog": still, "one_off": every["one_off"]}))


def shortage(made: Plan) -> pl.DataFrame:
    """Return the table shortage: demand = shipped + backlog + lost - backlog of the period before, for every demand and period.

    What is late at the start of the horizon is the backlog before the first period.
    """
    model = made.model
    came = with_arrivals(made["ship"], model.net.periods)
    shipped = came.group_by("demand", t="arrival", maintain_order=True).agg((pl.col("share") * pl.col("planned")).sum().alias("shipped"))
    late = made["backlog"].select("demand", "t", backlog="planned")
    lost = made["lost"].select("demand", "t", lost="planned")
    rows = model.demand.select("demand", "item", "market", "t", demand_="quantity")
    for part in (shipped, late, lost):
        rows = rows.join(part, on=["demand", "t"], how="left", maintain_order="left")
    rows = rows.with_columns(pl.col("shipped", "backlog", "lost").fill_null(0.0)).drop("demand").rename({"demand_": "demand"})
    rows = rows.join(model.net.periods.select("t", "period"), on="t", maintain_order="left")
    return table("shortage").conform(rows).sort("item", "market", "period")


def inventory_plan(made: Plan) -> pl.DataFrame:
    """Return the table inventory_plan: stock of every item and location at the end of each period against its target and bounds."""
    model = made.model
    horizon = model.horizon
    rows = made["stock"].join(model.net.points.select("point", start="opening"), on="point", how="left", maintain_order="left")
    opening = pl.when(pl.col("t") == 0).then(pl.col("start")).otherwise(pl.col("planned").shift(1))
    rows = rows.with_columns(opening.alias("opening"), pl.col("planned").alias("quantity"))
    rows = rows.join(model.memory(_levels, model), on=["point", "t"], how="left", maintain_order="left")
    scrapped = made["scrap"].select("point", "t", scrap="planned")
    rows = rows.join(scrapped, on=["point", "t"], how="left", maintain_order="left")
    stock = rows.get_column("quantity").to_numpy().reshape(-1, horizon)
    weeks = pl.Series("weeks_of_supply", weeks_covered(_as_planned(made), stock).reshape(-1), dtype=pl.Float64, nan_to_null=True)
    rows = rows.with_columns(
        pl.col("scrap").fill_null(0.0),
        (pl.col("target") - pl.col("quantity")).clip(0).fill_null(0.0).alias("shortfall"),
        (pl.col("quantity") - pl.col("most")).clip(0).fill_null(0.0).alias("excess"),
        finance.stock_value("quantity", "standard_cost").alias("value"),
        weeks,
    )
    return table("inventory_plan").conform(rows.select(pl.exclude("start"))).sort("item", "location", "period")


def _levels(model: Model) -> pl.DataFrame:
    """Return point, t, target and most: the levels of stock that the policy wants."""
    last = pl.col("t") == model.horizon - 1
    least = pl.max_horizontal("target", "minimum", pl.when(last).then(pl.col("ending_minimum")))
    most = pl.min_horizontal("maximum", pl.when(last).then(pl.col("ending_maximum")))
    return model.policy.select("point", "t", least.alias("target"), most.alias("most"))


def _as_planned(made: Plan) -> Requirement:
    served = made["ship"].group_by("demand", "point", maintain_order=True).agg(pl.col("planned").sum().alias("flow"))
    goods = made["make"].select(way=pl.lit("make"), key="route", point="point", flow=pl.col("planned") * pl.col("yield"))
    bought = made["buy"].select(way=pl.lit("buy"), key="purchase", point="point", flow="planned")
    moved = made["move"].select(way=pl.lit("move"), key="lane", point="point", flow="planned")
    ways = pl.concat([goods, bought, moved]).group_by("way", "key", "point", maintain_order=True).agg(pl.col("flow").sum())
    return requirement(made.model.net, served, ways, made.model.memory)


def route_load(made: Plan) -> pl.DataFrame:
    """Return the table route_load: what takes how much of each resource."""
    model = made.model
    taken = model.memory(loads, model)
    taken = taken.with_columns(pl.Series("planned", made.values[taken.get_column("column").to_numpy()], dtype=pl.Float64) * pl.col("load"))
    taken = taken.group_by("number", "activity", "of", "t", maintain_order=True).agg(pl.col("planned").sum().alias("load"), _single("item"))
    taken = taken.filter(pl.col("load") > _NOTHING).join(
        model.net.resources.select("number", "resource"), on="number", maintain_order="left"
    )
    taken = taken.join(model.net.periods.select("t", "period"), on="t", maintain_order="left")
    return table("route_load").conform(taken).sort("resource", "activity", "of", "period")


def _single(column: str) -> pl.Expr:
    """The value of a column where all rows have the same, else empty."""
    return pl.when(pl.col(column).n_unique() == 1).then(pl.col(column).first()).alias(column)


def capacity_load(made: Plan) -> pl.DataFrame:
    """Return the table capacity_load: available and used time of every resource and period."""
    rows = made["regular"].with_columns(pl.col("planned").alias("regular"))
    over = made["overtime"].select("number", "t", overtime="planned", allowed="overtime_limit", has_overtime=pl.lit(value=True))
    staff = made["workers"].select("number", "t", heads="planned")
    stops = (
        made["maintain"]
        .group_by("number", "t", maintain_order=True)
        .agg((pl.col("planned") * pl.col("hours").fill_null(0.0)).sum().alias("stopped"))
    )
    for part in (over, staff, stops, _stepped(made)):
        rows = rows.join(part, on=["number", "t"], how="left", maintain_order="left")
    hours = pl.when(pl.col("staffed")).then(pl.col("heads") * pl.col("hours_per_worker"))
    extra = pl.when(pl.col("staffed")).then(pl.col("heads") * pl.col("overtime_hours_per_worker"))
    machine = (pl.col("available") + pl.col("added").fill_null(0.0) - pl.col("stopped").fill_null(0.0)).clip(0)
    allowed = pl.when(pl.col("has_overtime").is_null()).then(0.0).otherwise(pl.min_horizontal("allowed", extra))
    rows = rows.with_columns(
        pl.min_horizontal(machine, hours).alias("available"), pl.col("overtime").fill_null(0.0), allowed.alias("overtime_limit")
    )
    load = pl.col("regular") + pl.col("overtime")
    share = pl.when(pl.col("available") > 0).then(load / pl.col("available"))
    rows = rows.with_columns(
        load.alias("load"), (pl.col("available") - pl.col("regular")).clip(0).alias("idle"), share.alias("utilisation")
    )
    return table("capacity_load").conform(rows).sort("resource", "period")


def _stepped(made: Plan) -> pl.DataFrame:
    """Return the capacity that bought steps add: number, t, added."""
    steps = steps_in_time(made.model.net, made["step"].drop("period"))
    added = (pl.col("planned") * pl.col("quantity")).sum().alias("added")
    return steps.group_by("number", "t", maintain_order=True).agg(added)


def workforce_plan(made: Plan) -> pl.DataFrame:
    """Return the table workforce_plan."""
    rows = made["workers"].drop("workers").rename({"planned": "workers"})
    for family in ("hire", "layoff"):
        rows = rows.join(
            made[family].select("resource", "t", pl.col("planned").alias(family)), on=["resource", "t"], how="left", maintain_order="left"
        )
    return table("workforce_plan").conform(rows).sort("resource", "period")


def plan_tables(made: Plan) -> dict[str, pl.DataFrame]:
    """Return every table of the plan but what explains it."""
    return {
        **flow_tables(made),
        "inventory_plan": inventory_plan(made),
        "capacity_load": capacity_load(made),
        "route_load": route_load(made),
        "workforce_plan": workforce_plan(made),
        "shortage": shortage(made),
        "cost": cost(made),
    }


def rounded(values: Array) -> Array:
    """Return the values without the dust of arithmetic: nothing below a millionth, nothing below zero."""
    return np.where(values < _NOTHING, 0.0, values)
