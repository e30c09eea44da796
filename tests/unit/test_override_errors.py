"""What overrides and scenarios are refused for, in the words that people read."""

import datetime as dt
from typing import Any

import polars as pl
import pytest
from pydantic import ValidationError

from equipoise.errors import DataError, InputError
from equipoise.gate import Run
from equipoise.scenario import Override, Scenario, apply, chain, faults_of
from equipoise.tables import table

DAY = dt.date(2027, 1, 1)
ROW = {"item": "a", "market": "north", "period": DAY, "quantity": 10.0}
CONSENSUS = table("consensus").conform(pl.DataFrame([ROW]))


def change(**values: Any) -> Override:
    return Override.model_validate({"table": "consensus", "operation": "set", "value": 1, **values})


@pytest.mark.parametrize(
    ("override", "words"),
    [
        (change(operation="scale", value=1e15), "makes numbers beyond 1,000,000,000,000,000"),
        (change(split_by="history.quantity"), "history is not made yet where consensus is overridden"),
        (change(operation="insert"), "insert needs a row"),
        (change(column="owner", operation="add"), "words, dates and flags can only be set"),
        (change(split_by="item.family"), "item has no column family of numbers"),
    ],
)
def test_an_override_that_cannot_be_laid_is_refused(override: Override, words: str) -> None:
    with pytest.raises(DataError, match=words) as caught:
        apply(CONSENSUS, [override], "consensus", {})
    assert caught.value.fix


def test_several_faults_are_told_at_once() -> None:
    with pytest.raises(DataError, match="2 overrides of consensus cannot be applied") as caught:
        apply(CONSENSUS, [change(operation="insert"), change(value="many")], "consensus", {})
    assert len(caught.value.faults) == 2


def test_a_flag_is_asked_for_as_yes_or_no() -> None:
    rows = table("correction").conform(pl.DataFrame([{**ROW, "accepted": True}]))
    override = Override(table="correction", where={"accepted": "maybe"}, operation="remove")
    with pytest.raises(DataError, match="accepted of correction is yes or no, not 'maybe'"):
        apply(rows, [override], "correction", {})


def test_a_measure_without_its_split_is_refused() -> None:
    with pytest.raises(ValidationError, match="split_by names a measure, but split is equal"):
        change(split="equal", split_by="history.quantity")


def test_scenarios_with_one_name_are_refused() -> None:
    with pytest.raises(InputError, match="Scenarios named twice: rush"):
        chain([Scenario(name="rush"), Scenario(name="rush")], "rush")


def test_a_row_that_is_there_is_not_inserted_again() -> None:
    override = Override(table="consensus", operation="insert", value={**ROW, "period": "2027-01"})
    assert not list(faults_of(override))
    with pytest.raises(InputError, match="After its overrides, consensus has two rows for item a, market north, period 2027-01-01"):
        Run({}, (override,)).admit("consensus", CONSENSUS)
