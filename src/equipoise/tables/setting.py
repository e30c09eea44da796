"""The plan's settings: name, type, default and meaning of each, once.

The plan file's groups of the same names are checked against these models; `to_table` flattens them to the table `setting`,
so that a scenario overrides a setting as it overrides any number, and `from_table` reads them back for a step.
"""

import datetime as dt
import json
from typing import Literal

import polars as pl
from pydantic import BaseModel, ConfigDict, Field

Cadence = Literal["week", "month", "quarter", "4-4-5"]


class Group(BaseModel):
    """A group of settings: unknown names are refused, values never change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class CalendarSetting(Group):
    """Periods of the plan."""

    cadence: Cadence = Field("month", description="Length of a planning period")
    as_of: dt.date | None = Field(None, description="Data cut: later data is not known; by default the day before start")
    start: dt.date | None = Field(None, description="First day of the horizon; by default the period after as_of")
    horizon: int = Field(18, ge=1, le=260, description="Periods planned")
    frozen: int = Field(0, ge=0, le=260, description="Periods at the start whose supply plan no longer changes")
    fiscal_year_start: int = Field(1, ge=1, le=12, description="Month in which the fiscal year begins")
    week_starts: Literal["monday", "sunday", "saturday"] = Field("monday", description="First day of a week")


class ConsensusSetting(Group):
    """How streams become one number."""

    basis: str = Field(
        "baseline", description="baseline, average (of views, by weights), learned (weights from past errors), or the name of one stream"
    )
    weights: dict[str, float] = Field(
        default_factory=dict, description="Weight of each view where the basis is average; scaled to add up to 1"
    )


class CleaningSetting(Group):
    """How history is cleaned before it is forecast from."""

    mode: Literal["automatic", "propose", "none"] = Field(
        "automatic", description="Whether corrections count unless refused, count only where accepted, or are not looked for"
    )
    threshold: float = Field(4.0, gt=1, le=100, description="Distance from usual demand, in robust standard deviations, of an outlier")
    returns: Literal["subtract", "keep"] = Field("subtract", description="Whether returned units are taken off the demand forecast from")
    calendar: Literal["automatic", "none"] = Field(
        "automatic", description="Whether trading days and moving holidays are looked for, and used where history shows them"
    )


class DemandSetting(Group):
    """Demand review."""

    level: tuple[str, ...] = Field(("item", "market"), description="Level the forecast is made at")
    review: tuple[str, ...] = Field(("family",), description="Level people review and targets are judged at")
    methods: Literal["fast", "accurate"] | tuple[str, ...] = Field(
        "fast", description="fast, accurate (more methods, a little slower), or the names of methods to choose among"
    )
    drivers: Literal["automatic", "none"] = Field(
        "automatic", description="Whether given drivers are used where the backtest shows that they help"
    )
    cleaning: CleaningSetting = Field(default_factory=CleaningSetting, description="How history is cleaned")
    reconciliation: Literal["bottom_up", "top_down", "middle_out", "min_trace"] = Field(
        "bottom_up",
        description="How levels are made one: leaves added up, the total split, `level` split and added up, or all levels weighed by error",
    )
    levels: tuple[tuple[str, ...], ...] = Field(
        (("family",), ("market",)), description="Levels that min_trace forecasts beside the total and the leaves"
    )
    whole_units: bool = Field(False, description="Whether the baseline comes in whole units that still add up to the levels' totals")
    fences: dict[str, int] = Field(
        default_factory=dict, description="Role to the periods at the start of the horizon whose demand it may not override"
    )
    consensus: ConsensusSetting = Field(default_factory=ConsensusSetting, description="How streams become one number")
    season: int | None = Field(None, ge=1, le=366, description="Periods in a season; by default those of a year")
    origins: int = Field(6, ge=1, le=60, description="Most backtest origins of a series")
    order_window_back: int = Field(0, ge=0, le=52, description="Periods before an order in which it consumes the forecast")
    order_window_forward: int = Field(0, ge=0, le=52, description="Periods after an order in which it consumes the forecast")


class SupplySetting(Group):
    """Supply review."""

    level: Literal["item", "family"] = Field("item", description="Level the supply plan is made at")
    objective: Literal["profit", "cost", "service"] = Field(
        "profit", description="What is best: most profit, least cost at full service, or most service, the market of best priority first"
    )
    strategy: Literal["optimal", "level_output", "level_workforce", "chase", "hybrid", "given"] = Field(
        "optimal", description="How production follows demand"
    )
    hybrid_periods: int = Field(3, ge=1, le=120, description="Periods for which the strategy hybrid holds its rate and its workforce level")
    integer: bool = Field(False, description="Whether lots, set-ups and workers come whole where the tables ask for it")
    backlog_allowed: bool = Field(True, description="Whether demand may be served late where demand_policy does not say")
    lost_allowed: bool = Field(True, description="Whether demand may be lost where demand_policy does not say")
    relative_gap: float = Field(0.0001, ge=0, le=1, description="Gap to the bound at which an integer plan is good enough")
    stability: float = Field(
        0, ge=0, le=10, description="Price of a unit more or less than in the last plan, a share of its value; 0: only between equal plans"
    )
    time_limit: float = Field(300, gt=0, description="Seconds the optimiser may take")
    review_time: float | None = Field(
        None, ge=0, le=730, description="Days between two plans, which safety stock covers beside the lead time; by default a period"
    )
    proofs: int = Field(12, ge=0, le=10_000, description="Most binding limits whose value is proven by solving again one unit up and down")


class FinanceSetting(Group):
    """Money."""

    carrying_rate: float | None = Field(None, ge=0, le=5, description="Cost of holding stock, a year, as a share of its value")
    tax_rate: float = Field(0, ge=0, le=1, description="Tax on profit")
    receivable_days: float = Field(0, ge=0, le=3650, description="Days until customers pay")
    payable_days: float = Field(0, ge=0, le=3650, description="Days until suppliers are paid")


class CoverTarget(Group):
    """Target of weeks of supply, and how far from it is still good."""

    target: float | None = Field(None, ge=0, description="Weeks; by default what the inventory targets give")
    tolerance: float = Field(0.10, ge=0, le=1, description="Share above or below that is still good")


class TargetSetting(Group):
    """Targets of the measures; by default those of the published S&OP skill."""

    mape: float = Field(0.20, ge=0, description="Most mean absolute percentage error of the forecast")
    plan_attainment: float = Field(0.95, ge=0, description="Least share of the plan attained")
    weeks_of_supply: CoverTarget = Field(default_factory=CoverTarget, description="Weeks of supply")
    otif: float = Field(0.98, ge=0, le=1, description="Least share of order lines on time and in full")


class TemplateSetting(Group):
    """Demand of the scenarios that every plan gets, as a multiple of the base plan's."""

    upside: float = Field(1.20, ge=0, description="Best case; low likelihood, positive impact")
    downside: float = Field(0.80, ge=0, description="Worst case; low likelihood, negative impact")
    stretch: float = Field(1.10, ge=0, description="Aspirational; medium likelihood, positive impact")


