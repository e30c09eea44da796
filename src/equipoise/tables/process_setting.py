"""Settings of the process: the plan file's group `process`. They decide who does what by when, never a number of the plan.

Every one has a default: a plan file without the group has a full cycle, in the calendar that practice has settled on: data and
forecast in the first working days, demand review about the sixth, supply review about the tenth, pre-S&OP about the thirteenth, the
executive meeting about the sixteenth, then publishing and measuring (Wallace and Stahl, Sales & Operations Planning: The How-To
Handbook; Lapide, Journal of Business Forecasting).
"""

import datetime as dt
import re
from typing import Literal, get_args

from pydantic import ConfigDict, Field, JsonValue, field_validator, model_validator

from equipoise.tables.setting import Group

Role = Literal["facilitator", "sales", "demand planner", "supply planner", "finance", "executive", "viewer", "agent"]
StepName = Literal["gather", "demand_review", "supply_review", "pre_sop", "executive_sop", "measure"]
Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
Section = Literal["summary", "decisions", "changes", "demand_plan", "supply_plan", "weekly_targets", "financials", "risks", "actions"]
WEEKDAYS: tuple[str, ...] = get_args(Weekday)
_PASSWORD = re.compile(r"://[^/@:]*:[^/@]+@")
_OF_STEP: dict[str, JsonValue] = {"default": "as the step has it"}

# Conditions that the system checks where a gate names them in these words; every other condition is confirmed by whoever submits.
RUN_IS_CURRENT = "The plan was run since the last change"
NO_ERRORS = "No errors are open"
TASKS_DONE = "All tasks are done"
PROPOSALS_REVIEWED = "All proposals are reviewed"
EARLIER_STEPS = "The steps before are submitted"
DECISIONS_MADE = "All decisions due are made"
CHECKED_CONDITIONS = (RUN_IS_CURRENT, NO_ERRORS, TASKS_DONE, PROPOSALS_REVIEWED, EARLIER_STEPS, DECISIONS_MADE)


class HolidaySetting(Group):
    """A day, or days in a row, on which nobody works."""

    model_config = ConfigDict(extra="forbid", frozen=True, serialize_by_alias=True)

    first: dt.date = Field(alias="from", description="First day")
    to: dt.date | None = Field(None, description="Last day; by default the first")
    name: str = Field("", description="Name")

    @model_validator(mode="after")
    def _in_order(self) -> "HolidaySetting":
        if self.to is not None and self.to < self.first:
            raise ValueError(f"the holiday ends on {self.to}, before it begins on {self.first}.")
        return self

    @property
    def last(self) -> dt.date:
        """The last day."""
        return self.to or self.first


class TaskSetting(Group):
    """Something to be done in every cycle."""

    title: str = Field(min_length=1, description="What is to be done")
    owner_role: Role | None = Field(None, description="Role that does it; by default the owner of the step")
    day: int | None = Field(None, ge=1, le=60, description="Working day of the cycle by which it is done; by default the step's last")
    link: str = Field("", description="Where it is done: a command, a table, a page")
    meeting: bool = Field(False, description="Whether it is a meeting")


class StepSetting(Group):
    """A step of the cycle. What is not given is taken from the default step of the same name."""

    name: StepName = Field(description="Step")
    title: str = Field(min_length=1, description="Title", json_schema_extra=_OF_STEP)
    owner_role: Role = Field(description="Role that submits it", json_schema_extra=_OF_STEP)
    accepting_role: Role = Field(description="Role that accepts it", json_schema_extra=_OF_STEP)
    first_day: int = Field(ge=1, le=60, description="First working day of the cycle", json_schema_extra=_OF_STEP)
    last_day: int = Field(ge=1, le=60, description="Last working day of the cycle", json_schema_extra=_OF_STEP)
    gate: tuple[str, ...] = Field((), description="What must be true before it is submitted, in words", json_schema_extra=_OF_STEP)
    tasks: tuple[TaskSetting, ...] = Field((), description="What is to be done", json_schema_extra=_OF_STEP)

    @model_validator(mode="before")
    @classmethod
    def _completed(cls, data: object) -> object:
        return {**_STEPS.get(str(data.get("name")), {}), **data} if isinstance(data, dict) else data

    @model_validator(mode="after")
    def _in_order(self) -> "StepSetting":
        if self.last_day < self.first_day:
            raise ValueError(f"the step {self.name} ends on working day {self.last_day}, before it begins on {self.first_day}.")
        return self


def without_password(address: str) -> str:
    """Return an address of a notification service. Raises ValueError where a password stands in it: a plan file is read by many."""
    if _PASSWORD.search(address):
        raise ValueError("a password stands in an address. Put the address into an environment variable, and write env:NAME.")
    return address


