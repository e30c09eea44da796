"""The plan beside another plan: its budget, and what the last cycle planned."""

import polars as pl

from equipoise.dimensions.calendar import Calendar
from equipoise.reconcile.gaps.exceptions import runs
from equipoise.reconcile.gaps.shortfalls import labelled
from equipoise.reconcile.money.valuation import average_prices, budgeted_families, costs, in_family, known_sum
from equipoise.tables.setting import GapSetting

_KEYS = ["family", "period"]
_LINES = (("revenue", "revenue"), ("gross_margin", "margin"))
_MEASURES = ("units", "revenue", "margin")
_TODAY = "what the last cycle planned is valued at today's prices"


def against_budget(
    shortage: pl.DataFrame,
    demand_plan: pl.DataFrame,
    financials: pl.DataFrame,
    budget: pl.DataFrame,
    item: pl.DataFrame,
    calendar: Calendar,
    limits: GapSetting,
) -> list[pl.DataFrame]:
    """Return budget gaps by family and in total: what the plan serves less the budget, in units, revenue and margin; `base` is the
    budget, in the measure that decides: revenue where both have it, else units."""
    if budget.is_empty():
        return []
    budgeted = budgeted_families(budget, item)
    then = budgeted.group_by(_KEYS, maintain_order=True).agg(known_sum("quantity").alias("then_units"))
    for line, name in _LINES:
        rows = financials.filter((pl.col("line") == line) & (pl.col("family") != "") & pl.col("budget").is_not_null())
        then = then.join(rows.select(*_KEYS, pl.col("budget").alias(f"then_{name}")), on=_KEYS, how="left", maintain_order="left")
    both = then.join(_plan(shortage, demand_plan, financials, item), on=_KEYS, how="left", maintain_order="left")
    return _compared(both.with_columns(note=pl.lit(None, pl.String)), "budget", limits.budget_share, item, calendar)


def against_last_cycle(
    shortage: pl.DataFrame,
    demand_plan: pl.DataFrame,
    financials: pl.DataFrame,
    plan_snapshot: pl.DataFrame,
    item: pl.DataFrame,
    calendar: Calendar,
    limits: GapSetting,
) -> list[pl.DataFrame]:
    """Return gaps to the last cycle by family and in total: what the plan serves less the demand plan of the last cycle, over the periods
    that both have; `base` is the last plan, in the measure that decides, as for the budget. A family that only one of the plans has is
    compared with nothing. Where the snapshot has no money its units are valued at today's prices, and `note` says so.
    """
    last = _last_cycle(plan_snapshot, demand_plan, item, calendar)
    if last.is_empty():
        return []
    plan = _plan(shortage, demand_plan, financials, item).filter(pl.col("period").is_in(last.get_column("period").unique().to_list()))
    both = last.join(plan, on=_KEYS, how="full", coalesce=True, maintain_order="left_right")
    new = pl.col("then_units").is_null()
    nothing = [
        pl.when(new & last.get_column(name).is_not_null().any()).then(0.0).otherwise(name).alias(name)
        for name in ("then_units", "then_revenue", "then_margin")
    ]
    return _compared(both.with_columns(nothing), "last_cycle", limits.last_cycle_share, item, calendar)


def _last_cycle(plan_snapshot: pl.DataFrame, demand_plan: pl.DataFrame, item: pl.DataFrame, calendar: Calendar) -> pl.DataFrame:
    """Return family, period, then_units, then_revenue, then_margin and note of the latest demand plan before this one's data cut."""
    frozen = plan_snapshot.filter((pl.col("measure") == "demand") & (pl.col("as_of") < calendar.as_of))
    frozen = frozen.filter((pl.col("as_of") == pl.col("as_of").max()) & pl.col("period").is_in(calendar.periods))
    keys = ["item", "place", "period"]
    prices = demand_plan.rename({"market": "place"}).select(*keys, "unit_price").unique(keys, maintain_order=True)
    rows = frozen.join(prices, on=keys, how="left", maintain_order="left")
    for more in (average_prices(demand_plan), costs(item)):
        rows = rows.join(more, on="item", how="left", maintain_order="left")
    revenue = pl.coalesce("revenue", pl.col("quantity") * pl.coalesce("unit_price", "price"))
    rows = rows.with_columns(
        pl.col("revenue").is_null().alias("today"),
        revenue.alias("then_revenue"),
        pl.coalesce("gross_margin", revenue - pl.col("quantity") * pl.col("unit_cost")).alias("then_margin"),
    )
    today = pl.col("today").any() & pl.col("then_revenue").is_not_null().any()
    return (
        in_family(rows, item)
        .group_by(_KEYS, maintain_order=True)
        .agg(
            pl.col("quantity").sum().alias("then_units"),
            known_sum("then_revenue"),
            known_sum("then_margin"),
            pl.when(today).then(pl.lit(_TODAY)).alias("note"),
        )
    )


