"""The plan by item and week: a family's plan split to its items, a month's to its weeks, within capacity, in whole lots where asked."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl

from equipoise.dimensions.calendar import Calendar
from equipoise.supply.model.families import Families, families
from equipoise.supply.model.timing import buckets
from equipoise.supply.splitting.bounds import bounds
from equipoise.supply.splitting.lots import by_week, in_lots
from equipoise.supply.splitting.projection import Items, arrivals, items_of, stock
from equipoise.supply.splitting.repair import Usage, lots_moved, room_of, within_capacity
from equipoise.supply.splitting.run_out import Array, Claims, Index, run_out
from equipoise.supply.splitting.sourcing import Sourcing, sourcing, starts_of
from equipoise.supply.splitting.weeks import Weeks, weeks
from equipoise.tables import table
from equipoise.tables.setting import Setting, from_table

_NOTHING = 1e-9
_LEAST_YIELD = 1e-6
_READ = (
    *("supply_plan", "purchase_plan", "shortage", "capacity_load", "demand_plan", "item", "route", "usage", "bom", "co_output"),
    *("purchase", "purchase_limit", "inventory_policy", "inventory_target", "firm_plan", "on_hand", "backlog", "scheduled_receipt"),
)


def item_plan(tables: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Return the table item_plan: what is made and bought of each item in each week.

    `tables` are those of MODEL_TABLES and of the plan (supply_plan, purchase_plan, shortage, capacity_load); `working_calendar` where it
    is at hand. A family's plan is split to its items so that they run out together (`run_out`), period by period; items that would
    overload a resource give way to lighter ones (`within_capacity`); where the plan is in whole numbers, lots are whole (`in_lots`). A
    period's quantity goes to its weeks by days of work (`by_week`). The quantities of a route or purchase add up to its plan in every
    period. Lead times are those of the plan: what starts in a period of the plan starts in one of its weeks.
    """
    setting = from_table(tables["setting"])
    calendar = Calendar.from_setting(setting.calendar)
    given = {name: table(name).conform(tables[name]) if name in tables else table(name).empty() for name in _READ}
    periods = buckets(calendar, calendar.periods_a_year)
    horizon = periods.filter(pl.col("t") < calendar.horizon)
    by_family = families(given, horizon)
    if setting.supply.level != "family":
        by_family = Families(by_family.members.clear(), by_family.make.clear(), by_family.buy.clear())
    source = sourcing(given, by_family, horizon)
    if source.rows.is_empty():
        return table("item_plan").empty()
    named = [source.rows.get_column("item"), source.takes.get_column("part"), by_family.members.get_column("item")]
    items = items_of(given, pl.concat(named).unique().sort().to_list(), periods, calendar.horizon)
    usage, allowed = room_of(source, given["capacity_load"], horizon)
    split = Split(setting, source, items, usage, allowed, *bounds(source, given, setting))
    made, early, lost = split.by_period(_lost(given["shortage"], items, by_family, horizon))
    return _table(split, made, early, lost, weeks(calendar, tables.get("working_calendar")))


@dataclass(frozen=True, eq=False)
class Lost:
    """Demand lost: `quantity` by group (a family, or an item by itself) and period; `group` of each item."""

    group: Index
    quantity: Array

    def of_items(self, t: int, missing: Array, demand: Array) -> Array:
        """Return what each item loses in period t: first what is `missing` of it, then by its demand."""
        groups, wanted = len(self.quantity), self.quantity[:, t]
        lost = np.zeros(len(self.group))
        for claim in (missing, demand):
            total = np.bincount(self.group, claim, groups)
            share = np.where(total > 0, wanted / np.where(total > 0, total, 1.0), 0.0).clip(0, 1)
            lost = lost + claim * share[self.group]
            wanted = np.maximum(wanted - total, 0.0)
        return lost


def _lost(shortage: pl.DataFrame, items: Items, by_family: Families, periods: pl.DataFrame) -> Lost:
    family = dict(by_family.members.select("item", "family").iter_rows())
    groups = sorted({family.get(name, name) for name in items.names})
    number = {name: position for position, name in enumerate(groups)}
    quantity = np.zeros((len(groups), periods.height))
    rows = shortage.join(periods.select("t", "period"), on="period", maintain_order="left").filter(pl.col("item").is_in(groups))
    at = (np.array([number[name] for name in rows.get_column("item")], dtype=np.int64), rows.get_column("t").to_numpy())
    np.add.at(quantity, at, rows.get_column("lost").fill_null(0.0).to_numpy())
    return Lost(np.array([number[family.get(name, name)] for name in items.names], dtype=np.int64), quantity)


