"""Plants with a most of each month, depots whose throughput is the capacity of a resource, and lanes to depots and customers."""

from tests.truth.running import Inputs, Tables, demand


def tables(given: Inputs, key: str) -> Tables:
    plants, depots = given["plants"], given["depots"]
    lanes = [(o, d, cost) for o, to in given["arc_cost"].items() for d, cost in to.items()]
    return {
        "forecast": [row for c, quantity in given["customers"].items() for row in demand([quantity], item="ton", market=c)],
        "location": [{"location": name, "kind": kind} for group, kind in ((plants, "plant"), (depots, "warehouse")) for name in group],
        "capacity": [{"resource": f"through {depot}", "regular": most} for depot, most in depots.items()],
        "usage": [{"activity": "move", "of": f"{o} {d}", "resource": f"through {d}", "quantity": 1} for o, d, _ in lanes if d in depots],
        "purchase": [{"purchase": name, "item": "ton", "location": name, "unit_cost": 0} for name in plants],
        "purchase_limit": [{"purchase": name, "maximum": most} for name, most in plants.items()],
        "lane": [{"lane": f"{o} {d}", "from": o, "to": d, "unit_cost": cost} for o, d, cost in lanes],
    }
