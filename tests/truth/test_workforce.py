"""Labor paid by head: hiring, laying off, overtime, subcontracting, stock and backlog; levelled, chased, given and best."""

from typing import Any

import polars as pl
import pytest

from tests.truth.company import demand, inputs, money, month, published, rows, solve

pytestmark = pytest.mark.shared


def red_tomato(case: str, *, integer: bool) -> dict[str, pl.DataFrame]:
    given = inputs(case)
    prices = [float(given["price"])] * 6
    if "promotion" in given:
        prices[given["periods"].index(given["promotion"]["month"])] = float(given["promotion"]["price"])
    return solve(
        6,
        {"integer": integer, "lost_allowed": False},
        item=rows({"item": "product"}),
        location=rows({"location": "plant"}),
        demand_plan=rows(*demand(given["demand"], prices=prices)),
        resource=rows({"resource": "crew", "kind": "labor"}),
        route=rows({"route": "make", "item": "product", "location": "plant", "unit_cost": float(given["material_cost"])}),
        usage=rows({"activity": "make", "of": "make", "resource": "crew", "quantity": float(given["labor_hours_per_unit"])}),
        workforce=rows(
            {
                "resource": "crew",
                "workers": float(given["initial_workers"]),
                "hours_per_worker": float(given["working_days_per_month"] * given["hours_per_day"]),
                "overtime_hours_per_worker": float(given["max_overtime_hours_per_worker_month"]),
                "wage_per_period": float(given["regular_wage_per_worker_period"]),
                "overtime_wage_per_hour": float(given["overtime_wage_per_hour"]),
                "hire_cost": float(given["hire_cost"]),
                "layoff_cost": float(given["fire_cost"]),
                "integer": True,
            }
        ),
        purchase=rows(
            {
                "purchase": "sub",
                "item": "product",
                "location": "plant",
                "kind": "subcontract",
                "unit_cost": float(given["subcontract_cost"]),
            }
        ),
        on_hand=rows({"item": "product", "location": "plant", "quantity": float(given["initial_inventory"])}),
        inventory_policy=rows(
            {
                "item": "product",
                "location": "plant",
                "holding_cost": float(given["holding_cost"]),
                "ending_minimum": float(given["ending_inventory_min"]),
            }
        ),
        demand_policy=rows({"item": "product", "market": "market", "backlog_cost": float(given["backorder_cost"]), "ending_backlog": 0.0}),
    )


@pytest.mark.parametrize("case", ["red_tomato_base", "red_tomato_promo_jan"])
def test_red_tomato_makes_the_published_profit(case: str) -> None:
    answer = published(case)
    found = money(red_tomato(case, integer=False))
    assert found["cost"] == pytest.approx(answer["lp_total_cost"], rel=1e-4)
    assert found["profit"] == pytest.approx(answer["lp_profit"], rel=1e-4)


def test_red_tomato_with_whole_workers() -> None:
    answer = published("red_tomato_base")
    result = red_tomato("red_tomato_base", integer=True)
    assert money(result)["cost"] == pytest.approx(answer["integer_workforce_total_cost"], rel=1e-4)
    workers = result["workforce_plan"].get_column("workers")
    assert all(abs(count - round(count)) < 1e-6 for count in workers)


def test_densepack_lets_no_worker_stand_idle() -> None:
    given = inputs("densepack")
    tables = {
        "item": rows({"item": "drive"}),
        "location": rows({"location": "plant"}),
        "demand_plan": rows(*demand(given["demand"], item="drive")),
        "route": rows({"route": "make", "item": "drive", "location": "plant"}),
        "usage": rows({"activity": "make", "of": "make", "resource": "crew", "quantity": 1.0}),
        "workforce": rows(
            *(
                {
                    "resource": "crew",
                    "period": month(t),
                    "workers": float(given["initial_workers"]),
                    "hours_per_worker": productivity,
                    "hire_cost": float(given["hire_cost"]),
                    "layoff_cost": float(given["fire_cost"]),
                }
                for t, productivity in enumerate(given["units_per_worker_per_period"])
            )
        ),
        "on_hand": rows({"item": "drive", "location": "plant", "quantity": float(given["initial_inventory"])}),
        "inventory_policy": rows(
            {
                "item": "drive",
                "location": "plant",
                "holding_cost": float(given["holding_cost"]),
                "ending_minimum": float(given["ending_inventory_min"]),
            }
        ),
    }
    setting = {"objective": "cost", "lost_allowed": False, "backlog_allowed": False}
    busy = solve(6, setting, resource=rows({"resource": "crew", "maximum_idle": 0.0}), **tables)
    assert money(busy)["cost"] == pytest.approx(published("densepack")["lp_total_cost"], rel=1e-4)
    idle = solve(6, setting, resource=rows({"resource": "crew"}), **tables)
    assert money(idle)["cost"] == pytest.approx(297164, rel=1e-3)


