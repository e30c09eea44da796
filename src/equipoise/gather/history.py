"""Brings history to the form a forecast can use: whole periods up to the data cut, without gaps."""

import datetime as dt

import polars as pl

from equipoise.dimensions.calendar import Calendar
from equipoise.errors import Where
from equipoise.gather.report import Report

_WHERE = Where(table="history", column="period")


def whole_history(history: pl.DataFrame, calendar: Calendar, report: Report) -> pl.DataFrame:
    """Return history in planning periods from each series' first to the last complete one of all, missing ones inserted as 0.

    What lies after as_of, and the period that as_of cuts, are left out; negative demand stays, for
    cleaning to take it as returns. Each is reported.
    """
    if history.is_empty():
        return history
    later = history.filter(pl.col("period") > calendar.as_of)
    if later.height:
        message = f"{later.height:,} rows begin after as_of ({calendar.as_of}) and were left out, first on {_first(later)}."
        report.warn(message, "Move as_of, or keep later data out.", _WHERE)
        history = history.filter(pl.col("period") <= calendar.as_of)
    current = calendar.period_of(calendar.as_of)
    if (calendar.next(current) - calendar.as_of).days > 1:
        cut = history.filter(pl.col("period") == current)
        if cut.height:
            report.note(
                f"The period {calendar.label(current)} is not complete on {calendar.as_of}; its {cut.height:,} rows were left out.",
                "",
                _WHERE,
            )
        history = history.filter(pl.col("period") < current)
    if history.is_empty():
        report.warn("No complete period of history is left before as_of.", "Check as_of and the dates of history.", _WHERE)
        return history
    _warn_age(history, calendar, report)
    return _warn_negative(_without_gaps(history, calendar, report), report)


def _first(frame: pl.DataFrame) -> dt.date:
    return frame.sort("period").item(0, "period")  # type: ignore[no-any-return]


def _warn_age(history: pl.DataFrame, calendar: Calendar, report: Report) -> None:
    last: dt.date = history.sort("period").item(-1, "period")
    following = calendar.between(calendar.next(last), calendar.as_of)
    late = [period for period in following if calendar.next(period) - dt.timedelta(days=1) <= calendar.as_of]
    if late:
        message = f"History ends with {calendar.label(last)}: {len(late)} complete periods are missing up to as_of ({calendar.as_of})."
        report.warn(message, "Add the missing periods, or set as_of to the end of the data.", _WHERE)


def _without_gaps(history: pl.DataFrame, calendar: Calendar, report: Report) -> pl.DataFrame:
    ordered = history.sort("period")
    periods = calendar.between(ordered.item(0, "period"), ordered.item(-1, "period"))
    number = pl.col("period").replace_strict({period: count for count, period in enumerate(periods)}, return_dtype=pl.UInt32)
    pairs = history.select("item", "market").unique().sort("item", "market").with_row_index("#series")
    known = history.join(pairs, on=["item", "market"], how="left", maintain_order="left").with_columns(number.alias("#number"))
    starts = known.group_by("#series", maintain_order=True).agg(pl.col("#number").min()).sort("#series")
    every = starts.select("#series", pl.int_ranges("#number", len(periods), dtype=pl.UInt32).alias("#number")).explode("#number")
    missing = every.height - known.height
    if not missing:
        return history.sort("item", "market", "period")
    whole = every.join(known.drop("item", "market", "period"), on=["#series", "#number"], how="left", maintain_order="left")
    series = whole.filter(pl.col("quantity").is_null()).get_column("#series").n_unique()
    message = f"{missing:,} missing periods of history, in {series:,} series, were taken as no demand."
    report.note(message, "Mark a stockout as such.", _WHERE)
    days = pl.DataFrame({"#number": range(len(periods)), "period": periods}, schema={"#number": pl.UInt32, "period": pl.Date})
    named = whole.join(pairs, on="#series", how="left", maintain_order="left").join(days, on="#number", how="left", maintain_order="left")
    return named.select(history.columns).with_columns(pl.col("quantity").fill_null(0.0))


def _warn_negative(history: pl.DataFrame, report: Report) -> pl.DataFrame:
    negative = history.filter(pl.col("quantity") < 0)
    if negative.is_empty():
        return history
    row = negative.row(0, named=True)
    example = f"{row['item']}, {row['market']}, {row['period']}: {row['quantity']:,.15g}"
    message = f"{negative.height:,} periods have negative demand in sum ({example}, first)."
    fix = "They are taken as returns when the history is cleaned; better put returns into the column returns."
    report.warn(message, fix, Where(table="history", column="quantity"))
    return history
