"""The statistical forecast of every series, and how each method did."""

from collections.abc import Sequence
from concurrent.futures import Executor
from difflib import get_close_matches

import numpy as np
import polars as pl

from equipoise.demand.backtest import Backtest, joined, origins, run_block
from equipoise.demand.choice import choose, mean_known
from equipoise.demand.family import season_shapes
from equipoise.demand.interval import interval, plain_interval
from equipoise.demand.methods import REGISTRY, Array, Counts, Flags, Method
from equipoise.demand.methods.season import is_seasonal, over_history, over_horizon
from equipoise.demand.outcome import NO_DEMAND, SHORT_HISTORY, Outcome, steps
from equipoise.demand.panel import REGULAR_INTERVAL, Panel, ended, panel, teaches
from equipoise.demand.rows import baseline_rows, choice_rows
from equipoise.dimensions.calendar import Calendar
from equipoise.errors import InputError, Where
from equipoise.tables import table
from equipoise.tables.setting import from_table

_ROWS = 512  # series in a block
_ALWAYS = ("naive", "seasonal_naive")
_USUAL = 0.5  # mean error as a share of the forecast, where no series can be backtested
_PLAIN = ("naive", "moving_average", "simple_smoothing")


def baseline(
    history: pl.DataFrame,
    item: pl.DataFrame,
    driver: pl.DataFrame,  # noqa: ARG001
    succession: pl.DataFrame,
    setting: pl.DataFrame,
    *,
    executor: Executor | None = None,
) -> dict[str, pl.DataFrame]:
    """Return the tables `baseline` (a row a series and period of the horizon) and `method_choice` (a row a series and method tried).

    Only complete periods before the data cut and before the plan train a forecast; where the history ends earlier, the gap is forecast
    across. No method of the registry reads `driver`. Blocks of series are submitted to `executor` where one is given. Raises InputError
    where a method of the settings is not known.
    """
    settings = from_table(setting)
    calendar = Calendar.from_setting(settings.calendar)
    season = settings.demand.season or calendar.periods_a_year
    methods = methods_of(settings.demand.methods)
    known = panel(history, item, calendar, season)
    if known is None:
        return {"baseline": table("baseline").empty(), "method_choice": table("method_choice").empty()}
    outcome = forecast(known, season, methods, settings.demand.origins, executor)
    succeeded = set(succession.get_column("predecessor").to_list())
    return {"baseline": baseline_rows(known, outcome, calendar, succeeded), "method_choice": choice_rows(known, outcome)}


def methods_of(wanted: str | Sequence[str]) -> tuple[Method, ...]:
    """Return the methods to try: all of the registry for `fast`, else those named; naive and seasonal naive stand beside them always.

    Raises InputError for a name that the registry does not have.
    """
    if isinstance(wanted, str):
        return tuple(REGISTRY.values())
    unknown = [name for name in wanted if name not in REGISTRY]
    if unknown:
        near = get_close_matches(unknown[0], REGISTRY, n=3, cutoff=0.4) or sorted(REGISTRY)
        raise InputError(
            f"There is no forecasting method {unknown[0]}.",
            f"The nearest are: {', '.join(near)}.",
            Where(table="setting", column="demand.methods"),
        )
    return tuple(method for name, method in REGISTRY.items() if name in (*wanted, *_ALWAYS))


def forecast(known: Panel, season: int, methods: Sequence[Method], most: int, executor: Executor | None = None) -> Outcome:
    """Forecast every series of the panel over all periods ahead, with a backtest from at most `most` origins.

    Series that teach are forecast by the methods; one too short for that by its level and its family's season; one without demand, or whose
    demand has ended, by zero. The latter two take no part in anything pooled, so the others' forecasts do not depend on them.
    """
    teaching = teaches(known, season)
    outcome = Outcome.blank(len(known.values), len(known.ahead), tuple(method.name for method in methods))
    longest = int(known.lengths[teaching].max(initial=1))
    values = known.values[:, known.values.shape[1] - longest :]
    reach = min(len(known.ahead), max(2 * season, 12))
    cuts = np.where(teaching[:, None], origins(known.lengths, season, reach, most), 0)
    shapes = season_shapes(values, teaching, known.keys, season, cuts)
    rows = np.flatnonzero(teaching)
    share = _USUAL
    if rows.size:
        suited = _suited(values[rows], season, methods)
        calls = [
            (values[part], season, shapes[part], cuts[part], methods, suited[:, start : start + _ROWS], len(known.ahead), reach)
            for start in range(0, len(rows), _ROWS)
            for part in [rows[start : start + _ROWS]]
        ]
        runs = [run_block(*call) for call in calls] if executor is None else [executor.submit(run_block, *call) for call in calls]
        backtest = joined([run if isinstance(run, Backtest) else run.result() for run in runs])
        share = _settle(outcome, rows, backtest, _pools(values[rows], season), values[rows], season)
    _without_backtest(outcome, known, np.flatnonzero(~teaching), shapes[:, 0], share)
    return outcome


