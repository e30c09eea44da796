"""Options: each kind of lever by hand, the greedy combination against every combination, what is dominated, and what is asked."""

import datetime as dt
import json
from itertools import chain, combinations, pairwise
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from equipoise.reconcile.options.lever import Lever
from equipoise.reconcile.options.proof import Proof
from equipoise.reconcile.options.search import combined, improves
from equipoise.scenario import Override
from equipoise.tables import table
from tests.unit.options_example import MONTHS, PLAN, Workshop

SHIFT = {"kind": "shift", "target": "Saw", "step": 10, "maximum": 30, "one_off_cost": 200, "running_cost": 2, "lead_time": 30}
OVERTIME = {"kind": "overtime", "target": "Crew", "maximum": 60, "running_cost": 1, "lead_time": 0}
SUBCONTRACT = {
    "kind": "subcontract",
    "target": "Chairs out",
    "step": 40,
    "maximum": 80,
    "one_off_cost": 150,
    "running_cost": 3,
    "lead_time": 45,
}
PRICE = {"kind": "price", "target": "Desk", "step": 0.05, "one_off_cost": 0, "elasticity": -1.5, "lead_time": 20}
PROMOTION = {"kind": "promotion", "target": "Chair", "step": 10, "maximum": 20, "one_off_cost": 100, "running_cost": 4, "lead_time": 10}
LEVERS = (SHIFT, OVERTIME, SUBCONTRACT, PRICE, PROMOTION)


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    return Workshop(tmp_path_factory.mktemp("workshop"), LEVERS)


@pytest.fixture(scope="module")
def made(workshop: Workshop) -> dict[str, pl.DataFrame]:
    return workshop.options()


def row(made: dict[str, pl.DataFrame], kind: str) -> dict[str, Any]:
    found = made["option"].filter(pl.col("kind") == kind).sort("rank", nulls_last=True)
    return found.row(0, named=True)


def changes(made: dict[str, pl.DataFrame], name: str) -> tuple[Override, ...]:
    """The overrides that an option says it is."""
    told = made["option_change"].filter(pl.col("option") == name).sort("position").get_column("override").to_list()
    return tuple(Override.model_validate(json.loads(text)) for text in told)


def test_every_table_has_its_form_and_every_option_its_overrides(made: dict[str, pl.DataFrame]) -> None:
    for name, frame in made.items():
        assert table(name).conform(frame).equals(frame)
    assert set(made["option_change"].get_column("option")) == set(made["option"].get_column("option"))
    ranked = made["option"].filter(pl.col("rank").is_not_null()).sort("rank")
    assert ranked.get_column("rank").to_list() == list(range(1, ranked.height + 1))
    assert ranked.get_column("net_money").is_sorted(descending=True)


def test_the_effect_of_every_option_is_what_its_overrides_do(made: dict[str, pl.DataFrame], workshop: Workshop) -> None:
    for one in made["option"].filter(pl.col("net_money").is_not_null()).iter_rows(named=True):
        tables = workshop.cycle.what_if(changes(made, one["option"]))
        before, after = (_contribution(found) for found in (workshop.base, tables))
        outside = 0.0 if one["kind"] in {"shift", "subcontract"} else one["running_cost"]
        if one["kind"] not in {"combination", "overtime"}:
            assert one["net_money"] == pytest.approx(after - before - outside - one["one_off_cost"], abs=1e-6), one["option"]
        lost = [float(found["shortage"].get_column("lost").sum()) for found in (workshop.base, tables)]
        assert one["shortage"] == pytest.approx(lost[1] - lost[0], abs=1e-6)


def _contribution(tables: dict[str, pl.DataFrame]) -> float:
    return float(tables["financials"].filter(pl.col("line") == "contribution").get_column("amount").sum())


