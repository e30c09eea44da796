"""Native charts: the spreadsheet draws them itself, from the cells of its sheets."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from equipoise.exchange.book.sheet import Area, Sheet

COLORS = ("#1f4e79", "#d9822b", "#3c7d68", "#a8577e", "#8fb8de", "#c9b458", "#6b4c9a", "#7d8994")
_FONT = {"name": "Arial", "size": 9}


@dataclass(frozen=True, slots=True)
class Line:
    """A series of a chart: the row of a grid, its color, and whether it is dashed."""

    row: int
    color: str
    dashed: bool = False


def rows_chart(
    sheet: Sheet,
    kind: str,
    heads: int,
    area: Area,
    lines: Sequence[Line],
    labels: tuple[int, int],
    *,
    title: str,
    unit: str,
    at: tuple[int, int],
    form: str = "#,##0",
) -> None:
    """Insert a chart with one series a row: the name in column `labels[0]`, the values from column `labels[1]` to the area's last.

    `heads` is the row with the periods; `kind` is line, column or stacked.
    """
    chart = sheet.book.file.add_chart({"type": "line"} if kind == "line" else {"type": "column", "subtype": "stacked"})
    for line in lines:
        style = {"color": line.color, "width": 2.0, **({"dash_type": "dash"} if line.dashed else {})}
        chart.add_series(
            {
                "name": [sheet.name, line.row, labels[0]],
                "categories": [sheet.name, heads, labels[1], heads, area.right],
                "values": [sheet.name, line.row, labels[1], line.row, area.right],
                **({"line": style} if kind == "line" else {"fill": {"color": line.color}, "gap": 60}),
            }
        )
    _finish(sheet, chart, title, unit, at, form=form)


def column_chart(sheet: Sheet, area: Area, column: int, *, title: str, unit: str, at: tuple[int, int], form: str = "#,##0") -> None:
    """Insert a bar for each row of the area: its name in the first column, its value in `column`."""
    chart = sheet.book.file.add_chart({"type": "column"})
    names = [sheet.name, area.first, 0, area.last, 0]
    values = [sheet.name, area.first, column, area.last, column]
    labels = {"value": True, "num_format": form, "font": _FONT}
    chart.add_series(
        {"name": _words(title), "categories": names, "values": values, "fill": {"color": COLORS[0]}, "gap": 70, "data_labels": labels}
    )
    _finish(sheet, chart, title, unit, at, form=form, legend=False, size=(460, 260))


def _words(text: str) -> str:
    """Return a text of a chart: one that begins with an equals sign would be taken for the address of a cell."""
    return f" {text}" if text.startswith("=") else text


def _finish(
    sheet: Sheet,
    chart: object,
    title: str,
    unit: str,
    at: tuple[int, int],
    *,
    form: str,
    legend: bool = True,
    size: tuple[int, int] = (900, 300),
) -> None:
    drawn: Any = chart
    drawn.set_title({"name": _words(title), "name_font": {"name": "Arial", "size": 11}, "overlay": False})
    drawn.set_x_axis({"num_font": _FONT, "line": {"color": "#c8d0d8"}})
    drawn.set_y_axis(
        {
            "name": _words(unit),
            "name_font": {**_FONT, "bold": False},
            "num_font": _FONT,
            "num_format": form,
            "major_gridlines": {"visible": True, "line": {"color": "#e3e7eb"}},
            "line": {"none": True},
        }
    )
    drawn.set_legend({"position": "bottom", "font": _FONT} if legend else {"none": True})
    drawn.set_size({"width": size[0], "height": size[1]})
    sheet.sheet.insert_chart(at[0], at[1], drawn, {"description": title})
