"""What jobs, versions and differences are asked and answer."""

from typing import Annotated

from pydantic import Field

from equipoise.service.messages.message import Message, PagedRequest, PlanRequest

_JOB = Field(description="Job; by default the latest", json_schema_extra={"positional": True})


class JobListRequest(PagedRequest):
    """List long operations: which run, wait, are done or were broken off."""

    all: Annotated[bool, Field(description="Also those that ended well")] = False
    limit: Annotated[int, Field(description="Most jobs, the latest; 0 lists all", ge=0)] = 20


class JobLine(Message):
    """A long operation in one line."""

    job: str
    operation: str
    state: str
    by: str
    door: str
    started: str
    seconds: float
    now: str = Field(description="What it does now, or what came of it")


class JobListAnswer(Message):
    """Long operations, the latest first."""

    headline: list[str]
    jobs: list[JobLine]
    total: int = Field(description="How many there are in all")


class JobShowRequest(PlanRequest):
    """Show how far a job is, and what came of it."""

    job: Annotated[str, _JOB] = ""
    wait: Annotated[bool, Field(description="Wait until it has ended")] = False
    full: Annotated[bool, Field(description="With all of its progress, what was asked and the whole answer")] = False


class JobAnswer(Message):
    """A job: its state, its progress, and its answer or error."""

    headline: list[str]
    job: str
    operation: str
    state: str
    by: str
    door: str
    started: str
    seconds: float
    progress: list[str] = []
    request: dict[str, object] = {}
    error: dict[str, object] | None = None
    answer: dict[str, object] | None = None
    waited: bool = Field(False, exclude=True)

    @property
    def in_vain(self) -> bool:
        """Whether it was waited for and did not end well."""
        return self.waited and self.state in {"failed", "cancelled", "interrupted"}


class JobCancelRequest(PlanRequest):
    """Stop a job: one in the background within seconds, one in the foreground before its next step; Ctrl-C there stops it at once.

    What was kept before stands; finished steps are kept for the next run.
    """

    job: Annotated[str, _JOB] = ""


class JobResumeRequest(PlanRequest):
    """Go on with a job that was broken off: finished steps are not done again."""

    job: Annotated[str, Field(description="Job; by default all of mine that were broken off", json_schema_extra={"positional": True})] = ""


class VersionListRequest(PlanRequest):
    """List the versions of a plan: what was made when, by whom, and on which occasion."""

    all: Annotated[bool, Field(description="Also every draft, not only those since the last version that stands for good")] = False


class VersionLine(Message):
    """A version in one line."""

    version: str
    made: str
    at: str
    by: str
    cycle: str
    base: str
    status: str
    megabytes: float
    reason: str


class VersionListAnswer(Message):
    """Versions, the latest first."""

    headline: list[str]
    plan: str
    versions: list[VersionLine]


class DraftRequest(PlanRequest):
    """Show the edits since the last version that stands for good."""


class DraftLine(Message):
    """An edit: what was changed, by whom, when and why."""

    record: str
    edit: str
    statement: str
    by: str
    at: str
    reason: str


class DraftAnswer(Message):
    """The edits since a version."""

    headline: list[str]
    plan: str
    since: str
    edits: list[DraftLine]


class DiffRequest(PlanRequest):
    """Show what differs between two versions: overrides, settings, files, figures, and the largest differences of a table."""

    before: Annotated[
        str,
        Field(
            description="Version, such as 3, or OTHER-PLAN/3; by default the last that stands for good before the other",
            json_schema_extra={"positional": True},
        ),
    ] = ""
    after: Annotated[str, Field(description="Version; by default the latest", json_schema_extra={"positional": True})] = ""
    table: Annotated[list[str], Field(description="Tables to compare")] = []
    by: Annotated[list[str], Field(description="Columns or attributes to add up by; by default family, market and period")] = []
    limit: Annotated[int, Field(description="Most differences of each table and most overrides; 0 shows all", ge=0)] = 10


class OverrideDifference(Message):
    """An override that was added, taken out or changed."""

    change: str
    override: str
    scenario: str
    statement: str
    was: str
    by: str
    at: str
    reason: str


class ValueDifference(Message):
    """A setting, a file or another single thing that differs."""

    name: str
    before: str
    after: str


class FigureDifference(Message):
    """A measure of the base plan in both versions."""

    name: str
    before: float | None
    after: float | None
    difference: float | None
    unit: str


class CellDifference(Message):
    """A group of cells in which a table differs."""

    table: str
    cells: str
    column: str
    before: float | None
    after: float | None
    difference: float
    unit: str


class DiffAnswer(Message):
    """What differs between two versions."""

    headline: list[str]
    before: str
    after: str
    overrides: list[OverrideDifference]
    settings: list[ValueDifference]
    files: list[ValueDifference]
    figures: list[FigureDifference]
    differences: list[CellDifference]
    seconds: float
