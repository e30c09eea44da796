"""What pre-S&OP hands to the executive meeting: the question, what is recommended and why, the money, and the day by which it is due."""

import datetime as dt
from collections.abc import Iterator, Sequence

import polars as pl

from equipoise.decide.actions import due_date, started_by
from equipoise.decide.answers import Answers, none_pays
from equipoise.decide.gap_groups import ranks_of, topic
from equipoise.decide.readings import Row, amount, rows
from equipoise.dimensions.calendar import Calendar
from equipoise.tables import table
from equipoise.tables.figures import money, named, quantity
from equipoise.tables.setting import Setting, from_table

MOST_ADVISED = 9
MOST_RAISED = 5
_HANDED_ON = ("executive", "finance")
_DATED = ("price", "promotion")  # their statements say from when
_LEAST = 0.5  # money and units below which a difference is none

Decision = dict[str, object]


def decision_needed(
    gap: pl.DataFrame,
    gap_cause: pl.DataFrame,
    recommendation: pl.DataFrame,
    option: pl.DataFrame,
    option_question: pl.DataFrame,
    robust_result: pl.DataFrame,
    risk_register: pl.DataFrame,
    setting: pl.DataFrame,
) -> pl.DataFrame:
    """Return the table `decision_needed`: what pre-S&OP hands to the executive meeting.

    First at most nine of the recommendations that executives or finance decide, in their order: with the options that were proven for
    their gaps, or the question that stands open; then whether the first periods are settled by the robust plan, then at most five risks
    and opportunities whose trigger is met. What planners decide among themselves is left out, and so is what changed since the last
    cycle. A decision is due on the day by which its option must be set going to take effect when it says, and not before the data cut.
    """
    plan = from_table(setting)
    calendar = Calendar.from_setting(plan.calendar)
    answers = Answers.of(option, option_question)
    groups = {rank: group for group in answers.groups(gap, gap_cause) for rank in ranks_of(group)}
    found = [
        _of_gaps(advice, groups[int(str(advice["gap"]))], answers, plan, calendar)
        if advice["gap"] in groups
        else _as_advised(advice, calendar)
        for advice in rows(recommendation.sort("rank"))
        if advice["decider"] in _HANDED_ON and not _in_the_plan(groups.get(advice["gap"], ()))  # type: ignore[call-overload]
    ][:MOST_ADVISED]
    found += [*_insured(robust_result, plan, calendar), *list(_raised(risk_register, calendar))[:MOST_RAISED]]
    numbered = [{"decision": number, **row} for number, row in enumerate(found, start=1)]
    return pl.DataFrame(numbered, schema=table("decision_needed").schema, orient="row")


def _in_the_plan(group: Sequence[Row]) -> bool:
    """Whether gaps only tell what changed since the last cycle: the plan holds it, and the meeting hears of it."""
    return bool(group) and all(row["kind"] == "last_cycle" for row in group)


def _as_advised(advice: Row, calendar: Calendar) -> Decision:
    """A decision on what has no gap of the plan: a rule that broke, or a scenario to be prepared for."""
    what = str(advice["recommendation"])
    scenario = what.partition(": ")[0].removeprefix("Prepare for ") if what.startswith("Prepare for ") else ""
    return {
        "question": f"What is agreed now for {scenario}?" if scenario else "Which rule gives way?",
        "recommendation": what,
        "reason": advice["reason"],
        "stake": advice["value"],
        "decider": advice["decider"],
        "by": due_date(calendar, None if scenario else calendar.start),
        "gap": None,
    }


