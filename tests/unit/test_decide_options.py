"""What was proven for gaps goes into recommendations, decisions, actions and the agenda of pre-S&OP; risks into the summary."""

import datetime as dt
from typing import Any

import polars as pl
import pytest

from equipoise.decide import agenda, decision_needed, executive_summary, proposed_action, recommendation
from tests.unit.test_decide_summary import AS_OF, CAUSES, GAPS, MARCH, RAISE, SCENARIOS, frame, run

FEBRUARY = dt.date(2027, 2, 1)


def option(name: str, gap: int, status: str = "recommended", net: float | None = 500.0, **more: Any) -> dict[str, Any]:
    own = {"option": name, "kind": "shift", "statement": f"{name}: up to 80 hours a month", "gap": gap, "status": status, "net_money": net}
    return {**own, "because": f"{name} was solved.", "lead_time": 30, "effective": MARCH, **more}


SHIFT = option("Extra shift", 1, rank=1, catch="It needs people.")
LATE_ONE = option("Second source", 2, "listed", -40.0, rank=2, kind="source")
SALE = option("Sell off", 4, rank=3, kind="promotion", effective=FEBRUARY, net=90.0)
BOTH = option("Extra shift + Sell off", 1, rank=0, kind="combination", members="Extra shift; Sell off", net=600.0)
QUESTION = frame(
    "option_question", {"question": 1, "kind": "price", "target": "Stoves", "gap": 3, "statement": "At what price would Stoves sell?"}
)


def tables(*options: dict[str, Any], **more: pl.DataFrame) -> dict[str, pl.DataFrame]:
    made = {"gap": GAPS, "gap_cause": CAUSES, "scenario_result": SCENARIOS, "option": frame("option", *options), **more}
    for step in (recommendation, decision_needed, proposed_action):
        made[step.__name__] = run(step, made)
    return made


def test_a_recommended_option_is_what_is_recommended_with_its_money_and_the_catch() -> None:
    first = tables(SHIFT)["recommendation"].row(0, named=True)
    assert first["recommendation"] == "Agree on Extra shift, which brings EUR 500 after its cost."
    assert first["reason"].endswith("Supplier X is at its limit. Extra shift was solved. Against it: It needs people.")
    assert first["value"] == 3900, "money at stake is that of the gaps"
    assert first["decider"] == "executive"


def test_an_option_of_one_gap_of_a_group_of_the_same_limit_answers_the_group() -> None:
    made = tables(option("Overtime", 2))["recommendation"]
    assert made["recommendation"][0].startswith("Agree on Overtime")
    assert made.filter(pl.col("gap") == 2).is_empty()


def test_an_option_of_one_family_does_not_answer_others_of_the_kind() -> None:
    more = frame(
        "gap", *GAPS.iter_rows(named=True), {**GAPS.row(3, named=True), "subject": "Packs", "rank": 8, "suggestion": "Sell Packs."}
    )
    made = tables(SALE, gap=more)["recommendation"]
    assert made.filter(pl.col("gap") == 4)["recommendation"].to_list() == ["Agree on Sell off, which brings EUR 90 after its cost."]
    assert made.filter(pl.col("gap") == 8)["recommendation"].to_list() == ["Sell Packs."]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ([LATE_ONE], "The option that was proven does not bring more than it costs. The nearest, Second source, costs EUR 40 net."),
        (
            [LATE_ONE, option("Half a shift", 1, "no gain", 0.0)],
            "None of the 2 options that were proven brings more than it costs. The nearest, Second source, costs EUR 40 net.",
        ),
        ([option("Half a shift", 1, "failed", None)], "The option that was proven does not bring more than it costs: Half a shift."),
    ],
)
def test_options_that_do_not_pay_are_said(options: list[dict[str, Any]], says: str) -> None:
    first = tables(*options)["recommendation"].row(0, named=True)
    assert first["recommendation"] == RAISE
    assert first["reason"].endswith(says)


def test_a_decision_has_question_recommendation_reason_options_money_and_day() -> None:
    made = tables(SHIFT, LATE_ONE, SALE, BOTH)["decision_needed"]
    first = made.row(0, named=True)
    assert first["question"] == "What is done about the shortage of Tents in North in March 2027, and 1 more gap of the same cause?"
    assert first["recommendation"] == (
        "Extra shift: up to 80 hours a month, from March 2027. Best taken with Sell off: together EUR 600 after their cost."
    )
    assert first["reason"] == "Extra shift was solved. Against it: It needs people."
    assert first["options"] == "Extra shift; Second source"
    assert first["net_money"] == 500
    assert first["stake"] == 3900
    assert first["by"] == dt.date(2027, 1, 29), "1 March less 30 days is a Saturday: the Friday before it"
    sale = made.filter(pl.col("gap") == 4).row(0, named=True)
    assert sale["by"] == dt.date(2027, 1, 1)
    assert made["decision"].to_list() == list(range(1, made.height + 1))


