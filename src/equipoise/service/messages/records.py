"""What the operations on decisions, actions, assumptions, risks and comments are asked and answer, made from the dictionary.

A request has the columns of its kept table with their meanings, so that nothing is written twice.
"""

import datetime as dt
from typing import Annotated, Any, ClassVar, Literal, TypeVar

from pydantic import ConfigDict, Field, JsonValue, create_model

from equipoise.service.messages.history import HistoryLine
from equipoise.service.messages.message import Message, PagedRequest, PlanRequest
from equipoise.tables import KEPT
from equipoise.tables.column import Column

KINDS = ("decision", "action", "assumption", "risk", "comment")
"""Kinds of records that people make with one operation each for adding, changing, listing and showing."""
OF_THE_SYSTEM = {"decision": ("chosen", "rationale", "decided_on", "decided_by"), "action": ("carried",), "comment": ("author",)}
"""Columns that nobody gives: other operations fill them."""
_FIRST = {"risk": ("risk", "statement"), "comment": ("subject", "statement")}  # given by place; by default the first that is required
_WORDS = ("cells",)  # lists of texts
_TYPES: dict[str, Any] = {"text": str, "number": float, "integer": int, "date": dt.date, "flag": bool, "json": list[JsonValue]}
_REVISION = Field(description="Revision that the change was made on: refused where somebody else has changed it since", ge=1)


class _Request(PlanRequest):
    """A request about records: what checks it is made when it is first used, for every start makes the class."""

    model_config = ConfigDict(defer_build=True)

    about_kind: ClassVar[str] = ""


class RecordAddRequest(_Request):
    """Add a record."""


class RecordChangeRequest(_Request):
    """Change a record."""

    revision: Annotated[int | None, _REVISION] = None
    why: Annotated[str, Field(description="Why it is changed")] = ""
    clear: Annotated[list[str], Field(description="Columns to empty")] = []


class RecordListRequest(_Request, PagedRequest):
    """List records."""

    status: Annotated[list[str], Field(description="Those in one of these statuses")] = []
    owner: Annotated[str, Field(description="Those of this person or role")] = ""
    cycle: Annotated[str, Field(description="Those made in this cycle")] = ""
    overdue: Annotated[bool, Field(description="Only those whose day has passed and that are not settled")] = False
    about: Annotated[str, Field(description="Only those that say these words")] = ""
    limit: Annotated[int, Field(description="Most lines; 0 shows all", ge=0)] = 100


class RecordShowRequest(_Request):
    """Show a record with its history."""


class RecordAnswer(Message):
    """A record that was made or changed."""

    plan: str
    headline: list[str] = []
    kind: str
    id: str
    revision: int
    record: dict[str, JsonValue]


class RecordShowAnswer(RecordAnswer):
    """A record, what was said of it, and its history."""

    cycle: str = ""
    comments: list[str] = []
    history: list[HistoryLine]


class RecordsAnswer(Message):
    """Records."""

    plan: str
    headline: list[str] = []
    total: int


_Made = TypeVar("_Made", bound=_Request)


def given_columns(kind: str) -> tuple[Column, ...]:
    """Return the columns of a kind of record that people give; of a risk its name too, which is its id."""
    hidden = OF_THE_SYSTEM.get(kind, ())
    return tuple(one for one in KEPT[kind].columns if one.name not in hidden and (not one.key or kind == "risk"))


def _type(column: Column) -> object:
    if column.allowed:
        return Literal[column.allowed]
    return list[str] if column.name in _WORDS else _TYPES[column.kind]


def _field(column: Column, *, positional: bool = False, default: object = None) -> Any:  # noqa: ANN401 - what create_model takes
    unit = f", in {column.unit}" if column.unit else ""
    described = Field(
        description=f"{column.meaning}{unit}",
        ge=column.minimum,
        le=column.maximum,
        json_schema_extra={"positional": True} if positional else None,
    )
    if default is ...:
        return Annotated[_type(column), described], ...
    return Annotated[_type(column) | None, described], default  # type: ignore[operator]


def _named(kind: str) -> str:
    return f"an {kind}" if kind[0] in "ao" else f"a {kind}"


def _add_request(kind: str) -> type[RecordAddRequest]:
    columns = [one for one in given_columns(kind) if one.name != "status"]
    first = _FIRST.get(kind) or tuple(one.name for one in columns if one.required)[:1]
    fields = {one.name: _field(one, positional=one.name in first, default=... if one.required else None) for one in columns}
    fields["propose"] = (Annotated[bool, Field(description="Only propose it: it holds once it is accepted")], False)
    if kind == "comment":
        del fields["propose"]
    meaning = KEPT[kind].meaning
    doc = f"Add {_named(kind)}: {meaning[:1].lower()}{meaning[1:]}"
    return _made(f"{kind.title()}AddRequest", RecordAddRequest, kind, doc, fields)


def _change_request(kind: str) -> type[RecordChangeRequest]:
    columns = [one for one in given_columns(kind) if not one.key]
    identity = KEPT[kind].columns[0]
    fields = {identity.name: _field(identity, positional=True, default=...), **{one.name: _field(one) for one in columns}}
    return _made(
        f"{kind.title()}ChangeRequest",
        RecordChangeRequest,
        kind,
        f"Change {_named(kind)}; what it said before stays in the record.",
        fields,
    )


def _show_request(kind: str) -> type[RecordShowRequest]:
    fields = {kind: _field(KEPT[kind].columns[0], positional=True, default=...)}
    return _made(
        f"{kind.title()}ShowRequest", RecordShowRequest, kind, f"Show {_named(kind)} with its history and what was said of it.", fields
    )


def _list_request(kind: str) -> type[RecordListRequest]:
    return _made(f"{kind.title()}ListRequest", RecordListRequest, kind, f"List {kind}s.", {})


def _list_answer(kind: str) -> type[RecordsAnswer]:
    shown = [one for one in KEPT[kind].columns if one.kind != "json" and not one.key]
    fields: dict[str, Any] = {kind: (str, ...), **{one.name: _field(one) for one in shown}}
    fields |= {"overdue": (bool, False), "cycle": (str, ""), "changed_by": (str, ""), "changed": (str, ""), "revision": (int, ...)}
    line = create_model(f"{kind.title()}Line", __base__=Message, __doc__=f"{_named(kind).capitalize()} in one line.", **fields)
    return create_model(
        f"{kind.title()}sAnswer",
        __base__=RecordsAnswer,
        __doc__=f"{kind.title()}s.",
        records=(list[line], ...),
    )


def _made(name: str, base: type[_Made], kind: str, doc: str, fields: dict[str, Any]) -> type[_Made]:
    made = create_model(name, __base__=base, __doc__=doc, __module__=__name__, **fields)
    made.about_kind = kind
    return made


ADD = {kind: _add_request(kind) for kind in KINDS}
CHANGE = {kind: _change_request(kind) for kind in KINDS}
LIST = {kind: _list_request(kind) for kind in KINDS}
SHOW = {kind: _show_request(kind) for kind in KINDS}
LISTED = {kind: _list_answer(kind) for kind in KINDS}
