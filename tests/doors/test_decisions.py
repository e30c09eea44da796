"""Decisions: an option that is chosen is part of the plan, in one write with the decision; reversing takes it out again."""

import datetime as dt
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from equipoise.dimensions.calendar import Calendar
from equipoise.errors import ConflictError, DataError, InputError, NotAllowedError
from equipoise.scenario import Override
from equipoise.service.decisions import _document, _options_of
from equipoise.service.promoting import paid_once
from equipoise.store.contract import Change, Signature
from equipoise.tables import table
from tests.doors.conftest import TODAY, answer
from tests.doors.record_example import as_, demand, place_of, team

HALVE = {"table": "demand_plan", "where": {"item": "Lantern"}, "operation": "scale", "value": 0.5}
OPTIONS: list[dict[str, Any]] = [
    {"name": "Fewer lanterns", "statement": "Sell half", "net_money": 900.0, "one_off_cost": 250.0, "overrides": [HALVE]},
    {"name": "Talk first", "statement": "Ask the customers"},
    {"name": "Wrong item", "statement": "Of another year", "overrides": [{**HALVE, "where": {"item": "Oil lamp"}}]},
]


def decision(workspace: Path, **values: Any) -> str:
    return str(answer("decision add", plan=str(workspace), question="What of lanterns?", options=OPTIONS, **values)["id"])


def test_a_chosen_option_is_part_of_the_plan_until_the_decision_is_opened_again(quick: Path) -> None:
    before = demand(quick, item="Lantern")
    number = decision(quick, due="2026-12-01")
    made = answer("decision decide", plan=str(quick), decision=number, choose="1", rationale="It pays")
    (line,) = made["decisions"]
    assert (line["status"], line["chosen"], line["net_money"], line["cost"]) == ("decided", "Fewer lanterns", 900.0, 250.0)
    assert any("250" in sentence and "paid in the period that begins on 2026-12-01" in sentence for sentence in made["headline"])
    record = answer("decision show", plan=str(quick), decision=number)
    assert record["record"]["decided_on"] == TODAY.isoformat()
    assert record["record"]["rationale"] == "It pays"
    (promotion,) = place_of(quick).store.records("promotion")
    assert (promotion.document["decision"], promotion.document["cost"]) == (number, 250.0)
    assert place_of(quick).store.record("decision", number).batch == promotion.batch, "kept in one write"
    answer("run", plan=str(quick))
    assert demand(quick, item="Lantern") == pytest.approx(before / 2)
    effect = answer("show", plan=str(quick), table="override_effect", limit=0)
    assert effect["rows"][0][effect["columns"].index("reason")] == "It pays"
    assert paid(quick, "one_off") == paid(quick, "one_off_cost") == 250.0

    with pytest.raises(InputError, match="is decided"):
        answer("decision decide", plan=str(quick), decision=number, choose="none")
    again = answer("decision reopen", plan=str(quick), decision=number, reason="The customer said no")
    assert again["decisions"][0]["status"] == "open"
    assert not place_of(quick).store.records("promotion")
    answer("run", plan=str(quick))
    assert demand(quick, item="Lantern") == pytest.approx(before)
    assert paid(quick, "one_off") == 0.0
    history = answer("decision show", plan=str(quick), decision=number)["history"]
    assert ("chosen", "Fewer lanterns", "", "The customer said no") in {
        (one["column"], one["old"], one["new"], one["reason"]) for one in history
    }


def paid(workspace: Path, line: str) -> float:
    """Return what the statement of the last version has of a line."""
    place = place_of(workspace)
    frame = place.store.table(place.version().tables["financials"])
    return float(frame.filter(pl.col("line") == line).get_column("amount").sum())


def test_what_is_paid_once_is_paid_when_it_is_first_used() -> None:
    calendar = Calendar("month", dt.date(2027, 1, 1), 6, dt.date(2026, 12, 31))
    later = [Override.model_validate({**HALVE, "where": {"period": {"from": "2027-03", "to": "2027-05"}}})]
    step = Override.model_validate(
        {"table": "capacity_step", "operation": "insert", "value": {"resource": "Line", "step": "s", "start": "2027-02-14"}}
    )
    for overrides, period in ((later, "2027-03-01"), ([*later, step], "2027-02-01"), ([], "2027-01-01")):
        (cost,) = paid_once("Tool", 90, overrides, calendar)
        assert cost.value == {"purpose": "Tool", "period": period, "amount": 90.0}
    assert paid_once("Tool", 0, later, calendar) == paid_once("Tool", None, later, calendar) == ()


