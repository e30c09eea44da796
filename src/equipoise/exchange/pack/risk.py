"""The section on risk: what the plan gives over all paths, where service is at risk, what matters most, and the robust plan."""

from collections.abc import Iterator

import polars as pl

from equipoise.charts.scale import plain, scale_for
from equipoise.exchange.pack.blocks import Block, Card, Cards, Grid, Head, Heading, Paragraph, Picture, Points, Section, Tone
from equipoise.exchange.pack.plan import Plan
from equipoise.exchange.pack.wording import compact, fraction, in_unit, named, valued
from equipoise.tables.figures import money, quantity, share

MOST_CELLS = 10
MOST_DECISIONS = 15
_LEAST_CHANCE = 0.05
_COLUMNS = {
    "plan": "Plan",
    "mean": "Mean",
    "p5": "5 of 100 below",
    "p50": "Half below",
    "p95": "5 of 100 above",
    "tail": "Worst",
    "chance_below_plan": "Chance of less than plan",
}
_ORDER = ("profit", "revenue", "demand", "shortage", "service_level", "stock_value", "overtime")


def section(plan: Plan) -> Section | None:
    """Return what the simulation and the robust plan say; None where neither was made."""
    blocks = (*_simulation(plan), *_robust(plan))
    return Section("risk", "Risk", blocks) if blocks else None


def statistics(plan: Plan, measure: str) -> dict[str, float]:
    """Return the statistics of a measure of the simulation that have a value, by name."""
    rows = plan["simulation"].filter((pl.col("measure") == measure) & pl.col("value").is_not_null())
    return dict(rows.select("statistic", "value").iter_rows())


def _simulation(plan: Plan) -> Iterator[Block]:
    if not plan.has("simulation"):
        return
    if plan.has("simulation_path"):
        yield from _profit(plan)
        yield measures_grid(plan)
        yield from _service(plan)
        yield from _drivers(plan)
    yield from _assumed(plan)


def _profit(plan: Plan) -> Iterator[Block]:
    count, told = plan["simulation_path"].height, statistics(plan, "profit")
    words = (
        f"The plan was played against {count:,} paths of demand and supply, each adjusted as it goes, knowing no more than the path so far."
    )
    yield Paragraph(words)
    if not told:
        yield Paragraph("No prices are given, so the risk is told in units and service alone.", quiet=True)
        return
    currency = plan.currency
    below = told.get("chance_below_plan", 0.0)
    cards = (
        Card("Profit in the plan", compact(told["plan"], currency)),
        Card(
            "Expected over all paths", compact(told["mean"], currency), f"{_signed(told['mean'] - told['plan'], currency)} against the plan"
        ),
        Card("One path in twenty earns less than", compact(told["p5"], currency)),
        Card(f"Average of the worst {share(plan.setting.risk.tail)}", compact(told["tail"], currency), "conditional value at risk"),
        Card("Chance of less than planned", share(below), f"of a loss: {share(told.get('chance_of_loss', 0.0))}"),
    )
    yield Cards(cards)
    yield Picture(lambda: _profit_picture(plan))


def _signed(value: float, currency: str) -> str:
    return f"{'+' if value > 0 else ''}{compact(value, currency)}"


def measures_grid(plan: Plan) -> Grid:
    """Return the measures of the simulation as printed: the plan, the mean, percentiles, the worst paths and the chance of less."""
    frame = plan["simulation"]
    known = frame.filter(pl.col("value").is_not_null()).get_column("measure").unique()
    rows = []
    for measure in (name for name in _ORDER if name in known):
        told = statistics(plan, measure)
        unit = str(frame.filter((pl.col("measure") == measure) & (pl.col("statistic") == "plan")).get_column("unit")[0] or "")
        scale = scale_for(0.0 if unit == "fraction" else max(abs(told[name]) for name in ("plan", "mean", "p95")))
        cells = (valued(told[name] / scale.divisor, unit) for name in ("plan", "mean", "p5", "p50", "p95", "tail"))
        name = named(measure) if unit == "fraction" else in_unit(named(measure), scale.unit("" if unit == "money" else unit))
        rows.append((name, *cells, share(told["chance_below_plan"])))
    heads = (Head("Measure"), *(Head(text, number=True) for text in _COLUMNS.values()))
    return Grid(f"What the paths give; worst is the average of the worst {share(plan.setting.risk.tail)} of them", heads, tuple(rows))


