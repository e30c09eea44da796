"""Intermittent demand: every formula against a small case worked by hand, and what many series show together."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from equipoise.demand.methods.contract import Array, Block, Method
from equipoise.demand.methods.intermittent import (
    RATE,
    RECENT_RATE,
    SEASONAL_RATE,
    Aggregated,
    Croston,
    DiscountedRate,
    MultipleAggregated,
    TeunterSyntetosBabai,
    smoothed_level,
    stretches,
    widths,
)
from equipoise.demand.methods.intermittent_pool import by_period, mean_size, percentiles, pool_level, pool_score, seen_inside

METHODS: tuple[Method, ...] = (
    Croston(),
    TeunterSyntetosBabai(),
    Aggregated(),
    MultipleAggregated(),
    RATE,
    RECENT_RATE,
    SEASONAL_RATE,
)
HISTORY = [4.0, 0.0, 0.0, 6.0, 0.0, 2.0]


def level_of(method: Method, values: list[float] | Array, season: int = 12) -> float:
    return float(method.fit(Block.of(np.atleast_2d(np.asarray(values, dtype=np.float64)), season), 3).points[0, 0])


def test_croston_by_hand() -> None:
    """Size and interval start at 4 and 2, the means; with a = 0.1: demand 4 after 1, 6 after 3, 2 after 2. Syntetos and Boylan (2005)."""
    size = 4 + 0.1 * (4 - 4)
    interval = 2 + 0.1 * (1 - 2)
    size, interval = size + 0.1 * (6 - size), interval + 0.1 * (3 - interval)
    size, interval = size + 0.1 * (2 - size), interval + 0.1 * (2 - interval)
    assert level_of(Croston(parameters=(0.1,)), HISTORY) == pytest.approx(0.95 * size / interval)


def test_tsb_by_hand() -> None:
    """Size 4 and chance 0.5 at the start; the size moves where there is demand, the chance always. Teunter, Syntetos and Babai (2011)."""
    size, chance = 4.0, 0.5
    for demand in HISTORY:
        if demand:
            size += 0.2 * (demand - size)
        chance += 0.1 * ((demand > 0) - chance)
    assert level_of(TeunterSyntetosBabai(sizes=(0.2,), chances=(0.1,)), HISTORY) == pytest.approx(size * chance)


def test_parameters_are_those_of_least_squared_error() -> None:
    died = [5.0, 5, 5, 5, 5, 5, 5, 5, 0, 0, 0, 0, 0, 0, 0, 0]
    tried = [level_of(TeunterSyntetosBabai(sizes=(0.1,), chances=(chance,)), died) for chance in (0.02, 0.2)]
    assert level_of(TeunterSyntetosBabai(sizes=(0.1,), chances=(0.02, 0.2)), died) == pytest.approx(tried[1])
    assert tried[1] < tried[0]


def test_stretches_are_counted_from_the_end() -> None:
    assert stretches(np.array([[1.0, 2, 3, 4, 5]]), 2).tolist() == [[5.0, 9.0]]
    assert np.isnan(stretches(np.array([[np.nan, 2, 3, 4]]), 2)).tolist() == [[True, False]]


def test_adida_by_hand() -> None:
    """Three demands in six periods: stretches of two, 4, 6, 2 with mean 4; smoothed with the parameter of least error; halved again.

    Nikolopoulos and others (2011). From 4: errors 0, 2, -2 - 2a; their squares are least for the smallest parameter, 0.05.
    """
    level = 4.0
    for demand in (4.0, 6.0, 2.0):
        level += 0.05 * (demand - level)
    assert widths(Block.of(np.array([HISTORY]), 12)).tolist() == [2]
    assert smoothed_level(np.array([[np.nan, 4.0, 6.0, 2.0]]))[0] == pytest.approx(level)
    assert level_of(Aggregated(), HISTORY) == pytest.approx(level / 2)


def test_imapa_is_the_mean_over_all_stretches() -> None:
    """One period and two: Petropoulos and Kourentzes (2015)."""
    single = smoothed_level(np.array([HISTORY]))[0]
    double = smoothed_level(np.array([[4.0, 6.0, 2.0]]))[0] / 2
    assert level_of(MultipleAggregated(), HISTORY) == pytest.approx((single + double) / 2)


def test_discounted_rate_by_hand() -> None:
    """Half-life of one season of four: weights 0.5 ** (age / 4); three demands: three quarters of it. Harvey and Fernandes (1989)."""
    weight = [0.5 ** (age / 4) for age in (5, 4, 3, 2, 1, 0)]
    rate = (4 * weight[0] + 6 * weight[3] + 2 * weight[5]) / sum(weight)
    assert level_of(DiscountedRate("rate", 1.0), HISTORY, season=4) == pytest.approx(rate * 3 / 4)


def test_one_demand_promises_half_of_what_it_shows() -> None:
    assert level_of(DiscountedRate("rate", 1e9), [8.0, 0, 0, 0]) == pytest.approx(8 / 4 / 2)


def test_seasonal_rate_follows_the_family() -> None:
    """Demand in the strong half only, as the family shows: the rate is even in the family's time and comes back in its season."""
    shape = np.array([[1.8, 1.8, 0.2, 0.2]])
    history = np.array([[9.0, 9, 1, 1] * 4])
    fit = SEASONAL_RATE.fit(Block.of(history, 4, shape), 4)
    assert fit.points[0] == pytest.approx(5 * shape[0] * 16 / 17)
    plain = SEASONAL_RATE.fit(Block.of(history, 4), 4)
    assert plain.points == pytest.approx(RATE.fit(Block.of(history, 4), 4).points)


