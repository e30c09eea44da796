"""Safety stock by formula: published examples, limits, and the shape of the formulas."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from equipoise.supply.inventory_targets.formulas import Exposure, cycle_factors, safety_factors, safety_stock, unit_factors
from equipoise.supply.inventory_targets.normal import factors_of_loss, loss, losses, quantiles


def exposure(demand: float, deviation: float, lead: float, lead_deviation: float = 0.0, review: float = 0.0) -> Exposure:
    return Exposure(*(np.array([value]) for value in (demand, deviation, lead, lead_deviation, review)))


def stock(level: float, exposed: Exposure, *, units: bool = False) -> float:
    factors = safety_factors(np.array([level]), np.array([units]), exposed)
    return float(safety_stock(factors, exposed.spread())[0])


# Fundamentals of Supply Chain Theory (Snyder and Shen, 2019), with the digits that the documentation of stockpyl publishes, or, with a lead
# time, that stockpyl gives. A newsvendor's service level is p / (p + h); a lead time of 4 and a review of 1 cover 5 periods.
@pytest.mark.parametrize(
    ("holding", "penalty", "demand", "deviation", "lead", "review", "base_stock"),
    [
        (0.18, 0.70, 50, 8, 0, 1, 56.60395592743389),  # example 4.3, newsvendor_normal
        (0.18, 0.70, 50, 8, 4, 1, 264.76689437415484),  # the same with lead_time=4
        (2, 18, 120, 10, 0, 1, 132.815515655446),  # newsvendor_normal, the package's first page
        (2, 18, 120, 10, 3, 1, 505.631031310892),  # the same with lead_time=3
        (0.225, 7.5, 1300, 150, 1 / 12, 0, 190.3369965715624),  # example 5.5, reorder point of r_q_eoqss_approximation
    ],
)
def test_base_stock_of_published_examples(
    holding: float, penalty: float, demand: float, deviation: float, lead: float, review: float, base_stock: float
) -> None:
    exposed = exposure(demand, deviation, lead, review=review)
    found = float(exposed.expected()[0]) + stock(penalty / (penalty + holding), exposed)
    assert found == pytest.approx(base_stock, rel=1e-12)


# Chopra and Meindl, Supply Chain Management: Strategy, Planning, and Operation (2016), chapter 12: phones by the week, disks by the day.
@pytest.mark.parametrize(
    ("exposed", "published"),
    [
        (exposure(2500, 500, 2), 906),
        (exposure(2500, 500, 7, 7), 22_491),
        (exposure(2500, 500, 2, review=4), 1_570),
    ],
)
def test_safety_stock_of_published_examples(exposed: Exposure, published: float) -> None:
    assert stock(0.90, exposed) == pytest.approx(published, abs=0.5)


def test_a_variable_lead_time_alone_needs_safety_stock() -> None:
    """Heizer and Render, Operations Management: 60 packs a week, 6 weeks of lead time, deviation 2: 153.6 with the rounded factor 1.28."""
    assert stock(0.90, exposure(60, 0, 6, 2)) == pytest.approx(153.6, rel=0.002)


def test_the_loss_function_has_its_published_values() -> None:
    """Documentation of stockpyl: standard_normal_loss(1.3), normal_loss(18.6, 15, 3); Chopra and Meindl: 250 short of 707 ask for 67."""
    assert loss(1.3) == pytest.approx(0.04552796208651397, rel=1e-12)
    assert 3 * loss((18.6 - 15) / 3) == pytest.approx(0.1683073521514889, rel=1e-12)
    assert loss(-2.0) == pytest.approx(2.0 + loss(2.0), rel=1e-12)
    assert 707.1 * factors_of_loss(np.array([250 / 707.1]))[0] == pytest.approx(67, abs=0.5)


@given(st.floats(0.0, 8.0))
def test_the_inverse_of_the_loss_gives_back_the_factor(factor: float) -> None:
    assert factors_of_loss(np.array([loss(factor)]))[0] == pytest.approx(factor, abs=1e-6)
    assert losses(np.array([factor]))[0] == pytest.approx(loss(factor), rel=1e-6)


def test_losses_beyond_the_table_end_at_its_ends() -> None:
    assert factors_of_loss(np.array([0.5, 0.0, -1.0])).tolist() == [0.0, 10.0, 10.0]
    assert math.isnan(factors_of_loss(np.array([np.nan]))[0])


def test_quantiles_at_and_outside_the_ends() -> None:
    assert quantiles(np.array([0.5, 0.0, 1.0])).tolist() == [0.0, -math.inf, math.inf]
    assert np.isnan(quantiles(np.array([-0.1, 1.1, np.nan]))).all()


def test_levels_at_the_ends_and_below_a_half() -> None:
    exposed = exposure(100, 30, 14, 3, 7)
    for units in (False, True):
        assert math.isnan(stock(1.0, exposed, units=units))
        assert stock(0.0, exposed, units=units) == 0.0
    assert stock(0.3, exposed) == 0.0


def test_nothing_to_be_safe_against_needs_no_stock() -> None:
    for nothing in (exposure(100, 0, 14, 0, 7), exposure(0, 0, 14, 3, 7), exposure(100, 30, 0, 0, 0)):
        assert stock(0.99, nothing) == 0.0
        assert stock(0.99, nothing, units=True) == 0.0


def test_units_served_are_those_not_late_before_and_late_after() -> None:
    """Both terms of the formula, worked out with the exact loss function: what falls late in a cycle is 4 % of its demand."""
    exposed = exposure(100, 60, 30, 2, 7)
    before, after = math.sqrt(30 * 60**2 + 200**2), math.sqrt(37 * 60**2 + 200**2)
    held = stock(0.96, exposed, units=True)
    late = after * loss(held / after) - before * loss((held + 700) / before)
    assert late == pytest.approx(0.04 * 700, rel=1e-4)
    alone = after * float(factors_of_loss(np.array([0.04 * 700 / after]))[0])  # the first term alone
    assert held < alone


def test_without_review_time_units_ask_for_about_what_cycles_do() -> None:
    """An order a day: the share of units served nears that of cycles without a stockout."""
    exposed = exposure(10, 40, 60, 0, 0)
    found = unit_factors(np.array([0.95]), exposed)[0]
    assert found == pytest.approx(cycle_factors(np.array([0.95]))[0], abs=0.03)


_SIZES = st.floats(0.0, 1e6)
_DAYS = st.floats(0.0, 400.0)


@given(st.booleans(), st.floats(0.0, 0.999), st.floats(0.0, 0.999), _SIZES, _SIZES, _DAYS, _DAYS, st.floats(0.0, 100.0))
def test_more_service_and_more_risk_never_need_less_stock(
    units: bool, one: float, other: float, demand: float, deviation: float, lead: float, review: float, varies: float
) -> None:
    low, high = sorted((one, other))
    exposed = exposure(demand, deviation, lead, varies, review)
    least, most = stock(low, exposed, units=units), stock(high, exposed, units=units)
    assert 0 <= least <= most * (1 + 1e-5) + 1e-6
    riskier = stock(high, exposure(demand, deviation * 1.5, lead, varies, review), units=units)
    assert riskier >= most * (1 - 1e-4) - 1e-6
