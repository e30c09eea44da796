"""The yardstick: the rest of the horizon is solved again in every period of every path, knowing only the path so far."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from equipoise.supply.assembly import Array, Flags, Problem, limit_rows
from equipoise.supply.formulation.equation import Grade
from equipoise.supply.playing.course import DECIDED
from equipoise.supply.playing.disturbance import Disturbed, upsets
from equipoise.supply.playing.game import Game, answer, game, together
from equipoise.supply.playing.sums import Index
from equipoise.supply.playing.world import World
from equipoise.supply.session import Session, Solved
from equipoise.supply.solving.engine import Arrays, Basis, Engine, arrays_of
from equipoise.supply.solving.solve import cost_scale

_KEPT = ("workers", "hire", "layoff", "open", "opening", "closing", "step", "maintain")
_STATE = ("ship", "stock", "scrap", "backlog", "lost", "shortfall", "excess", "regular", "overtime", "setup", "order", "use", "loads")
_BREAKS = {Grade.PHYSICS: 4.0, Grade.TARGET: 2.0, Grade.SERVICE: 8.0, Grade.AGREEMENT: 32.0, Grade.CAPACITY: 128.0}
"""Price of a unit by which a rule gives way, in values of the dearest item: what has happened may leave no plan that obeys them all."""


def roll(tables: Mapping[str, pl.DataFrame], demand: Array, disturbed: Disturbed, *, session: Session) -> dict[str, Array]:
    """Return the same as `play`, where each period is decided by solving the rest of the horizon again.

    Known are demand and disturbances of the periods before; the rest is expected to be as planned. What was done is fixed; inside the
    frozen fence the plan is carried out. The workforce, lines, sites and steps of capacity stay as planned. All disturbances are met, none
    is foreseen. Where what has happened leaves no plan that obeys all rules, they give way at high prices. A solve for every path and
    period: meant for a few dozen paths. Raises as `play` does.
    """
    solved = session.solved(tables)
    ready = game(solved)
    paths = ready.checked(demand)
    hit = upsets(ready.course.model, disturbed, len(paths))
    solver = _resolver(solved, ready)
    if not len(paths):
        return answer(ready.world(paths, hit))
    return together([answer(solver.played(ready.world(paths[at : at + 1], hit.of(at, at + 1)))) for at in range(len(paths))])


@dataclass(frozen=True, eq=False)
class _Resolver:
    """One engine for all paths. `base` is the model as it is handed over, `start` its basis, `last` the last period in each row.

    `state` are, by period, the columns of what has happened when it is over; `stock_rows` and `demand_rows` the first rows of the balances.
    """

    ready: Game
    problem: Problem
    base: Arrays
    engine: Engine
    start: Basis | None
    last: Index
    state: tuple[Index, ...]
    stock_rows: int
    demand_rows: int

    def played(self, world: World) -> World:
        """Play a world of one path to its end."""
        course, engine, every = self.ready.course, self.engine, np.arange(len(self.base.gain))
        engine.column_bounds(every, self.base.lower, self.base.upper)
        if self.start is not None:
            engine.start_from(self.start)
        past, values = np.zeros(self.problem.columns), course.values
        for t in range(course.horizon):
            decided = course.decide[t].columns
            done = world.decide(t, values[decided][:, None])[:, 0]
            past[decided] = done
            engine.column_bounds(decided, done, done)
            if t:
                before = self.state[t - 1]
                engine.column_bounds(before, past[before], past[before])
            self._bound(world, t, past)
            values = self._solved(values)
            shipped = course.serve[t].columns
            past[shipped] = world.serve(t, values[shipped][:, None])[:, 0]
        return world

    def _solved(self, before: Array) -> Array:
        """Return the plan of the rest by column; that of the period before where HiGHS finds none."""
        if self.engine.run() not in {"optimal", "time limit"}:
            return before
        return np.clip(self.engine.values()[: self.problem.columns], 0.0, None)

    def _bound(self, world: World, t: int, past: Array) -> None:
        """Set the rows to what is there in period `t`, when its decisions are taken and its demand is known."""
        course, market = self.ready.course, world.market
        low, high = self.base.row_lower.copy(), self.base.row_upper.copy()
        gone = self.last < t
        low[gone], high[gone] = -np.inf, np.inf
        fixed = self.problem.sums(past)
        horizon = course.horizon
        points, pools = world.stock.shape[0], market.waiting.shape[0]
        there = np.zeros((points, horizon))
        there[:, t] = world.stock[:, 0]
        there[:, t + 1 :] = world.pipe[t + 1 : horizon, :, 0].T
        stock = (self.stock_rows + np.arange(points)[:, None] * horizon + np.arange(t, horizon)).reshape(-1)
        low[stock] = high[stock] = fixed[stock] - there[:, t:].reshape(-1)
        planned = self.problem.model.pools.pool.get_column("quantity").to_numpy().reshape(pools, horizon)[:, t:].copy()
        planned[:, 0] = market.need(t)[:, 0] - market.waiting[:, 0]
        need = np.clip(planned - market.transit[t:horizon, :, 0].T, 0.0, None)
        rows = (self.demand_rows + np.arange(pools)[:, None] * horizon + np.arange(t, horizon)).reshape(-1)
        low[rows] = high[rows] = fixed[rows] + need.reshape(-1)
        self.engine.row_bounds(np.arange(len(low)), low, high)


def _resolver(solved: Solved, ready: Game) -> _Resolver:
    problem, model = solved.problem, solved.problem.model
    arrays = _frozen(problem, ready)
    wide, extra = _breakable(problem, arrays)
    setting = model.net.setting.supply
    engine = Engine(wide, cost_scale(problem), setting.relative_gap, setting.time_limit)
    basis = solved.answer.basis
    start = None if basis is None or arrays.whole.any() else Basis(np.concatenate([basis.columns, np.zeros(extra, np.int8)]), basis.rows)
    when = np.full(problem.columns, -1, np.int64)
    for frame in model.unknowns.values():
        if "t" in frame.columns and frame.height:
            when[frame.get_column("column").to_numpy()] = frame.get_column("t").to_numpy()
    last = np.full(problem.rows, -1, np.int64)
    np.maximum.at(last, problem.index, np.repeat(when, np.diff(problem.starts)))
    happened = np.zeros(problem.columns, np.bool_)
    for family in _STATE:
        happened[model[family].get_column("column").to_numpy()] = True
    state = tuple(np.flatnonzero(happened & (when == t)) for t in range(model.horizon))
    first = {block.rule.name: block.start for block in problem.blocks}
    rows = first.get("stock_balance", 0), first.get("demand_balance", 0)
    return _Resolver(ready, problem, wide, engine, start, last, state, *rows)


def _frozen(problem: Problem, ready: Game) -> Arrays:
    """Return the arrays with what stays as planned fixed, and rows that the plan breaks as wide as it needs them."""
    model, values = problem.model, ready.course.values
    arrays = arrays_of(problem)
    kept = np.zeros(problem.columns, np.bool_)
    for family in (*_KEPT, *DECIDED):
        frame = model[family]
        fence = frame.filter(pl.col("t") < model.net.calendar.frozen) if family in DECIDED else frame
        kept[fence.get_column("column").to_numpy()] = True
    activity = problem.sums(values)
    return replace(
        arrays,
        lower=np.where(kept, values, arrays.lower),
        upper=np.where(kept, values, arrays.upper),
        row_lower=np.minimum(arrays.row_lower, activity),
        row_upper=np.maximum(arrays.row_upper, activity),
    )


def _soft(problem: Problem) -> Index:
    """Return the rows that give way by themselves, at a price of the tables."""
    soft = np.zeros(problem.columns, np.bool_)
    for family in ("shortfall", "excess"):
        soft[problem.model[family].get_column("column").to_numpy()] = True
    return np.unique(problem.index[soft[np.repeat(np.arange(problem.columns), np.diff(problem.starts))]]).astype(np.int64)


def _breakable(problem: Problem, arrays: Arrays) -> tuple[Arrays, int]:
    """Return the arrays with columns that let rules give way, demand that may be neither late nor lost among them, and how many.

    Limits of what is done need none from above: less can always be done.
    """
    gives: Flags = limit_rows(problem)
    for block in problem.blocks:
        if block.rule.name == "demand_balance":
            gives[block.start : block.stop] = True
    demand = gives & (problem.grade == Grade.PHYSICS)
    gives[_soft(problem)] = False
    service = demand | (problem.grade == Grade.SERVICE) | (problem.grade == Grade.TARGET)
    under = np.flatnonzero(gives & np.isfinite(arrays.row_lower))
    over = np.flatnonzero(gives & service & ~demand & np.isfinite(arrays.row_upper))
    rows = np.concatenate([under, over])
    dearest = max(problem.model.prices.value.values(), default=1.0)
    price = np.array([_BREAKS[Grade(grade)] for grade in problem.grade[rows]]) * problem.weight[rows] * dearest
    extra = len(rows)
    wide = Arrays(
        np.concatenate([arrays.gain, -price]),
        np.concatenate([arrays.lower, np.zeros(extra)]),
        np.concatenate([arrays.upper, np.full(extra, np.inf)]),
        arrays.row_lower,
        arrays.row_upper,
        np.concatenate([arrays.starts, arrays.starts[-1] + np.arange(1, extra + 1)]).astype(np.int32),
        np.concatenate([arrays.index, rows]).astype(np.int32),
        np.concatenate([arrays.values, np.repeat([1.0, -1.0], [len(under), len(over)])]),
        np.concatenate([arrays.whole, np.zeros(extra, np.bool_)]),
        arrays.chained,
    )
    return wide, extra
