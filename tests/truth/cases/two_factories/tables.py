"""Two factories that run with a least load, at a fixed cost, or stand still; nothing is stored, what is not met has a price."""

from tests.truth.running import Inputs, Tables, demand, monthly


def tables(given: Inputs, key: str) -> Tables:
    plants = given["plants"]
    return {
        "forecast": demand(given["demand"]),
        "demand_policy": [{"item": "product", "lost_sale_cost": given["unmet_penalty"]}],
        "capacity": [
            row
            for name, plant in plants.items()
            for row in monthly(
                {"resource": name}, regular=plant["max_production"], minimum_run=plant["min_production"], open_cost=plant["fixed_cost"]
            )
        ],
        "route": [
            row
            for name, plant in plants.items()
            for row in monthly({"route": name, "item": "product", "location": name}, unit_cost=plant["variable_cost"])
        ],
        "usage": [{"activity": "make", "of": name, "resource": name, "quantity": 1} for name in plants],
        "inventory_policy": [{"item": "product", "location": name, "maximum": 0} for name in plants],
    }
