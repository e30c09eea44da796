"""An override and a scenario: what they say, and what of it can be judged without the data."""

import datetime as dt
import hashlib
import re
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from functools import cache
from math import isfinite
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator, model_validator

from equipoise.errors import InputError
from equipoise.scenario.condition import Condition, Scalar, check_condition, in_words, parse_where
from equipoise.tables import DICTIONARY, GIVEN, table

# What a solver or a report made is never edited, or balance, capacity and money would be lies.
OVERRIDABLE = (*GIVEN, "setting", "correction", "baseline", "consensus", "demand_plan")

# Tables whose columns may stand in `where` of any table that has their key: a family for its items, a quarter for its periods.
ATTRIBUTES = ("item", "market", "location", "resource", "route", "purchase", "lane", "period")

_PERCENT = re.compile(r"([+\-−]?)\s*(\d+(?:[.,]\d+)?)\s*%")
_NOT_CONTENT = {"id", "was", "reason", "author", "assumption", "probability"}


class Override(BaseModel):
    """A change to cells of one table.

    `where` names the cells: a column, or an attribute of a key (family, category, region, channel, quarter, fiscal_year), to a
    value, a list of values, or a range `{from, to}`; periods may be written 2027-03. `split` says what the value means where
    several cells match: `each` cell takes it, or it is their total, shared in `proportion` to what they hold, `equal`ly, or by a
    `measure` of another table, which `split_by` names as table.column. A scale may be written as "+10 %". Cells that a `lock`ed override
    touches keep their value against all later ones.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = ""
    table: str
    where: dict[str, Condition] = Field(default_factory=dict)
    column: str = "quantity"
    operation: Literal["set", "add", "scale", "insert", "remove"]
    value: Scalar | dict[str, Scalar] = None
    split: Literal["each", "proportional", "equal", "measure"] = "each"
    split_by: str = ""
    lock: bool = False
    reason: str = ""
    author: str = ""
    role: str = ""
    assumption: str = ""
    probability: float | None = Field(None, ge=0, le=1)
    status: Literal["proposed", "accepted", "rejected", "off"] = "accepted"
    expires: dt.date | None = None
    was: float | None = None

    @field_validator("table")
    @classmethod
    def _overridable(cls, value: str) -> str:
        if value not in OVERRIDABLE:
            near = get_close_matches(value, OVERRIDABLE, n=1)
            hint = f" Did you mean {near[0]}?" if near else ""
            kinds = "given tables, setting, correction, baseline, consensus and demand_plan"
            raise ValueError(f"the table {value} cannot be overridden: only {kinds} can.{hint}")
        return value

    @field_validator("where", mode="before")
    @classmethod
    def _conditions(cls, value: object) -> object:
        try:
            found = parse_where(value) if isinstance(value, str) else value
            for column, condition in found.items() if isinstance(found, dict) else ():
                check_condition(column, condition)
        except InputError as error:
            raise ValueError(f"{error.message} {error.fix}") from None
        return found

    @field_validator("value", mode="before")
    @classmethod
    def _percentage(cls, value: object, info: ValidationInfo) -> object:
        """Return the factor that a signed percentage means where the operation is scale."""
        found = _PERCENT.fullmatch(value.strip()) if isinstance(value, str) and info.data.get("operation") == "scale" else None
        if found is None:
            return value
        if not found[1]:
            raise ValueError(f"{value} may mean plus {value} or that share of it. Write +{value}, or the factor, such as 1.1.")
        share = float(found[2].replace(",", ".")) / 100
        return round(1 + share if found[1] == "+" else 1 - share, 12)

    @model_validator(mode="before")
    @classmethod
    def _split_named(cls, data: object) -> object:
        return {**data, "split": "measure"} if isinstance(data, dict) and data.get("split_by") and not data.get("split") else data

    @model_validator(mode="after")
    def _one_way_to_split(self) -> "Override":
        if self.split == "measure" and not self.split_by:
            raise ValueError("the split measure needs a measure. Name it in split_by as table.column, such as history.quantity.")
        if self.split_by and self.split != "measure":
            raise ValueError(f"split_by names a measure, but split is {self.split}. Set split to measure, or leave split_by out.")
        return self

    def __str__(self) -> str:
        if isinstance(self.value, dict):
            return f"{self.table}: insert {', '.join(f'{name} {value}' for name, value in self.value.items())}"
        cells = self.cells or "every row"
        change = {"set": "set to", "add": "plus", "scale": "times", "insert": "insert", "remove": "remove"}[self.operation]
        shown = f"{self.value:.15g}" if isinstance(self.value, float) else self.value
        value = "" if self.operation == "remove" else f" {shown}"
        column = "" if self.operation in {"insert", "remove"} else f" {self.column}"
        split = {"each": "", "proportional": ", in proportion", "equal": ", equally", "measure": f", by {self.split_by}"}[self.split]
        return f"{self.table}{column} of {cells}: {change}{value}{split if self.operation in {'set', 'add'} else ''}"

    @property
    def cells(self) -> str:
        """Its conditions in words; empty where it has none."""
        return ", ".join(f"{name} {in_words(value)}" for name, value in self.where.items())

    @property
    def content(self) -> str:
        """What the override does, as text: two with the same content do the same, whoever made them and why."""
        return self.model_dump_json(exclude=_NOT_CONTENT)


class Scenario(BaseModel):
    """A named list of overrides on its parent, or on the base plan where it has none. Without overrides it changes nothing.

    `added` are batches that the record lays over its own overrides, each over those before it. `fault` says why it cannot be run, with
    the remedy; empty where it can.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(min_length=1)
    parent: str = ""
    description: str = ""
    likelihood: Literal["", "low", "medium", "high"] = ""
    impact: Literal["", "negative", "medium", "positive"] = ""
    probability: float | None = Field(None, ge=0, le=1)
    overrides: tuple[Override, ...] = ()
    added: tuple[tuple[Override, ...], ...] = ()
    fault: str = ""

    @property
    def batches(self) -> tuple[tuple[Override, ...], ...]:
        """Its own overrides, then each batch that was added; without those that are empty."""
        return tuple(batch for batch in (self.overrides, *self.added) if batch)

    @property
    def every(self) -> tuple[Override, ...]:
        """All its overrides, in order."""
        return tuple(override for batch in self.batches for override in batch)


