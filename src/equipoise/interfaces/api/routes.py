"""Where each operation is found: its method and path, made from its name.

`X list` is GET /X, `X add` POST /X, `X show` GET /X/{X}, `X change` PATCH /X/{X}; another verb is /X/{X}/verb, or /X/verb where it is about
no one record; a single word is /word. What only reads is GET, all else POST.
"""

from dataclasses import dataclass
from typing import Literal

from equipoise.service import OPERATIONS, Operation

PREFIX = "/api/v1"
LATEST = "-"
"""In a path: the latest, or the current one."""
TABLES = "/table"
Method = Literal["GET", "POST", "PATCH"]


@dataclass(frozen=True, slots=True)
class Route:
    """An operation's method and path; `identity` is the field that its path holds, empty where it holds none."""

    operation: Operation
    method: Method
    path: str
    identity: str = ""

    @property
    def key(self) -> str:
        """Name of the operation in the description of the API."""
        return self.operation.name.replace(" ", "_")


def route_of(operation: Operation) -> Route:
    """Return where an operation is found."""
    topic, _, verb = operation.name.partition(" ")
    first = operation.positional[:1]
    identity = first[0] if first and first[0] in {topic, "id"} else ""
    method: Method = "POST" if operation.changes or operation.long else "GET"
    if verb in {"", "list"}:
        return Route(operation, method, f"/{topic}")
    if verb == "add":
        return Route(operation, method, f"/{topic}")
    if not identity:
        return Route(operation, method, f"/{topic}/{verb}")
    path = f"/{topic}/{{{identity}}}"
    if verb == "change":
        return Route(operation, "PATCH", path, identity)
    return Route(operation, method, path if verb == "show" else f"{path}/{verb}", identity)


def routes() -> list[Route]:
    """Return the routes of all operations that are open here, but for `show`, which is the resource of tables."""
    return [route_of(operation) for operation in OPERATIONS.values() if "rest" in operation.doors and operation.name != "show"]
