"""Correlations that are given, in place of what history shows, and whether they can hold together."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from equipoise.errors import InputError, Where
from equipoise.reconcile.simulation.normal import Array, Index

_SLACK = 1e-9
_HALVINGS = 30
_TOLD = 5


@dataclass(frozen=True, eq=False)
class Given:
    """A row of the table `correlation`: its names, the units that they stand for, and the correlation of their totals."""

    one: str
    other: str
    ones: Index
    others: Index
    correlation: float


def with_given(matrix: Array, spread: Array, given: Sequence[Given]) -> Array:
    """Return a root of the correlation matrix with what is given laid over it: root root' is the matrix.

    A row between a and b holds for the totals of their units, weighted by `spread` (units,), the standard deviation of each: every pair of
    a unit of a and one of b gets the one correlation that gives it. Raises InputError where the rows cannot hold together (no demand could
    move that way), naming those at fault and the most extreme value that each could have.
    """
    whole = _laid(matrix, spread, given)
    if (root := _root(whole)) is not None:
        return root
    raise _refused(matrix, spread, given, whole)


def _laid(matrix: Array, spread: Array, given: Sequence[Given]) -> Array:
    found = matrix.copy()
    for row in given:
        found[np.ix_(row.ones, row.others)] = row.correlation * _reach(matrix, spread, row)
        found[np.ix_(row.others, row.ones)] = found[np.ix_(row.ones, row.others)].T
    return found


def _reach(matrix: Array, spread: Array, row: Given) -> float:
    """Return the correlation of every pair at which the totals are correlated by one."""
    sizes = [spread[units] if spread[units].sum() > 0 else np.ones(len(units)) for units in (row.ones, row.others)]
    deviation = [np.sqrt(size @ matrix[np.ix_(units, units)] @ size) for size, units in zip(sizes, (row.ones, row.others), strict=True)]
    return float(deviation[0] * deviation[1] / (sizes[0].sum() * sizes[1].sum()))


def _root(matrix: Array) -> Array | None:
    try:
        return np.asarray(np.linalg.cholesky(matrix + _SLACK * np.eye(len(matrix))), np.float64)
    except np.linalg.LinAlgError:
        return None


def _refused(matrix: Array, spread: Array, given: Sequence[Given], whole: Array) -> InputError:
    """Return the error: the smallest eigenvalue, and for the rows that alone could mend it the nearest value that would do."""
    values, vectors = np.linalg.eigh(whole)
    least = float(values[0])
    worst = _worst(given, whole, vectors[:, 0])
    nearest = {place: value for place in worst if (value := _nearest(matrix, spread, given, place)) is not None}
    if nearest:
        told = [f"{_named(given[place])} at {_side(given[place], value)}" for place, value in nearest.items()]
        rows = ", ".join(_named(given[place]) for place in nearest)
        fix = f"One of these would do, the others as they are: {'; '.join(told)}."
    else:
        rows = ", ".join(_named(given[place]) for place in worst)
        part = _part(matrix, spread, given)
        fix = f"Take all of them to {part:.0%} of what they are ({', '.join(f'{row.correlation * part:.2f}' for row in given[:_TOLD])})."
    message = f"The correlations given cannot hold together ({rows}): the smallest eigenvalue of the matrix is {least:.3f}, below zero."
    return InputError(message, fix, Where(table="correlation", column="correlation"))


def _worst(given: Sequence[Given], whole: Array, vector: Array) -> list[int]:
    """Return the places of the rows that do most to make the smallest eigenvalue, whose vector is given, what it is; five at most."""
    part = [float(vector[row.ones] @ whole[np.ix_(row.ones, row.others)] @ vector[row.others]) for row in given]
    return sorted(range(len(given)), key=lambda place: (round(part[place], 9), place))[:_TOLD]


def _named(row: Given) -> str:
    return f"{row.one} with {row.other} ({row.correlation:g})"


def _side(row: Given, value: float) -> str:
    return f"{'most' if value < row.correlation else 'least'} {value:.2f}"


def _nearest(matrix: Array, spread: Array, given: Sequence[Given], place: int) -> float | None:
    """Return the value nearest to what a row gives at which all rows hold together; None where no value of this row alone does that."""
    there = given[place].correlation

    def holds(value: float) -> bool:
        changed = [*given[:place], replace(given[place], correlation=value), *given[place + 1 :]]
        return _root(_laid(matrix, spread, changed)) is not None

    start = next((value for value in _tries(there) if holds(value)), None)
    return None if start is None else _rounded(_edge(holds, start, there), there)


def _tries(there: float) -> list[float]:
    return sorted((round(0.05 * step, 2) for step in range(-20, 21)), key=lambda value: abs(value - there))


def _edge(holds: Callable[[float], bool], good: float, bad: float) -> float:
    for _ in range(_HALVINGS):
        half = (good + bad) / 2
        good, bad = (half, bad) if holds(half) else (good, half)
    return good


def _rounded(value: float, there: float) -> float:
    """Return the value to two decimals, on the side that holds."""
    hundredths = np.floor(value * 100 + 1e-6) if value < there else np.ceil(value * 100 - 1e-6)
    return float(hundredths) / 100


def _part(matrix: Array, spread: Array, given: Sequence[Given]) -> float:
    """Return the share of all correlations given at which they hold together."""

    def holds(share: float) -> bool:
        return _root(_laid(matrix, spread, [replace(row, correlation=row.correlation * share) for row in given])) is not None

    return float(np.floor(_edge(holds, 0.0, 1.0) * 100)) / 100 if holds(0.0) else 0.0
