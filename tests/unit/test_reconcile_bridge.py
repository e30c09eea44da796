"""From budget to plan: worked examples by hand, and exact sums for any numbers."""

import datetime as dt
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from equipoise.reconcile.money.bridge import bridge, last_cycle, price_volume_mix
from equipoise.tables import table

JANUARY = dt.date(2027, 1, 1)


def elements(*rows: tuple[float | None, float | None, float | None, float | None]) -> pl.DataFrame:
    schema = dict.fromkeys(("quantity_0", "amount_0", "quantity_1", "amount_1"), pl.Float64)
    return pl.DataFrame(rows, schema=schema, orient="row")


def test_price_volume_mix_by_hand() -> None:
    steps = dict(price_volume_mix(elements((100, 1000, 110, 1210), (50, 1000, 40, 800))))
    assert steps["Price"] == pytest.approx(110)
    assert steps["Volume"] == pytest.approx(0)
    assert steps["Mix"] == pytest.approx(-100)


def test_pure_volume_and_pure_price() -> None:
    volume = dict(price_volume_mix(elements((100, 1000, 120, 1200), (50, 1000, 60, 1200))))
    assert volume["Volume"] == pytest.approx(400)
    assert volume["Price"] == pytest.approx(0)
    assert volume["Mix"] == pytest.approx(0)
    price = dict(price_volume_mix(elements((100, 1000, 100, 1100))))
    assert [price["Price"], price["Volume"]] == pytest.approx([100, 0])


def test_new_and_dropped_things_stand_apart() -> None:
    steps = dict(price_volume_mix(elements((100, 1000, 100, 1000), (None, None, 10, 300), (20, 400, None, None), (None, 70, 5, 90))))
    assert steps["New items"] == 300
    assert steps["Dropped items"] == -400
    assert steps["Without units or price"] == 20
    assert (steps["Price"], steps["Volume"]) == (0, 0)


AMOUNT = st.one_of(st.none(), st.floats(0, 1e7).map(lambda value: round(value, 2)))


@given(st.lists(st.tuples(AMOUNT, AMOUNT, AMOUNT, AMOUNT), min_size=1, max_size=15))
def test_steps_always_add_up(rows: list[tuple[float | None, ...]]) -> None:
    frame = elements(*rows)  # type: ignore[arg-type]
    difference = float((frame["amount_1"].fill_null(0) - frame["amount_0"].fill_null(0)).sum())
    assert sum(amount for _, amount in price_volume_mix(frame)) == pytest.approx(difference, rel=1e-6, abs=1e-2)


def frame(name: str, *rows: dict[str, Any]) -> pl.DataFrame:
    schema = dict(table(name).schema)
    return pl.DataFrame([{column: row.get(column) for column in schema} for row in rows], schema=schema)


ITEMS = frame("item", {"item": "A", "family": "Tents"}, {"item": "B", "family": "Tents"}, {"item": "C", "family": "Stoves"})


NONE = last_cycle(frame("plan_snapshot"), JANUARY)


def sales(*rows: tuple[str, float, float | None]) -> pl.DataFrame:
    schema = {"item": pl.String, "quantity": pl.Float64, "revenue": pl.Float64}
    made = pl.DataFrame(rows, schema=schema, orient="row")
    return made.with_columns(
        pl.lit("North").alias("market"), pl.lit(JANUARY).alias("period"), pl.lit(None, pl.Float64).alias("gross_margin")
    )


def steps_of(made: pl.DataFrame) -> dict[str, float]:
    return dict(made.filter(pl.col("measure") == "revenue").select("step", "amount").iter_rows())


def test_budget_by_family_meets_the_plan_of_its_items() -> None:
    budget = frame("budget", {"family": "Tents", "period": JANUARY, "quantity": 100.0, "revenue": 1000.0})
    plan = sales(("A", 60, 660), ("B", 60, 540), ("C", 10, 500))
    made = steps_of(bridge(plan, plan, budget, NONE, ITEMS))
    assert made == {"Budget": 1000, "Price": 0, "Volume": 200, "Mix": 0, "New items": 500, "Plan": 1700}


def test_demand_that_is_not_served_is_its_own_step() -> None:
    budget = frame("budget", {"item": "A", "period": JANUARY, "quantity": 100.0, "revenue": 1000.0})
    made = steps_of(bridge(sales(("A", 90, 900)), sales(("A", 120, 1200)), budget, NONE, ITEMS))
    assert made == {"Budget": 1000, "Price": 0, "Volume": 200, "Mix": 0, "Demand not served": -300, "Plan": 900}


def test_backlog_that_is_served_beyond_demand_is_called_so() -> None:
    budget = frame("budget", {"item": "A", "period": JANUARY, "quantity": 100.0, "revenue": 1000.0})
    made = steps_of(bridge(sales(("A", 110, 1100)), sales(("A", 100, 1000)), budget, NONE, ITEMS))
    assert made == {"Budget": 1000, "Price": 0, "Volume": 0, "Mix": 0, "Backlog served": 100, "Plan": 1100}


def test_a_planned_item_without_a_price_is_not_called_dropped() -> None:
    budget = frame(
        "budget",
        {"item": "A", "period": JANUARY, "quantity": 100.0, "revenue": 1000.0},
        {"item": "B", "period": JANUARY, "quantity": 10.0, "revenue": 50.0},
    )
    plan = sales(("A", 100, 1000), ("B", 10, None))
    made = steps_of(bridge(plan, plan, budget, NONE, ITEMS))
    assert made["Without units or price"] == -50
    assert "Dropped items" not in made


