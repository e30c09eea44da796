"""The sheets people read: plan grids with the periods across, with native charts."""

from collections.abc import Sequence

import polars as pl

from equipoise.exchange.book.drawing import COLORS, Line, column_chart, rows_chart
from equipoise.exchange.book.risk import add_risk_views
from equipoise.exchange.book.sheet import Area, Book, Kind
from equipoise.exchange.book.supply import add_supply_views
from equipoise.exchange.pack import grids
from equipoise.exchange.pack.money import SUMS, cash, statement
from equipoise.exchange.pack.plan import Plan
from equipoise.exchange.pack.wording import FRACTIONS, in_unit, named

_BAD = {"font_color": "#b03a30", "bold": True}
_LINES = {"Demand": ("#1f4e79", False), "Budget": ("#3c7d68", True), "Shipped": ("#d9822b", False), "Made and bought": ("#a8577e", False)}
CHART_ROWS = 17
_SHADES = (
    (1.0001, "#c9432f", "#ffffff"),
    (0.95, "#2f6ba5", "#ffffff"),
    (0.85, "#6f9fca", "#25303b"),
    (0.7, "#abc8e2", "#25303b"),
    (0.5, "#d6e4f1", "#25303b"),
)


def add_views(book: Book, plan: Plan) -> None:
    """Add every sheet for which the plan has something."""
    if plan.has("demand_plan"):
        _plan(book, plan, "total", "Plan", "Demand, supply and inventory, all items")
        _plan(book, plan, "family", "Plan by family", "Demand, supply and inventory by family")
        _plan(book, plan, "item", "Plan by item", "Demand, supply and inventory by item")
        _demand(book, plan)
    _supply(book, plan)
    if plan.has("inventory_plan"):
        _inventory(book, plan)
    if plan.has("capacity_load"):
        _load(book, plan)
    add_supply_views(book, plan)
    if plan.has("scenario_result"):
        _scenarios(book, plan)
    add_risk_views(book, plan)
    if plan.has("financials"):
        _money(book, plan)


def _plan(book: Book, plan: Plan, level: grids.Level, name: str, meaning: str) -> None:
    spans = grids.periods_across(plan)
    frame = grids.plan_grid(plan, level, spans)
    sheet = book.sheet(name, f"{meaning}, {plan.unit}")
    charted = level == "total"
    sheet.row += CHART_ROWS if charted else 0
    measures = frame.get_column("measure").to_list()
    rows: dict[int, Kind] = {number: "decimal" for number, measure in enumerate(measures) if measure == grids.WEEKS}
    totals = [number for number, measure in enumerate(measures) if measure == "Demand"]
    heads = {
        level: level.capitalize() if level != "total" else "",
        "measure": "Measure",
        **{label: label for label in (*spans, grids.TOTAL)},
    }
    area = sheet.grid(frame, heads, {}, row_kinds=rows, bold=totals if level != "total" else (), table=True)
    late = {
        "type": "formula",
        "criteria": f'=AND(OR($B{area.first + 1}="Late at the end",$B{area.first + 1}="Lost"),C{area.first + 1}>0.5)',
        "format": book.file.add_format(_BAD),
    }
    sheet.shade(area, 2, late)
    if charted:
        lines = [Line(area.first + number, *_LINES[measure]) for number, measure in enumerate(measures) if measure in _LINES]
        periods = Area(area.first, area.last, 0, area.right - 1)
        rows_chart(sheet, "line", area.first - 1, periods, lines, (1, 2), title="Demand against supply", unit=plan.unit, at=(2, 0))
    sheet.printed(plan.setting.plan)


def _demand(book: Book, plan: Plan) -> None:
    spans = grids.periods_across(plan)
    frame = grids.demand(plan, ["family", "item", "market"], spans)
    names = plan.item.select("item", "name", "unit").unique("item")
    joined = frame.join(names, on="item", how="left", maintain_order="left")
    heads = {
        "family": "Family",
        "item": "Item",
        "name": "Name",
        "market": "Market",
        "unit": "Unit",
        **{label: label for label in (*spans, grids.TOTAL)},
    }
    sheet = book.sheet("Demand plan", "Demand plan by family, item and market, in the unit of the item")
    sheet.grid(joined, heads, {}, table=True)
    sheet.printed(plan.setting.plan)


