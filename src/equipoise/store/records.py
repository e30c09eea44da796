"""Records: documents of which the last line of the audit log is the truth."""

import json
from collections.abc import Collection, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, cast

from sqlalchemy import Connection, Row, Select, Text, and_, bindparam, delete, func, insert, or_, select, tuple_, type_coerce, update

from equipoise.errors import ConflictError, Fault, NotFoundError, StoreError, Where
from equipoise.store.chain import Entry, append, read_head, refuse_unkeepable
from equipoise.store.contract import Change, Document, Line, Record, Seen, Signature
from equipoise.store.schema import COUNTER, LINE, RECORD, canonical

_CHUNK = 400
_SHOWN = 5
# In the order of the fields of a record: reading thousands of them must be quick.
_RECORD_COLUMNS = tuple(
    LINE.c[name] for name in ("kind", "identity", "revision", "number", "batch", "business_unit", "cycle", "new", "at", "actor")
)
_LONGEST_SHOWN = 60
Key = tuple[str, str]


def change_records(connection: Connection, changes: Sequence[Change], by: Signature, seen: Seen | None = None) -> list[Record]:
    """Make all the changes with a line each, and return the records as they are now. Raises ConflictError; then the caller rolls back."""
    head = read_head(connection, lock=True)
    if seen is not None:
        _refuse_unseen(connection, seen)
    named = _named(connection, changes)
    keys = [(change.kind, change.id) for change in named]
    held = current(connection, keys)
    revisions = {
        **last_revisions(connection, [key for key in keys if key not in held]),
        **{key: one.revision for key, one in held.items()},
    }
    before = dict(held)
    faults: list[Fault] = []
    entries: list[Entry] = []
    for change, key in zip(named, keys, strict=True):
        now = held.get(key)
        fault = _conflict(connection, change, now)
        if fault is not None:
            faults.append(fault)
            continue
        document = None if change.document is None else cast("Document", json.loads(canonical(change.document)))
        revisions[key] = revisions.get(key, 0) + 1
        unit, cycle = change.business_unit or (now.business_unit if now else ""), change.cycle or (now.cycle if now else "")
        entries.append(Entry(change.kind, change.id, now.document if now else None, document, revisions[key], unit, cycle))
        if document is None:
            del held[key]
        else:
            held[key] = Record(change.kind, change.id, revisions[key], 0, 0, unit, cycle, document, head.at, by.actor)
    if faults:
        raise ConflictError(_summary(faults, len(changes)), "Look at what is there now, and make the change again on that.", faults=faults)
    lines = append(connection, head, entries, by)
    _point(connection, before, lines)
    return [_record(line) for line in lines]


def _named(connection: Connection, changes: Sequence[Change]) -> list[Change]:
    """Return the changes with an id each: one that has none gets the next of its kind."""
    last: dict[str, int] = {}
    named = []
    for change in changes:
        refuse_unkeepable(change)
        if change.kind in {"", "version"}:
            raise StoreError(f"A record cannot be of the kind {change.kind or 'nothing'}.", "Versions are kept with add_version.")
        if change.id:
            named.append(change)
            continue
        if change.document is None:
            raise StoreError(f"A {change.kind} to be taken out has no id.", "Name it.")
        if change.kind not in last:
            last[change.kind] = connection.execute(select(COUNTER.c.last).where(COUNTER.c.kind == change.kind)).scalar() or 0
        number = last[change.kind] + 1
        while _used(connection, change.kind, f"{change.kind}-{number}"):  # somebody has named one so
            number += 1
        last[change.kind] = number
        named.append(Change(change.kind, change.document, f"{change.kind}-{number}", change.revision, change.business_unit, change.cycle))
    for kind, number in last.items():
        done = connection.execute(update(COUNTER).where(COUNTER.c.kind == kind).values(last=number))
        if not done.rowcount:
            connection.execute(insert(COUNTER).values(kind=kind, last=number))
    return named


def _used(connection: Connection, kind: str, identity: str) -> bool:
    query = select(LINE.c.number).where(LINE.c.identity == identity, LINE.c.kind == kind, LINE.c.revision > 0).limit(1)
    return connection.execute(query).first() is not None


def _query() -> Select[*tuple[Any, ...]]:
    """Return the query of records: of their last line only what a record has, for there may be many thousands."""
    names = ("kind", "identity", "revision", "number", "batch", "business_unit", "cycle", "new", "at", "actor")
    return select(*(LINE.c[name] for name in names)).join(RECORD, RECORD.c.number == LINE.c.number)


