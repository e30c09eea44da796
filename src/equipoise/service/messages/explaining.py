"""What explaining is asked and answers: the links in the origin of a number, each as a sentence and as the facts behind it."""

from typing import Annotated, Literal

from pydantic import Field

from equipoise.service.messages.message import Cell, Message, PlanRequest

LinkKind = Literal[
    "value",
    "source",
    "assumed",
    "setting",
    "unit conversion",
    "correction",
    "statistic",
    "method",
    "stream",
    "event",
    "formula",
    "override",
    "rule",
    "solver",
    "limit",
    "cause",
    "money",
    "scenario",
    "option",
    "simulation",
]


class ExplainRequest(PlanRequest):
    """Say where a number comes from."""

    table: Annotated[str, Field(description="Table", json_schema_extra={"positional": True})] = ""
    where: Annotated[list[str], Field(description="The cell: column=value for its keys")] = []
    column: Annotated[str, Field(description="Column to explain; by default all numbers of the row")] = ""
    scenario: Annotated[str, Field(description="Scenario whose number it is; by default the base plan")] = ""
    version: Annotated[int | None, Field(description="Version number; by default the latest")] = None
    depth: Annotated[int, Field(description="How many tables away from the cell to look; 0 looks as far as there is something", ge=0)] = 0
    limit: Annotated[int, Field(description="Most links, nearest first; 0 gives all", ge=0)] = 60


class Origin(Message):
    """Rows of a file that a number was read from, counted as its reader counts them: the header is row 1 of a text file or sheet."""

    file: str
    sheet: str = ""
    rows: list[int] = Field([], description="Row numbers (of a plan file: lines), at most 20 of them")
    count: int = Field(0, description="How many rows there are")
    words: str = Field("", description="All of the rows in words: 12 to 14, 20")
    column: str = Field("", description="Column of the source, where it has another name there")
    query: str = Field("", description="What rows were taken and computed by, as the plan file says")


class Input(Message):
    """A number that a formula takes."""

    name: str = Field(description="Its name in the expression")
    meaning: str = ""
    value: float | None
    unit: str = ""
    table: str = Field("", description="Where it stands: ask there for its own origin")
    column: str = ""
    keys: dict[str, Cell] = {}
    rows: int = Field(1, description="How many rows it is the sum of")


class Formula(Message):
    """How a number was worked out: the expression over its inputs gives the result."""

    words: str
    expression: str = Field(description="Arithmetic over the names of the inputs, with min, max and abs")
    inputs: list[Input]
    result: float | None = Field(description="What the expression gives: the value of the cell before its overrides")
    docs: str = Field("", description="Where the formula is documented")


class Method(Message):
    """How a forecast was made."""

    name: str
    reason: str = ""
    error: float | None = Field(None, description="Backtest error, scaled by the seasonal naive step: below 1 beats it")
    wmape: float | None = Field(None, description="Backtest weighted absolute error, fraction")
    bias: float | None = Field(None, description="Backtest bias, fraction; positive is over-forecast")
    origins: int | None = Field(None, description="Backtest origins")
    tried: int = Field(0, description="How many methods were tried")
    docs: str = ""


class OverrideFacts(Message):
    """A person's or a decision's change."""

    id: str
    statement: str
    author: str = ""
    role: str = ""
    at: str = Field("", description="When it was made, where the record has it")
    reason: str = ""
    assumption: str = ""
    before: float | None = Field(None, description="What these cells summed to before it")
    after: float | None = Field(None, description="What they sum to with it")
    status: str = ""
    note: str = ""
    came_by: str = Field("", description="Plan file, record, or the scenario or option that was promoted")


class Solve(Message):
    """How the supply plan was solved."""

    status: str
    facts: dict[str, str] = Field(description="The table `solution`: method, gap, objective and the like")
    certificate: str = Field("", description="What the check of the plan from its own tables found")
    docs: str = ""


class Limit(Message):
    """A limit that binds, and what one more unit of it is worth."""

    limit: str
    subject: str
    period: str = ""
    limited_to: float | None = None
    unit: str = ""
    value: float | None = Field(None, description="Gain in money from one unit more (shadow price)")
    value_less: float | None = Field(None, description="Loss with one unit less")
    holds_from: float | None = None
    holds_to: float | None = None
    proof: str = ""


class MoneyTerm(Message):
    """A term of money, as finance defines it."""

    term: str
    money_class: str = Field(description="cash, accounting, opportunity or penalty")
    meaning: str
    line: str = Field("", description="Line of the statement")
    rows: int = Field(1, description="How many rows of the table cost it sums")
    quantity: float | None = None
    price: float | None = Field(None, description="Money for a unit, where all rows have one price")
    amount: float | None = None


LinkFacts = Formula | Method | OverrideFacts | Solve | Limit | MoneyTerm | list[Origin] | None


class Reason(Message):
    """One link in the origin of a number, nearest first: a sentence, and the facts that it says, by kind."""

    table: str
    step: str
    statement: str
    kind: LinkKind = "value"
    depth: int = Field(0, description="How many tables away from the cell")
    column: str = ""
    keys: dict[str, Cell] = {}
    value: Cell = None
    unit: str = ""
    facts: LinkFacts = None


class ExplainAnswer(Message):
    """Where a number comes from."""

    plan: str
    version: str
    table: str
    cell: dict[str, Cell]
    reasons: list[Reason]
    column: str = ""
    scenario: str = ""
    more: int = Field(0, description="Links that were left out because of `limit`")
