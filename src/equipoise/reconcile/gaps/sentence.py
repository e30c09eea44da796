"""Gaps and their causes in a planner's words."""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from equipoise.dimensions.calendar import Calendar
from equipoise.tables.figures import money, number, quantity, share, span

_ROOM = ("supply_surplus", "idle_capacity")
PERIOD_NOUN = {"month": "month", "week": "week", "quarter": "quarter", "4-4-5": "period"}


@dataclass(frozen=True)
class Gap:
    """One gap as numbers. `base` is what its share is taken of; `cost` the value of stock at standard cost; `why` its causes in words.

    `note` is what else is to be said: why stock is obsolete, or how the last cycle is valued.
    """

    kind: str
    level: str
    subject: str
    market: str
    period: dt.date
    until: dt.date
    count: int
    units: float | None
    unit: str
    revenue: float | None
    margin: float | None
    base: float | None
    cost: float | None
    why: str | None = None
    note: str | None = None

    @staticmethod
    def of(row: Mapping[str, object]) -> "Gap":
        """Return the gap that a row of a frame holds; columns that it lacks are empty."""
        return Gap(**{name: row.get(name) for name in Gap.__dataclass_fields__})  # type: ignore[arg-type]

    @property
    def size(self) -> float:
        """Units without sign."""
        return abs(self.units or 0.0)

    @property
    def stake(self) -> float | None:
        """The money that the gap is ranked by, without sign: stock at cost, else revenue; empty where neither is known.

        Room in supply has none: it brings money only if it is sold.
        """
        if self.kind in _ROOM:
            return None
        known = next((amount for amount in (self.cost, self.revenue) if amount is not None), None)
        return None if known is None else abs(known)


