"""The statistical forecast of every series, and how each method did."""

from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import polars as pl

from equipoise.demand.drivers import DRIVER_MODEL, Drivers, Forecasts, driven_backtest, earned, laid
from equipoise.demand.forecast.backtest import Backtest, joined, origins, run_block
from equipoise.demand.forecast.choice import Choice, choose, mean_known
from equipoise.demand.forecast.family import season_shapes
from equipoise.demand.forecast.interval import coverage, interval, plain_interval
from equipoise.demand.forecast.outcome import NO_DEMAND, SHORT_HISTORY, Outcome, steps
from equipoise.demand.forecast.panel import KEY, REGULAR_INTERVAL, Panel, ended, laid_out, panel, teaches
from equipoise.demand.forecast.rows import baseline_rows, calendar_factors, choice_rows
from equipoise.demand.levels import in_whole_units, levelled
from equipoise.demand.methods import REGISTRY, Array, Block, Counts, Flags, Method, pool
from equipoise.demand.methods.intermittent_pool import mean_size, percentiles, pool_level, seen_inside
from equipoise.demand.methods.season import is_seasonal, over_history, over_horizon
from equipoise.dimensions.calendar import Calendar
from equipoise.tables import table
from equipoise.tables.setting import DemandSetting, from_table

_ROWS = 512  # series in a block
_USUAL = 0.5  # mean error as a share of the forecast, where no series can be backtested
_FIRM = 8  # periods that the usual chance of a demand counts for, in a series too short to show its own
_PLAIN = ("naive", "moving_average", "simple_smoothing")


def baseline(
    cleaned_history: pl.DataFrame,
    segment: pl.DataFrame,
    item: pl.DataFrame,
    market: pl.DataFrame,
    driver: pl.DataFrame,
    calendar_effect: pl.DataFrame,
    succession: pl.DataFrame,
    setting: pl.DataFrame,
    *,
    executor: Executor | None = None,
) -> dict[str, pl.DataFrame]:
    """Return the tables `baseline` (a row a series and period of the horizon) and `method_choice` (a row a series and method tried).

    Only complete periods before the data cut and before the plan train a forecast; where the history ends earlier, the gap is forecast
    across. What the calendar did is taken out of the history first and put into the forecast last. Drivers are used where they make the
    backtest's error less. Blocks of series are submitted to `executor` where one is given. Raises InputError where a method or a level of
    the settings is not known.
    """
    settings = from_table(setting)
    demand, calendar = settings.demand, Calendar.from_setting(settings.calendar)
    season = demand.season or calendar.periods_a_year
    methods = pool(demand.methods)
    usual = pl.when(pl.col("calendar_factor") > 0).then("calendar_factor").otherwise(1.0)
    history = table("cleaned_history").conform(cleaned_history)
    known = panel(history.with_columns(pl.col("quantity") / usual), item, calendar, season)
    if known is None:
        return {"baseline": table("baseline").empty(), "method_choice": table("method_choice").empty()}
    again = partial(forecast, season=season, methods=methods, most=demand.origins, executor=executor)
    outcome = again(known, regular=_classed(known, segment), drivers=_drivers(driver, known, calendar, demand))
    if demand.reconciliation != "bottom_up" or set(demand.level) != set(KEY):
        outcome = levelled(known, outcome, market, item, demand, again, season=season)
    naive = _seasonal_naive(history.with_columns(pl.coalesce("raw", "quantity").alias("quantity")), known, calendar, season)
    factors = calendar_factors(known, calendar_effect)
    made = baseline_rows(known, outcome, calendar, naive, factors, set(succession.get_column("predecessor").to_list()))
    if demand.whole_units:
        made = in_whole_units(made, item, market, demand.levels)
    return {"baseline": made, "method_choice": choice_rows(known, outcome)}


def _classed(known: Panel, segment: pl.DataFrame) -> Flags:
    """Return which series have regular demand: as the table `segment` says, else by their own demand."""
    said = known.keys.select(KEY).join(segment.select(*KEY, "methods"), on=KEY, how="left", maintain_order="left")
    words = said.get_column("methods")
    own = _regular(known.values)
    return np.where(words.is_null().to_numpy(), own, (words == "regular").fill_null(False).to_numpy()).astype(np.bool_)


def _drivers(driver: pl.DataFrame, known: Panel, calendar: Calendar, demand: DemandSetting) -> Drivers | None:
    """Return the drivers laid over the panel, or None where none is given or wanted."""
    if demand.drivers == "none" or driver.is_empty():
        return None
    return laid(driver, known.keys, (*known.periods, *known.ahead), len(known.ahead), calendar)


