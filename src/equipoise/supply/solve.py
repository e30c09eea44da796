"""Hand the model to HiGHS, and bring back the plan: always an answer, and always the same one.

First with every limit as given. Where that cannot be, a second time with every limit elastic: the smallest violations first, by grade
(targets, service, agreements, capacity), then the best plan that needs no more than those.
"""

import time
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from equipoise.errors import SolverError
from equipoise.supply.assembly import Array, Flags, Problem, limit_rows
from equipoise.supply.formulation.equation import Grade

_LATE_WEIGHT = 3.0
"""Price of a unit late for a period, where a unit below target for a period is 1."""
_COST_SCALE = 1000.0
_INTERIOR_FROM = 12_000
"""Columns from which the interior point method, with crossover to a basis, is faster than the dual simplex, as measured."""
_ZERO = 1e-7


@dataclass(frozen=True, eq=False)
class Answer:
    """The solution as arrays. Duals are the gain of one more unit of a row's bound, in the objective, in money, in units served
    and in units served a period earlier.

    `below` and `above` say by how much each row gives way. `seconds` are measured, so never part of a table.
    """

    values: Array
    duals: Array
    money_duals: Array
    served_duals: Array
    late_duals: Array
    below: Array
    above: Array
    status: str
    objective: float
    bound: float
    gap: float
    iterations: int
    elastic: bool = False
    seconds: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class _Arrays:
    """What HiGHS is handed: gains (to be maximised), bounds, matrix by column and which columns come whole."""

    gain: Array
    lower: Array
    upper: Array
    row_lower: Array
    row_upper: Array
    starts: np.ndarray
    index: np.ndarray
    values: Array
    whole: Flags


def _arrays(problem: Problem) -> _Arrays:
    return _Arrays(
        problem.money + problem.penalty,
        np.zeros(problem.columns),
        problem.column_upper,
        problem.row_lower,
        problem.row_upper,
        problem.starts,
        problem.index,
        problem.values,
        problem.whole,
    )


class _Engine:
    """One HiGHS model: hand over, run, read. Costs are handed over times `scale`."""

    def __init__(self, arrays: _Arrays, scale: float, gap: float, limit: float) -> None:
        import highspy

        self.arrays = arrays
        self.scale = scale
        self.kind: Any = highspy
        self.highs: Any = self.kind.Highs()
        for name, value in (("output_flag", False), ("threads", 1), ("random_seed", 0), ("mip_rel_gap", gap), ("time_limit", limit)):
            self.highs.setOptionValue(name, value)
        self._hand_over()

    def _hand_over(self) -> None:
        arrays, kind = self.arrays, self.kind
        integrality = arrays.whole.astype(np.int32)
        if not arrays.whole.any() and len(arrays.gain) >= _INTERIOR_FROM:
            self.highs.setOptionValue("solver", "ipm")
        self.highs.passModel(
            len(arrays.gain),
            len(arrays.row_lower),
            len(arrays.values),
            int(kind.MatrixFormat.kColwise),
            int(kind.ObjSense.kMinimize),
            0.0,
            -arrays.gain * self.scale,
            arrays.lower,
            arrays.upper,
            arrays.row_lower,
            arrays.row_upper,
            arrays.starts,
            arrays.index,
            arrays.values,
            integrality,
        )

    def run(self) -> str:
        """Solve, and return optimal, time limit, infeasible, unbounded or failed."""
        status_of = self.kind.HighsModelStatus
        if not len(self.arrays.gain):
            return "optimal"
        self.highs.run()
        status = self.highs.getModelStatus()
        if status == status_of.kUnboundedOrInfeasible:
            self.highs.setOptionValue("presolve", "off")
            self.highs.run()
            self.highs.setOptionValue("presolve", "choose")
            status = self.highs.getModelStatus()
        words = {
            status_of.kOptimal: "optimal",
            status_of.kInfeasible: "infeasible",
            status_of.kUnbounded: "unbounded",
            status_of.kModelEmpty: "optimal",
        }
        if status == status_of.kTimeLimit:
            return "time limit" if self.highs.getInfo().primal_solution_status == 2 else "no plan in time"
        return words.get(status, "failed")

    def change_bounds(self, columns: np.ndarray, lower: Array, upper: Array) -> None:
        """Bound some columns anew."""
        self.highs.changeColsBounds(len(columns), columns.astype(np.int32), lower, upper)

    def fix_whole(self) -> None:
        """Fix the whole columns at what they are, and let them come in fractions: the rest is a linear model with duals."""
        columns = np.flatnonzero(self.arrays.whole).astype(np.int32)
        found = np.round(self.values()[columns])
        self.highs.changeColsIntegrality(len(columns), columns, np.zeros(len(columns), np.uint8))
        self.change_bounds(columns, found, found)

    def values(self) -> Array:
        """Value of every column."""
        return np.asarray(self.highs.getSolution().col_value, dtype=np.float64)

    def duals(self) -> Array:
        """Gain of one more unit of every row's bound."""
        return -np.asarray(self.highs.getSolution().row_dual, dtype=np.float64) / self.scale

    def parts(self, *gains: Array) -> list[Array]:
        """Return what one more unit of every row's bound changes in each linear measure of the columns, by the basis of the solution."""
        rows = len(self.arrays.row_lower)
        if not rows:
            return [np.zeros(0) for _ in gains]
        _, basic = self.highs.getBasicVariables()
        inside = np.clip(basic, 0, None)
        answers = []
        for gain in gains:
            _, solved = self.highs.getBasisTransposeSolve(np.where(basic >= 0, gain[inside], 0.0))
            answers.append(np.asarray(solved, dtype=np.float64))
        return answers


