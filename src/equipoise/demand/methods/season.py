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


def seasonal_index(values: Array, season: int, centre: Array, *, multiplicative: bool = True) -> tuple[Array, Array]:
    """Return the seasonal index of each row and the weight of its own evidence, (rows, season) and (rows,).

    Ratios (or differences) to the centred moving average are averaged by phase, and drawn towards `centre` (rows, season) in proportion to
    how much of their spread is noise: the empirical-Bayes shrinkage of Miller and Williams, "Shrinkage estimators of time series seasonal
    factors", International Journal of Forecasting 19 (2003). With one ratio a phase the noise is unknown; half the weight is given then.
    A row with less than two seasons, or with a phase never seen, takes `centre`.
    """
    if season < 2 or values.shape[1] < 2 * season:
        return centre.copy(), np.zeros(len(values))
    average = moving_average(values, season)
    floor = np.nanmean(np.abs(values), axis=1, keepdims=True) * 1e-3
    ratio = values / np.where(average > floor, average, np.nan) if multiplicative else values - average
    phases = by_phase(ratio, season)
    count = (~np.isnan(phases)).sum(axis=1)
    seen = (count > 0).all(axis=1)
    own = np.nansum(phases, axis=1) / np.maximum(count, 1)
    own = own / np.where(seen, own.mean(axis=1), 1.0)[:, None] if multiplicative else own - own.mean(axis=1, keepdims=True)
    noise = np.nansum((phases - own[:, None, :]) ** 2, axis=(1, 2)) / np.maximum(count.sum(axis=1) - season, 1) / np.maximum(count.mean(axis=1), 1)
    distance = ((own - centre) ** 2).sum(axis=1) / max(season - 1, 1)
    shrink = max(season - 3, 1) / max(season - 1, 1)
    weight = np.clip(1 - shrink * noise / np.maximum(distance, 1e-12), 0, 1)
    weight = np.where(count.min(axis=1) >= 2, weight, np.minimum(weight, 0.5)) * seen
    return centre + weight[:, None] * (np.where(seen[:, None], own, centre) - centre), weight


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
    return np.maximum(seasonal_index(block.values, block.season, block.shape)[0], 0.01)


def regular(values: Array) -> Flags:
    """Return which series have demand nearly every period: average interval below 1.32 (Syntetos, Boylan and Croston, 2005)."""
    length = lengths_of(values)
    return np.asarray(length < 1.32 * np.maximum((values > 0).sum(axis=1), 1e-9))
