"""Versions: sealed for good from what there is, never half there, listed, compared; and the draft since the last one."""

import os
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from equipoise.errors import InputError, NotFoundError, StoreError
from equipoise.exchange.version_folder import copied_aside, whole
from equipoise.service import call
from equipoise.service.sealing import mark, mend_outputs, seal
from equipoise.service.workspace import Workspace
from equipoise.store import open_store
from tests.doors.conftest import CONTEXT, answer
from tests.doors.test_jobs import place_of, small


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with two runs, a version sealed in between, and edits since. Tests must not change it."""
    folder = small(tmp_path_factory.mktemp("versions") / "lamps")
    plan = str(folder)
    answer("override add", plan=plan, change=["demand_plan item=Lantern: +5 %"], reason="Catalogue")
    call("run", {"plan": plan}, CONTEXT)
    place = place_of(folder)
    seal(place, place.version(), "submit", CONTEXT, cycle="2026-12", reason="demand review")
    answer("override add", plan=plan, change=["demand_plan item=Lantern: +10 %"], reason="Fair")
    answer("override withdraw", plan=plan, override=["override-1"], reason="No catalogue")
    file = folder / "plan.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace("carrying_rate: 0.15", "carrying_rate: 0.20"), encoding="utf-8")
    call("run", {"plan": plan}, CONTEXT)
    answer("override add", plan=plan, change=["demand_plan item=Lantern, market=Shops: -1 %"], reason="Late truck", propose=True)
    return folder


@pytest.fixture
def plan(history: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "lamps"
    shutil.copytree(history, folder, symlinks=True)
    return folder


def outputs_of(place: Workspace) -> Path:
    return place.outputs(place.store.versions()[0].plan)


def test_a_sealed_version_holds_what_its_base_holds_and_stands_for_good(history: Path) -> None:
    store = open_store(history)
    first, sealed, last = store.versions()
    assert (sealed.number, sealed.base, sealed.made, sealed.cycle) == (2, 1, "submit", "2026-12")
    assert (last.number, last.base, last.made) == (3, 2, "run")
    assert (sealed.tables, sealed.inputs, sealed.files) == (first.tables, first.inputs, first.files)
    outputs = history / "out" / first.plan
    for file in sealed.files:
        assert (outputs / "v0002" / file).samefile(outputs / "v0001" / file)
    assert (outputs / "latest").resolve().name == "v0003"
    (line,) = store.lines(kind="version", identity=f"{first.plan}/v0002")
    assert (line.operation, line.reason) == ("submit", "demand review")
    with pytest.raises(StoreError, match="stands for good"):
        store.drop_versions([(first.plan, 2)], CONTEXT.sign("gc"))


def test_versions_are_listed_with_who_made_them_when_and_why(history: Path) -> None:
    listed = answer("version list", plan=str(history))
    lines = {line["version"]: line for line in listed["versions"]}
    assert list(lines) == ["v0003", "v0002"]
    assert (lines["v0002"]["status"], lines["v0002"]["reason"], lines["v0002"]["base"]) == ("submitted", "demand review", "v0001")
    assert (lines["v0003"]["status"], lines["v0003"]["by"]) == ("draft", CONTEXT.actor)
    assert lines["v0003"]["megabytes"] > 0.01
    assert listed["headline"] == ["1 version stands for good, 1 draft made since.", "1 older draft: --all"]
    assert len(answer("version list", plan=str(history), all=True)["versions"]) == 3


def test_the_draft_is_what_was_edited_since_the_last_version_that_stands_for_good(history: Path) -> None:
    found = answer("draft", plan=str(history))
    edits = {line["record"]: line for line in found["edits"]}
    assert {name: line["edit"] for name, line in edits.items()} == {
        "override-2": "added",
        "override-1": "withdrawn",
        "override-3": "proposed",
        "plan.yaml": "changed",
    }
    assert edits["override-1"]["reason"] == "No catalogue"
    assert edits["override-2"]["statement"] == "demand_plan quantity of item Lantern: times 1.1"
    assert found["headline"][0].startswith("3 edits and 1 changed file since v0002 (submitted, ")


def test_what_was_made_and_withdrawn_again_is_no_edit(plan: Path) -> None:
    before = answer("draft", plan=str(plan))["edits"]
    answer("override add", plan=str(plan), change=["demand_plan item=Lantern: +1 %"], reason="Try")
    answer("override withdraw", plan=str(plan), override=["override-4"], reason="No")
    assert answer("draft", plan=str(plan))["edits"] == before


def test_two_versions_differ_in_overrides_settings_files_figures_and_tables(history: Path) -> None:
    found = answer("diff", plan=str(history))
    assert (found["before"].split("/")[1], found["after"].split("/")[1]) == ("v0002", "v0003")
    overrides = {line["override"]: line for line in found["overrides"]}
    assert {name: (line["change"], line["by"], line["reason"]) for name, line in overrides.items()} == {
        "override-1": ("removed", CONTEXT.actor, "No catalogue"),
        "override-2": ("added", CONTEXT.actor, "Fair"),
    }
    assert {line["name"]: (line["before"], line["after"]) for line in found["settings"]} == {"finance.carrying_rate": ("0.15", "0.2")}
    assert [line["name"] for line in found["files"]] == ["plan.yaml"]
    demand = next(line for line in found["figures"] if line["name"] == "demand")
    assert demand["after"] / demand["before"] > 1.0
    assert demand["difference"] == pytest.approx(demand["after"] - demand["before"])
    moved = [line for line in found["differences"] if line["table"] == "demand_plan"]
    assert len(moved) == 10
    assert [abs(line["difference"]) for line in moved] == sorted((abs(line["difference"]) for line in moved), reverse=True)
    assert moved[0]["cells"].startswith("family Living, market Shops, ")
    assert moved[0]["unit"] == "units"
    assert found["headline"][0].endswith("1 override removed, 1 override added, 1 setting changed, 1 file changed.")


def test_a_difference_is_what_the_tables_say(history: Path) -> None:
    found = answer("diff", plan=str(history), before="1", after="v0003", table=["demand_plan"], by=["item"], limit=0)
    totals = [shown(history, version) for version in (1, 3)]
    (line,) = found["differences"]
    assert line["cells"] == "item Lantern"
    assert [line["before"], line["after"]] == pytest.approx([total["Lantern"] for total in totals])
    assert line["after"] / line["before"] == pytest.approx(1.10 / 1.05)


def shown(folder: Path, version: int) -> dict[str, float]:
    table = answer("show", plan=str(folder), table="demand_plan", version=version, pivot=True, by=["item"])
    return {row[0]: row[-1] for row in table["rows"]}


def test_versions_made_from_the_same_do_not_differ(history: Path) -> None:
    found = answer("diff", plan=str(history), before="1", after="2")
    assert found["headline"] == [
        f"{found['before']} against {found['after']}: made from the same.",
        "No figure of the base plan differs.",
    ]
    assert [found[name] for name in ("overrides", "settings", "files", "figures", "differences")] == [[]] * 5


def test_plans_of_two_files_are_compared(plan: Path) -> None:
    file = plan / "plan.yaml"
    other = plan / "other.yaml"
    other.write_text(file.read_text(encoding="utf-8").replace("plan: lamps-2026-12", "plan: cheap"), encoding="utf-8")
    call("run", {"plan": str(other)}, CONTEXT)
    found = answer("diff", plan=str(plan), before="cheap/1")
    assert (found["before"], found["after"]) == ("cheap/v0001", "lamps-2026-12/v0003")
    assert {line["name"] for line in found["files"]} == {"plan.yaml", "other.yaml"}


@pytest.mark.parametrize(
    ("values", "error", "words"),
    [
        ({"before": "two"}, InputError, "two is no version"),
        ({"before": "9"}, NotFoundError, "no version 9"),
        ({"before": "nothing/1"}, NotFoundError, "no version 1"),
        ({"after": "1"}, NotFoundError, "no version before"),
        ({"table": ["demand_plam"]}, NotFoundError, "no table demand_plam"),
        ({"table": ["gap"]}, InputError, "no quantity that adds up"),
        ({"table": ["demand_plan.market"]}, InputError, "no quantity that adds up"),
        ({"by": ["colour"]}, InputError, "no colour"),
    ],
)
def test_what_cannot_be_compared_is_refused_in_words(history: Path, values: dict[str, Any], error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        answer("diff", plan=str(history), **values)


def test_versions_sealed_at_once_get_a_number_each(plan: Path) -> None:
    place = place_of(plan)
    version = place.version()
    made: list[int] = []
    threads = [threading.Thread(target=lambda: made.append(seal(place, version, "promote", CONTEXT).number)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(made) == [4, 5, 6, 7, 8, 9]
    outputs = outputs_of(place)
    assert (outputs / "latest").resolve().name == "v0009"
    assert not [path.name for path in outputs.iterdir() if path.name.startswith(".")]


KILLED = """
import os, signal, sys
from pathlib import Path
from equipoise.service import Context, sealing
from equipoise.service.workspace import Workspace
setattr(sealing, sys.argv[2], lambda *_: os.kill(os.getpid(), signal.SIGKILL))
folder = Path(sys.argv[1])
place = Workspace(folder / "plan.yaml", folder)
sealing.seal(place, place.version(), "approve", Context())
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")
@pytest.mark.parametrize(("where", "kept"), [("publish", True), ("_numbered", False), ("whole", False)])
def test_a_version_is_there_whole_or_not_at_all_wherever_it_is_killed(plan: Path, where: str, kept: bool) -> None:
    place = place_of(plan)
    outputs = outputs_of(place)
    process = subprocess.run([sys.executable, "-c", KILLED, str(plan), where], cwd=Path(__file__).parents[2], check=False)
    assert process.returncode == -signal.SIGKILL
    assert sorted(path.name for path in outputs.iterdir() if not path.name.startswith(".")) == ["latest", "v0001", "v0002", "v0003"]
    assert len([path for path in outputs.iterdir() if path.name.startswith(".")]) == 1
    assert mend_outputs(place, outputs.name) == (["v0004"] if kept else [])
    assert not [path for path in outputs.iterdir() if path.name.startswith(".")]
    assert (outputs / "latest").resolve().name == ("v0004" if kept else "v0003")
    assert [version.number for version in place.store.versions()] == [1, 2, 3, *([4] if kept else [])]
    if kept:
        version = place.version()
        assert all((outputs / version.name / file).is_file() for file in version.files)


def test_what_somebody_is_still_writing_is_left_alone(plan: Path) -> None:
    place = place_of(plan)
    outputs = outputs_of(place)
    aside = whole(copied_aside(outputs / "v0003"), mark(place.version().tables))
    assert mend_outputs(place, outputs.name) == []
    assert aside.is_dir()


def test_a_version_whose_folder_was_deleted_is_sealed_without_one(plan: Path) -> None:
    place = place_of(plan)
    shutil.rmtree(outputs_of(place) / "v0003")
    sealed = seal(place, place.version(), "approve", CONTEXT)
    assert (sealed.number, sealed.files) == (4, ())
    assert sealed.tables == place.version(3).tables


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="needs POSIX")
def test_a_version_that_cannot_be_written_is_not_kept(plan: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = place_of(plan)

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("equipoise.exchange.version_folder.os.fsync", full)
    with pytest.raises(StoreError, match="No space left on device"):
        seal(place, place.version(), "approve", CONTEXT)
    assert [version.number for version in place.store.versions()] == [1, 2, 3]
