"""What a plan says of all overrides: the day it is made, and how far each role is fenced off from the start of the horizon."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

from equipoise.dimensions.calendar import Calendar
from equipoise.scenario.override import Override
from equipoise.tables.setting import from_table

# Tables whose first periods may be fenced off, and the column that says when.
FENCED = {"forecast": "period", "baseline": "period", "consensus": "period", "demand_plan": "period", "event": "start"}


@dataclass(frozen=True)
class Terms:
    """`as_of` is the plan's data cut; `fences` gives, by role, the last day whose demand it may not change."""

    as_of: dt.date | None = None
    fences: Mapping[str, dt.date] = field(default_factory=dict)

    @staticmethod
    def of(tables: Mapping[str, pl.DataFrame]) -> "Terms":
        """Return what the table `setting` among the tables says; without one nothing expires and nothing is fenced off."""
        if "setting" not in tables or tables["setting"].is_empty():
            return Terms()
        setting = from_table(tables["setting"])
        calendar = Calendar.from_setting(setting.calendar)
        counted = {role.casefold(): min(count, calendar.horizon) for role, count in setting.demand.fences.items() if count > 0}
        ends = {role: calendar.next(calendar.periods[count - 1]) - dt.timedelta(days=1) for role, count in counted.items()}
        return Terms(calendar.as_of, ends)

    @staticmethod
    def needed(overrides: tuple[Override, ...]) -> bool:
        """Whether any of the overrides hangs on them."""
        return any(override.expires is not None or override.role for override in overrides)

    def expired(self, override: Override) -> bool:
        """Whether the override's last day has passed."""
        return override.expires is not None and self.as_of is not None and self.as_of > override.expires

    def fence(self, override: Override) -> dt.date | None:
        """Return the last day that the author's role may not change in the override's table; None where it may change all."""
        return self.fences.get(override.role.casefold()) if override.table in FENCED else None
