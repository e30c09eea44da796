"""Gaps towards customers: demand that is lost or late."""

import polars as pl

from equipoise.dimensions.calendar import Calendar
from equipoise.reconcile.gaps.exceptions import OverTime, runs
from equipoise.reconcile.money.valuation import in_family, known_sum, unit_of, valued
from equipoise.tables.setting import GapSetting

_KINDS: tuple[tuple[str, str, OverTime], ...] = (("shortage", "lost", "flow"), ("late", "backlog", "stock"))


def unserved(
    shortage: pl.DataFrame, demand_plan: pl.DataFrame, item: pl.DataFrame, calendar: Calendar, limits: GapSetting
) -> list[pl.DataFrame]:
    """Return shortage (demand lost) and late (demand served after its period) gaps, by family and market, by item and market, by market
    and in total.

    Units are negative: what is lost in a run of periods, and the most that is late in it. `base` is the demand of the run. A market with
    one family, and the total of one market, would only repeat what is there.
    """
    found = []
    for kind, column, over_time in _KINDS:
        points = shortage.filter(pl.col(column) > 0).with_columns((-pl.col(column)).alias("units"), pl.col("demand").alias("base"))
        points = in_family(valued(points.select("item", "market", "period", "units", "base"), demand_plan, item), item)
        points = points.with_columns(pl.col("market").alias("place"), pl.lit("total").alias("total"))
        several = points.filter(pl.col("family").n_unique().over("market") > 1)
        parts = (
            ("family", ["family", "market"], points),
            ("item", ["item", "market"], points),
            ("market", ["place"], several),
            ("total", ["total"], points if points.get_column("market").n_unique() > 1 else points.clear()),
        )
        for level, keys, rows in parts:
            if rows.is_empty():
                continue
            numbers = [pl.col("units", "base").sum(), *(known_sum(name) for name in ("revenue", "margin"))]
            merged = runs(rows.group_by(*keys, "period", maintain_order=True).agg(numbers), keys, calendar, over_time)
            merged = merged.filter(pl.col("units").abs() >= max(limits.shortage_units, 1e-6))
            found.append(labelled(merged, kind, level, keys[0], item, rows))
    return found


def labelled(merged: pl.DataFrame, kind: str, level: str, key: str, item: pl.DataFrame, points: pl.DataFrame) -> pl.DataFrame:
    """Return runs as gaps of a kind and level: `key` becomes the subject, with the unit of its items in `points` (item and `key`)."""
    units = unit_of(item, points.select(pl.col("item"), pl.col(key).alias("subject")), "subject")
    market = pl.col("market") if "market" in merged.columns else pl.lit("")
    return merged.with_columns(
        pl.col(key).alias("subject"),
        market.alias("market"),
        pl.lit(kind).alias("kind"),
        pl.lit(level).alias("level"),
        pl.col(key).replace_strict(units, default="unit", return_dtype=pl.String).alias("unit"),
    )
