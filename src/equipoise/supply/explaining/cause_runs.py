"""The runs behind the causes: what of each gap stays without limits and why, and what the limits add."""

from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from equipoise.supply.assembly import Array, Problem
from equipoise.supply.explaining.cause_gaps import Gaps
from equipoise.supply.explaining.cause_limits import Limits, limits_of, path_to
from equipoise.supply.explaining.cause_path import walk
from equipoise.supply.formulation.equation import Grade
from equipoise.supply.solving.answer import Answer
from equipoise.supply.solving.engine import Arrays, Engine, Method, arrays_of, method_for
from equipoise.supply.solving.solve import cost_scale

_NOTHING = 1e-5
_LATE_WEIGHT = 3.0
_FORCED = 10.0
"""How many times the dearest gain of the model a unit served counts where serving is all that counts."""
_WORK = 400_000
_FEWEST, _MOST = 8, 40
"""Places on a path: so many columns times places, but within these."""
_LARGE = 60_000
"""Columns from which the path is not walked: there the simplex takes minutes."""
_HALVED_TO = 20_000
"""Columns up to which stretches of the path are halved: going back and forth is what takes time."""
_COLD_FROM = 12_000
"""Columns from which the plan without limits is faster found anew."""
MATERIAL, NO_SOURCE, UNPAID, TARGET, WHOLE = "material", "no source", "it does not pay", "target stock", "whole lots"
OWN = (MATERIAL, NO_SOURCE, UNPAID, TARGET, WHOLE)
"""Causes that no limit is: they stand after the groups of limits."""


@dataclass(frozen=True, eq=False)
class Causes:
    """What causes each measure: `added` by measure and cause; the causes are the groups of `limits`, then OWN."""

    limits: Limits
    added: Array


def causes_of(problem: Problem, answer: Answer, gaps: Gaps) -> Causes:
    """Return what causes each measure of the gaps, unscaled: where a plan has several best forms it may not add up to the gap."""
    limits = limits_of(problem, answer)
    engine, first = _engine(problem, answer, limits)
    count = limits.groups.height
    added = np.zeros((len(gaps.level), count + len(OWN)))
    _bounded(engine, limits, limits.rows)
    status = engine.run()
    if status != "optimal":
        return Causes(limits, added)
    free = gaps.values(engine.values())
    activity = _activity(engine, engine.values())
    basis = engine.basis()
    engine.start_from(basis)
    if (free > _NOTHING).any():
        added[:, count:] = _without_limits(problem, engine, limits, gaps, free, first)
    far = _places(problem) == 1 and answer.basis is not None and len(answer.basis.rows) == len(engine.arrays.row_lower)
    engine.start_from(answer.basis if far and answer.basis is not None else basis)
    path = path_to(limits, activity)
    low, high = path.at(0.0)
    engine.row_bounds(limits.rows, limits.lower[limits.rows], limits.upper[limits.rows])
    if not far:
        engine.row_bounds(path.rows, low, high)
    engine.run()
    found = walk(engine, path, gaps, count, _places(problem), 2 if problem.columns <= _HALVED_TO else 0)
    added[:, :count] = found.added
    if problem.whole.any():
        added[:, count + OWN.index(WHOLE)] = np.maximum(gaps.values(answer.values) - found.end, 0.0)
    return Causes(limits, added)


