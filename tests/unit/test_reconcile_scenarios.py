"""Scenarios compared: measures by hand, differences to the base plan, and a scenario that fails."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

import polars as pl
import pytest

from equipoise.errors import SolverError
from equipoise.reconcile import scenarios
from equipoise.tables import DICTIONARY, table
from equipoise.tables.setting import Setting, to_table

JANUARY, FEBRUARY = dt.date(2027, 1, 1), dt.date(2027, 2, 1)
PLAN = Setting.model_validate({"plan": "test", "currency": "EUR", "calendar": {"start": JANUARY, "horizon": 2}})


def frame(name: str, *rows: dict[str, Any]) -> pl.DataFrame:
    schema = dict(table(name).schema)
    return pl.DataFrame([{column: row.get(column) for column in schema} for row in rows], schema=schema)


ITEMS = frame("item", {"item": "A", "family": "Tents", "unit": "piece"})
NAMES = frame("scenario", {"scenario": "base"}, {"scenario": "upside"}, {"scenario": "storm"})


def run_of(demand: float, lost: float, late: float = 0.0) -> dict[str, pl.DataFrame]:
    """Two months of the same demand; `lost` is lost in each, `late` is late at the end of the first and open at the end of the second."""
    key = {"item": "A", "market": "North"}
    served = demand - lost
    made = {
        "demand_plan": frame("demand_plan", *({**key, "period": p, "quantity": demand, "unit_price": 10.0} for p in (JANUARY, FEBRUARY))),
        "shortage": frame(
            "shortage",
            {**key, "period": JANUARY, "demand": demand, "shipped": served - late, "backlog": late, "lost": lost},
            {**key, "period": FEBRUARY, "demand": demand, "shipped": served, "backlog": late, "lost": lost},
        ),
        "inventory_plan": frame(
            "inventory_plan", *({"item": "A", "location": "Plant", "period": p, "quantity": 31.0} for p in (JANUARY, FEBRUARY))
        ),
        "capacity_load": frame(
            "capacity_load",
            {"resource": "Line", "period": JANUARY, "available": 100.0, "load": served, "overtime": 5.0},
            {"resource": "Line", "period": FEBRUARY, "available": 100.0, "load": 50.0, "overtime": 0.0},
            {"resource": "Supplier X", "period": JANUARY, "available": 10.0, "load": 100.0, "overtime": 0.0},
        ),
        "resource": frame(
            "resource",
            {"resource": "Line", "unit": "hours", "kind": "machine"},
            {"resource": "Supplier X", "unit": "piece", "kind": "supplier"},
        ),
        "financials": frame(
            "financials",
            {"line": "revenue", "family": "Tents", "period": JANUARY, "amount": 10 * served},
            {"line": "revenue", "family": "Tents", "period": FEBRUARY, "amount": 10 * served},
            {"line": "overtime", "family": "", "period": JANUARY, "amount": 50.0},
            {"line": "supply_cost", "family": "", "period": JANUARY, "amount": 50.0},
            {"line": "inventory_value", "family": "Tents", "period": JANUARY, "amount": 300.0},
            {"line": "inventory_value", "family": "Tents", "period": FEBRUARY, "amount": 100.0},
            {"line": "cash_flow", "family": "", "period": JANUARY, "amount": 40.0},
            {"line": "cash_flow", "family": "", "period": FEBRUARY, "amount": -15.0},
            {"line": "cumulated_cash", "family": "", "period": FEBRUARY, "amount": 25.0},
            {"line": "working_capital", "family": "Tents", "period": JANUARY, "amount": 700.0},
            {"line": "working_capital", "family": "Tents", "period": FEBRUARY, "amount": 450.0},
        ),
    }
    if lost:
        limit = {"limit": "purchase", "subject": "Supplier X", "limited_to": 90.0, "unit": "piece", "value": 10.0}
        made["binding"] = frame("binding", *({**limit, "period": period} for period in (JANUARY, FEBRUARY)))
    return {name: made.get(name, DICTIONARY[name].empty()) for name in DICTIONARY}


def resolve(name: str) -> Mapping[str, pl.DataFrame]:
    if name == "storm":
        raise SolverError("The optimiser found no plan.", "Loosen the firm plan.")
    made = run_of(90, 0) if name == "base" else run_of(108, 18)
    return {**made, "scenario_input": table("scenario_input").empty()}


def result(**more: Any) -> dict[str, pl.DataFrame]:
    made = scenarios(NAMES, to_table(PLAN), ITEMS, resolve=more.get("resolve", resolve))
    assert not made["scenario_result"].select("scenario", "measure").is_duplicated().any()
    return made


def got(made: dict[str, pl.DataFrame], scenario: str, measure: str) -> dict[str, Any]:
    return made["scenario_result"].row(by_predicate=(pl.col("scenario") == scenario) & (pl.col("measure") == measure), named=True)


@pytest.mark.parametrize(
    ("measure", "value", "difference", "unit"),
    [
        ("demand", 216, 36, "pieces"),
        ("shipped", 180, 0, "pieces"),
        ("shortage", 36, 36, "pieces"),
        ("service_level", 180 / 216, 180 / 216 - 1, "fraction"),
        ("revenue", 1800, 0, "EUR"),
        ("supply_cost", 50, 0, "EUR"),
        ("overtime", 50, 0, "EUR"),
        ("inventory_value_end", 100, 0, "EUR"),
        ("inventory_value_average", 200, 0, "EUR"),
        ("cash_flow", 25, 0, "EUR"),
        ("working_capital_end", 450, 0, "EUR"),
        ("overtime_quantity", 5, 0, "hours"),
        ("peak_utilisation", 0.9, 0, "fraction"),
        ("average_utilisation", 0.7, 0, "fraction"),
        ("binding_limit", 20, None, "EUR per piece"),
        ("weeks_of_supply", 31 / (216 / (59 / 7)), None, "weeks"),
    ],
)
def test_measures_by_hand(measure: str, value: float, difference: float | None, unit: str) -> None:
    row = got(result(), "upside", measure)
    assert row["value"] == pytest.approx(value)
    assert row["unit"] == unit
    if difference is not None:
        assert row["difference"] == pytest.approx(difference)


def test_the_note_says_how_short_and_why() -> None:
    made = result()
    assert got(made, "upside", "shortage")["note"] == "Short by 18 pieces a month because Supplier X is at its purchase limit."
    assert got(made, "upside", "binding_limit")["note"] == (
        "Supplier X is at its purchase limit of 90 pieces a month from January to February 2027; one more piece is worth EUR 10."
    )
    assert got(made, "upside", "peak_utilisation")["note"] == "Line in January 2027"
    assert got(made, "base", "shortage")["note"] == ""
    assert got(made, "base", "binding_limit")["note"] == "No limit binds."


def test_what_cannot_be_said_is_empty_and_says_why() -> None:
    row = got(result(), "base", "gross_margin")
    assert row["value"] is None
    assert "standard costs" in row["note"]


def test_a_scenario_that_fails_does_not_stop_the_others() -> None:
    made = result()
    storm = made["scenario_result"].filter(pl.col("scenario") == "storm")
    assert storm["measure"].to_list() == ["status"]
    assert storm["note"].to_list() == ["failed: The optimiser found no plan. Loosen the firm plan."]
    assert set(made["scenario_demand"]["scenario"]) == {"base", "upside"}


def test_where_the_base_plan_fails_there_are_no_differences() -> None:
    def no_base(name: str) -> Mapping[str, pl.DataFrame]:
        if name == "base":
            raise SolverError("No plan.", "")
        return run_of(90, 0)

    made = result(resolve=no_base)["scenario_result"]
    assert made.filter(pl.col("scenario") == "upside")["difference"].null_count() == made.filter(pl.col("scenario") == "upside").height


def test_late_demand_is_short_in_its_own_period_and_shortage_only_at_the_end() -> None:
    made = result(resolve=lambda _: run_of(90, 0, late=9))
    assert got(made, "base", "shortage")["value"] == 9
    assert made["scenario_demand"].filter(pl.col("scenario") == "base")["short"].to_list() == [9, 9]
    assert got(made, "base", "service_level")["value"] == pytest.approx(1 - 18 / 180)


def test_broken_rules_are_in_the_status() -> None:
    broken = frame("violation", {"rule": "capacity", "subject": "Line", "quantity": 3.0})
    made = result(resolve=lambda _: {**run_of(90, 0), "violation": broken})
    assert got(made, "base", "status")["note"] == "solved, with 1 rule broken"


def test_empty_plans_can_be_compared_too() -> None:
    empty = {name: definition.empty() for name, definition in DICTIONARY.items()}
    made = result(resolve=lambda _: empty)
    assert got(made, "base", "service_level")["value"] is None
    assert got(made, "base", "peak_utilisation")["note"] == "No capacity is given."
    assert made["scenario_demand"].is_empty()


def test_what_stands_is_never_summed_over_time() -> None:
    found = set(result()["scenario_result"]["measure"])
    assert not {"cumulated_cash", "working_capital", "inventory_value", "receivables", "payables"} & found
