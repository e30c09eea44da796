"""Every measure beside a worked example by hand, and what must hold for any numbers."""

import datetime as dt
from collections.abc import Sequence

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from equipoise.measure.attainment import mix_adherence, plan_attainment
from equipoise.measure.cover import days_of_inventory, inventory_turns, weeks_of_supply
from equipoise.measure.delivery import Basis, due, line_fill, order_fill, otif, unit_fill
from equipoise.measure.error import accuracy, bias, mape, wmape
from equipoise.tables import table

AMOUNT = st.floats(0, 1e6)
PAIRS = st.lists(st.tuples(AMOUNT, AMOUNT), min_size=1, max_size=20)


def points(pairs: Sequence[tuple[float, float]], plan: str = "forecast") -> pl.DataFrame:
    return pl.DataFrame(pairs, schema={plan: pl.Float64, "actual": pl.Float64}, orient="row")


def test_mape_is_the_mean_of_percentages_and_counts_zeros_left_out() -> None:
    measured = mape(points([(110, 100), (90, 120), (50, 0)]))
    assert measured.value == pytest.approx((0.10 + 0.25) / 2)
    assert measured.note == "1 point without demand left out."


def test_wmape_weighs_by_demand_and_the_divisor_can_be_chosen() -> None:
    frame = points([(110, 100), (90, 120)])
    assert wmape(frame).value == pytest.approx(40 / 220)
    assert wmape(frame, "forecast").value == pytest.approx(40 / 200)
    assert wmape(frame, "both").value == pytest.approx(40 / 420)


def test_accuracy_is_what_error_leaves_and_never_below_zero() -> None:
    assert accuracy(points([(110, 100), (90, 120)])).value == pytest.approx(1 - 40 / 220)
    assert accuracy(points([(500, 100)])).value == 0


def test_bias_has_a_sign_with_a_meaning() -> None:
    low, high = bias(points([(110, 100), (90, 120)])), bias(points([(130, 100)]))
    assert low.value == pytest.approx(-20 / 220)
    assert (low.note, high.note) == ("Under-forecast.", "Over-forecast.")
    assert high.value == pytest.approx(0.3)


@pytest.mark.parametrize("measure", [mape, wmape, accuracy, bias])
def test_without_demand_there_is_no_error_but_a_reason(measure: object) -> None:
    measured = measure(points([(10, 0)]))  # type: ignore[operator]
    assert measured.value is None
    assert "No demand" in measured.note


@given(PAIRS)
def test_bias_is_never_larger_than_the_weighted_error(pairs: list[tuple[float, float]]) -> None:
    error, lean = wmape(points(pairs)).value, bias(points(pairs)).value
    if error is not None and lean is not None:
        assert abs(lean) <= error + 1e-9 * max(1, error)


@given(PAIRS, st.floats(0.01, 100))
def test_errors_do_not_change_with_the_unit(pairs: list[tuple[float, float]], factor: float) -> None:
    whole = [(round(f), round(a)) for f, a in pairs]
    scaled = [(f * factor, a * factor) for f, a in whole]
    for measure in (mape, wmape, bias):
        one, other = measure(points(whole)).value, measure(points(scaled)).value
        assert other == (None if one is None else pytest.approx(one, rel=1e-6, abs=1e-9))


def test_attainment_and_mix_by_hand() -> None:
    made = points([(100, 95), (200, 210)], "plan")
    assert plan_attainment(made).value == pytest.approx(305 / 300)
    assert plan_attainment(made).note == "More was made than planned."
    assert mix_adherence(made).value == pytest.approx(295 / 300)
    assert plan_attainment(points([(0, 5)], "plan")).value is None


@given(PAIRS)
def test_mix_is_never_above_attainment_or_one(pairs: list[tuple[float, float]]) -> None:
    whole, mix = plan_attainment(points(pairs, "plan")).value, mix_adherence(points(pairs, "plan")).value
    if whole is not None and mix is not None:
        assert mix <= min(1, whole) + 1e-9


def test_stock_is_walked_forward_and_the_last_period_counts_in_part() -> None:
    assert weeks_of_supply(150, [100, 200], [30, 31]).value == pytest.approx((30 + 31 * 50 / 200) / 7)
    assert weeks_of_supply(0, [100], [30]).value == 0
    lasting = weeks_of_supply(500, [100, 200], [30, 31])
    assert lasting.value == pytest.approx(61 / 7)
    assert lasting.note.startswith("More than 9 weeks")
    assert weeks_of_supply(50, [0, 0], [30, 31]).value is None
    assert weeks_of_supply(50, [0, 100], [28, 28]).value == pytest.approx((28 + 14) / 7)


