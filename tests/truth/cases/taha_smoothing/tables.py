"""Permanent workers are a fixed capacity, temporary ones a workforce; neither stands idle. Time is counted in the windows it makes."""

from tests.truth.running import Inputs, Tables, demand


def tables(given: Inputs, key: str) -> Tables:
    window = {"item": "window", "location": "shop"}
    crews = ("permanent", "temporary")
    temporary = {
        "resource": "temporary",
        "workers": given["initial_temps"],
        "hours_per_worker": given["units_per_temp"],
        "hire_cost": given["hire_cost"],
        "layoff_cost": given["fire_cost"],
    }
    return {
        "forecast": demand(given["demand"], item="window"),
        "resource": [{"resource": crew, "kind": "labor", "unit": "windows", "maximum_idle": 0} for crew in crews],
        "capacity": [{"resource": "permanent", "regular": given["permanent_workers"] * given["units_per_permanent"]}],
        "workforce": [temporary],
        "route": [{"route": crew, **window} for crew in crews],
        "usage": [{"activity": "make", "of": crew, "resource": crew, "quantity": 1} for crew in crews],
        "inventory_policy": [{**window, "holding_cost": given["holding_cost"]}],
    }