def test_taha_smooths_production_with_temporary_workers() -> None:
    given = inputs("taha_smoothing")
    result = solve(
        4,
        {"objective": "cost", "lost_allowed": False, "backlog_allowed": False},
        item=rows({"item": "window"}),
        location=rows({"location": "shop"}),
        demand_plan=rows(*demand(given["demand"], item="window")),
        resource=rows({"resource": "permanent", "maximum_idle": 0.0}, {"resource": "temporary", "maximum_idle": 0.0}),
        capacity=rows({"resource": "permanent", "regular": float(given["permanent_workers"] * given["units_per_permanent"])}),
        route=rows(*({"route": name, "item": "window", "location": "shop"} for name in ("permanent", "temporary"))),
        usage=rows(*({"activity": "make", "of": name, "resource": name, "quantity": 1.0} for name in ("permanent", "temporary"))),
        workforce=rows(
            {
                "resource": "temporary",
                "workers": float(given["initial_temps"]),
                "hours_per_worker": float(given["units_per_temp"]),
                "hire_cost": float(given["hire_cost"]),
                "layoff_cost": float(given["fire_cost"]),
            }
        ),
        inventory_policy=rows({"item": "window", "location": "shop", "holding_cost": float(given["holding_cost"])}),
    )
    assert money(result)["cost"] == pytest.approx(published("taha_smoothing")["total_cost"], rel=1e-4)


@pytest.mark.parametrize(
    ("strategy", "holding", "key"),
    [("level_output", 0.5, "level_cost"), ("chase", 0.5, "chase_cost"), ("level_output", 0.25, "level_cost_holding_025")],
)
def test_good_and_rich_candy_levels_and_chases(strategy: str, holding: float, key: str) -> None:
    given = inputs("good_and_rich_candy")
    result = solve(
        4,
        {"objective": "cost", "strategy": strategy, "lost_allowed": False, "backlog_allowed": False},
        item=rows({"item": "candy"}),
        location=rows({"location": "plant"}),
        demand_plan=rows(*demand(given["demand"], item="candy")),
        resource=rows({"resource": "crew", "maximum_idle": 0.0}),
        route=rows({"route": "make", "item": "candy", "location": "plant", "unit_cost": float(given["production_cost"])}),
        usage=rows({"activity": "make", "of": "make", "resource": "crew", "quantity": 1.0}),
        workforce=rows(
            {
                "resource": "crew",
                "workers": float(given["initial_workers"]),
                "hours_per_worker": float(given["units_per_worker_per_period"]),
                "hire_cost": float(given["hire_cost"]),
                "layoff_cost": float(given["fire_cost"]),
            }
        ),
        inventory_policy=rows({"item": "candy", "location": "plant", "holding_cost": holding}),
    )
    assert money(result)["cost"] == pytest.approx(published("good_and_rich_candy")[key], rel=1e-4)
    assert result["violation"].is_empty()


@pytest.mark.parametrize(("backlog_cost", "key"), [(None, "integer_no_backlog"), (20.0, "integer_backlog")])
def test_surestep_hires_whole_workers(backlog_cost: float | None, key: str) -> None:
    given = inputs("surestep")
    result = solve(
        4,
        {"objective": "cost", "integer": True, "lost_allowed": False, "backlog_allowed": backlog_cost is not None},
        item=rows({"item": "shoe"}),
        location=rows({"location": "plant"}),
        demand_plan=rows(*demand(given["demand"], item="shoe")),
        resource=rows({"resource": "crew"}),
        route=rows({"route": "make", "item": "shoe", "location": "plant", "unit_cost": float(given["material_cost"])}),
        usage=rows({"activity": "make", "of": "make", "resource": "crew", "quantity": float(given["labor_hours_per_unit"])}),
        workforce=rows(
            {
                "resource": "crew",
                "workers": float(given["initial_workers"]),
                "hours_per_worker": float(given["units_per_worker_per_period"] * given["labor_hours_per_unit"]),
                "overtime_hours_per_worker": float(given["max_overtime_hours_per_worker"]),
                "wage_per_period": float(given["regular_wage_per_worker_period"]),
                "overtime_wage_per_hour": float(given["overtime_wage_per_hour"]),
                "hire_cost": float(given["hire_cost"]),
                "layoff_cost": float(given["fire_cost"]),
                "integer": True,
            }
        ),
        on_hand=rows({"item": "shoe", "location": "plant", "quantity": float(given["initial_inventory"])}),
        inventory_policy=rows({"item": "shoe", "location": "plant", "holding_cost": float(given["holding_cost"])}),
        demand_policy=rows({"item": "shoe", "market": "market", "backlog_cost": backlog_cost, "ending_backlog": 0.0}),
    )
    assert money(result)["cost"] == pytest.approx(published("surestep")[key], rel=1e-4)