def test_a_shift_counts_from_its_lead_time_and_is_paid_by_the_step(made: dict[str, pl.DataFrame], workshop: Workshop) -> None:
    one = row(made, "shift")
    assert one["effective"] == dt.date(2027, 2, 1)
    assert one["lead_time"] == 30
    overrides = changes(made, one["option"])
    assert [override.value["quantity"] for override in overrides if isinstance(override.value, dict)] == [10, 10, 10]
    tables = workshop.cycle.what_if(overrides)
    paid = tables["cost"].filter(pl.col("term") == "capacity_steps")
    assert paid.height
    assert min(paid.get_column("period")) >= dt.date(2027, 2, 1)
    load = tables["capacity_load"].filter((pl.col("resource") == "Saw") & (pl.col("period") == dt.date(2027, 1, 1)))
    assert load.get_column("available").item() == pytest.approx(60)
    assert 0 < one["size"] <= 30 + 1e-6


def test_before_its_lead_time_has_passed_a_lever_does_nothing(tmp_path: Path) -> None:
    shop = Workshop(tmp_path, [{**SHIFT, "lead_time": 80}, {**SUBCONTRACT, "lead_time": 80}])
    made = shop.options()
    for kind in ("shift", "subcontract"):
        one = row(made, kind)
        assert one["effective"] == dt.date(2027, 4, 1)
        closed = made["option_period"].filter((pl.col("option") == one["option"]) & (pl.col("period") < dt.date(2027, 3, 1)))
        assert closed.get_column("closed").abs().sum() == pytest.approx(0, abs=1e-6)


def test_more_of_a_purchase_is_a_second_one_at_its_own_price_from_its_lead_time(made: dict[str, pl.DataFrame], workshop: Workshop) -> None:
    one = row(made, "subcontract")
    tables = workshop.cycle.what_if(changes(made, one["option"]))
    bought = tables["purchase_plan"].filter(pl.col("purchase").str.starts_with("Chairs out ("))
    assert bought.height
    assert min(bought.get_column("period")) >= dt.date(2027, 2, 1)
    assert max(bought.get_column("quantity")) <= 80 + 1e-6
    cost = tables["cost"].filter((pl.col("term") == "subcontracting") & pl.col("subject").str.starts_with("Chairs out ("))
    assert cost.get_column("amount").sum() == pytest.approx(-48 * bought.get_column("quantity").sum())
    assert one["running_cost"] == pytest.approx(3 * bought.get_column("quantity").sum())


def test_a_price_goes_up_where_supply_is_short_and_demand_follows(made: dict[str, pl.DataFrame], workshop: Workshop) -> None:
    one = row(made, "price")
    tables = workshop.cycle.what_if(changes(made, one["option"]))
    desk = (pl.col("item") == "Desk") & (pl.col("period") == dt.date(2027, 3, 1))
    before, after = (found["demand_plan"].filter(desk).row(0, named=True) for found in (workshop.base, tables))
    assert after["unit_price"] == pytest.approx(before["unit_price"] * 1.05)
    assert after["quantity"] == pytest.approx(before["quantity"] * 1.05**-1.5)


def test_the_best_of_all_combinations_is_found(workshop: Workshop) -> None:
    singles, prover = workshop.searched()
    singles = [one for one in singles if one.lever.kind != "promotion" or one.lever.name.endswith("20")]
    found = combined(singles, prover, most=5, solves=10_000)
    levers = [one.lever for one in singles if one.lever.kind != "allocation"]
    every = [group for group in chain(*(combinations(levers, size) for size in range(1, len(levers) + 1))) if not _rivals(group)]
    best = max((proof for proof in prover.prove(every) if not proof.failure), key=lambda proof: proof.net or 0.0)
    assert found[-1].net == pytest.approx(best.net, abs=0.5)


def _rivals(group: tuple[Lever, ...]) -> bool:
    return len({(lever.kind, lever.target if lever.kind != "allocation" else "") for lever in group}) < len(group)


