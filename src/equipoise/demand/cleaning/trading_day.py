"""Days that move demand: working days of a period, and the days before Easter that lie in it."""

import datetime as dt
from collections.abc import Sequence

import numpy as np
import polars as pl

from equipoise.demand.methods import Array
from equipoise.dimensions.calendar import Calendar

_BEFORE_EASTER = 8  # days up to and including Holy Saturday in which Easter shows


def easter(year: int) -> dt.date:
    """Return Easter Sunday of a year of the Gregorian calendar.

    The anonymous Gregorian computus: source: Nature 13 (1876), p. 487, in the form of Meeus, Astronomical Algorithms (1991), ch. 8.
    """
    golden = year % 19
    century, of_century = divmod(year, 100)
    leaps, rest = divmod(century, 4)
    moon = (century - (century + 8) // 25 + 1) // 3
    epact = (19 * golden + century - leaps - moon + 15) % 30
    quarter, odd = divmod(of_century, 4)
    weekday = (32 + 2 * rest + 2 * quarter - epact - odd) % 7
    correction = (golden + 11 * epact + 22 * weekday) // 451
    month, day = divmod(epact + weekday - 7 * correction + 114, 31)
    return dt.date(year, month, day + 1)


def easter_share(periods: Sequence[dt.date], calendar: Calendar) -> Array:
    """Return the share of the eight days before Easter Sunday that lie in each period, (periods,).

    Source: the Easter regressor of Findley, Monsell, Bell, Otto and Chen, "New capabilities and methods of the X-12-ARIMA
    seasonal-adjustment program", Journal of Business & Economic Statistics 16 (1998).
    """
    shares = []
    for period in periods:
        first, following = period.toordinal(), calendar.next(period).toordinal()
        days = 0
        for year in {period.year, calendar.next(period).year}:
            sunday = easter(year).toordinal()
            days += max(min(sunday, following) - max(sunday - _BEFORE_EASTER, first), 0)
        shares.append(days / _BEFORE_EASTER)
    return np.array(shares, dtype=np.float64)


def working_days(periods: Sequence[dt.date], calendar: Calendar, working_calendar: pl.DataFrame) -> Array:
    """Return the working days of each period, (periods,): the mean over locations that `working_calendar` gives, else Monday to Friday.

    Where it gives only some periods, the weekdays of the others are scaled by what the given ones say.
    """
    weekdays = np.array(
        [np.busday_count(np.datetime64(period, "D"), np.datetime64(calendar.next(period), "D")) for period in periods],
        dtype=np.float64,
    )
    means = (
        calendar.bucket("period", working_calendar.filter(pl.col("working_days").is_finite(), pl.col("period").is_not_null()))
        .group_by("period", maintain_order=True)
        .agg(pl.col("working_days").mean())
        .sort("period")
    )
    given = dict(means.iter_rows())
    known = np.array([float(given.get(period, np.nan)) for period in periods])
    has = ~np.isnan(known)
    if not has.any():
        return weekdays
    return np.where(has, known, weekdays * (known[has].sum() / max(float(weekdays[has].sum()), 1.0)))
