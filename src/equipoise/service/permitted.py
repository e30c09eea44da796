"""Whether who asks may make overrides: by their roles, their slices and fences, and because no step was handed on with those tables."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from equipoise.errors import InputError
from equipoise.process.editing import refuse_edits
from equipoise.scenario import Override
from equipoise.service.hand_offs import guard_sealed

if TYPE_CHECKING:
    from equipoise.service.overrides import Overridden


def permitted(here: "Overridden", overrides: Sequence[Override], scenario: str, *, sealed: bool = True) -> None:
    """Raise NotAllowedError, with every fault, where who asks may not make one of the overrides.

    Of the base plan no table may be changed whose step was handed on, unless it is opened again; `sealed` leaves that out.
    """
    person = here.context.person
    if not person.alone:
        refuse_edits(person, overrides, here.matching.seen([override.table for override in overrides]))
    if sealed and not scenario:
        guard_sealed(here.place, [override.table for override in overrides], here.context, here.plan)


def require_reason(here: "Overridden", reason: str) -> None:
    """Raise InputError where a team works and a change has no reason."""
    if not here.context.person.alone and not reason.strip():
        raise InputError("A change has no reason.", "Say why: --reason. Whoever reads the plan will ask.")
