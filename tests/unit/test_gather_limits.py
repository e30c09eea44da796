"""Limits in words laid into tables."""

import datetime as dt

import polars as pl
import pytest

from equipoise.gather import Facts, facts, read_plan

MONTHS = [dt.date(2027, month, 1) for month in range(1, 13)]

BASE = """\
plan: test
calendar: {start: 2027-01-01, horizon: 12}
tables:
  item: [{item: Tent, family: Tents}, {item: Bag, family: Bags}, {item: Cloth, kind: raw}]
  market: [{market: North}]
  location: [{location: Plant A}, {location: Plant B}]
  resource:
    - {resource: Line 1, location: Plant A}
    - {resource: Line 2, location: Plant B, unit: units}
    - {resource: Crew, location: Plant A, kind: labor}
  route: [{route: tent a, item: Tent, location: Plant A}, {route: bag b, item: Bag, location: Plant B}]
  usage: [{activity: make, of: tent a, resource: Line 1, quantity: 1}, {activity: make, of: bag b, resource: Line 2, quantity: 1}]
  bom: [{route: tent a, component: Cloth, quantity: 3}]
  capacity: [{resource: Line 1, regular: 100, overtime_limit: 30}, {resource: Line 2, regular: 400}]
  workforce: [{resource: Crew, workers: 5, hours_per_worker: 150}]
  purchase: [{purchase: cloth, item: Cloth, location: Plant A, supplier: Weaver}]
  forecast:
    columns: [source, item, market, period, kind, quantity]
    rows: [[sales, Tent, North, 2027-01-01, increment, 10], [sales, Tent, North, 2027-02-01, increment, 20],
      [sales, Bag, North, 2027-01-01, increment, 5]]
"""


def laid(*sentences: str, base: str = BASE, kind: str = "any") -> Facts:
    constraints = "".join(f"  - {{type: {kind}, limit: '{sentence}'}}\n" for sentence in sentences)
    return facts(read_plan(f"{base}constraints:\n{constraints}", "plan.yaml", dt.date(2026, 12, 5)), {})


def column(found: Facts, name: str, column: str, **where: object) -> list[object]:
    return found.refuse_errors().tables[name].filter(**where)[column].to_list()


def recorded(found: Facts) -> str:
    return "\n".join(found.tables["assumption_made"]["statement"].to_list())


def errors(found: Facts) -> str:
    return "\n".join(str(fault) for fault in found.errors)


def test_shares_of_overtime_are_of_capacity_as_changed_whatever_the_order() -> None:
    for sentences in (("10% overtime max", "2 shifts"), ("2 shifts", "10% overtime max")):
        found = laid(*sentences)
        assert column(found, "capacity", "regular", resource="Line 1") == [200] * 12
        assert column(found, "capacity", "overtime_limit", resource="Line 1") == [20] * 12
        assert column(found, "workforce", "overtime_hours_per_worker", resource="Crew") == [15] * 12
    assert "'2 shifts' is read as: the capacity given is that of one shift, and regular capacity is times 2" in recorded(found)
    assert found.tables["assumption_made"].filter(pl.col("origin") == "plan.yaml:23").height >= 1


def test_times_choose_periods() -> None:
    found = laid("Line 1: no overtime in August", "3 shifts from March to May", "Plant B closed in July")
    overtime = column(found, "capacity", "overtime_limit", resource="Line 1")
    assert overtime == [30] * 7 + [0] + [30] * 4
    assert column(found, "capacity", "regular", resource="Line 1") == [100, 100, 300, 300, 300] + [100] * 7
    closed = found.tables["capacity"].filter(resource="Line 2", period=dt.date(2027, 7, 1)).select("regular", "overtime_limit").row(0)
    assert closed == (0, 0)


def test_part_of_a_period_is_taken_by_the_day() -> None:
    quarterly = BASE.replace("{start: 2027-01-01, horizon: 12}", "{cadence: quarter, start: 2027-01-01, horizon: 4}")
    found = laid("Line 1: plant closed in August", base=quarterly)
    assert column(found, "capacity", "regular", resource="Line 1") == [100, 100, pytest.approx(100 * (1 - 31 / 92)), 100]


def test_levels_changes_and_utilisation() -> None:
    assert column(laid("Line 1: capacity 150 hours per month"), "capacity", "regular", resource="Line 1") == [150] * 12
    february = column(laid("Line 1: capacity 70 hours per week"), "capacity", "regular", resource="Line 1")[1]
    assert february == pytest.approx(280)
    assert column(laid("capacity +10% from 2027-11"), "capacity", "regular", resource="Line 2") == [400] * 10 + [pytest.approx(440)] * 2
    assert column(laid("Line 1: at most 80% utilisation"), "capacity", "efficiency", resource="Line 1") == [0.8] * 12
    assert column(laid("Line 1: max 90 hours per month"), "capacity", "regular", resource="Line 1") == [90] * 12
    assert column(laid("Line 1: overtime at most 12 hours per month"), "capacity", "overtime_limit", resource="Line 1") == [12] * 12


