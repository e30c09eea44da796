"""The register of operations: what each is asked and answers, whether it changes anything, and which doors it has."""

import datetime as dt
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ValidationError

from equipoise.errors import Fault, InputError, NotFoundError, Where
from equipoise.process.people import Person, alone

if TYPE_CHECKING:
    from equipoise.cycle import Progress
    from equipoise.store.contract import Signature

Door = Literal["python", "cli", "rest", "mcp", "files"]
REMOTE: tuple[Door, ...] = ("rest", "mcp")
"""Doors of those who are not at the machine: they name plans by name and no paths, and what they give has the types of JSON."""


def _silent(_: "Progress") -> None:
    return


def _on() -> None:
    return


@dataclass(frozen=True)
class Context:
    """Who asks, through which door, on what day; and who listens to progress. `check` is asked now and then: it raises where to stop.

    `token` proves who asks; `person` is who that is, found by `call`: in single-user mode the operating system's user, who may do all.
    `agent`: who asks acts as an agent, whatever they may do themselves: it reads, comments, proposes and runs drafts; always at door mcp.
    `forgiving`: where the plan file is wrong, its last version says what is needed to read the record.
    """

    door: Door = "python"
    token: str = ""
    person: Person = field(default_factory=alone)
    agent: bool = False
    forgiving: bool = False
    today: dt.date = field(default_factory=lambda: dt.datetime.now().astimezone().date())
    listen: "Callable[[Progress], None]" = _silent
    check: Callable[[], None] = _on

    @property
    def actor(self) -> str:
        """Name of who asks, as the record has it."""
        return self.person.name

    def sign(self, operation: str, reason: str = "") -> "Signature":
        """Return the signature under what this call changes."""
        from equipoise.store.contract import Signature

        return Signature(self.actor, self.door, operation, reason)


@dataclass(frozen=True)
class Operation:
    """One use of Equipoise. `where` names its function (module:function), loaded on first use so that starting is quick."""

    name: str
    request: type[BaseModel]
    answer: type[BaseModel]
    where: str
    changes: bool
    long: bool
    permission: str
    doors: frozenset[Door]

    @property
    def summary(self) -> str:
        """What it does, in one sentence."""
        return (self.request.__doc__ or "").strip().splitlines()[0]

    def fields(self, door: Door) -> tuple[str, ...]:
        """Return the names of what is given at a door: at a remote one no paths, and the plan by its name."""
        infos = self.request.model_fields.items()
        return tuple(name for name, info in infos if door not in REMOTE or not _has(info.json_schema_extra, "local"))

    @property
    def positional(self) -> tuple[str, ...]:
        """Names of what is given by its place: the first of them is what the operation is about."""
        return tuple(name for name, info in self.request.model_fields.items() if _has(info.json_schema_extra, "positional"))

    def function(self) -> Callable[[BaseModel, Context], BaseModel]:
        """Return the function that does it."""
        module, name = self.where.split(":")
        found: Callable[[BaseModel, Context], BaseModel] = getattr(import_module(module), name)
        if self.changes or not (self.name.endswith((" list", " show")) or self.name in {"fresh", "draft"}):
            return found
        from equipoise.service.last_understood import by_the_last_version

        return by_the_last_version(found)  # what reads the record


def _has(extra: object, word: str) -> bool:
    return isinstance(extra, dict) and bool(extra.get(word))


def call(name: str, values: dict[str, object], context: Context | None = None) -> BaseModel:
    """Do operation `name` with `values` as its request, and return its answer; of a long one that goes on in the background its job.

    Raises NotFoundError where there is no such operation, InputError with every fault where the request is wrong, NotKnownError or
    NotAllowedError where who asks is not known or may not, and the EquipoiseError of the operation itself.
    """
    operation, request, known = permitted(name, values, context)
    if not operation.long:
        return operation.function()(request, known)
    from equipoise.service.recording import recorded

    return recorded(operation, request, known)


def permitted(name: str, values: dict[str, object], context: Context | None = None) -> tuple[Operation, BaseModel, Context]:
    """Return an operation, its request and the context with who asks, where they may; raises what `call` raises before it begins."""
    from equipoise.service.identity import authorised
    from equipoise.service.operations import OPERATIONS

    context = context or Context()
    if name not in OPERATIONS or context.door not in OPERATIONS[name].doors:
        open_here = [operation.name for operation in OPERATIONS.values() if context.door in operation.doors]
        raise NotFoundError(f"There is no operation {name}.", f"There are: {', '.join(open_here)}.")
    operation = OPERATIONS[name]
    request = read_request(operation, values, strict=context.door in REMOTE)
    return operation, request, authorised(operation, request, context)


def _sentence(words: str) -> str:
    """Return what Pydantic says of a value as a sentence."""
    plain = words.removeprefix("Value error, ").removesuffix(".")
    return f"{plain[:1].upper()}{plain[1:]}."


def read_request(operation: Operation, values: dict[str, object], *, strict: bool = False) -> BaseModel:
    """Return the values as the operation's request; `strict` takes "1" for no number. Raises InputError with every fault."""
    from equipoise.service.bounded import bounded

    bounded(operation.name, values)
    try:
        if strict:
            return operation.request.model_validate_json(json.dumps(values, default=str), strict=True)
        return operation.request.model_validate(values)
    except ValidationError as error:
        faults = [Fault(_sentence(fault["msg"]), "", Where(column=".".join(map(str, fault["loc"])))) for fault in error.errors()]
        raise InputError(f"The request to {operation.name} is wrong.", "Correct it.", faults=faults) from None
