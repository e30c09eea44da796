"""Inventory targets from tables: windows by the day, errors by market and bill, lead times, what cannot be known, the plan."""

import datetime as dt
import math
from statistics import NormalDist
from typing import Any

import numpy as np
import polars as pl
import pytest

from equipoise.dimensions.calendar import Calendar
from equipoise.supply import MODEL_TABLES, inventory_target, supply
from equipoise.supply.inventory_targets.forecast_error import error_growth, lag_factor
from equipoise.tables import table
from equipoise.tables.setting import Setting, to_table

MONDAY = dt.date(2027, 1, 4)
TENTH = NormalDist().inv_cdf(0.9)
Z95 = NormalDist().inv_cdf(0.95)

Rows = list[dict[str, Any]]


def settings(cadence: str = "week", start: dt.date = MONDAY, horizon: int = 8, **supply_settings: Any) -> Setting:
    return Setting.model_validate(
        {"plan": "p", "calendar": {"cadence": cadence, "start": start, "horizon": horizon}, "supply": supply_settings}
    )


def plan(setting: Setting, quantity: float | list[float], deviation: float | None, item: str = "A", market: str = "M") -> Rows:
    """Demand of every period; `deviation` is the standard deviation of a period's error."""
    calendar = Calendar.from_setting(setting.calendar)
    quantities = [quantity] * calendar.horizon if isinstance(quantity, float | int) else quantity
    wide = None if deviation is None else TENTH * deviation
    return [
        {
            "item": item,
            "market": market,
            "period": period,
            "quantity": float(one),
            "p10": None if wide is None else one - wide,
            "p90": None if wide is None else one + wide,
        }
        for period, one in zip(calendar.periods, quantities, strict=True)
    ]


def tables(setting: Setting, **given: Rows) -> dict[str, pl.DataFrame]:
    """Tables of a plan: item A bought at W in 14 days, 95 % of cycles, where nothing else is given."""
    base: dict[str, Rows] = {
        "item": [{"item": "A", "unit": "pieces"}],
        "purchase": [{"purchase": "buy A", "item": "A", "location": "W", "lead_time": 14.0}],
        "inventory_policy": [{"item": "A", "location": "W", "service_level": 0.95}],
    }
    frames = {name: table(name).conform(pl.from_dicts(rows, infer_schema_length=None)) for name, rows in {**base, **given}.items() if rows}
    empty = {name: table(name).empty() for name in MODEL_TABLES if name != "setting"}
    return {**empty, **frames, "setting": to_table(setting)}


def target(setting: Setting, **given: Rows) -> pl.DataFrame:
    return inventory_target(tables(setting, **given))


def first(frame: pl.DataFrame, column: str, item: str = "A", location: str = "W") -> Any:
    return frame.filter(item=item, location=location).get_column(column)[0]


def test_by_the_week_with_a_variable_lead_time() -> None:
    """100 a day, error 30 a day, 14 days (deviation 3) and a week of review: 1.645 x the root of 21 x 900 + 10,000 x 9."""
    setting = settings()
    found = target(
        setting,
        demand_plan=plan(setting, 700.0, 30 * math.sqrt(7)),
        purchase=[{"purchase": "buy A", "item": "A", "location": "W", "lead_time": 14.0, "lead_time_deviation": 3.0}],
    )
    assert found.height == 8
    stock = Z95 * math.sqrt(21 * 900 + 10_000 * 9)
    assert found.get_column("safety_stock").to_list() == pytest.approx([stock] * 8)
    assert found.get_column("base_stock").to_list() == pytest.approx([2100 + stock] * 8)
    assert found.get_column("demand").to_list() == pytest.approx([100.0] * 8)
    assert found.get_column("demand_deviation").to_list() == pytest.approx([30.0] * 8)
    assert found.get_column("weeks_of_supply").to_list() == pytest.approx([stock / 700] * 8)
    row = found.row(0, named=True)
    assert (row["service_measure"], row["lead_time"], row["lead_time_deviation"], row["review_time"]) == ("cycles", 14.0, 3.0, 7.0)
    assert row["sentence"] == (
        "For 95 % of cycles without a stockout: 1.645 x √(21 days x 30² + 100² x 3²) = 543 pieces. Lead time 14 days (deviation 3) by "
        "purchase buy A, review 7 days; demand 100 a day, forecast error 30 a day."
    )


