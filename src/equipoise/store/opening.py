"""Where a workspace's store is, and opening it."""

from pathlib import Path
from typing import TYPE_CHECKING

from equipoise.errors import StoreError

if TYPE_CHECKING:
    from equipoise.store.contract import Store


def open_store(workspace: Path) -> "Store":
    """Return the store of a workspace folder, made where there is none yet.

    Raises StoreError where the folder cannot be written.
    """
    from equipoise.store.database import guarded, sqlite_database
    from equipoise.store.migrations import bring_up_to_date
    from equipoise.store.shelf import Folder
    from equipoise.store.sql import SqlStore

    folder = workspace / ".equipoise"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"The workspace {workspace} cannot be written: {error.strerror}.", "Choose another with --workspace.") from error
    database = sqlite_database(str(folder / "store.db"))
    guarded(bring_up_to_date)(database)
    return SqlStore(database, Folder(folder / "tables"))
