"""A look at the record without loading what writes it: whether anything of some kinds has changed."""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path


def changed_since(workspace: Path, line: int, kinds: Sequence[str]) -> bool:
    """Return whether the log of a workspace's store has a line about one of the kinds after line number `line`.

    Where the database cannot be looked at (an older schema, damage) it counts as changed: whoever then opens the store says why.
    """
    path = workspace / ".equipoise" / "store.db"
    if not path.exists():
        from equipoise.store.opening import open_store

        store = open_store(workspace)
        return any(store.lines(after=line, kind=kind, limit=1) for kind in kinds)
    wanted = ", ".join("?" for _ in kinds)
    try:
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=30)) as connection:
            query = f"SELECT 1 FROM line WHERE number > ? AND kind IN ({wanted}) LIMIT 1"
            return connection.execute(query, (line, *kinds)).fetchone() is not None
    except sqlite3.Error:
        return True
