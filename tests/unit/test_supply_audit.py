"""The audit: it passes on right plans, and each of its checks fails where the plan is wrong there."""

import datetime as dt
import shutil
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings

from equipoise.supply import audit, supply
from equipoise.supply.auditing.audit import CHECKS
from equipoise.supply.auditing.books import books
from equipoise.supply.auditing.check import verdict
from equipoise.tables import table
from equipoise.tables.setting import Setting, to_table
from tests.truth import everything
from tests.truth.company import TABLES, demand, empty, month, rows, session
from tests.truth.running import planned
from tests.unit.test_supply_properties import HORIZON, companies

Tables = Mapping[str, pl.DataFrame]
Change = Callable[[pl.DataFrame], pl.DataFrame]
BY_NAME = {check.name: check for check in CHECKS}


def company(horizon: int, supply_setting: dict[str, Any], given: Tables, frozen: int = 0) -> dict[str, pl.DataFrame]:
    """The given tables of a company, its setting, and the plan made from them."""
    plan = {
        "plan": "audited",
        "calendar": {"start": month(0), "horizon": horizon, "frozen": frozen},
        "supply": {"relative_gap": 0.0, **supply_setting},
    }
    full = {name: table(name).conform(given[name]) if name in given else empty(name) for name in TABLES}
    full["setting"] = to_table(Setting.model_validate(plan))
    return {**full, **supply(full, session=session())}


@cache
def everything_planned(strategy: str = "optimal", *, integer: bool = True) -> dict[str, pl.DataFrame]:
    full = {name: table(name).conform(frame) for name, frame in everything.tables().items()}
    full["setting"] = everything.setting(strategy, integer=integer)
    return {**full, **supply(full, session=session())}


@cache
def shop(strategy: str = "optimal") -> dict[str, pl.DataFrame]:
    """A shop whose demand may not be late, whose stock can expire, whose lane has a least load and whose crew may stay level."""
    return company(
        3,
        {"strategy": strategy, "integer": True, "backlog_allowed": False, "hybrid_periods": 2},
        {
            "item": rows({"item": "pie", "unit_price": 9.0, "unit_cost": 3.0, "shelf_life": 31.0}, {"item": "jam", "unit_cost": 1.0}),
            "location": rows({"location": "Shop"}, {"location": "Stand"}),
            "demand_plan": rows(*demand([40, 20, 30], item="pie", market="Town")),
            "resource": rows({"resource": "baker", "kind": "labor", "overtime_cost": 8.0}),
            "workforce": rows({"resource": "baker", "workers": 2.0, "hours_per_worker": 20.0, "wage_per_period": 10.0, "hire_cost": 1.0}),
            "route": rows({"route": "bake", "item": "pie", "location": "Shop"}),
            "usage": rows({"activity": "make", "of": "bake", "resource": "baker", "quantity": 1.0}),
            "lane": rows(
                {"lane": "cart", "from": "Shop", "to": "Stand", "minimum_load": 10.0, "limit": 45.0, "unit_cost": 0.1},
                {"lane": "counter", "from": "Stand", "to": "Town", "unit_cost": 0.1},
            ),
            "on_hand": rows(
                {"item": "pie", "location": "Shop", "quantity": 90.0, "expires": dt.date(2027, 1, 5)},
                {"item": "jam", "location": "Shop", "quantity": 4.0},
            ),
        },
    )


def status(tables: Tables, name: str) -> str:
    return str(verdict(BY_NAME[name], books(tables))["status"])


def failing(tables: Tables) -> str:
    """The first check that fails; empty if none does."""
    read = books(tables)
    return next((name for name, check in BY_NAME.items() if verdict(check, read)["status"] == "failed"), "")


def report(tables: Tables) -> list[tuple[object, ...]]:
    found = audit(tables)
    return found.filter(pl.col("status") == "failed").select("check", "worst", "place").rows()


# --- right plans pass ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("strategy", ["optimal", "chase", "given", "level_output", "level_workforce", "hybrid"])
@pytest.mark.parametrize("integer", [True, False])
def test_the_company_that_asks_for_everything_passes(strategy: str, integer: bool) -> None:
    assert report(everything_planned(strategy, integer=integer)) == []


@pytest.mark.parametrize("strategy", ["optimal", "level_workforce", "hybrid"])
def test_the_shop_passes(strategy: str) -> None:
    assert report(shop(strategy)) == []


