"""A team's workspace with something of every kind in it, and a token for each role."""

from pathlib import Path
from typing import Any

from equipoise.process.people import Person
from equipoise.service import Context, call
from equipoise.service.credentials import add_token
from equipoise.store import open_store
from equipoise.store.contract import Change, Signature
from tests.fuzz.allowed import ROLES
from tests.torture.company import make_company
from tests.torture.worker import TODAY

DONE: tuple[tuple[str, dict[str, Any]], ...] = (
    ("cycle open", {}),
    ("override add", {"change": ["demand_plan item=Desk Lamp: +10 %"], "reason": "A new customer"}),
    ("override add", {"change": ["demand_plan item=Lantern: -10 %"], "reason": "A lost one", "propose": True}),
    ("run", {}),
    ("assumption add", {"statement": "Rates hold", "confidence": "high"}),
    ("risk add", {"risk": "strike", "statement": "The carrier may strike", "kind": "risk", "probability": 0.2, "money": -400.0}),
    ("comment add", {"subject": "risk strike", "statement": "They did last year"}),
    ("decision add", {"question": "A second press?", "options": [{"name": "Yes"}, {"name": "No"}]}),
    ("action add", {"statement": "Ask for an offer"}),
    ("task add", {"title": "Call them", "step": "gather"}),
)


def name_of(role: str) -> str:
    """Return the name of whoever has that role."""
    return role.replace(" ", "-")


def make_team(folder: Path) -> dict[str, str]:
    """Make the workspace in `folder`, and return a token for each role."""
    plan = make_company(folder)
    for file in (folder / "tables").iterdir():  # the examples of the API speak of these
        text = file.read_text(encoding="utf-8").replace("Item 1", "Desk Lamp").replace("Item 2", "Lantern").replace("Home", "Shops")
        file.write_text(text, encoding="utf-8")
    for name, values in DONE:
        call(name, {"plan": str(plan), **values}, Context(today=TODAY, person=Person("founder", alone=True)))
    store = open_store(folder)
    store.change([Change("user", document(role), name_of(role)) for role in ROLES], Signature("test", "python", "user add"))
    tokens = {role: add_token(store, name_of(role), "fuzz", 30)[0] for role in ROLES}
    store.close()
    return tokens


def document(role: str) -> dict[str, Any]:
    """Return the user record of whoever has that role."""
    return {"name": name_of(role), "roles": [role], "slices": [], "channels": [], "active": True}
