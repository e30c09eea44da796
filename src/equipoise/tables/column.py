"""What a table and a column are: one row of attributes feeds checks, files, database, API and the printed reference.

The dictionary is read where requests are made from it, at every start: what is heavy is loaded when a frame is first asked for.
"""

from dataclasses import dataclass
from functools import cache, cached_property
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import polars as pl

Kind = Literal["text", "number", "integer", "date", "flag", "json"]
OverTime = Literal["", "flow", "stock", "ratio"]


@cache
def dtype_of(kind: Kind) -> "pl.DataType":
    """Return the Polars type of a kind of value."""
    import polars as pl

    dtypes: dict[Kind, pl.DataType] = {
        "text": pl.String(),
        "number": pl.Float64(),
        "integer": pl.Int64(),
        "date": pl.Date(),
        "flag": pl.Boolean(),
        "json": pl.String(),
    }
    return dtypes[kind]


@dataclass(frozen=True, slots=True)
class Column:
    """One column: kind of value, unit, meaning and what is allowed.

    `refers` names the columns (`table.column`) of which at least one must hold the value. `over_time` says how the
    column adds up over periods: a flow sums, a stock takes the last value, a ratio is computed again.
    `default` is taken where the cell is empty, and only where the meaning is certain (a flag, a kind, a factor of one).
    """

    name: str
    kind: Kind
    meaning: str
    unit: str = ""
    key: bool = False
    required: bool = False
    minimum: float | None = None
    maximum: float | None = None
    allowed: tuple[str, ...] = ()
    refers: tuple[str, ...] = ()
    over_time: OverTime = ""
    default: str | float | bool | None = None

    @property
    def dtype(self) -> "pl.DataType":
        """The Polars type of the column."""
        return dtype_of(self.kind)


@dataclass(frozen=True)
class Table:
    """One table: its columns in order, who fills it (given, made, kept) and what a row means."""

    name: str
    group: Literal["given", "made", "kept"]
    meaning: str
    columns: tuple[Column, ...]

    @cached_property
    def schema(self) -> "pl.Schema":
        """Column names and Polars types, in order."""
        import polars as pl

        return pl.Schema({column.name: column.dtype for column in self.columns})

    @cached_property
    def keys(self) -> tuple[str, ...]:
        """Names of the key columns: together they name one row."""
        return tuple(column.name for column in self.columns if column.key)

    @cached_property
    def by_name(self) -> dict[str, Column]:
        """Columns by name."""
        return {column.name: column for column in self.columns}

    @cached_property
    def dated(self) -> bool:
        """Whether a row without a period holds in every period (an optional key)."""
        column = self.by_name.get("period")
        return column is not None and column.key and not column.required

    def empty(self) -> "pl.DataFrame":
        """A frame with the right columns and no rows."""
        import polars as pl

        return pl.DataFrame(schema=self.schema)

    def conform(self, frame: "pl.DataFrame") -> "pl.DataFrame":
        """Return `frame` with exactly this table's columns, in order and type; columns it lacks are empty.

        Raises `polars.exceptions.InvalidOperationError` where a value cannot take the type: that is a fault of our own code,
        given data is converted by `gather`, which reports each cell.
        """
        if not frame.width:
            return self.empty()
        if frame.schema == self.schema:
            return frame
        import polars as pl

        missing = [pl.lit(None, dtype=column.dtype).alias(column.name) for column in self.columns if column.name not in frame.columns]
        return frame.with_columns(missing).select(pl.col(column.name).cast(column.dtype) for column in self.columns)


def text(
    name: str,
    meaning: str,
    *,
    key: bool = False,
    optional: bool = False,
    required: bool = False,
    allowed: tuple[str, ...] = (),
    refers: str = "",
    default: str | None = None,
) -> Column:
    """A column of names or words; `refers` is a space-separated list of `table.column` (or `table`, for its column of the same name).

    A key is required unless it is `optional`: an empty key then stands for all (items, markets, periods).
    """
    targets = tuple(target if "." in target else f"{target}.{target}" for target in refers.split())
    return Column(
        name, "text", meaning, key=key, required=(required or key) and not optional, allowed=allowed, refers=targets, default=default
    )


def number(
    name: str,
    meaning: str,
    unit: str,
    *,
    required: bool = False,
    minimum: float | None = None,
    maximum: float | None = None,
    over_time: OverTime = "",
    default: float | None = None,
) -> Column:
    """A column of decimal numbers in `unit`."""
    return Column(
        name, "number", meaning, unit=unit, required=required, minimum=minimum, maximum=maximum, over_time=over_time, default=default
    )


def integer(name: str, meaning: str, unit: str = "", *, key: bool = False, required: bool = False, minimum: float | None = None) -> Column:
    """A column of whole numbers."""
    return Column(name, "integer", meaning, unit=unit, key=key, required=required or key, minimum=minimum)


def date(name: str, meaning: str, *, key: bool = False, required: bool = False) -> Column:
    """A column of dates."""
    return Column(name, "date", meaning, key=key, required=required)


def flag(name: str, meaning: str, default: bool | None = None) -> Column:
    """A column of yes or no."""
    return Column(name, "flag", meaning, default=default)


def listing(name: str, meaning: str) -> Column:
    """A column of lists or objects: as they are in a document, as JSON text in a frame."""
    return Column(name, "json", meaning)
