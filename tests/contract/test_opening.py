"""Opening a store: where it is, schemas of every release brought up to date with their data, and what is refused."""

import datetime as dt
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import cast

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from equipoise.errors import StoreError
from equipoise.store import Change, Store, open_store
from equipoise.store.database import server_database, sqlite_database
from equipoise.store.frames import put_frame
from equipoise.store.glance import changed_since, exists, peek
from equipoise.store.location import locate_store, without_password
from equipoise.store.schema import METADATA
from equipoise.store.shelf import Folder
from equipoise.store.sql import SqlStore
from tests.contract.conftest import BY, ITEMS, OTHERS, Place, kept
from tests.postgres import Server

# The schema of the first release as its program made it, and rows as it wrote them.
SCHEMA_1 = """
CREATE TABLE store (schema_version INTEGER NOT NULL PRIMARY KEY);
CREATE TABLE result ("key" VARCHAR(64) NOT NULL PRIMARY KEY, tables JSON NOT NULL, created {time} NOT NULL);
CREATE TABLE version (id {serial} PRIMARY KEY, plan VARCHAR(100) NOT NULL, number INTEGER NOT NULL, created {time} NOT NULL,
 code VARCHAR(64) NOT NULL, inputs JSON NOT NULL, tables JSON NOT NULL, files JSON NOT NULL, figures JSON NOT NULL, UNIQUE (plan, number));
CREATE INDEX ix_version_plan ON version (plan);
CREATE TABLE event (id {serial} PRIMARY KEY, at {time} NOT NULL, actor VARCHAR(100) NOT NULL, door VARCHAR(20) NOT NULL,
 operation VARCHAR(50) NOT NULL, subject VARCHAR(200) NOT NULL, detail JSON NOT NULL)
"""
ROWS_1 = """
INSERT INTO store VALUES (1);
INSERT INTO result VALUES ('key', '{{"item": "{item}"}}', '2026-10-01 08:00:00.000000');
INSERT INTO version (plan, number, created, code, inputs, tables, files, figures) VALUES
 ('alpine', 1, '2026-10-01 08:00:00.000001', 'code1', '{{"plan.yaml": "h1"}}', '{{"item": "{item}"}}', '["report.html"]', '{{"a": 1.5, "b": [{nan}]}}'),
 ('alpine', 2, '2026-10-02 08:00:00.000000', 'code2', '{{"plan.yaml": "h2"}}', '{{}}', '[]', '{{}}'),
 ('lamp', 1, '2026-10-03 08:00:00.000000', 'code2', '{{"lamp.yaml": "h3"}}', '{{}}', '[]', '{{"note": "é"}}');
INSERT INTO event (at, actor, door, operation, subject, detail) VALUES
 ('2026-10-01 08:00:00.000002', 'ada', 'cli', 'run', 'alpine v0001', '{{}}'),
 ('2026-10-01 09:00:00.000000', 'ada', 'cli', 'promote', 'alpine', '{{"name": "low", "kind": "scenario", "reason": "sure", "overrides": [{{"table": "demand_plan"}}]}}'),
 ('2026-10-01 09:30:00.000000', 'ada', 'cli', 'promote', 'lamp', '{{"name": "low", "kind": "scenario", "reason": "", "batches": [[{{"table": "baseline"}}], []]}}'),
 ('2026-10-01 08:30:00.000000', 'bob', 'cli', 'withdraw', 'alpine', '{{"name": "low", "kind": "scenario", "reason": "not so sure", "overrides": [{{"table": "demand_plan"}}]}}'),
 ('2026-10-01 10:00:00.000000', 'bob', 'mcp', 'promote', 'alpine', '{{"name": "buy more", "kind": "option", "reason": "", "batches": [[{{"table": "capacity"}}]]}}'),
 ('2026-10-02 08:00:00.000001', 'ada', 'cli', 'run', 'alpine v0002', '{{}}'),
 ('2026-10-02 09:00:00.000000', 'ada', 'cli', 'run', 'gone v0007', '{{}}')
"""  # noqa: E501 - rows as they were


