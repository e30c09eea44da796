"""Independent parts of a model: unknowns that no rule ties together are solved apart, side by side."""

from concurrent.futures import Executor
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from equipoise.supply.assembly import Array, Flags
from equipoise.supply.solving.engine import Arrays, Basis, Engine, Status, fixed, method_for

Numbers = npt.NDArray[np.int64]
_SMALLEST = 4_000
"""Columns under which a part is not worth an engine of its own: smaller ones are put together."""


@dataclass(frozen=True, eq=False)
class Part:
    """Some columns of a model, and the rows that are about them."""

    columns: Numbers
    rows: Numbers


@dataclass(frozen=True, eq=False)
class PartAnswer:
    """What the engine of a part found; `bound` is the most that any plan of it could gain."""

    status: Status
    values: Array
    basis: Basis | None
    bound: float


def components(arrays: Arrays, ignored: Flags | None = None) -> Numbers:
    """Return, by column, the first column of its component: columns that share a row (but one of `ignored`) are in one."""
    count = len(arrays.gain)
    column = np.repeat(np.arange(count), np.diff(arrays.starts))
    row = arrays.index.astype(np.int64)
    if ignored is not None:
        kept = ~ignored[row]
        column, row = column[kept], row[kept]
    label = np.arange(count)
    while True:
        lowest = np.full(len(arrays.row_lower), count)
        np.minimum.at(lowest, row, label[column])
        found = label.copy()
        np.minimum.at(found, label[column], lowest[row])
        found = np.minimum(found, found[label])
        while not np.array_equal(found, found[found]):
            found = found[found]
        if np.array_equal(found, label):
            return label
        label = found


def independent(arrays: Arrays) -> list[Part]:
    """Return the independent parts of a model, small ones put together; none where all hangs together or is small."""
    label = components(arrays)
    roots, place, sizes = np.unique(label, return_inverse=True, return_counts=True)
    if len(roots) == 1 or len(label) < 2 * _SMALLEST:
        return []
    bins = np.cumsum(sizes) - sizes
    alone = np.where(sizes >= _SMALLEST, len(sizes) + np.arange(len(sizes)), bins // _SMALLEST)
    _, group = np.unique(alone, return_inverse=True)
    of_column = group[place]
    of_row = np.full(len(arrays.row_lower), -1)
    of_row[arrays.index] = np.repeat(of_column, np.diff(arrays.starts))
    by_column, by_row = np.argsort(of_column, kind="stable"), np.argsort(of_row, kind="stable")
    column_ends = np.searchsorted(of_column[by_column], np.arange(group.max() + 2))
    row_ends = np.searchsorted(of_row[by_row], np.arange(group.max() + 2))
    return [
        Part(by_column[column_ends[number] : column_ends[number + 1]], by_row[row_ends[number] : row_ends[number + 1]])
        for number in range(group.max() + 1)
    ]


def cut(arrays: Arrays, part: Part) -> Arrays:
    """Return the model of a part: its columns and rows alone, in their order."""
    place = np.full(len(arrays.row_lower), -1, np.int32)
    place[part.rows] = np.arange(len(part.rows))
    counts = np.diff(arrays.starts)[part.columns]
    first = arrays.starts[part.columns]
    entries = np.repeat(first - np.concatenate([[0], np.cumsum(counts)[:-1]]), counts) + np.arange(counts.sum())
    row = place[arrays.index[entries]]
    inside = row >= 0
    kept = np.bincount(np.repeat(np.arange(len(part.columns)), counts)[inside], minlength=len(part.columns))
    return Arrays(
        arrays.gain[part.columns],
        arrays.lower[part.columns],
        arrays.upper[part.columns],
        arrays.row_lower[part.rows],
        arrays.row_upper[part.rows],
        np.concatenate([[0], np.cumsum(kept)]).astype(np.int32),
        row[inside],
        arrays.values[entries][inside],
        arrays.whole[part.columns],
        chained=arrays.chained,
    )


def solve_part(arrays: Arrays, scale: float, gap: float, limit: float) -> PartAnswer:
    """Solve a model alone. An integer part is fixed where it comes whole and solved anew, for its basis: its time may have run out."""
    engine = Engine(arrays, scale, gap, limit, method_for(arrays))
    status = engine.run()
    if status not in {"optimal", "time limit"}:
        return PartAnswer(status, np.zeros(len(arrays.gain)), None, 0.0)
    values, bound = engine.values(), engine.objective()
    if arrays.whole.any():
        bound = engine.bound()
        engine = Engine(fixed(arrays, values), scale, gap, limit)
        engine.run()
    return PartAnswer(status, values, engine.basis() if engine.has_basis else None, bound)


def solve_apart(arrays: Arrays, parts: list[Part], scale: float, gap: float, limit: float, executor: Executor | None) -> list[PartAnswer]:
    """Return the answer of each part, solved side by side through the executor; one after the other without one."""
    models = [cut(arrays, part) for part in parts]
    if executor is None:
        return [solve_part(model, scale, gap, limit) for model in models]
    running = [executor.submit(solve_part, model, scale, gap, limit) for model in models]
    return [one.result() for one in running]


def together(arrays: Arrays, parts: list[Part], answers: list[PartAnswer]) -> Basis | None:
    """Return the basis of the whole model from those of its parts; None where a part has none."""
    columns, rows = np.zeros(len(arrays.gain), np.int8), np.ones(len(arrays.row_lower), np.int8)
    for part, answer in zip(parts, answers, strict=True):
        if answer.basis is None:
            return None
        columns[part.columns], rows[part.rows] = answer.basis.columns, answer.basis.rows
    return Basis(columns, rows)
