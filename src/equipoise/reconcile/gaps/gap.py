"""The tables `gap` and `gap_cause`: signed gaps in units and money, ranked, with their causes."""

from collections.abc import Iterable
from dataclasses import replace

import polars as pl

from equipoise.dimensions.calendar import Calendar
from equipoise.reconcile.gaps.cause import Binding, Cause, bindings, causes, full_supplies, holds_back, sentence
from equipoise.reconcile.gaps.comparisons import against_budget, against_last_cycle
from equipoise.reconcile.gaps.obsolescence import obsolete_stock, obsolete_units
from equipoise.reconcile.gaps.planned import demand_as_planned, routes_as_planned, stock_as_planned
from equipoise.reconcile.gaps.relation import Network
from equipoise.reconcile.gaps.rule import formula, threshold
from equipoise.reconcile.gaps.sentence import Gap, Words
from equipoise.reconcile.gaps.shares import Shares, why
from equipoise.reconcile.gaps.shortfalls import unserved
from equipoise.reconcile.gaps.suggestion import suggestion
from equipoise.reconcile.gaps.surpluses import idle_capacity, overload, stock_gaps, supply_surplus, worth_of_load
from equipoise.reconcile.money.valuation import families
from equipoise.tables import table
from equipoise.tables.main_gaps import repeats
from equipoise.tables.setting import GapSetting, from_table

_CAUSED = {"shortage", "late", "below_target"}
_AGAIN = ("total", "market", "item")  # gaps that repeat others, in this order


def gap(
    shortage: pl.DataFrame,
    inventory_plan: pl.DataFrame,
    capacity_load: pl.DataFrame,
    binding: pl.DataFrame,
    supply_cause: pl.DataFrame,
    demand_plan: pl.DataFrame,
    financials: pl.DataFrame,
    budget: pl.DataFrame,
    plan_snapshot: pl.DataFrame,
    on_hand: pl.DataFrame,
    backlog: pl.DataFrame,
    item: pl.DataFrame,
    resource: pl.DataFrame,
    route_load: pl.DataFrame,
    supply_plan: pl.DataFrame,
    route: pl.DataFrame,
    bom: pl.DataFrame,
    usage: pl.DataFrame,
    purchase: pl.DataFrame,
    purchase_plan: pl.DataFrame,
    purchase_limit: pl.DataFrame,
    lane: pl.DataFrame,
    limit_member: pl.DataFrame,
    setting: pl.DataFrame,
) -> dict[str, pl.DataFrame]:
    """Return the tables `gap` and `gap_cause`.

    Units are signed: surplus positive, shortage negative; consecutive periods are one gap. Rank 1 is the most money at stake (revenue, or
    stock at cost); where there is none shortages come before surpluses, by units. Room in supply has none: its revenue is what it would
    bring if sold. Gaps of a market, in total and of single items follow all others, for they sum or split them. The setting `gaps` says
    from what size a gap is shown. Causes of what is short, late or below target are those of `supply_cause`, with their share of the gap;
    where it has none, they are the limits that bind in the periods of the gap on what its items pass through, components included.
    """
    plan = from_table(setting)
    calendar, limits = Calendar.from_setting(plan.calendar), plan.gaps
    demand, routes, takes = demand_plan, route, usage
    if plan.supply.level == "family":
        demand = demand_as_planned(demand_plan, shortage, item)
        routes, takes = routes_as_planned(supply_plan, route_load)
    worth = worth_of_load(route_load, supply_plan, routes, demand, item)
    unsold = obsolete_units(on_hand, backlog, demand_plan, inventory_plan, item, route, bom, calendar, limits)
    found = ranked(
        [
            *unserved(shortage, demand, item, calendar, limits),
            *against_budget(shortage, demand_plan, financials, budget, item, calendar, limits),
            *against_last_cycle(shortage, demand_plan, financials, plan_snapshot, item, calendar, limits),
            *obsolete_stock(unsold, demand_plan, item, calendar, limits),
            *stock_gaps(inventory_plan, demand, item, stock_as_planned(unsold, inventory_plan, item), calendar, limits),
            idle_capacity(capacity_load, resource, worth, calendar, limits),
            overload(capacity_load, resource, worth, calendar),
            supply_surplus(supply_plan, capacity_load, route_load, takes, routes, demand, item, calendar, limits),
        ]
    )
    network = Network(route, bom, usage, purchase, lane, route_load, limit_member)
    full = full_supplies(purchase_plan, purchase_limit, purchase, capacity_load, resource)
    return _told(found, Origins(network, bindings(binding), full, item, Shares(supply_cause, item)), Words(calendar, plan.currency), limits)


