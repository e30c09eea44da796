"""The smallest set of rules that cannot hold together: each is needed for the clash, so that giving up any one of them ends it.

Found by a deletion filter over the rules, on what the duals of the most that a rule can reach leave of them (the sensitivity filter).
Source: Chinneck, Feasibility and Infeasibility in Optimization (2008), chapter 6. Physics (balances, links) always holds.
"""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import polars as pl

from equipoise.supply.assembly import Array, Problem, limit_rows
from equipoise.supply.explaining.rules import ruled
from equipoise.supply.explaining.worth import TINY
from equipoise.supply.solving.answer import Answer
from equipoise.supply.solving.engine import Engine, arrays_of
from equipoise.tables import table

Rows = npt.NDArray[np.int64]
_MOST_SOLVES = 400


@dataclass(frozen=True, eq=False)
class Clash:
    """Rows that clash, whether each does so by its upper bound (1), its lower one (-1) or either (0), and whether none can be spared."""

    rows: Rows
    sides: npt.NDArray[np.int64]
    smallest: bool = True


def clash(problem: Problem, answer: Answer) -> tuple[pl.DataFrame, str]:
    """Return the table clash, and the same in a few words for the table solution; empty where all rules hold.

    Where several sets of rules clash, the one with the most severe violation is told: capacity before agreements, service and targets,
    then the largest. With the strategy given nothing is searched for: a plan that is given is only reported on.
    """
    found = _crossed(problem)
    if found is None and answer.elastic and problem.model.net.setting.supply.strategy != "given":
        found = fighting(problem, answer)
    if found is None:
        return table("clash").empty(), ""
    told = ruled(problem, found.rows, found.sides)
    gave = (np.maximum(answer.below, answer.above) > TINY) & limit_rows(problem)
    beside = int(gave.sum() - gave[found.rows].sum())
    words = "1 rule cannot hold by itself" if told.height == 1 else f"{told.height} rules cannot hold together"
    words += f"; beside them {beside} more gave way" if beside else ""
    words += "" if found.smallest else "; the search was ended before its time, so some of them may not be needed"
    return told, words


def _crossed(problem: Problem) -> Clash | None:
    """Return the row whose least lies furthest above its most."""
    size = problem.crossed * problem.weight * limit_rows(problem)
    return Clash(np.array([int(np.argmax(size))]), np.zeros(1, np.int64)) if np.any(size > TINY) else None


def fighting(problem: Problem, answer: Answer) -> Clash | None:
    """Return the smallest clash around the most severe violation of an answer; None where arithmetic alone kept the rules apart."""
    violated = _severest_first(problem, answer)
    if not len(violated):
        return None
    over = answer.above[violated] > answer.below[violated]
    linear = _Search(problem, whole=False)
    search = linear if not problem.whole.any() or linear.clashes() else _Search(problem, whole=True)
    first = search.first(violated)
    if first is None:
        return None
    last = int(violated[first])
    search.give_up(violated[first + 1 :])
    if not search.whole:
        search.keep_only(last, 1.0 if over[first] else -1.0)
    smallest = search.thin(last)
    rows = search.kept()
    sides = np.zeros(len(rows), np.int64) if search.whole else np.sign(search.needed(last, 1.0 if over[first] else -1.0)[rows])
    sides = sides.astype(np.int64)
    sides[rows == last] = 1 if over[first] else -1
    return Clash(rows, sides, smallest)


def _severest_first(problem: Problem, answer: Answer) -> Rows:
    size = np.maximum(answer.below, answer.above) * problem.weight
    rows = np.flatnonzero((np.maximum(answer.below, answer.above) > TINY) & limit_rows(problem))
    return rows[np.lexsort((rows, -size[rows], -problem.grade[rows]))]


