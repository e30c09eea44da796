"""Whole workers, overtime, and in one plan backlog at a price with none left at the end."""

from tests.truth.running import Inputs, Tables, demand


def tables(given: Inputs, key: str) -> Tables:
    shoe = {"item": "shoe", "location": "plant"}
    crew = {
        "resource": "crew",
        "workers": given["initial_workers"],
        "hours_per_worker": given["units_per_worker_per_period"] * given["labor_hours_per_unit"],
        "overtime_hours_per_worker": given["max_overtime_hours_per_worker"],
        "wage_per_period": given["regular_wage_per_worker_period"],
        "overtime_wage_per_hour": given["overtime_wage_per_hour"],
        "hire_cost": given["hire_cost"],
        "layoff_cost": given["fire_cost"],
        "integer": given["integer_workers"],
    }
    return {
        "forecast": demand(given["demand"], item="shoe"),
        "demand_policy": [{"item": "shoe", "backlog_cost": given["backorder_cost_variant"], "ending_backlog": 0}],
        "resource": [{"resource": "crew", "kind": "labor"}],
        "workforce": [crew],
        "route": [{"route": "make", **shoe, "unit_cost": given["material_cost"]}],
        "usage": [{"activity": "make", "of": "make", "resource": "crew", "quantity": given["labor_hours_per_unit"]}],
        "on_hand": [{**shoe, "quantity": given["initial_inventory"]}],
        "inventory_policy": [{**shoe, "holding_cost": given["holding_cost"]}],
    }