def current(connection: Connection, keys: Collection[Key]) -> dict[Key, Record]:
    """Return the records of those kinds and ids that are there."""
    wanted = sorted(set(keys))
    found: dict[Key, Record] = {}
    for start in range(0, len(wanted), _CHUNK):
        some = wanted[start : start + _CHUNK]
        rows = connection.execute(_query().where(tuple_(RECORD.c.kind, RECORD.c.identity).in_(some)))
        found |= {(row.kind, row.identity): _record_of(row) for row in rows}
    return found


def last_revisions(connection: Connection, keys: Collection[Key]) -> dict[Key, int]:
    """Return the last revisions of records that were there once: one made again goes on counting, so that an old revision never fits."""
    wanted = sorted(set(keys))
    found: dict[Key, int] = {}
    for start in range(0, len(wanted), _CHUNK):
        some = wanted[start : start + _CHUNK]
        query = (
            select(LINE.c.kind, LINE.c.identity, func.max(LINE.c.revision))
            .where(tuple_(LINE.c.kind, LINE.c.identity).in_(some), LINE.c.revision > 0)
            .group_by(LINE.c.kind, LINE.c.identity)
        )
        found |= {(kind, identity): revision for kind, identity, revision in connection.execute(query)}
    return found


def _point(connection: Connection, before: Mapping[Key, Record], lines: Sequence[Line]) -> None:
    """Have each record that was changed point to its last line."""
    last = {(line.kind, line.id): line for line in lines}
    gone = [
        {"kind_": kind, "identity_": identity} for (kind, identity), line in last.items() if line.new is None and (kind, identity) in before
    ]
    moved = [
        {"kind_": kind, "identity_": identity, "number_": line.number}
        for (kind, identity), line in last.items()
        if line.new is not None and (kind, identity) in before
    ]
    made = [
        {"kind": kind, "identity": identity, "number": line.number}
        for (kind, identity), line in last.items()
        if line.new is not None and (kind, identity) not in before
    ]
    this = and_(RECORD.c.kind == bindparam("kind_"), RECORD.c.identity == bindparam("identity_"))
    if gone:
        connection.execute(delete(RECORD).where(this), gone)
    if moved:
        connection.execute(update(RECORD).where(this).values(number=bindparam("number_")), moved)
    if made:
        connection.execute(insert(RECORD), made)


def _record_of(row: Row[*tuple[Any, ...]]) -> Record:
    kind, identity, revision, number, batch, unit, cycle, document, at, actor = row
    return Record(kind, identity, revision, number, batch, unit, cycle, document, at, actor)


def _record(line: Line) -> Record:
    return Record(
        line.kind,
        line.id,
        line.revision,
        line.number,
        line.batch,
        line.business_unit,
        line.cycle,
        line.new if line.new is not None else {},
        line.at,
        line.actor,
    )


def find_records(
    connection: Connection, kind: str, business_unit: str | None, cycle: str | None, status: Collection[str] = ()
) -> list[Record]:
    """Return the records of a kind, in the order of their last change; with `status` only those in one of these, or without a status."""
    query = select(*_RECORD_COLUMNS).join(RECORD, RECORD.c.number == LINE.c.number).where(RECORD.c.kind == kind).order_by(RECORD.c.number)
    if business_unit is not None:
        query = query.where(LINE.c.business_unit == business_unit)
    if cycle is not None:
        query = query.where(LINE.c.cycle == cycle)
    if status:  # documents are canonical JSON, so that most of the others are told by their text before they are read
        text = type_coerce(LINE.c.new, Text)
        named = [text.contains(f'"status":{json.dumps(one)}', autoescape=True) for one in status]
        query = query.where(or_(*named, text.not_like('%"status":%')))
    found = [
        Record(kind_, identity, revision, number, batch, unit, named_cycle, new or {}, at, actor)
        for kind_, identity, revision, number, batch, unit, named_cycle, new, at, actor in connection.execute(query)
    ]
    return [one for one in found if one.document.get("status") in {None, *status}] if status else found


