"""Tools for all the rest: describe and call reach every operation of the register, read follows an address."""

import json
from typing import Annotated, Any

from pydantic import BaseModel, Field, JsonValue

from equipoise.errors import InputError, NotFoundError
from equipoise.interfaces.mcp import resources
from equipoise.interfaces.mcp.desk import Desk, uri
from equipoise.interfaces.mcp.replies import Called, Cut, Reply, shortened
from equipoise.interfaces.mcp.tool import Asked, Planned, schema
from equipoise.process.people import Person, may
from equipoise.service import OPERATIONS, TOPICS, Operation

_AGENT = Person("", ("agent",))
_LONG = 8000  # characters of an answer that is sent whole
_FEW = 10
_TEXT = 2000


class Read(Asked):
    """Read a resource by its address (rest, equipoise://...), a page at a time."""

    uri: str


def read(desk: Desk, request: Read) -> Reply:
    """Return a page of a resource as text."""
    page = resources.read(desk, request.uri)
    if page.data is not None:
        raise InputError(
            f"{request.uri[:200]} is no text: {page.media_type}, {len(page.data):,} bytes.", "Read it as a resource, or its tables."
        )
    return Reply(headline=[page.said] if page.said else [], text=page.text, rest=page.rest)


class Describe(Asked):
    """All operations by topic; of a topic, what each does; of an operation, its input schema."""

    name: Annotated[str, Field(description="Topic or operation, such as 'override' or 'override add'")] = ""


def describe(_: Desk, request: Describe) -> Reply:
    """Return what operations there are, or what one takes."""
    name = request.name.strip()
    here = {one.name: one for one in OPERATIONS.values() if "mcp" in one.doors}
    if not name:
        open_ = ", ".join(one.name for one in here.values() if may(_AGENT, one.permission))
        closed = ", ".join(one.name for one in here.values() if not may(_AGENT, one.permission))
        return Reply(facts={"yours, with call": open_, "a person's": closed})
    if name in here and (name not in TOPICS or name == "review"):
        return Reply(headline=[here[name].summary], text=json.dumps(_given(here[name]), separators=(",", ":")))
    if name in TOPICS:
        found = {one.name: one.summary for one in here.values() if one.name.split()[0] == name}
        return Reply(headline=[TOPICS[name]], facts=dict(found))
    raise NotFoundError(f"There is no topic or operation {name[:80]!r}.", f"Topics: {', '.join(TOPICS)}. Without a name all are listed.")


def _given(operation: Operation) -> dict[str, Any]:
    """Return the input schema of an operation as this door takes it: plans by name, no paths."""
    found = schema(operation.request)
    names = [name for name in operation.fields("mcp") if name != "plan"]
    found["properties"] = {name: one for name, one in found["properties"].items() if name in names}
    for one in found["properties"].values():
        one.pop("positional", None)
    return found


class Call(Planned):
    """Do any operation that describe lists. Answers as every door does; of long lists the first items, with where the rest is."""

    operation: str
    values: dict[str, JsonValue] = {}


def call(desk: Desk, request: Call) -> Called:
    """Return the answer of an operation."""
    values: dict[str, Any] = dict(request.values)
    plan = values.pop("plan", request.plan)
    if not isinstance(plan, str):
        raise InputError("The plan's name is no text.", "Give its name.")
    answer = desk.ask(BaseModel, request.operation, plan, **values).model_dump(mode="json")
    if len(json.dumps(answer, ensure_ascii=False)) <= _LONG:
        return Called(operation=request.operation, answer=answer)
    return _cut(desk, plan, request.operation, values, answer)


def _cut(desk: Desk, plan: str, operation: str, values: dict[str, Any], answer: dict[str, Any]) -> Called:
    """Return an answer of which long lists and texts are cut; where it only reads, with where each goes on."""
    reads = not OPERATIONS[operation].changes and not OPERATIONS[operation].long
    cut = []
    for part, held in answer.items():
        if not isinstance(held, (list, str)):
            continue
        most = _FEW if isinstance(held, list) else _TEXT
        if len(held) <= most:
            continue
        rest = ""
        if reads:
            said = json.dumps(values) if values else ""
            rest = uri(
                "plan", desk.name(plan), "answer", operation, part=part, values=said, start=str(_FEW if isinstance(held, list) else 0)
            )
        cut.append(Cut(part=part, total=len(held), rest=rest))
        answer[part] = held[:_FEW] if isinstance(held, list) else shortened(held, _TEXT)
    return Called(operation=operation, answer=answer, cut=cut)
