import datetime as dt
import time
from pathlib import Path

from equipoise.process.opening import opening, told
from equipoise.process.progress import progress
from equipoise.service import Context, call
from equipoise.store import open_store
from equipoise.store.contract import Change, Record, Signature
from tests.unit.process_example import kept, record, steps, tasks

AS_OF, START = dt.date(2026, 11, 12), dt.date(2026, 12, 1)


def override(number: int, status: str = "accepted", table: str = "demand_plan", /, **said: object) -> Record:
    return record("override", f"override-{number}", table=table, operation="scale", value=1.1, status=status, **said)


def test_what_expired_or_is_past_ends_and_the_rest_lives_on() -> None:
    overrides = [
        override(1, expires="2026-11-11"),
        override(2, expires="2026-11-12"),
        override(3, where={"period": "2026-11"}),
        override(4, where={"period": {"from": "2026-06", "to": "2026-12"}}),
        override(5, where={"period": {"from": "2026-06"}}),
        override(6, where={"period": ["2026-10", "2026-11-01"]}),
        override(7, "accepted", "history", where={"period": "2026-10"}),
        override(8, "off", expires="2026-01-01"),
        override(9, "proposed", expires="2026-11-01"),
        override(10, where={"period": "when it rains"}),
        override(11, where='{"period": "2026-11"}'),
        override(12, where={"family": "Tents"}),
        record("override", "override-13", table="firm_plan", operation="insert", value={"period": "2026-11"}, status="accepted"),
    ]
    found = opening("2026-11", {"override": overrides}, AS_OF, START)
    assert found.ended == {"override": [f"override-{number}" for number in (1, 3, 6, 9, 11, 13)]}
    assert found.carried == {"override": [f"override-{number}" for number in (2, 4, 5, 7, 10, 12)]}
    assert {edit.document["status"] for edit in found.edits} == {"off"}
    assert all(edit.revision == 1 for edit in found.edits)


def test_actions_note_the_cycles_that_they_were_carried_through_and_closed_ones_do_not() -> None:
    actions = [
        record("action", "action-1", status="open", carried=["2026-10"]),
        record("action", "action-2", status="done"),
        record("action", "action-3", status="started"),
        record("action", "action-4", "2026-11", status="open"),
    ]
    found = opening("2026-11", {"action": actions}, AS_OF, START)
    assert found.carried == {"action": ["action-1", "action-3", "action-4"]}
    assert {edit.id: edit.document["carried"] for edit in found.edits} == {"action-1": ["2026-10", "2026-11"], "action-3": ["2026-11"]}
    again = opening("2026-11", {"action": [kept(edit) for edit in found.edits]}, AS_OF, START)
    assert [edit.document["carried"] for edit in again.edits] == [["2026-10", "2026-11"], ["2026-11"]]


def test_assumptions_and_risks_end_on_their_day_and_alarms_of_steps_with_their_cycle() -> None:
    records = {
        "assumption": [
            record("assumption", "assumption-1", status="holds", expires="2026-11-01"),
            record("assumption", "a-2", status="holds"),
        ],
        "risk": [record("risk", "strike", status="open", expires="2026-10-31"), record("risk", "flood", status="open")],
        "alarm": [record("alarm", "alarm-1", kind="reopened", status="open"), record("alarm", "alarm-2", kind="target", status="open")],
        "promotion": [record("promotion", "a/upside")],
    }
    found = opening("2026-11", records, AS_OF, START)
    assert found.ended == {"assumption": ["assumption-1"], "risk": ["strike"]}
    assert found.carried == {"assumption": ["a-2"], "risk": ["flood"], "promotion": ["a/upside"]}
    assert {edit.id: edit.document["status"] for edit in found.edits} == {
        "assumption-1": "retired",
        "strike": "closed",
        "alarm-1": "closed",
    }
    assert told(found.carried) == ["1 assumption", "1 risk", "1 promotion"]


def test_progress_counts_what_is_done_and_names_what_is_late() -> None:
    made = tasks()
    done = [kept_as(one, "done") for one in made[:3]] + [kept_as(made[3], "dropped"), *made[4:]]
    first = [kept_as(one, "submitted") if one.document["name"] == "gather" else one for one in steps()]
    found = progress(first, done, dt.date(2026, 11, 10))
    assert (found.done, found.total) == (3, len(made) - 1)
    assert found.overdue == ()
    assert [task.document["title"] for task in found.late] == ["Review promotions, launches and phase-outs", "Record assumptions"]
    assert found.next is not None
    assert found.next.name == "demand_review"
    assert [one.name for one in progress(first, done, dt.date(2026, 11, 11)).overdue] == ["demand_review"]
    assert len(found.unaccepted) == 6
    assert progress([kept_as(one, "accepted") for one in steps()], done, dt.date(2027, 1, 1)).next is None


def kept_as(one: Record, status: str) -> Record:
    return record(one.kind, one.id, **{**one.document, "status": status})


def test_records_are_read_by_status_exactly(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    said = ["accepted", "off", 'off","status":"accepted', None, "proposed"]
    documents = [{"reason": f"{one}", **({} if one is None else {"status": one})} for one in said]
    store.change([Change("override", dict(document)) for document in documents], Signature("a", "python", "x"))
    found = store.records("override", status=["accepted", "proposed"])
    assert [one.id for one in found] == ["override-1", "override-4", "override-5"]
    assert len(store.records("override")) == len(said)


def test_a_cycle_opens_quickly_over_many_overrides(tmp_path: Path) -> None:
    (tmp_path / "plan.yaml").write_text("plan: a\ndata: x\ncalendar: {as_of: 2026-11-12}\n", encoding="utf-8")
    store = open_store(tmp_path)
    by = Signature("a", "python", "load")
    document = {"table": "demand_plan", "operation": "scale", "value": 1.1, "reason": "A fair", "where": {"item": "A", "period": "2026-12"}}
    store.change([Change("override", {**document, "status": "off"}) for _ in range(1500)], by)
    store.change([Change("override", {**document, "status": "accepted"}) for _ in range(500)], by)
    began = time.process_time()
    found = call("cycle open", {"plan": str(tmp_path)}, Context(today=dt.date(2026, 11, 13)))
    assert time.process_time() - began < 2
    assert len(found.carried["override"]) == 500  # type: ignore[attr-defined]
    assert [one.id for one in store.records("cycle")] == ["2026-11"]
