"""What is wrong with a scenario, a lever or a correlation is told with its remedy, and the rest of the plan goes on."""

from pathlib import Path
from typing import Any

import pytest

from tests.doors.conftest import ALL_OUTPUTS, QUICK, answer, new_workspace

SCENARIOS = """\
scenarios:
  - {name: nothing, description: It overrides nothing}
  - name: same cell twice
    overrides:
      - {table: capacity, where: {resource: Assembly, period: 2027-03}, column: regular, operation: set, value: 100, reason: one}
      - {table: capacity, where: {resource: Assembly, period: 2027-03}, column: regular, operation: set, value: 200, reason: two}
  - name: same cell in other words
    overrides:
      - {table: demand_plan, where: {item: Lantern, market: Shops, period: 2027-03}, operation: set, value: 100, reason: one}
      - {table: demand_plan, where: {family: Living, period: 2027-03}, operation: set, value: 200, reason: two}
  - {name: twice, overrides: [{table: demand_plan, operation: scale, value: 1.1, reason: one}]}
  - {name: twice, overrides: [{table: demand_plan, operation: scale, value: 1.2, reason: two}]}
  - {name: hen, parent: egg, overrides: [{table: demand_plan, operation: scale, value: 1.1, reason: one}]}
  - {name: egg, parent: hen, overrides: [{table: demand_plan, operation: scale, value: 1.1, reason: one}]}
  - {name: orphan, parent: nobody, overrides: [{table: demand_plan, operation: scale, value: 1.1, reason: one}]}
  - {name: matches nothing, overrides: [{table: demand_plan, where: {item: Lanten}, operation: scale, value: 1.1, reason: one}]}
  - {name: over, overrides: [{table: demand_plan, operation: scale, value: 1.1, expires: 2026-01-31, reason: one}]}
  - {name: Base, overrides: [{table: demand_plan, operation: scale, value: 3, reason: one}]}
  - {name: likely, probability: 0.7, overrides: [{table: demand_plan, operation: scale, value: 1.05, reason: one}]}
  - {name: as likely, parent: likely, probability: 0.7, overrides: [{table: demand_plan, operation: scale, value: 1.05, reason: one}]}
"""
FAILED = {
    "nothing": "overrides nothing",
    "same cell twice": "twice",
    "same cell in other words": "set",
    "twice": "is given twice",
    "hen": "each other's parents",
    "egg": "each other's parents",
    "orphan": "There is no scenario nobody.",
    "over": "have expired",
    "matches nothing": "the nearest are Lantern",
}


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """A workspace with every such fault, run once."""
    folder = new_workspace(tmp_path_factory.mktemp("broken") / "lamps")
    plan = (folder / "plan.yaml").read_text(encoding="utf-8")
    head, _, tail = plan.partition("scenarios:\n")
    outputs = tail[tail.index("outputs:") :].replace(QUICK, "").replace(ALL_OUTPUTS, "outputs: [scenarios, executive_summary]")
    (folder / "plan.yaml").write_text(f"{head}risk: {{paths: 40, rolling: 0}}\n{SCENARIOS}{outputs}", encoding="utf-8")
    lever = "kind,target,step,maximum,one_off_cost,running_cost\nshift,Assembly,20,40,,\n"
    (folder / "tables" / "lever.csv").write_text(lever, encoding="utf-8")
    pairs = [("Desk Lamp", "Clip Lamp", 0.9), ("Clip Lamp", "Lantern", 0.9), ("Desk Lamp", "Lantern", -0.9)]
    lines = "\n".join(f"{one},{other},{value}" for one, other, value in pairs)
    (folder / "tables" / "correlation.csv").write_text(f"one,other,correlation\n{lines}\n", encoding="utf-8")
    return folder, answer("run", plan=str(folder))


@pytest.mark.parametrize(("name", "words"), FAILED.items())
def test_a_scenario_that_cannot_run_says_why(name: str, words: str, broken: tuple[Path, dict[str, Any]]) -> None:
    line = next(line for line in broken[1]["scenarios"] if line["scenario"] == name)
    assert line["note"].startswith("failed: ")
    assert words in line["note"]
    assert all(value is None for value in line["figures"].values())


def test_the_others_run(broken: tuple[Path, dict[str, Any]]) -> None:
    demand = {line["scenario"]: line["figures"]["demand"] for line in broken[1]["scenarios"] if line["scenario"] not in FAILED}
    assert set(demand) == {"base", "upside", "downside", "stretch", "likely", "as likely"}
    assert demand["as likely"] == pytest.approx(demand["base"] * 1.05**2)


def test_the_check_warns_of_what_can_be_seen_without_solving(broken: tuple[Path, dict[str, Any]]) -> None:
    issues = answer("check", plan=str(broken[0]))["issues"]
    said = " ".join(f"{issue['message']} {issue['fix']}" for issue in issues if issue["severity"] == "warning")
    for words in (
        "The scenario nothing overrides nothing",
        "sets regular of capacity twice for the same cells.",
        "The scenario twice is given twice",
        "each other's parents",
        "There is no scenario nobody.",
        "The base plan cannot be a scenario with overrides",
        "The probabilities of the scenarios add up to 1.4",
        "The lever shift Assembly has no cost",
    ):
        assert words in said, words
    assert all(issue["fix"] for issue in issues if issue["severity"] == "warning")


def test_a_lever_without_cost_is_a_question(broken: tuple[Path, dict[str, Any]]) -> None:
    rows = answer("show", plan=str(broken[0]), table="option_question", limit=0)
    assert any("Neither one_off_cost nor running_cost is given." in str(row) for row in rows["rows"])


def test_correlations_that_cannot_hold_together_stop_the_simulation_alone(broken: tuple[Path, dict[str, Any]]) -> None:
    rows = answer("show", plan=str(broken[0]), table="simulation", limit=0)
    told = " ".join(str(row) for row in rows["rows"])
    assert "The plan is not simulated: " in told
    assert "Lantern" in told
    assert answer("show", plan=str(broken[0]), table="financials", limit=1)["total_rows"] > 0


def test_probabilities_that_do_not_add_up_are_scaled(broken: tuple[Path, dict[str, Any]]) -> None:
    made = answer("show", plan=str(broken[0]), table="robust_result", columns=["scenario", "probability"], limit=0)
    chances = {scenario: chance for scenario, chance in made["rows"] if scenario}
    assert sum(chance for chance in chances.values() if chance is not None) == pytest.approx(1)
    assert chances["likely"] == chances["as likely"]


def test_the_report_lists_what_failed(broken: tuple[Path, dict[str, Any]]) -> None:
    folder = Path(broken[1]["folder"])
    for name in ("report.html", "scenarios.md"):
        text = (folder / name).read_text(encoding="utf-8")
        assert "overrides nothing: it would be the base plan again" in text, name
