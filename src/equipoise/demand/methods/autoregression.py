"""Autoregression: this season's growth from the growth of the periods before."""

from dataclasses import dataclass

import numpy as np

from equipoise.demand.methods.contract import Array, Block, Fit, Flags
from equipoise.demand.methods.smoothing import ROWS

_LAGS = 13
_MOST = 1.0  # the furthest, in logarithms, that a period may differ from its season before by what came before it
_SMALLEST = 0.02  # of the mean: where an observation is less, its logarithm says too much


@dataclass(frozen=True)
class Autoregression:
    """The logarithm of a period over the same period a season before, from those of the periods before it; ridge regression by series.

    Source: Hoerl and Kennard, "Ridge regression", Technometrics 12 (1970), on seasonal differences as in Box and Jenkins, "Time Series
    Analysis" (1970). `prior`: observations that the assumption of no connection between periods counts for; `drift`: the share of the mean
    growth that is expected to go on.
    """

    prior: float = 20
    drift: float = 0.5
    name: str = "autoregression"
    intermittent: bool | None = False

    def needs(self, season: int) -> int:
        """Return three seasons and at least 16 observations."""
        return max(3 * season, 16)

    def fit(self, block: Block, horizon: int) -> Fit:
        """Return the forecasts one after the other; NaN for series with an observation near zero or below."""
        points, spread = np.full((len(block.values), horizon), np.nan), np.full(len(block.values), np.nan)
        rows = np.flatnonzero(_loggable(block))
        for start in range(0, len(rows), ROWS):
            part = rows[start : start + ROWS]
            scale = block.scale[part]
            ahead, error = self._continued(np.log(block.values[part] / scale[:, None]), block.season, horizon)
            points[part], spread[part] = np.exp(np.clip(ahead, -5, 5)) * scale[:, None], error * scale
        return Fit(points, spread)

    def _continued(self, logs: Array, season: int, horizon: int) -> tuple[Array, Array]:
        """Return the logarithms of the `horizon` periods that follow, (rows, horizon), and the error of one, (rows,)."""
        growth = logs[:, season:] - logs[:, :-season]
        mean = self.drift * np.nanmean(growth, axis=1, keepdims=True)
        order = min(season + 1, _LAGS)
        coefficients, error = ridge(growth - mean, order, self.prior)
        recent = np.nan_to_num(growth - mean)[:, : -order - 1 : -1]
        path = np.concatenate([logs[:, logs.shape[1] - season :], np.empty((len(logs), horizon))], axis=1)
        for step in range(horizon):
            away = np.clip((recent * coefficients[:, : recent.shape[1]]).sum(axis=1, keepdims=True), -_MOST, _MOST)
            path[:, season + step] = path[:, step] + (mean + away)[:, 0]
            recent = np.concatenate([away, recent[:, :-1]], axis=1)
        return path[:, season:], error


def _loggable(block: Block) -> Flags:
    """Return which series have no observation near zero."""
    return np.asarray(np.where(np.isnan(block.values), np.inf, block.values).min(axis=1) > _SMALLEST * block.scale)


def ridge(values: Array, order: int, prior: float) -> tuple[Array, Array]:
    """Return each row's regression of a value on the `order` before it, nearest first, (rows, order), and its root mean squared error;
    drawn towards none by `prior` observations."""
    periods = values.shape[1]
    before = np.stack([values[:, order - lag - 1 : periods - lag - 1] for lag in range(order)], axis=2)
    after = values[:, order:]
    known = ~(np.isnan(before).any(axis=2) | np.isnan(after))
    before, after = np.where(known[:, :, None], before, 0.0), np.where(known, after, 0.0)
    count = np.maximum(known.sum(axis=1), 1)
    products = np.swapaxes(before, 1, 2) @ before
    each = np.arange(order)
    products[:, each, each] += prior * products[:, each, each].mean(axis=1, keepdims=True) / count[:, None] + 1e-9
    coefficients = np.linalg.solve(products, np.swapaxes(before, 1, 2) @ after[:, :, None])[:, :, 0]
    error = np.where(known, after - (before @ coefficients[:, :, None])[:, :, 0], 0.0)
    return np.asarray(coefficients, dtype=np.float64), np.sqrt((error**2).sum(axis=1) / count)
