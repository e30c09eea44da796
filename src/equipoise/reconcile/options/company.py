"""What the search for options knows of the plan: its tables, its periods, and which part of the network a gap passes through."""

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import polars as pl

from equipoise.dimensions.calendar import Calendar
from equipoise.reconcile.gaps.relation import Network
from equipoise.reconcile.money.valuation import families
from equipoise.tables.setting import Setting, from_table

Tables = Mapping[str, pl.DataFrame]


@dataclass(frozen=True, eq=False)
class Company:
    """The tables of the plan of record, with what is read from them again and again."""

    tables: Tables

    @cached_property
    def setting(self) -> Setting:
        """The settings of the plan."""
        return from_table(self.tables["setting"])

    @cached_property
    def calendar(self) -> Calendar:
        """The periods of the plan."""
        return Calendar.from_setting(self.setting.calendar)

    @cached_property
    def network(self) -> Network:
        """What serves what."""
        return Network(*(self.tables[name] for name in ("route", "bom", "usage", "purchase", "lane", "route_load", "limit_member")))

    @cached_property
    def members(self) -> dict[str, tuple[str, ...]]:
        """The items of each family; an item without one is its own."""
        found: dict[str, list[str]] = {}
        for item, family in families(self.tables["item"]).iter_rows():
            found.setdefault(family, []).append(item)
        return {family: tuple(items) for family, items in found.items()}

    @cached_property
    def days(self) -> float:
        """Days of an average period."""
        return sum(self.calendar.days(period) for period in self.calendar.periods) / self.calendar.horizon

    @cached_property
    def used(self) -> frozenset[str]:
        """The levers that the base plan has already, by name: the reasons that its overrides give, those of promoted options among them."""
        return self.names("override_effect", "reason")

    def families(self, items: Sequence[str]) -> tuple[str, ...]:
        """Return the families of some items."""
        return tuple(family for family, members in self.members.items() if not set(members).isdisjoint(items))

    def items(self, name: str) -> tuple[str, ...]:
        """Return the items that a name means: those of a family, or the item itself."""
        return self.members.get(name, (name,))

    def is_family(self, name: str) -> bool:
        """Whether a name is that of a family of several items, or of one that is called otherwise."""
        return self.members.get(name, (name,)) != (name,)

    def effective(self, lead_time: float | None) -> dt.date | None:
        """Return the first period that begins once a lead time (days from the data cut) has passed; None where none does."""
        ready = self.calendar.as_of + dt.timedelta(days=math.ceil(lead_time or 0.0))
        return next((period for period in self.calendar.periods if period >= ready), None)

    def periods(self, first: dt.date) -> list[dt.date]:
        """Return the periods from `first` on."""
        return [period for period in self.calendar.periods if period >= first]

    def rows(self, name: str, **keys: str) -> list[dict[str, object]]:
        """Return the rows of a table whose columns hold the given values."""
        same = [pl.col(column) == value for column, value in keys.items()]
        return list(self.tables[name].filter(*same).iter_rows(named=True))

    def names(self, table: str, column: str) -> frozenset[str]:
        """Return the values of a column, empty ones left out."""
        return frozenset(self.tables[table].get_column(column).drop_nulls().to_list())
