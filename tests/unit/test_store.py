"""The store keeps what it acknowledged, and says plainly what it cannot do."""

import datetime as dt
import sqlite3
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from equipoise.errors import NotFoundError, StoreError
from equipoise.store import Signature, Version, open_store
from equipoise.tables import table
from equipoise.tables.content import content_hash

ITEMS = table("item").conform(pl.DataFrame({"item": ["a", "b"], "unit_cost": [1.5, None], "launch": [dt.date(2026, 1, 1), None]}))
BY = Signature("ada", "cli", "run")
NOW = dt.datetime(2026, 11, 22, 12, 0, 0)


def version(number: int, plan: str = "alpine") -> Version:
    return Version(
        plan, number, NOW, "code", {"plan.yaml": "hash"}, {"item": content_hash("item", ITEMS)}, ("report.html",), {"demand": 1.5}
    )


def test_a_table_comes_back_as_it_was(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    assert store.table(store.put_table("item", ITEMS)).equals(ITEMS)


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


def test_results_are_kept_by_key_across_openings(tmp_path: Path) -> None:
    open_store(tmp_path).put("key", {"item": ITEMS})
    again = open_store(tmp_path)
    held = again.get("key")
    assert held is not None
    assert held["item"].equals(ITEMS)
    assert again.get("other") is None


def test_a_lost_or_damaged_table_is_made_again_not_trusted(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    store.put("key", {"item": ITEMS})
    file = next((tmp_path / ".equipoise" / "tables").rglob("*.parquet"))
    file.write_bytes(b"not parquet")
    with pytest.raises(StoreError, match="damaged"):
        store.table(file.stem)
    assert store.get("key") is None
    with pytest.raises(NotFoundError, match="no table"):
        store.table(file.stem)
    assert store.get("key") is None
    store.put_table("item", ITEMS)
    assert store.table(file.stem).equals(ITEMS)


def test_versions_are_kept_once_and_found(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    with pytest.raises(StoreError, match="forced to disk"):
        store.add_version(version(1), BY)
    store.put_table("item", ITEMS)
    for number in (1, 2):
        store.add_version(version(number), BY)
    store.add_version(version(1, "other"), BY)
    assert store.version("alpine") == replace(version(2), line=2)
    assert store.version("alpine", 1) == replace(version(1), line=1)
    assert [held.name for held in store.versions("alpine")] == ["v0001", "v0002"]
    with pytest.raises(StoreError, match="already has a version v0002"):
        store.add_version(version(2), BY)
    with pytest.raises(NotFoundError, match="Versions there are: v0001, v0002"):
        store.version("alpine", 9)


def test_a_store_of_another_schema_is_refused_with_both_versions(tmp_path: Path) -> None:
    open_store(tmp_path)
    with sqlite3.connect(tmp_path / ".equipoise" / "store.db") as connection:
        connection.execute("UPDATE store SET schema_version = 99")
    connection.close()
    with pytest.raises(StoreError, match="schema version 99, this program knows 2"):
        open_store(tmp_path)


def test_a_file_that_is_no_database_is_said_so(tmp_path: Path) -> None:
    (tmp_path / ".equipoise").mkdir()
    (tmp_path / ".equipoise" / "store.db").write_bytes(b"this is not a database, not at all, not even nearly" * 30)
    with pytest.raises(StoreError, match="cannot be read or written"):
        open_store(tmp_path)


def test_a_workspace_that_cannot_be_made_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot be written"):
        open_store(tmp_path / "file")
