"""Revision 2: the process. Records and a log of which each line holds the hash of the one before; credentials and jobs.

Events become lines: a run the line of its version, a promotion or its withdrawal a record of kind promotion.
"""

import datetime as dt
import hashlib
import json
import math
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "2"
down_revision = "1"

Row = dict[str, Any]
_EPOCH = dt.datetime(1970, 1, 1)  # noqa: DTZ001 - times in the store are UTC without saying so
_EVENT = sa.table(
    "event",
    sa.column("id", sa.Integer),
    sa.column("at", sa.DateTime),
    sa.column("actor"),
    sa.column("door"),
    sa.column("operation"),
    sa.column("subject"),
    sa.column("detail", sa.JSON),
)
_VERSION = sa.table(
    "version",
    sa.column("id", sa.Integer),
    sa.column("plan"),
    sa.column("number", sa.Integer),
    sa.column("created", sa.DateTime),
    sa.column("code"),
    *(sa.column(name, sa.JSON) for name in ("inputs", "tables", "files", "figures")),
    sa.column("line", sa.Integer),
)


def upgrade() -> None:
    """Make the new tables, carry the events over, and take their table out."""
    head, line, record = _make_log()
    _make_others()
    for name, kind, default in (("made", sa.Text, "run"), ("business_unit", sa.Text, ""), ("cycle", sa.Text, "")):
        op.add_column("version", sa.Column(name, kind, nullable=False, server_default=default))
    op.add_column("version", sa.Column("base", sa.Integer))
    op.add_column("version", sa.Column("line", sa.Integer, nullable=False, server_default="0"))
    last: Row = {"number": 0, "hash": "", "at": _EPOCH}
    pointers: dict[tuple[str, str], int] = {}
    for entry in _entries():
        last = _chained(entry, last)
        op.bulk_insert(line, [{**last, "old": _text(last["old"]), "new": _text(last["new"])}])
        if last["kind"] == "version" and last["revision"]:
            _number_version(last)
        elif last["revision"]:
            pointers.pop((last["kind"], last["identity"]), None)
            if last["new"] is not None:
                pointers[last["kind"], last["identity"]] = last["number"]
    op.bulk_insert(record, [{"kind": kind, "identity": identity, "number": number} for (kind, identity), number in pointers.items()])
    op.bulk_insert(head, [{"id": 1, "number": last["number"], "hash": last["hash"], "at": last["at"]}])
    op.drop_table("event")
    op.execute("UPDATE store SET schema_version = 2")


def _make_log() -> tuple[sa.Table, sa.Table, sa.Table]:
    head = op.create_table(
        "head",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("hash", sa.Text, nullable=False),
        sa.Column("at", sa.DateTime, nullable=False),
    )
    line = op.create_table(
        "line",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("at", sa.DateTime, nullable=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("actor", "door", "operation", "kind", "identity")),
        *(sa.Column(name, sa.Text) for name in ("old", "new")),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("reason", "previous", "hash")),
        *(sa.Column(name, sa.Integer, nullable=False) for name in ("revision", "batch")),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("business_unit", "cycle")),
    )
    op.create_index("line_of_kind", "line", ["kind", "number"])
    op.create_index("line_of_record", "line", ["identity", "kind", "revision"])
    record = op.create_table(
        "record",
        sa.Column("kind", sa.Text, primary_key=True),
        sa.Column("identity", sa.Text, primary_key=True),
        sa.Column("number", sa.Integer, sa.ForeignKey("line.number"), nullable=False),
    )
    return head, line, record