def _seasonal_naive(history: pl.DataFrame, known: Panel, calendar: Calendar, season: int) -> Array:
    """Return the seasonal naive forecast of demand as booked, (series, ahead); zero where there was none."""
    booked = laid_out(history, known, calendar)
    points = np.zeros((len(booked), len(known.ahead)))
    rows = np.flatnonzero(~np.isnan(booked[:, -1]))
    if rows.size:
        points[rows] = REGISTRY["seasonal_naive"].fit(Block.of(booked[rows], season), len(known.ahead)).points
    return np.maximum(np.nan_to_num(points), 0.0)


def forecast(
    known: Panel,
    season: int,
    methods: Sequence[Method],
    most: int,
    executor: Executor | None = None,
    *,
    regular: Flags | None = None,
    drivers: Drivers | None = None,
) -> Outcome:
    """Forecast every series of the panel over all periods ahead, with a backtest from at most `most` origins.

    Series that teach are forecast by the methods; one too short for that by its level and its family's season; one without demand, or whose
    demand has ended, by zero. The latter two take no part in anything pooled, so the others' forecasts do not depend on them. `regular`
    (series,) says which series the methods for regular demand are for, by default those with demand in nearly every period.
    """
    teaching = teaches(known, season)
    names = (*(method.name for method in methods), *((DRIVER_MODEL,) if drivers else ()))
    outcome = Outcome.blank(len(known.values), len(known.ahead), names)
    longest = int(known.lengths[teaching].max(initial=1))
    first = known.values.shape[1] - longest
    values = known.values[:, first:]
    reach = min(len(known.ahead), max(2 * season, 12))
    cuts = np.where(teaching[:, None], origins(known.lengths, season, reach, most), 0)
    shapes = season_shapes(values, teaching, known.keys, season, cuts)
    rows = np.flatnonzero(teaching)
    share = _USUAL
    if rows.size:
        usual = (_regular(values) if regular is None else regular)[rows]
        suited = _suited(values[rows], season, methods, usual)
        calls = [
            (values[part], season, shapes[part], cuts[part], methods, suited[:, start : start + _ROWS], len(known.ahead), reach)
            for start in range(0, len(rows), _ROWS)
            for part in [rows[start : start + _ROWS]]
        ]
        backtest = joined(list((map if executor is None else executor.map)(run_block, *zip(*calls, strict=True))))
        pools = _pools(values[rows], season, usual)
        mix = _mixed(backtest, _chosen(backtest, values[rows], pools, methods, ~usual))
        if drivers is not None:
            driven, found = driven_backtest(
                values[rows], drivers.rows(rows, first), known.keys[rows], season, backtest, methods, suited, executor
            )
            beside = _mixed(driven, _chosen(driven, values[rows], pools, methods, ~usual))
            mix, notes = _with_drivers(mix, beside, backtest, pools, ~usual, [drivers.names[number] for number in found.drivers])
            outcome.driven.update(zip(rows.tolist(), notes, strict=True))
        share = _settle(outcome, rows, mix, backtest.actual, pools, values[rows], season, ~usual)
    often = ((values[rows] > 0).sum() + _FIRM) / ((~np.isnan(values[rows])).sum() + _FIRM)
    _without_backtest(outcome, known, np.flatnonzero(~teaching), shapes[:, 0], share, float(often))
    return outcome


def _regular(values: Array) -> Flags:
    """Return which series have demand in nearly every period."""
    return np.asarray((~np.isnan(values)).sum(axis=1) < REGULAR_INTERVAL * np.maximum((values > 0).sum(axis=1), 1e-9))


def _suited(values: Array, season: int, methods: Sequence[Method], regular: Flags) -> Flags:
    """Return which methods are for which series, (methods, series): a season is worth looking for in regular or seasonal demand only."""
    seasonal = regular | is_seasonal(values, season)
    kinds: dict[bool | None, Flags] = {None: np.ones(len(values), dtype=np.bool_), False: seasonal, True: ~regular}
    return np.stack([kinds[method.intermittent] for method in methods])


def _pools(values: Array, season: int, regular: Flags) -> Counts:
    """Number the kinds of series that learn from each other: regular or not, short or long."""
    short = (~np.isnan(values)).sum(axis=1) < 2.5 * season
    return np.asarray(regular * 2 + short, dtype=np.int64)


def _plain(methods: Sequence[Method]) -> list[int]:
    """Return the numbers of the methods that forecast every series."""
    return [number for number, method in enumerate(methods) if method.name in _PLAIN]


def _chosen(backtest: Backtest, values: Array, pools: Counts, methods: Sequence[Method], sparse: Flags) -> Choice:
    """Return the combination of each series; that of the `sparse` ones (series,) at the level that their pool shows."""
    choice = choose(backtest, pools, _plain(methods), sparse, size=mean_size(values))
    factor = np.where(sparse, pool_level(choice.past, backtest.cuts, values, pools), 1.0)
    return replace(choice, points=choice.points * factor[:, None], past=choice.past * factor[:, None, None])


