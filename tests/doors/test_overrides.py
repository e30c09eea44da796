"""Overrides through the doors: told where they do not do what they say, kept through a re-forecast, and given by a spreadsheet."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from equipoise.errors import DataError
from tests.doors.conftest import Equipoise, answer

OVERRIDES = """
overrides:
  - {id: fair, table: consensus, where: {item: Lantern}, operation: scale, value: +10 %, reason: fair, author: Ana, was: 1}
  - {id: old, table: consensus, where: {item: Lantern}, operation: scale, value: 3, expires: 2020-01-01}
  - {id: near, table: consensus, where: "label=FIRST", operation: scale, value: 3, role: sales}
  - {id: lost, table: history, where: {item: Lanterm}, operation: scale, value: 3}
  - {id: nowhere, table: demand_plan, where: {item: Lanterm}, operation: scale, value: 3}
"""


def write(workspace: Path, text: str) -> None:
    """Add overrides to the plan file, with sales fenced off from the first month of its horizon."""
    file = workspace / "plan.yaml"
    plan = file.read_text()
    first = next(line.split("start:")[1].split(",")[0].strip() for line in plan.splitlines() if "start:" in line)
    file.write_text(f"{plan}demand: {{fences: {{sales: 1}}}}{text.replace('FIRST', first[:7])}")


def effects(workspace: Path) -> dict[str, dict[str, Any]]:
    shown = answer("show", plan=str(workspace), table="override_effect", limit=0)
    return {row[shown["columns"].index("override")]: dict(zip(shown["columns"], row, strict=True)) for row in shown["rows"]}


def test_overrides_that_do_not_do_what_they_say_are_told_and_the_rest_goes_on(workspace: Path, equipoise: Equipoise) -> None:
    write(workspace, OVERRIDES)
    checked = {line["message"] for line in answer("check", plan=str(workspace))["issues"] if line["table"] == "history"}
    done = equipoise("run", workspace, "--json")
    assert done.returncode == 0, done.stderr
    issues = json.loads(done.stdout)["issues"]
    told = {line["message"].split()[2]: line for line in issues if line["message"].startswith("The override")}
    assert {name: line["severity"] for name, line in told.items()} == dict.fromkeys(("fair", "old", "near", "lost", "nowhere"), "warning")
    for name, words in {
        "fair": "The cells summed to 1 when it was made",
        "old": "has expired. It held until 2020-01-01",
        "near": "is fenced off for sales",
        "lost": "Item Lanterm is not there; the nearest are Lantern",
        "nowhere": "demand_plan quantity of item Lanterm: times 3) matches nothing",
    }.items():
        assert words in told[name]["message"]
        assert told[name]["fix"]
    assert told["lost"]["message"] in checked
    assert sum("lost" in line["message"] for line in issues) == 1, "told once, though found when gathering and when running"
    held = {name: row["status"] for name, row in effects(workspace).items()}
    assert held == {"fair": "stale", "old": "expired", "near": "fenced", "lost": "unmatched", "nowhere": "unmatched"}


def test_an_override_survives_a_new_forecast_and_goes_stale_when_history_changes(workspace: Path) -> None:
    write(
        workspace, "\noverrides: [{id: fair, table: consensus, where: {item: Lantern}, operation: add, value: 120, split: proportional}]\n"
    )
    answer("run", plan=str(workspace))
    first = effects(workspace)["fair"]
    assert first["status"] == "applied"
    assert first["was"] == first["before"]
    assert first["after"] == pytest.approx(first["before"] + 120)
    history = workspace / "tables" / "history.csv"
    with history.open(newline="") as file:
        rows = list(csv.DictReader(file))
    with history.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows({**row, "quantity": 2 * float(row["quantity"])} for row in rows)
    for _ in range(2):  # it stays stale until somebody confirms it
        made = answer("run", plan=str(workspace), force=True)
        second = effects(workspace)["fair"]
        assert second["status"] == "stale"
        assert second["was"] == first["was"]
        assert second["after"] == pytest.approx(second["before"] + 120)
        assert any("fair" in line["message"] and "is stale" in line["message"] for line in made["issues"])


def test_a_locked_number_stands_in_every_scenario(workspace: Path) -> None:
    def demand(scenario: str) -> float:
        shown = answer("show", plan=str(workspace), table="scenario_result", where=[f"scenario={scenario}", "measure=demand"], limit=0)
        return float(shown["rows"][0][shown["columns"].index("value")])

    write(workspace, "\noverrides: [{id: contract, table: demand_plan, where: {item: Lantern}, operation: set, value: 100}]\n")
    answer("run", plan=str(workspace))
    base = demand("base")
    assert demand("holiday rush") == pytest.approx(base + 0.5 * 100 * 24)
    plan = workspace / "plan.yaml"
    plan.write_text(plan.read_text().replace("value: 100}", "value: 100, lock: true}"))
    answer("run", plan=str(workspace))
    assert demand("base") == pytest.approx(base)
    assert demand("holiday rush") == pytest.approx(base), "the scenario scales nothing but locked cells"


def changes(workspace: Path, text: str) -> None:
    """Give overrides as a file beside the plan file."""
    (workspace / "changes.csv").write_text(text)
    file = workspace / "plan.yaml"
    names = sorted(path.stem for path in (workspace / "tables").glob("*.csv"))
    tables = "".join(f"    {name}: {{file: tables/{name}.csv}}\n" for name in names)
    file.write_text(file.read_text().replace("data: tables/\n", f"data:\n  tables:\n{tables}    override: {{file: changes.csv}}\n"))


def test_overrides_come_from_a_spreadsheet(workspace: Path) -> None:
    head = "override,scenario,table,where,operation,value,split,reason,author\n"
    changes(
        workspace,
        f"{head}fair,,consensus,item=Lantern,add,120,proportional,fair,Ana\n,holiday rush,demand_plan,item=Lantern,scale,-100 %,,,\n",
    )
    answer("run", plan=str(workspace))
    found = effects(workspace)
    assert found["fair"]["status"] == "applied"
    assert found["fair"]["statement"] == "consensus quantity of item Lantern: plus 120, in proportion"
    kept = answer("show", plan=str(workspace), table="override", limit=0)
    assert [row[kept["columns"].index("scenario")] for row in kept["rows"]].count("holiday rush") == 2


def test_a_bad_spreadsheet_of_overrides_stops_the_run_with_every_row(workspace: Path) -> None:
    changes(workspace, "override,table,where,operation,value\nx,consensus,item=Lantern,set,many\nx,consensus,Lantern,set,1\n")
    with pytest.raises(DataError) as caught:
        answer("run", plan=str(workspace))
    assert "changes.csv, table override, row 2, column value" in str(caught.value)
    assert "changes.csv, table override, row 3, column where" in str(caught.value)
    assert not (workspace / "out").exists()


def test_a_table_override_in_the_data_folder_is_read_by_its_name(workspace: Path) -> None:
    text = "override,table,where,operation,value\nfair,consensus,item=Lantern; market=Shops,scale,+10 %\n"
    (workspace / "tables" / "override.csv").write_text(text)
    answer("run", plan=str(workspace))
    assert effects(workspace)["fair"]["status"] == "applied"
    first = answer("show", plan=str(workspace), table="consensus", where=["item=Lantern", "market=Shops"], limit=1)
    period = first["rows"][0][first["columns"].index("period")]
    why = answer("explain", plan=str(workspace), table="demand_plan", where=["item=Lantern", "market=Shops", f"period={period[:7]}"])
    said = [reason["statement"] for reason in why["reasons"] if reason["step"] == "override"]
    assert len(said) == 1
    assert said[0].startswith("Override fair: consensus quantity of item Lantern, market Shops: times")
    assert " became " in said[0]
    (change,) = [reason["facts"] for reason in why["reasons"] if reason["kind"] == "override"]
    assert change["id"] == "fair"
    assert change["came_by"] == "in the plan file"
    assert change["after"] > change["before"] > 0


def test_a_cell_is_explained_by_every_override_that_changed_it_whatever_its_column(workspace: Path) -> None:
    write(
        workspace,
        """
