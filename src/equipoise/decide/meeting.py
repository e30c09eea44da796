"""The agendas of pre-S&OP, where options are weighed, and of the executive meeting, where what is decided gets the time."""

from collections.abc import Iterator, Sequence

import polars as pl

from equipoise.decide.answers import Answers, benefit
from equipoise.decide.gap_groups import leading, ranks_of, topic
from equipoise.decide.readings import Row, Scenarios, amount, rows
from equipoise.dimensions.calendar import Calendar
from equipoise.tables import table
from equipoise.tables.figures import listing, money, number, plural
from equipoise.tables.setting import Setting, from_table

MOST_DECISIONS = 5
MOST_GAPS = 5
_MINUTES = {0: 15, 1: 10}
_OWNERS = {"budget": "finance", "obsolete_stock": "finance", "last_cycle": "demand planner"}

Topic = tuple[str, int, str, str]


def agenda(
    gap: pl.DataFrame,
    gap_cause: pl.DataFrame,
    recommendation: pl.DataFrame,
    scenario_result: pl.DataFrame,
    financials: pl.DataFrame,
    option: pl.DataFrame,
    option_question: pl.DataFrame,
    risk_register: pl.DataFrame,
    decision_needed: pl.DataFrame,
    override_effect: pl.DataFrame,
    setting: pl.DataFrame,
) -> pl.DataFrame:
    """Return the table `agenda` of both meetings. Minutes are proposals.

    Pre-S&OP (`pre_sop`): the gaps, the most money first and with the most time, each with its options; scenarios and risk, money, open
    questions and assumptions, and what is handed to the executive meeting. Executive meeting (`executive`): what was agreed, where the
    plan stands, a topic for each decision (at most five, the most money first), scenarios, money, and the close.
    """
    plan = from_table(setting)
    answers, scenarios = Answers.of(option, option_question), Scenarios.of(scenario_result)
    groups = sorted(answers.groups(gap, gap_cause), key=lambda group: -_stake(group))
    before = [
        ("Actions of the last pre-S&OP", 5, "facilitator", "Open actions have a new date or are closed."),
        *_gaps(groups, answers, plan),
        *_risk(scenarios, risk_register),
        *_money(financials),
        *_open(option_question, override_effect),
        ("Decisions handed to the executive meeting", 10, "facilitator", _handed_on(decision_needed)),
    ]
    made = [
        {"meeting": meeting, "position": position, "topic": words, "minutes": minutes, "owner_role": role, "outcome": outcome}
        for meeting, topics in (("pre_sop", before), ("executive", [*_executive(gap, recommendation, scenarios, plan)]))
        for position, (words, minutes, role, outcome) in enumerate(topics, start=1)
    ]
    return pl.DataFrame(made, schema=table("agenda").schema, orient="row")


def _gaps(groups: list[list[dict[str, object]]], answers: Answers, plan: Setting) -> Iterator[Topic]:
    calendar = Calendar.from_setting(plan.calendar)
    for place, group in enumerate(groups[:MOST_GAPS]):
        words, ranks = topic(group, calendar), ranks_of(group)
        stake = _stake(group)
        worth = f" ({money(stake, plan.currency)})" if stake else ""
        taken, looked_at, asked = answers.taken(ranks), answers.looked_at(ranks), answers.open(ranks)
        options = f" Options: {listing([_option(row, plan) for row in taken or looked_at])}." if looked_at else " No option was found."
        outcome = "Recommended or dropped, with the reason." if taken else "An answer that can be costed, or the gap is accepted."
        if asked and not taken:
            outcome = f"{number(len(asked))} open {plural('question', len(asked))} with an owner, or the gap is accepted."
        role = _OWNERS.get(str(leading(group)["kind"]), "supply planner")
        yield f"{words[:1].upper()}{words[1:]}{worth}.{options}", _MINUTES.get(place, 5), role, outcome
    if len(groups) > MOST_GAPS:
        rest = len(groups) - MOST_GAPS
        yield f"{number(rest)} smaller {plural('cause', rest)} of gaps", 5, "supply planner", "Planners settle them among themselves."
    if not groups:
        yield "Gaps: none is worth showing", 5, "supply planner", "The plan is taken as it is."


