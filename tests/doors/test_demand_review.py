"""Demand review given bad input through the doors: each fault is said with its place and remedy, and the rest goes on."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from equipoise.errors import DataError, EquipoiseError
from tests.doors.conftest import Equipoise, answer, new_workspace


@pytest.fixture(scope="module")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return new_workspace(tmp_path_factory.mktemp("demand") / "lamps")


def changed(pristine: Path, folder: Path, settings: dict[str, Any] | None = None, **tables: str) -> Path:
    """Return a new workspace of lamps with other settings and more tables."""
    plan = yaml.safe_load((pristine / "plan.yaml").read_text()) | {"outputs": ["demand_plan"], "scenarios": []} | (settings or {})
    (folder / "tables").mkdir(parents=True)
    (folder / "plan.yaml").write_text(yaml.safe_dump(plan, sort_keys=False))
    for file in (pristine / "tables").iterdir():
        (folder / "tables" / file.name).write_bytes(file.read_bytes())
    for name, body in tables.items():
        (folder / "tables" / f"{name}.csv").write_text(body)
    return folder


def issues(plan: Path) -> str:
    """Return what `check` says, a line each."""
    return "\n".join(str(fault) for fault in answer("check", plan=str(plan))["issues"])


CASES = {
    "succession": ("item,predecessor,kind\nLantern,Clip Lamp,like_item\nClip Lamp,Lantern,like_item\n", "Succession goes in a circle"),
    "cannibalisation": ("item,from,share\nLantern,Clip Lamp,0.9\nLantern,Desk Lamp,0.9\n", "others lose 1.8: more than it gains"),
    "event": ("event,item,start,end,price\nfar,Lantern,2047-01-01,2047-01-31,9\n", "lies outside of history and horizon"),
    "demand_owner": ("item,family,owner\nLantern,Desk,Ann\n", "is in family Living, not Desk"),
    "driver": (
        "driver,period,value,known_ahead\nrain,2026-01-01,3,yes\nrain,2026-02-01,4,yes\n",
        "values for 0 of the horizon's 12 periods",
    ),
    "stream_snapshot": (
        "as_of,stream,item,market,period,quantity\n2030-01-31,sales,Lantern,Shops,2030-02-01,5\n",
        "lies after as_of (2026-11-30)",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_rows_that_cannot_do_what_they_say_are_told_before_the_run(pristine: Path, tmp_path: Path, name: str) -> None:
    body, expected = CASES[name]
    said = issues(changed(pristine, tmp_path / "plan", None, **{name: body}))
    assert expected in said
    assert "'severity': 'warning'" in said
    assert f"{name}.csv" in said or name == "driver"


@pytest.mark.parametrize(
    ("demand", "expected"),
    [
        ({"levels": [["famly"]]}, "There is no column famly to make a level of."),
        ({"review": ["nope"]}, "There is no column nope"),
        ({"fences": {"sales": -1}}, "The fence of sales is -1."),
        ({"consensus": {"basis": "slaes"}}, "There is no view slaes in table forecast."),
        ({"consensus": {"basis": "average", "weights": {"sales": -1}}}, "The weight of sales is -1."),
        ({"consensus": {"basis": "average", "weights": {"baseline": 0}}}, "The weights of the views are all zero."),
    ],
)
def test_settings_that_cannot_be_are_told_by_check(pristine: Path, tmp_path: Path, demand: dict[str, Any], expected: str) -> None:
    with pytest.raises(DataError) as caught:
        answer("check", plan=str(changed(pristine, tmp_path / "plan", {"demand": demand})))
    fault = next(one for one in caught.value.faults if expected in one.message)
    assert fault.where.source == "plan.yaml"
    assert fault.where.column.startswith("demand.")
    assert fault.fix


@pytest.mark.parametrize(
    ("override", "expected"),
    [
        ({"where": {"period": {"from": "2027-05", "to": "2027-01"}}, "value": 1}, "ends (2027-01) before it begins (2027-05)"),
        ({"where": {"item": {"form": "A"}}, "value": 1}, "the range of item knows form"),
        ({"where": {"item": []}, "value": 1}, "list of item is empty"),
        ({"where": {"period": "someday"}, "value": 1}, "set to 1': 'someday' is not a date."),
        ({"where": {"item": "Lantern"}, "value": 1, "split_by": "history"}, "split_by names no column"),
    ],
)
def test_an_override_that_cannot_be_read_is_told_by_check(pristine: Path, tmp_path: Path, override: dict[str, Any], expected: str) -> None:
    plan = changed(pristine, tmp_path / "plan", {"overrides": [{"table": "consensus", "operation": "set", **override}]})
    with pytest.raises(EquipoiseError) as caught:
        answer("check", plan=str(plan))
    assert expected.lower() in str(caught.value).lower()


def test_empty_history_and_overrides_of_what_is_not_there_are_said_and_the_rest_goes_on(
    pristine: Path, tmp_path: Path, equipoise: Equipoise
) -> None:
    rows = (pristine / "tables" / "history.csv").read_text().splitlines()
    rows[1], rows[2] = rows[1].rsplit(",", 1)[0] + ",NaN", rows[2].rsplit(",", 1)[0] + ","
    where = {"item": "Lantern", "market": "Shops"}
    overrides = [
        {"id": "below", "table": "demand_plan", "where": where, "operation": "add", "value": -1e6},
        {
            "id": "unknown",
            "table": "consensus",
            "operation": "insert",
            "value": {"item": "Z", "market": "Shops", "period": "2027-01", "quantity": 5},
        },
        {"id": "inside", "table": "baseline", "operation": "insert", "value": {**where, "period": "2027-01-15", "quantity": 5}},
        {"id": "never", "table": "correction", "operation": "insert", "value": {**where, "period": "1999-01", "quantity": 5}},
    ]
    plan = changed(pristine, tmp_path / "plan", {"overrides": overrides}, history="\n".join(rows))
    ran = equipoise("run", plan)
    assert ran.returncode == 0, ran.stderr
    assert "Traceback" not in ran.stderr
    told = answer("show", plan=str(plan), table="issue", columns=["message"])["rows"]
    words = "\n".join(row[0] for row in told)
    assert words.count("quantity is empty: it was taken as no demand.") == 2
    assert "Demand would fall below zero in 12 cells" in words
    assert "Item Z is not in table item." in words
    assert "2027-01-15 is not the first day of a period of the horizon." in words
    assert "History has no row of Lantern, Shops, 1999-01-01." in words
    demand = answer("show", plan=str(plan), table="demand_plan", columns=["quantity"], limit=0)["rows"]
    assert len(demand) == 4 * 2 * 12
    assert min(row[0] for row in demand) == 0.0


def test_an_inserted_correction_has_a_kind_that_is_known(pristine: Path, tmp_path: Path) -> None:
    row = {"item": "Lantern", "market": "Shops", "period": "2026-01", "quantity": 5, "kind": "strike"}
    plan = changed(pristine, tmp_path / "plan", {"overrides": [{"table": "correction", "operation": "insert", "value": row}]})
    with pytest.raises(EquipoiseError, match=r"kind is 'strike'. It must be one of outlier, stockout"):
        answer("check", plan=str(plan))
