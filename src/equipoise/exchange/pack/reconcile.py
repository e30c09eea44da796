"""The sections on gaps, scenarios and money."""

from collections.abc import Iterator

import polars as pl

from equipoise.charts.scale import Scale, plain, scale_for
from equipoise.exchange.pack import grids
from equipoise.exchange.pack.blocks import Block, Grid, Head, Heading, Paragraph, Picture, Section, Tone
from equipoise.exchange.pack.plan import Plan
from equipoise.exchange.pack.wording import FRACTIONS, grid_of, in_unit, named, scale_of, signed, valued
from equipoise.tables.figures import number, quantity, share

MOST_GAPS = 20
LINES = ("revenue", "cost_of_goods", "gross_margin", "supply_variance", "inventory_carrying", "service_cost", "contribution")
SUMS = frozenset({"gross_margin", "contribution", "supply_cost"})
COSTS = frozenset({"cost_of_goods", "supply_variance", "inventory_carrying", "service_cost", "supply_cost"})
STOCK = "inventory_value"


def gaps(plan: Plan) -> Section | None:
    """Return the gaps of the plan, ranked; None where no step looked for gaps (neither gaps nor supply are there)."""
    if not plan.has("gap") and not plan.has("shortage"):
        return None
    return Section("gaps", "Gaps", tuple(_gaps(plan)))


def main_gaps(plan: Plan) -> pl.DataFrame:
    """Return the gaps by rank, those of single items left out where families and resources tell the same."""
    gap = plan["gap"].sort("rank", nulls_last=True)
    above = gap.filter(pl.col("level") != "item")
    return above if above.height else gap


def _gaps(plan: Plan) -> Iterator[Block]:
    gap = main_gaps(plan)
    if gap.is_empty():
        yield Paragraph("There is no gap worth showing: supply meets demand within the limits set.")
        return
    money = plan.has("gap", "revenue") or plan.has("gap", "margin")
    if money or gap.get_column("units").is_not_null().any():
        yield Picture(lambda: _gap_picture(gap, plan))
    if not money:
        yield Paragraph("No prices are given, so gaps are ranked and shown in units.", quiet=True)
    yield gap_grid(plan, gap.head(MOST_GAPS))
    left = plan["gap"].height - min(gap.height, MOST_GAPS)
    if left > 0:
        yield Paragraph(f"{number(left)} more, those of single items included, are in table gap.", quiet=True)


def _gap_picture(gap: pl.DataFrame, plan: Plan) -> str:
    from equipoise.charts.comparison import gaps as drawn
    from equipoise.charts.drawing import svg

    return svg(drawn(gap, plan.setting))


def gap_grid(plan: Plan, gap: pl.DataFrame) -> Grid:
    """Return gaps as printed: rank, sentence, units, money, cause and what to do."""
    order = [pl.col("share").fill_null(0.0), pl.col("value").fill_null(0.0), "subject"]
    causes = plan["gap_cause"].sort(order, descending=[True, True, False])
    cause = dict(causes.unique("rank", keep="first", maintain_order=True).select("rank", pl.coalesce("sentence", "subject")).iter_rows())
    money = [name for name in ("revenue", "margin") if gap.get_column(name).is_not_null().any()]
    scales = {name: scale_of(gap, [name]) for name in money}
    heads = (
        *(Head("#", number=True), Head("Gap"), Head("When"), Head("Units", number=True)),
        *(Head(in_unit(name.capitalize(), scales[name].unit(plan.currency)), number=True) for name in money),
        *(Head("Cause"), Head("What to do")),
    )
    rows: list[tuple[str, ...]] = []
    tones: dict[tuple[int, int], Tone] = {}
    for position, row in enumerate(gap.iter_rows(named=True)):
        units = "" if row["units"] is None else signed(row["units"], quantity(row["units"], row["unit"] or "unit"))
        amounts = tuple(_at(row[name], scales[name]) for name in money)
        what = row["sentence"] or f"{named(row['kind'])}: {row['subject']}"
        told = (what, plan.during(row["period"], row["until"]), units, *amounts, cause.get(row["rank"]) or "", row["suggestion"] or "")
        rows.append((str(row["rank"] or ""), *told))
        if (row["units"] or 0) < 0:
            tones |= {(position, column): _BAD for column in range(3, 4 + len(money))}
    return Grid("Gaps, the most money first", heads, tuple(rows), tones)


