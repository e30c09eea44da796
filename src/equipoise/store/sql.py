"""The store on SQLAlchemy Core: SQLite in the workspace by default. Sole owner of SQLAlchemy."""

import datetime as dt
import functools
from collections.abc import Callable
from pathlib import Path
from typing import ParamSpec, TypeVar

import polars as pl
from sqlalchemy import (
    JSON,
    Column,
    DateTime,
    Engine,
    Integer,
    MetaData,
    String,
    Table,
    UniqueConstraint,
    create_engine,
    event,
    insert,
    select,
)
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import IntegrityError, SQLAlchemyError
from sqlalchemy.pool import ConnectionPoolEntry

from equipoise.errors import NotFoundError, StoreError
from equipoise.store.contract import Event, Store, Version
from equipoise.store.frames import FrameFolder
from equipoise.tables.content import content_hash

SCHEMA_VERSION = 1
_METADATA = MetaData()
_STORE = Table("store", _METADATA, Column("schema_version", Integer, primary_key=True))
_RESULT = Table(
    "result",
    _METADATA,
    Column("key", String(64), primary_key=True),
    Column("tables", JSON, nullable=False),
    Column("created", DateTime, nullable=False),
)
_VERSION = Table(
    "version",
    _METADATA,
    Column("id", Integer, primary_key=True),
    Column("plan", String(100), nullable=False, index=True),
    Column("number", Integer, nullable=False),
    Column("created", DateTime, nullable=False),
    Column("code", String(64), nullable=False),
    Column("inputs", JSON, nullable=False),
    Column("tables", JSON, nullable=False),
    Column("files", JSON, nullable=False),
    Column("figures", JSON, nullable=False),
    UniqueConstraint("plan", "number"),
)
_EVENT = Table(
    "event",
    _METADATA,
    Column("id", Integer, primary_key=True),
    Column("at", DateTime, nullable=False),
    Column("actor", String(100), nullable=False),
    Column("door", String(20), nullable=False),
    Column("operation", String(50), nullable=False),
    Column("subject", String(200), nullable=False),
    Column("detail", JSON, nullable=False),
)

_P = ParamSpec("_P")
_R = TypeVar("_R")


def _guarded(method: Callable[_P, _R]) -> Callable[_P, _R]:
    """Turn a database fault into a StoreError that says what to do."""

    @functools.wraps(method)
    def guarded(*args: _P.args, **kwargs: _P.kwargs) -> _R:
        try:
            return method(*args, **kwargs)
        except SQLAlchemyError as error:
            cause = str(getattr(error, "orig", None) or error).splitlines()[0]
            raise StoreError(
                f"The store cannot be read or written: {cause}.", "Check that the workspace can be written and has space."
            ) from error

    return guarded


