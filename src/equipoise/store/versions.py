"""Plan versions in the database, and the line that each has in the log."""

import hashlib
from collections.abc import Collection
from dataclasses import fields, replace

from sqlalchemy import Connection, RowMapping, and_, delete, insert, or_, select

from equipoise.errors import StoreError
from equipoise.store.chain import Entry, append, read_head
from equipoise.store.contract import Document, Signature, Version
from equipoise.store.records import last_revisions
from equipoise.store.schema import VERSION, canonical, finite


def insert_version(connection: Connection, version: Version, by: Signature) -> Version:
    """Keep a version with its line, and return it as it is kept. Raises StoreError where its number is taken."""
    head = read_head(connection, lock=True)
    taken = select(VERSION.c.id).where(VERSION.c.plan == version.plan, VERSION.c.number == version.number)
    if connection.execute(taken).first() is not None:
        raise StoreError(f"Plan {version.plan} already has a version {version.name}.", "Run the plan again; another run finished first.")
    kept = replace(version, line=head.number + 1, figures=finite(version.figures))
    row = {field.name: getattr(kept, field.name) for field in fields(Version)}
    connection.execute(insert(VERSION).values(**{**row, "files": list(kept.files)}))
    entry = version_entry(kept)
    last = last_revisions(connection, [("version", entry.id)]).get(("version", entry.id), 0)  # a draft of that number may have been dropped
    append(connection, head, [replace(entry, revision=last + 1)], by)
    return kept


def delete_versions(connection: Connection, versions: Collection[tuple[str, int]], by: Signature) -> None:
    """Take out drafts, each with its line. Raises StoreError where one stands for good, or one that does was made from it."""
    head = read_head(connection, lock=True)
    entries = []
    gone = set(versions)
    for plan, number in sorted(gone):
        this = and_(VERSION.c.plan == plan, VERSION.c.number == number)
        row = connection.execute(select(VERSION).where(this)).mappings().one_or_none()
        if row is None:
            raise StoreError(f"Plan {plan} has no version v{number:04d}.", "See which there are.")
        if row["made"] != "run":
            raise StoreError(f"Version v{number:04d} of plan {plan} was made by {row['made']}: it stands for good.", "Keep it.")
        made = version_entry(version_of(row))
        last = last_revisions(connection, [("version", made.id)]).get(("version", made.id), 0)
        entries.append(replace(made, old=made.new, new=None, revision=last + 1))
        connection.execute(delete(VERSION).where(this))
    bases = or_(*(and_(VERSION.c.plan == plan, VERSION.c.base == number) for plan, number in sorted(gone)))
    query = select(VERSION.c.plan, VERSION.c.number, VERSION.c.base).where(bases, VERSION.c.made != "run")
    built = connection.execute(query).first()
    if built is not None:
        raise StoreError(f"Version v{built.number:04d} of plan {built.plan} was made from v{built.base:04d}.", "Keep both.")
    append(connection, head, entries, by)


def version_entry(version: Version) -> Entry:
    """Return the line that a version has in the log: what it is, and the hash of all that it says."""
    content = {field.name: getattr(version, field.name) for field in fields(Version) if field.name != "line"}
    content |= {"created": version.created.isoformat(timespec="microseconds"), "files": list(version.files)}
    summary: Document = {name: content[name] for name in ("plan", "number", "created", "code", "made", "base")}
    summary["content"] = hashlib.sha256(canonical(content).encode()).hexdigest()
    return Entry("version", f"{version.plan}/{version.name}", None, summary, 1, version.business_unit, version.cycle)


def version_of(row: RowMapping) -> Version:
    """Return the version that a row of the database holds."""
    values = {field.name: row[field.name] for field in fields(Version)}
    return Version(**{**values, "files": tuple(values["files"])})
