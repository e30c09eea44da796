"""What demand is usual in each period: level and season by medians, which what is unusual does not move."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from equipoise.demand.forecast.panel import REGULAR_INTERVAL
from equipoise.demand.methods import Array, Counts, Flags
from equipoise.demand.methods.decomposition import median
from equipoise.demand.methods.season import by_phase, moving_average

_WIDTH = 7  # known periods whose median is the level: up to three unusual ones in a row do not move it
_HALF = _WIDTH // 2
_LEAST = 8  # known periods from which what is unusual can be told
_UNSURE = 1.25  # what is usual is itself estimated, by few periods that contain the one compared: its error adds to the spread
_POOL = 3  # series that a family needs to show a season
_ROWS = 4096  # series at a time


@dataclass(frozen=True)
class Usual:
    """What is usual. `demand` and `spread` (series, periods): the expected demand, and its robust standard deviation. `score` (series,
    periods): how many of these the demand lies above (or below: negative) what is usual; 0 where that cannot be told. `regular` (series,):
    whether there is demand in nearly every period; of other series the score compares sizes of demand."""

    demand: Array
    spread: Array
    score: Array
    regular: Flags


def usual_demand(values: Array, hidden: Flags, season: int, families: Counts) -> Usual:
    """Return what is usual in each period of each series.

    `values` (series, periods), NaN before a series' first demand; `hidden` cells teach nothing, but are compared. Three candidates are
    tried: the level alone, the level with the series' own season (by the same phase of the other years), and with that of its family. The
    one with the least spread is what is usual; the score is the least distance to any of them, so that neither a season nor its lack
    makes demand unusual. The level is a running median over seven known periods: it follows a step at once, and a trend but for the ends,
    where both the level and its continuation are allowed. Demand that is not regular is compared by the logarithm of its sizes.
    """
    used = ~np.isnan(values) & ~hidden
    ratio = np.full(values.shape, np.nan)
    parts = [np.arange(start, min(start + _ROWS, len(values))) for start in range(0, len(values), _ROWS)]
    for rows in parts:
        ratio[rows] = _ratios(values[rows], used[rows], season)
    shapes = _family_seasons(ratio, season, families)
    made = [_block(values[rows], used[rows], ratio[rows], shapes[rows], season) for rows in parts]
    demand, spread, score = (np.concatenate([getattr(part, name) for part in made]) for name in ("demand", "spread", "score"))
    return Usual(demand, spread, score, np.concatenate([part.regular for part in made]))


def running_level(values: Array, used: Flags) -> tuple[Array, Array]:
    """Return the median of the seven used periods around each, and the same continued by their slope; (rows, periods) each.

    Away from the ends and from periods that are not used both are the same. The slope is that of the medians of the first and the last
    three; it is continued over three periods at most.
    """
    rows, periods = values.shape
    order = np.argsort(~used, axis=1, kind="stable")
    filler = np.full((rows, _WIDTH), np.nan)
    kept = np.take_along_axis(used, order, axis=1)
    packed = np.concatenate([np.where(kept, np.take_along_axis(values, order, axis=1), np.nan), filler], axis=1)
    places = np.concatenate([np.where(kept, order, np.nan), filler], axis=1)
    last = np.maximum(used.sum(axis=1) - _WIDTH, 0)[:, None]
    start = np.clip(np.cumsum(used, axis=1) - 1 - _HALF, 0, last)
    index = start[:, :, None] + np.arange(_WIDTH)
    row = np.arange(rows)[:, None, None]
    window, place = packed[row, index], places[row, index]
    level = median(window)
    gained = median(window[..., _HALF + 1 :]) - median(window[..., :_HALF])
    slope = np.nan_to_num(gained / (place[..., _HALF + 2] - place[..., 1]))
    offset = np.clip(np.nan_to_num(np.arange(periods)[None, :] - place[..., _HALF]), -_HALF, _HALF)
    return level, np.maximum(level + slope * offset, np.minimum(level, 0.0))


def robust_spread(away: Array) -> Array:
    """Return the robust standard deviation of each row of deviations, (rows,): by the median of their size, or the ninth decile's where
    that gives more, as it does for heavy tails; NaN is left out."""
    size = np.sort(np.abs(away), axis=1)
    count = (~np.isnan(size)).sum(axis=1)
    decile = np.take_along_axis(size, np.maximum((0.9 * (count - 1)).astype(np.int64), 0)[:, None], axis=1)[:, 0]
    return np.nan_to_num(np.maximum(1.4826 * median(size), decile / 1.645))


def typical_size(values: Array) -> Array:
    """Return the median of each row's demands above 0, by their logarithm, 1 where there are none, (rows,)."""
    return np.exp(np.nan_to_num(median(np.log(np.where(np.nan_to_num(values) > 0, values, np.nan)))))


