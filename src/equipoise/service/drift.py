"""What became of steps after they were handed on: tables that the last run made otherwise, and the alarms about it."""

from typing import TYPE_CHECKING

from equipoise.process.built_on import alarms
from equipoise.process.hand_off import HANDED_ON
from equipoise.process.kept import Edit, whole, word
from equipoise.service.current import Process, current_cycle
from equipoise.tables.figures import listing

if TYPE_CHECKING:
    from equipoise.gather import Plan
    from equipoise.service.register import Context
    from equipoise.service.workspace import Workspace
    from equipoise.store.contract import Version


def drifted_tables(process: Process) -> dict[str, list[str]]:
    """Return, by step that was handed on, the tables that the plan's last version has otherwise than the one that was submitted."""
    sealed = {word(step.document, "name"): whole(step.document, "version") for step in process.steps if _handed_on(step.document)}
    if not any(sealed.values()):
        return {}
    versions = process.place.versions()
    by_number = {version.number: version for version in versions}
    held = {name: by_number[number] for name, number in sealed.items() if number in by_number}
    return {name: tables for name, version in held.items() if (tables := _otherwise(name, version, versions[-1]))}


def _handed_on(document: dict[str, object]) -> bool:
    return word(document, "status") in HANDED_ON


def _otherwise(step: str, then: "Version", now: "Version") -> list[str]:
    from equipoise.service.step_tables import made_in

    return [table for table in made_in(step) if table in then.tables and then.tables[table] != now.tables.get(table)]


def tell_drift(place: "Workspace", plan: "Plan", context: "Context") -> None:
    """After a run: raise the alarms about steps that were handed on and whose tables the run made otherwise, where a cycle is under way."""
    process = Process(place, plan, current_cycle(place.store, plan.process.business_unit))
    process.change(drift_alarms(process, context.actor), context, "run")


def drift_alarms(process: Process, actor: str) -> list[Edit]:
    """Return the alarms about steps whose tables the last run made otherwise than what was submitted: one for each submission."""
    drifted = drifted_tables(process)
    if not drifted:
        return []
    held = process.records("alarm", "open", "seen")
    told = {word(one.document, "subject"): one.number for one in held if word(one.document, "kind") == "changed"}
    found: list[Edit] = []
    for step in process.steps:
        tables = drifted.get(word(step.document, "name"))
        if tables and told.get(step.id, 0) < step.number:
            statement = f"A run changed {listing(tables)} after {word(step.document, 'title')} was {word(step.document, 'status')}."
            found += alarms("changed", step, process.steps, statement, actor)
    return found
