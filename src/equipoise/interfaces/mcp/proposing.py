"""Tools that try, propose, and prepare meetings. What they make is proposed: it holds once a person accepts it."""

import datetime as dt
from typing import Annotated, Literal

from pydantic import BaseModel, Field, JsonValue

from equipoise.errors import InputError
from equipoise.interfaces.mcp.desk import Desk, uri
from equipoise.interfaces.mcp.replies import Reply, listed, shortened
from equipoise.interfaces.mcp.tool import Planned
from equipoise.service.messages import TryAnswer
from equipoise.service.messages.decisions import DecisionsAnswer
from equipoise.service.messages.overrides import OverridesAnswer
from equipoise.service.messages.publishing import MeetingAnswer, MeetingName
from equipoise.service.messages.records import RecordAnswer

_CHANGE = "TABLE.COLUMN CELLS: CHANGE, such as 'demand_plan family=Tents, quarter=2027-Q1: +10 %' or 'capacity resource=Line: =500'"
_LONG = 6000
_WAITS = "A person accepts or rejects it with: equipoise review"


class TryChange(Planned):
    """What-if: what changes, a scenario or an option do to money, service and gaps. Nothing is stored."""

    change: Annotated[list[str], Field(description=_CHANGE)] = []
    scenario: str = ""
    option: Annotated[str, Field(description="Option's name or rank")] = ""


def try_change(desk: Desk, request: TryChange) -> Reply:
    """Return what a change does beside the base plan."""
    found = desk.ask(TryAnswer, "try", request.plan, **request.model_dump(exclude={"plan"}))
    moved = [one for one in found.measures if one.difference is None or abs(one.difference) > 1e-9]
    return Reply(
        headline=found.changes[:10] + ([] if moved else ["Nothing that is measured changes."]),
        facts={"status": found.status, "changes": len(found.changes)},
        tables=[
            *listed("measures that move", moved, ("name", "base", "value", "difference", "unit")),
            *listed("largest gaps then", [{"gap": one} for one in found.gaps], ("gap",)),
        ],
    )


class ProposeChange(Planned):
    """Propose changes of numbers (overrides), all or none. They hold once a person accepts them; try_change first."""

    change: Annotated[list[str], Field(description=_CHANGE, min_length=1)]
    reason: Annotated[str, Field(min_length=1)]
    scenario: Annotated[str, Field(description="Default: the base plan")] = ""
    assumption: Annotated[str, Field(description="Number of the assumption it rests on")] = ""
    expires: Annotated[dt.date | None, Field(description="Last day")] = None


def propose_change(desk: Desk, request: ProposeChange) -> Reply:
    """Propose overrides and return their numbers."""
    values = request.model_dump(mode="json", exclude={"plan"}, exclude_none=True)
    found = desk.ask(OverridesAnswer, "override add", request.plan, **values, propose=True)
    return Reply(headline=found.headline, facts={"proposed": ", ".join(one.override for one in found.overrides)}, next=[_WAITS])


class ProposeRecord(Planned):
    """Propose a decision (its question), action, assumption or risk, or comment on cells, a scenario or a record."""

    kind: Literal["action", "assumption", "comment", "decision", "risk"]
    text: Annotated[str, Field(description="What it says", min_length=1)]
    about: Annotated[str, Field(description="Comment: its subject, such as decision-4; risk: its name; action: its decision")] = ""
    owner: Annotated[str, Field(description="Who answers for it; decision: who decides")] = ""
    due: Annotated[dt.date | None, Field(description="Last day")] = None
    values: Annotated[dict[str, JsonValue], Field(description="More columns: describe tells which, such as probability of a risk")] = {}


_TEXT = {"decision": "question"}
_ABOUT = {"comment": "subject", "risk": "risk", "action": "decision"}
_OWNER = {"decision": "decider", "action": "owner", "assumption": "owner", "risk": "owner"}
_DUE = {"decision": "due", "action": "due", "assumption": "expires", "risk": "expires"}


def propose_record(desk: Desk, request: ProposeRecord) -> Reply:
    """Propose a record, or comment, and return its number."""
    given = ((_ABOUT, request.about, "about"), (_OWNER, request.owner, "owner"), (_DUE, request.due and request.due.isoformat(), "due"))
    strange = [name for columns, value, name in given if value and request.kind not in columns]
    if strange:
        raise InputError(f"A {request.kind} has no {' and no '.join(strange)}.", "Leave it out.")
    values: dict[str, object] = {**request.values, _TEXT.get(request.kind, "statement"): request.text}
    values |= {columns[request.kind]: value for columns, value, _ in given if value}
    made = desk.ask(RecordAnswer, f"{request.kind} add", request.plan, **values)
    waits = [] if request.kind == "comment" else [_WAITS]
    return Reply(headline=made.headline, facts={"id": made.id, "revision": made.revision}, next=waits)


class Decisions(Planned):
    """Take the questions of the latest version into the record as proposed decisions, each with its options; returns all open ones."""

    collect: Annotated[bool, Field(description="False: only list")] = True


def decisions(desk: Desk, request: Decisions) -> Reply:
    """Collect the decisions that the plan asks for, and return those that are open."""
    made = desk.ask(DecisionsAnswer, "decision collect", request.plan) if request.collect else None
    held = desk.ask(BaseModel, "decision list", request.plan, limit=0).model_dump(mode="json")["records"]
    waiting = [one for one in held if one["status"] in {"proposed", "open", "deferred"}]
    columns = ("decision", "status", "question", "recommendation", "stake", "decider_role", "due")
    return Reply(
        headline=made.headline if made is not None else [],
        tables=listed("decisions", waiting, columns, len(waiting)),
        next=["records with id shows the options of one", _WAITS, "Decided by a person with: equipoise decision decide"] if waiting else [],
    )


class Meeting(Planned):
    """Write the agenda of a meeting, or its minutes from the record, as a page; returns its text."""

    meeting: MeetingName
    write: Literal["agenda", "minutes"] = "agenda"
    attendee: Annotated[list[str], Field(description="Minutes: who was there")] = []
    absent: list[str] = []
    note: Annotated[list[str], Field(description="Minutes: what else was said")] = []


def meeting(desk: Desk, request: Meeting) -> Reply:
    """Write an agenda or minutes and return them, cut where they are long."""
    people = {"attendee": request.attendee, "absent": request.absent, "note": request.note} if request.write == "minutes" else {}
    made = desk.ask(MeetingAnswer, f"meeting {request.write}", request.plan, meeting=request.meeting, **people)
    place = uri("plan", desk.name(request.plan), "meeting", request.meeting, request.write)
    return Reply(headline=made.headline, text=shortened(made.text, _LONG), rest=place if len(made.text) > _LONG else "")
