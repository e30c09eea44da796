"""A short torture of the record: `make torture` is the long one."""

from contextlib import closing
from pathlib import Path

import pytest

from equipoise.store import open_store
from tests.torture import kill, writers


@pytest.mark.slow
def test_what_was_acknowledged_outlives_kills(tmp_path: Path) -> None:
    tally = kill.torture(tmp_path / "company", 4, seed=3)
    assert tally.asked


@pytest.mark.slow
def test_what_was_acknowledged_outlives_kills_on_postgresql(tmp_path: Path, database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EQUIPOISE_STORE", database)
    tally = kill.torture(tmp_path / "company", 2, seed=5)
    assert tally.asked


def test_no_edit_of_many_writers_is_lost(tmp_path: Path) -> None:
    told = writers.write_together(tmp_path, 4, 20, 2)
    with closing(open_store(tmp_path)) as store:
        writers.check(store, told, 20)


def test_no_edit_of_many_writers_is_lost_on_postgresql(tmp_path: Path, database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EQUIPOISE_STORE", database)
    told = writers.write_together(tmp_path, 12, 20, 3)
    with closing(open_store(tmp_path)) as store:
        writers.check(store, told, 20)
