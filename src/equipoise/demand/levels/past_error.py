"""How far forecasts of each series were off in its past, at the same times for all of them: what levels are weighed by."""

import numpy as np

from equipoise.demand.methods import Array, Block
from equipoise.demand.methods.season import over_history, own_differences

_SMOOTHING = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
_ROWS = 8192  # series worked on together: bounds the memory


def past_errors(values: Array, season: int, ahead: int | None = None) -> Array:
    """Return the mean error over the next periods from every origin in the history, (series, origins), NaN before a series begins.

    `values` (series, periods) right-aligned. The forecast is simple exponential smoothing of the seasonally adjusted history, with the
    smoothing constant of the least squared error one period ahead. The error is taken over the `ahead` periods that follow, by default
    half a season, four at least and six at most: what is wrong for one period only says little about the others.
    """
    wanted = int(np.clip(season // 2, 4, 6)) if ahead is None else ahead
    ahead = max(1, min(wanted, values.shape[1] // 3))
    parts = [_block(values[start : start + _ROWS], season, ahead) for start in range(0, len(values), _ROWS)]
    return np.concatenate(parts) if parts else np.empty((0, max(values.shape[1] - ahead, 0)))


def _block(values: Array, season: int, ahead: int) -> Array:
    periods = values.shape[1]
    index = own_differences(Block(values, season, np.ones((len(values), season))))
    adjusted = values - over_history(index, periods)
    level = _levels(adjusted, max(season, 4))
    sums = np.cumsum(np.concatenate([np.zeros((len(values), 1)), np.nan_to_num(adjusted)], axis=1), axis=1)
    coming = (sums[:, ahead + 1 :] - sums[:, 1:-ahead]) / ahead  # mean of the periods after each origin
    return np.where(np.isnan(adjusted[:, : periods - ahead]), np.nan, coming - level[:, : periods - ahead])


def _levels(adjusted: Array, opening: int) -> Array:
    """Return the smoothed level after each period, (series, periods), by each series' best smoothing constant."""
    rows, periods = adjusted.shape
    known = ~np.isnan(adjusted)
    first = known & (np.cumsum(known, axis=1) <= opening)
    start = np.where(first, adjusted, 0.0).sum(axis=1) / np.maximum(first.sum(axis=1), 1)
    steps, seen = np.nan_to_num(adjusted).T, known.T
    best, kept = np.full(rows, np.inf), np.zeros((periods, rows))
    for constant in _SMOOTHING:
        level, loss, path = start.copy(), np.zeros(rows), np.empty((periods, rows))
        for period in range(periods):
            error = np.where(seen[period], steps[period] - level, 0.0)
            loss += error**2
            level = level + constant * error
            path[period] = level
        better = loss < best
        best, kept = np.where(better, loss, best), np.where(better[None, :], path, kept)
    return kept.T