def _ratios(values: Array, used: Flags, season: int) -> Array:
    """Return demand over its moving average of a season, continued to both ends, (rows, periods); NaN where not used or too short."""
    if season < 2 or values.shape[1] < 2 * season:
        return np.full(values.shape, np.nan)
    level = np.mean(running_level(values, used), axis=0)
    reach = 3 * robust_spread(np.where(used, values - level, np.nan))[:, None]
    calm = np.where(used, np.clip(values, level - reach, level + reach), np.where(np.isnan(values), np.nan, level))
    average = _continued(moving_average(calm, season))
    return np.where(used & (average > 0), values / np.where(average > 0, average, 1.0), np.nan)


def _continued(average: Array) -> Array:
    """Return the averages with their first and last continued to the ends along the line between them, never below a fifth of them."""
    known = ~np.isnan(average)
    column = np.arange(average.shape[1])[None, :]
    first = known.argmax(axis=1)[:, None]
    last = average.shape[1] - 1 - known[:, ::-1].argmax(axis=1)[:, None]
    left, right = np.take_along_axis(average, first, axis=1), np.take_along_axis(average, last, axis=1)
    slope = (right - left) / np.maximum(last - first, 1)
    before = np.maximum(left + slope * (column - first), 0.2 * left)
    after = np.maximum(right + slope * (column - last), 0.2 * right)
    return np.where(column < first, before, np.where(column > last, after, average))


def _family_seasons(ratio: Array, season: int, families: Counts) -> Array:
    """Return the median ratio of each phase over the series of the family, or of all where it has few, (series, season)."""
    shapes = np.ones((len(ratio), season))
    taught = ~np.isnan(ratio).all(axis=1)
    if season < 2 or taught.sum() < _POOL:
        return shapes
    phases = by_phase(ratio, season)

    def shape(rows: Counts) -> Array:
        found = median(phases[rows].reshape(-1, season).T)
        return np.clip(np.where(np.isnan(found), 1.0, found), 0.05, 20.0)

    shapes[:] = shape(np.flatnonzero(taught))
    members = np.bincount(families[taught], minlength=int(families.max()) + 1)
    for family in np.flatnonzero(members >= _POOL):
        shapes[families == family] = shape(np.flatnonzero((families == family) & taught))
    return shapes


def _own_season(ratio: Array, season: int) -> Array:
    """Return the median ratio of the same phase in the other years, (rows, periods); ones where no other year is known."""
    if season < 2 or ratio.shape[1] <= season:
        return np.ones(ratio.shape)
    phases = by_phase(ratio, season)
    years = phases.shape[1]
    others = np.empty_like(phases)
    for year in range(years):
        others[:, year] = median(np.swapaxes(np.delete(phases, year, axis=1), 1, 2))
    index = others.reshape(len(ratio), -1)[:, years * season - ratio.shape[1] :]
    return np.clip(np.where(np.isnan(index), 1.0, index), 0.05, 20.0)


def _neighbour_years(ratio: Array, season: int) -> tuple[Array, Array]:
    """Return the least and the greatest ratio of the same phase, or the one before or after it, in the years before and after; ones, where
    there is none. A season that is new or fades, and a feast that moves, are not unusual then."""
    least, most = np.ones(ratio.shape), np.ones(ratio.shape)
    for lag in (season - 1, season, season + 1):
        if season < 2 or lag >= ratio.shape[1]:
            continue
        for to, of in ((np.s_[:, lag:], np.s_[:, :-lag]), (np.s_[:, :-lag], np.s_[:, lag:])):
            least[to], most[to] = np.fmin(least[to], ratio[of]), np.fmax(most[to], ratio[of])
    return least, most


