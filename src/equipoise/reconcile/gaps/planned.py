"""What a plan of families was made of: demand, routes and usage by what the plan names, in place of the items behind it."""

import polars as pl

from equipoise.reconcile.money.valuation import families


def demand_as_planned(demand_plan: pl.DataFrame, shortage: pl.DataFrame, item: pl.DataFrame) -> pl.DataFrame:
    """Return the demand of the items and families that `shortage` names: item, market, period, quantity, unit_price.

    An item that it does not name counts to its family; the price of a family is the average by quantity.
    """
    named = pl.col("item").is_in(shortage.get_column("item").unique().to_list())
    rows = demand_plan.join(families(item), on="item", how="left", maintain_order="left")
    rows = rows.with_columns(pl.when(named).then("item").otherwise(pl.coalesce("family", "item")).alias("item"))
    weight = pl.when(pl.col("unit_price").is_not_null()).then(pl.col("quantity").clip(0.0))
    price = pl.when(weight.sum() > 0).then((pl.col("unit_price") * weight).sum() / weight.sum()).otherwise(pl.col("unit_price").mean())
    return rows.group_by("item", "market", "period", maintain_order=True).agg(pl.col("quantity").sum(), price.alias("unit_price"))


def stock_as_planned(units: pl.DataFrame, inventory_plan: pl.DataFrame, item: pl.DataFrame) -> pl.DataFrame:
    """Return item, location and units, of items and families as `inventory_plan` names them: an item that it does not name counts to its
    family."""
    named = pl.col("item").is_in(inventory_plan.get_column("item").unique().to_list())
    rows = units.join(families(item), on="item", how="left", maintain_order="left")
    rows = rows.with_columns(pl.when(named).then("item").otherwise(pl.coalesce("family", "item")).alias("item"))
    return rows.group_by("item", "location", maintain_order=True).agg(pl.col("units").sum())


def routes_as_planned(supply_plan: pl.DataFrame, route_load: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the routes of the plan (route, item), and what a unit made took of each resource (activity, of, resource, quantity)."""
    made = supply_plan.group_by(of="route", maintain_order=True).agg(pl.col("quantity").sum().alias("made"))
    load = (
        route_load.filter(pl.col("activity") == "make")
        .group_by("activity", "of", "resource", maintain_order=True)
        .agg(pl.col("load").sum())
    )
    taken = load.join(made, on="of", maintain_order="left").filter(pl.col("made") > 0)
    usage = taken.select("activity", "of", "resource", (pl.col("load") / pl.col("made")).alias("quantity"))
    return supply_plan.select("route", "item").unique("route", maintain_order=True), usage
