"""Weeks of the plan: calendar weeks cut at the edges of its periods, and the share of a period that falls into each."""

import datetime as dt
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from equipoise.dimensions.calendar import Calendar

Array = npt.NDArray[np.float64]
_WORKDAYS = 5


@dataclass(frozen=True, eq=False)
class Weeks:
    """The weeks of a horizon, in order. `first`: first day; `t`: its period; `ends`: days from the start of the horizon to its end.

    `days`: share of its period's days; `work`: share of its period's work, which is that of its working days.
    """

    first: tuple[dt.date, ...]
    t: npt.NDArray[np.int64]
    ends: Array
    days: Array
    work: Array

    @property
    def bounds(self) -> npt.NDArray[np.int64]:
        """Number of the first week of each period, and the number of weeks."""
        return np.searchsorted(self.t, np.arange(int(self.t[-1]) + 2))


def weeks(calendar: Calendar, working_calendar: pl.DataFrame | None = None) -> Weeks:
    """Return the weeks of the calendar's horizon.

    Where a `working_calendar` is handed in, work falls on Mondays to Fridays, else evenly on all days. A period too short to have such a
    day is worked on all its days. A period that is a week, or shorter, is one week.
    """
    monday_to_friday = working_calendar is not None and not working_calendar.is_empty()
    first: list[dt.date] = []
    number: list[int] = []
    length: list[int] = []
    worked: list[int] = []
    weekly = Calendar("week", calendar.start, 1, calendar.as_of, week_starts=calendar.week_starts)
    for place, period in enumerate(calendar.periods):
        end = calendar.next(period)
        day = period
        while day < end:
            following = end if calendar.cadence == "week" else min(end, weekly.next(weekly.period_of(day)))
            days = [day + dt.timedelta(days=passed) for passed in range((following - day).days)]
            first.append(day)
            number.append(place)
            length.append(len(days))
            worked.append(sum(one.weekday() < _WORKDAYS for one in days) if monday_to_friday else len(days))
            day = following
    t = np.array(number)
    spans, work = np.array(length, float), np.array(worked, float)
    total = np.bincount(t, work)
    work = np.where(total[t] > 0, work, spans)
    return Weeks(tuple(first), t, np.cumsum(spans), spans / np.bincount(t, spans)[t], work / np.bincount(t, work)[t])