class SqlStore:
    """A store in a database, with its tables as Parquet files in a folder. It meets the contract `Store`."""

    def __init__(self, engine: Engine, frames: FrameFolder) -> None:
        self._engine = engine
        self._frames = frames
        self._prepare()

    @_guarded
    def _prepare(self) -> None:
        _METADATA.create_all(self._engine)
        with self._engine.begin() as connection:
            held = connection.execute(select(_STORE.c.schema_version)).scalar()
            if held is None:
                connection.execute(insert(_STORE).prefix_with("OR IGNORE", dialect="sqlite").values(schema_version=SCHEMA_VERSION))
            elif held != SCHEMA_VERSION:
                raise StoreError(
                    f"The store has schema version {held}, this program knows {SCHEMA_VERSION}.",
                    "Use the version of Equipoise that made it.",
                )

    def put_table(self, name: str, frame: pl.DataFrame) -> str:
        """Keep a table and return the hash of its content."""
        content = content_hash(name, frame)
        self._frames.put(content, frame)
        return content

    def table(self, content: str) -> pl.DataFrame:
        """Return the table of that content hash."""
        return self._frames.get(content)

    @_guarded
    def get(self, key: str) -> dict[str, pl.DataFrame] | None:
        """Return the tables kept under `key`; None where there are none or where one was lost."""
        with self._engine.connect() as connection:
            held = connection.execute(select(_RESULT.c.tables).where(_RESULT.c.key == key)).scalar()
        found: dict[str, pl.DataFrame] = {}
        for name, content in (held or {}).items():
            try:
                found[name] = self._frames.get(content)
            except (NotFoundError, StoreError):
                self._frames.discard(content)
        return found if held is not None and len(found) == len(held) else None

    @_guarded
    def put(self, key: str, tables: dict[str, pl.DataFrame]) -> None:
        """Keep the tables that a step made; what two runs made from the same inputs is the same, so the first is kept."""
        hashes = {name: self.put_table(name, frame) for name, frame in tables.items()}
        try:
            with self._engine.begin() as connection:
                connection.execute(insert(_RESULT).values(key=key, tables=hashes, created=_now()))
        except IntegrityError:
            return

    @_guarded
    def add_version(self, version: Version) -> None:
        """Keep a plan version."""
        self._frames.flush(version.tables.values())
        row = {
            "plan": version.plan,
            "number": version.number,
            "created": version.created,
            "code": version.code,
            "inputs": version.inputs,
            "tables": version.tables,
            "files": list(version.files),
            "figures": version.figures,
        }
        try:
            with self._engine.begin() as connection:
                connection.execute(insert(_VERSION).values(**row))
        except IntegrityError as error:
            raise StoreError(
                f"Plan {version.plan} already has a version {version.name}.", "Run the plan again; another run finished first."
            ) from error

    @_guarded
    def versions(self, plan: str = "") -> list[Version]:
        """Return the versions of a plan, or of all plans, oldest first."""
        query = select(_VERSION).order_by(_VERSION.c.plan, _VERSION.c.number)
        with self._engine.connect() as connection:
            rows = connection.execute(query.where(_VERSION.c.plan == plan) if plan else query).mappings().all()
        return [
            Version(
                row["plan"], row["number"], row["created"], row["code"], row["inputs"], row["tables"], tuple(row["files"]), row["figures"]
            )
            for row in rows
        ]

    def version(self, plan: str, number: int | None = None) -> Version:
        """Return a version of a plan, by default its latest."""
        held = self.versions(plan)
        wanted = held[-1:] if number is None else [version for version in held if version.number == number]
        if not wanted:
            known = ", ".join(version.name for version in held) or "none"
            raise NotFoundError(
                f"Plan {plan} has no version {number or ''}".strip() + ".", f"Versions there are: {known}. Make one with 'equipoise run'."
            )
        return wanted[0]

    @_guarded
    def add_event(self, event_: Event) -> None:
        """Append a line to the record."""
        with self._engine.begin() as connection:
            connection.execute(
                insert(_EVENT).values(
                    at=event_.at,
                    actor=event_.actor,
                    door=event_.door,
                    operation=event_.operation,
                    subject=event_.subject,
                    detail=event_.detail,
                )
            )

    @_guarded
    def events(self) -> list[Event]:
        """Return the record, oldest first."""
        with self._engine.connect() as connection:
            rows = connection.execute(select(_EVENT).order_by(_EVENT.c.id)).mappings().all()
        return [Event(row["at"], row["actor"], row["door"], row["operation"], row["subject"], row["detail"]) for row in rows]


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC).replace(tzinfo=None)


def _careful(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    """SQLite: many readers beside one writer, and nothing acknowledged before it is on disk."""
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=30000", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def open_store(workspace: Path) -> Store:
    """Return the store of a workspace folder, made where there is none yet.

    Raises StoreError where the folder cannot be written.
    """
    folder = workspace / ".equipoise"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"The workspace {workspace} cannot be written: {error.strerror}.", "Choose another with --workspace.") from error
    engine = create_engine(f"sqlite:///{folder / 'store.db'}")
    event.listen(engine, "connect", _careful)
    return SqlStore(engine, FrameFolder(folder / "tables"))
