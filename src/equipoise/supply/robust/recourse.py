"""What is best in a scenario once the first periods are settled: the rest of the plan, decided when the scenario is known."""

from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from equipoise import finance
from equipoise.errors import SolverError
from equipoise.supply.assembly import Array, Problem
from equipoise.supply.formulation.equation import Grade
from equipoise.supply.robust.case import Case
from equipoise.supply.robust.decisions import columns_of
from equipoise.supply.robust.softening import Prices, softened
from equipoise.supply.solving.answer import refuse, unserved
from equipoise.supply.solving.engine import LOWER, Arrays, Basis, Engine, longer
from equipoise.supply.solving.solve import cost_scale

_BROKEN = 1e-5


@dataclass(frozen=True, eq=False)
class Outcome:
    """What a plan earns in a case: `profit` is published money with the change of stock at standard cost, which makes it the
    contribution of the statement; `objective` is what the optimiser weighs, the model's own prices and those of rules broken among it.

    `short` are units lost or late at the end, `broken` the rules that give way though the best plan of the case keeps them. `basis` is
    one in which no decision is basic, where that was asked for and found.
    """

    profit: float
    objective: float
    short: float
    broken: int = 0
    basis: Basis | None = None


def best(case: Case) -> Outcome:
    """Return what the case's own best plan earns: the scenario is known from the start."""
    return _outcome(case, case.answer.values, 0.0)


def first_played(case: Case, decided: pl.DataFrame, prices: Prices) -> tuple[Case, Outcome]:
    """Return what is best in a case once the decisions of the plan of record are settled, and the case as it stands from then on.

    Where a scenario has no room for them (what is not sold finds no place), all decisions are carried out only in part there, whoever
    takes them. Raises SolverError where HiGHS finds no plan.
    """
    loose = replace(case, partly=np.ones_like(case.partly), cut=True)
    for one in (case, loose):
        outcome = _tried(one, decided, prices, Grade.SERVICE, apart=True)
        if outcome is not None:
            return one, outcome
    return case, recourse(case, decided, prices)


def recourse(case: Case, decided: pl.DataFrame, prices: Prices) -> Outcome:
    """Return what is best in a case once decisions (name, value) are settled. Raises SolverError where HiGHS finds no plan.

    Targets and service may give way; agreements and capacity do so only where nothing else helps.
    """
    for most in (Grade.SERVICE, Grade.CAPACITY):
        outcome = _tried(case, decided, prices, most)
        if outcome is not None:
            return outcome
    raise SolverError("The optimiser could not work with these numbers.", "Look for numbers far larger or smaller than all others.")


def _tried(case: Case, decided: pl.DataFrame, prices: Prices, most: Grade, *, apart: bool = False) -> Outcome | None:
    """Return what is best where rules up to the grade `most` may give way; None where the others cannot all hold.

    With `apart`, its basis is looked for without the decisions.
    """
    arrays = softened(case.problem, case.answer, prices, most=most)
    held = _held(case, arrays, decided)
    engine = Engine(held, cost_scale(case.problem), *_effort(case))
    if case.answer.basis is not None and not held.whole.any():
        engine.start_from(_start(case, case.answer.basis, len(held.gain), apart=apart))
    status = engine.run()
    if status not in {"optimal", "time limit"}:
        refuse(status)
        return None
    values = engine.values()
    given = values[case.problem.columns :]
    price = float(arrays.gain[case.problem.columns :] @ given)
    basis = engine.basis() if apart and engine.has_basis else None
    return replace(_outcome(case, values[: case.problem.columns], price), broken=int(np.count_nonzero(given > _BROKEN)), basis=basis)


def _effort(case: Case) -> tuple[float, float]:
    setting = case.problem.model.net.setting.supply
    return setting.relative_gap, setting.time_limit


def _held(case: Case, arrays: Arrays, decided: pl.DataFrame) -> Arrays:
    """Return the arrays with the decisions held at their values; what may be carried out in part is at most that."""
    rows = case.decisions.join(decided, on="name", how="left", maintain_order="left")
    columns = columns_of(rows)
    most = np.minimum(rows.get_column("value").fill_null(0.0).to_numpy(), arrays.upper[columns])
    most = np.where(arrays.whole[columns], np.round(most), most)
    lower, upper = arrays.lower.copy(), arrays.upper.copy()
    upper[columns] = most
    lower[columns] = np.where(case.partly, lower[columns], most)
    return replace(arrays, lower=lower, upper=upper)


def _start(case: Case, basis: Basis, columns: int, *, apart: bool) -> Basis:
    """Return the basis of the case's own plan for as many columns, those added at nothing; `apart` from the decisions where asked."""
    found = longer(basis, columns)
    if apart:
        found.columns[columns_of(case.decisions)] = LOWER
    return found


def _outcome(case: Case, values: Array, broken: float) -> Outcome:
    """Return what a plan earns; `broken` is the (negative) gain of the rules that it breaks."""
    problem = case.problem
    money = problem.offset + float(problem.money @ values)
    served, _ = unserved(problem, problem.columns)
    short = float(-served @ values)
    objective = money + float(problem.penalty @ values) + broken
    return Outcome(money + _stock_change(problem, values), objective, short if short > _BROKEN else 0.0)


def _stock_change(problem: Problem, values: Array) -> float:
    """Return the value of the stock at the end less that at the start, at standard cost; stock without one has no value."""
    model = problem.model
    last = model["stock"].filter(pl.col("t") == model.horizon - 1)
    closing = last.with_columns(pl.Series("quantity", values[last.get_column("column").to_numpy()], dtype=pl.Float64))
    opening = model.net.points.select(pl.col("opening").alias("quantity"), "standard_cost")
    sums = [frame.select(finance.stock_value(unit_cost="standard_cost").sum()).item() for frame in (closing, opening)]
    return float(sums[0] or 0.0) - float(sums[1] or 0.0)
