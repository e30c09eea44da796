"""An approved plan is published: by whom, with what, who is told, and what the next cycle measures it by."""

import datetime as dt
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from equipoise.errors import InputError, NotAllowedError, StoreError
from equipoise.service import call
from equipoise.service.register import Context
from equipoise.store.contract import Change, Signature
from tests.doors.conftest import TODAY, answer
from tests.doors.post_example import SECRET, Post, post
from tests.doors.record_example import place_of

PROCESS = """
process:
  four_eyes: true
  approvers: [executive]
  mail_server: env:TEST_MAIL
  audiences:
    - {audience: Executives, roles: [executive], what: [summary, decisions, financials]}
    - {audience: Sales, roles: [sales], what: [changes, demand_plan, weekly_targets], when: 1}
    - {audience: Plant, roles: [supply planner], what: [summary, changes, supply_plan, weekly_targets, actions], channel: chat}
    - {audience: Dealers, addresses: [dealers@lamps.example], what: [summary]}
    - {audience: Board, people: [The board], what: [summary]}
"""
PEOPLE: dict[str, dict[str, object]] = {
    "fay": {"roles": ["facilitator"]},
    "eve": {"roles": ["executive"], "mail": "eve@lamps.example"},
    "ed": {"roles": ["executive"], "mail": "ed@lamps.example"},
    "dora": {"roles": ["sales"], "mail": "dora@lamps.example", "slices": ["family=Desk"]},
    "sam": {"roles": ["supply planner"], "channels": ["env:TEST_HOOK"]},
}
FILES = {"plan.json", "plan.xlsx", "scenarios.md", "weekly_targets.csv", "communication.csv", "calendar.ics", "notices/sales.md"}


@pytest.fixture
def came(monkeypatch: pytest.MonkeyPatch) -> Iterator[Post]:
    with post() as made:
        monkeypatch.setenv("TEST_MAIL", made.server)
        monkeypatch.setenv("TEST_HOOK", made.hook)
        yield made


def as_(person: str, name: str, /, today: dt.date = TODAY, **values: Any) -> dict[str, Any]:
    from equipoise.process.people import Person

    return call(name, values, Context(today=today, person=Person(person))).model_dump(mode="json")


def people(workspace: Path) -> None:
    changes = [
        Change("user", {"user": name, "active": True, "channels": [], "slices": [], **said}, name, 0) for name, said in PEOPLE.items()
    ]
    place_of(workspace).store.change(changes, Signature("test", "python", "user add"))


def states(made: dict[str, Any]) -> dict[str, str]:
    return {line["to"]: line["state"] for line in made["notices"]}


def test_two_cycles_from_approval_to_what_the_next_measures(workspace: Path, came: Post, caplog: pytest.LogCaptureFixture) -> None:
    """One workspace goes through all of it, each part on what the one before left."""
    plan_file = workspace / "plan.yaml"
    plan_file.write_text(plan_file.read_text(encoding="utf-8") + PROCESS, encoding="utf-8")
    plan = str(workspace)
    answer("cycle open", plan=plan)
    answer("run", plan=plan)
    people(workspace)
    with caplog.at_level(logging.DEBUG):
        for part in (
            a_plan_is_approved_by_two,
            nothing_is_published_where_files_cannot_be_written,
            it_is_published_once,
            what_failed_is_sent_again,
            weeks_are_checked,
            minutes_are_written,
        ):
            part(plan, came)
        the_next_cycle_measures_it(workspace, came)
    kept = json.dumps([record.document for record in place_of(workspace).store.records("publication")])
    assert SECRET not in caplog.text + kept
    assert place_of(workspace).store.verify() == []


