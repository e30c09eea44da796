"""Service by market priority: the markets of the best priority are served as fully as can be, then those of the next, and so on.

One solve a rank, each on the optimal face of the ranks before it, and cost last (preemptive goal programming: Ignizio, Goal Programming
and Extensions, 1976; Sherali and Soyster, Preemptive and nonpreemptive multi-objective programming, 1983). No sum of lower ranks, however
large, outweighs a unit of a better one.
"""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import polars as pl

from equipoise.supply.assembly import Array, Flags, Problem
from equipoise.supply.solving.engine import Arrays, Engine, Status, fixed

_TIED = 1e-6
"""Reduced gain, as handed over, from which a column or row is held where it is: ten times the tolerance of HiGHS."""
_DEAREST = 1e7
"""Largest price of a unit of a rank, as handed over, that HiGHS still tells from the costs."""
_NOTHING = 1e-7
_FOUND: tuple[Status, ...] = ("optimal", "time limit")


def by_priority(engine: Engine, problem: Problem) -> tuple[Engine, Status, float | None]:
    """Return an engine that stands at the plan which serves markets by priority, its status, and, where columns come whole, the bound.

    `engine` has the problem (columns and rows may follow those of the problem) and need not have run. Without at least two ranks of
    markets it is only run. The engine returned is the same one, with prices of service that hold the order, so that its duals and basis
    mean what they always do; where columns come whole it is another one, in which they are fixed. The bound is that of the cost at the
    service reached, without the problem's offset. A status other than optimal or time limit means that there is no plan.
    """
    arrays, setting = engine.arrays, problem.model.net.setting.supply
    weights = service_weights(problem, len(arrays.gain))
    if not arrays.whole.any():
        return engine, _in_order(engine, weights, setting.time_limit), None
    whole, limits = _with_rows(arrays, weights), np.arange(len(arrays.row_lower), len(arrays.row_lower) + len(weights))
    finder = Engine(whole, engine.scale, setting.relative_gap, setting.time_limit)
    statuses = []
    for row, weight in zip(limits, weights, strict=True):
        finder.gains(np.arange(len(weight)), -weight / engine.scale)
        statuses.append(finder.run())
        if statuses[-1] not in _FOUND:
            return engine, statuses[-1], None
        least = float(weight @ finder.values())
        finder.row_bounds(np.array([row]), np.array([-np.inf]), np.array([least + 1e-6 * max(1.0, least)]))
    finder.gains(np.arange(len(arrays.gain)), arrays.gain)
    statuses.append(finder.run())
    if statuses[-1] not in _FOUND:
        return engine, statuses[-1], None
    last = Engine(fixed(arrays, finder.values()), engine.scale, setting.relative_gap, setting.time_limit)
    status = _in_order(last, weights, setting.time_limit)
    return last, "time limit" if status == "optimal" and "time limit" in statuses else status, finder.bound()


def service_weights(problem: Problem, columns: int) -> list[Array]:
    """Return, for every rank of markets from the best, the weight of each of `columns` columns in the service that it misses.

    A unit late for a period counts as its item's value over the average value; a unit never served as one late for longer than the whole
    horizon. Markets without a priority come last. Empty where there are fewer than two ranks, or the objective is not service.
    """
    model = problem.model
    if model.net.setting.supply.objective != "service":
        return []
    ranks = model.net.demands.select("demand", "priority").join(model.pools.members, on="demand", maintain_order="left")
    ranks = ranks.group_by("pool", maintain_order=True).agg(pl.col("priority").min())
    known = ranks.get_column("priority").unique().sort(nulls_last=True).to_list()
    if len(known) < 2:
        return []
    value = pl.col("item").replace_strict(model.prices.value, default=model.prices.scale, return_dtype=pl.Float64) / model.prices.scale
    never = model.horizon + 1.0
    periods = pl.when(pl.col("t") == model.horizon - 1).then(never).otherwise(1.0)
    rows = pl.concat(
        [
            model["backlog"].select("pool", "column", (value * periods).alias("weight")),
            model["lost"].select("pool", "column", (value * never).alias("weight")),
        ]
    ).join(ranks, on="pool", maintain_order="left")
    weights = []
    for rank in known:
        mine = rows.filter(pl.col("priority").eq_missing(rank))
        weight = np.zeros(columns)
        weight[mine.get_column("column").to_numpy()] = mine.get_column("weight").to_numpy()
        weights.append(weight)
    return weights


@dataclass(frozen=True, eq=False)
class _Held:
    """What a stage holds where it is: a flag, a reduced gain (as handed over) and a value of every column, and of every row."""

    columns: Flags
    rows: Flags
    reduced: Array
    dual: Array
    values: Array
    activities: Array
    least: float