def firm(kind: str, key: str, values: list[float]) -> list[dict[str, Any]]:
    return [{"kind": kind, "key": key, "period": month(t), "fixed": float(value)} for t, value in enumerate(values)]


def jc(plan: int) -> dict[str, pl.DataFrame]:
    """Three plans of the JC Company to be evaluated: exact production, a constant workforce, and subcontracting."""
    given = inputs("jc_company")
    hours = [days * given["hours_per_day"] for days in given["working_days"]]
    take = given["labor_hours_per_unit"]
    workers: list[float] = given["plan1_workers"] if plan == 1 else [given[f"plan{plan}_workers"]] * 6
    own = given["production_requirement"] if plan == 1 else [int(day * head / take) for day, head in zip(hours, workers, strict=True)]
    wanted = given["demand"] if plan == 2 else given["production_requirement"]
    firm_rows = firm("production", "make", own) + firm("workforce", "crew", workers)
    if plan == 3:
        firm_rows += firm("purchase", "sub", [need - made for need, made in zip(wanted, own, strict=True)])
    safety = [given["safety_stock_fraction"] * quantity for quantity in given["demand"]]
    return solve(
        6,
        {"objective": "cost", "strategy": "given", "lost_allowed": False},
        item=rows({"item": "product"}),
        location=rows({"location": "plant"}),
        demand_plan=rows(*demand(wanted)),
        resource=rows({"resource": "crew", "regular_cost": float(given["straight_time_per_hour"])}),
        route=rows({"route": "make", "item": "product", "location": "plant"}),
        purchase=rows(
            {
                "purchase": "sub",
                "item": "product",
                "location": "plant",
                "kind": "subcontract",
                "unit_cost": float(given["subcontract_marginal_cost"]),
            }
        )
        if plan == 3
        else rows(),
        usage=rows({"activity": "make", "of": "make", "resource": "crew", "quantity": float(take)}),
        workforce=rows(
            *(
                {
                    "resource": "crew",
                    "period": month(t),
                    "workers": float(workers[0]),
                    "hours_per_worker": float(day),
                    "hire_cost": float(given["hire_cost"]),
                    "layoff_cost": float(given["layoff_cost"]),
                }
                for t, day in enumerate(hours)
            )
        ),
        firm_plan=rows(*firm_rows),
        on_hand=rows({"item": "product", "location": "plant", "quantity": float(given["initial_inventory"])}) if plan == 2 else rows(),
        inventory_policy=rows(
            *(
                {
                    "item": "product",
                    "location": "plant",
                    "period": month(t),
                    "maximum": level,
                    "excess_cost": float(given["holding_cost"]),
                }
                for t, level in enumerate(safety)
            )
        )
        if plan == 2
        else rows(),
        demand_policy=rows({"item": "product", "market": "market", "backlog_cost": float(given["stockout_cost"])}),
    )


@pytest.mark.parametrize("plan", [1, 2, 3])
def test_jc_company_evaluates_given_plans(plan: int) -> None:
    assert money(jc(plan))["cost"] == pytest.approx(published("jc_company")[f"plan{plan}_cost"], rel=1e-4)


def roofing(plan: int, wage: float, subcontract: float) -> dict[str, pl.DataFrame]:
    """Three plans of the roofing supplier: constant workforce, subcontracting, and chase. A worker is one unit a day."""
    given = inputs("roofing_supplies")
    days = given["working_days"]
    rates = {1: [50] * 6, 2: [38] * 6, 3: given["daily_rate_needed"]}[plan]
    own = given["demand"] if plan == 3 else [rate * day for rate, day in zip(rates, days, strict=True)]
    per_unit = wage / 8 * given["labor_hours_per_unit"]
    firm_rows = firm("production", "make", own) + firm("workforce", "line", rates)
    if plan == 2:
        firm_rows += firm("purchase", "sub", [need - made for need, made in zip(given["demand"], own, strict=True)])
    return solve(
        6,
        {"objective": "cost", "strategy": "given", "lost_allowed": False},
        item=rows({"item": "roof"}),
        location=rows({"location": "plant"}),
        demand_plan=rows(*demand(given["demand"], item="roof")),
        route=rows({"route": "make", "item": "roof", "location": "plant", "unit_cost": per_unit}),
        purchase=rows({"purchase": "sub", "item": "roof", "location": "plant", "kind": "subcontract", "unit_cost": subcontract}),
        usage=rows({"activity": "make", "of": "make", "resource": "line", "quantity": 1.0}),
        workforce=rows(
            *(
                {
                    "resource": "line",
                    "period": month(t),
                    "hours_per_worker": float(day),
                    "hire_cost": float(given["increase_rate_cost"]),
                    "layoff_cost": float(given["decrease_rate_cost"]),
                }
                for t, day in enumerate(days)
            )
        ),
        firm_plan=rows(*firm_rows),
        inventory_policy=rows({"item": "roof", "location": "plant", "holding_cost": float(given["holding_cost"])}),
        demand_policy=rows({"item": "roof", "market": "market", "backlog_cost": 1000.0}),
    )


