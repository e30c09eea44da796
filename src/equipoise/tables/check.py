"""Checks tables against the dictionary and reports all faults at once: cells, keys and references."""

import math
from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches

import polars as pl

from equipoise.errors import Fault, Where
from equipoise.tables import DICTIONARY, table
from equipoise.tables.column import Column, Table

# Columns a frame may carry besides its own: the row of the source, and the position of the source in `sources`.
ROW = "#row"
SOURCE = "#source"
# Set on rows with a cell that could not be read: what is missing there has been said already.
BAD = "#bad"

LISTED = 20


def place(name: str, row: Mapping[str, object], column: str, sources: Sequence[str]) -> Where:
    """Return where a row of table `name` stands: its source and row number where the frame carries them."""
    number, position = row.get(ROW), row.get(SOURCE)
    source = sources[position] if isinstance(position, int) and position < len(sources) else ""
    return Where(source, name, number if isinstance(number, int) else None, column)


def listed(rows: pl.DataFrame, fault: Callable[[dict[str, object]], Fault]) -> list[Fault]:
    """Return a fault for each of the first rows, and one that counts the rest where there are more than `LISTED`."""
    faults = [fault(row) for row in rows.head(LISTED).iter_rows(named=True)]
    if rows.height > LISTED:
        last = faults[-1]
        where = Where(last.where.source, last.where.table, None, last.where.column)
        faults.append(Fault(f"{rows.height - LISTED:,} more rows like these.", "Correct them in the same way.", where, last.severity))
    return faults


def check(name: str, frame: pl.DataFrame, sources: Sequence[str] = (), *, unique: bool = True) -> list[Fault]:
    """Return the faults of a frame that has the dictionary's types: empty, not allowed, out of range, not finite, key repeated.

    `frame` may carry `ROW`, `SOURCE` and `BAD`. With `unique` False repeated keys are left alone.
    """
    definition = table(name)
    faults: list[Fault] = []
    for column in definition.columns:
        if column.name in frame.columns:
            faults += _empty(definition, column, frame, sources)
            faults += _not_allowed(definition, column, frame, sources)
            faults += _out_of_range(definition, column, frame, sources)
    return faults + (repeated(name, frame, sources) if unique else [])


def _empty(definition: Table, column: Column, frame: pl.DataFrame, sources: Sequence[str]) -> list[Fault]:
    if not column.required or frame.get_column(column.name).null_count() == 0:
        return []
    empty = pl.col(column.name).is_null()
    rows = frame.filter(empty & ~pl.col(BAD) if BAD in frame.columns else empty)
    return listed(
        rows,
        lambda row: Fault(
            f"{column.name} is empty.", f"Give it: {_lowered(column.meaning)}.", place(definition.name, row, column.name, sources)
        ),
    )


def _not_allowed(definition: Table, column: Column, frame: pl.DataFrame, sources: Sequence[str]) -> list[Fault]:
    if not column.allowed or frame.schema[column.name] != pl.String:
        return []
    rows = frame.filter(~pl.col(column.name).is_in(column.allowed) & pl.col(column.name).is_not_null())

    def fault(row: dict[str, object]) -> Fault:
        fix = f"It must be one of {', '.join(column.allowed)}."
        return Fault(f"{column.name} is {row[column.name]!r}.", fix, place(definition.name, row, column.name, sources))

    return listed(rows, fault)


def _out_of_range(definition: Table, column: Column, frame: pl.DataFrame, sources: Sequence[str]) -> list[Fault]:
    if column.kind not in {"number", "integer"}:
        return []
    low = pl.col(column.name) < (column.minimum if column.minimum is not None else float("-inf"))
    high = pl.col(column.name) > (column.maximum if column.maximum is not None else float("inf"))
    beyond = pl.col(column.name).cast(pl.Float64).is_finite().not_()
    rows = frame.filter(low | high | beyond)

    def fault(row: dict[str, object]) -> Fault:
        value = row[column.name]
        assert isinstance(value, (int, float))  # noqa: S101 - a number column holds numbers
        bound = f"at least {column.minimum:g}" if column.minimum is not None else ""
        bound += f"{' and ' if bound else ''}at most {column.maximum:g}" if column.maximum is not None else ""
        what = "negative" if column.minimum == 0 and value < 0 else "out of range"
        message = f"{column.name} is {value:,.15g}, which is {what}."
        return Fault(message, f"It must be {bound or 'a finite number'}.", place(definition.name, row, column.name, sources))

    return listed(rows, fault)


