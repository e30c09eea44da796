"""By how much a series responds more or less to drivers than all series do."""

from dataclasses import dataclass

import numpy as np

from equipoise.demand.methods import Array

_BEND = 3.0  # standard deviations from which an observation counts less
_LEAST = 8  # observations of a series from which it can show effects of its own
_ROUNDS = 50  # of the descent; it converges in a few


@dataclass(frozen=True)
class Shown:
    """What each series shows beyond the effects of all, in the two halves of its history: `slope` (2, series, drivers) and `weight`
    (2, series, drivers, drivers), the sums of the normal equations, in units of its noise."""

    slope: Array
    weight: Array


def shown(away: Array, moves: Array) -> Shown:
    """Return what series show: `away` (series, periods) is the change that is left of them, NaN where unknown, `moves` (series, periods,
    drivers) the change of the drivers. Growth is taken out of both, and what lies far out counts less; Huber (1964)."""
    known = ~np.isnan(away)
    count = known.sum(axis=1)
    enough = np.maximum(count, 1)
    left = np.where(known, np.nan_to_num(away) - (np.nansum(away, axis=1) / enough)[:, None], 0.0)
    middle = np.where(known[:, :, None], moves, 0.0).sum(axis=1) / enough[:, None]
    moved = np.where(known[:, :, None], moves - middle[:, None, :], 0.0)
    noise = np.maximum(np.sqrt((left**2).sum(axis=1) / enough), 0.02)[:, None]
    precision = np.minimum(1.0, _BEND * noise / np.maximum(np.abs(left), 1e-12)) / noise**2
    precision = np.where(known & (count >= _LEAST)[:, None], precision, 0.0)
    early = np.cumsum(known, axis=1) * 2 <= count[:, None]
    parts = [np.where(half, precision, 0.0)[:, :, None] * moved for half in (early, ~early)]
    slope = np.stack([np.einsum("itk,it->ik", part, left) for part in parts])
    return Shown(slope, np.stack([np.swapaxes(part, 1, 2) @ moved for part in parts]))


def own_effects(found: Shown) -> Array:
    """Return by how much each series' effects differ from those of all, (series, drivers).

    How far effects differ between series is what both halves of their histories agree in, less a standard error: noise has nothing to do
    with the other half's. Each series' own difference is drawn towards none by that: the empirical-Bayes estimate of Efron and Morris,
    "Data analysis using Stein's estimator and its generalizations", Journal of the American Statistical Association 70 (1975).
    """
    agreed = found.slope[0] * found.slope[1]
    sure = agreed.sum(axis=0) - np.sqrt((agreed**2).sum(axis=0))
    spread = np.sqrt(_not_negative(np.einsum("ikj,ikj->kj", found.weight[0], found.weight[1]), sure))
    slope, weight = found.slope.sum(axis=0), found.weight.sum(axis=0)
    inner = weight * spread[:, None] * spread[None, :] + np.eye(len(spread))
    return np.asarray(spread * np.linalg.solve(inner, (spread * slope)[:, :, None])[:, :, 0])


def _not_negative(matrix: Array, wanted: Array) -> Array:
    """Return x of least squares with matrix x = wanted and none below zero, (n,), by coordinate descent."""
    found = np.zeros(len(wanted))
    for _ in range(_ROUNDS):
        for place in range(len(wanted)):
            own = matrix[place, place]
            found[place] = max(found[place] + (wanted[place] - matrix[place] @ found) / own, 0.0) if own > 0 else 0.0
    return found
