"""Brings history to the form a forecast can use: whole periods up to the data cut, without gaps."""

import polars as pl

from equipoise.dimensions.calendar import Calendar
from equipoise.errors import Where
from equipoise.gather.report import Report

_WHERE = Where(table="history", column="period")


def whole_history(history: pl.DataFrame, calendar: Calendar, report: Report) -> pl.DataFrame:
    """Return history in planning periods from each series' first to the last complete one of all, missing ones inserted as 0.

    What lies after as_of, and the period that as_of cuts, are left out; net negative demand of a period is taken as 0. Each is reported.
    """
    if history.is_empty():
        return history
    later = history.filter(pl.col("period") > calendar.as_of)
    if later.height:
        message = f"{later.height:,} rows begin after as_of ({calendar.as_of}) and were left out, {later['period'].min()} first."
        report.warn(message, "Move as_of, or keep later data out.", _WHERE)
        history = history.filter(pl.col("period") <= calendar.as_of)
    current = calendar.period_of(calendar.as_of)
    if (calendar.next(current) - calendar.as_of).days > 1:
        cut = history.filter(pl.col("period") == current)
        if cut.height:
            report.note(f"The period {calendar.label(current)} is not complete on {calendar.as_of}; its {cut.height:,} rows were left out.", "", _WHERE)
        history = history.filter(pl.col("period") < current)
    if history.is_empty():
        report.warn("No complete period of history is left before as_of.", "Check as_of and the dates of history.", _WHERE)
        return history
    _warn_age(history, calendar, report)
    return _not_negative(_without_gaps(history, calendar, report), report)


def _warn_age(history: pl.DataFrame, calendar: Calendar, report: Report) -> None:
    last = history.get_column("period").max()
    late = calendar.between(calendar.next(last), calendar.as_of)[:-1] if calendar.next(last) <= calendar.as_of else ()  # type: ignore[arg-type]
    if late:
        message = f"History ends with {calendar.label(last)}, {len(late)} complete periods before as_of ({calendar.as_of})."  # type: ignore[arg-type]
        report.warn(message, "Add the missing periods, or set as_of to the end of the data.", _WHERE)


def _without_gaps(history: pl.DataFrame, calendar: Calendar, report: Report) -> pl.DataFrame:
    first, last = history.get_column("period").min(), history.get_column("period").max()
    periods = pl.DataFrame({"period": calendar.between(first, last)}, schema={"period": pl.Date})  # type: ignore[arg-type]
    starts = history.group_by("item", "market", maintain_order=True).agg(pl.col("period").min().alias("#first"))
    grid = starts.join_where(periods, pl.col("period") >= pl.col("#first")).select("item", "market", "period")
    absent = grid.join(history, on=["item", "market", "period"], how="anti")
    if absent.is_empty():
        return history.sort("item", "market", "period")
    series = absent.select("item", "market").n_unique()
    report.note(f"{absent.height:,} periods without a row, in {series:,} series, were taken as no demand.", "Mark a stockout as such.", _WHERE)
    filled = absent.with_columns(pl.lit(0.0).alias("quantity"))
    return pl.concat([history, filled], how="diagonal").sort("item", "market", "period")


def _not_negative(history: pl.DataFrame, report: Report) -> pl.DataFrame:
    negative = history.filter(pl.col("quantity") < 0)
    if negative.is_empty():
        return history
    row = negative.row(0, named=True)
    message = (
        f"{negative.height:,} periods have negative demand in sum ({row['item']}, {row['market']}, {row['period']}: {row['quantity']:,.15g}, first)"
        " and were taken as 0."
    )
    report.warn(message, "Put returns into the column returns.", Where(table="history", column="quantity"))
    return history.with_columns(pl.col("quantity").clip(0.0))
