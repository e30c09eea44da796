"""Brings facts to planning periods: rows of one key and period become one, each column as the dictionary says."""

from collections.abc import Sequence
from dataclasses import replace

import polars as pl

from equipoise.dimensions.calendar import Calendar
from equipoise.errors import Where
from equipoise.gather.report import Report
from equipoise.tables import table
from equipoise.tables.check import BAD, ROW, SOURCE, distinct, repeated
from equipoise.tables.column import Column

# From more different days a period on, a table is taken to be dated by days: by period, it may at most mix first, middle and last day.
_DAYS_A_PERIOD = 3
_SHARES = ("fraction", "ratio", "days", "weeks", "workers")


def merge_rows(name: str, frame: pl.DataFrame, aggregate: str) -> pl.DataFrame:
    """Return one row for each key, as the plan file asks: the first, the last, or the sum (ratios and prices: the mean)."""
    keys = [key for key in table(name).keys if key in frame.columns]
    if not aggregate or not keys or distinct(frame, keys) == frame.height:
        return frame
    if aggregate in {"first", "last"}:
        keep = "first" if aggregate == "first" else "last"
        return frame.unique(keys, keep=keep, maintain_order=True)  # type: ignore[arg-type]
    return _grouped(name, frame, keys, asked=True)


def merge_repeated(name: str, frame: pl.DataFrame, sources: Sequence[str], report: Report) -> pl.DataFrame:
    """Return the demand with one row for each key, and warn of each that had several: equal rows count once, others are added up."""
    faults = repeated(name, frame, sources)
    if not faults:
        return frame
    fix = "Equal rows were counted once, others added up; say under `data: tables:` how to `aggregate` them if that is not meant."
    report.add([replace(fault, fix=fix, severity="warning") for fault in faults])
    keys = list(table(name).keys)
    cells = [column for column in frame.columns if not column.startswith("#")]
    return _grouped(name, frame.unique(cells, keep="first", maintain_order=True), keys, asked=True)


def sums_within_periods(name: str, frame: pl.DataFrame, calendar: Calendar, report: Report) -> bool:
    """Whether a table of flows is dated finer than by period (days, orders): its rows are summed then, and may repeat.

    It is where it has many different days, or where one series has several days in a period. How many rows
    repeat the key and day of another is noted.
    """
    columns = table(name).by_name
    if "period" not in frame.columns or not columns["period"].required or not any(one.over_time == "flow" for one in columns.values()):
        return False
    days = frame.get_column("period").unique().drop_nulls().to_list()
    periods = len({calendar.period_of(day) for day in days})
    if periods == len(days):
        return False
    keys = [key for key in table(name).keys if key in frame.columns]
    different = distinct(frame, keys)
    daily = len(days) > _DAYS_A_PERIOD * periods
    if not daily and distinct(calendar.bucket("period", frame.select(keys)), keys) == different:
        return False
    if different < frame.height:
        repeated = frame.height - different
        words = f"{repeated:,} rows have the key and day of another; they were summed, as rows are dated finer than a {calendar.cadence}."
        report.note(words, "", Where(table=name))
    return True


def bucket(name: str, frame: pl.DataFrame, calendar: Calendar, report: Report) -> pl.DataFrame:
    """Return the rows with each date replaced by the first day of its planning period; rows that fall together are merged.

    Flows are summed, stocks keep their last value, ratios and drivers their mean.
    """
    column = table(name).by_name.get("period")
    if column is None or "period" not in frame.columns or frame["period"].null_count() == frame.height:
        return frame
    bucketed = calendar.bucket("period", frame)
    moved = (bucketed["period"] != frame["period"]).fill_null(value=False)
    if moved.any():
        example = frame["period"].filter(moved)[0]
        unit = calendar.cadence
        words = f"{moved.sum():,} rows are dated inside a {unit} ({example}, first); each counts in the {unit} that holds its date."
        report.note(words, "", Where(table=name, column="period"))
    keys = [key for key in table(name).keys if key in frame.columns]
    if distinct(bucketed, keys) == bucketed.height:
        return bucketed
    if any(column.over_time == "stock" for column in table(name).columns):
        days = frame["period"].alias("#day")
        bucketed = bucketed.with_columns(days).sort("#day", maintain_order=True).drop("#day")
    return _grouped(name, bucketed, keys, asked=False)


def _grouped(name: str, frame: pl.DataFrame, keys: list[str], *, asked: bool) -> pl.DataFrame:
    rules = [_rule(name, column, asked=asked) for column in table(name).columns if column.name in frame.columns and column.name not in keys]
    hidden = [pl.col(one).first() for one in (ROW, SOURCE) if one in frame.columns]
    hidden += [pl.col(BAD).any()] if BAD in frame.columns else []
    merged = frame.group_by(keys, maintain_order=True).agg(*rules, *hidden)
    return merged.sort(ROW, *keys) if ROW in merged.columns else merged.sort(keys)


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
        bill = column.unit in {"component unit per item unit", "resource unit per item unit"}
        return (value.sum() if bill and asked else known.mean()).alias(column.name)
    if column.over_time in {"flow", "stock"} or asked:
        return pl.when(known.len() > 0).then(value.sum()).alias(column.name)
    return known.last().alias(column.name)