class AudienceSetting(Group):
    """Somebody who is told of the approved plan: a line of the communication plan."""

    audience: str = Field(min_length=1, description="Name of the audience")
    roles: tuple[Role, ...] = Field((), description="Roles that are told")
    people: tuple[str, ...] = Field((), description="People that are told")
    what: tuple[Section, ...] = Field(("summary", "changes"), description="What they are told")
    channel: Literal["mail", "chat", "calendar"] = Field("mail", description="How they are told")
    when: int = Field(0, ge=0, le=60, description="Working days after the approval")
    by: Role = Field("facilitator", description="Role that answers for it")
    addresses: tuple[str, ...] = Field(
        (), description="Further addresses that are told: mail addresses, those of a service in the form that apprise takes, or env:NAME"
    )

    @field_validator("addresses")
    @classmethod
    def _no_secrets(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(map(without_password, value))

    @model_validator(mode="after")
    def _somebody(self) -> "AudienceSetting":
        if not self.roles and not self.people and not self.addresses:
            raise ValueError(f"nobody is named for the audience {self.audience}. Give roles, people or addresses.")
        if not self.what:
            raise ValueError(f"the audience {self.audience} is told nothing. Name what, or leave the audience out.")
        return self


def _step(
    title: str, owner: Role, accepting: Role, days: tuple[int, int], gate: tuple[str, ...], *tasks: tuple[str, Role, int, str]
) -> dict[str, object]:
    keys = ("title", "owner_role", "day", "link")
    return {
        "title": title,
        "owner_role": owner,
        "accepting_role": accepting,
        "first_day": days[0],
        "last_day": days[1],
        "gate": gate,
        "tasks": [{**dict(zip(keys, task, strict=True)), "meeting": task[0].startswith("Hold ")} for task in tasks],
    }


_STEPS: dict[str, dict[str, object]] = {
    "gather": _step(
        "Data and statistical forecast",
        "demand planner",
        "facilitator",
        (1, 4),
        (NO_ERRORS, RUN_IS_CURRENT, TASKS_DONE, "Sales, stock and orders are complete up to the cut-off"),
        ("Update history, orders, stock and master data", "demand planner", 2, "equipoise check"),
        ("Review the corrections of history", "demand planner", 3, "equipoise show correction"),
        ("Run the plan and look at the baseline", "demand planner", 4, "equipoise run"),
    ),
    "demand_review": _step(
        "Demand review",
        "demand planner",
        "supply planner",
        (5, 7),
        (EARLIER_STEPS, RUN_IS_CURRENT, PROPOSALS_REVIEWED, TASKS_DONE, "Sales, marketing and finance agree to one demand plan"),
        ("Give sales' view by market", "sales", 5, "equipoise override add"),
        ("Review promotions, launches and phase-outs", "sales", 6, "equipoise show event"),
        ("Record assumptions", "demand planner", 6, "equipoise assumption add"),
        ("Hold the demand review and agree on the demand plan", "demand planner", 7, "equipoise show demand_plan"),
    ),
    "supply_review": _step(
        "Supply review",
        "supply planner",
        "finance",
        (8, 11),
        (EARLIER_STEPS, RUN_IS_CURRENT, PROPOSALS_REVIEWED, TASKS_DONE, "Plants and suppliers confirm the plan"),
        ("Update capacity, workforce and suppliers' limits", "supply planner", 8, "equipoise show capacity"),
        ("Review shortages and overloads, and their causes", "supply planner", 10, "equipoise show supply_cause"),
        ("Hold the supply review and agree on the supply plan", "supply planner", 11, "equipoise show supply_plan"),
    ),
    "pre_sop": _step(
        "Pre-S&OP meeting",
        "facilitator",
        "executive",
        (12, 14),
        (EARLIER_STEPS, RUN_IS_CURRENT, PROPOSALS_REVIEWED, TASKS_DONE, "Every decision has options, their cost and a recommendation"),
        ("Reconcile the plan with the budget", "finance", 12, "equipoise show gap"),
        ("Prepare scenarios and options", "facilitator", 13, "equipoise show option"),
        ("Hold the pre-S&OP meeting", "facilitator", 14, "equipoise decision list"),
    ),
    "executive_sop": _step(
        "Executive S&OP meeting",
        "facilitator",
        "executive",
        (15, 17),
        (EARLIER_STEPS, RUN_IS_CURRENT, DECISIONS_MADE),
        ("Send out the agenda and the pack", "facilitator", 15, "equipoise meeting agenda"),
        ("Hold the executive meeting", "executive", 16, "equipoise decision list"),
        ("Approve the plan", "executive", 17, "equipoise approve"),
        ("Publish the plan and tell everybody", "facilitator", 17, "equipoise publish"),
    ),
    "measure": _step(
        "Measure and improve",
        "facilitator",
        "executive",
        (18, 20),
        (
            TASKS_DONE,
            "Lessons are written down as actions",
        ),
        ("Review accuracy, bias, service and attainment", "facilitator", 19, "equipoise show kpi"),
        ("Review the cycle itself and record actions", "facilitator", 20, "equipoise action add"),
    ),
}
_AUDIENCES: tuple[dict[str, object], ...] = (
    {"audience": "Executives", "roles": ("executive",), "what": ("summary", "decisions", "financials", "risks")},
    {"audience": "Sales", "roles": ("sales",), "what": ("summary", "changes", "demand_plan", "weekly_targets"), "when": 1},
    {"audience": "Demand planning", "roles": ("demand planner",), "what": ("summary", "changes", "demand_plan", "actions")},
    {
        "audience": "Supply planning",
        "roles": ("supply planner",),
        "what": ("summary", "changes", "supply_plan", "weekly_targets", "actions"),
    },
    {"audience": "Finance", "roles": ("finance",), "what": ("summary", "changes", "financials"), "when": 1},
)
_EXPORTS = ("demand_plan", "supply_plan", "purchase_plan", "transfer_plan", "inventory_plan", "item_plan")


def _default_steps() -> tuple[StepSetting, ...]:
    return tuple(StepSetting.model_validate({"name": name}) for name in _STEPS)


def _default_audiences() -> tuple[AudienceSetting, ...]:
    return tuple(AudienceSetting.model_validate(one) for one in _AUDIENCES)


class ProcessSetting(Group):
    """The process: calendar, steps, approval, and who is told what."""

    business_unit: str = Field("", max_length=100, description="Business unit that the plan's records belong to")
    working_days: tuple[Weekday, ...] = Field(
        ("monday", "tuesday", "wednesday", "thursday", "friday"), min_length=1, description="Days of the week on which people work"
    )
    holidays: tuple[HolidaySetting, ...] = Field((), description="Days on which nobody works: dates, or ranges {from, to}")
    cycle_starts: int = Field(1, ge=1, le=23, description="Working day of the month on which a cycle opens")
    publish_day: int = Field(17, ge=1, le=60, description="Working day of the cycle by which the plan is published")
    steps: tuple[StepSetting, ...] = Field(
        default_factory=_default_steps, min_length=1, description="Steps of a cycle; where given, these are all"
    )
    four_eyes: bool = Field(False, description="Whether two people must approve the plan")
    approvers: tuple[Role, ...] = Field(("executive",), min_length=1, description="Roles that may approve the plan")
    target_tolerance: float = Field(0.10, ge=0, le=1, description="Share by which a week may miss its target")
    audiences: tuple[AudienceSetting, ...] = Field(
        default_factory=_default_audiences,
        description="Communication plan: who is told what of the approved plan; where given, these are all",
    )
    mail_server: str = Field(
        "env:EQUIPOISE_MAIL",
        description="Server that sends mail, in the form that apprise takes (mailtos://user:password@host?from=me@company), or env:NAME",
    )
    exports: tuple[str, ...] = Field(_EXPORTS, description="Tables that are written for execution when the plan is published")

    @field_validator("holidays", mode="before")
    @classmethod
    def _days(cls, value: object) -> object:
        if not isinstance(value, (list, tuple)):
            return value
        return [one if isinstance(one, (dict, HolidaySetting)) else {"from": one} for one in value]

    @field_validator("mail_server")
    @classmethod
    def _no_secret(cls, value: str) -> str:
        return without_password(value)

    @field_validator("steps")
    @classmethod
    def _once(cls, value: tuple[StepSetting, ...]) -> tuple[StepSetting, ...]:
        names = [step.name for step in value]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"the step {twice[0]} is given twice.")
        return value

    @field_validator("approvers")
    @classmethod
    def _may_decide(cls, value: tuple[Role, ...]) -> tuple[Role, ...]:
        for role in value:
            if role in {"viewer", "agent"}:
                raise ValueError(f"the role {role} cannot approve a plan. Name roles of people who decide.")
        return value

    @field_validator("exports")
    @classmethod
    def _tables(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        from equipoise.errors import NotFoundError
        from equipoise.tables import table

        for name in value:
            try:
                table(name)
            except NotFoundError as error:
                raise ValueError(f"{error.message} {error.fix}") from None
        return value
