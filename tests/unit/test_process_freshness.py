import datetime as dt
from dataclasses import dataclass
from typing import Any

from icalendar import Calendar

from equipoise.cycle import STEPS
from equipoise.process.calendar_file import calendar_file
from equipoise.process.freshness import Changed, TableState, freshness, why_stale
from equipoise.process.kept import Edit
from equipoise.service.step_tables import made_in, step_of
from equipoise.tables import GIVEN
from tests.unit.process_example import kept, record, steps, tasks


@dataclass(frozen=True)
class Made:
    number: int
    created: dt.datetime
    tables: dict[str, str]


TABLES = dict.fromkeys([*GIVEN, *(table for step in STEPS for table in step.writes)], "one")
FIRST = Made(1, dt.datetime(2026, 11, 1), TABLES)
SECOND = Made(2, dt.datetime(2026, 11, 2), {**TABLES, "capacity": "two", "supply_plan": "two"})


def stale(*changes: Changed) -> dict[str, TableState]:
    return {one.table: one for one in freshness([FIRST, SECOND], changes, STEPS) if one.stale}


def test_a_capacity_makes_supply_stale_and_leaves_demand_fresh() -> None:
    found = stale(Changed("capacity.csv", ("capacity",)))
    assert {"capacity", "supply_plan", "shortage", "gap", "financials", "executive_summary"} <= found.keys()
    assert not {"history", "baseline", "consensus", "demand_plan"} & found.keys()
    assert found["gap"].because == ("capacity.csv",)


def test_an_override_of_the_demand_plan_leaves_what_it_was_made_from_fresh() -> None:
    found = stale(Changed("override-7 by anna", ("demand_plan",)))
    assert {"demand_plan", "supply_plan", "gap"} <= found.keys()
    assert not {"baseline", "consensus", "capacity"} & found.keys()


def test_each_table_says_every_reason_and_since_when_it_is_as_it_is() -> None:
    found = stale(Changed("history.csv", ("history",)), Changed("override-7", ("demand_plan",)))
    assert found["baseline"].because == ("history.csv",)
    assert set(found["supply_plan"].because) == {"history.csv", "override-7"}
    assert (found["supply_plan"].version, found["supply_plan"].changed) == (2, SECOND.created)
    assert (found["demand_plan"].version, found["demand_plan"].changed) == (1, FIRST.created)


def test_what_may_touch_every_table_makes_every_table_stale_and_nothing_none() -> None:
    assert stale(Changed("the program")).keys() == TABLES.keys()
    assert stale() == {}
    assert freshness([], [Changed("the program")], STEPS) == []
    assert why_stale([]) == ""
    assert why_stale([Changed(f"{one}.csv") for one in range(7)]).endswith("and 2 more changed since the last run.")


def test_every_table_belongs_to_a_step_that_answers_for_it() -> None:
    assert (step_of("forecast"), step_of("demand_plan"), step_of("history")) == ("demand_review",) * 3
    assert (step_of("capacity"), step_of("inventory_policy"), step_of("supply_plan"), step_of("resource")) == ("supply_review",) * 4
    assert (step_of("budget"), step_of("lever"), step_of("option"), step_of("setting")) == ("pre_sop",) * 4
    assert step_of("agenda") == "executive_sop"
    assert "demand_plan" in made_in("demand_review")
    assert made_in("gather") == ()


def events_of(text: bytes) -> dict[str, Any]:
    return {str(one["UID"]): one for one in Calendar.from_ical(text).walk("VEVENT")}


def test_the_calendar_file_is_read_back_and_is_the_same_again() -> None:
    cycle = record("cycle", "2026-10", "2026-10", 3, cycle="2026-10", due="2026-11-24", status="open")
    made = [*tasks(), kept(Edit("task", "task-99", 0, {"step": "gather", "title": "Dropped", "due": "2026-11-03", "status": "dropped"}))]
    text = calendar_file(cycle, steps(), made, "Outdoor EMEA")
    assert text == calendar_file(cycle, steps(), made, "Outdoor EMEA")
    events = events_of(text)
    assert len(events) == len(steps()) + len(tasks()) + 1
    review = events["step-2026-10-demand_review@outdoor-emea.equipoise"]
    assert (review["DTSTART"].dt, review["DTEND"].dt) == (dt.date(2026, 11, 6), dt.date(2026, 11, 11))
    assert review["DTSTAMP"].dt == dt.datetime(2026, 11, 2, 8, 30, tzinfo=dt.UTC)
    meeting = next(one for one in events.values() if "Hold the executive meeting" in str(one["SUMMARY"]))
    assert str(meeting["CATEGORIES"].cats[0]) == "Meeting"
    assert "Owner: executive" in str(meeting["DESCRIPTION"])
    assert str(events["cycle-2026-10@outdoor-emea.equipoise"]["SEQUENCE"]) == "2"


def test_an_event_keeps_its_identity_when_its_day_moves() -> None:
    cycle = record("cycle", "2026-10", due=None, status="open")
    one = tasks()[0]
    moved = kept(Edit("task", one.id, 0, {**one.document, "due": "2026-11-20"}), revision=2)
    before, after = (next(iter(events_of(calendar_file(cycle, [], [task])).values())) for task in (one, moved))
    assert before["UID"] == after["UID"]
    assert (before["SEQUENCE"], after["SEQUENCE"]) == (0, 1)
    assert after["DTSTART"].dt == dt.date(2026, 11, 20)