def test_dying_demand_is_followed_down() -> None:
    died = np.concatenate([np.tile([0.0, 4.0], 12), np.zeros(12)])
    levels = {method.name: level_of(method, died) for method in METHODS}
    assert levels["recent_rate"] < levels["tsb"] < levels["croston_sba"]
    assert levels["recent_rate"] < 0.3
    assert levels["discounted_rate"] < levels["croston_sba"]


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
def test_edges(method: Method) -> None:
    edges = {
        "no demand": [0.0] * 12,
        "one demand": [0.0] * 5 + [7.0] + [0.0] * 6,
        "every period": [5.0] * 12,
        "starts late": [np.nan] * 6 + [0.0, 3.0, 0.0, 0.0, 3.0, 0.0],
    }
    block = Block.of(np.array(list(edges.values())), 12)
    fit = method.fit(block, 4)
    level = dict(zip(edges, fit.points[:, 0], strict=True))
    assert np.isfinite(fit.points).all()
    assert np.isfinite(fit.spread).all()
    assert level["no demand"] == 0
    assert 0 < level["one demand"] < 7
    assert level["every period"] == pytest.approx(5, rel=0.15)
    alone = method.fit(Block.of(np.array([edges["starts late"]]), 12), 4).points[0]
    assert fit.points[3] == pytest.approx(alone)
    assert 0.3 < level["starts late"] < 2


@settings(max_examples=40, deadline=None)
@given(
    rows=st.lists(st.lists(st.sampled_from([0.0, 0.0, 0.0, 1.0, 5.0, 120.0]), min_size=8, max_size=8), min_size=2, max_size=6),
    seed=st.integers(0, 9),
)
def test_the_order_of_series_does_not_matter(rows: list[list[float]], seed: int) -> None:
    values = np.array(rows)
    order = np.random.default_rng(seed).permutation(len(values))
    for method in METHODS:
        assert np.array_equal(method.fit(Block.of(values[order], 4), 2).points, method.fit(Block.of(values, 4), 2).points[order]), (
            method.name
        )


def test_each_tested_period_counts_once() -> None:
    past = np.array([[[1.0, 2.0, 3.0], [5.0, np.nan, np.nan]]])
    mean, count = by_period(past, np.array([[3, 1]]))
    assert count.tolist() == [[1, 1, 2]]
    assert mean.tolist() == [[1.0, 2.0, 4.0]]


def test_pool_level_by_hand() -> None:
    """Two series of sizes 2 and 10 with 1 and 2 demands in the two tested periods, forecast as 2 and 4: (3 + 50) / (6 + 50)."""
    values = np.array([[2.0, 0, 2, 0], [10.0, 0, 10, 10]])
    past = np.array([[[2.0, 2.0]], [[20.0, 20.0]]])
    cuts = np.array([[2], [2]])
    assert pool_level(past, cuts, values, np.array([0, 0])) == pytest.approx([53 / 56] * 2)
    apart = pool_level(past, cuts, values, np.array([0, 1]))
    assert apart == pytest.approx([51 / 52, 52 / 54])


def test_pool_level_finds_a_common_level_and_leaves_a_right_one() -> None:
    chance = np.random.default_rng(4)
    values = np.where(chance.random((400, 36)) < 0.25, 1.0 + chance.poisson(3, (400, 36)), 0.0)
    cuts = np.tile([12, 6, 3], (400, 1))
    for times in (0.7, 1.0, 1.4):
        past = np.full((400, 3, 12), 0.25 * 4 * times)
        past[:, 1, 6:] = past[:, 2, 3:] = np.nan
        assert pool_level(past, cuts, values, np.zeros(400, dtype=np.int64)) == pytest.approx(1 / times, rel=0.08)


