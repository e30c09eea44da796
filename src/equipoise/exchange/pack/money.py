"""The section on money: profit and loss, cost by category, bridges, cash, and what profit is sensitive to."""

from collections.abc import Iterator
from datetime import timedelta

import polars as pl

from equipoise.exchange.pack import grids
from equipoise.exchange.pack.blocks import Block, Grid, Heading, Paragraph, Picture, Points, Section, Tone
from equipoise.exchange.pack.plan import Plan
from equipoise.exchange.pack.wording import grid_of, in_unit, named, scale_of
from equipoise.finance import CATEGORIES, STOCK_LINES
from equipoise.tables.figures import money, number, share

LINES = (
    *("revenue", "cost_of_goods", "gross_margin", "supply_variance", "inventory_carrying", "service_cost", "contribution"),
    *("tax", "contribution_after_tax"),
)
SPENT = (*CATEGORIES, "supply_cost", "stock_change")
CASH = ("receipts", "payments", "tax_paid", "cash_flow")
STANDING = ("cumulated_cash", "receivables", "payables", "inventory_value", "working_capital")
SUMS = frozenset({"gross_margin", "contribution", "contribution_after_tax", "supply_cost", "cash_flow", "working_capital"})
COSTS = frozenset(
    {*CATEGORIES, "cost_of_goods", "supply_variance", "inventory_carrying", "service_cost", "supply_cost", "tax", "payments", "tax_paid"}
)
MOST_TOLD = 5


def section(plan: Plan) -> Section | None:
    """Return the section on money, or one that says why there is none; None where nothing is planned."""
    if not plan.has("financials"):
        words = "No prices or costs are given, so no revenue, cost or margin can be shown. Money that is not given is never invented."
        return Section("money", "Money", (Paragraph(words, quiet=True),)) if plan.has("demand_plan") else None
    return Section("money", "Money", (*_statement(plan), *_bridges(plan), *_costs(plan), *_cash(plan), *_sensitivity(plan)))


def statement(plan: Plan, spans: grids.Spans) -> pl.DataFrame:
    """Return the lines of the base plan's statement that are flows, in order: profit and loss, terms of the cost of supply, categories."""
    flows = plan["financials"].filter(~pl.col("line").is_in([*STOCK_LINES, *CASH, "opening_receivables"]))
    found = sorted(set(flows.get_column("line")) - {*LINES, *SPENT})
    return grids.by_line(flows, spans, [*LINES, *found, *SPENT])


def cash(plan: Plan, spans: grids.Spans) -> pl.DataFrame:
    """Return the lines of cash as flows with a total, then what stands at the end of each span; empty where there is no cash."""
    base = plan["financials"].filter(pl.col("scenario") == "base").sort("line", "family", "period", nulls_last=True)
    if base.filter(pl.col("line") == "cash_flow").is_empty():
        return base.clear().select("line")
    flows, stocks = (base.filter(pl.col("line").is_in(list(names))) for names in (CASH, STANDING))
    parts = (grids.across(flows, ["line"], "amount", spans), grids.across(stocks, ["line"], "amount", spans, stock=True))
    order = {line: position for position, line in enumerate((*CASH, *STANDING))}
    return pl.concat(parts, how="diagonal").sort(pl.col("line").replace_strict(order, return_dtype=pl.Int64))


def _statement(plan: Plan) -> Iterator[Block]:
    lines = statement(plan, plan.quarters())
    shown = lines.filter(pl.col("line").is_in(list(LINES)))
    if "gross_margin" not in set(shown.get_column("line")):
        yield Paragraph("No standard costs are given for what is sold, so there is no margin.", quiet=True)
    if shown.height:
        yield _lines_grid(plan, shown, "Profit and loss of the base plan")
    if "tax" in set(shown.get_column("line")):
        words = "Tax is on the profit of a fiscal year, before carrying and service cost; a loss is carried forward, never refunded."
        yield Paragraph(words, quiet=True)
    if not plan.has("financials", "budget"):
        yield Paragraph("No budget in money is given, so there is no comparison with it.", quiet=True)


def _lines_grid(plan: Plan, lines: pl.DataFrame, caption: str) -> Grid:
    numbers = [name for name in lines.columns if name != "line" and lines.get_column(name).is_not_null().any()]
    scale = scale_of(lines, [name for name in numbers if name not in {grids.TOTAL, "Budget"}])
    printed = lines.with_columns(pl.Series("line", [named(line) for line in lines.get_column("line")]))
    totals = frozenset(position for position, line in enumerate(lines.get_column("line")) if line in SUMS)
    tones: dict[tuple[int, int], Tone] = {}
    if "Difference" in numbers:
        for position, (line, difference) in enumerate(lines.select("line", "Difference").iter_rows()):
            if difference:
                tones[position, len(numbers)] = "good" if (difference > 0) != (line in COSTS) else "bad"
    heads = {"line": "Line", **{name: name for name in numbers}}
    return grid_of(printed, heads, in_unit(caption, scale.unit(plan.currency)), scale=scale, totals=totals, tones=tones)


