"""The one way to change a number: an override; and scenarios, which are named lists of overrides.

`apply` lays overrides over a table, `chain` gives a scenario's overrides with those of its parents, `diff` lists changed cells.
"""

import datetime as dt
import json
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from functools import reduce
from operator import and_
from typing import Literal

import polars as pl
from pydantic import BaseModel, ConfigDict, Field, field_validator

from equipoise.errors import DataError, Fault, InputError, Where
from equipoise.tables import DICTIONARY, GIVEN, table

Scalar = str | bool | int | float | dt.date | None
Condition = Scalar | tuple[Scalar, ...] | dict[Literal["from", "to"], Scalar]

# What a solver or a report made is never edited, or balance, capacity and money would be lies.
OVERRIDABLE = (*GIVEN, "setting", "baseline", "consensus", "demand_plan")

# Tables whose columns may stand in `where` of any table that has their key: a family for its items, a region for its markets.
_ATTRIBUTES = ("item", "market", "location", "resource", "route", "purchase", "lane")


class Override(BaseModel):
    """A change to cells of one table.

    `where` names the cells: a column, or an attribute of a key (family, category, region, channel), to a value, a list of
    values, or a range `{from, to}`; periods may be written 2027-03. `split` says what the value means where several cells
    match: `each` cell takes it, or it is their total, shared in `proportion` to what they hold or `equal`ly.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = ""
    table: str
    where: dict[str, Condition] = Field(default_factory=dict)
    column: str = "quantity"
    operation: Literal["set", "add", "scale", "insert", "remove"]
    value: Scalar | dict[str, Scalar] = None
    split: Literal["each", "proportional", "equal"] = "each"
    lock: bool = False
    reason: str = ""
    author: str = ""
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
            kinds = "given tables, setting, baseline, consensus and demand_plan"
            raise ValueError(f"the table {value} cannot be overridden: only {kinds} can.{hint}")
        return value

    def __str__(self) -> str:
        cells = ", ".join(f"{name} {_words(value)}" for name, value in self.where.items()) or "every row"
        change = {"set": "set to", "add": "plus", "scale": "times", "insert": "insert", "remove": "remove"}[self.operation]
        value = "" if self.operation == "remove" else f" {self.value}"
        column = "" if self.operation in {"insert", "remove"} else f" {self.column}"
        return f"{self.table}{column} of {cells}: {change}{value}"


class Scenario(BaseModel):
    """A named list of overrides on its parent, or on the base plan where it has none. Without overrides it changes nothing."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(min_length=1)
    parent: str = ""
    description: str = ""
    likelihood: Literal["", "low", "medium", "high"] = ""
    impact: Literal["", "negative", "medium", "positive"] = ""
    probability: float | None = Field(None, ge=0, le=1)
    overrides: tuple[Override, ...] = ()