@dataclass(frozen=True)
class _Mix:
    """What makes the baseline of the series that teach: `weights` (methods, series), `points` (series, horizon), `past` (series, origins,
    reach), `spread` (series,), and `tried`, the past of each method."""

    weights: Array
    points: Array
    past: Array
    spread: Array
    tried: tuple[Array, ...]


def _mixed(backtest: Backtest, choice: Choice) -> _Mix:
    spread = (np.nan_to_num(backtest.spread) * choice.weights).sum(axis=0)
    return _Mix(choice.weights, choice.points, choice.past, spread, tuple(backtest.past))


def _with_drivers(
    plain: _Mix, driven: _Mix, backtest: Backtest, pools: Counts, squared: Flags, names: Sequence[str]
) -> tuple[_Mix, tuple[str, ...]]:
    """Return the methods with the driver model as one more of them, and in words what drivers do to each series' error."""
    both = earned(Forecasts(plain.points, plain.past), Forecasts(driven.points, driven.past), backtest, pools, squared, names)
    share = both.weight
    weights = np.concatenate([plain.weights * (1 - share), share[None]])
    spread = plain.spread * (1 - share) + driven.spread * share
    return _Mix(weights, both.points, both.past, spread, (*plain.tried, driven.past)), both.note


def _settle(outcome: Outcome, rows: Counts, mix: _Mix, actual: Array, pools: Counts, values: Array, season: int, sparse: Flags) -> float:
    """Put the results of the series that teach into the outcome; return their usual error as a share of the forecast."""
    around = interval(mix.points, mix.past, actual, mix.spread, pools)
    around.p10[sparse], around.p50[sparse], around.p90[sparse] = percentiles(mix.points[sparse], values[sparse], (0.1, 0.5, 0.9))
    outcome.place(rows, mix.points, around)
    outcome.weights[:, rows] = mix.weights
    inside = coverage(mix.past, actual, mix.spread, pools)
    inside[sparse] = seen_inside(mix.past[sparse], actual[sparse], values[sparse])
    outcome.coverage[rows], step = inside, steps(values, season)
    for number, past in enumerate((*mix.tried, mix.past)):
        outcome.judge(number, rows, past, actual, step)
    usual = mean_known(outcome.wmape[-1][rows], axis=0)
    return float(np.clip(usual, 0.05, 2.0)) if np.isfinite(usual) else _USUAL


def _usual_chance(sold: Counts, lengths: Counts, family: pl.Series, often: float) -> Array:
    """Return the chance of a demand that short series of a family have, (rows,), from `sold` of `lengths` periods each.

    The first demand of each is left out: without it there would be no series.
    """
    counted = pl.DataFrame(
        {"family": family, "sold": np.clip(sold - 1, 0, np.maximum(lengths - 1, 0)), "periods": np.maximum(lengths - 1, 0)}
    )
    sums = counted.select((pl.col("sold").sum() + _FIRM * often) / (pl.col("periods").sum() + _FIRM))
    every = float(sums.item()) if len(counted) else often
    by_family = (pl.col("sold").sum() + _FIRM * every) / (pl.col("periods").sum() + _FIRM)
    return counted.select(by_family.over("family")).to_series().to_numpy()


def _without_backtest(outcome: Outcome, known: Panel, rows: Counts, shape: Array, share: float, often: float) -> None:
    """Forecast the series that do not teach: short ones by size, chance and season of demand, the others by zero.

    `often`: the share of periods with demand in the series that teach. What a few periods show of it is drawn towards what the short series
    of the family show after their first demand, and that towards `often`: a launch sells in nearly every period whatever older series do.
    """
    values, season = known.values[rows], shape.shape[1]
    over = ended(values, season)
    half = 1 + (shape[rows] - 1) / 2  # nothing tests that the family's season holds here
    index = over_history(half, values.shape[1])
    place = np.arange(values.shape[1])[None, :] - values.shape[1] + known.lengths[rows, None] + 1
    weight = np.where(np.isnan(values), 0.0, np.maximum(place, 0) ** 2)
    sold = values > 0
    size = np.where(sold, values * weight, 0.0).sum(axis=1) / np.maximum((sold * weight * index).sum(axis=1), 1e-9)
    lengths = np.where(over > 0, 0, known.lengths[rows])  # what has ended says nothing of what begins
    usual = _usual_chance(sold.sum(axis=1), lengths, known.keys.get_column("family")[rows.tolist()], often)
    level = size * (sold.sum(axis=1) + _FIRM * usual) / (known.lengths[rows] + _FIRM)
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