def _service(plan: Plan) -> Iterator[Block]:
    rows = plan["simulation_service"]
    if rows.is_empty():
        return
    yield Heading("Service at risk")
    yield Picture(lambda: _service_picture(plan))
    risky = rows.filter((pl.col("family").fill_null("") != "") & (pl.col("chance") >= _LEAST_CHANCE))
    if risky.is_empty():
        yield Paragraph("No family is short in a period on more than one path in twenty.")
        return
    order = [pl.col("short").round(6), "family", "period"]
    shown = risky.sort(order, descending=[True, False, False]).head(MOST_CELLS)
    heads = (
        *(Head("Family"), Head("Period", whole=True), Head("Chance of being short", number=True)),
        *(Head(in_unit("Short on average", plan.unit), number=True), Head(in_unit("In the worst paths", plan.unit), number=True)),
        *(Head("Served", number=True), Head("Planned", number=True)),
    )
    cells = tuple(
        (
            *(row["family"], plan.during(row["period"], None), share(row["chance"], whole=False)),
            *(plain(row["short"]), plain(row["short_tail"]), fraction(row["service"])),
            fraction(row["planned"]) if row["planned"] is not None else "",
        )
        for row in shown.iter_rows(named=True)
    )
    yield Grid("Where most units are not served in their period", heads, cells)
    if risky.height > MOST_CELLS:
        yield Paragraph(f"{risky.height - MOST_CELLS:,} more in table simulation_service.", quiet=True)


def _drivers(plan: Plan) -> Iterator[Block]:
    if not plan.has("simulation_driver"):
        return
    yield Heading("Which uncertainty matters most")
    yield Picture(lambda: _driver_picture(plan))
    rows = plan["simulation_driver"].sort("rank")
    yield Points(tuple(rows.filter(pl.col("share") >= 0.01).get_column("sentence").drop_nulls().head(5).to_list()))


def _assumed(plan: Plan) -> Iterator[Block]:
    frame = plan["simulation"]
    policy = frame.filter((pl.col("measure") == "policy") & (pl.col("statistic") == "difference")).get_column("note").drop_nulls().to_list()
    notes = frame.filter(pl.col("measure") == "assumption").get_column("note").drop_nulls().to_list()
    if not plan.has("simulation_path"):
        yield from (Paragraph(note, quiet=True) for note in notes)
        return
    yield Heading("What the simulation assumes")
    yield Points((*notes, *policy))


def _robust(plan: Plan) -> Iterator[Block]:
    if not plan.has("robust_result"):
        return
    result = plan["robust_result"]
    yield Heading("A plan that holds over all scenarios")
    whole = result.filter(pl.col("scenario").fill_null("") == "")
    if whole.height:
        yield from _insurance(plan, whole.row(0, named=True))
    scenarios = result.filter(pl.col("scenario").fill_null("") != "")
    if scenarios.get_column("best").is_not_null().any():
        yield robust_grid(plan)
    yield from (Paragraph(note, quiet=True) for note in result.get_column("note").drop_nulls().unique(maintain_order=True) if note)
    yield from _decisions(plan)


def _insurance(plan: Plan, whole: dict[str, float | None]) -> Iterator[Block]:
    """Say what the robust plan costs where the plan of record comes true, and what it brings over all scenarios."""
    nominal, robust, regret = whole["nominal"], whole["robust"], whole["robust_regret"]
    if nominal is None or robust is None:
        return
    base = plan["robust_result"].filter(pl.col("scenario") == "base")
    earns = f"the robust plan is expected to earn {money(robust, plan.currency)}, the plan of record {money(nominal, plan.currency)}"
    words = [f"Over all scenarios {earns}."]
    if base.height and base["nominal"][0] is not None and base["robust"][0] is not None:
        cost = float(base["nominal"][0] - base["robust"][0])
        words.append(f"The insurance costs {money(max(cost, 0.0), plan.currency)} where all comes as in the base plan.")
    if regret is not None:
        words.append(f"Knowing from the start which scenario comes would be worth {money(max(regret, 0.0), plan.currency)}.")
    yield Paragraph(" ".join(words))


