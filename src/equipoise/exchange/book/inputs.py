"""One sheet for each given table, under its exact name: the workbook is itself a folder of tables that can be read back."""

import polars as pl

from equipoise.exchange.book.sheet import Book, Kind
from equipoise.exchange.pack.plan import Plan
from equipoise.tables import GIVEN, Table

MOST_CELLS = 2_000_000
MOST_ROWS = 1_000_000
_KINDS: dict[str, Kind] = {"text": "text", "number": "exact", "integer": "exact", "date": "date", "flag": "text"}


def add_inputs(book: Book, plan: Plan) -> list[str]:
    """Add a sheet for each given table that has rows; return the names of those that are too large for one.

    The first row holds the column names, with unit and meaning as a note; nothing but the rows of the table follows.
    """
    left_out = []
    for name, table in GIVEN.items():
        frame = plan[name]
        if frame.height * frame.width > MOST_CELLS or frame.height > MOST_ROWS:
            left_out.append(name)
        elif frame.height:
            _input(book, plan, table, frame)
    return left_out


def _input(book: Book, plan: Plan, table: Table, frame: pl.DataFrame) -> None:
    ordered = frame.sort(table.keys, nulls_last=False) if table.keys else frame
    sheet = book.sheet(table.name, f"Given: {table.meaning}", title=False)
    sheet.row = 0
    columns = {column.name: column.name for column in table.columns}
    sheet.grid(ordered, columns, {column.name: _KINDS[column.kind] for column in table.columns}, table=True)
    for position, column in enumerate(table.columns):
        unit = f" ({column.unit})" if column.unit else ""
        sheet.sheet.write_comment(0, position, f"{column.meaning}{unit}", {"x_scale": 1.6, "y_scale": 0.8})
    sheet.printed(plan.setting.plan)
