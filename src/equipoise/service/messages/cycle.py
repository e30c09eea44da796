"""What cycles, steps, tasks, alarms and freshness are asked and answer."""

import datetime as dt
from typing import Annotated, Literal

from pydantic import Field

from equipoise.service.messages.message import Message, PlanRequest

# As the tables of the process have them, which are too heavy to be loaded for a list of operations; a test holds them equal.
Role = Literal["facilitator", "sales", "demand planner", "supply planner", "finance", "executive", "viewer", "agent"]
StepName = Literal["gather", "demand_review", "supply_review", "pre_sop", "executive_sop", "measure"]
_CYCLE = "Cycle; by default the one that is open"
_REVISION = "Revision that you looked at: refused where somebody has changed it since"


class StepRow(Message):
    """A step of a cycle in one line."""

    step: str
    title: str
    owner: str
    start: dt.date | None
    due: dt.date | None
    status: str
    done: int
    tasks: int
    overdue: bool
    version: str
    changed: str = Field("", description="Its tables that the last run made otherwise than the version that was submitted")
    revision: int


class TaskRow(Message):
    """A task in one line."""

    task: str
    step: str
    title: str
    owner: str
    due: dt.date | None
    status: str
    overdue: bool
    link: str
    note: str
    revision: int


class AlarmRow(Message):
    """Something that somebody must know."""

    alarm: str
    kind: str
    subject: str
    statement: str
    told: str = Field(description="Who must know")
    status: str
    seen_by: str
    at: dt.datetime
    by: str


class CycleRow(Message):
    """A cycle in one line."""

    cycle: str
    status: str
    opened: dt.date | None
    due: dt.date | None
    closed: dt.date | None
    previous: str
    version: str
    plan: str


class CycleOpenRequest(PlanRequest):
    """Open a cycle: its steps and tasks with dates, and what lives on from the last."""

    name: Annotated[
        str, Field(description="Name; by default the month of the data cut, such as 2026-11", json_schema_extra={"positional": True})
    ] = ""
    previous: Annotated[str, Field(description="Cycle that it follows; by default the last")] = ""
    start: Annotated[dt.date | None, Field(description="First day; by default as the plan file has it")] = None


class CycleOpenAnswer(Message):
    """The cycle that was opened."""

    headline: list[str]
    cycle: str
    opened: dt.date
    due: dt.date
    previous: str
    revision: int
    steps: list[StepRow]
    carried: dict[str, list[str]] = Field(description="What lives on, by kind")
    ended: dict[str, list[str]] = Field(description="What ended, by kind")
    next: str


class CycleShowRequest(PlanRequest):
    """Show where a cycle stands: progress, what is overdue, alarms, and what comes next."""

    cycle: Annotated[str, Field(description=_CYCLE, json_schema_extra={"positional": True})] = ""
    task: Annotated[str, Field(description="Tasks to show: open, late, mine, done, all, or the name of a step, a role or an owner")] = (
        "open"
    )


class CycleShowAnswer(Message):
    """Where a cycle stands."""

    headline: list[str]
    cycle: str
    status: str
    opened: dt.date | None
    due: dt.date | None
    revision: int
    done: int = Field(description="Tasks done")
    total: int = Field(description="Tasks")
    accepted: int = Field(description="Steps accepted")
    steps: list[StepRow]
    tasks: list[TaskRow]
    alarms: list[AlarmRow]
    next: list[str] = Field(description="What comes next")


class CycleCloseRequest(PlanRequest):
    """Close the cycle; unfinished actions stay and are carried into the next."""

    cycle: Annotated[str, Field(description=_CYCLE, json_schema_extra={"positional": True})] = ""
    force: Annotated[bool, Field(description="Close it though steps are open; needs a reason")] = False
    reason: Annotated[str, Field(description="Why it is closed with open steps")] = ""
    revision: Annotated[int | None, Field(description=_REVISION)] = None


class CycleCloseAnswer(Message):
    """The cycle that was closed."""

    headline: list[str]
    cycle: str
    closed: dt.date
    open_steps: list[str]
    open_tasks: list[str]
    revision: int


class CycleListRequest(PlanRequest):
    """List the cycles of the business unit."""


class CycleListAnswer(Message):
    """Cycles, the latest first."""

    headline: list[str] = []
    cycles: list[CycleRow]


class CycleCalendarRequest(PlanRequest):
    """Write the calendar of a cycle as an iCalendar file that every calendar program reads."""

    cycle: Annotated[str, Field(description=_CYCLE, json_schema_extra={"positional": True})] = ""
    file: Annotated[str, Field(description="File to write; by default beside the outputs")] = ""


class CycleCalendarAnswer(Message):
    """Where the calendar is."""

    cycle: str
    file: str
    events: int


