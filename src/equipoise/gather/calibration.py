"""Scales usage so that the busiest period recorded loads a resource as the plan file says it did."""

from collections.abc import Sequence

import polars as pl

from equipoise.errors import Where
from equipoise.gather.explosion import loads, requirements
from equipoise.gather.plan import Calibration
from equipoise.gather.reading import nearest
from equipoise.gather.report import Report


def calibrate(tables: dict[str, pl.DataFrame], calibrations: Sequence[Calibration], file: str, report: Report) -> None:
    """Scale table `usage` in `tables`: make-usage of each calibrated resource, and of those that no entry names where it says so.

    The load of history is worked out by exploding it through routes and bills; capacity is that of an average period of the
    horizon. Factor and basis are recorded.
    """
    if not calibrations:
        return
    missing = [name for name in ("history", "usage", "route", "capacity", "resource") if name not in tables or tables[name].is_empty()]
    if missing:
        fix = f"Give table {missing[0]}, or take `calibrate` out."
        report.error(f"Nothing can be calibrated without table {missing[0]}.", fix, Where(file, row=calibrations[0].line))
        return
    bom = tables.get("bom", pl.DataFrame(schema={"route": pl.String, "component": pl.String, "quantity": pl.Float64}))
    needed = requirements(tables["history"].select("item", "period", "quantity"), tables["route"], bom)
    recorded = loads(needed, tables)
    named = [one.resource for one in calibrations]
    factor = pl.lit(1.0)
    for one in calibrations:
        scale = _factor(one, recorded, tables, file, report)
        if scale is None:
            continue
        chosen = pl.col("resource") == one.resource
        factor = pl.when(chosen | (~pl.col("resource").is_in(named) if one.scale == "all" else False)).then(scale).otherwise(factor)
    made = pl.col("activity") == "make"
    tables["usage"] = tables["usage"].with_columns(
        pl.when(made).then(pl.col(column) * factor).otherwise(pl.col(column)).alias(column) for column in ("quantity", "setup_quantity")
    )


def _factor(one: Calibration, recorded: pl.DataFrame, tables: dict[str, pl.DataFrame], file: str, report: Report) -> float | None:
    where = Where(file, row=one.line, column="calibrate")
    known = tables["resource"].get_column("resource").unique(maintain_order=True).to_list()
    if one.resource not in known:
        report.error(f"There is no resource {one.resource} to calibrate.", nearest(one.resource, known), where)
        return None
    busiest = recorded.filter(pl.col("resource") == one.resource).sort("load", "period", descending=[True, False]).head(1)
    rows = tables["capacity"].filter(pl.col("resource") == one.resource)
    regular = pl.col("regular") * pl.col("efficiency").fill_null(1.0) - pl.col("planned_downtime").fill_null(0.0)
    capacity = rows.select(regular.mean()).item()
    if busiest.is_empty() or not busiest["load"][0] or not capacity:
        message = f"{one.resource} cannot be calibrated: history puts no load on it, or its capacity is not given."
        report.error(message, "Check usage, routes and capacity.", where)
        return None
    load, period = float(busiest["load"][0]), busiest["period"][0]
    scale = one.load * float(capacity) / load
    others = " and of every resource that is not calibrated itself" if one.scale == "all" else ""
    report.assume(
        "usage",
        f"Usage of {one.resource}{others} is times {scale:.6g}: so the busiest period recorded ({period}, {load:,.6g} before) loads "
        f"{one.resource} to {one.load:.0%} of {float(capacity):,.6g}.",
        one.origin,
    )
    return scale
