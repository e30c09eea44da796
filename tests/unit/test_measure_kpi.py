"""The table kpi: levels, lags, targets, and what it says where nothing was given."""

import datetime as dt
import inspect
from typing import Any

import polars as pl
import pytest

from equipoise.measure import kpi
from equipoise.tables import DICTIONARY, table
from equipoise.tables.setting import Setting, to_table

OCTOBER, NOVEMBER, DECEMBER = dt.date(2026, 10, 1), dt.date(2026, 11, 1), dt.date(2026, 12, 1)
AS_OF = dt.date(2026, 12, 5)


def frame(name: str, *rows: dict[str, Any]) -> pl.DataFrame:
    schema = dict(table(name).schema)
    return pl.DataFrame([{column: row.get(column) for column in schema} for row in rows], schema=schema)


def setting(**groups: Any) -> pl.DataFrame:
    calendar = {"as_of": AS_OF, "start": dt.date(2027, 1, 1), "horizon": 3}
    return to_table(Setting.model_validate({"plan": "test", "calendar": calendar, **groups}))


ITEMS = frame(
    "item", {"item": "A", "family": "Tents", "unit_cost": 10.0}, {"item": "B", "family": "Tents"}, {"item": "C", "family": "Stoves"}
)
MARKETS = frame("market", {"market": "North", "region": "EU"}, {"market": "South", "region": "EU"}, {"market": "West", "region": "US"})


def measured(**tables: pl.DataFrame) -> pl.DataFrame:
    given = {"item": ITEMS, "market": MARKETS, "setting": setting(), **tables}
    made = kpi(*(given.get(name, DICTIONARY[name].empty()) for name in inspect.signature(kpi).parameters))
    assert not made.select(table("kpi").keys).is_duplicated().any()
    return made


def row(made: pl.DataFrame, kpi_name: str, level: str, subject: str = "", period: dt.date | None = None) -> dict[str, Any]:
    of = pl.col("period").is_null() if period is None else pl.col("period") == period
    return made.row(by_predicate=(pl.col("kpi") == kpi_name) & (pl.col("level") == level) & (pl.col("subject") == subject) & of, named=True)


def snapshot(as_of: dt.date, measure: str, *rows: tuple[str, str, dt.date, float]) -> pl.DataFrame:
    made = [
        {"as_of": as_of, "measure": measure, "item": item, "place": place, "period": period, "quantity": quantity}
        for item, place, period, quantity in rows
    ]
    return frame("plan_snapshot", *made)


def facts(name: str, place: str, *rows: tuple[str, str, dt.date, float]) -> pl.DataFrame:
    return frame(name, *({"item": item, place: at, "period": period, "quantity": quantity} for item, at, period, quantity in rows))


FORECAST = snapshot(
    dt.date(2026, 9, 12),
    "forecast",
    ("A", "North", OCTOBER, 110),
    ("B", "South", OCTOBER, 90),
    ("C", "West", OCTOBER, 50),
    ("A", "North", NOVEMBER, 999),
)
HISTORY = facts(
    "history",
    "market",
    ("A", "North", OCTOBER, 100),
    ("B", "South", OCTOBER, 60),
    ("C", "West", OCTOBER, 100),
    ("A", "North", NOVEMBER, 80),
)


def test_error_is_judged_by_family_at_the_lag_of_one_period() -> None:
    made = measured(plan_snapshot=FORECAST, history=HISTORY)
    assert row(made, "mape", "family", "Tents")["value"] == pytest.approx(40 / 160)
    assert row(made, "mape", "family", "Tents")["status"] == "missed"
    assert row(made, "mape", "family")["value"] == pytest.approx((40 / 160 + 0.5) / 2)
    assert row(made, "wmape", "family")["value"] == pytest.approx(90 / 260)
    assert row(made, "wmape", "item")["value"] == pytest.approx((10 + 30 + 50) / 260)
    assert row(made, "bias", "total")["value"] == pytest.approx(-10 / 260)
    assert row(made, "mape", "item")["status"] == "shown"
    assert row(made, "mape", "family", "", OCTOBER)["status"] == "shown"
    assert made.filter(pl.col("period") == NOVEMBER).is_empty()