def test_months_have_their_days_and_windows_end_inside_them() -> None:
    """January to April with 310, 280, 620 and 300: January's window is its 31 days and half of February."""
    setting = settings("month", dt.date(2027, 1, 1), 4)
    found = target(setting, demand_plan=plan(setting, [310.0, 280.0, 620.0, 300.0], 50.0))
    assert found.get_column("review_time").to_list() == [31.0, 28.0, 31.0, 30.0]
    after = sum((310, 280, 620, 300)) / 4  # a period after the horizon has the average of it
    expected = [310 + 14 / 28 * 280, 280 + 14 / 31 * 620, 620 + 14 / 30 * 300, 300 + 14 / 31 * after]
    assert (found.get_column("base_stock") - found.get_column("safety_stock")).to_list() == pytest.approx(expected)
    days = [31, 28, 31, 30, 31]
    spread = [math.sqrt(2500 * (1 + 14 / later)) for later in days[1:]]
    assert found.get_column("safety_stock").to_list() == pytest.approx([Z95 * one for one in spread])


def test_four_four_five_periods_have_four_and_five_weeks() -> None:
    setting = settings("4-4-5", dt.date(2027, 1, 4), 3)
    found = target(
        setting, demand_plan=plan(setting, [280.0, 280.0, 350.0], 40.0), purchase=[{"purchase": "buy A", "item": "A", "location": "W"}]
    )
    assert found.get_column("review_time").to_list() == [28.0, 28.0, 35.0]
    assert found.get_column("demand").to_list() == pytest.approx([10.0] * 3)
    assert found.get_column("safety_stock").to_list() == pytest.approx([Z95 * 40] * 3)


def test_quarters_have_their_days() -> None:
    setting = settings("quarter", dt.date(2027, 1, 1), 2)
    found = target(setting, demand_plan=plan(setting, [900.0, 910.0], 60.0), purchase=[{"purchase": "buy A", "item": "A", "location": "W"}])
    assert found.get_column("review_time").to_list() == [90.0, 91.0]
    assert found.get_column("safety_stock").to_list() == pytest.approx([Z95 * 60] * 2)


def test_a_season_repeats_after_a_horizon_of_a_year() -> None:
    setting = settings("month", dt.date(2027, 1, 1), 12)
    found = target(setting, demand_plan=plan(setting, [310.0] + [100.0] * 11, 5.0))
    last = found.row(11, named=True)
    assert last["base_stock"] - last["safety_stock"] == pytest.approx(100 + 14 / 31 * 310)


def test_review_time_is_a_setting_and_may_be_nothing() -> None:
    setting = settings(review_time=0)
    found = target(setting, demand_plan=plan(setting, 700.0, 30 * math.sqrt(7)))
    assert first(found, "safety_stock") == pytest.approx(Z95 * 30 * math.sqrt(14))
    at_once = target(
        setting,
        demand_plan=plan(setting, 700.0, 30 * math.sqrt(7)),
        purchase=[{"purchase": "buy A", "item": "A", "location": "W", "lead_time": 0.0}],
    )
    assert first(at_once, "safety_stock") == 0.0
    assert first(at_once, "base_stock") == 0.0
    assert first(at_once, "demand") == pytest.approx(100.0)


def test_markets_of_one_location_add_as_independent() -> None:
    setting = settings()
    rows = plan(setting, 700.0, 300.0, market="M") + plan(setting, 350.0, 400.0, market="N")
    found = target(setting, demand_plan=rows)
    assert first(found, "demand_deviation") == pytest.approx(500 / math.sqrt(7))
    assert first(found, "demand") == pytest.approx(150.0)


