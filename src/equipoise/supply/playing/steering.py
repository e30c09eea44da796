"""The policy: every stock is steered back to where the plan has it, by the ways that the plan uses, knowing only the path so far."""

from dataclasses import dataclass

import numpy as np

from equipoise.supply.assembly import Array, Flags
from equipoise.supply.playing.course import Course, Stage
from equipoise.supply.playing.market import Market
from equipoise.supply.playing.sums import Sums, share
from equipoise.supply.playing.world import World

_SAME = 1e-9
_DEEPEST = 12
_AT_ONCE = 0.5
"""Share of a shipment that must arrive in its own period for it to be sized for that period's demand."""


@dataclass(frozen=True, eq=False)
class Trajectory:
    """Where the plan itself stands: `position` (stock and what is coming) by point, `owed` (late less under way) and `gap` (to be
    shipped) by pool, `kept` (stock at the end) by point and `unmet` by pool; things by periods.
    """

    position: Array
    owed: Array
    gap: Array
    kept: Array
    unmet: Array


def position(world: World, t: int) -> Array:
    """Return stock and all that is coming to each point, before a period's decisions: points by paths."""
    return np.asarray(world.stock + world.pipe[t:].sum(axis=0), np.float64)


def owed(market: Market, t: int) -> Array:
    """Return what is late less what is under way or waiting, before a period's demand: pools by paths."""
    return np.asarray(market.terms.pooled.of(market.late) - market.transit[t:].sum(axis=0) - market.waiting, np.float64)


def gap(market: Market, t: int) -> Array:
    """Return what must still be shipped to serve a period in full: pools by paths."""
    return np.asarray(market.need(t) - market.transit[t] - market.waiting, np.float64)


def trajectory(world: World) -> Trajectory:
    """Return where the plan stands when it meets the demand that it was made for; `world` has that one path, and is played to its end."""
    course = world.course
    places: dict[str, list[Array]] = {"position": [], "owed": [], "gap": [], "kept": [], "unmet": []}
    for t in range(course.horizon):
        places["position"].append(position(world, t))
        places["owed"].append(owed(world.market, t))
        world.decide(t, course.decide[t].planned[:, None])
        places["gap"].append(gap(world.market, t))
        world.serve(t, course.serve[t].planned[:, None])
        places["kept"].append(world.stock)
        market = world.market
        places["unmet"].append(market.terms.pooled.of(market.lost[:, t] + market.backlog[:, t]))
    return Trajectory(**{name: np.concatenate(part, axis=1) for name, part in places.items()})


@dataclass(frozen=True, eq=False)
class Ways:
    """The ways to bring goods to places at a stage. `usual` splits a request of a place among the ways that the plan uses there (the one
    that costs the plan least where it uses none), in units of the way; `ranked` are all ways of each place, the best first, one a rank.
    """

    usual: Sums
    ranked: tuple[Sums, ...]


def ways(stage: Stage, brings: Sums, reduced: Array, wanted: Flags) -> Ways:
    """Return the ways of a stage. `brings` is what each brings to a place, `reduced` the gain of one more unit of each column, `wanted`
    whether a request of a place counts.
    """
    rows, columns, values = brings.rows, brings.columns, brings.values
    good = (values > _SAME) & wanted[rows]
    rows, columns, values = rows[good], columns[good], values[good]
    inflow = stage.planned[columns] * values
    total = np.bincount(rows, inflow, minlength=brings.shape[0])[rows]
    gain = reduced[stage.columns][columns] / values
    order = np.lexsort((columns, -gain, rows))
    rank = np.zeros(len(rows), np.int64)
    first = np.flatnonzero(np.diff(rows[order], prepend=-1))
    rank[order] = np.arange(len(rows)) - np.repeat(first, np.diff(np.append(first, len(rows))))
    part = np.where(total > _SAME, np.divide(inflow, total, out=np.zeros_like(inflow), where=total > 0), rank == 0)
    used = part > 0
    usual = Sums(rows[used], columns[used], (part / values)[used], brings.shape)
    ranked = tuple(
        Sums(rows[rank == k], columns[rank == k], 1.0 / values[rank == k], brings.shape) for k in range(rank.max(initial=-1) + 1)
    )
    return Ways(usual, ranked)