def test_what_only_costs_is_part_of_the_plan_too(quick: Path) -> None:
    options = [{"name": "Consultant", "one_off_cost": 400.0}]
    number = str(answer("decision add", plan=str(quick), question="Whom do we ask?", options=options)["id"])
    answer("decision decide", plan=str(quick), decision=number, choose="1")
    before = {line: paid(quick, line) for line in ("contribution", "payments", "supply_cost")}
    answer("run", plan=str(quick))
    after = {line: paid(quick, line) - amount for line, amount in before.items()}
    assert after == {
        line: pytest.approx(sign * 400.0, abs=0.01) for line, sign in (("contribution", -1), ("payments", 1), ("supply_cost", 1))
    }


def test_none_and_what_has_no_overrides_change_nothing(quick: Path) -> None:
    first, second = decision(quick), decision(quick)
    assert answer("decision decide", plan=str(quick), decision=first, choose="none")["decisions"][0]["chosen"] == "none"
    assert answer("decision decide", plan=str(quick), decision=second, choose="Talk first")["decisions"][0]["status"] == "decided"
    bare = answer("decision add", plan=str(quick), question="Which rule gives way?")["id"]
    assert (
        answer("decision decide", plan=str(quick), decision=bare, choose="The frozen fence")["decisions"][0]["chosen"] == "The frozen fence"
    )
    assert answer("run", plan=str(quick))["unchanged"]


def test_what_cannot_be_chosen_changes_nothing(quick: Path) -> None:
    number = decision(quick)
    with pytest.raises(InputError, match="has no option Everything") as caught:
        answer("decision decide", plan=str(quick), decision=number, choose="Everything")
    assert "1 Fewer lanterns" in caught.value.fix
    with pytest.raises(DataError, match="does not fit the plan"):
        answer("decision decide", plan=str(quick), decision=number, choose="Wrong item")
    answer("decision change", plan=str(quick), decision=number, reason="x")
    with pytest.raises(ConflictError) as conflict:
        answer("decision decide", plan=str(quick), decision=number, choose="1", revision=1)
    said = str(conflict.value.faults)
    assert "You gave: status decided, chosen Fewer lanterns" in said
    assert "What of lanterns?" not in said.partition("You gave")[2]
    assert [one.made for one in place_of(quick).versions()] == ["run"], "what was refused leaves no version behind"
    with pytest.raises(InputError, match="not decided"):
        answer("decision reopen", plan=str(quick), decision=number, reason="x")
    assert answer("decision show", plan=str(quick), decision=number)["record"]["status"] == "open"
    assert not place_of(quick).store.records("promotion")


def test_a_decision_is_made_by_whom_it_names(quick: Path) -> None:
    number = decision(quick, decider_role="executive")
    named = decision(quick, decider="fin")
    team(quick, eve=["executive"], fin=["finance"], fay=["facilitator"], bot=["agent"])
    plan = str(quick)
    for person in ("fay", "fin", "bot"):
        with pytest.raises(NotAllowedError):
            as_(person, "decision decide", plan=plan, decision=number, choose="none", rationale="x")
    with pytest.raises(InputError, match="no rationale"):
        as_("eve", "decision decide", plan=plan, decision=number, choose="none")
    assert as_("eve", "decision decide", plan=plan, decision=number, choose="none", rationale="x")["decisions"][0]["status"] == "decided"
    with pytest.raises(NotAllowedError, match="decided by fin"):
        as_("eve", "decision decide", plan=plan, decision=named, choose="none", rationale="x")
    as_("fin", "decision decide", plan=plan, decision=named, choose="none", rationale="x")


def test_whoever_has_slices_decides_and_promotes_within_them(quick: Path) -> None:
    plan, number = str(quick), decision(quick)
    team(quick, eve=["executive"], slices_eve=["family=Desk"], liv=["executive"], slices_liv=["family=Living"])
    with pytest.raises(NotAllowedError, match="eve"):
        as_("eve", "decision decide", plan=plan, decision=number, choose="1", rationale="x")
    with pytest.raises(NotAllowedError, match="eve"):
        as_("eve", "promote", plan=plan, name="holiday rush", reason="x")
    as_("liv", "decision decide", plan=plan, decision=number, choose="1", rationale="x")
    as_("liv", "promote", plan=plan, name="holiday rush", reason="x")
    with pytest.raises(NotAllowedError, match="eve"):
        as_("eve", "promote", plan=plan, name="holiday rush", undo=True)
    assert len(place_of(quick).store.records("promotion")) == 2


