"""The section on options: what can be done about gaps, proven and ranked, what was dropped, and what would have to be known."""

from collections.abc import Iterator

import polars as pl

from equipoise.exchange.pack.blocks import Block, Grid, Head, Paragraph, Picture, Section, Tone
from equipoise.exchange.pack.plan import Plan
from equipoise.exchange.pack.wording import in_unit, named, signed, without_empty
from equipoise.tables.figures import money, number, points

SHOWN = ("recommended", "listed")
MOST_QUESTIONS = 20
_NOTHING_PAYS = "No lever that the tables allow and price brings more than it costs, or serves more."
MOST_DROPPED = 20


def section(plan: Plan) -> Section | None:
    """Return the options with their proof, those dropped with the reason, and the open questions; None where there is no gap to close."""
    if not any(plan.has(name) for name in ("option", "option_question", "gap")):
        return None
    return Section("options", "Options", tuple(_options(plan)))


def _options(plan: Plan) -> Iterator[Block]:
    shown = plan["option"].filter(pl.col("status").is_in(SHOWN)).sort("rank", nulls_last=True)
    if shown.is_empty():
        found = plan.has("option") or plan.has("option_question")
        yield Paragraph(_NOTHING_PAYS if found else "No lever that the tables allow acts on a gap of this plan.")
    else:
        yield Paragraph(
            "Each option was proven by solving the plan again with it. Money is over the horizon, the option's own cost taken off.",
            quiet=True,
        )
        if _short(plan):
            yield Picture(lambda: _closed_picture(plan))
        yield Picture(lambda: _ranking_picture(plan))
        yield option_grid(plan, shown)
    dropped = plan["option"].filter(~pl.col("status").is_in(SHOWN)).sort("status", "option")
    if dropped.height:
        yield dropped_grid(dropped.head(MOST_DROPPED))
    if dropped.height > MOST_DROPPED:
        yield Paragraph(f"{number(dropped.height - MOST_DROPPED)} more in table option.", quiet=True)
    if plan.has("option_question"):
        yield from _questions(plan)


def _short(plan: Plan) -> bool:
    rows = plan["option_period"].filter((pl.col("option").fill_null("") == "") & pl.col("period").is_in(list(plan.calendar.periods)))
    return float(rows.get_column("short").sum() or 0.0) > 0.5


def _closed_picture(plan: Plan) -> str:
    from equipoise.charts.drawing import svg
    from equipoise.charts.options import gap_closed

    return svg(gap_closed(plan["option_period"], plan["option"], plan.setting, unit=plan.unit))


def _ranking_picture(plan: Plan) -> str:
    from equipoise.charts.drawing import svg
    from equipoise.charts.options import option_ranking

    return svg(option_ranking(plan["option"], plan.setting))


def option_grid(plan: Plan, option: pl.DataFrame) -> Grid:
    """Return ranked options as printed: what each is, its money, service, cash and cost, from when, and what speaks for and against it."""
    heads = (
        *(Head("#", number=True), Head("Option"), Head("Gap", number=True), Head(in_unit("Net money", plan.currency), number=True)),
        *(Head(in_unit("Cash", plan.currency), number=True), Head(in_unit("Cost, running and once", plan.currency), number=True)),
        *(
            Head("Short, units", number=True),
            Head("Served in time", number=True),
            Head("From", whole=True),
            Head("Why"),
            Head("Against it"),
        ),
    )
    rows: list[tuple[str, ...]] = []
    tones: dict[tuple[int, int], Tone] = {}
    for position, row in enumerate(option.iter_rows(named=True)):
        effective = plan.short(row["effective"]) if row["effective"] else ""
        cost = " + ".join(money(row[name]) for name in ("running_cost", "one_off_cost") if row[name])
        served = row["service"] or 0.0
        told = f"{'+' if served > 0 else '-'}{points(served)}" if abs(served) >= 0.0005 else ""
        amounts = (_change(row["net_money"]), _change(row["cash"]), cost, _change(row["shortage"]), told)
        rows.append(
            (str(row["rank"] or ""), _name(row), str(row["gap"] or ""), *amounts, effective, row["because"] or "", row["catch"] or "")
        )
        if row["net_money"]:
            tones[position, 3] = "good" if row["net_money"] > 0 else "bad"
    return without_empty(Grid("Options, the best first", heads, tuple(rows), tones))


def _name(row: dict[str, object]) -> str:
    return f"{row['statement']} (recommended)" if row["status"] == "recommended" else str(row["statement"])


def _change(value: float | None) -> str:
    return "" if value is None or abs(value) < 0.5 else signed(value, number(value))


def dropped_grid(option: pl.DataFrame) -> Grid:
    """Return the options that were dropped, with the reason: dominated by another, without gain, or failed."""
    heads = (Head("Option"), Head("Dropped as"), Head("Why"))
    rows = tuple((row["statement"], named(row["status"]), row["because"] or "") for row in option.iter_rows(named=True))
    return Grid("Options that were looked at and dropped", heads, rows)


def _questions(plan: Plan) -> Iterator[Block]:
    asked = plan["option_question"].sort("question")
    heads = (
        Head("#", number=True),
        Head("Question"),
        Head("Gap", number=True),
        Head("Worth at most", number=True),
        Head("What the tables lack"),
    )
    rows = tuple(
        (str(row["question"]), row["statement"], str(row["gap"] or ""), _worth(row, plan), row["lever"] or "")
        for row in asked.head(MOST_QUESTIONS).iter_rows(named=True)
    )
    yield without_empty(Grid("Open questions: levers that no table prices", heads, rows))
    if asked.height > MOST_QUESTIONS:
        yield Paragraph(f"{number(asked.height - MOST_QUESTIONS)} more in table option_question.", quiet=True)


def _worth(row: dict[str, object], plan: Plan) -> str:
    return money(row["worth"], plan.currency) if isinstance(row["worth"], float) else ""
