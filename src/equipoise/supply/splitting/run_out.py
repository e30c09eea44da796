"""A family's quantity split so that its items run out together."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Index = npt.NDArray[np.int64]
_HALVINGS = 50
_DUST = 1e-12


@dataclass(frozen=True, eq=False)
class Claims:
    """What the items of several groups (ways of supply) could take of their group's quantity, a row an item, rows of a group together.

    starts: first row of each group. required: units required of the item by the end of each bucket, from now on, with safety stock
    (rows by edges, never falling). available: units that it has. rate: good units of a unit made. weight: share where nothing else says
    (adds up to 1 in a group). least, most: bounds of what it may get.
    """

    starts: Index
    required: Array
    available: Array
    rate: Array
    weight: Array
    least: Array
    most: Array

    @property
    def group(self) -> Index:
        """Number of the group of each row."""
        sizes = np.diff(np.append(self.starts, len(self.available)))
        return np.repeat(np.arange(len(self.starts)), sizes)

    def wanted(self, required: Array) -> Array:
        """Units to be made so that what is `required` (rows, or rows by edges) is there, within bounds."""
        wide = required.ndim == 2
        have, rate, least, most = (one[:, None] if wide else one for one in (self.available, self.rate, self.least, self.most))
        return np.clip(np.maximum(0.0, required - have) / rate, least, most)

    def total(self, quantity: Array) -> Array:
        """Sum by group."""
        return np.add.reduceat(quantity, self.starts, axis=0)


def run_out(claims: Claims, quantity: Array) -> Array:
    r"""Return what each item gets of its group's `quantity` so that all items of the group run out at the same time.

    $$q_i = \max(0,\; D_i(r) + s_i - a_i), \qquad \textstyle\sum_i q_i = Q$$

    with D the demand from now to the common run-out time r, s safety stock and a what the item has: the run-out time method, which splits
    a family's lot within A. C. Hax and H. C. Meal, "Hierarchical Integration of Production Planning and Scheduling" (1975), and
    G. R. Bitran and A. C. Hax, "On the Design of Hierarchical Production Planning Systems" (1977). An item that has more than it sells
    until r gets nothing. Where the quantity does not even fill what is missing now, that is shared in proportion; what is left when all
    demand known is covered goes by weight. Adds up to the quantity of every group; nothing is negative.

    Example: items with 10 and 60 units that sell 10 and 20 a week, and 50 to share: both run out after r weeks where (10 r - 10) +
    (20 r - 60) = 50, so r = 4, and they get 30 and 20.
    """
    if not len(quantity):
        return np.zeros(0)
    group = claims.group
    at_edges = claims.total(claims.wanted(claims.required))
    last = claims.required.shape[1] - 1
    edge = np.clip((at_edges <= quantity[:, None] + _DUST).sum(axis=1) - 1, 0, max(last - 1, 0))[group]
    rows = np.arange(len(group))
    low_level, high_level = claims.required[rows, edge], claims.required[rows, np.minimum(edge + 1, last)]
    low, high = np.zeros(len(quantity)), np.ones(len(quantity))
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        enough = claims.total(claims.wanted(low_level + middle[group] * (high_level - low_level))) >= quantity
        low, high = np.where(enough, low, middle), np.where(enough, middle, high)
    got = claims.wanted(low_level + high[group] * (high_level - low_level))
    return _exact(claims, got, quantity, group)


def _exact(claims: Claims, got: Array, quantity: Array, group: Index) -> Array:
    """Return what each item gets, made to add up: too much is cut in proportion, what is left goes where there is room, by weight."""
    total = claims.total(got)
    cut = np.where(total > quantity, quantity / np.where(total > 0, total, 1.0), 1.0)
    got = got * cut[group]
    left = np.maximum(quantity - claims.total(got), 0.0)
    room = np.where(claims.most > got, claims.weight, 0.0)
    shares = room + np.where(claims.total(room) <= 0, 1.0, 0.0)[group] * (claims.weight + _DUST)
    return got + (left / claims.total(shares))[group] * shares
