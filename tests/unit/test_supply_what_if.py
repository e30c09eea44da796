"""What-ifs tell the worth of limits by the basis alone: quicker, the same plan, and never taken for the base plan's."""

from typing import Any

import polars as pl
import pytest

from equipoise.cycle import STEPS, Cycle, MemoryCache
from equipoise.gate import Run
from equipoise.scenario import Override
from equipoise.supply import Session, supply
from equipoise.tables import table
from equipoise.tables.setting import Setting, to_table
from tests.truth.company import TABLES, demand, month, rows

SUPPLY = next(step for step in STEPS if step.name == "supply")


def works(wanted: float = 50.25, **more: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """One line of 100 hours that makes bikes in two hours each; a quarter of a bike is short."""
    plan = {"plan": "what-if", "calendar": {"start": month(0), "horizon": 1}, "supply": {"relative_gap": 0.0}}
    given: dict[str, Any] = {
        "item": rows({"item": "bike", "unit": "pieces", "unit_price": 30.0}),
        "location": rows({"location": "Works"}),
        "resource": rows({"resource": "line", "location": "Works", "unit": "hours"}),
        "capacity": rows({"resource": "line", "period": month(0), "regular": 100.0}),
        "route": rows({"route": "make", "item": "bike", "location": "Works", "unit_cost": 12.0}),
        "usage": rows({"activity": "make", "of": "make", "resource": "line", "quantity": 2.0}),
        "demand_plan": rows(*demand([wanted], item="bike")),
        "demand_policy": rows({"item": "bike", "market": "market", "backlog_allowed": False, "lost_sale_cost": 1.0}),
        **more,
    }
    exact = {name: table(name).conform(given[name]) if name in given else table(name).empty() for name in (*TABLES, "inventory_target")}
    return {**exact, "setting": to_table(Setting.model_validate(plan))}


def test_a_what_if_has_the_same_plan_and_values_without_proofs() -> None:
    tables = works()
    full, quick = supply(tables), supply(tables, what_if=True)
    assert all(full[name].equals(quick[name]) for name in full if name != "binding")
    told, known = quick["binding"], full["binding"]
    assert told.get_column("value").to_list() == [pytest.approx(9.5)]
    assert told.get_column("proof").to_list() == [None]
    assert told.select("holds_from", "holds_to").row(0) == (None, None)
    assert known.get_column("proof").to_list() == ["solved again"]
    assert "is worth at most 9.50" in told.get_column("sentence").item()


def test_a_what_if_with_whole_decisions_tells_the_most_that_a_unit_may_be_worth() -> None:
    route = rows({"route": "make", "item": "bike", "location": "Works", "unit_cost": 12.0, "setup_cost": 5.0, "minimum_lot": 10.0})
    tables = works(60.0, route=route)
    full, quick = (supply(tables, what_if=which)["binding"].row(0, named=True) for which in (False, True))
    assert (full["limit"], quick["limit"]) == ("capacity", "capacity")
    assert quick["value"] >= full["value"] - 1e-9
    assert quick["proof"] is None
    assert "at most" in quick["sentence"]


def test_what_a_what_if_made_never_serves_the_base_plan() -> None:
    cycle, tables = Cycle({}), works()
    change = Override.model_validate({"table": "capacity", "column": "regular", "operation": "scale", "value": 0.9, "reason": "test"})
    hashes = dict.fromkeys(SUPPLY.reads, "same")
    base, scenario = Run({}, hashes=hashes), Run({}, batches=((change,),), scenario="less", hashes=hashes)
    key, made = cycle._kept(SUPPLY, scenario)
    assert made is None
    cycle.cache.put(key, supply(tables, what_if=True))
    assert cycle._kept(SUPPLY, scenario)[1] is not None
    assert cycle._kept(SUPPLY, base)[1] is None
    cache = MemoryCache()
    other = Cycle({}, cache=cache, session=Session())
    full = supply(tables)
    cache.put(other._kept(SUPPLY, base)[0], full)
    assert other._kept(SUPPLY, scenario)[1] is full


def test_a_scenario_that_changes_nothing_is_explained_like_the_base_plan() -> None:
    hashes = dict.fromkeys(SUPPLY.reads, "same")
    keys = [Cycle({})._kept(SUPPLY, Run({}, scenario=name, hashes=hashes))[0] for name in ("", "base")]
    assert keys[0] == keys[1]
