"""Product mix, plants and depots, lots and lines that may stand still."""

import pytest

from tests.truth.company import demand, inputs, money, month, published, rows, solve

pytestmark = pytest.mark.shared


def test_steel_over_four_weeks() -> None:
    given = inputs("ampl_steelT")
    products = given["products"]
    result = solve(
        4,
        {"backlog_allowed": False},
        item=rows(*({"item": p} for p in products)),
        location=rows({"location": "mill"}),
        demand_plan=rows(
            *(row for p in products for row in demand(given["market"][p], item=p, prices=[float(v) for v in given["revenue"][p]]))
        ),
        resource=rows({"resource": "mill"}),
        capacity=rows(
            *({"resource": "mill", "period": month(t), "regular": float(hours)} for t, hours in enumerate(given["hours_available"]))
        ),
        route=rows(*({"route": p, "item": p, "location": "mill", "unit_cost": float(given["production_cost"][p])} for p in products)),
        usage=rows(*({"activity": "make", "of": p, "resource": "mill", "quantity": 1 / given["rate_per_hour"][p]} for p in products)),
        on_hand=rows(*({"item": p, "location": "mill", "quantity": float(given["initial_inventory"][p])} for p in products)),
        inventory_policy=rows(*({"item": p, "location": "mill", "holding_cost": float(given["inventory_cost"][p])} for p in products)),
    )
    assert money(result)["profit"] == pytest.approx(published("ampl_steelT")["total_profit"], rel=1e-4)


def test_steel_in_three_plants_for_seven_customers() -> None:
    given = inputs("ampl_steelP")
    plants, products, customers = given["plants"], given["products"], given["customers"]
    ways = [(product, plant) for product in products for plant in plants]
    result = solve(
        1,
        {"objective": "cost", "lost_allowed": False, "backlog_allowed": False},
        item=rows(*({"item": product} for product in products)),
        location=rows(*({"location": plant} for plant in plants)),
        demand_plan=rows(*(row for p in products for c in customers for row in demand([given["demand"][p][c]], item=p, market=c))),
        resource=rows(*({"resource": plant, "location": plant} for plant in plants)),
        capacity=rows(*({"resource": plant, "regular": float(hours)} for plant, hours in given["hours_available"].items())),
        route=rows(*({"route": f"{p} {o}", "item": p, "location": o, "unit_cost": float(given["make_cost"][p][o])} for p, o in ways)),
        usage=rows(*({"activity": "make", "of": f"{p} {o}", "resource": o, "quantity": 1 / given["rate_per_hour"][p][o]} for p, o in ways)),
        lane=rows(
            *(
                {"lane": f"{o} {c}", "item": p, "from": o, "to": c, "unit_cost": float(given["transport_cost"][p][o][c])}
                for p, o in ways
                for c in customers
            )
        ),
    )
    assert money(result)["cost"] == pytest.approx(published("ampl_steelP")["total_cost"], rel=1e-4)


def test_furniture_product_mix() -> None:
    given = inputs("gams_prodmix")
    desks = [f"desk {number}" for number in range(1, 5)]
    result = solve(
        1,
        {"backlog_allowed": False},
        item=rows(*({"item": desk} for desk in desks)),
        location=rows({"location": "shop"}),
        demand_plan=rows(
            *(row for desk, price in zip(desks, given["price"], strict=True) for row in demand([1e4], item=desk, prices=[float(price)]))
        ),
        resource=rows(*({"resource": name} for name in given["labor"])),
        capacity=rows(
            *({"resource": name, "regular": float(hours)} for name, hours in zip(given["labor"], given["capacity"], strict=True))
        ),
        route=rows(*({"route": desk, "item": desk, "location": "shop"} for desk in desks)),
        usage=rows(
            *(
                {"activity": "make", "of": desk, "resource": name, "quantity": float(take)}
                for name, takes in given["labor"].items()
                for desk, take in zip(desks, takes, strict=True)
            )
        ),
    )
    assert money(result)["profit"] == pytest.approx(published("gams_prodmix")["total_profit"], rel=1e-4)


def test_warehouse_buys_low_and_sells_high() -> None:
    given = inputs("gams_whouse")
    prices = [float(price) for price in given["price"]]
    result = solve(
        4,
        {"backlog_allowed": False},
        item=rows({"item": "grain"}),
        location=rows({"location": "house"}),
        demand_plan=rows(*demand([1000.0] * 4, item="grain", prices=prices)),
        purchase=rows(
            *(
                {"purchase": "buy", "period": month(t), "item": "grain", "location": "house", "unit_cost": price}
                for t, price in enumerate(prices)
            )
        ),
        on_hand=rows({"item": "grain", "location": "house", "quantity": float(given["initial_stock"])}),
        inventory_policy=rows(
            {
                "item": "grain",
                "location": "house",
                "holding_cost": float(given["storage_cost"]),
                "maximum": float(given["storage_capacity"]),
            }
        ),
    )
    assert -money(result)["profit"] == pytest.approx(published("gams_whouse")["total_cost"], rel=1e-4)