@given(AMOUNT, AMOUNT, st.lists(AMOUNT, min_size=1, max_size=12))
def test_more_stock_never_covers_less(stock: float, more: float, demand: list[float]) -> None:
    days = [30.0] * len(demand)
    less, plenty = weeks_of_supply(stock, demand, days).value, weeks_of_supply(stock + more, demand, days).value
    if less is not None and plenty is not None:
        assert 0 <= less <= plenty + 1e-9 <= sum(days) / 7 + 2e-9


def test_turns_and_days_of_inventory_by_hand() -> None:
    assert inventory_turns(300_000, 200_000, 90).value == pytest.approx(300_000 * 365 / 90 / 200_000)
    assert days_of_inventory(300_000, 200_000, 90).value == pytest.approx(60)
    assert inventory_turns(1, 0, 90).value is None
    assert inventory_turns(1, 1, 0).value is None


@given(st.floats(1, 1e6), st.floats(1, 1e6), st.floats(1, 365))
def test_turns_times_days_is_a_year(goods: float, stock: float, days: float) -> None:
    turns, held = inventory_turns(goods, stock, days).value, days_of_inventory(goods, stock, days).value
    assert turns is not None
    assert held is not None
    assert turns * held == pytest.approx(365)


def lines(*rows: tuple[str, str, float, dt.date | None, float | None]) -> pl.DataFrame:
    """Order, line, quantity, delivered, delivered quantity; all asked for on 10 October 2026, confirmed for the 12th, then the 15th."""
    made = [
        {
            "order": order,
            "line": line,
            "item": "A",
            "market": "North",
            "quantity": quantity,
            "requested": dt.date(2026, 10, 10),
            "first_confirmed": dt.date(2026, 10, 12),
            "last_confirmed": dt.date(2026, 10, 15),
            "delivered": delivered,
            "delivered_quantity": got,
        }
        for order, line, quantity, delivered, got in rows
    ]
    return table("order_line").conform(pl.DataFrame(made))


FOUR = lines(
    ("1", "1", 100, dt.date(2026, 10, 9), 100),
    ("1", "2", 100, dt.date(2026, 10, 14), 100),
    ("2", "1", 100, dt.date(2026, 10, 10), 50),
    ("2", "2", 100, None, None),
)


def test_delivery_by_hand() -> None:
    assert otif(FOUR).value == pytest.approx(1 / 4)
    assert otif(FOUR, "last_confirmed").value == pytest.approx(2 / 4)
    assert line_fill(FOUR).value == pytest.approx(2 / 4)
    assert order_fill(FOUR).value == pytest.approx(1 / 2)
    assert unit_fill(FOUR).value == pytest.approx(250 / 400)


def test_lines_due_leave_out_cancelled_and_coming_ones() -> None:
    with_cancelled = FOUR.with_columns(pl.Series("cancelled", [True, False, None, False]))
    assert due(with_cancelled, dt.date(2026, 10, 10)).height == 3
    assert due(with_cancelled, dt.date(2026, 10, 11), "first_confirmed").height == 0
    unconfirmed = FOUR.with_columns(pl.lit(None, pl.Date).alias("first_confirmed"))
    assert due(unconfirmed, dt.date(2026, 12, 1), "first_confirmed").is_empty()


def test_a_date_without_a_quantity_is_a_delivery_in_full() -> None:
    assert otif(lines(("1", "1", 10, dt.date(2026, 10, 10), None))).value == 1


@pytest.mark.parametrize("measure", [otif, line_fill, order_fill, unit_fill])
def test_no_lines_due_is_no_data(measure: object) -> None:
    measured = measure(FOUR.head(0))  # type: ignore[operator]
    assert measured.value is None
    assert measured.note == "No order lines are due."


DELIVERIES = st.lists(st.tuples(st.integers(1, 100), st.integers(0, 100), st.integers(1, 28)), min_size=2, max_size=12).filter(
    lambda rows: len(rows) % 2 == 0
)


@given(DELIVERIES)
def test_delivery_measures_keep_their_order(rows: list[tuple[int, int, int]]) -> None:
    """With two lines in every order: on time in full ≤ line fill, order fill ≤ line fill ≤ unit fill where lines weigh the same."""
    made = [(str(number // 2), str(number % 2), 100.0, dt.date(2026, 10, day), float(got)) for number, (_, got, day) in enumerate(rows)]
    frame = lines(*made)
    bases: tuple[Basis, ...] = ("requested", "first_confirmed", "last_confirmed")
    on_time = [otif(frame, basis).value or 0 for basis in bases]
    filled = line_fill(frame).value or 0
    assert on_time == sorted(on_time)
    assert on_time[-1] <= filled
    assert (order_fill(frame).value or 0) <= filled <= (unit_fill(frame).value or 0) + 1e-9
