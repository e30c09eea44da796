from typing import ClassVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from equipoise.errors import InputError, NotAllowedError
from equipoise.process.built_on import alarms, built_on
from equipoise.process.hand_off import Checks, accepted, conditions, reopened, submitted
from equipoise.process.kept import Edit, word
from equipoise.process.people import Person, alone
from equipoise.store.contract import Record
from tests.unit.process_example import kept, steps

PLANNER, BUYER, LEADER = Person("dora", ("demand planner",)), Person("sam", ("supply planner",)), Person("fay", ("facilitator",))
ALONE = alone()


def step(name: str = "demand_review", /, **changed: object) -> Record:
    found = next(one for one in steps() if one.document["name"] == name)
    return kept(Edit("step", found.id, 0, {**found.document, **changed}))


class HandOffs(RuleBasedStateMachine):
    """Whatever people try in whatever order, the steps go only where the rules let them, and nothing is lost on the way."""

    PEOPLE: ClassVar[tuple[Person, ...]] = (PLANNER, BUYER, LEADER, ALONE, Person("vic", ("viewer",)), Person("bot", ("agent",)))

    @initialize()
    def begin(self) -> None:
        self.step = step()
        self.revision = 1

    def _take(self, edit: Edit) -> None:
        assert edit.revision == self.step.revision
        self.revision += 1
        self.step = kept(edit, revision=self.revision)

    @rule(person=st.sampled_from(PEOPLE), met=st.booleans(), confirm=st.sampled_from([(), ("all",), ("5",), ("1",)]))
    def submit(self, person: Person, met: bool, confirm: tuple[str, ...]) -> None:
        may = person.alone or {"demand planner", "facilitator"} & set(person.roles)
        passed = met and confirm in {("all",), ("5",)}
        before = self.step.document["status"]
        try:
            edit = submitted(self.step, person, Checks(tasks="" if met else "task-1 is open."), confirm)
        except (InputError, NotAllowedError):
            assert before in {"submitted", "accepted"} or not may or not passed
            return
        assert may
        assert passed
        assert before in {"open", "reopened"}
        assert edit.document["submitted_by"] == person.name
        assert edit.document["checked"] == ["Sales, marketing and finance agree to one demand plan"]
        self._take(edit)

    @rule(person=st.sampled_from(PEOPLE), four_eyes=st.booleans())
    def accept(self, person: Person, four_eyes: bool) -> None:
        before, by = self.step.document["status"], self.step.document.get("submitted_by")
        may = person.alone or {"supply planner", "facilitator"} & set(person.roles)
        try:
            edit = accepted(self.step, person, four_eyes=four_eyes)
        except (InputError, NotAllowedError):
            assert before != "submitted" or not may or (four_eyes and by == person.name)
            return
        assert may
        assert before == "submitted"
        assert not (four_eyes and by == person.name and not person.alone)
        self._take(edit)

    @rule(person=st.sampled_from(PEOPLE), reason=st.sampled_from(["", "  ", "The fair was cancelled"]))
    def reopen(self, person: Person, reason: str) -> None:
        before = self.step.document["status"]
        may = person.alone or {"demand planner", "supply planner", "facilitator"} & set(person.roles)
        try:
            edit = reopened(self.step, person, reason)
        except (InputError, NotAllowedError):
            assert before not in {"submitted", "accepted"} or not may or not reason.strip()
            return
        assert may
        assert before in {"submitted", "accepted"}
        assert edit.document["reason"] == reason
        self._take(edit)

    @invariant()
    def is_whole(self) -> None:
        document = self.step.document
        assert document["status"] in {"open", "submitted", "accepted", "reopened"}
        assert bool(document.get("accepted_by")) == (document["status"] == "accepted")
        assert bool(document.get("reason")) == (document["status"] == "reopened")
        assert (document["title"], document["due"], len(document["gate"])) == ("Demand review", "2026-11-10", 5)  # type: ignore[arg-type]


HandOffs.TestCase.settings = settings(max_examples=60, stateful_step_count=20, deadline=None)
TestHandOffs = HandOffs.TestCase


def test_every_condition_that_is_not_met_is_named_at_once() -> None:
    checks = Checks(run="capacity.csv changed since the last run.", proposals="override-3 waits.", earlier="gather is open.")
    with pytest.raises(InputError) as caught:
        submitted(step(), PLANNER, checks, [])
    assert [fault.where.column for fault in caught.value.faults] == ["condition 1", "condition 2", "condition 3", "condition 5"]
    assert "'The plan was run since the last change' is not met: capacity.csv changed since the last run." in str(caught.value)
    assert "submit with --confirm 5 (or all)" in str(caught.value)


def test_what_the_system_checks_cannot_be_confirmed_away() -> None:
    with pytest.raises(InputError, match="gate"):
        submitted(step(), ALONE, Checks(earlier="gather is open."), ["all"])
    met = conditions(step(), Checks(), ["Sales, marketing and finance agree to one demand plan"])
    assert [one.state for one in met] == ["met", "met", "met", "met", "confirmed"]


def test_a_condition_that_the_gate_has_not_is_refused_with_those_that_it_has() -> None:
    with pytest.raises(InputError) as caught:
        submitted(step(), PLANNER, Checks(), ["9"])
    assert "has no condition '9'" in str(caught.value)
    assert "5 Sales, marketing and finance agree to one demand plan" in str(caught.value)


def test_whoever_built_on_a_step_is_told_but_not_who_opened_it_again() -> None:
    review = step(status="accepted", version=4, submitted_by="dora", accepted_by="sam")
    supply = step("supply_review", status="submitted", version=6, submitted_by="sam")
    pre_sop = step("pre_sop", status="reopened", version=7, submitted_by="fay")
    old = step("executive_sop", status="reopened", version=2, submitted_by="fay")
    everyone = [old, pre_sop, supply, review, step("gather", status="accepted", version=3, submitted_by="dora")]
    built = built_on(review, everyone)
    assert built.steps == ("supply_review", "pre_sop")
    assert built.roles == ("supply planner", "facilitator")
    assert built.people == ("sam", "fay")
    (alarm,) = alarms("reopened", review, everyone, "It was opened again.", "fay")
    assert alarm.document["people"] == ["sam"]
    assert alarm.document["subject"] == "2026-10/demand_review"
    assert word(alarm.document, "statement") == "It was opened again. Built on it: supply_review, pre_sop."


def test_nobody_is_told_where_nobody_built_on_it() -> None:
    review = step(status="submitted", version=4, submitted_by="dora")
    assert alarms("reopened", review, steps(), "It was opened again.", "dora") == []
    (alarm,) = alarms("changed", review, steps(), "A run changed it.", "anna")
    assert (alarm.document["roles"], alarm.document["people"]) == (["demand planner"], ["dora"])
