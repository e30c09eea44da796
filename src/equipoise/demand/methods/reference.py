"""The plain methods that every other one has to beat."""

from dataclasses import dataclass

import numpy as np

from equipoise.demand.methods.contract import Array, Block, Fit
from equipoise.demand.methods.season import over_horizon


def _spread(error: Array) -> Array:
    """Root mean squared value of each row, NaN where it has none."""
    count = (~np.isnan(error)).sum(axis=1)
    return np.where(count > 0, np.sqrt(np.nansum(error**2, axis=1) / np.maximum(count, 1)), np.nan)


@dataclass(frozen=True)
class Naive:
    """The last observation, for ever."""

    name: str = "naive"
    intermittent: bool | None = None

    def needs(self, season: int) -> int:  # noqa: ARG002
        """One observation."""
        return 1

    def fit(self, block: Block, horizon: int) -> Fit:
        """Return the last value, flat."""
        return Fit(np.repeat(block.values[:, -1:], horizon, axis=1), _spread(np.diff(block.values, axis=1)))


@dataclass(frozen=True)
class SeasonalNaive:
    """The observation of the same period a season ago; where there is none yet, the last observation."""

    name: str = "seasonal_naive"
    intermittent: bool | None = None

    def needs(self, season: int) -> int:  # noqa: ARG002
        """One observation."""
        return 1

    def fit(self, block: Block, horizon: int) -> Fit:
        """Return the last season again and again."""
        season, values = block.season, block.values
        last = np.full((len(values), season), np.nan)
        width = min(season, values.shape[1])
        last[:, season - width :] = values[:, values.shape[1] - width :]
        points = over_horizon(np.where(np.isnan(last), values[:, -1:], last), horizon)
        lag = season if values.shape[1] > season else 1
        return Fit(points, _spread(values[:, lag:] - values[:, :-lag]))


@dataclass(frozen=True)
class RecentMean:
    """The mean of the last observations: a moving average of one season, or of what there is."""

    name: str = "moving_average"
    intermittent: bool | None = None

    def needs(self, season: int) -> int:  # noqa: ARG002
        """One observation."""
        return 1

    def fit(self, block: Block, horizon: int) -> Fit:
        """Return the mean, flat."""
        width = min(max(block.season, 6), block.values.shape[1])
        recent = block.values[:, block.values.shape[1] - width :]
        mean = np.nansum(recent, axis=1, keepdims=True) / np.maximum((~np.isnan(recent)).sum(axis=1, keepdims=True), 1)
        return Fit(np.repeat(mean, horizon, axis=1), _spread(recent - mean))