def _block(values: Array, used: Flags, ratio: Array, shapes: Array, season: int) -> Usual:
    """Return what is usual for a block of series."""
    known = ~np.isnan(values)
    regular = np.asarray(known.sum(axis=1) < REGULAR_INTERVAL * np.maximum((np.nan_to_num(values) > 0).sum(axis=1), 1e-9))
    repeats = -(-values.shape[1] // shapes.shape[1])
    laid = np.tile(shapes, (1, repeats))[:, repeats * shapes.shape[1] - values.shape[1] :]
    bounds = []
    neighbours = _neighbour_years(ratio, season)
    for index in (np.ones(values.shape), _own_season(ratio, season), laid):
        level, continued = running_level(values / index, used)
        bounds.append((np.minimum(level, continued) * index, np.maximum(level, continued) * index))
    middles = [np.nan_to_num((low + high) / 2) for low, high in bounds]
    plain = np.mean(running_level(values, used), axis=0)
    bounds.append((plain * neighbours[0], plain * neighbours[1]))
    spreads = np.stack([robust_spread(np.where(used, values - middle, np.nan)) for middle in middles])
    best = spreads.argmin(axis=0)
    demand = np.maximum(np.choose(best[:, None], middles), 0.0)
    spread = _cell_spread(values, used, demand, spreads.min(axis=0))
    score = _score(values, used, demand, spread, bounds)
    few = (used.sum(axis=1) < _LEAST)[:, None]
    rate, deviation, sizes = _seldom(values, used)
    return Usual(
        np.where(regular[:, None], demand, rate),
        np.where(regular[:, None], spread, deviation),
        np.where(few | ~known, 0.0, np.where(regular[:, None], score, sizes)),
        regular,
    )


def _typical(values: Array, used: Flags) -> Array:
    """Return the median demand of each row, (rows, 1)."""
    return np.maximum(np.nan_to_num(median(np.where(used, values, np.nan))), 0.0)[:, None]


def _cell_spread(values: Array, used: Flags, demand: Array, spread: Array) -> Array:
    """Return the standard deviation of each cell: as great as the series', or as its share of demand, whichever is more, never below a
    twentieth of demand, nor below that of counts (the square root) where demand comes in whole units."""
    share = robust_spread(np.where(used & (demand > 0), values / np.where(demand > 0, demand, 1.0) - 1, np.nan))
    whole = (np.where(used, values, 0.0) % 1 == 0).all(axis=1)[:, None]
    least = np.maximum(demand, _typical(values, used))
    count = np.where(whole, np.sqrt(least), 0.0)
    own = _UNSURE * np.maximum(spread[:, None], np.minimum(share, 2.0)[:, None] * demand)
    return np.maximum(own, np.maximum(0.05 * least, count)) + 1e-12


def _score(values: Array, used: Flags, demand: Array, spread: Array, bounds: Sequence[tuple[Array, Array]]) -> Array:
    """Return the least distance to any candidate, in standard deviations of demand or of its square root, whichever are fewer: the root
    makes the spread of counts even, and draws in the long tail of skewed demand."""

    def root(of: Array) -> Array:
        return np.sqrt(np.maximum(of, 0.0))

    roots = _UNSURE * robust_spread(np.where(used, root(values) - root(demand), np.nan))[:, None]
    roots = np.maximum(roots, 0.025 * root(np.maximum(demand, _typical(values, used)))) + 1e-12
    nearest: Array | None = None
    for low, high in bounds:
        above, below = values - high, low - values
        plain = np.where(above > 0, above, np.where(below > 0, -below, 0.0)) / spread
        even = np.where(above > 0, root(values) - root(high), np.where(below > 0, root(values) - root(low), 0.0)) / roots
        score = np.where(np.abs(plain) < np.abs(even), plain, even)
        if nearest is None:
            nearest = score
        else:
            nearest = np.where(nearest * score <= 0, 0.0, np.where(np.abs(score) < np.abs(nearest), score, nearest))
    return np.nan_to_num(np.zeros_like(values) if nearest is None else nearest)


def _seldom(values: Array, used: Flags) -> tuple[Array, Array, Array]:
    """Return mean and standard deviation of demand a period, and half the distance of each size from the usual one, in robust standard
    deviations of its logarithm, at least 0.35 each: sizes of seldom demand differ much."""
    held = np.where(used, values, 0.0)
    count = np.maximum(used.sum(axis=1), 1)[:, None]
    mean = held.sum(axis=1, keepdims=True) / count
    deviation = np.sqrt(np.where(used, (values - mean) ** 2, 0.0).sum(axis=1, keepdims=True) / count)
    sold = used & (np.nan_to_num(values) > 0)
    sizes = np.log(np.where(np.nan_to_num(values) > 0, values, np.nan))
    middle = median(np.where(sold, sizes, np.nan))[:, None]
    scale = np.maximum(robust_spread(np.where(sold, sizes - middle, np.nan)), 0.35)[:, None]
    enough = (sold.sum(axis=1) >= 5)[:, None]
    return np.maximum(mean, 0.0) + 0 * held, deviation + 0 * held, np.where(enough, np.nan_to_num((sizes - middle) / scale) / 2, 0.0)
