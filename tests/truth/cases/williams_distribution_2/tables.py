"""Distribution in which two depots may be opened, two closed and one expanded, with at most four depots open."""

from tests.truth.cases.williams_distribution_1 import tables as as_it_is
from tests.truth.running import Inputs, Tables

NEW = {"Bristol": 30000, "Northampton": 25000}
COSTS = {
    "Liverpool": {"Bristol": 0.6, "Northampton": 0.4},
    "Brighton": {"Bristol": 0.4, "Northampton": 0.3},
    "Bristol": {"C1": 1.2, "C2": 0.6, "C3": 0.5, "C5": 0.3, "C6": 0.8},
    "Northampton": {"C2": 0.4, "C4": 0.5, "C5": 0.6, "C6": 0.9},
}
OPENING, CLOSING = {"Bristol": 12000, "Northampton": 4000}, {"Newcastle": -10000, "Exeter": -5000}


def tables(given: Inputs, key: str) -> Tables:
    costs = {origin: {**given["arc_cost"].get(origin, {}), **COSTS.get(origin, {})} for origin in (*given["arc_cost"], *NEW)}
    depots = {**given["depots"], **NEW}
    sites = [{"location": name, "kind": "plant"} for name in given["plants"]]
    sites += [
        {
            "location": name,
            "kind": "warehouse",
            "is_open": name not in NEW,
            "opening_cost": OPENING.get(name),
            "closing_cost": CLOSING.get(name),
        }
        for name in depots
    ]
    return {
        **as_it_is.tables({**given, "arc_cost": costs, "depots": depots}, key),
        "location": sites,
        "capacity_step": [
            {"resource": "through Birmingham", "step": "expansion", "quantity": 20000, "cost": 3000, "span": "horizon"},
        ],
        "limit": [{"limit": "depots open", "at_most": 4, "measure": "count"}],
        "limit_member": [{"limit": "depots open", "table": "location", "key": name} for name in depots],
    }
