"""What holds for any company: there is always an answer, nothing appears or vanishes, and the money adds up to the objective."""

from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.truth.company import demand, month, rows, solve

ITEMS = ("chair", "stool")
PLANTS = ("Mill", "Yard")
MARKETS = ("North", "South")
HORIZON = 3


def maybe(values: st.SearchStrategy[float]) -> st.SearchStrategy[float | None]:
    return st.one_of(st.none(), values)


QUANTITY = st.integers(0, 60).map(float)
PRICE = st.integers(0, 50).map(float)


@st.composite
def companies(draw: st.DrawFn) -> tuple[dict[str, pl.DataFrame], dict[str, Any]]:
    """A small company with whatever limits, prices and policies, sensible or not."""
    routes, usage, bom = [], [], []
    for item in ITEMS:
        for plant in PLANTS:
            if draw(st.booleans()):
                name = f"{item} {plant}"
                routes.append(
                    {
                        "route": name,
                        "item": item,
                        "location": plant,
                        "unit_cost": draw(maybe(PRICE)),
                        "yield": draw(st.sampled_from([None, 0.5, 1.0])),
                        "lead_time": draw(st.sampled_from([None, 0.0, 12.0, 40.0])),
                        "minimum_lot": draw(maybe(st.just(5.0))),
                        "setup_cost": draw(maybe(st.just(30.0))),
                    }
                )
                usage.append(
                    {"activity": "make", "of": name, "resource": plant, "quantity": 0.5, "setup_quantity": draw(maybe(st.just(1.0)))}
                )
                if draw(st.booleans()):
                    bom.append({"route": name, "component": "wood", "quantity": 2.0})
    lanes: list[dict[str, Any]] = [
        {"lane": "over", "from": "Mill", "to": "Yard", "unit_cost": draw(maybe(PRICE)), "lead_time": draw(st.sampled_from([0.0, 20.0]))},
        {
            "lane": "north",
            "from": "Yard",
            "to": "North",
            "unit_cost": 1.0,
            "limit": draw(maybe(QUANTITY)),
            "fixed_cost": draw(maybe(PRICE)),
        },
    ]
    tables = {
        "item": rows(
            *(
                {"item": item, "unit_price": draw(maybe(PRICE)), "unit_cost": draw(maybe(PRICE)), "shelf_life": draw(maybe(st.just(31.0)))}
                for item in (*ITEMS, "wood")
            )
        ),
        "location": rows({"location": "Mill"}, {"location": "Yard"}),
        "demand_plan": rows(
            *(
                row
                for item in ITEMS
                for market in MARKETS
                for row in demand([draw(QUANTITY) for _ in range(HORIZON)], item=item, market=market)
            )
        ),
        "resource": rows(*({"resource": plant, "location": plant, "overtime_cost": draw(maybe(PRICE))} for plant in PLANTS)),
        "capacity": rows(*({"resource": plant, "regular": draw(QUANTITY), "overtime_limit": draw(maybe(QUANTITY))} for plant in PLANTS)),
        "route": rows(*routes),
        "usage": rows(*usage),
        "bom": rows(*bom),
        "purchase": rows(
            {"purchase": "wood", "item": "wood", "location": "Mill", "unit_cost": draw(maybe(PRICE)), "fixed_cost": draw(maybe(PRICE))},
            {"purchase": "stool sub", "item": "stool", "location": "Yard", "kind": "subcontract", "lead_time": 30.0},
        ),
        "purchase_limit": rows({"purchase": "wood", "minimum": draw(maybe(QUANTITY)), "maximum": draw(maybe(QUANTITY))}),
        "lane": rows(*lanes[: draw(st.integers(0, 2))]),
        "on_hand": rows(
            {"item": "chair", "location": "Mill", "quantity": draw(QUANTITY)},
            {"item": "wood", "location": "Mill", "quantity": draw(QUANTITY)},
        ),
        "backlog": rows({"item": "stool", "market": "South", "quantity": draw(QUANTITY)}),
        "inventory_policy": rows(
            {
                "item": "chair",
                "location": "Mill",
                "safety_stock": draw(maybe(QUANTITY)),
                "weeks_of_supply": draw(maybe(st.just(3.0))),
                "maximum": draw(maybe(QUANTITY)),
                "shortfall_cost": draw(maybe(PRICE)),
                "holding_cost": draw(maybe(PRICE)),
            }
        ),
        "demand_policy": rows(
            {
                "item": "chair",
                "market": "North",
                "backlog_allowed": draw(st.booleans()),
                "backlog_cost": draw(maybe(PRICE)),
                "max_backlog_age": draw(st.sampled_from([None, 1])),
                "lost_allowed": draw(st.booleans()),
                "lost_sale_cost": draw(maybe(PRICE)),
                "minimum_fill": draw(st.sampled_from([None, 0.5])),
            }
        ),
        "firm_plan": rows({"kind": "production", "key": "chair Mill", "period": month(0), "fixed": draw(QUANTITY)}),
    }
    setting = {
        "objective": draw(st.sampled_from(["profit", "cost", "service"])),
        "strategy": draw(st.sampled_from(["optimal", "optimal", "level_output", "chase", "given"])),
        "integer": draw(st.booleans()),
    }
    return tables, setting


