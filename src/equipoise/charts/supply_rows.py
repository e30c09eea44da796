"""The rows behind the pictures of supply: what resources are asked for, which families fill them, what is built ahead."""

import datetime as dt

import polars as pl

from equipoise.charts.series import by_period, with_family

MEASURES = ("made", "bought", "demand", "stock", "target", "opening")


def utilisation(capacity_load: pl.DataFrame, capacity_requirement: pl.DataFrame | None = None) -> pl.DataFrame:
    """Return (resource, period, planned, asked): shares of regular capacity that the plan loads and that would be required without limits.

    `asked` is empty where nothing says what is required, or where there is no capacity to compare it with.
    """
    loaded = capacity_load.select("resource", "period", "available", pl.col("utilisation").alias("planned"))
    if capacity_requirement is None:
        return loaded.select("resource", "period", "planned", pl.lit(None, pl.Float64).alias("asked")).sort("resource", "period")
    required = capacity_requirement.group_by("resource", "period", maintain_order=True).agg(
        pl.col("required").sum().round(9), pl.col("available").drop_nulls().first().alias("has")
    )
    both = loaded.join(required, on=["resource", "period"], how="left", maintain_order="left")
    has = pl.coalesce("has", "available")
    asked = pl.when(has > 0).then(pl.col("required") / has).alias("asked")
    return both.select("resource", "period", "planned", asked).sort("resource", "period")


def family_load(
    capacity_load: pl.DataFrame, route_load: pl.DataFrame, item: pl.DataFrame, capacity_requirement: pl.DataFrame | None = None
) -> pl.DataFrame:
    """Return (resource, family, period, share): the share of regular capacity that each family takes.

    It is what is required without limits where `capacity_requirement` says so, else what the plan loads. Resources without a limit,
    and periods without capacity, have no rows.
    """
    if capacity_requirement is not None and capacity_requirement.height:
        rows = capacity_requirement.select("resource", pl.col("family").fill_null("no family"), "period", pl.col("required").alias("load"))
    else:
        rows = with_family(route_load, item).select("resource", pl.col("family").fill_null("no family"), "period", "load")
    sums = by_period(rows, "load", also=("resource", "family"))
    has = capacity_load.filter(pl.col("available") > 0).select("resource", "period", "available")
    joined = sums.join(has, on=["resource", "period"], how="inner", maintain_order="left")
    return joined.select("resource", "family", "period", (pl.col("load") / pl.col("available")).round(9).alias("share"))


def build_rows(
    supply_plan: pl.DataFrame, purchase_plan: pl.DataFrame, demand_plan: pl.DataFrame, inventory_plan: pl.DataFrame, item: pl.DataFrame
) -> pl.DataFrame:
    """Return (family, period, made, bought, demand, stock, target, opening) of the items demanded, in their unit, all locations together.

    A measure of which a family has nothing is empty. Supply counts in the period of production or order.
    """
    parts = (
        (supply_plan, "quantity", "made"),
        (purchase_plan, "quantity", "bought"),
        (demand_plan, "quantity", "demand"),
        (inventory_plan, "quantity", "stock"),
        (inventory_plan, "target", "target"),
        (inventory_plan, "opening", "opening"),
    )
    asked = demand_plan.select("item").unique(maintain_order=True)
    long = pl.concat(
        frame.select("item", "period", pl.lit(name).alias("measure"), pl.col(column).cast(pl.Float64).alias("value"))
        for frame, column, name in parts
    ).join(asked, on="item", how="semi", maintain_order="left")
    sums = by_period(with_family(long.drop_nulls("value"), item), "value", also=("family", "measure"))
    wide = sums.pivot(on="measure", on_columns=list(MEASURES), index=["family", "period"], values="value")
    return wide.sort("family", "period")


def build(rows: pl.DataFrame) -> tuple[float, dt.date, dt.date] | None:
    """Return the largest rise of stock that is used again: its units, the period before it begins and that of its peak; None if none.

    `rows` hold one row a period (period, opening, stock). A rise counts as built ahead where at least half of it is used after its peak.
    """
    known = rows.filter(pl.col("stock").is_not_null()).sort("period")
    if known.is_empty():
        return None
    levels = [known["opening"][0] if known["opening"][0] is not None else known["stock"][0], *known.get_column("stock").to_list()]
    periods = [known["period"][0], *known.get_column("period").to_list()]
    best: tuple[float, dt.date, dt.date] | None = None
    low = 0
    for place, level in enumerate(levels):
        low = place if level <= levels[low] else low
        rise = level - levels[low]
        used = level - min(levels[place:])
        if used >= rise / 2 and rise > (best[0] if best else 0.0):
            best = (rise, periods[low], periods[place])
    return best
