"""The step as a whole: what it says where nothing is known, by family, and how far the total it draws covers."""

import datetime as dt
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from equipoise.demand import baseline, cleaned_history, correction, segment
from equipoise.reconcile.simulation.demand_paths import cells_of
from equipoise.reconcile.simulation.sources import sources
from equipoise.service.gathering import gather
from equipoise.service.workspace import Workspace
from equipoise.tables import table
from equipoise.tables.setting import from_table
from tests.truth.company import demand, month, rows
from tests.unit.simulation_example import filled, simulated, statistic, trader

EXAMPLE = Path(__file__).parents[2] / "examples" / "alpine" / "plan.yaml"
NARROW = {"kind": "demand", "distribution": "normal", "mean": 1.0, "deviation": 0.1}


def note(made: dict[str, pl.DataFrame], name: str) -> str:
    found = made["simulation"].filter((pl.col("measure") == "assumption") & (pl.col("statistic") == name))
    return str(found.get_column("note")[0]) if found.height else ""


def test_where_nothing_is_uncertain_one_row_says_so() -> None:
    made = simulated(2, {"paths": 100}, trader(100.0, horizon=2))
    assert made["simulation"].height == 1
    assert note(made, "not_simulated").startswith("Nothing is uncertain")
    assert all(made[name].is_empty() for name in ("simulation_path", "simulation_service", "simulation_driver"))


def test_no_paths_are_no_simulation() -> None:
    tables = {**trader(100.0), "disturbance": rows({"disturbance": "d", **NARROW})}
    assert "risk.paths is 0" in note(simulated(1, {"paths": 0}, tables), "not_simulated")


def test_what_is_not_known_is_certain_and_said() -> None:
    tables = {**trader(100.0, ("paper", "weekly")), "disturbance": rows({"disturbance": "d", "target": "paper", **NARROW})}
    made = simulated(1, {"paths": 100, "rolling": 0}, tables, frozen=1)
    assert note(made, "demand_certain").startswith("Nothing says how uncertain 50 % of planned demand is")
    assert "No history says how demand moves together" in note(made, "correlation")
    assert made["simulation_driver"]["subject"].to_list() == ["Papers", "interaction and rest"]
    assert float(made["simulation_path"]["demand"].min()) > 100  # type: ignore[arg-type]


def test_without_prices_there_is_no_money_but_service() -> None:
    tables = {**trader(90.0), "disturbance": rows({"disturbance": "d", **NARROW})}
    tables["demand_plan"] = rows(*demand([100.0], item="paper"))
    tables["item"] = rows({"item": "paper", "family": "Papers"})
    tables["purchase"] = tables["purchase"].drop("unit_cost")
    made = simulated(1, {"paths": 100, "rolling": 5}, tables, frozen=1)
    profit = made["simulation"].filter(pl.col("measure") == "profit")
    assert profit["value"].to_list() == [None]
    assert "never invented" in profit["note"][0]
    assert made["simulation_path"]["profit"].null_count() == 100
    assert made["simulation_driver"].is_empty()
    assert statistic(made, "shortage", "mean") == pytest.approx(10.0, abs=3.0)


def test_an_event_of_demand_comes_on_top_of_the_forecast_and_only_where_it_happens() -> None:
    event = {
        "disturbance": "lost dealer",
        "kind": "demand",
        "target": "Papers",
        "distribution": "fixed",
        "likely": 0.5,
        "probability": 0.25,
    }
    tables = {**trader(200.0, horizon=2), "disturbance": rows({**event, "lasts": 2})}
    made = simulated(2, {"paths": 400, "rolling": 0}, tables, frozen=2)
    total = made["simulation_path"]["demand"].round(6).value_counts().sort("demand")
    assert total["demand"].to_list() == [100.0, 150.0, 200.0]
    assert total["count"].to_list() == pytest.approx([100, 75, 225], abs=40)
    assert "on top" in note(made, "demand_events")


def test_the_plan_by_family_is_played_with_the_demand_of_its_items() -> None:
    company = trader(120.0, ("paper", "weekly"))
    company["purchase"] = company["purchase"].with_columns(pl.lit(5.0).alias("lead_time") * 0)
    company.pop("firm_plan")
    tables = {
        **company,
        "disturbance": rows({"disturbance": "a", "target": "paper", **NARROW}, {"disturbance": "b", "target": "weekly", **NARROW}),
    }
    by_item, by_family = (simulated(1, {"paths": 200, "rolling": 0}, tables, level=level) for level in ("item", "family"))
    assert by_family["simulation_path"]["demand"].to_list() == pytest.approx(by_item["simulation_path"]["demand"].to_list())
    assert by_family["simulation_service"]["family"].to_list() in ([None, "Papers"], ["Papers", None])


