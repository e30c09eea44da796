"""Clearing away: results of steps that are old, and tables that nothing names any more."""

import datetime as dt
import json
import re
from collections.abc import Iterator

from sqlalchemy import Connection, delete, select

from equipoise.store.chain import read_head, utc_now
from equipoise.store.database import Database
from equipoise.store.schema import FRAME, JOB, LINE, RECORD, RESULT, VERSION
from equipoise.store.shelf import Lying, Shelf

_CONTENT = re.compile(r"[0-9a-f]{64}")
_CHUNK = 400


def collect_garbage(database: Database, shelf: Shelf, results_before: dt.datetime, grace: dt.timedelta) -> tuple[int, int]:
    """Delete results made before, and files that nothing names and that are older than `grace`; return tables and bytes.

    A file is written before what names it, so a young one may belong to a run at work. Versions are kept under the same lock, and look
    there that all their tables are still to be had.
    """
    limit = utc_now() - grace
    lying = [file for file in shelf.listing() if file.written is not None and file.written < limit]

    def clear(connection: Connection) -> tuple[int, int]:
        read_head(connection, lock=True)
        connection.execute(delete(RESULT).where(RESULT.c.created < results_before))
        named = named_contents(connection)
        gone = [file for file in lying if file.content not in named]
        _forget(connection, gone)
        for file in gone:
            shelf.discard(file.path)
        tables = [file for file in gone if file.content]
        return len(tables), sum(file.bytes for file in gone)

    return database.write(clear)


def named_contents(connection: Connection, *, results: bool = True) -> set[str]:
    """Return the hashes of all tables that a version, a record or a job names; with `results` also those of steps."""
    found: set[str] = set()
    for source in (VERSION, RESULT) if results else (VERSION,):
        for tables in connection.execute(select(source.c.tables)).scalars():
            found.update(tables.values())
    for text in _texts(connection):
        found.update(_CONTENT.findall(text))
    return found


def _texts(connection: Connection) -> Iterator[str]:
    for document in connection.execute(select(LINE.c.new).join(RECORD, RECORD.c.number == LINE.c.number)).scalars():
        yield json.dumps(document)
    for row in connection.execute(select(JOB.c.request, JOB.c.answer)):
        yield json.dumps([row.request, row.answer])


def _forget(connection: Connection, gone: list[Lying]) -> None:
    """Take out what is known of files that go."""
    contents = sorted({file.content for file in gone if file.content})
    for start in range(0, len(contents), _CHUNK):
        connection.execute(delete(FRAME).where(FRAME.c.content.in_(contents[start : start + _CHUNK])))
