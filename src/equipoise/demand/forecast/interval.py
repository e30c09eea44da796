"""How far demand may lie from its forecast: tenth, fiftieth and ninetieth percentile from backtest errors by horizon."""

from dataclasses import dataclass, replace

import numpy as np

from equipoise.demand.forecast.choice import mean_known
from equipoise.demand.methods import Array, Counts

_LEVELS = (0.1, 0.5, 0.9)
_NORMAL = (-1.606, 0.0, 1.606)  # normal quantiles in units of the mean absolute error: 1.2816 x sqrt(pi / 2)


@dataclass(frozen=True)
class Widths:
    """What turns backtest errors into percentiles; `python -m benchmarks.selection` shows each value beside its neighbours.

    `growth`: the power of the horizon with which errors grow, before any is seen. `firm`: its weight against a test period one logarithm
    from the mean horizon. `own`: test periods that a series' error within its history counts for. `series`: series that the normal
    distribution counts for, in a pool. `chosen`: how many times larger new errors are than those of the backtest, which chose the methods
    and saw one season only. `further`: how much faster new ones grow with the horizon, of which far periods are tested from few origins.
    """

    growth: float = 0.25
    firm: float = 5
    own: float = 30
    series: float = 10
    chosen: float = 1.2
    further: float = 0.05


WIDTHS = Widths()


@dataclass(frozen=True)
class Interval:
    """Percentiles of demand, each (series, horizon): none below zero, p10 <= p50 <= p90."""

    p10: Array
    p50: Array
    p90: Array


def interval(points: Array, past: Array, actual: Array, spread: Array, pools: Counts, widths: Widths = WIDTHS) -> Interval:
    """Return percentiles of demand around `points` (series, horizon).

    `past` and `actual` (series, origins, reach) are the backtest of the same forecasts, `spread` (series,) their error one period ahead
    within the history, which counts where the backtest is short. Each series has its own mean absolute error; how it grows with the
    horizon (a power of it) and how errors are distributed around it comes from all series of a pool together, with the normal distribution
    where the pool is small. An error is judged by the mean error of the other origins, so that the percentiles cover as many new periods
    as they say.
    """
    error = actual - past
    result = np.empty((3, *points.shape))
    for pool in np.unique(pools):
        rows = pools == pool
        power = _power(error[rows], widths)
        unit, judged = _units(error[rows], spread[rows], power, widths)
        quantiles = _quantiles(judged, widths)
        ahead = np.arange(1, points.shape[1] + 1) ** power
        for level in range(3):
            result[level, rows] = points[rows] + quantiles[level] * unit[:, None] * ahead[None, :]
    low = np.maximum(np.minimum(result[0], points), 0)
    high = np.maximum(result[2], points)
    return Interval(low, np.clip(result[1], low, high), high)


def coverage(past: Array, actual: Array, spread: Array, pools: Counts, widths: Widths = WIDTHS) -> Array:
    """Return the share of each series' backtest periods that lay between the tenth and ninetieth percentile, (series,); NaN where none was
    tested.

    Each origin is judged by percentiles as `interval` makes them, from the errors of the other origins; the errors of the backtest are
    taken as many times larger as new ones are, so that the share is what new periods can expect.
    """
    error = actual - past
    share = np.full(len(error), np.nan)
    for pool in np.unique(pools):
        rows = pools == pool
        _, judged = _units(error[rows], spread[rows], _power(error[rows], widths), widths)
        low, _, high = _quantiles(judged * widths.chosen, replace(widths, chosen=1.0))
        inside = np.where(np.isnan(judged), np.nan, (judged * widths.chosen >= low) & (judged * widths.chosen <= high))
        share[rows] = mean_known(inside, axis=(1, 2))
    return share


def _power(error: Array, widths: Widths) -> float:
    """Return the power of the horizon with which the mean absolute error grows: a least-squares line through logarithms, with a prior."""
    size = np.abs(error)
    whole = mean_known(size, axis=(1, 2))
    relative = size / np.where(whole > 0, whole, np.nan)[:, None, None]
    mean, count = mean_known(relative, axis=(0, 1)), (~np.isnan(relative)).sum(axis=(0, 1))
    used = (count > 0) & (np.nan_to_num(mean) > 0)
    if used.sum() < 2:
        return widths.growth
    time, log, weight = np.log(np.arange(1, len(mean) + 1))[used], np.log(mean[used]), count[used].astype(np.float64)
    away = time - np.average(time, weights=weight)
    slope = ((weight * away * log).sum() + widths.firm * widths.growth) / ((weight * away**2).sum() + widths.firm)
    return float(np.clip(slope + widths.further, 0.0, 0.7))


def _units(error: Array, spread: Array, power: float, widths: Widths) -> tuple[Array, Array]:
    """Return each series' mean absolute error one period ahead, and every backtest error in units of that of the other origins."""
    growth = np.arange(1, error.shape[2] + 1) ** power
    size = np.nan_to_num(np.abs(error))
    scale = np.where(np.isnan(error), 0.0, growth[None, None, :])
    inside = 0.8 * np.nan_to_num(spread)  # mean absolute error of a normal distribution, from its standard deviation
    total, weight = size.sum(axis=(1, 2)), scale.sum(axis=(1, 2))
    unit = (total + widths.own * inside) / (weight + widths.own)
    others = (total[:, None] - size.sum(axis=2) + widths.own * inside[:, None]) / (weight[:, None] - scale.sum(axis=2) + widths.own)
    judged = error / (np.where(others > 0, others, np.nan)[:, :, None] * growth[None, None, :])
    return unit, judged


def _quantiles(judged: Array, widths: Widths) -> tuple[float, float, float]:
    """Return the pool's quantiles of judged errors, drawn towards the normal ones where few series speak."""
    known = judged[~np.isnan(judged)]
    count = int((~np.isnan(judged)).any(axis=(1, 2)).sum())
    if not count:
        return _NORMAL
    seen = np.quantile(known, _LEVELS)
    low, middle, high = ((s * count + n * widths.series) / (count + widths.series) for s, n in zip(seen, _NORMAL, strict=True))
    return float(min(low, 0.0)) * widths.chosen, float(middle), float(max(high, 0.0)) * widths.chosen


def plain_interval(points: Array, share: float) -> Interval:
    """Return percentiles for series without a backtest: the mean absolute error one period ahead is `share` of the forecast."""
    ahead = np.arange(1, points.shape[1] + 1) ** WIDTHS.growth
    low, middle, high = (np.maximum(points * (1 + quantile * share * ahead[None, :]), 0) for quantile in _NORMAL)
    return Interval(low, middle, high)
