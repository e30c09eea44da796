"""What flows may be at most and at least while a plan is played: limits of suppliers, lanes and groups, firm plans, and time."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from equipoise.supply.assembly import Array, Problem
from equipoise.supply.playing.resources import Resources
from equipoise.supply.playing.sums import Index, Sums, share

RULES = frozenset(
    {"component_source", "purchase_limit", "lane_limit", "group_limit", "firm_production", "firm_purchase", "firm_transfer", "frozen"}
)
"""Equations whose rows hold while a plan is played, where they sum flows alone."""
_SLACK = 1e-9


@dataclass(frozen=True, eq=False)
class Limits:
    """The limits of a stage: `sums` is limits by columns, `machine` the resource that a limit is the time of, or -1.

    `upper` and `lower` hold for the whole limit; `after` is what the plan does of it in later stages. Those that span several stages have
    a `slot` where what was done so far is added up; the rest have -1. `easy` is
    `upper` without overtime beyond the plan's.
    """

    sums: Sums
    machine: Index
    upper: Array
    lower: Array
    after: Array
    slot: Index
    easy: Array

    def kept(self, base: Array, wanted: Array, done: Array, lost: Array, besides: Array, overtime: Array | None = None) -> Array:
        """Return what is done of what is wanted (columns by paths): what exceeds `base` gives way in proportion where limits are short.

        `done` is by slot, `lost` the share of its time that a resource loses, `besides` what its set-ups take, by resource and path. With
        `overtime`, by resource and path, no more than that is worked beyond the plan's, and `base` is kept whatever it takes; without, the
        limits are held, and `base` gives way too.
        """
        if not self.sums:
            return wanted
        upper = self._upper(done, lost, besides, overtime)
        less, more = np.maximum(base - wanted, 0.0), np.maximum(wanted - base, 0.0)
        fall = self.sums.of(less)
        missing = self._left(self.lower, done) - self.sums.of(np.broadcast_to(base, wanted.shape)) + fall
        below = missing > _SLACK
        if below.any():
            less = less * self.sums.least(np.where(below, share(np.clip(fall - missing, 0.0, None), fall), 1.0))
        low = base - less
        rise, load = self.sums.of(more), self.sums.of(low)
        over = load + rise > upper + _SLACK * (1.0 + np.abs(upper))
        if not over.any():
            return np.asarray(low + more, np.float64)
        flows = low + more * self.sums.least(np.where(over, share(np.clip(upper - load, 0.0, None), rise), 1.0))
        load = self.sums.of(flows)
        over = load > upper + _SLACK * (1.0 + np.abs(upper))
        if overtime is not None or not over.any():
            return np.asarray(flows, np.float64)
        return flows * self.sums.least(np.where(over, share(np.clip(upper, 0.0, None), load), 1.0))

    def _upper(self, done: Array, lost: Array, besides: Array, overtime: Array | None) -> Array:
        """Return what is left of each limit, by path."""
        timed = self.machine >= 0
        machine = self.machine[timed]
        upper = self._left(self.upper, done)
        if overtime is not None:
            upper[timed] = np.minimum(upper[timed], self._left(self.easy, done)[timed] + overtime[machine])
        with np.errstate(invalid="ignore"):
            upper[timed] = np.where(lost[machine] < 1, upper[timed] * (1.0 - lost[machine]) - besides[machine], 0.0)
        return upper

    def record(self, flows: Array, done: Array) -> None:
        """Add what was done to `done`, slots by paths."""
        spans = self.slot >= 0
        if spans.any():
            np.add.at(done, self.slot[spans], self.sums.of(flows)[spans])

    def _left(self, bound: Array, done: Array) -> Array:
        left = np.repeat((bound - self.after)[:, None], done.shape[1], axis=1)
        spans = self.slot >= 0
        left[spans] -= done[self.slot[spans]]
        return left


@dataclass(frozen=True, eq=False)
class Rooms:
    """The limits of every stage, and how many of them span several stages."""

    decide: tuple[Limits, ...]
    serve: tuple[Limits, ...]
    slots: int


def rooms(problem: Problem, values: Array, machines: Resources, stages: tuple[Sequence[Index], Sequence[Index]]) -> Rooms:
    """Return the limits of the plan `values` (by column) for its stages: the columns decided, and those shipped, in each period.

    A limit that the plan itself breaks is as wide as the plan needs it.
    """
    rows, columns, coefficients, lower, upper = _limits(problem, stages)
    timed, machine = _time(problem, machines, len(lower))
    rows, columns, coefficients = (np.concatenate(pair) for pair in zip((rows, columns, coefficients), timed, strict=True))
    worked = machines.capacity + machines.extra - machines.stored
    lower, upper = np.concatenate([lower, np.full(worked.size, -np.inf)]), np.concatenate([upper, worked.reshape(-1)])
    machine = np.concatenate([np.full(len(lower) - worked.size, -1), machine])
    planned_time = machines.capacity + machines.overtime - machines.stored
    easy = np.concatenate([upper[: len(upper) - worked.size], planned_time.reshape(-1)])
    order = [part for pair in zip(*stages, strict=True) for part in pair]
    stage_of = np.full(problem.columns, -1)
    for number, part in enumerate(order):
        stage_of[part] = number
    at = stage_of[columns]
    planned = coefficients * values[columns]
    total = np.bincount(rows, planned, minlength=len(lower))
    lower, upper, easy = np.minimum(lower, total), np.maximum(upper, total), np.maximum(easy, total)
    pairs = np.unique(np.stack([rows, at]), axis=1)
    counts = np.bincount(pairs[0], minlength=len(lower))
    slot = np.where(counts > 1, np.cumsum(counts > 1) - 1, -1)
    made, before = [], np.zeros(len(lower))
    for number, part in enumerate(order):
        mine = at == number
        before += np.bincount(rows[mine], planned[mine], minlength=len(lower))
        after = np.where(counts > 1, total - before, 0.0)
        ids = np.unique(rows[mine])
        place = np.full(problem.columns, -1)
        place[part] = np.arange(len(part))
        sums = Sums(np.searchsorted(ids, rows[mine]), place[columns[mine]], coefficients[mine], (len(ids), len(part)))
        made.append(Limits(sums, machine[ids], upper[ids], lower[ids], after[ids], slot[ids], easy[ids]))
    return Rooms(tuple(made[0::2]), tuple(made[1::2]), int((counts > 1).sum()))


_Entries = tuple[Index, Index, Array]


def _limits(problem: Problem, stages: tuple[Sequence[Index], Sequence[Index]]) -> tuple[Index, Index, Array, Array, Array]:
    """Return the rows that sum flows alone, renumbered: row, column and coefficient of every entry, lower and upper of every row."""
    chosen = np.zeros(problem.rows, np.bool_)
    for block in problem.blocks:
        if block.rule.name in RULES:
            chosen[block.start : block.stop] = True
    columns = np.repeat(np.arange(problem.columns), np.diff(problem.starts))
    flow = np.zeros(problem.columns, np.bool_)
    for part in (*stages[0], *stages[1]):
        flow[part] = True
    chosen[problem.index[~flow[columns]]] = False
    number = np.cumsum(chosen) - 1
    kept = chosen[problem.index]
    rows = number[problem.index[kept]].astype(np.int64)
    return rows, columns[kept], problem.values[kept], problem.row_lower[chosen], problem.row_upper[chosen]


def _time(problem: Problem, machines: Resources, first: int) -> tuple[_Entries, npt.NDArray[np.int64]]:
    """Return the entries of the limits of time, a row for every resource and period from `first` on, and the resource of each row."""
    horizon, flows = problem.model.horizon, ("make", "buy", "move", "ship")
    flow = pl.concat([problem.model[family].select("column") for family in flows])
    load = machines.load.filter(pl.col("activity") != "store").join(flow, on="column", how="semi", maintain_order="left")
    rows = load.get_column("number").to_numpy() * horizon + load.get_column("t").to_numpy() + first
    machine = np.repeat(np.arange(machines.capacity.shape[0]), horizon)
    return (rows.astype(np.int64), load.get_column("column").to_numpy().astype(np.int64), load.get_column("load").to_numpy()), machine
