"""Seasons of a block: centred moving averages, seasonal indices and their shrinkage."""

import numpy as np

from equipoise.demand.methods.contract import Array, Block, Flags


def lengths_of(values: Array) -> Array:
    """Return how many observations each right-aligned row has, (rows,)."""
    return np.asarray((~np.isnan(values)).sum(axis=1), dtype=np.float64)


def moving_average(values: Array, season: int) -> Array:
    """Return the centred moving average over one season (2 x m for an even season), (rows, periods); NaN where the window is not full."""
    rows, periods = values.shape
    average = np.full(values.shape, np.nan)
    half = season // 2
    if periods <= 2 * half:
        return average
    sums = np.cumsum(np.concatenate([np.zeros((rows, 1)), np.nan_to_num(values)], axis=1), axis=1)
    windows = sums[:, season:] - sums[:, :-season]
    centred = windows / season if season % 2 else (windows[:, 1:] + windows[:, :-1]) / (2 * season)
    average[:, half : periods - half] = centred
    first = periods - lengths_of(values) + half
    average[np.arange(periods)[None, :] < first[:, None]] = np.nan
    return average


def by_phase(values: Array, season: int) -> Array:
    """Return (rows, seasons, season): the last axis holds the same phase together, its position 0 the period after the last column."""
    missing = (-values.shape[1]) % season
    padded = np.concatenate([np.full((len(values), missing), np.nan), values], axis=1)
    return padded.reshape(len(values), -1, season)


def ratios(values: Array, season: int) -> Array:
    """Return each observation over its centred moving average, (rows, periods); NaN where there is none, or next to nothing."""
    average = moving_average(values, season)
    floor = np.nansum(np.abs(values), axis=1, keepdims=True) / np.maximum(lengths_of(values), 1)[:, None] * 1e-3
    return values / np.where(average > floor, average, np.nan)


def drawn_index(ratio: Array, season: int, centre: Array, *, multiplicative: bool = True) -> Array:
    """Return the seasonal index (rows, season) of ratios (or differences) to the moving average, drawn towards `centre` (rows, season).

    The mean by phase is drawn in proportion to how much of its distance to the centre is noise: the empirical-Bayes shrinkage of Miller and
    Williams, "Shrinkage estimators of time series seasonal factors", International Journal of Forecasting 19 (2003). One ratio a phase
    does not show the noise; half the weight is given then. A row with a phase never seen takes the centre.
    """
    if season < 2 or ratio.shape[1] < season:
        return centre.copy()
    phases = by_phase(ratio, season)
    count = (~np.isnan(phases)).sum(axis=1)
    seen = (count > 0).all(axis=1)
    own = np.nansum(phases, axis=1) / np.maximum(count, 1)
    middle = own.mean(axis=1, keepdims=True)
    own = own / np.where(seen[:, None] & (middle > 0), middle, 1.0) if multiplicative else own - middle
    freedom = np.maximum(count.sum(axis=1) - season, 1) * np.maximum(count.mean(axis=1), 1)
    noise = np.nansum((phases - own[:, None, :]) ** 2, axis=(1, 2)) / freedom
    distance = ((own - centre) ** 2).sum(axis=1) / (season - 1)
    weight = np.clip(1 - max(season - 3, 1) / (season - 1) * noise / np.maximum(distance, 1e-12), 0, 1)
    weight = np.where(count.min(axis=1) >= 2, weight, np.minimum(weight, 0.5)) * seen
    return np.asarray(centre + weight[:, None] * (np.where(seen[:, None], own, centre) - centre))


def over_history(index: Array, periods: int) -> Array:
    """Return the index laid over `periods` columns that end with the block's last, (rows, periods)."""
    season = index.shape[1]
    repeats = -(-periods // season)
    return np.tile(index, (1, repeats))[:, repeats * season - periods :]


def over_horizon(index: Array, horizon: int) -> Array:
    """Return the index of the `horizon` periods after the block's last, (rows, horizon)."""
    return np.tile(index, (1, -(-horizon // index.shape[1])))[:, :horizon]


def own_index(block: Block) -> Array:
    """Return each series' multiplicative seasonal index, drawn towards its family's where its own is noisy; never below 0.01."""
    return np.maximum(drawn_index(ratios(block.values, block.season), block.season, block.shape), 0.01)


def own_differences(block: Block) -> Array:
    """Return each series' additive seasonal index, drawn towards none where it is noisy."""
    away = block.values - moving_average(block.values, block.season)
    return drawn_index(away, block.season, np.zeros_like(block.shape), multiplicative=False)


def is_seasonal(values: Array, season: int) -> Flags:
    """Return which rows are seasonal: their autocorrelation at the season's lag is significantly above zero at 90 %.

    Source: the test of Assimakopoulos and Nikolopoulos (2000) as used in the M competitions, with Bartlett's standard error.
    """
    length = lengths_of(values)
    if season < 2 or values.shape[1] <= season:
        return np.zeros(len(values), dtype=np.bool_)
    mean = np.nansum(values, axis=1, keepdims=True) / np.maximum(length, 1)[:, None]
    away = np.nan_to_num(values - mean)
    variance = np.maximum((away**2).sum(axis=1), 1e-12)
    lags = np.stack([(away[:, lag:] * away[:, : away.shape[1] - lag]).sum(axis=1) / variance for lag in range(1, season + 1)], axis=1)
    limit = 1.645 * np.sqrt((1 + 2 * (lags[:, :-1] ** 2).sum(axis=1)) / np.maximum(length, 1))
    return np.asarray((lags[:, -1] > limit) & (length >= 2 * season))
