"""Aumann and Shapley's integral: what each limit adds to each gap while all limits tighten together, from none to what they are."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from equipoise.supply.assembly import Array
from equipoise.supply.explaining.cause_gaps import Gaps, gaps_quantity
from equipoise.supply.explaining.cause_limits import INSIDE, Path, Places
from equipoise.supply.solving.engine import Engine

_ZERO = 1e-7
_SAME = 1e-9
"""Relative difference under which a group's effect on all gaps is the same as at another place."""
_REMEMBERED = 16
_UNFELT = 1e-9
"""Units that a limit must move all gaps by, over the whole path, to be followed."""
_ASIDE = 1e-3
"""How far apart limits that are equally tight are set, as a share of the path."""
_MOST_TURNS = 8
_FINE = 8
_UNEXPLAINED = 0.01
"""Share of all gaps that may be left unexplained before stretches of the path are halved; it is then shared pro rata."""


@dataclass(frozen=True, eq=False)
class Walk:
    """What a path adds: `added` by measure and group of limits, and the measures at its `start` and `end` (infinite where unknown)."""

    added: Array
    start: Array
    end: Array


@dataclass(frozen=True, eq=False)
class _Place:
    """A solved place on a path: values of columns, activity of rows, and which of the path's rows the basis holds at a bound."""

    values: Array
    activity: Array
    basic: Places
    held: npt.NDArray[np.bool_]


def walk(engine: Engine, path: Path, gaps: Gaps, groups: int, places: int, halvings: int = 2) -> Walk:
    r"""Return what each group of limits adds to each measure along a path, from `places` places, and more where that is too coarse.

    $$\phi_{g,k} = \int_0^1 \sum_{r \in k} \frac{\partial G_g}{\partial u_r}(u(\theta))\,\frac{d u_r}{d\theta}\, d\theta$$

    the value of Aumann and Shapley (Values of Non-Atomic Games, 1974) for the limits u of group k and gap G. The derivatives come from the
    basis at each place and change where it does. Between two places the two sets of derivatives are weighed so that, for each measure,
    they add up to its real change, which is exact where they change once; else the stretch is halved, at most `halvings` times.
    Where limits are equally tight all along, each takes its turn at being a little tighter, and the average counts (as Mertens, The
    Shapley value in the non-differentiable case, 1988, does with random directions).

    The engine must have run at the start of the path; it has run at the end when this returns. Where a run fails, what is known up to
    there is returned. With one place only, it is the derivatives at the end: a first guess, for models too large to walk.
    """
    solver = _Solver(engine, path, groups, gaps)
    start = gaps.values(engine.values())
    added = np.zeros((len(start), groups))
    allowed = _UNEXPLAINED / places * gaps_quantity(gaps).sum()
    marks = solver.marks(places, start)
    before = solver.stop(marks[0])
    for mark in marks[1:]:
        after = solver.stop(mark)
        if before is None or after is None:
            break
        solver.stretch(added, before, after, allowed, halvings)
        before = after
    if len(marks) == 1 and before is not None:
        added += before.rates
    last = solver.solved(1.0)
    return Walk(added, start, np.full(len(start), np.inf) if last is None else gaps.values(last.values))


@dataclass(frozen=True, eq=False)
class _Stop:
    """A place with the size of every measure there, and its derivatives by measure and group."""

    where: float
    sizes: Array
    rates: Array


def _joined(before: _Stop, after: _Stop) -> tuple[Array, float]:
    """Return what each group adds to each measure between two places, and how much of the change that leaves unexplained."""
    length = after.where - before.where
    change = (after.sizes - before.sizes) / length
    first, last = before.rates.sum(axis=1), after.rates.sum(axis=1)
    spread = first - last
    weight = np.divide(change - last, spread, out=np.full_like(spread, 0.5), where=np.abs(spread) > _ZERO)
    weight = np.clip(weight, 0.0, 1.0)
    part = length * (weight[:, None] * before.rates + (1 - weight)[:, None] * after.rates)
    return part, float(np.abs(change * length - part.sum(axis=1)).sum())