@pytest.mark.parametrize("seed", [1])
def test_greedy_is_near_the_best_of_all_combinations_on_other_workshops(seed: int, tmp_path: Path) -> None:
    import numpy as np

    drawn = np.random.default_rng(seed)
    levers = [
        {
            **one,
            "maximum": max(1.0, float(np.round(drawn.uniform(5, 90)))),
            "one_off_cost": float(np.round(drawn.uniform(0, 600))),
            "step": None,
        }
        for one in (SHIFT, OVERTIME, SUBCONTRACT)
    ]
    capacity = [
        {"resource": "Saw", "regular": 40 + 30 * drawn.random(), "overtime_limit": 6},
        {"resource": "Crew", "regular": 150 + 100 * drawn.random(), "overtime_limit": 10},
    ]
    shop = Workshop(tmp_path, levers, capacity=capacity)
    singles, prover = shop.searched()
    found = combined(singles, prover, most=5, solves=10_000)
    able = [one.lever for one in singles if not one.proof.failure]
    every = [group for group in chain(*(combinations(able, size) for size in range(1, len(able) + 1))) if not _rivals(group)]
    best = max((proof.net or 0.0 for proof in prover.prove(every) if not proof.failure), default=0.0)
    assert (found[-1].net or 0.0 if found else 0.0) >= best - max(0.5, 0.01 * best)


def test_each_step_of_the_combination_is_better_than_the_one_before(workshop: Workshop) -> None:
    singles, prover = workshop.searched()
    found = combined(singles, prover, most=5, solves=10_000)
    assert all(improves(after, before) for before, after in pairwise(found))
    assert [len(proof.levers) for proof in found] == list(range(1, len(found) + 1))


def test_two_limits_in_a_row_are_found_as_a_pair(tmp_path: Path) -> None:
    """Neither the saw nor the crew alone brings anything: both are full."""
    capacity = [{"resource": "Saw", "regular": 60, "overtime_limit": 0}, {"resource": "Crew", "regular": 200, "overtime_limit": 0}]
    usage = [
        {"activity": "make", "of": "Make Chair", "resource": "Saw", "quantity": 0.3},
        {"activity": "make", "of": "Make Chair", "resource": "Crew", "quantity": 1.0},
        {"activity": "make", "of": "Make Desk", "resource": "Saw", "quantity": 0.75},
        {"activity": "make", "of": "Make Desk", "resource": "Crew", "quantity": 2.5},
    ]
    levers = [
        {**SHIFT, "lead_time": 0, "one_off_cost": 0},
        {**SHIFT, "target": "Crew", "step": 50, "maximum": 100, "lead_time": 0, "one_off_cost": 0},
    ]
    shop = Workshop(tmp_path, levers, capacity=capacity, usage=usage, purchase_limit=[{"purchase": "Chairs out", "maximum": 0}])
    made = shop.options()
    best = made["option"].filter(pl.col("rank") == 1).row(0, named=True)
    assert best["kind"] == "combination"
    assert best["members"].count(";") == 1
    assert best["net_money"] > 0


def test_three_limits_in_a_row_are_found_together(tmp_path: Path) -> None:
    """Saw, crew and boards are all full: one or two of them more bring nothing."""
    usage = [
        {"activity": "make", "of": route, "resource": resource, "quantity": hours}
        for route, hours in (("Make Chair", 1.0), ("Make Desk", 2.5))
        for resource in ("Saw", "Crew")
    ]
    levers = [
        *({**SHIFT, "target": name, "step": 60, "maximum": 120, "one_off_cost": 0, "lead_time": 0} for name in ("Saw", "Crew")),
        {"kind": "supplier_capacity", "target": "Boards", "maximum": 300, "one_off_cost": 0, "lead_time": 0},
    ]
    shop = Workshop(
        tmp_path,
        levers,
        usage=usage,
        capacity=[{"resource": name, "regular": 180, "overtime_limit": 0} for name in ("Saw", "Crew")],
        bom=[{"route": "Make Chair", "component": "Board", "quantity": 1}, {"route": "Make Desk", "component": "Board", "quantity": 2.5}],
        purchase_limit=[{"purchase": "Boards", "maximum": 180}, {"purchase": "Chairs out", "maximum": 0}],
        on_hand=[],
    )
    best = shop.options()["option"].filter(pl.col("rank") == 1).row(0, named=True)
    assert best["members"].count(";") == 2
    assert best["net_money"] > 0


def test_what_another_option_beats_is_dropped_and_said_so(tmp_path: Path) -> None:
    dear = {**SHIFT, "kind": "overtime", "running_cost": 15, "one_off_cost": 900, "lead_time": 40}
    made = Workshop(tmp_path, [SHIFT, dear]).options()
    worse = row(made, "overtime")
    assert (worse["status"], worse["rank"]) == ("dominated", None)
    assert worse["because"].startswith("Extra shift on Saw is as good in money")


