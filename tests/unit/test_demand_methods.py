"""Forecasting methods: against recursions written out by hand, and what every method owes the contract."""

import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from equipoise.demand.methods import REGISTRY, Array, Block, forecast_rows
from equipoise.demand.methods.aggregation import means
from equipoise.demand.methods.autoregression import Autoregression, ridge
from equipoise.demand.methods.season import drawn_index, is_seasonal, moving_average, over_history, over_horizon, ratios
from equipoise.demand.methods.smoothing import TRENDS, Grid, smoothed

SHAPE = np.array([0.5, 0.8, 1.2, 1.5])


def quarters(seasons: int = 8, growth: float = 0.0) -> Array:
    time = np.arange(seasons * 4)
    return np.asarray((100 + growth * time) * SHAPE[time % 4])


def test_simple_smoothing_is_the_textbook_recursion() -> None:
    values = np.array([3.0, 5.0, 9.0, 20.0, 15.0])
    level = values.mean()
    for value in values:
        level = 0.3 * value + 0.7 * level
    fit = smoothed(values[None, :], Grid.of((0.3,)), 3)
    assert fit.points[0] == pytest.approx([level] * 3, rel=1e-5)


def test_damped_trend_grows_less_each_period() -> None:
    values: Array = 10 + 2.0 * np.arange(12, dtype=np.float64)
    fit = smoothed(values[None, :], Grid.of((0.5,), (0.1,), (0.9,)), 4)
    steps = np.diff(fit.points[0])
    assert steps[1] / steps[0] == pytest.approx(0.9, rel=1e-4)
    assert fit.points[0, 0] > values[-1]


def test_best_parameters_are_those_of_least_squared_error() -> None:
    jumps = np.array([10.0, 10, 10, 10, 40, 40, 40, 40, 40, 40])[None, :]
    both = smoothed(jumps, Grid.of((0.05, 0.9)), 1).points[0, 0]
    assert both == pytest.approx(smoothed(jumps, Grid.of((0.9,)), 1).points[0, 0])
    assert abs(both - 40) < 1


def test_rows_of_different_length_do_not_disturb_each_other() -> None:
    long, short = quarters(), quarters(4, 1.0)
    together = np.full((2, 32), np.nan)
    together[0], together[1, 16:] = long, short
    for method in REGISTRY.values():
        both = method.fit(Block.of(together, 4), 6).points
        assert both[0] == pytest.approx(method.fit(Block.of(long[None, :], 4), 6).points[0], rel=1e-6), method.name
        assert both[1] == pytest.approx(method.fit(Block.of(short[None, :], 4), 6).points[0], rel=1e-6), method.name


@pytest.mark.parametrize(
    "name",
    [
        "seasonal_naive",
        "seasonal_smoothing",
        "holt_winters_multiplicative",
        "holt_winters_additive",
        "theta",
        "robust_decomposition",
        "multiple_aggregation",
        "autoregression",
    ],
)
def test_a_clean_season_is_repeated(name: str) -> None:
    fit = REGISTRY[name].fit(Block.of(quarters()[None, :], 4), 8)
    assert fit.points[0] == pytest.approx(quarters(10)[32:], rel=0.03)


@pytest.mark.parametrize(
    "name", ["damped_trend", "theta", "holt_winters_multiplicative", "robust_decomposition", "multiple_aggregation", "autoregression"]
)
def test_a_trend_is_followed(name: str) -> None:
    history = quarters(8, 3.0)
    points = REGISTRY[name].fit(Block.of(history[None, :], 4), 4).points[0]
    assert points.sum() > history[-4:].sum() * 1.01
    assert points.sum() < history[-4:].sum() * 1.15


def test_one_outlier_does_not_move_the_robust_decomposition() -> None:
    spoiled = quarters()
    spoiled[14] *= 50
    points = REGISTRY["robust_decomposition"].fit(Block.of(spoiled[None, :], 4), 4).points[0]
    assert points == pytest.approx(quarters()[:4], rel=0.05)


