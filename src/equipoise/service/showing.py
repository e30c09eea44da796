"""Show a table of a plan's version: rows, filtered, or with the periods across."""

from dataclasses import dataclass
from difflib import get_close_matches
from typing import Literal

import polars as pl

from equipoise.errors import InputError, NotFoundError, Where
from equipoise.scenario import Condition, Override, Scalar, match
from equipoise.service.held_tables import held_table
from equipoise.service.messages import Cell, ShowAnswer, ShowRequest
from equipoise.service.register import Context
from equipoise.service.workspace import Workspace, locate
from equipoise.store import Version
from equipoise.tables import Table, table
from equipoise.tables.setting import from_table

MASTERS = ("item", "market", "location", "resource", "route", "purchase", "lane", "period")


@dataclass(frozen=True, slots=True)
class Shown:
    """Rows of a table of a version, filtered and in order, not yet cut to a page; `units` has one for each column."""

    version: Version
    table: str
    meaning: str
    rows: pl.DataFrame
    units: list[str]


def show(request: ShowRequest, _: Context) -> ShowAnswer:
    """Return rows of a table of a stored version; without a table, the list of tables.

    Raises NotFoundError where there is no such version or table, InputError where a column or a condition is wrong.
    """
    shown = table_rows(request)
    return answer_of(shown, shown.rows.slice(request.offset, request.limit or None))


def answer_of(shown: Shown, rows: pl.DataFrame) -> ShowAnswer:
    """Return a page of a table's rows as the answer."""
    return ShowAnswer(
        plan=shown.version.plan,
        version=shown.version.name,
        table=shown.table,
        meaning=shown.meaning,
        columns=rows.columns,
        units=shown.units,
        rows=plain_rows(rows),
        total_rows=shown.rows.height,
    )


def table_rows(request: ShowRequest) -> Shown:
    """Return all rows that are asked for, in order, whatever the page; without a table, the list of tables."""
    place = locate(request)
    version = place.version(request.version)
    if not request.table:
        rows, units, name, meaning = (
            _contents(place, version),
            ["", "", "rows", ""],
            "tables",
            "Tables of this version that hold something.",
        )
    else:
        definition = table(request.table)
        name, meaning = definition.name, definition.meaning
        frame, wide = selected(place, version, definition, stored(place, version, request.table), request.where, attributes=request.pivot)
        if request.pivot:
            rows, units = _pivoted(place, version, request, definition, wide)
        else:
            rows = _sorted(_columns(definition, frame, request.columns), frame, request.sort, name)
            units = [definition.by_name[column].unit for column in rows.columns]
    if request.pivot or not request.table:
        rows = _sorted(rows, rows, request.sort, name)
    return Shown(version, name, meaning, rows, units)


def _sorted(rows: pl.DataFrame, beside: pl.DataFrame, wanted: list[str], name: str) -> pl.DataFrame:
    """Return the rows in the order of columns, which need not be shown but stand in `beside`; a hyphen before one turns it round."""
    columns = [column for text in wanted for column in text.split(",")]
    if not columns:
        return rows
    names = [column.removeprefix("-") for column in columns]
    unknown = [column for column in names if column not in beside.columns]
    if unknown:
        columns_ = ", ".join(beside.columns)
        raise InputError(f"{name} has no column {', '.join(unknown)[:200]}.", f"Its columns are {columns_}.", Where(table=name))
    order = (
        beside.select(names)
        .with_row_index("_row")
        .sort(names, descending=[column.startswith("-") for column in columns], nulls_last=True, maintain_order=True)
    )
    return rows[order.get_column("_row")]


def stored(place: Workspace, version: Version, name: str) -> pl.DataFrame:
    """Return a table of a stored version. Raises NotFoundError, naming the nearest, where the version has no such table."""
    if name not in version.tables:
        near = get_close_matches(name, version.tables, n=3) or sorted(version.tables)
        raise NotFoundError(
            f"Version {version.name} of {version.plan} has no table {name}.", f"The nearest are: {', '.join(near)}.", Where(table=name)
        )
    return held_table(place, version.tables[name])


def plain_rows(frame: pl.DataFrame) -> list[list[Cell]]:
    """Return rows as plain values: dates as ISO text."""
    dates = [name for name, dtype in frame.schema.items() if dtype == pl.Date]
    return [list(row) for row in frame.with_columns(pl.col(dates).cast(pl.String)).iter_rows()]


def conditions(where: list[str]) -> dict[str, Condition]:
    """Return `column=value` texts as conditions: a comma lists values, two dots make a range.

    Raises InputError where a text has no equals sign.
    """
    parsed: dict[str, Condition] = {}
    for text in where:
        column, sign, value = text.partition("=")
        if not sign or not column:
            raise InputError(f"'{text}' is not a condition.", "Write it as column=value, column=a,b or period=2027-01..2027-06.")
        low, dots, high = value.partition("..")
        if dots:
            bounds: dict[Literal["from", "to"], Scalar] = {}
            if low:
                bounds["from"] = low
            if high:
                bounds["to"] = high
            parsed[column.strip()] = bounds
        else:
            parsed[column.strip()] = tuple(value.split(",")) if "," in value else value
    return parsed