@dataclass(frozen=True, eq=False)
class Steering:
    """The policy of a course, ready to be asked in every period of any world with it."""

    course: Course
    plan: Trajectory
    decide_ways: tuple[Ways, ...]
    serve_ways: tuple[Ways, ...]
    sources: Sums
    quick: tuple[Array, ...]
    tiers: tuple[tuple[Array, ...], ...]

    def wanted(self, world: World, t: int) -> Array:
        """Return what should be made, bought and moved: as planned inside the frozen fence, then what brings every position back."""
        stage = self.course.decide[t]
        planned = np.repeat(stage.planned[:, None], world.paths, axis=1)
        if t < self.course.model.net.calendar.frozen or not len(stage.columns):
            return planned
        missing = self.plan.position[:, t, None] - position(world, t)
        missing += self.sources.of(owed(world.market, t) - self.plan.owed[:, t, None])
        change = np.zeros_like(planned)
        for _ in range(_DEEPEST):
            asked = missing + stage.takes.of(change)
            next_change = np.maximum(self.decide_ways[t].usual.most(asked), -planned)
            if np.array_equal(next_change, change):
                break
            change = next_change
        return self._in_lots(stage, planned + change)

    def _in_lots(self, stage: Stage, flows: Array) -> Array:
        """Return the flows rounded to whole lots where they are not as planned."""
        if not (stage.lots.any() or stage.least.any()):
            return flows
        lot, least = stage.lots[:, None], stage.least[:, None]
        whole = np.where(lot > 0, np.round(flows / np.where(lot > 0, lot, 1.0)) * lot, flows)
        whole = np.where(whole < least, np.where(whole >= least / 2, least, 0.0), whole)
        return np.where(np.abs(flows - stage.planned[:, None]) <= _SAME, flows, whole)

    def shipped(self, world: World, t: int) -> Array:
        """Return what should be shipped: as planned, changed by how much more or less is needed than planned."""
        stage, market, usual = self.course.serve[t], world.market, self.serve_ways[t].usual
        planned = np.repeat(stage.planned[:, None], world.paths, axis=1)
        need = gap(market, t)
        change = need - self.plan.gap[:, t, None]
        fall = np.minimum(change + self.plan.unmet[:, t, None], 0.0)
        change = np.where(change < 0, fall, change)
        slow = owed(market, t) - self.plan.owed[:, t, None] + market.terms.pooled.of(market.demand[:, t]) - self._demand(market, t)
        quick = self.quick[t][:, None]
        change = np.where(quick >= _AT_ONCE, change / np.maximum(quick, _AT_ONCE), slow)
        flows = np.maximum(planned + usual.most(change), 0.0)
        return self._elsewhere(world, stage, t, flows)

    def _demand(self, market: Market, t: int) -> Array:
        rows = self.course.model.demand.get_column("quantity").to_numpy().reshape(-1, self.course.horizon)
        return market.terms.pooled.one(rows[:, t])[:, None]

    def _elsewhere(self, world: World, stage: Stage, t: int, flows: Array) -> Array:
        """Return the flows as stock allows, in proportion; what is short then comes from other stocks, the best way first."""
        out = stage.takes.of(flows)
        short = out > world.stock + _SAME
        if not short.any():
            return flows
        kept, left = np.zeros_like(flows), world.stock
        for first in self.tiers[t]:
            mine = flows * first[:, None]
            out = stage.takes.of(mine)
            mine = mine * stage.takes.least(np.where(out > left, share(left, out), 1.0))
            kept = kept + mine
            left = np.clip(left - stage.takes.of(mine), 0.0, None)
        missing = stage.brings_all.of(flows - kept)
        for way in self.serve_ways[t].ranked:
            more = way.most(missing)
            out = stage.takes.of(more)
            more = more * stage.takes.least(np.where(out > left, share(left, out), 1.0))
            kept = kept + more
            left = np.clip(left - stage.takes.of(more), 0.0, None)
            missing = np.clip(missing - stage.brings_all.of(more), 0.0, None)
        return kept


def steering(course: Course, plan: Trajectory) -> Steering:
    """Return the policy of a course whose plan stands where `plan` says."""
    horizon = course.horizon
    pools, points = course.model.pools.pools.height, course.model.net.points.height
    every = np.ones(pools, np.bool_)
    return Steering(
        course=course,
        plan=plan,
        decide_ways=tuple(
            ways(course.decide[t], course.decide[t].brings_all, course.reduced, course.worth[:, t] > _SAME) for t in range(horizon)
        ),
        serve_ways=tuple(ways(course.serve[t], course.serve[t].brings_all, course.reduced, every) for t in range(horizon)),
        sources=_sources(course, (points, pools)),
        quick=tuple(_quick(course.serve[t]) for t in range(horizon)),
        tiers=tuple(_tiers(course, t) for t in range(horizon)),
    )


def _quick(stage: Stage) -> Array:
    """Return the share of a shipment to each pool that arrives in its own period, by the slowest way."""
    out = np.full(stage.brings_all.shape[0], 1.0)
    now = np.zeros(len(stage.columns))
    now[stage.brings_now.columns] = stage.brings_now.values
    np.minimum.at(out, stage.brings_all.rows, now[stage.brings_all.columns])
    return out


def _tiers(course: Course, t: int) -> tuple[Array, ...]:
    """Return, tier by tier, 1 for the shipments that go then where stock is short: first to demand that would be lost, then to the rest."""
    stage, allowed = course.serve[t], course.model.pools.pool.get_column("backlog_allowed").to_numpy()
    late = np.zeros(len(stage.columns))
    late[stage.brings_all.columns] = allowed.reshape(-1, course.horizon)[stage.brings_all.rows, t]
    return 1.0 - late, late


def _sources(course: Course, shape: tuple[int, int]) -> Sums:
    """Return the share of each pool that each point serves over the horizon: points by pools."""
    total = np.zeros(shape)
    used = np.zeros(shape)
    for stage in course.serve:
        point = np.zeros(len(stage.columns), np.int64)
        point[stage.takes.columns] = stage.takes.rows
        np.add.at(total, (point[stage.brings_all.columns], stage.brings_all.rows), stage.planned[stage.brings_all.columns])
        np.maximum.at(used, (point[stage.brings_all.columns], stage.brings_all.rows), 1.0)
    total = np.where(total.sum(axis=0) > _SAME, total, used)
    part = np.divide(total, total.sum(axis=0), out=np.zeros(shape), where=total.sum(axis=0) > 0)
    points, pools = np.nonzero(part)
    return Sums(points, pools, part[points, pools], shape)
