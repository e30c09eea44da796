"""Small process industries at random, and what their best plan costs by a formulation that shares nothing with the supply model.

Two works crack a raw material into an intermediate and a by-product, share a tank between the two, one passes the intermediate on to the
other, both finish it; depots that may be opened or closed serve the towns by trucks with a price, a least load and a most.
"""

from dataclasses import dataclass
from random import Random
from typing import Any

import highspy

from tests.truth.running import Rows, Tables, demand, monthly

RESOURCE = {"crack": "cracker ", "finish": "finisher "}
WORKS, DEPOTS, TOWNS = ("east", "west"), ("hill", "lake", "port"), ("ayton", "beeby", "corby")


@dataclass(frozen=True)
class Industry:
    """Lists are by works, depot or town in the order of their names; demand by town and month, raw prices by month."""

    wanted: list[list[int]]
    price: list[int]
    by_product_wanted: list[int]
    by_product_price: float
    raw_price: list[int]
    good: list[float]
    by_product: list[float]
    crack_hours: list[int]
    crack_extra: list[int]
    crack_cost: list[float]
    finish_hours: list[int]
    finish_cost: list[float]
    take: float
    tank: int
    pass_on: float
    hold: float
    contract: int
    stop_hours: int
    depot_cost: list[int]
    open_now: list[bool]
    most_depots: int
    truck: list[list[int]]
    truck_price: int
    least_load: int
    most_load: int
    local: list[list[int]]

    @property
    def months(self) -> int:
        return len(self.raw_price)


def industry(seed: int, months: int = 3) -> Industry:
    """An industry made from a seed."""
    draw = Random(seed)

    def each(count: int, low: int, high: int) -> list[int]:
        return [draw.randint(low, high) for _ in range(count)]

    return Industry(
        wanted=[each(months, 0, 60) for _ in TOWNS],
        price=each(3, 60, 110),
        by_product_wanted=each(months, 0, 40),
        by_product_price=draw.randint(2, 12),
        raw_price=each(months, 6, 18),
        good=[share / 20 for share in each(2, 10, 17)],
        by_product=[share / 20 for share in each(2, 1, 6)],
        crack_hours=each(2, 60, 160),
        crack_extra=each(2, 0, 40),
        crack_cost=[float(cost) for cost in each(2, 1, 6)],
        finish_hours=each(2, 40, 120),
        finish_cost=[float(cost) for cost in each(2, 1, 6)],
        take=draw.randint(20, 30) / 20,
        tank=draw.randint(10, 60),
        pass_on=float(draw.randint(1, 5)),
        hold=draw.randint(1, 4) / 2,
        contract=draw.randint(0, 150),
        stop_hours=draw.randint(10, 50),
        depot_cost=each(3, 50, 900),
        open_now=[draw.random() < 0.5 for _ in DEPOTS],
        most_depots=draw.randint(1, 2),
        truck=[each(3, 1, 9) for _ in WORKS],
        truck_price=draw.randint(20, 160),
        least_load=draw.randint(10, 40),
        most_load=draw.randint(60, 160),
        local=[each(3, 1, 9) for _ in DEPOTS],
    )


def tables(of: Industry) -> Tables:
    """The industry as the tables of a plan."""
    crack = [
        {"route": f"crack {w}", "item": "base", "location": w, "unit_cost": of.crack_cost[n], "yield": of.good[n]}
        for n, w in enumerate(WORKS)
    ]
    finish = [{"route": f"finish {w}", "item": "paint", "location": w, "unit_cost": of.finish_cost[n]} for n, w in enumerate(WORKS)]
    towns = [row for n, town in enumerate(TOWNS) for row in demand(of.wanted[n], item="paint", market=town, prices=of.price[n])]
    return {
        "forecast": [*towns, *demand(of.by_product_wanted, item="tar", market="roads", prices=of.by_product_price)],
        "item": [{"item": "paint"}, {"item": "tar"}, {"item": "base", "kind": "component"}, {"item": "oil", "kind": "raw"}],
        "location": [{"location": w, "kind": "plant"} for w in WORKS] + _sites(of),
        "purchase": [row for w in WORKS for row in monthly({"purchase": f"oil {w}", "item": "oil", "location": w}, unit_cost=of.raw_price)],
        "purchase_limit": [{"purchase": "oil east", "span": "horizon", "minimum": of.contract}],
        "route": [*crack, *finish],
        "co_output": [{"route": f"crack {w}", "item": "tar", "quantity": of.by_product[n]} for n, w in enumerate(WORKS)],
        "bom": [{"route": f"crack {w}", "component": "oil", "quantity": 1} for w in WORKS]
        + [{"route": f"finish {w}", "component": "base", "quantity": of.take} for w in WORKS],
        "resource": [{"resource": f"cracker {w}", "overtime_cost": 7, "location": w} for w in WORKS]
        + [{"resource": f"finisher {w}", "location": w} for w in WORKS]
        + [{"resource": f"tank {w}", "kind": "storage", "location": w} for w in WORKS],
        "capacity": [
            {"resource": f"cracker {w}", "regular": of.crack_hours[n], "overtime_limit": of.crack_extra[n]} for n, w in enumerate(WORKS)
        ]
        + [{"resource": f"finisher {w}", "regular": of.finish_hours[n]} for n, w in enumerate(WORKS)]
        + [{"resource": f"tank {w}", "regular": of.tank} for w in WORKS],
        "maintenance": [{"resource": f"cracker {w}", "stops": 1, "hours": of.stop_hours} for w in WORKS],
        "usage": [
            {"activity": "make", "of": f"{stage} {w}", "resource": RESOURCE[stage] + w, "quantity": 1}
            for stage in ("crack", "finish")
            for w in WORKS
        ]
        + [{"activity": "store", "of": item, "resource": f"tank {w}", "quantity": 1} for item in ("base", "tar") for w in WORKS],
        "inventory_policy": [{"item": item, "location": w, "holding_cost": of.hold} for item in ("base", "oil", "tar") for w in WORKS]
        + [{"item": "paint", "location": place, "maximum": 0} for place in (*WORKS, *DEPOTS)],
        "lane": _lanes(of),
        "limit": [{"limit": "depots", "at_most": of.most_depots, "measure": "count"}],
        "limit_member": [{"limit": "depots", "table": "location", "key": depot} for depot in DEPOTS],
    }


