"""Resources: what is too long for an answer, by its address and in pages. An address names things by name; none is a path."""

import csv
import io
import json
import mimetypes
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qs, unquote, urlsplit

from pydantic import BaseModel

from equipoise.errors import InputError, NotFoundError
from equipoise.interfaces.mcp.desk import SCHEME, Desk, uri, version_number
from equipoise.service import OPERATIONS
from equipoise.service.messages import ShowAnswer
from equipoise.service.outputs import cycle_calendar, meeting_file, output_file, output_files
from equipoise.service.plan_names import plans
from equipoise.tables import DICTIONARY

PAGE = 100
"""Rows of a page."""
TEXT_PAGE = 16_000
"""Characters of a page of text."""
_MOST_BYTES = 4_000_000
_LONGEST_ADDRESS = 4_000
_TEXTS = frozenset({".md", ".html", ".csv", ".json", ".txt", ".ics", ".svg", ".yaml"})
_MEETINGS = ("demand_review", "supply_review", "pre_sop", "executive_sop")
Query = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a resource: text or bytes, what it is a page of in words, and where the next one is."""

    text: str = ""
    media_type: str = "text/plain"
    data: bytes | None = None
    said: str = ""
    rest: str = ""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of resource: its address with names in braces, what it is, what its query may hold, and the function that reads it."""

    template: str
    meaning: str
    read: Callable[[Desk, Mapping[str, str], Query], Page]
    query: tuple[str, ...] = ()
    media_type: str = "text/plain"

    @property
    def parts(self) -> tuple[str, ...]:
        """The parts of its address."""
        return tuple(self.template.removeprefix(SCHEME).split("/"))

    @property
    def uri_template(self) -> str:
        """Its address as a template of RFC 6570."""
        return f"{self.template}{{?{','.join(self.query)}}}" if self.query else self.template

    def match(self, parts: list[str]) -> dict[str, str] | None:
        """Return what the names in braces stand for; None where the address is of another kind."""
        if len(parts) != len(self.parts):
            return None
        pairs = list(zip(self.parts, parts, strict=True))
        if any(not mine.startswith("{") and mine != theirs for mine, theirs in pairs):
            return None
        return {mine.strip("{}"): theirs for mine, theirs in pairs if mine.startswith("{")}


def read(desk: Desk, address: str) -> Page:
    """Return a page of the resource at an address.

    Raises InputError where it is no address of a resource, NotFoundError where nothing is there, NotAllowedError where who asks may not.
    """
    if len(address) > _LONGEST_ADDRESS or not address.startswith(SCHEME):
        raise InputError(f"{address[:80]!r} is no address of a resource here.", f"Begin with {SCHEME}plans or {SCHEME}dictionary.")
    try:
        split = urlsplit(address)
        parts = [unquote(part, errors="strict") for part in f"{split.netloc}{split.path}".split("/")]
        query = {name: values[-1] for name, values in parse_qs(split.query, max_num_fields=20, errors="strict").items()}
    except ValueError:
        raise InputError(f"{address[:80]!r} cannot be read as an address.", "Take it as an answer gave it.") from None
    for kind in KINDS:
        found = kind.match(parts)
        if found is not None:
            strange = [name for name in query if name not in kind.query]
            if strange:
                raise InputError(f"{kind.template} takes no {', '.join(strange)[:80]}.", f"It takes: {', '.join(kind.query) or 'nothing'}.")
            return kind.read(desk, found, query)
    raise NotFoundError(f"There is no resource {address[:200]!r}.", f"There are: {', '.join(kind.uri_template for kind in KINDS)}.")


def _start(query: Query, name: str = "start") -> int:
    text = query.get(name, "0")
    if not (text.isascii() and text.isdigit()) or len(text) > 9:
        raise InputError(f"{name} is {text[:20]!r}.", "Give the number that the page before named.")
    return int(text)


def _span(start: int, shown: int, total: int, what: str) -> str:
    if not shown:
        return f"There is nothing from {start + 1:,} on; there are {total:,} {what} in all."
    return f"{what} {start + 1:,} to {start + shown:,} of {total:,}".capitalize()


def _plans(desk: Desk, _: Mapping[str, str], __: Query) -> Page:
    known = plans(desk.folder)
    for name in list(known)[:1]:
        desk.allowed("version list", name)
    lines = [f"{name}: {uri('plan', name, 'version', 'latest', 'outputs')}" for name in known]
    return Page("\n".join(lines) or "The workspace has no plan file.")


