"""A run keeps a version, reuses what has not changed, and never leaves half of anything."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from equipoise.errors import DataError, EquipoiseError, InputError, PlanFileError
from tests.doors.conftest import answer


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_a_run_makes_every_output_and_a_summary(lamps: Path) -> None:
    (job,) = answer("job list", plan=str(lamps), all=True)["jobs"]
    made = answer("job show", plan=str(lamps), job=job["job"], full=True)["answer"]
    assert made["version"] == "v0001"
    assert not made["unchanged"]
    for name in (
        "report.html",
        "plan.xlsx",
        "plan.json",
        "summary.md",
        "demand_plan.md",
        "tables/demand_plan.csv",
        "tables/cost.parquet",
    ):
        assert name in made["files"]
        assert (Path(made["folder"]) / name).stat().st_size > 0
    assert made["headline"]
    assert [line["scenario"] for line in made["scenarios"]] == ["base", "upside", "downside", "stretch", "holiday rush"]
    demand = {line["scenario"]: line["figures"]["demand"] for line in made["scenarios"]}
    assert demand["upside"] == pytest.approx(1.2 * demand["base"])
    assert demand["downside"] == pytest.approx(0.8 * demand["base"])
    assert demand["base"] < demand["holiday rush"] < demand["upside"]


def test_nothing_changed_returns_the_last_version_without_work(workspace: Path) -> None:
    first = answer("run", plan=str(workspace))
    again = answer("run", plan=str(workspace))
    assert again["unchanged"]
    assert again["steps"] == []
    assert {key: again[key] for key in ("version", "headline", "scenarios")} == {
        key: first[key] for key in ("version", "headline", "scenarios")
    }


def test_one_table_changed_runs_only_what_depends_on_it(workspace: Path) -> None:
    answer("run", plan=str(workspace))
    capacity = workspace / "tables" / "capacity.csv"
    capacity.write_text(capacity.read_text().replace("320", "300"))
    states = {line["step"]: line["state"] for line in answer("run", plan=str(workspace))["steps"]}
    assert {step for step in ("segment", "baseline", "consensus", "demand_plan") if states[step] == "done"} == set()
    assert states["supply"] == "done"


def test_the_same_input_gives_the_same_plan(lamps: Path, unmade: Path) -> None:
    made = answer("run", plan=str(unmade))
    assert {line["state"] for line in made["steps"]} == {"done"}
    again, first = (contents(Path(answer("run", plan=str(folder))["folder"]) / "tables") for folder in (unmade, lamps))
    assert {"supply_plan.csv", "simulation.csv", "robust_plan.csv"} <= set(again)
    assert {name: first[name] for name in again} == again


def test_rows_in_another_order_give_the_same_plan(workspace: Path) -> None:
    first = contents(Path(answer("run", plan=str(workspace))["folder"]) / "tables")
    for name in ("history", "item", "route"):
        path = workspace / "tables" / f"{name}.csv"
        head, *rows = path.read_text().splitlines()
        path.write_text("\n".join([head, *reversed(rows)]) + "\n")
    made = answer("run", plan=str(workspace))
    assert {line["state"] for line in made["steps"] if line["phase"] not in {"Gather", "Write"}} == {"unchanged"}
    assert contents(Path(made["folder"]) / "tables") == first


def test_errors_stop_the_run_and_leave_earlier_outputs(workspace: Path) -> None:
    made = answer("run", plan=str(workspace))
    before = contents(workspace / "out")
    history = workspace / "tables" / "history.csv"
    history.write_text(history.read_text().replace("Desk Lamp,Shops", "Desk Lmap,Shops", 1))
    with pytest.raises(DataError) as caught:
        answer("run", plan=str(workspace))
    assert any(fault.where.table == "history" and fault.where.row == 2 and "Desk Lamp" in fault.fix for fault in caught.value.faults)
    assert contents(workspace / "out") == before
    assert (workspace / "out" / made["plan"] / "latest").resolve().name == "v0001"


@pytest.mark.parametrize("delay", [0.3, 1.8])
def test_a_killed_run_leaves_earlier_outputs_and_the_next_run_works(workspace: Path, delay: float) -> None:
    answer("run", plan=str(workspace))
    plan = workspace / "plan.yaml"
    plan.write_text(plan.read_text().replace("horizon: 12", "horizon: 11"))
    before = contents(workspace / "out" / _plan_name(workspace) / "v0001")
    process = subprocess.Popen(
        [sys.executable, "-m", "equipoise.interfaces.cli", "run", str(workspace)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    time.sleep(delay)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert contents(workspace / "out" / _plan_name(workspace) / "v0001") == before
    latest = workspace / "out" / _plan_name(workspace) / "latest"
    assert (latest / "scenarios.md").is_file()
    assert (latest / "plan.xlsx").is_file()
    made = answer("run", plan=str(workspace), force=True)
    assert (Path(made["folder"]) / "scenarios.md").is_file()


def _plan_name(workspace: Path) -> str:
    return next(path.name for path in (workspace / "out").iterdir())


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        (("horizon: 12", "horizon: 0"), PlanFileError, "horizon"),
        (("horizon: 12", "horizon: 500"), PlanFileError, "horizon"),
        (("currency: EUR", "curency: EUR"), PlanFileError, "currency"),
        (("data: tables/", "data: tabels/"), EquipoiseError, "tabels"),
        (("item: Lantern", "item: Lanterm"), EquipoiseError, "Lantern"),
        (("table: demand_plan,", "table: supply_plan,"), PlanFileError, "supply_plan"),
    ],
)
def test_a_wrong_plan_file_is_refused_in_words(workspace: Path, change: tuple[str, str], error: type[EquipoiseError], words: str) -> None:
    plan = workspace / "plan.yaml"
    plan.write_text(plan.read_text().replace(*change))
    if change[0].startswith("item: Lantern"):  # a scenario that cannot be laid fails alone; the plan goes on
        made = answer("run", plan=str(workspace))
        assert words in next(line["note"] for line in made["scenarios"] if line["scenario"] == "holiday rush")
        return
    with pytest.raises(error) as caught:
        answer("run", plan=str(workspace))
    assert words in str(caught.value)
    assert not (workspace / "out").exists()


def test_a_workspace_elsewhere_keeps_the_plan_folder_clean(workspace: Path, tmp_path: Path) -> None:
    shutil.move(workspace / ".equipoise", tmp_path / "elsewhere" / ".equipoise")
    made = answer("run", plan=str(workspace), workspace=str(tmp_path / "elsewhere"))
    assert Path(made["folder"]).is_relative_to(tmp_path / "elsewhere")
    assert sorted(path.name for path in workspace.iterdir()) == ["plan.yaml", "tables"]


def test_no_plan_file_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="equipoise init"):
        answer("run", plan=str(tmp_path))
    with pytest.raises(InputError, match="no plan file"):
        answer("run", plan=str(tmp_path / "absent.yaml"))
