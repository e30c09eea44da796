"""The Theta method on seasonally adjusted history."""

from dataclasses import dataclass

import numpy as np

from equipoise.demand.methods.contract import Array, Block, Fit
from equipoise.demand.methods.season import lengths_of, over_history, over_horizon, own_index
from equipoise.demand.methods.smoothing import LEVELS, smoothed


def slope_of(values: Array) -> tuple[Array, Array]:
    """Return intercept at the first observation and slope of a least-squares line through each row, (rows,) each."""
    length = lengths_of(values)
    periods = values.shape[1]
    time = np.arange(periods)[None, :] - (periods - length)[:, None]
    used = ~np.isnan(values)
    away = np.where(used, time - ((length - 1) / 2)[:, None], 0.0)
    filled = np.nan_to_num(values)
    slope = (away * filled).sum(axis=1) / np.maximum((away**2).sum(axis=1), 1e-9)
    return filled.sum(axis=1) / np.maximum(length, 1) - slope * (length - 1) / 2, slope


@dataclass(frozen=True)
class Theta:
    """The mean of a straight line and of simple smoothing of the line that doubles the curvature.

    Where the published method tests for a season and adjusts wholly or not at all, the index here is drawn towards none (or towards the
    family's) by as much as it is noise: a test that does not jump.

    Source: Assimakopoulos and Nikolopoulos, "The theta model", International Journal of Forecasting 16 (2000).
    """

    name: str = "theta"
    intermittent: bool | None = False

    def needs(self, season: int) -> int:
        """Return two seasons and at least 12 observations."""
        return max(2 * season, 12)

    def fit(self, block: Block, horizon: int) -> Fit:
        """Return the mean of both lines, back in season."""
        index = own_index(block)
        periods = block.values.shape[1]
        adjusted = block.values / over_history(index, periods)
        start, slope = slope_of(adjusted)
        first = (periods - block.lengths)[:, None]
        line = start[:, None] + slope[:, None] * (np.arange(periods)[None, :] - first)
        curved = smoothed(2 * adjusted - line, LEVELS, horizon)
        ahead = start[:, None] + slope[:, None] * (block.lengths[:, None] + np.arange(horizon)[None, :])
        return Fit((curved.points + ahead) / 2 * over_horizon(index, horizon), curved.spread / 2)
