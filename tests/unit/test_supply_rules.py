"""Rules that cannot all hold: always an answer, targets give way first, and what gives way is listed in words."""

from typing import Any

import polars as pl
import pytest

from equipoise.errors import SolverError
from tests.truth.company import MUST_SERVE_ON_TIME, demand, month, rows, solve


def shop(quantities: list[float], setting: dict[str, Any] | None = None, **more: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """A shop that makes tables on one line of 100 hours a month, an hour each."""
    tables = {
        "item": rows({"item": "table", "unit": "pieces", "unit_price": 10.0, "unit_cost": 4.0}),
        "location": rows({"location": "Shop"}),
        "demand_plan": rows(*demand(quantities, item="table", market="Town")),
        "resource": rows({"resource": "line", "location": "Shop"}),
        "capacity": rows({"resource": "line", "regular": 100.0}),
        "route": rows({"route": "make", "item": "table", "location": "Shop"}),
        "usage": rows({"activity": "make", "of": "make", "resource": "line", "quantity": 1.0}),
        **more,
    }
    return solve(len(quantities), setting, **tables)


def policy(**columns: Any) -> pl.DataFrame:
    return rows({"item": "table", "location": "Shop", **columns})


def total(result: dict[str, pl.DataFrame], table: str, column: str) -> float:
    return float(result[table].get_column(column).sum())


def test_opening_stock_below_safety_stock_is_rebuilt_and_listed() -> None:
    result = shop([90.0, 90.0, 90.0], inventory_policy=policy(safety_stock=115.0))
    stock = result["inventory_plan"].get_column("quantity").to_list()
    assert total(result, "shortage", "lost") == 0
    assert stock == pytest.approx([10.0, 20.0, 30.0])
    missing = result["violation"]
    assert missing.get_column("rule").to_list() == ["target stock"] * 3
    assert missing.get_column("quantity").to_list() == pytest.approx([105.0, 95.0, 85.0])
    assert missing.get_column("sentence").item(0) == "table at Shop is 105 pieces below its target stock in 2027-01."


def test_a_target_that_can_hold_is_kept() -> None:
    result = shop(
        [90.0, 90.0, 90.0],
        inventory_policy=policy(safety_stock=30.0),
        on_hand=rows({"item": "table", "location": "Shop", "quantity": 30.0}),
    )
    assert result["violation"].is_empty()
    assert min(result["inventory_plan"].get_column("quantity")) == pytest.approx(30.0)


def test_a_priced_target_is_missed_where_that_pays_and_breaks_no_rule() -> None:
    result = shop([100.0, 100.0], inventory_policy=policy(safety_stock=20.0, shortfall_cost=1.0))
    assert result["violation"].is_empty()
    assert total(result, "shortage", "lost") == 0
    assert total(result, "inventory_plan", "shortfall") == pytest.approx(40.0)
    terms = dict(result["cost"].group_by("term").agg(pl.col("amount").sum()).iter_rows())
    assert terms["stock_shortfall"] == pytest.approx(-40.0)


def test_the_horizon_does_not_end_below_a_priced_target() -> None:
    result = shop([50.0, 50.0, 50.0], inventory_policy=policy(safety_stock=20.0, shortfall_cost=0.1))
    assert result["inventory_plan"].get_column("quantity").item(2) == pytest.approx(20.0)
    free = shop([50.0, 50.0, 50.0], inventory_policy=policy(safety_stock=20.0, shortfall_cost=0.1, ending_minimum=0.0))
    assert free["inventory_plan"].get_column("quantity").item(2) == pytest.approx(0.0)


def test_demand_that_must_be_served_is_short_before_capacity_gives_way() -> None:
    result = shop([150.0, 40.0], MUST_SERVE_ON_TIME)
    assert result["violation"].get_column("rule").to_list() == ["demand that must be served"]
    assert result["violation"].get_column("quantity").item() == pytest.approx(50.0)
    assert max(result["capacity_load"].get_column("load")) == pytest.approx(100.0)


def test_a_contract_above_all_demand_is_bought_where_stock_has_room() -> None:
    tables: dict[str, Any] = {
        "purchase": rows({"purchase": "trade", "item": "table", "location": "Shop", "unit_cost": 6.0}),
        "purchase_limit": rows({"purchase": "trade", "minimum": 200.0}),
    }
    free = shop([50.0, 50.0], **tables)
    assert free["violation"].is_empty()
    assert total(free, "purchase_plan", "quantity") == pytest.approx(400.0)
    full = shop([50.0, 50.0], inventory_policy=policy(maximum=100.0), **tables)
    assert full["violation"].get_column("rule").unique().to_list() == ["maximum stock"]


def test_a_firm_plan_above_capacity_gives_way_to_capacity() -> None:
    firm = rows({"kind": "production", "key": "make", "period": month(0), "fixed": 130.0})
    result = shop([50.0, 50.0], firm_plan=firm)
    assert result["violation"].get_column("rule").to_list() == ["firm production"]
    assert result["violation"].get_column("quantity").item() == pytest.approx(30.0)
    assert result["supply_plan"].get_column("quantity").item(0) == pytest.approx(100.0)


def test_a_given_plan_is_obeyed_and_its_overload_listed() -> None:
    firm = rows(*({"kind": "production", "key": "make", "period": month(t), "fixed": 130.0} for t in range(2)))
    result = shop([50.0, 50.0], {"strategy": "given"}, firm_plan=firm)
    assert result["supply_plan"].get_column("quantity").to_list() == pytest.approx([130.0, 130.0])
    assert result["violation"].get_column("rule").to_list() == ["capacity"] * 2
    assert result["capacity_load"].get_column("utilisation").to_list() == pytest.approx([1.3, 1.3])


def test_a_firm_plan_that_names_nothing_is_listed() -> None:
    firm = rows({"kind": "production", "key": "no such route", "period": month(0), "fixed": 5.0})
    sentence = shop([5.0], firm_plan=firm)["violation"].get_column("sentence").item()
    assert sentence == "The firm production of no such route in 2027-01 cannot be obeyed: nothing of that name can happen then."


def test_a_least_above_its_most_is_listed_and_the_most_holds() -> None:
    tables: dict[str, Any] = {
        "purchase": rows({"purchase": "trade", "item": "table", "location": "Shop", "unit_cost": 3.0}),
        "purchase_limit": rows({"purchase": "trade", "minimum": 60.0, "maximum": 40.0}),
    }
    result = shop([200.0], **tables)
    assert total(result, "purchase_plan", "quantity") == pytest.approx(40.0)
    assert result["violation"].get_column("quantity").item() == pytest.approx(20.0)


def test_an_item_without_any_source_is_short_and_says_so() -> None:
    tables: dict[str, Any] = {
        "item": rows({"item": "table", "unit_price": 10.0}, {"item": "lamp", "unit_price": 5.0, "unit_cost": 1.0}),
        "demand_plan": rows(*demand([10.0], item="table", market="Town"), *demand([7.0], item="lamp", market="Town")),
    }
    result = shop([10.0], **tables)
    lamp = result["shortage"].filter(pl.col("item") == "lamp")
    assert lamp.get_column("shipped").item() == 0
    assert lamp.get_column("lost").item() + lamp.get_column("backlog").item() == pytest.approx(7.0)
    found = result["binding"].filter(pl.col("limit") == "no source")
    assert found.get_column("sentence").item() == "Nothing brings lamp to Town: all its demand is short."


def test_a_profit_without_bound_is_an_error_that_says_what_to_do() -> None:
    with pytest.raises(SolverError, match="no bound") as caught:
        shop([10.0], purchase=rows({"purchase": "gift", "item": "table", "location": "Shop", "unit_cost": -1.0}))
    assert "negative cost" in caught.value.fix


def test_nothing_to_plan_gives_empty_tables() -> None:
    result = solve(3)
    assert result["supply_plan"].is_empty()
    assert result["shortage"].is_empty()
    assert result["solution"].filter(pl.col("fact") == "status").get_column("value").item() == "optimal"


def test_the_frozen_fence_holds_what_the_firm_plan_does_not_name() -> None:
    firm = rows({"kind": "production", "key": "make", "period": month(0), "fixed": 20.0})
    other = rows(
        {"route": "make", "item": "table", "location": "Shop"}, {"route": "rush", "item": "table", "location": "Shop", "unit_cost": 0.1}
    )
    from equipoise.supply import supply
    from equipoise.tables import table
    from equipoise.tables.setting import Setting, to_table
    from tests.truth.company import TABLES

    given = {
        "item": rows({"item": "table", "unit_price": 10.0}),
        "location": rows({"location": "Shop"}),
        "demand_plan": rows(*demand([50.0, 50.0], item="table", market="Town")),
        "route": other,
        "firm_plan": firm,
    }
    setting = Setting.model_validate({"plan": "fence", "calendar": {"start": month(0), "horizon": 2, "frozen": 1}})
    frames = {name: table(name).conform(given[name]) if name in given else table(name).empty() for name in TABLES}
    result = supply({**frames, "setting": to_table(setting)})
    first = result["supply_plan"].filter(pl.col("period") == month(0))
    assert dict(first.select("route", "quantity").iter_rows()) == pytest.approx({"make": 20.0})
    assert result["shortage"].get_column("backlog").item(0) == pytest.approx(30.0)
    assert result["shortage"].get_column("backlog").item(1) == pytest.approx(0.0)