def _dictionary(_: Desk, __: Mapping[str, str], ___: Query) -> Page:
    return Page("\n".join(f"{table.name} ({table.group}): {table.meaning}" for table in DICTIONARY.values()))


def _definition(_: Desk, found: Mapping[str, str], __: Query) -> Page:
    if found["table"] not in DICTIONARY:
        raise NotFoundError(f"There is no table {found['table'][:80]!r}.", f"See {uri('dictionary')}.")
    table = DICTIONARY[found["table"]]
    columns = [
        f"- {one.name}{' (key)' if one.key else ''}: {one.kind}{f', {one.unit}' if one.unit else ''}"
        f"{', one of ' + ', '.join(one.allowed) if one.allowed else ''}. {one.meaning}"
        for one in table.columns
    ]
    return Page("\n".join([f"{table.name} ({table.group}): {table.meaning}", *columns]))


def _table(desk: Desk, found: Mapping[str, str], query: Query) -> Page:
    start, split = _start(query), {name: [one for one in query.get(name, "").split(",") if one] for name in ("by", "sort", "columns")}
    where = [one for one in query.get("where", "").split("&") if one]
    values: dict[str, object] = {"table": found["table"], "where": where, "sort": split["sort"], "limit": PAGE, "offset": start}
    number = version_number(found["version"])
    values |= {"version": number} if number is not None else {}
    across = bool(split["by"] or query.get("measure"))
    values |= {"pivot": True, "by": split["by"], "measure": query.get("measure", "")} if across else {"columns": split["columns"]}
    shown = desk.ask(ShowAnswer, "show", found["plan"], **values)
    page = io.StringIO()
    writer = csv.writer(page, lineterminator="\n")
    writer.writerow(shown.columns)
    writer.writerows(shown.rows)
    following, rest = start + len(shown.rows), ""
    if following < shown.total_rows and shown.rows:
        rest = uri("plan", desk.name(found["plan"]), "version", shown.version, "table", shown.table, **{**query, "start": str(following)})
    return Page(page.getvalue(), "text/csv", None, _span(start, len(shown.rows), shown.total_rows, "rows"), rest)


def _outputs(desk: Desk, found: Mapping[str, str], __: Query) -> Page:
    request, _ = desk.allowed("version list", found["plan"])
    version, files = output_files(request, version_number(found["version"]))
    name = desk.name(found["plan"])
    lines = [
        f"{uri('plan', name, 'version', version, 'output', one)} {path.stat().st_size:,} bytes"
        for one, path in files.items()
        if not one.startswith("tables/")  # those are read as tables
    ]
    return Page("\n".join(lines) or f"Version {version} has no outputs.")


def _output(desk: Desk, found: Mapping[str, str], query: Query) -> Page:
    request, _ = desk.allowed("version list", found["plan"])
    path = output_file(request, version_number(found["version"]), found["file"])
    media_type = mimetypes.guess_type(path.name)[0] or ("text/markdown" if path.suffix == ".md" else "application/octet-stream")
    if path.suffix in _TEXTS:
        return _text_page(desk, found, query, path.read_text(encoding="utf-8", errors="replace"), media_type)
    if path.stat().st_size > _MOST_BYTES:
        raise InputError(
            f"{path.name} has {path.stat().st_size:,} bytes: too many for an agent.", "Read its tables, or open it as a person."
        )
    return Page(media_type=media_type, data=path.read_bytes())


def _text_page(desk: Desk, found: Mapping[str, str], query: Query, text: str, media_type: str) -> Page:
    start = _start(query)
    shown = text[start : start + TEXT_PAGE]
    rest = ""
    if start + len(shown) < len(text) and shown:
        place = ("plan", desk.name(found["plan"]), "version", found["version"], "output", found["file"])
        rest = uri(*place, start=str(start + len(shown)))
    said = _span(start, len(shown), len(text), "characters") if rest or start else ""
    return Page(shown, media_type, None, said, rest)


def _records(desk: Desk, found: Mapping[str, str], query: Query) -> Page:
    kind = found["kind"]
    if f"{kind} list" not in OPERATIONS:
        raise NotFoundError(
            f"There are no records of the kind {kind[:40]!r}.", "Kinds: decision, action, assumption, risk, comment, override."
        )
    return _part(desk, found["plan"], f"{kind} list", {"limit": 0} if kind not in {"task", "alarm", "review"} else {}, "", _start(query))


