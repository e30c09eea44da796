"""The sections that only the pack of pre-S&OP has: its agenda, money in short, and assumptions that stand open."""

from collections.abc import Iterator

import polars as pl

from equipoise.exchange.pack.blocks import Block, Grid, Head, Paragraph, Section
from equipoise.exchange.pack.decide import agenda_grid, assumption_grid, decision_grid
from equipoise.exchange.pack.plan import Plan
from equipoise.exchange.pack.wording import in_unit, named, signed
from equipoise.tables.figures import number, share

_LINES = ("revenue", "cost_of_goods", "gross_margin", "contribution", "cash_flow")
_STOCK = "inventory_value"


def agenda(plan: Plan) -> Section | None:
    """Return the agenda of pre-S&OP; None where there is none."""
    grid = agenda_grid(plan, "pre_sop", "pre-S&OP")
    return Section("agenda", "Agenda", (grid,)) if grid is not None else None


def decisions(plan: Plan) -> Section | None:
    """Return what is handed to the executive meeting; None where nothing is."""
    if not plan.has("decision_needed"):
        return None
    return Section("decisions", "Decisions needed", (decision_grid(plan),))


def money(plan: Plan) -> Section | None:
    """Return the money of the plan in a few lines beside the budget; None where there is no plan."""
    if not plan.has("demand_plan"):
        return None
    return Section("money", "Money in short", tuple(_money(plan)))


def _money(plan: Plan) -> Iterator[Block]:
    rows = plan["financials"].filter((pl.col("scenario") == "base") & pl.col("amount").is_not_null())
    sums = rows.group_by("line", maintain_order=True).agg(
        pl.col("amount").sum(), pl.col("amount").filter(pl.col("budget").is_not_null()).sum().alias("judged"), pl.col("budget").sum()
    )
    lines = {row["line"]: row for row in sums.iter_rows(named=True)}
    shown = [lines[name] for name in _LINES if name in lines]
    if not shown:
        yield Paragraph("No prices or costs are given: money that is not given is never invented.", quiet=True)
        return
    heads = (Head("Line"), Head(in_unit("Plan", plan.currency), number=True), Head("Against budget", number=True))
    cells = [(named(row["line"]), number(row["amount"]), _against(row)) for row in shown]
    ends = rows.filter((pl.col("line") == _STOCK) & (pl.col("period") == plan.calendar.periods[-1])).get_column("amount")
    if ends.len():
        cells.append(("Inventory at the end", number(float(ends.sum())), ""))
    yield Grid(f"Money over {plan.length}", heads, tuple(cells))


def _against(row: dict[str, float]) -> str:
    if not row["budget"]:
        return ""
    difference = row["judged"] - row["budget"]
    return f"{signed(difference, number(difference))}, {signed(difference, share(difference / row['budget']))}"


def assumptions(plan: Plan) -> Section | None:
    """Return what the plan rests on and may have to be looked at again: overrides with an assumption or a last day, then all else."""
    blocks: list[Block] = []
    overrides = plan["override_effect"].filter(pl.col("assumption").is_not_null() | pl.col("expires").is_not_null()).sort("override")
    if overrides.height:
        heads = (Head("Override"), Head("What it changes"), Head("Assumes"), Head("Until", whole=True), Head("Author"), Head("Status"))
        rows = tuple(
            (
                *(row["override"], row["statement"] or "", row["assumption"] or ""),
                *(row["expires"].isoformat() if row["expires"] else "", row["author"] or "", named(row["status"] or "")),
            )
            for row in overrides.iter_rows(named=True)
        )
        blocks.append(Grid("Overrides that rest on an assumption, or end", heads, rows))
    if plan.has("assumption_made"):
        blocks += assumption_grid(plan)
    return Section("assumptions", "Open assumptions", tuple(blocks)) if blocks else None
