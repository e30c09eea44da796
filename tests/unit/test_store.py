"""The hash of a table's content is that of its rows, whatever their order."""

import datetime as dt

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from equipoise.tables import table
from equipoise.tables.content import content_hash

ITEMS = table("item").conform(pl.DataFrame({"item": ["a", "b"], "unit_cost": [1.5, None], "launch": [dt.date(2026, 1, 1), None]}))


@given(st.permutations(list(range(6))))
def test_the_order_of_rows_does_not_change_the_hash(order: list[int]) -> None:
    frame = table("item").conform(pl.DataFrame({"item": [f"i{n}" for n in range(6)], "unit_cost": [0.1 * n for n in range(6)]}))
    assert content_hash("item", frame[order]) == content_hash("item", frame)


def test_every_change_of_a_cell_changes_the_hash() -> None:
    hashes = {
        content_hash("item", ITEMS),
        content_hash("item", ITEMS.with_columns(unit_cost=pl.lit(1.5))),
        content_hash("item", ITEMS.with_columns(name=pl.lit(""))),
        content_hash("item", ITEMS.rename({"name": "nom"})),
    }
    assert len(hashes) == 4
