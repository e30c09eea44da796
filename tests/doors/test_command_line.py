"""The command line: what it prints, its exit codes, and the one error shape."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from equipoise.interfaces.cli import app
from equipoise.service import OPERATIONS
from tests.doors.conftest import ALL_OUTPUTS, QUICK, Equipoise, answer


def test_every_operation_opens_at_the_command_line(equipoise: Equipoise) -> None:
    listing = equipoise("--help").stdout
    for name, operation in OPERATIONS.items():
        assert ("cli" in operation.doors) == (f" {name.split(maxsplit=1)[0]} " in listing)
        told = CliRunner().invoke(app, [*name.split(), "--help"])
        assert told.exit_code == 0, name
        assert operation.summary.split(".")[0].split()[0] in told.stdout


def test_init_check_run_show_explain(equipoise: Equipoise, tmp_path: Path) -> None:
    made = equipoise("init", "lamps", cwd=tmp_path)
    assert made.returncode == 0
    assert "equipoise run lamps" in made.stdout
    checked = equipoise("check", "lamps", cwd=tmp_path)
    assert checked.returncode == 0
    assert "history 240" in checked.stdout
    plan = tmp_path / "lamps" / "plan.yaml"
    quick = plan.read_text(encoding="utf-8").replace(ALL_OUTPUTS, "outputs: [demand_plan, executive_summary]") + QUICK
    plan.write_text(quick, encoding="utf-8")
    ran = equipoise("run", "lamps", cwd=tmp_path)
    assert ran.returncode == 0, ran.stderr
    assert "Supply review" in ran.stderr
    assert "report.html" in ran.stdout
    shown = equipoise("show", "demand_plan", "--pivot", "--by", "family", cwd=tmp_path / "lamps")
    assert "Living" in shown.stdout
    explained = equipoise("explain", "demand_plan", "--where", "item=Lantern", cwd=tmp_path / "lamps")
    assert "History of Lantern" in explained.stdout


def test_python_and_command_line_give_the_same_answer(equipoise: Equipoise, lamps: Path) -> None:
    for name, values, arguments in (
        ("show", {"table": "gap"}, ["gap"]),
        ("show", {"table": "demand_plan", "pivot": True}, ["demand_plan", "--pivot"]),
        ("explain", {"table": "kpi"}, ["kpi"]),
        ("check", {}, []),
    ):
        place = ["--plan", str(lamps)] if name != "check" else [str(lamps)]
        printed = equipoise(name, *arguments, *place, "--json")
        assert json.loads(printed.stdout) == answer(name, plan=str(lamps), **values)


def test_an_error_has_one_shape_and_an_exit_code(equipoise: Equipoise, tmp_path: Path) -> None:
    plain = equipoise("run", tmp_path / "absent.yaml")
    assert plain.returncode == 2
    assert "There is no plan file" in plain.stderr
    assert "Traceback" not in plain.stderr
    shaped = equipoise("run", tmp_path / "absent.yaml", "--json")
    assert shaped.returncode == 2
    error = json.loads(shaped.stdout)
    assert set(error) == {"error", "message", "where", "fix"}
    assert error["error"] == "InputError"


def test_init_never_overwrites(equipoise: Equipoise, tmp_path: Path) -> None:
    equipoise("init", tmp_path / "lamps")
    (tmp_path / "lamps" / "plan.yaml").write_text("mine")
    again = equipoise("init", tmp_path / "lamps")
    assert again.returncode == 2
    assert "already has plan.yaml" in again.stderr
    assert (tmp_path / "lamps" / "plan.yaml").read_text() == "mine"


@pytest.mark.parametrize("arguments", [["nonsense"], ["show", "--limit", "-1", "item"], ["run", "--nonsense"]])
def test_wrong_arguments_are_refused_without_a_traceback(equipoise: Equipoise, lamps: Path, arguments: list[str]) -> None:
    refused = equipoise(*arguments, cwd=lamps)
    assert refused.returncode == 2
    assert "Traceback" not in refused.stderr
