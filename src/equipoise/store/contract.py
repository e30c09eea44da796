"""What a store must do, whatever holds it."""

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol

from equipoise.errors import Fault

if TYPE_CHECKING:  # the contract is read where nothing heavy may be loaded
    import polars as pl

Document = dict[str, object]
GRACE = dt.timedelta(hours=1)
Occasion = Literal["run", "submit", "promote", "approve"]


@dataclass(frozen=True, slots=True)
class Signature:
    """Who does something, through which door, with which operation, and why."""

    actor: str
    door: str
    operation: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Record:
    """Something kept: an override, a decision, a task. Its document has the columns of the kept table `kind` names.

    `revision` counts its changes from 1. `number` is the audit line of its last change, `batch` the first line of the call that made it:
    what was changed in one call has one batch, and later batches have higher ones.
    """

    kind: str
    id: str
    revision: int
    number: int
    batch: int
    business_unit: str
    cycle: str
    document: Document
    changed_at: dt.datetime
    changed_by: str


@dataclass(frozen=True, slots=True)
class Change:
    """A record as it shall be; without a document it is taken out.

    Without an id the store gives the next: decision-7. `revision` is the one the change was made on, 0 where there must be none yet;
    None overwrites whatever is there. Where `business_unit` or `cycle` is empty, those of a record that is there stay.
    """

    kind: str
    document: Document | None
    id: str = ""
    revision: int | None = None
    business_unit: str = ""
    cycle: str = ""


@dataclass(frozen=True, slots=True)
class Seen:
    """What a change rests on beside the records that it changes: all of a kind in a business unit, as they were up to a line of the log."""

    kind: str
    business_unit: str
    line: int


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the audit log: who, when, what, old, new, why, through which door. `hash` is over the line and the `previous` hash.

    Lines are in the order of their number; `at` is never before that of the line before, even where the clock was set back. A line that
    changes a record has its new `revision`, and the record is what its last such line says; a note has revision 0.
    """

    number: int
    at: dt.datetime
    actor: str
    door: str
    operation: str
    kind: str
    id: str
    old: Document | None
    new: Document | None
    reason: str
    previous: str
    hash: str
    revision: int = 0
    batch: int = 0
    business_unit: str = ""
    cycle: str = ""


@dataclass(frozen=True, slots=True)
class Version:
    """An immutable plan version: what it was made from (`inputs`: file to content hash) and the tables it made (name to hash).

    `made` says on which occasion. Versions of the occasion run are the draft: they may be cleared away; all others stand for good.
    `base` is the number of the version that it was made from. `line` is its own line in the audit log, of kind `version` and id
    PLAN/v0001: what is written there stands for the whole log up to it.
    """

    plan: str
    number: int
    created: dt.datetime
    code: str
    inputs: dict[str, str] = field(default_factory=dict)
    tables: dict[str, str] = field(default_factory=dict)
    files: tuple[str, ...] = ()
    figures: dict[str, object] = field(default_factory=dict)
    made: Occasion = "run"
    business_unit: str = ""
    cycle: str = ""
    base: int | None = None
    line: int = 0

    @property
    def name(self) -> str:
        """The version as printed: v0001."""
        return f"v{self.number:04d}"


@dataclass(frozen=True, slots=True)
class Credential:
    """What proves who somebody is: a password, a token or a session, as a hash only. Never in the audit log."""

    user: str
    kind: Literal["password", "token", "session"]
    name: str
    secret: str
    created: dt.datetime
    expires: dt.datetime | None = None
    failures: int = 0
    last_failure: dt.datetime | None = None
    last_used: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """What was answered to a request with a key of the actor's own; `status` is 0 and `body` empty while it is being done."""

    actor: str
    key: str
    asked: str
    """Hash of what was asked."""
    at: dt.datetime
    status: int = 0
    body: str = ""


JobState = Literal["queued", "running", "done", "failed", "cancelled", "interrupted"]


@dataclass(frozen=True, slots=True)
class Job:
    """A long operation: what was asked by whom, how far it is, and its answer or error. `beat` is when its process last said it lives."""

    id: str
    operation: str
    request: Document
    actor: str
    door: str
    state: JobState
    created: dt.datetime
    beat: dt.datetime
    worker: str = ""
    cancel: bool = False
    progress: tuple[str, ...] = ()
    answer: Document | None = None
    error: Document | None = None


