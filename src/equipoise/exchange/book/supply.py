"""The sheets of supply review: what is required beside what is planned, targets, causes, clashes, checks, and the plan by week."""

import polars as pl

from equipoise.charts.supply_rows import utilisation
from equipoise.exchange.book.sheet import Book, Kind
from equipoise.exchange.pack import grids
from equipoise.exchange.pack.certificate import facts, sentence
from equipoise.exchange.pack.plan import Plan
from equipoise.exchange.pack.wording import named

MOST_LISTED = 5_000
_SHADES = ((1.0001, "#c9432f", "#ffffff"), (0.95, "#2f6ba5", "#ffffff"), (0.85, "#6f9fca", "#25303b"), (0.7, "#abc8e2", "#25303b"))
# Each list: its table, sheet and title, how it is sorted (a column that begins with - goes down), and the columns with their kinds.
_LISTS: tuple[tuple[str, str, str, tuple[str, ...], dict[str, Kind]], ...] = (
    (
        "inventory_target",
        "Inventory targets",
        "Safety stock and base stock by formula, in the unit of the item",
        ("item", "location", "period"),
        {
            "item": "text",
            "location": "text",
            "period": "date",
            "service_level": "exact",
            "service_measure": "text",
            "lead_time": "decimal",
            "lead_time_deviation": "decimal",
            "review_time": "decimal",
            "demand": "decimal",
            "demand_deviation": "decimal",
            "safety_stock": "decimal",
            "base_stock": "decimal",
            "weeks_of_supply": "decimal",
            "sentence": "text",
        },
    ),
    (
        "supply_cause",
        "Causes",
        "Which limits cause each short unit and each missed target, the most units first",
        ("kind", "-quantity", "item", "place", "period", "limit", "subject"),
        {
            "kind": "text",
            "item": "text",
            "place": "text",
            "period": "date",
            "limit": "text",
            "subject": "text",
            "quantity": "decimal",
            "share": "share",
            "sentence": "text",
        },
    ),
    (
        "clash",
        "Clash",
        "The smallest set of rules that cannot hold together: without any one of them, the others could",
        ("position",),
        {"position": "exact", "rule": "text", "subject": "text", "period": "date", "limit": "exact", "unit": "text", "sentence": "text"},
    ),
)


def add_supply_views(book: Book, plan: Plan) -> None:
    """Add the sheets of supply review for which the plan has something. A list holds at most 5,000 rows; its title says where more are."""
    if plan.has("material_requirement") or plan.has("capacity_requirement"):
        _requirements(book, plan)
    for name, sheet_name, meaning, order, kinds in _LISTS:
        if plan.has(name):
            _list(book, plan, name, (sheet_name, meaning), order, kinds)
    if plan.has("item_plan"):
        _by_week(book, plan)
    if plan.has("audit"):
        _checks(book, plan)


def _list(book: Book, plan: Plan, name: str, titles: tuple[str, str], order: tuple[str, ...], kinds: dict[str, Kind]) -> None:
    frame = plan[name]
    by = [pl.col(key.lstrip("-")).round(6) if key.startswith("-") else pl.col(key) for key in order]
    frame = frame.sort(by, descending=[key.startswith("-") for key in order], nulls_last=True, maintain_order=True)
    sheet = book.sheet(titles[0], titles[1] + _more(frame.height, name))
    shown = frame.head(MOST_LISTED).with_columns(
        pl.col(key).str.replace_all("_", " ") for key in ("limit", "rule") if kinds.get(key) == "text"
    )
    sheet.grid(shown, {column: named(column) for column in kinds}, kinds, wrap=True, table=True)
    sheet.printed(plan.setting.plan)


def _more(height: int, name: str) -> str:
    return f" (the first {MOST_LISTED:,} of {height:,}; all are in table {name})" if height > MOST_LISTED else ""


