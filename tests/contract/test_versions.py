"""Versions, tables, results, credentials, jobs; backup and restore; clearing away."""

import datetime as dt
import json
import os
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from equipoise.errors import NotFoundError, StoreError
from equipoise.store import Change, Credential, Job, Store
from equipoise.store.contract import JobState
from tests.contract.conftest import BY, ITEMS, NOW, OTHERS, Place, kept, version

SOON = dt.timedelta(0)


def test_a_version_is_kept_once_with_its_line(store: Store) -> None:
    with pytest.raises(StoreError, match="forced to disk"):
        store.add_version(version(1, {"item": "0" * 64}), BY)
    made = kept(store, made="submit", cycle="2026-11", business_unit="north", base=3)
    assert made.line == 1
    assert store.version("alpine") == made
    kept(store, 2)
    kept(store, 1, plan="other")
    assert [one.name for one in store.versions("alpine")] == ["v0001", "v0002"]
    with pytest.raises(StoreError, match="already has a version v0002"):
        kept(store, 2)
    with pytest.raises(NotFoundError, match="Versions there are: v0001, v0002"):
        store.version("alpine", 9)
    line = store.lines(kind="version", identity="alpine/v0001")[0]
    assert (line.number, line.cycle, line.business_unit, line.actor) == (1, "2026-11", "north", "ada")
    assert store.verify() == []


def test_figures_that_are_no_numbers_become_nothing(store: Store) -> None:
    made = store.add_version(replace(version(1, {}), figures={"a": float("nan"), "b": [{"c": float("inf")}, 1.5]}), BY)
    assert made.figures == store.version("alpine").figures == {"a": None, "b": [{"c": None}, 1.5]}
    assert store.verify() == []


def test_only_drafts_that_nothing_lasting_was_made_from_can_be_dropped(store: Store) -> None:
    for number in (1, 2, 3):
        kept(store, number)
    kept(store, 4, made="submit", base=2)
    with pytest.raises(StoreError, match="was made by submit: it stands for good"):
        store.drop_versions([("alpine", 1), ("alpine", 4)], BY)
    with pytest.raises(StoreError, match="v0004 of plan alpine was made from v0002"):
        store.drop_versions([("alpine", 2)], BY)
    with pytest.raises(StoreError, match="has no version v0009"):
        store.drop_versions([("alpine", 9)], BY)
    store.drop_versions([("alpine", 1), ("alpine", 3)], BY)
    assert [one.number for one in store.versions("alpine")] == [2, 4]
    assert [(line.kind, line.id, line.new) for line in store.lines(after=4)] == [
        ("version", "alpine/v0001", None),
        ("version", "alpine/v0003", None),
    ]
    kept(store, 3)  # a number that was dropped may be used again
    assert store.verify() == []


def test_results_of_steps_are_kept_and_a_damaged_one_is_made_again(place: Place, store: Store) -> None:
    store.put("key", {"item": ITEMS, "other": OTHERS})
    store.put("key", {"item": OTHERS})  # the first is kept
    held = place.open().get("key")
    assert held is not None
    assert held["item"].equals(ITEMS)
    next(place.tables.rglob("*.parquet")).write_bytes(b"no Parquet at all")
    assert store.get("key") is None
    store.put_table("item", ITEMS)
    store.put_table("item", OTHERS)
    again = store.get("key")
    assert again is not None
    assert again["other"].equals(OTHERS)


def test_a_file_that_a_power_cut_left_short_is_written_again(place: Place, store: Store) -> None:
    content = store.put_table("item", ITEMS)
    file = place.tables / content[:2] / f"{content}.parquet"
    for spoilt in (b"", file.read_bytes()[:-20]):
        file.write_bytes(spoilt)
        assert store.put_table("item", ITEMS) == content
        assert store.table(content).equals(ITEMS)


def test_credentials_are_kept_replaced_found_and_taken_out(store: Store) -> None:
    password = Credential("ada", "password", "", "hash", NOW)
    tokens = [Credential("ada", "token", name, f"hash of {name}", NOW, expires=NOW) for name in ("one", "two")]
    for credential in (password, *tokens, replace(password, secret="other", failures=2, last_failure=NOW)):
        store.put_credential(credential)
    assert store.credentials(user="ada", kind="password") == [replace(password, secret="other", failures=2, last_failure=NOW)]
    assert store.credentials(secret="hash of two") == [tokens[1]]
    assert store.drop_credential("ada", "token", "one") == 1
    assert store.drop_credential("ada", "token") == 1
    assert store.drop_credential("eve", "token") == 0
    assert [one.kind for one in store.credentials()] == ["password"]
    assert store.head() == (0, ""), "secrets are never in the log"


