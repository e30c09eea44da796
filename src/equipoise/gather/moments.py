"""When a limit holds: months, quarters, weeks, years, days, and ranges of them, and the share of each period they cover."""

import datetime as dt
from dataclasses import dataclass

from equipoise.dimensions.calendar import Calendar, add_months

_DAY = dt.timedelta(days=1)
MONTHS = ("january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december")


@dataclass(frozen=True, slots=True)
class Moment:
    """A year, quarter, month, week or day; without a year it comes back every year."""

    year: int | None = None
    quarter: int | None = None
    month: int | None = None
    week: int | None = None
    day: int | None = None

    def __str__(self) -> str:
        year = "" if self.year is None else f"{self.year}"
        if self.day is not None:
            return f"{year}-{self.month:02d}-{self.day:02d}"
        if self.week is not None:
            return f"{year}-W{self.week:02d}"
        if self.quarter is not None:
            return f"Q{self.quarter} {year}".strip()
        return f"{MONTHS[self.month - 1].capitalize()} {year}".strip() if self.month is not None else year

    def days(self, year: int, fiscal_year_start: int) -> tuple[dt.date, dt.date]:
        """Return its first and last day, in `year` where it has no year of its own. Quarters are those of the fiscal year."""
        year = self.year or year
        if self.day is not None:
            day = dt.date(year, self.month or 1, self.day)
            return day, day
        if self.week is not None:
            first = dt.date.fromisocalendar(year, self.week, 1)
            return first, first + 6 * _DAY
        if self.quarter is not None:
            first = add_months(dt.date(year - (fiscal_year_start > 1), fiscal_year_start, 1), 3 * (self.quarter - 1))
            return first, add_months(first, 3) - _DAY
        first = dt.date(year, self.month or 1, 1)
        return first, add_months(first, 1 if self.month else 12) - _DAY


@dataclass(frozen=True, slots=True)
class Span:
    """From one moment to another, both included; an open end has none."""

    first: Moment | None
    last: Moment | None

    def __str__(self) -> str:
        if self.first == self.last:
            return f"in {self.first}"
        return " ".join(word for word in (f"from {self.first}" if self.first else "", f"to {self.last}" if self.last else "") if word)


@dataclass(frozen=True, slots=True)
class When:
    """The spans in which a limit holds; none: always."""

    spans: tuple[Span, ...] = ()

    def __str__(self) -> str:
        return ", ".join(map(str, self.spans)) if self.spans else "in every period"

    def cover(self, calendar: Calendar) -> dict[dt.date, float]:
        """Return the share of each period of the horizon in which the limit holds: first day to share, shares above 0 only."""
        if not self.spans:
            return dict.fromkeys(calendar.periods, 1.0)
        days = {day for span in self.spans for day in _days(span, calendar)}
        cover = {period: _count(period, calendar, days) / calendar.days(period) for period in calendar.periods}
        return {period: share for period, share in cover.items() if share > 0}


def _count(period: dt.date, calendar: Calendar, days: set[dt.date]) -> int:
    return sum(period + number * _DAY in days for number in range(calendar.days(period)))


def _days(span: Span, calendar: Calendar) -> set[dt.date]:
    """Days of the horizon inside the span. What has no year comes back every year; an open end takes its first coming only."""
    found: set[dt.date] = set()
    for first, last in _ranges(span, calendar):
        day, end = max(first, calendar.start), min(last, calendar.end)
        found.update(day + number * _DAY for number in range((end - day).days + 1))
    return found


def _ranges(span: Span, calendar: Calendar) -> list[tuple[dt.date, dt.date]]:
    years = range(calendar.start.year - 1, calendar.end.year + 2)
    fiscal = calendar.fiscal_year_start
    if span.last is None and span.first is not None:
        starts = [span.first.days(year, fiscal) for year in years]
        return [(next((first for first, last in starts if last >= calendar.start), starts[-1][0]), calendar.end)]
    if span.first is None and span.last is not None:
        ends = [span.last.days(year, fiscal)[1] for year in years]
        return [(calendar.start, next((end for end in ends if end >= calendar.start), ends[-1]))]
    if span.first is None or span.last is None:
        return [(calendar.start, calendar.end)]
    return [_range(span.first, span.last, year, fiscal) for year in years]


def _range(first: Moment, last: Moment, year: int, fiscal: int) -> tuple[dt.date, dt.date]:
    """One coming of a range: a year that one end lacks is the other's, or the next or the one before where the range wraps."""
    anchor = first.year or last.year or year
    start, end = first.days(anchor, fiscal)[0], last.days(anchor, fiscal)[1]
    if end < start and last.year is None:
        end = last.days(anchor + 1, fiscal)[1]
    elif end < start and first.year is None:
        start = first.days(anchor - 1, fiscal)[0]
    return start, end
