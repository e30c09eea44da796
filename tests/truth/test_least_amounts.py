"""Least amounts above all that is wanted, contracts, and stock that had better lie elsewhere: a decision must have room for them."""

from pathlib import Path
from typing import Any

import pytest

from tests.truth.running import Tables, demand, money, planned, written

PLAN = """
plan: least-amounts
calendar: {start: 2027-01-01, horizon: 2}
data: tables/
supply: {objective: cost, backlog_allowed: false, lost_allowed: false, integer: true, relative_gap: 0}
"""
PLANT: dict[str, Any] = {"item": "product", "location": "plant"}
DEPOT = {"location": [{"location": "plant"}, {"location": "depot", "kind": "warehouse"}]}
LOCAL = {"lane": "local", "from": "depot", "to": "town", "unit_cost": 0}

CASES: dict[str, tuple[float, Tables]] = {
    "a lane whose least load is above all demand carries it all the same": (
        100 + 30,
        {
            **DEPOT,
            "forecast": demand([10, 0], market="town"),
            "route": [{"route": "make", **PLANT, "unit_cost": 0}],
            "lane": [{"lane": "truck", "from": "plant", "to": "depot", "unit_cost": 1, "fixed_cost": 100, "minimum_load": 30}, LOCAL],
        },
    ),
    "a line whose least run is above all demand runs all the same": (
        100 * 2 + 5 + 7,
        {
            "forecast": demand([10, 0]),
            "route": [{"route": "make", **PLANT, "unit_cost": 2, "setup_cost": 5}],
            "usage": [{"activity": "make", "of": "make", "resource": "line", "quantity": 1}],
            "capacity": [{"resource": "line", "regular": 200, "minimum_run": 100, "open_cost": 7}],
        },
    ),
    "a contract above all demand is one order": (
        120 * 3 + 4,
        {
            "forecast": demand([10, 10]),
            "purchase": [{"purchase": "buy", **PLANT, "unit_cost": 3, "fixed_cost": 4}],
            "purchase_limit": [{"purchase": "buy", "span": "horizon", "minimum": 120}],
        },
    ),
    "all stock moves to where it costs nothing to keep": (
        5,
        {
            **DEPOT,
            "forecast": demand([1, 1], market="town"),
            "on_hand": [{**PLANT, "quantity": 1000}],
            "inventory_policy": [{**PLANT, "holding_cost": 10}, {"item": "product", "location": "depot", "holding_cost": 0}],
            "lane": [{"lane": "truck", "from": "plant", "to": "depot", "unit_cost": 0, "fixed_cost": 5}, LOCAL],
        },
    ),
    "what a limit asks for is made though nobody wants it": (
        2 * (30 * 2 + 5),
        {
            "forecast": demand([1, 1], item="other"),
            "purchase": [{"purchase": "buy", "item": "other", "location": "plant", "unit_cost": 0}],
            "route": [{"route": "make", **PLANT, "unit_cost": 2, "setup_cost": 5}],
            "limit": [{"limit": "trial runs", "at_least": 30}],
            "limit_member": [{"limit": "trial runs", "table": "route", "key": "make"}],
        },
    ),
    "a by-product is made by a route that needs a set-up and a part that needs one": (
        20 * (1 + 2) + 5 + 4,
        {
            "forecast": demand([10, 0], item="tar"),
            "route": [
                {"route": "crack", "item": "base", "location": "plant", "unit_cost": 1, "setup_cost": 5},
                {"route": "press", "item": "oil", "location": "plant", "unit_cost": 2, "setup_cost": 4},
            ],
            "co_output": [{"route": "crack", "item": "tar", "quantity": 0.5}],
            "bom": [{"route": "crack", "component": "oil", "quantity": 1}],
        },
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_decision_has_room(name: str, tmp_path: Path) -> None:
    expected, tables = CASES[name]
    result = planned(written(tables, PLAN, tmp_path))
    assert money(result)["cost"] == pytest.approx(expected)
    assert result["violation"].is_empty()