def test_every_check_has_one_row_in_order_and_says_what_it_checks() -> None:
    found = audit(everything_planned())
    assert found.get_column("check").to_list() == list(BY_NAME)
    assert found.schema == table("audit").schema
    asked = found.filter(pl.col("status") != "not asked")
    assert asked.height > 40
    assert asked.get_column("rows").min() == 1
    assert found.filter(pl.col("status") == "not asked").get_column("rows").sum() == 0


def test_the_example_company_passes(tmp_path: Path) -> None:
    shutil.copytree(Path(__file__).parents[2] / "examples" / "alpine", tmp_path / "alpine")
    result = planned(next((tmp_path / "alpine").glob("*.yaml")))
    assert report(result) == []
    assert audit(result).filter(pl.col("check") == "money").get_column("rows").item() > 5000


@given(companies())
@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
def test_any_company_passes(made: tuple[dict[str, pl.DataFrame], dict[str, Any]]) -> None:
    tables, setting = made
    assert report(company(HORIZON, setting, tables)) == []


def test_rules_that_gave_way_are_told_and_one_that_is_not_listed_fails() -> None:
    tables = company(
        1,
        {"lost_allowed": False, "backlog_allowed": False},
        {
            "item": rows({"item": "table", "unit_price": 10.0}),
            "location": rows({"location": "Shop"}),
            "demand_plan": rows(*demand([150], item="table", market="Town")),
            "resource": rows({"resource": "line"}),
            "capacity": rows({"resource": "line", "regular": 100.0}),
            "route": rows({"route": "make", "item": "table", "location": "Shop", "unit_cost": 1.0}),
            "usage": rows({"activity": "make", "of": "make", "resource": "line", "quantity": 1.0}),
        },
    )
    row = audit(tables).filter(pl.col("check") == "demand that must be served").row(0, named=True)
    assert (row["status"], row["failed"], row["worst"], row["place"]) == ("gave way", 1, 50.0, "table in Town in 2027-01")
    less = tables["violation"].with_columns(pl.col("quantity") - 1)
    assert status({**tables, "violation": less}, "demand that must be served") == "failed"
    assert status({**tables, "violation": tables["violation"].clear()}, "demand that must be served") == "failed"


def test_no_tables_at_all_are_no_crash() -> None:
    found = audit({"setting": everything.setting()})
    assert set(found.filter(pl.col("status") == "failed").get_column("check")) == {
        "objective",
        "published money",
        "proof",
        "violations told",
    }


# --- wrong plans fail ---------------------------------------------------------------------------------------------------------------


def more(column: str, by: float = 1.0, where: pl.Expr | None = None) -> Change:
    """A change that adds to a column, in the rows `where` or in the last one."""

    def change(frame: pl.DataFrame) -> pl.DataFrame:
        chosen = where if where is not None else pl.int_range(pl.len()) == pl.len() - 1
        return frame.with_columns(pl.when(chosen).then(pl.col(column).fill_null(0.0) + by).otherwise(pl.col(column)).alias(column))

    return change


def put(**values: Any) -> Change:
    """A change that sets columns of all rows."""
    return lambda frame: frame.with_columns(pl.lit(value).cast(frame.schema[name]).alias(name) for name, value in values.items())


def without(where: pl.Expr | None = None) -> Change:
    """A change that drops rows, or the first one."""
    return lambda frame: frame.slice(1) if where is None else frame.filter(~where)


FIGURES = {
    "supply_plan": ["quantity"],
    "purchase_plan": ["quantity"],
    "transfer_plan": ["quantity"],
    "shipment_plan": ["quantity"],
    "inventory_plan": ["opening", "quantity", "target", "shortfall", "excess", "scrap", "value"],
    "capacity_load": ["available", "load", "regular", "overtime", "idle", "utilisation"],
    "route_load": ["load"],
    "workforce_plan": ["workers", "hire", "layoff"],
    "shortage": ["demand", "shipped", "backlog", "lost"],
    "cost": ["amount"],
}


@pytest.mark.parametrize(("name", "column"), [(name, column) for name, columns in FIGURES.items() for column in columns])
@pytest.mark.parametrize("by", [-1.0, 1e-4])
def test_a_figure_that_is_changed_is_found(name: str, column: str, by: float) -> None:
    plan = everything_planned()
    largest = pl.col(column).is_not_null() & (pl.int_range(pl.len()) == pl.col(column).arg_max())
    size = max(1.0, float(plan[name].get_column(column).max() or 0.0))  # type: ignore[arg-type]
    assert failing({**plan, name: more(column, by * size, largest)(plan[name])}), (name, column)


