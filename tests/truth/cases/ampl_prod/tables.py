"""Crews that are hired and laid off, stock that keeps for two periods, and a least stock against the demand of the next period.

Opening stock serves demand first and carries no holding cost: it is taken off demand, and what of it is left off the least stock.
Made stock that may not be used any more is scrapped for nothing, as stock keeps 31 days after the month it was made in.
"""

from tests.truth.running import Inputs, Rows, Tables, demand, month, monthly


def net_of_stock(given: Inputs, number: int) -> tuple[list[float], list[float]]:
    """Return demand less opening stock, and the least stock less what is left of it, for each period."""
    wanted, left, promoted = given["demand"][number], given["initial_inventory"][number], given["promotion"][number]
    net, least = [], []
    for t in range(given["periods"]):
        used = min(left, wanted[t])
        left -= used
        net.append(wanted[t] - used)
        ratio = given["promo_inventory_ratio" if promoted[t + 1] else "regular_inventory_ratio"]
        least.append(max(0.0, ratio * wanted[t + 1] - left))
    return net, least


def crews(given: Inputs) -> Rows:
    hours = [given["hours_per_shift"] * days for days in given["days"]]
    common = {"resource": "crew", "workers": given["initial_crews"]}
    return monthly(
        common,
        hours_per_worker=hours,
        wage_per_period=[given["regular_wage"] * hour * given["workers_per_crew"] for hour in hours],
        hire_cost=given["hire_cost"],
        layoff_cost=given["layoff_cost"],
        minimum=given["crews_min"],
        maximum=given["crews_max"],
    )


def tables(given: Inputs, key: str) -> Tables:
    products = list(enumerate(given["products"]))
    nominal = given["nominal_cost_per_1000"]
    stock = {p: {"item": p, "location": "plant", "holding_cost": given["inventory_cost_rate"][n] * nominal[n]} for n, p in products}
    return {
        "item": [{"item": p, "shelf_life": 31} for _, p in products],
        "forecast": [row for n, p in products for row in demand(net_of_stock(given, n)[0], item=p)],
        "demand_policy": [{"item": p, "lost_sale_cost": given["shortage_cost_rate"][n] * nominal[n]} for n, p in products],
        "resource": [{"resource": "crew", "kind": "labor", "overtime_cost": given["overtime_wage"] * given["workers_per_crew"]}],
        "capacity": [{"resource": "crew", "period": month(t), "overtime_limit": most} for t, most in enumerate(given["overtime_limit"])],
        "workforce": crews(given),
        "route": [{"route": p, "item": p, "location": "plant"} for _, p in products],
        "usage": [{"activity": "make", "of": p, "resource": "crew", "quantity": given["crew_hours_per_1000"][n]} for n, p in products],
        "inventory_policy": [row for n, p in products for row in monthly(stock[p], minimum=net_of_stock(given, n)[1])],
    }
