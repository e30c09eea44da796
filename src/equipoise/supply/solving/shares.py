r"""Very large models: groups of items solved apart, each with its share of every resource, and what that can cost at most.

Only the rows that load resources tie thousands of items together. Their prices :math:`\lambda` come from a sample; at these prices every
group is solved alone, which gives a bound on the whole (Lagrange) and each group's need of every resource; its need is its share. The
groups with their shares make a plan that keeps every rule, and their average prices a better bound. Sources: Geoffrion, Lagrangean
relaxation for integer programming (1974); Geoffrion, Primal resource-directive approaches (1970).
"""

from collections.abc import Callable, Iterable
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np

from equipoise.supply.assembly import Array, Flags, Problem
from equipoise.supply.solving.answer import Answer, missed, unserved
from equipoise.supply.solving.engine import Arrays, Engine, arrays_of
from equipoise.supply.solving.parts import Numbers, Part, components, cut

LARGE_FROM = 600_000
"""Columns from which a linear model is solved by shares, as measured."""
GOOD_ENOUGH = 1e-3
_GROUP_COLUMNS = 120_000
_ROUNDS = 4
_Answered = TypeVar("_Answered")
_OF_RESOURCES = ("regular", "overtime", "load_step", "workers", "hire", "layoff")


@dataclass(frozen=True, eq=False)
class _Split:
    """A model cut up: items in groups, resources, the rows that link them, and the component of resources that each of those belongs to.

    Shares are one number a group and component; there are `count` components. `measures` are, by column, money, minus the units never
    served and minus the units late.
    """

    arrays: Arrays
    measures: Array
    groups: list[Part]
    resources: Part
    links: Numbers
    link_component: Numbers
    column_component: Numbers
    row_component: Numbers
    count: int


@dataclass(frozen=True, eq=False)
class _Found:
    """A group solved: the values of its own columns and of the resources, and what it gains.

    `duals` are those of the objective, and of each measure of the split, by row: first links, then resources, then its own.
    """

    own: Array
    resources: Array
    duals: Array
    gain: float


def by_shares(problem: Problem, scale: float, executor: Executor | None) -> Answer | None:
    """Return a plan within a stated gap of the best, for a large linear model; None where the model does not fall into groups."""
    arrays = arrays_of(problem)
    split = None if problem.whole.any() or problem.columns < LARGE_FROM else _split(problem, arrays)
    if split is None:
        return None
    setting = problem.model.net.setting.supply
    limit, links = setting.time_limit, len(split.links)
    even = np.full(split.count, 1 / len(split.groups))
    sample = _solved(*_with_share(split, 0, even), scale, limit)
    best: list[_Found] = []
    gain, bound = -np.inf, np.inf
    prices = np.zeros(links) if sample is None else sample.duals[0, :links]
    for _ in range(_ROUNDS):
        most, needs = _at_prices(split, scale, limit, prices, executor)
        bound = min(bound, most)
        if best and bound - gain <= _near(setting.relative_gap, problem.offset + gain):
            break
        shares = _shares(split, needs)
        models = (_with_share(split, number, share) for number, share in enumerate(shares))
        found = _each(executor, _solved, ((*model, scale, limit) for model in models))
        solved = [one for one in found if one is not None]
        if len(solved) < len(found):
            break
        total = sum(one.gain for one in solved)
        if total > gain:
            best, gain = solved, total
        prices = np.mean([one.duals[0, :links] for one in solved], axis=0)
    if not best or bound - gain > _near(GOOD_ENOUGH, problem.offset + gain):
        return None
    return _answer(problem, split, best, bound, setting.relative_gap)


def _near(gap: float, objective: float) -> float:
    return gap * max(1.0, abs(objective))