def test_lot_sizing_with_shared_capacity() -> None:
    given = inputs("gamspy_clsp")
    products = given["products"]
    result = solve(
        4,
        {"objective": "cost", "integer": True, "backlog_allowed": False, "lost_allowed": False},
        item=rows(*({"item": p} for p in products)),
        location=rows({"location": "plant"}),
        demand_plan=rows(*(row for p in products for row in demand(given["demand"][p], item=p))),
        resource=rows({"resource": "line"}),
        capacity=rows(*({"resource": "line", "period": month(t), "regular": float(most)} for t, most in enumerate(given["capacity"]))),
        route=rows(*({"route": p, "item": p, "location": "plant", "setup_cost": float(given["setup_cost"][p])} for p in products)),
        usage=rows(*({"activity": "make", "of": p, "resource": "line", "quantity": 1.0} for p in products)),
        inventory_policy=rows(*({"item": p, "location": "plant", "holding_cost": float(given["holding_cost"][p])} for p in products)),
    )
    assert money(result)["cost"] == pytest.approx(published("gamspy_clsp")["total_cost"], rel=1e-4)


def test_factory_plans_around_maintenance() -> None:
    given = inputs("williams_factory_planning_1")
    products, machines = given["products"], given["machines_installed"]
    hours = given["hours_per_month"]
    result = solve(
        6,
        {"backlog_allowed": False},
        item=rows(*({"item": p, "unit_price": float(given["profit"][p])} for p in products)),
        location=rows({"location": "factory"}),
        demand_plan=rows(*(row for p in products for row in demand([limits[p] for limits in given["market_limit"]], item=p))),
        resource=rows(*({"resource": m} for m in machines)),
        capacity=rows(
            *(
                {"resource": m, "period": month(t), "regular": float(hours * count), "planned_downtime": float(hours * down.get(m, 0))}
                for m, count in machines.items()
                for t, down in enumerate(given["machines_down"])
            )
        ),
        route=rows(*({"route": p, "item": p, "location": "factory"} for p in products)),
        usage=rows(
            *(
                {"activity": "make", "of": p, "resource": m, "quantity": float(take)}
                for m, takes in given["hours_per_unit"].items()
                for p, take in takes.items()
            )
        ),
        inventory_policy=rows(
            *(
                {
                    "item": p,
                    "location": "factory",
                    "maximum": float(given["max_inventory"]),
                    "ending_minimum": float(given["ending_inventory"]),
                    "holding_cost": float(given["holding_cost"]),
                }
                for p in products
            )
        ),
    )
    assert money(result)["profit"] == pytest.approx(published("williams_factory_planning_1")["total_profit"], rel=1e-4)


def test_distribution_through_depots() -> None:
    given = inputs("williams_distribution_1")
    lanes = [(o, d, cost) for o, to in given["arc_cost"].items() for d, cost in to.items()]
    into = [(f"{o} {d}", d) for o, d, _ in lanes if d in given["depots"]]
    result = solve(
        1,
        {"objective": "cost", "lost_allowed": False, "backlog_allowed": False},
        item=rows({"item": "ton"}),
        location=rows(*({"location": name} for name in (*given["plants"], *given["depots"]))),
        demand_plan=rows(*(row for c, quantity in given["customers"].items() for row in demand([quantity], item="ton", market=c))),
        resource=rows(*({"resource": name, "location": name} for name in given["depots"])),
        capacity=rows(*({"resource": name, "regular": float(most)} for name, most in given["depots"].items())),
        purchase=rows(*({"purchase": name, "item": "ton", "location": name, "unit_cost": 0.0} for name in given["plants"])),
        purchase_limit=rows(*({"purchase": name, "maximum": float(most)} for name, most in given["plants"].items())),
        lane=rows(*({"lane": f"{o} {d}", "from": o, "to": d, "unit_cost": float(cost)} for o, d, cost in lanes)),
        usage=rows(*({"activity": "move", "of": lane, "resource": depot, "quantity": 1.0} for lane, depot in into)),
    )
    assert money(result)["cost"] == pytest.approx(published("williams_distribution_1")["total_cost"], rel=1e-4)


def test_two_factories_that_may_stand_still() -> None:
    given = inputs("two_factories")
    plants = given["plants"]
    dated = [(name, t) for name in plants for t in range(12)]
    result = solve(
        12,
        {"objective": "cost", "integer": True, "backlog_allowed": False},
        item=rows({"item": "product"}),
        location=rows(*({"location": name} for name in plants)),
        demand_plan=rows(*demand(given["demand"])),
        resource=rows(*({"resource": name, "location": name} for name in plants)),
        capacity=rows(
            *(
                {
                    "resource": name,
                    "period": month(t),
                    "regular": float(plants[name]["max_production"][t]),
                    "minimum_run": float(plants[name]["min_production"][t]),
                    "open_cost": float(plants[name]["fixed_cost"][t]),
                }
                for name, t in dated
            )
        ),
        route=rows(
            *(
                {
                    "route": name,
                    "period": month(t),
                    "item": "product",
                    "location": name,
                    "unit_cost": float(plants[name]["variable_cost"][t]),
                }
                for name, t in dated
            )
        ),
        usage=rows(*({"activity": "make", "of": name, "resource": name, "quantity": 1.0} for name in plants)),
        inventory_policy=rows(*({"item": "product", "location": name, "maximum": 0.0} for name in plants)),
        demand_policy=rows({"item": "product", "market": "market", "lost_sale_cost": float(given["unmet_penalty"])}),
    )
    assert money(result)["cost"] == pytest.approx(published("two_factories")["total_cost"], rel=1e-4)
