"""What one unit more and one unit less of a limit is worth, and over what range: by the basis, and proven by solving again.

By the theory of linear programming the rate at which a gain changes with a bound stays the same as long as the basis stays feasible; the
ratio test says how far that is (Chvatal, Linear Programming, 1983, chapter 10). Where that is less than a unit, only a new solution knows.
"""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt
import polars as pl

from equipoise.supply.assembly import Array, Flags, Problem, limit_rows
from equipoise.supply.solving.answer import Answer, unserved
from equipoise.supply.solving.engine import Arrays, Engine, arrays_of
from equipoise.supply.solving.solve import cost_scale

TINY = 1e-6
_STILL = 1e-9
_WORK = 20_000_000
"""Most limits times rows of the model whose range is looked for, so that a large plan does not wait for the last of its limits."""

_SOLVED_ANEW = 200_000
"""Columns up to which an answer without a basis is solved again to have one."""


_FAR = 10.0
_LINKS = {"setup_needed", "order_needed", "lane_use", "line_open", "site_open"}


@dataclass(frozen=True, eq=False)
class Standing:
    """A problem that stands at its answer, ready to be solved again from there.

    Whole columns are fixed as they are, and rules that gave way are as wide as the plan needs them. `answer` is the same plan, with the
    duals of that problem; `values` are those of its basis, where equal plans are not settled yet. `measures` are, by column, money,
    minus the units never served and minus the units late.
    """

    problem: Problem
    arrays: Arrays
    engine: Engine
    answer: Answer
    values: Array
    measures: Array


@dataclass(frozen=True)
class _Limit:
    """A row as a limit: one more of it adds `way` (1 or -1) to the bound that binds; it is moved by `size`."""

    row: int
    above: bool
    way: float
    size: float
    none_less: bool


@dataclass(frozen=True, eq=False)
class _Probe:
    """What a moved limit changed in each measure, at what rate each goes on changing, and how far beyond the move."""

    changes: Array
    rates: Array
    beyond: float


def standing(problem: Problem, answer: Answer) -> Standing | None:
    """Return the problem as it stands at its answer; None where it has no optimal basis, and is too large to find one."""
    if answer.basis is None and problem.columns > _SOLVED_ANEW:
        return None
    arrays = arrays_of(problem)
    whole = np.round(answer.values)
    low, high = as_wide_as_needed(problem, answer, arrays)
    high[_linked(problem, whole)] = np.inf
    fixed = replace(
        arrays,
        lower=np.where(arrays.whole, whole, arrays.lower),
        upper=np.where(arrays.whole, whole, arrays.upper),
        row_lower=low,
        row_upper=high,
        whole=np.zeros_like(arrays.whole),
    )
    setting = problem.model.net.setting.supply
    engine = Engine(fixed, cost_scale(problem), setting.relative_gap, setting.time_limit)
    if answer.basis is not None:
        engine.start_from(answer.basis)
    if engine.run() != "optimal" or not engine.has_basis:
        return None
    measures = np.stack([problem.money, *unserved(problem, problem.columns)])
    money, served, late = engine.sensitivities(*measures)
    known = replace(answer, duals=engine.duals(), money_duals=money, served_duals=served, late_duals=late)
    return Standing(problem, fixed, engine, known, engine.values(), measures)


def as_wide_as_needed(problem: Problem, answer: Answer, arrays: Arrays) -> tuple[Array, Array]:
    """Return the bounds of the rows (least, most), those that gave way as wide as the plan needs."""
    activity = activities_of(problem, answer.values)
    slack = TINY * np.maximum(1.0, np.abs(activity))
    gives = limit_rows(problem) & answer.elastic
    low = np.where(gives & (activity < arrays.row_lower), activity - slack, arrays.row_lower)
    return low, np.where(gives & (activity > arrays.row_upper), activity + slack, arrays.row_upper)


def _linked(problem: Problem, whole: Array) -> npt.NDArray[np.int64]:
    """Return the links of flows to whole decisions that are taken: their bounds come from other limits, which say it better."""
    if not problem.whole.any():
        return np.zeros(0, np.int64)
    taken = activities_of(problem, np.where(problem.whole, whole, 0.0))
    rows = [np.arange(block.start, block.stop) for block in problem.blocks if block.rule.name in _LINKS]
    links = np.concatenate([np.zeros(0, np.int64), *rows])
    return np.asarray(links[taken[links] < problem.row_upper[links] - TINY], np.int64)


def activities_of(problem: Problem, values: Array) -> Array:
    """Return what each row adds up to, from the value of each column."""
    columns = np.repeat(np.arange(problem.columns), np.diff(problem.starts))
    return np.bincount(problem.index, problem.values * values[columns], minlength=problem.rows).astype(np.float64)


