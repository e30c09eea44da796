"""Causes of a gap: known answers by hand, a brute-force integral, and shares that always add up."""

from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from equipoise.supply import supply, supply_cause
from equipoise.tables import table
from equipoise.tables.setting import Setting, to_table
from tests.truth.company import MUST_SERVE_ON_TIME, TABLES, demand, empty, month, rows, session

SHOP: dict[str, pl.DataFrame] = {
    "item": rows({"item": "table", "unit": "pieces", "unit_price": 10.0, "unit_cost": 4.0}),
    "location": rows({"location": "Shop"}),
    "resource": rows({"resource": "line", "location": "Shop"}),
    "capacity": rows({"resource": "line", "regular": 70.0}),
    "route": rows({"route": "make", "item": "table", "location": "Shop"}),
    "usage": rows({"activity": "make", "of": "make", "resource": "line", "quantity": 1.0}),
}
WOOD: dict[str, Any] = {
    "item": rows({"item": "table", "unit": "pieces", "unit_price": 10.0, "unit_cost": 4.0}, {"item": "wood", "unit": "kg"}),
    "bom": rows({"route": "make", "component": "wood", "quantity": 1.0}),
    "purchase": rows({"purchase": "Wood Ltd", "item": "wood", "location": "Shop", "unit_cost": 1.0}),
}


def causes(horizon: int, tables: dict[str, pl.DataFrame], setting: dict[str, Any] | None = None) -> pl.DataFrame:
    """The table supply_cause of a company."""
    plan = {"plan": "cause", "calendar": {"start": month(0), "horizon": horizon}, "supply": {"relative_gap": 0.0, **(setting or {})}}
    names = (*TABLES, "inventory_target")
    exact = {name: table(name).conform(tables[name]) if name in tables else empty(name) for name in names}
    exact["setting"] = to_table(Setting.model_validate(plan))
    own = session()
    made = supply(exact, session=own)
    found = supply_cause({**exact, "shortage": made["shortage"], "inventory_plan": made["inventory_plan"]}, session=own)
    _adds_up(found, made)
    return found


def _adds_up(found: pl.DataFrame, made: dict[str, pl.DataFrame]) -> None:
    """Shares of each gap add up to 1, quantities to what the tables of the plan say."""
    keys = ["kind", "item", "place", "period"]
    short = made["shortage"].select(
        pl.lit("shortage").alias("kind"), "item", "period", place="market", gap=pl.col("lost") + pl.col("backlog")
    )
    below = made["inventory_plan"].select(pl.lit("target").alias("kind"), "item", "period", place="location", gap="shortfall")
    gaps = pl.concat([frame.select(*keys, "gap") for frame in (short, below)]).filter(pl.col("gap") > 1e-5)
    sums = found.group_by(keys, maintain_order=True).agg(
        pl.col("share").sum(), pl.col("quantity").sum(), pl.col("share").min().alias("least")
    )
    both = gaps.join(sums, on=keys, how="left", maintain_order="left")
    assert sums.height == gaps.height
    assert both.get_column("share").to_list() == pytest.approx([1.0] * gaps.height)
    assert both.get_column("quantity").to_list() == pytest.approx(gaps.get_column("gap").to_list())
    assert all(least > 0 for least in both.get_column("least"))


def shop(quantities: list[float], setting: dict[str, Any] | None = None, **more: Any) -> pl.DataFrame:
    """Causes in a shop that makes tables on one line of 70 hours a month, an hour each."""
    plan = rows(*demand(quantities, item="table", market="Town"))
    return causes(len(quantities), {**SHOP, "demand_plan": plan, **more}, setting)


def parts(found: pl.DataFrame, period: int = 0) -> dict[tuple[str, str], float]:
    """Units by limit and subject, of the gaps of a period."""
    rows_ = found.filter(pl.col("period") == month(period)).group_by("limit", "subject", maintain_order=True).agg(pl.col("quantity").sum())
    return {(limit, subject): quantity for limit, subject, quantity in rows_.iter_rows()}


def test_one_line_causes_all() -> None:
    found = shop([100.0, 100.0], {"backlog_allowed": False})
    assert parts(found, 0) == {("capacity", "line"): pytest.approx(30.0)}
    sentence = found.get_column("sentence").item(1)
    assert sentence == ("line causes all 30 pieces of table short in Town in February 2027: it is full from January to February 2027.")


def test_enough_supply_has_no_causes() -> None:
    assert shop([60.0, 60.0]).is_empty()


