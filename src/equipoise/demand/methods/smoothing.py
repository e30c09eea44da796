"""Exponential smoothing over a block of series: one recursion for level, damped trend and season, all parameters of a grid at once.

Source of the recursions: Hyndman, Koehler, Ord and Snyder, "Forecasting with Exponential Smoothing" (Springer, 2008), chapter 2. The
parameters are those of the grid with the least mean squared error one period ahead. Rows are scaled to one, so that single precision is
enough; they are taken in order of length, so that every step works on one contiguous piece.
"""

from dataclasses import dataclass
from itertools import product

import numpy as np
import numpy.typing as npt

from equipoise.demand.methods.contract import Array, Block, Counts, Fit
from equipoise.demand.methods.season import over_history, over_horizon, own_differences, own_index

Single = npt.NDArray[np.float32]
ROWS = 512  # rows worked on together: their states stay in the processor's cache


@dataclass(frozen=True)
class Grid:
    """Smoothing parameters to try, each (parameters,): level, trend, damping, season."""

    level: Single
    trend: Single
    damping: Single
    season: Single

    @staticmethod
    def of(
        level: tuple[float, ...],
        trend: tuple[float, ...] = (0.0,),
        damping: tuple[float, ...] = (1.0,),
        season: tuple[float, ...] = (0.0,),
    ) -> "Grid":
        """Return all combinations; without a trend the damping has no meaning and is one."""
        points = [(a, b, phi, gamma) for a, b, gamma in product(level, trend, season) for phi in (damping if b > 0 else (1.0,))]
        columns = np.asarray(points, dtype=np.float32).T
        return Grid(*columns)


@dataclass
class State:
    """Level, trend (rows, parameters), seasonal index (season, rows, parameters; empty: none) and summed squared error."""

    level: Single
    trend: Single
    index: Single
    loss: Single


def opening(values: Array, lengths: Counts, span: int, grid: Grid) -> tuple[Single, Single]:
    """Return level and trend before the first observation, (rows, parameters): a straight line through the first `span` observations where
    the parameters have a trend and the row at least four, else their mean."""
    periods = values.shape[1]
    count = np.minimum(lengths, span)
    position = np.arange(periods)[None, :] - (periods - lengths)[:, None]
    used = (position >= 0) & (position < count[:, None])
    time = np.where(used, position, 0).astype(np.float64)
    level = np.where(used, values, 0.0).sum(axis=1) / count
    middle = time.sum(axis=1) / count
    away = np.where(used, time - middle[:, None], 0.0)
    slope = (away * np.where(used, values, 0.0)).sum(axis=1) / np.maximum((away**2).sum(axis=1), 1e-9)
    slope = np.where(count >= 4, slope, 0.0)
    with_trend = grid.trend[None, :] > 0
    start = np.where(with_trend, (level - slope * (middle + 1))[:, None], level[:, None])
    return start.astype(np.float32), np.where(with_trend, slope[:, None], 0.0).astype(np.float32)


def recursion(values: Array, lengths: Counts, grid: Grid, index: Array | None, *, multiplicative: bool) -> State:
    """Run the smoothing over rows sorted by falling length and return the states after the last period.

    `index` (rows, season) is the seasonal index before the first observation; None: no season.
    """
    periods = values.shape[1]
    season = 0 if index is None else index.shape[1]
    plain = values
    if index is not None:
        laid = over_history(index, periods)
        plain = values / laid if multiplicative else values - laid
    level, trend = opening(plain, lengths, max(10, season), grid)
    state = State(level, trend, _spread(index, len(grid.level)), np.zeros_like(level))
    steps = np.ascontiguousarray(values.T).astype(np.float32)
    active = np.searchsorted(-lengths, np.arange(periods) - periods, side="right")
    for period in range(periods):
        count = int(active[period])
        if count:
            _step(state, steps[period, :count, None], grid, (period - periods) % season if season else None, multiplicative=multiplicative)
    return state


def _spread(index: Array | None, parameters: int) -> Single:
    if index is None:
        return np.empty((0, 0, 0), dtype=np.float32)
    return np.repeat(np.ascontiguousarray(index.T)[:, :, None], parameters, axis=2).astype(np.float32)


def _step(state: State, actual: Single, grid: Grid, phase: int | None, *, multiplicative: bool) -> None:
    """Take one period into the states of the first `len(actual)` rows, in place."""
    count = len(actual)
    trend, level = state.trend[:count], state.level[:count]
    trend *= grid.damping
    expected = level + trend
    if phase is None:
        error = actual - expected
        shift = error
    else:
        index = state.index[phase, :count]
        if multiplicative:
            np.maximum(expected, 1e-3, out=expected)
            error = actual - expected * index
            shift = error / index
            index += grid.season * error / expected
            np.maximum(index, 1e-2, out=index)
        else:
            error = actual - expected - index
            shift = error
            index += grid.season * error
    state.loss[:count] += error * error
    step = grid.level * shift
    np.add(expected, step, out=level)
    trend += grid.trend * step


