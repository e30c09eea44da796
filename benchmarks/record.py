"""How quick and how large the record is: `python -m benchmarks.record [--quick]`.

Many writers at once on SQLite and on PostgreSQL, beside plain inserts of the same rows with the same promise (each on disk before the
next); then two years of monthly cycles of alpine with 2,000 overrides each: opening, edits, versions, differences, size.
"""

import argparse
import datetime as dt
import os
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from tests import postgres
from tests.torture import writers

from equipoise.dimensions.calendar import add_months
from equipoise.service import Context, call
from equipoise.store import Store, open_store

ALPINE = Path(__file__).parents[1] / "examples" / "alpine"
_CHEAP = "\noutputs: [demand_plan, supply_plan]\nrisk: {paths: 0, rolling: 0, sensitivity: 0}\noptions: {tried: 0}\n"


@contextmanager
def workspace(url: str = "") -> Iterator[Path]:
    """Yield a new folder, and have its store at `url`."""
    held = os.environ.pop("EQUIPOISE_STORE", None)
    if url:
        os.environ["EQUIPOISE_STORE"] = url
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)
    os.environ.pop("EQUIPOISE_STORE", None)
    if held:
        os.environ["EQUIPOISE_STORE"] = held


def plain_inserts(folder: Path, count: int) -> float:
    """Return how many inserts a second one writer makes in SQLite with nothing but the row: no log, no revision."""
    connection = sqlite3.connect(folder / "plain.db", isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("CREATE TABLE action (id INTEGER PRIMARY KEY, document TEXT)")
    began = time.perf_counter()
    for number in range(count):
        connection.execute("INSERT INTO action (document) VALUES (?)", (f'{{"statement": "{number}", "status": "open"}}',))
    return count / (time.perf_counter() - began)


def together(edits: int) -> None:
    """Print what many writers at once reach."""
    print("| database | writers | edits | edits a second | conflicts told | plain inserts by one writer a second | ratio |")
    print("|---|---:|---:|---:|---:|---:|---:|")
    with postgres.server() as server:
        for name, count, processes, url in (("SQLite", 8, 4, ""), ("PostgreSQL", 50, 10, server.new_database())):
            with workspace(url) as folder:
                plain = plain_inserts(folder, 300)
                told = writers.write_together(folder, count, edits, processes)
                with closing(open_store(folder)) as store:
                    writers.check(store, told, edits)
                rate = count * edits / max(done.seconds for done in told)
                conflicts = sum(done.conflicts for done in told)
                print(
                    f"| {name} | {count} | {count * edits:,} | {rate:,.0f} | {conflicts} | {plain:,.0f} | {rate / plain:.2f} |", flush=True
                )


def _overrides(items: list[str], markets: list[str], start: dt.date, count: int) -> list[dict[str, object]]:
    cells = [(item, market, month) for month in range(18) for market in markets for item in items]
    return [
        {
            "table": "demand_plan",
            "where": {"item": item, "market": market, "period": add_months(start, month).isoformat()[:7]},
            "operation": "scale",
            "value": 1 + (number % 7 - 3) / 100,
            "reason": f"cell {number}",
        }
        for number, (item, market, month) in enumerate(cells[:count])
    ]


def years(cycles: int, count: int) -> None:
    """Print what a store of monthly cycles needs: every cycle opens, takes its overrides in edits of 100, runs and is submitted."""
    with workspace() as folder:
        plan = folder / "alpine" / "plan.yaml"
        shutil.copytree(ALPINE, plan.parent, ignore=shutil.ignore_patterns("out", ".equipoise", "__pycache__"))
        (plan.parent / "tables" / "risk_opportunity.csv").unlink()  # it names scenarios, which are left out
        text = plan.read_text(encoding="utf-8")
        rows = {name: _column(plan.parent / "tables" / f"{name}.csv") for name in ("item", "market")}
        opening, edit, run = [], [], []
        for cycle in range(cycles):
            as_of, start = add_months(dt.date(2026, 11, 12), cycle), add_months(dt.date(2026, 12, 1), cycle)
            plan.write_text(_month(text, as_of, start), encoding="utf-8")
            context = Context(today=as_of)
            opening.append(_seconds("cycle open", {"plan": str(plan)}, context))
            changes = _overrides(rows["item"], rows["market"], start, count)
            for first in range(0, count, 100):
                edit.append(
                    _seconds("override add", {"plan": str(plan), "overrides": changes[first : first + 100], "reason": "month"}, context)
                )
            run.append(_seconds("run", {"plan": str(plan)}, context))
            _seconds("cycle close", {"plan": str(plan), "force": True, "reason": "benchmark"}, context)
        size = sum(path.stat().st_size for path in (plan.parent / ".equipoise").rglob("*") if path.is_file())
        store = open_store(plan.parent)
        began = time.perf_counter()
        assert not store.verify()
        verified = time.perf_counter() - began
        differences = _differences(plan, store)
        print("\n| alpine by month | |\n|---|---:|")
        print(f"| cycles | {cycles} |\n| overrides a cycle | {count:,} |\n| lines of the log | {store.head()[0]:,} |")
        print(f"| opening a cycle, slowest (aim 2 s) | {max(opening):.2f} s |")
        print(f"| an edit of 100 overrides, slowest | {max(edit):.2f} s |")
        print(f"| a run without risk and options, first and last | {run[0]:.1f} s, {run[-1]:.1f} s |")
        print(f"| difference of two versions, slowest (aim 1 s) | {max(differences):.2f} s |")
        print(f"| store (aim 500 MB) | {size / 1e6:,.0f} MB |\n| log verified, tables included | {verified:.1f} s |", flush=True)


def _differences(plan: Path, store: Store) -> list[float]:
    versions = [f"{version.plan}/{version.name}" for version in store.versions()]
    pairs = [(versions[0], versions[-1]), (versions[0], versions[1]), (versions[-2], versions[-1])]
    return [_seconds("diff", {"plan": str(plan), "before": one, "after": other}, Context()) for one, other in pairs]


def _seconds(operation: str, values: dict[str, object], context: Context) -> float:
    began = time.perf_counter()
    call(operation, values, context)
    return time.perf_counter() - began


def _month(text: str, as_of: dt.date, start: dt.date) -> str:
    """Return the plan file of a month: its name, cut and start, without the overrides of its own, the costly risk steps and pages."""
    lines = text.splitlines()
    kept, skipped = [], False
    for line in lines:
        if line and not line.startswith((" ", "#")):
            skipped = line.split(":")[0] in {"overrides", "scenarios", "risk", "options", "outputs"}
        if not skipped:
            kept.append(line)
    moved = "\n".join(kept)
    for name, value in (("as_of", as_of), ("start", start)):
        moved = _set(moved, f"  {name}:", f"  {name}: {value}")
    return _set(moved, "plan:", f"plan: alpine-{start:%Y-%m}") + _CHEAP


def _set(text: str, begins: str, line: str) -> str:
    return "\n".join(line if one.startswith(begins) else one for one in text.splitlines())


def _column(path: Path) -> list[str]:
    head, *rows = path.read_text(encoding="utf-8").splitlines()
    assert head.startswith(path.stem)
    return [row.split(",")[0].strip('"') for row in rows]


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    quick = parser.parse_args().quick
    together(20 if quick else 200)
    years(2 if quick else 24, 200 if quick else 2_000)


if __name__ == "__main__":
    main()