def apply(frame: pl.DataFrame, overrides: Iterable[Override], name: str, masters: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Return table `name` with the accepted overrides laid over it, in order.

    `masters` holds the master tables (item, market, ...) whose attributes `where` may name. Raises DataError, all faults at
    once, where an override names an unknown column or a value of the wrong kind, matches no row, or sets a cell that another
    of the same batch has set.
    """
    faults: list[Fault] = []
    touched: dict[str, tuple[pl.Series, Override]] = {}
    for override in overrides:
        if override.table != name or override.status != "accepted":
            continue
        try:
            frame, cells = _lay(frame, override, name, masters)
        except InputError as error:
            faults.append(Fault(error.message, error.fix, Where(table=name, column=override.column)))
            continue
        if override.operation in {"insert", "remove"}:
            touched.clear()
        elif override.operation == "set":
            _refuse_second_set(cells, override, touched, faults)
    if len(faults) == 1:
        raise DataError(faults[0].message, faults[0].fix, faults[0].where, faults)
    if faults:
        raise DataError(
            f"{len(faults)} overrides of {name} cannot be applied.", "Correct them in the plan file.", Where(table=name), faults
        )
    return frame


def _refuse_second_set(cells: pl.Series, override: Override, touched: dict[str, tuple[pl.Series, Override]], faults: list[Fault]) -> None:
    before = touched.get(override.column)
    if before is not None and before[0].len() == cells.len() and (before[0] & cells).any():
        faults.append(
            Fault(
                f"'{before[1]}' and '{override}' set the same cell.",
                "Keep one of them.",
                Where(table=override.table, column=override.column),
            )
        )
    touched[override.column] = (cells if before is None or before[0].len() != cells.len() else before[0] | cells, override)


def _lay(frame: pl.DataFrame, override: Override, name: str, masters: Mapping[str, pl.DataFrame]) -> tuple[pl.DataFrame, pl.Series]:
    definition = table(name)
    if override.operation == "insert":
        return _insert(frame, override), pl.Series([], dtype=pl.Boolean)
    cells = match(frame, override, name, masters)
    if override.operation == "remove":
        return frame.filter(~cells), cells
    column = definition.by_name.get(override.column)
    if column is None or column.key:
        near = get_close_matches(override.column, [c.name for c in definition.columns if not c.key], n=1)
        hint = f" Did you mean {near[0]}?" if near else ""
        raise InputError(
            f"'{override}': {name} has no value column {override.column}.", f"Name a column of {name} that is not a key.{hint}"
        )
    if column.kind not in {"number", "integer"}:
        return _set_word(frame, override, cells, column.dtype), cells
    if isinstance(override.value, bool) or not isinstance(override.value, (int, float)):
        raise InputError(f"'{override}': {override.column} takes a number, not {override.value!r}.", "Give a number.")
    return frame.with_columns(_number(frame, override, cells).cast(column.dtype).alias(override.column)), cells


def _set_word(frame: pl.DataFrame, override: Override, cells: pl.Series, dtype: pl.DataType) -> pl.DataFrame:
    if override.operation != "set":
        raise InputError(f"'{override}': words, dates and flags can only be set.", "Use the operation set.")
    value: object = override.value
    if dtype == pl.String and not isinstance(value, str) and value is not None:
        value = json.dumps(value, default=str)
    elif dtype == pl.Date and isinstance(value, str):
        value = parse_period(value)
    new = pl.Series([value], dtype=dtype)
    return frame.with_columns(
        pl.when(cells).then(pl.lit(new.first(), dtype=dtype)).otherwise(pl.col(override.column)).alias(override.column)
    )


def _number(frame: pl.DataFrame, override: Override, cells: pl.Series) -> pl.Series:
    """Return the column after a set, add or scale: number per row of `frame`."""
    before = frame.get_column(override.column).cast(pl.Float64)
    value = float(override.value)  # type: ignore[arg-type]
    count = int(cells.sum())
    held = before.fill_null(0.0)
    total = float(held.filter(cells).sum())
    equal = pl.Series([value / count]).new_from_index(0, frame.height)
    if override.operation == "scale":
        after = before * value
    elif override.split == "each":
        after = held + value if override.operation == "add" else pl.Series([value]).new_from_index(0, frame.height)
    elif override.split == "proportional" and total != 0:
        after = held * ((total + value if override.operation == "add" else value) / total)
    else:
        after = held + equal if override.operation == "add" else equal
    return pl.select(pl.when(cells).then(after).otherwise(before)).to_series()


def _insert(frame: pl.DataFrame, override: Override) -> pl.DataFrame:
    definition = table(override.table)
    if not isinstance(override.value, dict):
        raise InputError(f"'{override}': insert needs a row.", "Give value as a mapping of column to value.")
    unknown = [name for name in override.value if name not in definition.by_name]
    missing = [column.name for column in definition.columns if column.required and column.name not in override.value]
    if unknown or missing:
        wrong = [f"unknown column {name}" for name in unknown] + [f"no value for {name}" for name in missing]
        raise InputError(f"'{override}': {', '.join(wrong)}.", f"The columns of {override.table} are {', '.join(definition.by_name)}.")
    row = {
        name: parse_period(value) if definition.by_name[name].kind == "date" and isinstance(value, str) else value
        for name, value in override.value.items()
    }
    row = {column.name: row.get(column.name, column.default) for column in definition.columns}
    try:
        new = pl.DataFrame([row], schema_overrides=dict(definition.schema), schema=list(row), orient="row", strict=False)
        return pl.concat([definition.conform(frame), definition.conform(new)])
    except (pl.exceptions.PolarsError, TypeError) as error:
        raise InputError(f"'{override}': a value has the wrong kind.", str(error)) from error


def match(frame: pl.DataFrame, override: Override, name: str, masters: Mapping[str, pl.DataFrame]) -> pl.Series:
    """Return, per row of table `name`, whether the override's `where` names it.

    Raises InputError, naming the nearest values, where a condition names an unknown column or nothing matches.
    """
    wide = frame
    missing = [column for column in override.where if column not in frame.columns]
    for master in _ATTRIBUTES:
        wanted = [column for column in missing if column in DICTIONARY[master].schema and column not in wide.columns]
        if wanted and master in frame.columns and master in masters:
            extra = masters[master].select(master, *wanted).unique(master, keep="first", maintain_order=True)
            wide = wide.join(extra, on=master, how="left", maintain_order="left")
    for column in override.where:
        if column not in wide.columns:
            raise InputError(f"'{override}': {name} has no column {column}.", f"Its columns are {', '.join(frame.columns)}.")
    tests = [_test(column, condition, wide.schema[column]) for column, condition in override.where.items()]
    cells = wide.select(reduce(and_, tests, pl.lit(value=True)).alias("cell")).get_column("cell").fill_null(value=False)
    if cells.len() == 1 and frame.height != 1:  # no condition: a literal has one row
        cells = cells.new_from_index(0, frame.height)
    if not cells.any():
        raise InputError(f"'{override}' matches no row of {name}.", _nearest(wide, override))
    return cells


def _test(column: str, condition: Condition, dtype: pl.DataType) -> pl.Expr:
    def value(raw: Scalar) -> Scalar:
        if dtype == pl.Date and isinstance(raw, str):
            return parse_period(raw)
        return str(raw) if dtype == pl.String and raw is not None else raw

    if isinstance(condition, dict):
        low, high = value(condition.get("from")), value(condition.get("to"))
        tests = [pl.col(column) >= low] if low is not None else []
        tests += [pl.col(column) <= high] if high is not None else []
        return reduce(and_, tests, pl.lit(value=True))
    if isinstance(condition, tuple):
        return pl.col(column).is_in([value(part) for part in condition])
    return pl.col(column).eq_missing(pl.lit(value(condition)))


def _nearest(wide: pl.DataFrame, override: Override) -> str:
    hints = []
    for column, condition in override.where.items():
        values = [str(value) for value in wide.get_column(column).unique().sort().to_list() if value is not None]
        wanted = [str(part) for part in (condition if isinstance(condition, tuple) else (condition,)) if not isinstance(part, dict)]
        for word in wanted:
            if word not in values:
                near = get_close_matches(word, values, n=3, cutoff=0.4) or values[:3]
                hints.append(f"{column} {word} is not there; the nearest are {', '.join(near)}" if near else f"{column} has no values")
    return f"{'; '.join(hints)}." if hints else "Each value is there, but not together in one row."


def parse_period(text: str) -> dt.date:
    """Return the date that `2027-03` (its first day) or `2027-03-15` means.

    Raises InputError for any other form.
    """
    try:
        return dt.date.fromisoformat(text if len(text) > 7 else f"{text}-01")
    except ValueError:
        raise InputError(f"{text!r} is not a date.", "Write it as 2027-03 or 2027-03-15.") from None


def _words(condition: Condition) -> str:
    if isinstance(condition, dict):
        return f"{condition.get('from', '')}..{condition.get('to', '')}"
    return " or ".join(map(str, condition)) if isinstance(condition, tuple) else str(condition)


def chain(scenarios: Sequence[Scenario], name: str) -> tuple[tuple[Override, ...], ...]:
    """Return the batches of overrides that make scenario `name`: its oldest ancestor's first, its own last.

    Raises InputError where a name is used twice, a parent does not exist or parents go in a circle.
    """
    by_name = {scenario.name: scenario for scenario in scenarios}
    if len(by_name) < len(scenarios):
        twice = sorted({s.name for s in scenarios if sum(other.name == s.name for other in scenarios) > 1})
        raise InputError(f"Scenarios named twice: {', '.join(twice)}.", "Give each scenario a name of its own.")
    batches: list[tuple[Override, ...]] = []
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
        seen.append(current)
        batches.append(by_name[current].overrides)
        current = by_name[current].parent
    return tuple(reversed(batches))


_AS_JSON = ("where", "value")


def override_table(batches: Mapping[str, Sequence[Override]]) -> pl.DataFrame:
    """Return the table `override`: those of each scenario by name, those of the base plan under the empty name."""
    rows: list[dict[str, object]] = []
    for name, overrides in batches.items():
        for position, override in enumerate(overrides, start=1):
            row = override.model_dump(mode="json")
            row |= {column: json.dumps(row[column]) for column in _AS_JSON}
            row |= {"override": override.id or f"{name or 'base'}-{position}", "scenario": name or None, "position": position}
            row |= {"expires": override.expires, "was": None if override.was is None else str(override.was)}
            rows.append({column: row.get(column) for column in DICTIONARY["override"].schema})
    return pl.DataFrame(rows, schema=DICTIONARY["override"].schema, orient="row")


def overrides_of(frame: pl.DataFrame, name: str) -> tuple[Override, ...]:
    """Return the overrides of a scenario (empty: the base plan) that the table `override` holds, in order."""
    rows = frame.filter(pl.col("scenario").fill_null("") == name).sort("position")
    found = []
    for row in rows.iter_rows(named=True):
        values = {column: row[column] for column in Override.model_fields if row.get(column) is not None}
        values |= {column: json.loads(row[column]) for column in _AS_JSON if row[column] is not None}
        found.append(Override.model_validate({**values, "id": row["override"]}))
    return tuple(found)


def diff(before: pl.DataFrame, after: pl.DataFrame, name: str) -> pl.DataFrame:
    """Return the cells in which two versions of table `name` differ.

    Columns: the table's keys, `column`, `before` and `after` (text; empty where the row or value is missing).
    """
    definition = table(name)
    keys = list(definition.keys)
    values = [column.name for column in definition.columns if not column.key]

    def long(frame: pl.DataFrame, label: str) -> pl.DataFrame:
        words = frame.select(*keys, *(pl.col(value).cast(pl.String) for value in values))
        return words.unpivot(index=keys, on=values, variable_name="column", value_name=label)

    joined = long(before, "before").join(
        long(after, "after"), on=[*keys, "column"], how="full", coalesce=True, nulls_equal=True, maintain_order="left"
    )
    return joined.filter(pl.col("before").ne_missing(pl.col("after"))).sort([*keys, "column"])
