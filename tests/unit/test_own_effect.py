"""Series that respond more or less to a driver than all do."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from equipoise.demand.drivers.own_effect import Shown, own_effects, shown
from equipoise.demand.drivers.response import response

PERIODS, SERIES = 72, 60


def moved(seed: int, differ: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return what is left of the changes, (series, periods), the moves of two drivers, and the series' own effects, (series, drivers)."""
    chance = np.random.default_rng(seed)
    moves = chance.normal(0, 0.2, (SERIES, PERIODS, 2))
    own = chance.normal(0, differ, (SERIES, 2)) * np.array([1.0, 0.0])
    return np.einsum("itk,ik->it", moves, own) + chance.normal(0, 0.1, (SERIES, PERIODS)), moves, own


def test_own_effects_are_found_where_series_differ() -> None:
    away, moves, own = moved(1, 1.0)
    found = own_effects(shown(away, moves))
    assert np.abs(found - own).mean() < 0.15 * np.abs(own[:, 0]).mean()
    assert np.abs(found[:, 1]).max() < 0.1


def test_own_effects_of_noise_are_next_to_none() -> None:
    sizes = [np.abs(own_effects(shown(*moved(seed, 0.0)[:2]))).max() for seed in range(10)]
    assert np.median(sizes) == 0
    assert max(sizes) < 0.05


def test_own_effects_by_hand() -> None:
    # One driver, two series, halves that say +2 and -2 with weight 1 each: 4 + 4 less sqrt(32), over 1 + 1, is the squared spread.
    slope = np.array([[[2.0], [-2.0]], [[2.0], [-2.0]]])
    squared = (8 - np.sqrt(32)) / 2
    found = own_effects(Shown(slope, np.ones((2, 2, 1, 1))))
    assert found[:, 0] == pytest.approx([squared * 4 / (2 * squared + 1), -squared * 4 / (2 * squared + 1)])
    halves_disagree = Shown(slope * np.array([1.0, -1.0])[:, None, None], np.ones((2, 2, 1, 1)))
    assert own_effects(halves_disagree).tolist() == [[0.0], [0.0]]


def test_growth_and_what_is_unknown_say_nothing() -> None:
    away, moves, _ = moved(2, 1.0)
    away[:, :10] = np.nan
    away[0, 5:] = np.nan
    away[1, :] = np.nan
    found = own_effects(shown(away, moves))
    assert found[:2] == pytest.approx(np.zeros((2, 2)), abs=0)
    assert own_effects(shown(away + 0.3, moves)) == pytest.approx(found)
    moves[:, :10] = 99.0
    assert np.array_equal(own_effects(shown(away, moves)), found)


def test_a_series_response_is_its_own_elasticity() -> None:
    chance = np.random.default_rng(4)
    price = np.where(chance.random((SERIES, PERIODS)) < 0.2, 0.6, 1.0)
    elasticity = chance.normal(-2.5, 0.8, (SERIES, 1))
    demand = 100 * price**elasticity * np.exp(chance.normal(0, 0.1, price.shape))
    found = response(demand, (np.log(price),), 12)
    assert found.own is not None
    each = found.effect[0] + found.own[:, 0]
    assert np.abs(each - elasticity[:, 0]).mean() < 0.4 * np.abs(found.effect[0] - elasticity[:, 0]).mean()
    # A promotion that sells four to eight times as much is told so.
    lift = found.lift((np.log(price),), np.arange(SERIES), PERIODS)
    assert lift.max() > 4


@given(st.integers(0, 1000), st.integers(1, 5), st.sampled_from([0, 3, 9, 40]))
def test_own_effects_are_always_numbers(seed: int, drivers: int, periods: int) -> None:
    chance = np.random.default_rng(seed)
    away = np.where(chance.random((4, periods)) < 0.3, np.nan, chance.normal(0, 10.0 ** chance.integers(-6, 6), (4, periods)))
    moves = np.where(chance.random((4, periods, 1)) < 0.5, 0.0, chance.normal(0, 10.0 ** chance.integers(-6, 6), (4, periods, drivers)))
    moves = np.repeat(moves[:, :, :1], drivers, axis=2) if seed % 3 == 0 else moves
    assert np.isfinite(own_effects(shown(away, moves))).all()
