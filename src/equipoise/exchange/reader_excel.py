"""Reads Excel workbooks: every sheet as text, cells with Excel errors named one by one."""

import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl

from equipoise.errors import Fault, Where
from equipoise.exchange import reader_apart
from equipoise.exchange.workbook_parts import UnsafeError, parts
from equipoise.gather.raw import Raw

_LISTED = 20
_NEAR = 4_000  # bytes within which a cell's value stands
_CELL = re.compile(rb'<c r="([A-Z]{1,3})(\d{1,7})"([^<>]*)>')
_VALUE = re.compile(rb"<v>([^<]{0,100})</v>")


class Workbook:
    """An open workbook. `faults` says why it could not be opened; it has no sheets then."""

    def __init__(self, path: Path, shown: str) -> None:
        self.path = path
        self.shown = shown
        self.faults: list[Fault] = []
        self._reader: Any = None
        self._apart: dict[str, pl.DataFrame] = {}
        self._archive = b""
        self._open()

    @property
    def sheets(self) -> tuple[str, ...]:
        """Names of the sheets, in order."""
        return tuple(self._reader.sheet_names) if self._reader is not None else tuple(self._apart)

    def _fault(self, message: str, fix: str) -> None:
        self.faults.append(Fault(message, fix, Where(self.shown)))

    def _open(self) -> None:
        import fastexcel

        again = "Check that it is not password-protected or damaged, and save it again."
        try:
            if self.path.suffix.lower() in {".xls", ".xlsb"}:
                self._apart = reader_apart.sheets(self.path) or {}
                if not self._apart:
                    self._fault("The workbook cannot be opened.", f"{again} Workbooks of many rows are read as .xlsx or CSV.")
                return
            self._archive = parts(self.path)
            self._reader = fastexcel.read_excel(self._archive)
        except UnsafeError as error:
            self._fault(*error.args)
        except (zipfile.BadZipFile, zlib.error, EOFError):
            self._fault("The file is not an Excel workbook.", "Save it again as .xlsx, or give it the ending that it is.")
        except (fastexcel.FastExcelError, pl.exceptions.PanicException, OSError, RuntimeError, NotImplementedError):
            self._fault("The workbook cannot be opened.", again)

    def sheet(self, name: str, skip_rows: int, header: tuple[str, ...], decimal: str) -> Raw:
        """Return the cells of a sheet as text; rows are counted as Excel counts them."""
        shown = f"{self.shown}!{name}"
        cells = self._cells(name)
        if cells is None:
            fault = Fault("The sheet cannot be read.", "Save the workbook again with a spreadsheet program.", Where(shown))
            return Raw(shown, pl.DataFrame(), faults=(fault,))
        filled = [] if cells.is_empty() else cells.select(~pl.all_horizontal(pl.all().is_null())).to_series().arg_true().to_list()
        filled = [row for row in filled if row >= skip_rows]
        if not filled:
            fault = Fault("The sheet is empty.", "Give a header row and data, or leave the sheet out.", Where(shown))
            return Raw(shown, pl.DataFrame(), faults=(fault,))
        first = filled[0] if not header else filled[0] - 1
        names = header or tuple(" ".join((value or "").split()) for value in cells.row(first))
        faults = list(_repeated(names, shown, first + 1))
        frame = cells.slice(first + 1)
        kept = [(old, new) for old, new in zip(frame.columns, names, strict=False) if new]
        unique = {new: old for old, new in reversed(kept)}
        frame = frame.select(pl.col(old).alias(new) for new, old in reversed(unique.items()))
        faults += self._error_cells(name, shown, names)
        return Raw(shown, frame, first + 2, decimal or ".", faults=tuple(faults))

    def _cells(self, name: str) -> pl.DataFrame | None:
        """Return the cells of a sheet as text, or None where the library cannot read it."""
        import fastexcel

        if name in self._apart:
            return self._apart[name]
        try:
            found: pl.DataFrame = self._reader.load_sheet(name, header_row=None, skip_rows=0, dtypes="string").to_polars()
        except (fastexcel.FastExcelError, pl.exceptions.PolarsError, pl.exceptions.PanicException):
            return None
        return found

    def _error_cells(self, name: str, shown: str, names: tuple[str, ...]) -> list[Fault]:
        body = self._part(name)
        if b't="e"' not in body:
            return []
        found = [(cell, _value(body, cell.end())) for cell in _CELL.finditer(body) if b't="e"' in cell.group(3)]
        if not found:
            return []
        first = min(_number(cell.group(1)) for cell in _CELL.finditer(body) if not cell.group(3).endswith(b"/"))
        faults = []
        for cell, what in found[:_LISTED]:
            letters, row = cell.group(1), int(cell.group(2))
            position = _number(letters) - first
            column = names[position] if 0 <= position < len(names) else ""
            message = f"Cell {letters.decode()}{row} holds the Excel error {what}."
            faults.append(Fault(message, "Correct its formula, or empty the cell.", Where(shown, row=row, column=column)))
        if len(found) > _LISTED:
            more = f"{len(found) - _LISTED:,} more cells hold Excel errors."
            faults.append(Fault(more, "Correct their formulas, or empty the cells.", Where(shown)))
        return faults

    def _part(self, name: str) -> bytes:
        """Return the sheet's part of the workbook; nothing where it has none that can be read as text."""
        if self.path.suffix.lower() not in {".xlsx", ".xlsm"}:
            return b""
        with zipfile.ZipFile(io.BytesIO(self._archive)) as archive:
            held = set(archive.namelist())
            if not {"xl/workbook.xml", "xl/_rels/workbook.xml.rels"} <= held:
                return b""
            book = archive.read("xl/workbook.xml").decode("utf-8", "replace")
            links = archive.read("xl/_rels/workbook.xml.rels").decode("utf-8", "replace")
            position = self.sheets.index(name)
            sheets = re.findall(r"<(?:\w+:)?sheet\b[^<>]*?\br:id=\"([^\"<>]+)\"", book)
            targets = dict(_links(links))
            if position >= len(sheets) or sheets[position] not in targets:
                return b""
            target = targets[sheets[position]]
            path = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
            return archive.read(path) if path in held else b""


def _value(body: bytes, after: int) -> str:
    """Return what the cell says whose tag ends there."""
    end = body.find(b"</c>", after, after + _NEAR)
    found = _VALUE.search(body, after, end) if end >= 0 else None
    return found.group(1).decode("utf-8", "replace") if found else "an error"


def _links(text: str) -> Iterator[tuple[str, str]]:
    for link in re.findall(r"<Relationship\b[^<>]*>", text):
        name, target = re.search(r'\bId="([^"]+)"', link), re.search(r'\bTarget="([^"]+)"', link)
        if name and target:
            yield name.group(1), target.group(1)


def _number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


def _repeated(names: tuple[str, ...], shown: str, row: int) -> Iterator[Fault]:
    seen: set[str] = set()
    for name in names:
        if name and name in seen:
            yield Fault(f"Two columns are called {name}.", "Rename one of them.", Where(shown, row=row, column=name))
        seen.add(name)
