"""What differs between two tables, added up over groups, and between two lists of overrides."""

import datetime as dt

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from equipoise.scenario import Override, override_table
from equipoise.scenario.difference import difference, groups_of, measure_of, override_difference
from equipoise.tables import table

JANUARY, FEBRUARY = dt.date(2027, 1, 1), dt.date(2027, 2, 1)


def plan(*rows: tuple[str | None, dt.date, float | None]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema={"family": pl.String, "period": pl.Date, "quantity": pl.Float64}, orient="row")


def test_sums_of_groups_are_compared_the_largest_difference_first() -> None:
    before = plan(("Tents", JANUARY, 10), ("Tents", JANUARY, 5), ("Bags", JANUARY, 7), ("Bags", FEBRUARY, 1))
    after = plan(("Tents", JANUARY, 12), ("Bags", JANUARY, 7), ("Bags", FEBRUARY, 21), ("Lamps", JANUARY, 2))
    assert difference(before, after, ("family", "period"), "quantity").rows() == [
        ("Bags", FEBRUARY, 1.0, 21.0, 20.0),
        ("Tents", JANUARY, 15.0, 12.0, -3.0),
        ("Lamps", JANUARY, None, 2.0, 2.0),
    ]


def test_what_belongs_to_no_group_is_one_group() -> None:
    found = difference(plan((None, JANUARY, 1)), plan((None, JANUARY, 4)), ("family",), "quantity")
    assert found.rows() == [(None, 1.0, 4.0, 3.0)]


def test_rounding_is_no_difference_and_a_small_amount_is_one() -> None:
    tenths = plan(*(("Tents", JANUARY, 0.1) for _ in range(10)))
    assert difference(tenths, plan(("Tents", JANUARY, 1.0)), ("family",), "quantity").height == 0
    assert difference(plan(("Tents", JANUARY, 0.001)), plan(("Tents", JANUARY, 0.002)), ("family",), "quantity").height == 1


ROWS = st.lists(
    st.tuples(st.sampled_from(["A", "B", None]), st.sampled_from([JANUARY, FEBRUARY]), st.integers(-50, 50).map(float)), max_size=12
)


@given(ROWS, ROWS)
def test_differences_add_up_to_the_difference_of_the_totals_both_ways(before: list[tuple], after: list[tuple]) -> None:  # type: ignore[type-arg]
    first, second = plan(*before), plan(*after)
    found = difference(first, second, ("family", "period"), "quantity")
    total = sum(row[2] for row in after) - sum(row[2] for row in before)
    assert found.get_column("difference").sum() == pytest.approx(total)
    back = difference(second, first, ("family", "period"), "quantity")
    assert (
        back.select("family", "period", -pl.col("difference"))
        .sort(pl.all())
        .equals(found.select("family", "period", "difference").sort(pl.all()))
    )
    assert difference(first, first, ("family", "period"), "quantity").height == 0


def test_the_order_of_rows_makes_no_difference() -> None:
    one = plan(*(("A", JANUARY, value) for value in (0.1, 0.7, 1e9, -1e9, 0.3)))
    assert difference(one, one.reverse(), ("family",), "quantity").height == 0


@pytest.mark.parametrize(
    ("name", "column", "measure"),
    [
        ("demand_plan", "", "quantity"),
        ("financials", "", "amount"),
        ("inventory_plan", "value", "value"),
        ("demand_plan", "unit_price", ""),
        ("demand_plan", "market", ""),
        ("gap_cause", "statement", ""),
    ],
)
def test_a_quantity_that_adds_up_is_compared(name: str, column: str, measure: str) -> None:
    assert measure_of(table(name), column) == measure


@pytest.mark.parametrize(
    ("name", "beside", "groups"),
    [
        ("demand_plan", ("family",), ("family", "market", "period")),
        ("supply_plan", ("family",), ("family", "location", "period")),
        ("financials", (), ("scenario", "line", "family", "period")),
        ("capacity_load", (), ("resource", "period")),
        ("setting", (), ("setting",)),
    ],
)
def test_tables_are_added_up_by_family_and_place_else_by_their_keys(name: str, beside: tuple[str, ...], groups: tuple[str, ...]) -> None:
    assert groups_of(table(name), (*table(name).by_name, *beside)) == groups


def overrides(**batches: list[Override]) -> pl.DataFrame:
    return override_table({"" if name == "base" else name: one for name, one in batches.items()})


def override(name: str, value: float, **said: object) -> Override:
    return Override.model_validate({"id": name, "table": "demand_plan", "operation": "scale", "value": value, **said})


def test_overrides_are_added_removed_or_changed() -> None:
    before = overrides(base=[override("a", 1.1), override("b", 1.2, reason="Fair"), override("c", 1.3)], high=[override("a", 2.0)])
    after = overrides(base=[override("c", 1.3), override("b", 1.25, reason="Larger fair"), override("d", 1.4)], high=[override("a", 2.0)])
    found = override_difference(before, after)
    assert found.select("change", "override", "value", "reason").rows() == [
        ("removed", "a", "1.1", ""),
        ("was", "b", "1.2", "Fair"),
        ("changed", "b", "1.25", "Larger fair"),
        ("added", "d", "1.4", ""),
    ]


def test_an_override_of_a_scenario_is_another_than_one_of_the_base_plan() -> None:
    found = override_difference(overrides(base=[override("a", 1.1)]), overrides(high=[override("a", 1.1)]))
    assert found.select("change", "scenario").rows() == [("removed", None), ("added", "high")]


def test_what_an_override_was_made_on_and_its_place_are_no_difference() -> None:
    before = overrides(base=[override("a", 1.1), override("b", 1.2, was=100)])
    after = overrides(base=[override("b", 1.2, was=120), override("a", 1.1)])
    assert override_difference(before, after).height == 0