def test_no_decision_is_due_before_the_data_cut() -> None:
    made = tables(option("Slow", 1, lead_time=900))["decision_needed"]
    assert made["by"][0] == AS_OF


def test_two_options_of_one_gap_have_the_money_of_their_combination_or_none() -> None:
    other = option("Overtime", 2, rank=4)
    assert tables(SHIFT, other)["decision_needed"]["net_money"][0] is None
    joint = option("Extra shift + Overtime", 1, kind="combination", members="Extra shift; Overtime", net=800.0)
    assert tables(SHIFT, other, joint)["decision_needed"]["net_money"][0] == 800


def test_where_nothing_pays_the_question_is_asked_first_else_the_gap_is_accepted() -> None:
    accepted = tables(LATE_ONE)["decision_needed"].row(0, named=True)
    assert accepted["recommendation"] == "Accept it for now, and look at it again in the next cycle."
    asked = tables(option_question=QUESTION)["decision_needed"].filter(pl.col("gap") == 3).row(0, named=True)
    assert asked["recommendation"] == "Do about budget of Stoves. Find out first: at what price would Stoves sell?"
    assert asked["reason"] == "Stoves: budget."


def test_what_planners_decide_among_themselves_is_not_handed_on() -> None:
    made = tables()
    planners = made["recommendation"].filter(pl.col("decider") == "supply planner")
    assert planners.height
    assert not set(planners["gap"]) & set(made["decision_needed"]["gap"].drop_nulls())


def test_what_changed_since_the_last_cycle_is_heard_and_not_decided() -> None:
    changed = {**GAPS.row(2, named=True), "kind": "last_cycle", "subject": "Packs", "rank": 8}
    made = tables(gap=frame("gap", *GAPS.iter_rows(named=True), changed))
    assert 8 in made["recommendation"]["gap"]
    assert 8 not in made["decision_needed"]["gap"]
    executive = run(agenda, made).filter(pl.col("meeting") == "executive")["topic"].to_list()
    assert "What changed since the last cycle" in executive


def test_many_recommendations_leave_room_for_risks_that_are_raised() -> None:
    broken = frame("violation", *({"rule": f"rule {n}", "subject": "A", "sentence": "A."} for n in range(20)))
    many = frame("risk_register", *(risk(f"r{n}", "met", -1.0, rank=n) for n in range(8)))
    made = tables(violation=broken, risk_register=many)["decision_needed"]
    assert made.height == 9 + 5
    assert made["question"][-1] == "Does the plan take in risk r4, whose trigger is met?"


def robust(nominal: float, robust_profit: float, before: float, after: float) -> pl.DataFrame:
    row = {"scenario": "", "nominal": nominal, "robust": robust_profit, "nominal_regret": before, "robust_regret": after}
    return frame("robust_result", {**row, "nominal_short": 30.0, "robust_short": 10.0})


@pytest.mark.parametrize(
    ("cost", "recommended"), [(10.0, "Settle them by the robust plan."), (90.0, "Keep the plan of record: the insurance")]
)
def test_the_robust_plan_is_recommended_where_it_saves_more_than_it_costs(cost: float, recommended: str) -> None:
    last = tables(robust_result=robust(1000, 1000 - cost, 60, 20))["decision_needed"].row(-1, named=True)
    assert last["recommendation"].startswith(recommended)
    assert last["reason"] == (
        "It lowers the regret expected over all scenarios from EUR 60 to EUR 20, what is short from 30 units to 10 units; "
        f"expected profit is EUR {cost:.0f} lower: that is what the insurance costs."
    )
    assert last["net_money"] == -cost


def test_a_robust_plan_that_changes_nothing_is_no_decision() -> None:
    before, after = tables()["decision_needed"], tables(robust_result=robust(1000, 1000, 20, 20))["decision_needed"]
    assert before.equals(after)


def risk(name: str, raised: str, expected: float | None, *, in_plan: bool = False, **more: Any) -> dict[str, Any]:
    own = {"risk": name, "kind": "risk", "raised": raised, "expected_money": expected, "probability": 0.5, "in_plan": in_plan}
    return {**own, "money": None if expected is None else expected * 2, "statement": name, "sentence": f"Risk: {name} is {raised}.", **more}


