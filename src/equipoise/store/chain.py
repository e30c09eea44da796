"""The audit log: lines chained by their hashes, appended one after another."""

import datetime as dt
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, RowMapping, insert, select, update

from equipoise.errors import StoreError
from equipoise.store.contract import Change, Document, Line, Signature
from equipoise.store.schema import HEAD, LINE, canonical

_LONGEST_ID = 400


@dataclass(frozen=True, slots=True)
class Entry:
    """What a line is to say; number, time and hash are given by the log. Revision 0 is a note."""

    kind: str
    id: str
    old: Document | None
    new: Document | None
    revision: int = 0
    business_unit: str = ""
    cycle: str = ""


@dataclass(frozen=True, slots=True)
class Head:
    """The end of the log: number, hash and time of its last line."""

    number: int
    hash: str
    at: dt.datetime


def utc_now() -> dt.datetime:
    """Return the time now, UTC, without saying so: the form of all times in the store."""
    return dt.datetime.now(dt.UTC).replace(tzinfo=None)


def line_hash(line: Line) -> str:
    """Return the hash of a line: SHA-256 over the canonical JSON of all its fields but the hash itself; `previous` is among them."""
    fields = {name: getattr(line, name) for name in Line.__dataclass_fields__ if name != "hash"}
    return hashlib.sha256(canonical({**fields, "at": line.at.isoformat(timespec="microseconds")}).encode()).hexdigest()


def line_of(row: RowMapping | Mapping[str, object]) -> Line:
    """Return the line that a row of the database holds."""
    values = dict(row)
    values["id"] = values.pop("identity")
    return Line(**values)


def read_head(connection: Connection, *, lock: bool = False) -> Head:
    """Return the end of the log, with `lock` held until the transaction ends: nobody else appends meanwhile."""
    query = select(HEAD.c.number, HEAD.c.hash, HEAD.c.at).where(HEAD.c.id == 1)
    row = connection.execute(query.with_for_update() if lock else query).one_or_none()
    if row is None:
        raise StoreError("The store has no head of its audit log.", "Restore a backup.")
    return Head(row.number, row.hash, row.at)


def append(connection: Connection, head: Head, entries: Sequence[Entry], by: Signature) -> list[Line]:
    """Append a line for each entry behind a locked head, and return them. They are one batch."""
    lines: list[Line] = []
    refuse_unkeepable(by)
    at = max(utc_now(), head.at)  # the clock may have been set back; order is by number, and time does not run against it
    previous, first = head.hash, head.number + 1
    for number, entry in enumerate(entries, first):
        refuse_unkeepable(entry)
        bare = Line(
            number=number,
            at=at,
            actor=by.actor,
            door=by.door,
            operation=by.operation,
            kind=entry.kind,
            id=entry.id,
            old=entry.old,
            new=entry.new,
            reason=by.reason,
            previous=previous,
            hash="",
            revision=entry.revision,
            batch=first,
            business_unit=entry.business_unit,
            cycle=entry.cycle,
        )
        previous = line_hash(bare)
        lines.append(_sealed(bare, previous))
    if lines:
        connection.execute(insert(LINE), [_row_of(line) for line in lines])
        connection.execute(update(HEAD).where(HEAD.c.id == 1).values(number=lines[-1].number, hash=previous, at=at))
    return lines


def _sealed(line: Line, content: str) -> Line:
    return Line(**{**{name: getattr(line, name) for name in Line.__dataclass_fields__}, "hash": content})


def _row_of(line: Line) -> dict[str, object]:
    row = {name: getattr(line, name) for name in Line.__dataclass_fields__}
    row["identity"] = row.pop("id")
    return row


def refuse_unkeepable(one: Entry | Change | Signature) -> None:
    """Raise StoreError where a text or name is one that not every database could keep as it is."""
    for name in ("kind", "id", "business_unit", "cycle", "actor", "door", "operation", "reason"):
        text = getattr(one, name, "")
        if "\x00" in text or any("\ud800" <= character <= "\udfff" for character in text):
            raise StoreError(f"The {name} {text!r} has characters that cannot be kept.", "Take them out.")
        if name in {"kind", "id"} and len(text) > _LONGEST_ID:
            raise StoreError(f"The name {text[:40]}... is longer than {_LONGEST_ID} characters.", "Choose a shorter one.")