class _Solver:
    """An engine on a path: solves at a place, and says how the plan moves there with each group of limits."""

    def __init__(self, engine: Engine, path: Path, groups: int, gaps: Gaps) -> None:
        self.engine, self.path, self.groups, self.gaps = engine, path, groups, gaps
        arrays = self.arrays = engine.arrays
        self.entry_column = np.repeat(np.arange(len(arrays.gain)), np.diff(arrays.starts))
        self.rows = len(arrays.row_lower)
        self.weights = np.random.default_rng(0).uniform(0.5, 1.5, len(gaps.level))
        self.known: dict[int, list[tuple[float, Array]]] = {}

    def activity(self, values: Array) -> Array:
        """Return the activity of every row."""
        return np.bincount(self.arrays.index, self.arrays.values * values[self.entry_column], minlength=self.rows).astype(np.float64)

    def solved(self, where: float | Array) -> _Place | None:
        """Solve at a place of the path, one for all its rows or one for each; None where that fails."""
        low, high = self.path.at(where)
        self.engine.row_bounds(self.path.rows, low, high)
        if self.engine.run() != "optimal":
            return None
        values = self.engine.values()
        basic = self.engine.basic()
        held = np.ones(self.rows, np.bool_)
        held[-1 - basic[basic < 0]] = False
        return _Place(values, self.activity(values), basic, held[self.path.rows])

    def _changes(self, place: _Place, where: float | Array) -> Array:
        """Return the change of the bound that each row of the path stands at, for the whole path."""
        low, high = self.path.at(where)
        activity = place.activity[self.path.rows]
        slower, faster = self.path.rates
        return np.where(np.abs(high - activity) <= np.abs(activity - low), faster, slower)

    def moves(self, changes: Array, place: _Place) -> Array:
        """Return how the columns move where the rows of the path move by `changes`, for the whole path."""
        moves = np.zeros(self.rows)
        np.add.at(moves, self.path.rows, changes)
        inside = place.basic >= 0
        moved = np.zeros(len(self.arrays.gain))
        moved[place.basic[inside]] = self.engine.directions(moves)[inside]
        return moved

    def by_group(self, place: _Place, where: float | Array) -> Array:
        """Return the derivatives of every measure by group at a solved place, for the whole path.

        One solve backwards, of all gaps together with weights of chance, tells what each group does to them all. A group that does nothing
        is left out, one that does what it did at another place is not followed again.
        """
        changes = np.where(place.held, self._changes(place, where), 0.0)
        felt = changes * self.engine.sensitivities(self.gaps.together(place.values, self.weights))[0][self.path.rows]
        effects = np.bincount(self.path.group, felt, minlength=self.groups)
        found = np.zeros((len(self.gaps.level), self.groups))
        for group in np.unique(self.path.group[np.abs(felt) > _UNFELT]).tolist():
            found[:, group] = self._followed(group, float(effects[group]), changes, place)
        return found

    def _followed(self, group: int, effect: float, changes: Array, place: _Place) -> Array:
        """Return the derivatives of every measure by one group, whose effect on them all is known."""
        known = self.known.setdefault(group, [])
        for before, rates in known:
            if abs(before - effect) <= _SAME * max(1.0, abs(effect)):
                return rates
        rates = self.gaps.changes(self.moves(np.where(self.path.group == group, changes, 0.0), place), place.values)
        known.insert(0, (effect, rates))
        del known[_REMEMBERED:]
        return rates

    def marks(self, count: int, start: Array) -> list[float]:
        """Return so many places on the path, from where the gaps begin to grow (found by halving) to its end."""
        if count <= 1:
            return [float(self.path.places(2)[-1])]
        fine = self.path.places(_FINE * count)
        grown = start.sum() + _UNEXPLAINED * max(float(gaps_quantity(self.gaps).sum() - start.sum()), 0.0)
        first, last = 0, len(fine) - 1
        while last - first > 1:
            middle = (first + last) // 2
            place = self.solved(float(fine[middle]))
            if place is None or self.gaps.values(place.values).sum() > grown:
                last = middle
            else:
                first = middle
        chosen = np.unique(np.linspace(first, len(fine) - 1, count).round().astype(np.int64))
        return [float(fine[0])] * (first > 0) + [float(mark) for mark in fine[chosen]]

    def stop(self, where: float) -> _Stop | None:
        """Solve at a place and return its measures and their derivatives; None where that fails."""
        place = self.solved(where)
        if place is None:
            return None
        rates, sizes = self.rates(place, where), self.gaps.values(place.values)
        end = float(np.round(where))
        if abs(end - where) > 2 * INSIDE:
            return _Stop(where, sizes, rates)
        return _Stop(end, np.maximum(sizes + (end - where) * rates.sum(axis=1), 0.0), rates)

    def stretch(self, added: Array, before: _Stop, after: _Stop, allowed: float, halvings: int) -> None:
        """Add what each group adds between two places; halve the stretch where more than allowed is left unexplained."""
        part, unexplained = _joined(before, after)
        middle = self.stop((before.where + after.where) / 2) if halvings and unexplained > allowed else None
        if middle is None:
            added += part
            return
        self.stretch(added, before, middle, allowed / 2, halvings - 1)
        self.stretch(added, middle, after, allowed / 2, halvings - 1)

    def rates(self, place: _Place, where: float) -> Array:
        """Return the derivatives of every measure by group: the average of all turns where limits are equally tight."""
        parts = []
        for turn in self._turns(place, where):
            aside = where + (_ASIDE if where < 0.5 else -_ASIDE) * turn[self.path.group]
            there = self.solved(aside)
            if there is not None:
                parts.append(self.by_group(there, aside))
        return np.mean(parts, axis=0) if parts else self.by_group(place, where)

    def _turns(self, place: _Place, where: float) -> list[Array]:
        """Return, by group, who is how much tighter (or looser) in each turn; none where no limit ties and stays so."""
        low, high = self.path.at(where)
        slower, faster = self.path.rates
        total = self.moves(np.where(place.held, self._changes(place, where), 0.0), place)
        activity, rate = place.activity[self.path.rows], self.activity(total)[self.path.rows]
        size = _ZERO * np.maximum(1.0, np.abs(activity))
        drift = 1e-6 * np.maximum(1.0, np.abs(rate))
        tight = (np.abs(high - activity) <= size) & (np.abs(faster - rate) <= drift)
        tight |= (np.abs(activity - low) <= size) & (np.abs(slower - rate) <= drift)
        if not (tight & ~place.held).any():
            return []
        able = np.unique(self.path.group[tight])
        count = len(able)
        turns = []
        shifts = np.unique(np.linspace(0, count, min(count, _MOST_TURNS // 2), endpoint=False).astype(np.int64))
        for shift in shifts.tolist():
            rank = ((np.arange(count) + shift) % count + 0.5) / count
            for order in (rank, 1 - rank):
                turn = np.zeros(self.groups)
                turn[able] = order
                turns.append(turn)
        return turns
