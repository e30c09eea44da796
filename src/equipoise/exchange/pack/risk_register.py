"""The section on the register of risks and opportunities."""

from collections.abc import Iterator

import polars as pl

from equipoise.exchange.pack.blocks import Block, Grid, Head, Paragraph, Section, Tone
from equipoise.exchange.pack.plan import Plan
from equipoise.exchange.pack.wording import fraction, in_unit, named, signed, without_empty
from equipoise.tables.figures import money, number

_STATES: dict[str, Tone] = {"met": "bad", "not met": "good", "not known": "quiet", "expired": "quiet", "no trigger": "quiet"}


def section(plan: Plan) -> Section | None:
    """Return the register, raised ones first, and what is expected outside the plan; None where no risk is given."""
    return Section("register", "Risks and opportunities", tuple(_register(plan))) if plan.has("risk_register") else None


def _register(plan: Plan) -> Iterator[Block]:
    rows = plan["risk_register"].sort("rank")
    yield Paragraph(expected(rows, plan))
    yield register_grid(rows, plan)
    for row in rows.filter(pl.col("raised") == "not known").iter_rows(named=True):
        yield Paragraph(f"{row['risk']}: {row['sentence']}", quiet=True)


def expected(register: pl.DataFrame, plan: Plan) -> str:
    """Return, in a sentence or two, how many are raised and what is expected outside the plan."""
    outside = register.filter(~pl.col("in_plan").fill_null(value=False) & (pl.col("raised") != "expired"))
    raised = register.filter(pl.col("raised") == "met").height
    words = f"{number(raised)} of {number(register.height)} {'is' if raised == 1 else 'are'} raised."
    amounts = outside.get_column("expected_money").drop_nulls()
    if amounts.is_empty():
        return words
    lost, won = (float(amounts.filter(side).sum()) for side in (amounts < 0, amounts > 0))
    parts = f" ({money(won, plan.currency)} of opportunities, {money(lost, plan.currency)} of risks)" if lost and won else ""
    return f"{words} Outside the plan, {money(lost + won, plan.currency)} of contribution is expected{parts}."


def register_grid(register: pl.DataFrame, plan: Plan) -> Grid:
    """Return the register as printed: statement, probability, effect, expected money, trigger and what it sees, owner."""
    heads = (
        *(Head("#", number=True), Head("What may happen"), Head("Likely", number=True), Head("Units", number=True)),
        *(Head(in_unit("Money", plan.currency), number=True), Head(in_unit("Expected", plan.currency), number=True)),
        *(Head("Effect from"), Head("Trigger"), Head("State"), Head("Watched by")),
    )
    cells: list[tuple[str, ...]] = []
    tones: dict[tuple[int, int], Tone] = {}
    for position, row in enumerate(register.iter_rows(named=True)):
        inside = " (in the plan)" if row["in_plan"] else ""
        what = (str(row["rank"]), f"{named(row['kind'])}{inside}: {row['statement']}", fraction(row["probability"] or 0.0))
        amounts = tuple("" if row[name] is None else signed(row[name], number(row[name])) for name in ("units", "money", "expected_money"))
        until = f", until {row['expires'].isoformat()}" if row["expires"] else ""
        cells.append((*what, *amounts, row["basis"] or "", row["trigger"] or "", _state(row), f"{row['owner'] or ''}{until}"))
        tones[position, 8] = "good" if row["raised"] == "met" and row["kind"] == "opportunity" else _STATES.get(row["raised"] or "", "")
    return without_empty(Grid("Register, raised ones first, then the most expected money", heads, tuple(cells), tones))


def _state(row: dict[str, object]) -> str:
    """What became of the trigger, and what it sees."""
    value, state = row["observed"], named(str(row["raised"] or ""))
    if not isinstance(value, float):
        return state
    return f"{state}: {fraction(value) if str(row['trigger']).rstrip().endswith('%') else number(value)}"
