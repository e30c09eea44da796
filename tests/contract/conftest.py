"""A store of each kind, empty, for each test; and what the tests put into it."""

import datetime as dt
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import polars as pl
import pytest
from sqlalchemy import text

from equipoise.store import Signature, Store, Version, open_store
from equipoise.store.sql import SqlStore
from equipoise.tables import table
from tests.postgres import Server, server

BY = Signature("ada", "cli", "test", "because")
NOW = dt.datetime(2026, 11, 28, 12, 0, 0)
ITEMS = table("item").conform(pl.DataFrame({"item": ["a", "b"], "unit_cost": [1.5, None], "launch": [dt.date(2026, 1, 1), None]}))
OTHERS = table("item").conform(pl.DataFrame({"item": ["c"], "unit_cost": [2.5]}))


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """One server for all tests of a worker."""
    with server() as running:
        yield running


@pytest.fixture(scope="session")
def empty_server(postgres: Server, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The name of a database with an empty store in it, to be copied: that is quicker than making one."""
    folder, url = tmp_path_factory.mktemp("empty"), postgres.new_database()
    (folder / "workspace.yaml").write_text(f"store: {url}\n")
    cast("SqlStore", open_store(folder))._database.engine.dispose()
    return url.rpartition("/")[2]


@pytest.fixture(scope="session")
def empty_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with an empty store in it, to be copied."""
    folder = tmp_path_factory.mktemp("empty")
    cast("SqlStore", open_store(folder))._database.engine.dispose()
    return folder / ".equipoise" / "store.db"


@dataclass
class Place:
    """A workspace whose store is in one of the databases. Each `open` is as if another process opened it."""

    folder: Path
    url: str = ""
    opened: list[SqlStore] = field(default_factory=list)

    def open(self) -> Store:
        """Open the store anew."""
        store = cast("SqlStore", open_store(self.folder))
        self.opened.append(store)
        return store

    def execute(self, statement: str, **values: Any) -> list[Any]:
        """Do to the database what nobody should, behind the store's back."""
        if not self.opened:
            self.open()
        with self.opened[0]._database.engine.begin() as connection:
            done = connection.execute(text(statement), values)
            return list(done.all()) if done.returns_rows else []

    @property
    def tables(self) -> Path:
        """The folder of the Parquet files."""
        return self.folder / ".equipoise" / "tables"

    def close(self) -> None:
        """Let go of the database."""
        for store in self.opened:
            store._database.engine.dispose()
        self.opened.clear()


@pytest.fixture(params=["sqlite", "postgresql"])
def make_place(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Place]]:
    """Return a function that makes an empty place in the database of the test, or in the other kind; a blank one has not even tables."""
    monkeypatch.delenv("EQUIPOISE_STORE", raising=False)
    monkeypatch.delenv("EQUIPOISE_TABLES", raising=False)
    made: list[Place] = []

    def make(*, other: bool = False, blank: bool = False) -> Place:
        folder = tmp_path / f"place{len(made)}"
        folder.mkdir()
        place = Place(folder)
        if (request.param == "postgresql") is not other:
            template = "template1" if blank else request.getfixturevalue("empty_server")
            place.url = request.getfixturevalue("postgres").new_database(template)
            (folder / "workspace.yaml").write_text(f"store: {place.url}\n")
        elif not blank:
            (folder / ".equipoise").mkdir()
            shutil.copy(request.getfixturevalue("empty_file"), folder / ".equipoise" / "store.db")
        made.append(place)
        return place

    yield make
    for place in made:
        place.close()
        if place.url:
            cast("Server", request.getfixturevalue("postgres")).drop_database(place.url)


@pytest.fixture
def place(make_place: Callable[..., Place]) -> Place:
    """An empty place."""
    return make_place()


@pytest.fixture
def store(place: Place) -> Store:
    """An empty store."""
    return place.open()


def version(number: int, tables: dict[str, str], plan: str = "alpine", **facts: Any) -> Version:
    """Return a version as a run makes it."""
    return Version(plan, number, NOW, "code", {"plan.yaml": "hash"}, tables, ("report.html",), {"demand": 1.5}, **facts)


def kept(store: Store, number: int = 1, frame: pl.DataFrame = ITEMS, **facts: Any) -> Version:
    """Keep a version with one table, and return it."""
    return store.add_version(version(number, {"item": store.put_table("item", frame)}, **facts), BY)
