"""Methods for demand with many empty periods: size and frequency of demands apart, periods added up, or a rate of demand over time."""

from dataclasses import dataclass

import numpy as np

from equipoise.demand.methods.contract import Array, Block, Counts, Fit, Flags
from equipoise.demand.methods.season import over_history, over_horizon

_LEVELS = np.array([0.05, 0.1, 0.2, 0.3])
_WIDEST = 12  # periods in a stretch; the intervals of what is demanded less often are not known well enough to matter


def opening(values: Array) -> tuple[Array, Array]:
    """Return mean demand size and share of periods with demand of each row, (rows, 1) each."""
    sold = values > 0
    size = np.where(sold, values, 0).sum(axis=1) / np.maximum(sold.sum(axis=1), 1)
    share = sold.sum(axis=1) / np.maximum((~np.isnan(values)).sum(axis=1), 1)
    return size[:, None], np.maximum(share, 1e-3)[:, None]


def flat(level: Array, values: Array, horizon: int) -> Fit:
    """Return a level (rows,) as flat forecasts; the spread is the root mean squared distance of the history from it."""
    known = ~np.isnan(values)
    squares = np.where(known, (np.nan_to_num(values) - level[:, None]) ** 2, 0).sum(axis=1)
    return Fit(np.repeat(level[:, None], horizon, axis=1), np.sqrt(squares / np.maximum(known.sum(axis=1), 1)))


def _best(rates: Array, loss: Array, count: Array, horizon: int) -> Fit:
    """Return the flat forecasts of each row's parameters of least loss; all (rows, parameters), `count` (rows,)."""
    best = loss.argmin(axis=1)
    row = np.arange(len(best))
    points = np.repeat(rates[row, best][:, None], horizon, axis=1)
    return Fit(points, np.sqrt(loss[row, best] / np.maximum(count, 1)))


@dataclass(frozen=True)
class Croston:
    """Croston's method with the correction of Syntetos and Boylan: size and interval of demands are smoothed apart.

    Source: Syntetos and Boylan, "The accuracy of intermittent demand estimates", International Journal of Forecasting 21 (2005).
    `parameters` are tried for both.
    """

    name: str = "croston_sba"
    intermittent: bool | None = True
    parameters: tuple[float, ...] = (0.05, 0.1, 0.2, 0.3)

    def needs(self, season: int) -> int:  # noqa: ARG002
        """Three observations."""
        return 3

    def fit(self, block: Block, horizon: int) -> Fit:
        """Return (1 - a / 2) x size / interval, flat, `a` of least squared error."""
        values, by = block.values, np.array(self.parameters)
        start, share = opening(values)
        size = np.repeat(start, len(by), axis=1)
        interval = np.repeat(1 / share, len(by), axis=1)
        since = np.ones((len(values), 1))
        loss = np.zeros_like(size)
        correction = 1 - by / 2
        for period in range(values.shape[1]):
            actual = values[:, period, None]
            known, sold = ~np.isnan(actual), actual > 0
            loss += np.where(known, (np.nan_to_num(actual) - correction * size / interval) ** 2, 0)
            size += np.where(sold, by * (np.nan_to_num(actual) - size), 0)
            interval += np.where(sold, by * (since - interval), 0)
            since = np.where(sold | ~known, 1, since + 1)
        return _best(correction * size / interval, loss, block.lengths.astype(np.float64), horizon)


@dataclass(frozen=True)
class TeunterSyntetosBabai:
    """Size of demands and chance of a demand are smoothed apart, the chance in every period: it falls when demand dies out.

    Source: Teunter, Syntetos and Babai, "Intermittent demand: linking forecasting to inventory obsolescence", European Journal of
    Operational Research 214 (2011). All pairs of `sizes` and `chances` are tried.
    """

    name: str = "tsb"
    intermittent: bool | None = True
    sizes: tuple[float, ...] = (0.05, 0.1, 0.2)
    chances: tuple[float, ...] = (0.02, 0.05, 0.1, 0.2)

    def needs(self, season: int) -> int:  # noqa: ARG002
        """Three observations."""
        return 3

    def fit(self, block: Block, horizon: int) -> Fit:
        """Return chance x size, flat, parameters of least squared error."""
        values = block.values
        by_size, by_chance = (axis.ravel()[None, :] for axis in np.meshgrid(self.sizes, self.chances, indexing="ij"))
        start, share = opening(values)
        size = np.repeat(start, by_size.shape[1], axis=1)
        chance = np.repeat(share, by_size.shape[1], axis=1)
        loss = np.zeros_like(size)
        for period in range(values.shape[1]):
            actual = values[:, period, None]
            known, sold = ~np.isnan(actual), actual > 0
            loss += np.where(known, (np.nan_to_num(actual) - chance * size) ** 2, 0)
            size += np.where(sold, by_size * (np.nan_to_num(actual) - size), 0)
            chance += np.where(known, by_chance * (sold - chance), 0)
        return _best(chance * size, loss, block.lengths.astype(np.float64), horizon)


