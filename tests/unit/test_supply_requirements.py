"""What would be required if nothing limited supply, beside the plan: worked by hand, and for any company."""

from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings

from equipoise.supply import MODEL_TABLES, Session, requirements, supply
from equipoise.tables import table
from equipoise.tables.setting import Setting, to_table
from tests.truth.company import demand, month, rows
from tests.unit.test_supply_properties import HORIZON, companies


def required(
    horizon: int, supply_setting: dict[str, Any] | None = None, frozen: int = 0, /, **tables: pl.DataFrame
) -> dict[str, pl.DataFrame]:
    """The plan and the requirements of a company; tables not given are empty."""
    setting = Setting.model_validate(
        {
            "plan": "requirements",
            "calendar": {"start": month(0), "horizon": horizon, "frozen": frozen},
            "supply": {"relative_gap": 0.0, **(supply_setting or {})},
        }
    )
    given_tables = {
        name: table(name).conform(tables[name]) if name in tables else table(name).empty() for name in MODEL_TABLES if name != "setting"
    }
    every = {**given_tables, "setting": to_table(setting)}
    session = Session()
    planned = supply(every, session=session)
    return {**planned, **requirements({**every, **planned}, session=session)}


def factory(
    quantities: list[float], setting: dict[str, Any] | None = None, frozen: int = 0, **more: pl.DataFrame
) -> dict[str, pl.DataFrame]:
    """Works makes bikes of two wheels each, two hours a bike, on a line of 100 hours a month."""
    tables = {
        "item": rows(
            {"item": "bike", "family": "bikes", "unit": "pieces", "unit_price": 100.0, "unit_cost": 40.0},
            {"item": "wheel", "unit": "pieces", "unit_cost": 5.0},
        ),
        "location": rows({"location": "Works"}),
        "demand_plan": rows(*demand(quantities, item="bike", market="Town")),
        "resource": rows({"resource": "line", "location": "Works", "unit": "hours"}),
        "capacity": rows({"resource": "line", "regular": 100.0}),
        "route": rows({"route": "make", "item": "bike", "location": "Works", "unit_cost": 30.0}),
        "usage": rows({"activity": "make", "of": "make", "resource": "line", "quantity": 2.0}),
        "bom": rows({"route": "make", "component": "wheel", "quantity": 2.0}),
        "purchase": rows({"purchase": "wheels", "item": "wheel", "location": "Works", "unit_cost": 5.0}),
        **more,
    }
    return required(len(quantities), setting, frozen, **tables)


def column(result: dict[str, pl.DataFrame], name: str, what: str, **where: str) -> list[Any]:
    frame = result[name].filter(pl.all_horizontal(pl.lit(value=True), *(pl.col(key) == value for key, value in where.items())))
    return frame.sort("period").get_column(what).to_list()


def test_demand_above_capacity_is_required_in_its_own_period() -> None:
    result = factory([40.0, 80.0, 60.0], on_hand=rows({"item": "bike", "location": "Works", "quantity": 10.0}))
    assert column(result, "material_requirement", "made", item="bike") == pytest.approx([30.0, 80.0, 60.0])
    assert column(result, "material_requirement", "required", item="wheel") == pytest.approx([60.0, 160.0, 120.0])
    assert column(result, "material_requirement", "bought", item="wheel") == pytest.approx([60.0, 160.0, 120.0])
    assert column(result, "capacity_requirement", "required") == pytest.approx([60.0, 160.0, 120.0])
    assert column(result, "capacity_requirement", "family") == ["bikes"] * 3
    assert column(result, "capacity_requirement", "available") == pytest.approx([100.0] * 3)
    assert column(result, "capacity_requirement", "share") == pytest.approx([0.6, 1.6, 1.2])
    assert column(result, "capacity_requirement", "planned") == pytest.approx([100.0] * 3)
    assert column(result, "material_requirement", "planned", item="bike") == pytest.approx([50.0] * 3)
    assert column(result, "material_requirement", "short", item="bike") == pytest.approx([-20.0, 30.0, 10.0])


def test_every_limit_on_supply_is_lifted() -> None:
    crew: dict[str, Any] = {
        "resource": "crew",
        "workers": 1.0,
        "hours_per_worker": 40.0,
        "maximum": 1.0,
        "max_hire": 0.0,
        "max_layoff": 0.0,
    }
    result = factory(
        [80.0, 80.0],
        {"integer": True, "strategy": "chase"},
        frozen=1,
        resource=rows({"resource": "line", "maximum_idle": 0.0}, {"resource": "crew", "kind": "labor"}),
        usage=rows(*({"activity": "make", "of": "make", "resource": name, "quantity": 2.0} for name in ("line", "crew"))),
        workforce=rows(crew),
        purchase_limit=rows({"purchase": "wheels", "maximum": 50.0}),
        limit=rows({"limit": "quota", "at_most": 10.0, "measure": "quantity", "span": "period"}),
        limit_member=rows({"limit": "quota", "table": "route", "key": "make"}),
        firm_plan=rows({"kind": "production", "key": "make", "period": month(0), "fixed": 5.0}),
        lane=rows({"lane": "road", "from": "Works", "to": "Town", "limit": 15.0}),
    )
    assert max(column(result, "material_requirement", "planned", item="bike")) < 21.0
    assert column(result, "material_requirement", "made", item="bike") == pytest.approx([80.0, 80.0])
    assert column(result, "capacity_requirement", "required", resource="crew") == pytest.approx([160.0, 160.0])
    assert column(result, "capacity_requirement", "share", resource="crew") == pytest.approx([4.0, 4.0])