def check_demand(result: dict[str, pl.DataFrame], tables: dict[str, pl.DataFrame]) -> None:
    """Demand and what was late is shipped, late or lost."""
    short = result["shortage"].sort("item", "market", "period")
    late = tables["backlog"].select("item", "market", pl.col("quantity").alias("start"))
    before = pl.col("backlog").shift(1).over("item", "market")
    short = short.join(late, on=["item", "market"], how="left").with_columns(
        before.fill_null(pl.col("start")).fill_null(0.0).alias("before")
    )
    gap = short.select((pl.col("demand") + pl.col("before") - pl.col("shipped") - pl.col("backlog") - pl.col("lost")).abs().max()).item()
    assert (gap or 0.0) < 1e-4
    assert short.filter(pl.any_horizontal(pl.col("shipped", "backlog", "lost") < 0)).is_empty()


def check_stock(result: dict[str, pl.DataFrame]) -> None:
    """Stock closes where it opened and never falls below zero."""
    stock = result["inventory_plan"].sort("item", "location", "period")
    assert (stock.get_column("quantity").min() or 0.0) >= 0.0  # type: ignore[operator]
    moved = pl.col("quantity").shift(1).over("item", "location") - pl.col("opening")
    assert (stock.select(moved.abs().max()).item() or 0.0) < 1e-9


def check_capacity(result: dict[str, pl.DataFrame]) -> None:
    """No resource works more than it can, unless a violation says so."""
    if not result["violation"].filter(pl.col("rule").is_in(["capacity", "overtime"])).is_empty():
        return
    load = result["capacity_load"]
    over = pl.col("load") - pl.col("available") - pl.col("overtime_limit").fill_null(float("inf"))
    assert (load.select(over.max()).item() or 0.0) < 1e-4
    taken = result["route_load"].group_by("resource", "period").agg(pl.col("load").sum().alias("taken"))
    both = load.join(taken, on=["resource", "period"], how="left").with_columns(pl.col("taken").fill_null(0.0))
    assert (both.select((pl.col("load") - pl.col("taken")).abs().max()).item() or 0.0) < 1e-4


def check_money(result: dict[str, pl.DataFrame]) -> None:
    """The table cost adds up to the objective, the model's own prices included."""
    fact = result["solution"].filter(pl.col("fact") == "objective").get_column("value").item()
    total = result["cost"].get_column("amount").sum()
    assert total == pytest.approx(float(fact), rel=1e-5, abs=1e-2)


@given(companies())
@settings(max_examples=16, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
def test_any_company_gets_a_plan_that_adds_up(company: tuple[dict[str, pl.DataFrame], dict[str, Any]]) -> None:
    tables, setting = company
    result = solve(HORIZON, setting, **tables)
    check_demand(result, tables)
    check_stock(result)
    check_capacity(result)
    check_money(result)


@given(companies(), st.randoms(use_true_random=False))
@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
def test_order_of_rows_changes_nothing(company: tuple[dict[str, pl.DataFrame], dict[str, Any]], random: Any) -> None:
    tables, setting = company
    seed = random.randint(0, 1000)
    shuffled = {name: frame.sample(fraction=1.0, shuffle=True, seed=seed) if frame.height else frame for name, frame in tables.items()}
    one, other = solve(HORIZON, setting, **tables), solve(HORIZON, setting, **shuffled)
    for name, frame in one.items():
        assert frame.equals(other[name]), name
