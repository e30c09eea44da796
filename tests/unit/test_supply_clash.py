"""The smallest set of rules that clash: together they cannot hold, without any one of them they can, by brute force."""

from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from equipoise.supply.assembly import Problem, limit_rows
from equipoise.supply.explaining import clash as clashing
from equipoise.supply.formulate import formulate
from equipoise.supply.solving.engine import Engine, arrays_of
from equipoise.supply.solving.solve import solve as solved
from equipoise.tables import table
from equipoise.tables.setting import Setting, to_table
from tests.truth.company import MUST_SERVE_ON_TIME, TABLES, demand, month, rows, solve


def joinery(wanted: list[float], hours: float = 100.0, **more: pl.DataFrame) -> dict[str, Any]:
    """A joinery that makes chairs, an hour each, and must serve every one on time."""
    return {
        "item": rows({"item": "Chair", "unit": "pieces", "unit_price": 10.0, "unit_cost": 4.0}),
        "location": rows({"location": "Shop"}),
        "demand_plan": rows(*demand(wanted, item="Chair", market="Town")),
        "demand_policy": rows({"item": "Chair", "market": "Town", **MUST_SERVE_ON_TIME}),
        "resource": rows({"resource": "Line 1", "location": "Shop", "unit": "hours"}),
        "capacity": rows({"resource": "Line 1", "regular": hours}),
        "route": rows({"route": "Chair", "item": "Chair", "location": "Shop"}),
        "usage": rows({"activity": "make", "of": "Chair", "resource": "Line 1", "quantity": 1.0}),
        **more,
    }


def firm(period: int, key: str = "Chair", **columns: Any) -> dict[str, Any]:
    return {"kind": "production", "key": key, "period": month(period), **columns}


def problem_of(horizon: int, tables: dict[str, pl.DataFrame], **supply: Any) -> Problem:
    setting = Setting.model_validate({"plan": "clash", "calendar": {"start": month(0), "horizon": horizon}, "supply": supply})
    given_ = {name: table(name).conform(tables[name]) if name in tables else table(name).empty() for name in TABLES}
    return formulate({**given_, "setting": to_table(setting)})


def can_hold(problem: Problem, held: np.ndarray) -> bool:
    """Whether the limits `held` can hold together, with all of physics, by a model of its own."""
    arrays = arrays_of(problem)
    free = limit_rows(problem)
    free[held] = False
    engine = Engine(arrays, 1.0, 0.0, 60.0)
    places = np.flatnonzero(free)
    if len(places):
        engine.row_bounds(places, np.full(len(places), -np.inf), np.full(len(places), np.inf))
    return engine.run() != "infeasible"


def assert_smallest(problem: Problem, members: np.ndarray) -> None:
    assert not can_hold(problem, members)
    for member in members:
        assert can_hold(problem, members[members != member])


def test_a_firm_plan_beyond_capacity() -> None:
    result = solve(1, **joinery([80.0], firm_plan=rows(firm(0, fixed=120.0))))
    assert result["clash"].get_column("sentence").to_list() == [
        "Line 1 has at most 100 hours in 2027-01.",
        "The firm production of Chair asks for 120 pieces in 2027-01.",
    ]
    assert result["clash"].get_column("limit").to_list() == [100.0, 120.0]
    assert result["clash"].get_column("position").to_list() == [1, 2]
    fact = dict(result["solution"].iter_rows())["clash"]
    assert fact == "2 rules cannot hold together"


def test_demand_that_three_months_cannot_make() -> None:
    result = solve(3, **joinery([80.0, 120.0, 120.0]))
    told = result["clash"].select("rule", "period").rows()
    assert told == [("demand that must be served", month(t)) for t in (0, 1, 2)] + [("capacity", month(t)) for t in (0, 1, 2)]
    assert "All demand for Chair in Town in 2027-02 must be served: 120 pieces." in result["clash"].get_column("sentence").to_list()