def test_a_resource_without_capacity_has_a_load_and_no_share() -> None:
    result = factory([10.0], capacity=table("capacity").empty())
    assert column(result, "capacity_requirement", "required") == pytest.approx([20.0])
    assert column(result, "capacity_requirement", "available") == [None]
    assert column(result, "capacity_requirement", "share") == [None]


def test_a_resource_with_nothing_to_do_has_a_row_without_family() -> None:
    result = factory([10.0, 0.0])
    assert column(result, "capacity_requirement", "family") == ["bikes", None]
    assert column(result, "capacity_requirement", "required") == pytest.approx([20.0, 0.0])
    assert column(result, "capacity_requirement", "share") == pytest.approx([0.2, 0.0])


def test_what_cannot_arrive_in_time_is_short_without_limits_too() -> None:
    wheels = rows({"purchase": "wheels", "item": "wheel", "location": "Works", "unit_cost": 5.0, "lead_time": 31.0})
    result = factory([10.0, 10.0, 10.0], {"backlog_allowed": False}, purchase=wheels)
    assert column(result, "material_requirement", "required", item="bike")[0] == pytest.approx(0.0)
    assert column(result, "material_requirement", "required", item="bike")[1:] == pytest.approx([10.0, 10.0])
    late = factory([10.0, 10.0, 10.0], purchase=wheels)
    assert column(late, "material_requirement", "required", item="bike") == pytest.approx([0.0, 20.0, 10.0])


def test_demand_that_does_not_pay_is_required_all_the_same() -> None:
    dear = rows({"route": "make", "item": "bike", "location": "Works", "unit_cost": 500.0})
    result = factory([20.0, 20.0], route=dear)
    assert column(result, "material_requirement", "planned", item="bike") == pytest.approx([0.0, 0.0])
    assert column(result, "material_requirement", "made", item="bike") == pytest.approx([20.0, 20.0])


def test_nothing_is_required_before_its_time_whatever_prices_do() -> None:
    dearer = rows(
        *({"purchase": "wheels", "item": "wheel", "location": "Works", "period": month(t), "unit_cost": 5.0 * 4**t} for t in range(3))
    )
    result = factory([10.0, 10.0, 10.0], purchase=dearer)
    assert column(result, "material_requirement", "bought", item="wheel") == pytest.approx([20.0] * 3)
    assert column(result, "material_requirement", "planned", item="wheel")[0] > 50.0


def test_a_lead_time_at_the_end_of_the_horizon_doubles_no_load() -> None:
    route = rows({"route": "make", "item": "bike", "location": "Works", "unit_cost": 30.0, "lead_time": 5.0})
    result = factory([31.0, 28.0, 31.0, 30.0], route=route, on_hand=rows({"item": "bike", "location": "Works", "quantity": 5.0}))
    assert column(result, "material_requirement", "made", item="bike") == pytest.approx([26.0, 28.0, 31.0, 30.0])
    assert column(result, "capacity_requirement", "required") == pytest.approx([62.0, 56.0, 62.0, 60.0], rel=0.01)


def test_targets_stay_and_are_kept_where_the_plan_does_without() -> None:
    policy = rows({"item": "bike", "location": "Works", "safety_stock": 30.0, "shortfall_cost": 0.1})
    result = factory([50.0, 50.0], inventory_policy=policy)
    assert column(result, "material_requirement", "made", item="bike") == pytest.approx([80.0, 50.0])
    assert column(result, "material_requirement", "stock", item="bike") == pytest.approx([30.0, 30.0])


def test_set_ups_count_whole_where_they_come_whole() -> None:
    usage = rows({"activity": "make", "of": "make", "resource": "line", "quantity": 2.0, "setup_quantity": 7.0})
    result = factory([10.0, 60.0], {"integer": True}, usage=usage)
    assert column(result, "capacity_requirement", "required") == pytest.approx([27.0, 127.0])


def test_a_cost_below_nothing_leaves_the_requirement_bounded() -> None:
    gift = rows({"purchase": "gift", "item": "bike", "location": "Works", "unit_cost": -1.0})
    result = factory([10.0], purchase=gift, purchase_limit=rows({"purchase": "gift", "maximum": 50.0}))
    assert sum(column(result, "material_requirement", "required", item="bike")) == pytest.approx(10.0)


def test_nothing_to_plan_requires_nothing() -> None:
    result = required(2)
    assert result["material_requirement"].is_empty()
    assert result["capacity_requirement"].is_empty()


@given(companies())
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
def test_for_any_company_stock_adds_up_and_more_is_served_than_in_the_plan(company: tuple[dict[str, pl.DataFrame], dict[str, Any]]) -> None:
    tables, setting = company
    result = required(HORIZON, setting, 0, **tables)
    material = result["material_requirement"]
    assert material.null_count().sum_horizontal().item() == 0
    opening = tables["on_hand"].select("item", "location", start="quantity")
    material = material.join(opening, on=["item", "location"], how="left")
    before = pl.col("stock").shift(1).over("item", "location", order_by="period").fill_null(pl.col("start")).fill_null(0.0)
    gone = before + pl.col("made") + pl.col("bought") + pl.col("moved_in") - pl.col("required") - pl.col("stock")
    assert (material.select(gone.min()).item() or 0.0) > -1e-4
    load = (
        result["capacity_requirement"]
        .group_by("resource", "period")
        .agg(pl.col("required", "planned").sum(), pl.col("available", "share").first())
    )
    share = load.filter(pl.col("available") > 0)
    assert share.get_column("share").to_list() == pytest.approx((share.get_column("required") / share.get_column("available")).to_list())
    planned = load.join(result["capacity_load"], on=["resource", "period"])
    assert planned.get_column("planned").to_list() == pytest.approx(planned.get_column("load").to_list(), abs=1e-3)
