"""Who built on a step, and must know when it changes after it was handed on."""

from collections.abc import Sequence
from dataclasses import dataclass

from equipoise.process.hand_off import HANDED_ON
from equipoise.process.kept import Edit, Kept, whole, word


@dataclass(frozen=True, slots=True)
class Built:
    """The steps that built on one, the roles that own them, and the people who submitted or accepted them."""

    steps: tuple[str, ...]
    roles: tuple[str, ...]
    people: tuple[str, ...]


def built_on(step: Kept, steps: Sequence[Kept]) -> Built:
    """Return who built on a step of a cycle.

    These are the later steps that were submitted or accepted, or whose sealed version is newer than the step's; and whoever accepted
    the step itself.
    """
    position, version = whole(step.document, "position") or 0, whole(step.document, "version")

    def later(other: Kept) -> bool:
        own = whole(other.document, "version")
        newer = own is not None and version is not None and own > version
        return (whole(other.document, "position") or 0) > position and (word(other.document, "status") in HANDED_ON or newer)

    found = sorted((one for one in steps if later(one)), key=lambda one: whole(one.document, "position") or 0)
    people = [word(step.document, "accepted_by")]
    people += [word(one.document, column) for one in found for column in ("submitted_by", "accepted_by")]
    roles = [word(step.document, "accepting_role")] if word(step.document, "accepted_by") else []
    roles += [word(one.document, "owner_role") for one in found]
    return Built(
        tuple(word(one.document, "name") for one in found), tuple(dict.fromkeys(roles)), tuple(dict.fromkeys(filter(None, people)))
    )


def alarms(kind: str, step: Kept, steps: Sequence[Kept], statement: str, actor: str) -> list[Edit]:
    """Return the alarm that tells whoever built on a step what happened to it: none where nobody did. `actor` knows already.

    `kind` is reopened, or changed: then whoever owns and submitted the step is told too, for it is no longer what they handed on.
    """
    built = built_on(step, steps)
    own = kind == "changed"
    named = (*built.people, word(step.document, "submitted_by")) if own else built.people
    people = [person for person in dict.fromkeys(named) if person not in {actor, ""}]
    roles = list(dict.fromkeys((word(step.document, "owner_role"), *built.roles) if own else built.roles))
    if not roles and not people:
        return []
    so = f" Built on it: {', '.join(built.steps)}." if built.steps else ""
    document: dict[str, object] = {
        "kind": kind,
        "subject": step.id,
        "statement": f"{statement}{so}",
        "roles": roles,
        "people": people,
        "status": "open",
    }
    return [Edit("alarm", "", 0, document)]
