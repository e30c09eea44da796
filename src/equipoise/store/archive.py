"""Backup and restore: the whole record in one file, the same from SQLite and from PostgreSQL.

The file is a zip: `manifest.json`, a file of JSON lines for each table of the database, and the Parquet files under `tables/`.
"""

import datetime as dt
import hashlib
import io
import json
import os
import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import cast
from uuid import uuid4

import polars as pl
from sqlalchemy import Connection, DateTime, Table, bindparam, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from equipoise.errors import NotFoundError, StoreError
from equipoise.store.chain import Entry, append, read_head, utc_now
from equipoise.store.clearing import named_contents
from equipoise.store.contract import Document, Signature
from equipoise.store.database import Database
from equipoise.store.frames import decoded, digest_of
from equipoise.store.schema import COUNTER, CREDENTIAL, FRAME, HEAD, JOB, LINE, METADATA, RECORD, SCHEMA_VERSION, STORE, VERSION
from equipoise.store.shelf import Shelf
from equipoise.store.verification import verify_log
from equipoise.tables.ceilings import most
from equipoise.tables.content import content_hash
from equipoise.tables.figures import quantity

_READ = (2, SCHEMA_VERSION)  # schemas of which an archive holds the same
_FORMAT = "equipoise backup 1"
# In the order in which they can be inserted. Results of steps are left out: they are made again when they are needed.
_TABLES = (HEAD, LINE, RECORD, COUNTER, VERSION, FRAME, CREDENTIAL, JOB)
_PAGE = 2000
# What reading an archive raises that was damaged, or made up to break whoever reads it.
_BROKEN = (
    *(zipfile.BadZipFile, zlib.error, OSError, EOFError, LookupError, ValueError, TypeError, AttributeError, RecursionError),
    NotImplementedError,  # packed in a way that is not known
    RuntimeError,  # encrypted
    IntegrityError,
)
_CONTENT = re.compile(r"[0-9a-f]{64}")
_LONGEST_LINE = 64_000_000  # bytes of a row: a version names its tables, a record holds what a request may say


def write_backup(database: Database, shelf: Shelf, target: Path) -> Document:
    """Write everything, as of one moment, to a file: aside, then moved into place. Returns its manifest.

    A table that is missing or damaged is left out and named in the manifest, so that the rest can still be kept.
    Raises StoreError where the file cannot be written.
    """
    aside = target.with_name(f"{target.name}.{uuid4().hex}.part")
    try:
        with aside.open("wb") as file:
            with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive, database.read() as connection:
                manifest = _write(archive, connection, shelf)
            file.flush()
            os.fsync(file.fileno())
        aside.replace(target)
    except OSError as error:
        fix = f"Make the folder {target.parent} first" if not target.parent.is_dir() else "Free some space"
        raise StoreError(
            f"The backup {target} cannot be written: {error.strerror or error}.", f"{fix}, or choose another place."
        ) from error
    finally:
        aside.unlink(missing_ok=True)
    return manifest


def _write(archive: zipfile.ZipFile, connection: Connection, shelf: Shelf) -> Document:
    head = read_head(connection)
    names = _named(connection)
    counts, digests = {}, {}
    for table in _TABLES:
        counts[table.name], digests[table.name] = _write_rows(archive, table, _rows(connection, table, names))
    known = {row.content: row.digest for row in connection.execute(select(FRAME.c.content, FRAME.c.digest))}
    kept, lost = {}, []
    for content, name in sorted(names.items()):
        data = _whole(shelf, content, name, known.get(content))
        if data is None:
            lost.append(content)
            continue
        archive.writestr(zipfile.ZipInfo(_entry(content)), data)  # Parquet is packed already
        kept[content] = name
    manifest: Document = {
        "format": _FORMAT,
        "schema_version": SCHEMA_VERSION,
        "created": utc_now().isoformat(),
        "head": head.number,
        "hash": head.hash,
        "counts": counts,
        "digests": digests,
        "tables": kept,
        "lost": lost,
    }
    archive.writestr("manifest.json", json.dumps(manifest, indent=1))
    return manifest