def _of_gaps(advice: Row, group: list[dict[str, object]], answers: Answers, plan: Setting, calendar: Calendar) -> Decision:
    """A decision on gaps that one answer closes."""
    ranks = ranks_of(group)
    looked_at, taken, asked = answers.looked_at(ranks), answers.taken(ranks), answers.open(ranks)
    decision: Decision = {
        "question": f"What is done about {topic(group, calendar)}?",
        "recommendation": advice["recommendation"],
        "reason": advice["reason"],
        "options": "; ".join(str(row["option"]) for row in looked_at) or None,
        "stake": advice["value"],
        "decider": advice["decider"],
        "by": due_date(calendar, group[0]["period"]),  # type: ignore[arg-type]
        "gap": advice["gap"],
    }
    if taken:
        return decision | {
            "recommendation": " ".join([*(_statement(row, calendar) for row in taken), *_beside(taken, answers, plan)]),
            "reason": " ".join(f"{row['because']} Against it: {row['catch']}" if row["catch"] else str(row["because"]) for row in taken),
            "net_money": answers.net_money(taken),
            "by": min(started_by(row, calendar) for row in taken),
        }
    if asked:
        question = str(asked[0]["statement"]).partition("?")[0]
        return decision | {"recommendation": f"{advice['recommendation']} Find out first: {question[:1].lower()}{question[1:]}?"}
    if looked_at:
        return decision | {
            "recommendation": "Accept it for now, and look at it again in the next cycle.",
            "reason": none_pays(looked_at, plan),
        }
    return decision


def _statement(row: Row, calendar: Calendar) -> str:
    effective = None if row["kind"] in _DATED else row["effective"]
    return f"{row['statement']}, from {named(effective, calendar)}." if isinstance(effective, dt.date) else f"{row['statement']}."


def _beside(taken: list[Row], answers: Answers, plan: Setting) -> Iterator[str]:
    """Say with what else the options are best taken, and what all of it brings."""
    both = answers.together(taken)
    if both is None:
        return
    own = {str(row["option"]) for row in taken}
    others = [name for name in str(both["members"]).split("; ") if name not in own]
    net = amount(both["net_money"])
    brings = f": together {money(net, plan.currency)} after their cost" if net is not None else ""
    if others:
        yield f"Best taken with {' and '.join(others)}{brings}."


def _insured(robust_result: pl.DataFrame, plan: Setting, calendar: Calendar) -> Iterator[Decision]:
    """The decision on the robust plan, where it changes what is expected over all scenarios."""
    expected = next(iter(rows(robust_result.filter(pl.col("scenario").fill_null("") == ""))), None)
    if expected is None:
        return
    before, after = amount(expected["nominal_regret"]), amount(expected["robust_regret"])
    nominal, robust = amount(expected["nominal"]), amount(expected["robust"])
    if before is None or after is None or before - after < _LEAST:
        return
    net = None if nominal is None or robust is None else robust - nominal
    told = f"It lowers the regret expected over all scenarios from {money(before, plan.currency)} to {money(after, plan.currency)}"
    short, left = amount(expected["nominal_short"]), amount(expected["robust_short"])
    if short is not None and left is not None and abs(short - left) >= _LEAST:
        told += f", what is short from {quantity(short)} to {quantity(left)}"
    if net is not None and abs(net) >= _LEAST:
        told += (
            f"; expected profit is {money(abs(net), plan.currency)} {'higher' if net > 0 else 'lower: that is what the insurance costs'}"
        )
    worth = net is None or before - after + net > 0
    yield {
        "question": "Are the first periods settled by the robust plan, for all scenarios, or by the plan of record?",
        "recommendation": "Settle them by the robust plan."
        if worth
        else "Keep the plan of record: the insurance costs more than it saves.",
        "reason": f"{told}.",
        "net_money": net,
        "stake": before,
        "decider": "executive",
        "by": due_date(calendar, calendar.start),
    }


def _raised(risk_register: pl.DataFrame, calendar: Calendar) -> Iterator[Decision]:
    """A decision for each risk or opportunity outside the plan whose trigger is met."""
    for row in rows(risk_register.filter((pl.col("raised") == "met") & ~pl.col("in_plan").fill_null(value=False)).sort("rank")):
        effect = amount(row["money"])
        yield {
            "question": f"Does the plan take in {row['kind']} {row['risk']}, whose trigger is met?",
            "recommendation": "Take it into the plan by an override, or say what is done instead and who watches it.",
            "reason": row["sentence"],
            "net_money": amount(row["expected_money"]),
            "stake": None if effect is None else abs(effect),
            "decider": "executive",
            "by": due_date(calendar, calendar.start),
        }
