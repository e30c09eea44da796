"""Rolling-origin backtest: every method forecasts every series from several origins in its past, all in one block."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from equipoise.demand.methods import Array, Block, Counts, Flags, Method, forecast_rows

SEASONS_KEPT = 10  # older seasons say little about the next one, and cost time


@dataclass(frozen=True)
class Backtest:
    """What the methods forecast. `points` (methods, series, horizon) from the end of the history, `spread` (methods, series); `past`
    (methods, series, origins, reach) from the origins, in single precision, and `actual` (series, origins, reach) what came, NaN where
    there is none. `cuts` (series, origins): how many last periods each origin does not know; 0: no origin."""

    points: Array
    spread: Array
    past: Array
    actual: Array
    cuts: Counts


def origins(lengths: Counts, season: int, reach: int, most: int) -> Counts:
    """Return how many last periods each backtest origin leaves out, (series, most); 0 where a series has no such origin.

    The first origin leaves out a season, or `reach` periods where that is longer; but never more than a third of a short history or what
    leaves less than two seasons and a half of a long one. The others are spread evenly from it to the end.
    """
    lengths = np.asarray(lengths, dtype=np.int64)
    spare = lengths - np.ceil(2.5 * season).astype(np.int64)
    span = np.minimum(np.maximum(spare, lengths // 3), max(reach, season))
    span = np.where((span == 0) & (lengths >= 2), 1, span)
    places = np.arange(1, most + 1)[None, :]
    cuts = np.ceil(span[:, None] * places / most).astype(np.int64)
    repeated = np.concatenate([np.zeros((len(cuts), 1), dtype=bool), cuts[:, 1:] == cuts[:, :-1]], axis=1)
    return np.asarray(np.where(repeated, 0, cuts), dtype=np.int64)


def _moved(values: Array, cuts: Counts, width: int) -> tuple[Array, Array]:
    """Return rows with the last `cuts` periods taken off, moved to the right edge, and the `width` periods after, NaN where unknown."""
    periods = values.shape[1]
    column = np.arange(periods)[None, :] - cuts[:, None]
    history = np.where(column >= 0, np.take_along_axis(values, np.maximum(column, 0), axis=1), np.nan)
    after = periods - cuts[:, None] + np.arange(width)[None, :]
    known = after < periods
    return history, np.where(known, np.take_along_axis(values, np.minimum(after, periods - 1), axis=1), np.nan)


def run_block(
    values: Array,
    season: int,
    shapes: Array,
    cuts: Counts,
    methods: Sequence[Method],
    suited: Flags,
    horizon: int,
    reach: int,
    kept: int = SEASONS_KEPT,
) -> Backtest:
    """Forecast a block of series from its end and from its origins.

    `values` (series, periods) right-aligned; `shapes` (series, origins + 1, season): the family's index at the end (first) and at each
    origin; `cuts` (series, origins); `suited` (methods, series). The last `kept` seasons train.
    """
    count, places = cuts.shape
    series, place = np.nonzero(cuts)
    taken = cuts[series, place]
    past_values, actual_rows = _moved(values[series], taken, reach)
    everything = np.concatenate([values, past_values])[:, -kept * max(season, 12) :]
    cut = np.concatenate([np.zeros(count, dtype=np.int64), taken])
    block = Block.of(everything, season, np.concatenate([shapes[:, 0], shapes[series, place + 1]]), cut)
    points = np.full((len(methods), count, horizon), np.nan)
    spread = np.full((len(methods), count), np.nan)
    past = np.full((len(methods), count, places, reach), np.nan, dtype=np.float32)  # the largest array there is
    for number, method in enumerate(methods):
        fit = forecast_rows(method, block, max(horizon, reach), np.concatenate([suited[number], suited[number][series]]))
        ahead = np.where(np.isfinite(fit.points), np.maximum(fit.points, 0), np.nan)
        points[number], spread[number] = ahead[:count, :horizon], fit.spread[:count]
        past[number, series, place] = ahead[count:, :reach]
    actual = np.full((count, places, reach), np.nan)
    actual[series, place] = actual_rows.astype(past.dtype)  # as exact as the forecasts, so that a perfect one has no error
    past[:, np.isnan(actual)] = np.nan
    return Backtest(points, spread, past, actual, cuts)  # type: ignore[arg-type]  # half the memory


def joined(parts: Sequence[Backtest]) -> Backtest:
    """Return the backtests of several blocks of series as one."""
    return Backtest(
        np.concatenate([part.points for part in parts], axis=1),
        np.concatenate([part.spread for part in parts], axis=1),
        np.concatenate([part.past for part in parts], axis=1),
        np.concatenate([part.actual for part in parts]),
        np.concatenate([part.cuts for part in parts]),
    )
