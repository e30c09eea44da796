"""What an option changes, proven by solving the plan again with its overrides."""

import datetime as dt
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import polars as pl

from equipoise.errors import EquipoiseError
from equipoise.reconcile.money.earned import WhatIf, earned
from equipoise.reconcile.options.lever import Lever, Tables
from equipoise.reconcile.scenarios.comparison import by_period

_SIDE_BY_SIDE = 2
_LAST = "financials"  # the last step that is run again


@dataclass(frozen=True)
class Outcome:
    """What a solved plan gives. Money is empty where no price is given; `short` is by period, what is not served in it.

    `contribution` is that of `earned`: only differences of it mean anything.
    """

    contribution: float | None
    revenue: float | None
    cash: float | None
    shortage: float
    service: float | None
    inventory: float | None
    short: Mapping[dt.date, float]

    @staticmethod
    def of(tables: Tables) -> "Outcome":
        """Return the outcome of a plan's tables."""
        lines = _lines(tables["financials"])
        shortage = tables["shortage"]
        periods = by_period(shortage)
        demand, short = float(periods["demand"].sum()), float(periods["short"].sum())
        late = float(shortage.filter(pl.col("period") == pl.col("period").max())["backlog"].sum() or 0.0)
        revenue = lines.get("revenue")
        return Outcome(
            contribution=earned(tables) if revenue is not None else None,
            revenue=revenue,
            cash=lines["cash_flow"] if "cash_flow" in lines else _cash(tables["cost"]) if revenue is not None else None,
            shortage=float(shortage["lost"].sum() or 0.0) + late,
            service=1 - short / demand if demand > 0 else None,
            inventory=_inventory(tables["inventory_plan"]),
            short=dict(periods.select("period", "short").iter_rows()),
        )


def _lines(financials: pl.DataFrame) -> dict[str, float]:
    known = financials.filter(pl.col("amount").is_not_null())
    return dict(known.group_by("line", maintain_order=True).agg(pl.col("amount").sum()).iter_rows())


def _cash(cost: pl.DataFrame) -> float:
    """Revenue less what is paid, without terms of payment."""
    return float(cost.filter(pl.col("class").is_in(["cash", "accounting"]))["amount"].sum())


def _inventory(plan: pl.DataFrame) -> float | None:
    """Average over the periods of the stock value at their ends."""
    ends = plan.filter(pl.col("value").is_not_null()).group_by("period", maintain_order=True).agg(pl.col("value").sum())
    return float(ends["value"].sum()) / ends.height if ends.height else None


@dataclass(frozen=True)
class Proof:
    """What an option, single or combined, changes against the plan of record; `failure` says why it could not be solved."""

    levers: tuple[Lever, ...]
    net: float | None = None
    revenue: float | None = None
    running: float = 0.0
    one_off: float = 0.0
    cash: float | None = None
    shortage: float = 0.0
    service: float | None = None
    inventory: float | None = None
    used: Mapping[str, float] = field(default_factory=dict)
    short: Mapping[dt.date, float] = field(default_factory=dict)
    failure: str = ""

    @property
    def gain(self) -> tuple[float, float]:
        """What it is chosen by: net money, then fewer units short."""
        return (self.net or 0.0, -self.shortage)


class Prover:
    """Proves options against the plan of record, side by side; a set of levers asked again is not solved again."""

    def __init__(self, base: Tables, what_if: WhatIf) -> None:
        self.base = Outcome.of(base)
        self._what_if = what_if
        self._known: dict[frozenset[str], Proof] = {}

    @property
    def solves(self) -> int:
        """How many sets of levers were solved."""
        return len(self._known)

    def prove(self, sets: Sequence[tuple[Lever, ...]]) -> list[Proof]:
        """Return the proof of each set of levers."""
        new = {frozenset(lever.name for lever in levers): levers for levers in sets}
        new = {names: levers for names, levers in new.items() if names not in self._known}
        with ThreadPoolExecutor(_SIDE_BY_SIDE) as pool:
            self._known.update(zip(new, pool.map(self._prove, new.values()), strict=True))
        return [self._known[frozenset(lever.name for lever in levers)] for levers in sets]

    def _prove(self, levers: tuple[Lever, ...]) -> Proof:
        try:
            tables = self._what_if(tuple(override for lever in levers for override in lever.overrides), upto=_LAST)
        except EquipoiseError as error:
            return Proof(levers, failure=error.short)
        return self._against_base(levers, tables)

    def _against_base(self, levers: tuple[Lever, ...], tables: Tables) -> Proof:
        after, before = Outcome.of(tables), self.base
        amounts = {lever.name: lever.meter(tables) for lever in levers}
        totals = {name: sum(amount.values()) for name, amount in amounts.items()}
        taken = [lever for lever in levers if totals[lever.name] > 1e-6]
        one_off = sum(lever.one_off for lever in taken)
        outside = sum(lever.running * totals[lever.name] for lever in taken if not lever.inside)
        paid = one_off + outside
        return Proof(
            levers,
            net=_less(after.contribution, before.contribution, paid),
            revenue=_less(after.revenue, before.revenue),
            running=sum(lever.running * totals[lever.name] for lever in taken),
            one_off=one_off,
            cash=_less(after.cash, before.cash, paid),
            shortage=after.shortage - before.shortage,
            service=_less(after.service, before.service),
            inventory=_less(after.inventory, before.inventory),
            used={name: max(amount.values(), default=0.0) for name, amount in amounts.items()},
            short=after.short,
        )


def _less(after: float | None, before: float | None, paid: float = 0.0) -> float | None:
    return None if after is None or before is None else after - before - paid
