"""The only door to HiGHS: one model handed over once, changed in place, and solved again from its last basis."""

import functools
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from equipoise.supply.assembly import Array, Flags, Indices, Problem

Method = Literal["choose", "simplex", "interior point"]
Status = Literal["optimal", "time limit", "no plan in time", "infeasible", "unbounded", "failed"]
Statuses = npt.NDArray[np.int8]
LOWER, BASIC, UPPER = 0, 1, 2
_DUAL, _PRIMAL = 1, 4
_INTERIOR_FROM = 20_000
"""Columns from which the interior point method, with crossover to a basis, beats the dual simplex on models with bills or lanes."""


@dataclass(frozen=True, eq=False)
class Arrays:
    """What HiGHS is handed: gains (to be maximised), bounds, the matrix by column, and which columns come whole.

    `chained` says that goods pass through several stocks (bills, lanes), which makes the simplex method slow.
    """

    gain: Array
    lower: Array
    upper: Array
    row_lower: Array
    row_upper: Array
    starts: Indices
    index: Indices
    values: Array
    whole: Flags
    chained: bool = False


@dataclass(frozen=True, eq=False)
class Basis:
    """Where each column and row stands, in the numbers of HiGHS: 0 at its lower bound, 1 basic, 2 at its upper bound, 3 free."""

    columns: Statuses
    rows: Statuses


def arrays_of(problem: Problem) -> Arrays:
    """Return a problem as it is handed over: the gains in money, in the model's own prices, and in the tiny ones that break ties."""
    return Arrays(
        problem.money + problem.penalty + problem.tie,
        np.zeros(problem.columns),
        problem.column_upper,
        problem.row_lower,
        problem.row_upper,
        problem.starts,
        problem.index,
        problem.values,
        problem.whole,
        chained=not (problem.model.net.bom.is_empty() and problem.model["move"].is_empty()),
    )


def fixed(arrays: Arrays, values: Array) -> Arrays:
    """Return the arrays with what comes whole fixed at its value: the rest is a linear model with duals."""
    kept = np.round(values)
    lower, upper = np.where(arrays.whole, kept, arrays.lower), np.where(arrays.whole, kept, arrays.upper)
    return replace(arrays, lower=lower, upper=upper, whole=np.zeros_like(arrays.whole))


def longer(basis: Basis, columns: int) -> Basis:
    """Return a basis for a model with more columns, which stand at their lower bounds."""
    return Basis(np.concatenate([basis.columns, np.full(columns - len(basis.columns), LOWER, np.int8)]), basis.rows)


def _at_bound(values: Array, lower: Array, upper: Array) -> Statuses:
    """Return the bound nearest to each value: 0 lower, 2 upper, 3 where there is none."""
    with np.errstate(invalid="ignore"):
        above = np.abs(values - upper) < np.abs(values - lower)
    free = np.isinf(lower) & np.isinf(upper)
    return np.where(free, 3, np.where(np.isinf(lower) | (above & np.isfinite(upper)), 2, 0)).astype(np.int8)


def method_for(arrays: Arrays) -> Method:
    """Return the method for a linear model that starts from nothing, by its size and shape, as measured."""
    return "interior point" if arrays.chained and len(arrays.gain) >= _INTERIOR_FROM else "simplex"


@functools.cache
def _silent(kind: Any) -> Any:  # noqa: ANN401 - highspy has no types
    """Return a HiGHS that prints nothing: it greets on standard output as soon as callbacks are set, where answers in JSON go."""

    class Silent(kind):  # type: ignore[misc]
        def enableCallbacks(self) -> None:  # noqa: N802 - its name in highspy
            self.setOptionValue("output_flag", False)
            super().enableCallbacks()

    return Silent


