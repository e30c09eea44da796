"""Questions by file: each names an operation and what it is asked, and is answered by the register as it would be at any door."""

import hashlib
import json
from difflib import get_close_matches
from pathlib import Path

from pydantic import JsonValue

from equipoise.errors import EquipoiseError, Fault, InputError, NotFoundError, Where
from equipoise.gather.document import Group, plain, read_document, written
from equipoise.gather.reading import Reading
from equipoise.gather.report import Report
from equipoise.service.messages.watching import AskedLine, AskResult
from equipoise.service.operations import OPERATIONS
from equipoise.service.register import Context, call
from equipoise.service.watched_files import ASK, Results, ticket_of
from equipoise.service.workspace import Workspace

_FIRST = "Begin with `ask:` and list operations, such as `- {operation: try, change: ['demand_plan: +10 %']}`."
_LARGEST = 1_000_000
_MOST_FAULTS = 30
_LONG = 6_000  # characters of an answer that gets a file of its own


def answered(path: Path, place: Workspace, results: Results, version: str, context: Context) -> str:
    """Answer a file's questions and write the answers, unless it was answered before and asks the same; return how it went.

    What is wrong with the file, or with a question, is its answer. Raises StoreError where results cannot be written.
    """
    name = path.relative_to(place.folder / ASK).as_posix()
    with path.open("rb") as file:
        data = file.read(_LARGEST + 1)
    content = hashlib.sha256(data).hexdigest()[:16]
    before = _answered_before(results.root / ASK / name)
    if content == before.get("content"):
        return before.get("state", "answered")
    about = {"file": f"{ASK}/{name}", "ticket": ticket_of(path), "content": content, "version": version}
    try:
        groups = _questions(data, f"{ASK}/{name}")
        lines = [_answer(group, name, number, place, results, context) for number, group in enumerate(groups, start=1)]
        refused = any(line.error for line in lines)
        result = AskResult.model_validate({**about, "state": "refused" if refused else "answered", "answers": lines})
    except EquipoiseError as error:
        result = AskResult.model_validate({**about, "state": "refused", "error": said(error)})
    results.write(f"{ASK}/{name}", result)
    return result.state


def said(error: EquipoiseError) -> dict[str, JsonValue]:
    """Return an error in the one shape, as plain values, the first of many faults, without what is empty."""
    left = len(error.faults) - _MOST_FAULTS
    if left > 0:
        more = Fault(f"{left:,} more are not told here.", "Correct these first.", severity="note")
        error = type(error)(error.message, error.fix, error.where, [*error.faults[:_MOST_FAULTS], more])
    found: dict[str, JsonValue] = json.loads(json.dumps(error.as_dict(), default=str))
    return {key: _full(value) for key, value in found.items() if value not in ("", None, [], {})}


def _full(value: JsonValue) -> JsonValue:
    if isinstance(value, list):
        return [_full(one) for one in value]
    return {key: _full(one) for key, one in value.items() if one not in ("", None)} if isinstance(value, dict) else value


def _answered_before(path: Path) -> dict[str, str]:
    """Return what the last answers say of themselves: the hash of the questions, and whether all were answered."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError:
        return {}
    said = (line.partition(": ") for line in lines if line.startswith(("content: ", "state: ")))
    return {key: value.strip("'\"") for key, _, value in said}


def _questions(data: bytes, name: str) -> tuple[Group, ...]:
    """Return the questions of a file. Raises PlanFileError or InputError with every fault, each with its line."""
    if len(data) > _LARGEST:
        raise InputError(f"{name} is larger than {_LARGEST // 1_000_000} MB.", "Ask less at once.", Where(name))
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InputError(f"{name} is not UTF-8 text.", "Save it as UTF-8.", Where(name)) from None
    root = read_document(text, name, "file of questions", _FIRST)
    reading = Reading(name, Report())
    reading.only(root, ("ask",))
    groups = reading.groups(root, "ask")
    for number, group in enumerate(groups, start=1):
        if not reading.text(group, "operation", path=f"ask {number}"):
            reading.error("The question names no operation.", _FIRST, group.line, f"ask {number}")
    if not groups and not reading.report.errors:
        reading.error("The file asks nothing.", _FIRST, root.line)
    if reading.report.errors:
        raise InputError(f"{name} has {len(reading.report.errors)} fault(s).", "Correct them.", Where(name), reading.report.errors)
    return groups


def _answer(group: Group, name: str, number: int, place: Workspace, results: Results, context: Context) -> AskedLine:
    """Return the answer to one question; a long one stands in a file of its own."""
    values = {key: plain(node) for key, node in group.entries.items() if key != "operation"}
    operation = str(plain(group.entries["operation"]))
    try:
        _refuse(operation, values)
        made = call(operation, {**values, "plan": str(place.plan_file), "workspace": str(place.folder)}, context)
    except EquipoiseError as error:
        return AskedLine(operation=operation, error=said(error))
    answer = _brief(made.model_dump(mode="json", exclude_defaults=True), f"{place.folder}/")
    if len(written(answer)) <= _LONG:
        return AskedLine(operation=operation, answer=answer)
    file = results.write(f"{ASK}/long/{name.rsplit('.', 1)[0]}-{number}.yaml", answer)
    short = {key: value for key, value in answer.items() if len(written(value)) <= _LONG // 10}
    return AskedLine(operation=operation, answer=short, file=file)


def _brief(value: JsonValue, folder: str) -> dict[str, JsonValue]:
    """Return an answer with numbers to six digits, and files as seen from the workspace's folder."""

    def told(one: JsonValue) -> JsonValue:
        if isinstance(one, float):
            return float(f"{one:.6g}")
        if isinstance(one, str):
            return one.removeprefix(folder)
        if isinstance(one, list):
            return [told(each) for each in one]
        return {key: told(each) for key, each in one.items()} if isinstance(one, dict) else one

    found = told(value)
    return found if isinstance(found, dict) else {}


def _refuse(operation: str, values: dict[str, object]) -> None:
    """Raise NotFoundError, naming the nearest, where files open no such operation, InputError where a question names a path."""
    here = [name for name, one in OPERATIONS.items() if "files" in one.doors]
    if operation not in here:
        near = get_close_matches(operation, here, n=3) or here
        raise NotFoundError(f"There is no operation {operation} to ask for by file.", f"The nearest are: {', '.join(near)}.")
    paths = [name for name in values if name == "plan" or name not in {*OPERATIONS[operation].fields("mcp"), *_unknown(operation, values)}]
    if paths:
        raise InputError(
            f"A question names no {', '.join(paths)}: it is about the plan that is watched.", "Leave it out.", Where(column=paths[0])
        )


def _unknown(operation: str, values: dict[str, object]) -> list[str]:
    return [name for name in values if name not in OPERATIONS[operation].request.model_fields]  # the register says so
