"""What the operations on overrides are asked and answer."""

import datetime as dt
from typing import Annotated

from pydantic import Field, JsonValue

from equipoise.service.messages.history import HistoryLine
from equipoise.service.messages.message import Message, PagedRequest, PlanRequest

_WORDS = "each TABLE.COLUMN CELLS: CHANGE, such as 'demand_plan family=Tents, quarter=2027-Q1: +10 %'"
_ONE = "TABLE.COLUMN CELLS: CHANGE, such as 'demand_plan family=Tents, quarter=2027-Q1: +10 %'"
_REVISION = Field(description="Revision that the change was made on: refused where somebody else has changed it since", ge=1)


class OverrideAddRequest(PlanRequest):
    """Change numbers of the plan; several changes in one call are kept all or none."""

    change: Annotated[list[str], Field(description=f"Changes, {_WORDS}", json_schema_extra={"positional": True})] = []
    overrides: Annotated[list[dict[str, JsonValue]], Field(description="Changes as overrides, with the columns of table override")] = []
    scenario: Annotated[str, Field(description="Scenario that they belong to; by default the base plan")] = ""
    reason: Annotated[str, Field(description="Why")] = ""
    assumption: Annotated[str, Field(description="Number of the assumption that they rest on")] = ""
    expires: Annotated[dt.date | None, Field(description="Last day they hold")] = None
    lock: Annotated[bool, Field(description="Whether later changes leave their cells alone")] = False
    role: Annotated[str, Field(description="Role in which they are made; by default the one that may")] = ""
    propose: Annotated[bool, Field(description="Only propose them: they hold once they are accepted")] = False


class OverrideChangeRequest(PlanRequest):
    """Change an override: what it does, or what is said of it."""

    override: Annotated[str, Field(description="Number of the override", json_schema_extra={"positional": True})]
    change: Annotated[str, Field(description=f"What it does now: {_ONE}")] = ""
    values: Annotated[dict[str, JsonValue], Field(description="Columns of table override that change")] = {}
    reason: Annotated[str, Field(description="Why")] = ""
    assumption: Annotated[str | None, Field(description="Number of the assumption that it rests on")] = None
    expires: Annotated[dt.date | None, Field(description="Last day it holds")] = None
    revision: Annotated[int | None, _REVISION] = None


class OverrideWithdrawRequest(PlanRequest):
    """Take overrides out of the plan; what they were stays in the record."""

    override: Annotated[list[str], Field(description="Numbers of the overrides", json_schema_extra={"positional": True}, min_length=1)]
    reason: Annotated[str, Field(description="Why")] = ""
    revision: Annotated[int | None, _REVISION] = None


class OverrideListRequest(PagedRequest):
    """List the overrides of the record: who changed what and why, and whether it is live."""

    scenario: Annotated[str | None, Field(description="Those of this scenario; base: of the base plan")] = None
    table: Annotated[str, Field(description="Those of this table")] = ""
    author: Annotated[str, Field(description="Those of this person")] = ""
    status: Annotated[str, Field(description="Those in this status: proposed, accepted, rejected, off")] = ""
    state: Annotated[str, Field(description="Those in this state, such as stale, expired, unmatched or draft")] = ""
    cycle: Annotated[str, Field(description="Those made in this cycle")] = ""
    draft: Annotated[bool, Field(description="Only what was changed since the last version that was submitted, promoted or approved")] = (
        False
    )
    limit: Annotated[int, Field(description="Most lines; 0 shows all", ge=0)] = 100


class OverrideShowRequest(PlanRequest):
    """Show an override with its history: who changed what of it, when and why."""

    override: Annotated[str, Field(description="Number of the override", json_schema_extra={"positional": True})]


class OverrideLine(Message):
    """An override of the record in one line."""

    override: str
    scenario: str = ""
    change: str
    status: str
    state: str = Field("", description="What it did in the last version; draft: not run yet")
    author: str = ""
    reason: str = ""
    assumption: str = ""
    expires: dt.date | None = None
    was: float | None = Field(None, description="What its cells summed to when it was made")
    cells: int | None = Field(None, description="Cells that it changes")
    revision: int
    changed: str = Field("", description="When it was last changed, in UTC")
    note: str = ""


class OverridesAnswer(Message):
    """Overrides that were made or changed, or that are there."""

    plan: str
    headline: list[str] = []
    overrides: list[OverrideLine]
    total: int = Field(0, description="How many there are in all")
    revision: int | None = Field(None, description="Revision, where there is one override")
    next: str = ""


class OverrideShowAnswer(Message):
    """An override and its history."""

    plan: str
    headline: list[str] = []
    override: OverrideLine
    history: list[HistoryLine]