def _supply(book: Book, plan: Plan) -> None:
    spans = grids.periods_across(plan)
    parts = (
        ("supply_plan", "Make", ["route", "item", "location"]),
        ("purchase_plan", "Buy", ["purchase", "item", "location"]),
        ("transfer_plan", "Move", ["lane", "item", "from", "to"]),
    )
    for name, word, keys in parts:
        if plan.has(name):
            frame = grids.across(plan[name].sort([*keys, "period"]), keys, "quantity", spans)
            sheet = book.sheet(
                {"Make": "Production plan", "Buy": "Purchase plan", "Move": "Transfer plan"}[word], f"{word}: by {', '.join(keys)}"
            )
            sheet.grid(frame, {key: named(key) for key in keys} | {label: label for label in (*spans, grids.TOTAL)}, {}, table=True)
            sheet.printed(plan.setting.plan)


def _inventory(book: Book, plan: Plan) -> None:
    spans = grids.periods_across(plan)
    keys = ["item", "location"]
    rows = plan["inventory_plan"].sort([*keys, "period"])
    valued = plan.has("inventory_plan", "value")
    by_family = grids.stock_by_family(plan, "value" if valued else "quantity", spans)
    unit = plan.currency if valued else plan.unit
    sheet = book.sheet("Inventory", "Inventory at the end of each period")
    sheet.row += CHART_ROWS
    sheet.heading(in_unit("By family", unit))
    labels = {label: label for label in spans}
    area = sheet.grid(by_family.with_columns(pl.lit("all").alias("location")), {"family": "Family", "location": "Location", **labels}, {})
    lines = [Line(area.first + number, COLORS[number % len(COLORS)]) for number in range(min(by_family.height, len(COLORS)))]
    rows_chart(sheet, "stacked", area.first - 1, area, lines, (0, 2), title="Inventory by family", unit=unit, at=(2, 0))
    sheet.heading("By item and location, units")
    frame = grids.across(rows, keys, "quantity", spans, stock=True)
    sheet.grid(frame, {"item": "Item", "location": "Location", **labels}, {})
    sheet.printed(plan.setting.plan)


def _load(book: Book, plan: Plan) -> None:
    spans = grids.periods_across(plan)
    rows = plan["capacity_load"].sort("resource", "period")
    share = grids.across(rows, ["resource"], "utilisation", spans, stock=True, missing=None)
    share = share.with_columns(pl.lit("Utilisation").alias("measure"))
    sheet = book.sheet("Load", "Load of each resource, share of regular capacity")
    sheet.row += CHART_ROWS
    labels = {label: label for label in spans}
    kinds: dict[str, Kind] = dict.fromkeys(spans, "share")
    area = sheet.grid(share, {"resource": "Resource", "measure": "Measure", **labels}, kinds)
    for least, ground, ink in _SHADES:
        style = book.file.add_format({"bg_color": ground, "font_color": ink})
        sheet.shade(area, 2, {"type": "cell", "criteria": ">=", "value": least, "format": style, "stop_if_true": True})
    lines = [Line(area.first + number, COLORS[number % len(COLORS)]) for number in range(min(share.height, len(COLORS)))]
    rows_chart(
        sheet, "line", area.first - 1, area, lines, (0, 2), title="Load by resource", unit="share of regular capacity", at=(2, 0), form="0%"
    )
    sheet.heading("Capacity, load and overtime, in the unit of the resource")
    detail = pl.concat(
        [
            grids.across(rows.select("resource", "period", pl.col(name).alias("value")), ["resource"], "value", spans).with_columns(
                pl.lit(named(name)).alias("measure")
            )
            for name in ("available", "load", "overtime", "idle")
        ]
    )
    sheet.grid(
        detail.sort("resource", maintain_order=True), {"resource": "Resource", "measure": "Measure", **labels, grids.TOTAL: grids.TOTAL}, {}
    )
    sheet.printed(plan.setting.plan)


