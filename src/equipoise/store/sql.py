"""The store on SQLAlchemy Core: one implementation for SQLite and PostgreSQL. Only this package uses SQLAlchemy."""

import datetime as dt
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, fields
from pathlib import Path

import polars as pl
from sqlalchemy import Connection, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from equipoise.errors import Fault, NotFoundError, StoreError
from equipoise.store.archive import read_backup, write_backup
from equipoise.store.chain import Entry, append, line_of, read_head, utc_now
from equipoise.store.clearing import collect_garbage
from equipoise.store.contract import GRACE, Change, Credential, Document, Job, JobState, Line, Record, Reply, Seen, Signature, Version
from equipoise.store.database import Database, guarded, upsert
from equipoise.store.frames import Kept, get_frame, put_frame
from equipoise.store.records import change_records, find_record, find_records
from equipoise.store.schema import (
    CREDENTIAL,
    FRAME,
    JOB,
    LINE,
    REPLY,
    RESULT,
    VERSION,
)
from equipoise.store.shelf import Shelf
from equipoise.store.verification import verify_log, verify_tables
from equipoise.store.versions import delete_versions, insert_version, version_of


class SqlStore:
    """A store in a database, with its tables as Parquet files in a folder. It meets the contract `Store`."""

    def __init__(self, database: Database, shelf: Shelf) -> None:
        self._database = database
        self._shelf = shelf
        self._new: dict[str, Kept] = {}
        self._versions: dict[tuple[object, ...], Version] = {}

    # Tables and results of steps

    @guarded
    def close(self) -> None:
        """Let go of the database; the store is opened again by its next use."""
        self._database.engine.dispose()

    def put_table(self, name: str, frame: pl.DataFrame) -> str:
        """Keep a table and return the hash of its content."""
        content, kept = put_frame(self._shelf, name, frame)
        if kept is not None:
            self._new[content] = kept  # goes into the database with the version or result that names it
        return content

    @guarded
    def table(self, content: str) -> pl.DataFrame:
        """Return the table of that content hash."""
        with self._database.read() as connection:
            kept = known_frames(connection, [content])
        return get_frame(self._shelf, content, kept.get(content))

    @guarded
    def get(self, key: str) -> dict[str, pl.DataFrame] | None:
        """Return the tables kept under `key`; None where there are none or where one was lost."""
        with self._database.read() as connection:
            held: dict[str, str] | None = connection.execute(select(RESULT.c.tables).where(RESULT.c.key == key)).scalar()
            kept = known_frames(connection, (held or {}).values())
        found: dict[str, pl.DataFrame] = {}
        for name, content in (held or {}).items():
            try:
                found[name] = get_frame(self._shelf, content, kept.get(content))
            except (NotFoundError, StoreError):
                self._shelf.discard(self._shelf.path(content))
        return found if held is not None and len(found) == len(held) else None

    @guarded
    def put(self, key: str, tables: dict[str, pl.DataFrame]) -> None:
        """Keep the tables that a step made; what two runs made from the same inputs is the same, so the first is kept."""
        hashes = {name: self.put_table(name, frame) for name, frame in tables.items()}

        def keep(connection: Connection) -> None:
            self._know(connection, hashes.values())
            upsert(connection, RESULT, ("key",), [{"key": key, "tables": hashes, "created": utc_now()}], replaced=())

        self._database.write(keep)
        self._forget_new(hashes.values())

    def _know(self, connection: Connection, contents: Iterable[str]) -> None:
        """Write what is known of the files that this process has written of those tables."""
        rows = [asdict(self._new[content]) for content in sorted(set(contents)) if content in self._new]
        upsert(connection, FRAME, ("content",), rows)

    def _forget_new(self, contents: Iterable[str]) -> None:
        for content in contents:
            self._new.pop(content, None)

    # Records and the audit log

    @guarded
    def change(self, changes: Sequence[Change], by: Signature, seen: Seen | None = None) -> list[Record]:
        """Make all the changes or none, each with its line in the audit log, and return the records as they are now."""
        return self._database.write(lambda connection: change_records(connection, changes, by, seen)) if changes else []

    @guarded
    def records(
        self, kind: str, *, business_unit: str | None = None, cycle: str | None = None, status: Collection[str] = ()
    ) -> list[Record]:
        """Return the records of a kind, in the order of their last change; with `status` those in one of these, or that have none."""
        with self._database.read() as connection:
            return find_records(connection, kind, business_unit, cycle, status)

    @guarded
    def record(self, kind: str, identity: str) -> Record:
        """Return a record. Raises NotFoundError, naming the nearest, where there is none."""
        with self._database.read() as connection:
            return find_record(connection, kind, identity)

    @guarded
    def note(self, kind: str, identity: str, detail: Document, by: Signature) -> Line:
        """Append a line about something that is not a record."""
        entry = Entry(kind, identity, None, detail)
        return self._database.write(lambda connection: append(connection, read_head(connection, lock=True), [entry], by))[0]

    @guarded
    def lines(self, *, after: int = 0, kind: str = "", identity: str = "", limit: int = 0) -> list[Line]:
        """Return lines of the audit log, oldest first."""
        query = select(LINE).where(LINE.c.number > after).order_by(LINE.c.number)
        query = query.where(LINE.c.kind == kind) if kind else query
        query = query.where(LINE.c.identity == identity) if identity else query
        with self._database.read() as connection:
            return [line_of(row) for row in connection.execute(query.limit(limit) if limit else query).mappings()]

    @guarded
    def head(self) -> tuple[int, str]:
        """Return number and hash of the last line of the audit log; 0 and empty where there is none."""
        with self._database.read() as connection:
            head = read_head(connection)
        return head.number, head.hash

    @guarded
    def verify(self, anchors: Mapping[int, str] | None = None) -> list[Fault]:
        """Return what is wrong with the audit log, the records and versions beside it, and the tables of versions."""
        with self._database.read() as connection:
            faults = verify_log(connection, anchors or {})
            held = [version_of(row) for row in connection.execute(select(VERSION)).mappings()]
        return faults + verify_tables(self._shelf, held)

    # Versions

    @guarded
    def add_version(self, version: Version, by: Signature) -> Version:
        """Keep a plan version with its line in the audit log, and return it with `line` filled."""
        contents = version.tables.values()
        self._shelf.flush(contents)

        def add(connection: Connection) -> Version:
            kept = insert_version(connection, version, by)
            self._know(connection, contents)
            # Under the lock that clearing away takes too: no table can go between this look and the version.
            if self._shelf.absent(contents):
                raise StoreError(f"Tables of {version.plan} {version.name} are no longer there.", "Run the plan again.")
            return kept

        kept = self._database.write(add)
        self._forget_new(contents)
        return kept

    @guarded
    def versions(self, plan: str = "") -> list[Version]:
        """Return the versions of a plan, or of all plans, oldest first."""
        query = select(VERSION.c.id, VERSION.c.created, VERSION.c.line).order_by(VERSION.c.plan, VERSION.c.number)
        with self._database.read() as connection:
            held = [tuple(row) for row in connection.execute(query.where(VERSION.c.plan == plan) if plan else query)]
            # a version never changes; another that got the number of one that was cleared away was made at another time
            if new := {row[0]: row for row in held if row not in self._versions}:
                whole = connection.execute(select(VERSION).where(VERSION.c.id.in_(list(new)))).mappings()
                self._versions |= {new[one["id"]]: version_of(one) for one in whole}
        return [self._versions[row] for row in held]

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

    @guarded
    def drop_versions(self, versions: Collection[tuple[str, int]], by: Signature) -> None:
        """Take out draft versions, each with its line."""
        if versions:
            self._database.write(lambda connection: delete_versions(connection, versions, by))

    @guarded
    def collect(self, *, results_before: dt.datetime, grace: dt.timedelta = GRACE) -> tuple[int, int]:
        """Delete results of steps made before, and tables that nothing names; return tables and bytes."""
        return collect_garbage(self._database, self._shelf, results_before, grace)

    # Credentials and jobs

    @guarded
    def put_credential(self, credential: Credential) -> None:
        """Keep a credential; one of the same user, kind and name is replaced."""
        values = {field.name: getattr(credential, field.name) for field in fields(Credential)}
        self._database.write(lambda connection: upsert(connection, CREDENTIAL, ("user", "kind", "name"), [values]))

    @guarded
    def replace_credential(self, old: Credential, new: Credential) -> bool:
        """Keep `new` in place of `old` where it still is as `old` says; return whether it was."""
        same = [CREDENTIAL.c[field.name].is_not_distinct_from(getattr(old, field.name)) for field in fields(Credential)]
        query = update(CREDENTIAL).where(*same).values({field.name: getattr(new, field.name) for field in fields(Credential)})
        return self._database.write(lambda connection: int(connection.execute(query).rowcount)) == 1

    @guarded
    def credentials(self, *, user: str = "", kind: str = "", secret: str = "") -> list[Credential]:
        """Return credentials by user, kind or hash of the secret."""
        query = select(CREDENTIAL).order_by(CREDENTIAL.c.user, CREDENTIAL.c.kind, CREDENTIAL.c.name)
        for column, value in ((CREDENTIAL.c.user, user), (CREDENTIAL.c.kind, kind), (CREDENTIAL.c.secret, secret)):
            query = query.where(column == value) if value else query
        with self._database.read() as connection:
            return [Credential(**row) for row in connection.execute(query).mappings()]

    @guarded
    def drop_credential(self, user: str, kind: str, name: str = "") -> int:
        """Take out credentials; without a name all of the kind. Returns how many."""
        query = delete(CREDENTIAL).where(CREDENTIAL.c.user == user, CREDENTIAL.c.kind == kind)
        query = query.where(CREDENTIAL.c.name == name) if name else query
        return self._database.write(lambda connection: int(connection.execute(query).rowcount))

    @guarded
    def put_job(self, job: Job) -> None:
        """Keep a job; one of the same id is replaced, but a cancel once asked for stays."""
        values = {field.name: getattr(job, field.name) for field in fields(Job)}
        values["progress"] = list(job.progress)
        replaced = tuple(name for name in values if name not in {"id", "cancel"} or (name == "cancel" and job.cancel))
        self._database.write(lambda connection: upsert(connection, JOB, ("id",), [values], replaced=replaced))

    @guarded
    def jobs(self, *, state: str = "", identity: str = "") -> list[Job]:
        """Return jobs, oldest first."""
        query = select(JOB).order_by(JOB.c.created, JOB.c.id)
        query = query.where(JOB.c.state == state) if state else query
        query = query.where(JOB.c.id == identity) if identity else query
        with self._database.read() as connection:
            return [Job(**{**row, "progress": tuple(row["progress"])}) for row in connection.execute(query).mappings()]

    @guarded
    def update_job(self, job: Job) -> Job | None:
        """Keep what the worker of a job says of it; None where another has it now."""
        values = {field.name: getattr(job, field.name) for field in fields(Job) if field.name not in {"id", "worker", "cancel"}}
        values["progress"] = list(job.progress)
        query = update(JOB).where(JOB.c.id == job.id, JOB.c.worker == job.worker).values(values)
        if not self._database.write(lambda connection: connection.execute(query).rowcount):
            return None
        return next(iter(self.jobs(identity=job.id)), None)

    @guarded
    def drop_jobs(self, before: dt.datetime) -> int:
        """Take out jobs that had ended before; return how many."""
        ended = JOB.c.state.in_(["done", "failed", "cancelled"])
        query = delete(JOB).where(ended, JOB.c.beat < before)
        return self._database.write(lambda connection: int(connection.execute(query).rowcount))

    @guarded
    def move_job(self, identity: str, was: JobState, now: JobState, worker: str = "") -> bool:
        """Put a job from the state `was` into `now`; return False where it is in another."""
        this = update(JOB).where(JOB.c.id == identity, JOB.c.state == was)
        query = this.values(state=now, worker=worker, beat=utc_now(), **({"cancel": False} if now == "queued" else {}))
        return bool(self._database.write(lambda connection: connection.execute(query).rowcount))

    @guarded
    def cancel_job(self, identity: str) -> None:
        """Ask a job to stop. Raises NotFoundError where there is none."""
        query = update(JOB).where(JOB.c.id == identity).values(cancel=True)
        if not self._database.write(lambda connection: connection.execute(query).rowcount):
            raise NotFoundError(f"There is no job {identity}.", "See which there are with: equipoise job list.")

    @guarded
    def claim_reply(self, reply: Reply) -> Reply | None:
        """Keep that a request is being done, and return nothing; where its key was used already, what is known of that request."""
        mine = (REPLY.c.actor == reply.actor, REPLY.c.key == reply.key)

        def claim(connection: Connection) -> Reply | None:
            held = connection.execute(select(REPLY).where(*mine)).mappings().first()
            if held is not None:
                return Reply(**held)
            connection.execute(insert(REPLY).values({field.name: getattr(reply, field.name) for field in fields(Reply)}))
            return None

        try:
            return self._database.write(claim)
        except IntegrityError:  # another claimed it in the same moment
            return self._database.write(claim)

    @guarded
    def put_reply(self, reply: Reply) -> None:
        """Keep what was answered to a claimed request."""
        query = update(REPLY).where(REPLY.c.actor == reply.actor, REPLY.c.key == reply.key).values(status=reply.status, body=reply.body)
        self._database.write(lambda connection: connection.execute(query))

    @guarded
    def drop_replies(self, before: dt.datetime, actor: str = "", key: str = "") -> int:
        """Take out replies from before, by default of all actors and keys; return how many."""
        query = delete(REPLY).where(REPLY.c.at < before)
        query = query.where(REPLY.c.actor == actor, REPLY.c.key == key) if key else query
        return self._database.write(lambda connection: int(connection.execute(query).rowcount))

    @guarded
    def backup(self, target: str) -> Document:
        """Write database and tables, consistent with each other, to one file; return its manifest."""
        return write_backup(self._database, self._shelf, Path(target))

    @guarded
    def restore(self, source: str, by: Signature, *, replace: bool = False) -> Document:
        """Put what a backup holds into this store, all or nothing, and return the backup's manifest."""
        return read_backup(self._database, self._shelf, Path(source), by, replace=replace)


def known_frames(connection: Connection, contents: Iterable[str]) -> dict[str, Kept]:
    """Return what is known of the files of those tables."""
    rows = connection.execute(select(FRAME).where(FRAME.c.content.in_(sorted(set(contents))))).mappings()
    return {row["content"]: Kept(**row) for row in rows}