@pytest.mark.parametrize(
    ("supplier", "expected"),
    [
        # Scaled together, the smaller of the two is the smaller all along: it causes all, the other never binds.
        (80.0, {("capacity", "line"): 30.0}),
        (60.0, {("purchase", "Wood Ltd"): 40.0}),
        # Equally tight all along: each takes its turn.
        (70.0, {("capacity", "line"): 15.0, ("purchase", "Wood Ltd"): 15.0}),
    ],
)
def test_two_limits_in_series(supplier: float, expected: dict[tuple[str, str], float]) -> None:
    found = shop([100.0], **WOOD, purchase_limit=rows({"purchase": "Wood Ltd", "maximum": supplier}))
    assert parts(found) == {key: pytest.approx(value) for key, value in expected.items()}


def test_three_limits_equally_tight_share_equally() -> None:
    two: dict[str, Any] = {
        "resource": rows({"resource": "line", "location": "Shop"}, {"resource": "paint", "location": "Shop"}),
        "capacity": rows({"resource": "line", "regular": 70.0}, {"resource": "paint", "regular": 140.0}),
        "usage": rows(
            {"activity": "make", "of": "make", "resource": "line", "quantity": 1.0},
            {"activity": "make", "of": "make", "resource": "paint", "quantity": 2.0},
        ),
    }
    found = shop([100.0], **WOOD, **two, purchase_limit=rows({"purchase": "Wood Ltd", "maximum": 70.0}))
    assert sorted(parts(found).values()) == pytest.approx([10.0, 10.0, 10.0], abs=0.01)


def test_limits_side_by_side_share_by_their_size() -> None:
    """Two routes of 60 and 20 for a demand of 120: 40 short; scaled together by k they make 80 k, of which 60 k and 20 k are theirs."""
    two: dict[str, Any] = {
        "resource": rows({"resource": "line", "location": "Shop"}, {"resource": "old line", "location": "Shop"}),
        "capacity": rows({"resource": "line", "regular": 60.0}, {"resource": "old line", "regular": 20.0}),
        "route": rows(
            {"route": "make", "item": "table", "location": "Shop", "unit_cost": 1.0},
            {"route": "old make", "item": "table", "location": "Shop", "unit_cost": 2.0},
        ),
        "usage": rows(
            {"activity": "make", "of": "make", "resource": "line", "quantity": 1.0},
            {"activity": "make", "of": "old make", "resource": "old line", "quantity": 1.0},
        ),
    }
    assert parts(shop([120.0], **two)) == {("capacity", "line"): pytest.approx(30.0), ("capacity", "old line"): pytest.approx(10.0)}


def test_overtime_and_regular_time_share_by_their_size() -> None:
    capacity = rows({"resource": "line", "regular": 70.0, "overtime_limit": 7.0})
    found = shop([100.0], capacity=capacity, resource=rows({"resource": "line", "location": "Shop", "overtime_cost": 1.0}))
    assert parts(found) == {("capacity", "line"): pytest.approx(23 * 70 / 77), ("overtime", "line"): pytest.approx(23 * 7 / 77)}


def test_a_limit_that_does_not_bind_causes_nothing() -> None:
    found = shop([100.0], **WOOD, purchase_limit=rows({"purchase": "Wood Ltd", "maximum": 1000.0}))
    assert parts(found) == {("capacity", "line"): pytest.approx(30.0)}


def test_the_bottleneck_may_be_a_component_for_all_that_take_it() -> None:
    """80 kg of wood for 70 tables and 70 chairs at 1 kg each: what is short is Wood Ltd's, whichever item it is."""
    tables = {
        **SHOP,
        "item": rows(
            {"item": "table", "unit_price": 10.0, "unit_cost": 4.0},
            {"item": "chair", "unit_price": 9.0, "unit_cost": 4.0},
            {"item": "wood"},
        ),
        "route": rows({"route": "make", "item": "table", "location": "Shop"}, {"route": "join", "item": "chair", "location": "Shop"}),
        "bom": rows({"route": "make", "component": "wood", "quantity": 1.0}, {"route": "join", "component": "wood", "quantity": 1.0}),
        "purchase": WOOD["purchase"],
        "purchase_limit": rows({"purchase": "Wood Ltd", "maximum": 80.0}),
        "demand_plan": rows(*demand([70.0], item="table", market="Town"), *demand([70.0], item="chair", market="Town")),
    }
    assert parts(causes(1, tables)) == {("purchase", "Wood Ltd"): pytest.approx(60.0)}


def test_two_markets_share_a_line_in_proportion() -> None:
    plan = rows(*demand([60.0], item="table", market="North"), *demand([30.0], item="table", market="South"))
    found = causes(1, {**SHOP, "demand_plan": plan})
    assert dict(found.select("place", "quantity").iter_rows()) == {"North": pytest.approx(40 / 3), "South": pytest.approx(20 / 3)}
    assert found.get_column("share").to_list() == pytest.approx([1.0, 1.0])


