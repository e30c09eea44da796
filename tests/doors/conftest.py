"""A workspace that has been run once, shared by the tests that only read it."""

import datetime as dt
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from equipoise.service import Context, call

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
    """Have a workspace write two of its outputs: pages and their pictures take most of a small plan's run, and other tests look at them."""
    plan = folder / "plan.yaml"
    plan.write_text(plan.read_text(encoding="utf-8").replace(ALL_OUTPUTS, "outputs: [demand_plan, supply_plan]"), encoding="utf-8")
    return folder


def new_workspace(folder: Path) -> Path:
    call("init", {"folder": str(folder)}, CONTEXT)
    plan = folder / "plan.yaml"
    plan.write_text(plan.read_text(encoding="utf-8") + QUICK, encoding="utf-8")
    return folder


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """A new workspace, not run yet."""
    return new_workspace(tmp_path / "lamps")


@pytest.fixture(scope="session")
def lamps(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace that has been run once. Tests must not change it."""
    folder = new_workspace(tmp_path_factory.mktemp("shared") / "lamps")
    call("run", {"plan": str(folder)}, CONTEXT)
    return folder


@pytest.fixture(scope="session")
def quick_plan(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace whose plan runs in a moment, with what its steps made kept: copies of it run in less."""
    folder = new_workspace(tmp_path_factory.mktemp("quick") / "lamps")
    plan = folder / "plan.yaml"
    kept = plan.read_text(encoding="utf-8").split("outputs:")[0]
    plan.write_text(f"{kept}outputs: [scenarios]\noptions: {{tried: 0}}\nrisk: {{paths: 0, sensitivity: 0}}\n", encoding="utf-8")
    call("run", {"plan": str(folder)}, CONTEXT)
    return folder


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
