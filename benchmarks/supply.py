"""The supply model: seconds to build, hand over, solve and extract, beside the same linear model in linopy.

    python -m benchmarks.supply [--quick]

A seeded company: of n items four in five are sold in four markets and made at two of three plants each on shared lines, one in five is a
component that is bought; bills of one to three components; lanes from plants to two depots and from depots and plants to markets;
18 months with season, tied costs among lines, and lines loaded to about their capacity. HiGHS with its defaults and presolve, one thread.
"""

import argparse
import datetime as dt
import os
import time

import numpy as np
import polars as pl

from equipoise.supply.assembly import Problem
from equipoise.supply.review import answer_tables, formulate
from equipoise.supply.solve import solve
from equipoise.tables.setting import Setting, to_table

PLANTS = ("North", "South", "West")
DEPOTS = ("Depot A", "Depot B")
MARKETS = ("Retail", "Trade", "Export", "Online")
HORIZON = 18


def months() -> list[dt.date]:
    return [dt.date(2027 + t // 12, t % 12 + 1, 1) for t in range(HORIZON)]


def company(size: int, seed: int = 7) -> dict[str, pl.DataFrame]:
    """A company of `size` items as given tables."""
    random = np.random.default_rng(seed)
    sold = [f"item {number:05d}" for number in range(max(1, size * 4 // 5))]
    parts = [f"part {number:05d}" for number in range(size - len(sold))]
    lines = [f"{plant} line {number}" for plant in PLANTS for number in range(max(2, size // 50))]
    base = random.lognormal(4.0, 0.8, len(sold))
    price = random.uniform(20, 200, len(sold)).round(2)
    season = 1 + 0.3 * np.sin(np.arange(HORIZON) / 12 * 2 * np.pi)
    share = random.dirichlet(np.ones(len(MARKETS)), len(sold))
    quantity = (base[:, None, None] * share[:, :, None] * season[None, None, :]).round(1)
    routes, usage, bom = [], [], []
    load = dict.fromkeys(lines, 0.0)
    for number, item in enumerate(sold):
        for plant in random.choice(PLANTS, 2, replace=False):
            route = f"{item} at {plant}"
            line = f"{plant} line {random.integers(max(2, size // 50))}"
            hours = round(float(random.uniform(0.02, 0.2)), 3)
            routes.append(
                {"route": route, "item": item, "location": str(plant), "unit_cost": round(float(price[number]) * 0.3, 2), "lead_time": 7.0}
            )
            usage.append({"activity": "make", "of": route, "resource": line, "quantity": hours})
            load[line] += hours * float(base[number]) / 2
            for part in random.choice(parts, min(len(parts), int(random.integers(1, 4))), replace=False):
                bom.append({"route": route, "component": str(part), "quantity": float(random.integers(1, 4))})
    links = [(plant, depot) for plant in PLANTS for depot in DEPOTS]
    reach = [(place, market) for place in (*DEPOTS, "North") for market in MARKETS]
    return {
        "item": pl.DataFrame({"item": sold + parts, "unit_cost": [*(price * 0.6).round(2), *random.uniform(1, 6, len(parts)).round(2)]}),
        "location": pl.DataFrame({"location": [*PLANTS, *DEPOTS]}),
        "demand_plan": pl.DataFrame(
            {
                "item": np.repeat(sold, len(MARKETS) * HORIZON),
                "market": np.tile(np.repeat(MARKETS, HORIZON), len(sold)),
                "period": months() * (len(sold) * len(MARKETS)),
                "quantity": quantity.reshape(-1),
                "unit_price": np.repeat(price, len(MARKETS) * HORIZON),
            }
        ),
        "resource": pl.DataFrame({"resource": lines, "regular_cost": [30.0] * len(lines), "overtime_cost": [45.0] * len(lines)}),
        "capacity": pl.DataFrame(
            {"resource": lines, "regular": [load[line] for line in lines], "overtime_limit": [load[line] * 0.1 for line in lines]}
        ),
        "route": pl.DataFrame(routes),
        "usage": pl.DataFrame(usage),
        "bom": pl.DataFrame(bom, schema={"route": pl.String, "component": pl.String, "quantity": pl.Float64}),
        "purchase": pl.DataFrame(
            [
                {
                    "purchase": f"{part} for {plant}",
                    "item": part,
                    "location": plant,
                    "lead_time": 14.0,
                    "unit_cost": round(float(random.uniform(1, 6)), 2),
                }
                for part in parts
                for plant in PLANTS
            ]
        ),
        "on_hand": pl.DataFrame(
            [{"item": part, "location": plant, "quantity": float(base.mean() * 40)} for part in parts for plant in PLANTS]
            + [{"item": item, "location": "North", "quantity": round(float(base[number]), 1)} for number, item in enumerate(sold)]
        ),
        "lane": pl.DataFrame(
            [{"lane": f"{o} {d}", "from": o, "to": d, "unit_cost": 0.5, "lead_time": 3.0} for o, d in links]
            + [{"lane": f"{o} {m}", "from": o, "to": m, "unit_cost": 0.8, "lead_time": 0.0} for o, m in reach]
        ),
        "inventory_policy": pl.DataFrame(
            {
                "item": np.repeat(sold, 2),
                "location": list(DEPOTS) * len(sold),
                "weeks_of_supply": 1.0,
                "shortfall_cost": np.repeat(price * 0.02, 2),
            }
        ),
    }


def setting() -> pl.DataFrame:
    return to_table(
        Setting.model_validate(
            {
                "plan": "bench",
                "calendar": {"start": "2027-01-01", "horizon": HORIZON},
                "finance": {"carrying_rate": 0.2},
                "supply": {"time_limit": 900},
            }
        )
    )


def peer(problem: Problem) -> dict[str, float]:
    """The same linear model as a linopy user would hand it over: seconds to build, hand over and solve."""
    import linopy
    import xarray

    began = time.perf_counter()
    model = linopy.Model()
    upper = problem.column_upper
    unknowns = model.add_variables(lower=0.0, upper=xarray.DataArray(upper, dims="column"), name="x")
    rows = np.repeat(np.arange(problem.columns), np.diff(problem.starts))
    order = np.argsort(problem.index, kind="stable")
    row, column, value = problem.index[order], rows[order], problem.values[order]
    counts = np.bincount(row, minlength=problem.rows)
    width = int(counts.max())
    place = np.arange(len(row)) - np.repeat(np.cumsum(counts) - counts, counts)
    labels = np.full((problem.rows, width), -1)
    coefficients = np.full((problem.rows, width), np.nan)
    labels[row, place] = unknowns.labels.to_numpy()[column]
    coefficients[row, place] = value
    dims = ["row", "_term"]
    data = xarray.Dataset({"coeffs": (dims, coefficients), "vars": (dims, labels), "const": (["row"], np.zeros(problem.rows))})
    expression = linopy.LinearExpression(data, model)
    for name, sign, bound in (("lower", ">=", problem.row_lower), ("upper", "<=", problem.row_upper)):
        mask = xarray.DataArray(np.isfinite(bound), dims="row")
        model.add_constraints(
            expression, sign, xarray.DataArray(np.where(np.isfinite(bound), bound, 0.0), dims="row"), name=name, mask=mask
        )
    model.add_objective(-(xarray.DataArray(problem.money + problem.penalty, dims="column") * unknowns).sum())
    built = time.perf_counter()
    highs = model.to_highspy()
    highs.setOptionValue("output_flag", False)
    highs.setOptionValue("threads", 1)
    handed = time.perf_counter()
    highs.run()
    return {
        "build": built - began,
        "hand_over": handed - built,
        "solve": time.perf_counter() - handed,
        "objective": -highs.getObjectiveValue(),
    }


def measure(size: int, *, with_peer: bool) -> dict[str, object]:
    problem, build = formulate(company(size), setting())
    tables, seconds = answer_tables(problem)
    ours = float(tables["solution"].filter(pl.col("fact") == "objective").get_column("value").item()) - problem.offset
    own = build + seconds["hand_over"] + seconds["extract"]
    result: dict[str, object] = {
        "items": size,
        "columns": problem.columns,
        "rows": problem.rows,
        "build": build,
        "hand over": seconds["hand_over"],
        "solve": seconds["solve"],
        "extract": seconds["extract"],
        "own / solve": own / seconds["solve"],
    }
    if with_peer:
        other = peer(problem)
        assert abs(other["objective"] - ours) <= 1e-5 * max(1.0, abs(ours)), (other["objective"], ours)
        result |= {"linopy build": other["build"], "linopy hand over": other["hand_over"], "linopy solve": other["solve"]}
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure the supply model beside linopy.")
    parser.add_argument("--quick", action="store_true", help="only the small sizes")
    parser.add_argument("--no-peer", action="store_true", help="without linopy")
    chosen = parser.parse_args()
    os.environ.setdefault("POLARS_FMT_MAX_COLS", "20")
    sizes = (30, 100) if chosen.quick else (30, 100, 300, 1000)
    warm, _ = formulate(company(10), setting())
    solve(warm)
    rows = [measure(size, with_peer=not chosen.no_peer) for size in sizes]
    names = list(rows[0])
    print("Supply model, seconds; HiGHS with presolve, one thread, seed 7")
    print(" | ".join(f"{name:>16}" for name in names))
    for row in rows:
        print(" | ".join(f"{value:>16,.3f}" if isinstance(value, float) else f"{value:>16,}" for value in row.values()))


if __name__ == "__main__":
    main()
