"""The distribution of demand in each cell: through the forecast's percentiles, around the plan, never below what is ordered."""

from dataclasses import dataclass

import numpy as np

from equipoise.reconcile.simulation.normal import TENTH, Array, Flags, density, probability

_HALVINGS = 45
_DOUBLINGS = 20
_FAR = 30.0  # standard deviations beyond which nothing comes


@dataclass(frozen=True, eq=False)
class Marginal:
    """Distributions of many cells: `middle` + `below` x score under the median, `middle` + `above` x score over it, `floor` at least.

    With a standard normal score this is the two-piece normal with half of its mass on either side, whose tenth, fiftieth and ninetieth
    percentiles can be set freely (Wallis 2014, The two-piece normal, binormal, or double Gaussian distribution, Statistical Science 29).
    All arrays have the shape of the cells; units are those of the item.
    """

    middle: Array
    below: Array
    above: Array
    floor: Array

    def quantity(self, scores: Array) -> Array:
        """Return demand at standard normal `scores` (..., cells)."""
        slope = np.where(scores < 0, self.below, self.above)
        return np.maximum(self.middle + slope * scores, self.floor)

    @property
    def certain(self) -> Flags:
        """Whether the demand of a cell is the same whatever comes."""
        return (self.below <= 0) & (self.above <= 0)


def through(low: Array, middle: Array, high: Array, mean: Array, floor: Array) -> Marginal:
    """Return the distributions with these percentiles (10, 50 and 90), scaled so that each has the mean `mean`.

    The plan is expected demand, so it is the mean of what is drawn, whatever the floor cuts off below: `floor` is what is ordered, or
    zero. All arguments are arrays of one shape, one dimension; `floor` is at most `mean`. Where the percentiles already have that mean,
    they stay as they are.
    """
    below, above = (middle - low) / TENTH, (high - middle) / TENTH
    factor = _factor(middle, below, above, mean, floor)
    return Marginal(middle * factor, below * factor, above * factor, floor)


def _factor(middle: Array, below: Array, above: Array, mean: Array, floor: Array) -> Array:
    """Return the factor on each distribution that gives it its mean, by halving: the mean never falls as the factor grows."""
    least, most = np.zeros_like(mean), np.ones_like(mean)
    for _ in range(_DOUBLINGS):
        short = expected(Marginal(middle * most, below * most, above * most, floor)) < mean
        if not short.any():
            break
        most = np.where(short, most * 2, most)
    for _ in range(_HALVINGS):
        half = (least + most) / 2
        under = expected(Marginal(middle * half, below * half, above * half, floor)) < mean
        least, most = np.where(under, half, least), np.where(under, most, half)
    return (least + most) / 2


def expected(marginal: Marginal) -> Array:
    """Return the mean of each distribution: floor x P(z < c) + the integral of the two pieces above c, where c is the score at the floor.

    Over a piece from u to v, the integral of z times the normal density is density(u) - density(v).
    """
    middle, below, above, floor = marginal.middle, marginal.below, marginal.above, marginal.floor
    slope = np.where(floor < middle, below, above)
    cut = np.where(slope > 0, (floor - middle) / np.where(slope > 0, slope, 1.0), np.where(floor < middle, -_FAR, _FAR))
    cut = np.clip(cut, -_FAR, _FAR)
    chance = probability(cut)
    lower = below * (density(np.minimum(cut, 0.0)) - density(np.zeros_like(cut)))
    return np.asarray(floor * chance + middle * (1 - chance) + lower + above * density(np.maximum(cut, 0.0)))