def solve(problem: Problem) -> Answer:
    """Return the best plan of a problem.

    Raises SolverError where profit has no bound (a negative cost pays for doing more and more), where the time limit passes without any
    plan, or where HiGHS fails.
    """
    setting = problem.model.net.setting.supply
    began = time.perf_counter()
    arrays = _arrays(problem)
    given = setting.strategy == "given"
    if not given:
        engine = _Engine(arrays, _cost_scale(problem), setting.relative_gap, setting.time_limit)
        handed = time.perf_counter()
        status = engine.run()
        if status in {"optimal", "time limit"}:
            answer = _read(engine, problem, status)
            return replace(answer, seconds={"hand_over": handed - began, "solve": time.perf_counter() - handed})
        _refuse(status)
    answer = _elastic(problem, arrays)
    return replace(answer, seconds={"hand_over": 0.0, "solve": time.perf_counter() - began})


def _cost_scale(problem: Problem) -> float:
    """Return the power of two that makes an average item worth about a thousand: the tolerances of HiGHS are absolute."""
    return float(2.0 ** np.round(np.log2(_COST_SCALE / problem.model.prices.scale)))


def _refuse(status: str) -> None:
    if status == "unbounded":
        raise SolverError(
            "Profit has no bound: some flow pays for itself without end.",
            "Look for a negative cost in route, purchase, lane or resource, and give it a limit or a positive cost.",
        )
    if status in {"failed", "no plan in time"}:
        raise SolverError(
            f"The optimiser found no plan ({status}).", "Raise supply.time_limit or supply.relative_gap, or set supply.integer to false."
        )


def _read(engine: _Engine, problem: Problem, status: str) -> Answer:
    """Read the solution; where columns come whole, their values are fixed and the rest solved again, for exact values and duals."""
    info = engine.highs.getInfo()
    objective = problem.offset + float(engine.arrays.gain @ engine.values()) if len(engine.arrays.gain) else problem.offset
    bound, gap = objective, 0.0
    if engine.arrays.whole.any():
        bound = problem.offset - float(info.mip_dual_bound) / engine.scale
        gap = float(info.mip_gap)
        engine.fix_whole()
        engine.run()
    values = engine.values()
    money = np.concatenate([problem.money, np.zeros(len(values) - len(problem.money))])
    money_duals, served_duals, late_duals = engine.parts(money, *unserved(problem, len(values)))
    values = np.where(np.abs(values) < _ZERO, 0.0, values)
    planned = values[: problem.columns]
    below, above = _missed(problem, planned)
    return Answer(
        values=planned,
        duals=engine.duals(),
        money_duals=money_duals,
        served_duals=served_duals,
        late_duals=late_duals,
        below=below,
        above=above,
        status=status,
        objective=objective,
        bound=bound,
        gap=gap,
        iterations=int(info.simplex_iteration_count),
    )


