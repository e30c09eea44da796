"""Standard normal scores of every unit of demand on every path and period, correlated as the dependence says."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from equipoise.reconcile.simulation.chance import BLOCK, stream
from equipoise.reconcile.simulation.dependence import Dependence
from equipoise.reconcile.simulation.normal import Array


@dataclass(frozen=True, eq=False)
class Scores:
    """A Gaussian copula that is separable: correlation over units times that over time, the latter of an AR(1).

    `root` is a root of the matrix where correlations are given (units by units); else the dependence is drawn by its parts, which takes
    time and memory in proportion to the units. Source: Nelsen (2006), An Introduction to Copulas, 2.3 and 2.7.
    """

    dependence: Dependence
    horizon: int
    seed: int
    root: Array | None = None

    def draw(self, blocks: Sequence[int]) -> Array:
        """Return scores (paths, periods, units) of some blocks of paths."""
        return np.concatenate([self._block(block) for block in blocks])

    def _block(self, block: int) -> Array:
        chance = stream(self.seed, "demand", block)
        fresh = self._by_root(chance) if self.root is not None else self._by_parts(chance)
        time = self.dependence.time
        if time:
            rest = np.sqrt(1.0 - time**2)
            for t in range(1, self.horizon):
                fresh[:, t] = time * fresh[:, t - 1] + rest * fresh[:, t]
        return fresh

    def _by_root(self, chance: np.random.Generator) -> Array:
        assert self.root is not None  # noqa: S101
        return np.asarray(chance.standard_normal((BLOCK, self.horizon, len(self.root))) @ self.root.T)

    def _by_parts(self, chance: np.random.Generator) -> Array:
        one = self.dependence
        units, periods = one.shown.shape
        paths = (BLOCK, self.horizon)
        common = chance.standard_normal((*paths, 1))
        family = chance.standard_normal((*paths, int(one.group.max(initial=-1)) + 1))
        own = chance.standard_normal((*paths, units))
        pattern = np.sqrt(one.between) * common + np.sqrt(one.within - one.between) * family[:, :, one.group]
        pattern += np.sqrt(1.0 - one.within) * own
        shown = chance.standard_normal((*paths, periods)) @ one.shown.T
        return np.asarray(np.sqrt(one.weight) * pattern + np.sqrt(1.0 - one.weight) * shown)