def test_disturbances_of_supply_lower_profit_and_are_drivers() -> None:
    company = {**trader(100.0, horizon=3)}
    company["disturbance"] = rows(
        {"disturbance": "press strikes", "kind": "short", "target": "Press", "distribution": "uniform", "low": 0.0, "high": 1.0},
    )
    made = simulated(3, {"paths": 300, "rolling": 3}, company, frozen=3)
    assert statistic(made, "profit", "mean") < statistic(made, "profit", "plan")
    top = made["simulation_driver"].row(0, named=True)
    assert (top["kind"], top["subject"]) == ("short", "press strikes")
    assert top["share"] > 0.9
    assert top["slope"] < 0


def test_what_the_plan_does_not_use_cannot_be_disturbed_and_that_is_said() -> None:
    company = trader(100.0, horizon=2)
    ended = {"route": "print at home", "item": "paper", "location": "Kiosk", "end": month(0).replace(year=2020)}
    company["route"] = rows(*({**ended, "period": month(t)} for t in range(2)))
    bad = {"kind": "yield", "distribution": "fixed", "likely": 0.5}
    company["disturbance"] = rows({"disturbance": "bad ink", "target": "print at home", **bad}, {"disturbance": "sales", **NARROW})
    made = simulated(2, {"paths": 50, "rolling": 0}, company, frozen=2)
    assert note(made, "not_played").endswith("bad ink.")
    assert made["simulation_path"].height == 50
    company["disturbance"] = company["disturbance"].head(1)
    assert note(simulated(2, {"paths": 50}, company, frozen=2), "not_simulated").startswith("Nothing is uncertain")


def test_given_correlations_that_cannot_hold_are_told_and_the_rest_goes_on() -> None:
    names = ("a", "b", "c")
    tables = {**trader(100.0, names), "disturbance": rows(*({"disturbance": name, "target": name, **NARROW} for name in names))}
    pairs = [("a", "b", 0.9), ("b", "c", 0.9), ("a", "c", -0.9)]
    tables["correlation"] = rows(*({"one": one, "other": other, "correlation": value} for one, other, value in pairs))
    made = simulated(1, {"paths": 10, "rolling": 0}, tables, frozen=1)
    assert note(made, "not_simulated").startswith("The plan is not simulated: The correlations given cannot hold together (")
    assert made["simulation_path"].is_empty()


def cells(plan: dict[str, Any], forecast: dict[str, Any] | None) -> tuple[float, float, float, bool]:
    """Percentiles of the one cell: 10, 50, 90, and whether its distribution is known."""
    key = {"item": "A", "market": "M", "period": month(0)}
    base = filled("baseline", {**key, **forecast}) if forecast else filled("baseline")
    families = pl.DataFrame({"item": ["A"], "family": ["F"]})
    one = cells_of(filled("demand_plan", {**key, **plan}), base, families)
    low, middle, high = (float(one.marginal.quantity(np.array([score]))[0]) for score in (-1.2815515655446004, 0.0, 1.2815515655446004))
    return low, middle, high, bool(one.known[0, 0])


FORECAST = {"quantity": 100.0, "p10": 80.0, "p50": 100.0, "p90": 120.0}


@pytest.mark.parametrize(
    ("plan", "forecast", "expected"),
    [
        ({"quantity": 100.0}, FORECAST, (80, 100, 120, True)),
        ({"quantity": 150.0}, FORECAST, (120, 150, 180, True)),  # an override keeps the relative spread
        ({"quantity": 300.0, "p10": 200.0, "p90": 400.0}, FORECAST, (200, 300, 400, True)),  # mostly new: the plan's own
        ({"quantity": 300.0, "p10": 200.0, "p90": 400.0}, None, (200, 300, 400, True)),
        ({"quantity": 300.0}, None, (300, 300, 300, False)),
        ({"quantity": 0.0}, FORECAST, (0, 0, 0, False)),
        ({"quantity": 100.0, "orders": 100.0}, FORECAST, (100, 100, 100, True)),
    ],
)
def test_a_cell_is_drawn_from_the_baseline_else_from_the_plan_else_not(
    plan: dict[str, Any], forecast: dict[str, Any] | None, expected: tuple[float, float, float, bool]
) -> None:
    assert cells(plan, forecast) == pytest.approx(expected, rel=1e-5)


