"""The section on demand."""

from collections.abc import Iterator

from equipoise.exchange.pack import grids
from equipoise.exchange.pack.blocks import Block, Heading, Paragraph, Picture, Section
from equipoise.exchange.pack.forecast import background, forecast, overrides
from equipoise.exchange.pack.plan import Plan
from equipoise.exchange.pack.value_added import value_added
from equipoise.exchange.pack.wording import grid_of, scale_of

MOST_ROWS = 20


def section(plan: Plan) -> Section | None:
    """Return the section on demand; None where nothing is demanded.

    Demand against supply, the forecast, demand by family and market with the periods across, overrides, what the forecast rests on, and
    what each step added to it.
    """
    return Section("demand", "Demand", tuple(_blocks(plan))) if plan.has("demand_plan") else None


def _blocks(plan: Plan) -> Iterator[Block]:
    yield Picture(lambda: _picture(plan))
    absent = [words for name, words in (("history", "history"), ("budget", "budget")) if not plan.has(name)]
    if absent:
        yield Paragraph(f"No {' and no '.join(absent)} is given, so none is drawn.", quiet=True)
    yield from forecast(plan)
    by = "family" if plan.has_families else "item"
    yield Heading(f"By {by}")
    yield from across(plan, by)
    if plan["demand_plan"].get_column("market").n_unique() > 1:
        yield Heading("By market")
        yield from across(plan, "market")
    yield from overrides(plan)
    yield from background(plan)
    yield from value_added(plan)


def _picture(plan: Plan) -> str:
    from equipoise.charts.demand import demand_against_supply
    from equipoise.charts.drawing import svg

    return svg(demand_against_supply(plan["history"], plan["demand_plan"], plan["shortage"], plan["budget"], plan.setting, unit=plan.unit))


def across(plan: Plan, by: str) -> Iterator[Block]:
    """Yield the grid of demand by `by`, its largest 20 rows and the total."""
    spans = plan.spans()
    frame = grids.demand(plan, ["family" if by == "item" else by], spans)
    key = frame.columns[0]
    scale = scale_of(frame, list(spans))
    shown = grids.with_total(frame, key, MOST_ROWS)
    heads = {key: by.capitalize(), **{name: name for name in shown.columns if name != key}}
    yield grid_of(shown, heads, f"Demand by {by}, {scale.unit(plan.unit)}", scale=scale, totals=frozenset({shown.height - 1}))