def _regular(values: Array) -> Flags:
    """Return which series have demand in nearly every period."""
    return np.asarray((~np.isnan(values)).sum(axis=1) < REGULAR_INTERVAL * np.maximum((values > 0).sum(axis=1), 1e-9))


def _suited(values: Array, season: int, methods: Sequence[Method]) -> Flags:
    """Return which methods are for which series, (methods, series): a season is worth looking for in regular or seasonal demand only."""
    regular = _regular(values)
    seasonal = regular | is_seasonal(values, season)
    kinds: dict[bool | None, Flags] = {None: np.ones(len(values), dtype=np.bool_), False: seasonal, True: ~regular}
    return np.stack([kinds[method.intermittent] for method in methods])


def _pools(values: Array, season: int) -> Counts:
    """Number the kinds of series that learn from each other: regular or not, short or long."""
    short = (~np.isnan(values)).sum(axis=1) < 2.5 * season
    return np.asarray(_regular(values) * 2 + short, dtype=np.int64)


def _settle(outcome: Outcome, rows: Counts, backtest: Backtest, pools: Counts, values: Array, season: int) -> float:
    """Put the results of the series that teach into the outcome; return their usual error as a share of the forecast."""
    plain = [number for number, name in enumerate(outcome.methods) if name in _PLAIN]
    choice = choose(backtest, pools, plain, ~_regular(values))
    spread = (np.nan_to_num(backtest.spread) * choice.weights).sum(axis=0)
    around = interval(choice.points, choice.past, backtest.actual, spread, pools)
    outcome.place(rows, choice.points, around)
    outcome.weights[:, rows] = choice.weights
    for number, past in enumerate((*backtest.past, choice.past)):
        outcome.judge(number, rows, past, backtest.actual, steps(values, season))
    usual = mean_known(outcome.wmape[-1][rows], axis=0)
    return float(np.clip(usual, 0.05, 2.0)) if np.isfinite(usual) else _USUAL


def _without_backtest(outcome: Outcome, known: Panel, rows: Counts, shape: Array, share: float) -> None:
    """Forecast the series that do not teach: short ones by level and season, the others by zero."""
    values, season = known.values[rows], shape.shape[1]
    over = ended(values, season)
    half = 1 + (shape[rows] - 1) / 2  # nothing tests that the family's season holds here
    index = over_history(half, values.shape[1])
    place = np.arange(values.shape[1])[None, :] - values.shape[1] + known.lengths[rows, None] + 1
    weight = np.where(np.isnan(values), 0.0, np.maximum(place, 0) ** 2)
    level = np.nansum(values * weight, axis=1) / np.maximum((weight * index).sum(axis=1), 1e-9)
    level = np.where(over > 0, 0.0, np.maximum(level, 0.0))
    points = level[:, None] * over_horizon(half, len(known.ahead))
    outcome.place(rows, points, plain_interval(points, share))
    for row, periods, own in zip(rows, over, level, strict=True):
        name, reason = (
            (NO_DEMAND, f"No demand in the last {periods} periods, after demand in most before: it is taken to have ended.")
            if periods
            else (
                SHORT_HISTORY,
                f"{known.lengths[row]} observations are too few to test methods: the later they are, the more they weigh.",
            )
            if own
            else (NO_DEMAND, "No demand in the history.")
        )
        outcome.fixed[int(row)] = (name, reason)
