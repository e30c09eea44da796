"""A change is tried without leaving a trace; what is promoted is part of every later plan, until it is taken out again."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from equipoise.errors import DataError, InputError, NotFoundError
from equipoise.scenario import Override
from equipoise.service.changes import read_change
from tests.doors.conftest import Equipoise, answer

MONEY = ("demand", "shipped", "revenue", "contribution", "supply_cost")


def measures(made: dict[str, Any]) -> dict[str, float]:
    return {line["name"]: line["value"] for line in made["measures"]}


def of_scenario(workspace: Path, name: str) -> dict[str, float]:
    rows = answer("show", plan=str(workspace), table="scenario_result", where=[f"scenario={name}"], limit=0)
    place = {column: position for position, column in enumerate(rows["columns"])}
    return {row[place["measure"]]: row[place["value"]] for row in rows["rows"] if row[place["value"]] is not None}


def test_a_scenario_tried_gives_what_the_run_gives_for_it(lamps: Path) -> None:
    tried, run = measures(answer("try", plan=str(lamps), scenario="upside")), of_scenario(lamps, "upside")
    assert {name: tried[name] for name in MONEY if name in tried} == {
        name: pytest.approx(run[name], rel=1e-9) for name in MONEY if name in tried
    }
    assert tried["demand"] > 0


def test_a_change_in_words_and_as_json_does_the_same(lamps: Path) -> None:
    words = answer("try", plan=str(lamps), change=["demand_plan item=Desk Lamp: +10 %"])
    document = '{"table": "demand_plan", "where": {"item": "Desk Lamp"}, "operation": "scale", "value": 1.1}'
    as_json = answer("try", plan=str(lamps), change=[document])
    assert measures(words) == measures(as_json)
    demand = next(line for line in words["measures"] if line["name"] == "demand")
    assert demand["difference"] > 0
    assert demand["value"] - demand["base"] == pytest.approx(demand["difference"])


def test_trying_stores_nothing(workspace: Path) -> None:
    answer("run", plan=str(workspace))
    before = answer("show", plan=str(workspace))["version"]
    answer("try", plan=str(workspace), change=["demand_plan: +50 %"])
    assert answer("show", plan=str(workspace))["version"] == before
    assert answer("run", plan=str(workspace))["unchanged"]


def test_a_file_that_changes_is_read_again(workspace: Path) -> None:
    first = measures(answer("try", plan=str(workspace), change=["demand_plan: * 1"]))
    capacity = workspace / "tables" / "history.csv"
    lines = capacity.read_text(encoding="utf-8").splitlines()
    capacity.write_text("\n".join([lines[0], *(line for line in lines[1:] if "Desk Lamp" not in line)]) + "\n", encoding="utf-8")
    assert measures(answer("try", plan=str(workspace), change=["demand_plan: * 1"])) != first


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("demand_plan: +10 %", {"table": "demand_plan", "operation": "scale", "value": 1.1}),
        ("demand_plan family=Tents; period=2027-04..2027-06: -5%", {"operation": "scale", "value": 0.95}),
        ("capacity.regular resource=Line 2: + 200", {"table": "capacity", "column": "regular", "operation": "add", "value": 200.0}),
        ("capacity.regular: * 1.5", {"operation": "scale", "value": 1.5}),
        ("purchase_limit.maximum purchase=A: = 0", {"operation": "set", "value": 0.0}),
        ("demand_plan item=A: - 20", {"operation": "add", "value": -20.0, "split": "proportional"}),
        ("route route=Make A: remove", {"operation": "remove"}),
        ("setting.value setting=supply.objective: = service", {"operation": "set", "value": "service"}),
    ],
)
def test_every_form_of_a_change(text: str, expected: dict[str, Any]) -> None:
    override = read_change(text, "test")
    assert {name: getattr(override, name) for name in expected} == expected


@pytest.mark.parametrize(
    ("ask", "words"),
    [
        (lambda plan: answer("try", plan=plan), "Nothing is to be tried."),
        (lambda plan: answer("try", plan=plan, change=["more demand"]), "The change 'more demand' is not understood."),
        (lambda plan: answer("try", plan=plan, change=["demand_plan: 10 %"]), "is not understood"),
        (lambda plan: answer("try", plan=plan, change=["demand_plan colour=red: +1 %"]), "demand_plan has no column colour"),
        (lambda plan: answer("try", plan=plan, change=["supply_plan: +1 %"]), "cannot be overridden"),
        (lambda plan: answer("try", plan=plan, change=["demand_plan item=Desk Lmp: +1 %"]), "the nearest are Desk Lamp"),
        (lambda plan: answer("try", plan=plan, scenario="upsde"), "There is no scenario upsde."),
        (lambda plan: answer("try", plan=plan, option="nothing"), "There is no option nothing."),
        (lambda plan: answer("promote", plan=plan, name="upsde"), "There is no scenario or option upsde."),
        (lambda plan: answer("promote", plan=plan, name="base"), "The scenario base overrides nothing."),
        (lambda plan: answer("promote", plan=plan, name="upside", undo=True), "upside is not promoted."),
    ],
)
def test_what_cannot_be_tried_or_promoted_says_why(ask: Callable[[str], object], words: str, lamps: Path) -> None:
    with pytest.raises((InputError, DataError, NotFoundError)) as caught:
        ask(str(lamps))
    assert words in str(caught.value)
    assert caught.value.fix or caught.value.faults[0].fix


def test_a_promoted_scenario_is_the_plan_that_was_shown(workspace: Path) -> None:
    answer("run", plan=str(workspace))
    shown = of_scenario(workspace, "holiday rush")
    made = answer("promote", plan=str(workspace), name="holiday rush", reason="Agreed")
    assert made["promoted"] == ["holiday rush"]
    assert made["version"] == "v0002"  # what it was decided on stands for good
    run = answer("run", plan=str(workspace))
    assert run["version"] == "v0003"
    base = of_scenario(workspace, "base")
    assert {name: base[name] for name in MONEY if name in base} == {name: pytest.approx(shown[name]) for name in MONEY if name in base}
    line = next(line for line in run["scenarios"] if line["scenario"] == "holiday rush")
    assert "is part of the base plan since" in line["note"]
    laid = answer("show", plan=str(workspace), table="override_effect", limit=0)
    assert any("holiday rush/" in str(row) for row in laid["rows"])


def test_what_was_promoted_can_be_taken_out_again(workspace: Path) -> None:
    answer("run", plan=str(workspace))
    first = of_scenario(workspace, "base")
    answer("promote", plan=str(workspace), name="upside")
    with pytest.raises(InputError, match="is promoted already"):
        answer("promote", plan=str(workspace), name="upside")
    assert answer("promote", plan=str(workspace), name="upside", undo=True)["promoted"] == []
    answer("run", plan=str(workspace))
    assert of_scenario(workspace, "base") == first


def test_both_print_for_people(equipoise: Equipoise, workspace: Path) -> None:
    tried = equipoise("try", "demand_plan: +10 %", "--plan", workspace)
    assert tried.returncode == 0, tried.stderr
    assert "difference" in tried.stdout
    assert "nothing was stored" in tried.stdout
    promoted = equipoise("promote", "upside", "--plan", workspace)
    assert "is now part of the base plan" in promoted.stdout
    wrong = equipoise("try", "demand_plan: lots", "--plan", workspace, "--json")
    assert wrong.returncode == 2
    assert json.loads(wrong.stdout)["faults"][0]["where"]["column"] == "change 1"


def test_a_promoted_override_keeps_its_own_reason() -> None:
    override = Override(table="demand_plan", operation="scale", value=1.1, reason="own")
    assert Override.model_validate_json(override.model_dump_json(exclude_defaults=True)) == override


STEPPED = """
outputs: [scenarios]
options: {tried: 0}
risk: {paths: 0, sensitivity: 0}
overrides:
  - {id: wider, table: demand_plan, where: {item: Desk Lamp}, operation: set, value: 50}