def identified(overrides: Sequence[Override]) -> tuple[Override, ...]:
    """Return the overrides with an id each: those without one take it from what they do, so that it is the same in every run."""
    used = {override.id for override in overrides}
    found = []
    for override in overrides:
        if override.id:
            found.append(override)
            continue
        stem = f"o-{hashlib.sha256(override.content.encode()).hexdigest()[:10]}"
        name, number = stem, 1
        while name in used:
            number += 1
            name = f"{stem}-{number}"
        used.add(name)
        found.append(override.model_copy(update={"id": name}))
    return tuple(found)


def faults_of(override: Override) -> Iterator[tuple[str, InputError]]:
    """Yield what is wrong with an override by the dictionary alone: its key (column, value, where, ...) and the error."""
    definition, known = table(override.table), _attributes(override.table)
    for name in override.where:
        if name not in definition.by_name and name not in known and override.operation != "insert":
            near = get_close_matches(name, [*definition.by_name, *sorted(known)], n=1)
            hint = f"Did you mean {near[0]}? " if near else ""
            fix = f"{hint}Its columns are {', '.join(definition.by_name)}."
            yield "where", InputError(f"'{override}': {override.table} has no column {name}.", fix)
    if override.operation == "insert":
        yield from (("value", error) for error in _row_faults(override))
    elif override.operation != "remove":
        yield from _value_faults(override)


@cache
def columns_of(name: str) -> frozenset[str]:
    """Return every column that `where` of an override of a table may name: its own, and attributes of its keys."""
    return frozenset(table(name).by_name) | _attributes(name)


@cache
def _attributes(name: str) -> frozenset[str]:
    """Return the columns that `where` may name besides those of the table: attributes of its keys."""
    own = table(name).by_name
    return frozenset(column for master in ATTRIBUTES if master in own for column in DICTIONARY[master].by_name)


