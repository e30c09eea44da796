"""Overrides of the record: checked when they are made, laid in their order by every run, told with what became of them."""

import datetime as dt
import json
import shutil
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from equipoise.errors import ConflictError, DataError, InputError, NotAllowedError, NotFoundError
from equipoise.scenario import Override, lay
from equipoise.service.changes import read_change
from equipoise.service.sealing import seal
from equipoise.store import Change
from equipoise.tables import table
from tests.doors.conftest import CONTEXT, Equipoise, answer
from tests.doors.record_example import add, as_, demand, listed, place_of, team


@pytest.fixture(scope="module")
def still(quick_plan: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace that was run; tests must not run it again."""
    folder = tmp_path_factory.mktemp("still") / "lamps"
    shutil.copytree(quick_plan, folder)
    answer("run", plan=str(folder))
    return folder


def test_an_override_is_part_of_the_next_run_and_out_of_the_one_after_it_was_withdrawn(quick: Path) -> None:
    before, all_before = demand(quick, item="Lantern"), demand(quick)
    made = answer("override add", plan=str(quick), change=["demand_plan item=Lantern, market=Shops: +10 %"], reason="fair")
    assert made["revision"] == 1
    (line,) = made["overrides"]
    assert line["state"] == "draft"
    assert (line["author"], line["reason"], line["status"]) == (CONTEXT.actor, "fair", "accepted")
    assert line["was"] == pytest.approx(demand(quick, item="Lantern", market="Shops"))
    assert answer("run", plan=str(quick))["unchanged"] is False
    assert demand(quick, item="Lantern") == pytest.approx(before + 0.1 * line["was"])
    told = listed(quick)[line["override"]]
    assert (told["state"], told["cells"]) == ("live", line["cells"])
    effect = answer("show", plan=str(quick), table="override_effect", limit=0)
    assert effect["rows"][0][effect["columns"].index("override")] == line["override"]
    version = answer("show", plan=str(quick), table="override", limit=0)
    row = dict(
        zip(
            version["columns"],
            next(row for row in version["rows"] if row[version["columns"].index("override")] == line["override"]),
            strict=True,
        )
    )
    assert (row["author"], row["reason"], row["table"]) == (CONTEXT.actor, "fair", "demand_plan")
    assert answer("run", plan=str(quick))["unchanged"] is True

    answer("override withdraw", plan=str(quick), override=[line["override"]], reason="no fair")
    answer("run", plan=str(quick))
    assert demand(quick) == pytest.approx(all_before)
    history = answer("override show", plan=str(quick), override=line["override"])["history"]
    assert [(one["operation"], one["column"], one["old"], one["new"], one["reason"]) for one in history if one["column"] != "position"] == [
        ("override add", "", "", "made", "fair"),
        ("override withdraw", "status", "accepted", "off", "no fair"),
    ]
    with pytest.raises(InputError, match="is off already"):
        answer("override withdraw", plan=str(quick), override=[line["override"]])
    with pytest.raises(InputError, match="no longer changed"):
        answer("override change", plan=str(quick), override=line["override"], reason="x")


def test_a_later_set_of_the_same_cells_holds_and_what_is_only_reworded_keeps_its_place(quick: Path) -> None:
    first = add(quick, "demand_plan item=Lantern: = 50")[0]
    second = add(quick, "demand_plan item=Lantern: = 60")[0]
    answer("override change", plan=str(quick), override=first, reason="because", expires="2030-01-01")
    answer("run", plan=str(quick))
    cells = listed(quick)[second]["cells"]
    assert demand(quick, item="Lantern") == pytest.approx(60 * cells)
    answer("override change", plan=str(quick), override=first, change="demand_plan item=Lantern: = 70")
    answer("run", plan=str(quick))
    assert demand(quick, item="Lantern") == pytest.approx(70 * cells), "what does something else now is laid last, as a new one would be"
    assert listed(quick)[first]["reason"] == "because"


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"change": ["demand_plan item=Lanternn: +1 %"]}, "the nearest are Lantern"),
        ({"change": ["demand_plan itm=Lantern: +1 %"]}, "Did you mean item?"),
        ({"change": ["demand_pln item=Lantern: +1 %"]}, "Did you mean demand_plan?"),
        ({"change": ["demand_plan.quantty item=Lantern: +1 %"]}, "Did you mean quantity?"),
        ({"change": ["more of everything"]}, "is not understood"),
        ({"change": ["demand_plan item=Lantern: = 1", "demand_plan market=Shops: = 2"]}, "set the same cell"),
        ({"change": ["demand_plan item=Lantern: +1 %"], "expires": "2020-01-01"}, "has expired"),
        ({"change": []}, "Nothing is to be changed."),
        ({"change": ["demand_plan item=Lantern: = -5"]}, "sets quantity to -5; the least that it can be is 0."),
        ({"change": ["capacity.regular: = -5"]}, "sets regular to -5; the least that it can be is 0."),
        ({"change": ["demand_plan item=Lantern: 1,5"]}, "is not understood"),
        ({"change": ["demand_plan item=Lantern: +1,000 %"]}, "is not understood"),
        ({"overrides": [{"table": "demand_plan", "operation": "set", "valeu": 3}]}, "Did you mean value?"),
        ({"overrides": [{"table": "demand_plan", "operation": "sets", "value": 3}]}, "Input should be 'set'"),
        (
            {
                "overrides": [
                    {"table": "setting", "where": {"setting": "supply.objective"}, "column": "value", "operation": "set", "value": "luck"}
                ]
            },
            "cannot have",
        ),
        ({"overrides": [{"table": "history", "where": "item=Lantern; period=1999-01", "operation": "set", "value": 3}]}, "matches no row"),
        (
            {"overrides": [{"table": "market", "operation": "insert", "value": {"market": "Shops"}}]},
            "two rows",
        ),
        ({"change": ["demand_plan item=Lantern: +1 %"], "scenario": "upsde"}, "There are: upside"),
        ({"change": ["demand_plan item=Lantern: +1 %"], "assumption": "assumption-99"}, "There is no assumption"),
        ({"change": ["demand_plan item=Lantern: +1 %", "demand_plan item=Nothing: +1 %"]}, "matches no row"),
        (
            {
                "overrides": [
                    {"table": "baseline", "where": {"item": "Lantern"}, "operation": "set", "value": 9, "split_by": "consensus.quantity"}
                ]
            },
            "is not made yet",
        ),
    ],
)
def test_what_does_not_fit_the_plan_is_refused_at_entry_and_nothing_is_kept(still: Path, values: dict[str, Any], words: str) -> None:
    before = listed(still)
    with pytest.raises((InputError, DataError, NotFoundError)) as caught:
        answer("override add", plan=str(still), **values)
    assert words in str(caught.value)
    assert caught.value.fix or caught.value.faults[0].fix
    assert listed(still) == before


@pytest.mark.parametrize(
    ("words", "operation", "value"),
    [
        ("300", "set", 300.0),
        ("1,300.5", "set", 1300.5),
        ("= 1,300", "set", 1300.0),
        ("= -2", "set", -2.0),
        ("+ 1,000", "add", 1000.0),
        ("- 1,000", "add", -1000.0),
        ("+1,5 %", "scale", 1.015),
        ("x 1.2", "scale", 1.2),
    ],
)
def test_numbers_are_read_as_they_are_written(words: str, operation: str, value: float) -> None:
    made = read_change(f"demand_plan item=Lantern: {words}", "")
    assert made.operation == operation
    assert made.value == pytest.approx(value)


def test_what_would_fall_below_zero_is_told(quick: Path) -> None:
    said = answer("override add", plan=str(quick), change=["demand_plan item=Lantern: - 50,000"])["headline"][0]
    assert "Demand would fall below zero in 24 cells: they are set to zero." in said


def test_all_faults_of_a_call_are_told_each_at_its_place(still: Path) -> None:
    with pytest.raises(InputError) as caught:
        answer(
            "override add",
            plan=str(still),
            change=["nothing", "demand_plan: +1 %", "demand_plan itm=A: +1 %"],
            overrides=[{"table": "x", "operation": "set"}],
        )
    assert [fault.where.column for fault in caught.value.faults] == ["change 1", "change 3", "overrides 1: table"]


def test_before_the_first_run_given_tables_are_looked_at_and_made_ones_are_read(quick_plan: Path, tmp_path: Path) -> None:
    folder = tmp_path / "lamps"
    shutil.copytree(quick_plan, folder, ignore=shutil.ignore_patterns(".equipoise", "out"))
    with pytest.raises(DataError, match="does not fit the plan"):
        add(folder, "history item=Lanternn: * 2")
    with pytest.raises(DataError, match="does not fit the plan"):
        add(folder, "demand_plan item=Lantern; period=soon: * 2")
    assert add(folder, "history item=Lantern: * 2", "demand_plan item=Lantern: * 2") == ["override-1", "override-2"]
    answer("run", plan=str(folder))
    assert {line["state"] for line in listed(folder).values()} == {"live"}


def test_what_was_inserted_since_the_last_run_may_be_changed_before_the_next(quick: Path) -> None:
    row = {"event": "Fair", "kind": "promotion", "start": "2027-05-01", "end": "2027-05-31", "item": "Lantern", "quantity": 40}
    answer("override add", plan=str(quick), overrides=[{"table": "event", "operation": "insert", "value": row}])
    add(quick, "event.quantity event=Fair: + 5")
    answer("run", plan=str(quick))
    assert {line["state"] for line in listed(quick).values()} == {"live"}


def test_an_override_of_a_scenario_changes_that_scenario_alone(quick: Path) -> None:
    def of(scenario: str) -> float:
        shown = answer("show", plan=str(quick), table="scenario_result", where=[f"scenario={scenario}", "measure=demand"], limit=0)
        return float(shown["rows"][0][shown["columns"].index("value")])

    base, upside = of("base"), of("upside")
    assert add(quick, "demand_plan: * 1.1", scenario="upside") == ["override-1"]
    answer("run", plan=str(quick))
    assert of("base") == pytest.approx(base)
    assert of("upside") == pytest.approx(1.1 * upside, rel=1e-3)
    assert listed(quick)["override-1"]["state"] == "in scenario"
    assert list(listed(quick, scenario="upside")) == ["override-1"]
    assert not listed(quick, scenario="base")
    plan = quick / "plan.yaml"
    plan.write_text(
        plan.read_text().replace(
            "scenarios:", "scenarios:\n  - {name: upward, overrides: [{table: demand_plan, operation: scale, value: 1.2}]}"
        )
    )
    assert add(quick, "demand_plan: * 1.1", scenario="upward") == ["override-2"]
    plan.write_text(plan.read_text().replace("name: upward", "name: renamed"))
    told = [line["message"] for line in answer("check", plan=str(quick))["issues"]]
    assert "1 override of the record belongs to the scenario upward, which the plan file does not have." in told
    assert list(listed(quick, scenario="upward")) == ["override-2"]


def test_trying_sees_what_was_recorded(still: Path) -> None:
    def base() -> float:
        tried = answer("try", plan=str(still), change=["demand_plan: * 1"])
        return float(next(line["base"] for line in tried["measures"] if line["name"] == "demand"))

    before = base()
    number = add(still, "demand_plan item=Desk Lamp: + 100")[0]
    assert base() == pytest.approx(before + 100)
    answer("override withdraw", plan=str(still), override=[number])
    assert base() == pytest.approx(before)


def test_who_was_slower_is_told_what_it_says_now_and_keeps_what_they_gave(still: Path) -> None:
    number = add(still, "demand_plan item=Lantern: +1 %", reason="mine")[0]
    answer("override change", plan=str(still), override=number, reason="theirs", revision=1)
    with pytest.raises(ConflictError) as caught:
        answer("override change", plan=str(still), override=number, reason="late", revision=1)
    told = str(caught.value)
    assert "reason from mine to theirs" in told
    assert "You gave" in told
    assert "reason late" in told
    assert listed(still)[number]["reason"] == "theirs"
    answer("override withdraw", plan=str(still), override=[number])


def test_the_draft_is_what_was_changed_since_the_last_version_that_stands(quick: Path) -> None:
    first = add(quick, "demand_plan item=Lantern: +1 %")[0]
    answer("run", plan=str(quick))
    place = place_of(quick)
    assert list(listed(quick, draft=True)) == [first], "a run is a draft itself"
    seal(place, place.version(), "submit", CONTEXT)
    assert not listed(quick, draft=True)
    second = add(quick, "demand_plan item=Lantern: +2 %")[0]
    assert list(listed(quick, draft=True)) == [second]


def test_an_agent_proposes_and_a_person_who_may_accepts(quick: Path) -> None:
    team(
        quick,
        fay=["facilitator"],
        bot=["agent"],
        sam=["sales"],
        dee=["demand planner"],
        sue=["supply planner"],
        slices_sam=["market=Shops"],
    )
    plan = str(quick)
    with pytest.raises(InputError, match="no reason"):
        as_("bot", "override add", plan=plan, change=["demand_plan item=Lantern: +10 %"])
    made = as_("bot", "override add", plan=plan, change=["demand_plan item=Lantern: +10 %"], reason="pattern")
    number = made["overrides"][0]["override"]
    assert made["overrides"][0]["status"] == "proposed"
    before = demand_as("dee", plan)
    as_("dee", "run", plan=plan, force=True)
    assert demand_as("dee", plan) == before, "a proposal changes nothing"
    waiting = as_("sue", "review list", plan=plan)["proposals"]
    assert [(one["id"], one["by"], one["reason"]) for one in waiting] == [(number, "bot", "pattern")]
    for person in ("bot", "sue", "sam"):
        with pytest.raises(NotAllowedError):
            as_(person, "review accept", plan=plan, id=[number])
    as_("dee", "review accept", plan=plan, id=[number], reason="agreed")
    as_("dee", "run", plan=plan)
    assert demand_as("dee", plan) > before
    shown = as_("dee", "override show", plan=plan, override=number)
    assert shown["override"]["author"] == "bot"
    assert shown["history"][-1]["actor"] == "dee"

    with pytest.raises(NotAllowedError, match="sam may change"):
        as_("sam", "override add", plan=plan, change=["demand_plan item=Lantern: +10 %"], reason="x")
    as_("sam", "override add", plan=plan, change=["demand_plan item=Lantern; market=Shops: +10 %"], reason="x")
    with pytest.raises(NotAllowedError, match="sue may not"):
        as_("sue", "override add", plan=plan, change=["demand_plan item=Lantern: +10 %"], reason="x")
    asked = as_("sue", "override add", plan=plan, change=["demand_plan item=Lantern: +11 %"], reason="x", propose=True)["overrides"][0][
        "override"
    ]
    with pytest.raises(InputError, match="no reason"):
        as_("dee", "review reject", plan=plan, id=[asked])
    assert as_("dee", "review reject", plan=plan, id=[asked], reason="no")["proposals"][0]["status"] == "rejected"
    with pytest.raises(NotFoundError, match="no proposal that waits"):
        as_("dee", "review accept", plan=plan, id=[asked])
    with pytest.raises(NotAllowedError):
        as_("bot", "override withdraw", plan=plan, override=[number], reason="x")


def demand_as(person: str, plan: str) -> float:
    shown = as_(person, "show", plan=plan, table="demand_plan", limit=0)
    return float(sum(row[shown["columns"].index("quantity")] for row in shown["rows"]))


def test_the_tables_of_a_step_that_was_handed_on_stay_as_they_are(quick: Path) -> None:
    answer("cycle open", plan=str(quick))
    place = place_of(quick)
    (step,) = [one for one in place.store.records("step") if one.document["name"] == "demand_review"]
    first = add(quick, "demand_plan item=Lantern: +1 %")[0]
    assert place.store.record("override", first).cycle == step.cycle
    place.store.change([Change("step", {**step.document, "status": "submitted", "version": 1}, step.id)], CONTEXT.sign("step submit"))
    asked: dict[str, dict[str, Any]] = {
        "override add": {"change": ["demand_plan item=Lantern: +1 %"]},
        "override change": {"override": first, "reason": "x"},
        "override withdraw": {"override": [first]},
    }
    for name, values in asked.items():
        with pytest.raises(NotAllowedError, match="demand_plan belongs to Demand review"):
            answer(name, plan=str(quick), **values)
    proposed = add(quick, "demand_plan item=Lantern: +2 %", propose=True)
    with pytest.raises(NotAllowedError, match="belongs to Demand review"):
        answer("review accept", plan=str(quick), id=proposed)
    assert add(quick, "demand_plan item=Lantern: +1 %", scenario="upside"), "a scenario is not the plan"


def test_the_command_line_says_what_it_kept(still: Path, equipoise: Equipoise) -> None:
    done = equipoise("override", "add", "demand_plan item=Lantern, market=Shops: +10 %", "--reason", "fair", "--plan", still)
    assert done.returncode == 0, done.stderr
    assert "demand_plan quantity of item Lantern, market Shops: times 1.1" in done.stdout
    wrong = equipoise("override", "add", "demand_plan item=Lantren: +10 %", "--plan", still, "--json")
    assert wrong.returncode == 2
    assert "the nearest are Lantern" in json.loads(wrong.stdout)["faults"][0]["fix"]


ITEMS, MARKETS = ("A", "B", "C"), ("X", "Y")
PERIODS = tuple(dt.date(2027, month, 1) for month in (1, 2, 3))
FRAME = table("demand_plan").conform(
    pl.DataFrame(
        [(i, m, p, 10.0) for i in ITEMS for m in MARKETS for p in PERIODS], schema=["item", "market", "period", "quantity"], orient="row"
    )
)
MASTERS = {"item": table("item").conform(pl.DataFrame({"item": ITEMS, "family": ["F", "F", "G"]}))}
WHERE = st.fixed_dictionaries(
    {},
    optional={
        "item": st.sampled_from(ITEMS),
        "market": st.sampled_from(MARKETS),
        "family": st.sampled_from("FG"),
        "period": st.sampled_from(["2027-01", "2027-02"]),
    },
)
CHANGES = st.builds(
    lambda where, operation, value, lock, split: Override(
        table="demand_plan", where=where, operation=operation, value=value, lock=lock, split=split
    ),
    WHERE,
    st.sampled_from(["set", "add", "scale"]),
    st.integers(0, 9),
    st.booleans(),
    st.sampled_from(["each", "proportional"]),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(CHANGES, max_size=12))
def test_many_batches_at_once_do_what_they_do_one_after_the_other(overrides: list[Override]) -> None:
    """Locks bind what comes after them, so they are laid again each time; all else must be as if each run had one override more."""
    numbered = [one.model_copy(update={"id": f"o{number}"}) for number, one in enumerate(overrides)]
    at_once = lay(FRAME, (), (), "demand_plan", MASTERS, promoted=[(one,) for one in numbered], tell=True)
    for count in range(len(numbered) + 1):
        step = lay(FRAME, (), (), "demand_plan", MASTERS, promoted=[(one,) for one in numbered[:count]], tell=True)
        assert [effect.after for effect in step.effects] == [effect.after for effect in at_once.effects[:count]]
    if not any(one.lock for one in numbered):
        frame = FRAME
        for one in numbered:
            frame = lay(frame, (), (), "demand_plan", MASTERS, promoted=[(one,)]).frame
        assert frame.equals(at_once.frame)
    cells = pl.concat([table("override_cell").empty(), *at_once.cells])
    told = float(cells.get_column("after").to_numpy().sum()) - float(cells.get_column("before").to_numpy().sum())
    made = float(at_once.frame.get_column("quantity").to_numpy().sum()) - float(FRAME.get_column("quantity").to_numpy().sum())
    assert told == pytest.approx(made)
