"""Workers make what they can, neither more nor less: none of their time may stand idle. Time is counted in the drives it makes."""

from tests.truth.running import Inputs, Tables, demand, monthly


def tables(given: Inputs, key: str) -> Tables:
    drive = {"item": "drive", "location": "plant"}
    crew = {
        "resource": "crew",
        "workers": given["initial_workers"],
        "hire_cost": given["hire_cost"],
        "layoff_cost": given["fire_cost"],
    }
    return {
        "forecast": demand(given["demand"], item="drive"),
        "resource": [{"resource": "crew", "kind": "labor", "unit": "drives", "maximum_idle": 0}],
        "workforce": monthly(crew, hours_per_worker=given["units_per_worker_per_period"]),
        "route": [{"route": "make", **drive}],
        "usage": [{"activity": "make", "of": "make", "resource": "crew", "quantity": 1}],
        "on_hand": [{**drive, "quantity": given["initial_inventory"]}],
        "inventory_policy": [{**drive, "holding_cost": given["holding_cost"], "ending_minimum": given["ending_inventory_min"]}],
    }