@pytest.fixture
def make_first(make_place: Callable[..., Place]) -> Callable[[], Place]:
    """Return a function that makes a place with a store of the first release, with data in it."""

    def make() -> Place:
        place = make_place(blank=True)
        (place.folder / ".equipoise").mkdir()
        content, kept_ = put_frame(Folder(place.tables), "item", ITEMS)
        assert kept_ is not None
        database = server_database(place.url) if place.url else sqlite_database(str(place.folder / ".equipoise" / "store.db"))
        words = {"time": "TIMESTAMP", "serial": "SERIAL", "nan": "null"}
        words = words if place.url else {"time": "DATETIME", "serial": "INTEGER NOT NULL", "nan": "NaN"}
        with database.engine.begin() as connection:
            for statement in (*SCHEMA_1.format(**words).split(";"), *ROWS_1.format(item=content, **words).split(";")):
                connection.exec_driver_sql(statement)
        database.engine.dispose()
        return place

    return make


def test_the_first_schema_is_brought_up_to_date_with_all_its_data(make_first: Callable[[], Place]) -> None:
    place = make_first()
    assert peek(place.folder) == (0, False)
    store = place.open()
    assert [(one.plan, one.number, one.line, one.made, one.base) for one in store.versions()] == [
        ("alpine", 1, 1, "run", None),
        ("alpine", 2, 6, "run", None),
        ("lamp", 1, 8, "run", None),
    ]
    first = store.version("alpine", 1)
    assert (first.created, first.code, first.files) == (dt.datetime(2026, 10, 1, 8, 0, 0, 1), "code1", ("report.html",))
    assert first.figures == {"a": 1.5, "b": [None]}
    assert store.table(first.tables["item"]).equals(ITEMS)
    held = store.get("key")
    assert held is not None
    assert held["item"].equals(ITEMS)
    assert {one.id: one.document for one in store.records("promotion")} == {
        "lamp/low": {"plan": "lamp", "promotion": "low", "kind": "scenario", "reason": "", "batches": [[{"table": "baseline"}], []]},
        "alpine/buy more": {
            "plan": "alpine",
            "promotion": "buy more",
            "kind": "option",
            "reason": "",
            "batches": [[{"table": "capacity"}]],
        },
    }
    assert [(line.kind, line.id, line.revision, line.actor, line.door) for line in store.lines()] == [
        ("version", "alpine/v0001", 1, "ada", "cli"),
        ("promotion", "alpine/low", 1, "ada", "cli"),
        ("promotion", "lamp/low", 1, "ada", "cli"),
        ("promotion", "alpine/low", 2, "bob", "cli"),
        ("promotion", "alpine/buy more", 1, "bob", "mcp"),
        ("version", "alpine/v0002", 1, "ada", "cli"),
        ("run", "gone v0007", 0, "ada", "cli"),
        ("version", "lamp/v0001", 1, "", ""),
    ]
    assert store.lines()[3].reason == "not so sure"
    times = [line.at for line in store.lines()]
    assert times == sorted(times), "the clock was set back before the fourth"
    assert store.verify() == []


def test_a_store_brought_up_to_date_goes_on_like_a_new_one(make_first: Callable[[], Place]) -> None:
    place = make_first()
    place.open()
    store = place.open()
    store.change([Change("promotion", None, "alpine/buy more", 1), Change("decision", {})], BY)
    kept(store, 3, OTHERS)
    assert store.verify() == []
    assert _differences(place) == []


def _differences(place: Place) -> list[object]:
    with place.opened[0]._database.engine.connect() as connection:
        return list(compare_metadata(MigrationContext.configure(connection), METADATA))


def test_a_new_store_has_the_schema_that_the_program_uses(make_place: Callable[..., Place]) -> None:
    place = make_place(blank=True)
    place.open()
    assert _differences(place) == []


def test_a_migration_that_fails_leaves_the_store_as_it_was(make_first: Callable[[], Place], monkeypatch: pytest.MonkeyPatch) -> None:
    from alembic import op

    place = make_first()

    def fail(_: str) -> None:
        raise StoreError("The power went off.")

    with monkeypatch.context() as patched:
        patched.setattr(op, "drop_table", fail)
        with pytest.raises(StoreError, match="power"):
            open_store(place.folder)
    store = place.open()
    assert len(store.versions()) == 3
    assert store.verify() == []


