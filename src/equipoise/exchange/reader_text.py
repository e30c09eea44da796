"""Reads delimited text: finds encoding, delimiter and header, and every row whose width does not fit, with its number."""

import codecs
import csv
import gzip
import io
import re
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import polars as pl

from equipoise.errors import Fault, InputError, Severity, Where
from equipoise.gather.raw import ROW, Raw
from equipoise.gather.source import Source
from equipoise.tables.ceilings import most

Wanted = Callable[[str], bool]

DELIMITERS = (",", ";", "\t", "|")
_HEAD = 65_536
_LONGEST_LINE = 10  # MB
_TOO_LONG = "field larger"  # as the library says it
_LISTED = 20
_MANY_RECORDS = 500_000
_SAMPLE = 50_000
_NAMES = {",": "comma", ";": "semicolon", "\t": "tab", "|": "vertical bar"}
GUARDED = r"^'('*[=+\-@\t\r])"
"""A text that would be a formula, behind an apostrophe that says it is none (`table_files.harmless`)."""
_TRANSCODED = "Text in this encoding is decoded in memory: save larger files as UTF-8."


@dataclass
class _Text:
    """A text file on its way in: where its bytes are, how they are coded, and what was noticed."""

    path: Path
    shown: str
    body: bytes | None = None
    encoding: str = "utf-8"
    faults: list[Fault] = field(default_factory=list)

    def open(self) -> BinaryIO:
        """Open the bytes for reading, byte-order mark skipped."""
        stream: BinaryIO = io.BytesIO(self.body) if self.body is not None else self.path.open("rb")
        if stream.read(3) != codecs.BOM_UTF8:
            stream.seek(0)
        return stream

    def fault(self, message: str, fix: str, row: int | None = None, severity: Severity = "error", column: str = "") -> None:
        self.faults.append(Fault(message, fix, Where(self.shown, row=row, column=column), severity))


@dataclass(frozen=True)
class _Layout:
    """Where the data begins and what its columns are called."""

    delimiter: str
    names: tuple[str, ...]
    lines_before: int
    first_row: int


def read_text(path: Path, shown: str, source: Source, columns: frozenset[str] | None, wanted: Wanted | None = None) -> Raw:
    """Return the cells of a delimited text file as text columns; `columns` are those needed (None: all), or `wanted` says of each.

    In large files columns of few different values come as categories, which take a tenth of the memory.

    Rows are counted as records of the file, header included. What is wrong with the file comes in the `faults` of the result;
    rows that are too long or too short stay in it, cut or filled with nothing.
    """
    text = _Text(path, shown)
    empty = pl.DataFrame()
    try:
        _decode(text, source.encoding)
        layout = _layout(text, source)
    except InputError as error:
        text.fault(error.message, error.fix, error.where.row)
        return Raw(shown, empty, faults=tuple(text.faults))
    scan = _scan(text, layout)
    named = [index for index, name in enumerate(layout.names) if name]
    needed = [
        index for index in named if (columns is None or layout.names[index] in columns) and (wanted is None or wanted(layout.names[index]))
    ]
    if columns is not None and not columns <= set(layout.names):  # gather names what is missing, the nearest of what is there
        needed = named
    frame = _without_apostrophes(_cells(text, layout, scan, needed))
    unread = tuple(layout.names[index] for index in named if index not in needed) if wanted is not None else ()
    return Raw(shown, frame, layout.first_row, source.decimal, layout.delimiter, unread, tuple(text.faults))


# --- encoding ---------------------------------------------------------------------------------------------------------------


def _decode(text: _Text, encoding: str) -> None:
    """Find the encoding. UTF-8 is read where it lies; anything else is turned into UTF-8 in memory."""
    size = text.path.stat().st_size
    if size > most("file_bytes"):
        raise InputError(
            f"The file has {size / 1e9:.1f} GB.", f"The most is {most('file_bytes') / 1e9:.0f} GB: split it or aggregate it first."
        )
    if text.path.suffix == ".gz":
        text.body = _unzipped(text.path)
    if (text.body is not None and not text.body.strip()) or (text.body is None and size == 0):
        raise InputError("The file is empty.", "Give a header row and data, or leave the table out.")
    with _raw(text) as stream:
        head = stream.read(_HEAD)
    found = encoding or _encoding_of(text, head)
    try:
        codec = codecs.lookup(found).name
        "".encode(codec)  # some codecs are none of text: they unpack, or decode twice
    except (LookupError, ValueError):
        raise InputError(f"There is no encoding {encoding}.", "Use utf-8, utf-16, cp1252 or another that Python knows.") from None
    text.encoding = codec
    if encoding and codec in {"utf-8", "utf-8-sig"}:
        _must_be_utf8(text)
    elif codec not in {"utf-8", "utf-8-sig", "ascii"}:
        _transcode(text, codec)
    elif b"\r" in head and b"\n" not in head:
        _transcode(text, "utf-8")