_BAD: Tone = "bad"


def _at(value: float | None, scale: Scale) -> str:
    return "" if value is None else signed(value, plain(value / scale.divisor, 1 if scale.divisor > 1 else 0))


def scenarios(plan: Plan) -> Section | None:
    """Return the scenarios: what each assumes, and its results beside the base plan; None where none was run."""
    return Section("scenarios", "Scenarios", tuple(_scenarios(plan))) if plan.has("scenario_result") else None


def _scenarios(plan: Plan) -> Iterator[Block]:
    names, frame = grids.scenarios(plan)
    yield _assumed(plan, names)
    drawn = [measure for measure in frame.get_column("measure").to_list() if _comparable(plan, measure)]
    if drawn:
        yield Picture(lambda: _scenario_picture(plan, names, drawn))
    yield comparison_grid(plan, names, frame)
    yield from _not_known(plan, names)


def _not_known(plan: Plan, names: list[str]) -> Iterator[Block]:
    """Say once why measures have no value in any scenario, and where a scenario could not be run."""
    result = plan["scenario_result"].filter(~pl.col("measure").is_in(grids.TOLD))
    empty = result.filter(pl.col("value").is_null().all().over("measure") & (pl.col("scenario") == names[0]))
    for note in empty.get_column("note").unique(maintain_order=True):
        measures = empty.filter(pl.col("note").eq_missing(note)).get_column("measure").to_list()
        yield Paragraph(f"Not shown: {', '.join(named(name).lower() for name in measures)}. {note or ''}".strip(), quiet=True)


def _comparable(plan: Plan, measure: str) -> bool:
    """Whether the measure has a value in the base plan and differs somewhere."""
    values = plan["scenario_result"].filter(pl.col("measure") == measure).get_column("value")
    return values.drop_nulls().n_unique() > 1


def _assumed(plan: Plan, names: list[str]) -> Grid:
    told = _told(plan, names)
    heads = (Head("Scenario"), Head("What it assumes"), Head("Likelihood"), Head("Impact"), *((Head("What limits it"),) if told else ()))
    known = {row["scenario"]: row for row in plan["scenario"].iter_rows(named=True)}
    rows = []
    for name in names:
        row = known.get(name, {})
        words = (row.get("description") or "", named(row.get("likelihood") or ""), named(row.get("impact") or ""))
        rows.append((named(name), *words, *((told[name],) if told else ())))
    return Grid("What each scenario assumes", heads, tuple(rows))


def _scenario_picture(plan: Plan, names: list[str], measures: list[str]) -> str:
    from equipoise.charts.comparison import scenario_comparison
    from equipoise.charts.drawing import svg

    order = {name: number for number, name in enumerate(names)}
    result = plan["scenario_result"].sort(pl.col("scenario").replace_strict(order, default=99, return_dtype=pl.Int64), maintain_order=True)
    return svg(scenario_comparison(result, measures))


def comparison_grid(plan: Plan, names: list[str], frame: pl.DataFrame) -> Grid:
    """Return the results of the scenarios as printed: a row a measure, a column a scenario, with the difference to base."""
    heads = (Head("Measure"), *(Head(named(name), number=True) for name in names))
    differences = {
        (row["scenario"], row["measure"]): row["difference"]
        for row in plan["scenario_result"].select("scenario", "measure", "difference").iter_rows(named=True)
    }
    rows = []
    for row in frame.iter_rows(named=True):
        unit, values = row["unit"] or "", [row[name] for name in names]
        scale = scale_for(max((abs(value) for value in values if value is not None), default=0.0), plain_to=1_000_000)
        cells = (_compared(row[name], differences.get((name, row["measure"])), unit, scale, base=name == "base") for name in names)
        rows.append((_measure(row["measure"], unit, scale), *cells))
    return Grid("Results of the scenarios, with the difference to the base plan", heads, tuple(rows))


