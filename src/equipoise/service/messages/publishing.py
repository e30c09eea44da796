"""What approving, publishing, weekly targets and meetings are asked and answer."""

import datetime as dt
from typing import Annotated, Literal

from pydantic import Field

from equipoise.service.messages.message import LOCAL, Message, PlanRequest

MeetingName = Literal["demand_review", "supply_review", "pre_sop", "executive_sop"]
_CYCLE = "Cycle; by default the one that is open"


class ApproveRequest(PlanRequest):
    """Approve a version of the plan, or refuse it: what is approved is frozen as the plan of record."""

    version: Annotated[int | None, Field(description="Version that you looked at; by default the latest")] = None
    refuse: Annotated[bool, Field(description="Refuse it; needs a reason")] = False
    anyway: Annotated[bool, Field(description="Approve it though steps are not accepted yet; needs a reason")] = False
    reason: Annotated[str, Field(description="Why")] = ""


class ApprovalRow(Message):
    """Somebody's verdict on a version."""

    approval: str
    version: str
    verdict: str
    person: str
    role: str
    reason: str
    at: dt.datetime


class ApproveAnswer(Message):
    """Whether the plan is approved now."""

    headline: list[str]
    plan: str
    version: str = Field(description="Version that was looked at")
    approved: str = Field("", description="Version that is the plan of record now; empty where more people must approve")
    head: str = Field(description="Number and hash of the audit log's last line: keep it outside, to prove that nothing was changed")
    approvals: list[ApprovalRow]
    next: str


class PublishRequest(PlanRequest):
    """Publish the approved plan: weekly targets, files for execution, and everybody is told what changed for them."""

    again: Annotated[bool, Field(description="Send what has failed, was broken off or has become due")] = False
    to: Annotated[
        list[str], Field(description="With --again: only these people or audiences, also where another process may be sending it")
    ] = []
    told: Annotated[list[str], Field(description="Audiences or people whom you have told yourself")] = []
    quiet: Annotated[bool, Field(description="Send no notices now; publish --again sends them")] = False


class NoticeRow(Message):
    """A line of the communication plan: who is told what, when, by which channel, and whether it is done."""

    to: str
    audience: str
    what: str
    channel: str
    due: dt.date | None
    by: str
    state: str
    error: str = ""


class PublishAnswer(Message):
    """What was published."""

    headline: list[str]
    plan: str
    cycle: str
    version: str
    folder: str
    files: list[str]
    targets: int = Field(description="Weekly targets")
    notices: list[NoticeRow]
    head: str = Field(description="Number and hash of the audit log's last line: keep it outside, to prove that nothing was changed")
    revision: int
    next: str


class CommunicationRequest(PlanRequest):
    """Show the communication plan: who gets what, when, by which channel, and whether it is done."""

    cycle: Annotated[str, Field(description=_CYCLE, json_schema_extra={"positional": True})] = ""


class CommunicationAnswer(Message):
    """The communication plan of a cycle."""

    headline: list[str]
    cycle: str
    notices: list[NoticeRow]


class TargetListRequest(PlanRequest):
    """List the weekly targets that hold, and how they went so far."""

    family: Annotated[list[str], Field(description="Families; by default all", json_schema_extra={"positional": True})] = []
    measure: Annotated[Literal["sales", "production"] | None, Field(description="Measure; by default both")] = None
    week: Annotated[dt.date | None, Field(description="Weeks from the one that holds this day on; by default all")] = None


class TargetRow(Message):
    """A weekly target."""

    family: str
    measure: str
    week: dt.date
    end: dt.date
    target: float
    lowest: float
    highest: float
    unit: str
    value: float | None = Field(None, description="In currency; empty where prices or costs are not given")
    alarm: str = ""


class TargetListAnswer(Message):
    """Weekly targets."""

    headline: list[str]
    targets: list[TargetRow]


class Done(Message):
    """What was sold or made of a family or an item on a day, or in the week that begins on it."""

    family: str = ""
    item: str = ""
    week: dt.date
    measure: Literal["sales", "production"]
    quantity: float


class TargetCheckRequest(PlanRequest):
    """Compare weeks with their targets; what is outside the tolerance raises an alarm, what has been put right closes it."""

    file: Annotated[
        str,
        Field(
            description="CSV or Excel file with family or item, week (or day), measure (sales, production) and quantity; by default the "
            "plan's own shipment and production_actual",
            json_schema_extra={"positional": True, **LOCAL},
        ),
    ] = ""
    rows: Annotated[list[Done], Field(description="The same, given here")] = []
    until: Annotated[dt.date | None, Field(description="Day up to which the data is complete; by default yesterday")] = None


class MissRow(Message):
    """A week beside its target."""

    family: str
    measure: str
    week: dt.date
    end: dt.date
    target: float
    actual: float
    difference: float
    unit: str
    money: float | None
    so_far: float = Field(description="Actual less target, summed since the plan was published")
    alarm: str


class TargetCheckAnswer(Message):
    """What was missed."""

    headline: list[str]
    weeks: int = Field(description="Weeks judged, by family and measure")
    missed: list[MissRow]
    opened: list[str] = Field(description="Alarms that were raised or are open again")
    closed: list[str] = Field(description="Alarms that are settled")
    left_out: list[str] = Field(description="What could not be compared, and why")


class MeetingAgendaRequest(PlanRequest):
    """Write the agenda of a meeting from the plan and the record."""

    meeting: Annotated[MeetingName, Field(description="Meeting", json_schema_extra={"positional": True})]
    cycle: Annotated[str, Field(description=_CYCLE)] = ""
    day: Annotated[dt.date | None, Field(description="Day of the meeting; by default the last day of its step")] = None


class MeetingMinutesRequest(PlanRequest):
    """Write the minutes of a meeting from the record: what was decided and why, who does what, what is assumed, what changed."""

    meeting: Annotated[MeetingName, Field(description="Meeting", json_schema_extra={"positional": True})]
    attendee: Annotated[list[str], Field(description="Who was there")] = []
    absent: Annotated[list[str], Field(description="Who was not")] = []
    note: Annotated[list[str], Field(description="What should stand in the minutes beside the record")] = []
    day: Annotated[dt.date | None, Field(description="Day of the meeting; by default today")] = None
    since: Annotated[dt.date | None, Field(description="From which day on the record counts; by default since the minutes before")] = None
    cycle: Annotated[str, Field(description=_CYCLE)] = ""


class MeetingAnswer(Message):
    """What was written."""

    headline: list[str]
    meeting: str
    cycle: str
    version: str
    files: list[str]
    text: str = Field(description="The same as Markdown")
