"""plan.xlsx: the plan as a workbook that people work with, and that reads back as the tables it was made from."""

import datetime as dt
from collections.abc import Mapping
from pathlib import Path

import polars as pl

from equipoise.exchange.pack.plan import Plan
from equipoise.tables.setting import Setting


def workbook(tables: Mapping[str, pl.DataFrame], setting: Setting, path: Path) -> None:
    """Write the plan to `path` as an Excel workbook.

    A summary, plan grids with the periods across and native charts, gaps, scenarios, profit and loss, recommendations, action items,
    measures, assumptions and data issues, and one sheet for each given table. Every text is written as text: none runs as a formula.
    `tables` are the given and made tables of a run; sheets for which they hold nothing are left out.
    """
    from xlsxwriter import Workbook  # type: ignore[import-untyped]

    from equipoise.exchange.book.inputs import add_inputs
    from equipoise.exchange.book.sheet import Book
    from equipoise.exchange.book.summary import add_lists, add_summary, fill_contents
    from equipoise.exchange.book.views import add_views

    plan = Plan(tables, setting)
    with Workbook(str(path), {"default_date_format": "yyyy-mm-dd", "in_memory": True}) as file:
        as_of = plan.calendar.as_of
        file.set_properties({"title": f"Plan {setting.plan}", "created": dt.datetime(as_of.year, as_of.month, as_of.day)})  # noqa: DTZ001
        book = Book(file)
        first = add_summary(book, plan)
        add_views(book, plan)
        add_lists(book, plan)
        left_out = add_inputs(book, plan)
        fill_contents(first, book, left_out)