def _places(problem: Problem) -> int:
    """Return how many places of the path to solve at; 1 where the model is too large to walk the path."""
    return 1 if problem.columns > _LARGE else int(np.clip(_WORK // max(1, problem.columns), _FEWEST, _MOST))


def _bounded(engine: Engine, limits: Limits, freed: Array | np.ndarray) -> None:
    """Leave out some rows, and those that are out altogether."""
    rows = np.concatenate([freed, limits.freed]).astype(np.int64)
    engine.row_bounds(rows, np.full(len(rows), -np.inf), np.full(len(rows), np.inf))


def _activity(engine: Engine, values: Array) -> Array:
    arrays = engine.arrays
    columns = np.repeat(np.arange(len(arrays.gain)), np.diff(arrays.starts))
    return np.bincount(arrays.index, arrays.values * values[columns], minlength=len(arrays.row_lower)).astype(np.float64)


def _without_limits(problem: Problem, engine: Engine, limits: Limits, gaps: Gaps, free: Array, gain: Array) -> Array:
    """Return what of each measure stays without limits, by OWN; the engine has run without limits.

    Of demand: what would be served if no stock were kept for targets; of the rest, what would be if serving were all that counts; the rest
    cannot arrive in time. Of stock below target: what would be there if that were all that counts; the rest cannot arrive in time.
    """
    parts = np.zeros((len(free), len(OWN)))
    forced, columns = _forced(problem, gain)
    engine.gains(columns, forced[columns])
    late = gaps.values(engine.values()) if engine.run() == "optimal" else free
    targets = limits.targets
    lower, upper = problem.row_lower[targets], problem.row_upper[targets]
    engine.row_bounds(targets, np.full(len(targets), -np.inf), upper)
    never = gaps.values(engine.values()) if engine.run() == "optimal" else free
    engine.gains(columns, gain[columns])
    kept = gaps.values(engine.values()) if engine.run() == "optimal" else free
    engine.row_bounds(targets, lower, upper)
    stays = np.where(gaps.short, np.minimum(never, free), np.minimum(late, free))
    known = np.where(gaps.short, np.clip(kept, stays, np.maximum(free, stays)), free)
    source = _sourced(problem, gaps)
    parts[:, OWN.index(MATERIAL)] = np.where(source, stays, 0.0)
    parts[:, OWN.index(NO_SOURCE)] = np.where(source, 0.0, stays)
    parts[:, OWN.index(UNPAID)] = known - stays
    parts[:, OWN.index(TARGET)] = np.maximum(free - known, 0.0)
    return parts


def _sourced(problem: Problem, gaps: Gaps) -> np.ndarray:
    """Return whether anything at all can bring what each measure lacks."""
    model = problem.model
    served = model["ship"].select("item", pl.col("market")).unique()
    rows = gaps.rows.unique("measure", maintain_order=True).sort("measure")
    direct = served.filter(pl.col("market").is_null()).get_column("item").implode()
    pairs = served.select(pl.concat_str("item", "market", separator="\0")).to_series().implode()
    reached = pl.col("item").is_in(direct) | pl.concat_str("item", "place", separator="\0").is_in(pairs)
    return rows.select((pl.col("kind") == "target") | reached).to_series().to_numpy()


def _forced(problem: Problem, gain: Array) -> tuple[Array, np.ndarray]:
    """Return gains for which serving on time is all that counts, then stock at target; and the columns that have them."""
    model = problem.model
    unit = _FORCED * max(float(np.abs(gain).max(initial=0.0)), 1e-9)
    forced = gain.copy()
    backlog, last = model["backlog"], model.horizon - 1
    lost = model["lost"].get_column("column").to_numpy()
    late = backlog.get_column("column").to_numpy()
    ending = backlog.filter(pl.col("t") == last).get_column("column").to_numpy()
    missed = np.concatenate([model["shortfall"].get_column("column").to_numpy(), np.arange(problem.columns, len(gain))])
    forced[missed] = -unit
    forced[late] = -unit * 4
    forced[lost] = forced[ending] = -unit * 4 * (model.horizon + 1)
    return forced, np.concatenate([missed, late, lost]).astype(np.int64)


def _engine(problem: Problem, answer: Answer, limits: Limits) -> tuple[Engine, Array]:
    """Return an engine for the linear problem behind the answer, and its gains.

    Whole columns are held as they are, but how many lots, loads and workers there are; rules about what is wanted that gave way may do
    so here at their price.
    """
    arrays = arrays_of(problem)
    lower, upper = arrays.lower.copy(), arrays.upper.copy()
    held = problem.whole.copy()
    for family in ("lots", "order_lots", "loads", "workers"):
        held[problem.model[family].get_column("column").to_numpy()] = False
    lower[held] = upper[held] = np.round(answer.values[held])
    arrays = replace(
        arrays, lower=lower, upper=upper, row_lower=limits.lower, row_upper=limits.upper, whole=np.zeros(problem.columns, np.bool_)
    )
    if len(limits.wants):
        arrays = _with_wants(problem, arrays, answer, limits)
    setting = problem.model.net.setting.supply
    cold = problem.columns >= _COLD_FROM
    method: Method = method_for(arrays) if cold else "choose"
    engine = Engine(arrays, cost_scale(problem), setting.relative_gap, setting.time_limit, method)
    if answer.basis is not None and not len(limits.wants) and not cold:
        engine.start_from(answer.basis)
    return engine, arrays.gain


def _with_wants(problem: Problem, arrays: Arrays, answer: Answer, limits: Limits) -> Arrays:
    """Return the arrays with a column more for each want that gave way: service dearer than targets, and both dearer than money."""
    rows = limits.wants
    model = problem.model
    unit = _FORCED * model.prices.scale
    unserved = _LATE_WEIGHT * (model.horizon + 1)
    price = np.where(problem.grade[rows] == Grade.TARGET, 1.0, 2 * unserved) * problem.weight[rows] * unit
    gain = arrays.gain.copy()
    backlog = model["backlog"]
    gain[backlog.get_column("column").to_numpy()] -= _LATE_WEIGHT * unit
    gain[backlog.filter(pl.col("t") == model.horizon - 1).get_column("column").to_numpy()] -= (unserved - _LATE_WEIGHT) * unit
    gain[model["lost"].get_column("column").to_numpy()] -= unserved * unit
    extra = len(rows)
    return replace(
        arrays,
        gain=np.concatenate([gain, -price]),
        lower=np.concatenate([arrays.lower, np.zeros(extra)]),
        upper=np.concatenate([arrays.upper, np.full(extra, np.inf)]),
        starts=np.concatenate([arrays.starts, arrays.starts[-1] + np.arange(1, extra + 1)]).astype(np.int32),
        index=np.concatenate([arrays.index, rows]).astype(np.int32),
        values=np.concatenate([arrays.values, np.where((answer.below - problem.crossed)[rows] > 0, 1.0, -1.0)]),
        whole=np.zeros(len(arrays.whole) + extra, np.bool_),
    )
