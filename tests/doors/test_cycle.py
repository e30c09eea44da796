"""A cycle from opening to closing, as people go through it."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest
from icalendar import Calendar

from equipoise.errors import ConflictError, InputError, NotAllowedError, NotFoundError
from equipoise.service.hand_offs import guard_sealed
from equipoise.service.messages import PlanRequest
from equipoise.service.workspace import locate
from equipoise.store import open_store
from tests.doors.conftest import CONTEXT, Equipoise, answer


def test_a_cycle_from_opening_to_closing(workspace: Path, equipoise: Equipoise) -> None:
    """One plan goes through all of it, each part on what the one before left."""
    plan = str(workspace)
    answer("cycle open", plan=plan)
    answer("run", plan=plan)
    for part in PARTS:
        part(plan)
    shown = equipoise("cycle", "show", "--plan", plan)
    assert shown.returncode == 0, shown.stderr
    assert "Cycle 2026-12 is open: 0 of 6 steps accepted, 0 of 19 tasks done." in shown.stdout
    refused = equipoise("step", "accept", "gather", "--plan", plan)
    assert refused.returncode != 0
    assert "2026-12/gather is open, not submitted." in refused.stderr + refused.stdout


def test_of_several_who_open_a_cycle_at_once_one_does(quick: Path) -> None:
    names = ["one", "two", "three"]
    ready = Barrier(len(names))

    def opened(name: str) -> str:
        ready.wait()
        try:
            return str(answer("cycle open", plan=str(quick), name=name)["cycle"])
        except (ConflictError, InputError) as error:
            return error.message

    with ThreadPoolExecutor(len(names)) as pool:
        said = list(pool.map(opened, names))
    (cycle,) = open_store(quick).records("cycle")
    assert said.count(cycle.id) == 1
    assert sum("was not opened" in one or "is open." in one for one in said) == 2


def done(plan: str, step: str) -> None:
    answer("task set", plan=plan, step=step, status="done")


def handed_on(plan: str, *steps: str) -> None:
    for step in steps:
        done(plan, step)
        answer("step submit", plan=plan, step=step, confirm=["all"])
        answer("step accept", plan=plan, step=step)


def a_cycle_is_opened_once_with_steps_and_tasks(plan: str) -> None:
    shown = answer("cycle show", plan=plan)
    assert [step["step"] for step in shown["steps"]] == [
        "gather",
        "demand_review",
        "supply_review",
        "pre_sop",
        "executive_sop",
        "measure",
    ]
    assert (shown["done"], shown["accepted"], shown["status"]) == (0, 0, "open")
    assert shown["next"][-1].startswith("equipoise step submit gather (demand planner, by ")
    with pytest.raises(InputError, match=r"The cycle .* is open\."):
        answer("cycle open", plan=plan, name="another")


def nothing_is_written_where_a_cycle_cannot_be_opened(plan: str) -> None:
    before = open_store(Path(plan)).head()
    for wrong in ({"previous": "1999-01"}, {"name": "a/b"}):
        with pytest.raises((InputError, NotFoundError)):
            answer("cycle open", plan=plan, **wrong)
    assert open_store(Path(plan)).head() == before


def tasks_are_added_changed_and_found(plan: str) -> None:
    added = answer("task add", plan=plan, title="Call the supplier", step="supply_review", owner="sam", due="2026-11-20")["tasks"][0]
    assert (added["owner"], added["due"], added["overdue"]) == ("sam", "2026-11-20", True)
    assert [task["task"] for task in answer("task list", plan=plan, task="sam")["tasks"]] == [added["task"]]
    number = added["task"].removeprefix("task-")
    changed = answer("task set", plan=plan, task=[number], status="started", note="Called twice", revision=1)["tasks"][0]
    assert (changed["status"], changed["note"], changed["revision"]) == ("started", "Called twice", 2)
    with pytest.raises(ConflictError, match=r"it is started now, changed by .* \(revision 2, not 1\)"):
        answer("task set", plan=plan, task=[number], status="done", revision=1)
    with pytest.raises(NotFoundError, match="no task task-999"):
        answer("task set", plan=plan, task=["999"], status="done")
    with pytest.raises(InputError, match="Nothing is to be changed"):
        answer("task set", plan=plan, task=[number])
    with pytest.raises(InputError, match="No task is of 'nobody'"):
        answer("task list", plan=plan, task="nobody")
    answer("task set", plan=plan, task=[number], status="dropped")


def a_step_is_not_submitted_before_its_gate_is_passed(plan: str) -> None:
    shown = {row["condition"]: row["state"] for row in answer("step show", plan=plan, step="gather")["gate"]}
    assert shown == {
        "No errors are open": "met",
        "The plan was run since the last change": "met",
        "All tasks are done": "not met",
        "Sales, stock and orders are complete up to the cut-off": "to be confirmed",
    }
    with pytest.raises(InputError) as caught:
        answer("step submit", plan=plan, step="gather")
    assert len(caught.value.faults) == 2
    with pytest.raises(NotFoundError, match="has no step gathr"):
        answer("step show", plan=plan, step="gathr")


def a_step_is_sealed_accepted_and_kept_as_it_is(plan: str) -> None:
    done(plan, "gather")
    submitted = answer("step submit", plan=plan, step="gather", confirm=["4"])
    assert (submitted["status"], submitted["version"]) == ("submitted", "v0002")
    sealed = locate(PlanRequest(plan=plan)).version()
    assert (sealed.made, sealed.base, sealed.cycle) == ("submit", 1, "2026-11")
    accepted = answer("step accept", plan=plan, step="gather")
    assert (accepted["status"], accepted["revision"]) == ("accepted", 3)
    with pytest.raises(InputError, match="is accepted already"):
        answer("step submit", plan=plan, step="gather", confirm=["all"])
    handed_on(plan, "demand_review", "supply_review")
    place = locate(PlanRequest(plan=plan))
    with pytest.raises(NotAllowedError, match="demand_plan belongs to Demand review, which was accepted with v0003") as caught:
        guard_sealed(place, ["lever", "demand_plan"], CONTEXT)
    assert caught.value.fix == "Open it again first: equipoise step reopen demand_review --reason WHY"
    guard_sealed(place, ["lever", "option"], CONTEXT)
    with pytest.raises(NotAllowedError, match="belongs to Supply review"):
        answer("override add", plan=plan, change=["capacity.regular resource=Assembly: + 10"], reason="Overtime")


def opening_a_step_again_tells_whoever_built_on_it(plan: str) -> None:
    with pytest.raises(InputError, match="only for a reason"):
        answer("step reopen", plan=plan, step="demand_review")
    found = answer("step reopen", plan=plan, step="demand_review", reason="The fair was cancelled")
    assert (found["status"], found["reason"], found["built_on"]) == ("reopened", "The fair was cancelled", ["supply_review"])
    (alarm,) = answer("alarm list", plan=plan)["alarms"]
    assert "The fair was cancelled. Built on it: supply_review." in alarm["statement"]
    assert alarm["told"] == "supply planner"
    guard_sealed(locate(PlanRequest(plan=plan)), ["demand_plan"], CONTEXT)


def a_run_that_changes_what_was_handed_on_is_told_and_freshness_says_why(plan: str) -> None:
    assert answer("fresh", plan=plan)["stale"] is False
    answer("override add", plan=plan, change=["demand_plan item=Desk Lamp: +40 %"], reason="A large order")
    fresh = answer("fresh", plan=plan)
    assert [change["tables"] for change in fresh["changes"]] == [["demand_plan"]]
    assert fresh["steps"] == ["supply_review"]
    stale = {row["table"]: row["state"] for row in answer("fresh", plan=plan, all=True)["tables"]}
    assert (stale["demand_plan"], stale["supply_plan"], stale["baseline"]) == ("stale", "stale", "fresh")
    with pytest.raises(InputError) as caught:
        answer("step submit", plan=plan, step="demand_review", confirm=["all"])
    assert "override-1 by" in str(caught.value)
    answer("run", plan=plan)
    changed = {step["step"]: step["changed"] for step in answer("cycle show", plan=plan)["steps"]}
    assert "supply_plan" in changed["supply_review"]
    assert changed["gather"] == ""
    told = {alarm["subject"]: alarm for alarm in answer("alarm list", plan=plan)["alarms"] if alarm["kind"] == "changed"}
    assert list(told) == ["2026-11/supply_review"]
    assert "supply_plan" in told["2026-11/supply_review"]["statement"]
    answer("step submit", plan=plan, step="demand_review", confirm=["all"])
    seen = answer("alarm seen", plan=plan)["alarms"]
    assert {alarm["status"] for alarm in seen} == {"seen"}
    answer("run", plan=plan, force=True)
    assert answer("alarm list", plan=plan)["alarms"] == [], "what was seen is not told again by the next run"


def the_calendar_holds_every_step_task_and_the_day_of_publishing(plan: str) -> None:
    made = answer("cycle calendar", plan=plan)
    shown = answer("cycle show", plan=plan, task="all")
    dropped = sum(task["status"] == "dropped" for task in shown["tasks"])
    events = list(Calendar.from_ical(Path(made["file"]).read_bytes()).walk("VEVENT"))
    assert len(events) == made["events"] == len(shown["steps"]) + len(shown["tasks"]) - dropped + 1


def a_cycle_is_closed_and_the_next_carries_what_is_open(plan: str) -> None:
    action = answer("action add", plan=plan, statement="Qualify a second supplier", due="2026-12-15")
    assert action is not None
    with pytest.raises(InputError, match=r"has steps that are not accepted: demand_review \(submitted\)"):
        answer("cycle close", plan=plan)
    with pytest.raises(InputError):
        answer("cycle close", plan=plan, force=True)
    closed = answer("cycle close", plan=plan, force=True, reason="Year-end")
    assert closed["headline"][1] == "1 open action will be carried into the next."
    with pytest.raises(NotFoundError, match="No cycle is open"):
        answer("task list", plan=plan)
    following = answer("cycle open", plan=plan, name="2026-12")
    assert following["previous"] == "2026-11"
    assert (len(following["carried"]["action"]), len(following["carried"]["override"])) == (1, 1)
    listed = answer("cycle list", plan=plan)["cycles"]
    assert [(one["cycle"], one["status"]) for one in listed] == [("2026-12", "open"), ("2026-11", "closed")]
    assert open_store(Path(plan)).verify() == []


PARTS: tuple[Callable[[str], None], ...] = (
    a_cycle_is_opened_once_with_steps_and_tasks,
    nothing_is_written_where_a_cycle_cannot_be_opened,
    tasks_are_added_changed_and_found,
    a_step_is_not_submitted_before_its_gate_is_passed,
    a_step_is_sealed_accepted_and_kept_as_it_is,
    opening_a_step_again_tells_whoever_built_on_it,
    a_run_that_changes_what_was_handed_on_is_told_and_freshness_says_why,
    the_calendar_holds_every_step_task_and_the_day_of_publishing,
    a_cycle_is_closed_and_the_next_carries_what_is_open,
)
