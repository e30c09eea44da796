"""The sections on supply and inventory."""

from collections.abc import Iterator

import polars as pl

from equipoise.charts.scale import plain
from equipoise.charts.series import total
from equipoise.exchange.pack import grids
from equipoise.exchange.pack.blocks import Block, Grid, Head, Heading, Paragraph, Picture, Points, Section, Tone
from equipoise.exchange.pack.plan import Plan
from equipoise.exchange.pack.wording import grid_of, named
from equipoise.tables.figures import money, number, share

MOST_RESOURCES = 30
MOST_LIMITS = 15
MOST_SENTENCES = 8
MOST_FAMILIES = 12


def section(plan: Plan) -> Section | None:
    """Return load, what limits the plan, broken rules and the plan by family; None where nothing is planned."""
    if not any(plan.has(name) for name in ("shortage", "supply_plan", "purchase_plan", "capacity_load")):
        return None
    return Section("supply", "Supply", (*_violations(plan), *_load(plan), *_limits(plan), *_families(plan)))


def _violations(plan: Plan) -> Iterator[Block]:
    broken = plan["violation"].sort("rule", "subject", "period", nulls_last=False)
    if broken.height:
        yield Heading("Rules that could not hold")
        yield Points(
            tuple(
                text or f"{rule}: {subject}"
                for rule, subject, text in broken.select("rule", "subject", "sentence").head(MOST_LIMITS).iter_rows()
            )
        )
        yield from _more(broken.height - MOST_LIMITS, "violation")


def _more(count: int, name: str) -> Iterator[Block]:
    if count > 0:
        yield Paragraph(f"{number(count)} more in table {name}.", quiet=True)


def _load(plan: Plan) -> Iterator[Block]:
    if not plan.has("capacity_load"):
        yield Paragraph("No capacity is given, so no load is shown.", quiet=True)
        return
    if plan.has("capacity_load", "utilisation"):
        yield Picture(lambda: _heat_map(plan))
    loads = grids.load(plan)
    yield Heading("Load over the horizon")
    yield _load_grid(plan, loads.head(MOST_RESOURCES))
    yield from _more(loads.height - MOST_RESOURCES, "capacity_load")


def _heat_map(plan: Plan) -> str:
    from equipoise.charts.drawing import svg
    from equipoise.charts.supply import load_heat_map

    return svg(load_heat_map(plan["capacity_load"], plan.setting))


def _load_grid(plan: Plan, loads: pl.DataFrame) -> Grid:
    names = ("Resource", "Unit", "Available", "Load", "Overtime", "Idle", "Utilisation", "Peak", "Peak in")
    heads = tuple(Head(name, position in range(2, 8)) for position, name in enumerate(names))
    rows: list[tuple[str, ...]] = []
    tones: dict[tuple[int, int], Tone] = {}
    for position, row in enumerate(loads.iter_rows(named=True)):
        amounts = tuple(plain(row[name]) for name in ("available", "load", "overtime", "idle"))
        shares = tuple("" if row[name] is None else share(row[name]) for name in ("utilisation", "peak"))
        when = plan.during(row["when"], None) if row["peak"] is not None else ""
        rows.append((row["resource"], row["unit"] or "", *amounts, *shares, when))
        tones |= {(position, 7): _tone(row["peak"])}
    return Grid("Capacity and load by resource, each in its own unit", heads, tuple(rows), tones)


def _tone(peak: float | None) -> Tone:
    return "bad" if peak is not None and peak > 1.0001 else ""


def _limits(plan: Plan) -> Iterator[Block]:
    binding = plan["binding"]
    yield Heading("What limits the plan")
    if binding.is_empty():
        yield Paragraph("No limit was found to bind.")
        return
    worth = pl.col("value").fill_null(0.0)  # what holds the plan back comes before what it is asked to keep, such as target stock
    order = binding.sort([worth, "limit", "subject", "period"], descending=[True, False, False, False])
    told = order.filter(pl.col("sentence").is_not_null()).unique(["limit", "subject"], keep="first", maintain_order=True)
    yield Points(tuple(told.get_column("sentence").head(MOST_SENTENCES).to_list()))
    sums = order.group_by("limit", "subject", maintain_order=True).agg(
        pl.col("period").min().alias("first"),
        pl.col("period").max().alias("last"),
        pl.len().alias("count"),
        pl.col("value").max(),
        pl.col("unit").drop_nulls().first(),
    )
    yield _limit_grid(plan, sums.head(MOST_LIMITS))
    yield from _more(sums.height - MOST_LIMITS, "binding")


