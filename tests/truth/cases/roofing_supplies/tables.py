"""Three plans to be evaluated: the mean rate, the lowest rate and subcontracting, chase.

The rate of a day is a workforce whose heads make a unit a day.
"""

from tests.truth.running import Inputs, Rows, Tables, demand, month, monthly


def firm(kind: str, key: str, values: list[float]) -> Rows:
    return [{"kind": kind, "key": key, "period": month(t), "fixed": value} for t, value in enumerate(values)]


def tables(given: Inputs, key: str) -> Tables:
    edition = given["older_edition"] if key.startswith("older") else given
    number = next(part for part in key.split("_") if part.startswith("plan"))
    roof = {"item": "roof", "location": "plant"}
    days = given["working_days"]
    needed = given["daily_rate_needed"]
    rates = {"plan1": [sum(given["demand"]) / sum(days)] * len(days), "plan2": [min(needed)] * len(days), "plan3": needed}[number]
    own = given["demand"] if number == "plan3" else [rate * day for rate, day in zip(rates, days, strict=True)]
    short = [need - made for need, made in zip(given["demand"], own, strict=True)]
    changing = {"resource": "line", "hire_cost": given["increase_rate_cost"], "layoff_cost": given["decrease_rate_cost"]}
    return {
        "forecast": demand(given["demand"], item="roof"),
        "resource": [{"resource": "line", "unit": "roofs"}],
        "workforce": monthly(changing, hours_per_worker=days),
        "route": [{"route": "make", **roof, "unit_cost": edition["wage_per_day"] / 8 * given["labor_hours_per_unit"]}],
        "usage": [{"activity": "make", "of": "make", "resource": "line", "quantity": 1}],
        "purchase": [{"purchase": "sub", **roof, "kind": "subcontract", "unit_cost": edition["subcontract_cost"]}],
        "firm_plan": firm("production", "make", own)
        + firm("workforce", "line", rates)
        + (firm("purchase", "sub", short) if number == "plan2" else []),
        "inventory_policy": [{**roof, "holding_cost": given["holding_cost"]}],
    }