def _raw(text: _Text) -> BinaryIO:
    return io.BytesIO(text.body) if text.body is not None else text.path.open("rb")


def _unzipped(path: Path) -> bytes:
    largest = most("unpacked_bytes")
    try:
        with gzip.open(path, "rb") as stream:
            body = stream.read(largest + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(f"The file cannot be unpacked: {error}.", "Pack it again with gzip, or give it unpacked.") from error
    if len(body) > largest:
        raise InputError(f"The file unpacks to more than {largest / 1e9:.0f} GB.", "Give it unpacked, or split it.")
    return body


def _encoding_of(text: _Text, head: bytes) -> str:
    if head.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        text.fault("The file is UTF-16 and was read as that.", "", severity="note")
        return "utf-16"
    if head.count(b"\0") > len(head) // 4:
        return "utf-16-le" if head[1:2] == b"\0" else "utf-16-be"
    if b"\0" in head:
        raise InputError("The file is not text.", "Give a CSV, TSV, Parquet or Excel file with the right ending.")
    if _bad_utf8(text) is None:
        return "utf-8"
    fix = "If letters look wrong, name the right `encoding` in the plan file."
    text.fault("The file is not UTF-8; it was read as Windows-1252 (Western European).", fix, severity="warning")
    return "cp1252"


def _bad_utf8(text: _Text) -> int | None:
    """Return the number of the first line that is not UTF-8, or None."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    lines, long = 1, 0
    with _raw(text) as stream:
        while block := stream.read(1 << 20):
            long = long + 1 if b"\n" not in block and b"\r" not in block else 0
            if long > _LONGEST_LINE:
                raise InputError(f"A line has more than {_LONGEST_LINE} MB.", "Give one record a line.", Where(row=lines))
            try:
                decoder.decode(block)
            except UnicodeDecodeError as error:
                return lines + block[: max(error.start - 4, 0)].count(b"\n")
            lines += block.count(b"\n")
    return None


def _must_be_utf8(text: _Text) -> None:
    line = _bad_utf8(text)
    if line is not None:
        raise InputError("The file is not UTF-8 as the plan file says.", "Try `encoding: cp1252`, or save it as UTF-8.", Where(row=line))


def _transcode(text: _Text, codec: str) -> None:
    if text.body is None and text.path.stat().st_size > most("unpacked_bytes"):
        raise InputError(f"The file is {codec} and larger than {most('unpacked_bytes') / 1e9:.0f} GB.", _TRANSCODED)
    with _raw(text) as stream:
        body = stream.read()
    try:
        decoded = body.decode(codec, errors="replace" if codec == "cp1252" else "strict")
    except UnicodeDecodeError as error:
        line = body[: error.start].count(b"\n") + 1
        raise InputError(f"The file is not {codec}.", "Name the right `encoding`, or save it as UTF-8.", Where(row=line)) from error
    if "\n" not in decoded:
        decoded = decoded.replace("\r", "\n")
    text.body = decoded.removeprefix("\ufeff").encode()


# --- layout -----------------------------------------------------------------------------------------------------------------


def _layout(text: _Text, source: Source) -> _Layout:
    skipped = source.skip_rows
    with text.open() as stream:
        lines = [line.decode("utf-8", "replace") for line, _ in zip(stream, range(skipped + 100), strict=False)]
    lines = lines[skipped:]
    if not any(line.strip() for line in lines):
        raise InputError("The file is empty.", "Give a header row and data, or leave the table out.")
    blank = next(index for index, line in enumerate(lines) if line.strip())
    skipped, lines = skipped + blank, lines[blank:]
    told = re.fullmatch(r"sep=(.)\s*", lines[0], re.IGNORECASE)
    if told:
        skipped, lines = skipped + 1, lines[1:]
    expected = "\t" if text.path.name.lower().removesuffix(".gz").endswith((".tsv", ".tab")) else ","
    delimiter = source.delimiter or (told.group(1) if told else "") or _delimiter(lines, expected)
    if source.header:
        return _Layout(delimiter, source.header, skipped, skipped + 1)
    reader = csv.reader(lines, delimiter=delimiter)
    try:
        names = tuple(" ".join(name.split()) for name in next(reader))
    except csv.Error:
        raise InputError("The header row cannot be read: a name is too long, or a quote is never closed.", "Correct it.") from None
    if len(names) > most("columns"):
        raise InputError(f"The file has {len(names):,} columns; the most is {most('columns'):,}.", "Give periods down, not across.")
    _check_names(text, names, delimiter, source, skipped + 1)
    return _Layout(delimiter, names, skipped + reader.line_num, skipped + 2)


def _delimiter(lines: list[str], expected: str) -> str:
    """Return the delimiter that cuts most lines as it cuts the first, preferring more columns, then the expected one."""

    def worth(mark: str) -> tuple[int, int, bool]:
        try:
            widths = [len(row) for row in csv.reader(lines, delimiter=mark) if row]
        except csv.Error:
            return (0, 0, False)
        if not widths or widths[0] < 2:
            return (0, 0, mark == expected)
        return (sum(width == widths[0] for width in widths) * 10 // len(widths), widths[0], mark == expected)

    return max((expected, *(mark for mark in DELIMITERS if mark != expected)), key=worth)


def _check_names(text: _Text, names: tuple[str, ...], delimiter: str, source: Source, row: int) -> None:
    if len(names) == 1:
        other = next((mark for mark in DELIMITERS if mark != delimiter and mark in names[0]), None)
        if other is not None:
            fix = f"It looks separated by {_NAMES[other]}: correct `delimiter` in the plan file, or leave it out."
            text.fault(f"Read with {_NAMES.get(delimiter, delimiter)} as delimiter, the file has one column: {names[0][:80]!r}.", fix, row)
    seen: set[str] = set()
    for name in names:
        if name and name in seen:
            text.fault(f"Two columns are called {name}.", "Rename one of them.", row, column=name)
        seen.add(name)
    if "" in names[:-1] and not source.header:
        places = [str(index) for index, name in enumerate(names, 1) if not name]
        text.fault(f"Columns without a name were left out: number {', '.join(places)}.", "Name them if they are needed.", row, "note")


# --- rows that do not fit ------------------------------------------------------------------------------------------------------


@dataclass
class _Scan:
    records: int = 0
    odd_quotes: bool = False


def _scan(text: _Text, layout: _Layout) -> _Scan:
    """Count records and note those whose number of values is not that of the header."""
    scan = _Scan()
    width = len(layout.names)
    found: list[tuple[int, int]] = []
    try:
        for number, cells in enumerate(_widths(text, layout, scan), layout.first_row):
            scan.records += 1
            if cells not in {width, 0}:
                found.append((number, cells))
    except csv.Error as error:
        row = layout.first_row + scan.records
        if _TOO_LONG in str(error):
            text.fault(f"A value in this row has more than {csv.field_size_limit():,} characters.", "Shorten it, or close its quote.", row)
        else:
            text.fault("A quote opens in this row and is never closed.", 'Close it, or double a quote that is part of the text ("").', row)
        scan.odd_quotes = True
    for row, cells in found[:_LISTED]:
        fix = f"Correct the row; a value that holds a {_NAMES.get(layout.delimiter, layout.delimiter)} must stand in quotes."
        text.fault(f"The row has {cells} values, the header {width}.", fix, row)
    if len(found) > _LISTED:
        text.fault(
            f"{len(found) - _LISTED:,} more rows have too many or too few values.", "Correct them in the same way.", found[_LISTED][0]
        )
    return scan


def _widths(text: _Text, layout: _Layout, scan: _Scan) -> Iterator[int]:
    """Yield how many values each record has, 0 for a blank one. Empty values beyond the header's width are not counted."""
    mark = layout.delimiter.encode()
    width = len(layout.names)
    with text.open() as stream:
        for _ in range(layout.lines_before):
            next(stream, b"")
        pending: list[str] = []

        def feed() -> Iterator[str]:
            while True:
                if pending:
                    yield pending.pop()
                else:
                    line = next(stream, b"")
                    if not line:
                        raise csv.Error("end of file inside quotes")
                    yield line.decode("utf-8", "replace")

        reader = csv.reader(feed(), delimiter=layout.delimiter)
        for line in stream:
            if b'"' not in line:
                cells = line.count(mark) + 1
                if cells != width:
                    cells = _trimmed(line.decode("utf-8", "replace").rstrip("\r\n").split(layout.delimiter), width)
                yield cells
                continue
            pending.append(line.decode("utf-8", "replace"))
            values = next(reader)
            scan.odd_quotes = scan.odd_quotes or (any('"' in value for value in values) and b'""' not in line)
            yield len(values) if len(values) == width else _trimmed(values, width)


def _trimmed(values: list[str], width: int) -> int:
    if not any(value.strip() for value in values):
        return 0
    last = len(values)
    while last > width and not values[last - 1].strip():
        last -= 1
    return last


# --- cells ------------------------------------------------------------------------------------------------------------------


def _cells(text: _Text, layout: _Layout, scan: _Scan, wanted: list[int]) -> pl.DataFrame:
    names = [layout.names[index] for index in wanted]
    unique = list(dict.fromkeys(names))
    if not unique or not scan.records:
        return pl.DataFrame(schema=dict.fromkeys(unique, pl.String))
    places = [wanted[names.index(name)] for name in unique]
    if not scan.odd_quotes:
        try:
            categories = _categories(text, layout, places) if scan.records > _MANY_RECORDS else set()
            frame = _fast_cells(text, layout, places, categories)
        except pl.exceptions.PolarsError:
            frame = pl.DataFrame()
        if frame.height == scan.records:
            return frame.select(pl.col(f"column_{index}").alias(name) for index, name in zip(places, unique, strict=True))
    return _slow_cells(text, layout, dict(zip(unique, places, strict=True)))


def _fast_cells(text: _Text, layout: _Layout, places: list[int], categories: set[int], records: int | None = None) -> pl.DataFrame:
    return pl.read_csv(
        text.body if text.body is not None else text.path,
        has_header=False,
        skip_lines=layout.lines_before,
        separator=layout.delimiter,
        schema={f"column_{index}": pl.Categorical() if index in categories else pl.String() for index in range(len(layout.names))},
        columns=sorted(places),
        n_rows=records,
        infer_schema=False,
        truncate_ragged_lines=True,
        missing_columns="insert",
        low_memory=True,
    )


def _categories(text: _Text, layout: _Layout, places: list[int]) -> set[int]:
    """Return the columns whose values come back again and again, judged by the first records."""
    sample = _fast_cells(text, layout, places, set(), _SAMPLE)
    return {index for index in places if sample.get_column(f"column_{index}").n_unique() < _SAMPLE // 3}


def _without_apostrophes(frame: pl.DataFrame) -> pl.DataFrame:
    """Return the cells without the apostrophe that tells a spreadsheet that what follows is text: it is no part of the value."""
    texts = [name for name, kind in frame.schema.items() if kind == pl.String or isinstance(kind, pl.Categorical)]
    marked = frame.select(pl.col(texts).cast(pl.String).str.starts_with("'").any()) if texts and frame.height else pl.DataFrame()
    held = [name for name in marked.columns if marked.item(0, name)]
    return frame.with_columns(pl.col(held).cast(pl.String).str.replace(GUARDED, "$1"))


def _slow_cells(text: _Text, layout: _Layout, places: dict[str, int]) -> pl.DataFrame:
    """Read record by record: for quotes inside unquoted values, such as inches."""
    cells: dict[str, list[str | None]] = {name: [] for name in places}
    with text.open() as stream:
        for _ in range(layout.lines_before):
            next(stream, b"")
        reader = csv.reader((line.decode("utf-8", "replace") for line in stream), delimiter=layout.delimiter)
        try:
            for record in reader:
                for name, index in places.items():
                    cells[name].append(record[index] if index < len(record) and record[index] else None)
        except csv.Error:
            pass  # the scan has named the row whose quote is never closed
    frame = pl.DataFrame(cells, schema=dict.fromkeys(places, pl.String))
    return frame.with_columns(pl.int_range(layout.first_row, layout.first_row + frame.height, dtype=pl.UInt32).alias(ROW))