overrides:
  - {id: more, table: demand_plan, where: {item: Lantern}, operation: scale, value: +10 %}
  - {id: dearer, table: demand_plan, where: {item: Lantern}, column: unit_price, operation: set, value: 99}
  - {id: other, table: demand_plan, where: {item: Desk lamp}, column: unit_price, operation: set, value: 98}
  - {id: given, table: correction, operation: insert, value: {item: Lantern, market: Shops, period: 2026-01, quantity: 7}}
""".replace("Desk lamp", _other_item(workspace)),
    )
    answer("run", plan=str(workspace))
    why = answer("explain", plan=str(workspace), table="demand_plan", where=["item=Lantern", "market=Shops"])
    said = [reason["statement"] for reason in why["reasons"] if reason["step"] == "override"]
    assert [one.split(":")[0] for one in said] == ["Override dearer", "Override more", "Override given"]
    why = answer("explain", plan=str(workspace), table="demand_plan", where=[f"item={_other_item(workspace)}"])
    said = [reason["statement"] for reason in why["reasons"] if reason["step"] == "override"]
    assert [one.split(":")[0] for one in said] == ["Override other"]


def _other_item(workspace: Path) -> str:
    with (workspace / "tables" / "item.csv").open(newline="") as file:
        return next(row["item"] for row in csv.DictReader(file) if row["item"] != "Lantern")
