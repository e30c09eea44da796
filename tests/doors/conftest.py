"""A workspace that has been run once, shared by the tests that only read it."""

import datetime as dt
import json
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from equipoise.service import Context, call
from equipoise.store import open_store
from tests.sharing import once

TODAY = dt.date(2026, 11, 22)
CONTEXT = Context(today=TODAY)

Equipoise = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def equipoise() -> Equipoise:
    """Return a function that runs the command line as its own process."""

    def command(*arguments: str | Path, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        line = [sys.executable, "-m", "equipoise.interfaces.cli", *map(str, arguments)]
        return subprocess.run(line, capture_output=True, text=True, cwd=cwd, check=False, timeout=300)

    return command


QUICK = "risk: {paths: 60, rolling: 2, sensitivity: 0}\n"
"""Few paths and no sensitivity: tests of the doors run a plan many times, and other tests look at risk."""


ALL_OUTPUTS = "outputs: [demand_plan, supply_plan, gap_analysis, scenarios, executive_summary, action_items]"


def few_outputs(folder: Path) -> Path:
    """Have a workspace write three of its outputs: pages and pictures take most of a small plan's run, and other tests look at them."""
    plan = folder / "plan.yaml"
    plan.write_text(
        plan.read_text(encoding="utf-8").replace(ALL_OUTPUTS, "outputs: [demand_plan, supply_plan, scenarios]"), encoding="utf-8"
    )
    return folder


def new_workspace(folder: Path) -> Path:
    call("init", {"folder": str(folder)}, CONTEXT)
    plan = folder / "plan.yaml"
    plan.write_text(plan.read_text(encoding="utf-8") + QUICK, encoding="utf-8")
    return folder


def copy_unrun(ran: Path, folder: Path) -> Path:
    """Copy a workspace that was run as if it never was: with what its steps made, and no versions, outputs, records or jobs."""
    home = folder / ".equipoise"
    shutil.copytree(ran, folder, ignore=shutil.ignore_patterns("out", "receipts", "store.db*"))
    open_store(folder).head()
    with closing(sqlite3.connect(home / "store.db")) as database:
        database.execute("ATTACH ? AS ran", (str(ran / ".equipoise" / "store.db"),))
        for name in ("frame", "result"):
            database.execute(f"INSERT INTO {name} SELECT * FROM ran.{name}")
        database.commit()
    return folder


@pytest.fixture(scope="session")
def unrun(quick_plan: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The workspace whose plan runs in a moment as if it was never run, but that what its steps make is kept."""
    return once(tmp_path_factory, "unrun", lambda folder: copy_unrun(quick_plan, folder / "lamps")) / "lamps"


@pytest.fixture
def workspace(unrun: Path, tmp_path: Path) -> Path:
    """A new workspace, not run yet, whose plan runs in a moment: its steps make again only what a test changes."""
    return shutil.copytree(unrun, tmp_path / "lamps")


@pytest.fixture
def unmade(tmp_path: Path) -> Path:
    """A new workspace with paths and few outputs, where nothing was ever made."""
    return few_outputs(new_workspace(tmp_path / "unmade" / "lamps"))


@pytest.fixture(scope="session")
def lamps(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace that has been run once, with paths and every output. Tests must not change it."""
    return once(tmp_path_factory, "lamps", lambda folder: call("run", {"plan": str(new_workspace(folder / "lamps"))}, CONTEXT)) / "lamps"


@pytest.fixture(scope="session")
def quick_plan(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace whose plan runs in a moment, with what its steps made kept: copies of it run in less."""

    def make(folder: Path) -> None:
        plan = new_workspace(folder / "lamps") / "plan.yaml"
        kept = plan.read_text(encoding="utf-8").split("outputs:")[0]
        plan.write_text(f"{kept}outputs: [scenarios]\noptions: {{tried: 0}}\nrisk: {{paths: 0, sensitivity: 0}}\n", encoding="utf-8")
        call("run", {"plan": str(folder / "lamps")}, CONTEXT)

    return once(tmp_path_factory, "quick", make) / "lamps"


@pytest.fixture
def quick(quick_plan: Path, tmp_path: Path) -> Path:
    """A workspace of its own that was run."""
    shutil.copytree(quick_plan, tmp_path / "lamps")
    call("run", {"plan": str(tmp_path / "lamps")}, CONTEXT)
    return tmp_path / "lamps"


def answer(name: str, /, **values: Any) -> dict[str, Any]:
    """Do an operation in this process and return its answer as plain values."""
    found: dict[str, Any] = json.loads(call(name, values, CONTEXT).model_dump_json())
    return found
