"""The plan as a writer reads it: its tables, its settings, and the words for its units and periods."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import polars as pl

from equipoise.charts.series import calendar_of, labels, unit_of
from equipoise.dimensions.calendar import Calendar
from equipoise.tables import table
from equipoise.tables.figures import quantity, span
from equipoise.tables.setting import Setting

MOST_COLUMNS = 18


@dataclass(frozen=True)
class Plan:
    """All tables of a run and its settings. A table that is not there reads as empty."""

    tables: Mapping[str, pl.DataFrame]
    setting: Setting

    def __getitem__(self, name: str) -> pl.DataFrame:
        return self.tables[name] if name in self.tables else table(name).empty()

    def has(self, name: str, column: str = "") -> bool:
        """Whether the table has rows, and a value in `column` where one is named."""
        frame = self[name]
        return frame.height > 0 and (not column or frame.get_column(column).is_not_null().any())

    @cached_property
    def calendar(self) -> Calendar:
        """The calendar of the plan."""
        return calendar_of(self.setting)

    @cached_property
    def labels(self) -> dict[object, str]:
        """The printed label of each period of the horizon."""
        return labels(self.setting)

    @property
    def currency(self) -> str:
        """The currency; empty where none is given."""
        return self.setting.currency

    @cached_property
    def unit(self) -> str:
        """The unit that the demanded items share."""
        return unit_of(self["item"], self["demand_plan"].get_column("item"))

    @cached_property
    def item(self) -> pl.DataFrame:
        """Items, those of the demand plan that the master table lacks included."""
        known = self["item"]
        names = pl.concat([self[name].select("item") for name in ("demand_plan", "inventory_plan")]).unique().sort("item")
        extra = names.join(known.select("item"), on="item", how="anti", maintain_order="left")
        return pl.concat([known, table("item").conform(extra)]) if extra.height else known

    @cached_property
    def has_families(self) -> bool:
        """Whether any demanded item belongs to a family."""
        demanded = self["item"].join(self["demand_plan"].select("item").unique(), on="item", how="semi", maintain_order="left")
        return demanded.get_column("family").is_not_null().any()

    def spans(self, most: int = MOST_COLUMNS) -> dict[str, list[dt.date]]:
        """Return the columns of a grid: periods while they fit, else quarters, else years; label to the periods in it, in order."""
        periods, calendar = self.calendar.periods, self.calendar
        if len(periods) <= most:
            return {self.short(period): [period] for period in periods}
        quarters = [f"{calendar.fiscal_year(period)} Q{calendar.quarter(period)}" for period in periods]
        years = [f"FY {calendar.fiscal_year(period)}" for period in periods]
        for names in (quarters, years):
            columns: dict[str, list[dt.date]] = {}
            for name, period in zip(names, periods, strict=True):
                columns.setdefault(name, []).append(period)
            if len(columns) <= most:
                return columns
        return {f"{self.short(periods[0])} to {self.short(periods[-1])}": list(periods)}

    def quarters(self) -> dict[str, list[dt.date]]:
        """Return the quarters of the horizon; periods where it has at most six."""
        return self.spans() if len(self.calendar.periods) <= 6 else self.spans(min(12, len(self.calendar.periods) - 1))

    def short(self, period: dt.date) -> str:
        """Return the period as a column heading: Dec 26; other cadences by their label."""
        return f"{period:%b %y}" if self.calendar.cadence == "month" else self.calendar.label(period)

    @property
    def length(self) -> str:
        """The length of the horizon in words: 18 months."""
        count, cadence = len(self.calendar.periods), self.calendar.cadence
        return quantity(count, "4-4-5 period") if cadence == "4-4-5" else quantity(count, cadence)

    def during(self, first: dt.date | None, last: dt.date | None) -> str:
        """Return a run of periods in words: March 2027; March to May 2027. Empty where there is none."""
        if first is None:
            return ""
        words = span(first, last or first, self.calendar)
        return words.removeprefix("in ").removeprefix("from ")
