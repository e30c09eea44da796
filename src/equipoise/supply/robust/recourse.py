"""What is best in a scenario once the first periods are settled: the rest of the plan, decided when the scenario is known."""

from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from equipoise.supply.assembly import Array
from equipoise.supply.formulation.equation import Grade
from equipoise.supply.robust.case import Case
from equipoise.supply.robust.decisions import columns_of
from equipoise.supply.robust.softening import Prices, softened
from equipoise.supply.solving.answer import refuse, unserved
from equipoise.supply.solving.engine import Arrays, Basis, Engine, Status
from equipoise.supply.solving.solve import cost_scale

_BROKEN = 1e-5


@dataclass(frozen=True, eq=False)
class Outcome:
    """What a plan earns in a case: `profit` is published money, `objective` has the model's own prices too, and those of rules broken.

    `short` are units lost or late at the end, `broken` the rules that give way though the best plan of the case keeps them; `cut` says
    that not all that was settled could be carried out, though the scenario takes nothing away from it.
    """

    profit: float
    objective: float
    short: float
    broken: int = 0
    cut: bool = False


def best(case: Case) -> Outcome:
    """Return what the case's own best plan earns: the scenario is known from the start."""
    return _outcome(case, case.answer.values, 0.0)


def recourse(case: Case, decided: pl.DataFrame, prices: Prices) -> Outcome:
    """Return what is best in a case once decisions (name, value) are settled. Raises SolverError where HiGHS finds no plan.

    What a scenario disturbs is carried out as far as it lets. Where the rest cannot be carried out as settled either, it may be cut,
    and last of all any rule gives way.
    """
    status: Status = "failed"
    for most, cut in ((Grade.SERVICE, False), (Grade.SERVICE, True), (Grade.CAPACITY, True)):
        arrays = softened(case.problem, case.answer, prices, most=most)
        held = _held(case, arrays, decided, cut=cut)
        engine = Engine(held, cost_scale(case.problem), *_effort(case))
        if case.answer.basis is not None and not held.whole.any():
            engine.start_from(_longer(case.answer.basis, len(held.gain)))
        status = engine.run()
        if status in {"optimal", "time limit"}:
            values = engine.values()
            given = values[case.problem.columns :]
            price = float(arrays.gain[case.problem.columns :] @ given)
            made = _outcome(case, values[: case.problem.columns], price)
            return replace(made, broken=int(np.count_nonzero(given > _BROKEN)), cut=cut)
        if status != "infeasible":
            break
    refuse("failed" if status == "infeasible" else status)
    raise AssertionError  # refuse raises


def _effort(case: Case) -> tuple[float, float]:
    setting = case.problem.model.net.setting.supply
    return setting.relative_gap, setting.time_limit


def _held(case: Case, arrays: Arrays, decided: pl.DataFrame, *, cut: bool) -> Arrays:
    """Return the arrays with the decisions held at their values; what may be carried out in part is at most that."""
    rows = case.decisions.join(decided, on="name", how="left", maintain_order="left")
    columns = columns_of(rows)
    most = np.minimum(rows.get_column("value").fill_null(0.0).to_numpy(), arrays.upper[columns])
    most = np.where(arrays.whole[columns], np.round(most), most)
    lower, upper = arrays.lower.copy(), arrays.upper.copy()
    upper[columns] = most
    lower[columns] = np.where(case.partly | cut, lower[columns], most)
    return replace(arrays, lower=lower, upper=upper)


def _longer(basis: Basis, columns: int) -> Basis:
    """Return a basis with more columns, which stand at nothing."""
    return Basis(np.concatenate([basis.columns, np.zeros(columns - len(basis.columns), np.int8)]), basis.rows)


def _outcome(case: Case, values: Array, broken: float) -> Outcome:
    """Return what a plan earns; `broken` is the (negative) gain of the rules that it breaks."""
    problem = case.problem
    profit = problem.offset + float(problem.money @ values)
    served, _ = unserved(problem, problem.columns)
    short = float(-served @ values)
    return Outcome(profit, profit + float(problem.penalty @ values) + broken, short if short > _BROKEN else 0.0)
