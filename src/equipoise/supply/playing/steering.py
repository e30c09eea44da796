"""The policy: every stock is steered back to where the plan has it, by the ways that the plan uses, knowing only the path so far."""

from dataclasses import dataclass

import numpy as np

from equipoise.supply.assembly import Array
from equipoise.supply.playing.course import Course, Stage
from equipoise.supply.playing.market import Market
from equipoise.supply.playing.sums import Sums, share
from equipoise.supply.playing.ways import Ways, prices_lost, quick, sources, tiers, ways
from equipoise.supply.playing.world import World

_SAME = 1e-9
_DEEPEST = 12
_HELD = 0.5
"""Share of the planned stock that must be left at the end of a period for what is missing to be no matter of urgency."""
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
class Steering:
    """The policy of a course, ready to be asked in every period of any world with it. `spare` is what the plan keeps beyond its targets
    from a period to the end, points by periods: it need not be replaced.
    """

    course: Course
    plan: Trajectory
    decide_ways: tuple[Ways, ...]
    serve_ways: tuple[Ways, ...]
    sources: Sums
    quick: tuple[Array, ...]
    tiers: tuple[tuple[Array, ...], ...]
    spare: Array

    def wanted(self, world: World, t: int) -> Array:
        """Return what should be made, bought and moved: as planned inside the frozen fence, then what brings every position back."""
        stage = self.course.decide[t]
        planned = np.repeat(stage.planned[:, None], world.paths, axis=1)
        if t < self.course.model.net.calendar.frozen or not len(stage.columns):
            return planned
        missing = self.plan.position[:, t, None] - position(world, t)
        missing += self.sources.of(owed(world.market, t) - self.plan.owed[:, t, None])
        missing = np.where(missing > 0, np.clip(missing - self.spare[:, t, None], 0.0, None), missing)
        usual, able = self.decide_ways[t].usual, self.decide_ways[t].able
        full = planned + _exploded(usual, stage, planned, missing)
        urgent = planned + _exploded(able, stage, planned, missing - _HELD * self.plan.kept[:, t, None])
        flows = self._affordable(world, stage, urgent, full)
        flows = planned + _exploded(able, stage, planned, missing, flows - planned)
        return self._in_lots(stage, self._otherwise(world, stage, flows, urgent))

    def _affordable(self, world: World, stage: Stage, urgent: Array, full: Array) -> Array:
        """Return the flows of `full` as far as limits and regular time allow, with overtime beyond the plan's only for what is urgent."""
        machines, t = self.course.resources, stage.t
        nothing = np.zeros((len(machines.capacity), world.paths))
        follow, ships = self.course.follow[t], np.repeat(self.course.serve[t].planned[:, None], world.paths, axis=1)
        besides = follow.load.of(follow.values(np.concatenate([full, ships]))) if follow.load else nothing
        first = stage.limits.kept(np.minimum(stage.planned[:, None], urgent), urgent, world.done, nothing, besides)
        return stage.limits.kept(first, np.maximum(full, first), world.done, nothing, besides, nothing)

    def _otherwise(self, world: World, stage: Stage, flows: Array, urgent: Array) -> Array:
        """Return the flows with what is urgent, and not affordable by the usual ways, brought by others that pay: the best first."""
        missing = np.clip(stage.brings_all.of(urgent - flows), 0.0, None)
        nothing = np.zeros((len(self.course.resources.capacity), world.paths))
        for way in self.decide_ways[stage.t].ranked:
            if not (missing > _SAME).any():
                break
            more = stage.limits.kept(flows, flows + way.most(missing), world.done, nothing, nothing, nothing)
            missing = np.clip(missing - stage.brings_all.of(more - flows), 0.0, None)
            flows = more
        return flows

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
        stage, market, usual = self.course.serve[t], world.market, self.serve_ways[t].able
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


def _exploded(ways: Sums, stage: Stage, planned: Array, missing: Array, most: Array | None = None) -> Array:
    """Return the change of each flow (columns by paths) that brings what is missing, and the components that it takes in turn.

    `ways` splits what is asked of a place among its ways; no change is above `most`.
    """
    change = np.zeros_like(planned)
    for _ in range(_DEEPEST):
        asked = missing + stage.takes.of(change)
        next_change = np.maximum(ways.most(asked), -planned)
        if most is not None:
            next_change = np.minimum(next_change, most)
        if np.array_equal(next_change, change):
            break
        change = next_change
    return change


def steering(course: Course, plan: Trajectory, level: Array) -> Steering:
    """Return the policy of a course whose plan stands where `plan` says; `level` is the target stock, points by periods."""
    horizon = course.horizon
    pools, points = course.model.pools.pools.height, course.model.net.points.height
    every, any_cost, prices = np.ones(pools, np.bool_), np.full(pools, np.inf), prices_lost(course)
    return Steering(
        course=course,
        plan=plan,
        decide_ways=tuple(
            ways(course.decide[t], course.reduced, course.worth[:, t] > _SAME, prices - course.worth[:, t]) for t in range(horizon)
        ),
        serve_ways=tuple(ways(course.serve[t], course.reduced, every, any_cost) for t in range(horizon)),
        sources=sources(course, (points, pools)),
        quick=tuple(quick(course.serve[t]) for t in range(horizon)),
        tiers=tuple(tiers(course, t) for t in range(horizon)),
        spare=np.minimum.accumulate(np.clip(plan.kept - level, 0.0, None)[:, ::-1], axis=1)[:, ::-1],
    )