def _value_faults(override: Override) -> Iterator[tuple[str, InputError]]:
    definition = table(override.table)
    column = definition.by_name.get(override.column)
    if column is None or column.key:
        near = get_close_matches(override.column, [one.name for one in definition.columns if not one.key], n=1)
        hint = f" Did you mean {near[0]}?" if near else ""
        fix = f"Name a column of {override.table} that is not a key.{hint}"
        yield "column", InputError(f"'{override}': {override.table} has no value column {override.column}.", fix)
        return
    value = override.value
    if column.kind not in {"number", "integer"}:
        if override.operation != "set":
            yield "operation", InputError(f"'{override}': words, dates and flags can only be set.", "Use the operation set.")
        elif column.allowed and value is not None and value not in column.allowed:
            yield "value", InputError(f"'{override}': {override.column} is {value!r}.", f"It must be one of {', '.join(column.allowed)}.")
    elif isinstance(value, bool) or not isinstance(value, (int, float)) or not isfinite(value):
        percent = isinstance(value, str) and value.strip().endswith("%")
        fix = "For a percentage use the operation scale with a value such as +10 %." if percent else "Give a number."
        yield "value", InputError(f"'{override}': {override.column} takes a number, not {value!r}.", fix)
    if override.split == "measure":
        yield from (("split_by", error) for error in _measure_faults(override))


def _measure_faults(override: Override) -> Iterator[InputError]:
    name, _, field = override.split_by.partition(".")
    form = "Name it as table.column, such as history.quantity, budget.revenue or baseline.p90."
    if name not in DICTIONARY:
        near = get_close_matches(name, DICTIONARY, n=1)
        yield InputError(f"'{override}': there is no table {name}.", f"Did you mean {near[0]}?" if near else form)
        return
    column = table(name).by_name.get(field)
    if not field:
        yield InputError(f"'{override}': split_by names no column.", form)
    elif column is None or column.kind not in {"number", "integer"} or column.key:
        near = get_close_matches(field, [one.name for one in table(name).columns if one.kind == "number"], n=1)
        yield InputError(f"'{override}': {name} has no column {field} of numbers.", f"Did you mean {near[0]}?" if near else form)
    if not {key for key in table(name).keys if key != "period"} & set(table(override.table).by_name):
        yield InputError(
            f"'{override}': {name} and {override.table} share no key.", "Name a measure by item, market or another shared key."
        )


def _row_faults(override: Override) -> Iterator[InputError]:
    definition = table(override.table)
    if not isinstance(override.value, dict):
        yield InputError(f"'{override}': insert needs a row.", "Give value as a mapping of column to value.")
        return
    unknown = [name for name in override.value if name not in definition.by_name]
    required = [column for column in definition.columns if column.required and column.default is None]
    missing = [column.name for column in required if override.value.get(column.name) is None]
    for name, value in override.value.items():
        column = definition.by_name.get(name)
        if column is not None and column.allowed and value is not None and value not in column.allowed:
            yield InputError(f"'{override}': {name} is {value!r}.", f"It must be one of {', '.join(column.allowed)}.")
    if unknown or missing:
        wrong = [f"unknown column {name}" for name in unknown] + [f"no value for {name}" for name in missing]
        fix = f"The columns of {override.table} are {', '.join(definition.by_name)}."
        yield InputError(f"'{override}': {', '.join(wrong)}.", fix)


def chain(scenarios: Sequence[Scenario], name: str) -> tuple[tuple[Override, ...], ...]:
    """Return the batches of overrides that make scenario `name`: its oldest ancestor's first, its own last.

    Raises InputError like `ancestry`.
    """
    return tuple(batch for scenario in ancestry(scenarios, name) for batch in scenario.batches)


def ancestry(scenarios: Sequence[Scenario], name: str) -> tuple[Scenario, ...]:
    """Return scenario `name` with its parents, the oldest first.

    Raises InputError where a name is used twice, a parent does not exist, parents go in a circle, or one of them cannot be run.
    """
    by_name = {scenario.name: scenario for scenario in scenarios}
    if len(by_name) < len(scenarios):
        twice = sorted({s.name for s in scenarios if sum(other.name == s.name for other in scenarios) > 1})
        raise InputError(f"Scenarios named twice: {', '.join(twice)}.", "Give each scenario a name of its own.")
    seen: list[str] = []
    current = name
    while current:
        if current in seen:
            raise InputError(
                f"Scenarios are each other's parents: {' > '.join([*seen, current])}.", "Let one of them build on the base plan."
            )
        if current not in by_name:
            near = get_close_matches(current, by_name, n=1)
            raise InputError(
                f"There is no scenario {current}.", f"Did you mean {near[0]}?" if near else f"There are: {', '.join(by_name)}."
            )
        if by_name[current].fault and (current == name or by_name[current].batches):  # an empty parent changes nothing
            message, _, fix = by_name[current].fault.rpartition(". ")
            raise InputError(f"{message}.", fix)
        seen.append(current)
        current = by_name[current].parent
    return tuple(by_name[one] for one in reversed(seen))