def stretches(values: Array, width: int) -> Array:
    """Return sums of `width` periods, counted from the end, (rows, stretches); NaN where a stretch is not full."""
    count = values.shape[1] // width
    return np.asarray(values[:, values.shape[1] - count * width :].reshape(len(values), count, width).sum(axis=2))


def smoothed_level(values: Array) -> Array:
    """Return the level of simple smoothing, from the row's mean, at the parameter of least squared error, (rows,); NaN is skipped."""
    count = np.maximum((~np.isnan(values)).sum(axis=1), 1)
    level = np.repeat((np.nansum(values, axis=1) / count)[:, None], len(_LEVELS), axis=1)
    loss = np.zeros_like(level)
    for column in values.T:
        error = np.where(np.isnan(column)[:, None], 0.0, np.nan_to_num(column)[:, None] - level)
        loss += error**2
        level += _LEVELS * error
    return np.asarray(level[np.arange(len(level)), loss.argmin(axis=1)])


def widths(block: Block) -> Counts:
    """Return the mean interval between demands in whole periods, (rows,): at most a third of the history, and twelve."""
    _, share = opening(block.values)
    return np.asarray(np.clip(np.rint(1 / share[:, 0]), 1, np.clip(block.lengths // 3, 1, _WIDEST)), dtype=np.int64)


def _rate(block: Block, rows: Flags, width: int) -> Array:
    return smoothed_level(stretches(block.values[rows], width)) / width


@dataclass(frozen=True)
class Aggregated:
    """Demand is added up over stretches as long as the mean interval between demands, smoothed, and spread evenly again (ADIDA).

    Source: Nikolopoulos, Syntetos, Boylan, Petropoulos and Assimakopoulos, "An aggregate-disaggregate intermittent demand approach",
    Journal of the Operational Research Society 62 (2011).
    """

    name: str = "adida"
    intermittent: bool | None = True

    def needs(self, season: int) -> int:  # noqa: ARG002
        """Six observations."""
        return 6

    def fit(self, block: Block, horizon: int) -> Fit:
        """Return the smoothed stretch, divided by its length, flat."""
        width = widths(block)
        level = np.zeros(len(width))
        for size in np.unique(width):
            rows = width == size
            level[rows] = _rate(block, rows, int(size))
        return flat(level, block.values, horizon)


@dataclass(frozen=True)
class MultipleAggregated:
    """The mean of what every stretch from one period up to the mean interval between demands gives (IMAPA).

    Source: Petropoulos and Kourentzes, "Forecast combinations for intermittent demand", Journal of the Operational Research Society 66
    (2015).
    """

    name: str = "imapa"
    intermittent: bool | None = True

    def needs(self, season: int) -> int:  # noqa: ARG002
        """Six observations."""
        return 6

    def fit(self, block: Block, horizon: int) -> Fit:
        """Return the mean of the smoothed stretches, each divided by its length, flat."""
        width = widths(block)
        level = np.zeros(len(width))
        for size in range(1, int(width.max(initial=1)) + 1):
            rows = width >= size
            level[rows] += _rate(block, rows, size)
        return flat(level / width, block.values, horizon)


@dataclass(frozen=True)
class DiscountedRate:
    """Demand over time, both discounted with age: the rate of a Poisson-gamma model whose level drifts.

    After `half_life` seasons an observation counts half. Time is counted as if one more empty interval, of mean length, stood before the
    history, which begins with a demand: what n demands show is taken n / (n + 1) times, so that one demand alone promises little. Where it
    is `seasonal`, time runs faster in the season that the series' family shows: one series' demands are too few to show their own.

    Source: Harvey and Fernandes, "Time series models for count or qualitative observations", Journal of Business and Economic Statistics 7
    (1989), section 2, from a prior of no demand.
    """

    name: str
    half_life: float
    seasonal: bool = False
    intermittent: bool | None = True

    def needs(self, season: int) -> int:  # noqa: ARG002
        """Three observations."""
        return 3

    def fit(self, block: Block, horizon: int) -> Fit:
        """Return the rate, flat or in the family's season."""
        values, periods = block.values, block.values.shape[1]
        weight = 0.5 ** (np.arange(periods)[::-1] / (self.half_life * max(block.season, 4)))
        index = over_history(block.shape, periods) if self.seasonal else np.ones((1, periods))
        demand = (np.nan_to_num(values) * weight).sum(axis=1)
        time = (~np.isnan(values) * weight * index).sum(axis=1)
        demands = (values > 0).sum(axis=1)
        fit = flat(demand / np.maximum(time, 1e-9) * demands / (demands + 1), values, horizon)
        return Fit(fit.points * over_horizon(block.shape, horizon), fit.spread) if self.seasonal else fit


RATE = DiscountedRate("discounted_rate", 1.0)
RECENT_RATE = DiscountedRate("recent_rate", 0.25)
SEASONAL_RATE = DiscountedRate("seasonal_rate", 1.0, seasonal=True)