def test_the_lag_follows_the_frozen_periods() -> None:
    calendar = {"as_of": AS_OF, "start": dt.date(2027, 1, 1), "horizon": 3, "frozen": 2}
    made = measured(plan_snapshot=FORECAST, history=HISTORY, setting=setting(calendar=calendar))
    assert row(made, "wmape", "family")["value"] == pytest.approx((999 - 80) / 80)
    assert row(made, "wmape", "family")["basis"].startswith("lag 2")


def test_review_may_be_by_family_and_region() -> None:
    made = measured(plan_snapshot=FORECAST, history=HISTORY, setting=setting(demand={"review": ("family", "region")}))
    assert row(made, "mape", "family, region", "Tents, EU")["value"] == pytest.approx(40 / 160)


def test_what_was_sold_and_not_forecast_counts() -> None:
    history = pl.concat([HISTORY, facts("history", "market", ("C", "North", OCTOBER, 40))])
    assert row(measured(plan_snapshot=FORECAST, history=history), "wmape", "item")["value"] == pytest.approx((10 + 30 + 90) / 300)


def test_attainment_against_its_target() -> None:
    plans = snapshot(dt.date(2026, 10, 12), "production", ("A", "Plant", NOVEMBER, 100), ("B", "Plant", NOVEMBER, 100))
    made = facts("production_actual", "location", ("A", "Plant", NOVEMBER, 120), ("B", "Plant", NOVEMBER, 60))
    table_ = measured(plan_snapshot=plans, production_actual=made)
    assert row(table_, "plan_attainment", "family", "Tents")["value"] == pytest.approx(0.9)
    assert row(table_, "plan_attainment", "family", "Tents")["status"] == "missed"
    assert row(table_, "mix_adherence", "family", "Tents")["value"] == pytest.approx(0.8)


def stock(*rows: tuple[str, dt.date, float, float, float | None]) -> pl.DataFrame:
    made = [
        {"item": item, "location": "Plant", "period": period, "opening": opening, "quantity": quantity, "target": target}
        for item, period, opening, quantity, target in rows
    ]
    return frame("inventory_plan", *made)


JANUARY, FEBRUARY, MARCH = (dt.date(2027, month, 1) for month in (1, 2, 3))
DEMAND = facts("demand_plan", "market", *(("A", "North", period, 31.0) for period in (JANUARY, FEBRUARY, MARCH)))


def test_stock_now_is_judged_on_either_side_of_its_target() -> None:
    plan = stock(("A", JANUARY, 45.5, 14.5, 14), ("A", FEBRUARY, 14.5, 0, 14), ("A", MARCH, 0, 0, 14))
    for target, status in ((6.2, "met"), (7.0, "missed"), (5.0, "missed"), (6.6, "met")):
        made = measured(inventory_plan=plan, demand_plan=DEMAND, setting=setting(targets={"weeks_of_supply": {"target": target}}))
        judged = row(made, "weeks_of_supply", "family", "Tents")
        assert judged["value"] == pytest.approx((31 + 28 * 14.5 / 31) / 7)
        assert judged["status"] == status


def test_the_target_of_cover_comes_from_inventory_targets_where_none_is_set() -> None:
    plan = stock(("A", JANUARY, 45.5, 14.5, 15.5), ("A", FEBRUARY, 14.5, 0, 15.5), ("A", MARCH, 0, 0, 15.5))
    made = measured(inventory_plan=plan, demand_plan=DEMAND)
    assert row(made, "weeks_of_supply", "family", "Tents")["target"] == pytest.approx(2.0)
    assert row(made, "weeks_of_supply", "family", "Tents", JANUARY)["value"] == pytest.approx(28 * 14.5 / 31 / 7)