def robust_grid(plan: Plan) -> Grid:
    """Return profit by scenario as printed: of the best plan, and of those that begin as the plan of record and as the robust plan."""
    result = plan["robust_result"].with_columns(expected=pl.col("scenario").fill_null("") == "").sort("expected", maintain_order=True)
    amounts = ("best", "nominal", "robust", "nominal_regret", "robust_regret")
    sizes = [abs(value) for name in amounts for value in result.get_column(name).drop_nulls().to_list()]
    scale = scale_for(max(sizes, default=0.0))
    names = ("Best if known", "Plan of record", "Robust plan", "Regret, plan of record", "Regret, robust plan")
    heads = (
        Head("Scenario"),
        Head("Probability", number=True),
        *(Head(in_unit(text, scale.unit(plan.currency)), number=True) for text in names),
    )
    rows, tones = [], dict[tuple[int, int], Tone]()
    for position, row in enumerate(result.iter_rows(named=True)):
        chance = "" if row["probability"] is None else share(row["probability"])
        cells = tuple("" if row[name] is None else plain(row[name] / scale.divisor, 1 if scale.divisor > 1 else 0) for name in amounts)
        rows.append((named(row["scenario"]) if not row["expected"] else "Expected", chance, *cells))
        if None not in (row["nominal_regret"], row["robust_regret"]) and row["robust_regret"] < row["nominal_regret"] - 0.5:
            tones[position, 6] = "good"
    totals = frozenset(position for position, row in enumerate(result.get_column("expected")) if row)
    return Grid("Profit of each scenario", heads, tuple(rows), tones, totals)


def _decisions(plan: Plan) -> Iterator[Block]:
    """Return the decisions of the first periods that the robust plan takes otherwise, the largest change first."""
    change = (pl.col("robust").fill_null(0.0) - pl.col("nominal").fill_null(0.0)).alias("change")
    rows = plan["robust_plan"].with_columns(change).filter(pl.col("change").abs() > 0.5)
    if rows.is_empty():
        if plan.has("robust_plan"):
            yield Paragraph("In the periods that must be settled now it decides as the plan of record does.")
        return
    shown = rows.sort([pl.col("change").abs().round(6), "kind", "key", "period"], descending=[True, False, False, False]).head(
        MOST_DECISIONS
    )
    heads = (
        *(Head("Decision"), Head("Where"), Head("Item"), Head("Period", whole=True)),
        *(Head("Plan of record", number=True), Head("Robust plan", number=True), Head("Change", number=True)),
    )
    cells = tuple(
        (
            *(named(row["kind"]), row["key"], row["item"] or "", plan.during(row["period"], None)),
            *(plain(row["nominal"] or 0.0), plain(row["robust"] or 0.0), f"{'+' if row['change'] > 0 else ''}{plain(row['change'])}"),
        )
        for row in shown.iter_rows(named=True)
    )
    yield Grid("What it decides otherwise in the periods that must be settled now", heads, cells)
    if rows.height > MOST_DECISIONS:
        yield Paragraph(f"{quantity(rows.height - MOST_DECISIONS, 'decision')} more in table robust_plan.", quiet=True)


def _profit_picture(plan: Plan) -> str:
    from equipoise.charts.drawing import svg
    from equipoise.charts.risk import profit_distribution

    return svg(profit_distribution(plan["simulation_path"], plan["simulation"], plan.setting))


def _service_picture(plan: Plan) -> str:
    from equipoise.charts.drawing import svg
    from equipoise.charts.risk import service_risk

    return svg(service_risk(plan["simulation_service"], plan.setting))


def _driver_picture(plan: Plan) -> str:
    from equipoise.charts.drawing import svg
    from equipoise.charts.risk import risk_drivers

    return svg(risk_drivers(plan["simulation_driver"], plan.setting))
