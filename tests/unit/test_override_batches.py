"""Overrides in many batches: laid once for a plan, and again for a what-if only where that changes what they look at."""

import datetime as dt
from pathlib import Path

import pytest

from equipoise.cycle import Cycle, MemoryCache, _of_scenarios
from equipoise.scenario import Override
from equipoise.service.gathering import Gathered, gather
from equipoise.service.starter import files
from equipoise.service.workspace import Workspace

TODAY = dt.date(2026, 11, 28)


def override(table: str, operation: str, value: object, column: str = "quantity", **where: str) -> Override:
    return Override.model_validate(
        {"table": table, "operation": operation, "value": value, "column": column, "where": where, "id": f"{table} {operation} {where}"}
    )


PROMOTED = (
    (override("demand_plan", "set", 50, item="Lantern"),),
    (override("demand_plan", "scale", 1.5, family="Desk"),),
    (override("demand_plan", "add", 7, item="Lantern", market="Shops"),),
    (override("history", "scale", 1.1, item="Desk Lamp"),),
    (override("consensus", "add", 90, item="Floor Lamp").model_copy(update={"split": "measure", "split_by": "history.quantity"}),),
)
ASKED = {
    "nothing of demand": (override("capacity", "scale", 0.8, "regular"),),
    "a family": (override("item", "set", "Desk", "family", item="Lantern"),),
    "history": (override("history", "scale", 2.0, item="Floor Lamp"),),
    "the demand itself": (override("demand_plan", "scale", 0.5, item="Lantern"),),
    "more on the same cells": (
        override("demand_plan", "set", 9, item="Lantern", market="Shops"),
        override("demand_plan", "add", 60, family="Desk").model_copy(update={"split": "measure", "split_by": "demand_plan.quantity"}),
    ),
    "new rows": (
        override("demand_plan", "remove", None, item="Clip Lamp"),
        override("demand_plan", "insert", {"item": "Clip Lamp", "market": "Shops", "period": "2027-01-01", "quantity": 5}),
        override("demand_plan", "scale", 2, item="Clip Lamp"),
    ),
    "a setting": (override("setting", "set", "1", "value", setting="calendar.frozen"),),
}


@pytest.fixture(scope="module")
def lamps(tmp_path_factory: pytest.TempPathFactory) -> Gathered:
    folder = tmp_path_factory.mktemp("lamps")
    (folder / "tables").mkdir()
    for name, text in files(TODAY).items():
        Path(folder / name).write_text(text, encoding="utf-8")
    return gather(Workspace(folder / "plan.yaml", folder), TODAY)


@pytest.mark.parametrize("locked", [False, True])
def test_a_what_if_over_many_batches_is_what_one_without_memory_gives(lamps: Gathered, *, locked: bool) -> None:
    cache = MemoryCache()
    promoted = (*PROMOTED, (override("demand_plan", "add", 3, item="Lantern", market="Online").model_copy(update={"lock": locked}),))
    known = Cycle(lamps.tables, cache=cache, promoted=promoted)
    base = known.what_if((), "demand_plan")
    known._pass(known._begun(), _of_scenarios("demand_plan"))  # the base plan's tables are behind the gate now
    for name, asked in ASKED.items():
        fresh = Cycle(lamps.tables, cache=cache, promoted=promoted)
        expected, found = fresh.what_if(asked, "demand_plan"), known.what_if(asked, "demand_plan")
        assert all(found[one].equals(expected[one]) for one in expected if one not in {"issue", "override_effect", "override_cell"}), name
    same = known.what_if(ASKED["nothing of demand"], "demand_plan")["demand_plan"]
    assert same.equals(base["demand_plan"])


def test_each_batch_is_told_once_in_the_base_plan(lamps: Gathered) -> None:
    cycle = Cycle(lamps.tables, promoted=PROMOTED)
    run = cycle._begun()
    for name in ("setting", "period", "item", "market", "history"):
        run.admit(name, lamps.tables[name])
    run.tell()
    effects = run.tables["override_effect"]
    assert effects.get_column("override").to_list() == ["history scale {'item': 'Desk Lamp'}"]
    again = cycle._begun()
    again.admit("setting", lamps.tables["setting"])
    again.admit("history", lamps.tables["history"])
    again.tell()
    assert again.tables["override_effect"].height == 1, "the base plan is laid and told anew each time it is passed"
