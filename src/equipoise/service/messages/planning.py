"""What running, showing, explaining, trying and promoting are asked and answer."""

from typing import Annotated, Literal

from pydantic import Field

from equipoise.service.messages.message import Cell, Message, PlanRequest


class IssueLine(Message):
    """One fault found in what was given."""

    severity: str
    source: str = ""
    table: str = ""
    row: int | None = None
    column: str = ""
    message: str
    fix: str = ""


class InitRequest(Message):
    """Make a workspace to start from."""

    folder: Annotated[str, Field(description="Folder to make", json_schema_extra={"positional": True})]


class InitAnswer(Message):
    """What was made."""

    folder: str
    files: list[str]
    next: str


class CheckRequest(PlanRequest):
    """Read a plan and its data, and report every fault, without planning."""

    plan: Annotated[str, Field(description="Plan file, or a folder with a plan.yaml", json_schema_extra={"positional": True})] = "."


class CheckAnswer(Message):
    """What was read and what is wrong with it."""

    plan: str
    tables: dict[str, int] = Field(description="Rows by table")
    assumptions: list[str]
    issues: list[IssueLine]


class RunRequest(PlanRequest):
    """Run the whole cycle and write its outputs."""

    plan: Annotated[str, Field(description="Plan file, or a folder with a plan.yaml", json_schema_extra={"positional": True})] = "."
    force: Annotated[bool, Field(description="Run even if nothing has changed since the last version")] = False
    background: Annotated[bool, Field(description="Run in a process of its own, and say the number of its job")] = False


class StepLine(Message):
    """One step of a run."""

    phase: str
    step: str
    state: Literal["done", "unchanged"]
    seconds: float


class Figure(Message):
    """A headline number."""

    name: str
    value: float | None
    unit: str
    note: str = ""


class ScenarioLine(Message):
    """A scenario in one line."""

    scenario: str
    likelihood: str
    impact: str
    figures: dict[str, float | None]
    note: str = ""


class RunAnswer(Message):
    """What a run made and where it is."""

    plan: str
    version: str
    unchanged: bool
    folder: str
    files: list[str]
    headline: list[str]
    figures: list[Figure]
    scenarios: list[ScenarioLine]
    raised: list[str] = Field(description="Risks and opportunities whose trigger is met")
    actions: list[str]
    steps: list[StepLine]
    issues: list[IssueLine]
    seconds: float


class ShowRequest(PlanRequest):
    """Show a table of a plan's version."""

    table: Annotated[str, Field(description="Table; without one, all tables are listed", json_schema_extra={"positional": True})] = ""
    where: Annotated[list[str], Field(description="Rows to show: column=value, also by family, category, region or channel")] = []
    columns: Annotated[list[str], Field(description="Columns to show; by default all that hold something")] = []
    pivot: Annotated[bool, Field(description="Put the periods across")] = False
    measure: Annotated[str, Field(description="Column to put across; by default the table's main quantity")] = ""
    by: Annotated[list[str], Field(description="Columns or attributes to add up by when periods are across; by default the keys")] = []
    version: Annotated[int | None, Field(description="Version number; by default the latest")] = None
    sort: Annotated[list[str], Field(description="Columns to sort by; a hyphen before one begins with its largest")] = []
    limit: Annotated[int, Field(description="Most rows; 0 shows all", ge=0)] = 100
    offset: Annotated[int, Field(description="Rows to leave out before the first", ge=0)] = 0


class ShowAnswer(Message):
    """Rows of a table."""

    plan: str
    version: str
    table: str
    meaning: str
    columns: list[str]
    units: list[str]
    rows: list[list[Cell]]
    total_rows: int


class TryRequest(PlanRequest):
    """Try a change on the plan, and see what it does to money and gaps; nothing is stored."""

    change: Annotated[
        list[str],
        Field(
            description="Changes, each TABLE.COLUMN CELLS: CHANGE, such as 'demand_plan family=Tents: +10 %'",
            json_schema_extra={"positional": True},
        ),
    ] = []
    scenario: Annotated[str, Field(description="Scenario of the plan to try, changes on top of it")] = ""
    option: Annotated[str, Field(description="Option of the latest version to try, by its name or rank")] = ""
    gaps: Annotated[int, Field(description="Most gaps to tell", ge=0)] = 5


class MeasureLine(Message):
    """A measure of the base plan and of what is tried."""

    name: str
    base: float | None
    value: float | None
    difference: float | None
    unit: str


class TryAnswer(Message):
    """What a change does."""

    plan: str
    changes: list[str]
    status: str
    measures: list[MeasureLine]
    gaps: list[str]
    seconds: float


class PromoteRequest(PlanRequest):
    """Make a scenario or an option part of the base plan, or take it out again."""

    name: Annotated[str, Field(description="Scenario, or option by name or rank", json_schema_extra={"positional": True})]
    reason: Annotated[str, Field(description="Why")] = ""
    undo: Annotated[bool, Field(description="Take it out of the base plan again")] = False


class PromoteAnswer(Message):
    """What was promoted, or taken out."""

    plan: str
    name: str
    kind: str
    overrides: list[str]
    promoted: list[str] = Field(description="All that is promoted now")
    version: str = Field("", description="Version that it was decided on, which stands for good")
    next: str
