"""A robust decomposition: medians instead of means, so that single outliers move nothing."""

from dataclasses import dataclass

import numpy as np

from equipoise.demand.methods.contract import Array, Block, Fit
from equipoise.demand.methods.season import by_phase, moving_average, over_history, over_horizon

_DAMPING = 0.5  # the share of last year's growth that is expected to go on in the next, and of that in the one after


def median(values: Array) -> Array:
    """Return the median over the last axis without NaN; NaN where there is nothing."""
    ordered = np.sort(values, axis=-1)  # NaN sorts last
    count = (~np.isnan(values)).sum(axis=-1)
    low = np.take_along_axis(ordered, np.maximum((count - 1) // 2, 0)[..., None], axis=-1)[..., 0]
    high = np.take_along_axis(ordered, np.minimum(count // 2, values.shape[-1] - 1)[..., None], axis=-1)[..., 0]
    return np.asarray(np.where(count % 2 == 1, low, (low + high) / 2))


@dataclass(frozen=True)
class RobustDecomposition:
    """Season by medians of the ratios to the moving average; level by the median of the last half season, adjusted; growth by the median of
    what the last season gained on the one before, half of it expected again each season."""

    name: str = "robust_decomposition"
    intermittent: bool | None = False

    def needs(self, season: int) -> int:
        """Return three seasons and at least 12 observations."""
        return max(3 * season, 12)

    def fit(self, block: Block, horizon: int) -> Fit:
        """Return level x growth x season."""
        values, season, periods = block.values, block.season, block.values.shape[1]
        index = _median_index(values, season)
        adjusted = values / over_history(index, periods)
        floor = block.scale[:, None] * 1e-3
        recent = min(max(season // 2, 3), periods)
        level = median(adjusted[:, periods - recent :])
        lag = max(season, 6)
        gained = np.log(np.maximum(adjusted[:, lag:], floor) / np.maximum(adjusted[:, :-lag], floor))
        growth = np.clip(median(gained[:, max(gained.shape[1] - lag, 0) :]), -0.5, 0.5)
        centre = (recent - 1) / 2
        steps = np.cumsum(_DAMPING ** ((np.arange(-centre, horizon)[: int(horizon + centre)] + centre) / lag)) / lag
        ahead = steps[len(steps) - horizon :]
        points = level[:, None] * np.exp(growth[:, None] * _DAMPING * ahead[None, :]) * over_horizon(index, horizon)
        error = np.nan_to_num(adjusted[:, 1:] - adjusted[:, :-1])
        return Fit(points, np.sqrt((error**2).sum(axis=1) / np.maximum(block.lengths - 1, 1)))


def _median_index(values: Array, season: int) -> Array:
    """Return the multiplicative index (rows, season), ones where a phase was never seen."""
    if season < 2:
        return np.ones((len(values), season))
    average = moving_average(values, season)
    ratio = values / np.where(average > 0, average, np.nan)
    index = median(np.swapaxes(by_phase(ratio, season), 1, 2))
    index = np.where(np.isnan(index).any(axis=1, keepdims=True), 1.0, index)
    return np.asarray(np.maximum(index / np.maximum(index.mean(axis=1, keepdims=True), 1e-9), 0.01))
