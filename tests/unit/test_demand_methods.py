"""Forecasting methods: against recursions written out by hand, and what every method owes the contract."""

import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from equipoise.demand.methods import REGISTRY, Array, Block, forecast_rows
from equipoise.demand.methods.season import drawn_index, is_seasonal, moving_average, over_history, over_horizon, ratios
from equipoise.demand.methods.smoothing import Grid, smoothed

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
    ["seasonal_naive", "seasonal_smoothing", "holt_winters_multiplicative", "holt_winters_additive", "theta", "robust_decomposition"],
)
def test_a_clean_season_is_repeated(name: str) -> None:
    fit = REGISTRY[name].fit(Block.of(quarters()[None, :], 4), 8)
    assert fit.points[0] == pytest.approx(quarters(10)[32:], rel=0.03)


@pytest.mark.parametrize("name", ["damped_trend", "theta", "holt_winters_multiplicative", "robust_decomposition"])
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
        else:
            assert np.isfinite(fit.points).all(), method.name
    assert np.array_equal(block.values, before)


def test_methods_can_be_sent_to_another_process() -> None:
    block = Block.of(quarters()[None, :], 4)
    for name, method in REGISTRY.items():
        again = pickle.loads(pickle.dumps(method))
        assert again.name == name
        assert np.array_equal(again.fit(block, 3).points, method.fit(block, 3).points)