def unserved(problem: Problem, columns: int) -> tuple[Array, Array]:
    """Return, by column, minus the units never served and minus the units late, for a model of at least that many columns."""
    model = problem.model
    served, late = np.zeros(columns), np.zeros(columns)
    backlog = model["backlog"]
    late[backlog.get_column("column").to_numpy()] = -1.0
    served[model["lost"].get_column("column").to_numpy()] = -1.0
    served[backlog.filter(backlog.get_column("t") == model.horizon - 1).get_column("column").to_numpy()] = -1.0
    return served, late


def _missed(problem: Problem, values: Array) -> tuple[Array, Array]:
    """Return by how much each row falls below its least and exceeds its most."""
    columns = np.repeat(np.arange(problem.columns), np.diff(problem.starts))
    activity = np.bincount(problem.index, problem.values * values[columns], minlength=problem.rows)
    size = 1e-6 * np.maximum(1.0, np.abs(activity))
    below, above = problem.row_lower - activity, activity - problem.row_upper
    return np.where(below > size, below, 0.0) + problem.crossed, np.where(above > size, above, 0.0)


def _weights(problem: Problem) -> dict[Grade, float]:
    """Return the price of a unit by which a rule gives way, by grade: each grade is dearer than a unit of the one before for all periods.

    With the strategy given, capacity costs next to nothing (overload is only reported) and the firm plan is the last to give way.
    """
    service = 2 * _unserved_weight(problem)
    if problem.model.net.setting.supply.strategy == "given":
        return {Grade.TARGET: 1.0, Grade.SERVICE: service, Grade.AGREEMENT: 100 * service, Grade.CAPACITY: 1e-2}
    return {Grade.TARGET: 1.0, Grade.SERVICE: service, Grade.AGREEMENT: 10 * service, Grade.CAPACITY: 100 * service}


def _unserved_weight(problem: Problem) -> float:
    return _LATE_WEIGHT * (problem.model.horizon + 1)


def _elastic(problem: Problem, arrays: _Arrays) -> Answer:
    """Solve with every limit elastic: the smallest violations by grade first, then the best plan within them."""
    setting = problem.model.net.setting.supply
    gives = limit_rows(problem)
    under = np.flatnonzero(gives & np.isfinite(problem.row_lower))
    over = np.flatnonzero(gives & np.isfinite(problem.row_upper))
    rows = np.concatenate([under, over])
    weights = _weights(problem)
    price = np.array([weights[Grade(grade)] for grade in problem.grade[rows]]) * problem.weight[rows]
    extra = len(rows)
    wide = _widened(arrays, rows, np.concatenate([np.ones(len(under)), -np.ones(len(over))]))
    first = -np.concatenate([_service_weights(problem), price])
    finder = _Engine(replace(wide, gain=first), 1.0, setting.relative_gap, setting.time_limit)
    if finder.run() not in {"optimal", "time limit"}:
        _refuse("failed")
    needed = finder.values()[problem.columns :]
    allowed = np.where(needed < _ZERO, 0.0, needed * (1 + 1e-7) + 1e-7)
    columns = np.arange(problem.columns, problem.columns + extra)
    bounded = replace(wide, upper=np.concatenate([arrays.upper, allowed]))
    engine = _Engine(bounded, _cost_scale(problem), setting.relative_gap, setting.time_limit)
    status = engine.run()
    if status == "infeasible":
        engine.change_bounds(columns, np.zeros(extra), allowed * (1 + 1e-4) + 1e-4)
        status = engine.run()
    if status not in {"optimal", "time limit"}:
        _refuse("unbounded" if status == "unbounded" else "failed")
    return replace(_read(engine, problem, status), elastic=True)


def _service_weights(problem: Problem) -> Array:
    """Return the price of demand lost or late while the violations are made small: below any agreement, above any target."""
    model = problem.model
    weights = np.zeros(problem.columns)
    backlog = model["backlog"]
    weights[backlog.get_column("column").to_numpy()] = _LATE_WEIGHT
    weights[backlog.filter(backlog.get_column("t") == model.horizon - 1).get_column("column").to_numpy()] = _unserved_weight(problem)
    weights[model["lost"].get_column("column").to_numpy()] = _unserved_weight(problem)
    return weights


def _widened(arrays: _Arrays, rows: np.ndarray, signs: Array) -> _Arrays:
    """Return the arrays with a column more for each of `rows`, which lets it give way."""
    extra = len(rows)
    return _Arrays(
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
