"""Hand-offs: a step is open, submitted, accepted, and opened again with a reason. Who may do which, and what the gate asks."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from equipoise.errors import Fault, InputError, NotAllowedError, Where
from equipoise.process.kept import Edit, Kept, edited, word, words
from equipoise.process.people import LEADER, Person
from equipoise.tables.figures import either
from equipoise.tables.process_setting import (
    CHECKED_CONDITIONS,
    DECISIONS_MADE,
    EARLIER_STEPS,
    NO_ERRORS,
    PROPOSALS_REVIEWED,
    RUN_IS_CURRENT,
    TASKS_DONE,
)

HANDED_ON = ("submitted", "accepted")


@dataclass(frozen=True, slots=True)
class Checks:
    """What the system knows of the conditions that it checks: why each is not met, in a sentence; empty: it is."""

    run: str = ""
    errors: str = ""
    tasks: str = ""
    proposals: str = ""
    earlier: str = ""
    decisions: str = ""

    def why_not(self, condition: str) -> str:
        """Return why a condition that the system checks is not met; empty where it is."""
        found = {
            RUN_IS_CURRENT: self.run,
            NO_ERRORS: self.errors,
            TASKS_DONE: self.tasks,
            PROPOSALS_REVIEWED: self.proposals,
            EARLIER_STEPS: self.earlier,
            DECISIONS_MADE: self.decisions,
        }
        return found[checked(condition)]


def checked(condition: str) -> str:
    """Return the condition of those that the system checks which these words name; empty where somebody must confirm it."""
    plain = condition.strip().rstrip(".").lower()
    return next((one for one in CHECKED_CONDITIONS if one.lower() == plain), "")


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition of a gate: met, not met (and why), to be confirmed by whoever submits, or confirmed."""

    number: int
    words: str
    state: Literal["met", "not met", "to be confirmed", "confirmed"]
    why: str = ""


def conditions(step: Kept, checks: Checks, confirmed: Iterable[str] = ()) -> list[Condition]:
    """Return the conditions of a step's gate with their state; `confirmed` are those that somebody confirmed, in their words."""
    given = set(confirmed)
    found = []
    for number, condition in enumerate(words(step.document, "gate"), 1):
        why = checks.why_not(condition) if checked(condition) else ""
        if checked(condition):
            found.append(Condition(number, condition, "not met" if why else "met", why))
        else:
            found.append(Condition(number, condition, "confirmed" if condition in given else "to be confirmed"))
    return found


def submitted(step: Kept, person: Person, checks: Checks, confirmed: Sequence[str]) -> Edit:
    """Return the step as submitted by `person`; `confirmed` are conditions of the gate in their words or by number, or "all".

    Raises InputError where the step was handed on already, or with every condition that is not met or not confirmed; NotAllowedError
    where the person does not own the step.
    """
    document = step.document
    status, name = word(document, "status"), word(document, "name")
    if status in HANDED_ON:
        raise InputError(f"{step.id} is {status} already.", f"Open it again first: equipoise step reopen {name} --reason WHY")
    require_role(person, (word(document, "owner_role"), LEADER), f"submit {step.id}")
    found = conditions(step, checks, _meant(words(document, "gate"), confirmed, step.id))
    faults = [_fault(one) for one in found if one.state in {"not met", "to be confirmed"}]
    if faults:
        raise InputError(f"The gate of {step.id} is not passed.", "Nothing was submitted.", faults=faults)
    by_hand = [one.words for one in found if one.state == "confirmed"]
    return edited(step, status="submitted", submitted_by=person.name, accepted_by=None, reason=None, checked=by_hand)


def _meant(gate: Sequence[str], confirmed: Sequence[str], step: str) -> set[str]:
    """Return the conditions that were confirmed. Raises InputError where one is none of the gate's."""
    found: set[str] = set()
    for one in confirmed:
        plain = one.strip().rstrip(".").lower()
        if plain == "all":
            return set(gate)
        numbered = {str(position): condition for position, condition in enumerate(gate, 1)}
        named = [condition for condition in gate if condition.rstrip(".").lower() == plain]
        if plain not in numbered and not named:
            known = "; ".join(f"{position} {condition}" for position, condition in numbered.items()) or "none"
            raise InputError(f"The gate of {step} has no condition '{one}'.", f"Its conditions are: {known}.")
        found.add(named[0] if named else numbered[plain])
    return found


def _fault(condition: Condition) -> Fault:
    where = Where(column=f"condition {condition.number}")
    if condition.state == "not met":
        return Fault(f"'{condition.words}' is not met: {condition.why}", "", where)
    fix = f"See that it is so, then submit with --confirm {condition.number} (or all)."
    return Fault(f"'{condition.words}' is not confirmed.", fix, where)


def accepted(step: Kept, person: Person, *, four_eyes: bool) -> Edit:
    """Return the step as accepted by `person`.

    Raises InputError where it is not submitted, NotAllowedError where the person's role does not accept it or, with `four_eyes`, where
    the person submitted it.
    """
    document = step.document
    status = word(document, "status")
    if status != "submitted":
        fix = "It needs no more." if status == "accepted" else f"Submit it first: equipoise step submit {word(document, 'name')}"
        raise InputError(f"{step.id} is {status}, not submitted.", fix)
    require_role(person, (word(document, "accepting_role"), LEADER), f"accept {step.id}")
    if four_eyes and not person.alone and person.name == word(document, "submitted_by"):
        raise NotAllowedError(f"{person.name} submitted {step.id} and cannot accept it too: four eyes are asked for.", "Ask somebody else.")
    return edited(step, status="accepted", accepted_by=person.name)


def reopened(step: Kept, person: Person, reason: str) -> Edit:
    """Return the step opened again for `reason`.

    Its version stays named: it is the one that others have built on. Raises InputError where it was not handed on or no reason is
    given, NotAllowedError where the person neither owns nor accepts it.
    """
    document = step.document
    if word(document, "status") not in HANDED_ON:
        raise InputError(
            f"{step.id} is {word(document, 'status')}: it was not handed on.", "Change what you want; there is nothing to open."
        )
    if not reason.strip():
        raise InputError(f"{step.id} is opened again only for a reason.", "Say why with --reason: whoever built on it is told.")
    roles = (word(document, "owner_role"), word(document, "accepting_role"), LEADER)
    require_role(person, roles, f"open {step.id} again")
    return edited(step, status="reopened", accepted_by=None, reason=reason.strip(), checked=[])


def require_role(person: Person, roles: Sequence[str], what: str) -> None:
    """Raise NotAllowedError where the person has none of the roles; in single-user mode everybody has every role."""
    if not person.alone and not set(roles) & set(person.roles):
        named = either(list(dict.fromkeys(roles)))
        raise NotAllowedError(f"{person.name} may not {what}: that needs the role {named}.", "Ask somebody who has it.")
