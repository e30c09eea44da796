"""Checks a document against the dictionary: columns, kinds of value, what is needed and what is allowed, all faults at once."""

import datetime as dt
import json
from collections.abc import Mapping
from difflib import get_close_matches
from math import isfinite

from equipoise.errors import Fault, InputError, Where
from equipoise.tables import KEPT
from equipoise.tables.column import Column

Document = dict[str, object]
_KINDS = {
    "text": "text",
    "number": "a number",
    "integer": "a whole number",
    "date": "a day such as 2027-03-15",
    "flag": "yes or no",
    "json": "a list or an object",
}


def checked_document(name: str, document: Mapping[str, object], source: str = "") -> Document:
    """Return a document of kept table `name` as it is kept: native JSON, days as ISO text, defaults filled, empty cells left out.

    The key is the record's id and no part of the document. Raises InputError with a fault for each unknown column (naming the nearest),
    each value of a wrong kind, not allowed or out of range, and each missing one; `source` is where the document came from.
    """
    columns = {column.name: column for column in KEPT[name].columns if not column.key}
    faults: list[Fault] = []
    kept: Document = {}
    for key in document:
        if key not in columns:
            near = get_close_matches(key, columns, n=1)
            fix = f"Did you mean {near[0]}?" if near else f"A {name} has {', '.join(columns)}."
            faults.append(Fault(f"A {name} has no column {key}.", fix, Where(source, name, column=key)))
    for column in columns.values():
        value = document.get(column.name)
        value = column.default if value is None or value == "" else value
        found, fault = (None, _missing(column)) if value is None else _checked(column, value)
        if fault is not None:
            faults.append(Fault(*fault, Where(source, name, column=column.name)))
        elif found is not None:
            kept[column.name] = found
    if faults:
        message = faults[0].message if len(faults) == 1 else f"The {name} has {len(faults)} faults."
        raise InputError(message, faults[0].fix if len(faults) == 1 else "Correct them; nothing was kept.", faults=faults)
    return kept


def _missing(column: Column) -> tuple[str, str] | None:
    return (f"{column.name} is missing.", f"Give it: {column.meaning[:1].lower()}{column.meaning[1:]}.") if column.required else None


def _checked(column: Column, value: object) -> tuple[object, tuple[str, str] | None]:
    """Return a value as it is kept, and what is wrong with it."""
    found = _kept(column, value)
    if found is None:
        return None, (f"{column.name} is {value!r}.", f"It must be {_KINDS[column.kind]}.")
    if column.allowed and found not in column.allowed:
        near = get_close_matches(str(found), column.allowed, n=1)
        hint = f" Did you mean {near[0]}?" if near else ""
        return None, (f"{column.name} is {found!r}.", f"It must be one of {', '.join(column.allowed)}.{hint}")
    if isinstance(found, (int, float)) and column.minimum is not None and found < column.minimum:
        return None, (f"{column.name} is {found:g}; the least is {column.minimum:g}.", f"Give {column.minimum:g} or more.")
    if isinstance(found, (int, float)) and column.maximum is not None and found > column.maximum:
        return None, (f"{column.name} is {found:g}; the most is {column.maximum:g}.", f"Give at most {column.maximum:g}.")
    return found, None


def _kept(column: Column, value: object) -> object:
    """Return a value in the form in which a document keeps it; None where it is of another kind."""
    if column.kind == "text":
        return value if isinstance(value, str) else None
    if column.kind == "date":
        return _day(value)
    if column.kind == "flag":
        return value if isinstance(value, bool) else None
    if column.kind == "json":
        return _native(value) if isinstance(value, (list, tuple, dict)) else None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not isfinite(value):
        return None
    if column.kind == "integer":
        return int(value) if value == int(value) else None
    return value


def _day(value: object) -> str | None:
    if isinstance(value, dt.date):
        return value.isoformat()[:10]
    try:
        return dt.date.fromisoformat(value).isoformat() if isinstance(value, str) else None
    except ValueError:
        return None


def _native(value: object) -> object:
    """Return a list or an object as JSON has it; None where it holds something that JSON has not."""
    try:
        return json.loads(json.dumps(value, allow_nan=False, default=_as_text))
    except (TypeError, ValueError):
        return None


def _as_text(value: object) -> str:
    if isinstance(value, dt.date):
        return value.isoformat()
    raise TypeError
