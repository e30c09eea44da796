"""Auditing, backup, restore and clearing away through the operations, as an administrator uses them."""

import datetime as dt
import os
import sqlite3
import zipfile
from pathlib import Path

import pytest

from equipoise.errors import InputError, NotFoundError, StoreError
from equipoise.service import Context, call
from equipoise.service.messages.keeping import AuditListAnswer, AuditVerifyAnswer, BackupAnswer, GcAnswer, RestoreAnswer
from equipoise.store import Change, Signature, Store, Version, open_store
from tests.contract.conftest import ITEMS, OTHERS

BY = Signature("ada", "rest", "decide", "because")
BOB = Signature("bob", "cli", "override add")
NOW = dt.datetime(2026, 11, 28, 12, 0, 0)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace with a record."""
    monkeypatch.delenv("EQUIPOISE_STORE", raising=False)
    monkeypatch.delenv("EQUIPOISE_TABLES", raising=False)
    made = tmp_path / "plans"
    made.mkdir()
    (made / "plan.yaml").write_text("plan: alpine\n")
    store = open_store(made)
    _draft(store, made, 1)
    store.change([Change("decision", {"status": "open", "question": "More?", "options": []})], BY)
    store.change([Change("decision", {"status": "decided", "question": "More?", "options": []}, "decision-1", 1)], BOB)
    return made


def _draft(store: Store, folder: Path, number: int, made: str = "run", **facts: int) -> None:
    frame = OTHERS if number % 2 else ITEMS.with_columns(name=ITEMS["item"] + str(number))
    (folder / "out" / "alpine" / f"v{number:04d}").mkdir(parents=True)
    tables = {"item": store.put_table("item", frame)}
    store.add_version(Version("alpine", number, NOW, "code", tables=tables, made=made, **facts), BY)  # type: ignore[arg-type]


def _call(name: str, folder: Path, **values: object) -> object:
    return call(name, {"plan": str(folder), **values}, Context(today=dt.date(2026, 11, 28)))


def test_a_backup_misses_no_table_that_is_none(folder: Path) -> None:
    store = open_store(folder)  # a file of the inbox is known by the hash of its bytes, which looks like that of a table
    store.change([Change("inbox_file", {"content": "0a" * 32, "state": "taken", "made": [], "faults": []}, "a.yaml")], BY)
    made = _call("backup", folder, target=str(folder / "kept.zip"))
    assert isinstance(made, BackupAnswer)
    assert (made.lost, made.tables, len(made.headline)) == ([], 1, 1)


def test_verify_says_what_is_whole_and_takes_anchors(folder: Path) -> None:
    answer = _call("audit verify", folder)
    assert isinstance(answer, AuditVerifyAnswer)
    assert answer.headline == ["The record is whole: 3 lines, 1 version and 1 table."]
    again = _call("audit verify", folder, anchor=[answer.anchor])
    assert isinstance(again, AuditVerifyAnswer)
    assert again.headline == ["The record is whole: 3 lines, 1 version and 1 table, and as noted outside 1 time."]
    with pytest.raises(InputError, match="120 is no anchor"):
        _call("audit verify", folder, anchor=["120"])
    with pytest.raises(StoreError, match="1 fault") as caught:
        _call("audit verify", folder, anchor=["2:00ff"])
    assert "Line 2 has not the hash that was noted outside" in str(caught.value)


def test_verify_fails_where_somebody_tampered(folder: Path) -> None:
    with sqlite3.connect(folder / ".equipoise" / "store.db") as connection:
        connection.execute("UPDATE line SET new = replace(new, 'decided', 'dropped') WHERE number = 3")
    connection.close()
    with pytest.raises(StoreError, match="The record is not what was written: 1 fault") as caught:
        _call("audit verify", folder)
    assert [fault.message for fault in caught.value.faults] == ["Line 3 is not what was written: its hash is another."]


def test_list_says_who_did_what_when_and_why(folder: Path) -> None:
    answer = _call("audit list", folder)
    assert isinstance(answer, AuditListAnswer)
    assert answer.headline == ["3 lines."]
    assert [(line.number, line.actor, line.door, line.operation, line.kind, line.id, line.reason) for line in answer.lines] == [
        (1, "ada", "rest", "decide", "version", "alpine/v0001", "because"),
        (2, "ada", "rest", "decide", "decision", "decision-1", "because"),
        (3, "bob", "cli", "override add", "decision", "decision-1", ""),
    ]
    assert [line.change for line in answer.lines] == ["made run", "question More?; status open", "status from open to decided"]


@pytest.mark.parametrize(
    ("filters", "numbers"),
    [
        ({"actor": "bob"}, [3]),
        ({"kind": "decision", "limit": 1}, [3]),
        ({"id": "decision-1"}, [2, 3]),
        ({"operation": "decide"}, [1, 2]),
        ({"door": "cli"}, [3]),
        ({"after": 2}, [3]),
        ({"since": "2000-01-01", "until": "2001-01-01"}, []),
        ({"since": "2000-01-01", "limit": 0}, [1, 2, 3]),
    ],
)
def test_list_takes_filters(folder: Path, filters: dict[str, object], numbers: list[int]) -> None:
    answer = _call("audit list", folder, **filters)
    assert isinstance(answer, AuditListAnswer)
    assert [line.number for line in answer.lines] == numbers
    if filters == {"kind": "decision", "limit": 1}:
        assert answer.headline == ["The latest 1 of 2 lines."]


def test_a_workspace_without_a_record_is_said_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EQUIPOISE_STORE", raising=False)
    (tmp_path / "plan.yaml").write_text("plan: p\n")
    for name, values in (("audit verify", {}), ("audit list", {}), ("backup", {"target": str(tmp_path / "b.zip")}), ("gc", {})):
        with pytest.raises(NotFoundError, match="has no record yet"):
            _call(name, tmp_path, **values)
    assert [path.name for path in tmp_path.iterdir()] == ["plan.yaml"]


def test_a_backup_restores_into_a_new_workspace(folder: Path, tmp_path: Path) -> None:
    done = _call("backup", folder, target=str(tmp_path))
    assert isinstance(done, BackupAnswer)
    assert done.file == str(tmp_path / "equipoise-2026-11-28.zip")
    assert done.headline == [f"{done.file} holds 3 lines, 1 version and 1 table."]
    assert open_store(folder).lines(kind="store")[0].new == {"file": "equipoise-2026-11-28.zip", "head": 3}
    with pytest.raises(InputError, match="is there already"):
        _call("backup", folder, target=done.file)
    other = tmp_path / "other"
    (other / ".equipoise" / "receipts").mkdir(parents=True)
    answer = _call("restore", other, source=done.file, reason="new server")
    assert isinstance(answer, RestoreAnswer)
    assert answer.headline == ["Restored 3 lines, 1 version and 1 table from equipoise-2026-11-28.zip."]
    assert not (other / ".equipoise" / "receipts").exists()
    restored = open_store(other)
    assert restored.record("decision", "decision-1").revision == 2
    assert restored.lines()[-1].reason == "new server"
    with pytest.raises(StoreError, match="not empty"):
        _call("restore", other, source=done.file)
    _call("restore", other, source=done.file, replace=True)
    with pytest.raises(NotFoundError, match="no backup"):
        _call("restore", other, source=str(tmp_path / "none.zip"))
    with pytest.raises(InputError, match="no plan file"):
        _call("restore", tmp_path / "nowhere", source=done.file)


def test_a_backup_tells_what_it_could_not_hold(folder: Path, tmp_path: Path) -> None:
    file = next((folder / ".equipoise" / "tables").rglob("*.parquet"))
    file.unlink()
    done = _call("backup", folder, target=str(tmp_path / "b.zip"))
    assert isinstance(done, BackupAnswer)
    assert done.lost == [file.stem]
    assert done.headline[1] == "Not in it, for they could not be read: 1 table. See audit verify."
    (tmp_path / "other").mkdir()
    answer = _call("restore", tmp_path / "other", source=done.file)
    assert isinstance(answer, RestoreAnswer)
    assert answer.headline[1] == "Lost before the backup was made: 1 table. See audit verify."


def test_a_backup_whose_manifest_is_odd_is_refused(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    with zipfile.ZipFile(tmp_path / "b.zip", "w") as archive:
        archive.writestr("manifest.json", "[]")
    with pytest.raises(StoreError, match="has not the form of a backup"):
        _call("restore", tmp_path / "other", source=str(tmp_path / "b.zip"))


def test_gc_keeps_the_latest_drafts_and_whatever_is_needed(folder: Path) -> None:
    store = open_store(folder)
    for number in range(2, 9):
        _draft(store, folder, number, base=number - 1)
    _draft(store, folder, 9, "submit", base=3)
    store.change([Change("step", {"version": 4}, "2026-11/demand_review"), Change("approval", {"version": 5, "plan": "other"})], BY)
    for file in (folder / ".equipoise" / "tables").rglob("*.parquet"):
        os.utime(file, (1, 1))
    answer = _call("gc", folder, drafts=2, days=0)
    assert isinstance(answer, GcAnswer)
    assert answer.versions == ["alpine v0001", "alpine v0002", "alpine v0005", "alpine v0006"]
    assert [one.number for one in store.versions()] == [3, 4, 7, 8, 9]
    assert sorted(path.name for path in (folder / "out" / "alpine").iterdir()) == ["v0003", "v0004", "v0007", "v0008", "v0009"]
    assert answer.tables == 2, "tables of 2 and 6; the others are still named"
    assert answer.headline[0].startswith("Cleared away 4 drafts and 2 tables: ")
    assert store.verify() == []
    again = _call("gc", folder, drafts=2, days=0)
    assert isinstance(again, GcAnswer)
    assert (again.versions, again.tables) == ([], 0)
