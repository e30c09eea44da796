"""What a run remembers of the problems that it solved: a table made twice is not formulated twice, a what-if starts from the last basis."""

from collections.abc import Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, field
from threading import Lock

import polars as pl

from equipoise.supply.assembly import Problem
from equipoise.supply.formulate import formulate
from equipoise.supply.memory import Memory, kept
from equipoise.supply.solving.answer import Answer
from equipoise.supply.solving.solve import solve
from equipoise.supply.solving.start import start_for

_KEPT = 3


@dataclass(frozen=True, eq=False)
class Solved:
    """A problem with its answer."""

    problem: Problem
    answer: Answer


@dataclass
class Session:
    """Problems solved lately, by the tables that they were made from. The first one is where later ones start: that changes no plan.

    What-ifs may be solved side by side: they start from the first problem too, but are not remembered, so that none hangs on another.
    """

    executor: Executor | None = None
    memory: Memory = field(default_factory=Memory)
    _kept: dict[tuple[tuple[str, int], ...], tuple[Mapping[str, pl.DataFrame], Solved]] = field(default_factory=dict)
    _first: Solved | None = None
    _given: Mapping[str, pl.DataFrame] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    @property
    def begun(self) -> bool:
        """Whether there is a problem for later ones to start from."""
        return self._first is not None

    def solved(self, tables: Mapping[str, pl.DataFrame], *, what_if: bool = False) -> Solved:
        """Return the problem that the tables describe, solved; a `what_if` is not remembered. Raises SolverError as `solve` does."""
        tables = {name: kept(frame, self._given.get(name, frame)) for name, frame in tables.items()}
        key = tuple((name, id(tables[name])) for name in sorted(tables))
        with self._lock:
            if key in self._kept:
                return self._kept[key][1]
            first = self._first
        problem = formulate(tables, self.memory)
        start = start_for(problem, first.problem, first.answer.basis) if first is not None else None
        found = Solved(problem, solve(problem, start, self.executor))
        if what_if:
            return found
        with self._lock:
            if self._first is None:
                self._first, self._given = found, tables
            self._kept[key] = (tables, found)  # the frames are held, so that their identities stay theirs
            while len(self._kept) > _KEPT:
                self._kept.pop(next(iter(self._kept)))
        return found
