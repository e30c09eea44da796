"""Brings facts to planning periods: rows of one key and period become one, each column as the dictionary says."""

import polars as pl

from equipoise.dimensions.calendar import Calendar
from equipoise.errors import Where
from equipoise.gather.report import Report
from equipoise.tables import table
from equipoise.tables.check import BAD, ROW, SOURCE
from equipoise.tables.column import Column

_HIDDEN = (ROW, SOURCE, BAD)
_SHARES = ("fraction", "ratio", "days", "weeks", "workers")


def merge_rows(name: str, frame: pl.DataFrame, aggregate: str) -> pl.DataFrame:
    """Return one row for each key, as the plan file asks: the first, the last, or the sum (ratios and prices: the mean)."""
    keys = [key for key in table(name).keys if key in frame.columns]
    if not aggregate or not keys or not frame.select(pl.struct(keys).is_duplicated().any()).item():
        return frame
    if aggregate in {"first", "last"}:
        keep = "first" if aggregate == "first" else "last"
        return frame.unique(keys, keep=keep, maintain_order=True)  # type: ignore[arg-type]
    return _grouped(name, frame, keys, asked=True)


def bucket(name: str, frame: pl.DataFrame, calendar: Calendar, report: Report) -> pl.DataFrame:
    """Return the rows with each date replaced by the first day of its planning period; rows that fall together are merged.

    Flows are summed, stocks keep their last value, ratios and drivers their mean.
    """
    column = table(name).by_name.get("period")
    if column is None or "period" not in frame.columns or frame["period"].null_count() == frame.height:
        return frame
    bucketed = calendar.bucket("period", frame)
    moved = frame.filter(bucketed["period"] != frame["period"])
    if moved.height:
        example = moved["period"][0]
        words = f"{moved.height:,} rows are dated inside a {calendar.cadence} ({example}, first); each counts in the {calendar.cadence} that holds its date."
        report.note(words, "", Where(table=name, column="period"))
    keys = [key for key in table(name).keys if key in frame.columns]
    if not bucketed.select(pl.struct(keys).is_duplicated().any()).item():
        return bucketed
    return _grouped(name, bucketed.with_columns(frame["period"].alias("#day")).sort("#day", maintain_order=True), keys, asked=False).drop("#day")


def _grouped(name: str, frame: pl.DataFrame, keys: list[str], *, asked: bool) -> pl.DataFrame:
    rules = [
        _rule(name, column, asked=asked) for column in table(name).columns if column.name in frame.columns and column.name not in keys
    ]
    hidden = [pl.col(one).first() for one in (ROW, SOURCE) if one in frame.columns]
    hidden += [pl.col(one).any() for one in (BAD,) if one in frame.columns] + [pl.col(one).last() for one in ("#day",) if one in frame.columns]
    return frame.group_by(keys, maintain_order=True).agg(*rules, *hidden)


def _rule(name: str, column: Column, *, asked: bool) -> pl.Expr:
    """How a column of rows that become one is worked out; `asked`: the plan file asked for a sum."""
    value = pl.col(column.name)
    known = value.drop_nulls()
    if column.over_time == "stock" and not asked:
        return known.last().alias(column.name)
    if column.kind == "flag":
        return pl.when(known.len() > 0).then(known.any()).alias(column.name)
    if column.kind in {"text", "date"}:
        return known.first().alias(column.name)
    share = column.over_time == "ratio" or column.unit in _SHARES or " per " in column.unit or name == "driver"
    if share and column.kind == "number":
        bill = column.unit == "component unit per item unit" or column.unit == "resource unit per item unit"
        return (value.sum() if bill and asked else known.mean()).alias(column.name)
    if column.over_time in {"flow", "stock"} or asked:
        return pl.when(known.len() > 0).then(value.sum()).alias(column.name)
    return known.last().alias(column.name)
