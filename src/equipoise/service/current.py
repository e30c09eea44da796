"""The cycle that a plan is in, and the settings of its process: what every operation of the process begins with."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from equipoise.errors import ConflictError, NotFoundError
from equipoise.process.kept import Edit, whole, word
from equipoise.process.working_days import WorkingDays
from equipoise.service.last_understood import plan_of
from equipoise.service.messages import PlanRequest
from equipoise.service.register import Context
from equipoise.service.workspace import Workspace, locate
from equipoise.store.contract import Change, Record

if TYPE_CHECKING:
    from equipoise.gather import Plan
    from equipoise.store.contract import Store


def current_cycle(store: "Store", business_unit: str) -> Record | None:
    """Return the cycle that a business unit is in: the latest that is not closed; None where there is none."""
    alive = [one for one in store.records("cycle", business_unit=business_unit) if word(one.document, "status") != "closed"]
    return max(alive, key=_begun, default=None)


def _begun(cycle: Record) -> tuple[str, str]:
    return word(cycle.document, "opened"), cycle.id


def cycle_name_of(store: "Store", business_unit: str) -> str:
    """Return the name of the cycle that a business unit is in; empty where there is none."""
    found = current_cycle(store, business_unit)
    return found.id if found is not None else ""


@dataclass(frozen=True)
class Process:
    """A plan with its process: workspace, plan file, and the cycle that was asked for, None where there is none."""

    place: Workspace
    plan: "Plan"
    cycle: Record | None

    @property
    def unit(self) -> str:
        """The business unit."""
        return self.plan.process.business_unit

    @cached_property
    def days(self) -> WorkingDays:
        """The working days."""
        return WorkingDays.from_setting(self.plan.process)

    @property
    def name(self) -> str:
        """Name of the cycle; empty where there is none."""
        return self.cycle.id if self.cycle is not None else ""

    @cached_property
    def steps(self) -> list[Record]:
        """The steps of the cycle, in order."""
        found = self.place.store.records("step", business_unit=self.unit, cycle=self.name) if self.cycle is not None else []
        return sorted(found, key=lambda one: (whole(one.document, "position") or 0, one.id))

    @cached_property
    def tasks(self) -> list[Record]:
        """The tasks of the cycle."""
        return self.place.store.records("task", business_unit=self.unit, cycle=self.name) if self.cycle is not None else []

    def records(self, kind: str, *status: str) -> list[Record]:
        """Return the business unit's records of a kind, of every cycle; with `status` those in one of these. Makes no store to look."""
        return self.place.store.records(kind, business_unit=self.unit, status=status) if self.place.kept else []

    def required(self) -> Record:
        """Return the cycle. Raises NotFoundError where there is none."""
        if self.cycle is None:
            raise NotFoundError("No cycle is open.", "Open one with: equipoise cycle open")
        return self.cycle

    def step(self, name: str) -> Record:
        """Return a step of the cycle by its name. Raises NotFoundError where there is none."""
        self.required()
        plain = name.rsplit("/", 1)[-1].strip().lower().replace("-", "_").replace(" ", "_")
        for step in self.steps:
            if word(step.document, "name") == plain:
                return step
        known = ", ".join(word(step.document, "name") for step in self.steps)
        raise NotFoundError(f"The cycle {self.name} has no step {name}.", f"Its steps are: {known}.")

    def change(self, edits: Sequence[Edit], context: Context, operation: str, reason: str = "") -> list[Record]:
        """Make edits of records of this cycle, all or none. Raises ConflictError where somebody else was first."""
        made = [
            Change(
                edit.kind,
                edit.document,
                edit.id,
                edit.revision if edit.id else None,
                self.unit if edit.revision == 0 else "",
                self.name if edit.revision == 0 else "",
            )
            for edit in edits
        ]
        return self.place.store.change(made, context.sign(operation, reason))


def process_of(request: PlanRequest, context: Context, cycle: str = "") -> Process:
    """Return the plan that a request means, with its process and the cycle of that name, by default the one it is in.

    Raises PlanFileError where the plan file is wrong, NotFoundError where there is no such cycle.
    """
    place = locate(request)
    plan = plan_of(place, context)
    process = Process(place, plan, None)
    if not cycle:
        return replace(process, cycle=current_cycle(place.store, process.unit)) if place.kept else process
    held = {one.id: one for one in process.records("cycle")}
    if cycle not in held:
        raise NotFoundError(f"There is no cycle {cycle}.", f"There are: {', '.join(sorted(held)) or 'none'}.")
    return replace(process, cycle=held[cycle])


def expected(record: Record, revision: int | None) -> None:
    """Raise ConflictError where the record has changed since the revision that somebody looked at; None: they did not say."""
    if revision is None or revision == record.revision:
        return
    status = word(record.document, "status")
    now = f"it is {status} now, " if status else ""
    raise ConflictError(
        f"{record.id} has changed since you looked at it: {now}changed by {record.changed_by} on {record.changed_at:%Y-%m-%d %H:%M} UTC "
        f"(revision {record.revision}, not {revision}). Nothing was written.",
        f"Look at it again, then repeat your change with --revision {record.revision}, or without one.",
    )