@dataclass(frozen=True, eq=False)
class Split:
    """What a plan is split with: what its ways can make, items through time, room of resources, bounds of each row (rows by periods)."""

    setting: Setting
    source: Sourcing
    items: Items
    usage: Usage
    allowed: Array
    least: Array
    most: Array

    @cached_property
    def item(self) -> Index:
        """Number of the item of each row."""
        return np.array([self.items.number[name] for name in self.source.rows.get_column("item")], dtype=np.int64)

    @cached_property
    def taken(self) -> tuple[Index, Index, Array]:
        """Row, item and signed quantity: what a unit of a row takes of components, and brings beside its item."""
        takes = self.source.takes
        part = np.array([self.items.number[name] for name in takes.get_column("part")], dtype=np.int64)
        return takes.get_column("row").to_numpy(), part, takes.select(pl.col("quantity") * pl.col("sign")).to_series().to_numpy()

    @cached_property
    def good(self) -> Array:
        """Good units of a unit made, by row."""
        return np.maximum(self.source.numbers("yield"), _LEAST_YIELD)

    @cached_property
    def turns(self) -> list[Index]:
        """Rows of ways that are shared by several items: the way of each family with the fewest items first, then the next."""
        shared = self.source.rows.get_column("count").to_numpy() > 1
        rank = self.source.rows.get_column("rank").to_numpy()
        return [np.flatnonzero(shared & (rank == turn)) for turn in np.unique(rank[shared])]

    @cached_property
    def lots(self) -> tuple[Array, Array]:
        """Lot and least quantity of each row; nothing where the plan is not in whole lots."""
        lot, least = self.source.numbers("lot"), self.source.numbers("minimum")
        return (lot, least) if self.setting.supply.integer else (lot * 0.0, least * 0.0)

    def by_period(self, losing: Lost) -> tuple[Array, Array, Array]:
        """Return the quantity of each row by period, how early it is wanted in each (0 to 1), and lost demand of items by period."""
        made, early, lost = self.source.plan.copy(), np.zeros_like(self.source.plan), np.zeros_like(self.items.safety)
        due, have = self.items.due, self.items.opening.copy()
        pace = np.maximum(due[:, -1] / self.items.demand.shape[1], _NOTHING)
        for t in range(made.shape[1]):
            have = have + self.items.receipts[:, t]
            made[:, t] = self._shared(t, have, due)
            wanted = (due[:, t + 1] + self.items.safety[:, t] - have) / pace
            urgency = wanted[self.item]
            made[:, t] = self._fitted(t, made[:, t], urgency)
            early[np.argsort(urgency, kind="stable"), t] = np.arange(len(urgency)) / len(urgency)
            np.add.at(have, self.item, made[:, t] * self.good)
            row, part, quantity = self.taken
            np.add.at(have, part, quantity * made[row, t])
            lost[:, t] = losing.of_items(t, np.maximum(due[:, t + 1] - have, 0.0), self.items.demand[:, t])
            have = have + lost[:, t]
        return made, early, lost

    def _shared(self, t: int, have: Array, due: Array) -> Array:
        """Return a period's quantities with those of ways of several items split by run-out."""
        made, got = self.source.plan[:, t].copy(), have.copy()
        single = np.flatnonzero(self.source.rows.get_column("count").to_numpy() == 1)
        np.add.at(got, self.item[single], made[single] * self.good[single])
        for turn in self.turns:
            rows = turn[self.source.plan[turn, t] > 0]
            if not len(rows):
                continue
            starts, item = starts_of(self.source.rows[rows]), self.item[rows]
            required = due[item, t:] + self.items.safety[item, t][:, None]
            weight = self.source.numbers("weight")[rows]
            claims = Claims(starts, required, got[item], self.good[rows], weight, self.least[rows, t], self.most[rows, t])
            made[rows] = run_out(claims, self.source.plan[rows[starts], t])
            np.add.at(got, item, made[rows] * self.good[rows])
        return made

    def _fitted(self, t: int, made: Array, urgency: Array) -> Array:
        """Return a period's quantities within capacity and in whole lots."""
        shared = self.source.rows.get_column("count").to_numpy() > 1
        if not shared.any():
            return made
        made = within_capacity(made, self.usage, self.allowed[:, t], shared & (self.most[:, t] > self.least[:, t]))
        lot, least = self.lots
        rows = np.flatnonzero(shared)
        if lot[rows].any() or least[rows].any():
            starts = starts_of(self.source.rows[rows])
            made[rows] = in_lots(made[rows], lot[rows], least[rows], urgency[rows], starts)
        return made

    def by_week(self, made: Array, early: Array, times: Weeks) -> Array:
        """Return quantities by week (rows by weeks) of those by period, whole lots moved out of overloaded weeks."""
        lot, least = self.lots
        weekly = np.zeros((len(made), len(times.t)))
        bounds_ = times.bounds
        for t in range(made.shape[1]):
            span = slice(bounds_[t], bounds_[t + 1])
            weekly[:, span] = by_week(made[:, t], lot, least, early[:, t], times.work[span])
            if lot.any() and span.stop - span.start > 1:
                allowed = self.allowed[:, t][:, None] * np.where(times.work[span] > 0, times.work[span], _NOTHING)
                weekly[:, span] = lots_moved(weekly[:, span], lot, self.usage, allowed, least <= lot)
        return weekly


def _table(split: Split, made: Array, early: Array, lost: Array, times: Weeks) -> pl.DataFrame:
    """Return the rows of item_plan with anything made or bought, sorted by key."""
    weekly = split.by_week(made, early, times)
    came = arrivals(weekly * split.good[:, None], split.source.numbers("lead_time"), times)
    row, part, quantity = split.taken
    left = stock(split.items, times, (split.item, came), (part, -quantity[:, None] * weekly[row]), lost)
    at, week = np.nonzero(weekly > _NOTHING)
    rows = split.source.rows[at].select("item", "location", route="way")
    lot = split.lots[0][at]
    planned = weekly[at, week]
    lots = pl.Series("lots", np.where(lot > 0, planned / np.where(lot > 0, lot, 1.0), np.nan), nan_to_null=True)
    first = pl.Series("week", times.first, dtype=pl.Date)
    opens = pl.Series("period", [times.first[number] for number in times.bounds[:-1]], dtype=pl.Date)
    rows = rows.with_columns(
        first[week], opens[times.t[week]], pl.Series("quantity", planned), lots, pl.Series("stock", left[split.item[at], week])
    )
    return table("item_plan").conform(rows).sort("route", "item", "week")