class Store(Protocol):
    """The only record. Whatever it has acknowledged is kept; a failed write leaves what was there. Methods raise StoreError."""

    def put_table(self, name: str, frame: "pl.DataFrame") -> str:
        """Keep a table and return the hash of its content; a table already kept is not written again."""

    def table(self, content: str) -> "pl.DataFrame":
        """Return the table of that content hash. Raises NotFoundError where there is none, StoreError where it is damaged."""

    def get(self, key: str) -> "dict[str, pl.DataFrame] | None":
        """Return the tables that a step made from the inputs that `key` stands for, or None."""

    def put(self, key: str, tables: "dict[str, pl.DataFrame]") -> None:
        """Keep the tables that a step made."""

    def change(self, changes: Sequence[Change], by: Signature, seen: Seen | None = None) -> list[Record]:
        """Make all the changes or none, each with its line in the audit log, and return the records as they are now.

        Raises ConflictError, with a fault for each, where a record has changed since the revision that the change was made on, is there
        already or is gone, or where one of those `seen` was made or changed since: it says what it is now, who changed it and when.
        """

    def records(
        self, kind: str, *, business_unit: str | None = None, cycle: str | None = None, status: Collection[str] = ()
    ) -> list[Record]:
        """Return the records of a kind, in the order of their last change; with `status` those in one of these, or that have none."""

    def record(self, kind: str, identity: str) -> Record:
        """Return a record. Raises NotFoundError, naming the nearest, where there is none."""

    def note(self, kind: str, identity: str, detail: Document, by: Signature) -> Line:
        """Append a line about something that is not a record: a run, a log-in, an export."""

    def lines(self, *, after: int = 0, kind: str = "", identity: str = "", limit: int = 0) -> list[Line]:
        """Return lines of the audit log, oldest first."""

    def head(self) -> tuple[int, str]:
        """Return number and hash of the last line of the audit log; 0 and empty where there is none."""

    def verify(self, anchors: Mapping[int, str] | None = None) -> list[Fault]:
        """Return what is wrong with the audit log: changed, missing, reordered or added lines, records and versions that are not what their
        last line says, tables that are missing or damaged. `anchors` are line numbers with the hashes that they had, from outside.
        """

    def add_version(self, version: Version, by: Signature) -> Version:
        """Keep a plan version with its line in the audit log, and return it with `line` filled. StoreError where its number is taken."""

    def versions(self, plan: str = "") -> list[Version]:
        """Return the versions of a plan, or of all plans, oldest first."""

    def version(self, plan: str, number: int | None = None) -> Version:
        """Return a version of a plan, by default its latest. Raises NotFoundError where there is none."""

    def drop_versions(self, versions: Collection[tuple[str, int]], by: Signature) -> None:
        """Take out draft versions, each with its line.

        Raises StoreError where one is not of the occasion run, or where one that stands for good was made from it.
        """

    def collect(self, *, results_before: dt.datetime, grace: dt.timedelta = GRACE) -> tuple[int, int]:
        """Delete results of steps made before, and tables that no version, result or record names; return tables and bytes.

        Files younger than `grace` are left alone: they may belong to a run at work.
        """

    def put_credential(self, credential: Credential) -> None:
        """Keep a credential; one of the same user, kind and name is replaced."""

    def replace_credential(self, old: Credential, new: Credential) -> bool:
        """Keep `new` in place of `old`, of the same user, kind and name, where it still is as `old` says; return whether it was.

        One that has been taken out is never made again, and of two that count a failure at once one is told to look again.
        """

    def credentials(self, *, user: str = "", kind: str = "", secret: str = "") -> list[Credential]:
        """Return credentials by user, kind or hash of the secret."""

    def drop_credential(self, user: str, kind: str, name: str = "") -> int:
        """Take out credentials; without a name all of the kind. Returns how many."""

    def put_job(self, job: Job) -> None:
        """Keep a job; one of the same id is replaced, but a cancel once asked for stays."""

    def jobs(self, *, state: str = "", identity: str = "") -> list[Job]:
        """Return jobs, oldest first."""

    def update_job(self, job: Job) -> Job | None:
        """Keep what the worker of a job says of it, but not a cancel, and return the job as it is then; None, nothing changed, where it is
        gone or another worker has it now.
        """

    def move_job(self, identity: str, was: JobState, now: JobState, worker: str = "") -> bool:
        """Put a job from the state `was` into `now`, with the worker who has it; return False, nothing changed, where it is in another.

        Of several who try, one gets it.
        """

    def drop_jobs(self, before: dt.datetime) -> int:
        """Take out jobs that had ended before: done, failed or cancelled; return how many."""

    def cancel_job(self, identity: str) -> None:
        """Ask a job to stop. Raises NotFoundError where there is none."""

    def claim_reply(self, reply: Reply) -> Reply | None:
        """Keep that a request is being done, and return nothing; where its key was used already, what is known of that request."""

    def put_reply(self, reply: Reply) -> None:
        """Keep what was answered to a claimed request."""

    def drop_replies(self, before: dt.datetime, actor: str = "", key: str = "") -> int:
        """Take out replies from before, by default of all actors and keys; return how many."""

    def backup(self, target: str) -> Document:
        """Write database and tables, consistent with each other, to one file; return its manifest.

        Sessions and results of steps are left out; tables that are missing or damaged too, but they are named (`lost`).
        """

    def restore(self, source: str, by: Signature, *, replace: bool = False) -> Document:
        """Put what a backup holds into this store, all or nothing, with a line that says so, and return the backup's manifest.

        Chain and tables are checked before any of it can be seen. Raises StoreError where the store is not empty and `replace` is not
        said, or where the backup is damaged or of another schema.
        """

    def close(self) -> None:
        """Let go of the database; the store is opened again by its next use."""
