"""Planning families in place of their items: what is given for items, added up or averaged by the mix of their demand."""

import datetime as dt
from typing import Any

import polars as pl
import pytest

from equipoise.gather.masters import with_families
from equipoise.reconcile.gaps.planned import demand_as_planned, routes_as_planned
from equipoise.supply import item_plan, supply
from equipoise.supply.formulate import MODEL_TABLES
from equipoise.supply.model.aggregation import planned_tables
from equipoise.supply.model.families import families
from equipoise.tables import table
from equipoise.tables.setting import Setting, to_table

_MONTHS = [dt.date(2027, month, 1) for month in range(1, 4)]


def _rows(columns: str, *rows: tuple[Any, ...]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=columns.split(), orient="row", infer_schema_length=None)


def company(level: str = "family", frozen: int = 0, **tables: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """Family F: 1 of A to 3 of B are sold, at 20 and 10; A takes 2 hours and 4 parts, B takes 1 and 8. C has no family."""
    setting = {"plan": "family", "calendar": {"start": _MONTHS[0], "horizon": 3, "frozen": frozen}, "supply": {"level": level}}
    sold = [(item, "m", month, quantity, price) for item, quantity, price in (("A", 100.0, 20.0), ("B", 300.0, 10.0)) for month in _MONTHS]
    given = {
        "item": _rows(
            "item family kind unit unit_price unit_cost",
            ("A", "F", "finished", "piece", 20.0, 8.0),
            ("B", "F", None, "piece", 10.0, 4.0),
            ("C", None, "finished", "piece", 5.0, 1.0),
            ("part", "Parts", "component", "kg", None, 0.1),
        ),
        "demand_plan": _rows("item market period quantity unit_price", *sold, ("C", "m", _MONTHS[0], 7.0, 5.0)),
        "route": _rows(
            "route item location unit_cost lead_time", ("A1", "A", "p", 2.0, 0.0), ("B1", "B", "p", 1.0, 4.0), ("C1", "C", "p", 1.0, 0.0)
        ),
        "usage": _rows(
            "activity of resource quantity", ("make", "A1", "line", 2.0), ("make", "B1", "line", 1.0), ("make", "C1", "line", 1.0)
        ),
        "bom": _rows("route component quantity", ("A1", "part", 4.0), ("B1", "part", 8.0)),
        "purchase": _rows("purchase item location unit_cost", ("P1", "part", "p", 0.1)),
        "capacity": _rows("resource regular", ("line", 600.0)),
        "on_hand": _rows("item location quantity", ("A", "p", 10.0), ("B", "p", 30.0), ("part", "p", 50.0)),
        "backlog": _rows("item market quantity", ("A", "m", 4.0), ("B", "m", 6.0)),
        "inventory_policy": _rows(
            "item location safety_stock weeks_of_supply maximum shortfall_cost",
            ("A", "p", 20.0, None, 200.0, 1.0),
            ("B", "p", 30.0, 4.0, None, 2.0),
        ),
        **tables,
    }
    empty = {name: table(name).empty() for name in MODEL_TABLES if name != "setting"}
    return {
        **empty,
        **{name: table(name).conform(frame) for name, frame in given.items()},
        "setting": to_table(Setting.model_validate(setting)),
    }


def _row(frame: pl.DataFrame, **where: Any) -> dict[str, Any]:
    return frame.filter(**where).row(0, named=True)


def test_item_level_changes_nothing() -> None:
    tables = company("item")
    assert planned_tables(tables) is tables


def test_demand_adds_up_and_keeps_its_revenue() -> None:
    made = planned_tables(company())["demand_plan"]
    family = _row(made, item="F", period=_MONTHS[0])
    assert family["quantity"] == 400
    assert family["unit_price"] == pytest.approx((100 * 20 + 300 * 10) / 400)
    assert set(made.get_column("item")) == {"C", "F"}


def test_bills_are_averages_by_the_mix() -> None:
    """A quarter of A and three of B: 2 x 1/4 + 1 x 3/4 hours, 4 x 1/4 + 8 x 3/4 parts."""
    made = planned_tables(company())
    assert _row(made["usage"], of="F at p")["quantity"] == pytest.approx(1.25)
    assert _row(made["bom"], route="F at p")["quantity"] == pytest.approx(7.0)
    route = _row(made["route"], route="F at p")
    assert (route["item"], route["unit_cost"], route["lead_time"]) == ("F", pytest.approx(1.25), pytest.approx(3.0))
    assert _row(made["item"], item="F")["unit_cost"] == pytest.approx(5.0)
    assert _row(made["item"], item="F")["unit"] == "piece"
    assert set(made["route"].get_column("route")) == {"C1", "F at p"}


def test_stock_and_policies_add_up() -> None:
    made = planned_tables(company())
    assert _row(made["on_hand"], item="F")["quantity"] == 40
    assert _row(made["on_hand"], item="part")["quantity"] == 50
    assert _row(made["backlog"], item="F")["quantity"] == 10
    policy = _row(made["inventory_policy"], item="F")
    assert (policy["safety_stock"], policy["weeks_of_supply"], policy["maximum"]) == (50, pytest.approx(3.0), None)
    assert policy["shortfall_cost"] == pytest.approx(1.75)


def test_computed_targets_add_up_where_none_is_given() -> None:
    aim = [(item, "p", month, safety) for item, safety in (("A", 99.0), ("B", 7.0)) for month in _MONTHS]
    policy = _rows("item location safety_stock", ("A", "p", 20.0), ("B", None, None))
    made = planned_tables(company(inventory_target=_rows("item location period safety_stock", *aim), inventory_policy=policy))
    assert made["inventory_policy"].filter(item="F").get_column("safety_stock").to_list() == [27.0] * 3
    assert made["inventory_target"].is_empty()


def test_what_is_given_for_the_family_wins() -> None:
    policy = _rows("item location safety_stock", ("A", "p", 20.0), ("F", "p", 77.0))
    route = _rows("route item location", ("A1", "A", "p"), ("B1", "B", "p"), ("F1", "F", "p"))
    made = planned_tables(company(inventory_policy=policy, route=route))
    assert made["inventory_policy"].filter(item="F").get_column("safety_stock").to_list() == [77.0]
    assert set(made["route"].get_column("route")) == {"F1"}
    assert made["bom"].is_empty()


def test_firm_plans_fix_a_family_only_where_all_its_items_are_fixed() -> None:
    rows = [("production", "A1", _MONTHS[0], 60.0), ("production", "B1", _MONTHS[0], 90.0), ("production", "A1", _MONTHS[1], 50.0)]
    plan = _rows("kind key period fixed", *rows)
    made = planned_tables(company(firm_plan=plan))["firm_plan"].sort("period")
    assert made.select("key", "fixed", "minimum", "maximum").rows() == [("F at p", 150.0, None, None), ("F at p", None, 50.0, None)]
    held = planned_tables(company(frozen=2, firm_plan=plan))["firm_plan"].sort("period")
    assert held.get_column("fixed").to_list() == [150.0, 50.0]


def test_a_way_of_some_items_is_limited_to_their_need() -> None:
    """Only A can be bought: 300 sold, 4 late, 20 of safety stock, 10 on hand."""
    bought = _rows("purchase item location supplier kind", ("A2", "A", "p", "S", "subcontract"))
    made = planned_tables(company(purchase=bought))
    limit = made["limit"].row(0, named=True)
    assert limit["at_most"] == pytest.approx(300 + 4 + 20 - 10)
    assert made["limit_member"].select("table", "key").rows() == [("purchase", "F to p")]


def test_limits_name_the_family() -> None:
    member = _rows("limit table key", ("L", "route", "A1"), ("L", "item", "B"), ("L", "item", "C"))
    made = planned_tables(company(limit_member=member, limit=_rows("limit at_most", ("L", 5.0))))["limit_member"]
    assert made.select("table", "key").rows() == [("route", "F at p"), ("item", "F"), ("item", "C")]


def test_purchase_limits_hold_where_every_purchase_has_one() -> None:
    bought = _rows("purchase item location supplier", ("A2", "A", "p", "S"), ("B2", "B", "p", "S"))
    both = _rows("purchase minimum maximum", ("A2", 1.0, 10.0), ("B2", None, 20.0))
    made = planned_tables(company(purchase=bought, purchase_limit=both))["purchase_limit"]
    assert made.select("purchase", "minimum", "maximum").rows() == [("F to p", 1.0, 30.0)]
    one = planned_tables(company(purchase=bought, purchase_limit=both.head(1)))["purchase_limit"]
    assert one.get_column("maximum").to_list() == [None]


def test_demand_policy_of_most_of_the_demand() -> None:
    policy = _rows("item market backlog_allowed backlog_cost", ("A", "m", True, 8.0), ("B", None, False, 4.0), (None, None, True, 1.0))
    made = planned_tables(company(demand_policy=policy))["demand_policy"]
    family = _row(made, item="F", period=_MONTHS[0])
    assert (family["backlog_allowed"], family["backlog_cost"]) == (False, pytest.approx(5.0))
    assert made.filter(pl.col("item").is_null()).height == 1


def test_dated_rows_of_some_items() -> None:
    route = _rows(
        "route item location period unit_cost",
        ("A1", "A", "p", None, 2.0),
        ("B1", "B", "p", None, 1.0),
        ("B1", "B", "p", _MONTHS[1], 5.0),
    )
    made = planned_tables(company(route=route))["route"].sort("period")
    assert made.get_column("unit_cost").to_list() == pytest.approx([1.25, 4.25, 1.25])


def test_a_lane_of_items_is_one_of_the_family() -> None:
    lane = _rows(
        "lane item from to unit_cost limit",
        ("p to m", "A", "p", "m", 2.0, 50.0),
        ("p to m", "B", "p", "m", 1.0, None),
        ("p to m", "C", "p", "m", 9.0, None),
    )
    made = planned_tables(company(lane=lane))["lane"]
    assert made.select("item", "unit_cost", "limit").rows() == [("C", 9.0, None), ("F", 1.25, None)]


def test_an_item_that_is_a_part_is_planned_by_itself() -> None:
    by_family = families(company(bom=_rows("route component quantity", ("A1", "B", 1.0))), pl.DataFrame({"period": _MONTHS}))
    assert by_family.members.rows() == [("A", "F", 1.0)]


def test_a_family_without_demand_shares_equally() -> None:
    by_family = families(company(demand_plan=table("demand_plan").empty()), pl.DataFrame({"period": _MONTHS}))
    assert by_family.members.get_column("mix").to_list() == [0.5, 0.5]


def test_the_plan_of_families_goes_to_items_and_earns_the_same() -> None:
    """There is room for all: revenue is that of the item plan, but for 15: late demand of 10 units is priced at the family's average.

    The weeks of the items add up to the families' months.
    """
    made = {level: supply(company(level)) for level in ("item", "family")}
    revenue = {level: sum(tables["cost"].filter(term="revenue").get_column("amount").to_list()) for level, tables in made.items()}
    assert revenue["family"] == pytest.approx(revenue["item"] - (4 * 20 + 6 * 10) + 10 * 12.5)
    plan = made["family"]["supply_plan"]
    assert set(plan.get_column("item")) == {"F", "C"}
    split = item_plan({**company(), **made["family"]})
    found = split.group_by("route", "period", maintain_order=True).agg(pl.col("quantity").sum().alias("split"))
    both = pl.concat(
        [
            plan.select("route", "period", "quantity"),
            made["family"]["purchase_plan"].select("purchase", "period", "quantity").rename({"purchase": "route"}),
        ]
    )
    joined = both.join(found, on=["route", "period"], how="left", maintain_order="left")
    assert joined.get_column("split").to_list() == pytest.approx(joined.get_column("quantity").to_list())
    assert set(split.filter(route="F at p").get_column("item")) == {"A", "B"}


def test_families_are_items_that_facts_may_name() -> None:
    item = table("item").conform(
        _rows("item family unit unit_cost", ("A", "F", "kg", 2.0), ("B", "F", "kg", 6.0), ("G", "G", "t", 1.0), ("H", "G", "t", 9.0))
    )
    history = _rows(
        "item market period quantity",
        ("A", "m", dt.date(2026, 12, 1), 30.0),
        ("B", "m", dt.date(2026, 12, 1), 10.0),
        ("B", "m", dt.date(2024, 1, 1), 1e6),
    )
    made = with_families(item, table("history").conform(history), table("forecast").empty())
    assert made.get_column("item").to_list() == ["A", "B", "G", "H", "F"]
    family = _row(made, item="F")
    assert (family["family"], family["unit"], family["unit_cost"]) == ("F", "kg", pytest.approx(3.0))
    undated = table("history").conform(_rows("item market quantity", ("A", "m", 1.0)))
    assert with_families(item, undated, table("forecast").empty()).height == 5
    none = table("history").empty(), table("forecast").empty()
    assert _row(with_families(item, *none), item="F")["unit_cost"] == pytest.approx(4.0)
    expected = table("forecast").conform(_rows("source item market quantity", ("s", "A", "m", 90.0), ("s", "B", "m", 30.0)))
    assert _row(with_families(item, none[0], expected), item="F")["unit_cost"] == pytest.approx(3.0)


def test_gaps_are_told_of_what_was_planned() -> None:
    tables = company()
    made = supply(tables)
    item = with_families(tables["item"], table("history").empty(), table("forecast").empty())
    demand = demand_as_planned(tables["demand_plan"], made["shortage"], item)
    assert _row(demand, item="F", period=_MONTHS[0])["unit_price"] == pytest.approx(12.5)
    routes, usage = routes_as_planned(made["supply_plan"], made["route_load"])
    assert set(routes.get_column("route")) == {"F at p", "C1"}
    assert _row(usage, of="F at p")["quantity"] == pytest.approx(1.25)