scenarios:
  - name: more
    overrides:
      - {id: wider, table: demand_plan, where: {item: Desk Lamp}, operation: set, value: 60}
  - name: Größer ☃
    parent: more
    overrides:
      - {id: wider, table: demand_plan, where: {item: Desk Lamp}, operation: set, value: 70}
"""


@pytest.fixture
def stepped(workspace: Path) -> Path:
    """A workspace whose base plan, scenario and scenario of a scenario each set the same cells."""
    plan = workspace / "plan.yaml"
    text = plan.read_text(encoding="utf-8")
    kept = text.split("scenarios:")[0]
    plan.write_text(kept + STEPPED, encoding="utf-8")
    return workspace


def test_each_batch_is_laid_over_the_one_before_it_tried_run_or_promoted(stepped: Path) -> None:
    """What a parent or the base plan set may be set again."""
    answer("run", plan=str(stepped))
    base, shown = of_scenario(stepped, "base"), of_scenario(stepped, "Größer ☃")
    tried = measures(answer("try", plan=str(stepped), scenario="Größer ☃"))
    again = measures(answer("try", plan=str(stepped), scenario="Größer ☃", change=["demand_plan item=Desk Lamp: = 80"]))
    same = {name: pytest.approx(shown[name]) for name in MONEY if name in shown}
    assert {name: tried[name] for name in same} == same
    assert again["demand"] > tried["demand"] > of_scenario(stepped, "more")["demand"] > base["demand"]

    assert len(answer("promote", plan=str(stepped), name="Größer ☃")["overrides"]) == 2
    answer("run", plan=str(stepped))
    promoted = of_scenario(stepped, "base")
    assert {name: promoted[name] for name in same} == same
    laid = answer("show", plan=str(stepped), table="override_effect", limit=0)
    ids = [row[laid["columns"].index("override")] for row in laid["rows"]]
    assert len(ids) == len(set(ids)) == 3
    assert answer("promote", plan=str(stepped), name="more")["promoted"] == ["Größer ☃", "more"]
    assert answer("promote", plan=str(stepped), name="Größer ☃", undo=True)["promoted"] == ["more"]