def test_a_job_keeps_the_cancel_that_was_asked_for(store: Store) -> None:
    job = Job("job-1", "run", {"plan": "p"}, "ada", "rest", "queued", NOW, NOW)
    store.put_job(job)
    store.cancel_job("job-1")
    store.put_job(replace(job, state="running", progress=("gather",), answer={"a": None}))
    assert store.jobs() == [replace(job, state="running", progress=("gather",), cancel=True, answer={"a": None})]
    assert store.jobs(state="done") == store.jobs(identity="job-2") == []
    with pytest.raises(NotFoundError, match="no job job-9"):
        store.cancel_job("job-9")


def test_a_job_is_had_by_one(store: Store) -> None:
    store.put_job(Job("job-1", "run", {}, "ada", "rest", "queued", NOW, NOW))
    assert [store.move_job("job-1", "queued", "running", name) for name in ("a", "b")] == [True, False]
    assert store.jobs()[0].worker == "a"
    told = replace(store.jobs()[0], progress=("supply",))
    assert store.update_job(told) == told
    assert store.update_job(replace(told, worker="b", progress=())) is None
    assert store.jobs() == [told]


def test_jobs_that_ended_long_ago_are_taken_out(store: Store) -> None:
    for name, state, days in (("old", "done", 9), ("broken", "interrupted", 9), ("new", "failed", 1)):
        store.put_job(Job(name, "run", {}, "ada", "rest", cast("JobState", state), NOW, NOW - dt.timedelta(days=days)))
    assert store.drop_jobs(NOW - dt.timedelta(days=5)) == 1
    assert sorted(job.id for job in store.jobs()) == ["broken", "new"]


# Clearing away


def _old(place: Place) -> None:
    """Have all files look old."""
    for file in place.tables.rglob("*"):
        if file.is_file():
            os.utime(file, (1, 1))


def test_only_what_nothing_names_is_cleared_away(place: Place, store: Store) -> None:
    lasting = kept(store)
    named = store.put_table("item", OTHERS)
    store.change([Change("publication", {"files": [{"table": named}]})], BY)
    store.put("old", {"item": ITEMS.head(1)})
    store.put_table("item", OTHERS.with_columns(name=OTHERS["item"]))
    (place.tables / "ab").mkdir()
    (place.tables / "ab" / "abc.123.part").write_bytes(b"left over from a write that failed")
    later = dt.datetime.now(dt.UTC).replace(tzinfo=None) + dt.timedelta(days=1)
    assert store.collect(results_before=NOW) == (0, 0), "a young file may belong to a run at work"
    _old(place)
    tables, size = store.collect(results_before=NOW)
    assert tables == 1
    assert size > 0
    assert store.get("old") is not None
    _old(place)
    assert store.collect(results_before=later)[0] == 1
    assert store.get("old") is None
    assert store.table(lasting.tables["item"]).equals(ITEMS)
    assert store.table(named).equals(OTHERS)
    assert len(list(place.tables.rglob("*.p*"))) == 2
    assert store.verify() == []


def test_a_table_that_is_kept_again_counts_as_new(place: Place, store: Store) -> None:
    content = store.put_table("item", ITEMS)
    _old(place)
    place.open().put_table("item", ITEMS)
    assert store.collect(results_before=NOW) == (0, 0)
    assert store.table(content).equals(ITEMS)


# Backup and restore


def _filled(place: Place) -> Store:
    store = place.open()
    kept(store, made="approve")
    kept(store, 2, OTHERS)
    store.drop_versions([("alpine", 2)], BY)
    store.change([Change("decision", {"é": 1.5, "list": [1, None]}), Change("action", {"owner": "ada"}, cycle="2026-11")], BY)
    store.change([Change("action", None, "action-1", 1)], BY)
    store.put("key", {"item": OTHERS})
    store.put_credential(Credential("ada", "password", "", "hash", NOW))
    store.put_credential(Credential("ada", "session", "s", "hash", NOW))
    store.put_job(Job("job-1", "run", {}, "ada", "rest", "running", NOW, NOW))
    return store


def _shown(store: Store) -> tuple[object, ...]:
    return store.versions(), store.records("decision"), store.records("action"), store.lines()


@pytest.fixture
def other_kind(make_place: Callable[..., Place]) -> Callable[[], Place]:
    """Return a function that makes an empty place in the other database."""
    return lambda: make_place(other=True)


