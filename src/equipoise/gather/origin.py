"""Which rows of which files each row of a given table was read from: what `explain` tells, kept with a version in the table row_origin."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import polars as pl

from equipoise.dimensions.calendar import Calendar
from equipoise.gather.source import Data, TableSource
from equipoise.tables import GIVEN, table
from equipoise.tables.check import ROW, SOURCE
from equipoise.tables.column import Table

_MOST_RUNS = 20  # stretches of rows that are kept for one row of a table and one file; how many rows there are is always kept
_OPEN = ("order_book", "scheduled_receipt")  # what is due before the horizon counts in its first period
_GIVEN_IN = ("unit", "currency")  # columns of a source that gathering converts by and takes out
_AT, _WHOLE, _OPEN_KEYS, _RUN, _LEFT_OUT = "#at", "#whole", "#open", "#run", "#left_out"
_LENGTH = pl.col("last").cast(pl.Int64) - pl.col("first").cast(pl.Int64) + 1


@dataclass
class Trail:
    """What was read, row by row: the keys of each row, and where it stands. Sources are numbered as in `sources`."""

    sources: list[str] = field(default_factory=list)
    _seen: dict[str, list[pl.DataFrame]] = field(default_factory=dict)

    def add(self, name: str, frame: pl.DataFrame) -> None:
        """Note the rows of a table as they were read, before any of them are merged."""
        keys = [key for key in (*table(name).keys, *_GIVEN_IN) if key in frame.columns]
        cells = [one for one in frame.columns if one in table(name).by_name and one not in keys]
        whole = pl.all_horizontal(pl.lit(value=True), *(pl.col(one).is_not_null() for one in cells)).alias(_WHOLE)
        self._seen.setdefault(name, []).append(frame.select(*dict.fromkeys(keys), ROW, SOURCE, whole))

    def row_origin(self, tables: Mapping[str, pl.DataFrame], calendar: Calendar, file: str, lines: Mapping[str, int]) -> pl.DataFrame:
        """Return the table `row_origin`, for rows of `tables` as they are in a version. `lines` are those of the settings in the plan file.

        A row that holds for several (no period, no market) is the origin of each of them.
        """
        named = pl.DataFrame({SOURCE: range(len(self.sources)), "source": self.sources}, schema={SOURCE: pl.UInt16, "source": pl.String})
        parts = [
            _merged(_matched(GIVEN[name], tables[name], pl.concat(seen, how="diagonal_relaxed"), calendar)).with_columns(table=pl.lit(name))
            for name, seen in self._seen.items()
            if name in tables and not tables[name].is_empty()
        ]
        read = [part.join(named, on=SOURCE, how="left", maintain_order="left") for part in parts]
        made = table("row_origin")
        known = [made.conform(part) for part in (*read, _of_settings(tables.get("setting"), file, lines))]
        return pl.concat([made.empty(), *known]).sort(made.keys, maintain_order=True)


def _matched(definition: Table, rows: pl.DataFrame, seen: pl.DataFrame, calendar: Calendar) -> pl.DataFrame:
    """Return position (from 1) of the rows of a table, with the stretches of rows that were read for each.

    Of a stretch: source, first and last row, how many rows of the same keys are in stretches left out, unit and currency there.
    """
    keys = list(definition.keys)
    placed = rows.select(keys).with_row_index(_AT, 1)
    seen = seen.with_columns(pl.col(pl.Categorical).cast(pl.String))
    columns = {column.name: column for column in definition.columns}
    absent = [pl.lit(None, dtype=columns[key].dtype).alias(key) for key in keys if key not in seen.columns]
    absent += [pl.lit(None, dtype=pl.String).alias(one) for one in _GIVEN_IN if one not in seen.columns]
    seen = seen.with_columns(absent)
    defaults = [pl.col(key).fill_null(columns[key].default) for key in keys if columns[key].default is not None]
    seen = seen.with_columns(defaults) if defaults else seen
    if "period" in keys and seen["period"].null_count() < seen.height:
        seen = calendar.bucket("period", seen)
        if definition.name in _OPEN:
            seen = seen.with_columns(pl.col("period").clip(calendar.start))
    given = [one for one in _GIVEN_IN if one not in keys]
    beside = [SOURCE, "first", "last", _LEFT_OUT, _RUN, *given]
    parts = _joined(placed, seen, keys, [key for key in keys if not columns[key].required], given)
    found = [part.select(_AT, *beside, _WHOLE, _OPEN_KEYS) for part in parts]
    if not found:
        return placed.clear().with_columns(_stretches(seen.clear(), keys, given).select(beside)).select(_AT, *beside)
    every = pl.concat(found)
    # the row that names most keys counts; what it leaves empty comes from one that names fewer
    enough = pl.col(_OPEN_KEYS).filter(pl.col(_WHOLE)).min().over(_AT).fill_null(len(keys))
    return every.filter(pl.col(_OPEN_KEYS) <= enough).select(_AT, *beside)


def _joined(
    placed: pl.DataFrame, seen: pl.DataFrame, keys: Sequence[str], optional: Sequence[str], given: Sequence[str]
) -> Iterator[pl.DataFrame]:
    """Yield the rows of the table beside the stretches that were read, once for each set of keys that rows leave empty."""
    if not optional:
        rows = _stretches(seen, keys, given)
        yield placed.join(rows, on=list(keys), maintain_order="left").with_columns(pl.lit(0).alias(_OPEN_KEYS))
        return
    empties = [pl.col(key).is_null() for key in optional]
    for pattern in seen.select(empties).unique().sort(list(optional)).iter_rows():
        of_pattern = seen.filter(*(test if empty else ~test for test, empty in zip(empties, pattern, strict=True)))
        left_open = [key for key, empty in zip(optional, pattern, strict=True) if empty]
        named = [key for key in keys if key not in left_open]
        rows = _stretches(of_pattern, named, given).with_columns(pl.lit(len(left_open)).alias(_OPEN_KEYS))
        yield placed.join(rows, on=named, maintain_order="left") if named else placed.join(rows, how="cross")


def _stretches(seen: pl.DataFrame, keys: Sequence[str], given: Sequence[str]) -> pl.DataFrame:
    """Return the stretches of rows of the same keys that follow each other: what holds for many cells is then met by each but once."""
    cell = [*keys, SOURCE, _WHOLE, *given]
    rows = seen.select(*cell, ROW).unique().sort(SOURCE, ROW)
    begins = (pl.col(ROW) != pl.col(ROW).shift(1).over(cell) + 1).fill_null(value=True)
    runs = rows.with_columns(begins.cast(pl.UInt32).cum_sum().over(cell).alias(_RUN)).group_by(*cell, _RUN, maintain_order=True)
    found = runs.agg(pl.col(ROW).min().alias("first"), pl.col(ROW).max().alias("last"))
    left_out = _LENGTH.filter(pl.col(_RUN) > _MOST_RUNS).sum().over(cell)
    return found.with_columns(left_out.alias(_LEFT_OUT)).filter(pl.col(_RUN) <= _MOST_RUNS)


def _merged(matched: pl.DataFrame) -> pl.DataFrame:
    """Return position, source, first and last row of each stretch of rows that follow each other, and how many rows there are in all."""
    cell = [_AT, SOURCE]
    ordered = matched.unique().sort(*cell, "first", "last")
    begins = (pl.col("first") > pl.col("last").cum_max().shift(1).over(cell) + 1).fill_null(value=True)
    left_out = pl.col(_LEFT_OUT).filter(pl.col(_RUN) == 1).sum().over(cell)
    numbered = ordered.with_columns(left_out, begins.cast(pl.UInt32).cum_sum().over(cell).alias(_RUN))
    given = [pl.col(one).first() for one in _GIVEN_IN if one in matched.columns]
    runs = numbered.group_by(*cell, _RUN, maintain_order=True)
    found = runs.agg(pl.col("first").min(), pl.col("last").max(), pl.col(_LEFT_OUT).first(), *given)
    rows = _LENGTH.sum().over(cell) + pl.col(_LEFT_OUT)
    found = found.with_columns(rows.cast(pl.Int64).alias("rows")).filter(pl.col(_RUN) <= _MOST_RUNS)
    return found.rename({_AT: "position"})


def _of_settings(setting: pl.DataFrame | None, file: str, lines: Mapping[str, int]) -> pl.DataFrame:
    """Return the line of the plan file for each setting that stands there; the others are defaults."""
    named = setting.get_column("setting").to_list() if setting is not None else []
    rows = [("setting", position, file, lines[name], lines[name], 1) for position, name in enumerate(named, 1) if name in lines]
    schema = {"table": pl.String, "position": pl.Int64, "source": pl.String, "first": pl.Int64, "last": pl.Int64, "rows": pl.Int64}
    return pl.DataFrame(rows, schema=schema, orient="row")


def taken(data: Data) -> dict[str, list[dict[str, object]]]:
    """Return, by table, how each of its sources fills it: `files`, `columns` (of the table, to what they are called or computed there) and
    `query`, in words what rows are taken.

    A column that has its own name in the source is left out.
    """
    return {
        name: [
            {
                "files": list(data.files[one.source].files) if one.source in data.files else [],
                "columns": _columns(one),
                "query": _query(one),
            }
            for one in specifications
        ]
        for name, specifications in data.tables.items()
    }


def _columns(one: TableSource) -> dict[str, str]:
    computed = dict(one.compute)
    pairs = {target: source for source, targets in one.columns or () for target in targets}
    named = {target: f"{source} = {computed[source]}" if source in computed else source for target, source in pairs.items()}
    constants = {target: f"the constant {value!r}" for target, value in one.constants}
    return {target: words for target, words in {**named, **constants}.items() if words != target}


def _query(one: TableSource) -> str:
    """Say how the rows were found: joins, conditions, and how rows of one key became one."""
    joins = [f"joined with {join.source} on {', '.join(left for left, _ in join.on)}" for join in one.joins]
    conditions = [f"where {' and '.join(one.where)}"] if one.where else []
    merged = [f"rows of one key merged by {one.aggregate}"] if one.aggregate else []
    return "; ".join([*joins, *conditions, *merged])