def test_stretches_end_with_the_history_and_are_full() -> None:
    values = np.array([[1.0, 2.0, 4.0, 6.0, 8.0], [np.nan, np.nan, np.nan, 5.0, 7.0]])
    assert means(values, 2)[0].tolist() == [3.0, 7.0]
    assert np.array_equal(means(values, 3), [[6.0], [np.nan]], equal_nan=True)


def test_multiple_aggregation_is_the_mean_over_stretches() -> None:
    history = np.random.default_rng(5).gamma(20, 5, 24)
    block = Block.of(history[None, :], 1)
    expected = [smoothed(history[None, :], TRENDS, 5).points[0].tolist()]
    triples = np.array([[history[start : start + 3].mean() for start in range(0, 24, 3)]])
    ahead = smoothed(triples, TRENDS, 2).points[0]
    expected.append([ahead[step // 3] for step in range(5)])
    assert REGISTRY["multiple_aggregation"].fit(block, 5).points[0] == pytest.approx(np.mean(expected, axis=0))


def test_ridge_is_the_textbook_solution() -> None:
    series, order, prior = np.random.default_rng(9).normal(0, 1, 30), 3, 4.0
    rows = [[series[time - lag] for lag in (1, 2, 3)] for time in range(order, 30)]
    before, after = np.array(rows), series[order:]
    products = before.T @ before
    penalty = prior * np.trace(products) / order / len(after)
    expected = np.linalg.inv(products + penalty * np.eye(order)) @ before.T @ after
    padded = np.stack([series, np.concatenate([np.full(6, np.nan), series[6:]])])
    found, error = ridge(padded, order, prior)
    assert found[0] == pytest.approx(expected)
    assert error[0] == pytest.approx(np.sqrt(np.mean((after - before @ expected) ** 2)))
    assert found[1] == pytest.approx(ridge(series[None, 6:], order, prior)[0][0])


def test_autoregression_is_the_recursion_written_out() -> None:
    history = quarters(7) * np.exp(np.random.default_rng(3).normal(0, 0.1, 28))
    scale, season = history.mean(), 4
    logs = [float(np.log(value / scale)) for value in history]
    growth = [logs[time] - logs[time - season] for time in range(season, 28)]
    drift = 0.5 * float(np.mean(growth))
    away = [value - drift for value in growth]
    weights = ridge(np.array([away]), season + 1, 20)[0][0]
    for _ in range(6):
        away.append(sum(weight * away[-1 - lag] for lag, weight in enumerate(weights)))
        logs.append(logs[-season] + drift + away[-1])
    found = Autoregression().fit(Block.of(history[None, :], season), 6).points[0]
    assert found == pytest.approx(scale * np.exp(logs[28:]))


def test_autoregression_leaves_out_series_with_next_to_nothing_in_a_period() -> None:
    rare = np.where(np.arange(32) == 9, 0.0, quarters())
    points = REGISTRY["autoregression"].fit(Block.of(np.stack([rare, quarters()]), 4), 3).points
    assert np.isnan(points[0]).all()
    assert np.isfinite(points[1]).all()


@pytest.mark.parametrize("name", [name for name, method in REGISTRY.items() if method.intermittent is not True])
def test_a_constant_stays_and_nothing_stays_nothing(name: str) -> None:
    constant, nothing = np.full(40, 7.0), np.zeros(40)
    late = np.concatenate([np.full(15, np.nan), np.full(25, 300.0)])
    points = REGISTRY[name].fit(Block.of(np.stack([constant, nothing, late]), 4), 6).points
    assert points[0] == pytest.approx([7.0] * 6, rel=1e-4)
    assert np.nan_to_num(points[1]) == pytest.approx([0.0] * 6, abs=1e-3)
    assert points[2] == pytest.approx([300.0] * 6, rel=1e-4)


@pytest.mark.parametrize("name", list(REGISTRY))
def test_one_value_is_either_too_short_or_repeated(name: str) -> None:
    fit = forecast_rows(REGISTRY[name], Block.of(np.array([[5.0]]), 12), 3, np.ones(1, dtype=bool))
    assert np.isnan(fit.points).all() or fit.points[0].tolist() == [5.0] * 3


def test_intermittent_methods_find_the_rate() -> None:
    values = np.tile([0.0, 0.0, 0.0, 8.0], 12)[None, :]
    for name in ("croston_sba", "tsb", "adida"):
        points = REGISTRY[name].fit(Block.of(values, 12), 5).points
        assert points == pytest.approx(np.full((1, 5), 2.0), rel=0.2), name


def test_dying_demand_falls_with_tsb_and_not_with_croston() -> None:
    values = np.concatenate([np.tile([0.0, 4.0], 12), np.zeros(12)])[None, :]
    croston, tsb = (REGISTRY[name].fit(Block.of(values, 12), 1).points[0, 0] for name in ("croston_sba", "tsb"))
    assert tsb < 0.75 * croston


def test_moving_average_is_centred_and_never_guesses() -> None:
    values = np.arange(10.0)[None, :]
    values[0, :2] = np.nan
    average = moving_average(values, 4)
    assert np.isnan(average[0, :4]).all()
    assert np.isnan(average[0, 8:]).all()
    assert average[0, 4:8] == pytest.approx([4.0, 5.0, 6.0, 7.0])


def test_noise_is_drawn_to_the_centre_and_a_season_is_not() -> None:
    noise = ratios(100 + np.random.default_rng(1).normal(0, 20, (50, 48)), 12)
    raw = np.nanmean(noise[:, 6:42].reshape(50, 3, 12), axis=1) - 1
    assert np.abs(drawn_index(noise, 12, np.ones((50, 12))) - 1).mean() < 0.5 * np.abs(raw).mean()
    ones = np.ones((1, 12))
    clear = (100 * (1 + 0.5 * np.sin(np.arange(48) / 12 * 2 * np.pi)))[None, :]
    assert drawn_index(ratios(clear, 12), 12, ones).max() > 1.45


def test_index_stands_at_the_right_periods() -> None:
    index = np.array([[1.0, 2.0, 3.0]])
    assert over_history(index, 4).tolist() == [[3.0, 1.0, 2.0, 3.0]]
    assert over_horizon(index, 4).tolist() == [[1.0, 2.0, 3.0, 1.0]]


def test_season_is_found_where_there_is_one() -> None:
    noise = np.random.default_rng(3).normal(100, 10, 32)
    assert is_seasonal(np.stack([quarters(), noise]), 4).tolist() == [True, False]


@settings(max_examples=40, deadline=None)
@given(
    values=st.lists(st.floats(0, 1e7, allow_subnormal=False), min_size=1, max_size=40),
    season=st.sampled_from([1, 2, 4, 12]),
    horizon=st.integers(1, 15),
)
def test_every_method_keeps_the_contract(values: list[float], season: int, horizon: int) -> None:
    block = Block.of(np.array([values, values]), season)
    before = block.values.copy()
    for method in REGISTRY.values():
        fit = forecast_rows(method, block, horizon, np.ones(2, dtype=bool))
        assert fit.points.shape == (2, horizon)
        assert np.array_equal(fit.points[0], fit.points[1], equal_nan=True)
        if len(values) < method.needs(season):
            assert np.isnan(fit.points).all()
        elif method.name != "autoregression" or min(values) > 0.02 * np.mean(values):
            assert np.isfinite(fit.points).all(), method.name
    assert np.array_equal(block.values, before)


def test_methods_can_be_sent_to_another_process() -> None:
    block = Block.of(quarters()[None, :], 4)
    for name, method in REGISTRY.items():
        again = pickle.loads(pickle.dumps(method))
        assert again.name == name
        assert np.array_equal(again.fit(block, 3).points, method.fit(block, 3).points)
