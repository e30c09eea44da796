"""Gaps towards customers and towards the budget: demand that is lost or late, and the plan beside its budget."""

import polars as pl

from equipoise.dimensions.calendar import Calendar
from equipoise.reconcile.gaps.exceptions import runs
from equipoise.reconcile.money.valuation import budgeted_families, in_family, known_sum, unit_of, valued
from equipoise.tables.setting import GapSetting

_MONEY = ("revenue", "margin")


def unserved(
    shortage: pl.DataFrame, demand_plan: pl.DataFrame, item: pl.DataFrame, calendar: Calendar, limits: GapSetting
) -> list[pl.DataFrame]:
    """Return shortage (demand lost) and late (demand served after its period) gaps, by family and market and by item and market.

    Units are negative: what is lost in a run of periods, and the most that is late in it. `base` is the demand of the run.
    """
    kinds = (("shortage", "lost", "flow"), ("late", "backlog", "stock"))
    found = []
    for kind, column, over_time in kinds:
        points = shortage.filter(pl.col(column) > 0).with_columns((-pl.col(column)).alias("units"), pl.col("demand").alias("base"))
        points = in_family(valued(points.select("item", "market", "period", "units", "base"), demand_plan, item), item)
        for level in ("family", "item"):
            keys = [level, "market"]
            summed = points.group_by(*keys, "period", maintain_order=True).agg(
                pl.col("units", "base").sum(), *(known_sum(name) for name in _MONEY)
            )
            merged = runs(summed, keys, calendar, "flow" if over_time == "flow" else "stock")
            merged = merged.filter(pl.col("units").abs() >= max(limits.shortage_units, 1e-6))
            units = unit_of(item, in_family(points.select("item", "market").unique(), item), level)
            found.append(
                merged.rename({level: "subject"}).with_columns(
                    pl.lit(kind).alias("kind"),
                    pl.lit(level).alias("level"),
                    pl.col("subject").replace_strict(units, default="unit", return_dtype=pl.String).alias("unit"),
                )
            )
    return found


def against_budget(
    shortage: pl.DataFrame,
    demand_plan: pl.DataFrame,
    financials: pl.DataFrame,
    budget: pl.DataFrame,
    item: pl.DataFrame,
    calendar: Calendar,
    limits: GapSetting,
) -> list[pl.DataFrame]:
    """Return budget gaps by family: what the plan serves less the budget, in units, revenue and margin; `base` is the budget, in the
    measure that decides: revenue where both have it, else units."""
    if budget.is_empty():
        return []
    both = _plan_and_budget(shortage, demand_plan, financials, budget, item)
    difference = pl.coalesce("revenue", "units")
    base = pl.when(pl.col("revenue").is_not_null()).then("budget_revenue").otherwise("budget_units")
    judged = both.with_columns(base.alias("base"), difference.alias("decides"))
    judged = judged.filter((pl.col("decides").abs() > limits.budget_share * pl.col("base")) & (pl.col("decides").abs() > 0.005))
    judged = judged.select("family", "period", pl.col("decides").alias("units"), "base", *_MONEY, pl.col("units").alias("difference"))
    merged = runs(judged, ["family"], calendar, "flow").with_columns(pl.col("difference").alias("units")).drop("difference")
    units = unit_of(item, in_family(item.select("item"), item), "family")
    return [
        merged.rename({"family": "subject"}).with_columns(
            pl.lit("budget").alias("kind"),
            pl.lit("family").alias("level"),
            pl.lit("").alias("market"),
            pl.col("subject").replace_strict(units, default="unit", return_dtype=pl.String).alias("unit"),
        )
    ]


def _plan_and_budget(
    shortage: pl.DataFrame, demand_plan: pl.DataFrame, financials: pl.DataFrame, budget: pl.DataFrame, item: pl.DataFrame
) -> pl.DataFrame:
    """Return family, period, units, revenue, margin (plan less budget; empty where either is not given) and the budget itself."""
    served = shortage.select("item", "period", (pl.col("demand") - pl.col("lost").fill_null(0.0)).alias("quantity"))
    plan = served if served.height else demand_plan.select("item", "period", "quantity")
    units = in_family(plan, item).group_by("family", "period", maintain_order=True).agg(pl.col("quantity").sum().alias("plan_units"))
    budgeted = budgeted_families(budget, item)
    budgeted = budgeted.group_by("family", "period", maintain_order=True).agg(known_sum("quantity").alias("budget_units"))
    both = budgeted.join(units, on=["family", "period"], how="left", maintain_order="left").with_columns(
        (pl.col("plan_units").fill_null(0.0) - pl.col("budget_units")).alias("units")
    )
    for line, name in (("revenue", "revenue"), ("gross_margin", "margin")):
        rows = financials.filter((pl.col("line") == line) & (pl.col("family") != "") & pl.col("budget").is_not_null())
        rows = rows.select("family", "period", (pl.col("amount") - pl.col("budget")).alias(name), pl.col("budget").alias(f"budget_{name}"))
        both = both.join(rows, on=["family", "period"], how="left", maintain_order="left")
    return both.sort("family", "period")
