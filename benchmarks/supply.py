"""The supply model: what building it costs beside solving it, what-ifs from the last basis, sizes, and the same model in linopy and PuLP.

    python -m benchmarks.supply [--quick]

Companies are made in supply_companies.py with seed 7. "HiGHS alone" is the same matrix in a model of its own with HiGHS at its defaults
(presolve on, one thread), which is what cold means here.
"""

import argparse
import multiprocessing
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import polars as pl

from benchmarks.supply_companies import Tables, plain, tied
from benchmarks.supply_peers import in_linopy, in_pulp
from equipoise.supply.assembly import Problem
from equipoise.supply.formulate import formulate
from equipoise.supply.plan import plan, plan_tables, rounded
from equipoise.supply.review import answer_tables
from equipoise.supply.session import Session
from equipoise.supply.solving.engine import Arrays, Engine, Method, arrays_of
from equipoise.supply.solving.shares import by_shares
from equipoise.supply.solving.solve import cost_scale, solve

Row = dict[str, float | int | str]
METHODS: tuple[Method, ...] = ("simplex", "interior point")


def apart(function: Callable[..., Row], *given: object) -> Row:
    """Run in a process of its own; adds its peak memory."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_measured, (function, given))


def _measured(function: Callable[..., Row], given: tuple[object, ...]) -> Row:
    row = function(*given)
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return row | {"peak MB": int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM"))) / 1024}


def _engine(problem: Problem) -> Engine:
    return Engine(arrays_of(problem), cost_scale(problem), 1e-4, 900)


def ours(kind: str, size: int) -> Row:
    """Build, hand over, solve as HiGHS would by itself, and extract."""
    formulate(plain(5))
    given = plain(size) if kind == "plain" else tied(size)
    began = time.perf_counter()
    problem = formulate(given)
    built = time.perf_counter()
    engine = _engine(problem)
    handed = time.perf_counter()
    engine.run()
    solved = time.perf_counter()
    plan_tables(plan(problem.model, rounded(engine.values())))
    done = time.perf_counter()
    own = built - began + handed - built + done - solved
    return {
        "items": size,
        "columns": problem.columns,
        "build": built - began,
        "hand over": handed - built,
        "solve": solved - handed,
        "extract": done - solved,
        "own / solve": own / (solved - handed),
    }


def save(kind: str, size: int, path: str) -> Row:
    """Write the arrays of a company, for HiGHS alone."""
    problem = formulate(plain(size) if kind == "plain" else tied(size))
    np.savez(path, scale=cost_scale(problem), **vars(arrays_of(problem)))
    return {}


def alone(path: str) -> Row:
    """HiGHS alone on arrays that are there already."""
    stored = dict(np.load(path))
    scale = float(stored.pop("scale"))
    engine = Engine(Arrays(**stored), scale, 1e-4, 900)
    began = time.perf_counter()
    engine.run()
    return {"HiGHS alone": time.perf_counter() - began}


def overhead(sizes: dict[str, tuple[int, ...]]) -> list[Row]:
    rows = []
    for kind, counts in sizes.items():
        for size in counts:
            with tempfile.TemporaryDirectory() as folder:
                path = str(Path(folder) / "arrays.npz")
                apart(save, kind, size, path)
                first, peer = apart(ours, kind, size), apart(alone, path)
            memory = float(first["peak MB"]) / float(peer["peak MB"])
            rows.append({"company": kind, **first, "HiGHS alone": peer["HiGHS alone"], "memory / alone": memory})
    return rows


def methods(sizes: dict[str, tuple[int, ...]]) -> list[Row]:
    """Simplex, interior point, and shares on the same matrix."""
    rows = []
    for kind, counts in sizes.items():
        for size in counts:
            problem = formulate(plain(size) if kind == "plain" else tied(size))
            row: Row = {"company": kind, "items": size, "columns": problem.columns}
            for method in METHODS:
                engine = Engine(arrays_of(problem), cost_scale(problem), 1e-4, 600, method)
                began = time.perf_counter()
                status = engine.run()
                row[method] = time.perf_counter() - began if status == "optimal" else status
            rows.append(row)
    return rows


def what_if(size: int, horizon: int) -> list[Row]:
    """A change in one family of thirty, and 15 % more of all demand: from the last basis, and from nothing."""
    given = plain(size, horizon)
    family = [f"item {number:05d}" for number in range(0, size, 30)]
    changes = {
        "one family +30 %": pl.when(pl.col("item").is_in(family)).then(pl.col("quantity") * 1.3).otherwise(pl.col("quantity")),
        "all demand +15 %": pl.col("quantity") * 1.15,
    }
    rows: list[Row] = []
    for name, change in changes.items():
        changed = {**given, "demand_plan": given["demand_plan"].with_columns(change.alias("quantity"))}
        session = Session()
        session.solved(given)
        began = time.perf_counter()
        warm = session.solved(changed)
        whole = time.perf_counter() - began
        engine = _engine(warm.problem)
        began = time.perf_counter()
        engine.run()
        cold = time.perf_counter() - began
        seconds = sum(warm.answer.seconds.values())
        difference = float(np.abs(solve(warm.problem).values - warm.answer.values).max())
        rows.append({"what-if": name, "items": size, "warm": seconds, "with build": whole, "cold": cold, "warm / cold": seconds / cold})
        rows[-1]["plan differs by"] = difference
    return rows


def live(families: int, horizon: int) -> list[Row]:
    """A what-if at family level with all tables of the supply step."""
    given = plain(families, horizon)
    session = Session()
    answer_tables(session.solved(given))
    changed = {**given, "demand_plan": given["demand_plan"].with_columns(pl.col("quantity") * 1.1)}
    began = time.perf_counter()
    answer_tables(session.solved(changed, what_if=True), proofs=False)
    return [{"families": families, "periods": horizon, "seconds with all tables": time.perf_counter() - began}]


def growth(sizes: tuple[int, ...]) -> list[Row]:
    """From tables to a plan at any size; two solved at a time."""
    return [apart(_grown, size) for size in sizes]


def _grown(size: int) -> Row:
    given = plain(size)
    began = time.perf_counter()
    with ThreadPoolExecutor(2) as executor:
        problem = formulate(given)
        answer = by_shares(problem, cost_scale(problem), executor) or solve(problem, executor=executor)
        plan_tables(plan(problem.model, rounded(answer.values)))
    return {
        "items": size,
        "columns": problem.columns,
        "method": answer.method,
        "parts": answer.parts,
        "gap %": 100 * answer.gap,
        "seconds": time.perf_counter() - began,
    }


def peers(sizes: tuple[int, ...]) -> list[Row]:
    """From tables to a plan, cold, in Equipoise, linopy and PuLP: each in a process of its own, imports left out."""
    rows = []
    for size in sizes:
        row: Row = {"items": size}
        for name, one in (("Equipoise", _ours_whole), ("linopy", _linopy), ("PuLP", _pulp)):
            found = apart(one, size)
            row |= {name: found["seconds"], f"{name} MB": found["peak MB"], f"{name} profit": found["profit"]}
        for name in ("linopy", "PuLP"):
            row[f"{name} / Equipoise"] = float(row[name]) / float(row["Equipoise"])
        profits = [float(row.pop(f"{name} profit")) for name in ("Equipoise", "linopy", "PuLP")]
        row["profits differ by %"] = 100 * (max(profits) - min(profits)) / abs(profits[0])
        rows.append(row)
    return rows


def _timed(size: int, one: Callable[[Tables], float]) -> Row:
    one(plain(20, 6))
    given = plain(size)
    began = time.perf_counter()
    profit = one(given)
    return {"seconds": time.perf_counter() - began, "profit": profit}


def _ours_whole(size: int) -> Row:
    def whole(given: Tables) -> float:
        problem = formulate(given)
        answer = solve(problem)
        cost = plan_tables(plan(problem.model, rounded(answer.values)))["cost"]
        return float(cost.filter(pl.col("class") != "penalty").get_column("amount").sum())

    return _timed(size, whole)


def _linopy(size: int) -> Row:
    return _timed(size, in_linopy)


def _pulp(size: int) -> Row:
    return _timed(size, in_pulp)


def show(title: str, rows: list[Row]) -> None:
    print(f"\n### {title}\n")
    names = list(rows[0])
    print("| " + " | ".join(names) + " |")
    print("|" + "---|" * len(names))
    for row in rows:
        print("| " + " | ".join(_cell(row.get(name, "")) for name in names) + " |", flush=True)


def _cell(value: float | str) -> str:
    if isinstance(value, str):
        return value
    return f"{value:,.0f}" if abs(value) >= 100 or float(value).is_integer() else f"{value:,.3g}"


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure the supply model beside HiGHS alone, linopy and PuLP.")
    parser.add_argument("--quick", action="store_true", help="only the small sizes")
    quick = parser.parse_args().quick
    show("Own work beside solving", overhead({"plain": (100, 1000) if quick else (100, 1000, 5000), "tied": (100,)}))
    show(
        "Method by size",
        methods({"plain": (30, 100) if quick else (30, 100, 300, 1000), "tied": (10, 30, 100)}),
    )
    show("What-ifs", what_if(300, 18))
    show("Family level", live(30, 18))
    show("Growth", growth((100, 1000) if quick else (100, 300, 1000, 3000, 10_000)))
    show("Peers", peers((100,) if quick else (100, 1000)))


if __name__ == "__main__":
    main()