def _record(desk: Desk, found: Mapping[str, str], _: Query) -> Page:
    kind = found["kind"]
    if f"{kind} show" not in OPERATIONS or kind not in OPERATIONS[f"{kind} show"].fields("mcp"):
        raise NotFoundError(f"No {kind[:40]!r} is shown by itself.", "Kinds: decision, action, assumption, risk, comment, override.")
    answer = desk.ask(BaseModel, f"{kind} show", found["plan"], **{kind: found["id"]})
    return Page(answer.model_dump_json(exclude_none=True), "application/json")


def _calendar(desk: Desk, found: Mapping[str, str], _: Query) -> Page:
    request, context = desk.allowed("cycle show", found["plan"])
    return Page(cycle_calendar(request, context).decode(), "text/calendar")


def _meeting(desk: Desk, found: Mapping[str, str], _: Query) -> Page:
    if found["meeting"] not in _MEETINGS or found["what"] not in {"agenda", "minutes"}:
        raise NotFoundError("There is no such page of a meeting.", f"Meetings: {', '.join(_MEETINGS)}; agenda or minutes.")
    request, context = desk.allowed("cycle show", found["plan"])
    path = meeting_file(request, context, found["meeting"], found["what"])
    return Page(path.read_text(encoding="utf-8"), "text/markdown")


def _answer(desk: Desk, found: Mapping[str, str], query: Query) -> Page:
    operation = OPERATIONS.get(found["operation"])
    if operation is None or operation.changes or operation.long:
        raise NotFoundError(f"{found['operation'][:40]!r} is no operation that only reads.", "Take the address as an answer gave it.")
    try:
        values = json.loads(query.get("values") or "{}")
    except ValueError:
        values = None
    if not isinstance(values, dict):
        raise InputError("values is no JSON object.", "Take the address as an answer gave it.")
    return _part(desk, found["plan"], operation.name, values, query.get("part", ""), _start(query))


def _part(desk: Desk, plan: str, operation: str, values: dict[str, object], part: str, start: int) -> Page:
    """Return a page of a list, or of a text, of an operation's answer, as JSON lines; without a part of its first list."""
    answer = desk.ask(BaseModel, operation, plan, **values).model_dump(mode="json")
    part = part or next((name for name, value in answer.items() if isinstance(value, list) and name != "headline"), "headline")
    held = answer.get(part)
    if not isinstance(held, (list, str)):
        lists = [name for name, value in answer.items() if isinstance(value, (list, str))]
        raise InputError(f"The answer has no list {part[:40]!r}.", f"It has: {', '.join(lists)}.")
    size = PAGE if isinstance(held, list) else TEXT_PAGE
    shown = held[start : start + size]
    rest = ""
    if start + len(shown) < len(held) and shown:
        said = json.dumps(values) if values else ""
        rest = uri("plan", desk.name(plan), "answer", operation, part=part, values=said, start=str(start + len(shown)))
    text = shown if isinstance(shown, str) else "\n".join(json.dumps(one, ensure_ascii=False, separators=(",", ":")) for one in shown)
    return Page(text, "application/jsonl", None, _span(start, len(shown), len(held), part), rest)


_AT = f"{SCHEME}plan/{{plan}}"
KINDS = (
    Kind(f"{SCHEME}plans", "The plans of the workspace, by name", _plans),
    Kind(f"{SCHEME}dictionary", "All tables and what they mean", _dictionary),
    Kind(f"{SCHEME}dictionary/{{table}}", "A table's columns, units and meanings", _definition),
    Kind(
        f"{_AT}/version/{{version}}/table/{{table}}",
        "Rows of a table of a version (3, v0003 or latest), in pages",
        _table,
        ("where", "columns", "by", "measure", "sort", "start"),
        "text/csv",
    ),
    Kind(f"{_AT}/version/{{version}}/outputs", "The outputs of a version", _outputs),
    Kind(f"{_AT}/version/{{version}}/output/{{file}}", "An output of a version: summary, report, workbook", _output, ("start",)),
    Kind(f"{_AT}/record/{{kind}}", "Records of a kind, in pages", _records, ("start",), "application/jsonl"),
    Kind(f"{_AT}/record/{{kind}}/{{id}}", "A record with its history", _record, (), "application/json"),
    Kind(f"{_AT}/calendar", "The calendar of the cycle: steps, meetings, tasks", _calendar, (), "text/calendar"),
    Kind(f"{_AT}/meeting/{{meeting}}/{{what}}", "Agenda or minutes of a meeting", _meeting, (), "text/markdown"),
    Kind(
        f"{_AT}/answer/{{operation}}",
        "A list of an operation's answer, in pages",
        _answer,
        ("values", "part", "start"),
        "application/jsonl",
    ),
)
