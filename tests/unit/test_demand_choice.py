"""How errors become weights and intervals: by hand, and whatever the company of the series."""

import datetime as dt

import numpy as np
import polars as pl
import pytest

from equipoise.demand.forecast.backtest import Backtest, joined, origins, run_block
from equipoise.demand.forecast.choice import Rules, choose
from equipoise.demand.forecast.forecasting import forecast
from equipoise.demand.forecast.interval import Widths, coverage, interval
from equipoise.demand.forecast.outcome import Outcome
from equipoise.demand.forecast.panel import Panel
from equipoise.demand.methods import ALWAYS, ORIGINS, POOLS, REGISTRY, Array, pool
from equipoise.dimensions.calendar import add_months
from equipoise.errors import InputError


def backtest(past: Array, actual: Array, points: Array | None = None) -> Backtest:
    """What methods with this `past` (methods, series, origins, reach) and `points` (methods, series, horizon) did."""
    methods, series, places, _ = past.shape
    ahead = np.ones((methods, series, 1)) if points is None else points
    return Backtest(ahead, np.ones((methods, series)), past, actual, np.ones((series, places), dtype=np.int64))


def chosen(past: Array, actual: Array, points: Array | None = None, **rules: float) -> Array:
    """The weights (methods, series), all series of one pool, the first method plain."""
    series = np.zeros(len(actual), dtype=np.int64)
    return choose(backtest(past, actual, points), series, [0], series > 0, Rules(**rules)).weights


def test_weights_fall_with_the_power_of_the_error() -> None:
    actual = np.full((1, 1, 2), 100.0)
    past = np.stack([actual + 20, actual - 10, actual + 40])
    weights = chosen(past, actual, prior=0, steepness=2, least=0)
    assert weights[:, 0] == pytest.approx(np.array([4, 16, 1]) / 21)
    assert chosen(past, actual, prior=0, steepness=2, least=0.05)[:, 0] == pytest.approx([0.2, 0.8, 0])


def test_few_periods_say_less_than_what_holds_for_similar_series() -> None:
    actual = np.full((101, 1, 4), 100.0)
    past = np.stack([actual + 10, actual - 5])
    past[:, 0] = actual[0] + np.array([5.0, 10.0])[:, None, None]  # the odd one out
    lonely = chosen(past, actual, prior=0)[:, 0]
    drawn = chosen(past, actual, prior=1000)[:, 0]
    assert lonely[0] > lonely[1]
    assert drawn[0] < drawn[1]


def test_a_method_that_cannot_forecast_a_series_has_no_weight_there() -> None:
    actual = np.full((2, 1, 3), 50.0)
    past = np.stack([actual + 5, actual + 1])
    points = np.ones((2, 2, 4))
    points[1, 0, 2] = np.nan
    weights = chosen(past, actual, points)
    assert weights[:, 0].tolist() == [1.0, 0.0]
    assert weights[1, 1] > 0.5


def test_what_is_squared_is_judged_by_the_mean_not_the_median() -> None:
    actual = np.array([[[0.0, 0, 0, 0, 0, 12]]])
    past = np.stack([np.full_like(actual, 1.0), np.zeros_like(actual), np.full_like(actual, 2.0)])
    rules, one = Rules(prior=0), np.zeros(1, dtype=np.int64)
    absolute = choose(backtest(past, actual), one, [0], np.zeros(1, dtype=bool), rules).weights[:, 0]
    squared = choose(backtest(past, actual), one, [0], np.ones(1, dtype=bool), rules).weights[:, 0]
    assert absolute.argmax() == 1
    assert squared.argmax() == 2


def test_the_past_of_a_combination_leaves_out_who_could_not_say() -> None:
    actual = np.full((1, 2, 1), 10.0)
    past = np.array([[[[8.0], [8.0]]], [[[np.nan], [12.0]]]])
    made = choose(backtest(past, actual), np.zeros(1, dtype=np.int64), [0], np.zeros(1, dtype=bool))
    assert made.past[0, 0, 0] == pytest.approx(8.0)
    assert 8.0 < made.past[0, 1, 0] < 12.0


def test_no_method_forecasts_from_what_came_after_its_origin() -> None:
    history = np.random.default_rng(2).gamma(9, 10, (3, 60))
    changed = history.copy()
    changed[:, -6:] *= 50
    methods, shapes = POOLS["accurate"], np.ones((3, 2, 12))
    suited = np.ones((len(methods), 3), dtype=bool)
    cuts = np.full((3, 1), 6)
    before, after = (run_block(values, 12, shapes, cuts, methods, suited, 6, 6) for values in (history, changed))
    assert np.array_equal(before.past, after.past, equal_nan=True)
    assert not np.array_equal(before.points, after.points, equal_nan=True)


def test_blocks_joined_are_one() -> None:
    values = np.random.default_rng(4).gamma(5, 10, (6, 40))
    cuts, shapes = origins(np.full(6, 40), 12, 6, 3), np.ones((6, 4, 12))
    methods = [REGISTRY[name] for name in ("naive", "theta", "holt_winters_additive")]
    suited = np.ones((3, 6), dtype=bool)
    whole = run_block(values, 12, shapes, cuts, methods, suited, 6, 6)
    halves = joined([run_block(values[h], 12, shapes[h], cuts[h], methods, suited[:, h], 6, 6) for h in (slice(0, 3), slice(3, 6))])
    assert halves.points == pytest.approx(whole.points, rel=1e-6)
    assert halves.past == pytest.approx(whole.past, rel=1e-5, nan_ok=True)


