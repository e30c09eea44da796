"""Working days: which days people work, and counting in them."""

import datetime as dt
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass

from equipoise.errors import InputError
from equipoise.tables.process_setting import WEEKDAYS, ProcessSetting

_DAY = dt.timedelta(days=1)
_FIX = "Correct the holidays of the plan file's group process."


@dataclass(frozen=True)
class WorkingDays:
    """The days on which people work: `weekdays` (0: Monday) less `holidays`, ranges of days, both ends in it, in order and apart."""

    weekdays: frozenset[int]
    holidays: tuple[tuple[dt.date, dt.date], ...] = ()

    @staticmethod
    def of(weekdays: Iterable[str], holidays: Iterable[tuple[dt.date, dt.date]]) -> "WorkingDays":
        """Return the working days that names of weekdays and ranges of holidays, in any order, mean."""
        ranges: list[tuple[dt.date, dt.date]] = []
        for first, last in sorted(holidays):
            if ranges and first <= ranges[-1][1]:
                ranges[-1] = (ranges[-1][0], max(ranges[-1][1], last))
            else:
                ranges.append((first, last))
        return WorkingDays(frozenset(WEEKDAYS.index(name) for name in weekdays), tuple(ranges))

    @staticmethod
    def from_setting(setting: ProcessSetting) -> "WorkingDays":
        """Return the working days that the settings describe."""
        return WorkingDays.of(setting.working_days, ((one.first, one.last) for one in setting.holidays))

    def _holiday(self, day: dt.date) -> tuple[dt.date, dt.date] | None:
        at = bisect_right(self.holidays, (day, dt.date.max)) - 1
        return self.holidays[at] if at >= 0 and self.holidays[at][1] >= day else None

    def works(self, day: dt.date) -> bool:
        """Whether people work on that day."""
        return day.weekday() in self.weekdays and self._holiday(day) is None

    def on_or_after(self, day: dt.date) -> dt.date:
        """Return the first working day that is not before `day`. Raises InputError where holidays never end."""
        try:
            while not self.works(day):
                holiday = self._holiday(day)
                day = (holiday[1] if holiday else day) + _DAY
        except OverflowError:
            raise InputError(f"There is no working day after {day}.", _FIX) from None
        return day

    def nth(self, first: dt.date, number: int) -> dt.date:
        """Return working day `number` counted from `first`: 1 is the first working day that is not before it. Raises InputError."""
        if number < 1:
            raise InputError(f"Working days are counted from 1, not {number}.", "Give 1 or more.")
        day = self.on_or_after(first)
        for _ in range(number - 1):
            day = self.after(day, 1)
        return day

    def after(self, day: dt.date, number: int) -> dt.date:
        """Return the day that lies `number` working days after `day`; 0: `day` itself, or the next working day. Raises InputError."""
        day = self.on_or_after(day) if number == 0 else day
        try:
            for _ in range(number):
                day = self.on_or_after(day + _DAY)
        except OverflowError:
            raise InputError(f"There is no working day after {day}.", _FIX) from None
        return day

    def between(self, first: dt.date, last: dt.date) -> int:
        """Return how many working days there are from `first` to `last`, both in it; 0 where `last` lies before `first`."""
        days = (last - first).days + 1
        weeks, rest = divmod(max(days, 0), 7)
        found = weeks * len(self.weekdays) + sum((first.weekday() + one) % 7 in self.weekdays for one in range(rest))
        off = ((max(first, begins), min(last, ends)) for begins, ends in self.holidays)
        return found - sum(WorkingDays(self.weekdays).between(begins, ends) for begins, ends in off if begins <= ends)

    def of_month(self, month: dt.date, number: int) -> dt.date:
        """Return working day `number` of the month that holds `month`; where it has fewer, the count goes on into the next."""
        return self.nth(month.replace(day=1), number)
