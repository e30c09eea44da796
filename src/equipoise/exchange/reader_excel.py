"""Reads Excel workbooks: every sheet as text, cells with Excel errors named one by one."""

import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl

from equipoise.errors import Fault, Where
from equipoise.gather.raw import Raw

_LARGEST_UNPACKED = 1_500_000_000
_MOST_TIMES = 400
_LISTED = 20
_ERROR_CELL = re.compile(rb'<c r="([A-Z]+)(\d+)"[^>]*\bt="e"[^>]*>(.*?)</c>', re.DOTALL)
_FILLED_CELL = re.compile(rb'<c r="([A-Z]+)\d+"[^>]*[^/]>')
_VALUE = re.compile(rb"<v>(.*?)</v>")


class Workbook:
    """An open workbook. `faults` says why it could not be opened; it has no sheets then."""

    def __init__(self, path: Path, shown: str) -> None:
        self.path = path
        self.shown = shown
        self.faults: list[Fault] = []
        self._reader: Any = None
        if self._safe():
            self._open()

    @property
    def sheets(self) -> tuple[str, ...]:
        """Names of the sheets, in order."""
        return tuple(self._reader.sheet_names) if self._reader is not None else ()

    def _fault(self, message: str, fix: str) -> None:
        self.faults.append(Fault(message, fix, Where(self.shown)))

    def _safe(self) -> bool:
        """Whether the file unpacks to a size that can be read: a few kilobytes may claim to hold terabytes."""
        if self.path.suffix.lower() not in {".xlsx", ".xlsm"}:
            return True
        try:
            with zipfile.ZipFile(self.path) as archive:
                sizes = [(entry.file_size, max(entry.compress_size, 1)) for entry in archive.infolist()]
        except (zipfile.BadZipFile, OSError):
            self._fault("The file is not an Excel workbook.", "Save it again as .xlsx, or give it the ending that it is.")
            return False
        total = sum(size for size, _ in sizes)
        if total > _LARGEST_UNPACKED or any(size > 50_000_000 and size > _MOST_TIMES * packed for size, packed in sizes):
            self._fault(f"The workbook unpacks to {total / 1e9:.1f} GB.", "Give large tables as CSV or Parquet.")
            return False
        return True

    def _open(self) -> None:
        import fastexcel

        try:
            self._reader = fastexcel.read_excel(self.path)
        except (fastexcel.FastExcelError, OSError):
            self._fault("The workbook cannot be opened.", "Check that it is not password-protected or damaged, and save it again.")

    def sheet(self, name: str, skip_rows: int, header: tuple[str, ...], decimal: str) -> Raw:
        """Return the cells of a sheet as text; rows are counted as Excel counts them."""
        shown = f"{self.shown}!{name}"
        cells = self._reader.load_sheet(name, header_row=None, skip_rows=0, dtypes="string").to_polars()
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

    def _error_cells(self, name: str, shown: str, names: tuple[str, ...]) -> list[Fault]:
        part = self._part(name)
        if part is None:
            return []
        with zipfile.ZipFile(self.path) as archive:
            body = archive.read(part)
        found = [(match.group(1), int(match.group(2)), _VALUE.search(match.group(3))) for match in _ERROR_CELL.finditer(body)]
        if not found:
            return []
        first = min(_number(match.group(1)) for match in _FILLED_CELL.finditer(body))
        faults = []
        for letters, row, value in found[:_LISTED]:
            place = _number(letters) - first
            column = names[place] if 0 <= place < len(names) else ""
            what = value.group(1).decode() if value else "an error"
            message = f"Cell {letters.decode()}{row} holds the Excel error {what}."
            faults.append(Fault(message, "Correct its formula, or empty the cell.", Where(shown, row=row, column=column)))
        if len(found) > _LISTED:
            more = f"{len(found) - _LISTED:,} more cells hold Excel errors."
            faults.append(Fault(more, "Correct their formulas, or empty the cells.", Where(shown)))
        return faults

    def _part(self, name: str) -> str | None:
        """Return the path of the sheet's part inside the workbook, or None where it has none."""
        if self.path.suffix.lower() not in {".xlsx", ".xlsm"}:
            return None
        with zipfile.ZipFile(self.path) as archive:
            try:
                book = archive.read("xl/workbook.xml").decode("utf-8", "replace")
                links = archive.read("xl/_rels/workbook.xml.rels").decode("utf-8", "replace")
            except KeyError:
                return None
            position = self.sheets.index(name)
            sheets = re.findall(r"<(?:\w+:)?sheet\b[^>]*?\br:id=\"([^\"]+)\"", book)
            targets = dict(_links(links))
            if position >= len(sheets) or sheets[position] not in targets:
                return None
            target = targets[sheets[position]]
            path = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
            return path if path in archive.namelist() else None


def _links(text: str) -> Iterator[tuple[str, str]]:
    for link in re.findall(r"<Relationship\b[^>]*>", text):
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
