"""Small companies at random, and what the best plan for them costs by a formulation that shares nothing with the supply model.

It is written for this one kind of company, with an unknown a number, straight to the optimiser.
"""

from dataclasses import dataclass
from random import Random
from typing import Any

import highspy

from tests.truth.running import Tables, demand, monthly


@dataclass(frozen=True)
class Company:
    """Items made by one crew, whole heads, in lots that need a set-up; late at a price, some months also lost at one.

    Lists are by item, demand by item and month.
    """

    months: int
    wanted: list[list[int]]
    stock: list[int]
    late_at_start: list[int]
    keep: list[int]
    make: list[float]
    hold: list[float]
    late: list[float]
    lost: list[float]
    hours: list[float]
    setup_hours: list[float]
    setup_cost: list[float]
    least_lot: list[int]
    heads: int
    most_hired: int
    subcontract: float
    subcontract_in_all: int
    head_hours: float = 160.0
    overtime_hours: float = 20.0
    wage: float = 1600.0
    overtime_wage: float = 18.0
    hire: float = 700.0
    layoff: float = 900.0


def company(seed: int, months: int = 12, items: int = 2) -> Company:
    """A company made from a seed."""
    draw = Random(seed)

    def each(low: int, high: int) -> list[int]:
        return [draw.randint(low, high) for _ in range(items)]

    return Company(
        months=months,
        wanted=[[max(0, draw.randint(-40, 200)) for _ in range(months)] for _ in range(items)],
        stock=each(0, 80),
        late_at_start=each(0, 15),
        keep=each(0, 60),
        make=[float(cost) for cost in each(5, 20)],
        hold=[cost / 4 for cost in each(1, 12)],
        late=[cost / 2 for cost in each(4, 20)],
        lost=[float(cost) for cost in each(60, 140)],
        hours=[cost / 4 for cost in each(4, 12)],
        setup_hours=[float(cost) for cost in each(0, 24)],
        setup_cost=[float(cost) for cost in each(0, 400)],
        least_lot=each(0, 60),
        heads=draw.randint(1, 4),
        most_hired=draw.randint(1, 2),
        subcontract=float(draw.randint(30, 60)),
        subcontract_in_all=draw.randint(0, 200),
    )


def tables(of: Company) -> Tables:
    """The company as the tables of a plan."""
    names = [f"item {number}" for number in range(len(of.wanted))]
    crew = {
        "resource": "crew",
        "workers": of.heads,
        "hours_per_worker": of.head_hours,
        "overtime_hours_per_worker": of.overtime_hours,
        "wage_per_period": of.wage,
        "overtime_wage_per_hour": of.overtime_wage,
        "hire_cost": of.hire,
        "layoff_cost": of.layoff,
        "max_hire": of.most_hired,
        "integer": True,
    }
    return {
        "forecast": [row for name, wanted in zip(names, of.wanted, strict=True) for row in demand(wanted, item=name)],
        "backlog": [{"item": name, "market": "market", "quantity": late} for name, late in zip(names, of.late_at_start, strict=True)],
        "demand_policy": [
            {"item": name, "backlog_cost": of.late[n], "lost_sale_cost": of.lost[n], "ending_backlog": 0} for n, name in enumerate(names)
        ],
        "resource": [{"resource": "crew", "kind": "labor"}],
        "workforce": monthly(crew, hours_per_worker=[of.head_hours] * of.months),
        "route": [
            {"route": name, "item": name, "location": "plant", "unit_cost": of.make[n]}
            | {"setup_cost": of.setup_cost[n], "minimum_lot": of.least_lot[n]}
            for n, name in enumerate(names)
        ],
        "usage": [
            {"activity": "make", "of": name, "resource": "crew", "quantity": of.hours[n], "setup_quantity": of.setup_hours[n]}
            for n, name in enumerate(names)
        ],
        "purchase": [
            {"purchase": "outside", "item": names[0], "location": "plant", "kind": "subcontract", "unit_cost": of.subcontract},
        ],
        "purchase_limit": [{"purchase": "outside", "span": "horizon", "maximum": of.subcontract_in_all}],
        "on_hand": [{"item": name, "location": "plant", "quantity": stock} for name, stock in zip(names, of.stock, strict=True)],
        "inventory_policy": [
            {"item": name, "location": "plant", "holding_cost": of.hold[n], "ending_minimum": of.keep[n]} for n, name in enumerate(names)
        ],
    }


def least_cost(of: Company) -> float:
    """The cost of the company's best plan."""
    model: Any = highspy.Highs()  # type: ignore[no-untyped-call]
    model.silent()
    months, items = range(of.months), range(len(of.wanted))
    enough = sum(map(sum, of.wanted)) + sum(of.keep) + sum(of.late_at_start) + max(of.least_lot)
    heads = [model.addIntegral(lb=0, ub=1000) for _ in months]
    hired = [model.addVariable(lb=0, ub=of.most_hired) for _ in months]
    left = [model.addVariable(lb=0) for _ in months]
    extra = [model.addVariable(lb=0) for _ in months]
    made, begun, stock, late, lost = ([[model.addVariable(lb=0) for _ in months] for _ in items] for _ in range(5))
    begun = [[model.addBinary() for _ in months] for _ in items]
    outside = [model.addVariable(lb=0) for _ in months]
    model.addConstr(sum(outside) <= of.subcontract_in_all)
    for t in months:
        model.addConstr(heads[t] == (heads[t - 1] if t else of.heads) + hired[t] - left[t])
        load = sum(of.hours[i] * made[i][t] + of.setup_hours[i] * begun[i][t] for i in items)
        model.addConstr(load <= of.head_hours * heads[t] + extra[t])
        model.addConstr(extra[t] <= of.overtime_hours * heads[t])
        for i in items:
            model.addConstr(made[i][t] <= enough * begun[i][t])
            model.addConstr(made[i][t] >= of.least_lot[i] * begun[i][t])
            before = stock[i][t - 1] - late[i][t - 1] if t else of.stock[i] - of.late_at_start[i]
            come = made[i][t] + (outside[t] if i == 0 else 0)
            model.addConstr(stock[i][t] - late[i][t] == before + come - of.wanted[i][t] + lost[i][t])
            model.addConstr(lost[i][t] <= of.wanted[i][t] + (late[i][t - 1] if t else of.late_at_start[i]))
    for i in items:
        model.addConstr(stock[i][-1] >= of.keep[i])
        model.addConstr(late[i][-1] <= 0)
    cost = sum(of.wage * heads[t] + of.hire * hired[t] + of.layoff * left[t] + of.overtime_wage * extra[t] for t in months)
    cost += sum(of.subcontract * outside[t] for t in months)
    for i in items:
        cost += sum(of.make[i] * made[i][t] + of.setup_cost[i] * begun[i][t] for t in months)
        cost += sum(of.hold[i] * stock[i][t] + of.late[i] * late[i][t] + of.lost[i] * lost[i][t] for t in months)
    model.setOptionValue("mip_rel_gap", 0.0)
    model.minimize(cost)
    return float(model.getObjectiveValue())
