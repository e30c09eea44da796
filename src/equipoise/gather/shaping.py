"""Shapes raw cells into the rows of a table: types, joins, computed columns, conditions, column names, constants."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from equipoise.errors import Where
from equipoise.gather.conversion import convert, decimal_mark
from equipoise.gather.raw import ROW, Raw
from equipoise.gather.reading import nearest
from equipoise.gather.report import Report
from equipoise.gather.source import EXTRA, Join, Source, TableSource, column_named
from equipoise.tables import table
from equipoise.tables.column import Kind

_TYPED: tuple[Kind, ...] = ("text", "number", "integer", "date", "flag")


@dataclass(frozen=True)
class Shaped:
    """Rows of one table from one file: columns named as the table's, still as text where the source is text; with `ROW`.

    `decimal` is the decimal mark that the plan file names for the file; `typed` are the columns of numbers already read.
    """

    table: str
    source: str
    frame: pl.DataFrame
    aggregate: str = ""
    decimal: str = ""
    delimiter: str = ""


def shape_by_name(name: str, raws: Sequence[Raw], report: Report) -> Iterator[Shaped]:
    """Yield the rows of a table whose files carry its own column names, upper or lower case; other columns are warned of and left."""
    for raw in raws:
        if raw.frame.width == 0:
            continue
        frame = _numbered(raw)
        names = {column: column_named(column, name) for column in frame.columns if column != ROW}
        doubled = {target for target in names.values() if target and list(names.values()).count(target) > 1}
        for target in sorted(doubled):
            report.error(f"Two columns fill {target}.", "Rename one of them.", Where(raw.source, name, column=target))
        used = {column: target for column, target in names.items() if target and target not in doubled}
        missing = [
            column.name for column in table(name).columns if column.required and column.default is None and column.name not in used.values()
        ]
        for column in [*(column for column, target in names.items() if not target), *raw.unread]:
            hint = nearest(column, missing, 0.4) if missing else nearest(column, table(name).by_name)
            fix = hint if hint.startswith("Did") else "Nothing to do if it is not needed; else map it under `data: tables:`."
            report.warn(f"{column} is not a column of table {name} and was left out.", fix, Where(raw.source, name, column=column))
        yield Shaped(
            name,
            raw.source,
            frame.select(pl.col(old).alias(new) for old, new in [*used.items(), (ROW, ROW)]),
            "",
            raw.decimal,
            raw.delimiter,
        )


def shape(specification: TableSource, files: Mapping[str, Source], raws: Mapping[str, Sequence[Raw]], report: Report) -> Iterator[Shaped]:
    """Yield the rows of a table, file by file, as the plan file's specification asks. What cannot be done is reported."""
    source = files[specification.source]
    for raw in raws.get(specification.source, ()):
        if raw.frame.width == 0:
            continue
        where = Where(raw.source, specification.table)
        frame = _typed(_numbered(raw), source, raw, report)
        for join in specification.joins:
            frame = _joined(frame, join, files, raws, where, report)
        frame = _computed(frame, specification, where, report)
        frame = _filtered(frame, specification, where, report)
        shaped = _renamed(frame, specification, where, report)
        yield Shaped(specification.table, raw.source, shaped, specification.aggregate, raw.decimal, raw.delimiter)


def _numbered(raw: Raw) -> pl.DataFrame:
    """Return the frame with the row of each record; records without any value are left out."""
    frame = raw.frame
    if ROW not in frame.columns:
        rows = pl.int_range(raw.first_row, raw.first_row + frame.height, dtype=pl.UInt32, eager=True)
        frame = frame.with_columns(rows.alias(ROW))
    cells = [column for column in frame.columns if column != ROW]
    return frame.filter(~pl.all_horizontal(pl.col(cells).is_null())) if any(frame[name].null_count() for name in cells) else frame


