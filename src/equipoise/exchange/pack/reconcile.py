"""The section on scenarios."""

from collections.abc import Iterator

import polars as pl

from equipoise.charts.scale import Scale, scale_for
from equipoise.exchange.pack import grids
from equipoise.exchange.pack.blocks import Block, Grid, Head, Paragraph, Picture, Section
from equipoise.exchange.pack.plan import Plan
from equipoise.exchange.pack.wording import FRACTIONS, in_unit, named, signed, valued
from equipoise.tables.figures import number

# What a picture of the scenarios shows first: what is asked for and served, what it brings, what it binds and uses.
_DRAWN = (
    *("demand", "service_level", "shortage", "revenue", "contribution", "cash_flow"),
    *("inventory_value_average", "average_utilisation", "overtime_quantity"),
)
_LEAST_DRAWN = 6
# Lines of the statement that stand beside the main measures and the costs by category; the terms that they are made of are in the table.
_LINES = ("overtime_quantity", "cost_of_goods", "supply_variance", "inventory_carrying", "tax", "contribution_after_tax")


def scenarios(plan: Plan) -> Section | None:
    """Return the scenarios: what each assumes, and its results beside the base plan; None where none was run."""
    return Section("scenarios", "Scenarios", tuple(_scenarios(plan))) if plan.has("scenario_result") else None


def _scenarios(plan: Plan) -> Iterator[Block]:
    names, frame = grids.scenarios(plan)
    yield _assumed(plan, names)
    known = [measure for measure in frame.get_column("measure").to_list() if _comparable(plan, measure)]
    first = [measure for measure in _DRAWN if measure in known]
    drawn = [*first, *(measure for measure in known if measure not in first)][: max(len(first), _LEAST_DRAWN)]
    if drawn:
        yield Picture(lambda: _scenario_picture(plan, names, drawn))
    told = frame.filter(pl.col("measure").is_in([*grids.MEASURES, *_LINES]) | pl.col("measure").str.ends_with("_cost"))
    yield comparison_grid(plan, names, told)
    if frame.height > told.height:
        yield Paragraph(f"{number(frame.height - told.height)} more measures are in table scenario_result.", quiet=True)
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
    if base or difference is None or abs(difference) < (5e-4 if unit in FRACTIONS else 1e-9):  # what would print as no change is none
        return text
    change = f"{difference * 100:+,.1f} pts" if unit in FRACTIONS else signed(difference, number(difference / scale.divisor))
    return f"{text} ({change})"
