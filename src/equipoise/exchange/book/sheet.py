"""One sheet of a workbook: titles, grids and charts at their places, in the workbook's few formats."""

import datetime as dt
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import polars as pl
from xlsxwriter.format import Format  # type: ignore[import-untyped]
from xlsxwriter.workbook import Workbook  # type: ignore[import-untyped]
from xlsxwriter.worksheet import Worksheet  # type: ignore[import-untyped]

from equipoise.charts.scale import plain

Kind = Literal["text", "number", "decimal", "exact", "share", "date"]
LONGEST_TEXT = 32_767
_NUMBERS: dict[Kind, str] = {
    "number": "#,##0;[Red]-#,##0",
    "decimal": "#,##0.0;[Red]-#,##0.0",
    "share": "0%",
    "exact": "General",
    "date": "yyyy-mm-dd",
    "text": "General",
}
_SAMPLE = 200


@dataclass(frozen=True, slots=True)
class Area:
    """Where the rows of a grid are: first and last row and column, counted from zero."""

    first: int
    last: int
    left: int
    right: int


@dataclass
class Book:
    """A workbook being written: its formats and the names of its sheets, with what each holds."""

    file: Workbook
    contents: list[tuple[str, str]] = field(default_factory=list)
    formats: dict[str, Format] = field(default_factory=dict)

    def format(self, name: str, properties: Mapping[str, object]) -> Format:
        """Return the format of that name, made at its first use."""
        if name not in self.formats:
            self.formats[name] = self.file.add_format({"font_name": "Arial", "font_size": 10, "valign": "vcenter", **properties})
        return self.formats[name]

    def cell(self, kind: Kind, *, bold: bool = False, wrap: bool = False) -> Format:
        """Return the format of a cell of that kind."""
        properties: dict[str, object] = {"num_format": _NUMBERS[kind], "bold": bold, "text_wrap": wrap}
        if bold:
            properties["top"] = 1
        if kind == "text":
            properties["indent"] = 1
        return self.format(f"{kind} {bold} {wrap}", properties)

    def sheet(self, name: str, meaning: str, *, title: bool = True) -> "Sheet":
        """Add a sheet; `meaning` is its title, and its line in the list of contents."""
        self.contents.append((name, meaning))
        made = Sheet(self, self.file.add_worksheet(name), name)
        if title:
            made.sheet.write_string(0, 0, meaning, self.format("title", {"bold": True, "font_size": 14, "font_color": "#1f4e79"}))
        return made