def test_actual_stock_counts_before_planned_stock() -> None:
    plan = stock(("A", JANUARY, 45.5, 14.5, None))
    actual = facts("stock_actual", "location", ("A", "Plant", DECEMBER, 31))
    judged = row(measured(inventory_plan=plan, demand_plan=DEMAND, stock_actual=actual), "weeks_of_supply", "family", "Tents")
    assert judged["value"] == pytest.approx(31 / 7)
    assert judged["status"] == "shown"
    assert "No target is given" in judged["note"]


def test_delivery_is_judged_by_requested_date_with_the_others_beside_it() -> None:
    line = {"line": "1", "item": "A", "market": "North", "quantity": 10.0, "delivered_quantity": 10.0, "requested": dt.date(2026, 11, 10)}
    orders = frame(
        "order_line",
        {**line, "order": "1", "first_confirmed": dt.date(2026, 11, 12), "delivered": dt.date(2026, 11, 11)},
        {**line, "order": "2", "first_confirmed": dt.date(2026, 11, 12), "delivered": dt.date(2026, 11, 10)},
        {**line, "order": "3", "requested": dt.date(2026, 12, 20)},
    )
    made = measured(order_line=orders)
    assert (row(made, "otif", "family")["value"], row(made, "otif", "family")["status"]) == (0.5, "missed")
    assert (row(made, "otif_first_confirmed", "family")["value"], row(made, "otif_first_confirmed", "family")["status"]) == (1.0, "shown")
    assert row(made, "otif_last_confirmed", "family")["status"] == "no data"
    assert row(made, "otif", "family", "", NOVEMBER)["value"] == 0.5


def test_turns_leave_out_items_without_a_standard_cost() -> None:
    shipped = facts("shipment", "market", ("A", "North", NOVEMBER, 30), ("B", "North", NOVEMBER, 1000))
    held = facts("stock_actual", "location", ("A", "Plant", NOVEMBER, 60), ("B", "Plant", NOVEMBER, 1000))
    made = measured(shipment=shipped, stock_actual=held)
    assert row(made, "inventory_turns", "total")["value"] == pytest.approx(300 * 365 / 30 / 600)
    assert row(made, "days_of_inventory", "total")["value"] == pytest.approx(60)


def test_backtests_are_shown_as_means_over_series() -> None:
    choice = {"market": "North", "chosen": True}
    methods = frame(
        "method_choice",
        {**choice, "item": "A", "method": "trend", "error": 0.8, "wmape": 0.2, "bias": 0.1},
        {**choice, "item": "B", "method": "naive", "error": 1.0, "wmape": 0.4, "bias": -0.1},
        {**choice, "item": "C", "method": "mean"},
        {**choice, "item": "A", "method": "naive", "error": 9.0, "wmape": 9.0, "bias": 9.0, "chosen": False},
    )
    made = measured(method_choice=methods)
    assert row(made, "mase", "item, market")["value"] == pytest.approx(0.9)
    assert row(made, "mase", "item, market")["note"] == "1 series too short for a backtest left out."
    assert row(made, "backtest_bias", "item, market")["value"] == pytest.approx(0)


def test_nothing_given_is_no_data_and_names_the_table_to_give() -> None:
    made = measured()
    assert set(made["status"]) == {"no data"}
    assert row(made, "mape", "family")["note"] == "Give plan_snapshot (measure forecast) and history."
    assert row(made, "mape", "family")["target"] == 0.2
    assert row(made, "plan_attainment", "family")["note"] == "Give plan_snapshot (measure production) and production_actual."
    assert "order_line" in row(made, "otif", "family")["note"]


def test_periods_that_do_not_meet_are_said() -> None:
    late = snapshot(dt.date(2026, 12, 5), "forecast", ("A", "North", JANUARY, 10))
    assert "No period of plan_snapshot" in row(measured(plan_snapshot=late, history=HISTORY), "mape", "family")["note"]


def test_a_target_that_is_just_reached_is_met() -> None:
    history = facts("history", "market", ("A", "North", OCTOBER, 100))
    forecast = snapshot(dt.date(2026, 9, 12), "forecast", ("A", "North", OCTOBER, 120))
    assert row(measured(plan_snapshot=forecast, history=history), "mape", "family")["status"] == "met"
