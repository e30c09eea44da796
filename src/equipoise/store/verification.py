"""Whether the record is what it was: the chain of the log, the records and versions beside it, and the tables they name."""

import hashlib
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from sqlalchemy import Connection, select

from equipoise.errors import Fault, NotFoundError, StoreError, Where
from equipoise.store.chain import line_hash, line_of, read_head
from equipoise.store.contract import Document, Line, Version
from equipoise.store.frames import decoded
from equipoise.store.schema import LINE, RECORD, VERSION, canonical
from equipoise.store.shelf import Shelf
from equipoise.store.versions import version_entry, version_of
from equipoise.tables.content import content_hash

LOG = "audit log"
_RESTORE = "Restore a backup made before, and see who could write to the database."
_PAGE = 2000
_SIDE_BY_SIDE = 4
Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class _Last:
    """Where a record stands after its last line so far: number, revision, and the hash of its document; empty when it is gone."""

    number: int
    revision: int
    document: str


@dataclass
class _Reading:
    """What is remembered while the log is read once from the beginning."""

    anchors: Mapping[int, str]
    faults: list[Fault] = field(default_factory=list)
    number: int = 0
    hash: str = ""
    last: dict[Key, _Last] = field(default_factory=dict)
    hashes: dict[str, int] = field(default_factory=dict)
    heads: list[tuple[int, str, str]] = field(default_factory=list)

    def fault(self, message: str, row: int | None = None, fix: str = _RESTORE) -> None:
        """Note a fault of the log."""
        self.faults.append(Fault(message, fix, Where(table=LOG, row=row)))


def verify_log(connection: Connection, anchors: Mapping[int, str]) -> list[Fault]:
    """Return what is wrong with the log, and with records and versions that are not what their last line says."""
    reading = _Reading(anchors)
    for line in _lines(connection):
        _follow(reading, line)
        _remember(reading, line)
    _check_end(connection, reading)
    _check_anchors(reading)
    _check_records(connection, reading)
    _check_versions(connection, reading)
    return reading.faults


def _lines(connection: Connection) -> Iterator[Line]:
    """Give all lines in their order, a page at a time: a log may be longer than memory."""
    after: int | None = None
    while True:
        query = select(LINE).order_by(LINE.c.number).limit(_PAGE)
        rows = connection.execute(query if after is None else query.where(LINE.c.number > after)).mappings().all()
        if not rows:
            return
        for row in rows:
            yield line_of(row)
        after = rows[-1]["number"]


def _follow(reading: _Reading, line: Line) -> None:
    """Check that a line follows the one before and says what it said when its hash was made."""
    expected = reading.number + 1
    if line.number > expected:
        missing = f"Line {expected} is" if line.number == expected + 1 else f"Lines {expected} to {line.number - 1} are"
        reading.fault(f"{missing} missing.", expected)
    elif line.number < expected:
        reading.fault(f"Line {line.number} stands before the first.", line.number)
    elif line.previous != reading.hash:
        reading.fault(f"Line {line.number} does not follow from line {reading.number}: one was changed, taken out or put in.", line.number)
    if _hash_of(line) != line.hash:
        reading.fault(f"Line {line.number} is not what was written: its hash is another.", line.number)
    reading.number, reading.hash = line.number, line.hash
    reading.hashes[line.hash] = line.number
    if line.number in reading.anchors and reading.anchors[line.number] != line.hash:
        reading.fault(f"Line {line.number} has not the hash that was noted outside: the log was rewritten.", line.number)


def _hash_of(line: Line) -> str:
    try:
        return line_hash(line)
    except StoreError:  # somebody wrote what no document may hold
        return ""


def _remember(reading: _Reading, line: Line) -> None:
    """Follow the record that a line changes: each change is on what the one before left."""
    if line.revision <= 0:
        return
    key = (line.kind, line.id)
    before = reading.last.get(key, _Last(0, 0, ""))
    if line.revision != before.revision + 1:
        reading.fault(f"Line {line.number} makes revision {line.revision} of {line.kind} {line.id} after {before.revision}.", line.number)
    elif _document_hash(line.old) != before.document:
        reading.fault(f"Line {line.number} changes {line.kind} {line.id} from something that it was not.", line.number)
    reading.last[key] = _Last(line.number, line.revision, _document_hash(line.new))
    if line.kind in {"approval", "publication"} and line.new is not None and line.new.get("head"):
        reading.heads.append((line.number, f"{line.kind} {line.id}", str(line.new["head"])))


