"""What series learn from their family and market: the shape of the season."""

import numpy as np
import polars as pl

from equipoise.demand.methods import Array, Counts, Flags
from equipoise.demand.methods.season import drawn_index, moving_average


def season_shapes(values: Array, teaching: Flags, groups: pl.DataFrame, season: int, cuts: Counts) -> Array:
    """Return the seasonal index that family and market show each series at the end and at each origin: (series, origins + 1, season).

    `values` (series, periods); only the `teaching` series say something, all are told; `groups` has their `family` and `market`. The index
    of a group is demand over moving average, both summed over its series where both are known, so that a launch does not look like a
    season. It is drawn towards that of all series where it is noisy. A series' shape is family x market / all. At an origin only what was
    known there is used.
    """
    count, places = cuts.shape
    shapes = np.ones((count, places + 1, season))
    if season < 2 or values.shape[1] < 2 * season:
        return shapes
    average = moving_average(values, season)
    known = ~np.isnan(average) & (average > 0) & teaching[:, None]
    over, under = np.where(known, values, 0.0), np.where(known, average, 0.0)
    everything = _ratio(over, under, np.zeros(count, dtype=np.int64))
    members = {name: _codes(groups.get_column(name)) for name in ("family", "market")}
    by_group = {name: _ratio(over, under, code) for name, code in members.items()}
    wanted = np.concatenate([np.zeros((count, 1), dtype=np.int64), cuts], axis=1)
    for cut in np.unique(wanted):
        kept = values.shape[1] - int(cut) - season // 2
        at = _drawn(everything, kept, int(cut), season, np.ones((1, season)))
        shape = at
        for name, ratio in by_group.items():
            own = _drawn(ratio, kept, int(cut), season, np.repeat(at, len(ratio), axis=0))
            shape = shape * (own / np.maximum(at, 0.01))[members[name]]
        used = wanted == cut
        shapes[used] = np.maximum(np.broadcast_to(shape, (count, season)), 0.05)[np.nonzero(used)[0]]
    return np.asarray(shapes / shapes.mean(axis=2, keepdims=True))


def _codes(column: pl.Series) -> Counts:
    """Return a whole number for each distinct value, in sorted order; empty values are one group."""
    return column.fill_null("").rank("dense").to_numpy().astype(np.int64) - 1


def _ratio(over: Array, under: Array, code: Counts) -> Array:
    """Return summed demand over summed moving average by group, (groups, periods), NaN where nothing is known."""
    groups = int(code.max()) + 1
    sums = np.zeros((2, groups, over.shape[1]))
    np.add.at(sums[0], code, over)
    np.add.at(sums[1], code, under)
    return np.asarray(np.where(sums[1] > 0, sums[0] / np.where(sums[1] > 0, sums[1], 1.0), np.nan))


def _drawn(ratio: Array, kept: int, cut: int, season: int, centre: Array) -> Array:
    """Return the index of the first `kept` columns of ratios, phased so that position 0 follows the origin `cut` periods from the end."""
    known = np.where(np.arange(ratio.shape[1])[None, :] < kept, ratio, np.nan)[:, : ratio.shape[1] - cut]
    return drawn_index(known, season, centre)