@pytest.mark.parametrize("name", [*FIGURES, "solution"])
def test_a_row_that_is_dropped_or_told_twice_is_found(name: str) -> None:
    plan = everything_planned()
    used = {
        "supply_plan": "quantity",
        "inventory_plan": "quantity",
        "capacity_load": "load",
        "workforce_plan": "workers",
        "shortage": "demand",
    }
    frame = plan[name].sort(used[name], descending=True) if name in used else plan[name]
    assert failing({**plan, name: frame.slice(1)}), name
    assert name == "solution" or failing({**plan, name: pl.concat([frame.head(1), frame])}), name


Fault = tuple[Callable[[], Tables], str, Change]
ALL, SHOP = everything_planned, shop
FAULTS: dict[str, list[Fault]] = {
    "stock balance": [
        (ALL, "supply_plan", more("quantity")),
        (ALL, "shipment_plan", without()),
        (ALL, "bom", more("quantity", 1, pl.col("route") == "chair A")),
    ],
    "opening stock": [(ALL, "inventory_plan", more("opening"))],
    "stock value": [(ALL, "inventory_plan", more("value")), (ALL, "item", put(unit_cost=None))],
    "allowed flows": [
        (ALL, "route", without(pl.col("route") == "chair A")),
        (ALL, "lane", without(pl.lit(value=True))),
        (ALL, "supply_plan", put(period=dt.date(2031, 1, 1))),
        (ALL, "location", put(is_open=False, opening_cost=None)),
    ],
    "nothing negative": [(ALL, name, more(column, -1e4)) for name, columns in FIGURES.items() for column in columns[:1] if name != "cost"],
    "scrap": [
        (ALL, "inventory_plan", put(scrap=1.0)),
        (lambda: {**shop(), "on_hand": shop()["on_hand"].with_columns(expires=None)}, "item", put(shelf_life=None)),
    ],
    "shelf life": [
        (ALL, "inventory_plan", more("quantity", 500, pl.col("item") == "glue")),
        (SHOP, "inventory_plan", more("quantity", 99)),
    ],
    "demand": [(ALL, "demand_plan", more("quantity")), (ALL, "shortage", more("demand"))],
    "shipments": [(ALL, "shipment_plan", more("quantity")), (ALL, "shortage", more("shipped"))],
    "demand balance": [(ALL, "shortage", more("lost")), (ALL, "backlog", put(quantity=99.0))],
    "lost within demand": [(ALL, "shortage", more("lost", 900))],
    "demand that must be served": [(ALL, "shortage", more("lost", 1, pl.col("market") == "South"))],
    "backlog": [(SHOP, "shortage", more("backlog"))],
    "age of backlog": [(ALL, "shortage", more("backlog", 90, pl.col("market") == "North"))],
    "ending backlog": [(ALL, "shortage", more("backlog", 90, pl.col("market") == "North"))],
    "minimum fill": [(ALL, "demand_policy", put(minimum_fill=1.0)), (ALL, "shortage", put(shipped=0.0))],
    "load by activity": [(ALL, "route_load", more("load")), (ALL, "usage", more("quantity", 1, pl.col("of") == "chair A"))],
    "load of resources": [(ALL, "capacity_load", more("load")), (ALL, "route_load", without())],
    "available capacity": [(ALL, "capacity_load", more("available")), (ALL, "capacity", put(efficiency=0.1))],
    "capacity": [(ALL, "capacity_load", more("regular", 500, pl.col("resource") == "saw"))],
    "overtime": [(ALL, "capacity_load", more("overtime", 50))],
    "maximum idle": [(ALL, "resource", put(maximum_idle=0.0))],
    "minimum run": [(ALL, "capacity", put(minimum_run=900.0))],
    "running lines": [(ALL, "cost", without(pl.col("term") == "running_lines"))],
    "maintenance": [(ALL, "maintenance", put(stops=2)), (ALL, "capacity_load", more("available", 6, pl.col("resource") == "saw"))],
    "labor hours": [(ALL, "capacity_load", more("regular", 900, pl.col("resource") == "crew")), (ALL, "workforce_plan", put(workers=0.0))],
    "labor overtime": [(ALL, "capacity_load", more("overtime", 900, pl.col("resource") == "crew"))],
    "workforce balance": [(ALL, "workforce_plan", more("hire")), (ALL, "workforce", put(workers=9.0))],
    "headcount": [(ALL, "workforce_plan", more(column, 9)) for column in ("workers", "hire", "layoff")],
    "whole workers": [(ALL, "workforce_plan", more("workers", 0.5))],
    "purchase limits": [
        (ALL, "purchase_plan", more("quantity", 999, pl.col("purchase") == "wood spot")),
        (ALL, "purchase_plan", more("quantity", 999, pl.col("purchase") == "stool sub")),
        (ALL, "purchase_plan", without(pl.col("purchase") == "wood spot")),
    ],
    "lane limits": [(ALL, "lane", put(limit=0.5)), (ALL, "shipment_plan", more("quantity", 999, pl.col("lane") == "Depot-North"))],
    "minimum load": [(SHOP, "transfer_plan", put(quantity=9.0))],
    "minimum lot": [(ALL, "supply_plan", put(quantity=1.0)), (ALL, "purchase_plan", put(quantity=19.0))],
    "lot multiple": [(ALL, "supply_plan", more("quantity", 1, pl.col("route") == "chair A"))],
    "loads": [(ALL, "transfer_plan", put(lane="Mill-Annex", to="Annex"))],
    "paid for": [(ALL, "cost", without(pl.col("term") == term)) for term in ("setups", "route_use", "orders")],
    "decisions": [
        (ALL, "cost", more("quantity", 1, pl.col("term") == "setups")),
        (ALL, "cost", more("quantity", -0.5, pl.col("term") == "setups")),
    ],
    "sites": [(ALL, "cost", without(pl.col("term") == "site_openings"))],
    "limits over groups": [(ALL, "limit", put(at_most=1.0)), (ALL, "limit", put(at_least=900.0))],
    "target stock": [(ALL, "inventory_plan", put(quantity=0.0)), (ALL, "inventory_policy", put(safety_stock=900.0, shortfall_cost=None))],
    "maximum stock": [(ALL, "inventory_plan", put(quantity=900.0))],
    "targets shown": [(ALL, "inventory_plan", more(column, 9, pl.col("item") == "chair")) for column in ("target", "shortfall", "excess")],
    "firm plans": [(ALL, "firm_plan", put(fixed=77.0)), (ALL, "firm_plan", put(key="unknown"))],
    "frozen fence": [(ALL, "firm_plan", put(key="unknown"))],
    "strategy": [
        (lambda: everything_planned("chase"), "inventory_plan", more("quantity", 99, pl.col("item") == "stool")),
        (lambda: everything_planned("level_output"), "supply_plan", more("quantity", 9)),
        (lambda: everything_planned("hybrid"), "supply_plan", more("quantity", 9)),
        (lambda: shop("level_workforce"), "workforce_plan", more("workers")),
        (lambda: shop("hybrid"), "workforce_plan", more("workers", 1, pl.col("period") == month(0))),
    ],
    "money": [
        (ALL, "cost", more("amount", 1, pl.col("class") != "penalty")),
        (ALL, "cost", without(pl.col("term") == "revenue")),
        (ALL, "cost", put(**{"class": "cash"})),
        (ALL, "item", put(unit_price=1.0)),
        (ALL, "purchase", put(unit_cost=1.0)),
    ],
    "the model's own prices": [
        (ALL, "cost", more("amount", 99, pl.col("class") == "penalty")),
        (ALL, "cost", more("quantity", 999, pl.col("class") == "penalty")),
    ],
    "objective": [(ALL, "cost", more("amount")), (ALL, "solution", put(value="0"))],
    "published money": [(ALL, "cost", more("amount", 1, pl.col("term") == "revenue")), (ALL, "cost", put(**{"class": "penalty"}))],
    "proof": [
        (ALL, "solution", without(pl.col("fact") == "gap")),
        (ALL, "solution", lambda frame: told(frame, "bound", "0")),
        (ALL, "solution", lambda frame: told(frame, "bound", "99999999")),
        (ALL, "solution", lambda frame: told(frame, "gap", "0.5")),
        (ALL, "solution", lambda frame: told(frame, "status", "unknown")),
    ],
    "violations told": [
        (ALL, "solution", lambda frame: told(frame, "limits", "3 rules gave way")),
        (ALL, "solution", without(pl.lit(value=True))),
    ],
}


def told(frame: pl.DataFrame, fact: str, value: str) -> pl.DataFrame:
    return frame.with_columns(value=pl.when(pl.col("fact") == fact).then(pl.lit(value)).otherwise(pl.col("value")))


def test_every_check_is_shown_to_fail() -> None:
    assert list(FAULTS) == list(BY_NAME)


@pytest.mark.parametrize(("name", "number"), [(name, number) for name, faults in FAULTS.items() for number in range(len(faults))])
def test_a_check_fails_where_the_plan_is_wrong(name: str, number: int) -> None:
    source, changed, change = FAULTS[name][number]
    plan = source()
    right, wrong = plan[changed], change(plan[changed])
    assert not wrong.equals(right)
    assert status({**plan, changed: wrong}, name) == "failed"