def test_nobody_takes_a_decision_from_whoever_decides_it(quick: Path) -> None:
    plan, number = str(quick), decision(quick, decider_role="executive")
    team(quick, eve=["executive"], sam=["sales"], fin=["finance"])
    for change in ({"decider": "sam"}, {"decider_role": "sales"}, {"clear": ["decider_role"]}):
        with pytest.raises(NotAllowedError, match="decided by executive"):
            as_("sam", "decision change", plan=plan, decision=number, **change)
    as_("sam", "decision change", plan=plan, decision=number, reason="The customer asks")
    as_("eve", "decision change", plan=plan, decision=number, decider="fin")
    with pytest.raises(NotAllowedError, match="decided by fin"):
        as_("sam", "decision change", plan=plan, decision=number, decider="sam")
    as_("fin", "decision change", plan=plan, decision=number, decider="sam")
    assert answered(quick, number)["decider"] == "sam"


def test_what_was_decided_stays_once_the_executive_step_was_handed_on(quick: Path) -> None:
    plan, done, later = str(quick), decision(quick), decision(quick)
    answer("cycle open", plan=plan)
    answer("decision decide", plan=plan, decision=done, choose="1")
    store = place_of(quick).store
    (step,) = [one for one in store.records("step") if one.document["name"] == "executive_sop"]
    store.change([Change("step", {**step.document, "status": "accepted"}, step.id, step.revision)], Signature("ada", "cli", "step accept"))
    for name, values in (
        ("decision decide", {"decision": later, "choose": "1"}),
        ("decision reopen", {"decision": done, "reason": "x"}),
        ("promote", {"name": "upside"}),
        ("promote", {"name": "Fewer lanterns", "undo": True}),
    ):
        with pytest.raises(NotAllowedError, match="was accepted") as caught:
            answer(name, plan=plan, **values)
        assert "step reopen executive_sop" in caught.value.fix
    assert len(store.records("promotion")) == 1
    answer("decision decide", plan=plan, decision=later, choose="none")
    answer("step reopen", plan=plan, step="executive_sop", reason="The customer said no")
    answer("decision reopen", plan=plan, decision=done, reason="x")
    assert not store.records("promotion")


def answered(workspace: Path, number: str) -> dict[str, Any]:
    (record,) = [one for one in place_of(workspace).store.records("decision") if one.id == number]
    return record.document


def test_what_pre_sop_hands_on_is_collected_once(quick: Path) -> None:
    needed = answer("show", plan=str(quick), table="decision_needed", limit=0)
    first = answer("decision collect", plan=str(quick))["decisions"]
    assert len(first) == needed["total_rows"] > 0
    assert len({line["question"] for line in first}) == len(first)
    assert answer("decision collect", plan=str(quick))["decisions"] == [], "nothing has changed"
    mine, other = first[0]["decision"], first[1]["decision"] if len(first) > 1 else first[0]["decision"]
    answer("decision change", plan=str(quick), decision=mine, recommendation="My own words")
    answer("decision decide", plan=str(quick), decision=other, choose="none") if other != mine else None
    answer("run", plan=str(quick), force=True)
    assert answer("decision collect", plan=str(quick))["decisions"] == []
    assert answer("decision show", plan=str(quick), decision=mine)["record"]["recommendation"] == "My own words"


def test_options_of_the_plan_are_collected_with_what_they_change() -> None:
    option = table("option").conform(
        pl.DataFrame(
            {
                "option": ["Overtime on Line 1", "Buy"],
                "statement": ["Overtime on Line 1", "Buy it"],
                "net_money": [500.0, 1.0],
                "one_off_cost": [40.0, None],
            }
        )
    )
    change = table("option_change").conform(
        pl.DataFrame(
            {
                "option": ["Buy"],
                "position": [1],
                "statement": ["x"],
                "override": ['{"table": "capacity", "operation": "scale", "value": 2.0}'],
            }
        )
    )
    row = {
        "question": "What is done?",
        "recommendation": "Overtime on Line 1.",
        "reason": "r",
        "options": "Overtime on Line 1; Buy",
        "stake": 5.0,
        "decider": "executive",
        "by": TODAY,
        "gap": 1,
    }
    document = _document(row, _options_of(option, change, "v0007"))
    assert document["cost"] == 40.0
    assert document["due"] == TODAY.isoformat()
    options = document["options"]
    assert isinstance(options, list)
    assert [one["name"] for one in options] == ["Overtime on Line 1", "Buy"]
    assert options[1]["overrides"] == [{"table": "capacity", "operation": "scale", "value": 2.0}]
    assert options[1]["version"] == "v0007"