def smoothed(values: Array, grid: Grid, horizon: int, index: Array | None = None, *, multiplicative: bool = False) -> Fit:
    """Return forecasts by the best parameters of the grid. `values` (rows, periods) right-aligned, `index` (rows, season) or None."""
    lengths = np.asarray((~np.isnan(values)).sum(axis=1), dtype=np.int64)
    scale = np.nansum(np.abs(values), axis=1) / np.maximum(lengths, 1)
    scale = np.where(scale > 0, scale, 1.0)[:, None]
    points = np.empty((len(values), horizon))
    spread = np.empty(len(values))
    order = np.argsort(-lengths, kind="stable")
    for start in range(0, len(order), ROWS):
        rows = order[start : start + ROWS]
        first = values.shape[1] - int(lengths[rows[0]])
        part = None if index is None else index[rows] if multiplicative else index[rows] / scale[rows]
        state = recursion(values[rows, first:] / scale[rows], lengths[rows], grid, part, multiplicative=multiplicative)
        ahead, loss = _ahead(state, grid, horizon, multiplicative=multiplicative)
        points[rows] = ahead * scale[rows]
        spread[rows] = np.sqrt(loss / lengths[rows]) * scale[rows, 0]
    return Fit(points, spread)


def _ahead(state: State, grid: Grid, horizon: int, *, multiplicative: bool) -> tuple[Array, Array]:
    """Return forecasts (rows, horizon) and summed squared error (rows,) at each row's best parameters."""
    best = state.loss.argmin(axis=1)
    row = np.arange(len(best))
    damping = np.cumsum(grid.damping.astype(np.float64)[:, None] ** np.arange(1, horizon + 1)[None, :], axis=1)
    points = state.level[row, best].astype(np.float64)[:, None] + state.trend[row, best].astype(np.float64)[:, None] * damping[best]
    if state.index.size:
        index = over_horizon(state.index[:, row, best].T.astype(np.float64), horizon)
        points = points * index if multiplicative else points + index
    return points, state.loss[row, best].astype(np.float64)


LEVELS = Grid.of((0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9))
TRENDS = Grid.of((0.05, 0.15, 0.3, 0.5, 0.8), (0.03, 0.1), (0.9, 0.97))
SEASONS = Grid.of((0.05, 0.15, 0.35, 0.7), (0.0, 0.05), (0.95,), (0.02, 0.1, 0.25))


@dataclass(frozen=True)
class SimpleSmoothing:
    """Simple exponential smoothing: a level, no trend, no season. Brown (1956)."""

    name: str = "simple_smoothing"
    intermittent: bool | None = None

    def needs(self, season: int) -> int:  # noqa: ARG002
        """Two observations."""
        return 2

    def fit(self, block: Block, horizon: int) -> Fit:
        """Return the level, flat."""
        return smoothed(block.values, LEVELS, horizon)


@dataclass(frozen=True)
class AdjustedSmoothing:
    """Exponential smoothing of the seasonally adjusted history, put back into season. `grid` decides whether there is a damped trend.

    The seasonal index is the classical one, drawn towards the family's.
    """

    name: str
    grid: Grid
    seasons: float
    intermittent: bool | None = False

    def needs(self, season: int) -> int:
        """Return how many seasons' observations it takes, and never fewer than three."""
        return max(3, round(self.seasons * season))

    def fit(self, block: Block, horizon: int) -> Fit:
        """Return level and damped trend times the seasonal index."""
        index = own_index(block)
        fit = smoothed(block.values / over_history(index, block.values.shape[1]), self.grid, horizon)
        return Fit(fit.points * over_horizon(index, horizon), fit.spread)


@dataclass(frozen=True)
class HoltWinters:
    """Holt-Winters smoothing with a damped trend: level, trend and season learn together. Winters (1960); damping: Gardner and McKenzie
    (1985). It starts from the classical seasonal index, drawn towards the family's (multiplicative) or towards none (additive)."""

    name: str
    multiplicative: bool
    grid: Grid = SEASONS
    intermittent: bool | None = False

    def needs(self, season: int) -> int:
        """Return two seasons and at least 12 observations."""
        return max(2 * season, 12)

    def fit(self, block: Block, horizon: int) -> Fit:
        """Return forecasts; the multiplicative kind only of series that are never below zero."""
        if self.multiplicative:
            fit = smoothed(block.values, self.grid, horizon, own_index(block), multiplicative=True)
            return Fit(np.where(block.positive[:, None], fit.points, np.nan), np.where(block.positive, fit.spread, np.nan))
        return smoothed(block.values, self.grid, horizon, own_differences(block))


SIMPLE = SimpleSmoothing()
SEASONAL = AdjustedSmoothing("seasonal_smoothing", LEVELS, 0.0)
DAMPED = AdjustedSmoothing("damped_trend", TRENDS, 2.0)
ADDITIVE = HoltWinters("holt_winters_additive", multiplicative=False)
MULTIPLICATIVE = HoltWinters("holt_winters_multiplicative", multiplicative=True)