def test_lead_time_alone() -> None:
    route = rows({"route": "make", "item": "table", "location": "Shop", "lead_time": 31.0})
    found = shop([60.0, 60.0], route=route)
    assert parts(found, 0) == {("material", "table"): pytest.approx(60.0)}
    assert "cannot arrive in time" in found.get_column("sentence").item(0)


def test_lead_time_first_then_the_line() -> None:
    """Of what starts in January, 28/31 arrive in February. To have 120 there by then, more than 120 would have to be made, so 120 x 3/31
    are late even without limits: making more does not pay. With the line 70 x 28/31 come: the rest of what is late is the line's."""
    route = rows({"route": "make", "item": "table", "location": "Shop", "lead_time": 31.0})
    found = shop([60.0, 60.0, 0.0], {"lost_allowed": False}, route=route)
    assert parts(found, 0) == {("material", "table"): pytest.approx(60.0)}
    unpaid = 120 * 3 / 31
    assert parts(found, 1) == {
        ("capacity", "line"): pytest.approx(120 - 70 * 28 / 31 - unpaid),
        ("it does not pay", "table"): pytest.approx(unpaid),
    }


def test_no_source() -> None:
    assert parts(shop([60.0], route=rows({"route": "make", "item": "chair", "location": "Shop"}))) == {
        ("no source", "table"): pytest.approx(60.0)
    }


def test_a_component_that_nothing_brings() -> None:
    found = shop([60.0], bom=rows({"route": "make", "component": "glue", "quantity": 1.0}))
    assert [limit for limit, _ in parts(found)] == ["missing component"]


def test_demand_that_does_not_pay() -> None:
    cheap = rows({"item": "table", "unit": "pieces", "unit_price": 3.0, "unit_cost": 4.0})
    found = shop([60.0], item=cheap)
    assert parts(found) == {("it does not pay", "table"): pytest.approx(60.0)}
    assert "does not pay" in found.get_column("sentence").item(0)


def test_a_frozen_plan() -> None:
    firm = rows({"kind": "production", "key": "make", "period": month(0), "fixed": 20.0})
    assert parts(shop([60.0, 60.0], {"backlog_allowed": False}, firm_plan=firm)) == {("firm production", "make"): pytest.approx(40.0)}


def test_a_given_plan_is_the_cause() -> None:
    firm = rows(*({"kind": "production", "key": "make", "period": month(t), "fixed": 50.0} for t in range(2)))
    found = shop([60.0, 60.0], {"strategy": "given", "backlog_allowed": False}, firm_plan=firm)
    assert parts(found) == {("firm production", "make"): pytest.approx(10.0)}


def test_a_missed_target_with_a_price() -> None:
    policy = rows({"item": "table", "location": "Shop", "safety_stock": 20.0, "shortfall_cost": 1.0})
    found = shop([70.0, 70.0], inventory_policy=policy)
    assert set(found.get_column("kind")) == {"target"}
    assert parts(found) == {("capacity", "line"): pytest.approx(20.0)}
    assert found.get_column("sentence").item(0).startswith("line causes all 20 pieces of table below target at Shop in January 2027")


def test_a_missed_target_that_must_hold() -> None:
    policy = rows({"item": "table", "location": "Shop", "safety_stock": 115.0})
    found = shop([60.0, 60.0], inventory_policy=policy)
    assert parts(found, 0) == {("capacity", "line"): pytest.approx(105.0)}
    assert parts(found, 1) == {("capacity", "line"): pytest.approx(95.0)}


def test_demand_that_must_be_served_and_cannot() -> None:
    found = shop([100.0, 100.0], MUST_SERVE_ON_TIME)
    assert found.group_by("limit").agg(pl.col("quantity").sum()).rows() == [("capacity", pytest.approx(60.0))]


def test_whole_lots() -> None:
    """Lots of 30 on 70 hours: 60 are made. The line leaves 30 short, lots the other 10; the sentence says that set-ups are held."""
    route = rows({"route": "make", "item": "table", "location": "Shop", "lot_multiple": 30.0, "setup_cost": 1.0})
    found = shop([100.0], {"integer": True, "backlog_allowed": False}, route=route)
    assert parts(found) == {("capacity", "line"): pytest.approx(30.0), ("whole lots", "table"): pytest.approx(10.0)}
    assert any("held as planned" in sentence for sentence in found.get_column("sentence"))


def test_empty_tables() -> None:
    assert causes(1, {}).is_empty()