class GapSetting(Group):
    """From what size a gap is worth showing."""

    shortage_units: float = Field(0.5, ge=0, description="Units short in a run of periods")
    idle_share: float = Field(0.15, ge=0, le=1, description="Share of regular capacity idle")
    excess_share: float = Field(0.25, ge=0, description="Stock above target, as a share of the target")
    budget_share: float = Field(0.05, ge=0, description="Difference to budget, as a share of the budget")
    last_cycle_share: float = Field(0.10, ge=0, description="Difference to the last cycle's plan, as a share of that plan")
    obsolete_weeks: float = Field(26, gt=0, description="Stock beyond this many weeks of demand, or without demand, is obsolete")


class OptionSetting(Group):
    """The search for options."""

    tried: int = Field(24, ge=0, le=1000, description="Most single options that are proven by solving the plan again")
    combined: int = Field(5, ge=1, le=20, description="Most single options in a combination")
    gaps: int = Field(12, ge=0, le=1000, description="Most gaps that options are looked for")


class LikelihoodSetting(Group):
    """What the words for how likely a scenario is weigh where no probability is given."""

    low: float = Field(0.15, ge=0, description="Weight of a scenario of low likelihood")
    medium: float = Field(0.30, ge=0, description="Weight of a scenario of medium likelihood")
    high: float = Field(0.55, ge=0, description="Weight of a scenario of high likelihood")