def test_a_backup_of_one_database_restores_into_the_other_and_back(
    place: Place, make_place: Callable[..., Place], other_kind: Callable[[], Place], tmp_path: Path
) -> None:
    store, there, back = _filled(place), other_kind().open(), make_place().open()
    number, content = store.head()
    manifest = store.backup(str(tmp_path / "one.zip"))
    assert (manifest["head"], manifest["hash"], manifest["lost"]) == (number, content, [])
    assert there.restore(str(tmp_path / "one.zip"), BY) == json.loads(json.dumps(manifest))
    there.backup(str(tmp_path / "two.zip"))
    back.restore(str(tmp_path / "two.zip"), BY)
    for restored, lines in ((there, 1), (back, 2)):
        assert _shown(restored)[:3] == _shown(store)[:3]
        assert restored.lines()[:-lines] == store.lines()
        assert restored.verify({number: content}) == []
        assert restored.table(store.version("alpine").tables["item"]).equals(ITEMS)
        assert [one.kind for one in restored.credentials()] == ["password"], "sessions end"
        assert [one.state for one in restored.jobs()] == ["interrupted"]
        assert restored.get("key") is None
        assert restored.change([Change("decision", {})], BY)[0].id == "decision-2"
        kept(restored, 2)
        assert restored.verify() == []
    detail = there.lines(kind="store", identity="restore")[0].new
    assert detail == {"file": "one.zip", "head": number, "hash": content}


def test_a_store_that_is_not_empty_is_replaced_only_when_told(place: Place, make_place: Callable[..., Place], tmp_path: Path) -> None:
    _filled(place).backup(str(tmp_path / "one.zip"))
    other = make_place().open()
    other.change([Change("decision", {"other": True})], BY)
    before = _shown(other)
    with pytest.raises(StoreError, match="not empty: its log has 1 line"):
        other.restore(str(tmp_path / "one.zip"), BY)
    assert _shown(other) == before
    other.restore(str(tmp_path / "one.zip"), BY, replace=True)
    assert other.record("decision", "decision-1").document == {"é": 1.5, "list": [1, None]}
    assert other.lines(kind="store")[0].new == {
        "file": "one.zip",
        "head": 6,
        "hash": other.lines()[5].hash,
        "replaced": 1,
        "replaced_hash": before[3][0].hash,  # type: ignore[index]
    }


def _rewritten(source: Path, change: Callable[[str, bytes], bytes | None]) -> Path:
    """Write a backup anew with other contents."""
    target = source.with_name("changed.zip")
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for name in old.namelist():
            data = change(name, old.read(name))
            if data is not None:
                new.writestr(name, data)
    return target


def _manifest(**facts: Any) -> Callable[[str, bytes], bytes]:
    return lambda name, data: json.dumps({**json.loads(data), **facts}).encode() if name == "manifest.json" else data


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda name, data: data.replace(b"ada", b"eve") if name == "line.jsonl" else data, "line.jsonl is not what was written"),
        (lambda name, data: None if name == "line.jsonl" else data, "There is no item named 'line.jsonl'"),
        (lambda name, data: None if name == "manifest.json" else data, "There is no item named 'manifest.json'"),
        (lambda name, data: b"PAR1" if name.endswith(".parquet") else data, "the table item .* is not what it was"),
        (lambda name, data: None if name.endswith(".parquet") else data, "There is no item named"),
        (_manifest(format="other"), "has not the form of a backup"),
        (_manifest(schema_version=99), "schema version 99, this program knows 3"),
        (_manifest(hash="0" * 64), "is not what was written"),
        (_manifest(head=99), "is not what was written"),
        (lambda name, data: b"{" if name == "manifest.json" else data, "is no backup, or is damaged"),
    ],
)
def test_a_damaged_backup_changes_nothing(
    place: Place, make_place: Callable[..., Place], tmp_path: Path, change: Callable[[str, bytes], bytes | None], words: str
) -> None:
    _filled(place).backup(str(tmp_path / "one.zip"))
    other = make_place().open()
    other.change([Change("decision", {"other": True})], BY)
    before = _shown(other)
    with pytest.raises(StoreError, match=words):
        other.restore(str(_rewritten(tmp_path / "one.zip", change)), BY, replace=True)
    assert _shown(other) == before
    assert other.verify() == []


def test_a_file_that_is_no_backup_is_said_so(store: Store, tmp_path: Path) -> None:
    (tmp_path / "file.zip").write_bytes(b"no zip")
    with pytest.raises(StoreError, match=r"file\.zip is no backup, or is damaged"):
        store.restore(str(tmp_path / "file.zip"), BY)
    with pytest.raises(NotFoundError, match="There is no backup"):
        store.restore(str(tmp_path / "none.zip"), BY)
    with pytest.raises(StoreError, match="cannot be written"):
        store.backup(str(tmp_path / "no such folder" / "b.zip"))


def test_a_store_with_a_damaged_table_can_still_be_backed_up(place: Place, make_place: Callable[..., Place], tmp_path: Path) -> None:
    store = place.open()
    one, other = kept(store), kept(store, 2, OTHERS)
    lost = one.tables["item"]
    (place.tables / lost[:2] / f"{lost}.parquet").write_bytes(b"damaged")
    assert store.backup(str(tmp_path / "b.zip"))["lost"] == [lost]
    restored = make_place().open()
    restored.restore(str(tmp_path / "b.zip"), BY)
    assert restored.table(other.tables["item"]).equals(OTHERS)
    assert [fault.message for fault in restored.verify()] == ["The table item of alpine v0001 is missing."]
