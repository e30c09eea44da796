"""Minimum trace reconciliation (MinT): all levels' forecasts moved as little as their errors allow until they add up.

Source: Wickramasuriya, Athanasopoulos and Hyndman, "Optimal forecast reconciliation for hierarchical and grouped time series through trace
minimization", Journal of the American Statistical Association 114 (2019), in its form with the constraints C = [I, -A]:
y - W C' (C W C')^-1 C y. The covariance W is a diagonal and as many columns as there are errors a series, so it is never built, and
products with A are sums over groups.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from equipoise.demand.levels.hierarchy import Hierarchy
from equipoise.demand.methods import Array

_EXACT = 2000  # groups up to which the equations are solved at once; more are solved by iteration
_ENOUGH = 8  # errors from which the variance of a series is its own
_LEAST = 1e-3  # standard deviation of a group's error that is always allowed, as a share of its demand
_CLOSE = 1e-5  # share of the gap between levels that may remain before leaves are added up
_STEPS = 500  # most iterations
_ROUNDS = 3  # times that what clipping at zero added is taken off the other leaves


@dataclass(frozen=True)
class Covariance:
    """Covariance of the errors of all nodes, groups before leaves: diag(`own`) + `common` @ `common`.T, shapes (nodes,) and (nodes,
    columns). `intensity` is the share by which correlations were shrunk to zero."""

    own: Array
    common: Array
    intensity: float


def shrunk(errors: Array, size: Array, groups: int) -> Covariance:
    """Return the covariance of `errors` (nodes, times; NaN: not known), its correlations shrunk to zero.

    `size` (nodes,) is the mean demand: it gives the variance of nodes with few errors, at the median ratio of the others. The first
    `groups` nodes are groups, whose errors are never taken to be exactly zero. The intensity is estimated as in Schaefer and Strimmer, "A
    shrinkage approach to large-scale covariance matrix estimation", Statistical Applications in Genetics and Molecular Biology 4 (2005).
    """
    variance = _variance(errors, size)
    floor = np.maximum((_LEAST * size[:groups]) ** 2, 1e-12 * max(float(variance.max(initial=0.0)), 1e-12))
    variance[:groups] = np.maximum(variance[:groups], floor)
    times = errors.shape[1]
    deviation = np.sqrt(variance)
    standard = np.nan_to_num(errors) / np.where(deviation > 0, deviation, 1.0)[:, None]
    intensity = _intensity(standard)
    common = standard * deviation[:, None] * np.sqrt((1 - intensity) / max(times, 1))
    own = np.maximum(variance - (common**2).sum(axis=1), intensity * variance)
    return Covariance(own, common, intensity)


def _variance(errors: Array, size: Array) -> Array:
    count = (~np.isnan(errors)).sum(axis=1)
    squares = np.nansum(errors**2, axis=1)
    full = (count >= _ENOUGH) & (size > 0)
    usual = float(np.median(squares[full] / count[full] / size[full] ** 2)) if full.any() else 1.0
    missing = np.maximum(_ENOUGH - count, 0)
    return np.asarray((squares + missing * usual * size**2) / np.maximum(count, _ENOUGH))


def _intensity(standard: Array) -> float:
    """Return the share of shrinkage from standardised errors (nodes, times), through products of times only."""
    nodes, times = standard.shape
    if nodes < 2 or times < 3:
        return 1.0
    squared = standard**2
    correlation = float((((standard.T @ standard) / times) ** 2).sum() - ((squared.sum(axis=1) / times) ** 2).sum())
    products = float((squared.sum(axis=0) ** 2).sum() - (squared**2).sum())
    noise = (products - times * correlation) / (times * (times - 1))
    return float(np.clip(noise / correlation, 0.01, 1.0)) if correlation > 1e-12 else 1.0


@dataclass(frozen=True)
class Projection:
    """The projection onto forecasts that add up, for one tree and one covariance."""

    tree: Hierarchy
    covariance: Covariance

    def leaves(self, above: Array, points: Array) -> Array:
        """Return the reconciled forecasts of the leaves, (leaves, horizon); the groups' are their sums.

        `above` (groups, horizon) and `points` (leaves, horizon) are the forecasts as made. Values may be below zero.
        """
        force = self._solved(above - self.tree.sums(points))
        return np.asarray(points + self._leaf_own * self.tree.handed_down(force) - self._leaf_common @ (self._gap_common.T @ force))

    def leaves_from_zero(self, above: Array, points: Array) -> Array:
        """Return the same with no leaf below zero, and leaves that were forecast at zero left there.

        What clipping at zero adds is taken off the others a few times by the same projection; then the leaves stand as they are and the
        groups are their sums, as in Di Fonzo and Girolimetto, "Spatio-temporal reconciliation of solar forecasts", Solar Energy 251 (2023).
        """
        wanted = self.leaves(above, points)
        for _ in range(_ROUNDS):
            clipped = np.where(points > 0, np.maximum(wanted, 0), 0.0)
            if np.abs(clipped - wanted).sum() <= 1e-4 * np.abs(wanted).sum():
                break
            wanted = self.leaves(self.tree.sums(wanted), clipped)
        return np.where(points > 0, np.maximum(wanted, 0), 0.0)

    @property
    def _leaf_own(self) -> Array:
        return self.covariance.own[self.tree.groups :, None]

    @property
    def _leaf_common(self) -> Array:
        return self.covariance.common[self.tree.groups :]

    @cached_property
    def _gap_common(self) -> Array:
        """C @ common, (groups, columns)."""
        return np.asarray(self.covariance.common[: self.tree.groups] - self.tree.sums(self._leaf_common))

    @cached_property
    def _diagonal(self) -> Array:
        """The diagonal of C W C', (groups, 1)."""
        own = self.covariance.own[: self.tree.groups, None] + self.tree.sums(self._leaf_own)
        return np.asarray(own + (self._gap_common**2).sum(axis=1, keepdims=True))

    @cached_property
    def _root(self) -> Array:
        """The inverse of the Cholesky factor of C W C' scaled to a diagonal of ones."""
        whole = self.tree.together(self._leaf_own[:, 0]) + self._gap_common @ self._gap_common.T
        whole[np.diag_indices_from(whole)] += self.covariance.own[: self.tree.groups]
        scale = np.sqrt(self._diagonal)
        return np.linalg.inv(np.linalg.cholesky(whole / scale / scale.T))

    def _solved(self, gap: Array) -> Array:
        """Return (C W C')^-1 gap, (groups, horizon)."""
        if self.tree.groups > _EXACT:
            return self._iterated(gap)
        scale = np.sqrt(self._diagonal)
        return np.asarray(self._root.T @ (self._root @ (gap / scale)) / scale)

    def _times(self, force: Array) -> Array:
        """Return C W C' force, (groups, horizon)."""
        leaves = self.tree.sums(self._leaf_own * self.tree.handed_down(force))
        return np.asarray(self.covariance.own[: self.tree.groups, None] * force + leaves + self._gap_common @ (self._gap_common.T @ force))

    def _iterated(self, gap: Array) -> Array:
        """Return the same by conjugate gradients, preconditioned by the diagonal, all periods side by side."""
        force, rest = np.zeros_like(gap), gap.copy()
        ready = rest / self._diagonal
        way, strength = ready.copy(), (rest * ready).sum(axis=0)
        enough = _CLOSE**2 * strength
        for _ in range(_STEPS):
            if (strength <= enough).all():
                break
            ahead = self._times(way)
            step = strength / np.maximum((way * ahead).sum(axis=0), 1e-300)
            force += step * way
            rest -= step * ahead
            ready = rest / self._diagonal
            before, strength = strength, (rest * ready).sum(axis=0)
            way = ready + strength / np.maximum(before, 1e-300) * way
        return force
