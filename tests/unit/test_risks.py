"""The register of risks and opportunities: what they are worth, their order, their triggers, and what check says of bad rows."""

import datetime as dt
import math
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from equipoise.dimensions.calendar import Calendar
from equipoise.errors import Fault
from equipoise.gather.report import Report
from equipoise.gather.risk_rows import check_risks
from equipoise.reconcile import risk_register
from equipoise.scenario import TRIGGER_TABLES
from equipoise.tables import table
from equipoise.tables.setting import Setting, to_table

START = dt.date(2026, 12, 1)
PLAN = Setting.model_validate({"plan": "test", "currency": "EUR", "calendar": {"as_of": "2026-11-30", "start": START, "horizon": 6}})
CALENDAR = Calendar.from_setting(PLAN.calendar)
MET, NOT_MET = "sum of history.quantity, last 1 period > 9", "sum of history.quantity, last 1 period > 1,000.5"


def rows(name: str, *given_rows: dict[str, Any]) -> pl.DataFrame:
    schema = dict(table(name).schema)
    return pl.DataFrame([{column: row.get(column) for column in schema} for row in given_rows], schema=schema)


HISTORY = rows("history", {"item": "A", "market": "North", "period": dt.date(2026, 11, 1), "quantity": 10.0})
TABLES = {**{name: table(name).empty() for name in TRIGGER_TABLES}, "history": HISTORY}
RESULTS = rows(
    "scenario_result",
    {"scenario": "base", "measure": "shipped", "value": 100.0, "difference": 0.0},
    {"scenario": "won", "measure": "shipped", "value": 120.0, "difference": 20.0},
    {"scenario": "won", "measure": "revenue", "value": 1200.0, "difference": 200.0},
    {"scenario": "won", "measure": "contribution", "value": 400.0, "difference": 80.0},
    {"scenario": "priced", "measure": "shipped", "value": 90.0, "difference": -10.0},
    {"scenario": "priced", "measure": "revenue", "value": 900.0, "difference": -100.0},
    {"scenario": "priced", "measure": "contribution"},
    {"scenario": "bare", "measure": "shipped", "value": 90.0, "difference": -10.0},
    {"scenario": "broken", "measure": "status", "note": "failed: No plan was found. Loosen the firm plan."},
)


def risk(name: str, **more: Any) -> dict[str, Any]:
    return {"risk": name, "kind": "risk", "statement": f"{name} happens", "probability": 0.5, "in_plan": False, **more}


def register(*given_rows: dict[str, Any]) -> dict[str, dict[str, Any]]:
    made = risk_register(rows("risk_opportunity", *given_rows), RESULTS, to_table(PLAN), TABLES)
    assert made.schema == table("risk_register").schema
    return {row["risk"]: row for row in made.sort("rank").iter_rows(named=True)}


def test_expected_is_probability_times_the_effect_that_is_given() -> None:
    row = register(risk("fire", probability=0.2, units=-300, money=-50_000, owner="Buyer"))["fire"]
    assert (row["expected_units"], row["expected_money"]) == (-60, -10_000)
    assert row["basis"] == "Units and money given."
    assert row["raised"] == "no trigger"
    assert row["owner"] == "Buyer"
    assert row["sentence"] == (
        "Risk: fire happens. 20 % likely, -300 units and -EUR 50,000 if it comes: -EUR 10,000 expected. "
        "Nothing tells when it comes: it has no trigger."
    )


@pytest.mark.parametrize(
    ("scenario", "units", "money", "basis"),
    [
        ("won", 20.0, 80.0, "Units shipped and contribution of scenario won against the base plan."),
        ("priced", -10.0, -100.0, "Units shipped and revenue of scenario priced against the base plan."),
        ("bare", -10.0, None, "Units shipped of scenario bare against the base plan. Its money is not known: no prices are given."),
        ("broken", None, None, "Scenario broken failed: No plan was found. Loosen the firm plan."),
        ("gone", None, None, "Scenario gone was not run."),
    ],
)
def test_an_effect_comes_from_its_scenario_and_says_so(scenario: str, units: float | None, money: float | None, basis: str) -> None:
    row = register(risk("one", scenario=scenario))["one"]
    assert (row["units"], row["money"], row["basis"]) == (units, money, basis)
    assert row["expected_money"] == (None if money is None else money / 2)


def test_what_is_given_stands_and_the_scenario_gives_the_rest() -> None:
    row = register(risk("one", money=-7.0, scenario="won"))["one"]
    assert (row["units"], row["money"]) == (20, -7)
    assert row["basis"] == "Units shipped of scenario won against the base plan. Money given."
    row = register(risk("one", money=-7.0, scenario="broken"))["one"]
    assert (row["units"], row["money"]) == (None, -7)
    assert row["basis"].endswith("Loosen the firm plan. Money given.")