REGISTER = frame(
    "risk_register",
    risk("dealer", "met", -30.0, rank=1),
    risk("fire", "not met", -50.0, rank=2),
    risk("tender", "no trigger", 20.0, rank=3),
    risk("inside", "met", -900.0, rank=4, in_plan=True),
    risk("old", "expired", 0.0, rank=5),
)


def test_raised_risks_outside_the_plan_are_decided_on() -> None:
    made = tables(risk_register=REGISTER)["decision_needed"]
    raised = made.filter(pl.col("question").str.contains("trigger is met"))
    assert raised["question"].to_list() == ["Does the plan take in risk dealer, whose trigger is met?"]
    assert raised["net_money"].to_list() == [-30]
    assert raised["stake"].to_list() == [60]


def test_the_summary_tells_raised_risks_and_adds_up_what_is_outside_the_plan() -> None:
    made = run(executive_summary, {"risk_register": REGISTER}).filter(pl.col("section") == "Risks and assumptions")["statement"].to_list()
    assert made[-3:] == [
        "Raised: Risk: dealer is met.",
        "Raised: Risk: inside is met.",
        (
            "3 of the risk register are outside the plan, -EUR 60 expected in all; the largest: fire (-EUR 50, 50 % likely), "
            "dealer (-EUR 30, 50 % likely) and tender (EUR 20, 50 % likely)."
        ),
    ]
    bare = run(executive_summary, {"risk_register": frame("risk_register", risk("one", "no trigger", None, rank=1))})
    assert "1 of the risk register is outside the plan, without expected money." in bare["statement"].to_list()


def test_actions_set_the_option_going_in_time_and_answer_questions() -> None:
    made = tables(SHIFT, option_question=QUESTION)["proposed_action"]
    first = made.row(0, named=True)
    assert first["statement"] == "Prepare Extra shift so that it takes effect in March 2027: commitment, cost and lead time."
    assert (first["owner_role"], first["due"]) == ("supply planner", dt.date(2027, 1, 29))
    asked = made.filter(pl.col("statement").str.starts_with("Find out")).row(0, named=True)
    assert (asked["statement"], asked["owner_role"], asked["gap"]) == ("Find out: At what price would Stoves sell?", "sales", 3)
    assert not any(
        statement.startswith("Bring cost and lead time of this option") for statement in made.filter(pl.col("gap") == 1)["statement"]
    )


def test_pre_sop_weighs_options_gap_by_gap_and_hands_decisions_on() -> None:
    effects = frame("override_effect", {"override": "fair", "assumption": "Both dealers sign"}, {"override": "other"})
    money = frame("financials", {"scenario": "base", "line": "revenue", "period": MARCH, "amount": 1.0})
    made = tables(SHIFT, LATE_ONE, option_question=QUESTION, risk_register=REGISTER, override_effect=effects, financials=money)
    meetings = run(agenda, made)
    own = meetings.filter(pl.col("meeting") == "pre_sop").sort("position")
    topics = own["topic"].to_list()
    assert topics[0] == "Actions of the last pre-S&OP"
    assert topics[1] == (
        "The shortage of Tents in North in March 2027, and 1 more gap of the same cause (EUR 3,900). "
        "Options: Extra shift (brings EUR 500 after its cost)."
    )
    assert own["outcome"][1] == "Recommended or dropped, with the reason."
    stoves = next(row for row in own.iter_rows(named=True) if row["topic"].startswith("The gap of Stoves to budget"))
    assert (stoves["outcome"], stoves["owner_role"]) == ("1 open question with an owner, or the gap is accepted.", "finance")
    assert topics[-6:] == [
        "Scenarios: downside, storm and upside",
        "Risks and opportunities: dealer and inside raised",
        "Profit and loss, inventory and cash of the plan",
        "Open questions: 1 lever without a price",
        "Assumptions: 1 override of the plan rests on one",
        "Decisions handed to the executive meeting",
    ]
    assert own["outcome"][-1] == f"{made['decision_needed'].height} decisions, each with a recommendation, its reason and a date."
    assert meetings.filter(pl.col("meeting") == "executive").height


def test_pre_sop_without_gaps_says_so() -> None:
    topics = run(agenda, {}).filter(pl.col("meeting") == "pre_sop")["topic"].to_list()
    assert topics == ["Actions of the last pre-S&OP", "Gaps: none is worth showing", "Decisions handed to the executive meeting"]
