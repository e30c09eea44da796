"""Methods of forecasting libraries, behind the same contract. They are tried only where a plan names them, and loaded on first use."""

from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np

from equipoise.demand.methods.contract import Array, Block, Fit
from equipoise.demand.methods.season import over_history, over_horizon
from equipoise.errors import InputError, Where

_SEED = 0
_ROUNDS = 200  # trees of the boosted model
_ROWS = 200_000  # examples that it learns from, taken evenly from all
_LAGS = 12  # last periods that it looks at, and the season before


def loaded(module: str, method: str) -> Any:  # noqa: ANN401
    """Return a module of a forecasting library. Raises InputError where the library is not installed."""
    try:
        return import_module(module)
    except ImportError:
        package = module.partition(".")[0]
        raise InputError(
            f"The method {method} needs the package {package}, which is not installed.",
            "Install the extra `forecast`: pip install equipoise[forecast]. Or leave the method out.",
            Where(table="setting", column="demand.methods"),
        ) from None


@dataclass(frozen=True)
class StatsForecast:
    """A model of statsforecast, fitted to one series at a time: `model` is its class there, `least` the observations that it takes."""

    name: str
    model: str
    least: int = 6
    intermittent: bool | None = False

    def needs(self, season: int) -> int:  # noqa: ARG002
        """Return how many observations a series must have."""
        return self.least

    def fit(self, block: Block, horizon: int) -> Fit:
        """Return the model's forecasts; NaN for a series on which it fails. Raises InputError where statsforecast is not installed."""
        model = getattr(loaded("statsforecast.models", self.name), self.model)
        points = np.full((len(block.values), horizon), np.nan)
        spread = np.full(len(block.values), np.nan)
        for row, values in enumerate(block.values):
            known = values[~np.isnan(values)]
            season = block.season if len(known) >= 2 * block.season else 1
            points[row], spread[row] = _one(model(season_length=season), known, horizon)
        return Fit(points, spread)


def _one(model: Any, known: Array, horizon: int) -> tuple[Array, float]:  # noqa: ANN401
    """Return forecasts and the root mean squared error within the history of one series; NaN where the model cannot take it."""
    if np.ptp(known) == 0:
        return np.full(horizon, known[-1]), 0.0
    try:
        with np.errstate(all="ignore"):
            made = model.forecast(y=known, h=horizon, fitted=True)
    except Exception:  # noqa: BLE001  a library fails in its own ways; the other methods forecast the series
        return np.full(horizon, np.nan), np.nan
    points, fitted = (np.asarray(made[name], dtype=np.float64) for name in ("mean", "fitted"))
    away = (known - fitted)[np.isfinite(fitted)]
    return points, float(np.sqrt(np.mean(away**2))) if away.size else np.nan


@dataclass(frozen=True)
class Boosted:
    """One model of gradient-boosted trees for all series of a block (LightGBM): what follows, for each period ahead, from the last periods,
    the same periods of the season before, the family's season and the level, all relative to the level of the series.

    Source: Ke et al., "LightGBM: a highly efficient gradient boosting decision tree", Advances in Neural Information Processing Systems 30
    (2017); one model for many series: Montero-Manso and Hyndman, "Principles and algorithms for forecasting groups of time series",
    International Journal of Forecasting 37 (2021).
    """

    name: str = "lightgbm"
    intermittent: bool | None = None

    def needs(self, season: int) -> int:
        """Return a season and six observations, and at least 12."""
        return max(season + 6, 12)

    def fit(self, block: Block, horizon: int) -> Fit:
        """Return forecasts, learned for each cut apart. Raises InputError where LightGBM is not installed."""
        library = loaded("lightgbm", self.name)
        points = np.full((len(block.values), horizon), np.nan)
        spread = np.full(len(block.values), np.nan)
        cuts = np.zeros(len(block.values), dtype=np.int64) if block.cut is None else block.cut
        for cut in np.unique(cuts):
            rows = cuts == cut
            points[rows], spread[rows] = _boosted(library, block.rows(rows), horizon)
        return Fit(points, spread)