def ranked(frames: Iterable[pl.DataFrame]) -> list[Gap]:
    """Return the gaps of all frames in order of rank."""
    gaps = [Gap.of(row) for frame in frames for row in frame.iter_rows(named=True)]

    def order(one: Gap) -> tuple[object, ...]:
        stake = one.stake
        again = repeats(one.kind, one.level)
        return (
            again,
            again and _AGAIN.index(one.level),
            stake is None,
            -(stake or 0.0),
            (one.units or 0.0) > 0,
            one.level != "total",
            -one.size,
            one.kind,
            one.subject,
            one.market,
            one.period,
        )

    return sorted(gaps, key=order)


def _told(found: list[Gap], origins: "Origins", words: Words, limits: GapSetting) -> dict[str, pl.DataFrame]:
    """Return the gaps in order of rank, and their causes, as tables."""
    rows: list[dict[str, object]] = []
    cause_rows: list[dict[str, object]] = []
    for rank, one in enumerate(found, start=1):
        behind = origins.of(one)
        rows.append(_row(replace(one, why=why(behind)), rank, words, behind, limits))
        cause_rows += [_cause_row(cause, rank, words) for cause in behind]
    return {name: pl.DataFrame(made, schema=table(name).schema, orient="row") for name, made in (("gap", rows), ("gap_cause", cause_rows))}


def _row(one: Gap, rank: int, words: Words, behind: list[Cause], limits: GapSetting) -> dict[str, object]:
    names = ("kind", "level", "subject", "market", "period", "until", "units", "unit", "revenue", "margin", "stake")
    told = {"rank": rank, "sentence": words.gap(one), "suggestion": suggestion(one, behind)}
    rule = {"formula": formula(one, limits), "threshold": threshold(one.kind, limits)}
    return {name: getattr(one, name) for name in names} | told | rule


def _cause_row(cause: Cause, rank: int, words: Words) -> dict[str, object]:
    value = cause.value if cause.valued else None
    known: dict[str, object] = {"rank": rank, "limit": cause.limit, "subject": cause.subject}
    return known | {"quantity": cause.quantity, "share": cause.share, "value": value, "sentence": sentence(cause, words)}


class Origins:
    """Finds the limits behind gaps."""

    def __init__(self, network: Network, limits: list[Binding], full: list[Binding], item: pl.DataFrame, shares: Shares) -> None:
        self._shares = shares
        self._network = network
        self._limits = limits
        self._full = full
        self._members: dict[str, list[str]] = {}
        for name, family in families(item).iter_rows():
            self._members.setdefault(family, []).append(name)
        self._near: dict[tuple[str, ...], list[Binding]] = {}

    def of(self, one: Gap) -> list[Cause]:
        """Return the causes of a gap: of shortage, late and low stock, and of room that cannot be used.

        Those with the largest share come first; where shares are not known, the most valuable.
        """
        if one.kind == "supply_surplus":
            return causes(one, self._full)
        if one.kind not in _CAUSED:
            return []
        touching = self._touching(self._items(one))
        return self._shares.of(one, touching) or causes(one, [limit for limit in touching if holds_back(limit, one)])

    def _items(self, one: Gap) -> tuple[str, ...]:
        if one.level in {"market", "total"}:
            return tuple(name for members in self._members.values() for name in members)
        if one.level == "family":
            return tuple(self._members.get(one.subject, [one.subject]))
        return (one.subject.partition("@")[0] if one.kind in {"below_target", "excess_stock"} else one.subject,)

    def _touching(self, items: tuple[str, ...]) -> list[Binding]:
        if items not in self._near:
            reached = self._network.reach(items)
            self._near[items] = [limit for limit in self._limits if self._network.concerns(limit.subject, reached)]
        return self._near[items]
