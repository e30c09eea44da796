"""Whole plans from a cold start: seconds and peak memory of the command line, beside the time Python takes to load the usual libraries."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
SHARED = ROOT.parent / "shared"


@dataclass(frozen=True)
class Measured:
    name: str
    seconds: float
    megabytes: float
    limit: str


def measure(name: str, command: list[str], limit: str = "") -> Measured:
    """Run a command as its own process; return its wall time and its peak memory."""
    began = time.perf_counter()
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, cwd=ROOT)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - began
        if status:
            output.seek(0)
            sys.exit(f"{' '.join(command)} failed:\n{output.read().decode()}")
    return Measured(name, seconds, usage.ru_maxrss / 1024, limit)


def plan(name: str, path: Path, limit: str) -> list[Measured]:
    """Measure a plan's first run and its run with nothing changed, in a workspace of its own."""
    with tempfile.TemporaryDirectory() as workspace:
        command = [sys.executable, "-m", "equipoise.interfaces.cli", "run", str(path), "--workspace", workspace]
        return [measure(name, command, limit), measure(f"{name}, nothing changed", command, "at once")]


def main() -> None:
    python = sys.executable
    rows = [
        min(
            (measure("equipoise --help", [python, "-m", "equipoise.interfaces.cli", "--help"], "0.6 s") for _ in range(5)),
            key=lambda row: row.seconds,
        ),
        measure("peer: python -c 'import pandas'", [python, "-c", "import pandas"]),
        measure("peer: python -c 'import linopy'", [python, "-c", "import linopy"]),
    ]
    rows += plan("seed", SHARED / "seed" / "usage.yaml", "5 s") if (SHARED / "seed").exists() else []
    with tempfile.TemporaryDirectory() as folder:
        example = Path(folder) / "alpine"
        shutil.copytree(ROOT / "examples" / "alpine", example, ignore=shutil.ignore_patterns("out", ".equipoise"))
        rows += plan("alpine", example / "plan.yaml", "20 s")
    if (SHARED / "data" / "adventureworks").exists():
        rows += plan("AdventureWorks", ROOT / "tests" / "real" / "adventureworks.yaml", "60 s, 1,500 MB")
        rows += plan("Stallion", ROOT / "tests" / "real" / "stallion.yaml", "")
    print("| what | seconds | peak MB | aim |\n|---|---|---|---|")
    for row in rows:
        print(f"| {row.name} | {row.seconds:.2f} | {row.megabytes:.0f} | {row.limit} |")


if __name__ == "__main__":
    main()