def test_the_error_of_a_component_follows_its_parents_along_all_paths() -> None:
    """B and C both go into A (1 and 3), D into both (2 and 1): A takes 2 + 3 = 5 of D, one error; spares of D add as independent."""
    setting = settings()
    found = target(
        setting,
        demand_plan=plan(setting, 700.0, 40.0) + plan(setting, 70.0, 150.0, item="D"),
        item=[{"item": name} for name in "ABCD"],
        purchase=[{"purchase": "buy D", "item": "D", "location": "W", "lead_time": 7.0}],
        route=[{"route": f"make {name}", "item": name, "location": "W"} for name in "ABC"],
        bom=[
            {"route": "make A", "component": "B", "quantity": 1.0},
            {"route": "make A", "component": "C", "quantity": 3.0},
            {"route": "make B", "component": "D", "quantity": 2.0},
            {"route": "make C", "component": "D", "quantity": 1.0},
        ],
        inventory_policy=[{"item": name, "location": "W", "service_level": 0.95} for name in "AD"],
    )
    assert first(found, "demand_deviation", "D") == pytest.approx(math.hypot(5 * 40, 150) / math.sqrt(7))
    assert first(found, "demand", "D") == pytest.approx((5 * 700 + 70) / 7)
    assert first(found, "demand_deviation", "A") == pytest.approx(40 / math.sqrt(7))


def test_demand_that_two_locations_share_brings_each_its_part_of_the_error() -> None:
    setting = settings()
    found = target(
        setting,
        demand_plan=plan(setting, 700.0, 40.0),
        purchase=[{"purchase": f"buy {place}", "item": "A", "location": place, "lead_time": 7.0} for place in "WV"],
        inventory_policy=[{"item": "A", "service_level": 0.95}],
    )
    assert found.get_column("location").unique().sort().to_list() == ["V", "W"]
    for place in "VW":
        assert first(found, "demand_deviation", location=place) == pytest.approx(20 / math.sqrt(7))


def test_the_slowest_way_counts_and_a_lane_of_its_own_row_wins() -> None:
    setting = settings()
    found = target(
        setting,
        demand_plan=plan(setting, 700.0, 40.0),
        location=[{"location": name} for name in "WXY"],
        purchase=[{"purchase": f"buy {place}", "item": "A", "location": place, "lead_time": 30.0} for place in "XY"],
        lane=[
            {"lane": "X to W", "from": "X", "to": "W", "lead_time": 5.0, "lead_time_deviation": 1.0},
            {"lane": "X to W", "item": "A", "from": "X", "to": "W", "lead_time_deviation": 2.0},
            {"lane": "Y to W", "from": "Y", "to": "W", "lead_time": 4.0, "lead_time_deviation": 9.0},
            {"lane": "W to M", "from": "W", "to": "M"},
        ],
    )
    assert (first(found, "lead_time"), first(found, "lead_time_deviation")) == (5.0, 2.0)
    assert "by lane X to W" in first(found, "sentence")


def test_out_of_season_the_lead_time_is_that_of_the_season() -> None:
    setting = settings()
    found = target(
        setting,
        demand_plan=plan(setting, 700.0, 40.0),
        purchase=[],
        route=[{"route": "make A", "item": "A", "location": "W", "lead_time": 3.0, "end": dt.date(2027, 1, 20)}],
    )
    assert found.get_column("lead_time").to_list() == [3.0] * 8


def test_what_comes_out_beside_has_the_lead_time_of_its_route() -> None:
    setting = settings()
    found = target(
        setting,
        item=[{"item": "A"}, {"item": "B"}],
        demand_plan=plan(setting, 70.0, 7.0) + plan(setting, 70.0, 7.0, item="B"),
        purchase=[],
        route=[{"route": "make A", "item": "A", "location": "W", "lead_time": 3.0}],
        co_output=[{"route": "make A", "item": "B", "quantity": 0.5}],
        inventory_policy=[{"item": "B", "location": "W", "service_level": 0.9}],
    )
    assert first(found, "lead_time", "B") == 3.0


def test_a_full_or_no_service_level() -> None:
    setting = settings()
    policy = [{"item": "A", "location": "W", "service_level": 1.0}, {"item": "B", "location": "W", "service_level": 0.0}]
    found = target(
        setting,
        item=[{"item": "A"}, {"item": "B"}],
        demand_plan=plan(setting, 700.0, 40.0) + plan(setting, 700.0, 40.0, item="B"),
        purchase=[{"purchase": f"buy {name}", "item": name, "location": "W"} for name in "AB"],
        inventory_policy=policy,
    )
    assert first(found, "safety_stock") is None
    assert first(found, "base_stock") is None
    assert first(found, "sentence").startswith("No stock is enough for a service level of 100 %")
    assert first(found, "safety_stock", "B") == 0.0


