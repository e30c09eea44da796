"""Who somebody is and what they may do: a table of roles and permissions."""

import getpass
from dataclasses import dataclass

from equipoise.errors import NotAllowedError
from equipoise.tables.figures import either, listing, plural

# Permissions, and what they allow. `edit` is any of the three that change numbers, and ENTER needs no log-in: it is how one logs in.
PERMISSIONS: dict[str, str] = {
    "view": "Read the plan, its versions and all records",
    "comment": "Comment on cells, scenarios and records",
    "propose": "Propose changes, decisions and actions, which hold once somebody accepts them",
    "edit_demand": "Change demand: history, forecasts, events, the consensus, the demand plan",
    "edit_supply": "Change supply: capacity, routes, purchases, lanes, stock and its targets, the firm plan",
    "edit_finance": "Change money: prices, costs, rates, the budget",
    "run": "Run the plan",
    "submit": "Submit a step, where the step names their role",
    "accept": "Accept a step, where the step names their role; accept proposals of what they may change themselves",
    "decide": "Decide what is to be decided, and make a scenario or an option part of the plan",
    "approve": "Approve the plan, where the process names their role",
    "publish": "Publish the approved plan",
    "manage_cycle": "Open and close cycles, change steps, tasks, fences and settings",
    "manage_people": "Add people, give roles, set passwords, revoke tokens",
    "manage_store": "Back up, restore, verify and clear the record",
}
EDITS = ("edit_demand", "edit_supply", "edit_finance")
ENTER = "enter"
LEADER = "facilitator"
AGENT = "agent"

_READER = ("view",)
_ADVISER = (*_READER, "comment", "propose")
_PARTNER = (*_ADVISER, "submit", "accept", "approve")
ROLE_PERMISSIONS: dict[str, tuple[str, ...]] = {
    LEADER: tuple(PERMISSIONS),
    "sales": (*_PARTNER, "edit_demand"),
    "demand planner": (*_PARTNER, "edit_demand", "run"),
    "supply planner": (*_PARTNER, "edit_supply", "run"),
    "finance": (*_PARTNER, "edit_finance", "run"),
    "executive": (*_PARTNER, "decide"),
    "viewer": _READER,
    AGENT: (*_ADVISER, "run"),  # runs make drafts
}


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who asks: name, roles, and the slices that they may edit. `alone` in single-user mode: may do everything."""

    name: str
    roles: tuple[str, ...] = ()
    slices: tuple[str, ...] = ()
    alone: bool = False


def alone() -> Person:
    """Return the person of single-user mode: the operating system's user."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):
        name = "local"
    return Person(name, alone=True)


def as_agent(person: Person) -> Person:
    """Return a person as an agent that acts for them: under their name, it reads, comments, proposes and runs drafts."""
    return Person(person.name, (AGENT,), person.slices)


def permissions_of(person: Person) -> tuple[str, ...]:
    """Return what a person may do, in the order of the table."""
    held = {permission for role in person.roles for permission in ROLE_PERMISSIONS.get(role, ())}
    return tuple(one for one in PERMISSIONS if person.alone or one in held)


def may(person: Person, permission: str) -> bool:
    """Return whether a person has a permission; `edit` is any of those that change numbers."""
    held = permissions_of(person)
    return permission == ENTER or permission in held or (permission == "edit" and any(one in held for one in EDITS))


def roles_with(*permissions: str) -> tuple[str, ...]:
    """Return the roles that have one of the permissions."""
    return tuple(role for role in ROLE_PERMISSIONS if any(may(Person("", (role,)), one) for one in permissions))


def require(person: Person, what: str, *permissions: str) -> None:
    """Raise NotAllowedError, naming the roles that may, where a person has none of the permissions. `what` follows "may not"."""
    if not any(may(person, one) for one in permissions):
        held = (
            f"the {plural('role', len(person.roles))} {listing(person.roles, 9)} {'is' if len(person.roles) == 1 else 'are'}"
            if person.roles
            else "no role is"
        )
        fix = f"{either(roles_with(*permissions)) or 'Nobody'} may. Ask one of them"
        rest = ", or propose it." if may(person, "propose") and set(permissions) & {*EDITS, "edit"} else "."
        raise NotAllowedError(f"{person.name} may not {what}: {held} not enough.", fix[:1].upper() + fix[1:] + rest)


def permission_table() -> str:
    """Return roles and permissions as a table of Markdown, for the manual."""
    lines = [f"| may | {' | '.join(ROLE_PERMISSIONS)} |", f"|---|{'---|' * len(ROLE_PERMISSIONS)}"]
    for permission, meaning in PERMISSIONS.items():
        marks = " | ".join("yes" if permission in held else "" for held in ROLE_PERMISSIONS.values())
        lines.append(f"| `{permission}`: {meaning[:1].lower()}{meaning[1:]} | {marks} |")
    return "\n".join(lines)
