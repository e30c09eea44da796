"""Page, sheets and pictures of risk: what they show is in the tables, and they say what is missing."""

import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import openpyxl
import polars as pl
import pytest

from equipoise.charts.drawing import svg
from equipoise.charts.risk import profit_distribution, risk_drivers, service_risk
from equipoise.exchange.pack.blocks import Cards, Grid, Heading, Paragraph, Picture, Points, Section
from equipoise.exchange.pack.page import page
from equipoise.exchange.pack.plan import Plan
from equipoise.exchange.pack.risk import section, statistics
from equipoise.exchange.workbook import workbook
from equipoise.reconcile.simulation.driver import driver_rows
from equipoise.reconcile.simulation.statistic import statistics as told
from equipoise.tables import table
from tests.unit import plan_example
from tests.unit.simulation_example import filled

FAMILIES = tuple(plan_example.FAMILIES)


def tables() -> dict[str, pl.DataFrame]:
    """The example plan with a simulation of 400 paths and a robust plan, made by a seed."""
    setting = plan_example.setting()
    periods = plan_example.tables()["period"]["period"].to_list()
    chance = np.random.default_rng(3)
    features = chance.standard_normal((400, len(FAMILIES) + 1, 4))
    profit = 2_400_000 + features.sum(axis=2) @ np.array([60e3, 30e3, 20e3, 10e3, -25e3])
    units = 71_000 + 500 * features[:, 0].sum(axis=1)
    rows: list[tuple[Any, ...]] = [("paths", "count", 400.0, "paths", "")]
    for measure, values, unit, plan in (("profit", profit, "EUR", 2_450_000.0), ("demand", units, "pieces", 71_000.0)):
        rows += [
            (measure, name, value, "fraction" if "chance" in name else unit, note)
            for name, value, note in told(measure, values, plan, 0.05)
        ]
    rows += [
        ("assumption", "supply", None, "", "Supply <b>comes</b> as planned."),
        ("policy", "difference", 1.0, "EUR", "On the same 20 paths."),
    ]
    numbered = [(number, family, period) for number, family in enumerate((*FAMILIES, None)) for period in periods]
    short = [
        {"chance": 0.1 * number, "short": 3.0 * number, "short_tail": 9.0 * number, "service": 1 - 0.02 * number} for number, *_ in numbered
    ]
    service = [
        {"family": family, "period": period, "planned": 1.0, **row} for (_, family, period), row in zip(numbered, short, strict=True)
    ]
    names = [*(("demand", family) for family in FAMILIES), ("late", "Supplier <late>")]
    path = pl.DataFrame({"path": range(1, 401), "profit": profit, "demand": units})
    return plan_example.tables() | {
        "simulation": pl.DataFrame(rows, schema=table("simulation").schema, orient="row"),
        "simulation_path": table("simulation_path").conform(path),
        "simulation_service": filled("simulation_service", *service),
        "simulation_driver": driver_rows(profit, features, names, setting.currency),
        **robust(periods[0]),
    }


def robust(period: object) -> dict[str, pl.DataFrame]:
    money = ("best", "nominal", "robust", "nominal_regret", "robust_regret")
    results = (
        ("base", 0.5, 10e6, 10e6, 9.9e6, 0.0, 1e5),
        ("upside", 0.5, 12e6, 11.5e6, 11.9e6, 5e5, 1e5),
        (None, 1.0, 11e6, 10.75e6, 10.9e6, 2.5e5, 1e5),
    )
    rows = [{"scenario": name, "probability": share, **dict(zip(money, values, strict=True))} for name, share, *values in results]
    change = {"kind": "production", "key": "sew", "item": "T1", "period": period, "nominal": 100.0, "robust": 160.0}
    same = {"kind": "purchase", "key": "down", "item": "D", "period": period, "nominal": 50.0, "robust": 50.0}
    return {"robust_result": filled("robust_result", *rows), "robust_plan": filled("robust_plan", change, same)}


@pytest.fixture(scope="module")
def plan() -> Plan:
    return Plan(tables(), plan_example.setting())


def words(made: Section | None) -> str:
    assert made is not None
    found: list[str] = []
    for block in made.blocks:
        if isinstance(block, Paragraph | Heading):
            found.append(block.text)
        elif isinstance(block, Points):
            found += block.points
        elif isinstance(block, Grid):
            found += [block.caption, *(" | ".join(row) for row in block.rows)]
        elif isinstance(block, Cards):
            found += [f"{card.name}: {card.value}" for card in block.cards]
    return "\n".join(found)


