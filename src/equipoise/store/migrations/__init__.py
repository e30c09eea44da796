"""Schemas of the database, one revision after another, and bringing a store to the newest."""

from pathlib import Path

from sqlalchemy import Connection, inspect, text

from equipoise.errors import StoreError
from equipoise.store.database import Database
from equipoise.store.schema import SCHEMA_VERSION

# Any number that no other program takes for its lock; it holds until the transaction ends.
_LOCK = 4_711_2026


def bring_up_to_date(database: Database) -> None:
    """Make the tables of an empty database, or carry an older one and its data to the newest schema, whole or not at all.

    Two processes that open at once wait for each other. Raises StoreError where the schema is newer than this program.
    """
    with database.read() as connection:
        if _current(connection):
            return
    database.write(_upgrade)


def _current(connection: Connection) -> bool:
    held = _schema_version(connection)
    if held > SCHEMA_VERSION:
        raise StoreError(
            f"The store has schema version {held}, this program knows {SCHEMA_VERSION}.",
            "It was used with a newer Equipoise: install that version, or restore a backup made with this one.",
        )
    return held == SCHEMA_VERSION


def _schema_version(connection: Connection) -> int:
    """Return the version of the schema, 0 for an empty database."""
    if not inspect(connection).has_table("store"):
        return 0
    return connection.execute(text("SELECT schema_version FROM store")).scalar() or 0


def _upgrade(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
    if _current(connection):  # another process was quicker
        return
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    tables = inspect(connection)
    if tables.has_table("store") and not tables.has_table("alembic_version"):
        command.stamp(config, "1")  # made by the release that had no migrations yet
    command.upgrade(config, "head")
