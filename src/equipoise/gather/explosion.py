"""Explodes demand through routes and bills: what of every item, and of every resource, a demand asks for."""

from collections.abc import Mapping

import polars as pl

_DEEPEST = 50


def requirements(demand: pl.DataFrame, route: pl.DataFrame, bom: pl.DataFrame) -> pl.DataFrame:
    """Return the units of each item that `demand` (item, period, quantity) asks for, components included: item, period, quantity.

    Demand of an item is shared equally over its routes; lead times and stock are left out. Bills must be free of loops.
    """
    ways = route.select("route", "item", pl.col("yield").fill_null(1.0)).unique("route", keep="first", maintain_order=True)
    ways = ways.with_columns((1.0 / pl.len().over("item")).alias("share"))
    bill = bom.select("route", "component", pl.col("quantity").alias("each"))
    steps = ways.join(bill, on="route", how="inner", maintain_order="left")
    level = demand.group_by("item", "period", maintain_order=True).agg(pl.col("quantity").sum())
    levels = [level]
    while level.height and len(levels) <= _DEEPEST:
        need = level.join(steps, on="item", how="inner", maintain_order="left")
        level = (
            need.with_columns((pl.col("quantity") * pl.col("share") * pl.col("each") / pl.col("yield")).alias("quantity"))
            .group_by(pl.col("component").alias("item"), "period", maintain_order=True)
            .agg(pl.col("quantity").sum())
        )
        levels.append(level)
    return pl.concat(levels).group_by("item", "period", maintain_order=True).agg(pl.col("quantity").sum()).sort("item", "period")


def loads(needed: pl.DataFrame, tables: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Return the load that `needed` (item, period, quantity) puts on each resource: resource, period, load in the resource's unit."""
    ways = tables["route"].select("route", "item", pl.col("yield").fill_null(1.0)).unique("route", keep="first", maintain_order=True)
    ways = ways.with_columns((1.0 / pl.len().over("item")).alias("share"))
    usage = (
        tables["usage"]
        .filter(pl.col("activity") == "make")
        .select(pl.col("of").alias("route"), "resource", pl.col("quantity").alias("each"))
    )
    made = needed.join(ways, on="item", how="inner", maintain_order="left").join(usage, on="route", how="inner", maintain_order="left")
    load = pl.col("quantity") * pl.col("share") / pl.col("yield") * pl.col("each")
    return made.group_by("resource", "period", maintain_order=True).agg(load.sum().alias("load")).sort("resource", "period")
