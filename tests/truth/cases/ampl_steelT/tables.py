"""Two products share the hours of a mill; what the market would take, at a price that changes by week, is demand that may be lost."""

from tests.truth.running import Inputs, Rows, Tables, demand

WEEKS = ("2027-01-04", "2027-01-11", "2027-01-18", "2027-01-25")


def weekly(rows: Rows) -> Rows:
    return [{**row, "period": WEEKS[number]} for number, row in enumerate(rows)]


def tables(given: Inputs, key: str) -> Tables:
    products = given["products"]
    hours = given["hours_available"]
    return {
        "forecast": [row for p in products for row in weekly(demand(given["market"][p], item=p, prices=given["revenue"][p]))],
        "capacity": weekly([{"resource": "mill", "regular": regular} for regular in hours]),
        "route": [{"route": p, "item": p, "location": "mill", "unit_cost": given["production_cost"][p]} for p in products],
        "usage": [{"activity": "make", "of": p, "resource": "mill", "quantity": 1 / given["rate_per_hour"][p]} for p in products],
        "on_hand": [{"item": p, "location": "mill", "quantity": given["initial_inventory"][p]} for p in products],
        "inventory_policy": [{"item": p, "location": "mill", "holding_cost": given["inventory_cost"][p]} for p in products],
    }
