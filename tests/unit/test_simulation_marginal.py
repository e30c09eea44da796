"""Distributions of demand go through the forecast's percentiles, have the plan as their mean, and never lie below their floor."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from equipoise.reconcile.simulation.marginal import Marginal, expected, through
from equipoise.reconcile.simulation.normal import TENTH, Array, probability

SCORES = np.linspace(-8, 8, 8_001)
WEIGHT = np.exp(-0.5 * SCORES**2) / np.exp(-0.5 * SCORES**2).sum()


def array(*values: float) -> Array:
    return np.array(values, np.float64)


def quantiles(one: Marginal) -> list[float]:
    return [float(one.quantity(array(score))[0]) for score in (-TENTH, 0.0, TENTH)]


def test_percentiles_whose_mean_is_the_plan_stay_as_they_are() -> None:
    mean = 100 + (30 - 20) / TENTH / np.sqrt(2 * np.pi)
    one = through(array(80.0), array(100.0), array(130.0), array(mean), array(0.0))
    assert quantiles(one) == pytest.approx([80.0, 100.0, 130.0], rel=1e-6)


def test_another_plan_keeps_the_relative_spread() -> None:
    mean = 100 + (30 - 20) / TENTH / np.sqrt(2 * np.pi)
    one = through(array(80.0), array(100.0), array(130.0), array(3 * mean), array(0.0))
    assert quantiles(one) == pytest.approx([240.0, 300.0, 390.0], rel=1e-6)


def test_demand_is_never_below_what_is_ordered_and_the_plan_stays_the_mean() -> None:
    one = through(array(80.0), array(100.0), array(120.0), array(100.0), array(95.0))
    assert one.quantity(array(-5.0))[0] == 95.0
    assert float(WEIGHT @ one.quantity(SCORES)) == pytest.approx(100.0, rel=1e-4)
    assert quantiles(one)[2] < 120.0


def test_what_is_all_ordered_is_certain() -> None:
    one = through(array(80.0), array(100.0), array(120.0), array(100.0), array(100.0))
    assert one.quantity(SCORES).max() == pytest.approx(100.0)


positive = st.floats(0.01, 1000.0)


@settings(max_examples=50)
@given(low=st.floats(0.0, 1.0), middle=positive, wide=st.floats(0.0, 3.0), mean=positive, ordered=st.floats(0.0, 0.99))
def test_the_mean_is_the_plan_and_nothing_lies_below_the_floor(low: float, middle: float, wide: float, mean: float, ordered: float) -> None:
    one = through(array(low * middle), array(middle), array(middle * (1 + wide)), array(mean), array(ordered * mean))
    drawn = one.quantity(SCORES)
    assert drawn.min() >= ordered * mean - 1e-9
    assert float(WEIGHT @ drawn) == pytest.approx(mean, rel=2e-4)
    assert expected(one)[0] == pytest.approx(mean, rel=1e-6)
    assert (np.diff(drawn) >= -1e-9).all()


def test_chances_of_the_normal_are_those_of_tables() -> None:
    assert probability(array(-1.959964, 0.0, TENTH, 3.0)) == pytest.approx([0.025, 0.5, 0.9, 0.998650], abs=2e-7)