@dataclass
class Sheet:
    """A sheet and the row at which it goes on."""

    book: Book
    sheet: Worksheet
    name: str
    row: int = 2
    widths: dict[int, float] = field(default_factory=dict)

    def heading(self, text: str) -> None:
        """Write a heading and go on below it."""
        self.sheet.write_string(self.row, 0, text, self.book.format("heading", {"bold": True, "font_size": 11}))
        self.row += 1

    def lines(self, texts: Iterable[str], columns: int) -> None:
        """Write sentences, each over the width of `columns` columns, and go on below them."""
        wrapped = self.book.format("line", {"text_wrap": True})
        for text in texts:
            self.sheet.merge_range(self.row, 0, self.row, columns - 1, "", wrapped)
            self.sheet.write_string(self.row, 0, text[:LONGEST_TEXT], wrapped)
            self.sheet.set_row(self.row, 14 * math.ceil(max(len(text), 1) / 110))
            self.row += 1

    def grid(
        self,
        frame: pl.DataFrame,
        heads: Mapping[str, str],
        kinds: Mapping[str, Kind],
        *,
        bold: Sequence[int] = (),
        row_kinds: Mapping[int, Kind] | None = None,
        wrap: bool = False,
        table: bool = False,
    ) -> Area:
        """Write the columns named in `heads` with a heading row, and go on two rows below; return where the rows are.

        `kinds` gives the kind of a column (number where it is not named and holds numbers), `row_kinds` that of all numbers of a row,
        `bold` the rows that are totals. With `table` the heading row gets a filter and the panes above and left of the data stay in view.
        """
        head = self.book.format("head", {"bold": True, "bottom": 1, "bg_color": "#e8eef4", "text_wrap": True, "valign": "vcenter"})
        number_head = self.book.format(
            "number head", {"bold": True, "bottom": 1, "bg_color": "#e8eef4", "text_wrap": True, "valign": "vcenter", "align": "right"}
        )
        first = self.row + 1
        for column, (name, text) in enumerate(heads.items()):
            kind = _kind(frame, name, kinds)
            self.sheet.write_string(self.row, column, text, head if kind in {"text", "date"} else number_head)
            width = self._column(frame.get_column(name), first, column, kind, row_kinds or {}, frozenset(bold), wrap=wrap)
            self.sheet.set_column(column, column, max(width, min(len(text) * 1.1 + 2, 14), self.widths.get(column, 0)))
            self.widths[column] = max(width, self.widths.get(column, 0))
        if wrap:
            self._heights(frame.select(list(heads)), first)
        area = Area(first, first + max(frame.height, 1) - 1, 0, len(heads) - 1)
        if table and frame.height:
            self.sheet.autofilter(self.row, 0, area.last, area.right)
        if table:
            keys = sum(_kind(frame, name, kinds) == "text" for name in heads)
            self.sheet.freeze_panes(first, min(keys, 2))
            self.sheet.repeat_rows(self.row)
        self.row = area.last + 3
        return area

    def _heights(self, frame: pl.DataFrame, first: int) -> None:
        """Give each row the height that its longest wrapped text needs: not every program works it out by itself."""
        for position, row in enumerate(frame.iter_rows()):
            texts = [(column, value) for column, value in enumerate(row) if isinstance(value, str)]
            lines = max((math.ceil(len(value) / max(self.widths[column] - 2, 1)) for column, value in texts), default=1)
            self.sheet.set_row(first + position, 13.5 * max(lines, 1))

    def _column(
        self, values: pl.Series, first: int, column: int, kind: Kind, row_kinds: Mapping[int, Kind], bold: frozenset[int], *, wrap: bool
    ) -> float:
        """Write a column and return the width that its texts want."""
        longest = 0
        usual = self.book.cell(kind, wrap=wrap)
        for position, value in enumerate(values):
            own = row_kinds.get(position, kind) if kind != "text" else kind
            special = own != kind or position in bold
            self.put(first + position, column, value, self.book.cell(own, bold=position in bold, wrap=wrap) if special else usual)
            if position < _SAMPLE:
                longest = max(longest, len(_seen(value, own)))
        return min(longest * 1.05 + 2, 46 if wrap else 34)

    def put(self, row: int, column: int, value: str | float | bool | dt.date | None, style: Format | None = None) -> None:
        """Write one value as what it is: text as text, whatever it begins with; nothing where there is none."""
        if value is None or (isinstance(value, float) and not math.isfinite(value)):
            return
        if isinstance(value, str):
            self.sheet.write_string(row, column, value[:LONGEST_TEXT], style)
        elif isinstance(value, bool):
            self.sheet.write_boolean(row, column, value, style)
        elif isinstance(value, int | float):
            self.sheet.write_number(row, column, value, style)
        elif isinstance(value, dt.date):
            self.sheet.write_datetime(row, column, value, style)

    def shade(self, area: Area, first_column: int, rule: Mapping[str, Any]) -> None:
        """Lay a conditional format over the area from `first_column` on."""
        if area.last >= area.first and area.right >= first_column:
            self.sheet.conditional_format(area.first, first_column, area.last, area.right, dict(rule))

    def printed(self, plan: str) -> None:
        """Set the sheet up for print: landscape, A4, as many pages as it needs, one wide."""
        self.sheet.set_landscape()
        self.sheet.set_paper(9)
        self.sheet.fit_to_pages(1, 0)
        self.sheet.set_margins(left=0.4, right=0.4, top=0.6, bottom=0.6)
        self.sheet.set_footer(f"&L{plan.replace('&', '&&')}&C&A&R&P / &N")


def _kind(frame: pl.DataFrame, name: str, kinds: Mapping[str, Kind]) -> Kind:
    if name in kinds:
        return kinds[name]
    dtype = frame.schema[name]
    return "number" if dtype.is_numeric() else "date" if dtype == pl.Date else "text"


def _seen(value: object, kind: Kind) -> str:
    """The text as it will be seen, for the width of the column."""
    if value is None:
        return ""
    if isinstance(value, int | float):
        return plain(value, 1 if kind == "decimal" else 0)
    return max(str(value).split("\n"), key=len)
