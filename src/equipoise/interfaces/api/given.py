"""What a request gives an operation: from its path, its query or its body, with the types of JSON."""

import datetime as dt
import json
import re
import types
from collections.abc import Mapping
from pathlib import Path
from typing import Union, get_args, get_origin
from urllib.parse import unquote

from pydantic.fields import FieldInfo
from starlette.datastructures import QueryParams

from equipoise.errors import Fault, InputError, Where
from equipoise.interfaces.api.problems import HttpError
from equipoise.interfaces.api.routes import LATEST, Route
from equipoise.service import Operation
from equipoise.service.plan_names import plan_file

Values = dict[str, object]
_WHOLE = re.compile(r"-?\d{1,18}")
_NUMBER = re.compile(r"-?\d{1,18}(\.\d{1,18})?([eE][-+]?\d{1,3})?")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_DEEPEST = 20


def from_path(route: Route, found: Mapping[str, str]) -> Values:
    """Return what the path holds, decoded; the latest or current one is nothing named."""
    if not route.identity:
        return {}
    text = unquote(found[route.identity], errors="strict")
    info = route.operation.request.model_fields[route.identity]
    if text == LATEST and not info.is_required():
        return {}
    return {route.identity: [text] if _is_list(info) else text}


def from_query(operation: Operation, query: QueryParams) -> Values:
    """Return what the query holds. Raises InputError where a value that is not a list is given twice, or is not of its type."""
    fields = operation.request.model_fields
    found: Values = {}
    faults: list[Fault] = []
    for name in dict.fromkeys(query):
        texts = query.getlist(name)
        info = fields.get(name)
        if info is not None and _is_list(info):
            found[name] = [_value(text, get_args(_inner(info.annotation))[0]) for text in texts]
        elif len(texts) > 1:
            faults.append(Fault(f"{name[:100]} is given {len(texts)} times.", "Give it once.", Where(column=name[:100])))
        else:
            found[name] = texts[0] if info is None else _value(texts[0], _inner(info.annotation))
    if faults:
        raise InputError(f"The request to {operation.name} is wrong.", "Correct it.", faults=faults)
    return found


def from_body(media_type: str, body: bytes) -> Values:
    """Return what a JSON body holds; an empty one holds nothing. Raises HttpError where it is no JSON object."""
    if not body:
        return {}
    kind = media_type.partition(";")[0].strip().lower()
    if kind != "application/json" and not kind.endswith("+json"):
        raise HttpError(415, f"The body is {kind or 'of no kind'}.", "Send JSON with the header Content-Type: application/json.")
    try:
        held = json.loads(body, parse_constant=_refused)
        _measured(held, 0)
    except (ValueError, RecursionError) as error:
        reason = str(error) if isinstance(error, json.JSONDecodeError) else "it is nested too deeply, or holds what JSON has not"
        raise HttpError(400, f"The body is no JSON: {reason}.", "Send a JSON object in UTF-8.") from None
    if not isinstance(held, dict):
        raise HttpError(400, "The body is no JSON object.", "Send an object: {...}.")
    return held


def _refused(constant: str) -> float:
    raise ValueError(constant)


def _measured(value: object, depth: int) -> None:
    if depth > _DEEPEST:
        raise ValueError
    if isinstance(value, (dict, list)):
        for one in value.values() if isinstance(value, dict) else value:
            _measured(one, depth + 1)


def offered(operation: Operation, values: Values) -> Values:
    """Return the values. Raises InputError where one is for those at the machine only, or a day is not written as 2026-11-30.

    What is known nowhere the operation refuses.
    """
    fields = operation.fields("rest")
    hidden = [name for name in values if name in operation.request.model_fields and name not in fields]
    if hidden:
        faults = [Fault(f"{name} names a path of the server.", "Leave it out.", Where(column=name)) for name in hidden]
        raise InputError(f"The request to {operation.name} is wrong.", "Correct it.", faults=faults)
    days = [name for name in values if name in fields and _inner(operation.request.model_fields[name].annotation) is dt.date]
    if odd := [name for name in days if isinstance(values[name], str) and not _DAY.fullmatch(str(values[name]))]:
        faults = [Fault(f"{name} is no day.", "Write it as 2026-11-30.", Where(column=name)) for name in odd]
        raise InputError(f"The request to {operation.name} is wrong.", "Correct it.", faults=faults)
    return values


def placed(folder: Path, values: Values) -> Values:
    """Return the values with the plan's file in place of its name, and the workspace. Raises NotFoundError where there is no such plan."""
    name = values.get("plan", "")
    if not isinstance(name, str):
        raise InputError("The plan's name is no text.", "Give its name, such as it is in its plan file.", Where(column="plan"))
    return {**values, "plan": str(plan_file(folder, "" if name == "." else name)), "workspace": str(folder)}


def _inner(annotation: object) -> object:
    """Return what a type is where it may also be nothing."""
    if get_origin(annotation) in {Union, types.UnionType}:
        rest = [one for one in get_args(annotation) if one is not type(None)]
        return rest[0] if len(rest) == 1 else annotation
    return annotation


def _is_list(info: FieldInfo) -> bool:
    return get_origin(_inner(info.annotation)) is list


def _value(text: str, kind: object) -> object:
    """Return a text of the query as its type has it; as it is where it cannot be one, for the operation to say what it must be."""
    if kind is bool and text in {"true", "false"}:
        return text == "true"
    if kind is int and _WHOLE.fullmatch(text):
        return int(text)
    return float(text) if kind is float and _NUMBER.fullmatch(text) else text
