"""Which share of each period a stretch of days takes."""

import datetime as dt
from collections.abc import Sequence

import polars as pl

from equipoise.dimensions.calendar import Calendar


def share_after(calendar: Calendar, start: dt.date | None) -> pl.DataFrame:
    """Return period and the share of its days from `start` on; of every period of the horizon where `start` is empty."""
    shares = []
    for period in calendar.periods:
        days = calendar.days(period)
        left = (calendar.next(period) - max(start or period, period)).days
        if left > 0:
            shares.append((period, left / days))
    return pl.DataFrame(shares, schema={"period": pl.Date, "share": pl.Float64}, orient="row")


def shares_between(stretches: pl.DataFrame, periods: Sequence[dt.date], calendar: Calendar) -> pl.DataFrame:
    """Return event, period, the `share` of the period's days that the event takes, and the `part` of the event's days it holds; sorted.

    `stretches` has event, start and end; one that ends before it starts, or touches none of the `periods`, has no row. The parts of an
    event add up to one where the periods hold all of it.
    """
    bounds = pl.DataFrame(
        [(period, calendar.next(period)) for period in periods], schema={"period": pl.Date, "following": pl.Date}, orient="row"
    )
    last = pl.min_horizontal(pl.col("end") + pl.duration(days=1), pl.col("following"))
    days = (last - pl.max_horizontal("start", "period")).dt.total_days()
    touched = (
        stretches.select("event", "start", "end")
        .drop_nulls()
        .filter(pl.col("start") <= pl.col("end"))
        .join(bounds, how="cross")
        .with_columns(days=days, whole=(pl.col("following") - pl.col("period")).dt.total_days())
        .filter(pl.col("days") > 0)
    )
    part = pl.col("days") / ((pl.col("end") - pl.col("start")).dt.total_days() + 1)
    return touched.select("event", "period", (pl.col("days") / pl.col("whole")).alias("share"), part.alias("part")).sort("event", "period")
