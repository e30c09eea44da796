"""What an equation is: rows with bounds, and entries that say which unknown stands in which row with which coefficient."""

from dataclasses import dataclass
from enum import IntEnum

import polars as pl

from equipoise.supply.model.unknowns import Model

INFINITY = float("inf")


class Grade(IntEnum):
    """What gives way first where not all rules can hold: targets, then service, then agreements, capacity last; physics never."""

    PHYSICS = 0
    TARGET = 1
    SERVICE = 2
    AGREEMENT = 3
    CAPACITY = 4


@dataclass(frozen=True)
class Equation:
    """Rows and entries of one equation.

    rows: one row a constraint, in order, with `lower` and `upper` (infinite where there is none); a rule that can bind or give way also
    has `subject` (what it is about), `t` (empty: the horizon), `unit`, and may have `weight` (item units in a unit of the rule).
    entries: `row` (place in rows), `column` (place in the model), `coefficient`. Entries of one row and column add up.
    """

    rows: pl.DataFrame
    entries: pl.DataFrame


def entries(frame: pl.DataFrame, row: str | pl.Expr, coefficient: float | str | pl.Expr = 1.0) -> pl.DataFrame:
    """Return `frame` (with `column`) as entries. `row` and `coefficient` are columns or expressions; a number is the same everywhere."""
    where = pl.col(row) if isinstance(row, str) else row
    factor = pl.lit(float(coefficient)) if isinstance(coefficient, int | float) else coefficient
    factor = pl.col(factor) if isinstance(factor, str) else factor
    return frame.select(where.cast(pl.Int64).alias("row"), pl.col("column"), factor.cast(pl.Float64).alias("coefficient"))


def equation(rows: pl.DataFrame, *parts: pl.DataFrame) -> Equation:
    """Return an equation of `rows`; `parts` are entries."""
    nothing = pl.DataFrame(schema={"row": pl.Int64, "column": pl.Int64, "coefficient": pl.Float64})
    return Equation(rows, pl.concat([nothing, *parts]))


def numbered(frame: pl.DataFrame) -> pl.DataFrame:
    """Return `frame` with `row`, its place."""
    return frame.with_row_index("row").with_columns(pl.col("row").cast(pl.Int64))


def at_most(limit: str | pl.Expr) -> list[pl.Expr]:
    """Bounds of a row that may not exceed `limit`; empty means no limit."""
    value = pl.col(limit) if isinstance(limit, str) else limit
    return [pl.lit(-INFINITY).alias("lower"), value.cast(pl.Float64).fill_null(INFINITY).alias("upper")]


def at_least(limit: str | pl.Expr) -> list[pl.Expr]:
    """Bounds of a row that may not fall below `limit`; empty means no limit."""
    value = pl.col(limit) if isinstance(limit, str) else limit
    return [value.cast(pl.Float64).fill_null(-INFINITY).alias("lower"), pl.lit(INFINITY).alias("upper")]


def between(lower: str | pl.Expr, upper: str | pl.Expr) -> list[pl.Expr]:
    """Bounds of a row that lies between two columns; empty means no limit."""
    return [at_least(lower)[0], at_most(upper)[1]]


def exactly(value: float | str | pl.Expr) -> list[pl.Expr]:
    """Bounds of a row that must equal `value`."""
    number = pl.lit(float(value)) if isinstance(value, int | float) else value
    number = pl.col(number) if isinstance(number, str) else number
    return [number.cast(pl.Float64).alias("lower"), number.cast(pl.Float64).alias("upper")]


def at_place(item: str = "item", place: str = "location") -> pl.Expr:
    """How an item at a location is called."""
    return pl.format("{} at {}", pl.col(item), pl.col(place))


def in_market() -> pl.Expr:
    """How an item in a market is called; the item alone where several markets are planned together."""
    return pl.when(pl.col("market").is_null()).then(pl.col("item")).otherwise(pl.format("{} in {}", pl.col("item"), pl.col("market")))


def dense_row(model: Model, number: str, t: str = "t") -> pl.Expr:
    """Place of a row in an equation that has a row for every number and period."""
    return pl.col(number) * model.horizon + pl.col(t)


def matched(frame: pl.DataFrame, rows: pl.DataFrame, on: list[str]) -> pl.DataFrame:
    """Return the unknowns of `frame` whose keys are those of a row of `rows`, with that row's place."""
    return frame.join(rows.select("row", *on), on=on, maintain_order="left")
