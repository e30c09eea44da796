"""What became of a record: its lines of the audit log, column by column."""

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

from equipoise.service.messages.history import HistoryLine

if TYPE_CHECKING:
    from equipoise.store.contract import Line, Store


def history(store: "Store", kind: str, identity: str) -> list[HistoryLine]:
    """Return who changed which column of a record when, from what to what, and why; oldest first."""
    return [line for one in store.lines(kind=kind, identity=identity) for line in _lines(one)]


def _lines(line: "Line") -> Iterator[HistoryLine]:
    said = {
        "at": f"{line.at:%Y-%m-%d %H:%M:%S}",
        "actor": line.actor,
        "door": line.door,
        "operation": line.operation,
        "reason": line.reason,
    }
    if line.old is None or line.new is None:
        yield HistoryLine(**said, column="", new="made" if line.old is None else "taken out")
        return
    for column in {**line.old, **line.new}:
        old, new = line.old.get(column), line.new.get(column)
        if old != new:
            yield HistoryLine(**said, column=column, old=shown(old), new=shown(new))


def shown(value: object) -> str:
    """Return a value of a document as people read it: nothing for nothing, JSON for lists and objects."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
