"""Reads the files that a plan names: delimited text, Parquet and Excel, one by one or as a folder or workbook of tables."""

from dataclasses import replace
from difflib import get_close_matches
from functools import partial
from pathlib import Path

import polars as pl

from equipoise.errors import Fault, Severity, Where
from equipoise.exchange.book import VIEWS
from equipoise.exchange.reader_excel import Workbook
from equipoise.exchange.reader_text import Wanted, read_text
from equipoise.gather.raw import ROW, Raw
from equipoise.gather.source import READ, Data, Source, is_named
from equipoise.tables import GIVEN
from equipoise.tables.ceilings import most

TEXT = (".csv", ".tsv", ".tab", ".txt", ".csv.gz", ".tsv.gz", ".txt.gz")
PARQUET = (".parquet", ".pq")
EXCEL = (".xlsx", ".xlsm", ".xlsb", ".xls")

# Key of the result under which faults stand that belong to no one table or source.
NOWHERE = ""


def read(data: Data, beside: Path) -> dict[str, list[Raw]]:
    """Return the cells of everything that a plan file's `data` names: by table where a folder or workbook is read by name, else by source.

    `beside` is the folder of the plan file, from which relative paths start. Files that are missing or cannot be read come as
    empty cells with a fault, so that `facts` can report all of them at once.
    """
    root = _path(beside, data.folder)
    if data.by_name:
        return _by_name(root, data.folder or str(root))
    found: dict[str, list[Raw]] = {}
    for name, columns in data.needed().items():
        if name in data.files:
            found[name] = _source(data.files[name], root, columns)
    return found


def files_of(data: Data, beside: Path) -> list[Path]:
    """Return the files that `read` would read, sorted: what a run must watch for changes."""
    root = _path(beside, data.folder)
    if data.by_name:
        return [root] if root.is_file() else [path for path in _listing(root) if _ending(path)]
    names = [file for source in data.files.values() for file in source.files]
    return sorted({path for name in names for path in _matches(root, name)})


def _path(beside: Path, name: str) -> Path:
    return beside / Path(name).expanduser() if name else beside


def _ending(path: Path) -> str:
    lowered = path.name.lower()
    return next((ending for ending in (*TEXT, *PARQUET, *EXCEL) if lowered.endswith(ending)), "")


def _broken(shown: str, message: str, fix: str, severity: Severity = "error") -> Raw:
    return Raw(shown, pl.DataFrame(), faults=(Fault(message, fix, Where(shown), severity),))


def _listing(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if path.is_file() and not path.name.startswith((".", "~$")))
    except OSError:
        return []


def _absent(path: Path, shown: str) -> Raw:
    """The fault of a file that is not there, with the nearest name that is."""
    names = sorted(other.name for other in path.parent.iterdir()) if path.parent.is_dir() else []
    near = get_close_matches(path.name, names, n=1)
    if near:
        fix = f"Did you mean {near[0]}?"
    elif not path.parent.is_dir():
        fix = f"The folder {path.parent} does not exist either: paths start beside the plan file, or in `data.folder`."
    else:
        fix = f"Check its name: paths start in {path.parent}."
    return _broken(shown, f"There is no file {shown}.", fix)


def _matches(root: Path, name: str) -> list[Path]:
    if any(mark in name for mark in "*?[") and not (root / name).exists():
        pattern = Path(name).expanduser()
        base = Path(pattern.anchor) if pattern.is_absolute() else root
        return sorted(path for path in base.glob(str(pattern.relative_to(pattern.anchor))) if path.is_file())
    return [_path(root, name)]


def _source(source: Source, root: Path, columns: frozenset[str] | None) -> list[Raw]:
    found: list[Raw] = []
    for name in source.files:
        paths = _matches(root, name)
        if not paths:
            found.append(_broken(name, f"No file matches {name}.", f"Check the pattern: it starts in {root}."))
        for path in paths:
            found.append(_file(path, name if len(paths) == 1 else path.name, source, columns))
    return found


def _file(path: Path, shown: str, source: Source, columns: frozenset[str] | None, wanted: Wanted | None = None) -> Raw:
    if not path.exists():
        return _absent(path, shown)
    if path.is_dir():
        return _broken(shown, f"{shown} is a folder.", "Name a file in it.")
    ending = _ending(path)
    try:
        if ending in PARQUET:
            return _within(_parquet(path, shown, columns))
        if ending in EXCEL:
            return _within(_sheet(Workbook(path, shown), source))
        if ending in TEXT:
            return _within(read_text(path, shown, source, columns, wanted))
    except OSError as error:
        return _broken(shown, f"{shown} cannot be read: {error.strerror or error}.", "Check that you may read it.")
    return _broken(
        shown, f"{shown} is of a kind that is not read.", f"Give one of {', '.join((*TEXT[:4], '.csv.gz', *PARQUET[:1], *EXCEL))}."
    )