def _sites(of: Industry) -> Rows:
    rows: Rows = []
    for depot, cost, is_open in zip(DEPOTS, of.depot_cost, of.open_now, strict=True):
        move: dict[str, Any] = {"closing_cost": -cost} if is_open else {"opening_cost": cost}
        rows.append({"location": depot, "kind": "warehouse", "is_open": is_open, **move})
    return rows


def _lanes(of: Industry) -> Rows:
    truck = {"item": "paint", "fixed_cost": of.truck_price, "minimum_load": of.least_load, "limit": of.most_load}
    rows: Rows = [
        {"lane": f"{w} to {d}", "from": w, "to": d, "unit_cost": of.truck[i][j], **truck}
        for i, w in enumerate(WORKS)
        for j, d in enumerate(DEPOTS)
    ]
    rows += [
        {"lane": f"{d} to {town}", "item": "paint", "from": d, "to": town, "unit_cost": of.local[i][j]}
        for i, d in enumerate(DEPOTS)
        for j, town in enumerate(TOWNS)
    ]
    rows += [{"lane": "east to west", "item": "base", "from": "east", "to": "west", "unit_cost": of.pass_on}]
    return rows + [{"lane": f"{w} to roads", "item": "tar", "from": w, "to": "roads", "unit_cost": 1} for w in WORKS]


def most_profit(of: Industry) -> float:
    """The profit of the industry's best plan."""
    model: Any = highspy.Highs()  # type: ignore[no-untyped-call]
    model.silent()
    months, works, depots, towns = range(of.months), range(2), range(3), range(3)

    def flows(*sizes: int) -> Any:
        return [flows(*sizes[1:]) for _ in range(sizes[0])] if sizes else model.addVariable(lb=0)

    def switches(*sizes: int) -> Any:
        return [switches(*sizes[1:]) for _ in range(sizes[0])] if sizes else model.addBinary()

    oil, crack, extra, finish, sold_tar, base, tar, kept = (flows(2, of.months) for _ in range(8))
    passed = flows(of.months)
    trucked, served = flows(2, 3, of.months), flows(3, 3, of.months)
    drives, stop, opened = switches(2, 3, of.months), switches(2, of.months), switches(3)
    model.addConstr(sum(opened) <= of.most_depots)
    model.addConstr(sum(oil[0]) >= of.contract)
    profit = 0
    for t in months:
        for w in works:
            before = {"oil": kept[w][t - 1], "base": base[w][t - 1], "tar": tar[w][t - 1]} if t else {"oil": 0, "base": 0, "tar": 0}
            model.addConstr(kept[w][t] == before["oil"] + oil[w][t] - crack[w][t])
            handed = passed[t] if w else -passed[t]
            model.addConstr(base[w][t] == before["base"] + of.good[w] * crack[w][t] + handed - of.take * finish[w][t])
            model.addConstr(tar[w][t] == before["tar"] + of.by_product[w] * crack[w][t] - sold_tar[w][t])
            model.addConstr(base[w][t] + tar[w][t] <= of.tank)
            model.addConstr(crack[w][t] <= of.crack_hours[w] - of.stop_hours * stop[w][t] + extra[w][t])
            model.addConstr(extra[w][t] <= of.crack_extra[w])
            model.addConstr(finish[w][t] <= of.finish_hours[w])
            model.addConstr(finish[w][t] == sum(trucked[w][d][t] for d in depots))
            for d in depots:
                model.addConstr(trucked[w][d][t] <= of.most_load * drives[w][d][t])
                model.addConstr(trucked[w][d][t] >= of.least_load * drives[w][d][t])
                model.addConstr(drives[w][d][t] <= opened[d])
                profit -= of.truck[w][d] * trucked[w][d][t] + of.truck_price * drives[w][d][t]
            profit -= of.raw_price[t] * oil[w][t] + of.crack_cost[w] * crack[w][t] + 7 * extra[w][t] + of.finish_cost[w] * finish[w][t]
            profit -= of.hold * (base[w][t] + tar[w][t] + kept[w][t])
            profit += (of.by_product_price - 1) * sold_tar[w][t]
        model.addConstr(sum(sold_tar[w][t] for w in works) <= of.by_product_wanted[t])
        profit -= of.pass_on * passed[t]
        for d in depots:
            model.addConstr(sum(trucked[w][d][t] for w in works) == sum(served[d][town][t] for town in towns))
        for town in towns:
            model.addConstr(sum(served[d][town][t] for d in depots) <= of.wanted[town][t])
            profit += sum((of.price[town] - of.local[d][town]) * served[d][town][t] for d in depots)
    for w in works:
        model.addConstr(sum(stop[w]) == 1)
    closed = sum(cost for cost, is_open in zip(of.depot_cost, of.open_now, strict=True) if is_open)
    model.setOptionValue("mip_rel_gap", 0.0)
    model.maximize(profit - sum(of.depot_cost[d] * opened[d] for d in depots))
    return float(model.getObjectiveValue()) + closed
