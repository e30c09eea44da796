"""A look at the record without loading what writes it: whether something has changed, and whether a team works here."""

import atexit
import datetime as dt
import json
import os
import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path
from threading import Lock
from typing import Any

from equipoise.errors import StoreError
from equipoise.store.location import Location, locate_store, without_password

CHANGES_A_PLAN = ("override", "promotion", "risk")
"""Kinds of records that change what a run makes."""

_PUBLISHED = "SELECT line.new FROM record JOIN line ON line.number = record.number WHERE record.kind = 'publication'"
_USERS = "SELECT line.new FROM record JOIN line ON line.number = record.number WHERE record.kind = 'user'"
_KEPT = 4
_OPEN: dict[tuple[int, str, int, int], sqlite3.Connection] = {}
_LOOKING = Lock()


def exists(workspace: Path) -> bool:
    """Return whether a workspace has a store yet."""
    return locate_store(workspace).exists


def peek(workspace: Path, kinds: Sequence[str] = CHANGES_A_PLAN) -> tuple[int, bool]:
    """Return the number of the last line about one of the kinds, 0 where there is none, and whether the store has active users.

    A store that is not there yet, or has an older schema, has neither. Raises StoreError where it cannot be looked at.
    """
    queries: list[tuple[str, tuple[object, ...]]] = [("SELECT max(number) FROM line WHERE kind = ?", (kind,)) for kind in kinds]
    *last, users = _asked(locate_store(workspace), [*queries, (_USERS, ())])
    team = any(json.loads(row[0] or "{}").get("active", True) is not False for row in users)
    return max((row[0] or 0 for rows in last for row in rows), default=0), team


def changed_since(workspace: Path, line: int, kinds: Sequence[str]) -> bool:
    """Return whether the log of a workspace's store has a line about one of the kinds after line number `line`."""
    return peek(workspace, kinds)[0] > line


def due_notices(workspace: Path, today: dt.date) -> bool:
    """Return whether a notice of something published waits for a day that has come."""
    (rows,) = _asked(locate_store(workspace), [(_PUBLISHED, ())])
    notices = [one for row in rows for one in json.loads(row[0] or "{}").get("notices") or ()]
    return any(one.get("state") == "waiting" and str(one.get("due") or "") <= today.isoformat() for one in notices)


def counts(kind: str, document: Mapping[str, object] | None) -> bool:
    """Whether a run lays a record of one of the kinds that change a plan: what is only proposed, was rejected or is off changes nothing."""
    held = {"override": "accepted", "risk": "open"}.get(kind)
    return document is not None and (held is None or document.get("status", held) == held)


def plan_changed_since(workspace: Path, line: int) -> bool:
    """Return whether something that a run lays over a plan was made, changed or taken out after line number `line` of the log."""
    query = "SELECT old, new FROM line WHERE kind = ? AND number > ?"
    found = _asked(locate_store(workspace), [(query, (kind, line)) for kind in CHANGES_A_PLAN])
    lines = ((kind, said) for kind, rows in zip(CHANGES_A_PLAN, found, strict=True) for row in rows for said in row if said)
    return any(counts(kind, json.loads(said)) for kind, said in lines)


def _asked(location: Location, queries: Sequence[tuple[str, tuple[object, ...]]]) -> list[list[tuple[Any, ...]]]:
    """Return the rows of each query."""
    if not location.exists:
        return [[] for _ in queries]
    return _asked_server(location.url, queries) if location.url else _asked_file(location.file, queries)


def _asked_file(file: Path, queries: Sequence[tuple[str, tuple[object, ...]]]) -> list[list[tuple[Any, ...]]]:
    try:
        with _LOOKING:
            connection = _connection(file)
            if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'line'").fetchone():
                return [[] for _ in queries]
            return [connection.execute(query, values).fetchall() for query, values in queries]
    except (sqlite3.Error, OSError) as error:
        raise StoreError(f"The store cannot be read or written: {error}.", "Check that it can be written and has space.") from error


def _connection(file: Path) -> sqlite3.Connection:
    """Return a connection that only reads, kept open since a server looks at each request; a file in its place is another."""
    held = file.stat()
    key = (os.getpid(), str(file.resolve()), held.st_dev, held.st_ino)
    if key not in _OPEN:
        while len(_OPEN) >= _KEPT:
            _OPEN.pop(next(iter(_OPEN))).close()
        _OPEN[key] = sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True, timeout=30, check_same_thread=False)
    return _OPEN[key]


@atexit.register
def _close_all() -> None:
    while _OPEN:
        _OPEN.popitem()[1].close()


def _asked_server(url: str, queries: Sequence[tuple[str, tuple[object, ...]]]) -> list[list[tuple[Any, ...]]]:
    try:
        import psycopg
    except ImportError:
        raise StoreError("The driver of PostgreSQL is not installed.", "Install it with: pip install 'equipoise[team]'.") from None
    try:
        with psycopg.connect(url, connect_timeout=10) as connection:
            if connection.execute("SELECT to_regclass('line')").fetchone() == (None,):
                return [[] for _ in queries]
            return [connection.execute(query.replace("?", "%s").encode(), values).fetchall() for query, values in queries]
    except psycopg.Error as error:
        cause = without_password(str(error).strip(), url).splitlines()[0]
        raise StoreError(f"The store cannot be read or written: {cause}.", "Check that the database can be reached.") from None