def _in_order(engine: Engine, weights: list[Array], limit: float) -> Status:
    """Solve a linear model for its gains, then rank by rank where it misses any; leave it with prices of service that hold the order.

    Each rank has an engine of its own that starts cold: with what is held, presolve leaves little, and a last basis would hinder it.
    """
    arrays = engine.arrays
    status = engine.run()
    if status != "optimal" or all(float(weight @ engine.values()) <= _NOTHING for weight in weights):
        return status
    values, held = engine.values(), arrays
    stages: list[_Held] = []
    for weight in weights:
        if float(weight @ values) > _NOTHING:
            finder = Engine(replace(held, gain=-weight / engine.scale), engine.scale, 0.0, limit, "simplex")
            status = finder.run()
            if status != "optimal":
                return status
            values = finder.values()
            stages.append(_hold(finder, weight, stages))
        else:
            stages.append(_served(engine, weight, values))
        held = _bound(held, stages[-1])
    finder = Engine(held, engine.scale, 0.0, limit, "simplex")
    status = finder.run()
    if status != "optimal":
        return status
    engine.start_from(finder.basis())
    every = np.arange(len(arrays.gain))
    priced = _priced(finder, weights, stages)
    if priced is not None:
        engine.gains(every, priced)
        if engine.run() == "optimal" and _kept(engine, weights, stages):
            return "optimal"
    engine.gains(every, arrays.gain)
    engine.column_bounds(every, held.lower, held.upper)
    engine.row_bounds(np.arange(len(arrays.row_lower)), held.row_lower, held.row_upper)
    return engine.run()


def _hold(engine: Engine, weight: Array, before: list[_Held]) -> _Held:
    """Return every column and row that any worse plan for this rank would have to move."""
    reduced, dual = engine.reduced_gains() * engine.scale, engine.duals() * engine.scale
    columns, rows = np.abs(reduced) > _TIED, np.abs(dual) > _TIED
    for stage in before:
        columns, rows = columns & ~stage.columns, rows & ~stage.rows
    values = engine.values()
    return _Held(columns, rows, reduced, dual, values, engine.activities(), float(weight @ values))


def _served(engine: Engine, weight: Array, values: Array) -> _Held:
    """Return what to hold for a rank that misses nothing, which no solve can better: its late and lost demand, at nothing."""
    rows = np.zeros(len(engine.arrays.row_lower))
    return _Held(weight > 0, rows > 0, -weight, rows, np.where(weight > 0, 0.0, values), rows, 0.0)


def _bound(arrays: Arrays, held: _Held) -> Arrays:
    """Return the arrays with what a stage holds bound to where it is."""
    return replace(
        arrays,
        lower=np.where(held.columns, held.values, arrays.lower),
        upper=np.where(held.columns, held.values, arrays.upper),
        row_lower=np.where(held.rows, held.activities, arrays.row_lower),
        row_upper=np.where(held.rows, held.activities, arrays.row_upper),
    )


def _priced(engine: Engine, weights: list[Array], stages: list[_Held]) -> Array | None:
    """Return gains with a price of each rank's service at which the plan found is the best without holding anything.

    From the last rank to the first, each price outweighs what any column or row held for its rank would gain by all that comes after it.
    None where that takes a price too large to be told from the costs.
    """
    reduced, dual = engine.reduced_gains() * engine.scale, engine.duals() * engine.scale
    gains = engine.arrays.gain
    for weight, stage in zip(reversed(weights), reversed(stages), strict=True):
        price = 1.5 * max(_outweighs(stage.columns, stage.reduced, reduced), _outweighs(stage.rows, stage.dual, dual))
        if price > _DEAREST:
            return None
        reduced, dual = reduced + price * stage.reduced, dual + price * stage.dual
        gains = gains - price * weight / engine.scale
    return gains


def _outweighs(held: Flags, own: Array, later: Array) -> float:
    """Return the least price of `own` gains at which none of what is held gains by moving."""
    ratio: npt.NDArray[np.float64] = -np.sign(own[held]) * later[held] / np.abs(own[held])
    return float(max(ratio.max(initial=0.0), 0.0))


def _kept(engine: Engine, weights: list[Array], stages: list[_Held]) -> bool:
    values = engine.values()
    return all(float(weight @ values) <= stage.least + 1e-6 * max(1.0, stage.least) for weight, stage in zip(weights, stages, strict=True))


def _with_rows(arrays: Arrays, weights: list[Array]) -> Arrays:
    """Return the arrays with a row more for each rank: what it misses, without a limit yet."""
    rows = len(arrays.row_lower)
    column = [np.repeat(np.arange(len(arrays.gain)), np.diff(arrays.starts)), *(np.flatnonzero(weight) for weight in weights)]
    index = [arrays.index, *(np.full(np.count_nonzero(weight), rows + rank) for rank, weight in enumerate(weights))]
    values = [arrays.values, *(weight[weight != 0] for weight in weights)]
    order = np.argsort(np.concatenate(column), kind="stable")
    counts = np.bincount(np.concatenate(column), minlength=len(arrays.gain))
    return replace(
        arrays,
        row_lower=np.concatenate([arrays.row_lower, np.full(len(weights), -np.inf)]),
        row_upper=np.concatenate([arrays.row_upper, np.full(len(weights), np.inf)]),
        starts=np.concatenate([[0], np.cumsum(counts)]).astype(np.int32),
        index=np.concatenate(index)[order].astype(np.int32),
        values=np.concatenate(values)[order],
    )
