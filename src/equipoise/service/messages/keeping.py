"""What auditing, backup, restore and clearing away are asked and answer."""

import datetime as dt
from typing import Annotated

from pydantic import Field

from equipoise.service.messages.message import Message, PagedRequest, PlanRequest


class AuditVerifyRequest(PlanRequest):
    """Check that the record is what was written: the chain of its log, records, versions and tables."""

    anchor: Annotated[list[str], Field(description="Line and hash noted outside, such as 120:9f86d0...; any number of them")] = []


class AuditVerifyAnswer(Message):
    """What was checked and found whole."""

    headline: list[str]
    lines: int
    versions: int
    tables: int
    anchor: str = Field(description="Last line and its hash: note it where nobody who writes to the store can change it")


class AuditListRequest(PagedRequest):
    """Show who did what, when, why, and through which door; the latest lines last."""

    kind: Annotated[str, Field(description="Only about this kind: override, decision, version, ...")] = ""
    id: Annotated[str, Field(description="Only about this one")] = ""
    actor: Annotated[str, Field(description="Only by this person")] = ""
    operation: Annotated[str, Field(description="Only by this operation")] = ""
    door: Annotated[str, Field(description="Only through this door")] = ""
    since: Annotated[dt.date | None, Field(description="Only from this day on, UTC")] = None
    until: Annotated[dt.date | None, Field(description="Only until this day, UTC")] = None
    after: Annotated[int, Field(description="Only lines after this number", ge=0)] = 0
    limit: Annotated[int, Field(description="At most so many, the latest; 0: all", ge=0)] = 50


class AuditLine(Message):
    """A line of the audit log."""

    number: int
    at: str
    actor: str
    door: str
    operation: str
    kind: str
    id: str
    change: str = Field(description="What is different: column from old to new")
    reason: str
    hash: str = Field(description="First digits of the hash of the line")


class AuditListAnswer(Message):
    """The lines, oldest first."""

    headline: list[str]
    lines: list[AuditLine]
    total: int = Field(description="How many there are in all")


class BackupRequest(PlanRequest):
    """Write the whole record, with its tables, to one file."""

    target: Annotated[str, Field(description="File to write, or a folder for it", json_schema_extra={"positional": True})]


class BackupAnswer(Message):
    """The file and what is in it."""

    headline: list[str]
    file: str
    bytes: int
    lines: int
    versions: int
    tables: int
    anchor: str = Field(description="Last line and its hash")
    lost: list[str] = Field(description="Tables that were missing or damaged: not in the file")


class RestoreRequest(PlanRequest):
    """Put what a backup holds into the store of a workspace, all or nothing."""

    source: Annotated[str, Field(description="File that backup wrote", json_schema_extra={"positional": True})]
    replace: Annotated[bool, Field(description="Restore even though the store is not empty: what it holds is then gone")] = False
    reason: Annotated[str, Field(description="Why")] = ""


class RestoreAnswer(Message):
    """What was restored."""

    headline: list[str]
    lines: int
    versions: int
    tables: int
    lost: list[str]


class GcRequest(PlanRequest):
    """Clear away old drafts, old results of steps, and tables that nothing needs any more."""

    drafts: Annotated[int, Field(description="Latest drafts of each plan to keep", ge=1)] = 20
    days: Annotated[int, Field(description="Days for which results of steps are kept, to run quicker", ge=0)] = 30
    reason: Annotated[str, Field(description="Why")] = ""


class GcAnswer(Message):
    """What was cleared away."""

    headline: list[str]
    versions: list[str]
    folders: list[str]
    tables: int
    bytes: int