def _make_others() -> None:
    op.create_table("counter", sa.Column("kind", sa.Text, primary_key=True), sa.Column("last", sa.Integer, nullable=False))
    op.create_table(
        "frame",
        sa.Column("content", sa.String(64), primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("bytes", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "credential",
        *(sa.Column(name, sa.Text, primary_key=True) for name in ("user", "kind", "name")),
        sa.Column("secret", sa.Text, nullable=False),
        sa.Column("created", sa.DateTime, nullable=False),
        sa.Column("expires", sa.DateTime),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("last_failure", sa.DateTime),
        sa.Column("last_used", sa.DateTime),
    )
    op.create_index("ix_credential_secret", "credential", ["secret"])
    op.create_table(
        "job",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("operation", sa.Text, nullable=False),
        sa.Column("request", sa.JSON, nullable=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("actor", "door", "state")),
        *(sa.Column(name, sa.DateTime, nullable=False) for name in ("created", "beat")),
        sa.Column("worker", sa.Text, nullable=False),
        sa.Column("cancel", sa.Boolean, nullable=False),
        sa.Column("progress", sa.JSON, nullable=False),
        sa.Column("answer", sa.JSON),
        sa.Column("error", sa.JSON),
    )
    op.create_index("ix_job_state", "job", ["state"])


def _entries() -> Iterator[Row]:
    """Give what each line is to say: the events in their order, then versions that have no event."""
    connection = op.get_bind()
    versions = {f"{row['plan']} v{row['number']:04d}": dict(row) for row in connection.execute(sa.select(_VERSION)).mappings()}
    held: dict[str, tuple[int, Row | None]] = {}
    for row in connection.execute(sa.select(_EVENT).order_by(_EVENT.c.id)).mappings().all():
        signed: Row = {"at": row["at"], "actor": row["actor"], "door": row["door"], "operation": row["operation"]}
        detail = _finite(dict(row["detail"] or {}))
        if row["operation"] in {"promote", "withdraw"}:
            yield _promotion(row["subject"], row["operation"], detail, held) | signed
        elif row["operation"] == "run" and row["subject"] in versions:
            yield _version(versions.pop(row["subject"])) | signed
        else:
            yield {"kind": row["operation"], "identity": row["subject"], "new": detail, **signed}
    for version in sorted(versions.values(), key=lambda one: (one["created"], one["plan"], one["number"])):
        yield _version(version) | {"at": version["created"], "actor": "", "door": "", "operation": "run"}


def _promotion(plan: str, operation: str, detail: Row, held: dict[str, tuple[int, Row | None]]) -> Row:
    """Return the line of a promotion, or of its withdrawal; an older event has its overrides in one list."""
    identity = f"{plan}/{detail['name']}"
    revision_, old = held.get(identity, (0, None))
    new = {
        "plan": plan,
        "promotion": detail["name"],
        "kind": detail.get("kind", "scenario"),
        "reason": detail.get("reason", ""),
        "batches": detail.get("batches", [detail.get("overrides", [])]),
    }
    held[identity] = (revision_ + 1, new if operation == "promote" else None)
    reason = str(detail.get("reason", ""))
    return {"kind": "promotion", "identity": identity, "old": old, "new": held[identity][1], "reason": reason, "revision": revision_ + 1}


def _version(row: Row) -> Row:
    """Return the line of a version: what it is, and the hash of all that it says."""
    content = {name: row[name] for name in ("plan", "number", "code", "inputs", "tables", "files")}
    content |= {"created": row["created"].isoformat(timespec="microseconds"), "figures": _finite(row["figures"])}
    content |= {"made": "run", "business_unit": "", "cycle": "", "base": None}
    summary = {name: content[name] for name in ("plan", "number", "created", "code", "made", "base")}
    summary["content"] = hashlib.sha256(_canonical(content).encode()).hexdigest()
    return {"kind": "version", "identity": f"{row['plan']}/v{row['number']:04d}", "new": summary, "revision": 1}


def _number_version(line: Row) -> None:
    """Write the number of its line into a version."""
    new = line["new"]
    this = (_VERSION.c.plan == new["plan"]) & (_VERSION.c.number == new["number"])
    connection = op.get_bind()
    figures = connection.execute(sa.select(_VERSION.c.figures).where(this)).scalar()
    connection.execute(sa.update(_VERSION).where(this).values(line=line["number"], figures=_finite(figures or {})))


def _chained(entry: Row, last: Row) -> Row:
    """Return the line that an entry becomes behind the last: its time is never before that of the last."""
    number = last["number"] + 1
    line: Row = {
        "number": number,
        "at": max(entry["at"], last["at"]),
        **{name: entry.get(name, "") for name in ("actor", "door", "operation", "kind", "identity", "reason")},
        "old": entry.get("old"),
        "new": entry.get("new"),
        "previous": last["hash"],
        "revision": entry.get("revision", 0),
        "batch": number,
        "business_unit": "",
        "cycle": "",
    }
    hashed = {("id" if name == "identity" else name): value for name, value in line.items()}
    hashed["at"] = line["at"].isoformat(timespec="microseconds")
    return {**line, "hash": hashlib.sha256(_canonical(hashed).encode()).hexdigest()}


def _canonical(document: object) -> str:
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def _text(document: object) -> str | None:
    return None if document is None else _canonical(document)


def _finite(document: Row) -> Row:
    """Return a document with what is no finite number as nothing: JSON has none, and PostgreSQL refuses it."""
    return {name: _finite_value(value) for name, value in document.items()}


def _finite_value(value: object) -> object:
    if isinstance(value, dict):
        return _finite(value)
    if isinstance(value, list):
        return [_finite_value(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