def _made(first: float, second: float, wood: float, need: tuple[float, float]) -> dict[str, pl.DataFrame]:
    """Two items, a line each, one common component; chairs earn less for their wood."""
    return {
        "item": rows(
            {"item": "table", "unit_price": 10.0, "unit_cost": 4.0},
            {"item": "chair", "unit_price": 7.0, "unit_cost": 3.0},
            {"item": "wood"},
        ),
        "location": rows({"location": "Shop"}),
        "resource": rows({"resource": "one", "location": "Shop"}, {"resource": "two", "location": "Shop"}),
        "capacity": rows({"resource": "one", "regular": first}, {"resource": "two", "regular": second}),
        "route": rows({"route": "make", "item": "table", "location": "Shop"}, {"route": "join", "item": "chair", "location": "Shop"}),
        "usage": rows(
            {"activity": "make", "of": "make", "resource": "one", "quantity": 1.0},
            {"activity": "make", "of": "join", "resource": "two", "quantity": 1.0},
        ),
        "bom": rows({"route": "make", "component": "wood", "quantity": 1.0}, {"route": "join", "component": "wood", "quantity": 1.0}),
        "purchase": WOOD["purchase"],
        "purchase_limit": rows({"purchase": "Wood Ltd", "maximum": wood}),
        "demand_plan": rows(*demand([need[0]], item="table"), *demand([need[1]], item="chair")),
    }


def _by_hand(first: float, second: float, wood: float, need: tuple[float, float], steps: int = 40_000) -> dict[str, tuple[float, ...]]:
    """The integral by small steps, each limit one after the other and back, for the closed form of that company: tables come first."""

    def gaps(one: float, two: float, three: float) -> tuple[float, float]:
        tables = min(need[0], one, three)
        return need[0] - tables, need[1] - min(need[1], two, three - tables)

    limits = (first, second, wood)
    most = max(1.0, need[0] / first, need[1] / second, sum(need) / wood)
    found = {"table": [0.0] * 3, "chair": [0.0] * 3}
    for step in range(steps):
        times = most + (1 - most) * (step + 0.5) / steps
        for number in range(3):
            near = [times * limit for limit in limits]
            width = limits[number] * (most - 1) / steps
            for sign, place in ((-0.5, 1), (0.5, -1)):
                moved = list(near)
                moved[number] += sign * width
                for item, gap in zip(found, gaps(*moved), strict=True):
                    found[item][number] += place * gap
    return {item: tuple(values) for item, values in found.items()}


@pytest.mark.parametrize(
    ("first", "second", "wood", "need"),
    [(60.0, 50.0, 90.0, (100.0, 80.0)), (40.0, 70.0, 120.0, (50.0, 100.0)), (90.0, 20.0, 95.0, (100.0, 60.0))],
)
def test_against_the_integral_by_small_steps(first: float, second: float, wood: float, need: tuple[float, float]) -> None:
    found = causes(1, _made(first, second, wood, need), {"backlog_allowed": False})
    expected = _by_hand(first, second, wood, need)
    subjects = ("one", "two", "Wood Ltd")
    for item, values in expected.items():
        known = dict(found.filter(pl.col("item") == item).select("subject", "quantity").iter_rows())
        more = [max(value, 0.0) for value in values]  # tighter tables leave wood for chairs: no cause of theirs, so the others are scaled
        wanted = [value * sum(values) / sum(more) for value in more]
        assert [known.get(subject, 0.0) for subject in subjects] == pytest.approx(wanted, abs=0.01 * sum(values))


@settings(max_examples=15, deadline=None)
@given(
    capacity=st.lists(st.integers(1, 120), min_size=3, max_size=3),
    wanted=st.lists(st.integers(0, 100), min_size=6, max_size=6),
    target=st.integers(0, 40),
    lead=st.sampled_from([0.0, 20.0, 45.0]),
    late=st.booleans(),
)
def test_shares_add_up_whatever_the_company(capacity: list[int], wanted: list[int], target: int, lead: float, late: bool) -> None:
    first, second, wood = (float(size) for size in capacity)
    tables = _made(first, second, wood, (1.0, 1.0))
    plan = rows(*demand([float(q) for q in wanted[:3]], item="table"), *demand([float(q) for q in wanted[3:]], item="chair"))
    policy = rows({"item": "chair", "location": "Shop", "safety_stock": float(target), "shortfall_cost": 0.5 if late else None})
    purchase = rows({"purchase": "Wood Ltd", "item": "wood", "location": "Shop", "unit_cost": 1.0, "lead_time": lead})
    causes(3, {**tables, "demand_plan": plan, "inventory_policy": policy, "purchase": purchase}, {"backlog_allowed": late})
