r"""All scenarios as one problem: what is settled now is one column for all of them, what is decided late is a column for each.

$$\max_x \; \sum_s \pi_s \, Q_s(x), \qquad Q_s(x) = \max_y \{ c_s x + q_s y : T_s x + W_s y \in [l_s, u_s] \}$$

The deterministic equivalent (extensive form) of a two-stage program with recourse: Birge and Louveaux, Introduction to Stochastic
Programming, 2011, section 1.1 and chapter 3.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from equipoise.supply.assembly import Array
from equipoise.supply.robust.case import Case
from equipoise.supply.robust.decisions import columns_of
from equipoise.supply.solving.answer import refuse
from equipoise.supply.solving.engine import BASIC, LOWER, UPPER, Arrays, Basis, Engine, Status
from equipoise.supply.solving.settle import settle
from equipoise.supply.solving.solve import cost_scale

Places = npt.NDArray[np.int64]
LARGEST = 400_000
"""Columns up to which all scenarios are solved as one problem, as measured."""


@dataclass(frozen=True, eq=False)
class Decided:
    """The value of every decision, by name, and whether the time limit came before the best ones."""

    values: pl.DataFrame
    in_time: bool


@dataclass(frozen=True, eq=False)
class _Stack:
    """The arrays of all cases: first the decisions, in the order of `names`, then each case's own columns, then what gives way.

    `where` has the place of every column of each case, `links` those of what it may carry out in part, and of the decisions behind that.
    """

    arrays: Arrays
    tie: Array
    names: pl.Series
    where: list[Places]
    links: list[tuple[Places, Places]]


def settled(cases: Sequence[Case], models: Sequence[Arrays], starts: Sequence[Basis] | None, limit: float) -> Decided | None:
    """Return the decisions with the most expected gain; None where no decisions let the rules of all cases hold.

    `models` are the cases' arrays, which may have columns by which rules give way after those of the problem. `starts` are their bases
    with the decisions of the first case: its own, and for the others one apart from the decisions. Together they are a feasible basis of
    the whole, from which the primal simplex method goes on (in a third to an eighth of the time from nothing, as measured). `limit` are the
    seconds that it may take. Raises SolverError where HiGHS fails, or finds no plan in time.
    """
    stack = _stacked(cases, models)
    gap, scale = cases[0].problem.model.net.setting.supply.relative_gap, cost_scale(cases[0].problem)
    engine, status = _run(stack, None if stack.arrays.whole.any() else starts, scale, gap, limit)
    if status not in {"optimal", "time limit"}:
        refuse(status)
        return None
    values = settle(engine, stack.tie, engine.basis()) if status == "optimal" and engine.has_basis else engine.values()
    decided = pl.DataFrame({"name": stack.names, "value": np.maximum(values[: len(stack.names)], 0.0)})
    return Decided(decided, status == "optimal")


def _run(stack: _Stack, starts: Sequence[Basis] | None, scale: float, gap: float, limit: float) -> tuple[Engine, Status]:
    """Return an engine that has run, and its status; from nothing where a start is not given or comes to nothing."""
    engine = Engine(stack.arrays, scale, gap, limit, "simplex")
    if starts is not None:
        engine.start_from(_start(stack, starts), feasible=True)
    status = engine.run()
    return _run(stack, None, scale, gap, limit) if status == "failed" and starts is not None else (engine, status)


def _start(stack: _Stack, starts: Sequence[Basis]) -> Basis:
    """Return the bases of the cases as one of the whole. What is carried out in full, though not all need be, is bound by its decision."""
    columns = np.full(len(stack.arrays.gain), LOWER, np.int8)
    for place, start in zip(reversed(stack.where), reversed(starts), strict=True):
        columns[place] = start.columns
    part = np.concatenate([places for places, _ in stack.links])
    full = columns[part] == UPPER
    columns[part[full]] = BASIC
    return Basis(columns, np.concatenate([*(start.rows for start in starts), np.where(full, UPPER, BASIC).astype(np.int8)]))


def _stacked(cases: Sequence[Case], models: Sequence[Arrays]) -> _Stack:
    """Return all cases as one problem, gains weighted by probability. A decision that only some cases know is one among those."""
    names = pl.concat([case.decisions.get_column("name") for case in cases]).unique(maintain_order=True)
    where, own = _places(cases, models, names)
    count = len(names) + sum(own)
    lower, upper, gain = np.zeros(count), np.full(count, np.inf), np.zeros(count)
    whole, tie = np.zeros(count, np.bool_), np.zeros(count)
    for case, model, place in zip(cases, models, where, strict=True):
        np.maximum.at(lower, place, model.lower)
        np.minimum.at(upper, place, model.upper)
        np.add.at(gain, place, case.probability * model.gain)
        np.logical_or.at(whole, place, model.whole)
        np.add.at(tie, place[: case.problem.columns], case.probability * case.problem.tie)
    links = [_links(case, place, names) for case, place in zip(cases, where, strict=True)]
    tied = len(names) + sum(case.problem.columns for case in cases) - sum(_shared(case) for case in cases)
    rows, entries = _rows_and_entries(models, where, links)
    starts, index, values = _by_column(count, *entries)
    chained = any(model.chained for model in models)
    return _Stack(Arrays(gain, lower, upper, *rows, starts, index, values, whole, chained=chained), tie[:tied], names, where, links)


def _shared(case: Case) -> int:
    """Return how many columns of a case are those of the decisions themselves."""
    return int(np.count_nonzero(~case.partly))


def _places(cases: Sequence[Case], models: Sequence[Arrays], names: pl.Series) -> tuple[list[Places], list[int]]:
    """Return the place of every column of every case, and how many columns each case has of its own."""
    numbers = pl.DataFrame({"name": names}).with_row_index("number")
    where, own = [], []
    free = len(names)
    for case, model in zip(cases, models, strict=True):
        place = np.full(len(model.gain), -1, np.int64)
        known = case.decisions.join(numbers, on="name", how="left", maintain_order="left").get_column("number").to_numpy()
        place[columns_of(case.decisions)[~case.partly]] = known[~case.partly]
        mine = np.flatnonzero(place[: case.problem.columns] < 0)
        place[mine] = free + np.arange(len(mine))
        free += len(mine)
        where.append(place)
        own.append(len(model.gain) - _shared(case))
    for case, place in zip(cases, where, strict=True):
        extra = len(place) - case.problem.columns
        place[case.problem.columns :] = free + np.arange(extra)
        free += extra
    return where, own


def _links(case: Case, place: Places, names: pl.Series) -> tuple[Places, Places]:
    """Return the places of what a case may carry out in part, and of the decisions that it may not exceed."""
    numbers = pl.DataFrame({"name": names}).with_row_index("number")
    partly = case.decisions.filter(pl.Series(case.partly))
    whole = partly.join(numbers, on="name", how="left", maintain_order="left").get_column("number").to_numpy().astype(np.int64)
    return place[columns_of(partly)], whole


def _rows_and_entries(
    models: Sequence[Arrays], where: Sequence[Places], links: Sequence[tuple[Places, Places]]
) -> tuple[tuple[Array, Array], tuple[Places, Places, Array]]:
    """Return the bounds of all rows, and the entries as column, row and value."""
    columns, rows, values = [], [], []
    first = 0
    for model, place in zip(models, where, strict=True):
        columns.append(np.repeat(place, np.diff(model.starts)))
        rows.append(model.index.astype(np.int64) + first)
        values.append(model.values)
        first += len(model.row_lower)
    part, whole = (np.concatenate(places) for places in zip(*links, strict=True))
    number = first + np.arange(len(part))
    columns += [part, whole]
    rows += [number, number]
    values += [np.ones(len(part)), -np.ones(len(part))]
    lower = np.concatenate([*(model.row_lower for model in models), np.full(len(part), -np.inf)])
    upper = np.concatenate([*(model.row_upper for model in models), np.zeros(len(part))])
    return (lower, upper), (np.concatenate(columns), np.concatenate(rows), np.concatenate(values))


def _by_column(count: int, column: Places, row: Places, value: Array) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32], Array]:
    """Return the matrix by column: starts, rows and values."""
    order = np.lexsort((row, column))
    starts = np.concatenate([[0], np.cumsum(np.bincount(column, minlength=count))]).astype(np.int32)
    return starts, row[order].astype(np.int32), value[order]
