"""What the brief of a step is asked and answers: what an agent, or anybody in a hurry, reads before a meeting."""

import datetime as dt
from typing import Annotated, Literal

from pydantic import Field

from equipoise.service.messages.cycle import StepName
from equipoise.service.messages.message import Message, PlanRequest
from equipoise.service.messages.planning import Figure, IssueLine, ScenarioLine

_OF = "Version of the plan that it is about"


class StepBriefRequest(PlanRequest):
    """Say in few lines what a step of the plan has to show: figures, gaps, options, what is open."""

    step: Annotated[StepName, Field(description="Step", json_schema_extra={"positional": True})]


class _Brief(Message):
    """What every brief has."""

    plan: str = Field(description="Name of the plan")
    version: str = Field(description=_OF)
    sentences: list[str] = Field([], description="What the step shows, in sentences")
    left_out: dict[str, int] = Field({}, description="How many more lines there are of each list: read them in the tables")
    folder: str = Field(description="Folder of the version's files, as seen from the workspace's")
    pages: list[str] = Field([], description="Pages in that folder that tell more, as Markdown")
    tables: list[str] = Field([], description="Tables of the step: tables/NAME.csv in that folder")


class GatherBrief(_Brief):
    """What was read, what was taken for granted, and what is doubtful."""

    step: Literal["gather"]
    rows: dict[str, int] = Field(description="Rows by given table")
    assumptions: list[str] = Field([], description="Defaults taken and sentences understood, each with where it came from")
    issues: list[IssueLine] = Field([], description="Warnings and notes on the data")


class PeriodLine(Message):
    """Demand of a period."""

    period: dt.date = Field(description="First day")
    baseline: float | None = Field(None, description="Statistical forecast, in units")
    demand: float = Field(description="Demand plan, in units")
    p10: float | None = Field(None, description="Sum of the low ends of the intervals")
    p90: float | None = Field(None, description="Sum of the high ends")


class FamilyLine(Message):
    """Demand of a family over the horizon; of an item without a family that of the item."""

    family: str
    baseline: float | None = Field(None, description="Statistical forecast, in units")
    demand: float = Field(description="Demand plan, in units")
    revenue: float | None = Field(None, description="At the plan's prices, in currency; empty where one is missing")


class StreamLine(Message):
    """A stream of opinions over the horizon."""

    stream: str
    kind: str
    quantity: float | None = Field(None, description="In units")
    revenue: float | None = Field(None, description="In currency")


class DemandReviewBrief(_Brief):
    """The demand plan: by period and family, what it is made of, who changed it, and how good forecasts were."""

    step: Literal["demand_review"]
    periods: list[PeriodLine] = []
    families: list[FamilyLine] = []
    streams: list[StreamLine] = []
    changes: list[str] = Field([], description="Overrides in the plan: what each does, by whom, why, and what became of it")
    flags: list[str] = Field([], description="What makes an override worth a second look")
    errors: list[Figure] = Field([], description="Errors of the forecast in the backtest")


class ResourceLine(Message):
    """How full a resource is."""

    resource: str
    average: float = Field(description="Load as a share of regular capacity over the horizon; above 1 is overtime")
    peak: float = Field(description="The most of it in a period")
    peak_period: dt.date
    full_periods: int = Field(description="Periods in which it is used to 100 % or more")


class ShortLine(Message):
    """Demand that is not served in its period."""

    item: str
    quantity: float = Field(description="Units, summed over markets and periods")
    first: dt.date = Field(description="First period that is short")
    last: dt.date = Field(description="Last period that is short")


class SupplyReviewBrief(_Brief):
    """The supply plan: whether it is proven, how full resources are, what limits it, and what falls short."""

    step: Literal["supply_review"]
    status: str = Field(description="optimal: proven; else what the optimiser says")
    resources: list[ResourceLine] = []
    limits: list[str] = Field([], description="What limits the plan, and what one unit more of it is worth")
    short: list[ShortLine] = []
    broken: list[str] = Field([], description="Rules of the plan that could not be kept")


class GapLine(Message):
    """A gap, the most money first."""

    rank: int
    sentence: str
    suggestion: str = ""
    stake: float | None = Field(None, description="Money at stake, in currency")


class OptionLine(Message):
    """An option, proven by planning again with it."""

    option: str
    statement: str
    net_money: float | None = Field(None, description="What it adds to contribution, its own cost taken off")
    one_off_cost: float | None = None
    cash: float | None = None
    effective: dt.date | None = Field(None, description="First day on which it helps")
    status: str = Field(description="recommended, dominated, dropped ...")
    catch: str = Field("", description="What speaks against it")


class NeededLine(Message):
    """A decision that the plan asks for."""

    question: str
    recommendation: str = ""
    decider: str = ""
    by: dt.date | None = None


class PreSopBrief(_Brief):
    """Gaps with their options, scenarios, risks, and the decisions handed on."""

    step: Literal["pre_sop"]
    gaps: list[GapLine] = []
    options: list[OptionLine] = []
    questions: list[str] = Field([], description="Levers that no table prices: ask what they cost")
    scenarios: list[ScenarioLine] = []
    risks: list[str] = []
    decisions_needed: list[NeededLine] = []


class RecordLine(Message):
    """A decision, an action or an assumption of the record."""

    id: str
    says: str
    status: str
    who: str = Field("", description="Who decides, does or watches it")
    due: str = Field("", description="Day by which it is due, or until which it holds")
    options: list[str] = Field([], description="What a decision may choose")
    chosen: str = ""


class ExecutiveSopBrief(_Brief):
    """What is put before the executives: the plan in figures, decisions, actions, assumptions."""

    step: Literal["executive_sop"]
    figures: list[Figure] = []
    raised: list[str] = Field([], description="Risks and opportunities whose trigger is met")
    decisions: list[RecordLine] = []
    actions: list[RecordLine] = []
    suggested_actions: list[str] = Field([], description="Actions that the plan proposes; nobody has taken them on yet")
    assumptions: list[RecordLine] = []


class MeasureLineOfPlan(Message):
    """A measure beside its target."""

    measure: str
    level: str
    value: float | None = None
    unit: str
    target: float | None = None
    status: str
    note: str = ""


class MeasureBrief(_Brief):
    """How good the plan was: measures beside their targets, and what is missing to compute them."""

    step: Literal["measure"]
    measures: list[MeasureLineOfPlan] = []
    missing: list[str] = Field([], description="Measures with a target that cannot be computed, and what to give")
    missed: list[str] = Field([], description="Weekly targets that were missed, and other alarms")


Brief = GatherBrief | DemandReviewBrief | SupplyReviewBrief | PreSopBrief | ExecutiveSopBrief | MeasureBrief
BRIEFS: dict[str, type[_Brief]] = {
    "gather": GatherBrief,
    "demand_review": DemandReviewBrief,
    "supply_review": SupplyReviewBrief,
    "pre_sop": PreSopBrief,
    "executive_sop": ExecutiveSopBrief,
    "measure": MeasureBrief,
}
"""The brief of each step."""


class StepBriefAnswer(Message):
    """The brief of a step."""

    brief: Annotated[Brief, Field(discriminator="step")]
