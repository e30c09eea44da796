"""Who asks, and whether they may.

A workspace without users is one person's: whoever uses the machine may do everything, and no log-in is asked for. With the first user it is
a team's: everybody proves who they are with a session (log-in) or a token, and may do what their roles allow.
"""

import ipaddress
import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel

from equipoise.errors import InputError, NotAllowedError, NotFoundError, NotKnownError
from equipoise.process.kept import words
from equipoise.process.people import ENTER, Person, as_agent, may, require, roles_with
from equipoise.service.log_in_setting import read_log_in_setting
from equipoise.service.messages import PlanRequest
from equipoise.service.register import Context, Operation
from equipoise.service.workspace import Workspace, locate
from equipoise.store.glance import peek
from equipoise.tables.figures import either

if TYPE_CHECKING:
    from equipoise.store import Store
    from equipoise.store.contract import Credential, Record

_OWN = ("cli", "python")  # doors of a process that the asking person runs: its environment and log-ins are theirs
_INVITED = ("password set", "whoami", "logout")  # what an invitation is good for
_PERSONAL = ("task set", "alarm seen")  # what an account of an agent says of itself, and nobody's agent says for them
_TOKEN = "EQUIPOISE_TOKEN"  # noqa: S105 - the name of a variable


@dataclass(frozen=True, slots=True)
class Known:
    """A person, with what proves who they are; None where a program that knew them already asks in their name."""

    person: Person
    record: "Record"
    proof: "Credential | None"


def is_team(folder: Path) -> bool:
    """Return whether people have to log in to a workspace: it has at least one user who may."""
    return peek(folder, ())[1]


def authorised(operation: Operation, request: BaseModel, context: Context) -> Context:
    """Return the context with the person who asks; as an agent, where they ask as one.

    Raises NotKnownError where nobody knows them: no token, or one that has expired, was revoked or is of somebody who may no longer log in.
    Raises NotAllowedError, naming the roles that may, where theirs may not, and where they ask too often.
    """
    folder = _folder(request)
    if folder is None or not is_team(folder):
        return _agent_of(operation, context) if _acts_as_agent(context) else context
    if operation.permission == ENTER:
        return replace(context, person=Person("nobody"))
    from equipoise.store import shared_store

    token = context.token or token_at_hand(folder, context)
    store = shared_store(folder)
    setting = read_log_in_setting(folder)
    who = known(store, replace(context, token=token), setting.session_idle_hours)
    _refuse_invited(operation, who)
    person = who.person
    if context.door != "cli":  # a process of its own for each operation has nothing to count
        from equipoise.service.rates import count_operation

        count_operation(folder, person.name, setting.operations_per_minute)
    require(person, f"use '{operation.name}'", operation.permission)
    found = replace(context, token=token, person=person)
    return _agent_of(operation, found) if _acts_as_agent(context) else found


def _acts_as_agent(context: Context) -> bool:
    """Whether who asks acts as an agent: they say so, or come through the agents' door, where everybody does."""
    return context.agent or context.door == "mcp"


def _agent_of(operation: Operation, context: Context) -> Context:
    """Return the context of an agent that acts for who asks. Raises NotAllowedError where an agent may not do that."""
    agent = as_agent(context.person)
    if not may(agent, operation.permission):
        raise NotAllowedError(
            f"An agent may not use '{operation.name}': it reads, comments, proposes and runs drafts.",
            f"Ask a person: {either(roles_with(operation.permission))} may.",
        )
    if operation.name in _PERSONAL and context.person.roles != agent.roles:
        raise NotAllowedError(
            f"An agent may not use '{operation.name}' for {agent.name}: it says what a person has done or seen.",
            f"Ask {agent.name} to do it.",
        )
    return replace(context, person=agent, agent=True)


def _refuse_invited(operation: Operation, who: Known) -> None:
    """Raise NotAllowedError where an invitation is used for more than to set a password: it is no log-in."""
    from equipoise.service.credentials import INVITATION

    proof = who.proof
    if proof is not None and proof.kind == "token" and proof.name == INVITATION and operation.name not in _INVITED:
        raise NotAllowedError(
            f"An invitation is no log-in: {who.person.name} may not use '{operation.name}' with it.",
            "Set a password with it: equipoise password set; then log in.",
        )


def _folder(request: BaseModel) -> Path | None:
    """Return the workspace folder that a request is about; None where it is about none."""
    if not isinstance(request, PlanRequest):
        return None
    try:
        return locate(request).folder
    except InputError:  # the operation says so itself; a workspace is guarded all the same
        path = Path(request.workspace or request.plan).expanduser().resolve()
        return path if path.is_dir() else path.parent


def token_at_hand(folder: Path, context: Context) -> str:
    """Return the token of the process's own user: EQUIPOISE_TOKEN, or the log-in kept for the workspace. Others must bring theirs."""
    if context.door not in _OWN or not context.person.alone:
        return ""
    from equipoise.service.session_file import held

    return os.environ.get(_TOKEN, "") or held(folder)


def known(store: "Store", context: Context, idle_hours: float) -> Known:
    """Return who asks by their token; without one, who they were said to be, such as when a job is taken up again.

    Raises NotKnownError where that is nobody, or somebody who may no longer log in.
    """
    from equipoise.service.credentials import proof_of

    proof = proof_of(store, context.token, idle_hours) if context.token else None
    if proof is None and context.person.alone:
        raise NotKnownError("People have to log in here.", f"Log in with: equipoise login NAME. A program gives its token in {_TOKEN}.")
    name = proof.user if proof is not None else context.person.name
    record = user_record(store, name)
    if record is None or record.document.get("active") is False:
        raise NotKnownError(f"{name} may no longer log in here.", "Ask a facilitator.")
    return Known(person_of(record), record, proof)


def user_record(store: "Store", name: str) -> "Record | None":
    """Return the record of a user, whether they may log in or not; None where there is none."""
    try:
        return store.record("user", name)
    except NotFoundError:
        return None


def person_of(record: "Record") -> Person:
    """Return the person that a user's record describes."""
    return Person(record.id, words(record.document, "roles"), words(record.document, "slices"))


def may_listen(place: Workspace, host: str) -> None:
    """Raise InputError where a server of the workspace must not listen at `host`.

    Where nobody has to log in it listens to its own machine only: 127.0.0.1, ::1 or localhost.
    """
    if is_team(place.folder) or host.casefold() == "localhost":
        return
    try:
        inside = ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        inside = False
    if not inside:
        raise InputError(
            f"Nobody has to log in to {place.folder}, so it is not opened to other machines at {host or 'every address'}.",
            "Listen at 127.0.0.1, or add people first: equipoise user add NAME --roles facilitator",
        )
