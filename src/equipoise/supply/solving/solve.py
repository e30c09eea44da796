"""Solve a problem: as given first, and, where that cannot be, with every limit elastic."""

import time
from concurrent.futures import Executor
from dataclasses import replace

import numpy as np

from equipoise.supply.assembly import Problem
from equipoise.supply.solving.answer import Answer, read, refuse
from equipoise.supply.solving.elastic import elastic
from equipoise.supply.solving.engine import Arrays, Basis, Engine, Status, arrays_of, fixed, method_for
from equipoise.supply.solving.parts import Part, independent, solve_apart, together
from equipoise.supply.solving.priority import by_priority, service_weights
from equipoise.supply.solving.shares import by_shares

_COST_SCALE = 1000.0
_FOUND = ("optimal", "time limit")


def solve(problem: Problem, start: Basis | None = None, executor: Executor | None = None) -> Answer:
    """Return the best plan of a problem, from the basis of a problem like it where one is given: that changes the time, not the plan.

    Parts that share nothing are solved apart, side by side through the executor. Raises SolverError where profit has no bound (a negative
    cost pays for doing more and more), where the time limit passes without any plan, or where HiGHS fails.
    """
    began = time.perf_counter()
    answer = None if problem.model.net.setting.supply.strategy == "given" else _as_given(problem, start, executor)
    if answer is None:
        answer = elastic(problem, cost_scale(problem))
        return replace(answer, seconds={"hand_over": 0.0, "solve": time.perf_counter() - began})
    return answer


def _as_given(problem: Problem, start: Basis | None, executor: Executor | None) -> Answer | None:
    """Return the best plan with all rules as given; None where they cannot all hold."""
    began = time.perf_counter()
    ranked = bool(service_weights(problem, problem.columns))
    large = by_shares(problem, cost_scale(problem), executor) if start is None and not ranked else None
    if large is not None:
        return replace(large, seconds={"hand_over": 0.0, "solve": time.perf_counter() - began})
    arrays = arrays_of(problem)
    parts = [] if ranked or (start is not None and not problem.whole.any()) else independent(arrays)
    if parts:
        answer = _from_parts(problem, arrays, parts, executor)
        return None if answer is None else replace(answer, seconds={"hand_over": 0.0, "solve": time.perf_counter() - began})
    engine = engine_for(problem, start)
    handed = time.perf_counter()
    engine, status, bound = by_priority(engine, problem)
    if status not in _FOUND:
        refuse(status)
        return None
    answer = read(engine, problem, status, None if bound is None else problem.offset + bound)
    return replace(answer, seconds={"hand_over": handed - began, "solve": time.perf_counter() - handed})


def _from_parts(problem: Problem, arrays: Arrays, parts: list[Part], executor: Executor | None) -> Answer | None:
    """Solve the independent parts apart, and read the whole from their bases put together."""
    setting = problem.model.net.setting.supply
    scale = cost_scale(problem)
    found = solve_apart(arrays, parts, scale, setting.relative_gap, setting.time_limit, executor)
    for one in found:
        if one.status not in _FOUND:
            refuse(one.status)
            return None
    values = np.zeros(problem.columns)
    for part, one in zip(parts, found, strict=True):
        values[part.columns] = one.values
    engine = Engine(fixed(arrays, values), scale, setting.relative_gap, setting.time_limit, "simplex")
    basis = together(arrays, parts, found)
    if basis is not None:
        engine.start_from(basis)
    last = engine.run()
    if last not in _FOUND:
        refuse(last)
        return None
    status: Status = "time limit" if "time limit" in {last, *(one.status for one in found)} else "optimal"
    bound = problem.offset + sum(one.bound for one in found) if arrays.whole.any() else None
    return replace(read(engine, problem, status, bound), parts=len(parts))


def engine_for(problem: Problem, start: Basis | None = None) -> Engine:
    """Return an engine with a problem handed over, ready to run, from a basis where one is given."""
    setting = problem.model.net.setting.supply
    arrays = arrays_of(problem)
    method = "choose" if start is not None else method_for(arrays)
    engine = Engine(arrays, cost_scale(problem), setting.relative_gap, setting.time_limit, method)
    if start is not None and not problem.whole.any():
        engine.start_from(start)
    return engine


def cost_scale(problem: Problem) -> float:
    """Return the power of two that makes an average item worth about a thousand: the tolerances of HiGHS are absolute."""
    return float(2.0 ** np.round(np.log2(_COST_SCALE / problem.model.prices.scale)))
