"""No name leads out of the folder that it is a name in, and who comes through a door names no path of the machine."""

import json
import re
import zipfile
from pathlib import Path
from typing import get_args

import polars as pl
import pytest

from equipoise.errors import EquipoiseError, InputError, NotFoundError, PlanFileError, StoreError
from equipoise.gather.plan import read_plan
from equipoise.service import OPERATIONS, call
from equipoise.service.inbox import files_of
from equipoise.service.plan_names import plan_file
from equipoise.service.register import REMOTE, Door
from equipoise.service.workspace import Workspace
from equipoise.store import Change, Signature, open_store
from tests.doors.conftest import CONTEXT, TODAY
from tests.doors.record_example import place_of

OUT = ("../evil", "/tmp/evil", "a/../../evil", "..", ".", "a\\..\\evil", "~/evil", "a\0b", "C:\\evil")
PATHS = {"folder", "file", "path", "workspace", "target", "source", "redirect", "root"}
"""Names of what a request names a path, or an address, with."""


def test_who_comes_from_afar_names_no_path() -> None:
    assert {"rest", "mcp"} <= set(REMOTE) <= set(get_args(Door))
    for operation in OPERATIONS.values():
        for door in operation.doors & set(REMOTE):
            assert not PATHS & set(operation.fields(door)), (operation.name, door)
    only_here = {"init", "backup", "restore", "gc", "watch", "inbox take", "inbox list", "cycle calendar"}
    assert [name for name in sorted(only_here) if OPERATIONS[name].doors & set(REMOTE)] == []


@pytest.mark.parametrize("name", OUT)
def test_a_plan_is_named_and_its_outputs_stay_inside(begun: Path, name: str) -> None:
    with pytest.raises(NotFoundError, match="has no plan"):
        plan_file(begun, name)
    with pytest.raises(PlanFileError):
        read_plan(f"plan: {json.dumps(name)}\ntables: {{item: [{{item: A}}]}}\n", "plan.yaml", TODAY)
    if "~" not in name and ":" not in name and "\0" not in name:
        with pytest.raises(InputError, match="no name of a plan"):
            Workspace(begun / "plan.yaml", begun).outputs(name)


@pytest.mark.parametrize("name", [*OUT[:6], OUT[8], ".hidden", "x" * 100])
def test_a_cycle_has_the_name_of_a_file(begun: Path, name: str) -> None:
    with pytest.raises(InputError, match="no name of a file"):
        call("cycle open", {"plan": str(begun), "name": name}, CONTEXT)
    with pytest.raises(EquipoiseError):
        call("cycle show", {"plan": str(begun), "cycle": name}, CONTEXT)


@pytest.mark.parametrize("name", OUT)
def test_a_record_or_version_is_looked_up_by_name_alone(begun: Path, name: str) -> None:
    open_store(begun).head()
    for operation, values in (
        ("decision show", {"decision": name}),
        ("override show", {"override": name}),
        ("job show", {"job": name}),
        ("show", {"table": name}),
        ("user change", {"user": name, "name": "x"}),
        ("promote", {"name": name}),
        ("review accept", {"id": [name]}),
    ):
        known = {key: value for key, value in values.items() if key in OPERATIONS[operation].request.model_fields}
        with pytest.raises(EquipoiseError):
            call(operation, {"plan": str(begun), **known}, CONTEXT)
    assert not list(begun.parent.rglob("*evil*"))