def a_plan_is_approved_by_two(plan: str, _: Post) -> None:
    with pytest.raises(InputError, match="not published yet"):
        as_("fay", "publish", plan=plan, again=True)
    with pytest.raises(InputError, match="No version is approved yet"):
        as_("fay", "publish", plan=plan)
    with pytest.raises(NotAllowedError, match="needs the role executive"):
        as_("dora", "approve", plan=plan)
    with pytest.raises(InputError, match=r"gather, demand_review, supply_review and pre_sop are not accepted"):
        as_("eve", "approve", plan=plan)
    with pytest.raises(InputError, match="only for a reason"):
        as_("eve", "approve", plan=plan, anyway=True)
    with pytest.raises(InputError, match="refused only for a reason"):
        as_("eve", "approve", plan=plan, refuse=True)
    refused = as_("ed", "approve", plan=plan, refuse=True, reason="The lantern is too low")
    assert refused["headline"] == ["v0001 is refused by ed: The lantern is too low"]
    with pytest.raises(InputError, match="was refused by ed: The lantern is too low"):
        as_("eve", "approve", plan=plan, anyway=True, reason="holidays")
    as_("fay", "override add", plan=plan, change=["demand_plan item=Lantern: +10 %"], reason="gift guides")
    with pytest.raises(InputError, match=r"v0001 is stale: .* by fay changed"):
        as_("ed", "approve", plan=plan, anyway=True, reason="holidays")
    as_("fay", "run", plan=plan)
    first = as_("eve", "approve", plan=plan, anyway=True, reason="holidays")
    assert (first["version"], first["approved"]) == ("v0002", "")
    again = as_("eve", "approve", plan=plan, anyway=True, reason="holidays")
    assert again["approved"] == ""
    assert [line["person"] for line in again["approvals"]] == ["eve"]
    with pytest.raises(InputError, match="No version is approved yet"):
        as_("fay", "publish", plan=plan)
    both = as_("ed", "approve", plan=plan, anyway=True, reason="seen")
    assert (both["approved"], [line["person"] for line in both["approvals"]]) == ("v0003", ["eve", "ed"])
    with pytest.raises(InputError, match="v0003 is approved already"):
        as_("ed", "approve", plan=plan)
    cycle = as_("fay", "cycle show", plan=plan)
    assert {step["step"]: step["status"] for step in cycle["steps"]}["executive_sop"] == "accepted"
    version = place_of(Path(plan)).store.version("lamps-2026-12")
    assert (version.made, version.base, version.cycle) == ("approve", 2, "2026-11")
    assert as_("fay", "run", plan=plan)["unchanged"]
    with pytest.raises(NotAllowedError, match=r"demand_plan belongs to Executive S&OP meeting, which was accepted with v0003"):
        as_("fay", "override add", plan=plan, change=["demand_plan item=Lantern: +10 %"], reason="later")


def it_is_published_once(plan: str, came: Post) -> None:
    before = as_("dora", "communication", plan=plan)
    assert len(before["notices"]) == 6
    assert came.mails == []
    came.refused.add("ed@lamps.example")
    came.down = True
    made = as_("fay", "publish", plan=plan)
    assert set(made["files"]) >= FILES
    assert set(made["files"]) == {path.relative_to(made["folder"]).as_posix() for path in Path(made["folder"]).rglob("*") if path.is_file()}
    assert states(made) == {
        "eve": "sent",
        "ed": "failed",
        "dora": "waiting",
        "sam": "failed",
        "Dealers: dealers@lamps.example": "sent",
        "The board": "waiting",
    }
    assert sorted(to for to, _, _ in came.mails) == ["dealers@lamps.example", "eve@lamps.example"]
    subject, text = next((subject, text) for to, subject, text in came.mails if to == "eve@lamps.example")
    assert subject == "Plan lamps-2026-12 of 2026-11 is published"
    assert "approved by eve, ed" in text
    assert "Revenue" in text
    errors = {line["to"]: line["error"] for line in made["notices"]}
    assert SECRET not in errors["sam"]
    assert "No address is known" in errors["The board"]
    latest = place_of(Path(plan)).outputs("lamps-2026-12") / "latest"
    assert latest.resolve().name == "v0003"
    with pytest.raises(InputError, match="v0003 is published already"):
        as_("fay", "publish", plan=plan)
    targets = pl.read_csv(Path(made["folder"]) / "weekly_targets.csv")
    assert targets.height == made["targets"]
    assert as_("fay", "cycle show", plan=plan)["status"] == "published"


