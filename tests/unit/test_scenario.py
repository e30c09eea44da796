"""Overrides and scenarios."""

import datetime as dt

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from equipoise.errors import DataError, InputError
from equipoise.scenario import Override, Scenario, apply, chain, diff
from equipoise.tables import table

ITEMS = table("item").conform(pl.DataFrame({"item": ["a", "b", "c"], "family": ["tents", "packs", "tents"]}))
MARKETS = table("market").conform(pl.DataFrame({"market": ["north", "south"], "region": ["x", "y"]}))
MASTERS = {"item": ITEMS, "market": MARKETS}


def plan(quantities: list[float] | None = None) -> pl.DataFrame:
    quantities = quantities or [10, 20, 30, 40]
    rows = {
        "item": ["a", "a", "b", "c"],
        "market": ["north", "south", "north", "south"],
        "period": [dt.date(2027, 1, 1), dt.date(2027, 2, 1), dt.date(2027, 1, 1), dt.date(2027, 3, 1)],
        "quantity": [float(quantity) for quantity in quantities],
    }
    return table("demand_plan").conform(pl.DataFrame(rows))


def change(**values: object) -> Override:
    return Override.model_validate({"table": "demand_plan", **values})


def quantities(*overrides: Override) -> list[float]:
    return apply(plan(), overrides, "demand_plan", MASTERS)["quantity"].to_list()


def test_scale_by_an_attribute_of_a_key() -> None:
    assert quantities(change(where={"family": "tents"}, operation="scale", value=2)) == [20, 40, 30, 80]
    assert quantities(change(where={"region": "y"}, operation="scale", value=2)) == [10, 40, 30, 80]


def test_a_range_of_periods_includes_both_ends() -> None:
    window = {"period": {"from": "2027-01", "to": "2027-02"}}
    assert quantities(change(where=window, operation="add", value=1)) == [11, 21, 31, 40]


def test_a_total_is_shared_in_proportion_or_equally() -> None:
    assert quantities(change(operation="set", value=200, split="proportional")) == [20, 40, 60, 80]
    assert quantities(change(operation="add", value=40, split="equal")) == [20, 30, 40, 50]
    assert quantities(change(operation="set", value=8, split="equal")) == [2, 2, 2, 2]


def test_insert_and_remove() -> None:
    row = {"item": "b", "market": "south", "period": "2027-04", "quantity": 5}
    after = apply(plan(), [change(operation="insert", value=row)], "demand_plan", MASTERS)
    assert after.height == 5
    assert after.row(4, named=True)["period"] == dt.date(2027, 4, 1)
    assert apply(plan(), [change(where={"item": ["a", "b"]}, operation="remove")], "demand_plan", MASTERS)["item"].to_list() == ["c"]


def test_only_accepted_overrides_of_the_table_count() -> None:
    off = change(operation="scale", value=2, status="proposed")
    other = Override(table="capacity", column="regular", operation="scale", value=2)
    assert quantities(off, other) == [10, 20, 30, 40]


def test_faults_come_all_at_once_and_name_what_is_nearest() -> None:
    overrides = [
        change(where={"family": "tent"}, operation="scale", value=2),
        change(where={"colour": "red"}, operation="scale", value=2),
        change(column="quantty", operation="scale", value=2),
        change(operation="scale", value="two"),
        change(operation="insert", value={"item": "a"}),
    ]
    with pytest.raises(DataError) as caught:
        apply(plan(), overrides, "demand_plan", MASTERS)
    text = str(caught.value)
    assert len(caught.value.faults) == 5
    for words in (
        "Family tent is not there; the nearest are tents",
        "no column colour",
        "Did you mean quantity",
        "takes a number",
        "no value for market",
    ):
        assert words in text


def test_two_sets_of_one_cell_name_both() -> None:
    with pytest.raises(DataError) as caught:
        apply(
            plan(),
            [change(where={"item": "a"}, operation="set", value=1), change(where={"market": "north"}, operation="set", value=2)],
            "demand_plan",
            MASTERS,
        )
    assert "set to 1" in str(caught.value)
    assert "set to 2" in str(caught.value)


def test_what_a_solver_made_cannot_be_overridden() -> None:
    with pytest.raises(ValidationError, match="cannot be overridden"):
        Override(table="supply_plan", operation="set", value=1)


@given(st.lists(st.floats(0, 1e6), min_size=4, max_size=4))
def test_a_scenario_without_overrides_changes_nothing(values: list[float]) -> None:
    before = plan(values)
    for batch in chain([Scenario(name="same")], "same"):
        assert apply(before, batch, "demand_plan", MASTERS).equals(before)
    assert diff(before, before, "demand_plan").height == 0


@given(st.floats(0.01, 100), st.floats(0.01, 100))
def test_scales_compose(first: float, second: float) -> None:
    one_by_one = quantities(change(operation="scale", value=first), change(operation="scale", value=second))
    assert one_by_one == pytest.approx(quantities(change(operation="scale", value=first * second)))


def test_a_scenario_lays_its_parents_overrides_first() -> None:
    up, down = change(operation="scale", value=2), change(operation="add", value=-1)
    scenarios = [Scenario(name="child", parent="parent", overrides=(down,)), Scenario(name="parent", overrides=(up,))]
    assert chain(scenarios, "child") == ((up,), (down,))


@pytest.mark.parametrize(
    ("scenarios", "words"),
    [
        ([Scenario(name="a", parent="b"), Scenario(name="b", parent="a")], "each other's parents"),
        ([Scenario(name="a"), Scenario(name="a")], "named twice"),
        ([Scenario(name="a", parent="bees")], "no scenario bees"),
    ],
)
def test_families_of_scenarios_must_make_sense(scenarios: list[Scenario], words: str) -> None:
    with pytest.raises(InputError, match=words):
        chain(scenarios, "a")


def test_diff_lists_changed_cells() -> None:
    after = apply(plan(), [change(where={"item": "b"}, operation="set", value=1)], "demand_plan", MASTERS)
    changed = diff(plan(), after, "demand_plan")
    assert changed.select("item", "column", "before", "after").rows() == [("b", "quantity", "30.0", "1.0")]