def test_without_a_known_error_nothing_is_invented() -> None:
    setting = settings()
    found = target(setting, demand_plan=plan(setting, 700.0, 40.0) + plan(setting, 70.0, None, market="N"))
    assert found.get_column("safety_stock").null_count() == 8
    assert found.get_column("base_stock").null_count() == 8
    assert first(found, "demand") == pytest.approx(110.0)
    assert first(found, "sentence") == (
        "No forecast error is known for 210 of the 2310 pieces expected in lead and review time (p10 and p90 of their demand plan are "
        "empty): no safety stock is worked out."
    )


def test_an_unknown_error_counts_only_where_it_is_in_the_window() -> None:
    setting = settings()
    late = [{**row, "quantity": 0.0 if number < 6 else 10.0} for number, row in enumerate(plan(setting, 0.0, None, market="N"))]
    found = target(setting, demand_plan=plan(setting, 700.0, 40.0) + late)
    assert found.get_column("safety_stock").is_null().to_list() == [False] * 4 + [True] * 4


def test_a_point_that_nothing_supplies_has_no_lead_time() -> None:
    setting = settings()
    found = target(
        setting,
        demand_plan=plan(setting, 700.0, 40.0),
        purchase=[],
        on_hand=[{"item": "A", "location": "W", "quantity": 50.0}],
    )
    assert first(found, "safety_stock") is None
    assert first(found, "sentence").startswith("Nothing supplies A at W")


def test_without_expected_demand_no_safety_stock_is_needed() -> None:
    setting = settings()
    found = target(setting, demand_plan=plan(setting, 0.0, 0.0))
    assert found.get_column("safety_stock").to_list() == [0.0] * 8
    assert "nothing is expected" in first(found, "sentence")


def test_a_cut_off_lower_half_does_not_halve_the_error() -> None:
    setting = settings()
    rows = [{**row, "p10": 0.0} for row in plan(setting, 5.0, 40.0)]
    assert first(target(setting, demand_plan=rows), "demand_deviation") == pytest.approx(40 / math.sqrt(7))
    ordered = [{**row, "p10": 5.0, "orders": 5.0} for row in plan(setting, 5.0, 40.0)]
    assert first(target(setting, demand_plan=ordered), "demand_deviation") == pytest.approx(40 / math.sqrt(7))


def test_a_scenario_that_scales_demand_leaves_its_error_as_it_is() -> None:
    """Overrides of the demand plan change its quantity and not its interval."""
    setting = settings()
    for factor in (0.5, 1.5):
        rows = [{**row, "quantity": factor * row["quantity"]} for row in plan(setting, 700.0, 40.0)]
        assert first(target(setting, demand_plan=rows), "demand_deviation") == pytest.approx(40 / math.sqrt(7))


def test_no_policy_with_a_level_and_no_tables_at_all_give_an_empty_table() -> None:
    setting = settings()
    assert target(setting, inventory_policy=[{"item": "A", "location": "W", "safety_stock": 5.0}]).is_empty()
    assert target(setting, inventory_policy=[{"item": "unknown", "location": "W", "service_level": 0.9}]).is_empty()
    assert inventory_target({"setting": to_table(setting)}).is_empty()


def test_one_period_and_an_endless_lead_time_do_no_harm() -> None:
    setting = settings(horizon=1)
    far = [{"purchase": "buy A", "item": "A", "location": "W", "lead_time": 70_000.0}]
    found = target(setting, demand_plan=plan(setting, 700.0, 30 * math.sqrt(7)), purchase=far)
    assert first(found, "demand") == pytest.approx(100.0)
    assert first(found, "safety_stock") == pytest.approx(Z95 * 30 * math.sqrt(70_007))


def test_dated_policies_hold_in_their_periods_only() -> None:
    setting = settings()
    dated = [{"item": "A", "location": "W", "period": MONDAY + dt.timedelta(weeks=2), "service_level": 0.5}]
    found = target(setting, demand_plan=plan(setting, 700.0, 40.0), inventory_policy=dated)
    assert found.select("period", "safety_stock").rows() == [(MONDAY + dt.timedelta(weeks=2), 0.0)]


