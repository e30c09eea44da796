"""Which share of each period a stretch of days takes."""

import datetime as dt

import polars as pl

from equipoise.dimensions.calendar import Calendar


def _shares(calendar: Calendar, first: dt.date, last: dt.date) -> list[tuple[dt.date, float, int]]:
    """Return period, share of its days from `first` to `last`, and how many days, for the periods of the horizon that they touch."""
    found = []
    for period in calendar.periods:
        following = calendar.next(period)
        days = (min(last + dt.timedelta(days=1), following) - max(first, period)).days
        if days > 0:
            found.append((period, days / (following - period).days, days))
    return found


def share_after(calendar: Calendar, start: dt.date | None) -> pl.DataFrame:
    """Return period and the share of its days from `start` on; of every period of the horizon where `start` is empty."""
    shares = _shares(calendar, start or calendar.start, calendar.end)
    return pl.DataFrame([row[:2] for row in shares], schema={"period": pl.Date, "share": pl.Float64}, orient="row")


def share_between(calendar: Calendar, start: dt.date, end: dt.date) -> pl.DataFrame:
    """Return period, the `share` of its days from `start` to `end`, and the `part` of the stretch's days in the horizon that it holds."""
    shares = _shares(calendar, start, end)
    total = sum(days for _, _, days in shares) or 1
    rows = [(period, share, days / total) for period, share, days in shares]
    return pl.DataFrame(rows, schema={"period": pl.Date, "share": pl.Float64, "part": pl.Float64}, orient="row")