def test_the_section_tells_profit_service_drivers_and_the_robust_plan(plan: Plan) -> None:
    made = section(plan)
    text = words(made)
    assert made is not None
    assert [block.text for block in made.blocks if isinstance(block, Heading)] == [
        "Service at risk",
        "Which uncertainty matters most",
        "What the simulation assumes",
        "A plan that holds over all scenarios",
    ]
    profit = statistics(plan, "profit")
    assert f"Expected over all paths: EUR {profit['mean'] / 1e6:.2f} million" in text
    assert "played against 400 paths" in text
    assert "The insurance costs EUR 100,000 where all comes as in the base plan." in text
    assert "Knowing from the start which scenario comes would be worth EUR 100,000." in text
    assert "Production | sew | T1 | December 2026 | 100 | 160 | +60" in text
    assert "Purchase | down" not in text  # what is the same needs no row
    assert sum(isinstance(block, Picture) for block in made.blocks) == 3


def test_the_measures_are_printed_as_they_are_in_the_table(plan: Plan) -> None:
    row = next(line for line in words(section(plan)).splitlines() if line.startswith("Demand, pieces |"))
    assert row.split(" | ")[1] == "71,000"
    assert row.split(" | ")[2] == f"{statistics(plan, 'demand')['mean']:,.0f}"


def test_nothing_simulated_says_why_and_nothing_at_all_is_no_section() -> None:
    row = {"measure": "assumption", "statistic": "not_simulated", "note": "Nothing is uncertain."}
    only = Plan({"simulation": filled("simulation", row)}, plan_example.setting())
    assert words(section(only)) == "Nothing is uncertain."
    assert section(Plan({}, plan_example.setting())) is None


def test_without_prices_the_section_is_in_units_and_service(plan: Plan) -> None:
    bare = dict(plan.tables)
    bare["simulation"] = bare["simulation"].filter(pl.col("measure") != "profit")
    bare["simulation_driver"] = bare["simulation_driver"].clear()
    for name in ("robust_result", "robust_plan"):
        bare[name] = bare[name].clear()
    made = section(Plan(bare, plan_example.setting(currency="")))
    assert "No prices are given, so the risk is told in units and service alone." in words(made)
    assert "profit" not in words(made).lower()


def test_the_page_escapes_names(plan: Plan) -> None:
    made = section(plan)
    assert made is not None
    text = page("Risk", "", (made,))
    assert "Supplier &lt;late&gt;" in text
    assert "<b>comes</b>" not in text


@pytest.mark.parametrize("name", ["profit", "service", "drivers"])
def test_pictures_are_well_formed_with_a_label_and_numbers(plan: Plan, name: str) -> None:
    drawn = {
        "profit": lambda: profit_distribution(plan["simulation_path"], plan["simulation"], plan.setting),
        "service": lambda: service_risk(plan["simulation_service"], plan.setting),
        "drivers": lambda: risk_drivers(plan["simulation_driver"], plan.setting),
    }[name]()
    text = svg(drawn)
    root = ET.fromstring(text)
    label = root.attrib["aria-label"]
    assert {"profit": "CVaR EUR", "service": "Stoves", "drivers": "Demand of Tents"}[name] in label
    told_words = re.sub(r"<[^>]+>", " ", text)
    assert {"profit": "5 of 100 paths lie below", "service": "6.0", "drivers": "Interaction and rest"}[name] in told_words


def test_pictures_of_nothing_are_refused(plan: Plan) -> None:
    with pytest.raises(ValueError, match="no profit"):
        profit_distribution(plan["simulation_path"].clear(), plan["simulation"], plan.setting)
    with pytest.raises(ValueError, match="no service"):
        service_risk(plan["simulation_service"].clear(), plan.setting)
    with pytest.raises(ValueError, match="no driver"):
        risk_drivers(plan["simulation_driver"].clear(), plan.setting)


def test_the_workbook_has_its_sheets(plan: Plan, tmp_path: Path) -> None:
    kept = {name: plan[name] for name in plan.tables if name.startswith(("simulation", "robust")) or name in {"item", "period", "setting"}}
    workbook(kept, plan.setting, tmp_path / "plan.xlsx")
    book = openpyxl.load_workbook(tmp_path / "plan.xlsx")
    assert {"Risk", "Service risk", "Robust plan"} <= set(book.sheetnames)
    cells = [cell.value for row in book["Risk"].iter_rows() for cell in row if cell.value is not None]
    assert statistics(plan, "profit")["mean"] == pytest.approx(
        next(value for value in cells if isinstance(value, float) and value > 1e6), rel=0.05
    )
    assert "expected" in [cell.value for cell in book["Robust plan"]["A"]]
    shares = [cell.value for cell in book["Service risk"]["C"] if isinstance(cell.value, float)]
    assert max(value for value in shares if value < 0.1) == pytest.approx(0.08)
