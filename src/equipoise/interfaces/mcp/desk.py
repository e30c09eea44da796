"""Who asks, and about which workspace: through this every tool reaches the register, under a plan's name."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

from pydantic import BaseModel

from equipoise.errors import InputError
from equipoise.service import OPERATIONS, Context, call
from equipoise.service.messages import PlanRequest
from equipoise.service.plan_names import plan_file, plans, without_paths
from equipoise.service.register import permitted

SCHEME = "equipoise://"
Answer = TypeVar("Answer", bound=BaseModel)
_VERSION = re.compile(r"v?0*([1-9][0-9]{0,8})")


def _silent(_done: float, _said: str) -> None:
    return


@dataclass(frozen=True)
class Desk:
    """A workspace folder, the token of who asks (empty where nobody has to log in), and who listens to progress."""

    folder: Path
    token: str = ""
    tell: Callable[[float, str], None] = _silent

    @property
    def context(self) -> Context:
        """The context of every request: it comes through this door."""
        return Context(door="mcp", token=self.token)

    def ask(self, answer: type[Answer], operation: str, plan: str = "", /, **values: object) -> Answer:
        """Do an operation of the register and return its answer, which is of that type.

        Raises what the operation raises; NotFoundError where there is no such plan.
        """
        found = call(operation, self._about(operation, plan, values), self.context)
        if not isinstance(found, answer):
            raise TypeError(operation)
        return found

    def allowed(self, operation: str, plan: str = "") -> tuple[PlanRequest, Context]:
        """Return an operation's request and context, where who asks may do it; raises what `call` raises before it begins."""
        _, request, context = permitted(operation, self._about(operation, plan, {}), self.context)
        if not isinstance(request, PlanRequest):
            raise TypeError(operation)
        return request, context

    def name(self, plan: str = "") -> str:
        """Return the name of the plan that is meant. Raises NotFoundError where there is none."""
        file = plan_file(self.folder, "" if plan == "." else plan)
        return next(name for name, path in plans(self.folder).items() if path == file)

    def without_paths(self, value: Any) -> Any:  # noqa: ANN401 - JSON
        """Return plain values in which files are named as seen from the workspace: where it lies on the server concerns nobody here."""
        return without_paths(self.folder, value)

    def _about(self, operation: str, plan: str, values: dict[str, object]) -> dict[str, object]:
        """Return the values with the plan's file in place of its name. Raises InputError where one names a path of the machine."""
        known = OPERATIONS.get(operation)
        if known is None or not issubclass(known.request, PlanRequest):
            return values
        hidden = [name for name in values if name in known.request.model_fields and name not in known.fields("mcp")]
        if hidden:
            raise InputError(f"{', '.join(hidden)} names a path of the machine.", "Leave it out; name a plan by its name.")
        return {**values, "plan": str(plan_file(self.folder, "" if plan == "." else plan)), "workspace": str(self.folder)}


def version_number(text: str) -> int | None:
    """Return the number of a version, written 3 or v0003; None for the latest. Raises InputError where it is none."""
    if text in {"", "latest"}:
        return None
    found = _VERSION.fullmatch(text)
    if found is None:
        raise InputError(f"{text[:40]!r} is no version.", "Give its number, such as 3, or latest.")
    return int(found[1])


def uri(*parts: str, **query: str) -> str:
    """Return the address of a resource; what is empty of the query is left out."""
    path = "/".join(quote(part, safe="") for part in parts)
    said = "&".join(f"{name}={quote(value, safe='')}" for name, value in query.items() if value)
    return f"{SCHEME}{path}{'?' if said else ''}{said}"