def _plan(shortage: pl.DataFrame, demand_plan: pl.DataFrame, financials: pl.DataFrame, item: pl.DataFrame) -> pl.DataFrame:
    """Return family, period, plan_units (what is served: demand less what is lost), plan_revenue and plan_margin."""
    served = shortage.select("item", "period", (pl.col("demand") - pl.col("lost").fill_null(0.0)).alias("quantity"))
    rows = in_family(served if served.height else demand_plan.select("item", "period", "quantity"), item)
    plan = rows.group_by(_KEYS, maintain_order=True).agg(pl.col("quantity").sum().alias("plan_units"))
    for line, name in _LINES:
        amounts = financials.filter((pl.col("line") == line) & (pl.col("family") != ""))
        amounts = amounts.group_by(_KEYS, maintain_order=True).agg(known_sum("amount").alias(f"plan_{name}"))
        plan = plan.join(amounts, on=_KEYS, how="left", maintain_order="left")
    return plan


def _compared(both: pl.DataFrame, kind: str, least: float, item: pl.DataFrame, calendar: Calendar) -> list[pl.DataFrame]:
    """Return the gaps of a comparison, by family and, where there are several, in total.

    `both` has family, period, note, and units, revenue and margin of the plan and of then.
    """
    differences = both.with_columns(_difference(name) for name in _MEASURES).sort(_KEYS)
    whole = differences.with_columns(
        pl.lit("total").alias("family"),
        *(pl.when(pl.col(name).is_not_null()).then(f"then_{name}").alias(f"then_{name}") for name in _MEASURES),
    )
    numbers = [known_sum(f"{side}{name}") for side in ("", "then_") for name in _MEASURES]
    whole = whole.group_by(_KEYS, maintain_order=True).agg(*numbers, pl.col("note").drop_nulls().first()).sort(_KEYS)
    names = in_family(item.select("item"), item)
    found = [labelled(_exceptions(differences, least, calendar), kind, "family", "family", item, names)]
    if both.get_column("family").n_unique() > 1:
        everything = names.with_columns(pl.lit("total").alias("family"))
        found.append(labelled(_exceptions(whole, least, calendar), kind, "total", "family", item, everything))
    return found


def _difference(name: str) -> pl.Expr:
    """Plan less then; a plan without a family has nothing of it, but money that the plan does not know of a family is not compared."""
    plan = pl.col(f"plan_{name}")
    known = plan.is_not_null().any().over("family") | (pl.col("plan_units").fill_null(0.0).sum().over("family") == 0)
    return (pl.when(known).then(plan.fill_null(0.0)) - pl.col(f"then_{name}")).alias(name)


def _exceptions(rows: pl.DataFrame, least: float, calendar: Calendar) -> pl.DataFrame:
    """Return the runs of periods in which the difference is more than the share `least` of what was planned then."""
    base = pl.when(pl.col("revenue").is_not_null()).then("then_revenue").otherwise("then_units")
    judged = rows.with_columns(pl.coalesce("revenue", "units").alias("decides"), base.alias("base"))
    judged = judged.filter((pl.col("decides").abs() > least * pl.col("base").abs()) & (pl.col("decides").abs() > 0.005))
    chosen = judged.select(*_KEYS, pl.col("decides").alias("units"), "base", "revenue", "margin", pl.col("units").alias("difference"))
    merged = runs(chosen, ["family"], calendar, "flow").with_columns(pl.col("difference").alias("units")).drop("difference")
    notes = judged.group_by("family", maintain_order=True).agg(pl.col("note").drop_nulls().first())
    return merged.join(notes, on="family", how="left", maintain_order="left")
