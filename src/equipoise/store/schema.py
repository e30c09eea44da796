"""The tables of the database. The migrations make them; a test holds the two to each other."""

import datetime as dt
import json
import math

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
)
from sqlalchemy.engine import Dialect

from equipoise.errors import StoreError

SCHEMA_VERSION = 3
METADATA = MetaData()
EPOCH = dt.datetime(1970, 1, 1)  # noqa: DTZ001 - times in the store are UTC without saying so


def canonical(document: object) -> str:
    """Return a document as JSON in the one form that is kept and hashed: keys sorted, no blanks, ASCII.

    Raises StoreError where it holds something that JSON has not, such as a date or not-a-number.
    """
    try:
        return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise StoreError(
            f"A record cannot be kept as JSON: {error}.", "Give text, whole or finite numbers, yes or no, lists and objects; dates as text."
        ) from error


def finite(figures: dict[str, object]) -> dict[str, object]:
    """Return a document with what is no finite number as nothing: JSON has none."""
    return {name: _finite(value) for name, value in figures.items()}


def _finite(value: object) -> object:
    if isinstance(value, dict):
        return finite(value)
    if isinstance(value, list):
        return [_finite(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


class _Canonical(TypeDecorator[object]):
    """A document as canonical JSON; nothing as NULL."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: object, dialect: Dialect) -> str | None:  # noqa: ARG002 - the base class names it
        return None if value is None else canonical(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> object:  # noqa: ARG002 - the base class names it
        return None if value is None else json.loads(value)


STORE = Table("store", METADATA, Column("schema_version", Integer, primary_key=True))
RESULT = Table(
    "result",
    METADATA,
    Column("key", String(64), primary_key=True),
    Column("tables", JSON, nullable=False),
    Column("created", DateTime, nullable=False),
)
VERSION = Table(
    "version",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("plan", String(100), nullable=False, index=True),
    Column("number", Integer, nullable=False),
    Column("created", DateTime, nullable=False),
    Column("code", String(64), nullable=False),
    Column("inputs", JSON, nullable=False),
    Column("tables", JSON, nullable=False),
    Column("files", JSON, nullable=False),
    Column("figures", JSON, nullable=False),
    Column("made", Text, nullable=False, server_default="run"),
    Column("business_unit", Text, nullable=False, server_default=""),
    Column("cycle", Text, nullable=False, server_default=""),
    Column("base", Integer),
    Column("line", Integer, nullable=False, server_default="0"),
    UniqueConstraint("plan", "number"),
)
# One row: the end of the log. Whoever appends locks it first, so that lines are made one after another.
HEAD = Table(
    "head",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("number", Integer, nullable=False),
    Column("hash", Text, nullable=False),
    Column("at", DateTime, nullable=False),
)
LINE = Table(
    "line",
    METADATA,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("at", DateTime, nullable=False),
    Column("actor", Text, nullable=False),
    Column("door", Text, nullable=False),
    Column("operation", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("identity", Text, nullable=False),
    Column("old", _Canonical),
    Column("new", _Canonical),
    Column("reason", Text, nullable=False),
    Column("previous", Text, nullable=False),
    Column("hash", Text, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("batch", Integer, nullable=False),
    Column("business_unit", Text, nullable=False),
    Column("cycle", Text, nullable=False),
    Index("line_of_kind", "kind", "number"),
    Index("line_of_record", "identity", "kind", "revision"),
)
# A record is what its last line says: this table says which line that is.
RECORD = Table(
    "record",
    METADATA,
    Column("kind", Text, primary_key=True),
    Column("identity", Text, primary_key=True),
    Column("number", Integer, ForeignKey("line.number"), nullable=False),
)
COUNTER = Table("counter", METADATA, Column("kind", Text, primary_key=True), Column("last", Integer, nullable=False))
# Each Parquet file: whose content it holds, and the digest of its bytes, so that a damaged one is found when it is read.
FRAME = Table(
    "frame",
    METADATA,
    Column("content", String(64), primary_key=True),
    Column("name", Text, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("bytes", BigInteger, nullable=False),
)
CREDENTIAL = Table(
    "credential",
    METADATA,
    Column("user", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("secret", Text, nullable=False, index=True),
    Column("created", DateTime, nullable=False),
    Column("expires", DateTime),
    Column("failures", Integer, nullable=False),
    Column("last_failure", DateTime),
    Column("last_used", DateTime),
)
JOB = Table(
    "job",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("operation", Text, nullable=False),
    Column("request", JSON, nullable=False),
    Column("actor", Text, nullable=False),
    Column("door", Text, nullable=False),
    Column("state", Text, nullable=False, index=True),
    Column("created", DateTime, nullable=False),
    Column("beat", DateTime, nullable=False),
    Column("worker", Text, nullable=False),
    Column("cancel", Boolean, nullable=False),
    Column("progress", JSON, nullable=False),
    Column("answer", JSON(none_as_null=True)),
    Column("error", JSON(none_as_null=True)),
)
# What was answered to a request that carries a key: status 0 while it is being done.
REPLY = Table(
    "reply",
    METADATA,
    Column("actor", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("asked", String(64), nullable=False),
    Column("at", DateTime, nullable=False, index=True),
    Column("status", Integer, nullable=False),
    Column("body", Text, nullable=False),
)