class Engine:
    """One HiGHS model. Gains are handed over times `scale`, so that the absolute tolerances of HiGHS mean the same for every plan.

    `gap` is the relative gap at which an integer plan is good enough, `limit` the seconds that all its runs together may take. Whatever is
    changed after a run (bounds, gains), the next run starts from the last basis.
    """

    def __init__(self, arrays: Arrays, scale: float, gap: float, limit: float, method: Method = "choose") -> None:
        import highspy

        self.arrays = arrays
        self.scale = scale
        self._kind: Any = highspy
        self.highs: Any = _silent(highspy.Highs)()
        for name, value in (("threads", 1), ("random_seed", 0), ("mip_rel_gap", gap), ("time_limit", limit)):
            self.highs.setOptionValue(name, value)
        if method != "choose" and not arrays.whole.any():
            self.highs.setOptionValue("solver", "simplex" if method == "simplex" else "ipm")
        self._hand_over()

    def _hand_over(self) -> None:
        arrays, kind = self.arrays, self._kind
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
            arrays.whole.astype(np.int32),
        )

    def run(self) -> Status:
        """Solve, from the last basis where there is one."""
        status_of = self._kind.HighsModelStatus
        if not len(self.arrays.gain):
            return "optimal"
        self.highs.run()
        status = self.highs.getModelStatus()
        if status == status_of.kUnboundedOrInfeasible:
            self.highs.setOptionValue("presolve", "off")
            self.highs.run()
            self.highs.setOptionValue("presolve", "choose")
            status = self.highs.getModelStatus()
        if status == status_of.kTimeLimit:
            return "time limit" if self.highs.getInfo().primal_solution_status == 2 else "no plan in time"
        words: dict[Any, Status] = {
            status_of.kOptimal: "optimal",
            status_of.kInfeasible: "infeasible",
            status_of.kUnbounded: "unbounded",
            status_of.kModelEmpty: "optimal",
        }
        return words.get(status, "failed")

    def column_bounds(self, columns: npt.NDArray[Any], lower: Array, upper: Array) -> None:
        """Bound some columns anew."""
        self.highs.changeColsBounds(len(columns), columns.astype(np.int32), lower, upper)

    def row_bounds(self, rows: npt.NDArray[Any], lower: Array, upper: Array) -> None:
        """Bound some rows anew."""
        self.highs.changeRowsBounds(len(rows), rows.astype(np.int32), lower, upper)

    def gains(self, columns: npt.NDArray[Any], gain: Array) -> None:
        """Give some columns another gain."""
        self.highs.changeColsCost(len(columns), columns.astype(np.int32), -gain * self.scale)

    @property
    def has_basis(self) -> bool:
        """Whether the last run ended in a basis (one with whole columns, or that ran out of time, may not)."""
        return bool(self.highs.getBasis().valid)

    def basis(self) -> Basis:
        """Return where each column and row stands after the last run: basic, or at the bound that it equals."""
        solution, arrays = self.highs.getSolution(), self.arrays
        basic = self.basic()
        columns = _at_bound(np.asarray(solution.col_value), arrays.lower, arrays.upper)
        rows = _at_bound(np.asarray(solution.row_value), arrays.row_lower, arrays.row_upper)
        columns[basic[basic >= 0]] = BASIC
        rows[-1 - basic[basic < 0]] = BASIC
        return Basis(columns, rows)

    def start_from(self, basis: Basis, *, feasible: bool = False) -> None:
        """Let the next run start from a basis; one that does not fit the model is repaired. From a `feasible` one it stays feasible."""
        words = np.array([self._kind.HighsBasisStatus(number) for number in range(5)], dtype=object)
        start = self._kind.HighsBasis()
        start.col_status, start.row_status = words[basis.columns].tolist(), words[basis.rows].tolist()
        start.valid, start.alien = True, True
        self.highs.setOptionValue("solver", "simplex")
        self.highs.setOptionValue("simplex_strategy", _PRIMAL if feasible else _DUAL)
        self.highs.setBasis(start)

    def objective(self) -> float:
        """Gain of the solution, at the gains that the model has now."""
        return -float(self.highs.getInfo().objective_function_value) / self.scale

    def bound(self) -> float:
        """The most that any plan could gain, for a model with whole columns."""
        return -float(self.highs.getInfo().mip_dual_bound) / self.scale

    def iterations(self) -> int:
        """Simplex iterations of the last run."""
        return int(self.highs.getInfo().simplex_iteration_count)

    def values(self) -> Array:
        """Value of every column."""
        return np.asarray(self.highs.getSolution().col_value, dtype=np.float64)

    def activities(self) -> Array:
        """What every row sums to."""
        return np.asarray(self.highs.getSolution().row_value, dtype=np.float64)

    def duals(self) -> Array:
        """Gain of one more unit of every row's bound."""
        return -np.asarray(self.highs.getSolution().row_dual, dtype=np.float64) / self.scale

    def reduced_gains(self) -> Array:
        """Gain of one more unit of every column's bound."""
        return -np.asarray(self.highs.getSolution().col_dual, dtype=np.float64) / self.scale

    def sensitivities(self, *measures: Array) -> list[Array]:
        """Return, by row, what one more unit of its bound changes in each linear measure of the columns, by the basis of the solution."""
        rows = len(self.arrays.row_lower)
        if not rows:
            return [np.zeros(0) for _ in measures]
        basic = self.basic()
        inside = np.clip(basic, 0, None)
        answers = []
        for measure in measures:
            _, solved = self.highs.getBasisTransposeSolve(np.where(basic >= 0, measure[inside], 0.0))
            answers.append(np.asarray(solved, dtype=np.float64))
        return answers

    def basic(self) -> npt.NDArray[np.int64]:
        """Return what is basic: columns, and rows as -1 - row."""
        return np.asarray(self.highs.getBasicVariables()[1], dtype=np.int64)

    def directions(self, moves: Array) -> Array:
        """Return how what is basic moves, in its order, when the bounds of the rows move by `moves`."""
        return np.asarray(self.highs.getBasisSolve(moves)[1], dtype=np.float64)
