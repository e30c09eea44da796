"""A crew whose wages are in the cost of a unit; one key of the answers is for half the holding cost."""

from tests.truth.running import Inputs, Tables, demand


def quarter(row: dict[str, object], number: int) -> dict[str, object]:
    return {**row, "period": f"2027-{1 + 3 * number:02d}-01"}


def tables(given: Inputs, key: str) -> Tables:
    candy = {"item": "candy", "location": "plant"}
    crew = {
        "resource": "crew",
        "workers": given["initial_workers"],
        "hours_per_worker": given["units_per_worker_per_period"],
        "hire_cost": given["hire_cost"],
        "layoff_cost": given["fire_cost"],
    }
    holding = given["holding_cost"] / 2 if key == "level_cost_holding_025" else given["holding_cost"]
    return {
        "forecast": [quarter(row, number) for number, row in enumerate(demand(given["demand"], item="candy"))],
        "resource": [{"resource": "crew", "kind": "labor", "unit": "candies", "maximum_idle": 0}],
        "workforce": [crew],
        "route": [{"route": "make", **candy, "unit_cost": given["production_cost"]}],
        "usage": [{"activity": "make", "of": "make", "resource": "crew", "quantity": 1}],
        "on_hand": [{**candy, "quantity": given["initial_inventory"]}],
        "inventory_policy": [{**candy, "holding_cost": holding}],
    }
