"""What the plan does where the tables leave it open: service first, nothing too early, shortage shared, and what limits it in words."""

from typing import Any

import polars as pl
import pytest

from tests.truth.company import demand, money, month, rows, solve


def factory(setting: dict[str, Any] | None = None, horizon: int = 3, **tables: pl.DataFrame) -> dict[str, pl.DataFrame]:
    base = {
        "item": rows({"item": "bike", "unit": "pieces"}),
        "location": rows({"location": "Works"}),
        "resource": rows({"resource": "line", "location": "Works", "unit": "hours"}),
        "capacity": rows({"resource": "line", "regular": 100.0}),
        "route": rows({"route": "make", "item": "bike", "location": "Works"}),
        "usage": rows({"activity": "make", "of": "make", "resource": "line", "quantity": 2.0}),
    }
    return solve(horizon, setting, **{**base, **tables})


def test_without_any_money_demand_is_served_and_limits_speak_of_units() -> None:
    result = factory(demand_plan=rows(*demand([60.0] * 3, item="bike")))
    assert result["shortage"].get_column("shipped").to_list() == pytest.approx([50.0] * 3)
    binding = result["binding"]
    assert binding.get_column("limit").unique().to_list() == ["capacity"]
    assert binding.get_column("value").null_count() == 3
    assert binding.get_column("sentence").item(0) == (
        "One more hour on line in 2027-01 would serve 0.50 more units of demand, up to 20 hours more;"
        " one hour less would leave 0.50 more short."
    )
    assert result["cost"].filter(pl.col("class") != "penalty").is_empty()


def test_a_binding_limit_is_worth_what_a_re_solve_says() -> None:
    def run(hours: float) -> dict[str, pl.DataFrame]:
        return factory(
            item=rows({"item": "bike", "unit_price": 30.0}),
            route=rows({"route": "make", "item": "bike", "location": "Works", "unit_cost": 12.0}),
            demand_plan=rows(*demand([60.0] * 3, item="bike")),
            demand_policy=rows({"item": "bike", "market": "market", "backlog_allowed": False, "lost_sale_cost": 1.0}),
            capacity=rows({"resource": "line", "regular": 100.0}, {"resource": "line", "period": month(2), "regular": hours}),
        )

    found = run(100.0)
    worth = found["binding"].filter(pl.col("period") == month(2)).get_column("value").item()
    assert worth == pytest.approx(money(run(101.0))["profit"] - money(found)["profit"])
    assert worth == pytest.approx((30.0 - 12.0 + 1.0) / 2)


def test_late_is_better_than_lost_and_early_than_late() -> None:
    result = factory(demand_plan=rows(*demand([20.0, 70.0, 40.0], item="bike")))
    shortage = result["shortage"]
    assert shortage.get_column("lost").sum() == 0
    assert shortage.get_column("backlog").sum() == 0
    assert result["supply_plan"].get_column("quantity").to_list() == pytest.approx([40.0, 50.0, 40.0])
    late = factory(demand_plan=rows(*demand([70.0, 20.0, 40.0], item="bike")))["shortage"]
    assert late.get_column("lost").sum() == 0
    assert late.get_column("backlog").to_list() == pytest.approx([20.0, 0.0, 0.0])


def test_equal_markets_are_left_short_by_the_same_share() -> None:
    markets = {"North": 60.0, "South": 30.0, "West": 10.0}
    result = factory(demand_plan=rows(*(row for market, size in markets.items() for row in demand([size] * 3, item="bike", market=market))))
    shares = result["shortage"].select(pl.col("shipped") / pl.col("demand")).to_series().to_list()
    assert shares == pytest.approx([0.5] * 9)


def test_the_market_with_the_lower_price_is_short_first() -> None:
    prices = {"North": 30.0, "South": 20.0}
    result = factory(
        demand_plan=rows(
            *(row for market, price in prices.items() for row in demand([40.0] * 3, item="bike", market=market, prices=[price] * 3))
        )
    )
    lost = dict(result["shortage"].group_by("market").agg(pl.col("lost").sum()).iter_rows())
    assert lost == pytest.approx({"North": 0.0, "South": 90.0})


