"""What collecting, deciding, reviewing and taking in are asked and answer."""

from typing import Annotated

from pydantic import Field

from equipoise.service.messages.message import Message, PlanRequest

_REVISION = Field(description="Revision that you looked at: refused where somebody else has changed it since", ge=1)


class DecisionCollectRequest(PlanRequest):
    """Take what the last version hands to the executive meeting into the record as decisions, each once."""


class DecisionLine(Message):
    """A decision in one line."""

    decision: str
    question: str
    recommendation: str = ""
    options: list[str] = []
    decider: str = ""
    due: str = ""
    status: str
    chosen: str = ""
    net_money: float | None = Field(None, description="What the chosen option changes in contribution, its own cost taken off")
    cost: float | None = Field(None, description="What is paid once for it, beside the plan")
    revision: int


class DecisionsAnswer(Message):
    """Decisions as they are now."""

    plan: str
    headline: list[str] = []
    decisions: list[DecisionLine]
    next: str = ""


class DecisionDecideRequest(PlanRequest):
    """Decide: the overrides of the option that is chosen become part of the plan."""

    decision: Annotated[str, Field(description="Number of the decision", json_schema_extra={"positional": True})]
    choose: Annotated[str, Field(description="Option by its name or its place among the options; none: nothing is done", min_length=1)]
    rationale: Annotated[str, Field(description="Why")] = ""
    revision: Annotated[int | None, _REVISION] = None


class DecisionReopenRequest(PlanRequest):
    """Open a decision again: what it made part of the plan is taken out."""

    decision: Annotated[str, Field(description="Number of the decision", json_schema_extra={"positional": True})]
    reason: Annotated[str, Field(description="Why", min_length=1)]
    revision: Annotated[int | None, _REVISION] = None


class ReviewListRequest(PlanRequest):
    """List what is proposed and waits to be accepted or rejected."""

    kind: Annotated[str, Field(description="Only of this kind: override, decision, action, assumption, risk")] = ""


class ProposalLine(Message):
    """A proposal in one line."""

    id: str
    kind: str
    says: str
    by: str = Field(description="Who proposed it")
    settled_by: str = Field("", description="Who accepted or rejected it")
    reason: str = ""
    cycle: str = ""
    changed: str
    status: str
    revision: int


class ReviewAcceptRequest(PlanRequest):
    """Accept proposals, all or none: they then hold as if you had made them."""

    id: Annotated[list[str], Field(description="Their numbers", json_schema_extra={"positional": True}, min_length=1)]
    reason: Annotated[str, Field(description="Why")] = ""


class ReviewRejectRequest(PlanRequest):
    """Reject proposals, all or none; they stay in the record."""

    id: Annotated[list[str], Field(description="Their numbers", json_schema_extra={"positional": True}, min_length=1)]
    reason: Annotated[str, Field(description="Why")] = ""


class ReviewAnswer(Message):
    """Proposals as they are now."""

    plan: str
    headline: list[str] = []
    proposals: list[ProposalLine]
    next: str = ""


class InboxTakeRequest(PlanRequest):
    """Take in the files of the inbox, each once; one with a fault changes nothing."""


class InboxListRequest(PlanRequest):
    """List the files of the inbox and what became of each."""


class InboxLine(Message):
    """A file of the inbox."""

    file: str
    state: str = Field(description="taken, refused, unchanged; in a list also waiting and gone")
    made: list[str] = Field([], description="Records that it made or changed")
    at: str = ""


class InboxFault(Message):
    """What is wrong with a file: entry and column, what it is, and the remedy."""

    file: str
    line: int | None = None
    entry: str = ""
    message: str
    fix: str = ""


class InboxAnswer(Message):
    """Files of the inbox."""

    plan: str
    headline: list[str] = []
    files: list[InboxLine]
    faults: list[InboxFault] = []