def what_failed_is_sent_again(plan: str, came: Post) -> None:
    came.refused.clear()
    came.down = False
    made = as_("fay", "publish", plan=plan, again=True)
    assert states(made)["ed"] == states(made)["sam"] == "sent"
    assert states(made)["dora"] == "waiting"
    assert len(came.mails) == 3
    assert "SUPPLY PLAN" not in came.chats[0]["message"]
    assert "PRODUCTION PLAN" in came.chats[0]["message"]
    as_("fay", "publish", plan=plan, again=True)
    assert (len(came.mails), len(came.chats)) == (3, 1)
    due = as_("fay", "publish", plan=plan, again=True, today=TODAY + dt.timedelta(days=1))
    assert states(due)["dora"] == "sent"
    text = came.mails[-1][2]
    assert "Desk" in text
    assert "Living" not in text
    assert "first plan that was approved" in text
    with pytest.raises(InputError, match="does not have Nobody"):
        as_("fay", "publish", plan=plan, told=["Nobody"])
    told = as_("fay", "publish", plan=plan, told=["Board"])
    assert set(states(told).values()) == {"sent", "told"}
    as_("fay", "publish", plan=plan, again=True, to=["eve"])
    assert len(came.mails) == 4


def weeks_are_checked(plan: str, _: Post) -> None:
    listed = as_("dora", "target list", plan=plan, family=["Desk"], measure="sales")["targets"]
    week = next(row for row in listed if row["week"] == "2026-12-07")
    with pytest.raises(InputError, match="no targets for Nothing"):
        as_("dora", "target list", plan=plan, family=["Nothing"])
    rows = [
        {"item": "Desk Lamp", "week": "2026-12-08", "measure": "sales", "quantity": week["lowest"] / 2},
        {"family": "Desk", "week": "2026-12-09", "measure": "sales", "quantity": 10.0},
        {"family": "Living", "week": "2026-12-30", "measure": "sales", "quantity": 1.0},
    ]
    missed = as_("fay", "target check", plan=plan, rows=rows, until="2026-12-31")
    assert missed["opened"] == ["target/Desk/sales/2026-12-07", "target/Living/sales/2026-12-07"]
    assert missed["missed"][0]["difference"] == pytest.approx(week["lowest"] / 2 + 10 - week["target"])
    assert missed["missed"][0]["money"] == pytest.approx(missed["missed"][0]["difference"] * week["value"] / week["target"])
    assert as_("fay", "target check", plan=plan, rows=rows, until="2026-12-31")["opened"] == []
    alarms = [line for line in as_("fay", "cycle show", plan=plan)["alarms"] if line["kind"] == "target"]
    assert len(alarms) == 2
    assert "less than the target of" in alarms[0]["statement"]
    file = Path(plan) / "weeks.csv"
    file.write_text(
        f"Family;Day;Measure;Quantity\nDesk;2026-12-10;Sales;{week['target']:.2f}\nLiving;2026-12-10;Sales;0\n", encoding="utf-8"
    )
    put_right = as_("fay", "target check", plan=plan, file=str(file), until="2026-12-31")
    assert put_right["closed"] == ["target/Desk/sales/2026-12-07"]
    with pytest.raises(InputError, match="one of the server's"):
        _at_rest(plan, str(file))
    file.write_text("family,week,measure,quantity\nDesk,soon,sales,1\n,2026-12-10,orders,x\n", encoding="utf-8")
    with pytest.raises(InputError) as wrong:
        as_("fay", "target check", plan=plan, file=str(file))
    assert [(fault.where.row, fault.where.column) for fault in wrong.value.faults] == [
        (2, "week"),
        (3, "measure"),
        (3, "quantity"),
        (3, "family"),
    ]
    with pytest.raises(InputError, match="nothing by weeks"):
        as_("fay", "target check", plan=plan)


def _at_rest(plan: str, file: str) -> None:
    from equipoise.process.people import Person

    call("target check", {"plan": plan, "file": file}, Context(door="rest", today=TODAY, person=Person("fay")))


