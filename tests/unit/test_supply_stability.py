"""The same plan for the same question: near the last plan, warm as cold, whatever the order of rows; and large models by shares."""

import datetime as dt
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import polars as pl
import pytest

from equipoise.supply import Session, supply
from equipoise.supply.formulate import formulate
from equipoise.supply.solving import shares
from equipoise.supply.solving.engine import arrays_of
from equipoise.supply.solving.parts import components, independent
from equipoise.supply.solving.solve import cost_scale, solve
from equipoise.supply.solving.start import start_for
from equipoise.tables import table
from equipoise.tables.setting import Setting, to_table
from tests.truth.company import month, rows

HORIZON = 6


def setting(**supply_setting: object) -> pl.DataFrame:
    plan = {"plan": "same", "calendar": {"as_of": "2026-12-31", "start": month(0), "horizon": HORIZON}, "supply": supply_setting}
    return to_table(Setting.model_validate({**plan, "finance": {"carrying_rate": 0.2}}))


def company(items: int, seed: int = 3, *, shared: bool = True, demand: float = 1.0) -> dict[str, pl.DataFrame]:
    """Items that cost the same wherever they are made: every plan has many equals. Lines are shared, or one for every item."""
    random = np.random.default_rng(seed)
    names = [f"item {number}" for number in range(items)]
    plants = ["East", "North", "West"]
    wanted = random.integers(20, 90, (items, HORIZON)).astype(float) * demand
    lines = {(name, plant): f"{plant} line" if shared else f"{plant} line of {name}" for name in names for plant in plants}
    routes = [{"route": f"{name} in {plant}", "item": name, "location": plant, "unit_cost": 5.0} for name in names for plant in plants]
    load = wanted.sum() / HORIZON / 3 if shared else 22.0
    return {
        "item": pl.DataFrame({"item": names, "unit_price": 20.0, "unit_cost": 8.0}),
        "location": pl.DataFrame({"location": plants}),
        "demand_plan": pl.DataFrame(
            {
                "item": np.repeat(names, HORIZON),
                "market": "All",
                "period": [month(t) for t in range(HORIZON)] * items,
                "quantity": wanted.reshape(-1),
                "unit_price": 20.0,
            }
        ),
        "resource": pl.DataFrame({"resource": sorted(set(lines.values())), "regular_cost": 1.0, "overtime_cost": 2.0}),
        "capacity": pl.DataFrame({"resource": sorted(set(lines.values())), "regular": load * 0.95, "overtime_limit": load * 0.1}),
        "route": rows(*routes),
        "usage": rows(
            *({"activity": "make", "of": f"{name} in {plant}", "resource": line, "quantity": 1.0} for (name, plant), line in lines.items())
        ),
    }


def planned(given: Mapping[str, pl.DataFrame], **supply_setting: object) -> dict[str, pl.DataFrame]:
    frames = {name: table(name).conform(frame) for name, frame in given.items()}
    return supply({**frames, "setting": setting(**supply_setting)})


def test_the_order_of_rows_changes_nothing() -> None:
    given = company(6)
    shuffled = {name: frame.sample(fraction=1, shuffle=True, seed=5) for name, frame in given.items()}
    first, second = planned(given), planned(shuffled)
    for name in ("supply_plan", "inventory_plan", "shortage", "capacity_load", "binding", "cost"):
        assert first[name].equals(second[name]), name


@pytest.mark.parametrize("demand", [0.8, 1.15])
def test_a_what_if_from_the_last_basis_is_the_plan_from_nothing(demand: float) -> None:
    before = formulate({**company(6), "setting": setting()})
    after = formulate({**company(6, demand=demand), "setting": setting()})
    warm, cold = solve(after, start_for(after, before, solve(before).basis)), solve(after)
    assert warm.objective == pytest.approx(cold.objective, rel=1e-9)
    assert np.abs(warm.values - cold.values).max() < 1e-5
    assert warm.iterations < cold.iterations