def test_priority_decides_where_service_is_the_objective() -> None:
    ranks = {"North": 2, "South": 1}
    result = factory(
        {"objective": "service"},
        market=rows(*({"market": market, "priority": rank} for market, rank in ranks.items())),
        demand_plan=rows(*(row for market in ranks for row in demand([40.0] * 3, item="bike", market=market))),
    )
    lost = dict(result["shortage"].group_by("market").agg(pl.col("lost").sum()).iter_rows())
    assert lost == pytest.approx({"North": 90.0, "South": 0.0})


def test_equal_plants_share_the_work_by_their_capacity() -> None:
    result = factory(
        location=rows({"location": "East"}, {"location": "West"}),
        resource=rows({"resource": "East"}, {"resource": "West"}),
        capacity=rows({"resource": "East", "regular": 45.0}, {"resource": "West", "regular": 30.0}),
        route=rows(*({"route": place, "item": "bike", "location": place} for place in ("East", "West"))),
        usage=rows(*({"activity": "make", "of": place, "resource": place, "quantity": 1.0} for place in ("East", "West"))),
        demand_plan=rows(*demand([60.0] * 3, item="bike")),
    )
    assert result["capacity_load"].get_column("utilisation").to_list() == pytest.approx([0.8] * 6)


def test_regular_time_comes_before_overtime_and_own_work_before_a_subcontractor() -> None:
    result = factory(
        capacity=rows({"resource": "line", "regular": 100.0, "overtime_limit": 40.0}),
        purchase=rows({"purchase": "sub", "item": "bike", "location": "Works", "kind": "subcontract"}),
        demand_plan=rows(*demand([60.0, 60.0, 90.0], item="bike")),
    )
    load = result["capacity_load"]
    assert load.get_column("regular").to_list() == pytest.approx([100.0] * 3)
    assert load.get_column("overtime").sum() == pytest.approx(120.0)
    assert result["purchase_plan"].get_column("quantity").sum() == pytest.approx(0.0)


def test_a_lead_time_inside_a_month_splits_the_arrival() -> None:
    result = factory(
        route=rows({"route": "make", "item": "bike", "location": "Works", "lead_time": 15.5}),
        capacity=rows({"resource": "line", "regular": 1000.0}),
        demand_plan=rows(*demand([0.0, 10.0, 0.0], item="bike")),
    )
    plan = dict(result["supply_plan"].select("period", "quantity").iter_rows())
    assert plan[month(0)] + plan.get(month(1), 0.0) * (1 - 15.5 / 28) == pytest.approx(10.0)


def test_what_was_ordered_before_the_horizon_comes_only_as_scheduled_receipts() -> None:
    late: dict[str, Any] = {
        "purchase": rows({"purchase": "buy", "item": "bike", "location": "Works", "lead_time": 31.0}),
        "route": rows(),
        "usage": rows(),
    }
    plan = rows(*demand([10.0, 10.0, 10.0], item="bike"))
    assert factory(demand_plan=plan, **late)["shortage"].get_column("shipped").item(0) == 0
    waits = factory(demand_plan=plan, **late)["binding"].filter(pl.col("limit") == "material")
    assert waits.get_column("period").to_list() == [month(0)]
    assert (
        waits.get_column("sentence")
        .item()
        .startswith("Nothing more of bike can arrive at Works in 2027-01: one more piece there would serve")
    )
    due = rows({"item": "bike", "location": "Works", "period": month(0), "quantity": 10.0})
    assert factory(demand_plan=plan, scheduled_receipt=due, **late)["shortage"].get_column("shipped").item(0) == pytest.approx(10.0)


def test_standard_cost_is_the_cost_of_making_only_where_nothing_else_gives_one() -> None:
    item = rows({"item": "bike", "unit_cost": 7.0})
    plan = rows(*demand([10.0], item="bike"))
    bare = factory({"objective": "cost"}, 1, item=item, demand_plan=plan)
    assert money(bare)["cost"] == pytest.approx(70.0)
    paid = factory({"objective": "cost"}, 1, item=item, demand_plan=plan, resource=rows({"resource": "line", "regular_cost": 2.0}))
    assert money(paid)["cost"] == pytest.approx(40.0)


