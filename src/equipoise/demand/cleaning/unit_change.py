"""Stretches of history in another unit: off by a constant factor against the rest."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from equipoise.demand.methods import Array, Counts, Flags
from equipoise.demand.methods.decomposition import median

_TENS = (10.0, 100.0, 1000.0, 10_000.0, 100_000.0, 1_000_000.0)
_PACKS = (6.0, 12.0, 20.0, 24.0, 25.0, 48.0, 50.0, 144.0)
_JUMP = np.log(5.0)  # least step that can be a change of unit
_STEPS = 6.0  # and in robust standard deviations of the step from one demand to the next
_SINGLE = np.log(60.0)  # least distance of a single demand in another unit
_OPENING = 3  # first demands, which are never taken to be too low by a unit
_NEAR = 12  # demands on each side that the factor is measured by
_SURE = 6  # demands on each side for a factor of ten that nothing else shows
_TOGETHER = 3  # series that change in the same period by the same factor: it shows a pack size, or a factor of ten
_TOLERANCE = np.log(1.35)


@dataclass(frozen=True)
class Stretch:
    """Periods `first` to `last` of series `row` that are to be multiplied by `scale` to come in the unit of the last periods."""

    row: int
    first: int
    last: int
    scale: float


@dataclass(frozen=True)
class _Step:
    """A jump of series `row` at column `at`: by `factor`, `upward` or down; `sure` without others that show it."""

    row: int
    at: int
    factor: float
    upward: bool
    sure: bool


def unit_changes(values: Array, revenue: Array) -> list[Stretch]:
    """Return the stretches in another unit than the last periods, in the order of series and time.

    `values` and `revenue` (series, periods). A change of unit is a step of demand within one period by 10, 100, 1,000, ... or a pack size,
    the same on both sides and far beyond the series' noise. From 100 on it stands for itself; a factor of 10 needs six demands on both
    sides and a series that steps twice at most, or others: three series in the same period, or a price that steps the other way; pack sizes
    always need these. One or two demands that are 100 times too high or 1,000 times too low, alone,
    count too; not the first three where they are low, which a launch explains.
    """
    found: list[Stretch] = []
    steps: list[_Step] = []
    for row in _suspects(values):
        places = np.flatnonzero(values[row] > 0)
        sizes = np.log(values[row, places])
        noise = _noise(sizes)
        alone = list(_singles(sizes, noise))
        found += [Stretch(int(row), int(places[at]), int(places[at]), scale) for at, scale in alone]
        rest = np.delete(np.arange(len(places)), [at for at, _ in alone])
        if len(rest) >= 6:
            steps += _steps(int(row), places[rest], sizes[rest], noise, revenue[row])
    found += _stretches(_shown(steps), values)
    return sorted(found, key=lambda stretch: (stretch.row, stretch.first))


def _suspects(values: Array) -> Counts:
    """Return the rows in which demand ever steps, or strays, far enough."""
    sold = values > 0
    order = np.argsort(~sold, axis=1, kind="stable")
    sizes = np.log(np.where(sold, values, np.nan))
    packed = np.take_along_axis(sizes, order, axis=1)
    if packed.shape[1] < 5:
        return np.zeros(0, dtype=np.int64)
    noise = 1.4826 / np.sqrt(2) * np.nan_to_num(median(np.abs(np.diff(packed, axis=1))))
    spread = np.abs(packed - median(packed)[:, None])
    far = (spread > _JUMP / 2) & (spread > _STEPS / 2 * noise[:, None])
    return np.flatnonzero(far.any(axis=1) & (sold.sum(axis=1) >= 5))


def _noise(sizes: Array) -> float:
    return float(1.4826 / np.sqrt(2) * np.median(np.abs(np.diff(sizes))))


def _singles(sizes: Array, noise: float) -> Iterator[tuple[int, float]]:
    """Yield the demands that are off by 100 or more alone, and what to multiply them by: against the median of the six around each."""
    place = np.arange(len(sizes))
    start = np.clip(place - 3, 0, max(len(sizes) - 7, 0))
    around = np.minimum(start[:, None] + np.arange(min(7, len(sizes))), len(sizes) - 1)
    near_by = np.where(around == place[:, None], np.nan, sizes[around])
    others = median(near_by)
    spread = np.maximum(1.4826 * median(np.abs(near_by - others[:, None])), noise)
    for at in np.flatnonzero(np.abs(sizes - others) >= np.maximum(_SINGLE, _STEPS * spread)):
        away = float(sizes[at] - others[at])
        low = away < 0  # next to nothing is sold often enough, at a launch above all
        if low and at < _OPENING:
            continue
        near = [size for size in _TENS[2 if low else 1 :] if abs(abs(away) - np.log(size)) <= min(max(3 * noise, 0.2), 0.3 if low else 0.5)]
        if near:
            yield int(at), float(near[0] ** -np.sign(away))


def _steps(row: int, places: Counts, sizes: Array, noise: float, revenue: Array) -> list[_Step]:
    """Return the steps of one series by a factor that can be a change of unit."""
    found = []
    cuts = _cuts(sizes, noise)
    for cut, before, after in zip(cuts, [0, *cuts], [*cuts[1:], len(sizes)], strict=False):
        left, right = slice(max(before, cut - _NEAR), cut), slice(cut, min(after, cut + _NEAR))
        jump = float(np.median(sizes[right]) - np.median(sizes[left]))
        sides = (cut - before, after - cut)
        error = 1.25 * noise * np.sqrt(1 / sides[0] + 1 / sides[1])
        if abs(jump) < _STEPS * max(_apart(sizes[left]), _apart(sizes[right])):
            continue
        priced = _price_step(places, sizes, revenue, left, right, jump)
        factor = min((*_TENS, *_PACKS), key=lambda size: abs(abs(jump) - np.log(size)))
        limit = min(max(3 * error, 0.05), _TOLERANCE if factor >= 100 else 0.15)
        if abs(abs(jump) - np.log(factor)) <= limit:
            lone = factor in _TENS and (factor >= 100 or (min(sides) >= _SURE and len(cuts) <= 2))
            found.append(_Step(row, int(places[cut]), factor, jump > 0, lone or priced))
    return found


def _apart(sizes: Array) -> float:
    """Return the robust standard deviation of sizes around their median."""
    return float(1.4826 * np.median(np.abs(sizes - np.median(sizes))))


def _cuts(sizes: Array, noise: float) -> list[int]:
    """Return the positions at which the median of three demands steps far: of each run of them, where the step itself is greatest."""
    middle = np.median(np.lib.stride_tricks.sliding_window_view(sizes, 3), axis=1)
    far = np.flatnonzero(np.abs(middle[3:] - middle[:-3]) >= max(_JUMP, _STEPS * noise)) + 3
    runs = np.split(far, np.flatnonzero(np.diff(far) > 1) + 1) if far.size else []
    return [int(run[np.abs(sizes[run] - sizes[run - 1]).argmax()]) for run in runs]


def _price_step(places: Counts, sizes: Array, revenue: Array, left: slice, right: slice, jump: float) -> bool:
    """Whether revenue a unit steps against the demand, so that revenue itself does not."""
    with np.errstate(invalid="ignore", divide="ignore"):
        money = np.log(np.where(revenue[places] > 0, revenue[places], np.nan))
    price = money - sizes
    if np.isnan(price[left]).all() or np.isnan(price[right]).all():
        return False
    return bool(abs(float(np.nanmedian(price[right]) - np.nanmedian(price[left])) + jump) <= 0.2)


def _shown(steps: list[_Step]) -> list[_Step]:
    """Return the steps that are sure, or that three series take together."""
    count: dict[tuple[int, float, bool], int] = {}
    for step in steps:
        key = (step.at, step.factor, step.upward)
        count[key] = count.get(key, 0) + 1
    return [step for step in steps if step.sure or count[step.at, step.factor, step.upward] >= _TOGETHER]


def _stretches(steps: list[_Step], values: Array) -> list[Stretch]:
    """Return what the steps make of the periods before them: every step later in a series changes their scale."""
    found = []
    by_row: dict[int, list[_Step]] = {}
    for step in steps:
        by_row.setdefault(step.row, []).append(step)
    for row, own in by_row.items():
        scale, end = 1.0, values.shape[1]
        for step in reversed(own):
            if scale != 1.0:
                found.append(Stretch(row, step.at, end - 1, scale))
            scale, end = scale * (step.factor if step.upward else 1 / step.factor), step.at
            scale = 1.0 if abs(np.log(scale)) < 1e-9 else scale
        if scale != 1.0:
            found.append(Stretch(row, int((values[row] != 0).argmax()), end - 1, scale))
    return found


def inside(stretch: Stretch, values: Array) -> Flags:
    """Return which periods of the stretch have demand: those that change, (periods,)."""
    column = np.arange(values.shape[1])
    return np.asarray((column >= stretch.first) & (column <= stretch.last) & (values[stretch.row] != 0))