def test_processes_that_open_at_once_bring_it_up_to_date_once(make_first: Callable[[], Place]) -> None:
    place = make_first()
    program = f"from pathlib import Path; from equipoise.store import open_store; print(open_store(Path({str(place.folder)!r})).head()[0])"
    running = [subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) for _ in range(2)]
    assert [process.communicate(timeout=120)[0].strip() for process in running] == ["8"] * 2
    assert place.open().verify() == []


def test_a_newer_schema_is_refused_with_both_versions(place: Place) -> None:
    place.open()
    place.execute("UPDATE store SET schema_version = 99")
    with pytest.raises(StoreError, match="schema version 99, this program knows 3"):
        open_store(place.folder)


# A look without opening


def test_a_look_tells_of_edits_and_of_a_team(place: Place) -> None:
    store = place.open()
    assert peek(place.folder) == (0, False)
    kept(store)
    store.note("export", "x", {}, BY)
    assert peek(place.folder) == (0, False), "a run changes no plan"
    store.change([Change("override", {}), Change("task", {})], BY)
    assert peek(place.folder) == (3, False)
    assert not changed_since(place.folder, 3, ("override",))
    assert changed_since(place.folder, 2, ("override",))
    store.change([Change("user", {"active": False}, "eve")], BY)
    assert peek(place.folder) == (3, False)
    store.change([Change("user", {"roles": ["sales"]}, "ada"), Change("override", None, "override-1")], BY)
    assert peek(place.folder) == (7, True)


def test_a_look_loads_nothing_heavy(place: Place) -> None:
    place.open().change([Change("override", {})], BY)
    program = (
        f"import sys; from pathlib import Path; from equipoise.store.glance import peek; print(peek(Path({str(place.folder)!r})));"
        "print([one for one in ('sqlalchemy', 'polars', 'numpy', 'alembic') if one in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split("\n")[:2] == ["(1, False)", "[]"]


def test_a_workspace_without_a_store_has_nothing_to_look_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EQUIPOISE_STORE", raising=False)
    assert peek(tmp_path) == (0, False)
    assert not exists(tmp_path)
    assert list(tmp_path.iterdir()) == []


# Where it is


def test_the_environment_goes_before_the_file_and_that_before_the_workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("EQUIPOISE_STORE", "EQUIPOISE_TABLES"):
        monkeypatch.delenv(name, raising=False)
    inside = tmp_path / ".equipoise"
    assert (locate_store(tmp_path).file, locate_store(tmp_path).tables) == (inside / "store.db", str(inside / "tables"))
    (tmp_path / "workspace.yaml").write_text("store: env:MY_STORE\ntables: shared\n")
    with pytest.raises(StoreError, match="environment's MY_STORE, which is not set"):
        locate_store(tmp_path)
    monkeypatch.setenv("MY_STORE", "postgres://u:p@host/db")
    assert (locate_store(tmp_path).url, locate_store(tmp_path).tables) == ("postgresql://u:p@host/db", str(tmp_path / "shared"))
    monkeypatch.setenv("EQUIPOISE_STORE", "sqlite:///other%20place/s.db")
    monkeypatch.setenv("EQUIPOISE_TABLES", "s3://bucket/tables")
    assert (locate_store(tmp_path).file, locate_store(tmp_path).tables) == (tmp_path / "other place" / "s.db", "s3://bucket/tables")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("stroe: x", "keys that are not known: stroe"),
        ("- x", "no keys at all"),
        ("store: 3", "store is no text"),
        ("store: [", "cannot be read as YAML"),
        ("store: mysql://u:secret@host/db", "database of the kind mysql"),
        ("tables: nowhere://x", "Tables cannot be kept at a URL of this kind"),
        ("store: postgresql://u:secret@host:port/db", "URL cannot be read"),
    ],
)
def test_a_place_that_cannot_be_understood_is_refused_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: str, message: str
) -> None:
    monkeypatch.delenv("EQUIPOISE_STORE", raising=False)
    (tmp_path / "workspace.yaml").write_text(words)
    with pytest.raises(StoreError, match=message) as caught:
        open_store(tmp_path)
    assert "secret" not in str(caught.value)
    assert caught.value.fix


