"""Paths of what disturbs supply: yield, downtime, lateness and short deliveries, by what they hit."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from equipoise.reconcile.simulation.chance import BLOCK, stream
from equipoise.reconcile.simulation.distribution import Disturbance
from equipoise.reconcile.simulation.normal import Array

Key = tuple[str, str]
NEUTRAL = {"yield": 1.0, "downtime": 0.0, "late": 0.0, "short": 0.0}


@dataclass(frozen=True, eq=False)
class SupplyPaths:
    """What may disturb supply: rows with the names that each hits, and the days of each period."""

    rows: tuple[tuple[Disturbance, tuple[str, ...]], ...]
    days: Array
    seed: int

    def draw(self, blocks: Sequence[int]) -> dict[Key, Array]:
        """Return what hits each kind and target on the paths of some blocks: (paths, periods); lateness in periods, the rest as given.

        Several rows that hit the same add up: yields multiply, delays are summed, losses of a share are shares of what the others leave.
        Where a row names no target, each thing of its kind has luck of its own.
        """
        return together(self.apart(blocks))

    def apart(self, blocks: Sequence[int]) -> list[tuple[Disturbance, dict[str, Array]]]:
        """Return what each row that hits something does by itself to each thing that it hits, as `draw` does for all rows together."""
        return [(row, {name: self._sizes(row, name, blocks) for name in names}) for row, names in self.rows if names]

    def _sizes(self, row: Disturbance, name: str, blocks: Sequence[int]) -> Array:
        parts = []
        for block in blocks:
            chance = stream(self.seed, f"{row.kind} {row.name} {name}", block)
            luck = chance.random((BLOCK, len(self.days)))
            parts.append(row.sizes(chance.standard_normal((BLOCK, len(self.days))), luck, NEUTRAL[row.kind]))
        size = np.concatenate(parts)
        return size / self.days if row.kind == "late" else size


def together(rows: Sequence[tuple[Disturbance, Mapping[str, Array]]]) -> dict[Key, Array]:
    """Return what hits each kind and target where all rows come together."""
    found: dict[Key, Array] = {}
    for row, sizes in rows:
        for name, size in sizes.items():
            known = found.get((row.kind, name))
            found[row.kind, name] = size if known is None else _together(row.kind, known, size)
    return found


def _together(kind: str, one: Array, other: Array) -> Array:
    if kind == "yield":
        return one * other
    return one + other if kind == "late" else 1.0 - (1.0 - one) * (1.0 - other)


def supply_paths(rows: Sequence[Disturbance], names: Mapping[str, Sequence[str]], days: Sequence[int], seed: int) -> SupplyPaths:
    """Return the rows that disturb supply with what they hit; `names` has what there is of each kind.

    A target that the plan does not have (by family, single routes are not planned) hits nothing, nor does what may begin in no period of
    the horizon: see `missing`.
    """
    hit = []
    for row in rows:
        if row.kind in NEUTRAL:
            there = names.get(row.kind, ()) if row.may.any() and row.probability > 0 else ()
            hit.append((row, ((row.target,) if row.target in there else ()) if row.target else tuple(there)))
    return SupplyPaths(tuple(hit), np.asarray(days, np.float64), seed)


def missing(paths: SupplyPaths) -> list[str]:
    """Return the names of the disturbances that hit nothing of this plan."""
    return [row.name for row, names in paths.rows if not names]