class RiskSetting(Group):
    """Simulation, the robust plan and sensitivity."""

    paths: int = Field(1000, ge=0, le=100_000, description="Paths of demand and supply that the plan is played against; 0: none")
    rolling: int = Field(20, ge=0, le=1000, description="Paths on which the plan is also solved again in every period, for comparison")
    tail: float = Field(0.05, gt=0, le=1, description="Share of the worst paths that the conditional value at risk is the average of")
    committed: int | None = Field(
        None, ge=1, le=260, description="Periods that the robust plan settles before it is known which scenario comes; by default a quarter"
    )
    likelihood: LikelihoodSetting = Field(default_factory=LikelihoodSetting, description="Weights of the words for likelihood")
    sensitivity: float = Field(0.10, ge=0, lt=1, description="Share by which price, volume, cost and capacity are changed; 0: not at all")


class Setting(Group):
    """All settings of a plan."""

    plan: str = Field(description="Name of the plan: letters, digits, - and _", pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$")
    currency: str = Field("", description="Currency of every money column; empty: not given", max_length=20)
    calendar: CalendarSetting = Field(default_factory=CalendarSetting, description="Periods of the plan")
    demand: DemandSetting = Field(default_factory=DemandSetting, description="Demand review")
    supply: SupplySetting = Field(default_factory=SupplySetting, description="Supply review")
    finance: FinanceSetting = Field(default_factory=FinanceSetting, description="Money")
    targets: TargetSetting = Field(default_factory=TargetSetting, description="Targets of the measures")
    gaps: GapSetting = Field(default_factory=GapSetting, description="From what size a gap is worth showing")
    options: OptionSetting = Field(default_factory=OptionSetting, description="The search for options")
    risk: RiskSetting = Field(default_factory=RiskSetting, description="Simulation, the robust plan and sensitivity")
    templates: TemplateSetting = Field(default_factory=TemplateSetting, description="Scenarios that every plan gets")
    seed: int = Field(0, ge=0, description="Seed of everything random")


def to_table(setting: Setting) -> pl.DataFrame:
    """Return the table `setting`: one row a leaf, its name with dots, its value as JSON."""
    rows: list[tuple[str, str]] = []

    def walk(prefix: str, value: object) -> None:
        if isinstance(value, dict) and not prefix.endswith((".weights", ".fences")):
            for name, inner in value.items():
                walk(f"{prefix}.{name}" if prefix else name, inner)
        else:
            rows.append((prefix, json.dumps(value)))

    walk("", setting.model_dump(mode="json"))
    return pl.DataFrame(rows, schema={"setting": pl.String, "value": pl.String}, orient="row").sort("setting")


def from_table(frame: pl.DataFrame) -> Setting:
    """Return the settings that the table `setting` holds.

    Raises pydantic.ValidationError where an override gave a value that the setting does not allow.
    """
    tree: dict[str, object] = {}
    for name, value in frame.select("setting", "value").iter_rows():
        *groups, leaf = name.split(".")
        branch = tree
        for group in groups:
            branch = branch.setdefault(group, {})  # type: ignore[assignment]
        try:
            branch[leaf] = json.loads(value)
        except json.JSONDecodeError:
            branch[leaf] = value
    return Setting.model_validate(tree)