def test_no_pool_is_moved_beyond_all_bounds_or_without_a_test() -> None:
    many = np.tile([[1.0, 1, 1, 1]], (900, 1))
    cuts, pools = np.full((900, 1), 2), np.zeros(900, dtype=np.int64)
    assert pool_level(np.full((900, 1, 2), 0.01), cuts, many, pools).max() == 2
    assert pool_level(np.full((900, 1, 2), 90.0), cuts, many, pools).min() == 0.5
    assert (pool_level(np.full((900, 1, 2), np.nan), cuts, many, pools) == 1).all()
    assert (pool_level(np.zeros((900, 1, 2)), cuts, many, pools) == 1).all()


def test_pool_score_sums_before_it_compares() -> None:
    """A method that forecasts nothing wins two tests without demand and loses the third by more: sqrt(9 / (1 + 1 + 4))."""
    error, difficulty = np.array([[0.0], [0.0], [3.0]]), np.array([[1.0], [1.0], [2.0]])
    assert pool_score(error, difficulty, np.ones((3, 1)), np.ones(3)) == pytest.approx(np.sqrt(9 / 6))
    assert np.isnan(pool_score(np.full((3, 1), np.nan), difficulty, np.ones((3, 1)), np.ones(3)))


def test_percentiles_by_hand() -> None:
    """Sizes 2, 4, 6, 8 and mean 5; a mean demand of 1 is a chance of 0.2: the ninetieth percentile is the median size."""
    values = np.array([[2.0, 0, 4, 0, 6, 8, 0, 0]])
    assert percentiles(np.array([[1.0]]), values, (0.1, 0.5, 0.9))[:, 0, 0].tolist() == [0, 0, 4]
    assert percentiles(np.array([[0.4]]), values, (0.1, 0.5, 0.9))[:, 0, 0].tolist() == [0, 0, 0]
    assert percentiles(np.array([[5.0]]), values, (0.1, 0.5, 0.9))[:, 0, 0].tolist() == [2, 4, 8]
    assert percentiles(np.array([[7.0]]), values, (0.5,))[0, 0, 0] == 6  # 4 x 1.4, whole as the history is
    assert percentiles(np.array([[7.0]]), values + np.array([0.5, 0, 0, 0, 0, 0, 0, 0]), (0.1,))[0, 0, 0] % 1 > 0
    assert percentiles(np.zeros((1, 2)), np.zeros((1, 5)), (0.9,)).tolist() == [[[0.0, 0.0]]]


@settings(max_examples=60, deadline=None)
@given(values=st.lists(st.sampled_from([0.0, 0.0, 1.0, 3.0, 12.0]), min_size=1, max_size=20), mean=st.floats(0, 50))
def test_percentiles_are_in_order_and_demands_that_can_be(values: list[float], mean: float) -> None:
    low, middle, high = percentiles(np.array([[mean]]), np.array([values]), (0.1, 0.5, 0.9))[:, 0, 0]
    assert 0 <= low <= middle <= high
    assert high % 1 == 0
    if 0 < mean <= mean_size(np.array([values]))[0]:
        assert high in {0.0, *values}


def test_percentiles_hold_what_they_say() -> None:
    chance = np.random.default_rng(8)
    demand = np.where(chance.random((500, 72)) < 0.3, 1.0 + chance.poisson(2, (500, 72)), 0.0)
    values, after = demand[:, :60], demand[:, 60:]
    points = np.repeat(values.mean(axis=1, keepdims=True), 12, axis=1)
    low, high = percentiles(points, values, (0.1, 0.9))
    assert 0.88 < np.mean(after <= high) < 0.96
    inside = seen_inside(points[:, None, :], after[:, None, :], values)
    assert np.mean(inside) == pytest.approx(np.mean((after >= low) & (after <= high)), abs=0.01)
    assert np.isnan(seen_inside(np.full((1, 1, 2), np.nan), np.full((1, 1, 2), np.nan), values[:1])).all()


def test_mean_size_of_demands() -> None:
    assert mean_size(np.array([[0.0, 2, 4], [0, 0, 0], [np.nan, 5, 0], [1e-216, 0, 0]])).tolist() == [3, 1, 5, 1e-100]


def test_no_series_at_all() -> None:
    none, whole = np.zeros((0, 6)), np.zeros(0, dtype=np.int64)
    assert seen_inside(np.zeros((0, 2, 3)), np.zeros((0, 2, 3)), none).shape == (0,)
    assert percentiles(np.zeros((0, 4)), none, (0.1, 0.5, 0.9)).shape == (3, 0, 4)
    assert pool_level(np.zeros((0, 2, 3)), np.zeros((0, 2), dtype=np.int64), none, whole).shape == (0,)