def test_growth_with_the_lag_is_found_and_not_mistaken() -> None:
    lag = np.arange(1, 13)
    flat, steady = np.full((3, 12), 100.0), np.full((3, 12), 8.0)
    assert error_growth(8.0 * np.sqrt(lag) * np.ones((3, 1)), flat) == pytest.approx(0.5)
    assert error_growth(steady, flat) == pytest.approx(0.0, abs=1e-12)
    assert error_growth(0.2 * flat * lag, flat * lag) == pytest.approx(0.0, abs=1e-12)  # it only follows demand
    assert error_growth(np.zeros((3, 12)), flat) == 0.0
    assert error_growth(np.zeros((0, 12)), np.zeros((0, 12))) == 0.0
    assert error_growth(steady[:, :2], flat[:, :2]) == 0.0


def test_the_mean_variance_over_the_lags_of_a_window() -> None:
    periods = np.array([0.5, 1.0, 2.0, 2.5])
    assert lag_factor(periods, 0.5).tolist() == pytest.approx([1.0, 1.0, 1.5, (1 + 2 + 0.5 * 3) / 2.5])
    assert lag_factor(periods, 0.0).tolist() == [1.0] * 4


def test_a_late_period_is_safe_against_the_error_of_its_own_lead_time() -> None:
    """Intervals that widen like a random walk: every period has the error of one period ahead where lead and review time are one."""
    setting = settings()
    rows = [
        {**row, "p10": 700 - TENTH * 40 * math.sqrt(lag), "p90": 700 + TENTH * 40 * math.sqrt(lag)}
        for lag, row in enumerate(plan(setting, 700.0, 0.0), start=1)
    ]
    found = target(setting, demand_plan=rows, purchase=[{"purchase": "buy A", "item": "A", "location": "W"}])
    assert found.get_column("safety_stock").to_list() == pytest.approx([Z95 * 40] * 8)


def planned(setting: Setting, policy: dict[str, Any], **given: Rows) -> pl.DataFrame:
    """The inventory plan with the targets that the step makes."""
    frames = tables(
        setting,
        demand_plan=plan(setting, 700.0, 40.0),
        purchase=[{"purchase": "buy A", "item": "A", "location": "W"}],
        inventory_policy=[{"item": "A", "location": "W", **policy}],
        **given,
    )
    return supply({**frames, "inventory_target": inventory_target(frames)})["inventory_plan"]


def test_the_plan_holds_the_safety_stock_of_the_service_level() -> None:
    stock = planned(settings(horizon=3), {"service_level": 0.95})
    assert stock.get_column("target").to_list() == pytest.approx([Z95 * 40] * 3)
    assert stock.get_column("quantity").to_list() == pytest.approx([Z95 * 40] * 3)


def test_a_given_safety_stock_wins_and_weeks_of_supply_add() -> None:
    given = planned(settings(horizon=3), {"service_level": 0.95, "safety_stock": 10.0})
    assert given.get_column("target").to_list() == pytest.approx([10.0] * 3)
    weeks = planned(settings(horizon=3), {"service_level": 0.95, "weeks_of_supply": 1.0})
    assert weeks.get_column("target").to_list() == pytest.approx([700.0] * 3)
    little = planned(settings(horizon=3), {"service_level": 0.95, "weeks_of_supply": 0.01})
    assert little.get_column("target").to_list() == pytest.approx([Z95 * 40] * 3)


def test_a_given_safety_stock_is_named_in_the_sentence() -> None:
    setting = settings()
    policy = [{"item": "A", "location": "W", "service_level": 0.95, "safety_stock": 12.0}]
    found = target(setting, demand_plan=plan(setting, 700.0, 40.0), inventory_policy=policy)
    assert first(found, "sentence").endswith("The policy gives a safety stock of 12, which the plan holds instead.")


def test_with_a_price_the_target_may_be_missed() -> None:
    setting = settings(horizon=3)
    limit: Rows = [{"purchase": "buy A", "maximum": 700.0}]
    soft = planned(setting, {"service_level": 0.95, "shortfall_cost": 1.0}, purchase_limit=limit)
    assert soft.get_column("shortfall").to_list() == pytest.approx([Z95 * 40] * 3)


def test_rows_in_another_order_give_the_same_targets_to_the_bit() -> None:
    setting = settings()
    rows = plan(setting, 700.0, 300.0, market="M") + plan(setting, 350.0, 400.0, market="N") + plan(setting, 33.0, 21.0, market="O")
    here = target(setting, demand_plan=rows)
    there = target(setting, demand_plan=rows[::-1])
    assert here.equals(there)