def _boosted(library: Any, block: Block, horizon: int) -> tuple[Array, Array]:  # noqa: ANN401
    """Return forecasts and errors one period ahead of rows with the same cut."""
    periods = block.values.shape[1]
    features, targets, weights, places = zip(*_examples(block, horizon), strict=True)
    table, target, weight = np.concatenate(features), np.concatenate(targets), np.concatenate(weights)
    row, step = np.concatenate([place for place, _ in places]), np.concatenate([np.full(len(place), ahead) for place, ahead in places])
    taken = slice(None, None, max(1, -(-len(table) // _ROWS)))
    options = {
        "objective": "l1",
        "learning_rate": 0.05,
        "num_leaves": 31,
        "min_data_in_leaf": 20,
        "seed": _SEED,
        "num_threads": 1,
        "deterministic": True,
        "force_row_wise": True,
        "verbosity": -1,
    }
    learned = library.Dataset(table[taken], label=target[taken], weight=weight[taken], free_raw_data=True)
    model = library.train(options, learned, num_boost_round=_ROUNDS)
    away = ((model.predict(table) - target) * weight) ** 2
    nearest = step == 1
    count = np.bincount(row[nearest], minlength=len(block.values))
    spread = np.sqrt(np.bincount(row[nearest], weights=away[nearest], minlength=len(block.values)) / np.maximum(count, 1))
    level = _level(block.values, periods, block.season)
    points = [model.predict(_features(block, periods, ahead)) * level for ahead in range(1, horizon + 1)]
    return np.stack(points, axis=1), np.where(count > 0, spread, np.nan)


def _examples(block: Block, horizon: int) -> Iterator[tuple[Array, Array, Array, tuple[Any, int]]]:
    """Yield features, targets relative to the level, weights (the level) and places of all examples that the histories hold."""
    periods = block.values.shape[1]
    begins = periods - block.lengths
    for end in range(max(6, periods - 3 * max(block.season, 12)), periods):
        level = _level(block.values, end, block.season)
        for ahead in range(1, min(horizon, periods - end) + 1):
            rows = np.flatnonzero((begins + 6 <= end) & (level > 0))
            if rows.size:
                actual = block.values[rows, end + ahead - 1]
                yield _features(block, end, ahead)[rows], actual / level[rows], level[rows], (rows, ahead)


def _level(values: Array, end: int, season: int) -> Array:
    """Return the mean of the last season before column `end`, (rows,); zero where nothing is known."""
    part = values[:, max(0, end - max(season, 6)) : end]
    return np.asarray(np.nansum(part, axis=1) / np.maximum((~np.isnan(part)).sum(axis=1), 1))


def _features(block: Block, end: int, ahead: int) -> Array:
    """Return what is known before column `end` of the period `ahead` after it, (rows, features)."""
    level = _level(block.values, end, block.season)[:, None]
    relative = block.values / np.where(level > 0, level, np.nan)
    lags = _columns(relative, [end - lag for lag in range(1, _LAGS + 1)], end)
    before = _columns(relative, [end + ahead - 1 - block.season * back + shift for back in (1, 2) for shift in (-1, 0, 1)], end)
    target = end + ahead - 1 - block.values.shape[1]
    shape = over_horizon(block.shape, target + 1) if target >= 0 else over_history(block.shape, -target)
    season = shape[:, -1:] if target >= 0 else shape[:, :1]
    phase = np.full_like(level, (target % block.season) if block.season > 1 else 0)
    length = (end - (block.values.shape[1] - block.lengths)).astype(np.float64)[:, None]
    return np.concatenate([lags, before, season, phase, np.full_like(level, ahead), length], axis=1)


def _columns(values: Array, places: list[int], end: int) -> Array:
    """Return columns by number, NaN for those before the first or not before `end`, (rows, places)."""
    empty = np.full(len(values), np.nan)
    return np.stack([values[:, place] if 0 <= place < end else empty for place in places], axis=1)


LIBRARY = (
    StatsForecast("auto_ets", "AutoETS"),
    StatsForecast("auto_ces", "AutoCES", 10),
    StatsForecast("dynamic_optimized_theta", "DynamicOptimizedTheta"),
    StatsForecast("auto_arima", "AutoARIMA", 10),
    Boosted(),
)


def library_methods() -> dict[str, StatsForecast | Boosted]:
    """Return the methods of libraries by name, whether or not the libraries are installed."""
    return {method.name: method for method in LIBRARY}