def _document_hash(document: Document | None) -> str:
    return "" if document is None else hashlib.sha256(canonical(document).encode()).hexdigest()


def _check_end(connection: Connection, reading: _Reading) -> None:
    head = read_head(connection)
    if head.number > reading.number:
        reading.fault(f"The log ends with line {reading.number}, but {head.number} were written: its end was cut off.", reading.number + 1)
    elif head.number < reading.number:
        reading.fault(f"The log has lines after line {head.number}, which was its last: they were put in.", head.number + 1)
    elif head.hash != reading.hash:
        reading.fault(f"The last line, {head.number}, is not the one that was written last.", head.number)


def _check_anchors(reading: _Reading) -> None:
    """Check what is known of the log from outside, and what approvals and publications wrote down of it."""
    for number in sorted(reading.anchors):
        if number > reading.number or number < 1:
            reading.fault(f"Line {number}, whose hash was noted outside, is not there: the log's end was cut off.", number)
    for number, name, noted in reading.heads:
        if reading.hashes.get(noted, number) >= number:
            reading.fault(f"{name} was given on a log that ended otherwise: the hash that it notes is of no line before it.", number)


def _check_records(connection: Connection, reading: _Reading) -> None:
    """Check that each record points to its last line."""
    held = {(kind, identity): number for kind, identity, number in connection.execute(select(RECORD))}
    said = {key: last for key, last in reading.last.items() if last.document and key[0] != "version"}
    for kind, identity in sorted(held.keys() | said.keys()):
        number, last = held.get((kind, identity)), said.get((kind, identity))
        where = Where(table=kind, column=identity)
        if last is None:
            message = f"{kind} {identity} is there, but the log does not say so."
        elif number is None:
            message = f"{kind} {identity} is not there, but line {last.number} of the log says it is."
        elif number != last.number:
            message = f"{kind} {identity} is as line {number} of the log says, but line {last.number} changed it since."
        else:
            continue
        reading.faults.append(Fault(message, _RESTORE, where))


def _check_versions(connection: Connection, reading: _Reading) -> None:
    """Check that each version is what its line says."""
    held = {version_entry(version).id: version for version in (version_of(row) for row in connection.execute(select(VERSION)).mappings())}
    said = {key[1]: last for key, last in reading.last.items() if last.document and key[0] == "version"}
    for identity in sorted(held.keys() | said.keys()):
        fault = _version_fault(identity, held.get(identity), said.get(identity))
        if fault:
            reading.faults.append(Fault(fault, _RESTORE, Where(table="version", column=identity)))


def _version_fault(identity: str, version: Version | None, last: _Last | None) -> str:
    """Return what is wrong with a version: that its end of the log is gone is seen here too, for it has the number of its line."""
    if version is None:
        return f"Version {identity} is not there, but line {last.number if last else 0} of the log says it is."
    if last is None:
        return f"Version {identity} is there, but the log does not say so: line {version.line}, which made it, is gone."
    if version.line != last.number:
        return f"Version {identity} says that line {version.line} made it, but it was line {last.number}."
    if _document_hash(version_entry(version).new) != last.document:
        return f"Version {identity} was changed after it was made."
    return ""


def verify_tables(shelf: Shelf, versions: list[Version]) -> list[Fault]:
    """Return the tables of versions that are missing, damaged, or not what was kept."""
    named: dict[tuple[str, str], str] = {}
    for version in versions:
        for name, content in version.tables.items():
            named.setdefault((content, name), f"{version.plan} {version.name}")
    with ThreadPoolExecutor(_SIDE_BY_SIDE) as pool:
        found = pool.map(lambda key: table_fault(shelf, key[1], key[0], named[key]), sorted(named))
    return [fault for fault in found if fault is not None]


def table_fault(shelf: Shelf, name: str, content: str, user: str) -> Fault | None:
    """Return what is wrong with the file of a table, or None."""
    where = Where(source=shelf.path(content), table=name)
    fix = "Restore a backup; or delete the file and run the plan again, if its data are as they were."
    try:
        frame = decoded(shelf.read(content))
    except NotFoundError:
        return Fault(f"The table {name} of {user} is missing.", fix, where)
    except StoreError as error:
        return Fault(error.message, error.fix, where)
    if frame is None:
        return Fault(f"The table {name} of {user} is damaged.", fix, where)
    if content_hash(name, frame) != content:
        return Fault(f"The table {name} of {user} is not what was kept.", fix, where)
    return None
