"""The sheets of risk: what the paths give, service at risk by family and period, drivers, and the robust plan."""

import polars as pl

from equipoise.exchange.book.sheet import Book, Kind, Sheet
from equipoise.exchange.pack import grids
from equipoise.exchange.pack.plan import Plan
from equipoise.exchange.pack.wording import in_unit, named

_COLUMNS = ("plan", "mean", "deviation", "p5", "p25", "p50", "p75", "p95", "tail", "chance_below_plan", "chance_of_loss", "standard_error")
_ORDER = ("profit", "revenue", "demand", "shortage", "service_level", "stock_value", "overtime")
_TOLD = ("policy", "correlation", "assumption")
_SHADES = ((0.25, "#163a5f", "#ffffff"), (0.1, "#2f6ba5", "#ffffff"), (0.03, "#6f9fca", "#25303b"), (0.01, "#abc8e2", "#25303b"))


def add_risk_views(book: Book, plan: Plan) -> None:
    """Add the sheets of risk for which the plan has something."""
    if plan.has("simulation"):
        _simulation(book, plan)
    if plan.has("simulation_service"):
        _service(book, plan)
    if plan.has("robust_result"):
        _robust(book, plan)


def _simulation(book: Book, plan: Plan) -> None:
    sheet = book.sheet("Risk", "What the plan gives over all paths of demand and supply")
    wide = _wide(plan)
    if wide.height:
        heads = {"measure": "Measure", "unit": "Unit", **{name: named(name) for name in _COLUMNS if name in wide.columns}}
        rows: dict[int, Kind] = {row: "exact" for row, unit in enumerate(wide.get_column("unit")) if unit == "fraction"}
        kinds: dict[str, Kind] = {name: "share" for name in ("chance_below_plan", "chance_of_loss") if name in wide.columns}
        shown = wide.with_columns(pl.col(name).round(4) for name in heads if wide.schema[name].is_numeric())
        sheet.grid(shown, heads, kinds, row_kinds=rows)
    if plan.has("simulation_driver"):
        sheet.heading("Which uncertainty matters most to profit")
        kinds = {"rank": "exact", "kind": "text", "subject": "text", "share": "share", "slope": "number", "sentence": "text"}
        sheet.grid(plan["simulation_driver"].sort("rank"), {name: named(name) for name in kinds}, kinds, wrap=True)
    _notes(sheet, plan)
    sheet.printed(plan.setting.plan)


def _wide(plan: Plan) -> pl.DataFrame:
    """Return measures in rows and their statistics in columns, in order."""
    frame = plan["simulation"].filter(pl.col("measure").is_in(_ORDER) & pl.col("value").is_not_null())
    if frame.is_empty():
        return frame
    found = [name for name in _COLUMNS if name in set(frame.get_column("statistic"))]
    units = frame.filter(pl.col("statistic") == "plan").select("measure", "unit")
    grid = frame.pivot(on="statistic", on_columns=found, index="measure", values="value")
    place = {name: number for number, name in enumerate(_ORDER)}
    order = pl.col("measure").replace_strict(place, return_dtype=pl.Int64)
    joined = grid.join(units, on="measure", how="left", maintain_order="left").sort(order)
    return joined.with_columns(pl.Series("measure", [named(name) for name in joined.get_column("measure")], pl.String))


def _notes(sheet: Sheet, plan: Plan) -> None:
    rows = plan["simulation"].filter(pl.col("measure").is_in(_TOLD))
    if rows.is_empty():
        return
    sheet.heading("What is assumed, and how good the policy is by which the paths are played")
    shown = rows.with_columns(pl.col("measure", "statistic").str.replace_all("_", " "))
    kinds: dict[str, Kind] = {"measure": "text", "statistic": "text", "value": "exact", "unit": "text", "note": "text"}
    sheet.grid(shown, {name: named(name) for name in kinds}, kinds, wrap=True)


def _service(book: Book, plan: Plan) -> None:
    spans = {plan.labels[period]: [period] for period in plan.calendar.periods}
    rows = (
        plan["simulation_service"].with_columns(pl.col("family").fill_null("All"), lacking=1 - pl.col("service")).sort("family", "period")
    )
    sheet = book.sheet("Service risk", "Share of demand not served in its period, over all paths")
    parts: tuple[tuple[str, str, Kind], ...] = (
        ("lacking", "Share of demand not served in its period", "share"),
        ("chance", "Chance that something is not served in its period", "share"),
        ("short", in_unit("Not served in its period, on average", plan.unit), "number"),
        ("short_tail", in_unit("The same in the worst paths", plan.unit), "number"),
    )
    for column, words, kind in parts:
        sheet.heading(words)
        grid = grids.across(rows, ["family"], column, spans, stock=True, missing=None).with_columns(pl.lit(named(column)).alias("measure"))
        heads = {"family": "Family", "measure": "Measure", **{label: label for label in spans}}
        area = sheet.grid(grid, heads, dict.fromkeys(spans, kind))
        if kind == "share":
            for least, ground, ink in _SHADES:
                style = book.file.add_format({"bg_color": ground, "font_color": ink})
                sheet.shade(area, 2, {"type": "cell", "criteria": ">=", "value": least, "format": style, "stop_if_true": True})
    sheet.printed(plan.setting.plan)


def _robust(book: Book, plan: Plan) -> None:
    sheet = book.sheet("Robust plan", "The plan that holds best over all scenarios, beside the plan of record")
    sheet.heading(in_unit("Profit of each scenario", plan.currency))
    amounts = ("best", "nominal", "robust", "nominal_regret", "robust_regret", "nominal_short", "robust_short")
    kinds: dict[str, Kind] = {"scenario": "text", "probability": "share", **dict.fromkeys(amounts, "number"), "note": "text"}
    result = plan["robust_result"].with_columns(
        pl.when(pl.col("scenario").fill_null("") != "").then(pl.col("scenario")).otherwise(pl.lit("expected")).alias("scenario")
    )
    sheet.grid(result, {name: named(name) for name in kinds}, kinds, wrap=True)
    if plan.has("robust_plan"):
        sheet.heading("Decisions of the periods that must be settled now")
        chosen: dict[str, Kind] = {
            "kind": "text",
            "key": "text",
            "item": "text",
            "period": "date",
            "nominal": "decimal",
            "robust": "decimal",
        }
        sheet.grid(plan["robust_plan"], {name: named(name) for name in chosen}, chosen)
    sheet.printed(plan.setting.plan)
