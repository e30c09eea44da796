"""Conditions: which cells an override means, as mappings and as planners write them into a spreadsheet."""

import calendar
import datetime as dt
import json
from typing import Any, Literal

from equipoise.errors import InputError

Scalar = str | bool | int | float | dt.date | None
Condition = Scalar | tuple[Scalar, ...] | dict[Literal["from", "to"], Scalar]

_FORM = "Write it as family=Tents; region=North|South; period=2027-01..2027-03, or as JSON."


def parse_period(text: str) -> dt.date:
    """Return the date that `2027-03` (its first day) or `2027-03-15` means.

    Raises InputError for any other form.
    """
    try:
        return dt.date.fromisoformat(text if len(text) > 7 else f"{text}-01")
    except ValueError:
        raise InputError(f"{text!r} is not a date.", "Write it as 2027-03 or 2027-03-15.") from None


def days_of(text: str) -> tuple[dt.date, dt.date]:
    """Return the first and the last day that `2027-03` (a month) or `2027-03-15` (a day) means. Raises InputError for any other form."""
    first = parse_period(text)
    return (first, first) if len(text) > 7 else (first, first.replace(day=calendar.monthrange(first.year, first.month)[1]))


def parse_where(text: str) -> dict[str, Condition]:
    """Return the conditions of a text: `family=Tents; region=North|South; period=2027-01..2027-03`, or JSON.

    Conditions are parted by semicolons; `|` lists values, two dots make a range with both ends in it, nothing after the equals
    sign means an empty cell. An empty text names every row. Raises InputError where a part is none of these, or a column comes twice.
    """
    if text.lstrip().startswith("{"):
        return _from_json(text)
    found: dict[str, Condition] = {}
    for part in text.replace("\n", ";").split(";"):
        if not part.strip():
            continue
        column, sign, value = (one.strip() for one in part.partition("="))
        if not sign or not column:
            raise InputError(f"'{part.strip()}' is not a condition.", _FORM)
        if column in found:
            raise InputError(f"The column {column} comes twice in '{text}'.", "List its values with a bar: item=a|b.")
        low, dots, high = (one.strip() for one in value.partition(".."))
        if dots:
            bounds: tuple[tuple[Literal["from", "to"], str], ...] = (("from", low), ("to", high))
            found[column] = {end: bound for end, bound in bounds if bound}
        else:
            found[column] = tuple(one.strip() for one in value.split("|")) if "|" in value else value or None
    return found


def _from_json(text: str) -> dict[str, Condition]:
    try:
        found: dict[str, Any] = json.loads(text)
    except (ValueError, RecursionError) as error:
        reason = error.msg if isinstance(error, json.JSONDecodeError) else "it is nested too deeply, or a number is too long"
        raise InputError(f"'{text}' is not JSON: {reason}.", _FORM) from None
    return {column: tuple(one) if isinstance(one, list) else one for column, one in found.items()}


def check_condition(column: str, condition: object) -> None:
    """Raise InputError where a condition names nothing: an empty list, or a range without ends, or that ends before it begins."""
    if isinstance(condition, (list, tuple)) and not condition:
        raise InputError(f"the list of {column} is empty.", "Name a value, or leave the column out for all.")
    if not isinstance(condition, dict):
        return
    if not condition or set(condition) - {"from", "to"}:
        words = f"knows {', '.join(map(str, condition))}" if condition else "is empty"
        raise InputError(f"the range of {column} {words}.", "A range has from, to, or both, such as {from: 2027-01, to: 2027-03}.")
    low, high = _bounds(condition.get("from")), _bounds(condition.get("to"))
    if type(low[0]) is type(high[1]) and low[0] is not None and low[0] > high[1]:  # type: ignore[operator]
        raise InputError(f"the range of {column} ends ({condition['to']}) before it begins ({condition['from']}).", "Exchange them.")


def _bounds(value: object) -> tuple[object, object]:
    """Return the least and the greatest that a number or a date means; (None, None) for other words, which only their column can order."""
    if not isinstance(value, str):
        return value, value
    try:
        return days_of(value)
    except InputError:
        return None, None


def in_words(condition: Condition) -> str:
    """Return a condition as people read it: a value, `a or b`, or `low..high`."""
    if isinstance(condition, dict):
        return f"{condition.get('from', '')}..{condition.get('to', '')}"
    return " or ".join(map(str, condition)) if isinstance(condition, tuple) else str(condition)