def _scenarios(book: Book, plan: Plan) -> None:
    names, results = grids.scenarios(plan)
    sheet = book.sheet("Scenarios", "Scenarios side by side")
    sheet.heading("Results")
    shown = results.with_columns(pl.Series("measure", [named(name) for name in results.get_column("measure")]))
    rows: dict[int, Kind] = {number: "share" if unit in FRACTIONS else "number" for number, unit in enumerate(results.get_column("unit"))}
    sheet.grid(shown, {"measure": "Measure", "unit": "Unit", **{name: named(name) for name in names}}, {}, row_kinds=rows)
    measures = [name for name in results.get_column("measure").to_list() if _charted(results, names, name)][:3]
    sheet.heading("For the charts")
    turned = (
        results.filter(pl.col("measure").is_in(measures))
        .select("measure", *names)
        .transpose(include_header=True, header_name="scenario", column_names="measure")
        .with_columns(pl.exclude("scenario").cast(pl.Float64))
    )
    units = dict(results.select("measure", "unit").iter_rows())
    kinds: dict[str, Kind] = {name: "share" if units[name] in FRACTIONS else "number" for name in measures}
    area = sheet.grid(turned, {"scenario": "Scenario", **{name: named(name) for name in measures}}, kinds)
    for number, name in enumerate(measures):
        form = "0%" if units[name] in FRACTIONS else "#,##0"
        column_chart(
            sheet, area, number + 1, title=named(name), unit=units[name] or "", at=(sheet.row + number // 2 * 14, number % 2 * 5), form=form
        )
    sheet.printed(plan.setting.plan)


def _charted(results: pl.DataFrame, names: Sequence[str], measure: str) -> bool:
    values = results.filter(pl.col("measure") == measure).select(names).row(0)
    return len({value for value in values if value is not None}) > 1


def _money(book: Book, plan: Plan) -> None:
    spans = grids.periods_across(plan)
    lines = statement(plan, spans)
    sheet = book.sheet("Profit and loss", in_unit("Profit and loss of the base plan", plan.currency))
    totals = [number for number, line in enumerate(lines.get_column("line")) if line in SUMS]
    shown = lines.with_columns(pl.Series("line", [named(line) for line in lines.get_column("line")]))
    heads = {"line": "Line", **{name: name for name in shown.columns if name != "line"}}
    sheet.grid(shown, heads, {}, bold=totals, table=True)
    flows = cash(plan, spans)
    if flows.height:
        sheet.heading(in_unit("Cash and working capital, at the end of each period", plan.currency))
        printed = flows.with_columns(pl.Series("line", [named(line) for line in flows.get_column("line")]))
        bold = [number for number, line in enumerate(flows.get_column("line")) if line in SUMS]
        sheet.grid(printed, {"line": "Line", **{name: name for name in printed.columns if name != "line"}}, {}, bold=bold)
    for against, heading in (("budget", "Bridge from budget to plan"), ("last_cycle", "Bridge from the last cycle's plan to this one")):
        bridge = plan["bridge"].filter(pl.col("against") == against).sort("measure", "position")
        if bridge.height:
            sheet.heading(heading)
            bridge = bridge.with_columns(pl.col("measure").map_elements(named, return_dtype=pl.String))
            sheet.grid(bridge, {"measure": "Measure", "step": "Step", "amount": "Amount", "kind": "Kind"}, {})
    if plan.has("sensitivity"):
        sheet.heading(in_unit("What profit changes when one thing is lower or higher", plan.currency))
        heads = {"driver": "Driver", "subject": "Of", "change": "Change", "low": "Lower", "high": "Higher", "sentence": "In words"}
        sheet.grid(plan["sensitivity"].sort("rank", nulls_last=True), heads, {"change": "share"})
    sheet.printed(plan.setting.plan)