def _stake(group: Sequence[Row]) -> float:
    return sum(amount(row["stake"]) or 0.0 for row in group)


def _option(row: Row, plan: Setting) -> str:
    return f"{row['option']} ({benefit(row, plan)})" if row["status"] in {"recommended", "listed"} else f"{row['option']} ({row['status']})"


def _risk(scenarios: Scenarios, risk_register: pl.DataFrame) -> Iterator[Topic]:
    if scenarios.others:
        names = listing(scenarios.others, 6)
        yield f"Scenarios: {names}", 10, "facilitator", "Each is understood; the plan is robust enough, or it is said what is missing."
    raised = risk_register.filter(pl.col("raised") == "met").sort("rank").get_column("risk").to_list()
    if raised:
        words = f"Risks and opportunities: {listing(raised)} raised"
        yield words, 10, "facilitator", "Taken into the plan, answered, or watched on."
    elif risk_register.height:
        yield "Risks and opportunities: none is raised", 5, "facilitator", "Probabilities, owners and triggers are still right."


def _money(financials: pl.DataFrame) -> Iterator[Topic]:
    if financials.get_column("amount").is_not_null().any():
        yield "Profit and loss, inventory and cash of the plan", 10, "finance", "The money of the plan is agreed."


def _open(option_question: pl.DataFrame, override_effect: pl.DataFrame) -> Iterator[Topic]:
    count, assumed = option_question.height, override_effect.get_column("assumption").drop_nulls().len()
    if count:
        words = f"Open questions: {number(count)} {plural('lever', count)} without a price"
        yield words, 5, "supply planner", "Each question has an owner and a date, or is dropped."
    if assumed:
        words = f"Assumptions: {number(assumed)} {plural('override', assumed)} of the plan {'rests' if assumed == 1 else 'rest'} on one"
        yield words, 5, "demand planner", "Each still holds, or its override is taken out."


def _handed_on(decision_needed: pl.DataFrame) -> str:
    count = decision_needed.height
    if not count:
        return "Nothing is open: the plan is recommended for approval."
    return f"{number(count)} {plural('decision', count)}, each with a recommendation, its reason and a date."


def _executive(gap: pl.DataFrame, recommendation: pl.DataFrame, scenarios: Scenarios, plan: Setting) -> Iterator[Topic]:
    yield "Actions and decisions of the last meeting", 5, "facilitator", "Open actions have a new date or are closed."
    yield "Measures against their targets", 5, "facilitator", "Causes of missed targets have an owner."
    yield "Demand plan and its assumptions", 10, "demand planner", "The demand plan is agreed."
    yield "Supply plan and what limits it", 10, "supply planner", "The supply plan is understood, limits are named."
    for place, advice in enumerate(rows(recommendation.sort("rank").head(MOST_DECISIONS))):
        stake = advice["value"]
        worth = f" ({money(stake, plan.currency)} at stake)" if isinstance(stake, float) and stake else ""
        words = f"Decision: {advice['recommendation']}{worth}"
        yield words, _MINUTES.get(place, 5), str(advice["decider"]), "Decided, with owner and date."
    if scenarios.others:
        yield f"Scenarios: {', '.join(scenarios.others)}", 10, "facilitator", "Signals are named that tell which scenario comes."
    if gap.filter(pl.col("kind") == "budget").height:
        yield "Outlook against budget", 10, "finance", "The outlook is agreed, gaps to budget have an owner."
    if gap.filter(pl.col("kind") == "last_cycle").height:
        yield "What changed since the last cycle", 5, "demand planner", "Changes are explained; orders and capacity follow."
    yield "Decisions, owners and dates read back", 5, "facilitator", "The plan is approved."
