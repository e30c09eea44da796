"""What a limit in words means, as typed values. The grammar makes them; `limit_rows` turns them into rows of tables."""

import math
from dataclasses import dataclass, field
from typing import Literal

from equipoise.dimensions.calendar import Calendar
from equipoise.gather.moments import When

Bound = Literal["at most", "at least"]
Time = Literal["day", "week", "month", "quarter", "year", "period"]

DAYS: dict[str, float] = {"day": 1.0, "week": 7.0, "month": 365.25 / 12, "quarter": 365.25 / 4, "year": 365.25}


@dataclass(frozen=True, slots=True)
class Amount:
    """A number, its unit (units, hours, workers), and the time it is for."""

    number: float
    unit: str = "units"
    per: Time = "period"

    def __str__(self) -> str:
        return f"{self.number:,g} {self.unit} a {self.per}"

    def exact(self, calendar: Calendar) -> bool:
        """Whether the amount is for a planning period as it stands, so that nothing needs converting."""
        return self.per in {"period", calendar.cadence} or (self.per == "month" and calendar.cadence == "4-4-5")

    def a_period(self, days: float, calendar: Calendar) -> float:
        """Return the amount for a period of `days` days: in proportion to days where it is given for another time."""
        return self.number if self.exact(calendar) else self.number * days / DAYS[self.per]


@dataclass(frozen=True, slots=True)
class Limit:
    """Any limit: whom it is about (empty: all), and when it holds."""

    when: When = field(default_factory=When)
    subject: str = ""


@dataclass(frozen=True, slots=True)
class Overtime(Limit):
    """Most overtime: a share of regular capacity, or an amount."""

    share: float | None = None
    amount: Amount | None = None


@dataclass(frozen=True, slots=True)
class Shifts(Limit):
    """How many shifts are worked, the capacity given being that of one."""

    count: float = 1.0


@dataclass(frozen=True, slots=True)
class Output(Limit):
    """Most or least that is made, or bought where the subject is a supplier."""

    bound: Bound = "at most"
    amount: Amount = Amount(0.0)


@dataclass(frozen=True, slots=True)
class CapacityChange(Limit):
    """Capacity times a factor."""

    factor: float = 1.0


@dataclass(frozen=True, slots=True)
class CapacityLevel(Limit):
    """Capacity as an amount."""

    amount: Amount = Amount(0.0)


@dataclass(frozen=True, slots=True)
class Utilisation(Limit):
    """Most load as a share of regular capacity."""

    share: float = 1.0


@dataclass(frozen=True, slots=True)
class Closed(Limit):
    """Nothing is made, or bought where the subject is a supplier."""


@dataclass(frozen=True, slots=True)
class AtCapacity(Limit):
    """A supplier delivers what the base plan needs and no more."""


@dataclass(frozen=True, slots=True)
class LeadTime(Limit):
    """Time from start to stock, days."""

    days: float = 0.0


@dataclass(frozen=True, slots=True)
class Lot(Limit):
    """Least made or bought at once, or what lots are multiples of."""

    quantity: float = 0.0
    multiple: bool = False


@dataclass(frozen=True, slots=True)
class SafetyStock(Limit):
    """Target stock: weeks of coming demand, or units."""

    weeks: float | None = None
    units: float | None = None


@dataclass(frozen=True, slots=True)
class ShelfLife(Limit):
    """Days an item keeps."""

    days: float = 0.0


@dataclass(frozen=True, slots=True)
class Frozen(Limit):
    """Time at the start of the horizon in which the plan no longer changes, days; or whole periods of the plan."""

    number: float = 0.0
    unit: Time = "period"

    def periods(self, calendar: Calendar) -> int:
        """Return how many whole planning periods the fence covers, rounded up."""
        if Amount(self.number, per=self.unit).exact(calendar):
            return round(self.number)
        days = self.number * DAYS[self.unit]
        average = 365.25 / calendar.periods_a_year
        return math.ceil(days / average - 0.05)


@dataclass(frozen=True, slots=True)
class Workers(Limit):
    """Most or fewest workers."""

    bound: Bound = "at most"
    count: float = 0.0
