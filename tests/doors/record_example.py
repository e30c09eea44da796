"""People who work on a plan, and what they ask of its record."""

from pathlib import Path
from typing import Any

from equipoise.process.people import Person
from equipoise.service import Context, call
from equipoise.service.messages import PlanRequest
from equipoise.service.workspace import Workspace, locate
from equipoise.store.contract import Change, Signature
from tests.doors.conftest import TODAY, answer


def place_of(workspace: Path) -> Workspace:
    return locate(PlanRequest(plan=str(workspace)))


def team(workspace: Path, **roles: list[str]) -> None:
    """Make the workspace a team's: people by name with their roles; those of `slices_NAME` are their slices."""
    people = {name: held for name, held in roles.items() if not name.startswith("slices_")}
    changes = [
        Change("user", {"name": name, "roles": held, "slices": roles.get(f"slices_{name}", []), "channels": [], "active": True}, name)
        for name, held in people.items()
    ]
    place_of(workspace).store.change(changes, Signature("test", "python", "user add"))


def as_(person: str, name: str, /, **values: Any) -> dict[str, Any]:
    """Do an operation as somebody of the team."""
    return call(name, values, Context(today=TODAY, person=Person(person))).model_dump(mode="json")


def add(workspace: Path, *changes: str, **values: Any) -> list[str]:
    """Add overrides in words and return their numbers."""
    made = answer("override add", plan=str(workspace), change=list(changes), **values)
    return [line["override"] for line in made["overrides"]]


def listed(workspace: Path, **values: Any) -> dict[str, dict[str, Any]]:
    """Return the overrides of the record by number."""
    return {line["override"]: line for line in answer("override list", plan=str(workspace), limit=0, **values)["overrides"]}


def demand(workspace: Path, **keys: str) -> float:
    """Return what the demand plan of the last version has in all, of an item where one is named."""
    where = [f"{name}={value}" for name, value in keys.items()]
    shown = answer("show", plan=str(workspace), table="demand_plan", where=where, limit=0)
    at = shown["columns"].index("quantity")
    return float(sum(row[at] for row in shown["rows"]))
