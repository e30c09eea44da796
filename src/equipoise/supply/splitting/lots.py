"""Whole lots: an item's part of a family in lots of its own, and a period's lots in its weeks."""

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Index = npt.NDArray[np.int64]
_NEAR = 1e-6


def in_lots(quantity: Array, lot: Array, minimum: Array, urgency: Array, starts: Index) -> Array:
    """Return the parts of each group (rows from `starts` on) in whole lots that add up to the same.

    `lot`: units of a lot of each row (0: any quantity); `minimum`: least quantity of a row that is made at all; `urgency`: higher is
    served first. Every row gets the lots that fit into its part, then the largest fractions get one more while the rest lasts. A rest
    smaller than a lot goes to the most urgent row, as a part of a lot: the group's quantity is not its items' lots added up.
    """
    made = quantity.copy()
    ends = np.append(starts[1:], len(quantity))
    for first, end in zip(starts, ends, strict=True):
        rows = slice(first, end)
        if quantity[rows].any() and (lot[rows].any() or minimum[rows].any()):
            made[rows] = _group_in_lots(quantity[rows], lot[rows], minimum[rows], urgency[rows])
    return made


def _group_in_lots(quantity: Array, lot: Array, minimum: Array, urgency: Array) -> Array:
    total = float(quantity.sum())
    part = _without_small(quantity, minimum, urgency)
    if not lot.any():
        return part
    size = np.where(lot > 0, lot, 1.0)
    whole = np.where(lot > 0, np.floor(part / size + _NEAR) * lot, part)
    least = np.where(part > 0, np.ceil(minimum / size - _NEAR) * lot, 0.0)
    whole = np.where((lot > 0) & (part > 0) & (whole < least) & (least <= total), least, whole)
    rest = total - whole.sum()
    if rest < 0:  # whole lots above their parts: the least urgent others give way
        return _group_in_lots_from(part, lot, total, urgency)
    fraction = np.where(lot > 0, (part - whole) / size, -1.0)
    for row in np.lexsort((-urgency, -fraction)):
        if lot[row] > 0 and part[row] > 0 and rest >= lot[row] - _NEAR:
            whole[row] += lot[row]
            rest -= lot[row]
    return _with_rest(whole, rest, lot, part, urgency)


def _group_in_lots_from(part: Array, lot: Array, total: float, urgency: Array) -> Array:
    """Fill whole lots in order of urgency while the total lasts."""
    whole = np.zeros(len(part))
    rest = total
    for row in np.argsort(-urgency, kind="stable"):
        size = lot[row] if lot[row] > 0 else 1.0
        take = min(part[row], rest)
        whole[row] = np.floor(take / size + _NEAR) * size if lot[row] > 0 else take
        rest -= whole[row]
    return _with_rest(whole, rest, lot, part, urgency)


def _with_rest(whole: Array, rest: float, lot: Array, part: Array, urgency: Array) -> Array:
    """Give what is left: as many whole lots as fit to the most urgent row, and the last part of a lot to it or to one without lots."""
    if rest <= _NEAR:
        return whole
    wanted = np.where(part > 0, urgency, -np.inf)
    free = np.where(lot > 0, -np.inf, wanted)
    row = int(np.argmax(free)) if np.isfinite(free).any() else int(np.argmax(wanted))
    whole[row] += rest
    return whole


def _without_small(quantity: Array, minimum: Array, urgency: Array) -> Array:
    """Return the parts with none below its minimum: the smallest, least urgent ones give theirs to the others, one after the other."""
    part = quantity.copy()
    total = part.sum()
    while True:
        small = (part > 0) & (part < minimum - _NEAR)
        if not small.any() or (part > 0).sum() == 1:
            return part
        ratio = np.where(small, part / np.where(minimum > 0, minimum, 1.0), np.inf)
        out = int(np.lexsort((urgency, ratio))[0])
        part[out] = 0.0
        part *= total / part.sum()


def by_week(quantity: Array, lot: Array, minimum: Array, early: Array, share: Array) -> Array:
    """Return a period's quantities (rows) by its weeks (`share` of the work of each, adding up to 1): rows by weeks.

    Without lots and least quantities the work is even. Whole lots fall due as the work proceeds, an item with a higher `early` (0 to 1)
    sooner than another; runs are no smaller than the least quantity, as far as the period's quantity allows.
    """
    done = np.concatenate([[0.0], np.cumsum(share)])
    done[-1] = 1.0
    size = np.where(lot > 0, lot, 1.0)
    lots = np.floor(quantity / size + _NEAR)
    least = np.where(lot > 0, np.maximum(np.ceil(minimum / size - _NEAR), 1.0), 0.0)
    most_runs = np.where(minimum > 0, np.floor(quantity / np.where(minimum > 0, minimum, 1.0) + _NEAR), np.inf)
    runs = np.maximum(1.0, np.where(lot > 0, np.floor(lots / np.maximum(least, 1.0)), most_runs))
    stepped = np.isfinite(runs)
    steps = np.where(stepped, runs, 1.0)[:, None]
    begun = np.floor(steps * done[None, :] + np.minimum(early, 1 - 1e-9)[:, None] * (done > 0) + _NEAR) / steps
    progress = np.where(stepped[:, None], np.minimum(begun, 1.0), done[None, :])
    made = np.where((lot > 0)[:, None], np.floor(progress * lots[:, None] + _NEAR) * size[:, None], progress * quantity[:, None])
    made[:, int(np.flatnonzero(share > 0)[-1]) + 1 :] = quantity[:, None]
    return np.diff(made, axis=1)
