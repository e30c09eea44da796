"""Played plans whose outcome is known: a newsvendor by its formula, a base-stock policy by hand, the examples by their own plan."""

import datetime as dt
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from equipoise.cycle import Cycle
from equipoise.service.gathering import gather
from equipoise.service.workspace import Workspace
from equipoise.supply import MODEL_TABLES, Session, play, roll, supply
from tests.truth.company import demand, month, rows
from tests.unit.test_supply_playing import made

EXAMPLES = Path(__file__).parents[2] / "examples"
_PRICE, _COST, _GOODWILL, _KEEPING = 12.0, 5.0, 2.0, 1.5


def newsvendor(ordered: float, lead_periods: int) -> dict[str, pl.DataFrame]:
    """One item, bought once for the demand of one period; what is not there is lost, what is left is kept."""
    sold = [0.0] * lead_periods + [60.0]
    return made(
        lead_periods + 1,
        lead_periods or 1,
        item=rows({"item": "paper", "unit_price": _PRICE}),
        location=rows({"location": "Kiosk"}),
        demand_plan=rows(*demand(sold, item="paper")),
        purchase=rows({"purchase": "press", "item": "paper", "location": "Kiosk", "unit_cost": _COST, "lead_periods": lead_periods}),
        demand_policy=rows({"item": "paper", "backlog_allowed": False, "lost_allowed": True, "lost_sale_cost": _GOODWILL}),
        inventory_policy=rows({"item": "paper", "location": "Kiosk", "holding_cost": _KEEPING}),
        firm_plan=rows({"kind": "purchase", "key": "press", "period": month(0), "fixed": ordered}),
    )


@pytest.mark.parametrize("lead_periods", [0, 1])
@pytest.mark.parametrize("ordered", [40.0, 60.0, 85.0])
def test_a_newsvendor_earns_what_the_formula_says(ordered: float, lead_periods: int) -> None:
    wanted = np.random.default_rng(5).gamma(4.0, 15.0, 400)
    paths = np.column_stack([np.zeros(400)] * lead_periods + [wanted])
    sold, left = np.minimum(wanted, ordered), np.clip(ordered - wanted, 0.0, None)
    profit = _PRICE * sold - _COST * ordered - _GOODWILL * (wanted - sold) - _KEEPING * left
    tables, session = newsvendor(ordered, lead_periods), Session()
    played = play(tables, paths, {}, session=session)
    assert played["profit"] == pytest.approx(profit, rel=1e-9)
    assert played["revenue"] == pytest.approx(_PRICE * sold)
    assert played["supply_cost"] == pytest.approx(np.full(400, _COST * ordered))
    assert played["lost"][:, -1] == pytest.approx(wanted - sold)
    again = roll(tables, paths[:20], {}, session=session)
    assert again["profit"] == pytest.approx(profit[:20], rel=1e-7)


def test_half_of_a_newsvendor_s_order_never_comes() -> None:
    wanted = np.array([10.0, 30.0, 100.0])
    played = play(newsvendor(60.0, 0), wanted[:, None], {("short", "press"): np.full((3, 1), 0.5)}, session=Session())
    sold = np.minimum(wanted, 30.0)
    profit = _PRICE * sold - _COST * 30.0 - _GOODWILL * (wanted - sold) - _KEEPING * (30.0 - sold)
    assert played["profit"] == pytest.approx(profit)


def base_stock(**changed: Any) -> dict[str, pl.DataFrame]:
    """Ten are sold a month; an order comes a month later; 15 are kept, so the position before each order is 25."""
    tables = {
        "item": rows({"item": "lamp", "unit_price": 30.0, "unit_cost": 8.0}),
        "location": rows({"location": "Store"}),
        "demand_plan": rows(*demand([10.0] * 4, item="lamp")),
        "purchase": rows({"purchase": "maker", "item": "lamp", "location": "Store", "unit_cost": 8.0, "lead_periods": 1}),
        "on_hand": rows({"item": "lamp", "location": "Store", "quantity": 25.0}),
        "demand_policy": rows({"item": "lamp", "backlog_allowed": True, "backlog_cost": 4.0}),
        "inventory_policy": rows({"item": "lamp", "location": "Store", "safety_stock": 15.0, "holding_cost": 1.0, "shortfall_cost": 2.0}),
    }
    return made(4, **{**tables, **changed})


