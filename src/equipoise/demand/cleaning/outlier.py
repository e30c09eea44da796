"""Outliers: periods far from usual demand, but for launches, changes that stay, and what is usual for the series."""

import numpy as np

from equipoise.demand.cleaning.usual import Usual, typical_size
from equipoise.demand.methods import Array, Flags

_LONGEST = 2  # more unusual periods than that in a row are a change of demand, not outliers
_AT_THE_END = 1.5  # times the threshold in the last period: whether a change stays is not known yet
_SELDOM = 5.0  # times the usual size from which a size of seldom demand can be an outlier
_SHARED = 0.2  # share of the series with unusual demand on one side from which it may be a season
_MANY = 0.05  # share of a series' periods that may be outliers; with more of them they are its nature


def outliers(values: Array, usual: Usual, judged: Flags, threshold: float, season: int) -> Flags:
    """Return which periods are outliers, (series, periods).

    `judged` cells are considered, others never called outliers. None are found in the first half season of a series that begins inside the
    history (a launch), among three or more unusual periods in a row, or two at the end (a change), below usual where demand is seldom, in
    series of which one period in twenty (and more than two) would be one, and, before a second year can tell, where one series in five
    does the same: that may be a season.
    """
    periods = values.shape[1]
    column = np.arange(periods)[None, :]
    begun = (~np.isnan(values)).argmax(axis=1)[:, None]
    opening = np.where(begun > 0, min(max(season // 2, 3), 13), 1)
    limit = np.where(column == periods - 1, _AT_THE_END * threshold, threshold)
    far = (np.abs(usual.score) > limit) & judged & (column >= begun + opening)
    seldom = ~usual.regular[:, None]
    typical = typical_size(values)[:, None]
    held = np.nan_to_num(values)
    far &= ~seldom | ((usual.score > 0) & (held > _SELDOM * typical))
    far &= seldom | ~_change(usual.score, threshold)
    far &= ~_shared(values, usual, threshold, season)
    few = np.maximum(_MANY * (~np.isnan(values)).sum(axis=1), 2)
    few = np.where(usual.regular, few, 1)
    return np.asarray(far & (far.sum(axis=1) <= few)[:, None])


def _shared(values: Array, usual: Usual, threshold: float, season: int) -> Flags:
    """Return the cells without the same phase in another year that are unusual on a side on which many series are unusual then."""
    known = ~np.isnan(values)
    other = np.zeros(values.shape, dtype=np.bool_)
    if 1 < season < values.shape[1]:
        other[:, season:] |= known[:, :-season]
        other[:, :-season] |= known[:, season:]
    compared = (known & usual.regular[:, None]).sum(axis=0)
    shared = np.zeros(values.shape, dtype=np.bool_)
    for side in (1, -1):
        alike = usual.score * side > threshold / 2
        count = (alike & usual.regular[:, None]).sum(axis=0)
        shared |= alike & ((count > _SHARED * compared) & (count >= 3))[None, :]
    return shared & ~other


def _change(score: Array, threshold: float) -> Flags:
    """Return which cells lie in a run of unusual periods on one side that is longer than two, or longer than one and the last.

    Half the threshold suffices to belong to a run.
    """
    rows, periods = score.shape
    side = np.where(np.abs(score) >= threshold / 2, np.sign(score), 0.0)
    new = np.ones((rows, periods), dtype=np.bool_)
    new[:, 1:] = side[:, 1:] != side[:, :-1]
    run = np.cumsum(new.ravel()) - 1
    length = np.bincount(run)[run].reshape(rows, periods)
    last = (run.reshape(rows, periods) == run.reshape(rows, periods)[:, -1:]) & (length > 1)
    return np.asarray((side != 0) & ((length > _LONGEST) | last))
