"""Decisions, actions, assumptions, risks and comments through the doors: added, changed, listed, shown with their history."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from equipoise.errors import ConflictError, InputError, NotAllowedError, NotFoundError, StoreError
from equipoise.process.people import Person, require
from equipoise.service import OPERATIONS
from equipoise.service.messages.records import KINDS
from tests.doors.conftest import CONTEXT, Equipoise, answer, new_workspace
from tests.doors.record_example import add, as_, team


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace that was never run: records need no version."""
    return new_workspace(tmp_path_factory.mktemp("records") / "lamps")


ADDED: dict[str, dict[str, Any]] = {
    "decision": {"question": "More overtime?", "options": [{"name": "Overtime", "statement": "Two shifts"}], "decider_role": "executive"},
    "action": {"statement": "Call the supplier", "owner": "Ana", "due": "2026-11-01"},
    "assumption": {"statement": "Prices stay", "cells": ["demand_plan item=Lantern, period=2027-03"], "expires": "2026-10-01"},
    "risk": {"risk": "Strike", "kind": "risk", "statement": "Port strike", "probability": 0.3, "money": -5000},
    "comment": {"subject": "demand_plan  item=Lantern,  period=2027-03", "statement": "High?"},
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_added_changed_listed_and_shown(shop: Path, kind: str) -> None:
    made = answer(f"{kind} add", plan=str(shop), **ADDED[kind])
    assert (made["kind"], made["revision"]) == (kind, 1)
    text = "statement" if kind != "decision" else "recommendation"
    changed = answer(f"{kind} change", plan=str(shop), **{kind: made["id"]}, **{text: "Said anew"}, why="clearer")
    assert changed["revision"] == 2
    assert changed["record"][text] == "Said anew"
    assert {**made["record"], text: ""} == {**changed["record"], text: ""}, "all else stays"
    rows = answer(f"{kind} list", plan=str(shop))["records"]
    assert made["id"] in {row[kind] for row in rows}
    shown = answer(f"{kind} show", plan=str(shop), **{kind: made["id"]})
    assert [(line["column"], line["new"], line["actor"], line["reason"]) for line in shown["history"]] == [
        ("", "made", CONTEXT.actor, ""),
        (text, "Said anew", CONTEXT.actor, "clearer"),
    ]
    with pytest.raises(ConflictError) as caught:
        answer(f"{kind} change", plan=str(shop), **{kind: made["id"]}, **{text: "Too late"}, revision=1)
    assert "Too late" in str(caught.value)
    assert "Said anew" in str(caught.value)
    with pytest.raises(NotFoundError):
        answer(f"{kind} show", plan=str(shop), **{kind: f"{kind}-99"})


def test_what_is_said_is_said_as_people_say_it(shop: Path, tmp_path: Path) -> None:
    assert answer("assumption add", plan=str(shop), statement="Rates stay")["headline"][0].endswith("holds: Rates stay.")
    assert "is open: Ring Bo." in answer("action add", plan=str(shop), statement="Ring Bo")["headline"][0]
    with pytest.raises(InputError) as caught:
        answer("action add", plan=str(shop), statement="x", due="soon")
    assert all("Value error" not in fault.message and ".." not in fault.message for fault in caught.value.faults)
    with pytest.raises(StoreError) as missing:
        answer("backup", plan=str(shop), target=str(tmp_path / "nowhere" / "backup.zip"))
    assert missing.value.fix.startswith("Make the folder ")
    with pytest.raises(NotAllowedError, match="the roles sales and viewer are not enough") as refused:
        require(Person("sam", ("sales", "viewer")), "run", "run")
    assert refused.value.fix.startswith("Facilitator, demand planner, supply planner")
    assert refused.value.fix.count(" or ") == 1


def test_cells_and_slices_that_name_nothing_are_told(quick: Path) -> None:
    plan = str(quick)

    def said(name: str, **values: Any) -> list[str]:
        return [one for one in answer(name, plan=plan, **values)["headline"] if "names nothing" in one]

    assert said("comment add", subject="demand_plan item=Lantern, period=2027-03", statement="High?") == []
    assert said("comment add", subject="scenario upside", statement="High?") == []
    (told,) = said("comment add", subject="demand_plan item=Lanten, period=2027-03", statement="High?")
    assert told.startswith("'demand_plan item=Lanten, period=2027-03' names nothing in v")
    assert "item Lanten is not there; the nearest are Lantern" in told
    assert len(said("assumption add", statement="x", cells=["capacity resource=Nowhere", "demand_plan family=Desk"])) == 1
    assert len(said("assumption change", assumption="assumption-1", cells=["demand_plan period=1999-01"])) == 1
    (told,) = said("user add", user="fay", roles=["facilitator"], slices=["family=Desk; market=Shop"])
    assert "market Shop is not there; the nearest are Shops" in told
    assert len(as_("fay", "user change", plan=plan, user="fay", slices=["family=Desks"])["headline"]) == 2


def test_a_proposal_keeps_who_made_it(quick: Path) -> None:
    plan = str(quick)
    team(quick, fay=["facilitator"], bot=["agent"])
    number = as_("bot", "action add", plan=plan, statement="Count")["id"]
    (waiting,) = as_("fay", "review list", plan=plan)["proposals"]
    assert (waiting["by"], waiting["settled_by"]) == ("bot", "")
    (done,) = as_("fay", "review accept", plan=plan, id=[number])["proposals"]
    assert (done["by"], done["settled_by"]) == ("bot", "fay")


def test_lists_are_filtered_and_what_is_late_is_told(shop: Path) -> None:
    late = answer("action add", plan=str(shop), statement="Late", owner="Bo", due="2026-11-01")["id"]
    answer("action add", plan=str(shop), statement="In time", owner="Bo", due="2027-11-01")
    done = answer("action add", plan=str(shop), statement="Done", owner="Bo", due="2026-11-01")["id"]
    answer("action change", plan=str(shop), action=done.removeprefix("action-"), status="done")

    def listed(**values: Any) -> list[str]:
        return [row["statement"] for row in answer("action list", plan=str(shop), owner="Bo", **values)["records"]]

    assert listed() == ["Late", "In time", "Done"]
    assert listed(overdue=True) == ["Late"]
    assert listed(status=["open"]) == ["Late", "In time"]
    assert listed(about="time") == ["In time"]
    assert listed(cycle="2020-01") == []
    assert listed(limit=1) == ["Done"]
    assert listed(limit=1, offset=1) == ["In time"]
    assert listed(offset=2) == ["Late"]
    lines = answer("audit list", plan=str(shop), limit=0)
    assert lines["total"] == len(lines["lines"]) > 3
    page = answer("audit list", plan=str(shop), limit=2, offset=1)
    assert (page["lines"], page["total"]) == (lines["lines"][-3:-1], lines["total"])
    assert page["headline"] == [f"Some 2 of {lines['total']} lines."]
    answer("action change", plan=str(shop), action=late, clear=["due"])
    assert listed(overdue=True) == []


@pytest.mark.parametrize(
    ("name", "values", "words"),
    [
        ("comment add", {"subject": "demand_plan itm=A", "statement": "x"}, "Did you mean item?"),
        ("comment add", {"subject": "demand_pln item=A", "statement": "x"}, "Did you mean demand_plan?"),
        ("comment add", {"subject": "demand_plan.quantty", "statement": "x"}, "Did you mean quantity?"),
        ("comment add", {"subject": "scenario upsde", "statement": "x"}, "There are: upside"),
        ("comment add", {"subject": "action-99", "statement": "x"}, "There is no action action-99"),
        ("comment add", {"subject": "risk Nothing", "statement": "x"}, "There is no risk Nothing"),
        ("comment add", {"subject": "the weather", "statement": "x"}, "is no cell, scenario or record"),
        ("comment add", {"subject": "scenario upside", "statement": "x", "answers": "comment-99"}, "There is no comment"),
        ("action add", {"statement": "x", "decision": "decision-99"}, "There is no decision"),
        ("assumption add", {"statement": "x", "cells": ["demand_plan itm=A"]}, "Did you mean item?"),
        ("risk add", {"risk": "A", "kind": "risk", "statement": "x", "probability": 1, "trigger": "sum of nothing > 1"}, "nothing"),
        ("risk add", {"risk": "A", "kind": "risk", "statement": "x", "probability": 1, "scenario": "upsde"}, "There are: upside"),
        ("decision add", {"question": "x", "options": [{"nam": "A"}]}, "has no name"),
        ("decision add", {"question": "x", "options": [{"name": "A"}, {"name": "A"}]}, "there twice"),
        ("decision add", {"question": "x", "options": [{"name": "A", "overrides": [{"table": "suply", "operation": "set"}]}]}, "suply"),
        ("action change", {"action": "action-1"}, "Nothing of action-1"),
        ("action change", {"action": "action-1", "clear": ["statement"]}, "cannot be emptied"),
        ("action change", {"action": "action-1", "status": "proposed"}, "nothing becomes one again"),
        ("decision change", {"decision": "decision-1", "status": "decided"}, "deciding is more than a status"),
        ("comment change", {"comment": "comment-99", "statement": "x"}, "There is no comment"),
    ],
)
def test_what_is_wrong_with_a_record_is_told_with_the_nearest(shop: Path, name: str, values: dict[str, Any], words: str) -> None:
    for kind in ("action", "decision"):
        if not answer(f"{kind} list", plan=str(shop))["records"]:
            answer(f"{kind} add", plan=str(shop), **ADDED[kind])
    with pytest.raises((InputError, NotFoundError)) as caught:
        answer(name, plan=str(shop), **values)
    assert words in str(caught.value)


def test_what_is_said_of_a_record_is_shown_with_it(shop: Path) -> None:
    action = answer("action add", plan=str(shop), statement="Talk")["id"]
    answer("comment add", plan=str(shop), subject=action, statement="Did so")
    shown = answer("action show", plan=str(shop), action=action)
    assert len(shown["comments"]) == 1
    assert shown["comments"][0].endswith("Did so")
    assert shown["comments"][0].startswith(CONTEXT.actor)


def test_a_risk_of_the_record_is_in_the_next_run_and_takes_the_place_of_the_plan_files(quick: Path) -> None:
    (quick / "tables" / "risk_opportunity.csv").write_text(
        "risk,kind,statement,probability,money\nStrike,risk,Old words,0.1,-1\nFrost,risk,Cold,0.1,-7\n"
    )
    answer("risk add", plan=str(quick), **ADDED["risk"])
    made = answer("run", plan=str(quick))
    shown = answer("show", plan=str(quick), table="risk_opportunity", limit=0)
    rows = {row[shown["columns"].index("risk")]: dict(zip(shown["columns"], row, strict=True)) for row in shown["rows"]}
    assert (rows["Strike"]["statement"], rows["Strike"]["money"]) == ("Port strike", -5000)
    assert rows["Frost"]["money"] == -7
    assert any("Strike is in the record too, which holds." in line["message"] for line in made["issues"])
    answer("risk change", plan=str(quick), risk="Strike", status="closed")
    answer("run", plan=str(quick))
    again = answer("show", plan=str(quick), table="risk_opportunity", where=["risk=Strike"], limit=0)
    assert again["rows"][0][again["columns"].index("statement")] == "Old words"


def test_agents_propose_records_and_change_only_their_own_proposals(shop: Path, tmp_path: Path) -> None:
    folder = tmp_path / "lamps"
    shutil.copytree(shop, folder, ignore=shutil.ignore_patterns(".equipoise"))
    team(folder, bot=["agent"], fay=["facilitator"], vic=["viewer"])
    plan = str(folder)
    mine = as_("bot", "action add", plan=plan, statement="Look at lanterns")["id"]
    hers = as_("fay", "action add", plan=plan, statement="Call")["id"]
    assert as_("bot", "action list", plan=plan)["records"][0]["status"] == "proposed"
    as_("bot", "action change", plan=plan, action=mine, statement="Look at all lanterns")
    with pytest.raises(NotAllowedError, match="what it has proposed itself"):
        as_("bot", "action change", plan=plan, action=hers, status="done")
    with pytest.raises(NotAllowedError):
        as_("bot", "review accept", plan=plan, id=[mine])
    with pytest.raises(NotAllowedError):
        as_("vic", "action add", plan=plan, statement="x")
    with pytest.raises(InputError, match="a proposal is accepted or rejected"):
        as_("fay", "action change", plan=plan, action=mine, status="open")
    assert as_("fay", "review accept", plan=plan, id=[mine])["proposals"][0]["status"] == "open"
    as_("bot", "comment add", plan=plan, subject=hers, statement="I may say so")


def test_an_override_may_rest_on_an_assumption(shop: Path) -> None:
    assumption = answer("assumption add", plan=str(shop), statement="The fair takes place")["id"]
    number = add(shop, "history item=Lantern: * 1.1", assumption=assumption)[0]
    assert answer("override show", plan=str(shop), override=number)["override"]["assumption"] == assumption


def test_every_kind_has_its_four_operations_and_prints(shop: Path, equipoise: Equipoise) -> None:
    assert {f"{kind} {word}" for kind in KINDS for word in ("add", "change", "list", "show")} <= set(OPERATIONS)
    done = equipoise("action", "add", "Write it down", "--owner", "Cy", "--due", "2027-01-15", "--plan", shop)
    assert done.returncode == 0, done.stderr
    assert "Write it down" in done.stdout
