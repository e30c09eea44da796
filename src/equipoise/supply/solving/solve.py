"""Solve a problem: as given first, and, where that cannot be, with every limit elastic."""

import time
from dataclasses import replace

import numpy as np

from equipoise.supply.assembly import Problem
from equipoise.supply.solving.answer import Answer, read, refuse
from equipoise.supply.solving.elastic import elastic
from equipoise.supply.solving.engine import Basis, Engine, Method, arrays_of

_COST_SCALE = 1000.0
_INTERIOR_FROM = 12_000
"""Columns from which the interior point method, with crossover to a basis, is faster than the dual simplex, as measured."""


def solve(problem: Problem, start: Basis | None = None) -> Answer:
    """Return the best plan of a problem, from the basis of a problem like it where one is given: that changes the time, not the plan.

    Raises SolverError where profit has no bound (a negative cost pays for doing more and more), where the time limit passes without any
    plan, or where HiGHS fails.
    """
    setting = problem.model.net.setting.supply
    began = time.perf_counter()
    if setting.strategy != "given":
        engine = engine_for(problem, start)
        handed = time.perf_counter()
        status = engine.run()
        if status in {"optimal", "time limit"}:
            bound = None
            if problem.whole.any():
                bound = problem.offset + engine.bound()
                engine.fix_whole()
                engine.run()
            answer = replace(read(engine, problem, status, bound), basis=engine.basis() if engine.has_basis else None)
            return replace(answer, seconds={"hand_over": handed - began, "solve": time.perf_counter() - handed})
        refuse(status)
    answer = elastic(problem, cost_scale(problem))
    return replace(answer, seconds={"hand_over": 0.0, "solve": time.perf_counter() - began})


def engine_for(problem: Problem, start: Basis | None = None) -> Engine:
    """Return an engine with a problem handed over, ready to run, from a basis where one is given."""
    setting = problem.model.net.setting.supply
    method: Method = "interior point" if start is None and problem.columns >= _INTERIOR_FROM else "choose"
    engine = Engine(arrays_of(problem), cost_scale(problem), setting.relative_gap, setting.time_limit, method)
    if start is not None and not problem.whole.any():
        engine.start_from(start)
    return engine


def cost_scale(problem: Problem) -> float:
    """Return the power of two that makes an average item worth about a thousand: the tolerances of HiGHS are absolute."""
    return float(2.0 ** np.round(np.log2(_COST_SCALE / problem.model.prices.scale)))
