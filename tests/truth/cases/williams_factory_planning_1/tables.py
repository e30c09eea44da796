"""Machines of each kind are one resource in hours; those that are down are planned downtime; what the market takes may be lost."""

from tests.truth.running import Inputs, Tables, demand, monthly


def tables(given: Inputs, key: str) -> Tables:
    products, hours = given["products"], given["hours_per_month"]
    down = {machine: [hours * month.get(machine, 0) for month in given["machines_down"]] for machine in given["machines_installed"]}
    stock = {"maximum": given["max_inventory"], "ending_minimum": given["ending_inventory"], "holding_cost": given["holding_cost"]}
    return {
        "forecast": [
            row for p in products for row in demand([limits[p] for limits in given["market_limit"]], item=p, prices=given["profit"][p])
        ],
        "capacity": [
            row
            for machine, count in given["machines_installed"].items()
            for row in monthly({"resource": machine, "regular": hours * count}, planned_downtime=down[machine])
        ],
        "route": [{"route": p, "item": p, "location": "factory"} for p in products],
        "usage": [
            {"activity": "make", "of": p, "resource": machine, "quantity": take}
            for machine, takes in given["hours_per_unit"].items()
            for p, take in takes.items()
        ],
        "on_hand": [{"item": p, "location": "factory", "quantity": given["initial_inventory"]} for p in products],
        "inventory_policy": [{"item": p, "location": "factory", **stock} for p in products],
    }
