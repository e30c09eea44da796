"""How soon a number is explained: `python -m benchmarks.why [--quick]`.

Alpine is run once; then cells drawn from every table with numbers are asked after, each once before and once while it is timed. The peer
is `show` of the same rows: what it costs to look the number up, without where it comes from.
"""

import argparse
import shutil
import tempfile
import time
from pathlib import Path

import numpy as np
import polars as pl

from equipoise.service import Context, call
from equipoise.service.workspace import Workspace
from equipoise.tables import table

ALPINE = Path(__file__).parents[1] / "examples" / "alpine"
AIM = 0.3
SEED = 1
Cell = tuple[str, list[str]]


def cells(place: Workspace, each: int) -> list[Cell]:
    """Return so many cells of every table of the latest version that has keys and numbers."""
    drawn, found = np.random.default_rng(SEED), []
    for name, content in sorted(place.version(None).tables.items()):
        frame, keys = place.store.table(content), [column.name for column in table(name).columns if column.key]
        if not keys or frame.is_empty() or not frame.select(pl.selectors.float()).width:
            continue
        for number in drawn.choice(frame.height, min(each, frame.height), replace=False):
            row = frame.row(int(number), named=True)
            found.append((name, [f"{key}={row[key]}" for key in keys if row[key] is not None]))
    return found


def seconds(operation: str, plan: Path, cell: Cell) -> float:
    """Return how long an operation takes about a cell."""
    began = time.perf_counter()
    call(operation, {"plan": str(plan), "table": cell[0], "where": cell[1]}, Context())
    return time.perf_counter() - began


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one cell a table")
    each = 1 if parser.parse_args().quick else 3
    with tempfile.TemporaryDirectory() as held:
        plan = Path(held) / "alpine" / "plan.yaml"
        shutil.copytree(ALPINE, plan.parent, ignore=shutil.ignore_patterns("out", ".equipoise", "__pycache__"))
        call("run", {"plan": str(plan)}, Context())
        asked = cells(Workspace(plan, plan.parent), each)
        for operation in ("explain", "show"):
            for cell in asked:
                seconds(operation, plan, cell)
        why = {cell[0]: 0.0 for cell in asked}
        told, shown = [], []
        for cell in asked:
            told.append(seconds("explain", plan, cell))
            shown.append(seconds("show", plan, cell))
            why[cell[0]] = max(why[cell[0]], told[-1])
    print(f"{len(asked)} cells of {len(why)} tables. Slowest: {', '.join(sorted(why, key=lambda name: -why[name])[:5])}.\n")
    print("| | median s | p95 s | slowest s | p95 of showing the rows s | ratio | aim for p95 s |\n|---|" + "---:|" * 6)
    middle, high, most = np.quantile(told, [0.5, 0.95, 1.0])
    plain = float(np.quantile(shown, 0.95))
    print(f"| why a number, alpine, warm | {middle:.3f} | {high:.3f} | {most:.3f} | {plain:.3f} | {high / plain:.0f} | {AIM} |")


if __name__ == "__main__":
    main()