def _typed(frame: pl.DataFrame, source: Source, raw: Raw, report: Report) -> pl.DataFrame:
    """Convert the columns that the source's `types` name."""
    decimal, warning = raw.decimal, ""
    numbers = [name for name, kind in source.types.items() if kind in {"number", "integer"} and name in frame.columns]
    if not decimal and numbers:
        decimal, warning = decimal_mark([frame[name] for name in numbers], raw.delimiter)
    if warning:
        report.warn(warning, "Name the `decimal` mark of the source in the plan file.", Where(raw.source))
    for name, wanted in source.types.items():
        if name not in frame.columns:
            known = [column for column in frame.columns if column != ROW]
            report.error(f"There is no column {name} to take as {wanted}.", nearest(name, known), Where(raw.source, column=name))
            continue
        kind: Kind = next((kind for kind in _TYPED if kind == wanted), "date")
        converted = convert(frame[name], kind, decimal, wanted if "%" in wanted else "")
        for trouble in converted.troubles:
            report.cells(trouble, frame[name], frame[ROW], Where(raw.source, column=name))
        for words in converted.warnings:
            report.warn(words, "Name the format under `types`.", Where(raw.source, column=name))
        frame = frame.with_columns(converted.values.alias(name))
    return frame


def _joined(
    frame: pl.DataFrame,
    join: Join,
    files: Mapping[str, Source],
    raws: Mapping[str, Sequence[Raw]],
    where: Where,
    report: Report,
) -> pl.DataFrame:
    """Join the columns of another source; one that has a name already taken becomes `source.column`."""
    parts = [_typed(_numbered(raw), files[join.source], raw, report).drop(ROW) for raw in raws.get(join.source, ()) if raw.frame.width]
    if not parts:
        return frame
    other = pl.concat(parts, how="diagonal_relaxed")
    left, right = [one for one, _ in join.on], [two for _, two in join.on]
    for names, known, shown in ((left, frame, where.source), (right, other, join.source)):
        for name in [name for name in names if name not in known.columns]:
            report.error(f"The join needs column {name}, which {shown} does not have.", nearest(name, _own(known)), where)
            return frame
    wanted = [name for name in (join.columns or _own(other)) if name not in right]
    for name in [name for name in wanted if name not in other.columns]:
        report.error(f"{join.source} has no column {name} to join.", nearest(name, _own(other)), where)
        return frame
    other = other.select(*dict.fromkeys((*right, *wanted)))
    other = other.rename({name: f"{join.source}.{name}" for name in wanted if name in frame.columns})
    frame, other = _same_keys(frame, other, join)
    _warn_multiplied(other, right, join, where, report)
    joined = frame.join(other, left_on=left, right_on=right, how=join.kind, maintain_order="left")
    unmatched = frame.drop_nulls(left).join(other, left_on=left, right_on=right, how="anti", maintain_order="left")
    if unmatched.height:
        example = ", ".join(str(value) for value in unmatched.select(left).row(0))
        what = "were left out" if join.kind == "inner" else "have no values from it"
        report.note(f"{unmatched.height:,} rows find nothing in {join.source} ({', '.join(left)} {example}, first) and {what}.", "", where)
    return joined


def _own(frame: pl.DataFrame) -> list[str]:
    return [name for name in frame.columns if name != ROW]


