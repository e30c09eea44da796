"""Smoothing at several aggregations of time: what is noise in months may be a trend in half-years."""

from dataclasses import dataclass

import numpy as np

from equipoise.demand.methods.contract import Array, Block, Fit
from equipoise.demand.methods.season import over_history, over_horizon, own_index
from equipoise.demand.methods.smoothing import TRENDS, smoothed

_STRETCHES = 4  # stretches in the history that it takes to smooth them


@dataclass(frozen=True)
class MultipleAggregation:
    """The seasonally adjusted history is averaged over stretches of every length that divides a season; each is smoothed with a damped
    trend, laid over its periods again, and the mean of all is the forecast.

    Source: Kourentzes, Petropoulos and Trapero, "Improving forecasting by estimating time series structural components across multiple
    frequencies", International Journal of Forecasting 30 (2014), with the season taken out before instead of at each level.
    """

    name: str = "multiple_aggregation"
    intermittent: bool | None = False

    def needs(self, season: int) -> int:
        """Return two seasons and at least 12 observations."""
        return max(2 * season, 12)

    def fit(self, block: Block, horizon: int) -> Fit:
        """Return the mean over the aggregations, back in season."""
        index = own_index(block)
        adjusted = block.values / over_history(index, block.values.shape[1])
        longest = max(block.season, 3)
        fit = smoothed(adjusted, TRENDS, horizon)
        total, count = fit.points, np.ones((len(adjusted), 1))
        for width in (width for width in range(2, longest + 1) if longest % width == 0):
            stretches = means(adjusted, width)
            rows = (~np.isnan(stretches)).sum(axis=1) >= _STRETCHES
            if rows.any():
                points = smoothed(stretches[rows], TRENDS, -(-horizon // width)).points
                total[rows] += np.repeat(points, width, axis=1)[:, :horizon]
                count[rows] += 1
        return Fit(total / count * over_horizon(index, horizon), fit.spread)


def means(values: Array, width: int) -> Array:
    """Return the means over stretches of `width` periods, the last of which ends with the history, (rows, stretches); NaN where a stretch
    is not full."""
    stretches = values.shape[1] // width
    return np.asarray(values[:, values.shape[1] - stretches * width :].reshape(len(values), stretches, width).mean(axis=2))
