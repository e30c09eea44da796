"""A plan file with a fault stops what is planned, not what reads the record."""

from pathlib import Path
from typing import Any

import pytest

from equipoise.errors import PlanFileError
from tests.doors.conftest import answer
from tests.doors.record_example import add


@pytest.fixture
def broken(quick: Path) -> Path:
    """A workspace with a record and a version, whose plan file got a typo since."""
    plan = str(quick)
    answer("cycle open", plan=plan)
    add(quick, "demand_plan item=Lantern: +10 %")
    answer("override add", plan=plan, change=["demand_plan item=Lantern: +20 %"], scenario="upside")
    answer("action add", plan=plan, statement="Count the lanterns")
    file = quick / "plan.yaml"
    file.write_text(file.read_text(encoding="utf-8") + "horizn: 12\n", encoding="utf-8")
    return quick


def test_the_record_is_read_though_the_plan_file_is_wrong(broken: Path) -> None:
    plan = str(broken)
    asked: dict[str, dict[str, Any]] = {
        "override list": {"scenario": "upside"},
        "override show": {"override": "override-1"},
        "action list": {},
        "action show": {"action": "action-1"},
        "cycle show": {},
        "cycle list": {},
        "task list": {},
        "step show": {"step": "gather"},
        "alarm list": {},
        "review list": {},
        "inbox list": {},
        "fresh": {},
        "draft": {},
    }
    for name, values in asked.items():
        first = answer(name, plan=plan, **values)["headline"][0]
        assert first.startswith("The plan file is wrong in line "), name
        assert "horizn" in first
        assert first.endswith("This goes by the plan's last version."), name
    assert len(answer("override list", plan=plan)["overrides"]) == 2
    assert answer("action list", plan=plan)["total"] == 1


def test_nothing_is_changed_or_planned_while_the_plan_file_is_wrong(broken: Path) -> None:
    for name, values in (("run", {}), ("check", {}), ("action add", {"statement": "x"}), ("cycle close", {"force": True, "reason": "x"})):
        with pytest.raises(PlanFileError):
            answer(name, plan=str(broken), **values)


def test_without_a_version_the_fault_is_all_there_is(tmp_path: Path) -> None:
    (tmp_path / "plan.yaml").write_text("plan: lamps\ndata: .\nhorizn: 12\n", encoding="utf-8")
    with pytest.raises(PlanFileError):
        answer("action list", plan=str(tmp_path))