def _told(plan: Plan, names: list[str]) -> dict[str, str]:
    """What limits each scenario, or why it was not solved; nothing where no scenario has anything to say."""
    told = dict.fromkeys(names, "")
    rows = plan["scenario_result"].filter(pl.col("measure").is_in(grids.TOLD) & ~pl.col("note").fill_null("").is_in(["", "solved"]))
    for scenario, note in rows.sort("measure", descending=True, maintain_order=True).select("scenario", "note").iter_rows():
        told[scenario] = told[scenario] or note
    return told if any(told.values()) else {}


def _measure(measure: str, unit: str, scale: Scale) -> str:
    return named(measure) if unit in FRACTIONS else in_unit(named(measure), scale.unit("" if unit == "money" else unit))


def _compared(value: float | None, difference: float | None, unit: str, scale: Scale, *, base: bool) -> str:
    if value is None:
        return "–"
    text = valued(value / scale.divisor, unit)
    if base or difference is None or abs(difference) < 1e-9:
        return text
    change = f"{difference * 100:+,.1f} pts" if unit in FRACTIONS else signed(difference, number(difference / scale.divisor))
    return f"{text} ({change})"


def money(plan: Plan) -> Section | None:
    """Return profit and loss, the cost of supply and the bridge from budget, or say why there is no money."""
    if not plan.has("financials"):
        words = "No prices or costs are given, so no revenue, cost or margin can be shown. Money that is not given is never invented."
        return Section("money", "Money", (Paragraph(words, quiet=True),)) if plan.has("demand_plan") else None
    return Section("money", "Money", (*_statement(plan), *_bridges(plan), *_costs(plan)))


def _statement(plan: Plan) -> Iterator[Block]:
    lines = statement(plan, plan.quarters())
    order = [line for line in LINES if line in set(lines.get_column("line"))]
    shown = lines.filter(pl.col("line").is_in(order))
    if "gross_margin" not in order:
        yield Paragraph("No standard costs are given for what is sold, so there is no margin.", quiet=True)
    if shown.height:
        yield _lines_grid(plan, shown, "Profit and loss of the base plan")
    if not plan.has("financials", "budget"):
        yield Paragraph("No budget in money is given, so there is no comparison with it.", quiet=True)


def statement(plan: Plan, spans: grids.Spans) -> pl.DataFrame:
    """Return the lines of the base plan's statement that are flows, in order, the terms of the cost of supply before their sum."""
    flows = plan["financials"].filter(pl.col("line") != STOCK)
    found = sorted(set(flows.get_column("line")) - set(LINES) - {"supply_cost"})
    return grids.by_line(flows, spans, [*LINES, *found, "supply_cost"])


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
    measures = plan["bridge"].sort("position").get_column("measure").unique(maintain_order=True).to_list()
    order = [name for name in ("revenue", "gross_margin") if name in measures]
    for measure in [*order, *(name for name in measures if name not in order)]:
        yield Picture(lambda measure=measure: _bridge_picture(plan, measure))  # type: ignore[misc]


def _bridge_picture(plan: Plan, measure: str) -> str:
    from equipoise.charts.comparison import bridge
    from equipoise.charts.drawing import svg

    return svg(bridge(plan["bridge"], plan.setting, measure=measure))


def _costs(plan: Plan) -> Iterator[Block]:
    lines = statement(plan, plan.quarters())
    terms = lines.filter(~pl.col("line").is_in(LINES))
    if terms.height:
        yield Heading("Cost of supply")
        yield _lines_grid(plan, terms, "What making, buying and moving costs")
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
