"""Demand without end: of each desk as many as any shop could make alone."""

from tests.truth.running import Inputs, Tables, demand


def tables(given: Inputs, key: str) -> Tables:
    takes = list(zip(*given["labor"].values(), strict=True))
    shops = dict(zip(given["labor"], given["capacity"], strict=True))
    most = [max(hours / take for hours, take in zip(shops.values(), each, strict=True)) for each in takes]
    desks = [f"desk {number}" for number in range(1, len(takes) + 1)]
    return {
        "forecast": [
            row
            for desk, quantity, price in zip(desks, most, given["price"], strict=True)
            for row in demand([quantity], item=desk, prices=price)
        ],
        "capacity": [{"resource": shop, "regular": hours} for shop, hours in shops.items()],
        "route": [{"route": desk, "item": desk, "location": "works"} for desk in desks],
        "usage": [
            {"activity": "make", "of": desk, "resource": shop, "quantity": take}
            for desk, each in zip(desks, takes, strict=True)
            for shop, take in zip(shops, each, strict=True)
        ],
    }