@cache
def alpine() -> dict[str, pl.DataFrame]:
    """The demand side of Alpine: what the simulation draws from, the baseline standing for the plan."""
    given = gather(Workspace(EXAMPLE, EXAMPLE.parent), dt.date(2026, 11, 28)).tables
    found = correction(**{name: given[name] for name in _parameters(correction)})
    made = {**given, **found}
    made["cleaned_history"] = cleaned_history(**{name: made[name] for name in _parameters(cleaned_history)})
    made["segment"] = segment(**{name: made[name] for name in _parameters(segment)})
    made["baseline"] = baseline(*(made[name] for name in _parameters(baseline)))["baseline"]
    made["demand_plan"] = table("demand_plan").conform(made["baseline"].select("item", "market", "period", "quantity"))
    empty = {name: table(name).empty() for name in ("disturbance", "correlation")}
    return {**made, **empty}


def _parameters(step: Any) -> list[str]:
    import inspect

    return [name for name, one in inspect.signature(step).parameters.items() if one.kind is not one.KEYWORD_ONLY]


def test_the_total_of_alpine_spreads_as_a_forecast_of_the_total_does() -> None:
    """Series are drawn apart, the total is forecast by itself: p10 to p90 of both are about as wide, and far below the sum of the parts."""
    made = alpine()
    drawn = sources(made, from_table(made["setting"]))
    total = drawn.demand.draw(range(20)).sum(axis=1)
    spread = (np.quantile(total, 0.9, axis=0) - np.quantile(total, 0.1, axis=0)) / total.mean(axis=0)
    whole = (
        made["cleaned_history"]
        .group_by("period", maintain_order=True)
        .agg(pl.col("quantity", "raw").sum(), pl.col("calendar_factor").mean())
    )
    one = {"item": pl.lit("All"), "market": pl.lit("All")}
    history = table("cleaned_history").conform(whole.with_columns(**one)).sort("period")
    segments, items = filled("segment", {"item": "All", "market": "All", "methods": "regular"}), filled("item", {"item": "All"})
    driver, calendar, succession = (table(name).empty() for name in ("driver", "calendar_effect", "succession"))
    markets = filled("market", {"market": "All"})
    told = baseline(history, segments, items, markets, driver, calendar, succession, made["setting"])["baseline"]
    direct = ((told["p90"] - told["p10"]) / told["quantity"]).to_numpy()
    assert 0.8 < spread.mean() / direct.mean() < 1.3
    low, high, planned = (float(made["baseline"][name].to_numpy().sum()) for name in ("p10", "p90", "quantity"))
    apart = (high - low) / planned
    assert spread.mean() < 0.5 * apart
    inside = (np.quantile(total, 0.1, axis=0) < told["quantity"].to_numpy()) & (
        told["quantity"].to_numpy() < np.quantile(total, 0.9, axis=0)
    )
    assert inside.mean() > 0.7


def test_every_cell_of_alpine_is_drawn_between_its_percentiles_as_often_as_they_say() -> None:
    made = alpine()
    drawn = sources(made, from_table(made["setting"]))
    demand_drawn = drawn.demand.draw(range(20)).reshape(1000, -1)
    rows_of = made["baseline"].sort("item", "market", "period")
    low, high = (rows_of[name].to_numpy() for name in ("p10", "p90"))
    free = (rows_of["quantity"].to_numpy() > 0) & (low > 0)
    below, above = ((demand_drawn < low)[:, free].mean(), (demand_drawn > high)[:, free].mean())
    assert below == pytest.approx(0.1, abs=0.02)
    assert above == pytest.approx(0.1, abs=0.02)
    mean = demand_drawn.mean(axis=0).sum() / rows_of["quantity"].sum()
    assert mean == pytest.approx(1.0, abs=0.003)


def test_profit_of_the_plan_is_the_contribution_with_stock_at_standard_cost() -> None:
    """A month's demand of 100 is sold at 10; 130 are bought for 6, and 20 were there: stock grows by 30 at a standard cost of 5."""
    company = trader(130.0)
    company["item"] = company["item"].with_columns(unit_cost=pl.lit(5.0))
    company["on_hand"] = rows({"item": "paper", "location": "Kiosk", "quantity": 20.0})
    company["disturbance"] = rows({"disturbance": "d", "distribution": "fixed", "likely": 0.5, "kind": "demand", "probability": 0.3})
    made = simulated(1, {"paths": 60, "rolling": 5}, company, frozen=1)
    assert statistic(made, "profit", "plan") == pytest.approx(10 * 100 - 6 * 130 + 5 * 30)
    assert made["simulation_path"]["profit"].unique().sort().to_list() == pytest.approx([10 * 50 - 6 * 130 + 5 * 80, 370.0])
    assert statistic(made, "policy", "difference") == pytest.approx(0.0, abs=1e-6)