def test_a_least_above_its_most_is_a_clash_by_itself() -> None:
    result = solve(1, **joinery([80.0], firm_plan=rows(firm(0, minimum=60.0, maximum=50.0))))
    assert result["clash"].get_column("sentence").item() == (
        "The firm production of Chair asks for at least 60 pieces in 2027-01, but "
        "the firm production of Chair allows at most 50 pieces in 2027-01."
    )
    assert dict(result["solution"].iter_rows())["clash"].startswith("1 rule cannot hold by itself")


def test_of_two_clashes_the_more_severe_is_told_and_the_other_counted() -> None:
    result = solve(2, **joinery([0.0, 0.0], firm_plan=rows(firm(0, fixed=105.0), firm(1, fixed=150.0))))
    assert result["clash"].get_column("period").to_list() == [month(1)] * 2
    assert dict(result["solution"].iter_rows())["clash"] == "2 rules cannot hold together; beside them 1 more gave way"


def test_where_all_rules_hold_nothing_clashes() -> None:
    result = solve(1, **joinery([80.0]))
    assert result["clash"].is_empty()
    assert "clash" not in dict(result["solution"].iter_rows())


def test_a_given_plan_is_reported_on_and_not_searched() -> None:
    assert solve(1, {"strategy": "given"}, **joinery([80.0], firm_plan=rows(firm(0, fixed=120.0))))["clash"].is_empty()


def test_whole_lots_that_cannot_be_what_is_firm() -> None:
    route = rows({"route": "Chair", "item": "Chair", "location": "Shop", "minimum_lot": 50.0, "setup_cost": 1.0})
    tables = joinery([0.0], route=route, firm_plan=rows(firm(0, fixed=30.0)))
    result = solve(1, {"integer": True}, **tables)
    assert sorted(result["clash"].get_column("rule").to_list()) == ["firm production", "minimum lot"]
    problem = problem_of(1, tables, integer=True)
    found = clashing.fighting(problem, solved(problem))
    assert found is not None
    assert_smallest(problem, found.rows)


def test_a_search_that_is_cut_short_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clashing, "_MOST_SOLVES", 3)
    problem = problem_of(3, joinery([80.0, 120.0, 120.0]))
    found = clashing.fighting(problem, solved(problem))
    assert found is not None
    assert not found.smallest
    assert not can_hold(problem, found.rows)


@settings(max_examples=16, deadline=None)
@given(
    wanted=st.lists(st.integers(0, 130), min_size=4, max_size=4),
    fixed=st.lists(st.one_of(st.none(), st.integers(0, 130)), min_size=4, max_size=4),
    safety=st.sampled_from([0, 20, 60]),
    most=st.sampled_from([None, 10, 40]),
    second=st.booleans(),
)
def test_each_member_is_needed(wanted: list[int], fixed: list[int | None], safety: int, most: int | None, second: bool) -> None:
    plans = [firm(t, fixed=float(size)) for t, size in enumerate(fixed) if size is not None]
    policy = {"item": "Chair", "location": "Shop", "safety_stock": float(safety), "maximum": most}
    extra: dict[str, Any] = {"inventory_policy": rows(policy)}
    if plans:
        extra["firm_plan"] = rows(*plans)
    if second:
        extra["purchase"] = rows({"purchase": "Trader", "item": "Chair", "location": "Shop", "unit_cost": 8.0})
        extra["purchase_limit"] = rows({"purchase": "Trader", "minimum": 5.0, "maximum": 25.0})
    problem = problem_of(4, joinery([float(size) for size in wanted], **extra))
    answer = solved(problem)
    assume(answer.elastic)
    found = clashing.fighting(problem, answer)
    assert found is not None
    assert found.smallest
    assert_smallest(problem, found.rows)
    told, words = clashing.clash(problem, answer)
    assert told.height == len(found.rows)
    assert told.get_column("sentence").str.ends_with(".").all()
    assert words