def test_no_budget_or_no_prices_make_no_bridge() -> None:
    budget = frame("budget", {"item": "A", "period": JANUARY, "quantity": 100.0, "revenue": 1000.0})
    assert bridge(sales(("A", 1, 1)), sales(("A", 1, 1)), budget.head(0), NONE, ITEMS).is_empty()
    assert bridge(sales(("A", 1, None)), sales(("A", 1, None)), budget, NONE, ITEMS).is_empty()


CENTS = st.floats(1, 1e5)


@given(st.lists(st.tuples(CENTS, CENTS, CENTS, CENTS), min_size=1, max_size=3))
def test_the_printed_bridge_adds_up_to_the_cent(rows: list[tuple[float, float, float, float]]) -> None:
    names = ("A", "B", "C")
    budgeted = [{"item": names[n], "period": JANUARY, "quantity": row[0], "revenue": row[1]} for n, row in enumerate(rows)]
    plan = sales(*((names[n], row[2], row[3]) for n, row in enumerate(rows)))
    made = bridge(plan, plan, frame("budget", *budgeted), NONE, ITEMS).filter(pl.col("measure") == "revenue")
    cents = [round(amount * 100) for amount in made["amount"]]
    assert sum(cents[:-1]) == cents[-1]
    assert made["kind"].to_list() == ["level", *["change"] * (made.height - 2), "level"]


FEBRUARY, NOVEMBER = dt.date(2027, 2, 1), dt.date(2026, 11, 12)


def snapshot(*rows: tuple[str, str, dt.date, float, float | None], as_of: dt.date = NOVEMBER) -> pl.DataFrame:
    made = [
        {"as_of": as_of, "measure": "demand", "item": item, "place": place, "period": period, "quantity": quantity, "revenue": revenue}
        for item, place, period, quantity, revenue in rows
    ]
    return frame("plan_snapshot", *made)


def from_last(plan: pl.DataFrame, past: pl.DataFrame) -> dict[str, float]:
    made = bridge(plan, plan, frame("budget"), last_cycle(past, dt.date(2026, 12, 12)), ITEMS)
    assert set(made["against"]) <= {"last_cycle"}
    return steps_of(made)


def test_from_the_last_cycle_by_item_over_the_periods_that_both_have() -> None:
    old = snapshot(("A", "North", JANUARY, 7.0, 7.0), as_of=dt.date(2026, 10, 12))
    late = snapshot(("A", "North", JANUARY, 9.0, 9.0), as_of=dt.date(2026, 12, 12))
    past = snapshot(("A", "North", JANUARY, 100.0, 1000.0), ("A", "North", FEBRUARY, 50.0, 500.0), ("C", "North", JANUARY, 5.0, 250.0))
    made = from_last(sales(("A", 110, 1210), ("B", 10, 80)), pl.concat([old, past, late]))
    assert made == {"Last cycle": 1250, "Price": 110, "Volume": 100, "Mix": 0, "New items": 80, "Dropped items": -250, "Plan": 1290}


def test_what_the_last_plan_had_no_money_of_stands_apart() -> None:
    past = snapshot(("A", "North", JANUARY, 100.0, 1000.0), ("B", "North", JANUARY, 10.0, None))
    made = from_last(sales(("A", 100, 1000), ("B", 10, 90)), past)
    assert made == {"Last cycle": 1000, "Price": 0, "Volume": 0, "Mix": 0, "Without units or price": 90, "Plan": 1090}
    assert from_last(sales(("A", 100, 1000)), snapshot(("A", "North", JANUARY, 100.0, None))) == {}


def test_an_item_that_is_sold_in_another_market_is_not_new() -> None:
    past = snapshot(("A", "South", JANUARY, 100.0, 1000.0))
    assert from_last(sales(("A", 100, 1100)), past) == {"Last cycle": 1000, "Price": 100, "Volume": 0, "Mix": 0, "Plan": 1100}


UNITS = st.one_of(st.just(0.0), st.floats(0.01, 1e5))
SALES = st.tuples(st.sampled_from("ABC"), st.sampled_from(["North", "South"]), UNITS, st.one_of(st.none(), st.floats(0, 1e6)))


@given(st.lists(SALES, min_size=1, max_size=6, unique_by=lambda row: row[:2]), st.lists(SALES, min_size=1, max_size=6))
def test_the_bridge_from_the_last_cycle_adds_up_to_the_cent(before: list[Any], after: list[Any]) -> None:
    past = snapshot(*((item, place, JANUARY, quantity, amount) for item, place, quantity, amount in before))
    plan = sales(*((item, quantity, amount) for item, _, quantity, amount in after))
    plan = plan.with_columns(pl.Series("market", [place for _, place, _, _ in after]))
    made = bridge(plan, plan, frame("budget"), last_cycle(past, dt.date(2026, 12, 12)), ITEMS)
    cents = [round(amount * 100) for amount in made["amount"]]
    assert sum(cents[:-1]) == (cents[-1] if cents else 0)
    if cents:
        assert cents[0] == round(sum(row[3] or 0.0 for row in before) * 100)
        assert cents[-1] == round(sum(row[3] or 0.0 for row in after) * 100)