def _requirements(book: Book, plan: Plan) -> None:
    """Add units by family and load by resource, each without limits beside the plan."""
    sheet = book.sheet("Requirements", "What would be required without limits, beside the plan")
    if plan.has("material_requirement"):
        by = "family" if plan.has_families else "item"
        sheet.heading(f"By {by}, {plan.unit} made and bought over {plan.length}")
        rows = grids.required(plan).with_columns(pl.lit("all periods").alias("measure"))
        heads = {
            "family": by.capitalize(),
            "measure": "Measure",
            **grids.REQUIRED,
        }
        sheet.grid(rows, heads, {})
    if plan.has("capacity_requirement"):
        sheet.heading("Asked of each resource without limits, and planned, share of regular capacity")
        spans = grids.periods_across(plan)
        shares = utilisation(plan["capacity_load"], plan["capacity_requirement"])
        parts = [
            grids.across(shares, ["resource"], name, spans, stock=True, missing=None).with_columns(pl.lit(named(name)).alias("measure"))
            for name in ("asked", "planned")
        ]
        grid = pl.concat(parts).sort("resource", maintain_order=True)
        heads = {"resource": "Resource", "measure": "Measure", **{label: label for label in spans}}
        area = sheet.grid(grid, heads, dict.fromkeys(spans, "share"))
        for least, ground, ink in _SHADES:
            style = book.file.add_format({"bg_color": ground, "font_color": ink})
            sheet.shade(area, 2, {"type": "cell", "criteria": ">=", "value": least, "format": style, "stop_if_true": True})
        sheet.heading("Asked by family, in the unit of the resource")
        need = plan["capacity_requirement"].with_columns(pl.col("family").fill_null("")).sort("resource", "family", "period")
        by_family = grids.across(need, ["resource", "family"], "required", spans)
        sheet.grid(by_family, {"resource": "Resource", "family": "Family", **{label: label for label in (*spans, grids.TOTAL)}}, {})
    sheet.printed(plan.setting.plan)


def _by_week(book: Book, plan: Plan) -> None:
    """Add the plan by item and week, the weeks across."""
    rows = plan["item_plan"].sort("route", "item", "week")
    weeks = {f"{week:%Y-%m-%d}": week for week in rows.get_column("week").unique().sort()}
    keys = ["route", "item", "location"]
    named_rows = rows.with_columns(pl.col("week").dt.strftime("%Y-%m-%d").alias("label"))
    sums = named_rows.group_by([*keys, "label"], maintain_order=True).agg(pl.col("quantity").sum().round(9))
    grid = sums.pivot(on="label", on_columns=list(weeks), index=keys, values="quantity")
    sheet = book.sheet("Plan by week", "Made and bought by route, item and week (first day)" + _more(grid.height, "item_plan"))
    sheet.grid(grid.head(MOST_LISTED), {**{key: named(key) for key in keys}, **{label: label for label in weeks}}, {}, table=True)
    sheet.printed(plan.setting.plan)


def _checks(book: Book, plan: Plan) -> None:
    """Add how the plan was solved, and every check of it."""
    sheet = book.sheet("Checks", sentence(plan) or "How the plan was solved and checked")
    checks = plan["audit"]
    if checks.height:
        rank = pl.col("status").replace_strict({"failed": 0, "gave way": 1, "passed": 2}, default=3, return_dtype=pl.Int64)
        kinds: dict[str, Kind] = {
            "check": "text",
            "status": "text",
            "meaning": "text",
            "rows": "number",
            "failed": "number",
            "worst": "exact",
            "place": "text",
        }
        sheet.grid(checks.sort(rank, maintain_order=True), {name: named(name) for name in kinds}, kinds, wrap=True)
    known = facts(plan)
    if known:
        sheet.heading("How the plan was solved")
        frame = pl.DataFrame({"fact": list(known), "value": list(known.values())}, schema={"fact": pl.String, "value": pl.String})
        sheet.grid(frame, {"fact": "Fact", "value": "Value"}, {}, wrap=True)
    sheet.printed(plan.setting.plan)