def _contents(place: Workspace, version: Version) -> pl.DataFrame:
    held = ((name, place.store.table(content).height) for name, content in version.tables.items())
    rows = [(name, table(name).group, height, table(name).meaning) for name, height in held if height]
    return pl.DataFrame(rows, schema={"table": pl.String, "group": pl.String, "rows": pl.Int64, "meaning": pl.String}, orient="row")


def selected(
    place: Workspace, version: Version, definition: Table, frame: pl.DataFrame, where: list[str], *, attributes: bool = True
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the rows that meet the conditions, as they are and with the attributes of their keys beside them.

    Those are left out where no condition asks for them and `attributes` does not.
    """
    wide, asked = frame, conditions(where)
    needed = attributes or not set(asked) <= set(frame.columns)
    for name in (one for one in MASTERS if needed and one in version.tables and one in frame.columns and one != definition.name):
        master = stored(place, version, name)
        extra = [column for column in master.columns if column not in wide.columns and table(name).by_name[column].kind == "text"]
        wide = wide.join(
            master.unique(name, keep="first", maintain_order=True).select(name, *extra), on=name, how="left", maintain_order="left"
        )
    for column, condition in asked.items():
        typed = _typed(condition, wide, column, definition)
        # match() says what is nearest where nothing matches; the override itself is never laid over anything
        cells = match(wide, Override.model_construct(table=definition.name, where={column: typed}, operation="set"), definition.name, {})
        frame, wide = frame.filter(cells), wide.filter(cells)
    return frame, wide


def _typed(condition: Condition, wide: pl.DataFrame, column: str, definition: Table) -> Condition:
    if column not in wide.columns:
        near = get_close_matches(column, wide.columns, n=3) or wide.columns
        raise InputError(
            f"{definition.name} has no column {column}.",
            f"The nearest are: {', '.join(near)}.",
            Where(table=definition.name, column=column),
        )
    dtype = wide.schema[column]

    def one(text: object) -> Scalar:
        try:
            if dtype == pl.Boolean:
                return str(text).lower() in {"yes", "true", "1"}
            return float(str(text)) if dtype.is_numeric() else str(text)
        except ValueError:
            raise InputError(
                f"{column} holds numbers, not '{text}'.", "Give a number.", Where(table=definition.name, column=column)
            ) from None

    if isinstance(condition, dict):
        return {key: one(value) for key, value in condition.items()}
    return tuple(one(part) for part in condition) if isinstance(condition, tuple) else one(condition)


def _columns(definition: Table, frame: pl.DataFrame, wanted: list[str]) -> pl.DataFrame:
    names = [name for text in wanted for name in text.split(",")]
    unknown = [name for name in names if name not in frame.columns]
    if unknown:
        raise InputError(
            f"{definition.name} has no column {', '.join(unknown)}.",
            f"Its columns are {', '.join(frame.columns)}.",
            Where(table=definition.name),
        )
    return frame.select(
        names or [name for name in frame.columns if frame.height == 0 or frame.get_column(name).null_count() < frame.height]
    )


def _pivoted(
    place: Workspace, version: Version, request: ShowRequest, definition: Table, wide: pl.DataFrame
) -> tuple[pl.DataFrame, list[str]]:
    """Return one row a group with the periods across; flows sum within a group, and so do stocks, since a cell is one period."""
    if "period" not in definition.by_name:
        raise InputError(f"{definition.name} has no periods to put across.", "Show it without --pivot.", Where(table=definition.name))
    numbers = [column.name for column in definition.columns if column.kind == "number" and column.over_time in {"flow", "stock"}]
    measure = request.measure or ("quantity" if "quantity" in numbers else numbers[0] if numbers else "")
    by = [name for text in request.by for name in text.split(",")] or [key for key in definition.keys if key != "period"]
    unknown = [name for name in (*by, measure) if name not in wide.columns]
    if unknown or measure not in numbers:
        raise InputError(
            f"{definition.name} cannot be put across by {', '.join(by)} and {measure or 'nothing'}.",
            f"Measures: {', '.join(numbers) or 'none'}. Columns: {', '.join(wide.columns)}.",
            Where(table=definition.name),
        )
    calendar = _label(place, version)
    sums = wide.group_by([*by, "period"], maintain_order=True).agg(pl.col(measure).sum()).sort("period")
    across = sums.with_columns(pl.col("period").replace_strict(calendar, default=pl.col("period").cast(pl.String), return_dtype=pl.String))
    shown = across.pivot(on="period", index=by, values=measure, sort_columns=False).sort(by)
    shown = (
        shown.with_columns(pl.sum_horizontal(pl.exclude(by)).alias("total")) if definition.by_name[measure].over_time == "flow" else shown
    )
    return shown, ["" if name in by else definition.by_name[measure].unit for name in shown.columns]


def _label(place: Workspace, version: Version) -> dict[object, str]:
    from equipoise.dimensions.calendar import Calendar

    calendar = Calendar.from_setting(from_table(stored(place, version, "setting")).calendar)
    return {period: calendar.label(period) for period in calendar.periods}
