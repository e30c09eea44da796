"""The plan by item and week: split by run-out, whole lots, within capacity, sums kept."""

import datetime as dt
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from equipoise.dimensions.calendar import Calendar
from equipoise.supply import item_plan
from equipoise.supply.splitting.lots import by_week, in_lots
from equipoise.supply.splitting.repair import Usage, within_capacity
from equipoise.supply.splitting.run_out import Claims, run_out
from equipoise.supply.splitting.weeks import weeks
from equipoise.tables import table
from equipoise.tables.setting import Setting, to_table

_MONTHS = [dt.date(2027, month, 1) for month in range(1, 13)]
_quantity = st.floats(0, 1e5, allow_nan=False, allow_infinity=False)


def _claims(stock: list[float], sold: list[float], **given_: Any) -> Claims:
    """One group of items that sell `sold` in each of ten buckets."""
    count = len(stock)
    edges = np.outer(np.array(sold), np.arange(11.0))
    least, most = given_.get("least", [0.0] * count), given_.get("most", [np.inf] * count)
    rate = np.array(given_.get("rate", [1.0] * count))
    return Claims(np.array([0]), edges, np.array(stock), rate, np.full(count, 1 / count), np.array(least), np.array(most))


def test_items_run_out_together() -> None:
    """Worked by hand: (10 r - 10) + (20 r - 60) = 50, so r = 4 weeks, 30 and 20 units."""
    assert run_out(_claims([10, 60], [10, 20]), np.array([50.0])) == pytest.approx([30, 20])


def test_stock_above_the_run_out_time_gets_nothing() -> None:
    """The first item lasts 30 weeks: all goes to the other."""
    assert run_out(_claims([300, 0], [10, 20]), np.array([50.0])) == pytest.approx([0, 50])


def test_what_is_missing_now_is_shared_in_proportion() -> None:
    """20 and 60 units are late; 40 are made: a quarter and three quarters."""
    assert run_out(_claims([-20, -60], [10, 10]), np.array([40.0])) == pytest.approx([10, 30])


def test_an_item_without_demand_gets_nothing_while_others_sell() -> None:
    assert run_out(_claims([0, 0], [0, 5]), np.array([30.0])) == pytest.approx([0, 30])


def test_nothing_sells() -> None:
    assert run_out(_claims([5, 0], [0, 0]), np.array([30.0])) == pytest.approx([15, 15])


def test_bad_units_are_made_good_for() -> None:
    """Half of the first item's units are good: it takes twice as many to cover the same time."""
    assert run_out(_claims([0, 0], [10, 10], rate=[0.5, 1.0]), np.array([30.0])) == pytest.approx([20, 10])


def test_bounds_hold() -> None:
    made = run_out(_claims([0, 0, 0], [10, 10, 10], least=[0, 25, 0], most=[5, np.inf, np.inf]), np.array([60.0]))
    assert made == pytest.approx([5, 27.5, 27.5])


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.tuples(st.floats(-1e4, 1e4), st.floats(0, 1e4)), min_size=1, max_size=8),
    _quantity,
)
def test_splitting_keeps_the_sum(rows: list[tuple[float, float]], quantity: float) -> None:
    made = run_out(_claims([stock for stock, _ in rows], [sold for _, sold in rows]), np.array([quantity]))
    assert made.sum() == pytest.approx(quantity, rel=1e-9, abs=1e-9)
    assert (made >= 0).all()


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(st.integers(0, 30), st.floats(0.0, 1.0)), min_size=1, max_size=6), st.sampled_from([1.0, 12.0, 250.0]))
def test_lots_are_whole_and_keep_the_sum(rows: list[tuple[int, float]], lot: float) -> None:
    """The family comes in whole lots, its items' parts do not: after rounding all do."""
    lots = np.array([count + share for count, share in rows])
    total = float(round(lots.sum()))
    parts = lots / lots.sum() * total * lot if lots.sum() > 0 else lots
    size = np.full(len(rows), lot)
    made = in_lots(parts, size, size * 0, lots, np.array([0]))
    assert made.sum() == pytest.approx(parts.sum())
    assert np.abs(made / lot - np.round(made / lot)).max() < 1e-6
    assert np.abs(made - parts).max() < lot * len(rows)