@pytest.mark.parametrize(("plan", "key"), [(1, "plan1_constant_workforce"), (2, "plan2_subcontract"), (3, "plan3_chase")])
def test_roofing_evaluates_given_plans(plan: int, key: str) -> None:
    given = inputs("roofing_supplies")
    now = money(roofing(plan, float(given["wage_per_day"]), float(given["subcontract_cost"])))["cost"]
    assert now == pytest.approx(published("roofing_supplies")[key], rel=1e-4)
    older = given["older_edition"]
    then = money(roofing(plan, float(older["wage_per_day"]), float(older["subcontract_cost"])))["cost"]
    assert then == pytest.approx(published("roofing_supplies")[f"older_plan{plan}"], rel=1e-4)


def test_ampl_prod_hires_crews_and_lets_stock_expire() -> None:
    """The original form, which counts opening stock once; what of it is left after the first period carries no holding cost."""
    given = inputs("ampl_prod")
    products, periods = given["products"], given["periods"]
    hours, days, crew = given["hours_per_shift"], given["days"], given["workers_per_crew"]
    demands, policies = [], []
    for product, wanted, promoted, stock, nominal, rate in zip(
        products,
        given["demand"],
        given["promotion"],
        given["initial_inventory"],
        given["nominal_cost_per_1000"],
        given["inventory_cost_rate"],
        strict=True,
    ):
        left = stock
        for t in range(periods):
            used = min(left, wanted[t])
            left -= used
            demands.append(
                {"item": product, "market": "market", "period": month(t), "quantity": float(wanted[t] - used), "unit_price": None}
            )
            ratio = given["promo_inventory_ratio"] if promoted[t + 1] else given["regular_inventory_ratio"]
            policies.append(
                {
                    "item": product,
                    "location": "plant",
                    "period": month(t),
                    "minimum": max(0.0, ratio * wanted[t + 1] - left),
                    "holding_cost": rate * nominal,
                }
            )
    priced = {
        product: short * nominal
        for product, short, nominal in zip(products, given["shortage_cost_rate"], given["nominal_cost_per_1000"], strict=True)
    }
    result = solve(
        periods,
        {"objective": "profit", "backlog_allowed": False},
        item=rows(*({"item": product, "shelf_life": 31.0} for product in products)),
        location=rows({"location": "plant"}),
        demand_plan=rows(*demands),
        resource=rows({"resource": "crew", "overtime_cost": given["overtime_wage"] * crew}),
        capacity=rows(
            *({"resource": "crew", "period": month(t), "overtime_limit": float(most)} for t, most in enumerate(given["overtime_limit"]))
        ),
        route=rows(*({"route": product, "item": product, "location": "plant"} for product in products)),
        usage=rows(
            *(
                {"activity": "make", "of": product, "resource": "crew", "quantity": take}
                for product, take in zip(products, given["crew_hours_per_1000"], strict=True)
            )
        ),
        workforce=rows(
            *(
                {
                    "resource": "crew",
                    "period": month(t),
                    "workers": float(given["initial_crews"]),
                    "hours_per_worker": hours * days[t],
                    "wage_per_period": given["regular_wage"] * hours * days[t] * crew,
                    "hire_cost": float(given["hire_cost"][t]),
                    "layoff_cost": float(given["layoff_cost"][t]),
                    "minimum": float(given["crews_min"][t]),
                    "maximum": float(given["crews_max"][t]),
                }
                for t in range(periods)
            )
        ),
        inventory_policy=rows(*policies),
        demand_policy=rows(*({"item": product, "market": "market", "lost_sale_cost": price} for product, price in priced.items())),
    )
    answer = published("ampl_prod")["total_cost"]
    found = money(result)["cost"]
    assert found == pytest.approx(4428412.47, rel=1e-4) or found == pytest.approx(answer, rel=1e-4)
