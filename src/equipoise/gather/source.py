"""Where tables come from: the `data` of a plan file, as typed specifications."""

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import polars as pl

from equipoise.gather.document import Group, Leaf, Listing
from equipoise.gather.raw import ROW
from equipoise.gather.reading import Reading, nearest
from equipoise.tables import GIVEN, table

KINDS = ("text", "number", "integer", "date", "flag")
AGGREGATES = ("sum", "first", "last")

# Tables that may come from files: those given, and the overrides that planners keep in a spreadsheet.
READ = (*GIVEN, "override")

# Columns that any table of facts may be given besides its own: they are converted away, to the item's unit and the plan's currency.
EXTRA = ("unit", "currency")

_FILE_KEYS = ("file", "sheet", "header", "skip_rows", "delimiter", "decimal", "encoding", "types")
_TABLE_KEYS = ("from", "join", "compute", "where", "columns", "constants", "aggregate", *_FILE_KEYS)
_LONGEST_EXPRESSION = 1_000
_DEEPEST_EXPRESSION = 15
_WIDEST = 1_000
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")
_WORD = re.compile(r"[A-Za-z_]+")
_NUMBER = re.compile(r"\d{1,18}")
_JOIN_KEYS = ("with", "on", "kind", "columns")
_DATA_KEYS = ("folder", "sources", "tables")


@dataclass(frozen=True)
class Source:
    """Files to read, one below the other, and how. Whatever is empty is inferred.

    `header` names the columns of files without a header row.
    """

    name: str
    files: tuple[str, ...]
    sheet: str = ""
    header: tuple[str, ...] = ()
    skip_rows: int = 0
    delimiter: str = ""
    decimal: str = ""
    encoding: str = ""
    types: Mapping[str, str] = field(default_factory=dict)
    line: int = 0


@dataclass(frozen=True)
class Join:
    """Columns of another source, found by equal keys: pairs of (column here, column there)."""

    source: str
    on: tuple[tuple[str, str], ...]
    kind: Literal["left", "inner"] = "left"
    columns: tuple[str, ...] = ()
    line: int = 0


@dataclass(frozen=True)
class TableSource:
    """How one source fills one table: joins, then computed columns, then conditions, then the mapping of columns.

    `columns` maps a source column to columns of the table; None: columns of the same name.
    """

    table: str
    source: str
    joins: tuple[Join, ...] = ()
    compute: tuple[tuple[str, str], ...] = ()
    where: tuple[str, ...] = ()
    columns: tuple[tuple[str, tuple[str, ...]], ...] | None = None
    constants: tuple[tuple[str, str], ...] = ()
    aggregate: str = ""
    line: int = 0


@dataclass(frozen=True)
class Data:
    """The plan file's `data`: a folder or workbook read by name, or sources and how they fill tables."""

    folder: str = ""
    by_name: bool = False
    files: Mapping[str, Source] = field(default_factory=dict)
    tables: Mapping[str, tuple[TableSource, ...]] = field(default_factory=dict)

    def needed(self) -> dict[str, frozenset[str] | None]:
        """Return, per source that is used, the columns that are needed; None: all of them."""
        wanted: dict[str, frozenset[str] | None] = {}

        def want(source: str, columns: set[str] | None) -> None:
            before = wanted.get(source, frozenset())
            wanted[source] = None if columns is None or before is None else before | columns

        for specification in (one for many in self.tables.values() for one in many):
            named = _named_columns(specification)
            want(specification.source, named)
            for join in specification.joins:
                there = {right for _, right in join.on} | set(join.columns)
                prefix = f"{join.source}."
                others = None if named is None else {name.removeprefix(prefix) for name in named}
                want(join.source, there if join.columns else None if others is None else there | others)
        return wanted


def _named_columns(specification: TableSource) -> set[str] | None:
    """Every column name that a specification mentions, wherever it comes from; None where columns are taken by their own names."""
    if specification.columns is None:
        return None
    names = {source for source, _ in specification.columns} | {left for join in specification.joins for left, _ in join.on}
    for expression in [*(text for _, text in specification.compute), *specification.where]:
        names.update(pl.sql_expr(expression).meta.root_names())
    return names


def column_named(column: str, name: str) -> str:
    """Return which column of table `name` a source's column is by its own name, upper or lower case; empty: none."""
    wanted = column.strip().lower().replace(" ", "_")
    return wanted if wanted in table(name).by_name or wanted in EXTRA else ""


def is_named(column: str, name: str) -> bool:
    """Whether a source's column is one of table `name` by its own name."""
    return bool(column_named(column, name))