class TaskAddRequest(PlanRequest):
    """Add a task to the cycle."""

    title: Annotated[str, Field(description="What is to be done", min_length=1, json_schema_extra={"positional": True})]
    step: Annotated[StepName | None, Field(description="Step; by default the one that comes next")] = None
    owner: Annotated[str, Field(description="Who does it")] = ""
    owner_role: Annotated[Role | None, Field(description="Role that does it; by default the owner of the step")] = None
    due: Annotated[dt.date | None, Field(description="Last day; by default that of the step")] = None
    link: Annotated[str, Field(description="Where it is done: a command, a table, a page")] = ""
    meeting: Annotated[bool, Field(description="Whether it is a meeting")] = False


class TaskSetRequest(PlanRequest):
    """Change tasks: what is done, who does it, by when."""

    task: Annotated[list[str], Field(description="Tasks by number: task-7 or 7", json_schema_extra={"positional": True})] = []
    step: Annotated[StepName | None, Field(description="All tasks of a step that are not settled")] = None
    status: Annotated[Literal["open", "started", "done", "dropped"] | None, Field(description="Status")] = None
    owner: Annotated[str | None, Field(description="Who does it")] = None
    owner_role: Annotated[Role | None, Field(description="Role that does it")] = None
    due: Annotated[dt.date | None, Field(description="Last day")] = None
    note: Annotated[str | None, Field(description="Note")] = None
    revision: Annotated[int | None, Field(description=_REVISION)] = None


class TaskListRequest(PlanRequest):
    """List the tasks of a cycle."""

    task: Annotated[
        str,
        Field(
            description="Tasks to show: open, late, mine, done, all, or the name of a step, a role or an owner",
            json_schema_extra={"positional": True},
        ),
    ] = "all"
    cycle: Annotated[str, Field(description=_CYCLE)] = ""


class TaskAnswer(Message):
    """Tasks as they are now."""

    headline: list[str] = []
    cycle: str
    tasks: list[TaskRow]


class StepRequest(PlanRequest):
    """Something about a step."""

    step: Annotated[str, Field(description="Step, such as demand_review", json_schema_extra={"positional": True})]
    revision: Annotated[int | None, Field(description=_REVISION)] = None


class StepSubmitRequest(StepRequest):
    """Submit a step: its gate is checked, the plan is sealed as a version, and the next step may build on it."""

    confirm: Annotated[list[str], Field(description="Conditions of the gate that you confirm, by number or in words; all: every one")] = []
    reason: Annotated[str, Field(description="What should be known of it")] = ""


class StepAcceptRequest(StepRequest):
    """Accept a step that was submitted."""


class StepReopenRequest(StepRequest):
    """Open a step again after it was handed on; whoever built on it is told."""

    reason: Annotated[str, Field(description="Why")] = ""


class StepShowRequest(StepRequest):
    """Show a step: its gate, its tasks, its version, and who built on it."""

    cycle: Annotated[str, Field(description=_CYCLE)] = ""


class GateRow(Message):
    """A condition of a gate: met, not met, or to be confirmed by whoever submits."""

    number: int
    condition: str
    state: Literal["met", "not met", "to be confirmed", "confirmed"]
    why: str = ""


class StepAnswer(Message):
    """A step as it is now."""

    headline: list[str]
    step: str
    title: str
    status: str
    owner_role: str
    accepting_role: str
    start: dt.date | None
    due: dt.date | None
    version: str
    submitted_by: str
    accepted_by: str
    reason: str
    revision: int
    gate: list[GateRow] = []
    tasks: list[TaskRow] = []
    built_on: list[str] = Field([], description="Steps that built on it")
    alarms: list[AlarmRow] = Field([], description="Alarms that were raised")
    next: str = ""


class FreshRequest(PlanRequest):
    """Say what the plan was computed from, and what is stale since then."""

    all: Annotated[bool, Field(description="Show every table: also given ones, and those that are fresh")] = False


class ChangeRow(Message):
    """Something that changed since the last run."""

    change: str
    tables: list[str] = Field(description="Tables that it touches; none named: any")


class FreshRow(Message):
    """A table of the last version: who made it, when its content last changed, and whether it is stale."""

    table: str
    phase: str
    step: str
    state: Literal["fresh", "stale"]
    changed: dt.datetime
    version: str = Field(description="Version since which it is as it is")
    because: str


class FreshAnswer(Message):
    """Freshness of the plan."""

    headline: list[str]
    plan: str
    version: str
    made: dt.datetime | None
    stale: bool
    computed_from: list[str] = Field(description="Files that the version was made from")
    changes: list[ChangeRow]
    tables: list[FreshRow]
    steps: list[str] = Field(description="Steps that were handed on and of which a table is stale")
    next: str


class AlarmListRequest(PlanRequest):
    """List alarms: what changed after others had built on it, and missed targets."""

    all: Annotated[bool, Field(description="Also those for others, and those that were seen")] = False


class AlarmSeenRequest(PlanRequest):
    """Say that you have seen alarms."""

    alarm: Annotated[
        list[str],
        Field(description="Alarms by number: alarm-3 or 3; without one, all that are yours", json_schema_extra={"positional": True}),
    ] = []


class AlarmAnswer(Message):
    """Alarms as they are now."""

    headline: list[str]
    alarms: list[AlarmRow]
