"""A warehouse buys and sells at the price of the quarter: demand is more than it could ever hold, and may be lost.

The published figure is a cost: what is bought, stored and, negative, sold.
"""

from tests.truth.running import Inputs, Tables, demand


def tables(given: Inputs, key: str) -> Tables:
    grain = {"item": "grain", "location": "house"}
    prices = given["price"]
    quarters = [f"2027-{1 + 3 * number:02d}-01" for number in range(len(prices))]
    endless = [2 * given["storage_capacity"]] * len(prices)
    sold = demand(endless, item="grain", prices=prices)
    return {
        "forecast": [{**row, "period": quarter} for row, quarter in zip(sold, quarters, strict=True)],
        "purchase": [{"purchase": "buy", **grain, "period": q, "unit_cost": price} for q, price in zip(quarters, prices, strict=True)],
        "on_hand": [{**grain, "quantity": given["initial_stock"]}],
        "inventory_policy": [{**grain, "holding_cost": given["storage_cost"], "maximum": given["storage_capacity"]}],
    }