def test_raised_ones_come_first_then_money_then_units_and_the_expired_last() -> None:
    made = register(
        risk("old", money=-9e9, expires=dt.date(2026, 11, 29), trigger=MET),
        risk("units", units=-5),
        risk("small", money=-1.0),
        risk("large", money=-100.0),
        risk("gain", kind="opportunity", money=50.0, trigger=NOT_MET),
        risk("seen", trigger=MET, expires=dt.date(2026, 11, 30)),
    )
    assert list(made) == ["seen", "large", "gain", "small", "units", "old"]
    assert [made[name]["raised"] for name in made] == ["met", "no trigger", "not met", "no trigger", "no trigger", "expired"]
    assert made["old"]["expected_money"] == 0
    assert made["old"]["observed"] is None
    assert "It expired on 29 November 2026 and counts no more." in made["old"]["sentence"]
    assert math.copysign(1.0, made["old"]["expected_money"]) == 1.0
    assert made["gain"]["sentence"].endswith("Its trigger is not met: sum of history.quantity, last 1 period is 10, not above 1,000.5.")
    assert made["seen"]["observed"] == 10
    assert made["seen"]["sentence"].endswith("Its trigger is met: sum of history.quantity, last 1 period is 10, above 9.")
    assert "its effect is not known" in made["seen"]["sentence"]


def test_a_trigger_that_an_override_broke_raises_nothing_and_says_why() -> None:
    made = register(
        risk("typo", trigger="sum of histroy.quantity > 3"), risk("blind", trigger="count of budget > 0"), risk("blank", trigger="  ")
    )
    assert made["typo"]["raised"] == made["blind"]["raised"] == "not known"
    assert "nearest are history" in made["typo"]["sentence"]
    assert "budget has no rows" in made["blind"]["sentence"]
    assert made["blank"]["raised"] == "no trigger"


def test_no_risks_make_an_empty_register() -> None:
    assert register() == {}


def test_what_is_in_the_plan_says_so() -> None:
    assert "It is in the numbers of the plan." in register(risk("in", in_plan=True))["in"]["sentence"]


@given(st.floats(0, 1), st.floats(-1e6, 1e6), st.permutations(["a", "b", "c", "d"]))
def test_order_of_the_rows_changes_nothing_and_the_sign_of_the_effect_stays(chance: float, effect: float, order: list[str]) -> None:
    given_rows = {name: risk(name, probability=chance, money=effect * (n + 1)) for n, name in enumerate("abcd")}
    made = register(*(given_rows[name] for name in order))
    assert made == register(*given_rows.values())
    for row in made.values():
        assert row["expected_money"] == pytest.approx(chance * row["money"])


def faults(*given_rows: dict[str, Any], **more: pl.DataFrame) -> tuple[Fault, ...]:
    report = Report()
    frame = (
        rows("risk_opportunity", *given_rows)
        .with_row_index("#row", 2)
        .with_columns(pl.lit(0).alias("#source"), pl.col("#row").cast(pl.Int64))
    )
    tables = {"history": HISTORY, **more, "risk_opportunity": frame}
    check_risks(tables, ["base", "tender-won"], CALENDAR, ["risk_opportunity.csv"], report)
    return report.ordered()


@pytest.mark.parametrize(
    ("row", "severity", "column", "says"),
    [
        (risk("r", scenario="tender-wom"), "error", "scenario", "There is no scenario tender-wom. Did you mean tender-won?"),
        (risk("r", scenario="base"), "error", "scenario", "The base plan is what an effect is measured against."),
        (risk("r", money=-1.0, trigger="sum of histroy.quantity < 3"), "error", "trigger", "The nearest are history"),
        (risk("r", money=-1.0, trigger="it rains"), "error", "trigger", "Write: sum, mean, last"),
        (risk("r", money=-1.0, trigger="sum of history.quantity where market=Nort < 3"), "warning", "trigger", "the nearest are North"),
        (risk("r", money=-1.0, trigger="sum of budget.quantity < 3"), "warning", "trigger", "table budget, which is not given"),
        (risk("r", money=1.0), "warning", "money", "r is called a risk, but brings money."),
        (risk("r", kind="opportunity", money=-1.0), "warning", "money", "r is called an opportunity, but costs money."),
        (risk("r"), "warning", "money", "r has no effect"),
        (risk("r", money=-1.0, probability=1.0), "warning", "probability", "r is certain, but not in the plan."),
    ],
)
def test_check_tells_the_row_and_the_remedy(row: dict[str, Any], severity: str, column: str, says: str) -> None:
    (fault,) = faults(row)
    assert (fault.severity, fault.where.source, fault.where.row, fault.where.column) == (severity, "risk_opportunity.csv", 2, column)
    assert says in f"{fault.message} {fault.fix}"
    assert fault.fix


def test_rows_that_are_right_are_told_nothing() -> None:
    assert (
        faults(risk("r", scenario="tender-won", trigger=MET), risk("s", money=-3.0, trigger="count of gap where kind=shortage > 2")) == ()
    )