def test_a_link_in_the_inbox_leads_nowhere(begun: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.yaml").write_text("password: hidden\n", encoding="utf-8")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "more.yaml").write_text("password: hidden\n", encoding="utf-8")
    inbox = begun / "inbox"
    inbox.mkdir()
    (inbox / "own.yaml").write_text("comments: []\n", encoding="utf-8")
    (inbox / "link.yaml").symlink_to(tmp_path / "secret.yaml")
    (inbox / "folder").symlink_to(tmp_path / "folder", target_is_directory=True)
    (inbox / "device.yaml").symlink_to("/dev/zero")
    assert [path.name for path in files_of(place_of(begun))] == ["own.yaml"]


# --- backups ------------------------------------------------------------------------------------------------------------------


@pytest.fixture
def backup(begun: Path, tmp_path: Path) -> Path:
    """A backup of a record with one table."""
    store = open_store(begun)
    store.put("key", {"item": pl.DataFrame({"item": ["A"]})})
    store.change([Change("comment", {"about": "plan", "text": "x"})], Signature("ada", "python", "comment add"))
    call("backup", {"plan": str(begun), "target": str(tmp_path / "kept.zip")}, CONTEXT)
    return tmp_path / "kept.zip"


def rewritten(backup: Path, changed: dict[str, bytes | str]) -> None:
    with zipfile.ZipFile(backup) as archive:
        held: dict[str, bytes | str] = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(backup, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in {**held, **changed}.items():
            archive.writestr(name, data)


def refuse(backup: Path, begun: Path, message: str) -> None:
    with pytest.raises(StoreError, match=message) as caught:
        call("restore", {"plan": str(begun), "source": str(backup), "replace": True}, CONTEXT)
    assert len(str(caught.value)) < 2_000
    assert [record.document["text"] for record in open_store(begun).records("comment")] == ["x"]


@pytest.mark.parametrize("content", ["../../../evil", "/tmp/evil", "..", "A" * 64, "0a" * 31])
def test_a_backup_writes_nothing_elsewhere(backup: Path, begun: Path, content: str, tmp_path: Path) -> None:
    with zipfile.ZipFile(backup) as archive:
        manifest = json.loads(archive.read("manifest.json"))
    manifest["tables"] = {content: ""}
    pl.DataFrame({"item": ["evil"]}).write_parquet(tmp_path / "made.parquet")
    rewritten(
        backup, {"manifest.json": json.dumps(manifest), f"tables/{content[:2]}/{content}.parquet": (tmp_path / "made.parquet").read_bytes()}
    )
    before = sorted(tmp_path.rglob("*"))
    refuse(backup, begun, "is no name of a table")
    assert sorted(tmp_path.rglob("*")) == before
    assert not Path("/tmp/evil.parquet").exists()


@pytest.mark.parametrize(
    "changed",
    [
        {"manifest.json": "[" * 100_000},
        {"manifest.json": "[]"},
        {"manifest.json": '{"format": "equipoise backup 1"}'},
        {"manifest.json": '{"format": "equipoise backup 1", "schema_version": 1, "tables": 3}'},
        {"record.jsonl": "[" * 100_000 + "\n"},
        {"record.jsonl": "3\n"},
        {"record.jsonl": '{"kind": NaN}\n'},
        {"line.jsonl": b"\xff\xfe\n"},
    ],
    ids=["deep", "list", "bare", "types", "deep row", "number", "nan", "bytes"],
)
def test_a_backup_that_was_made_up_is_damaged(backup: Path, begun: Path, changed: dict[str, bytes | str]) -> None:
    rewritten(backup, changed)
    refuse(backup, begun, r"damaged|schema version|cannot be read or written")


def test_a_backup_unpacks_to_what_it_can_hold(backup: Path, begun: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from equipoise.store import archive

    monkeypatch.setattr(archive, "_LONGEST_LINE", 1_000_000)
    rewritten(backup, {"record.jsonl": " " * 3_000_000})
    refuse(backup, begun, "a row of record has more than 1 MB")
    rewritten(backup, {"manifest.json": " " * 3_000_000})
    refuse(backup, begun, "unpacks to 3 MB")


def test_init_overwrites_nothing(begun: Path) -> None:
    before = (begun / "plan.yaml").read_text(encoding="utf-8")
    with pytest.raises(InputError, match="already has"):
        call("init", {"folder": str(begun)}, CONTEXT)
    assert (begun / "plan.yaml").read_text(encoding="utf-8") == before


def test_errors_of_files_tell_no_more_than_their_line(begun: Path) -> None:
    """What a plan file reads, whoever runs it may read: a file that is no table is refused without being told."""
    plan = begun / "plan.yaml"
    plan.write_text(re.sub(r"data: .*", "data: {tables: {item: {file: /etc/passwd}}}", plan.read_text(encoding="utf-8")), encoding="utf-8")
    with pytest.raises(EquipoiseError, match="of a kind that is not read") as caught:
        call("check", {"plan": str(begun)}, CONTEXT)
    assert "root:" not in json.dumps(caught.value.as_dict())