def distinct(frame: pl.DataFrame, keys: Sequence[str]) -> int:
    """Return how many different rows `keys` make, empty cells counted as equal; keys are coded as one number to spare memory."""
    codes = [_codes(frame.get_column(key)) for key in keys]
    space = math.prod(size for _, size in codes)
    if frame.is_empty() or not keys or space >= 2**62:
        return frame.select(keys).n_unique() if keys and frame.height else 0
    key = codes[0][0]
    for code, size in codes[1:]:
        key = key * size + code
    return key.n_unique()


def _codes(cells: pl.Series) -> tuple[pl.Series, int]:
    """Return a whole number for each value, 0 for an empty one, and how many numbers there may be."""
    code = cells.to_physical() if cells.dtype in {pl.Categorical, pl.Date, pl.Boolean} else cells.rank("dense")
    code = code.cast(pl.Int64)
    low, high = int(code.min() or 0), int(code.max() or 0)  # type: ignore[arg-type]
    return (code - low + 1).fill_null(0), high - low + 2


def repeated(name: str, frame: pl.DataFrame, sources: Sequence[str] = ()) -> list[Fault]:
    """Return a fault for each key that several rows of the frame have."""
    definition = table(name)
    keys = [key for key in definition.keys if key in frame.columns]
    frame = frame.drop_nulls([key for key in keys if definition.by_name[key].required])  # what is missing there is a fault of its own
    if not keys or distinct(frame, keys) == frame.height:
        return []
    at = pl.col(ROW) if ROW in frame.columns else pl.int_range(1, pl.len() + 1, dtype=pl.Int64)
    counted = (
        frame.with_columns(at.alias(ROW))
        .filter(pl.struct(keys).is_duplicated())
        .group_by(keys, maintain_order=True)
        .agg(pl.all().first(), pl.len().alias("#times"), pl.col(ROW).alias("#rows"))
    )
    rows = counted.filter(pl.col("#times") > 1)

    def fault(row: dict[str, object]) -> Fault:
        key = ", ".join(f"{name} {row[name]}" for name in keys if row[name] is not None) or "all keys empty"
        numbers = row["#rows"]
        assert isinstance(numbers, list)  # noqa: S101 - group_by made it
        at = ", ".join(map(str, numbers[:5])) + (" and more" if len(numbers) > 5 else "")
        fix = "Keep one, or say under `data: tables:` how to `aggregate` them (sum, first, last)."
        message = f"{len(numbers)} rows have the same key ({key}): rows {at}."
        return Fault(message, fix, place(definition.name, row, "", sources))

    return listed(rows, fault)


def check_references(tables: Mapping[str, pl.DataFrame], sources: Sequence[str] = ()) -> list[Fault]:
    """Return a fault for every name that a table uses and no master table has, with the nearest that it has.

    A name that occurs in many rows is one fault, at the first of them. References to tables that are not among `tables` are
    not checked.
    """
    faults: list[Fault] = []
    for name, frame in tables.items():
        for column in DICTIONARY[name].columns:
            known = _known(column, tables)
            if known is not None and column.name in frame.columns:
                faults += _unknown(name, column, frame, known, sources)
    return faults


def _known(column: Column, tables: Mapping[str, pl.DataFrame]) -> set[str] | None:
    """Return the names that the column may hold, or None where nothing says."""
    if not column.refers or not any(target.split(".")[0] in tables for target in column.refers):
        return None
    known: set[str] = set()
    for target in column.refers:
        name, field = target.split(".")
        if name in tables:
            known.update(tables[name].get_column(field).drop_nulls().unique().to_list())
    return known


def _unknown(name: str, column: Column, frame: pl.DataFrame, known: set[str], sources: Sequence[str]) -> list[Fault]:
    used = frame.filter(pl.col(column.name).is_not_null())
    missing = [value for value in used.get_column(column.name).unique(maintain_order=True).to_list() if value not in known]
    if not missing:
        return []
    rows = (
        used.filter(pl.col(column.name).is_in(missing))
        .group_by(column.name, maintain_order=True)
        .agg(pl.all().first(), pl.len().alias("#times"))
    )
    masters = " or ".join(dict.fromkeys(target.split(".")[0] for target in column.refers))
    ordered = sorted(known)

    def fault(row: dict[str, object]) -> Fault:
        value = str(row[column.name])
        near = get_close_matches(value, ordered, n=3, cutoff=0.5)
        again = f" (in {row['#times']:,} rows)" if isinstance(row["#times"], int) and row["#times"] > 1 else ""
        fix = f"The nearest are {', '.join(near)}; correct it, or add it to {masters}." if near else f"Add it to {masters}, or correct it."
        return Fault(f"{column.name} {value} is not in table {masters}{again}.", fix, place(name, row, column.name, sources))

    return listed(rows, fault)


def _lowered(text: str) -> str:
    return text[:1].lower() + text[1:]
