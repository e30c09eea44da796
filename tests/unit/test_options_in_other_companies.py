"""Options of companies that the workshop is not like: by hand, lever by lever, and what is said of them."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from equipoise.cycle import Cycle
from equipoise.gather.lever_rows import check_levers
from equipoise.gather.report import Report
from equipoise.scenario import Override
from tests.unit.options_example import MONTHS, PLAN, Rows, Workshop
from tests.unit.test_options import SHIFT, row

VALVES = (100, 100, 180, 100, 100, 100)


def valves(folder: Path, levers: Rows, plan: str = PLAN, **more: Rows) -> Workshop:
    """One mill of 120 hours makes a valve an hour, without stock, for 50 at a cost of 18; 60 are short in March."""
    made: dict[str, Rows] = {
        "item": [{"item": "Valve", "unit": "piece", "unit_price": 50, "unit_cost": 20}],
        "market": [{"market": "Home"}],
        "forecast": [
            {"source": "plan", "kind": "increment", "item": "Valve", "market": "Home", "period": month, "quantity": size}
            for month, size in zip(MONTHS, VALVES, strict=True)
        ],
        "demand_policy": [{"backlog_allowed": "no", "lost_allowed": "yes"}],
        "resource": [{"resource": "Mill", "location": "Works", "unit": "hours", "regular_cost": 8}],
        "capacity": [{"resource": "Mill", "regular": 120}],
        "route": [{"route": "Mill Valve", "item": "Valve", "location": "Works", "unit_cost": 10}],
        "usage": [{"activity": "make", "of": "Mill Valve", "resource": "Mill", "quantity": 1}],
        "inventory_policy": [{"item": "Valve", "maximum": 0}],
    }
    none: dict[str, Rows] = {"bom": [], "purchase": [], "purchase_limit": [], "on_hand": []}
    return Workshop(folder, levers, plan, **{**none, **made, **more})


def test_serving_a_market_late_is_paid_like_serving_an_item_late(tmp_path: Path) -> None:
    """60 late at the end of March, 40 of April, 20 of May: 120 units a month at 1, beside 50 once; each of the 60 brings 32."""
    one = row(valves(tmp_path, [{"kind": "backlog", "target": "Home", "running_cost": 1, "one_off_cost": 50}]).options(), "backlog")
    assert (one["size"], one["gap"]) == (pytest.approx(60), 1)
    assert one["net_money"] == pytest.approx(60 * 32 - 120 - 50)


def test_a_route_is_paid_and_limited_only_until_it_opens_anyway(tmp_path: Path) -> None:
    """A cheaper route opens in April. From February on it makes 20 a month: 20 dearer ones in February, 20 lost ones in March."""
    routes = [
        {"route": "Mill Valve", "item": "Valve", "location": "Works", "unit_cost": 10},
        {"route": "New Valve", "item": "Valve", "location": "Works", "unit_cost": 15, "start": "2027-04-01"},
    ]
    lever = {"kind": "route", "target": "New Valve", "maximum": 20, "running_cost": 1, "one_off_cost": 100, "lead_time": 40}
    one = row(valves(tmp_path, [lever], route=routes).options(), "route")
    assert one["size"] == pytest.approx(20)
    assert one["net_money"] == pytest.approx(20 * (18 - 15) + 20 * (50 - 15) - 40 * 1 - 100)


def test_a_route_that_is_open_is_no_option(tmp_path: Path) -> None:
    one = row(valves(tmp_path, [{"kind": "route", "target": "Mill Valve", "running_cost": 1}]).options(), "route")
    assert (one["status"], one["because"]) == ("no gain", "Nothing that it acts on limits the plan.")


BOUGHT: dict[str, Rows] = {
    "route": [],
    "usage": [],
    "resource": [],
    "capacity": [],
    "purchase": [{"purchase": "Valves", "item": "Valve", "location": "Works", "supplier": "Ost", "unit_cost": 18, "lead_periods": 2}],
    "purchase_limit": [{"purchase": "Valves", "maximum": 200}],
    "inventory_policy": [],
}


def test_expediting_saves_days_of_lead_periods_and_no_more_and_brings_no_more_than_the_supplier_has(tmp_path: Path) -> None:
    """Two months less 30 days: nothing can come in January, and 200 a month remain 200 a month."""
    lever = {"kind": "expedite", "target": "Valves", "days_saved": 30, "running_cost": 1}
    shop = valves(tmp_path, [lever], PLAN, **BOUGHT)
    made = shop.options()
    one = row(made, "expedite")
    assert -150 < one["shortage"] < -60
    told = made["option_change"].filter(pl.col("option") == one["option"])
    overrides = tuple(Override.model_validate_json(text) for text in told.get_column("override"))
    bought = shop.cycle.what_if(overrides)["purchase_plan"].group_by("period").agg(pl.col("quantity").sum())
    assert bought.filter(pl.col("quantity") > 200 + 1e-6).is_empty()


def test_a_shift_of_people_paid_by_head_says_which_lever_to_give(tmp_path: Path) -> None:
    workforce = [{"resource": "Mill", "workers": 1, "hours_per_worker": 120, "wage_per_period": 900, "maximum": 1}]
    shop = valves(tmp_path, [{**SHIFT, "target": "Mill"}], workforce=workforce, capacity=[])
    assert row(shop.options(), "shift")["because"] == "Mill is paid by head: give a lever of kind worker or overtime."


def test_an_option_that_is_in_the_plan_is_not_offered_again(tmp_path: Path) -> None:
    lever = {**SHIFT, "target": "Mill", "lead_time": 0}
    shop = valves(tmp_path, [lever])
    told = shop.options()["option_change"].sort("position").get_column("override").to_list()
    promoted = tuple(Override.model_validate_json(text) for text in told)
    shop.cycle = Cycle(shop.gathered.tables, promoted=(promoted,))
    shop.base = {**shop.base, **shop.cycle.resolve("")}
    one = row(shop.options(), "shift")
    assert (one["status"], one["because"]) == ("no gain", "It is part of the plan already.")


def test_what_is_said_of_an_option_is_true_and_in_words(tmp_path: Path) -> None:
    levers: list[dict[str, Any]] = [
        {"kind": "price", "target": "Valve", "step": 0.1, "maximum": 0.2, "one_off_cost": 0, "elasticity": -1},
        {"kind": "overtime", "target": "Mill", "maximum": 10, "running_cost": 400},
    ]
    made = valves(tmp_path, levers).options()["option"]
    said = {one["option"]: one for one in made.iter_rows(named=True)}
    assert said["Price of Valve by 20 %, higher"]["statement"] == "Price of Valve 20 % higher in March 2027; demand falls by 17 %"
    assert said["More overtime on Mill"]["status"] == "no gain"
    assert not any("e+0" in str(one["because"]) or "None" in str(one["because"]) for one in said.values())


def test_a_question_names_a_row_that_table_lever_takes(tmp_path: Path) -> None:
    shop = valves(
        tmp_path,
        [],
        item=[{"item": "Valve", "unit": "piece", "unit_price": 50, "unit_cost": 20}, {"item": "Steel", "unit": "kg", "unit_cost": 2}],
        bom=[{"route": "Mill Valve", "component": "Steel", "quantity": 1}],
        purchase=[{"purchase": "Steel by sea", "item": "Steel", "location": "Works", "unit_cost": 2, "lead_periods": 2}],
        on_hand=[{"item": "Steel", "location": "Works", "quantity": 50}],
    )
    asked = shop.options()["option_question"].filter(pl.col("lever").str.starts_with("lever:"))
    assert "Steel by sea" in asked.get_column("target").to_list()
    lever = asked.select("kind", "target").with_columns(
        one_off_cost=0.0, running_cost=1.0, step=1.0, maximum=1.0, days_saved=1.0, elasticity=-1.0
    )
    report = Report()
    check_levers({**shop.gathered.tables, "lever": lever}, [""], report)
    assert not report.errors


def test_two_levers_on_one_machine_are_told_at_what_each_is_paid(tmp_path: Path) -> None:
    """60 are short: a shift of 40 hours at 3 and, dearer, 20 hours of overtime at 5; steps need not come whole here."""
    levers = [
        {"kind": "shift", "target": "Mill", "step": 40, "running_cost": 3},
        {"kind": "overtime", "target": "Mill", "step": 15, "maximum": 30, "running_cost": 5},
    ]
    made = valves(tmp_path, levers).options()["option"]
    both = made.filter(pl.col("kind") == "combination").row(0, named=True)
    assert both["running_cost"] == pytest.approx(40 * 3 + 20 * 5)
    assert both["net_money"] == pytest.approx(60 * 32 - both["running_cost"])
    alone = row({"option": made}, "shift")
    assert (alone["size"], alone["running_cost"]) == (pytest.approx(40), pytest.approx(120))
