"""Opening a workspace's store: made where there is none yet, brought up to date where it is older."""

from pathlib import Path
from typing import TYPE_CHECKING

from equipoise.errors import StoreError
from equipoise.store.location import locate_store

if TYPE_CHECKING:
    from equipoise.store.contract import Store


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