def worths(at: Standing, asked: pl.DataFrame, proofs: int, figure: Literal[0, 1]) -> pl.DataFrame:
    """Return what each limit is worth, a row for each of `asked`, in order.

    `asked` has row (of the model), sign (what one more of the limit adds to its bound), above (whether its upper bound binds) and
    limited_to (empty where it is not one number). At most `proofs` of them are solved again, one unit up and down: first those whose
    range is less than that, the most valuable first. `figure` is what the range is about: 0 money, 1 units served.

    Returns step (one unit; a limit below one unit is moved by all of it), value, value_less, serves, serves_less, sooner (each for one
    unit; empty where it is not known), more and less (how far the limit may move at that value), stuck_more and stuck_less (a unit
    more or less breaks another rule) and proof.
    """
    rates = np.stack([at.answer.money_duals, at.answer.served_duals, at.answer.late_duals])
    rows, signs = asked.get_column("row").to_numpy(), asked.get_column("sign").to_numpy()
    limits = asked.get_column("limited_to").fill_null(np.nan).to_numpy().astype(np.float64)
    one = _steps(limits)
    rates = rates[:, rows] * signs
    order = np.lexsort((rows, -np.abs(rates[1]), -np.abs(rates[0])))
    room = _rooms(at, rows, signs, order[: max(proofs, _WORK // max(at.problem.rows, 1))])
    none_less = limits == 0
    exact = (room[0] >= one * (1 - TINY)) & ((room[1] >= one * (1 - TINY)) | none_less)
    made = _by_the_basis(rates, room, one, exact & ~np.isnan(room[0]), none_less)
    narrow_first = order[np.argsort(exact[order], kind="stable")]
    above = asked.get_column("above").to_numpy()
    for place in narrow_first[:proofs].tolist():
        limit = _Limit(int(rows[place]), bool(above[place]), float(signs[place]), float(one[place]), bool(none_less[place]))
        made[place] |= _proven(at, limit, made[place], figure)
    return _framed(made)


_NUMBERS = ("step", "value", "value_less", "serves", "serves_less", "sooner", "more", "less")
_Row = dict[str, float | str | bool | None]


def _steps(limits: Array) -> Array:
    """Return one unit of each limit, or the limit itself where it is less than one."""
    size = np.abs(limits)
    return np.where((size > TINY) & (size < 1), size, 1.0)


def _rooms(at: Standing, rows: Array, signs: Array, chosen: npt.NDArray[np.intp]) -> Array:
    """Return how far each limit may rise and fall before the basis changes; NaN for those that are not chosen."""
    room = np.full((2, len(rows)), np.nan)
    activity, basic = at.engine.activities(), at.engine.basic()
    for place in chosen.tolist():
        up, down = _room(at, int(rows[place]), activity, basic)
        room[:, place] = (up, down) if signs[place] > 0 else (down, up)
    return room


def _room(at: Standing, row: int, activity: Array, basic: npt.NDArray[np.int64]) -> tuple[float, float]:
    """Return how far the bound of a row may rise and fall before a basic column or row meets a bound of its own."""
    one = np.zeros(at.problem.rows)
    one[row] = 1.0
    moved = at.engine.directions(one)
    inside = basic >= 0
    column, place = np.where(inside, basic, 0), np.where(inside, 0, -1 - basic)
    if np.any(~inside & (place == row)):
        return np.inf, np.inf  # the row does not bind here: its bound changes nothing
    rate = np.where(inside, moved, -moved)
    value = np.where(inside, at.values[column], activity[place])
    below = value - np.where(inside, at.arrays.lower[column], at.arrays.row_lower[place])
    over = np.where(inside, at.arrays.upper[column], at.arrays.row_upper[place]) - value
    moves = np.abs(rate) > _STILL
    rate, below, over = rate[moves], below[moves], over[moves]
    size = np.abs(rate)
    up = np.where(rate > 0, over, below) / size
    down = np.where(rate > 0, below, over) / size
    return max(float(up.min(initial=np.inf)), 0.0), max(float(down.min(initial=np.inf)), 0.0)


def unproven(rates: Array) -> pl.DataFrame:
    """Return the same for limits of which only the rates (money, units served, units late; by limit) are known."""
    nothing = np.full((2, rates.shape[1]), np.nan)
    one = np.ones(rates.shape[1])
    return _framed(_by_the_basis(rates, nothing, one, one < 0, one > 0))


def _framed(rows: list[_Row]) -> pl.DataFrame:
    schema = {**dict.fromkeys(_NUMBERS, pl.Float64), "stuck_more": pl.Boolean, "stuck_less": pl.Boolean, "proof": pl.String}
    return pl.DataFrame([{name: row[name] for name in schema} for row in rows], schema=schema)


def _by_the_basis(rates: Array, room: Array, one: Array, exact: Flags, none_less: Flags) -> list[_Row]:
    return [
        {
            "step": step,
            "value": money,
            "value_less": money if less >= step * (1 - TINY) and not none else None,
            "serves": served,
            "serves_less": served if less >= step * (1 - TINY) and not none else None,
            "sooner": late,
            "more": None if np.isnan(more) else more,
            "less": None if np.isnan(less) else less,
            "stuck_more": False,
            "stuck_less": False,
            "proof": "basis" if wide else None,
        }
        for (money, served, late), (more, less), step, wide, none in zip(
            rates.T.tolist(), room.T.tolist(), one.tolist(), exact.tolist(), none_less.tolist(), strict=True
        )
    ]


def _proven(at: Standing, limit: _Limit, known: _Row, figure: Literal[0, 1]) -> _Row:
    """Return what solving again one unit up and down says of a limit; nothing where HiGHS does not come to an answer."""
    up = _probe(at, limit, limit.size)
    down: _Probed = "impossible" if limit.none_less else _probe(at, limit, -limit.size)
    if "unknown" in (up, down):
        return {}
    found: _Row = {
        "proof": "solved again",
        "value": None,
        "serves": None,
        "value_less": None,
        "serves_less": None,
        "more": 0.0,
        "less": 0.0,
    }
    found |= {"stuck_more": up == "impossible", "stuck_less": down == "impossible" and not limit.none_less}
    rate, value = float(known[("value", "serves")[figure]] or 0.0), None
    for probe, way, room, names in ((up, 1.0, "more", ("value", "serves", "sooner")), (down, -1.0, "less", ("value_less", "serves_less"))):
        if isinstance(probe, _Probe):
            change = way * probe.changes / limit.size
            found |= dict(zip(names, change.tolist(), strict=False))
            value = float(change[figure]) if value is None else value
            if _same(float(change[figure]), value):
                near = float(known[room] or 0.0) if _same(rate, value) else 0.0
                found[room] = max(near, _reach(at, limit, probe, way, value, figure))
    return found


def _reach(at: Standing, limit: _Limit, first: _Probe, way: float, value: float, figure: Literal[0, 1]) -> float:
    """Return how far a value holds that a first probe found: what its basis says, and further where ten times the move is worth ten times.

    Gains grow ever more slowly with a limit (they are concave), so what is worth as much at the end is worth as much on the way.
    """
    if not _same(first.rates[figure], value):
        return limit.size
    near, far = limit.size + first.beyond, limit.size * _FAR
    if near >= far:
        return near
    last = _probe(at, limit, way * far)
    if isinstance(last, str) or not _same(way * last.changes[figure] / far, value):
        return near
    return far + (last.beyond if _same(last.rates[figure], value) else 0.0)


def _same(one: float, other: float) -> bool:
    return abs(one - other) <= max(TINY, 1e-4 * max(abs(one), abs(other)))


_Probed = _Probe | Literal["impossible", "unknown"]


def _probe(at: Standing, limit: _Limit, move: float) -> _Probed:
    """Solve with the limit moved, and put it back. Impossible: no plan obeys all rules then."""
    row, step = limit.row, limit.way * move
    lower, upper = at.arrays.row_lower[row], at.arrays.row_upper[row]
    both = upper - lower <= TINY
    new_lower, new_upper = lower + step * (both or not limit.above), upper + step * (both or limit.above)
    if new_lower > new_upper:
        return "impossible"
    where = np.array([row])
    at.engine.row_bounds(where, np.array([new_lower]), np.array([new_upper]))
    status = at.engine.run()
    found: _Probed = "impossible" if status == "infeasible" else "unknown"
    if status == "optimal":
        values = at.engine.values()
        changes = at.measures @ (values - at.values)
        moved = replace(at, arrays=_moved(at.arrays, row, new_lower, new_upper), values=values)
        up, down = _room(moved, row, at.engine.activities(), at.engine.basic())
        rates = np.array([by_row[row] * limit.way for by_row in at.engine.sensitivities(*at.measures)])
        noise = max(TINY, 1e-12 * abs(at.answer.objective))
        found = _Probe(np.where(np.abs(changes) < noise, 0.0, changes), rates, up if step > 0 else down)
    at.engine.row_bounds(where, np.array([lower]), np.array([upper]))
    return found


def _moved(arrays: Arrays, row: int, lower: float, upper: float) -> Arrays:
    low, high = arrays.row_lower.copy(), arrays.row_upper.copy()
    low[row], high[row] = lower, upper
    return replace(arrays, row_lower=low, row_upper=high)