def test_output_is_limited_over_routes_or_for_one_of_them() -> None:
    found = laid("max 500 units per month")
    assert found.refuse_errors().tables["limit"].select("limit", "at_most", "span").rows() == [("max 500 units per month", 500, "period")]
    assert column(found, "limit_member", "key") == ["bag b", "tent a"]
    assert column(laid("Tents: at least 7 units per month"), "limit", "at_least") == [7]
    firm = laid("Tents: max 9 units per month in May").refuse_errors().tables["firm_plan"]
    assert firm.select("kind", "key", "period", "maximum").rows() == [("production", "tent a", dt.date(2027, 5, 1), 9)]


def test_lots_times_lives_and_targets() -> None:
    found = laid("lead time 2 weeks", "minimum lot 100 units", "Bags: lots of 50", "shelf life 90 days", "safety stock 2 weeks")
    assert column(found, "route", "lead_time", route="tent a") == [14] * 12
    assert column(found, "route", "minimum_lot", route="bag b") == [100] * 12
    assert column(found, "route", "lot_multiple", route="tent a") == [None] * 12
    assert column(found, "route", "lot_multiple", route="bag b") == [50] * 12
    assert column(found, "item", "shelf_life", item="Tent") == [90]
    assert column(found, "item", "shelf_life", item="Cloth") == [None]
    assert column(found, "inventory_policy", "weeks_of_supply", item="Tent", location="Plant A") == [2] * 12
    assert column(laid("Tent: safety stock 30 units"), "inventory_policy", "safety_stock", item="Tent") == [30] * 12


def test_workers_are_limited() -> None:
    assert column(laid("at most 8 workers"), "workforce", "maximum", resource="Crew") == [8] * 12
    assert column(laid("Crew: at least 3 workers in June"), "workforce", "minimum", resource="Crew") == [None] * 5 + [3] + [None] * 6


def test_suppliers_are_limited() -> None:
    found = laid("Weaver max 30 units per month", "Weaver: lead time 3 weeks", "Weaver: minimum order 12 units", "Weaver closed in March")
    assert column(found, "purchase_limit", "maximum", purchase="cloth") == [30, 30, 0] + [30] * 9
    assert column(found, "purchase", "lead_time") == [21] * 12
    assert column(found, "purchase", "minimum_lot") == [12] * 12
    assert column(laid("Supplier Weaver at least 5 units per month"), "purchase_limit", "minimum") == [5] * 12


def test_a_supplier_at_capacity_delivers_what_the_base_plan_needs() -> None:
    found = laid("Weaver at capacity")
    assert column(found, "purchase_limit", "maximum", purchase="cloth") == [30, 60] + [0] * 10
    assert "Weaver delivers no more than what the base plan needs, 0 to 60 units a month" in recorded(found)
    new = laid("Supplier Z at capacity")
    assert column(new, "purchase_limit", "maximum", purchase="Supplier Z") == [15, 20] + [0] * 10
    assert column(new, "bom", "route", component="Supplier Z material") == ["bag b", "tent a"]
    assert column(new, "lane", "to", item="Supplier Z material", period=MONTHS[0]) == ["Plant A", "Plant B"]


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("Line 9: no overtime", "Nothing is called Line 9. Did you mean Line"),
        ("Line 2: overtime at most 5 hours", "Line 2 is measured in units, not in hours."),
        ("Line 1: capacity 100 units", "Line 1 is measured in hours, not in units."),
        ("Line 1: no overtime in 2031", "The limit holds in no period of the horizon."),
        ("Line 1: at most 5 workers", "No labor that is paid by head is given."),
        ("max 5 units per month in May", "A limit over several routes cannot change over time. Name one route: bag b, tent a."),
        ("Crew: shelf life 5 days", "Crew is no item and no family."),
        ("Cloth: minimum lot 5 units", "Cloth makes nothing."),
        ("Weaver: 2 shifts", "A supplier cannot have such a limit."),
        ("Weaver max 5 hours per month", "A supplier is limited in units, not in hours."),
        ("at capacity", "Whose capacity is meant? Name the supplier"),
        ("Crew: 2 shifts", "No resource it could limit has a capacity."),
        ("Line 1: at least 90 hours per month", "A least number of hours is not a limit"),
        ("Tents: no overtime", "No resource it could limit has a capacity."),
        ("North Pole: safety stock 2 weeks", "Nothing is called North Pole."),
        ("Crew: safety stock 2 weeks", "Crew holds no stock."),
    ],
)
def test_a_limit_that_cannot_hold_says_why(sentence: str, expected: str) -> None:
    found = laid(sentence)
    assert expected in errors(found)
    assert "plan.yaml, row 22, column constraints" in errors(found)


def test_at_capacity_needs_streams() -> None:
    history = BASE + "  history: [{item: Tent, market: North, period: 2026-10-01, quantity: 5}]\n"
    assert "Give the number: 'Weaver max 20000 units per month'." in errors(laid("Weaver at capacity", base=history))


def test_kinds_choose_whom_a_limit_without_a_name_is_about() -> None:
    found = laid("10% overtime max", kind="labor")
    assert column(found, "workforce", "overtime_hours_per_worker") == [15] * 12
    assert column(found, "capacity", "overtime_limit", resource="Line 1") == [30] * 12