def read_data(root: Group, reading: Reading) -> Data:
    """Return the `data` of a plan file; every fault is noted with its line."""
    node = root.entries.get("data")
    if node is None or (isinstance(node, Leaf) and node.value is None):
        return Data()
    if isinstance(node, Leaf):
        return Data(_local(node.text, node.line, reading), by_name=True)
    group = reading.group(root, "data")
    if group is None:
        return Data()
    if not any(key in group.entries for key in _DATA_KEYS) and any(key in READ for key in group.entries):
        return _tables(group, "", {}, reading)
    reading.only(group, _DATA_KEYS, "data")
    folder = _local(reading.text(group, "folder", path="data"), group.line_of("folder"), reading)
    files = {}
    sources = reading.group(group, "sources", "data")
    for name in sources.entries if sources else ():
        one = reading.group(sources, name, "data.sources") if sources else None
        if one is not None:
            reading.only(one, _FILE_KEYS, f"data.sources.{name}")
            files[name] = _source(name, one, reading)
    tables = reading.group(group, "tables", "data")
    if tables is None:
        if files:
            reading.error("`data` has sources but no tables that use them.", "Add `tables:` that says what each source fills.", group.line)
        return Data(folder, by_name=not files)
    return _tables(tables, folder, files, reading)


def _local(path: str, line: int, reading: Reading) -> str:
    if "://" in path:
        reading.error(f"{path} is an address on a network.", "Save the data to a file first: nothing is fetched.", line, "data")
        return ""
    return path


def _tables(group: Group, folder: str, files: dict[str, Source], reading: Reading) -> Data:
    tables: dict[str, tuple[TableSource, ...]] = {}
    files = dict(files)
    for name in group.entries:
        if name not in READ:
            reading.error(f"There is no table {name}.", nearest(name, READ), group.line_of(name), "data.tables")
            continue
        entries = reading.groups(group, name, f"data.tables.{name}")
        if not entries and isinstance(group.entries[name], Leaf):
            reading.error(f"`{name}` needs a source.", "Write `from: a-source` or `file: a-file` below it.", group.line_of(name))
        found = [_table_source(name, number, entry, files, reading) for number, entry in enumerate(entries, 1)]
        tables[name] = tuple(one for one in found if one is not None)
    return Data(folder, False, files, tables)


def _source(name: str, group: Group, reading: Reading) -> Source:
    path = f"data.{name}"
    files = tuple(_local(file, group.line_of("file"), reading) for file in reading.texts(group, "file", path))
    if not files:
        reading.error(f"The source {name} names no file.", "Give `file: a-file`, or a list of files.", group.line, path)
    types = reading.mapping(group, "types", path)
    for column, kind in types.items():
        if kind not in KINDS and "%" not in kind:
            fix = f"Use one of {', '.join(KINDS)}, or a date format such as %m/%d/%Y."
            reading.error(f"The type of {column} is {kind!r}.", fix, group.line_of("types"), path)
    delimiter = reading.text(group, "delimiter", path=path)
    delimiter = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";", "pipe": "|"}.get(delimiter, delimiter)
    if len(delimiter) > 1:
        reading.error(
            f"The delimiter {delimiter!r} has more than one character.", "Give one: , ; | or tab.", group.line_of("delimiter"), path
        )
        delimiter = ""
    return Source(
        name,
        files,
        sheet=reading.text(group, "sheet", path=path),
        header=reading.texts(group, "header", path),
        skip_rows=int(reading.number(group, "skip_rows", path) or 0),
        delimiter=delimiter,
        decimal=reading.text(group, "decimal", path=path, allowed=(",", ".")),
        encoding=reading.text(group, "encoding", path=path),
        types=types,
        line=group.line,
    )


def _table_source(name: str, number: int, group: Group, files: dict[str, Source], reading: Reading) -> TableSource | None:
    path = f"data.tables.{name}"
    reading.only(group, _TABLE_KEYS, path)
    source = reading.text(group, "from", path=path)
    if source and any(key in group.entries for key in _FILE_KEYS):
        reading.error("`from` and `file` (or its options) stand together.", "Give the options where the source is named.", group.line, path)
    if source and source not in files:
        reading.error(f"There is no source {source}.", nearest(source, files), group.line_of("from"), path)
        return None
    if not source:
        source = f"{name} {number}"
        files[source] = _source(source, group, reading)
    return TableSource(
        name,
        source,
        joins=tuple(join for entry in reading.groups(group, "join", path) if (join := _join(entry, files, path, reading))),
        compute=_expressions(group, "compute", path, reading),
        where=tuple(expression for _, expression in _expressions(group, "where", path, reading)),
        columns=_columns(name, group, path, reading),
        constants=_constants(name, group, path, reading),
        aggregate=reading.text(group, "aggregate", path=path, allowed=AGGREGATES),
        line=group.line,
    )


def _join(group: Group, files: Mapping[str, Source], path: str, reading: Reading) -> Join | None:
    reading.only(group, _JOIN_KEYS, path)
    source = reading.text(group, "with", path=path)
    if source not in files:
        reading.error(f"There is no source {source} to join with.", nearest(source, files), group.line_of("with"), path)
        return None
    node = group.entries.get("on")
    if isinstance(node, Group):
        on = tuple((left, right.text) for left, right in node.entries.items() if isinstance(right, Leaf))
    else:
        on = tuple((key, key) for key in reading.texts(group, "on", path))
    if not on:
        reading.error("The join has no key.", "Give `on: Column`, or `on: {column here: column there}`.", group.line, path)
    kind = reading.text(group, "kind", "left", path, ("left", "inner"))
    return Join(source, on, "inner" if kind == "inner" else "left", reading.texts(group, "columns", path), group.line)