def find_record(connection: Connection, kind: str, identity: str) -> Record:
    """Return a record. Raises NotFoundError, naming the nearest, where there is none."""
    row = connection.execute(_query().where(RECORD.c.kind == kind, RECORD.c.identity == identity)).one_or_none()
    if row is not None:
        return _record_of(row)
    known = connection.execute(select(RECORD.c.identity).where(RECORD.c.kind == kind).order_by(RECORD.c.number.desc())).scalars().all()
    near = get_close_matches(identity, known, _SHOWN, 0.4) or known[:_SHOWN]
    raise NotFoundError(f"There is no {kind} {identity}.", f"There are: {', '.join(near)}." if near else f"There is no {kind} yet.")


def _conflict(connection: Connection, change: Change, now: Record | None) -> Fault | None:
    """Return what speaks against a change: the record is not what it was when the change was thought of."""
    if change.revision is None and (change.document is not None or now is not None):
        return None
    where = Where(table=change.kind, column=change.id)
    if now is None:
        return None if change.revision == 0 and change.document is not None else Fault(*_gone(connection, change), where)
    if change.revision == now.revision:
        return None
    who = f"by {now.changed_by} on {now.changed_at:%Y-%m-%d at %H:%M:%S} UTC"
    if change.revision == 0:
        return Fault(
            f"{change.kind} {change.id} is there already: made or changed {who}. It says {_shown(now.document)}.",
            f"Change it on revision {now.revision}, or choose another name.",
            where,
        )
    return Fault(
        f"{change.kind} {change.id} was changed {who}: {_difference(connection, change, now)}.",
        f"Yours was made on revision {change.revision}; it is at {now.revision} now.",
        where,
    )


def _refuse_unseen(connection: Connection, seen: Seen) -> None:
    """Raise ConflictError where a record of those that a change rests on was made or changed since they were looked at."""
    mine = and_(LINE.c.number > seen.line, LINE.c.kind == seen.kind, LINE.c.business_unit == seen.business_unit, LINE.c.revision > 0)
    query = select(LINE.c.identity, LINE.c.actor, LINE.c.at, LINE.c.old).where(mine).order_by(LINE.c.number.desc()).limit(1)
    row = connection.execute(query).one_or_none()
    if row is not None:
        done = "made" if row.old is None else "changed"
        message = f"{seen.kind} {row.identity} was {done} by {row.actor} on {row.at:%Y-%m-%d at %H:%M:%S} UTC, meanwhile."
        fault = Fault(message, "Look at what is there now.", Where(table=seen.kind, column=row.identity))
        raise ConflictError(message, "Look at what is there now, and do it again on that.", faults=[fault])


def _gone(connection: Connection, change: Change) -> tuple[str, str]:
    query = select(LINE).where(LINE.c.identity == change.id, LINE.c.kind == change.kind, LINE.c.revision > 0).order_by(LINE.c.number.desc())
    row = connection.execute(query.limit(1)).mappings().one_or_none()
    if row is None:
        return f"There is no {change.kind} {change.id}.", "Make it without a revision, or name another."
    return (
        f"{change.kind} {change.id} was taken out by {row['actor']} on {row['at']:%Y-%m-%d at %H:%M:%S} UTC.",
        "Make it anew without a revision, or leave it.",
    )


def _difference(connection: Connection, change: Change, now: Record) -> str:
    """Return in words how a record differs from the revision that a change was made on."""
    query = select(LINE.c.new).where(LINE.c.identity == now.id, LINE.c.kind == now.kind, LINE.c.revision == change.revision)
    then = connection.execute(query).scalar()
    if not isinstance(then, dict):
        return f"it says {_shown(now.document)}"
    changed = [name for name in {**then, **now.document} if then.get(name) != now.document.get(name)]
    words = [f"{name} from {_brief(then.get(name))} to {_brief(now.document.get(name))}" for name in changed[:_SHOWN]]
    more = f" and {len(changed) - _SHOWN} more" if len(changed) > _SHOWN else ""
    return "; ".join(words) + more if words else "its words are the same as before"


def _shown(document: Document) -> str:
    words = [f"{name} {_brief(value)}" for name, value in document.items() if value not in (None, "", [], {})]
    return ", ".join(words[:_SHOWN]) or "nothing"


def _brief(value: object) -> str:
    text = "nothing" if value is None else value if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}..."


def _summary(faults: Sequence[Fault], asked: int) -> str:
    if asked == 1:
        return faults[0].message
    return f"{len(faults)} of {asked} changes are on something that is not as it was. Nothing was written."
