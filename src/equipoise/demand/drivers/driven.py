"""The methods on history freed of what drivers did to it, with their effect put back ahead."""

from collections.abc import Sequence
from concurrent.futures import Executor

import numpy as np
import polars as pl

from equipoise.demand.drivers.laid import Drivers
from equipoise.demand.drivers.response import Response, response
from equipoise.demand.forecast.backtest import Backtest, run_block
from equipoise.demand.forecast.family import season_shapes
from equipoise.demand.methods import Array, Counts, Flags, Method

_ROWS = 512  # series in a block


def driven_backtest(
    values: Array,
    drivers: Drivers,
    keys: pl.DataFrame,
    season: int,
    plain: Backtest,
    methods: Sequence[Method],
    suited: Flags,
    executor: Executor | None = None,
) -> tuple[Backtest, Response]:
    """Return the backtest `plain` made again with drivers, and how demand responds to them at the end of the history.

    `values` (series, periods) are the series that teach, `keys` their item, market and family, `suited` (methods, series). At every origin
    the response is learned from what was known there, and drivers that were not known ahead are forecast from there: nothing later is
    used. Where no driver has an effect at an origin, the forecasts of `plain` stand.
    """
    reach = plain.actual.shape[2]
    width = max(plain.points.shape[2], reach)
    points, spread, past = plain.points.copy(), plain.spread.copy(), plain.past.copy()
    found = Response()
    for cut in [0, *np.unique(plain.cuts[plain.cuts > 0]).tolist()]:
        end = values.shape[1] - cut
        seen = drivers.at(end, width, season)
        learned = response(values[:, :end], seen, season)
        found = learned if cut == 0 else found
        series, place = _rows(plain.cuts, cut)
        if not learned.drivers:
            continue
        every = np.arange(len(values))
        lift = learned.lift(seen, every, end)
        adjusted = values[:, :end] / lift[:, :end]
        shapes = season_shapes(adjusted, np.ones(len(values), dtype=np.bool_), keys, season, np.zeros((len(values), 0), dtype=np.int64))
        run = _run(adjusted[series], season, shapes[series], methods, suited[:, series], width, executor)
        ahead = run.points * lift[None, series, end:]
        if cut == 0:
            points, spread = ahead[:, :, : points.shape[2]], run.spread
        else:
            known = ~np.isnan(plain.actual[series, place])
            past[:, series, place] = np.where(known[None], ahead[:, :, :reach], np.nan)
    return Backtest(points, spread, past, plain.actual, plain.cuts), found


def _rows(cuts: Counts, cut: int) -> tuple[Counts, Counts]:
    """Return series and place of the origins that leave out `cut` periods; every series at the end of the history."""
    if cut == 0:
        every = np.arange(len(cuts))
        return every, np.zeros_like(every)
    series, place = np.nonzero(cuts == cut)
    return series.astype(np.int64), place.astype(np.int64)


def _run(
    values: Array, season: int, shapes: Array, methods: Sequence[Method], suited: Flags, width: int, executor: Executor | None
) -> Backtest:
    """Forecast series from their end only, in blocks."""
    calls = [
        (values[part], season, shapes[part], np.zeros((len(values[part]), 0), dtype=np.int64), methods, suited[:, part], width, 1)
        for start in range(0, len(values), _ROWS)
        for part in [slice(start, start + _ROWS)]
    ]
    runs = list((map if executor is None else executor.map)(run_block, *zip(*calls, strict=True)))
    return Backtest(
        np.concatenate([run.points for run in runs], axis=1),
        np.concatenate([run.spread for run in runs], axis=1),
        runs[0].past,
        runs[0].actual,
        runs[0].cuts,
    )