def test_a_part_below_the_least_lot_goes_to_the_others() -> None:
    made = in_lots(np.array([10.0, 90.0]), np.zeros(2), np.array([50.0, 50.0]), np.array([1.0, 0.0]), np.array([0]))
    assert made == pytest.approx([0, 100])


def test_the_rest_of_a_quantity_that_is_no_whole_lot_goes_to_the_most_urgent() -> None:
    made = in_lots(np.array([13.0, 12.0]), np.array([10.0, 10.0]), np.zeros(2), np.array([0.0, 1.0]), np.array([0]))
    assert made == pytest.approx([10, 15])


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.tuples(st.integers(0, 40), st.floats(0, 0.999)), min_size=1, max_size=6), st.integers(1, 6), st.sampled_from([1.0, 40.0])
)
def test_weeks_get_whole_lots(rows: list[tuple[int, float]], count: int, lot: float) -> None:
    quantity = np.array([lots * lot for lots, _ in rows])
    made = by_week(
        quantity, np.full(len(rows), lot), np.zeros(len(rows)), np.array([early for _, early in rows]), np.full(count, 1 / count)
    )
    assert made.sum(axis=1) == pytest.approx(quantity)
    assert (made >= 0).all()
    assert np.abs(made / lot - np.round(made / lot)).max() < 1e-6


def test_runs_are_no_smaller_than_the_least_lot() -> None:
    """250 units in runs of 100 or more: two weeks of the five have 125."""
    made = by_week(np.array([250.0]), np.zeros(1), np.array([100.0]), np.array([0.5]), np.full(5, 0.2))
    assert sorted(made[0][made[0] > 0]) == pytest.approx([125, 125])


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(st.floats(0.1, 5), st.floats(0, 1000)), min_size=2, max_size=8), st.floats(0.3, 1.2))
def test_repair_keeps_sums_and_never_loads_more(rows: list[tuple[float, float]], share: float) -> None:
    takes, made = np.array([take for take, _ in rows]), np.array([units for _, units in rows])
    usage = Usage(np.arange(len(rows)), np.zeros(len(rows), dtype=int), takes, np.zeros(len(rows), dtype=int), 1)
    allowed = usage.load(made) * share
    after = within_capacity(made, usage, allowed, np.ones(len(rows), dtype=bool))
    assert after.sum() == pytest.approx(made.sum())
    assert (after >= -1e-9).all()
    assert usage.load(after)[0] <= usage.load(made)[0] + 1e-6


def test_a_heavy_item_gives_way_until_the_resource_fits() -> None:
    """50 units at 2 hours and 50 at 1 are 150 hours; 120 allow 20 heavy ones."""
    usage = Usage(np.array([0, 1]), np.array([0, 0]), np.array([2.0, 1.0]), np.array([0, 0]), 1)
    after = within_capacity(np.array([50.0, 50.0]), usage, np.array([120.0]), np.array([True, True]))
    assert after == pytest.approx([20, 80])


def test_weeks_are_cut_at_the_edges_of_periods() -> None:
    calendar = Calendar("month", dt.date(2027, 1, 1), 2, dt.date(2026, 12, 31))
    found = weeks(calendar)
    assert found.first[:3] == (dt.date(2027, 1, 1), dt.date(2027, 1, 4), dt.date(2027, 1, 11))
    assert found.first[5] == dt.date(2027, 2, 1)
    assert found.work[:5].sum() == pytest.approx(1)
    assert found.work[0] == pytest.approx(3 / 31)
    working = weeks(calendar, pl.DataFrame({"location": ["plant"], "period": [dt.date(2027, 1, 1)], "working_days": [20.0]}))
    assert working.work[0] == pytest.approx(1 / 21)  # the 1st of January 2027 is a Friday: one of 21


