"""What intermittent series show together: one of them says little, many say whether forecasts lie too high and how far demand may go."""

import numpy as np

from equipoise.demand.methods.contract import Array, Counts

_DEMANDS = 50  # demands that the assumption of a right level counts for, in a pool
_SMALLEST = 1e-100  # of a mean demand, so that its square is still a number
_FURTHEST = 2.0  # a pool's level is never changed by more than this factor


def mean_size(values: Array) -> Array:
    """Return the mean demand of the periods with demand, (rows,); one where there is none."""
    sold = values > 0
    total = np.where(sold, values, 0.0).sum(axis=1)
    return np.where(total > 0, np.maximum(total / np.maximum(sold.sum(axis=1), 1), _SMALLEST), 1.0)


def pool_score(error: Array, difficulty: Array, periods: Array, size: Array) -> float:
    """Return one method's error over that of the plain methods in a pool of intermittent series; NaN where nothing was tested.

    `error` and `difficulty` (rows, origins) are root mean squared errors of the method and of the plain ones, NaN where untested,
    `periods` (rows, origins) how many periods stand behind them, `size` (rows,) the mean demand, which errors are measured in. Squared
    errors are summed over the pool before they are compared: most series have no demand in most tests, and a median of single comparisons
    would choose what forecasts nothing.
    """
    tested = ~np.isnan(error) & ~np.isnan(difficulty)
    weight = np.where(tested, periods, 0.0) / size[:, None] ** 2
    against = float((weight * np.nan_to_num(difficulty) ** 2).sum())
    return float(np.sqrt((weight * np.nan_to_num(error) ** 2).sum() / against)) if against > 0 else np.nan


def by_period(past: Array, cuts: Counts) -> tuple[Array, Array]:
    """Return the mean of the forecasts from all origins of each tested period, and how many there are: (rows, periods) each, the last
    column the last period of the history.

    `past` (rows, origins, reach), NaN where unknown; `cuts` (rows, origins): how many last periods an origin does not know.
    """
    width = int(cuts.max(initial=0))
    total, count = np.zeros((2, len(past), width))
    for origin in range(past.shape[1]):
        row, step = np.nonzero(~np.isnan(past[:, origin]))
        column = width - cuts[row, origin] + step
        total[row, column] += past[row, origin, step]
        count[row, column] += 1
    return total / np.maximum(count, 1), count


def pool_level(past: Array, cuts: Counts, values: Array, pools: Counts) -> Array:
    """Return what the forecasts of each series are to be multiplied with, (rows,): the same for all series of a pool.

    `past` (rows, origins, reach) are the forecasts of the backtest, NaN where there was nothing to compare them with; `cuts` (rows,
    origins): how many last periods an origin does not know; `values` (rows, periods) the history; `pools` (rows,). It is demand over
    forecast, both in units of the series' mean demand and summed over the pool: the estimate of quasi-likelihood where the variance of
    demand is proportional to its mean and to its size, as of a compound Poisson stream. Every tested period counts once, so that no part
    of the season counts for more than another. The factor is drawn towards one by fifty demands. Forecasts of nothing show no level.

    Source: Wedderburn, "Quasi-likelihood functions, generalized linear models, and the Gauss-Newton method", Biometrika 61 (1974).
    """
    expected, count = by_period(np.where(past > 0, past, np.nan), cuts)
    seen = np.where(count > 0, np.nan_to_num(values[:, values.shape[1] - expected.shape[1] :]), 0.0)
    size = mean_size(values)
    seen, expected = seen.sum(axis=1) / size, expected.sum(axis=1) / size
    factor = np.ones(len(past))
    for pool in np.unique(pools):
        rows = pools == pool
        factor[rows] = (seen[rows].sum() + _DEMANDS) / (expected[rows].sum() + _DEMANDS)
    return np.clip(factor, 1 / _FURTHEST, _FURTHEST)


def percentiles(points: Array, values: Array, levels: tuple[float, ...]) -> Array:
    """Return percentiles of demand in one period for intermittent series, (levels, rows, horizon): zero, or a demand of the size seen.

    `points` (rows, horizon) are mean demands and `values` (rows, periods) the history. Demand comes with the chance of mean demand over
    mean size; its size is one of the history's, all as likely. Where more than one demand a
    period is expected, the sizes are scaled up to it, whole where the history is whole. So percentiles are in lots as they are sold, and
    not narrower than the discreteness of demand allows.

    Source: Willemain, Smart and Schwarz, "A new approach to forecasting intermittent demand for service parts inventories", International
    Journal of Forecasting 20 (2004), its bootstrap of chance and size, in closed form for one period.
    """
    sold = values > 0
    sizes = np.sort(np.where(sold, values, np.inf), axis=1)
    count = sold.sum(axis=1)[:, None]
    often = np.maximum(points, 0) / mean_size(values)[:, None]
    chance, more = np.clip(often, 1e-9, 1.0), np.maximum(often, 1.0)
    whole = (np.nan_to_num(values) % 1 == 0).all(axis=1)[:, None]
    found = []
    for level in levels:
        within = 1 - (1 - level) / chance  # the percentile among sizes; below zero: no demand
        place = np.clip(np.ceil(within * count - 1e-9), 1, np.maximum(count, 1)).astype(np.int64) - 1
        size = np.take_along_axis(sizes, place, axis=1) * more
        size = np.where(whole, np.rint(size), size)
        found.append(np.where((within > 0) & (count > 0), size, 0.0))
    return np.stack(found)


def seen_inside(past: Array, actual: Array, values: Array) -> Array:
    """Return the share of each series' backtest periods between the tenth and ninetieth percentile, (rows,); NaN where none was tested.

    `past` and `actual` (rows, origins, reach) are forecasts and demand, `values` (rows, periods) the history.
    """
    flat_past = np.nan_to_num(past).reshape(len(past), past.shape[1] * past.shape[2])
    low, high = percentiles(flat_past, values, (0.1, 0.9))
    demand = actual.reshape(flat_past.shape)
    known = ~np.isnan(demand) & ~np.isnan(past).reshape(flat_past.shape)
    inside = known & (demand >= low * (1 - 1e-6)) & (demand <= high * (1 + 1e-6))
    count = known.sum(axis=1)
    return np.where(count > 0, inside.sum(axis=1) / np.maximum(count, 1), np.nan)
