"""Decisions before demand is known, by a formulation that shares nothing with the supply model: one matrix, straight to SciPy.

Items share one line with regular time and overtime. What is made in the first months is the same in every scenario; later months, sales,
stock and lost demand are of each scenario.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

import numpy as np
import polars as pl
from scipy.optimize import linprog  # type: ignore[import-untyped]

from tests.truth.company import demand, rows


@dataclass(frozen=True)
class Shop:
    """Lists are by item; `wanted` by scenario, item and month; `overtime` is made in the first months as well, before all is known."""

    chances: list[float]
    wanted: list[list[list[float]]]
    committed: int
    price: list[float]
    make: list[float]
    hold: list[float]
    lost: list[float]
    stock: list[float]
    hours: list[float]
    regular: float
    overtime: float
    overtime_cost: float

    @property
    def months(self) -> int:
        """Months planned."""
        return len(self.wanted[0][0])


def shop(seed: int, scenarios: int = 2, months: int = 5, items: int = 2) -> Shop:
    """A shop made from a seed: costs and demand with decimals, so that no two plans are equal."""
    draw = Random(seed)

    def each(low: float, high: float) -> list[float]:
        return [round(draw.uniform(low, high), 3) for _ in range(items)]

    usual = [each(40, 120) for _ in range(months)]
    levels = [draw.uniform(0.5, 1.6) for _ in range(scenarios)]
    wanted = [[[round(usual[t][i] * level, 2) for t in range(months)] for i in range(items)] for level in levels]
    weights = [draw.uniform(0.5, 1.5) for _ in range(scenarios)]
    return Shop(
        chances=[weight / sum(weights) for weight in weights],
        wanted=wanted,
        committed=draw.randint(1, months - 1),
        price=each(50, 80),
        make=each(20, 40),
        hold=each(0.5, 4),
        lost=each(1, 6),
        stock=each(0, 30),
        hours=each(0.5, 1.5),
        regular=round(draw.uniform(80, 160), 2),
        overtime=round(draw.uniform(5, 40), 2),
        overtime_cost=round(draw.uniform(5, 20), 2),
    )


def tables(of: Shop, scenario: int) -> dict[str, pl.DataFrame]:
    """The shop as the tables of a plan, with the demand of one scenario."""
    names = [f"item {number}" for number in range(len(of.price))]
    wanted = of.wanted[scenario]
    plan = [row for n, name in enumerate(names) for row in demand(wanted[n], item=name, prices=[of.price[n]] * of.months)]
    return {
        "demand_plan": rows(*plan),
        "item": rows(*({"item": name, "unit": "pieces"} for name in names)),
        "location": rows({"location": "plant"}),
        "demand_policy": rows(
            *({"item": name, "backlog_allowed": False, "lost_sale_cost": of.lost[n]} for n, name in enumerate(names)),
        ),
        "resource": rows({"resource": "line", "location": "plant", "overtime_cost": of.overtime_cost}),
        "capacity": rows({"resource": "line", "regular": of.regular, "overtime_limit": of.overtime}),
        "route": rows(*({"route": name, "item": name, "location": "plant", "unit_cost": of.make[n]} for n, name in enumerate(names))),
        "usage": rows(*({"activity": "make", "of": name, "resource": "line", "quantity": of.hours[n]} for n, name in enumerate(names))),
        "on_hand": rows(*({"item": name, "location": "plant", "quantity": of.stock[n]} for n, name in enumerate(names))),
        "inventory_policy": rows(*({"item": name, "location": "plant", "holding_cost": of.hold[n]} for n, name in enumerate(names))),
    }


def expected_profit(of: Shop, scenarios: Sequence[int], made: np.ndarray | None = None) -> tuple[float, np.ndarray]:
    """The most expected profit over some scenarios (chances scaled to 1), and what is made in the first months: item, month.

    With `made` (item, month) and `extra` of those months given, the first months are held at that.
    """
    items, months = len(of.price), of.months
    count = items * months * 3 + months  # made, stock, lost; overtime
    total = sum(of.chances[s] for s in scenarios)
    gain = np.zeros(count * len(scenarios))
    fixed = 0.0
    equal: list[np.ndarray] = []
    right: list[float] = []
    most: list[np.ndarray] = []
    limit: list[float] = []
    bounds: list[tuple[float, float | None]] = []

    def place(block: int, kind: int, i: int, t: int) -> int:
        return block * count + (kind * items + i) * months + t if kind < 3 else block * count + 3 * items * months + t

    for block, s in enumerate(scenarios):
        chance = of.chances[s] / total
        bounds += [(0, None)] * (items * months * 3) + [(0, of.overtime)] * months
        for t in range(months):
            gain[place(block, 3, 0, t)] = -chance * of.overtime_cost
            load = np.zeros(len(gain))
            for i in range(items):
                load[place(block, 0, i, t)] = of.hours[i]
                fixed += chance * of.price[i] * of.wanted[s][i][t]
                gain[place(block, 0, i, t)] = -chance * of.make[i]
                gain[place(block, 1, i, t)] = -chance * of.hold[i]
                gain[place(block, 2, i, t)] = -chance * (of.price[i] + of.lost[i])
                bounds[place(block, 2, i, t)] = (0, of.wanted[s][i][t])
                balance = np.zeros(len(gain))
                balance[place(block, 0, i, t)] = balance[place(block, 2, i, t)] = 1
                balance[place(block, 1, i, t)] = -1
                if t:
                    balance[place(block, 1, i, t - 1)] = 1
                equal.append(balance)
                right.append(of.wanted[s][i][t] - (0 if t else of.stock[i]))
            load[place(block, 3, 0, t)] = -1
            most.append(load)
            limit.append(of.regular)
        for t in range(of.committed):
            for kind, i in [*((0, i) for i in range(items)), (3, 0)]:
                if block:
                    same = np.zeros(len(gain))
                    same[place(block, kind, i, t)], same[place(0, kind, i, t)] = 1, -1
                    equal.append(same)
                    right.append(0.0)
                if made is not None:
                    value = made[i, t] if kind == 0 else made[items, t]
                    bounds[place(block, kind, i, t)] = (value, value)
    found = linprog(-gain, np.array(most), limit, np.array(equal), right, bounds, method="highs")
    assert found.status == 0, found.message
    first = [[found.x[place(0, 0, i, t)] for t in range(of.committed)] for i in range(items)]
    over = [found.x[place(0, 3, 0, t)] for t in range(of.committed)]
    return fixed - float(found.fun), np.array([*first, over])
