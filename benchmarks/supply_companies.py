"""Companies for the supply benchmarks, made by seeded generators.

`plain`: n items, each made at 2 of 5 plants at costs of its own, every plant one shared line loaded to 95 to 105 % of what half of its
items would take, seasonal demand of one market, lost sales allowed, overtime at one and a half times the rate; no lanes.
`tied`: four items in five sold in four markets and made at 2 of 3 plants, one in five a component that is bought; bills of one to three
components, lanes from plants to two depots and on to markets, lines loaded to about their capacity, equal costs on all lines and lanes.
"""

import datetime as dt

import numpy as np
import polars as pl

from equipoise.tables.setting import Setting, to_table

Tables = dict[str, pl.DataFrame]
_MARKETS = ("Retail", "Trade", "Export", "Online")
_DEPOTS = ("Depot A", "Depot B")
_TIED_PLANTS = ("North", "South", "West")


def months(horizon: int) -> list[dt.date]:
    return [dt.date(2027 + t // 12, t % 12 + 1, 1) for t in range(horizon)]


def setting(horizon: int, **supply: object) -> pl.DataFrame:
    """The settings of a benchmark plan: carrying rate 20 %, otherwise defaults."""
    calendar = {"start": "2027-01-01", "horizon": horizon}
    given = {"plan": "bench", "calendar": calendar, "finance": {"carrying_rate": 0.2}, "supply": {"time_limit": 900, **supply}}
    return to_table(Setting.model_validate(given))


def plain(size: int, horizon: int = 36, plants: int = 5, seed: int = 7) -> Tables:
    """A company of `size` items, each made at two of `plants` plants with one line each."""
    random = np.random.default_rng(seed)
    items = [f"item {number:05d}" for number in range(size)]
    places = [f"Plant {number}" for number in range(plants)]
    base, price = random.lognormal(4.0, 0.8, size), random.uniform(20, 200, size).round(2)
    phase = 0.3 * random.uniform(0, 2 * np.pi, size)[:, None]
    quantity = (base[:, None] * (1 + 0.35 * np.sin(np.arange(horizon) / 12 * 2 * np.pi + phase))).round(1)
    routes, usage, load = [], [], np.zeros(plants)
    for number, item in enumerate(items):
        for plant in random.choice(plants, 2, replace=False):
            hours, route = round(float(random.uniform(0.02, 0.2)), 3), f"{item} at {places[plant]}"
            cost = round(float(price[number] * random.uniform(0.3, 0.5)), 2)
            routes.append({"route": route, "item": item, "location": places[plant], "unit_cost": cost})
            usage.append({"activity": "make", "of": route, "resource": f"{places[plant]} line", "quantity": hours})
            load[plant] += hours * float(quantity[number].mean()) / 2
    lines = [f"{place} line" for place in places]
    return {
        "item": pl.DataFrame({"item": items, "unit_cost": (price * 0.6).round(2)}),
        "location": pl.DataFrame({"location": places}),
        "demand_plan": pl.DataFrame(
            {
                "item": np.repeat(items, horizon),
                "market": ["All"] * (size * horizon),
                "period": months(horizon) * size,
                "quantity": quantity.reshape(-1),
                "unit_price": np.repeat(price, horizon),
            }
        ),
        "demand_policy": pl.DataFrame({"backlog_allowed": [False], "lost_allowed": [True]}),
        "resource": pl.DataFrame({"resource": lines, "regular_cost": [30.0] * plants, "overtime_cost": [45.0] * plants}),
        "capacity": pl.DataFrame({"resource": lines, "regular": (load / random.uniform(0.95, 1.05, plants)).round(1)}),
        "route": pl.DataFrame(routes),
        "usage": pl.DataFrame(usage),
        "setting": setting(horizon),
    }


def tied(size: int, horizon: int = 18, seed: int = 7) -> Tables:
    """A company of `size` items and components with bills, lanes and costs that are equal wherever they can be."""
    random = np.random.default_rng(seed)
    sold = [f"item {number:05d}" for number in range(max(1, size * 4 // 5))]
    parts = [f"part {number:05d}" for number in range(size - len(sold))]
    per_plant = max(2, size // 50)
    base, price = random.lognormal(4.0, 0.8, len(sold)), random.uniform(20, 200, len(sold)).round(2)
    season = 1 + 0.3 * np.sin(np.arange(horizon) / 12 * 2 * np.pi)
    share = random.dirichlet(np.ones(len(_MARKETS)), len(sold))
    quantity = (base[:, None, None] * share[:, :, None] * season[None, None, :]).round(1)
    lines = [f"{plant} line {number}" for plant in _TIED_PLANTS for number in range(per_plant)]
    load = dict.fromkeys(lines, 0.0)
    routes, usage, bom = [], [], []
    for number, item in enumerate(sold):
        for plant in random.choice(_TIED_PLANTS, 2, replace=False):
            route, line = f"{item} at {plant}", f"{plant} line {random.integers(per_plant)}"
            hours = round(float(random.uniform(0.02, 0.2)), 3)
            cost = round(float(price[number]) * 0.3, 2)
            routes.append({"route": route, "item": item, "location": str(plant), "unit_cost": cost, "lead_time": 7.0})
            usage.append({"activity": "make", "of": route, "resource": line, "quantity": hours})
            load[line] += hours * float(base[number]) / 2
            for part in random.choice(parts, min(len(parts), int(random.integers(1, 4))), replace=False):
                bom.append({"route": route, "component": str(part), "quantity": float(random.integers(1, 4))})
    return {
        "item": pl.DataFrame({"item": sold + parts, "unit_cost": [*(price * 0.6).round(2), *random.uniform(1, 6, len(parts)).round(2)]}),
        "location": pl.DataFrame({"location": [*_TIED_PLANTS, *_DEPOTS]}),
        "demand_plan": pl.DataFrame(
            {
                "item": np.repeat(sold, len(_MARKETS) * horizon),
                "market": np.tile(np.repeat(_MARKETS, horizon), len(sold)),
                "period": months(horizon) * (len(sold) * len(_MARKETS)),
                "quantity": quantity.reshape(-1),
                "unit_price": np.repeat(price, len(_MARKETS) * horizon),
            }
        ),
        "resource": pl.DataFrame({"resource": lines, "regular_cost": [30.0] * len(lines), "overtime_cost": [45.0] * len(lines)}),
        "capacity": pl.DataFrame(
            {"resource": lines, "regular": [load[line] for line in lines], "overtime_limit": [load[line] * 0.1 for line in lines]}
        ),
        "route": pl.DataFrame(routes),
        "usage": pl.DataFrame(usage),
        "bom": pl.DataFrame(bom, schema={"route": pl.String, "component": pl.String, "quantity": pl.Float64}),
        "setting": setting(horizon),
        **_places(sold, parts, base, price, random),
    }


def _places(sold: list[str], parts: list[str], base: np.ndarray, price: np.ndarray, random: np.random.Generator) -> Tables:
    """What is bought, in stock, moved and kept by the tied company."""
    inner = [(plant, depot) for plant in _TIED_PLANTS for depot in _DEPOTS]
    outer = [(place, market) for place in (*_DEPOTS, "North") for market in _MARKETS]
    bought = [(part, plant, round(float(random.uniform(1, 6)), 2)) for part in parts for plant in _TIED_PLANTS]
    return {
        "purchase": pl.DataFrame(
            [
                {"purchase": f"{part} for {plant}", "item": part, "location": plant, "lead_time": 14.0, "unit_cost": cost}
                for part, plant, cost in bought
            ]
        ),
        "on_hand": pl.DataFrame(
            [{"item": part, "location": plant, "quantity": float(base.mean() * 40)} for part in parts for plant in _TIED_PLANTS]
            + [{"item": item, "location": "North", "quantity": round(float(base[number]), 1)} for number, item in enumerate(sold)]
        ),
        "lane": pl.DataFrame(
            [{"lane": f"{one} {other}", "from": one, "to": other, "unit_cost": 0.5, "lead_time": 3.0} for one, other in inner]
            + [{"lane": f"{one} {other}", "from": one, "to": other, "unit_cost": 0.8, "lead_time": 0.0} for one, other in outer]
        ),
        "inventory_policy": pl.DataFrame(
            {
                "item": np.repeat(sold, 2),
                "location": list(_DEPOTS) * len(sold),
                "weeks_of_supply": 1.0,
                "shortfall_cost": np.repeat(price * 0.02, 2),
            }
        ),
    }
