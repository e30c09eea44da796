"""Three plans to be evaluated: exact production with hiring, a constant workforce with stock above safety stock, subcontracting.

Plans 1 and 3 make what is required beyond opening stock and safety stock, which therefore stand in no table. In plan 2 only stock above
safety stock is paid for: it is the most that costs nothing.
"""

from tests.truth.running import Inputs, Rows, Tables, demand, month, monthly


def firm(kind: str, key: str, values: list[float]) -> Rows:
    return [{"kind": kind, "key": key, "period": month(t), "fixed": value} for t, value in enumerate(values)]


def tables(given: Inputs, key: str) -> Tables:
    number = key.removesuffix("_cost")
    product = {"item": "product", "location": "plant"}
    hours = [days * given["hours_per_day"] for days in given["working_days"]]
    workers = given[f"{number}_workers"] if number == "plan1" else [given[f"{number}_workers"]] * 6
    required = given["production_requirement"]
    own = required
    if number != "plan1":
        own = [hour * worker // given["labor_hours_per_unit"] for hour, worker in zip(hours, workers, strict=True)]
    crew = {"resource": "crew", "workers": workers[0], "hire_cost": given["hire_cost"], "layoff_cost": given["layoff_cost"]}
    found: dict[str, Rows] = {
        "forecast": demand(given["demand"] if number == "plan2" else required),
        "demand_policy": [{"item": "product", "backlog_cost": given["stockout_cost"]}],
        "resource": [{"resource": "crew", "kind": "labor", "regular_cost": given["straight_time_per_hour"]}],
        "workforce": monthly(crew, hours_per_worker=hours),
        "route": [{"route": "make", **product}],
        "usage": [{"activity": "make", "of": "make", "resource": "crew", "quantity": given["labor_hours_per_unit"]}],
        "firm_plan": firm("production", "make", own) + firm("workforce", "crew", workers),
    }
    if number == "plan2":
        safety = [given["safety_stock_fraction"] * quantity for quantity in given["demand"]]
        found["on_hand"] = [{**product, "quantity": given["initial_inventory"]}]
        found["inventory_policy"] = monthly({**product, "excess_cost": given["holding_cost"]}, maximum=safety)
    if number == "plan3":
        short = [need - made for need, made in zip(required, own, strict=True)]
        found["purchase"] = [{"purchase": "sub", **product, "kind": "subcontract", "unit_cost": given["subcontract_marginal_cost"]}]
        found["firm_plan"] += firm("purchase", "sub", short)
    return found
