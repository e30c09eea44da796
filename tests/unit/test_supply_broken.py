"""Plans that once came out wrong, or were told in words that no planner would say; all from plan files."""

import datetime as dt
from pathlib import Path

import pytest

from equipoise.service.gathering import gather
from equipoise.service.messages import RunRequest
from equipoise.service.workspace import locate
from equipoise.supply import audit
from equipoise.supply.explaining.wording import one_of
from tests.truth.running import Rows, demand, month, planned, written
from tests.unit.test_supply_bad_input import Answer

TODAY = dt.date(2026, 11, 22)


def shop(folder: Path, quantities: list[float], *, setting: str = "", regular: float = 100.0, cost: float = 5.0, **more: Rows) -> Path:
    """A shop that makes pies on one oven, an hour each, and sells them at 10; return its plan file."""
    tables: dict[str, Rows] = {
        "item": [{"item": "pie", "unit": "boxes", "unit_price": 10.0}],
        "forecast": demand(quantities, item="pie", market="Town"),
        "route": [{"route": "bake", "item": "pie", "location": "Shop", "unit_cost": cost}],
        "usage": [{"activity": "make", "of": "bake", "resource": "oven", "quantity": 1}],
        "capacity": [{"resource": "oven", "regular": regular}],
        **more,
    }
    plan = f"plan: pies\ncalendar: {{start: 2027-01-01, horizon: {len(quantities)}}}\ndata: tables/\n"
    return written(tables, plan + (f"supply: {{{setting}}}\n" if setting else ""), folder)


def answer(plan_file: Path) -> Answer:
    """The tables of the plan; its own audit must not fail anywhere."""
    made = planned(plan_file)
    assert "failed" not in audit(made).get_column("status").to_list()
    return Answer(made)


def column(made: Answer, table: str, name: str) -> list[float]:
    return [float(value) for value in made.tables[table].sort("period").get_column(name).to_list()]


def on_hand(quantity: float, expires: str) -> Rows:
    return [{"item": "pie", "location": "Shop", "quantity": quantity, "expires": expires}]


def test_stock_is_not_used_after_its_last_day(tmp_path: Path) -> None:
    """25 may be used until 31 January: 10 are sold in January, the others are thrown away and February's 10 are made."""
    made = answer(shop(tmp_path, [10, 10, 10], on_hand=on_hand(25, "2027-01-31")))
    assert made.total("supply_plan", "quantity") == pytest.approx(20.0)
    assert column(made, "inventory_plan", "scrap") == pytest.approx([15.0, 0.0, 0.0])


def test_stock_that_may_be_used_on_one_day_of_the_next_period_is_kept_for_it(tmp_path: Path) -> None:
    made = answer(shop(tmp_path, [10, 10, 10], on_hand=on_hand(25, "2027-02-01")))
    assert made.total("supply_plan", "quantity") == pytest.approx(10.0)


def test_stock_that_expired_before_the_plan_serves_nobody(tmp_path: Path) -> None:
    plan_file = shop(tmp_path, [10, 10, 10], on_hand=on_hand(25, "2026-12-31"))
    said = gather(locate(RunRequest(plan=str(plan_file))), TODAY).tables["issue"].get_column("message").to_list()
    assert "25 on hand of pie at Shop expired on 2026-12-31, before the plan starts: left out." in said
    assert answer(plan_file).total("supply_plan", "quantity") == pytest.approx(30.0)


def test_customers_are_not_kept_waiting_to_fill_target_stock(tmp_path: Path) -> None:
    """Being late has no cost in the tables and target stock a small one: the oven serves first, and fills the target with what is left."""
    policy: Rows = [{"item": "pie", "location": "Shop", "safety_stock": 60, "shortfall_cost": 1.5}]
    made = answer(shop(tmp_path, [90, 100, 80], inventory_policy=policy))
    assert made.total("shortage", "backlog") == pytest.approx(0.0)
    assert made.total("shortage", "lost") == pytest.approx(0.0)
    assert column(made, "inventory_plan", "shortfall") == pytest.approx([50.0, 50.0, 30.0])


def test_a_limit_that_only_makes_demand_late_is_told_without_a_range_it_does_not_have(tmp_path: Path) -> None:
    said = answer(shop(tmp_path, [50, 120, 60], regular=80)).words("binding")
    assert "One more hour on oven in 2027-02 would serve demand earlier." in said.splitlines()


def test_as_many_stops_happen_as_can(tmp_path: Path) -> None:
    """Three stops, one a month, in two months: two happen, though each takes 40 hours of work that must be done."""
    stops: Rows = [
        {"resource": "oven", "stops": 3, "hours": 40, "at_once": 1, "earliest": month(0), "latest": month(1)},
    ]
    made = answer(shop(tmp_path, [100] * 4, setting="integer: true", regular=110, maintenance=stops))
    assert made.words("violation") == "oven misses its maintenance by 1 stop."
    assert made.total("capacity_load", "stopped") == pytest.approx(80.0)


def test_what_gave_way_is_told_in_round_numbers_and_the_right_number(tmp_path: Path) -> None:
    """A firm plan of 150 on an oven of 140: missed by 10 boxes, and the slack of that is worth nothing to anybody."""
    firm: Rows = [{"kind": "production", "key": "bake", "period": month(0), "fixed": 150}]
    made = answer(shop(tmp_path, [100, 100, 180], regular=140, firm_plan=firm))
    assert made.words("violation") == "The firm production of bake in 2027-01 is missed by 10 boxes."
    facts = dict(made.tables["solution"].iter_rows())
    assert facts["limits"] == "1 rule gave way"
    assert "worth 0.00" not in made.words("binding")


def test_least_work_is_told_as_work(tmp_path: Path) -> None:
    idle: Rows = [{"resource": "oven", "maximum_idle": 20}]
    said = answer(shop(tmp_path, [50, 50], resource=idle)).words("binding").splitlines()
    assert said[0] == "One hour less that oven must work in 2027-01 is worth 5.00, up to 30 hours less; one hour more costs as much."


def test_a_value_below_a_cent_says_something(tmp_path: Path) -> None:
    item: Rows = [{"item": "pie", "unit": "grams", "unit_price": 0.003}]
    said = answer(shop(tmp_path, [100, 120], regular=90, cost=0.001, item=item)).words("binding")
    assert "One more hour on oven in 2027-01 is worth 0.002, up to 10 hours more; one hour less costs as much." in said


def test_a_resource_that_is_used_and_has_no_capacity_is_told(tmp_path: Path) -> None:
    usage: Rows = [{"activity": "make", "of": "bake", "resource": "ofen", "quantity": 1}]
    plan_file = shop(tmp_path, [10, 10], usage=usage)
    said = gather(locate(RunRequest(plan=str(plan_file))), TODAY).tables["issue"].get_column("message").to_list()
    assert "ofen has no capacity: it limits nothing." in said


@pytest.mark.parametrize(("unit", "one"), [("hours", "hour"), ("boxes", "box"), ("pcs", "pc"), ("kg", "kg"), ("gross", "gross")])
def test_one_of_a_unit(unit: str, one: str) -> None:
    assert one_of(unit) == one
