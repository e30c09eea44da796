"""A crew paid by head makes one product; a subcontractor can; whoever is not served waits at a price. Revenue is at the price demanded."""

from tests.truth.running import Inputs, Tables, demand


def tables(given: Inputs, key: str) -> Tables:
    product = {"item": "product", "location": "plant"}
    promotion = given.get("promotion", {"month": None, "price": None})
    prices = [promotion["price"] if name == promotion["month"] else given["price"] for name in given["periods"]]
    return {
        "forecast": demand(given["demand"], prices=prices),
        "demand_policy": [{"item": "product", "backlog_cost": given["backorder_cost"], "ending_backlog": given["ending_backlog_max"]}],
        "resource": [{"resource": "crew", "kind": "labor"}],
        "workforce": [
            {
                "resource": "crew",
                "workers": given["initial_workers"],
                "hours_per_worker": given["working_days_per_month"] * given["hours_per_day"],
                "overtime_hours_per_worker": given["max_overtime_hours_per_worker_month"],
                "wage_per_period": given["regular_wage_per_worker_period"],
                "overtime_wage_per_hour": given["overtime_wage_per_hour"],
                "hire_cost": given["hire_cost"],
                "layoff_cost": given["fire_cost"],
                "integer": True,
            }
        ],
        "route": [{"route": "make", **product, "unit_cost": given["material_cost"]}],
        "usage": [{"activity": "make", "of": "make", "resource": "crew", "quantity": given["labor_hours_per_unit"]}],
        "purchase": [{"purchase": "sub", **product, "kind": "subcontract", "unit_cost": given["subcontract_cost"]}],
        "on_hand": [{**product, "quantity": given["initial_inventory"]}],
        "inventory_policy": [{**product, "holding_cost": given["holding_cost"], "ending_minimum": given["ending_inventory_min"]}],
    }
