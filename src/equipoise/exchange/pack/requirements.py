"""What would be required if nothing limited supply, beside what is planned: units, capacity, production and stock."""

from collections.abc import Iterator

import polars as pl

from equipoise.charts.flows import Network, network
from equipoise.charts.scale import plain
from equipoise.charts.supply_rows import build_rows, family_load
from equipoise.exchange.pack import grids
from equipoise.exchange.pack.blocks import Block, Grid, Head, Heading, Paragraph, Picture
from equipoise.exchange.pack.certificate import more
from equipoise.exchange.pack.plan import Plan
from equipoise.exchange.pack.wording import grid_of
from equipoise.tables.figures import number, share

MOST_RESOURCES = 30
MOST_FAMILIES = 12
_FULL = 1.0001


def units(plan: Plan) -> Iterator[Block]:
    """Return the pictures of supply and stock against demand, in total and by family, and required units beside planned ones."""
    if not any(plan.has(name) for name in ("supply_plan", "purchase_plan", "inventory_plan")) or not plan.has("demand_plan"):
        return
    yield Heading("Supply and stock against demand")
    rows = build_rows(plan["supply_plan"], plan["purchase_plan"], plan["demand_plan"], plan["inventory_plan"], plan.item)
    rows = rows.filter(pl.col("period").is_in(list(plan.calendar.periods)))
    if rows.height:
        yield Picture(lambda: _build_picture(plan, rows))
    if rows.get_column("family").n_unique() > 1:
        yield Picture(lambda: _families_picture(plan, rows))
    yield from _side_by_side(plan)


def _build_picture(plan: Plan, rows: pl.DataFrame) -> str:
    from equipoise.charts.build import build_against_demand
    from equipoise.charts.drawing import svg

    return svg(build_against_demand(rows, plan.setting, unit=plan.unit))


def _families_picture(plan: Plan, rows: pl.DataFrame) -> str:
    from equipoise.charts.build import build_by_family
    from equipoise.charts.drawing import svg

    return svg(build_by_family(rows, plan.setting, unit=plan.unit))


def _side_by_side(plan: Plan) -> Iterator[Block]:
    if not plan.has("material_requirement"):
        return
    by = "family" if plan.has_families else "item"
    rows = grids.required(plan)
    shown = grids.with_total(rows, "family", MOST_FAMILIES) if rows.height > 1 else rows
    heads = {
        "family": by.capitalize(),
        **grids.REQUIRED,
    }
    totals = frozenset({shown.height - 1}) if rows.height > 1 else frozenset()
    yield grid_of(shown, heads, f"Without limits and as planned, by {by}, {plan.unit} made and bought over {plan.length}", totals=totals)


def capacity(plan: Plan) -> Iterator[Block]:
    """Return the load heat map, what each family takes of the fullest resources, and the load of each resource over the horizon."""
    yield Heading("Load and capacity")
    if not plan.has("capacity_load"):
        yield Paragraph("No capacity is given, so no load is shown.", quiet=True)
        return
    if plan.has("capacity_load", "utilisation"):
        yield Picture(lambda: _heat_map(plan))
    filled = family_load(plan["capacity_load"], plan["route_load"], plan.item, plan["capacity_requirement"])
    filled = filled.filter(pl.col("period").is_in(list(plan.calendar.periods)) & (pl.col("share").abs() > 0))
    if filled.get_column("family").n_unique() > 1:
        yield Picture(lambda: _rough_cut(plan, filled))
    loads = grids.load(plan)
    asked = plan.has("capacity_requirement")
    yield _load_grid(plan, loads.head(MOST_RESOURCES), asked=asked)
    yield from more(loads.height - MOST_RESOURCES, "capacity_load")


def _heat_map(plan: Plan) -> str:
    from equipoise.charts.drawing import svg
    from equipoise.charts.supply import load_heat_map

    return svg(load_heat_map(plan["capacity_load"], plan.setting, plan["capacity_requirement"]))


def _rough_cut(plan: Plan, rows: pl.DataFrame) -> str:
    from equipoise.charts.drawing import svg
    from equipoise.charts.rough_cut import load_by_family

    return svg(load_by_family(rows, plan.setting, asked=plan.has("capacity_requirement")))


def _load_grid(plan: Plan, loads: pl.DataFrame, *, asked: bool) -> Grid:
    """Return the grid of resources; `asked` adds what would be required of each without limits, in all and at most."""
    names = ["Resource", "Unit", "Available", *(["Asked"] if asked else []), "Load", "Overtime", "Idle", "Utilisation", "Peak", "Peak in"]
    names += ["Most asked", "Asked in"] if asked else []
    texts = {"Resource", "Unit", "Peak in", "Asked in"}
    grid = Grid("Capacity and load by resource, each in its own unit", tuple(Head(name, name not in texts) for name in names), ())
    rows: list[tuple[str, ...]] = []
    for position, row in enumerate(loads.iter_rows(named=True)):
        amounts = tuple(plain(row[name]) for name in ("available", *(["required"] if asked else []), "load", "overtime", "idle"))
        shares = tuple(_share(row[name]) for name in ("utilisation", "peak"))
        ends = (_share(row["most"]), _when(plan, row, "most_in", "most")) if asked else ()
        rows.append((row["resource"], row["unit"] or "", *amounts, *shares, _when(plan, row, "when", "peak"), *ends))
        tones = {names.index("Peak"): row["peak"], **({names.index("Most asked"): row["most"]} if asked else {})}
        grid.tones.update({(position, column): "bad" for column, value in tones.items() if value is not None and value > _FULL})
    return Grid(grid.caption, grid.heads, tuple(rows), grid.tones)


def _share(value: float | None) -> str:
    return "" if value is None else share(value)


def _when(plan: Plan, row: dict[str, object], column: str, value: str) -> str:
    period = row[column]
    return plan.during(period, None) if row[value] is not None else ""  # type: ignore[arg-type]


def flows(plan: Plan) -> Iterator[Block]:
    """Return the picture of the supply network with its flows; nothing where nothing flows."""
    found = network(*(plan[name] for name in ("supply_plan", "purchase_plan", "transfer_plan", "shipment_plan", "location", "demand_plan")))
    if found.links.is_empty():
        return
    yield Heading("Supply network")
    yield Picture(lambda: _network_picture(plan, found))
    names = found.nodes.filter(~pl.col("merged")).height
    if found.nodes.get_column("merged").any():
        yield Paragraph(f"The {number(names)} largest are drawn one by one; the smaller ones of a column are drawn together.", quiet=True)


def _network_picture(plan: Plan, found: Network) -> str:
    from equipoise.charts.drawing import svg
    from equipoise.charts.network import supply_network

    return svg(supply_network(found, unit=plan.unit))
