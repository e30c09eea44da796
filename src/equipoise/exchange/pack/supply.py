"""The sections on supply and inventory."""

from collections.abc import Iterator

import polars as pl

from equipoise.charts.scale import plain
from equipoise.charts.series import total
from equipoise.exchange.pack import causes, grids, requirements
from equipoise.exchange.pack.blocks import Block, Grid, Head, Heading, Paragraph, Picture, Points, Section
from equipoise.exchange.pack.certificate import certificate, more
from equipoise.exchange.pack.plan import Plan
from equipoise.exchange.pack.wording import grid_of
from equipoise.tables.figures import share

MOST_FAMILIES = 12
MOST_TARGETS = 12


def section(plan: Plan) -> Section | None:
    """Return the certificate, supply against demand, load, what limits the plan and why, the network and the plan by family.

    None where nothing is planned.
    """
    if not any(plan.has(name) for name in ("shortage", "supply_plan", "purchase_plan", "capacity_load")):
        return None
    makers = (certificate, requirements.units, requirements.capacity, causes.limits, causes.causes, requirements.flows, _families)
    return Section("supply", "Supply", tuple(block for make in makers for block in make(plan)))


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
        yield from more(worst.height - 10, "inventory_plan")
    else:
        yield Paragraph("Stock meets its target in every period.")
    yield from _targets(plan)


def _targets(plan: Plan) -> Iterator[Block]:
    """Return the targets set by formula, the largest safety stock first, as of the first period they hold in."""
    rows = plan["inventory_target"].sort("item", "location", "period").unique(["item", "location"], keep="first", maintain_order=True)
    if rows.is_empty():
        return
    order = rows.sort([pl.col("safety_stock").round(6), "item", "location"], descending=[True, False, False], nulls_last=True)
    yield Heading("Inventory targets")
    yield Points(tuple(order.get_column("sentence").drop_nulls().head(3).to_list()))
    heads = (
        *(Head("Item"), Head("Location"), Head("Service level", number=True), Head("Lead time, days", number=True)),
        *(Head("Safety stock", number=True), Head("Base stock", number=True), Head("Weeks of supply", number=True)),
    )
    shown = tuple(
        (
            row["item"],
            row["location"],
            "" if row["service_level"] is None else share(row["service_level"], whole=False),
            plain(row["lead_time"]),
            plain(row["safety_stock"]),
            plain(row["base_stock"]),
            plain(row["weeks_of_supply"], 1),
        )
        for row in order.head(MOST_TARGETS).iter_rows(named=True)
    )
    yield Grid(
        f"Safety stock and base stock by formula, in the unit of the item, {plan.during(plan.calendar.periods[0], None)}", heads, shown
    )
    yield from more(order.height - MOST_TARGETS, "inventory_target")


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