@pytest.mark.parametrize(("cadence", "count"), [("week", 3), ("quarter", 42), ("4-4-5", 13)])
def test_every_cadence_has_weeks(cadence: Any, count: int) -> None:
    start = Calendar(cadence, dt.date(2027, 1, 4), 3, dt.date(2026, 12, 31)).period_of(dt.date(2027, 1, 4))
    found = weeks(Calendar(cadence, start, 3, dt.date(2026, 12, 31)))
    assert len(found.t) in {count, count + 1}
    assert np.bincount(found.t, found.work) == pytest.approx([1, 1, 1])


def company(level: str = "family", *, integer: bool = False, cadence: str = "month", **tables: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """Two items of one family on one line: A takes 2 hours, B takes 1; 100 and 200 a month are sold of them."""
    supply = {"level": level, "integer": integer}
    setting = Setting.model_validate(
        {
            "plan": "split",
            "calendar": {"start": _MONTHS[0], "horizon": 3, "cadence": cadence, "as_of": dt.date(2026, 12, 31)},
            "supply": supply,
        }
    )
    rows = [(item, "m", period, sold) for item, sold in (("A", 100.0), ("B", 200.0)) for period in _MONTHS[:3]]
    given_ = {
        "item": pl.DataFrame({"item": ["A", "B"], "family": ["F", "F"]}),
        "demand_plan": pl.DataFrame(rows, schema=["item", "market", "period", "quantity"], orient="row"),
        "route": pl.DataFrame({"route": ["A1", "B1"], "item": ["A", "B"], "location": ["p", "p"]}),
        "usage": pl.DataFrame({"activity": ["make"] * 2, "of": ["A1", "B1"], "resource": ["line"] * 2, "quantity": [2.0, 1.0]}),
        **tables,
    }
    return {**{name: table(name).conform(frame) for name, frame in given_.items()}, "setting": to_table(setting)}


def _family_plan(quantity: float) -> pl.DataFrame:
    rows = [("F at p", "F", "p", period, quantity) for period in _MONTHS[:3]]
    return pl.DataFrame(rows, schema=["route", "item", "location", "period", "quantity"], orient="row")


def test_a_family_is_split_to_items_and_weeks() -> None:
    """A has a month of stock, B none: the first month makes no A until B has the same cover, then a third and two thirds."""
    stock = pl.DataFrame({"item": ["A"], "location": ["p"], "quantity": [100.0]})
    made = item_plan(company(supply_plan=_family_plan(300), on_hand=stock))
    months = made.group_by("item", "period", maintain_order=True).agg(pl.col("quantity").sum()).sort("period", "item")
    assert months.get_column("quantity").to_list() == pytest.approx([100 / 3, 800 / 3, 100, 200, 100, 200])
    assert made.select("route", "week").unique().height == 14  # five weeks or parts of one in January and March, four in February
    assert made.get_column("lots").null_count() == made.height
    last = made.filter(pl.col("week") == pl.col("week").max()).sort("item").get_column("stock").to_list()
    assert last == pytest.approx([100 / 3, 200 / 3])


def test_the_family_plan_is_kept_where_items_take_more_than_their_average() -> None:
    """B is full, so A alone would be made and take 600 hours; there are the 400 of the average: 100 of A and 200 of B."""
    stock = pl.DataFrame({"item": ["B"], "location": ["p"], "quantity": [2000.0]})
    load = pl.DataFrame({"resource": ["line"], "period": [_MONTHS[0]], "available": [400.0], "load": [400.0], "overtime_limit": [0.0]})
    made = item_plan(company(supply_plan=_family_plan(300), on_hand=stock, capacity_load=load)).filter(pl.col("period") == _MONTHS[0])
    units = dict(made.group_by("item", maintain_order=True).agg(pl.col("quantity").sum()).iter_rows())
    assert units == pytest.approx({"A": 100.0, "B": 200.0})


@pytest.mark.parametrize("lot", [10.0, 25.0])
def test_whole_lots_by_week_within_capacity(lot: float) -> None:
    route = pl.DataFrame({"route": ["A1", "B1"], "item": ["A", "B"], "location": ["p", "p"], "lot_multiple": [lot, lot]})
    use = pl.DataFrame({"activity": ["make"] * 2, "of": ["A1", "B1"], "resource": ["line"] * 2, "quantity": [1.0, 1.0]})
    load = pl.DataFrame(
        {"resource": ["line"] * 3, "period": _MONTHS[:3], "available": [450.0] * 3, "load": [300.0] * 3, "overtime_limit": [0.0] * 3}
    )
    made = item_plan(company(integer=True, supply_plan=_family_plan(300), route=route, usage=use, capacity_load=load))
    lots = made.get_column("lots").to_numpy()
    assert np.abs(lots - np.round(lots)).max() < 1e-6
    assert made.group_by("period", maintain_order=True).agg(pl.col("quantity").sum()).get_column("quantity").to_list() == pytest.approx(
        [300] * 3
    )
    weekly = made.group_by("week", "period", maintain_order=True).agg(pl.col("quantity").sum())
    days = weekly.select("week", (pl.col("quantity")).alias("load"), next=pl.col("week").shift(-1).fill_null(dt.date(2027, 4, 1)))
    assert weekly.height > 10
    full = [row for row in days.sort("week").iter_rows() if row[1] > 450 * 7 / 28 + 1e-6]
    assert not full


def test_an_item_plan_goes_to_weeks_only() -> None:
    plan = pl.DataFrame({"route": ["A1"], "item": ["A"], "location": ["p"], "period": [_MONTHS[1]], "quantity": [280.0]})
    made = item_plan(company("item", supply_plan=plan))
    assert made.get_column("quantity").to_list() == pytest.approx([70.0] * 4)  # February 2027 begins on a Monday
    assert made.get_column("week").to_list()[0] == dt.date(2027, 2, 1)


def test_a_weekly_plan_passes_as_it_is() -> None:
    first = dt.date(2027, 1, 4)
    plan = pl.DataFrame({"route": ["A1"], "item": ["A"], "location": ["p"], "period": [first], "quantity": [35.0]})
    tables = company("item", supply_plan=plan)
    setting = Setting.model_validate({"plan": "s", "calendar": {"start": first, "horizon": 3, "cadence": "week"}})
    made = item_plan({**tables, "setting": to_table(setting)})
    assert made.select("week", "period", "quantity").rows() == [(first, first, 35.0)]


def test_components_leave_stock_as_they_are_used() -> None:
    plan = pl.DataFrame({"route": ["A1"], "item": ["A"], "location": ["p"], "period": [_MONTHS[1]], "quantity": [280.0]})
    bought = pl.DataFrame({"purchase": ["C1"], "item": ["C"], "location": ["p"], "period": [_MONTHS[2]], "quantity": [310.0]})
    made = item_plan(
        company(
            "item",
            supply_plan=plan,
            purchase_plan=bought,
            bom=pl.DataFrame({"route": ["A1"], "component": ["C"], "quantity": [2.0]}),
            on_hand=pl.DataFrame({"item": ["C"], "location": ["p"], "quantity": [600.0]}),
        )
    )
    stock = made.filter(pl.col("item") == "C").sort("week").get_column("stock").to_list()
    assert stock[-1] == pytest.approx(600 - 560 + 310)


def test_nothing_planned_is_an_empty_table() -> None:
    assert item_plan({"setting": company()["setting"]}).is_empty()
    assert item_plan(company()).schema == table("item_plan").schema
