"""Always an answer: where not all rules can hold, every limit is elastic, and the smallest violations come first.

Targets give way first, then service, then agreements, capacity last; physics never. Then the best plan that needs no more than those.
"""

from dataclasses import replace

import numpy as np

from equipoise.supply.assembly import Array, Problem, limit_rows
from equipoise.supply.formulation.equation import Grade
from equipoise.supply.solving.answer import ZERO, Answer, read, refuse
from equipoise.supply.solving.engine import Arrays, Engine, arrays_of
from equipoise.supply.solving.priority import by_priority

_LATE_WEIGHT = 3.0
"""Price of a unit late for a period, where a unit below target for a period is 1."""


def elastic(problem: Problem, scale: float) -> Answer:
    """Return the best plan of a problem whose limits may give way. Raises SolverError where HiGHS fails or profit has no bound."""
    setting = problem.model.net.setting.supply
    arrays = arrays_of(problem)
    gives = limit_rows(problem)
    under = np.flatnonzero(gives & np.isfinite(problem.row_lower))
    over = np.flatnonzero(gives & np.isfinite(problem.row_upper))
    rows = np.concatenate([under, over])
    weights = _weights(problem)
    price = np.array([weights[Grade(grade)] for grade in problem.grade[rows]]) * problem.weight[rows]
    wide = widened(arrays, rows, np.concatenate([np.ones(len(under)), -np.ones(len(over))]))
    first = -np.concatenate([_service_weights(problem), price])
    finder = Engine(replace(wide, gain=first), 1.0, setting.relative_gap, setting.time_limit)
    if finder.run() not in {"optimal", "time limit"}:
        refuse("failed")
    needed = finder.values()[problem.columns :]
    allowed = np.where(needed < ZERO, 0.0, needed * (1 + 1e-7) + 1e-7)
    for room in (allowed, allowed * (1 + 1e-4) + 1e-4):
        bounded = replace(wide, upper=np.concatenate([arrays.upper, room]))
        engine, status, bound = by_priority(Engine(bounded, scale, setting.relative_gap, setting.time_limit), problem)
        if status != "infeasible":
            break
    if status not in {"optimal", "time limit"}:
        refuse("unbounded" if status == "unbounded" else "failed")
    return replace(read(engine, problem, status, None if bound is None else problem.offset + bound), elastic=True)


def _weights(problem: Problem) -> dict[Grade, float]:
    """Return the price of a unit by which a rule gives way, by grade: each is a multiple of the one before.

    A unit that is never served costs more than one below target in all periods.

    With the strategy given, capacity costs next to nothing (overload is only reported) and the firm plan is the last to give way.
    """
    service = 2 * _unserved_weight(problem)
    if problem.model.net.setting.supply.strategy == "given":
        return {Grade.TARGET: 1.0, Grade.SERVICE: service, Grade.AGREEMENT: 100 * service, Grade.CAPACITY: 1e-2}
    return {Grade.TARGET: 1.0, Grade.SERVICE: service, Grade.AGREEMENT: 10 * service, Grade.CAPACITY: 100 * service}


def _unserved_weight(problem: Problem) -> float:
    return _LATE_WEIGHT * (problem.model.horizon + 1)


def _service_weights(problem: Problem) -> Array:
    """Return the price of demand lost or late while the violations are made small: below any agreement, above any target."""
    model = problem.model
    weights = np.zeros(problem.columns)
    backlog = model["backlog"]
    weights[backlog.get_column("column").to_numpy()] = _LATE_WEIGHT
    weights[backlog.filter(backlog.get_column("t") == model.horizon - 1).get_column("column").to_numpy()] = _unserved_weight(problem)
    weights[model["lost"].get_column("column").to_numpy()] = _unserved_weight(problem)
    return weights


def widened(arrays: Arrays, rows: np.ndarray, signs: Array) -> Arrays:
    """Return the arrays with a column more for each of `rows`, which lets it give way: sign 1 below its least, -1 above its most."""
    extra = len(rows)
    return Arrays(
        np.concatenate([arrays.gain, np.zeros(extra)]),
        np.concatenate([arrays.lower, np.zeros(extra)]),
        np.concatenate([arrays.upper, np.full(extra, np.inf)]),
        arrays.row_lower,
        arrays.row_upper,
        np.concatenate([arrays.starts, arrays.starts[-1] + np.arange(1, extra + 1)]).astype(np.int32),
        np.concatenate([arrays.index, rows]).astype(np.int32),
        np.concatenate([arrays.values, signs]),
        np.concatenate([arrays.whole, np.zeros(extra, np.bool_)]),
    )
