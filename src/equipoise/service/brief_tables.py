"""What a brief takes from tables: a few rows that stand for many. Numbers have six digits."""

import polars as pl

from equipoise.service.messages.briefs import FamilyLine, MeasureLineOfPlan, PeriodLine, ResourceLine, ShortLine, StreamLine
from equipoise.service.messages.planning import Figure

_NOTHING = 1e-6


def _six(column: str | pl.Expr) -> pl.Expr:
    return (pl.col(column) if isinstance(column, str) else column).round_sig_figs(6)


def demand_by_period(plan: pl.DataFrame, baseline: pl.DataFrame) -> list[PeriodLine]:
    """Return demand, baseline and interval summed by period, in order. Units as planned."""
    forecast = baseline.group_by("period", maintain_order=True).agg(pl.col("quantity").sum().alias("baseline"))
    summed = plan.group_by("period", maintain_order=True).agg(
        pl.col("quantity").sum().alias("demand"),
        *(pl.when(pl.col(name).null_count() == 0).then(pl.col(name).sum()).alias(name) for name in ("p10", "p90")),
    )
    rows = (
        summed.join(forecast, on="period", how="left", maintain_order="left")
        .sort("period")
        .with_columns(_six(name) for name in ("baseline", "demand", "p10", "p90"))
    )
    return [PeriodLine.model_validate(row) for row in rows.iter_rows(named=True)]


def demand_by_family(plan: pl.DataFrame, baseline: pl.DataFrame, item: pl.DataFrame) -> list[FamilyLine]:
    """Return demand, baseline and revenue summed over the horizon by family, the largest first; an item without one stands for itself."""
    family = item.select("item", pl.when(pl.col("family") == "").then(None).otherwise(pl.col("family")).alias("family"))
    of = pl.col("family").fill_null(pl.col("item")).alias("family")
    forecast = (
        baseline.join(family, on="item", how="left", maintain_order="left")
        .with_columns(of)
        .group_by("family", maintain_order=True)
        .agg(pl.col("quantity").sum().alias("baseline"))
    )
    money = pl.col("quantity") * pl.col("unit_price")
    known = (pl.col("unit_price").is_null() & (pl.col("quantity") > 0)).sum() == 0
    summed = (
        plan.join(family, on="item", how="left", maintain_order="left")
        .with_columns(of)
        .group_by("family", maintain_order=True)
        .agg(pl.col("quantity").sum().alias("demand"), pl.when(known).then(money.sum()).alias("revenue"))
    )
    rows = summed.join(forecast, on="family", how="left", maintain_order="left").sort(["demand", "family"], descending=[True, False])
    return [
        FamilyLine.model_validate(row)
        for row in rows.with_columns(_six(n) for n in ("baseline", "demand", "revenue")).iter_rows(named=True)
    ]


def streams(stream: pl.DataFrame) -> list[StreamLine]:
    """Return what each stream says, summed over the horizon."""
    rows = stream.group_by("stream", "kind", maintain_order=True).agg(
        pl.when(pl.col(name).count() > 0).then(pl.col(name).sum()).alias(name) for name in ("quantity", "revenue")
    )
    rows = rows.sort("stream", "kind").with_columns(_six(name) for name in ("quantity", "revenue"))
    return [StreamLine.model_validate(row) for row in rows.iter_rows(named=True)]


def forecast_errors(kpi: pl.DataFrame) -> list[Figure]:
    """Return the errors of the backtest, over all series."""
    rows = kpi.filter(pl.col("value").is_not_null() & pl.col("basis").str.starts_with("backtest")).sort("kpi")
    return [
        Figure(name=row["kpi"], value=float(f"{row['value']:.6g}"), unit=row["unit"] or "", note=row["basis"])
        for row in rows.iter_rows(named=True)
    ]


def loads(capacity_load: pl.DataFrame) -> list[ResourceLine]:
    """Return how full each resource is, the fullest first; one that has no capacity is left out."""
    room = capacity_load.filter(pl.col("available") > 0)
    share = pl.col("load") / pl.col("available")
    rows = (
        room.sort("resource", "period")
        .group_by("resource", maintain_order=True)
        .agg(
            _six(pl.col("load").sum() / pl.col("available").sum()).alias("average"),
            _six(share.max()).alias("peak"),
            pl.col("period").get(share.arg_max()).alias("peak_period"),
            (share > 1 - _NOTHING).sum().alias("full_periods"),
        )
        .sort(["average", "resource"], descending=[True, False])
    )
    return [ResourceLine.model_validate(row) for row in rows.iter_rows(named=True)]


def bottlenecks(binding: pl.DataFrame) -> list[str]:
    """Return for each limit that binds its most valuable period in words, and in how many it binds; the most valuable limit first."""
    rows = (
        binding.filter(pl.col("value") > _NOTHING)
        .sort(["value", "limit", "subject", "period"], descending=[True, False, False, False])
        .group_by("limit", "subject", maintain_order=True)
        .agg(pl.col("sentence").first(), pl.len().alias("periods"))
    )
    return [
        row["sentence"] + (f" It binds in {row['periods']} periods." if row["periods"] > 1 else "") for row in rows.iter_rows(named=True)
    ]


def short_items(shortage: pl.DataFrame) -> list[ShortLine]:
    """Return items that are not served in their period, the most units first."""
    late = pl.max_horizontal(pl.col("demand") - pl.col("shipped"), pl.lit(0.0))
    rows = (
        shortage.with_columns(late.alias("late"))
        .filter(pl.col("late") > _NOTHING)
        .group_by("item", maintain_order=True)
        .agg(_six(pl.col("late").sum()).alias("quantity"), pl.col("period").min().alias("first"), pl.col("period").max().alias("last"))
        .sort(["quantity", "item"], descending=[True, False])
    )
    return [ShortLine.model_validate(row) for row in rows.iter_rows(named=True)]


def latest_measures(kpi: pl.DataFrame) -> tuple[list[MeasureLineOfPlan], list[str]]:
    """Return measures of the whole company with a value, and those with a target that have none, with what to give."""
    whole = kpi.filter((pl.col("subject") == "") & pl.col("period").is_null() | (pl.col("status") == "no data")).sort("kpi", "level")
    known = whole.filter(pl.col("value").is_not_null())
    lines = [
        MeasureLineOfPlan(
            measure=row["kpi"],
            level=row["level"],
            value=float(f"{row['value']:.6g}"),
            unit=row["unit"] or "",
            target=row["target"],
            status=row["status"],
            note=row["note"] or row["basis"],
        )
        for row in known.iter_rows(named=True)
    ]
    unknown = whole.filter(pl.col("value").is_null() & pl.col("target").is_not_null())
    return lines, list(dict.fromkeys(f"{row['kpi']}: {row['note']}" for row in unknown.iter_rows(named=True)))
