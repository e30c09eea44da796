"""What goes wrong around the store: it says so plainly, and what it has acknowledged is still there."""

import os
import resource
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import polars as pl
import psycopg
import pytest

from equipoise.errors import StoreError
from equipoise.store import Change, Store, open_store
from equipoise.store.sql import SqlStore
from equipoise.tables import table
from tests.contract.conftest import BY, ITEMS, OTHERS, Place, kept
from tests.postgres import Server

MANY = table("item").conform(pl.DataFrame({"item": [f"i{n * 7919 % 100003}" for n in range(60000)]}))


@contextmanager
def mounted(folder: Path, options: str) -> Iterator[None]:
    """Mount a file system in memory at a folder; skip the test where that is not allowed."""
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"Mounting a small disk needs root: {done.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


@dataclass
class Disk:
    """A workspace on a disk that can be filled, and freed again."""

    folder: Path
    fill: Callable[[], None]
    free: Callable[[], None]


@pytest.fixture(params=["small disk", "limited files"])
def disk(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Disk]:
    """A disk that is full: a real one where we may mount one, and files that may not grow."""
    monkeypatch.delenv("EQUIPOISE_STORE", raising=False)
    monkeypatch.delenv("EQUIPOISE_TABLES", raising=False)
    if request.param == "small disk":
        with mounted(tmp_path, "size=3m"):
            ballast = tmp_path / "ballast"
            yield Disk(tmp_path, lambda: _fill(ballast), ballast.unlink)
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        yield Disk(
            tmp_path,
            lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1024, hard)),
            lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard)),
        )
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def _fill(ballast: Path) -> None:
    with ballast.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(b"\0" * 4096)
        except OSError:
            return


def _change_until_it_fails(store: Store) -> tuple[int, StoreError]:
    """Change a record again and again, for there may be room for some; return its last revision that was acknowledged, and the error."""
    revision = 1
    while revision < 2000:
        try:
            revision = store.change([Change("decision", {"status": "x" * 500, "n": revision}, "decision-1")], BY)[0].revision
        except StoreError as error:
            return revision, error
    raise AssertionError("The disk was never full.")


def test_a_full_disk_is_said_so_and_nothing_acknowledged_is_lost(disk: Disk) -> None:
    store = open_store(disk.folder)
    made = kept(store)
    store.change([Change("decision", {"status": "open"})], BY)
    disk.fill()
    acknowledged, error = _change_until_it_fails(store)
    assert "cannot be read or written" in error.message
    assert "space" in error.fix
    with pytest.raises(StoreError, match="cannot be written"):
        store.put_table("item", MANY)
    with pytest.raises(StoreError, match="cannot be"):
        store.backup(str(disk.folder / "backup.zip"))
    assert not list(disk.folder.glob("backup*"))
    disk.free()
    for again in (store, open_store(disk.folder)):
        assert again.record("decision", "decision-1").revision == acknowledged
        assert again.table(made.tables["item"]).equals(ITEMS)
        assert again.verify() == []
    store.change([Change("decision", {"status": "goes on"}, "decision-1")], BY)
    kept(store, 2, MANY)
    assert store.verify() == []
    assert not list(disk.folder.rglob("*.part"))
    cast("SqlStore", store)._database.engine.dispose()


def test_a_read_only_folder_is_said_so_and_all_is_there_when_it_is_writable_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EQUIPOISE_STORE", raising=False)
    with mounted(tmp_path, "size=5m"):
        store = cast("SqlStore", open_store(tmp_path))
        made = kept(store)
        store._database.engine.dispose()
        subprocess.run(["mount", "-o", "remount,ro", str(tmp_path)], check=True)
        for call in (lambda: open_store(tmp_path), lambda: store.change([Change("decision", {})], BY)):
            with pytest.raises(StoreError, match="cannot be read or written") as caught:
                call()
            assert "can be reached and written" in caught.value.fix
        with pytest.raises(StoreError, match="cannot be written"):
            store.put_table("item", OTHERS)
        with pytest.raises(StoreError, match="cannot be written"):
            open_store(tmp_path / "new")
        subprocess.run(["mount", "-o", "remount,rw", str(tmp_path)], check=True)
        assert store.version("alpine") == made
        store.change([Change("decision", {})], BY)
        assert store.verify() == []
        store._database.engine.dispose()


@pytest.fixture
def team(postgres: Server, empty_server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """A place on PostgreSQL."""
    monkeypatch.delenv("EQUIPOISE_STORE", raising=False)
    place = Place(tmp_path, postgres.new_database(empty_server))
    (tmp_path / "workspace.yaml").write_text(f"store: {place.url}\n")
    yield place
    place.close()
    postgres.drop_database(place.url)


def _kill_others(place: Place) -> None:
    with psycopg.connect(place.url, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


def test_a_connection_lost_before_a_write_is_made_again(team: Place) -> None:
    store = team.open()
    store.change([Change("decision", {})], BY)
    _kill_others(team)
    assert store.change([Change("decision", {})], BY)[0].id == "decision-2"
    assert store.verify() == []


@pytest.mark.parametrize("moment", ["line_hash", "_row_of"])
def test_a_connection_lost_in_the_middle_of_a_write_is_said_so_and_nothing_is_half_done(
    team: Place, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    from equipoise.store import chain

    store = team.open()
    store.change([Change("decision", {"status": "open"})], BY)
    true = getattr(chain, moment)

    def cut(*given: object) -> object:
        _kill_others(team)
        return true(*given)

    with monkeypatch.context() as patched:
        patched.setattr(chain, moment, cut)
        with pytest.raises(StoreError, match="connection to the database was lost") as caught:
            store.change([Change("decision", {"status": "decided"}, "decision-1", 1), Change("action", {})], BY)
    assert caught.value.fix == "Look whether the last change is there, then try again."
    assert [one.document for one in store.records("decision")] == [{"status": "open"}]
    assert store.records("action") == []
    store.change([Change("decision", {"status": "decided"}, "decision-1", 1)], BY)
    assert store.verify() == []


def test_a_server_that_is_not_there_is_said_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EQUIPOISE_STORE", raising=False)
    (tmp_path / "workspace.yaml").write_text("store: postgresql://u:secret@127.0.0.1:1/db\n")
    with pytest.raises(StoreError, match="cannot be read or written") as caught:
        open_store(tmp_path)
    assert "secret" not in str(caught.value)


def test_a_store_that_another_writes_to_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import sqlite3
    import threading

    monkeypatch.delenv("EQUIPOISE_STORE", raising=False)
    store: Store = open_store(tmp_path)
    other = sqlite3.connect(tmp_path / ".equipoise" / "store.db", isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    timer = threading.Timer(0.5, lambda: other.execute("COMMIT"))
    timer.start()
    assert store.change([Change("task", {})], BY)[0].id == "task-1"
    timer.join()
    other.close()


def test_tables_that_may_not_be_read_are_said_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EQUIPOISE_STORE", raising=False)
    store = open_store(tmp_path)
    made = kept(store)
    content = made.tables["item"]
    file = tmp_path / ".equipoise" / "tables" / content[:2] / f"{content}.parquet"
    file.unlink()
    os.mkdir(file)  # noqa: PTH102 - anything that is there and cannot be read as a file
    with pytest.raises(StoreError, match="cannot be read"):
        store.table(content)
    assert [fault.fix for fault in store.verify()] == ["Allow reading it."]