def _expressions(group: Group, key: str, path: str, reading: Reading) -> tuple[tuple[str, str], ...]:
    """Pairs of (name, SQL expression); conditions have no name. What is not SQL is a fault."""
    node = group.entries.get(key)
    if isinstance(node, Group):
        pairs = [(name, value.text, value.line) for name, value in node.entries.items() if isinstance(value, Leaf)]
    else:
        items = node.items if isinstance(node, Listing) else (node,) if node is not None else ()
        pairs = [("", item.text, item.line) for item in items if isinstance(item, Leaf)]
        if key == "compute" and pairs:
            reading.error("`compute` must be a mapping of names to expressions.", "Write `name: expression`.", group.line_of(key), path)
    good = []
    for name, text, line in pairs:
        if refused := _refusal(text):
            reading.error(
                f"`{text[:80]}` is not an SQL expression that is taken: {refused}.",
                "Compute it in a step of its own, or before.",
                line,
                path,
            )
            continue
        try:
            pl.sql_expr(text)
        except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
            reading.error(
                f"`{text}` is not an SQL expression: {error}.", "Put names with spaces in double quotes, words in single.", line, path
            )
        else:
            good.append((name, text))
    return tuple(good)


def _refusal(text: str) -> str:
    """Return why an expression is not even parsed; empty where it may be. A few deep or long ones would take hours, or end the program."""
    if len(text) > _LONGEST_EXPRESSION:
        return f"it has {len(text):,} characters, and the most is {_LONGEST_EXPRESSION:,}"
    bare = _QUOTED.sub("''", text)
    depth = deepest = 0
    for one in bare:
        depth += (one == "(") - (one == ")")
        deepest = max(deepest, depth)
    if deepest > _DEEPEST_EXPRESSION:
        return f"its brackets are nested more than {_DEEPEST_EXPRESSION} deep"
    words = {word.upper() for word in _WORD.findall(bare)}
    if "SELECT" in words:
        return "it queries something else than its own row"
    if words & {"LPAD", "RPAD"} and max((int(number) for number in _NUMBER.findall(bare)), default=0) > _WIDEST:
        return f"it pads to more than {_WIDEST} characters"
    return ""


def _columns(name: str, group: Group, path: str, reading: Reading) -> tuple[tuple[str, tuple[str, ...]], ...] | None:
    mapping = reading.group(group, "columns", path)
    if mapping is None:
        return None
    found = []
    taken: dict[str, str] = {}
    for source in mapping.entries:
        targets = reading.texts(mapping, source, path)
        for target in targets:
            line = mapping.line_of(source)
            if target not in table(name).by_name and target not in EXTRA:
                reading.error(f"Table {name} has no column {target}.", nearest(target, table(name).by_name), line, path)
            if target in taken:
                reading.error(f"{source} and {taken[target]} both fill {target}.", "Map one of them.", line, path)
            taken[target] = source
        found.append((source, targets))
    return tuple(found)


def _constants(name: str, group: Group, path: str, reading: Reading) -> tuple[tuple[str, str], ...]:
    constants = reading.mapping(group, "constants", path)
    for target in constants:
        if target not in table(name).by_name and target not in EXTRA:
            line = group.line_of("constants")
            reading.error(f"Table {name} has no column {target}.", nearest(target, table(name).by_name), line, path)
    return tuple(constants.items())


def inline_table(name: str, group: Group, reading: Reading) -> pl.DataFrame | None:
    """Return a table written into the plan file, as text, with the line of each row in column `ROW`.

    It is a list of mappings, or `columns: [...]` with `rows: [[...], ...]`.
    """
    path = f"tables.{name}"
    node = group.entries[name]
    if isinstance(node, Group):
        reading.only(node, ("columns", "rows"), path)
        columns = reading.texts(node, "columns", path)
        rows = node.entries.get("rows")
        lists = [item for item in rows.items if isinstance(item, Listing)] if isinstance(rows, Listing) else []
        for item in lists:
            if len(item.items) != len(columns):
                reading.error(f"The row has {len(item.items)} values for {len(columns)} columns.", "Give one for each.", item.line, path)
        records = [(dict(zip(columns, item.items, strict=False)), item.line) for item in lists]
    else:
        records = [(dict(entry.entries), entry.line) for entry in reading.groups(group, name, path)]
    known = list(table(name).by_name)
    unknown = {key: line for cells, line in reversed(records) for key in cells if key not in known and key not in EXTRA}
    for key, line in reversed(unknown.items()):
        reading.error(f"Table {name} has no column {key}.", nearest(key, known), line, path)
    used = [column for column in (*known, *EXTRA) if any(column in cells for cells, _ in records)]
    if not used:
        return None
    values = {column: [_cell(cells.get(column)) for cells, _ in records] for column in dict.fromkeys(used)}
    return pl.DataFrame({**values, ROW: [line for _, line in records]}, schema={**dict.fromkeys(values, pl.String), ROW: pl.UInt32})


def _cell(node: object) -> str | None:
    if not isinstance(node, Leaf) or node.value is None:
        return None
    return node.value.isoformat() if isinstance(node.value, dt.date) else node.text
