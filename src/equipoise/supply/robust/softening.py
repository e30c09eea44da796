"""Rules that give way at a price: what was settled for all scenarios may not let every rule hold in each of them."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from equipoise.supply.assembly import Array, Flags, Problem, limit_rows
from equipoise.supply.explaining.worth import as_wide_as_needed
from equipoise.supply.formulation.equation import Grade
from equipoise.supply.robust.case import Case
from equipoise.supply.robust.decisions import columns_of
from equipoise.supply.solving.answer import Answer
from equipoise.supply.solving.elastic import widened
from equipoise.supply.solving.engine import Arrays, arrays_of

Prices = dict[Grade, float]
_ABOVE = 1.01
_MOST = 1e4
"""Most that an item unit by which a rule gives way costs, in average items: more could not be told from the tolerance of HiGHS."""


def prices(cases: Sequence[Case]) -> Prices:
    """Return the price of an item unit by which a rule gives way, by grade.

    It is a little above what a unit is worth where it is worth most, in any scenario's own best plan, and at least an average item. At
    such a price that plan stays the best one of its scenario, though its rules may give way (an exact penalty: Luenberger and Ye, Linear
    and Nonlinear Programming, 2016, section 13.3). Agreements cost ten times as much as service, and capacity ten times that.
    """
    scale = max(case.problem.model.prices.scale for case in cases)
    found = {grade: max(_dearest(case, grade) for case in cases) * _ABOVE for grade in (Grade.TARGET, Grade.SERVICE)}
    target = min(max(found[Grade.TARGET], scale), _MOST * scale)
    service = min(max(found[Grade.SERVICE], target), _MOST * scale)
    return {Grade.TARGET: target, Grade.SERVICE: service, Grade.AGREEMENT: 10 * service, Grade.CAPACITY: 100 * service}


def _dearest(case: Case, grade: Grade) -> float:
    rows = (case.problem.grade == grade) & _unpriced(case.problem)
    worth = np.abs(case.answer.duals[rows]) / np.maximum(case.problem.weight[rows], 1e-9)
    return float(worth.max(initial=0.0))


def softened(problem: Problem, answer: Answer, at: Prices, *, most: Grade) -> Arrays:
    """Return a problem as arrays in which rules up to the grade `most` give way at a price: columns after those of the problem.

    Rules that its own best plan breaks are as wide as that needs.
    """
    arrays = arrays_of(problem)
    low, high = as_wide_as_needed(problem, answer, arrays)
    gives = limit_rows(problem) & (problem.grade <= most) & _unpriced(problem)
    under, over = np.flatnonzero(gives & np.isfinite(low)), np.flatnonzero(gives & np.isfinite(high))
    rows = np.concatenate([under, over])
    signs = np.concatenate([np.ones(len(under)), -np.ones(len(over))])
    wide = widened(replace(arrays, row_lower=low, row_upper=high), rows, signs)
    return replace(wide, gain=np.concatenate([arrays.gain, -_by_row(problem, at)[rows]]), chained=arrays.chained)


def _unpriced(problem: Problem) -> Flags:
    """Return the rows without a price of their own at which they give way (those of a target or a most of stock may have one)."""
    priced = np.zeros(problem.columns, np.bool_)
    for family in ("shortfall", "excess"):
        priced[columns_of(problem.model[family])] = True
    unpriced = np.ones(problem.rows, np.bool_)
    unpriced[problem.index[np.repeat(priced, np.diff(problem.starts))]] = False
    return unpriced


def _by_row(problem: Problem, at: Prices) -> Array:
    by_grade = np.array([at.get(grade, 0.0) for grade in Grade])
    return by_grade[problem.grade] * problem.weight