def test_interval_scales_with_the_error_and_coverage_says_what_it_holds() -> None:
    chance = np.random.default_rng(6)
    scale = np.repeat([1.0, 10.0], 200)
    actual = 100 + scale[:, None, None] * chance.normal(0, 1, (400, 6, 4))
    past, spread, one = np.full_like(actual, 100.0), scale, np.zeros(400, dtype=np.int64)
    around = interval(np.full((400, 4), 100.0), past, actual, spread, one)
    width = (around.p90 - around.p10).mean(axis=1)
    assert width[200:].mean() == pytest.approx(10 * width[:200].mean(), rel=0.05)
    held = coverage(past, actual, spread, one)
    assert held.shape == (400,)
    assert held.mean() == pytest.approx(0.8, abs=0.02)
    wild = actual.copy()
    wild[0] = 100 + 40 * (actual[0] - 100)
    wild[0, :3] = 100.0
    assert coverage(past, wild, spread, one)[0] < 0.8


def test_coverage_is_unknown_where_nothing_was_tested() -> None:
    nothing = np.full((1, 2, 3), np.nan)
    assert np.isnan(coverage(nothing, nothing, np.array([np.nan]), np.zeros(1, dtype=np.int64))).all()


def test_wider_errors_to_come_make_wider_intervals() -> None:
    actual = 100 + np.random.default_rng(8).normal(0, 5, (50, 4, 3))
    past, one = np.full_like(actual, 100.0), np.zeros(50, dtype=np.int64)
    narrow, wide = (
        interval(np.full((50, 3), 100.0), past, actual, np.full(50, 5.0), one, Widths(chosen=by, further=0)) for by in (1.0, 1.5)
    )
    assert (wide.p90 - 100).mean() == pytest.approx(1.5 * (narrow.p90 - 100).mean())


def test_pools_and_names() -> None:
    fast, accurate = ({method.name for method in pool(name)} for name in ("fast", "accurate"))
    assert set(ALWAYS) <= fast < accurate <= set(REGISTRY)
    assert set(ORIGINS) == set(POOLS)
    assert [method.name for method in pool(("theta",))] == ["naive", "seasonal_naive", "theta"]
    with pytest.raises(InputError, match="no forecasting method multiple_agregation") as raised:
        pool(("theta", "multiple_agregation"))
    assert "multiple_aggregation" in raised.value.fix


def demand() -> Array:
    """60 months of 12 series, two of them short, two intermittent."""
    chance, month = np.random.default_rng(11), np.arange(60)
    level = np.exp(chance.normal(4, 1, (12, 1)))
    values = level * (1 + 0.4 * np.sin((month + chance.integers(0, 12, (12, 1))) / 6 * np.pi)) * np.exp(chance.normal(0, 0.15, (12, 60)))
    values[2, :40] = values[3, :50] = np.nan
    values[4:6] *= chance.random((2, 60)) < 0.3
    return np.asarray(values)


def outcome(values: Array) -> Outcome:
    count, last = len(values), dt.date(2024, 12, 1)
    keys = pl.DataFrame({"item": [str(number) for number in range(count)]}).with_columns(
        market=pl.lit("all"), family=pl.lit("all"), launch=pl.lit(None, pl.Date), discontinue=pl.lit(None, pl.Date)
    )
    ahead = tuple(add_months(last, step) for step in range(1, 13))
    return forecast(Panel(keys, values, last, ahead, 0, np.zeros(count, dtype=np.int64)), 12, POOLS["accurate"], 6)


@pytest.mark.parametrize("unfit", [[7.0], [], [900.0, 5.0, 7000.0], [0.0] * 60, [50.0] * 50 + [0.0] * 10])
def test_unfit_series_change_nothing_for_the_others(unfit: list[float]) -> None:
    values = demand()
    row = np.array([*[np.nan] * (60 - len(unfit)), *unfit])
    alone, beside = outcome(values), outcome(np.vstack([values[:5], row, values[5:]]))
    for field in ("points", "p10", "p90", "weights", "wmape"):
        found, expected = (getattr(made, field) for made in (beside, alone))
        if len(found) != len(values) + 1:
            found, expected = found.T, expected.T
        assert np.array_equal(np.delete(found, 5, axis=0), expected, equal_nan=True), field


def test_the_order_of_the_series_changes_nothing() -> None:
    values, order = demand(), np.random.default_rng(1).permutation(12)
    straight, mixed = outcome(values), outcome(values[order])
    assert mixed.points == pytest.approx(straight.points[order], rel=1e-6)
    assert mixed.weights == pytest.approx(straight.weights[:, order], rel=1e-4, abs=1e-6)
    assert mixed.p90 == pytest.approx(straight.p90[order], rel=1e-6)


@pytest.mark.shared
def test_training_origins_are_covered_and_accurate_is_more_accurate() -> None:
    from benchmarks import selection
    from benchmarks.demand import DATA

    if not DATA.exists():
        pytest.skip("the shared data is not beside the project")
    held = selection.parts(quick=True)
    everything = selection.tried(held, POOLS["accurate"])
    fast = everything.only([method.name for method in POOLS["fast"]])
    inside, scaled = [], []
    for part, choice, (run, kinds), more in zip(held, fast.chosen(), fast.runs, everything.chosen(), strict=True):
        spread = (np.nan_to_num(run.spread) * choice.weights).sum(axis=0)
        around = interval(choice.points, choice.past, run.actual, spread, kinds)
        inside.append(((part.actual >= around.p10) & (part.actual <= around.p90)).mean())
        scaled.append([np.nanmean(selection.errors([points], [part])[0][1]) for points in (choice.points, more.points)])
    assert 0.75 <= np.mean(inside) <= 0.85
    assert 0.70 <= min(inside) <= max(inside) <= 0.90
    assert np.mean([accurate / plain for plain, accurate in scaled]) < 1.0
