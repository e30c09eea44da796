"""What watching a workspace folder is asked and answers, and what it writes for those who work by files."""

from typing import Annotated, Literal

from pydantic import Field, JsonValue

from equipoise.service.messages.message import Message, PlanRequest
from equipoise.service.messages.planning import MeasureLine

State = Literal["working", "ready", "faults", "stopped"]
_TICKET = "What the file says after `# ticket:`, so that whoever wrote it knows their answer from an earlier one"


class WatchRequest(PlanRequest):
    """Watch a plan and its data, inbox and questions: check, run and answer whenever a file changes, and write the results beside them."""

    plan: Annotated[str, Field(description="Plan file, or a folder with a plan.yaml", json_schema_extra={"positional": True})] = "."
    once: Annotated[bool, Field(description="Look once, and end; with an error where the plan or its data has one")] = False
    accept: Annotated[
        bool, Field(description="What files say holds at once, as if you had said it; by default they only propose. Not where a team works")
    ] = False
    settle: Annotated[float, Field(description="Seconds without a change after which files are taken to be written", ge=0.0, le=60.0)] = 0.5


class FileState(Message):
    """A file of the inbox, or one with questions, and what became of it."""

    file: str = Field(description="As seen from the workspace's folder")
    ticket: str = Field("", description=_TICKET)
    state: str = Field(description="proposed, taken (it holds) or refused; answered or refused where it asks")
    result: str = Field(description="File that tells more")


class WatchStatus(Message):
    """What stands in results/status.yaml: where the plan stands, and where to read on."""

    state: State = Field(description="working: wait; ready; faults: read errors.yaml, mend and wait; stopped: nobody watches")
    ticket: str = Field("", description=f"Of the plan file. {_TICKET}")
    at: str = Field(description="When this was written")
    watched_by: str = Field("", description="Process that watches")
    doing: str = Field("", description="What is being done, while it works")
    plan_file: str
    errors: str = Field("", description="File with what is wrong with the plan or its data; the results are those of the last good plan")
    plan: str = Field("", description="Name of the plan")
    version: str = Field("", description="Version that the results are of; empty before the first run")
    headline: list[str] = []
    briefs: list[str] = Field([], description="One for each step")
    files: list[FileState] = []
    waiting: list[str] = Field([], description="Proposals that wait for a person")
    people: list[str] = Field([], description="Commands with which a person accepts what waits; an agent asks for them")


class WatchAnswer(Message):
    """How watching ended."""

    headline: list[str]
    status: WatchStatus


class MadeLine(Message):
    """A record that a file of the inbox made, as it is now."""

    id: str
    kind: str
    status: str
    says: str


class EffectLine(Message):
    """What proposals do to the plan, if they are accepted: nothing of it is kept yet."""

    of: str = Field(description="What was tried: the file's overrides, those of a scenario, or an option of a decision")
    changes: list[str]
    plan_status: str = Field("", description="optimal: the plan with it is proven")
    measures: list[MeasureLine] = Field([], description="Measures that it moves")
    gaps: list[str] = Field([], description="The largest gaps that are left")
    error: dict[str, JsonValue] | None = Field(None, description="Why it could not be tried, in the one shape of errors")


class InboxResult(Message):
    """What stands in results/inbox: what became of a file, and what its proposals would do."""

    file: str
    ticket: str = Field("", description=_TICKET)
    state: Literal["proposed", "taken", "refused"] = Field(description="proposed: waits for a person; taken: it holds; refused: mend it")
    made: list[MadeLine] = []
    effect: list[EffectLine] = Field([], description="What the proposals in it would do to money and gaps")
    error: dict[str, JsonValue] | None = Field(None, description="What is wrong, in the one shape of errors, with all faults")


class AskedLine(Message):
    """One question and its answer."""

    operation: str
    answer: dict[str, JsonValue] | None = Field(None, description="The operation's answer")
    file: str = Field("", description="Where a long answer stands")
    error: dict[str, JsonValue] | None = Field(None, description="Why it was not answered, in the one shape of errors")


class AskResult(Message):
    """What stands in results/ask: the answers to a file's questions, in their order."""

    file: str
    ticket: str = Field("", description=_TICKET)
    state: Literal["answered", "refused"]
    content: str = Field(description="Hash of the questions: those that were answered are not asked again")
    version: str = Field("", description="Version that the plan had")
    answers: list[AskedLine] = []
    error: dict[str, JsonValue] | None = Field(None, description="What is wrong with the file, in the one shape of errors")