def _bridges(plan: Plan) -> Iterator[Block]:
    known = plan["bridge"].select("against", "measure").unique().rows()
    for against in ("budget", "last_cycle"):
        for measure in ("revenue", "gross_margin"):
            if (against, measure) in known:
                yield Picture(lambda against=against, measure=measure: _bridge_picture(plan, measure, against))  # type: ignore[misc]
    if known and not any(against == "last_cycle" for against, _ in known):
        words = "There is no bridge from the last cycle: no plan_snapshot of demand has revenue for these periods."
        yield Paragraph(words, quiet=True)


def _bridge_picture(plan: Plan, measure: str, against: str) -> str:
    from equipoise.charts.comparison import bridge
    from equipoise.charts.drawing import svg

    return svg(bridge(plan["bridge"], plan.setting, measure=measure, against=against))


def _costs(plan: Plan) -> Iterator[Block]:
    lines = statement(plan, plan.quarters())
    spent = lines.filter(pl.col("line").is_in(list(SPENT)))
    if spent.height:
        yield Heading("Cost of supply")
        yield _lines_grid(plan, spent, "What making, buying and moving costs, and what stock gains in value")
    if plan["cost"].filter((pl.col("amount") < 0) & (pl.col("class") != "penalty")).height:
        yield Picture(lambda: _cost_picture(plan))
    unpriced = plan["demand_plan"].filter(pl.col("unit_price").is_null() & (pl.col("quantity") > 0)).get_column("item").n_unique()
    if unpriced:
        items = plan["demand_plan"].get_column("item").n_unique()
        yield Paragraph(f"{share(unpriced / items)} of the items ({number(unpriced)}) have no price and stay out of revenue.", quiet=True)


def _cost_picture(plan: Plan) -> str:
    from equipoise.charts.drawing import svg
    from equipoise.charts.supply import cost_by_category

    return svg(cost_by_category(plan["cost"], plan.setting))


def _cash(plan: Plan) -> Iterator[Block]:
    lines = cash(plan, plan.quarters())
    if lines.is_empty():
        return
    yield Heading("Cash and working capital")
    yield _lines_grid(plan, lines, "Cash, and what stands at the end of each span")
    yield Picture(lambda: _cash_picture(plan))
    yield Paragraph(" ".join(_assumed(plan)), quiet=True)


def _cash_picture(plan: Plan) -> str:
    from equipoise.charts.drawing import svg
    from equipoise.charts.money import cash as drawn

    return svg(drawn(plan["financials"], plan.setting))


def _assumed(plan: Plan) -> Iterator[str]:
    """How cash is worked out, and what is not known of the time before the plan."""
    terms, calendar = plan.setting.finance, plan.calendar
    yield f"Customers pay after {number(terms.receivable_days)} days, suppliers are paid after {number(terms.payable_days)}, wages at once."
    if terms.receivable_days:
        known = pl.concat([plan[name].filter(pl.col("revenue").is_not_null()).select("period") for name in ("shipment", "history")])
        last = known.filter(pl.col("period") < calendar.start).get_column("period").max()
        owed = plan["financials"].filter((pl.col("scenario") == "base") & (pl.col("line") == "opening_receivables"))
        if owed.height:
            amount = money(float(owed.get_column("amount").sum()), plan.currency)
            yield f"Receipts include {amount} that customers owe from sales before the plan."
        if last is None:
            yield "What customers owe from sales before the plan is not given and is left out."
        elif last != calendar.period_of(calendar.start - timedelta(days=1)):
            yield f"Sales are given up to {plan.during(last, None)}: what customers owe of later ones is not known and is left out."  # type: ignore[arg-type]
    if terms.payable_days:
        yield "What is owed to suppliers from before the plan is not given and is left out."


def _sensitivity(plan: Plan) -> Iterator[Block]:
    rows = plan["sensitivity"].sort("rank", nulls_last=True)
    if rows.is_empty():
        return
    yield Heading("What profit is sensitive to")
    known = rows.filter(pl.col("rank").is_not_null())
    if known.height:
        yield Picture(lambda: _tornado_picture(plan))
    said = [*known.get_column("sentence").head(MOST_TOLD), *rows.filter(pl.col("rank").is_null()).get_column("sentence")]
    yield Points(tuple(said))
    words = "Profit is revenue less all costs, those of stock and service included; stock that is left at the end counts nothing."
    yield Paragraph(words, quiet=True)


def _tornado_picture(plan: Plan) -> str:
    from equipoise.charts.drawing import svg
    from equipoise.charts.money import tornado

    return svg(tornado(plan["sensitivity"], plan.setting))
