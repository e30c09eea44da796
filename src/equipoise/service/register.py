"""The register of operations: what each is asked and answers, whether it changes anything, and which doors it has."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ValidationError

from equipoise.errors import Fault, InputError, NotFoundError, Where
from equipoise.service import messages

if TYPE_CHECKING:
    from equipoise.cycle import Progress

Door = Literal["python", "cli", "rest", "mcp"]
_LOCAL: frozenset[Door] = frozenset({"python", "cli"})
_EVERY: frozenset[Door] = frozenset({"python", "cli", "rest", "mcp"})


def _silent(_: "Progress") -> None:
    return


@dataclass(frozen=True)
class Context:
    """Who asks, through which door, on what day; and who listens to progress."""

    door: Door = "python"
    actor: str = "local"
    today: dt.date = field(default_factory=lambda: dt.datetime.now().astimezone().date())
    listen: "Callable[[Progress], None]" = _silent


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

    def function(self) -> Callable[[BaseModel, Context], BaseModel]:
        """Return the function that does it."""
        module, name = self.where.split(":")
        return getattr(import_module(module), name)  # type: ignore[no-any-return]


OPERATIONS: dict[str, Operation] = {
    operation.name: operation
    for operation in (
        Operation("init", messages.InitRequest, messages.InitAnswer, "equipoise.service.starting:init", True, False, "edit", _LOCAL),
        Operation("check", messages.CheckRequest, messages.CheckAnswer, "equipoise.service.checking:check", False, False, "view", _LOCAL),
        Operation("run", messages.RunRequest, messages.RunAnswer, "equipoise.service.running:run", True, True, "edit", _LOCAL),
        Operation("show", messages.ShowRequest, messages.ShowAnswer, "equipoise.service.showing:show", False, False, "view", _EVERY),
        Operation(
            "explain", messages.ExplainRequest, messages.ExplainAnswer, "equipoise.service.explaining:explain", False, False, "view", _EVERY
        ),
        Operation("try", messages.TryRequest, messages.TryAnswer, "equipoise.service.trying:try_", False, False, "view", _EVERY),
        Operation(
            "promote", messages.PromoteRequest, messages.PromoteAnswer, "equipoise.service.promoting:promote", True, False, "edit", _EVERY
        ),
    )
}


def call(name: str, values: dict[str, object], context: Context | None = None) -> BaseModel:
    """Do operation `name` with `values` as its request, and return its answer.

    Raises NotFoundError where there is no such operation, InputError with every fault where the request is wrong, and the
    EquipoiseError of the operation itself.
    """
    if name not in OPERATIONS:
        raise NotFoundError(f"There is no operation {name}.", f"There are: {', '.join(OPERATIONS)}.")
    operation = OPERATIONS[name]
    try:
        request = operation.request.model_validate(values)
    except ValidationError as error:
        faults = [Fault(fault["msg"] + ".", "", Where(column=".".join(map(str, fault["loc"])))) for fault in error.errors()]
        raise InputError(f"The request to {name} is wrong.", "Correct it.", faults=faults) from None
    return operation.function()(request, context or Context())
