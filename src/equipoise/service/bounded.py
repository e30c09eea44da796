"""A request is as large as one that somebody means: what is larger or deeper, or is no text or number, is refused before anything else."""

from collections.abc import Mapping
from math import isfinite

from equipoise.errors import Fault, InputError, Where
from equipoise.tables.ceilings import most


def bounded(name: str, values: Mapping[str, object]) -> None:
    """Raise InputError where the values of a request to operation `name` are too many, too long, too deep, or no text or number.

    A number must be finite and at most 400 digits long; a text must be Unicode without the character zero, which databases do not keep.
    """
    room, left, deepest = most("request_characters"), most("request_values"), most("document_depth")
    heap: list[tuple[str, object, int]] = [(key, value, 1) for key, value in values.items()]
    while heap:
        column, value, depth = heap.pop()
        left -= 1
        if isinstance(value, str):
            room -= len(value)
        elif isinstance(value, Mapping):
            heap += [(column, one, depth + 1) for one in value.values()]
            heap += [(column, key, depth + 1) for key in value]
        elif isinstance(value, (list, tuple, set, frozenset)):
            heap += [(column, one, depth + 1) for one in value]
        wrong = _wrong(value)
        if left - len(heap) < 0 or room < 0:
            wrong = f"it has more than {most('request_values'):,} values or {most('request_characters'):,} characters"
        elif depth > deepest:
            wrong = f"values are nested more than {deepest} deep"
        if wrong:
            fault = Fault(f"This cannot be taken in: {wrong}.", "Correct it, or split the request.", Where(column=column[:100]))
            raise InputError(f"The request to {name} is wrong.", "Correct it.", faults=[fault])


def _wrong(value: object) -> str:
    """Return what is wrong with one value; empty where nothing is."""
    if isinstance(value, float) and not isfinite(value):
        return "a number is not finite"
    if isinstance(value, int) and abs(value) >= 10**400:
        return "a number has more than 400 digits"
    if isinstance(value, str) and "\0" in value:
        return "a text holds the character zero"
    if isinstance(value, str) and not value.isascii() and value != value.encode("utf-8", "ignore").decode("utf-8"):
        return "a text is no Unicode"
    return ""
