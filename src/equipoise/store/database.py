"""Connections to the database: what is written is written whole and is on disk before it is acknowledged, and waits while others write."""

import functools
import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from threading import Lock
from typing import ParamSpec, TypeVar

from sqlalchemy import URL, Connection, Engine, Table, create_engine, event, make_url
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, OperationalError, SQLAlchemyError
from sqlalchemy.pool import ConnectionPoolEntry

from equipoise.errors import StoreError
from equipoise.store.location import without_password

_P = ParamSpec("_P")
_T = TypeVar("_T")
_ATTEMPTS = 8
_JITTER = random.SystemRandom()  # no number of a plan depends on it
# PostgreSQL: transactions that were rolled back and may be tried again: serialisation, deadlock, lock not had in time.
_AGAIN = {"40001", "40P01", "55P03"}


def guarded(method: Callable[_P, _T]) -> Callable[_P, _T]:
    """Turn a database fault into a StoreError that says what to do."""

    @functools.wraps(method)
    def guarded_(*args: _P.args, **kwargs: _P.kwargs) -> _T:
        try:
            return method(*args, **kwargs)
        except SQLAlchemyError as error:
            raise in_words(error) from error

    return guarded_


def in_words(error: SQLAlchemyError) -> StoreError:
    """Return a database fault as a StoreError."""
    cause = without_password((str(getattr(error, "orig", None) or error).strip() or type(error).__name__).splitlines()[0])
    if getattr(error, "connection_invalidated", False):
        return StoreError(f"The connection to the database was lost: {cause}.", "Look whether the last change is there, then try again.")
    return StoreError(f"The store cannot be read or written: {cause}.", "Check that it can be reached and written, and has space.")


class Database:
    """A database: reads see one state of it, writes come one after another."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._writing = engine.execution_options(equipoise_write=True)
        # SQLite's writers ask again after naps, and may be passed over for long; those of one process need not nap.
        self._turn: AbstractContextManager[object] = Lock() if self.dialect == "sqlite" else nullcontext()

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return self.engine.dialect.name

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Open a transaction that sees one state of the database, whatever is written meanwhile."""
        with self.engine.connect() as connection:
            if self.dialect == "postgresql":
                connection.execution_options(isolation_level="REPEATABLE READ")
            with connection.begin():
                yield connection

    def write(self, work: Callable[[Connection], _T]) -> _T:
        """Do `work` in one transaction and return what it returns; while others write, wait and try again.

        What was not acknowledged for want of a connection is not tried again: it may have been written.
        """
        for attempt in range(1, _ATTEMPTS):
            try:
                return self._write(work)
            except OperationalError as error:
                if not _busy(error):
                    raise
                time.sleep(_JITTER.uniform(0, 0.05 * 2**attempt))
        return self._write(work)

    def _write(self, work: Callable[[Connection], _T]) -> _T:
        with self._turn, self._writing.begin() as connection:
            return work(connection)


def _busy(error: OperationalError) -> bool:
    return "database is locked" in str(error.orig) or getattr(error.orig, "sqlstate", None) in _AGAIN


def sqlite_database(file: str) -> Database:
    """Return a SQLite file as database: many readers beside one writer, and nothing acknowledged before it is on disk."""
    engine = create_engine(URL.create("sqlite", database=file), hide_parameters=True)

    @event.listens_for(engine, "connect")
    def careful(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
        connection.isolation_level = None  # transactions are begun below, not guessed by the driver
        cursor = connection.cursor()
        for pragma in ("busy_timeout=10000", "journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("equipoise_write", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return Database(engine)


def server_database(url: str) -> Database:
    """Return the PostgreSQL database at a URL. Raises StoreError where the URL or its driver is no good; its password is never told."""

    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        raise StoreError("The store's URL cannot be read.", "Give one such as postgresql://USER:PASSWORD@HOST/DATABASE.") from None
    try:
        engine = create_engine(
            parsed.set(drivername="postgresql+psycopg"),
            hide_parameters=True,
            pool_pre_ping=True,
            pool_size=5,
            max_overflow=20,
            pool_timeout=60,
            connect_args={"connect_timeout": 10},
        )
    except (ModuleNotFoundError, NoSuchModuleError):
        raise StoreError("The driver of PostgreSQL is not installed.", "Install it with: pip install 'equipoise[team]'.") from None

    @event.listens_for(engine, "connect")
    def careful(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
        cursor = connection.cursor()
        # A process that hangs must not hold the log against all others for ever.
        for setting in ("lock_timeout = '60s'", "idle_in_transaction_session_timeout = '300s'", "timezone = 'UTC'"):
            cursor.execute(f"SET {setting}")
        cursor.close()
        connection.commit()

    return Database(engine)


def upsert(
    connection: Connection,
    table: Table,
    keys: Sequence[str],
    rows: Sequence[Mapping[str, object]],
    *,
    replaced: Sequence[str] | None = None,
) -> None:
    """Insert rows; where a key is there, replace the columns `replaced`, by default all."""
    if not rows:
        return
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    query = dialect.insert(table)
    names = [name for name in rows[0] if name not in keys] if replaced is None else replaced
    if names:
        query = query.on_conflict_do_update(index_elements=list(keys), set_={name: query.excluded[name] for name in names})
    else:
        query = query.on_conflict_do_nothing()
    connection.execute(query, [dict(row) for row in rows])