def test_a_basis_is_carried_over_by_name_where_items_come_and_go() -> None:
    before = formulate({**company(6), "setting": setting()})
    given = company(6)
    given["demand_plan"] = given["demand_plan"].filter(pl.col("item") != "item 2")
    given["route"] = given["route"].filter(pl.col("route") != "item 4 in West")
    after = formulate({**given, "setting": setting()})
    assert after.columns != before.columns
    warm, cold = solve(after, start_for(after, before, solve(before).basis)), solve(after)
    assert warm.objective == pytest.approx(cold.objective, rel=1e-9)
    assert np.abs(warm.values - cold.values).max() < 1e-5


def test_a_session_solves_the_same_tables_once() -> None:
    session = Session()
    tables = {**company(2), "setting": setting()}
    assert session.solved(tables) is session.solved(dict(tables))
    assert session.solved({**tables, "setting": setting(strategy="chase")}) is not session.solved(tables)


def test_parts_that_share_nothing_are_solved_apart_and_add_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("equipoise.supply.solving.parts._SMALLEST", 40)
    apart = formulate({**company(5, shared=False), "setting": setting()})
    assert len(np.unique(components(arrays_of(apart)))) >= 5
    assert len(independent(arrays_of(apart))) > 1
    assert independent(arrays_of(formulate({**company(5), "setting": setting()}))) == []
    with ThreadPoolExecutor(2) as executor:
        together = solve(apart, executor=executor)
    assert together.parts > 1
    monkeypatch.setattr("equipoise.supply.solving.parts._SMALLEST", 10**9)
    whole = solve(apart)
    assert whole.parts == 1
    assert together.objective == pytest.approx(whole.objective, rel=1e-9)
    assert np.abs(together.values - whole.values).max() < 1e-5


def test_a_large_model_by_shares_keeps_every_rule_and_its_bound_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shares, "LARGE_FROM", 0)
    monkeypatch.setattr(shares, "_GROUP_COLUMNS", 3_000)
    problem = formulate({**company(150), "setting": setting(relative_gap=0.001)})
    answer = shares.by_shares(problem, cost_scale(problem), None)
    assert answer is not None
    assert answer.parts > 1
    monkeypatch.setattr(shares, "LARGE_FROM", 10**9)
    best = solve(problem).objective
    assert answer.objective <= best + 1e-6 * abs(best)
    assert best <= answer.bound + 1e-6 * abs(best)
    assert answer.gap <= shares.GOOD_ENOUGH
    assert answer.below.max() == pytest.approx(0.0, abs=1e-6)
    assert answer.above.max() == pytest.approx(0.0, abs=1e-6)


def snapshot(location: str, quantity: float, as_of: dt.date = dt.date(2026, 11, 30)) -> pl.DataFrame:
    return rows(
        *(
            {"as_of": as_of, "measure": "production", "item": "item 0", "place": location, "period": month(t), "quantity": quantity}
            for t in range(HORIZON)
        )
    )


def test_between_equal_plans_the_last_one_is_kept() -> None:
    for place in ("East", "North", "West"):
        given = {**company(1, shared=False, demand=0.5), "plan_snapshot": snapshot(place, 10.0)}
        made = planned(given)["supply_plan"].filter(pl.col("location") == place)
        assert made.get_column("quantity").to_list() == pytest.approx([10.0] * HORIZON)


def test_a_snapshot_of_the_future_is_no_last_plan() -> None:
    given = company(1, shared=False)
    late = {**given, "plan_snapshot": snapshot("West", 20.0, dt.date(2027, 3, 1))}
    assert planned(given)["supply_plan"].equals(planned(late)["supply_plan"])


def test_stability_at_a_price_holds_the_last_plan_against_small_gains() -> None:
    given = {**company(1, shared=False), "plan_snapshot": snapshot("West", 20.0)}
    cheaper = given["route"].with_columns(pl.when(pl.col("location") == "West").then(5.5).otherwise(5.0).alias("unit_cost"))
    moved = planned({**given, "route": cheaper})["supply_plan"].filter(pl.col("location") == "West").get_column("quantity").sum()
    held = planned({**given, "route": cheaper}, stability=0.1)["supply_plan"].filter(pl.col("location") == "West")
    assert held.get_column("quantity").sum() > moved
    assert held.get_column("quantity").to_list() == pytest.approx([20.0] * HORIZON)
