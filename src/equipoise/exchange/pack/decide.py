"""The sections on what is decided: summary, recommendations, decisions, actions; and what the plan rests on."""

from collections.abc import Iterator

import polars as pl

from equipoise.exchange.pack.blocks import Block, Cards, Grid, Head, Heading, Paragraph, Points, Section, Tone
from equipoise.exchange.pack.headline import cards
from equipoise.exchange.pack.plan import Plan
from equipoise.exchange.pack.wording import FRACTIONS, in_unit, named, signed, valued, without_empty
from equipoise.tables.figures import money, number, quantity

MOST_MEASURES = 40
MOST_RECOMMENDATIONS = 15
MOST_ROWS = 100


def headline(plan: Plan) -> Section:
    """Return the key figures and the executive summary."""
    figures = cards(plan)
    return Section("summary", "Executive summary", (*((Cards(figures),) if figures else ()), *sentences(plan)))


_TOLD_BELOW = {"decisions needed": "recommendation", "actions": "proposed_action"}


def sentences(plan: Plan) -> Iterator[Block]:
    """Yield the executive summary by section; a section of one sentence is a paragraph, of several a list.

    Decisions and actions are left to the sections that list them in full.
    """
    rows = plan["executive_summary"].sort("position")
    for name in rows.get_column("section").unique(maintain_order=True):
        if name.lower() in _TOLD_BELOW and plan.has(_TOLD_BELOW[name.lower()]):
            continue
        told = rows.filter(pl.col("section") == name).get_column("statement").to_list()
        yield Heading(named(name))
        yield Paragraph(told[0]) if len(told) == 1 else Points(tuple(told))


def recommendations(plan: Plan) -> Section | None:
    """Return what is recommended, ranked by money, with the reason; None where nothing is."""
    if not plan.has("recommendation"):
        return None
    left = plan["recommendation"].height - MOST_RECOMMENDATIONS
    more = (Paragraph(f"{number(left)} more in table recommendation.", quiet=True),) if left > 0 else ()
    return Section("recommendations", "Recommendations", (_recommended(plan), *more))


def _recommended(plan: Plan) -> Grid:
    heads = (Head("#", number=True), Head("Recommendation"), Head("Why"), Head("At stake", number=True), Head("Decides"))
    rows = []
    for row in plan["recommendation"].sort("rank").head(MOST_RECOMMENDATIONS).iter_rows(named=True):
        stake = money(row["value"], plan.setting.currency) if row["value"] is not None else ""
        if not stake and row["units"] is not None:
            stake = quantity(row["units"])
        rows.append((str(row["rank"]), row["recommendation"], row["reason"] or "", stake, row["decider"] or ""))
    return Grid("Recommendations, the most money first", heads, tuple(rows))


def decisions(plan: Plan) -> Section | None:
    """Return the decisions that pre-S&OP asks for, and the agenda of the executive meeting; None where there is neither."""
    agenda = agenda_grid(plan, "executive", "the executive meeting")
    blocks = [*([decision_grid(plan)] if plan.has("decision_needed") else []), *([agenda] if agenda is not None else [])]
    return Section("decisions", "Decisions", tuple(blocks)) if blocks else None


def agenda_grid(plan: Plan, meeting: str, words: str) -> Grid | None:
    """Return the agenda of a meeting: topics, time and what each must end with; None where it has none. `words` name the meeting."""
    agenda = plan["agenda"].filter(pl.col("meeting") == meeting).sort("position")
    if agenda.is_empty():
        return None
    heads = (Head("#", number=True), Head("Topic"), Head("Minutes", number=True), Head("Led by"), Head("Must end with"))
    rows = tuple(
        (str(row["position"]), row["topic"], str(row["minutes"] or ""), row["owner_role"] or "", row["outcome"] or "")
        for row in agenda.iter_rows(named=True)
    )
    return Grid(f"Agenda of {words}, {agenda.get_column('minutes').sum()} minutes", heads, rows)


def decision_grid(plan: Plan) -> Grid:
    """Return the decisions needed as printed: question, recommendation and reason, options, money, who decides by when."""
    heads = (
        *(Head("#", number=True), Head("Question"), Head("Recommended"), Head("Why")),
        *(Head(in_unit("Brings", plan.currency), number=True), Head(in_unit("At stake", plan.currency), number=True)),
        *(Head("Decides"), Head("By", whole=True)),
    )
    rows = tuple(
        (
            *(str(row["decision"]), row["question"], row["recommendation"] or "", _why(row)),
            "" if row["net_money"] is None else signed(row["net_money"], number(row["net_money"])),
            "" if row["stake"] is None else number(row["stake"]),
            *(row["decider"] or "", row["by"].isoformat() if row["by"] else ""),
        )
        for row in plan["decision_needed"].sort("decision").iter_rows(named=True)
    )
    return without_empty(Grid("Decisions needed from the executive meeting", heads, rows))


def _why(row: dict[str, str | None]) -> str:
    looked_at = f"Looked at: {row['options']}." if row["options"] else ""
    return " ".join(part for part in (row["reason"], looked_at) if part)


