"""Strategies worked by hand, in the ways that a textbook lays them out, and their order of cost for any company."""

from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from equipoise.supply import MODEL_TABLES, supply
from equipoise.tables import table
from equipoise.tables.setting import Setting, to_table
from tests.truth.company import MUST_SERVE_ON_TIME, demand, empty, money, month, rows, session
from tests.truth.everything import problem, row_texts


def planned(horizon: int, supply_setting: dict[str, Any], frozen: int = 0, /, **tables: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """The plan of a company; tables not given are empty."""
    setting = Setting.model_validate(
        {
            "plan": "strategies",
            "calendar": {"start": month(0), "horizon": horizon, "frozen": frozen},
            "supply": {"relative_gap": 0.0, **supply_setting},
        }
    )
    every = {name: table(name).conform(tables[name]) if name in tables else empty(name) for name in MODEL_TABLES if name != "setting"}
    return supply({**every, "setting": to_table(setting)}, session=session())


def quantities(
    result: dict[str, pl.DataFrame], name: str = "supply_plan", column: str = "quantity", horizon: int = 0, **where: str
) -> list[float]:
    """A column by period; 0 where a period has no row, if a horizon is given."""
    frame = result[name].filter(pl.all_horizontal(pl.lit(value=True), *(pl.col(key) == value for key, value in where.items())))
    found = dict(frame.select("period", column).iter_rows())
    return [found.get(month(t), 0.0) for t in range(horizon)] if horizon else [found[key] for key in sorted(found)]


ROOFING = [400.0, 300.0, 500.0, 900.0, 800.0, 700.0]


def roofing(strategy: str, **setting: Any) -> dict[str, pl.DataFrame]:
    """A roofer of 12 crew members who make 50 squares a month each: paid 1,000 a month, hired for 150, laid off for 200; stock costs 2."""
    crew = {
        "resource": "crew",
        "workers": 12.0,
        "hours_per_worker": 50.0,
        "wage_per_period": 1000.0,
        "hire_cost": 150.0,
        "layoff_cost": 200.0,
    }
    return planned(
        6,
        {"objective": "cost", "strategy": strategy, **MUST_SERVE_ON_TIME, **setting},
        item=rows({"item": "roof", "unit": "squares"}),
        location=rows({"location": "Yard"}),
        demand_plan=rows(*demand(ROOFING, item="roof")),
        resource=rows({"resource": "crew", "location": "Yard", "maximum_idle": 0.0}),
        route=rows({"route": "lay", "item": "roof", "location": "Yard"}),
        usage=rows({"activity": "make", "of": "lay", "resource": "crew", "quantity": 1.0}),
        workforce=rows(crew),
        inventory_policy=rows({"item": "roof", "location": "Yard", "holding_cost": 2.0}),
    )


@pytest.mark.parametrize(
    ("strategy", "made", "cost"),
    [
        # 72 crew months whatever the strategy: 72,000
        ("level_output", [600.0] * 6, 72_000 + 2 * (200 + 500 + 600 + 300 + 100)),
        ("level_workforce", [600.0] * 6, 72_000 + 2 * (200 + 500 + 600 + 300 + 100)),
        ("chase", ROOFING, 72_000 + 12 * 150 + 10 * 200),
        # the least first rate is 500: five months' demand of 2,900 is 3 x 500 + 2 x 700
        ("hybrid", [500.0] * 3 + [700.0] * 3, 72_000 + 2 * (100 + 300 + 300 + 100) + 2 * 200 + 4 * 150),
    ],
)
def test_a_roofer_levels_chases_and_steps(strategy: str, made: list[float], cost: float) -> None:
    result = roofing(strategy)
    assert quantities(result) == pytest.approx(made)
    assert money(result)["cost"] == pytest.approx(cost)
    assert result["violation"].is_empty()


def test_the_best_plan_of_the_roofer_costs_no_more_than_any_strategy() -> None:
    best, step = money(roofing("optimal"))["cost"], money(roofing("hybrid"))["cost"]
    assert best <= step + 1e-6 < money(roofing("level_output"))["cost"] < money(roofing("chase"))["cost"]
    assert money(roofing("hybrid", hybrid_periods=1))["cost"] == pytest.approx(money(roofing("optimal"))["cost"])
    assert money(roofing("hybrid", hybrid_periods=6))["cost"] == pytest.approx(money(roofing("level_output"))["cost"])


def test_hybrid_holds_its_crew_within_a_block() -> None:
    workers = quantities(roofing("hybrid"), "workforce_plan", "workers")
    assert workers == pytest.approx([10.0] * 3 + [14.0] * 3)


def test_the_rows_of_hybrid_are_those_of_level_by_block() -> None:
    texts = row_texts(problem("hybrid"))
    assert texts["level_output"] == row_texts(problem("level_output"))["level_output"]
    assert texts["level_workforce"] == row_texts(problem("level_workforce"))["level_workforce"]
    assert "level_workforce" not in row_texts(problem("level_output"))


def works(wanted: list[float], setting: dict[str, Any], frozen: int = 0, /, **more: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """Works makes bikes of two wheels each; wheels are made too, both on lines with plenty of time."""
    tables = {
        "item": rows({"item": "bike", "unit": "pieces", "unit_price": 100.0}, {"item": "wheel", "unit": "pieces"}),
        "location": rows({"location": "Works"}),
        "demand_plan": rows(*demand(wanted, item="bike", market="Town")),
        "resource": rows({"resource": "line", "location": "Works"}),
        "capacity": rows({"resource": "line", "regular": 500.0}),
        "route": rows({"route": "bikes", "item": "bike", "location": "Works"}, {"route": "wheels", "item": "wheel", "location": "Works"}),
        "usage": rows({"activity": "make", "of": "bikes", "resource": "line", "quantity": 1.0}),
        "bom": rows({"route": "bikes", "component": "wheel", "quantity": 2.0}),
        **more,
    }
    return planned(len(wanted), setting, frozen, **tables)


def opening(quantity: float) -> pl.DataFrame:
    return rows({"item": "bike", "location": "Works", "quantity": quantity})


def test_level_follows_bills_and_uses_up_opening_stock() -> None:
    result = works([20.0, 50.0, 80.0], {"strategy": "level_output"}, on_hand=opening(30.0))
    assert quantities(result, route="bikes") == pytest.approx([40.0] * 3)
    assert quantities(result, route="wheels") == pytest.approx([80.0] * 3)


def test_level_begins_after_the_frozen_fence_and_leaves_firm_plans_alone() -> None:
    firm = rows(
        *(
            {"kind": "production", "key": key, "period": month(t), "fixed": made}
            for key, t, made in (("bikes", 0, 10.0), ("wheels", 0, 20.0), ("bikes", 2, 70.0))
        )
    )
    result = works([10.0, 40.0, 60.0, 90.0], {"strategy": "level_output"}, 1, firm_plan=firm)
    assert quantities(result, route="bikes") == pytest.approx([10.0, 60.0, 70.0, 60.0])
    assert result["violation"].is_empty()


def test_level_skips_a_shutdown_and_periods_without_a_route() -> None:
    shut = rows({"resource": "line", "regular": 500.0}, {"resource": "line", "period": month(1), "regular": 0.0})
    result = works([30.0, 30.0, 30.0, 30.0], {"strategy": "level_output"}, capacity=shut)
    assert quantities(result, horizon=4, route="bikes") == pytest.approx([40.0, 0.0, 40.0, 40.0]) or quantities(
        result, horizon=4, route="bikes"
    ) == pytest.approx([60.0, 0.0, 60.0, 60.0])
    assert sum(quantities(result, "shortage", "lost")) == pytest.approx(0.0)
    late = rows(
        {"route": "bikes", "item": "bike", "location": "Works", "start": month(2)},
        {"route": "wheels", "item": "wheel", "location": "Works"},
    )
    begun = works([0.0, 0.0, 30.0, 50.0], {"strategy": "level_output"}, route=late)
    assert quantities(begun, horizon=4, route="bikes") == pytest.approx([0.0, 0.0, 40.0, 40.0])


def test_chase_makes_what_is_wanted_after_stock_receipts_and_firm_plans() -> None:
    receipt = rows({"item": "bike", "location": "Works", "period": month(1), "quantity": 100.0})
    result = works([50.0, 10.0, 60.0, 80.0], {"strategy": "chase"}, scheduled_receipt=receipt)
    assert quantities(result, horizon=4, route="bikes") == pytest.approx([50.0, 0.0, 0.0, 50.0])
    fixed = (("bikes", 130.0), ("wheels", 260.0))
    firm = rows(*({"kind": "production", "key": key, "period": month(0), "fixed": made} for key, made in fixed))
    fenced = works([50.0, 10.0, 90.0], {"strategy": "chase"}, 1, firm_plan=firm)
    assert quantities(fenced, horizon=3, route="bikes") == pytest.approx([130.0, 0.0, 20.0])
    assert result["violation"].is_empty()
    assert fenced["violation"].is_empty()


def test_chase_leaves_demand_short_rather_than_build_ahead() -> None:
    tight = rows({"resource": "line", "regular": 50.0})
    result = works([20.0, 50.0, 80.0], {"strategy": "chase"}, capacity=tight)
    assert quantities(result, route="bikes") == pytest.approx([20.0, 50.0, 50.0])
    assert quantities(result, "shortage", "lost") == pytest.approx([0.0, 0.0, 30.0])


def test_chase_does_not_swing_where_a_lead_time_ends_inside_a_period() -> None:
    slow = rows(
        {"route": "bikes", "item": "bike", "location": "Works", "lead_time": 20.0},
        {"route": "wheels", "item": "wheel", "location": "Works"},
    )
    result = works([30.0, 40.0, 30.0, 50.0, 30.0, 40.0], {"strategy": "chase"}, route=slow, on_hand=opening(30.0))
    assert result["violation"].is_empty()
    assert max(quantities(result, route="bikes")) < 100.0
    assert max(quantities(result, "inventory_plan", item="bike")) <= 0.25 * 50.0 + 1e-6


def test_chase_allows_the_rest_of_a_whole_lot() -> None:
    lots = rows(
        {"route": "bikes", "item": "bike", "location": "Works", "lot_multiple": 40.0},
        {"route": "wheels", "item": "wheel", "location": "Works"},
    )
    result = works([30.0, 30.0, 30.0], {"strategy": "chase", "integer": True, **MUST_SERVE_ON_TIME}, route=lots)
    assert quantities(result, horizon=3, route="bikes") == pytest.approx([40.0, 40.0, 40.0])
    assert result["violation"].is_empty()


def test_level_gives_way_before_customers_are_left_short_and_says_so() -> None:
    tight = rows({"resource": "line", "regular": 100.0}, {"resource": "line", "period": month(1), "regular": 20.0})
    result = works([60.0, 60.0, 60.0], {"strategy": "level_output", **MUST_SERVE_ON_TIME}, capacity=tight)
    assert quantities(result, route="bikes") == pytest.approx([100.0, 20.0, 60.0])
    assert set(result["violation"].get_column("rule")) == {"level output"}
    first = result["violation"].sort("period").get_column("sentence").item(0)
    assert first == "bike leaves its level rate by 40 pieces in 2027-01."


@st.composite
def companies(draw: st.DrawFn) -> dict[str, pl.DataFrame]:
    """One plant, two items on one line with overtime, a subcontractor, opening stock; horizon 4."""
    wanted = st.lists(st.integers(0, 60).map(float), min_size=4, max_size=4)
    price = st.integers(1, 30).map(float)
    return {
        "item": rows({"item": "bike", "unit_price": 60.0}, {"item": "kart", "unit_price": 90.0}, {"item": "wheel"}),
        "location": rows({"location": "Works"}),
        "demand_plan": rows(*(row for item in ("bike", "kart") for row in demand(draw(wanted), item=item, market="Town"))),
        "resource": rows({"resource": "line", "location": "Works", "regular_cost": draw(price), "overtime_cost": 30.0 + draw(price)}),
        "capacity": rows({"resource": "line", "regular": draw(st.integers(20, 120).map(float)), "overtime_limit": draw(price)}),
        "route": rows(*({"route": item, "item": item, "location": "Works"} for item in ("bike", "kart"))),
        "usage": rows(*({"activity": "make", "of": item, "resource": "line", "quantity": 1.0} for item in ("bike", "kart"))),
        "bom": rows({"route": "bike", "component": "wheel", "quantity": 2.0}),
        "purchase": rows(
            {"purchase": "wheels", "item": "wheel", "location": "Works", "unit_cost": draw(price)},
            {"purchase": "sub", "item": "kart", "location": "Works", "kind": "subcontract", "unit_cost": 40.0 + draw(price)},
        ),
        "on_hand": rows({"item": "bike", "location": "Works", "quantity": draw(price)}),
        "inventory_policy": rows(*({"item": item, "location": "Works", "holding_cost": draw(price) / 10} for item in ("bike", "kart"))),
        "demand_policy": rows({"backlog_allowed": draw(st.booleans()), "backlog_cost": draw(price)}),
    }


@given(companies())
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
def test_the_less_a_strategy_holds_the_more_the_plan_gains(company: dict[str, pl.DataFrame]) -> None:
    def gain(strategy: str, periods: int = 3) -> float:
        result = planned(4, {"strategy": strategy, "hybrid_periods": periods}, **company)
        assert result["violation"].is_empty()
        return float(dict(result["solution"].select("fact", "value").iter_rows())["objective"])

    best, halves, level = gain("optimal"), gain("hybrid", 2), gain("level_output")
    slack = 1e-5 * max(1.0, abs(best), abs(level))
    assert best >= halves - slack
    assert halves >= level - slack
    assert best >= gain("chase") - slack
    assert gain("hybrid", 1) == pytest.approx(best, abs=slack)
    assert gain("hybrid", 4) == pytest.approx(level, abs=slack)