@dataclass(frozen=True)
class Words:
    """Writes sentences with the plan's currency and calendar."""

    calendar: Calendar
    currency: str

    @property
    def noun(self) -> str:
        """What a period is called."""
        return PERIOD_NOUN[self.calendar.cadence]

    def gap(self, gap: Gap) -> str:
        """Return the sentence of a gap."""
        writers: dict[str, Callable[[Gap], str]] = {
            "shortage": self._shortage,
            "late": self._late,
            "idle_capacity": self._idle,
            "supply_surplus": self._surplus,
            "excess_stock": self._stock,
            "obsolete_stock": self._obsolete,
            "below_target": self._stock,
            "overload": self._overload,
            "budget": self._compared,
            "last_cycle": self._compared,
        }
        return writers[gap.kind](gap)

    def when(self, gap: Gap) -> str:
        """Return the periods of a gap: in March 2027; from March to May 2027."""
        return span(gap.period, gap.until, self.calendar)

    def money(self, amount: float) -> str:
        """Return an amount without sign, in the plan's currency."""
        return money(abs(amount), self.currency)

    def _worth(self, gap: Gap) -> str:
        """Revenue and margin, as far as they are given."""
        parts = [
            f"{self.money(gap.revenue)} of revenue" if gap.revenue else "",
            f"{self.money(gap.margin)} of margin" if gap.margin else "",
        ]
        return " and ".join(part for part in parts if part)

    def _who(self, gap: Gap) -> str:
        if gap.level in {"market", "total"}:
            return "In total" if gap.level == "total" else f"All of {gap.subject}"
        item, _, place = gap.subject.partition("@") if gap.level == "item" else (gap.subject, "", "")
        where = f" at {place}" if place else f" in {gap.market}" if gap.market else ""
        return f"{item}{where}"

    def _shortage(self, gap: Gap) -> str:
        part = f", {share(gap.size / gap.base)} of its demand" if gap.base else ""
        worth = self._worth(gap)
        lost = f"; {worth} would be lost" if worth else ""
        return f"{self._who(gap)}: {quantity(gap.size, gap.unit)} short {self.when(gap)}{part}{_because(gap)}{lost}."

    def _late(self, gap: Gap) -> str:
        most = "up to " if gap.count > 1 else ""
        worth = f"; {self.money(gap.revenue)} of revenue waits" if gap.revenue else ""
        still = ", and still open at the end of the horizon" if gap.until == self.calendar.periods[-1] else ""
        return f"{self._who(gap)}: {most}{quantity(gap.size, gap.unit)} late {self.when(gap)}{still}{_because(gap)}{worth}."

    def _idle(self, gap: Gap) -> str:
        part = f", {share(gap.size / gap.base)} of its regular capacity" if gap.base else ""
        return f"{gap.subject} stands idle for {self._each(gap)} {self.when(gap)}{part}."

    def _each(self, gap: Gap) -> str:
        """A flow over a run of periods: so much a period."""
        about = f" a {self.noun}" if gap.count > 1 else ""
        return f"{quantity(gap.size / gap.count, gap.unit)}{about}"

    def _surplus(self, gap: Gap) -> str:
        part = f", {share(gap.size / gap.base)} of what it could make" if gap.base else ""
        each = f" a {self.noun}" if gap.count > 1 else ""
        worth = f" At the average price that would be {self.money(gap.revenue / gap.count)} of revenue{each}." if gap.revenue else ""
        return f"Supply has room for {self._each(gap)} more than demand needs {self.when(gap)}{part}.{worth}"

    def _stock(self, gap: Gap) -> str:
        side = "above" if gap.kind == "excess_stock" else "below"
        most = "up to " if gap.count > 1 else ""
        target = "target" if gap.base or side == "below" else "its maximum"
        part = f" ({_of(gap.size / gap.base)} it)" if gap.base else ""
        worth = f"; {self.money(gap.cost)} at standard cost" if gap.cost else ""
        return f"{self._who(gap)}: stock {most}{quantity(gap.size, gap.unit)} {side} {target}{part} {self.when(gap)}{_because(gap)}{worth}."

    def _obsolete(self, gap: Gap) -> str:
        part = f", {share(gap.size / gap.base)} of what is held" if gap.base else ""
        worth = f"; {self.money(gap.cost)} at standard cost" if gap.cost else ""
        return f"{self._who(gap)}: {quantity(gap.size, gap.unit)} of stock obsolete, {gap.note}{part}{worth}."

    def _overload(self, gap: Gap) -> str:
        part = f", {share(gap.size / gap.base)} of its regular capacity" if gap.base else ""
        worth = f"; about {self.money(gap.revenue)} of revenue hangs on it" if gap.revenue else ""
        return f"{gap.subject} is planned {self._each(gap)} beyond its capacity and overtime {self.when(gap)}{part}{worth}."

    def _compared(self, gap: Gap) -> str:
        other = "budget" if gap.kind == "budget" else "the last cycle's plan"
        decides = gap.revenue if gap.revenue is not None else gap.units or 0.0
        side = "above" if decides > 0 else "below"
        part = f", {share(abs(decides) / gap.base)}" if gap.base else ""
        note = f"; {gap.note}" if gap.note else ""
        who = self._who(gap)
        if gap.revenue is None:
            return f"{who}: the plan is {quantity(gap.size, gap.unit)} {side} {other} {self.when(gap)}{part}{note}."
        units = f" ({quantity(gap.size, gap.unit)} {'more' if (gap.units or 0) > 0 else 'fewer'})" if gap.units else ""
        margin = f"; margin is {self.money(gap.margin)} {'above' if gap.margin > 0 else 'below'}" if gap.margin else ""
        return f"{who}: planned revenue is {self.money(gap.revenue)} {side} {other} {self.when(gap)}{part}{units}{margin}{note}."


def _because(gap: Gap) -> str:
    return f", {gap.why}" if gap.why else ""


def _of(ratio: float) -> str:
    """A share of a target; where it is many times it, as times."""
    return f"{number(round(ratio))} times" if ratio >= 3 else f"{share(ratio)} of"
