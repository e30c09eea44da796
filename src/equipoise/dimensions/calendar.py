"""Periods: weeks, months, quarters and 4-4-5, with fiscal years. A period is named by its first day."""

import datetime as dt
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import polars as pl

from equipoise.tables.setting import Cadence, CalendarSetting

_WEEK = dt.timedelta(days=7)
_WEEKDAY = {"monday": 0, "saturday": 5, "sunday": 6}
PERIODS_A_YEAR: dict[Cadence, int] = {"week": 52, "month": 12, "quarter": 4, "4-4-5": 12}


def add_months(day: dt.date, months: int) -> dt.date:
    """Return the first day of the month that lies `months` after the month of `day`."""
    index = day.year * 12 + day.month - 1 + months
    return dt.date(index // 12, index % 12 + 1, 1)


@dataclass(frozen=True)
class Calendar:
    """The periods of a plan. `start` is the first day of its first period; every date belongs to exactly one period."""

    cadence: Cadence
    start: dt.date
    horizon: int
    as_of: dt.date
    frozen: int = 0
    fiscal_year_start: int = 1
    week_starts: str = "monday"

    @staticmethod
    def from_setting(setting: CalendarSetting) -> "Calendar":
        """Return the calendar that the settings describe.

        Where `start` is not given it is the period after `as_of`; where `as_of` is not given it is the day before `start`.
        Raises ValueError where neither is given.
        """
        anchor = setting.start or setting.as_of
        if anchor is None:
            raise ValueError("The calendar needs start or as_of.")
        frame = Calendar(setting.cadence, anchor, setting.horizon, anchor, setting.frozen, setting.fiscal_year_start, setting.week_starts)
        start = frame.period_of(anchor)
        if setting.start is None:
            start = frame.next(start)
        return Calendar(
            setting.cadence,
            start,
            setting.horizon,
            setting.as_of or start - dt.timedelta(days=1),
            setting.frozen,
            setting.fiscal_year_start,
            setting.week_starts,
        )

    @property
    def periods_a_year(self) -> int:
        """Periods in a year, the length of the yearly season."""
        return PERIODS_A_YEAR[self.cadence]

    @cached_property
    def periods(self) -> tuple[dt.date, ...]:
        """First days of the periods of the horizon."""
        return self._from(self.start, self.horizon)

    @cached_property
    def end(self) -> dt.date:
        """The last day of the horizon."""
        return self.next(self.periods[-1]) - dt.timedelta(days=1)

    def _from(self, first: dt.date, count: int) -> tuple[dt.date, ...]:
        days = [first]
        while len(days) < count:
            days.append(self.next(days[-1]))
        return tuple(days)

    def _week_of(self, day: dt.date) -> dt.date:
        return day - dt.timedelta(days=(day.weekday() - _WEEKDAY[self.week_starts]) % 7)

    def _fiscal_first(self, day: dt.date) -> dt.date:
        """First day of the fiscal year of `day`, by calendar months."""
        year = day.year if day.month >= self.fiscal_year_start else day.year - 1
        return dt.date(year, self.fiscal_year_start, 1)

    def _year_445(self, day: dt.date) -> tuple[dt.date, ...]:
        """First days of the twelve 4-4-5 periods of the year of `day`, and of the next year.

        A year begins on the week start nearest to the first day of the fiscal year, so every fifth or sixth year has 53 weeks,
        the last period taking the extra week.
        """

        def nearest(first: dt.date) -> dt.date:
            return self._week_of(first + dt.timedelta(days=3))

        first = self._fiscal_first(day)
        if day < nearest(first):
            first = add_months(first, -12)
        elif day >= nearest(add_months(first, 12)):
            first = add_months(first, 12)
        starts = [nearest(first)]
        for weeks in (4, 4, 5) * 3 + (4, 4):
            starts.append(starts[-1] + weeks * _WEEK)
        return (*starts, nearest(add_months(first, 12)))

    def period_of(self, day: dt.date) -> dt.date:
        """Return the first day of the period that holds `day`."""
        if self.cadence == "week":
            return self._week_of(day)
        if self.cadence == "month":
            return day.replace(day=1)
        if self.cadence == "quarter":
            return add_months(day, -((day.month - self.fiscal_year_start) % 3))
        starts = self._year_445(day)
        return starts[bisect_right(starts, day) - 1]

    def next(self, period: dt.date) -> dt.date:
        """Return the first day of the period after `period`."""
        if self.cadence == "week":
            return period + _WEEK
        if self.cadence == "month":
            return add_months(period, 1)
        if self.cadence == "quarter":
            return add_months(period, 3)
        starts = self._year_445(period)
        return starts[bisect_right(starts, period)]

    def days(self, period: dt.date) -> int:
        """Return how many days the period that begins on `period` has."""
        return (self.next(period) - period).days

    def between(self, first: dt.date, last: dt.date) -> tuple[dt.date, ...]:
        """Return the first days of all periods from the one that holds `first` to the one that holds `last`."""
        days = [self.period_of(first)]
        final = self.period_of(last)
        while days[-1] < final:
            days.append(self.next(days[-1]))
        return tuple(days) if days[0] <= final else ()

    def lags(self, pairs: Iterable[tuple[dt.date, dt.date]]) -> pl.DataFrame:
        """Return as_of, period and `lag`, sorted, of pairs of a cut-off and a later day.

        The lag counts the periods from the one that holds the cut-off: a plan cut off on 12 November has December at lag 1.
        """
        rows = [(as_of, period, len(self.between(as_of, period)) - 1) for as_of, period in sorted(pairs)]
        return pl.DataFrame(rows, schema={"as_of": pl.Date, "period": pl.Date, "lag": pl.Int64}, orient="row")

    def bucket(self, column: str, frame: pl.DataFrame) -> pl.DataFrame:
        """Return `frame` with each date in `column` replaced by the first day of its period."""
        days = frame.get_column(column).unique().drop_nulls().to_list()
        return frame.with_columns(
            pl.col(column).replace_strict({day: self.period_of(day) for day in days}, default=None, return_dtype=pl.Date)
        )

    def label(self, period: dt.date) -> str:
        """Return the period as printed: 2026-12, 2026-W49, 2026-Q4 or the date of a 4-4-5 period."""
        if self.cadence == "week":
            middle = (period + dt.timedelta(days=3)).isocalendar()
            return f"{middle.year}-W{middle.week:02d}"
        if self.cadence == "quarter":
            return f"{self.fiscal_year(period)}-Q{self.quarter(period)}"
        return f"{period:%Y-%m}" if self.cadence == "month" else f"{period:%Y-%m-%d}"

    def fiscal_year(self, period: dt.date) -> int:
        """Return the fiscal year, named after the calendar year in which it ends."""
        first = self._year_445(period)[0] + dt.timedelta(days=3) if self.cadence == "4-4-5" else self._fiscal_first(period)
        return first.year if self.fiscal_year_start == 1 else first.year + 1

    def quarter(self, period: dt.date) -> int:
        """Return the fiscal quarter, 1 to 4."""
        if self.cadence == "4-4-5":
            return (bisect_right(self._year_445(period), period) - 1) // 3 + 1
        return (period.month - self.fiscal_year_start) % 12 // 3 + 1

    def table(self) -> pl.DataFrame:
        """Return the table `period`, one row a period of the horizon."""
        return pl.DataFrame(
            {
                "period": list(self.periods),
                "number": list(range(1, self.horizon + 1)),
                "label": [self.label(period) for period in self.periods],
                "end": [self.next(period) - dt.timedelta(days=1) for period in self.periods],
                "quarter": [f"{self.fiscal_year(period)}-Q{self.quarter(period)}" for period in self.periods],
                "fiscal_year": [str(self.fiscal_year(period)) for period in self.periods],
                "frozen": [number < self.frozen for number in range(self.horizon)],
            },
            schema_overrides={"period": pl.Date, "end": pl.Date, "number": pl.Int64},
        )