def test_what_short_is_closed_by_period_adds_up(made: dict[str, pl.DataFrame]) -> None:
    periods = made["option_period"]
    base = periods.filter(pl.col("option").is_null() | (pl.col("option") == ""))
    assert base.get_column("period").to_list() == [dt.date.fromisoformat(month) for month in MONTHS]
    best = made["option"].filter(pl.col("rank") == 1).row(0, named=True)
    whole = periods.filter(pl.col("option") == best["option"]).sort("period").get_column("closed").to_list()
    parts = periods.filter(pl.col("option").is_in(best["members"].split("; ")))
    stacked = parts.group_by("period").agg(pl.col("stacked").sum()).sort("period").get_column("stacked").to_list()
    assert stacked == pytest.approx(whole, abs=1e-6)


def test_nothing_is_priced_that_is_not_given_it_is_asked(tmp_path: Path) -> None:
    made = Workshop(tmp_path).options()
    assert set(made["option"].get_column("kind")) <= {"allocation"}
    asked = {one["target"]: one for one in made["option_question"].iter_rows(named=True)}
    assert "Saw" in asked or "Crew" in asked
    for one in asked.values():
        assert one["lever"].startswith(("lever: kind", "demand_policy"))
    priced = [one for one in asked.values() if one["worth"] is not None]
    assert priced
    assert all(one["worth"] > 0 or one["units"] > 0 for one in priced)


def test_the_worth_of_a_question_is_what_a_free_lever_brings(tmp_path: Path) -> None:
    """Doubled capacity at no cost of its own brings what the question says it is worth at most."""
    shop = Workshop(tmp_path)
    asked = shop.options()["option_question"].filter(pl.col("target") == "Saw").row(0, named=True)
    column = "regular" if asked["kind"] == "shift" else "overtime_limit"
    twice = Override.model_validate(
        {"table": "capacity", "where": {"resource": "Saw"}, "column": column, "operation": "scale", "value": 2.0, "reason": "test"}
    )
    assert asked["worth"] == pytest.approx(_contribution(shop.cycle.what_if((twice,))) - _contribution(shop.base))


@pytest.mark.parametrize(
    ("lever", "why"),
    [
        ({**SHIFT, "one_off_cost": None, "running_cost": None}, "Neither one_off_cost nor running_cost is given."),
        ({**SHIFT, "step": None, "maximum": None}, "Neither step nor maximum is given."),
        ({"kind": "expedite", "target": "Boards", "maximum": 50, "running_cost": 1}, "days_saved is not given."),
        ({**PRICE, "elasticity": None}, "elasticity is not given."),
    ],
)
def test_a_lever_that_lacks_something_becomes_a_question_and_a_warning(lever: dict[str, Any], why: str, tmp_path: Path) -> None:
    shop = Workshop(tmp_path, [lever])
    assert any("it is not weighed" in line.message for line in shop.gathered.issues())
    made = shop.options()
    assert any(why in statement for statement in made["option_question"].get_column("statement"))
    assert lever["kind"] not in set(made["option"].get_column("kind"))


def test_a_lever_that_comes_too_late_says_so(tmp_path: Path) -> None:
    one = row(Workshop(tmp_path, [{**SHIFT, "lead_time": 400}]).options(), "shift")
    assert (one["status"], one["because"]) == ("no gain", "It takes effect only after the horizon.")


def test_an_expedited_purchase_comes_sooner(tmp_path: Path) -> None:
    purchase = [{"purchase": "Boards", "item": "Board", "location": "Shop", "supplier": "Wood & Son", "unit_cost": 6, "lead_time": 62}]
    lever = {"kind": "expedite", "target": "Boards", "maximum": 500, "days_saved": 62, "running_cost": 1, "one_off_cost": 0, "lead_time": 0}
    shop = Workshop(tmp_path, [lever], purchase=purchase, purchase_limit=[])
    one = row(shop.options(), "expedite")
    assert one["status"] == "recommended"
    assert one["shortage"] < -100