def _limit_grid(plan: Plan, sums: pl.DataFrame) -> Grid:
    heads = (Head("Limit"), Head("Of"), Head("Binds in"), Head("Periods", number=True), Head("One more is worth, at most", number=True))
    rows = []
    for row in sums.iter_rows(named=True):
        worth = f"{money(row['value'], plan.setting.currency)} per {_one(row['unit'] or 'unit')}" if row["value"] else ""
        rows.append((named(row["limit"]), row["subject"], plan.during(row["first"], row["last"]), number(row["count"]), worth))
    return Grid("Limits that bind, the most valuable first", heads, tuple(rows))


def _one(unit: str) -> str:
    return unit.removesuffix("s") if len(unit) > 3 else unit


def _families(plan: Plan) -> Iterator[Block]:
    spans = plan.quarters()
    grid = grids.plan_grid(plan, "family", spans)
    sizes = grid.filter(pl.col("measure") == "Demand").sort([grids.TOTAL, "family"], descending=[True, False])
    shown = sizes.get_column("family").head(MOST_FAMILIES)
    rows = grid.filter(pl.col("family").is_in(shown.implode()))
    if rows.is_empty():
        return
    by = "family" if plan.has_families else "item"
    yield Heading(f"Plan by {by}")
    yield _plan_grid(plan, rows, by, spans)
    if sizes.height > MOST_FAMILIES:
        yield Paragraph(f"The {MOST_FAMILIES} largest of {sizes.height}; all of them are in the workbook.", quiet=True)


def _plan_grid(plan: Plan, rows: pl.DataFrame, by: str, spans: grids.Spans) -> Grid:
    numbers = [*spans, grids.TOTAL]
    heads = (Head(by.capitalize()), Head("Measure"), *(Head(name, number=True) for name in numbers))
    printed: list[tuple[str, ...]] = []
    before = ""
    for row in rows.iter_rows(named=True):
        digits = 1 if row["measure"] == grids.WEEKS else 0
        printed.append((row["family"] if row["family"] != before else "", row["measure"], *(plain(row[name], digits) for name in numbers)))
        before = row["family"]
    return Grid(f"Demand, supply and inventory by {by}, {plan.unit}", heads, tuple(printed))


def inventory(plan: Plan) -> Section | None:
    """Return stock and cover by family, and what is below target; None where nothing is planned at all."""
    stock = plan["inventory_plan"]
    if not (total(stock, "quantity") or total(stock, "target")):
        if not plan.has("shortage"):
            return None
        words = "No stock is planned: what is made ships in its period. Opening stock or inventory targets would be shown here."
        return Section("inventory", "Inventory", (Paragraph(words, quiet=True),))
    return Section("inventory", "Inventory", tuple(_stock(plan)))


def _stock(plan: Plan) -> Iterator[Block]:
    yield Picture(lambda: _stock_picture(plan))
    if plan.has("demand_plan"):
        yield Picture(lambda: _cover_picture(plan))
    if not plan.has("inventory_plan", "value"):
        yield Paragraph("No standard cost is given, so stock is shown in units and has no value.", quiet=True)
    worst = _below(plan)
    if worst.height:
        yield Heading("Furthest below target")
        heads = {"item": "Item", "location": "Location", "during": "Periods", "shortfall": "Most below", "target": "Target then"}
        yield grid_of(worst.head(10), heads, "Stock below target")
        yield from _more(worst.height - 10, "inventory_plan")
    else:
        yield Paragraph("Stock meets its target in every period.")


def _below(plan: Plan) -> pl.DataFrame:
    """Return one row an item and location that falls below target, the worst first."""
    rows = plan["inventory_plan"].filter(pl.col("shortfall") > 0.5).sort("item", "location", "period")
    worst = rows.group_by("item", "location", maintain_order=True).agg(
        pl.col("period").min().alias("first"),
        pl.col("period").max().alias("last"),
        pl.col("target").get(pl.col("shortfall").arg_max()),
        pl.col("shortfall").max(),
    )
    words = [plan.during(first, last) for first, last in worst.select("first", "last").iter_rows()]
    return worst.with_columns(pl.Series("during", words, pl.String)).sort(["shortfall", "item"], descending=[True, False])


def _stock_picture(plan: Plan) -> str:
    from equipoise.charts.drawing import svg
    from equipoise.charts.stock import inventory as drawn

    return svg(drawn(plan["inventory_plan"], plan.item, plan.setting))


def _cover_picture(plan: Plan) -> str:
    from equipoise.charts.drawing import svg
    from equipoise.charts.stock import cover

    return svg(cover(plan["inventory_plan"], plan["demand_plan"], plan.item, plan.setting))
