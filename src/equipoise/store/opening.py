"""Opening a workspace's store: made where there is none yet, brought up to date where it is older."""

import atexit
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from equipoise.errors import StoreError
from equipoise.store.location import Location, locate_store

if TYPE_CHECKING:
    from equipoise.store.contract import Store

# Stores that this process has open, by place; with a file's identity, for another may lie at its place meanwhile.
_OPEN: dict[tuple[str, str], "tuple[tuple[int, int], Store]"] = {}
_LOCK = Lock()


def shared_store(workspace: Path) -> "Store":
    """Return the store of a workspace folder, opened once in a process however many ask for it: its connections are shared.

    Raises what `open_store` raises.
    """
    location = locate_store(workspace)
    key = (location.url or str(location.file), location.tables)
    with _LOCK:
        identity, store = _OPEN.get(key, ((0, 0), None))
        if store is not None and identity == _identity(location):
            return store
        if store is not None:
            store.close()
        store = open_store(workspace)
        _OPEN[key] = (_identity(location), store)
        return store


def _identity(location: Location) -> tuple[int, int]:
    if location.url or not location.file.exists():
        return 0, 0
    found = location.file.stat()
    return found.st_dev, found.st_ino


@atexit.register
def _close_all() -> None:
    for _, store in _OPEN.values():
        store.close()


def open_store(workspace: Path) -> "Store":
    """Return the store of a workspace folder, made where there is none yet.

    Raises StoreError where its place cannot be understood, reached or written, or where it was made by a newer program.
    """
    from equipoise.store.database import guarded, server_database, sqlite_database
    from equipoise.store.migrations import bring_up_to_date
    from equipoise.store.shelf import Folder, Remote
    from equipoise.store.sql import SqlStore

    location = locate_store(workspace)
    if location.url:
        database = server_database(location.url)
    else:
        try:
            location.file.parent.mkdir(parents=True, exist_ok=True)
            if not location.file.exists():
                location.file.touch(mode=0o600)  # it holds hashes of passwords: its owner's alone, whatever else the workspace allows
        except OSError as error:
            raise StoreError(
                f"The workspace {workspace} cannot be written: {error.strerror}.", "Choose another with --workspace."
            ) from error
        database = sqlite_database(str(location.file))
    shelf = Remote(location.tables) if "://" in location.tables else Folder(Path(location.tables))
    try:
        guarded(bring_up_to_date)(database)
    except BaseException:
        database.engine.dispose()
        raise
    return SqlStore(database, shelf)