def minutes_are_written(plan: str, _: Post) -> None:
    as_("fay", "action add", plan=plan, statement="Count the lanterns", owner="sam", due="2026-11-20")
    made = as_("fay", "meeting minutes", plan=plan, meeting="executive_sop", attendee=["eve", "ed"])
    assert "There: eve and ed." in made["text"]
    assert "Count the lanterns" in made["text"]
    assert "gift guides" in made["text"]
    page = Path(made["files"][0]).read_text(encoding="utf-8")
    assert page.startswith("<!doctype html>")
    assert as_("fay", "meeting minutes", plan=plan, meeting="executive_sop", attendee=["eve", "ed"])["text"] == made["text"]
    later = as_("fay", "meeting minutes", plan=plan, meeting="pre_sop")
    assert "gift guides" not in later["text"]
    agenda = as_("dora", "meeting agenda", plan=plan, meeting="demand_review")
    assert "Demand plan by family" in agenda["text"]
    assert "Count the lanterns" in agenda["text"]


def the_next_cycle_measures_it(workspace: Path, came: Post) -> None:
    plan = str(workspace)
    as_("fay", "cycle close", plan=plan, force=True, reason="the year ends")
    file = workspace / "plan.yaml"
    text = file.read_text(encoding="utf-8").replace("as_of: 2026-11-30, start: 2026-12-01", "as_of: 2026-12-31, start: 2027-01-01")
    file.write_text(text.replace("plan: lamps-2026-12", "plan: lamps-2027-01"), encoding="utf-8")
    today = dt.date(2027, 1, 4)
    as_("fay", "cycle open", plan=plan, today=today)
    as_("fay", "override add", plan=plan, change=["demand_plan item=Desk Lamp: -20 %"], reason="a rival")
    as_("fay", "run", plan=plan, today=today)
    assert as_("fay", "run", plan=plan, today=today)["unchanged"]
    shown = as_("fay", "show", plan=plan, table="plan_snapshot", where=["measure=demand", "period=2027-01"], limit=0)
    place = shown["columns"].index("quantity")
    assert {row[0] for row in shown["rows"]} == {"2026-11-30"}
    planned = place_of(workspace).store.version("lamps-2026-12", 3)
    frame = place_of(workspace).store.table(planned.tables["demand_plan"]).filter(pl.col("period") == dt.date(2027, 1, 1))
    assert sum(row[place] for row in shown["rows"]) == pytest.approx(frame.get_column("quantity").sum())
    streams = as_("fay", "show", plan=plan, table="stream_snapshot", where=["kind=override"], limit=0)
    assert streams["total_rows"] > 0
    for person in ("eve", "ed"):
        as_(person, "approve", plan=plan, today=today, anyway=True, reason="seen")
    came.mails.clear()
    came.chats.clear()
    as_("fay", "publish", plan=plan, today=today)
    as_("fay", "publish", plan=plan, today=today + dt.timedelta(days=1), again=True)
    sales = next(text for to, _, text in came.mails if to == "dora@lamps.example")
    assert "What changed since v0003 of 2026-11: demand" in sales
    assert "-EUR" in sales
    assert "Living" not in sales
    assert "Count the lanterns" in came.chats[0]["message"]
    held = as_("fay", "target list", plan=plan, today=today)["targets"]
    assert min(row["week"] for row in held) == "2026-12-01"
    weeks = [(row["family"], row["measure"], row["week"]) for row in held]
    assert len(set(weeks)) == len(weeks)


def nothing_is_published_where_files_cannot_be_written(plan: str, _: Post) -> None:
    from equipoise.exchange import exports

    place = place_of(Path(plan))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(exports, "write_tables", _full)
        with pytest.raises(StoreError, match="No space left"):
            as_("fay", "publish", plan=plan)
    assert place.store.records("publication") == place.store.records("weekly_target") == []
    assert [path for path in place.outputs("lamps-2026-12").iterdir() if "published" in path.name or path.name.startswith(".")] == []


def _full(*_: object) -> None:
    raise OSError(28, "No space left on device")