def _parquet(path: Path, shown: str, columns: frozenset[str] | None) -> Raw:
    """Read a Parquet file, once what it says of itself fits: a few kilobytes may hold a thousand million rows."""
    try:
        schema = pl.read_parquet_schema(path)
        flat = [name for name, kind in schema.items() if not kind.is_nested() and kind != pl.Binary]
        wanted = [name for name in flat if columns is None or name in columns]
        if columns is not None and not columns <= set(flat):
            wanted = flat
        rows = int(pl.scan_parquet(path).select(pl.len()).collect().item())
        if len(schema) > most("columns"):
            return _broken(
                shown, f"{shown} has {len(schema):,} columns; the most is {most('columns'):,}.", "Give periods down, not across."
            )
        if rows * max(len(wanted), 1) > most("cells"):
            message = f"{shown} has {rows:,} rows of {len(wanted)} columns: more than {most('cells'):,} cells."
            return _broken(shown, message, "Add it up to what is planned first, or leave columns out.")
        return Raw(shown, pl.read_parquet(path, columns=wanted), first_row=1)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException):
        return _broken(shown, f"{shown} is not a Parquet file, or is damaged.", "Write it again, or give it the ending that it is.")


def _within(raw: Raw) -> Raw:
    """Return what was read, or, where a text is longer than a cell may hold, a fault that says where."""
    longest = most("cell_characters")
    texts = [name for name, kind in raw.frame.schema.items() if kind == pl.String]
    if not texts or not raw.frame.height:
        return raw
    sizes = raw.frame.select(pl.col(texts).str.len_bytes().max()).row(0, named=True)
    for name in [name for name, size in sizes.items() if size is not None and size > longest]:
        lengths = raw.frame.get_column(name).str.len_chars()
        row = int(lengths.arg_max() or 0)
        if lengths[row] > longest:
            where = Where(
                raw.source, row=int(raw.frame.get_column(ROW)[row]) if ROW in raw.frame.columns else row + raw.first_row, column=name
            )
            fault = Fault(f"The text has {lengths[row]:,} characters; the most is {longest:,}.", "Shorten it.", where)
            return replace(raw, frame=raw.frame.clear(), faults=(*raw.faults, fault))
    return raw


def _sheet(book: Workbook, source: Source) -> Raw:
    if book.faults:
        return Raw(book.shown, pl.DataFrame(), faults=tuple(book.faults))
    name = source.sheet or book.sheets[0]
    if name not in book.sheets:
        near = get_close_matches(name, book.sheets, n=1)
        fix = f"Did you mean {near[0]}?" if near else f"Its sheets are {', '.join(book.sheets)}."
        return _broken(book.shown, f"The workbook has no sheet {name}.", fix)
    return book.sheet(name, source.skip_rows, source.header, source.decimal)


def _by_name(root: Path, shown: str) -> dict[str, list[Raw]]:
    if root.is_file():
        if _ending(root) in EXCEL:
            return _workbook(root, root.name)
        message = f"{shown} is neither a folder nor a workbook."
        return {NOWHERE: [_broken(shown, message, "Give `data: a-folder`, or say under `data: tables:` what the file fills.")]}
    if not root.is_dir():
        near = get_close_matches(root.name, [path.name for path in root.parent.iterdir()] if root.parent.is_dir() else [], n=1)
        fix = f"Did you mean {near[0]}?" if near else f"Make the folder {root}, or correct `data` in the plan file."
        return {NOWHERE: [_broken(shown, f"There is no folder or workbook {shown}.", fix)]}
    found: dict[str, list[Raw]] = {}
    for path in _listing(root):
        ending = _ending(path)
        name = path.name[: len(path.name) - len(ending)].lower()
        if not ending:
            continue
        if name in READ:
            _add(found, name, _file(path, path.name, Source(name, (path.name,)), None, partial(is_named, name=name)))
        elif ending in EXCEL:
            for sheet, raws in _workbook(path, path.name).items():
                for raw in raws:
                    _add(found, sheet, raw)
        else:
            _add(found, NOWHERE, _unknown(path.name, name))
    if not any(name != NOWHERE for name in found):
        fix = f"Name files after tables, such as item.csv and history.csv. Known: {', '.join(GIVEN)}."
        found.setdefault(NOWHERE, []).append(_broken(shown, f"The folder {shown} holds no table.", fix))
    return found


def _workbook(path: Path, shown: str) -> dict[str, list[Raw]]:
    book = Workbook(path, shown)
    found: dict[str, list[Raw]] = {}
    if book.faults:
        return {NOWHERE: [Raw(shown, pl.DataFrame(), faults=tuple(book.faults))]}
    for sheet in book.sheets:
        if sheet in VIEWS:
            continue  # made for people, in a workbook that we wrote ourselves
        name = sheet.strip().lower().replace(" ", "_")
        if name in READ:
            _add(found, name, book.sheet(sheet, 0, (), ""))
        else:
            _add(found, NOWHERE, _unknown(f"{shown}!{sheet}", name))
    return found


def _unknown(shown: str, name: str) -> Raw:
    near = get_close_matches(name, READ, n=1)
    fix = f"Did you mean {near[0]}?" if near else "Name it after the table it holds, or leave it."
    return _broken(shown, f"{shown} is not the name of a table and was not read.", fix, "warning")


def _add(found: dict[str, list[Raw]], name: str, raw: Raw) -> None:
    before = [one for one in found.get(name, []) if name != NOWHERE]
    if before:
        message = f"The table {name} is given twice, by {before[0].source} and {raw.source}."
        raw = _broken(raw.source, message, "Keep one, or say under `data: tables:` how both fill it.")
    found.setdefault(name, []).append(raw)