def test_a_second_lane_a_route_and_workers_are_levers_too(tmp_path: Path) -> None:
    levers = [
        {"kind": "route", "target": "Make Chair by hand", "one_off_cost": 50, "lead_time": 40},
        {"kind": "worker", "target": "Crew", "maximum": 2, "running_cost": 10, "one_off_cost": 0, "lead_time": 0},
        {"kind": "transport", "target": "Van", "maximum": 60, "running_cost": 1, "lead_time": 0},
    ]
    shop = Workshop(
        tmp_path,
        levers,
        resource=[{"resource": "Saw", "location": "Shop", "unit": "hours"}, {"resource": "Crew", "location": "Shop", "kind": "labor"}],
        capacity=[{"resource": "Saw", "regular": 200}],
        workforce=[{"resource": "Crew", "workers": 1, "hours_per_worker": 110, "wage_per_period": 1500, "maximum": 1}],
        route=[
            {"route": "Make Chair", "item": "Chair", "location": "Shop", "unit_cost": 2},
            {"route": "Make Desk", "item": "Desk", "location": "Shop", "unit_cost": 8},
            {"route": "Make Chair by hand", "item": "Chair", "location": "Shop", "unit_cost": 9, "start": "2028-01-01"},
        ],
        location=[{"location": "Shop", "kind": "plant"}],
        lane=[{"lane": "Van", "from": "Shop", "to": market, "limit": 90, "unit_cost": 1} for market in ("Home", "Export")][:1],
    )
    kinds = {one["kind"]: one for one in shop.options()["option"].iter_rows(named=True)}
    assert kinds["route"]["effective"] == dt.date(2027, 2, 1)
    assert kinds["route"]["shortage"] < -10
    assert kinds["worker"]["size"] == pytest.approx(2, abs=1.01)
    assert "transport" in kinds


def test_without_prices_options_are_ranked_by_units(tmp_path: Path) -> None:
    item = [{"item": "Chair", "unit": "piece"}, {"item": "Desk", "unit": "piece"}, {"item": "Board", "unit": "board"}]
    forecast = [
        {"source": "plan", "kind": "increment", "item": name, "market": "Home", "period": month, "quantity": size}
        for name, size in (("Chair", 180), ("Desk", 60))
        for month in MONTHS
    ]
    shop = Workshop(tmp_path, [{**SHIFT, "maximum": 60}], item=item, forecast=forecast, demand_policy=[], purchase_limit=[])
    one = row(shop.options(), "shift")
    assert one["net_money"] is None


def test_sharing_what_is_short_by_priority_is_an_option_without_a_price(made: dict[str, pl.DataFrame]) -> None:
    one = row(made, "allocation")
    assert one["option"] == "Allocate by market priority"
    assert one["one_off_cost"] == 0
    assert one["status"] in {"listed", "no gain", "dominated"}


def test_a_lever_that_fails_does_not_stop_the_others(tmp_path: Path) -> None:
    """The second purchase has the name of one that is there already."""
    purchase = [
        {"purchase": "Chairs out", "item": "Chair", "location": "Shop", "kind": "subcontract", "unit_cost": 45},
        {"purchase": "Chairs out (more subcontracting)", "item": "Chair", "location": "Shop", "kind": "subcontract", "unit_cost": 90},
        {"purchase": "Boards", "item": "Board", "location": "Shop", "unit_cost": 6},
    ]
    made = Workshop(tmp_path, [SHIFT, SUBCONTRACT], purchase=purchase).options()
    failed = row(made, "subcontract")
    assert failed["status"] == "failed"
    assert "two rows" in failed["because"] or "twice" in failed["because"] or "already" in failed["because"]
    assert row(made, "shift")["status"] == "recommended"


def test_options_can_be_switched_off(tmp_path: Path) -> None:
    made = Workshop(tmp_path, LEVERS, plan=f"{PLAN}options: {{tried: 0}}\n").options()
    assert made["option"].is_empty()
    assert made["option_question"].is_empty()


def test_a_proof_of_nothing_has_no_gain() -> None:
    assert Proof(()).gain == (0.0, -0.0)