def _same_keys(frame: pl.DataFrame, other: pl.DataFrame, join: Join) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return both frames with keys of one type, text where they differ, without space around them."""
    for one, two in join.on:
        if frame.schema[one] == other.schema[two] and frame.schema[one] not in {pl.String, pl.Categorical}:
            continue
        frame = frame.with_columns(pl.col(one).cast(pl.String).str.strip_chars())
        other = other.with_columns(pl.col(two).cast(pl.String).str.strip_chars())
    return frame, other


def _warn_multiplied(other: pl.DataFrame, keys: list[str], join: Join, where: Where, report: Report) -> None:
    repeated = other.drop_nulls(keys).filter(pl.struct(keys).is_duplicated())
    if repeated.height:
        example = ", ".join(str(value) for value in repeated.select(keys).row(0))
        keys_in_words = ", ".join(keys)
        message = f"{join.source} has several rows of one {keys_in_words} ({example}, for one): each row joined to them is repeated."
        report.warn(message, "Join on a key that names one row, or `aggregate` the table.", where)


def _computed(frame: pl.DataFrame, specification: TableSource, where: Where, report: Report) -> pl.DataFrame:
    for name, expression in specification.compute:
        result = _evaluated(frame, expression, where, report)
        if result is not None:
            frame = frame.with_columns(result.alias(name))
    return frame


def _filtered(frame: pl.DataFrame, specification: TableSource, where: Where, report: Report) -> pl.DataFrame:
    for expression in specification.where:
        result = _evaluated(frame, expression, where, report)
        if result is None:
            continue
        if result.dtype != pl.Boolean:
            report.error(f"`{expression}` is not a condition.", "Write one that is true or false, such as `MakeFlag = 1`.", where)
            continue
        frame = frame.filter(result)
        if frame.is_empty():
            report.warn(f"No row fulfils `{expression}`.", "Check the condition.", where)
            break
    return frame


def _evaluated(frame: pl.DataFrame, expression: str, where: Where, report: Report) -> pl.Series | None:
    """Return the value of an SQL expression per row. Text that is all numbers is taken as numbers where the expression asks for it."""
    parsed = pl.sql_expr(expression)
    names = list(dict.fromkeys(parsed.meta.root_names()))
    unknown = [name for name in names if name not in frame.columns]
    if unknown:
        report.error(f"`{expression}` names {unknown[0]}, which is no column.", nearest(unknown[0], _own(frame)), where)
        return None
    frame = frame.with_columns(pl.col(name).cast(pl.String) for name in names if frame.schema[name] == pl.Categorical)
    for candidate in (frame, _with_numbers(frame, names)):
        try:
            result = candidate.select(parsed.alias("#value")).get_column("#value")
        except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
            problem = str(error).splitlines()[0]
            continue
        return result.new_from_index(0, frame.height) if result.len() == 1 and frame.height != 1 else result
    fix = "Name the type of its columns under `types`, and put words in single quotes."
    report.error(f"`{expression}` cannot be worked out: {problem}.", fix, where)
    return None


def _with_numbers(frame: pl.DataFrame, names: list[str]) -> pl.DataFrame:
    for name in names:
        if frame.schema[name] == pl.String:
            numbers = frame[name].str.strip_chars().replace("", None).cast(pl.Float64, strict=False)
            if numbers.null_count() <= frame[name].replace("", None).null_count():
                frame = frame.with_columns(numbers.alias(name))
    return frame


def _renamed(frame: pl.DataFrame, specification: TableSource, where: Where, report: Report) -> pl.DataFrame:
    known = (*table(specification.table).by_name, *EXTRA)
    computed = [name for name, _ in specification.compute]
    if specification.columns is None:
        lowered = {column.lower(): column for column in known}
        pairs = [(column, lowered[column.lower()]) for column in _own(frame) if column.lower() in lowered]
    else:
        pairs = [(source, target) for source, targets in specification.columns for target in targets]
        mapped = {target for _, target in pairs}
        pairs += [(name, name) for name in computed if name in known and name not in mapped]
    constants = dict(specification.constants)
    chosen: dict[str, pl.Expr] = {}
    for source, target in pairs:
        if source not in frame.columns:
            report.error(
                f"There is no column {source} to fill {target}.",
                nearest(source, _own(frame)),
                Where(where.source, where.table, column=source),
            )
        elif target not in constants:
            chosen[target] = pl.col(source).alias(target)
    for target, value in constants.items():
        chosen[target] = pl.lit(value).alias(target)
    return frame.select(*chosen.values(), ROW)