def _split(problem: Problem, arrays: Arrays) -> _Split | None:
    """Return the model cut up; None where it does not fall into many groups of items, or has a rule that no unknown can keep."""
    block = next((block for block in problem.blocks if block.rule.name == "resource_load"), None)
    if block is None:
        return None
    links = np.arange(block.start, block.stop)
    ignored = np.zeros(problem.rows, np.bool_)
    ignored[links] = True
    label = components(arrays, ignored)
    of_resources = _columns_of_resources(problem)
    resource_roots = np.unique(label[of_resources])
    on_resources = np.isin(label, resource_roots)
    roots, place, sizes = np.unique(label[~on_resources], return_inverse=True, return_counts=True)
    wanted = max(2, -(-problem.columns // _GROUP_COLUMNS))
    if on_resources.sum() > _GROUP_COLUMNS or len(roots) < 4 * wanted or sizes.max() > _GROUP_COLUMNS:
        return None
    dealt = np.empty(len(roots), np.int64)
    order = np.argsort(-sizes, kind="stable")
    dealt[order] = np.arange(len(roots)) % wanted
    group = np.full(problem.columns, -1)
    group[~on_resources] = dealt[place]
    of_row = np.full(problem.rows, -2)
    column = np.repeat(np.arange(problem.columns), np.diff(arrays.starts))
    inside = ~ignored[arrays.index]
    of_row[arrays.index[inside]] = group[column[inside]]
    bare = of_row == -2  # rows without unknowns, and the links
    if (arrays.row_lower[bare] > 0).any() or (arrays.row_upper[bare] < 0).any():
        return None
    groups = [Part(np.flatnonzero(group == number), np.flatnonzero(of_row == number)) for number in range(wanted)]
    resources = Part(np.flatnonzero(on_resources), np.flatnonzero(of_row == -1))
    linked = cut(arrays, Part(resources.columns, np.concatenate([links, resources.rows])))
    _, component = np.unique(components(linked), return_inverse=True)
    by_column = np.full(problem.columns, -1)
    by_column[resources.columns] = component
    by_row = np.full(problem.rows, -1)
    known = by_column[column] >= 0
    np.maximum.at(by_row, arrays.index[known], by_column[column[known]])
    measures = np.stack([problem.money, *unserved(problem, problem.columns)])
    return _Split(arrays, measures, groups, resources, links, by_row[links], component, by_row[resources.rows], int(component.max()) + 1)


def _columns_of_resources(problem: Problem) -> Flags:
    found = np.zeros(problem.columns, np.bool_)
    for family in _OF_RESOURCES:
        found[problem.model[family].get_column("column").to_numpy()] = True
    return found


def _shares(split: _Split, needs: Array) -> Array:
    """Return the share of every group in every component of resources: its need over that of all."""
    total = np.zeros((len(split.groups), split.count))
    known = split.link_component >= 0
    for number in range(len(split.groups)):
        total[number] = np.bincount(split.link_component[known], needs[number][known], minlength=split.count)
    even = np.full_like(total, 1 / len(split.groups))
    whole = total.sum(axis=0)
    return np.where(whole > 0, 0.95 * np.divide(total, whole, out=even.copy(), where=whole > 0) + 0.05 * even, even)


def _each(executor: Executor | None, one: Callable[..., _Answered], work: Iterable[tuple[object, ...]]) -> list[_Answered]:
    """Return the answer of every piece of work, side by side through the executor."""
    if executor is None:
        return [one(*given) for given in work]
    return [running.result() for running in [executor.submit(one, *given) for given in work]]


def _with_share(split: _Split, number: int, share: Array) -> tuple[Arrays, Array, int]:
    """Return the model of a group with its share of each component of the resources, its measures, and how many columns are its own."""
    group, resources = split.groups[number], split.resources
    columns = np.concatenate([group.columns, resources.columns])
    rows = np.concatenate([split.links, resources.rows, group.rows])
    model = cut(split.arrays, Part(columns, rows))
    own, ends = len(group.columns), len(split.links) + len(resources.rows)
    upper, factor = model.upper.copy(), np.ones(len(rows))
    upper[own:] = _scaled(upper[own:], share[split.column_component])
    factor[len(split.links) : ends] = share[split.row_component]
    low, high = _scaled(model.row_lower, factor), _scaled(model.row_upper, factor)
    return replace(model, upper=upper, row_lower=low, row_upper=high), split.measures[:, columns], own


def _solved(model: Arrays, measures: Array, own: int, scale: float, limit: float) -> _Found | None:
    """Return a group solved; None where it has no plan."""
    engine = Engine(model, scale, 0.0, limit, "simplex")
    if engine.run() != "optimal":
        return None
    values, duals = engine.values(), np.stack([engine.duals(), *engine.sensitivities(*measures)])
    return _Found(values[:own], values[own:], duals, engine.objective())


def _at_prices(split: _Split, scale: float, limit: float, prices: Array, executor: Executor | None) -> tuple[float, Array]:
    """Return a bound on the gain of the whole at given prices of the linking rows, and what each group would load on each of them.

    The bound holds for any prices: what keeps every rule keeps those of each part, and pays nothing for links, which must come to nothing.
    """
    models = (_priced(split, part, prices) for part in (*split.groups, split.resources))
    solved = _each(executor, _loaded, ((*model, scale, limit) for model in models))
    return sum(gain for gain, _ in solved), np.array([need for _, need in solved[:-1]])


def _priced(split: _Split, part: Part, prices: Array) -> tuple[Arrays, Arrays]:
    """Return the model of a part that pays for what it loads on the links, and its links."""
    linked = cut(split.arrays, Part(part.columns, split.links))
    column = np.repeat(np.arange(len(part.columns)), np.diff(linked.starts))
    price = np.bincount(column, prices[linked.index] * linked.values, minlength=len(part.columns))
    model = cut(split.arrays, part)
    return replace(model, gain=model.gain - price), linked


def _loaded(model: Arrays, linked: Arrays, scale: float, limit: float) -> tuple[float, Array]:
    """Return the gain of a part, and its load on the links; an infinite gain where it has no bound."""
    links = len(linked.row_lower)
    engine = Engine(model, scale, 0.0, limit, "simplex")
    if engine.run() != "optimal":
        return np.inf, np.zeros(links)
    column = np.repeat(np.arange(len(model.gain)), np.diff(linked.starts))
    load = np.bincount(linked.index, linked.values * engine.values()[column], minlength=links)
    return engine.objective(), load.astype(np.float64)


def _scaled(bounds: Array, factor: Array) -> Array:
    finite = np.isfinite(bounds)
    return np.where(finite, np.where(finite, bounds, 0.0) * factor, bounds)


def _answer(problem: Problem, split: _Split, found: list[_Found], bound: float, wanted: float) -> Answer:
    """Return the groups' plans together, with their own duals, and the average of those of what they share."""
    shared = np.concatenate([split.links, split.resources.rows])
    values, duals = np.zeros(problem.columns), np.zeros((1 + len(split.measures), problem.rows))
    for group, one in zip(split.groups, found, strict=True):
        values[group.columns], duals[:, group.rows] = one.own, one.duals[:, len(shared) :]
        values[split.resources.columns] += one.resources
    duals[:, shared] = np.mean([one.duals[:, : len(shared)] for one in found], axis=0)
    below, above = missed(problem, values)
    objective = problem.offset + float((problem.money + problem.penalty) @ values)
    most = max(problem.offset + bound, objective)
    gap = (most - objective) / max(1.0, abs(objective))
    return Answer(
        values=values,
        duals=duals[0],
        money_duals=duals[1],
        served_duals=duals[2],
        late_duals=duals[3],
        below=below,
        above=above,
        status="optimal" if gap <= wanted else "near optimal",
        objective=objective,
        bound=most,
        gap=gap,
        iterations=0,
        method="shares",
        parts=len(split.groups),
    )