def _named(connection: Connection) -> dict[str, str]:
    """Return the tables that a backup holds: content hash to name, which is empty where only a record names it."""
    kept = set(connection.execute(select(FRAME.c.content)).scalars())
    names = dict.fromkeys(named_contents(connection, results=False) & kept, "")  # records also name hashes of files that are no tables
    for tables in connection.execute(select(VERSION.c.tables)).scalars():
        names |= {content: name for name, content in tables.items()}
    return names


def _rows(connection: Connection, table: Table, names: Mapping[str, str]) -> Iterator[dict[str, object]]:
    query = select(table).order_by(*table.primary_key.columns)
    for row in connection.execution_options(yield_per=_PAGE).execute(query).mappings():
        values = dict(row)
        if table is VERSION:
            del values["id"]
        if (table is CREDENTIAL and values["kind"] == "session") or (table is FRAME and values["content"] not in names):
            continue
        yield values


def _write_rows(archive: zipfile.ZipFile, table: Table, rows: Iterable[dict[str, object]]) -> tuple[int, str]:
    """Write rows as JSON lines; return how many there are, and the digest of the lines."""
    digest, count = hashlib.sha256(), 0
    with archive.open(f"{table.name}.jsonl", "w", force_zip64=True) as file:
        for row in rows:
            line = json.dumps(row, default=lambda value: value.isoformat()).encode() + b"\n"
            digest.update(line)
            file.write(line)
            count += 1
    return count, digest.hexdigest()


def _whole(shelf: Shelf, content: str, name: str, digest: str | None) -> bytes | None:
    """Return the bytes of a table, or None where it is missing or damaged."""
    try:
        data = shelf.read(content)
    except NotFoundError:
        return None
    return data if digest_of(data) == digest or _is_of(data, content, name) else None


def _is_of(data: bytes, content: str, name: str) -> bool:
    frame = decoded(data) if _claims(data) <= most("cells") else None
    return frame is not None and (not name or content_hash(name, frame) == content)


def _claims(data: bytes) -> int:
    """Return how many cells a Parquet file says it has: a few kilobytes may unpack to all memory."""
    try:
        file = pl.scan_parquet(io.BytesIO(data))
        return int(file.select(pl.len()).collect().item()) * max(len(file.collect_schema()), 1)
    except (pl.exceptions.PolarsError, OSError, ValueError, pl.exceptions.PanicException):
        return 0  # no such file: it cannot be read either


def _entry(content: str) -> str:
    return f"tables/{content[:2]}/{content}.parquet"


def read_backup(database: Database, shelf: Shelf, source: Path, by: Signature, *, replace: bool) -> Document:
    """Put what a backup holds into the store, all or nothing, and return its manifest.

    The chain, every table's hash, and that records and versions are what the log says, are checked before any of it can be seen. Raises
    StoreError where the store is not empty and is not to be replaced, or where the backup is damaged or of another schema.
    """
    with _opened(source) as archive:
        manifest = _manifest(archive, source)
        with database.read() as connection:
            _refuse_full(connection, replace=replace)
        _put_tables(archive, manifest, shelf, source)

        def put(connection: Connection) -> None:
            before = read_head(connection, lock=True)
            _refuse_full(connection, replace=replace)
            for table in reversed(METADATA.sorted_tables):
                if table not in (STORE, HEAD):  # whoever waits to write holds on to the head's row
                    connection.execute(delete(table))
            for table in _TABLES:
                _put_rows(connection, archive, table, manifest, source)
            _check(connection, manifest, source)
            connection.execute(update(JOB).where(JOB.c.state.in_(("queued", "running"))).values(state="interrupted"))
            detail: Document = {"file": source.name, "head": manifest["head"], "hash": manifest["hash"]}
            detail |= {"replaced": before.number, "replaced_hash": before.hash} if before.number else {}
            append(connection, read_head(connection), [Entry("store", "restore", None, detail)], by)

        database.write(put)
    return manifest


@contextmanager
def _opened(source: Path) -> Iterator[zipfile.ZipFile]:
    try:
        with zipfile.ZipFile(source) as archive:
            yield archive
    except FileNotFoundError:
        raise NotFoundError(f"There is no backup {source}.", "Check the path.") from None
    except _BROKEN as error:
        raise _damaged(source, str(error)[:200]) from error


