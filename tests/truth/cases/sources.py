"""Sources with a capacity and a cost each: a source is a route on a resource of its own, in units."""

from tests.truth.running import Inputs, Rows, Tables, demand, month


def tables(given: Inputs, key: str) -> Tables:
    dated = [(month(t), source) for t, sources in enumerate(given["sources"]) for source in sources]
    names = [source["name"] for source in given["sources"][0]]
    product = {"item": "product", "location": "plant"}
    capacity: Rows = [{"resource": s["name"], "period": period, "regular": s["capacity"]} for period, s in dated]
    return {
        "forecast": demand(given["demand"]),
        "demand_policy": [{"item": "product", "backlog_cost": given["backorder_cost"], "ending_backlog": 0}],
        "route": [{"route": s["name"], "period": period, **product, "unit_cost": s["unit_cost"]} for period, s in dated],
        "usage": [{"activity": "make", "of": name, "resource": name, "quantity": 1} for name in names],
        "capacity": [row for row in capacity if row["regular"] is not None],
        "on_hand": [{**product, "quantity": given["initial_inventory"]}],
        "inventory_policy": [{**product, "holding_cost": given["holding_cost"], "ending_minimum": given["ending_inventory"]}],
    }