class _Search:
    """A problem without a gain, whose limits are given up and taken back to see which of them clash."""

    def __init__(self, problem: Problem, *, whole: bool) -> None:
        arrays = arrays_of(problem)
        setting = problem.model.net.setting.supply
        arrays = replace(arrays, gain=np.zeros(problem.columns), whole=arrays.whole if whole else np.zeros_like(arrays.whole))
        self.problem, self.whole, self.solves, self.late = problem, whole, 0, False
        self.engine = Engine(arrays, 1.0, setting.relative_gap, setting.time_limit)
        self.limits = limit_rows(problem)
        self.holds = self.limits.copy()

    def give_up(self, rows: Rows) -> None:
        """Let rows be whatever they are."""
        self.holds[rows] = False
        if len(rows):
            self.engine.row_bounds(rows, np.full(len(rows), -np.inf), np.full(len(rows), np.inf))

    def take_back(self, rows: Rows) -> None:
        """Let rows hold again."""
        self.holds[rows] = True
        if len(rows):
            self.engine.row_bounds(rows, self.problem.row_lower[rows], self.problem.row_upper[rows])

    def clashes(self) -> bool:
        """Whether the rows that hold cannot hold together; where no answer is found in time, they are taken to hold."""
        self.solves += 1
        status = self.engine.run()
        self.late |= status in {"time limit", "no plan in time"}
        return status == "infeasible"

    def first(self, violated: Rows) -> int | None:
        """Return the place of the first violated row that clashes with all other rules and those violated before it."""
        low, high, middle = 0, len(violated) - 1, 0
        if not self.clashes():
            return None
        while low < high:
            self.take_back(violated[: middle + 1])
            self.give_up(violated[middle + 1 :])
            low, high = (low, middle) if self.clashes() else (middle + 1, high)
            middle = (low + high) // 2
        self.take_back(violated[: low + 1])
        return low

    def needed(self, row: int, side: float) -> Array:
        """Return the duals of the most that a row can reach (the least, for an upper bound): the rules that keep it from its bound."""
        self.give_up(np.array([row]))
        inside = np.flatnonzero(self.problem.index == row)
        columns = np.searchsorted(self.problem.starts, inside, side="right") - 1
        self.engine.gains(columns, -side * self.problem.values[inside])
        self.solves += 1
        status = self.engine.run()
        duals = self.engine.duals() if status == "optimal" else np.zeros(self.problem.rows)
        self.engine.gains(columns, np.zeros(len(columns)))
        self.take_back(np.array([row]))
        return np.where(np.abs(duals) > 1e-9, duals, 0.0)

    def keep_only(self, row: int, side: float) -> None:
        """Give up every limit that does not keep a row from its bound."""
        duals = self.needed(row, side)
        spare = np.flatnonzero(self.holds & (duals == 0))
        spare = spare[spare != row]
        self.give_up(spare)
        if not self.clashes():
            self.take_back(spare)

    def thin(self, row: int) -> bool:
        """Give up all that the clash around `row` does not need; return whether that was finished within the most solves."""
        problem = self.problem
        pending = [self.kept()[self.kept() != row]]
        block = np.zeros(problem.rows, np.int64)
        for place, made in enumerate(problem.blocks):
            block[made.start : made.stop] = place
        pending[0] = pending[0][np.lexsort((pending[0], problem.grade[pending[0]]))]
        while pending:
            rows = pending.pop(0)
            if not len(rows):
                continue
            if self.solves >= _MOST_SOLVES or self.late:
                return False
            self.give_up(rows)
            if self.clashes():
                continue
            self.take_back(rows)
            if len(rows) > 1:
                kinds = np.flatnonzero(np.diff(block[rows])) + 1
                pending[:0] = np.split(rows, kinds if len(kinds) else [len(rows) // 2])
        return not self.late

    def kept(self) -> Rows:
        """Return the limits that hold."""
        return np.flatnonzero(self.holds & (np.isfinite(self.problem.row_lower) | np.isfinite(self.problem.row_upper)))