def test_a_password_is_never_told(postgres: Server, tmp_path: Path) -> None:
    url = f"postgresql://nobody-such:s3cr%2Ft@127.0.0.1:{postgres.port}/none"
    (tmp_path / "workspace.yaml").write_text(f"store: {url}\n")
    for look in (peek, open_store):
        with pytest.raises(StoreError, match="nobody-such") as caught:
            look(tmp_path)
        assert "s3cr" not in str(caught.value)
    assert without_password("no postgresql://u:a@b:p@host/db, password=x&y", "postgresql://u:a%40b@h/d") == (
        "no postgresql://u:***@host/db, password=***&y"
    )


def test_without_the_driver_the_remedy_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "workspace.yaml").write_text("store: postgresql://u@127.0.0.1/db\n")
    monkeypatch.setitem(sys.modules, "psycopg", None)
    for look in (peek, open_store):
        with pytest.raises(StoreError) as caught:
            look(tmp_path)
        assert caught.value.fix == "Install it with: pip install 'equipoise[team]'."


@pytest.mark.parametrize("url", ["memory://{name}/tables", "file://{folder}/elsewhere"])
def test_tables_may_be_at_any_url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.delenv("EQUIPOISE_STORE", raising=False)
    monkeypatch.setenv("EQUIPOISE_TABLES", url.format(name=tmp_path.name, folder=tmp_path))
    store: Store = open_store(tmp_path)
    made = kept(store)
    store.put("key", {"item": OTHERS})
    assert store.table(made.tables["item"]).equals(ITEMS)
    assert store.put_table("item", ITEMS) == made.tables["item"]
    assert not (tmp_path / ".equipoise" / "tables").exists()
    assert store.verify() == []
    store.backup(str(tmp_path / "b.zip"))
    later = dt.datetime.now(dt.UTC).replace(tzinfo=None) + dt.timedelta(hours=1)
    assert store.collect(results_before=later, grace=dt.timedelta(hours=-1))[0] == 1
    shelf = cast("SqlStore", store)._shelf
    shelf.discard(shelf.path(made.tables["item"]))
    assert [fault.message for fault in store.verify()] == ["The table item of alpine v0001 is missing."]
    with pytest.raises(StoreError, match="forced to disk"):
        store.add_version(made, BY)


# What is not a store, or cannot be one


def test_a_file_that_is_no_database_is_said_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EQUIPOISE_STORE", raising=False)
    (tmp_path / ".equipoise").mkdir()
    (tmp_path / ".equipoise" / "store.db").write_bytes(b"this is not a database, not at all, not even nearly" * 30)
    for look in (peek, open_store):
        with pytest.raises(StoreError, match="cannot be read or written"):
            look(tmp_path)


def test_a_damaged_database_is_said_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EQUIPOISE_STORE", raising=False)
    store = open_store(tmp_path)
    store.change([Change("task", {"n": "x" * 300}) for _ in range(200)], BY)
    cast("SqlStore", store)._database.engine.dispose()
    file = tmp_path / ".equipoise" / "store.db"
    with sqlite3.connect(file) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    data = bytearray(file.read_bytes())
    data[8192:-4096] = b"\xff" * (len(data) - 8192 - 4096)
    file.write_bytes(data)
    with pytest.raises(StoreError, match=r"malformed|cannot be read"):
        open_store(tmp_path).verify()


def test_a_workspace_that_cannot_be_made_is_said_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EQUIPOISE_STORE", raising=False)
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot be written"):
        open_store(tmp_path / "file")


def test_a_store_without_a_head_is_said_so(place: Place, store: Store) -> None:
    place.execute("DELETE FROM head")
    with pytest.raises(StoreError, match="no head"):
        store.change([Change("task", {})], BY)
