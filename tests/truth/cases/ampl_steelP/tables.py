"""Three plants, each with its hours, and a lane to every customer at a cost for each product."""

from tests.truth.running import Inputs, Tables, demand


def tables(given: Inputs, key: str) -> Tables:
    plants, products, customers = given["plants"], given["products"], given["customers"]
    ways = [(product, plant) for product in products for plant in plants]
    return {
        "forecast": [row for p in products for c in customers for row in demand([given["demand"][p][c]], item=p, market=c)],
        "capacity": [{"resource": plant, "regular": hours} for plant, hours in given["hours_available"].items()],
        "route": [{"route": f"{p} {o}", "item": p, "location": o, "unit_cost": given["make_cost"][p][o]} for p, o in ways],
        "usage": [{"activity": "make", "of": f"{p} {o}", "resource": o, "quantity": 1 / given["rate_per_hour"][p][o]} for p, o in ways],
        "lane": [
            {"lane": f"{o} {c}", "item": p, "from": o, "to": c, "unit_cost": given["transport_cost"][p][o][c]}
            for p, o in ways
            for c in customers
        ],
    }
