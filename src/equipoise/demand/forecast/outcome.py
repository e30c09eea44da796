"""What forecasting gave, before it becomes tables."""

from dataclasses import dataclass, field

import numpy as np

from equipoise.demand.forecast.choice import mean_known
from equipoise.demand.forecast.interval import Interval
from equipoise.demand.methods import Array, Counts

COMBINATION = "combination"
SHORT_HISTORY = "short_history"
NO_DEMAND = "no_demand"


@dataclass
class Outcome:
    """Forecasts and measures of all series. `points`, `p10`, `p50`, `p90` are (series, horizon); `weights` (methods, series), zero for a
    series without a backtest. `error`, `wmape`, `bias` and `origins` are (methods + 1, series), the last row the combination; NaN and 0
    where a method was not tested. `coverage` (series,) is the share of test periods within the 80 % interval, NaN without a test. `fixed`
    holds method and reason of the series that no method of the registry forecasts, `driven` what drivers did, where they were tried."""

    methods: tuple[str, ...]
    points: Array
    p10: Array
    p50: Array
    p90: Array
    weights: Array
    error: Array
    wmape: Array
    bias: Array
    origins: Counts
    coverage: Array
    fixed: dict[int, tuple[str, str]] = field(default_factory=dict)
    driven: dict[int, str] = field(default_factory=dict)

    @staticmethod
    def blank(series: int, horizon: int, methods: tuple[str, ...]) -> "Outcome":
        """Return an outcome in which nothing is known."""
        points, p10, p50, p90 = np.zeros((4, series, horizon))
        error, wmape, bias = np.full((3, len(methods) + 1, series), np.nan)
        tested = np.zeros((len(methods) + 1, series), dtype=np.int64)
        weights, coverage = np.zeros((len(methods), series)), np.full(series, np.nan)
        return Outcome(methods, points, p10, p50, p90, weights, error, wmape, bias, tested, coverage)

    def place(self, rows: Counts, points: Array, around: Interval) -> None:
        """Take the forecasts of some series."""
        self.points[rows], self.p10[rows], self.p50[rows], self.p90[rows] = points, around.p10, around.p50, around.p90

    def judge(self, number: int, rows: Counts, past: Array, actual: Array, step: Array) -> None:
        """Take the backtest measures of one method for some series. `past` and `actual` (rows, origins, reach), `step` (rows,)."""
        known = ~np.isnan(past)
        demand = np.where(known, actual, 0.0).sum(axis=(1, 2))
        away = np.where(known, past - actual, 0.0)
        divisor = np.where(demand > 0, demand, np.nan)
        self.error[number, rows] = mean_known(np.where(known, np.abs(past - actual), np.nan), axis=(1, 2)) / step
        self.wmape[number, rows] = np.abs(away).sum(axis=(1, 2)) / divisor
        self.bias[number, rows] = away.sum(axis=(1, 2)) / divisor
        self.origins[number, rows] = known.any(axis=2).sum(axis=1)

    def chosen(self, row: int) -> str:
        """Return the name of what makes the baseline of a series: a method, the combination, or the rule for one that has no backtest."""
        if row in self.fixed:
            return self.fixed[row][0]
        used = np.flatnonzero(self.weights[:, row])
        return self.methods[int(used[0])] if len(used) == 1 else COMBINATION


def steps(values: Array, season: int) -> Array:
    """Return what errors are scaled by, (rows,): the mean absolute difference to the season before, or to the period before where there is
    no season yet, or the mean, so that a series that never changes has an error too."""
    level = np.nansum(np.abs(values), axis=1) / np.maximum((~np.isnan(values)).sum(axis=1), 1)
    plain = mean_known(np.abs(np.diff(values, axis=1)), axis=1)
    before = values[:, : max(values.shape[1] - season, 0)]
    seasonal = mean_known(np.abs(values[:, season:] - before), axis=1) if before.shape[1] else np.full(len(values), np.nan)
    step = np.where(np.nan_to_num(seasonal) > 0, seasonal, plain)
    return np.where(np.nan_to_num(step) > 0, step, np.where(level > 0, level, 1.0))