@pytest.mark.parametrize(
    ("strategy", "made"),
    [("level_output", [50.0, 50.0, 50.0]), ("chase", [20.0, 50.0, 80.0]), ("optimal", [20.0, 50.0, 80.0])],
)
def test_strategies(strategy: str, made: list[float]) -> None:
    result = factory(
        {"strategy": strategy},
        capacity=rows({"resource": "line", "regular": 200.0}),
        demand_plan=rows(*demand([20.0, 50.0, 80.0], item="bike")),
    )
    assert result["supply_plan"].get_column("quantity").to_list() == pytest.approx(made)
    assert result["violation"].is_empty()


def test_weeks_of_supply_walk_forward_through_coming_demand() -> None:
    result = factory(
        capacity=rows({"resource": "line", "regular": 1000.0}),
        demand_plan=rows(*demand([31.0, 28.0, 31.0], item="bike")),
        inventory_policy=rows({"item": "bike", "location": "Works", "weeks_of_supply": 2.0}),
    )
    stock = result["inventory_plan"]
    assert stock.get_column("target").to_list()[:2] == pytest.approx([14.0, 14.0])
    assert stock.get_column("weeks_of_supply").to_list()[:2] == pytest.approx([2.0, 2.0])


def test_cover_counts_dependent_demand() -> None:
    result = factory(
        item=rows({"item": "bike"}, {"item": "wheel"}),
        capacity=rows({"resource": "line", "regular": 1000.0}),
        bom=rows({"route": "make", "component": "wheel", "quantity": 2.0}),
        purchase=rows({"purchase": "wheels", "item": "wheel", "location": "Works"}),
        demand_plan=rows(*demand([31.0, 28.0, 31.0], item="bike")),
        inventory_policy=rows({"item": "wheel", "location": "Works", "weeks_of_supply": 1.0}),
    )
    wheel = result["inventory_plan"].filter(pl.col("item") == "wheel")
    assert wheel.get_column("target").to_list()[:2] == pytest.approx([14.0, 14.0])


def test_a_site_opens_only_where_it_pays() -> None:
    def run(opening: float) -> list[str]:
        result = factory(
            {"objective": "cost", "integer": True},
            1,
            location=rows({"location": "Works"}, {"location": "Near", "is_open": False, "opening_cost": opening}),
            capacity=rows({"resource": "line", "regular": 1000.0}),
            lane=rows(
                {"lane": "far", "from": "Works", "to": "market", "unit_cost": 9.0},
                {"lane": "hop", "from": "Works", "to": "Near", "unit_cost": 2.0},
                {"lane": "near", "from": "Near", "to": "market", "unit_cost": 1.0},
            ),
            demand_plan=rows(*demand([10.0], item="bike")),
        )
        return result["shipment_plan"].get_column("lane").to_list()

    assert run(50.0) == ["near"]
    assert run(70.0) == ["far"]


def test_co_output_yield_and_components_balance() -> None:
    result = factory(
        {"objective": "cost"},
        1,
        item=rows({"item": "bike"}, {"item": "frame"}, {"item": "scrap steel"}),
        route=rows({"route": "make", "item": "bike", "location": "Works", "yield": 0.8}),
        bom=rows({"route": "make", "component": "frame", "quantity": 1.0}),
        co_output=rows({"route": "make", "item": "scrap steel", "quantity": 0.5}),
        on_hand=rows({"item": "frame", "location": "Works", "quantity": 20.0}),
        demand_plan=rows(*demand([12.0], item="bike")),
    )
    assert result["supply_plan"].get_column("quantity").item() == pytest.approx(15.0)
    stock = dict(result["inventory_plan"].select("item", "quantity").iter_rows())
    assert stock == pytest.approx({"bike": 0.0, "frame": 5.0, "scrap steel": 7.5})