def test_a_base_stock_policy_by_hand() -> None:
    """Demand 14, 6, 10, 10: orders 10 (as planned), 14 (the four that were sold more), 6 (the four fewer); stock 11, 15, 19, 15.

    Demand 30, 0, 10, 10: orders 10, 30 and 0; 5 are late in the first month; stock 0, 5, 25, 15.
    """
    session, tables = Session(), base_stock()
    assert supply(tables, session=session)["purchase_plan"].get_column("quantity").to_list() == pytest.approx([10.0, 10.0, 10.0])
    played = play(tables, np.array([[14.0, 6.0, 10.0, 10.0], [30.0, 0.0, 10.0, 10.0]]), {}, session=session)
    assert played["stock_value"] == pytest.approx(8.0 * np.array([[11.0, 15.0, 19.0, 15.0], [0.0, 5.0, 25.0, 15.0]]))
    assert played["backlog"] == pytest.approx(np.array([[0.0, 0.0, 0.0, 0.0], [5.0, 0.0, 0.0, 0.0]]))
    assert played["supply_cost"] == pytest.approx([8.0 * 30, 8.0 * 40])
    first = 30.0 * 40 - 8.0 * 30 - 1.0 * (11 + 15 + 19 + 15) - 2.0 * 4
    second = 30.0 * 50 - 8.0 * 40 - 1.0 * (0 + 5 + 25 + 15) - 2.0 * (15 + 10) - 4.0 * 5
    assert played["profit"] == pytest.approx([first, second])


def test_an_order_that_comes_a_month_late_leaves_a_month_short() -> None:
    """The first order comes in the third month, with the second: stock 15, 5, 15, 15; nothing is ordered twice for it."""
    late = np.zeros((1, 4))
    late[0, 0] = 1.0
    played = play(base_stock(), np.full((1, 4), 10.0), {("late", "maker"): late}, session=Session())
    assert played["stock_value"] == pytest.approx(8.0 * np.array([[15.0, 5.0, 15.0, 15.0]]))
    assert played["supply_cost"] == pytest.approx([8.0 * 30])


def test_what_is_paid_once_is_paid_on_every_path() -> None:
    once = {"one_off_cost": rows({"purpose": "tool", "period": month(1), "amount": 70.0})}
    played = [play({**base_stock(), **more}, np.full((1, 4), 10.0), {}, session=Session()) for more in ({}, once)]
    assert played[1]["supply_cost"] - played[0]["supply_cost"] == pytest.approx([70.0])
    assert played[0]["profit"] - played[1]["profit"] == pytest.approx([70.0])


@pytest.mark.parametrize("level", ["item", "family"])
def test_alpine_played_on_its_own_demand_is_its_plan_and_near_to_solving_again(level: str) -> None:
    plan = EXAMPLES / "alpine" / "plan.yaml"
    found = gather(Workspace(plan, plan.parent), dt.date(2026, 11, 28))
    given = found.tables
    setting = given["setting"].with_columns(
        pl.when(pl.col("setting") == "supply.level").then(pl.lit(f'"{level}"')).otherwise("value").alias("value")
    )
    made_by = Cycle({**given, "setting": setting}, found.plan.overrides).what_if((), upto="supply")
    tables, session = {name: made_by[name] for name in MODEL_TABLES}, Session()
    result = supply(tables, session=session)
    money = result["cost"].filter(pl.col("class") != "penalty").get_column("amount").sum()
    short = result["shortage"]
    wanted = short.get_column("demand").to_numpy()
    played = play(tables, wanted[None, :], {}, session=session)
    assert played["profit"] == pytest.approx([money], rel=1e-9)
    for name in ("lost", "backlog"):
        assert np.abs(played[name][0] - short.get_column(name).to_numpy()).max() < 1e-6
    if level == "family":
        noise = np.random.default_rng(1).standard_normal((2, len(wanted)))
        paths = np.clip(wanted * (1 + 0.25 * noise), 0.0, None)
        policy, again = (way(tables, paths, {}, session=session)["profit"].mean() for way in (play, roll))
        assert policy == pytest.approx(again, rel=0.03)