def _damaged(source: Path, cause: str) -> StoreError:
    return StoreError(f"{source.name} is no backup, or is damaged: {cause.rstrip('.')}.", "Nothing was restored: take another backup.")


def _manifest(archive: zipfile.ZipFile, source: Path) -> Document:
    try:
        manifest = json.loads(_member(archive, "manifest.json", _LONGEST_LINE, source))
    except ValueError as error:
        raise _damaged(source, str(error)) from error
    if not isinstance(manifest, dict) or manifest.get("format") != _FORMAT:
        raise _damaged(source, "it has not the form of a backup")
    if manifest["schema_version"] not in _READ:
        raise StoreError(
            f"{source.name} has schema version {manifest['schema_version']}, this program knows {SCHEMA_VERSION}.",
            "Restore it with the version of Equipoise that made it; a newer one brings the store up to date when it opens it.",
        )
    return manifest


def _refuse_full(connection: Connection, *, replace: bool) -> None:
    number = read_head(connection).number
    people = connection.execute(select(func.count()).select_from(CREDENTIAL)).scalar() or 0
    if (number or people) and not replace:
        raise StoreError(
            f"The store is not empty: its log has {quantity(number, 'line')}.",
            "Restore into another workspace, or say that it is to be replaced.",
        )


def _member(archive: zipfile.ZipFile, name: str, largest: int, source: Path) -> bytes:
    """Return what an entry holds. Raises StoreError where it is larger than any may be, or packed too well to be what was written."""
    entry = archive.getinfo(name)
    if entry.file_size > min(largest, most("packing") * max(entry.compress_size, 1) + _LONGEST_LINE):
        raise _damaged(source, f"{name[:80]} unpacks to {entry.file_size / 1e6:,.0f} MB")
    return archive.read(entry)


def _put_tables(archive: zipfile.ZipFile, manifest: Document, shelf: Shelf, source: Path) -> None:
    """Keep the Parquet files, each checked; until something names them nobody sees them."""
    tables = cast("dict[str, str]", manifest["tables"])
    for content, name in tables.items():
        if not _CONTENT.fullmatch(content):  # it names a file: one that begins with ../ would lie anywhere
            raise _damaged(source, f"{content[:40]!r} is no name of a table")
        if shelf.holds(content) and _whole(shelf, content, name, None) is not None:
            continue
        data = _member(archive, _entry(content), most("file_bytes"), source)
        if not _is_of(data, content, name):
            raise _damaged(source, f"the table {name} ({content[:12]}) is not what it was")
        shelf.write(content, data)
    shelf.flush(tables)


def _put_rows(connection: Connection, archive: zipfile.ZipFile, table: Table, manifest: Document, source: Path) -> None:
    query = update(HEAD).where(HEAD.c.id == bindparam("id_")) if table is HEAD else insert(table)
    times = [column.name for column in table.columns if isinstance(column.type, DateTime)]
    names = {column.name for column in table.columns} - {"id"}
    digest, rows = hashlib.sha256(), []
    with archive.open(f"{table.name}.jsonl") as file:
        while line := file.readline(_LONGEST_LINE + 1):
            if len(line) > _LONGEST_LINE:
                raise _damaged(source, f"a row of {table.name} has more than {_LONGEST_LINE // 1_000_000} MB")
            digest.update(line)
            row = json.loads(line)
            if set(row) - {"id"} != names:
                raise _damaged(source, f"a row of {table.name} has not its columns")
            row |= {name: dt.datetime.fromisoformat(row[name]) for name in times if row[name]}
            rows.append({**row, "id_": row.pop("id")} if table is HEAD else row)
            if len(rows) == _PAGE:
                connection.execute(query, rows)
                rows = []
    if rows:
        connection.execute(query, rows)
    if digest.hexdigest() != cast("dict[str, str]", manifest["digests"])[table.name]:
        raise _damaged(source, f"{table.name}.jsonl is not what was written")


def _check(connection: Connection, manifest: Document, source: Path) -> None:
    number, content = cast("int", manifest["head"]), cast("str", manifest["hash"])
    faults = verify_log(connection, {number: content} if number else {})
    if faults:
        raise StoreError(
            f"The record in {source.name} is not what was written.", "Nothing was restored: take another backup.", faults=faults
        )
