"""Set-ups that cost money on a line that three products share."""

from tests.truth.running import Inputs, Tables, demand, monthly


def tables(given: Inputs, key: str) -> Tables:
    products = given["products"]
    return {
        "forecast": [row for p in products for row in demand(given["demand"][p], item=p)],
        "capacity": monthly({"resource": "line"}, regular=given["capacity"]),
        "route": [{"route": p, "item": p, "location": "plant", "setup_cost": given["setup_cost"][p]} for p in products],
        "usage": [{"activity": "make", "of": p, "resource": "line", "quantity": 1} for p in products],
        "inventory_policy": [{"item": p, "location": "plant", "holding_cost": given["holding_cost"][p]} for p in products],
    }