def actions(plan: Plan) -> Section | None:
    """Return the action items with owner, due date and the gap they answer; None where there is none."""
    if not plan.has("proposed_action"):
        return None
    told = dict(plan["gap"].drop_nulls("rank").sort("rank").select("rank", pl.coalesce("sentence", "subject")).iter_rows())
    heads = (Head("#", number=True), Head("Action"), Head("Owner"), Head("Due", whole=True), Head("Answers gap"), Head("Status"))
    rows = []
    for row in plan["proposed_action"].sort("action").iter_rows(named=True):
        gap = f"{row['gap']}. {told[row['gap']]}" if row["gap"] in told else str(row["gap"] or "")
        due = row["due"].isoformat() if row["due"] else ""
        rows.append((str(row["action"]), row["statement"], row["owner_role"] or "", due, gap, row["status"] or ""))
    return Section("actions", "Action items", (Grid("Who does what until when, and the gap that it answers", heads, tuple(rows)),))


_STATUS: dict[str, Tone] = {"met": "good", "missed": "bad", "no data": "quiet"}


def measures(plan: Plan) -> Section | None:
    """Return the measures against their targets, missed ones first; None where nothing was measured."""
    return Section("measures", "Measures", tuple(_measures(plan))) if plan.has("kpi") else None


def _measures(plan: Plan) -> Iterator[Block]:
    order = {"missed": 0, "met": 1, "shown": 2, "no data": 3}
    rank = pl.col("status").replace_strict(order, default=4, return_dtype=pl.Int64)
    whole = pl.col("period").is_null() & (pl.col("subject").fill_null("") == "")
    rows = plan["kpi"].sort([rank, "kpi", "level", "subject", "period"], nulls_last=False)
    shown = rows.filter((pl.col("status") != "shown") | whole).head(MOST_MEASURES)
    heads = (
        Head("Measure"),
        Head("Of"),
        Head("Value", number=True),
        Head("Target", number=True),
        Head("Status"),
        Head("How it is measured"),
    )
    cells, tones = [], {}
    for position, row in enumerate(shown.iter_rows(named=True)):
        of = row["subject"] or named(row["level"])
        when = f", {plan.during(row['period'], None)}" if row["period"] else ""
        told = (_with_unit(row["value"], row["unit"]), _with_unit(row["target"], row["unit"]), row["status"] or "")
        cells.append((named(row["kpi"]), f"{of}{when}", *told, "; ".join(filter(None, (row["basis"], row["note"])))))
        tones[position, 4] = _STATUS.get(row["status"] or "", "")
    yield Grid("Measures against their targets", heads, tuple(cells), tones)
    if rows.height > shown.height:
        yield Paragraph(f"{number(rows.height - shown.height)} more in table kpi.", quiet=True)


def _with_unit(value: float | None, unit: str | None) -> str:
    text = valued(value, unit or "")
    return text if not text or unit in FRACTIONS or not unit else f"{text} {unit}"


def assumptions(plan: Plan) -> Section | None:
    """Return the register of what was assumed; None where nothing was."""
    return Section("assumptions", "Assumptions", tuple(assumption_grid(plan))) if plan.has("assumption_made") else None


def assumption_grid(plan: Plan) -> Iterator[Block]:
    """Yield the register of what was assumed: step, subject, statement and origin."""
    heads = (Head("Step"), Head("About"), Head("Assumed"), Head("From"))
    rows = plan["assumption_made"].select("step", "subject", "statement", "origin").fill_null("")
    yield from _register("Assumption register", heads, rows, "assumption_made", ())


def issues(plan: Plan) -> Section | None:
    """Return the faults found in what was given, errors first; None where the data was never checked or is clean."""
    if not plan.has("issue"):
        return None
    order = pl.col("severity").replace_strict({"error": 0, "warning": 1, "note": 2}, default=3, return_dtype=pl.Int64)
    rows = plan["issue"].sort(order, maintain_order=True)
    place = pl.concat_str(
        [pl.col("source"), pl.col("table"), pl.format("row {}", "row"), pl.col("column")], separator=", ", ignore_nulls=True
    )
    shown = rows.select("severity", place.alias("where"), "message", "fix").fill_null("")
    heads = (Head("Severity"), Head("Where"), Head("What is wrong"), Head("What to do"))
    bad = tuple(number for number, severity in enumerate(shown.get_column("severity")) if severity == "error")
    return Section("issues", "Data issues", tuple(_register("Faults found in the data", heads, shown, "issue", bad)))


def _register(caption: str, heads: tuple[Head, ...], rows: pl.DataFrame, name: str, bad: tuple[int, ...]) -> Iterator[Block]:
    cells = tuple(tuple(str(cell) for cell in row) for row in rows.head(MOST_ROWS).iter_rows())
    tones: dict[tuple[int, int], Tone] = {(position, 0): "bad" for position in bad if position < MOST_ROWS}
    yield Grid(caption, heads, cells, tones)
    if rows.height > MOST_ROWS:
        yield Paragraph(f"{number(rows.height - MOST_ROWS)} more in table {name}.", quiet=True)
