"""Methods for demand with many empty periods."""

from dataclasses import dataclass

import numpy as np

from equipoise.demand.methods.contract import Array, Block, Fit

_SIZE = np.array([0.05, 0.1, 0.2, 0.3])
_CHANCE = np.array([0.02, 0.05, 0.1, 0.2])


def _opening(values: Array) -> tuple[Array, Array]:
    """Return mean demand size and share of periods with demand of each row, (rows, 1) each."""
    sold = values > 0
    size = np.where(sold, values, 0).sum(axis=1) / np.maximum(sold.sum(axis=1), 1)
    share = sold.sum(axis=1) / np.maximum((~np.isnan(values)).sum(axis=1), 1)
    return size[:, None], np.maximum(share, 1e-3)[:, None]


def _result(rates: Array, loss: Array, count: Array, horizon: int) -> Fit:
    """Return the flat forecasts of each row's best parameters."""
    best = loss.argmin(axis=1)
    row = np.arange(len(best))
    points = np.repeat(rates[row, best][:, None], horizon, axis=1)
    return Fit(points, np.sqrt(loss[row, best] / np.maximum(count, 1)))


@dataclass(frozen=True)
class Croston:
    """Croston's method with the correction of Syntetos and Boylan: size and interval of demands are smoothed apart.

    Source: Syntetos and Boylan, "The accuracy of intermittent demand estimates", International Journal of Forecasting 21 (2005).
    """

    name: str = "croston_sba"
    intermittent: bool | None = True

    def needs(self, season: int) -> int:  # noqa: ARG002
        """Three observations."""
        return 3

    def fit(self, block: Block, horizon: int) -> Fit:
        """Return (1 - a / 2) x size / interval, flat, `a` of least squared error."""
        values = block.values
        opening, share = _opening(values)
        size = np.repeat(opening, len(_SIZE), axis=1)
        interval = np.repeat(1 / share, len(_SIZE), axis=1)
        since = np.ones((len(values), 1))
        loss = np.zeros_like(size)
        correction = 1 - _SIZE / 2
        for period in range(values.shape[1]):
            actual = values[:, period, None]
            known, sold = ~np.isnan(actual), actual > 0
            loss += np.where(known, (np.nan_to_num(actual) - correction * size / interval) ** 2, 0)
            size += np.where(sold, _SIZE * (np.nan_to_num(actual) - size), 0)
            interval += np.where(sold, _SIZE * (since - interval), 0)
            since = np.where(sold | ~known, 1, since + 1)
        return _result(correction * size / interval, loss, block.lengths.astype(np.float64), horizon)


@dataclass(frozen=True)
class TeunterSyntetosBabai:
    """Size of demands and chance of a demand are smoothed apart, the chance in every period: it falls when demand dies out.

    Source: Teunter, Syntetos and Babai, "Intermittent demand: linking forecasting to inventory obsolescence", European Journal of
    Operational Research 214 (2011).
    """

    name: str = "tsb"
    intermittent: bool | None = True

    def needs(self, season: int) -> int:  # noqa: ARG002
        """Three observations."""
        return 3

    def fit(self, block: Block, horizon: int) -> Fit:
        """Return chance x size, flat, parameters of least squared error."""
        values = block.values
        by_size, by_chance = (axis.ravel()[None, :] for axis in np.meshgrid(_SIZE[:3], _CHANCE, indexing="ij"))
        opening, share = _opening(values)
        size = np.repeat(opening, by_size.shape[1], axis=1)
        chance = np.repeat(share, by_size.shape[1], axis=1)
        loss = np.zeros_like(size)
        for period in range(values.shape[1]):
            actual = values[:, period, None]
            known, sold = ~np.isnan(actual), actual > 0
            loss += np.where(known, (np.nan_to_num(actual) - chance * size) ** 2, 0)
            size += np.where(sold, by_size * (np.nan_to_num(actual) - size), 0)
            chance += np.where(known, by_chance * (sold - chance), 0)
        return _result(chance * size, loss, block.lengths.astype(np.float64), horizon)


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
        values = block.values
        _, share = _opening(values)
        longest = np.maximum(block.lengths // 3, 1)
        width = np.clip(np.ceil(1 / share[:, 0]).astype(np.int64), 1, longest)
        points = np.zeros((len(values), horizon))
        spread = np.zeros(len(values))
        for size in np.unique(width):
            rows = width == size
            stretches = values.shape[1] // size
            part = values[rows, values.shape[1] - stretches * size :].reshape(-1, stretches, size).sum(axis=2)
            fit = _smoothed_level(part)
            points[rows] = (fit / size)[:, None]
            known = ~np.isnan(values[rows])
            spread[rows] = np.sqrt(
                np.where(known, (np.nan_to_num(values[rows]) - (fit / size)[:, None]) ** 2, 0).sum(axis=1) / known.sum(axis=1)
            )
        return Fit(points, spread)


def _smoothed_level(values: Array) -> Array:
    """Return the level of simple smoothing at 0.2, started at the row's mean, (rows,). A stretch that is not full is NaN and skipped."""
    count = np.maximum((~np.isnan(values)).sum(axis=1), 1)
    level = np.nansum(values, axis=1) / count
    for column in values.T:
        level = np.where(np.isnan(column), level, level + 0.2 * (np.nan_to_num(column) - level))
    return np.asarray(level)
