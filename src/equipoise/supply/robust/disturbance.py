"""What a scenario takes away from decisions already taken: they are then carried out only as far as it lets."""

import numpy as np
import numpy.typing as npt
import polars as pl

from equipoise.supply.assembly import Array, Flags, Problem
from equipoise.supply.formulation.balance import arrivals, withdrawals
from equipoise.supply.formulation.equation import Grade
from equipoise.supply.model.unknowns import WHOLE
from equipoise.supply.robust.decisions import columns_of
from equipoise.supply.robust.naming import column_names, places, row_names

Places = npt.NDArray[np.int64]
_SAME = 1e-9
_TIME = ("regular", "overtime", "load_step", "workers", "open", "step", "maintain")


def disturbed(problem: Problem, base: Problem, decisions: pl.DataFrame, committed: int) -> Flags:
    """Return which of `decisions` (of `problem`) may be carried out in part, as something that they need is not as in the base problem.

    In the first `committed` periods, a limit is lower, a yield, a usage or a lead time is another, or less is on hand. That touches what
    stands under the limit, what takes time of the resource, and what is made or moved of goods that are then missing, however far down.
    With any of these, overtime and what comes whole may be less as well. Demand and money disturb nothing.
    """
    rows = _changed(problem, base) & _soon(problem, committed)
    if not rows.any():
        return np.zeros(decisions.height, np.bool_)
    touched = _downstream(problem, _touched(problem, rows), _points(problem, rows))
    follow = decisions.select(pl.col("family").is_in(["overtime", *sorted(WHOLE)])).to_series().to_numpy()
    flows = decisions.select(pl.col("family").is_in(["make", "buy", "move"])).to_series().to_numpy()
    return np.asarray(follow | (flows & touched[columns_of(decisions)]), np.bool_)


def _changed(problem: Problem, base: Problem) -> Flags:
    """Return the rows of limits, of loads and of stock that allow less than in the base problem, or have other coefficients."""
    row = places(row_names(problem), row_names(base)).to_numpy()
    column = places(column_names(problem), column_names(base)).to_numpy()
    stock = _rows_of(problem, {"stock_balance"})
    bears = (problem.grade >= Grade.AGREEMENT) | stock | _rows_of(problem, {"resource_load"})
    less = _below(problem.row_upper, base.row_upper, row) & ~stock
    less_given = _below(-problem.row_lower, -base.row_lower, row) & stock
    back, back_column = _inverse(row, base.rows), _inverse(column, base.columns)
    gone = _other_entries(base, problem, back, back_column, absent=True)
    lost = np.zeros(problem.rows, np.bool_)
    lost[row >= 0] = gone[row[row >= 0]]
    return bears & (less | less_given | _other_entries(problem, base, row, column) | (lost & stock))


def _below(bounds: Array, others: Array, place: Places) -> Flags:
    """Return which bounds lie below the one at their place among others; a bound without a place lies below none at all."""
    had = np.full(len(bounds), np.inf)
    had[place >= 0] = others[place[place >= 0]]
    room = np.where(np.isfinite(had), _SAME * np.maximum(1.0, np.abs(np.where(np.isfinite(had), had, 0.0))), 0.0)
    return bounds < had - room


def _inverse(place: Places, count: int) -> Places:
    """Return, for each of `count` places, what stands there; -1 where nothing does."""
    found = np.full(count, -1, np.int64)
    found[place[place >= 0]] = np.flatnonzero(place >= 0)
    return found


def _rows_of(problem: Problem, rules: set[str]) -> Flags:
    found = np.zeros(problem.rows, np.bool_)
    for block in problem.blocks:
        if block.rule.name in rules:
            found[block.start : block.stop] = True
    return found


def _other_entries(problem: Problem, base: Problem, row: Places, column: Places, *, absent: bool = False) -> Flags:
    """Return the rows with an entry that `base` lacks or has with another value; `row` and `column` are the places there.

    Unknowns that `base` does not have (a new route) take nothing away, and count only where `absent`.
    """
    of = np.repeat(np.arange(problem.columns), np.diff(problem.starts))
    shared = row[problem.index] >= 0
    known = shared & (column[of] >= 0)
    here = column[of[known]] * max(base.rows, 1) + row[problem.index[known]]
    there = np.repeat(np.arange(base.columns), np.diff(base.starts)) * max(base.rows, 1) + base.index
    mine, value = problem.values[known], np.full(len(here), np.inf)
    if len(there):
        place = np.minimum(np.searchsorted(there, here), len(there) - 1)
        value = np.where(there[place] == here, base.values[place], np.inf)
    found = np.zeros(problem.rows, np.bool_)
    found[problem.index[known][np.abs(value - mine) > _SAME * np.maximum(1.0, np.abs(mine))]] = True
    if absent:
        found[problem.index[shared & (column[of] < 0)]] = True
    return found


def _soon(problem: Problem, committed: int) -> Flags:
    """Return the rows of the first periods, and of the whole horizon."""
    soon = np.zeros(problem.rows, np.bool_)
    for block in problem.blocks:
        rows = block.equation.rows
        soon[block.start : block.stop] = (rows.get_column("t").fill_null(0) < committed).to_numpy() if "t" in rows.columns else True
    return soon


def _touched(problem: Problem, rows: Flags) -> Flags:
    """Return the columns that stand in the rows (those of stock apart), and those that load a resource of which they limit the time."""
    of = np.repeat(np.arange(problem.columns), np.diff(problem.starts))
    own = rows & ~_rows_of(problem, {"stock_balance"})
    touched = _any(of[own[problem.index]], problem.columns)
    time = np.zeros(problem.columns, np.bool_)
    for family in _TIME:
        time[columns_of(problem.model[family])] = True
    load = _rows_of(problem, {"resource_load"})
    limited = _any(problem.index[(touched & time)[of]], problem.rows) & load
    return touched | _any(of[limited[problem.index]], problem.columns)


def _any(at: npt.NDArray[np.integer], count: int) -> Flags:
    found = np.zeros(count, np.bool_)
    found[at] = True
    return found


def _points(problem: Problem, rows: Flags) -> Flags:
    """Return the points whose stock a row of `rows` is about."""
    found = np.zeros(max(problem.model.net.points.height, 1), np.bool_)
    for block in problem.blocks:
        if block.rule.name == "stock_balance":
            found[block.equation.rows.get_column("point").to_numpy()[rows[block.start : block.stop]]] = True
    return found


def _downstream(problem: Problem, touched: Flags, points: Flags) -> Flags:
    """Return the columns touched, with those that take goods from a point which the ones before feed, or which is itself disturbed."""
    come, go = arrivals(problem.model), withdrawals(problem.model)
    fed, feeding = come.get_column("point").to_numpy(), come.get_column("column").to_numpy()
    taken, taking = go.get_column("point").to_numpy(), go.get_column("column").to_numpy()
    while True:
        short = points | _any(fed[touched[feeding]], len(points))
        reached = touched | _any(taking[short[taken]], problem.columns)
        if np.array_equal(reached, touched) and np.array_equal(short, points):
            return touched
        touched, points = reached, short
