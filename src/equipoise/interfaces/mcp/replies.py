"""What a tool answers: sentences, single facts, rows with where the rest of them is, and what comes next; nothing that is empty is sent."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

Cell = str | int | float | bool | None
_LONGEST = 400
_EXACT = 1000  # from here on a figure is told without decimals


class Rows(BaseModel):
    """Rows of one kind."""

    model_config = ConfigDict(extra="forbid")

    title: str
    columns: list[str]
    rows: list[list[Cell]]
    total: Annotated[int, Field(description="Rows there are in all")]
    rest: Annotated[str, Field(description="Where all are: read it")] = ""


class Reply(BaseModel):
    """A tool's answer."""

    model_config = ConfigDict(extra="forbid")

    headline: list[str] = []
    facts: dict[str, Cell] = {}
    tables: list[Rows] = []
    text: str = ""
    rest: Annotated[str, Field(description="Where it goes on: read it")] = ""
    next: list[str] = []


class Cut(BaseModel):
    """A list of an answer that is not sent whole."""

    model_config = ConfigDict(extra="forbid")

    part: str
    total: int
    rest: Annotated[str, Field(description="Where it goes on: read it")] = ""


class Called(BaseModel):
    """The answer of an operation, as every door gives it; of long lists the first items."""

    model_config = ConfigDict(extra="forbid")

    operation: str
    answer: dict[str, Any]
    cut: list[Cut] = []


def rounded(value: object) -> Cell:
    """Return a value as it is told: of numbers four figures, or all before the decimal point."""
    if isinstance(value, bool) or value is None or isinstance(value, int):
        return value
    if isinstance(value, float):
        told = round(value) if abs(value) >= _EXACT else float(f"{value:.4g}")
        return int(told) if told == int(told) else told
    return str(value)


def shortened(text: str, most: int = _LONGEST) -> str:
    """Return a text, cut where it is longer than `most` characters."""
    return text if len(text) <= most else f"{text[: most - 1].rstrip()}…"


def listed(
    title: str, records: Iterable[Mapping[str, object] | BaseModel], columns: Sequence[str], total: int | None = None, rest: str = ""
) -> list[Rows]:
    """Return records as rows of the columns that hold something; none where there are no records."""
    held = [one.model_dump(mode="json") if isinstance(one, BaseModel) else one for one in records]
    names = [name for name in columns if any(one.get(name) not in (None, "", [], False) for one in held)]
    rows = [[_cell(one.get(name)) for name in names] for one in held]
    return [Rows(title=title, columns=names, rows=rows, total=total if total is not None else len(rows), rest=rest)] if rows else []


def _cell(value: object) -> Cell:
    if isinstance(value, (list, tuple)):
        value = ", ".join(map(str, value))
    return shortened(value) if isinstance(value, str) else rounded(value)


def compact(reply: BaseModel) -> dict[str, Any]:
    """Return an answer as plain values, without what is empty."""
    return reply.model_dump(mode="json", exclude_defaults=True)
