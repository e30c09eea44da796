"""Kill a process at work at random moments, again and again, and look each time at what the record holds.

After every kill the store opens, verifies, holds every acknowledged edit, and none of them half.
"""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from equipoise.service import Context, call
from equipoise.store import Store, open_store
from tests.torture.company import make_company
from tests.torture.worker import BATCH, TODAY

ROOT = Path(__file__).parents[2]


@dataclass
class Tally:
    """What was acknowledged and what was found over all kills."""

    kills: int = 0
    done: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    interrupted: Counter[str] = field(default_factory=Counter)
    asked: set[str] = field(default_factory=set)
    edits: set[str] = field(default_factory=set)
    notes: set[str] = field(default_factory=set)
    backups: set[str] = field(default_factory=set)
    unanswered_kept: int = 0
    slowest_open: float = 0.0

    def hear(self, text: str) -> None:
        """Take in what a worker said; its last line may be cut off by the kill, then it was not said."""
        at_work = ""
        for line in text.splitlines(keepends=True):
            if not line.endswith("\n"):
                continue
            said = json.loads(line)
            at_work = said.get("begins", "" if "done" in said or "refused" in said else at_work)
            if "begins" in said:
                continue
            if "asked" in said:
                self.asked.add(said["asked"])
            elif "refused" in said:
                self.refused[f"{said['refused']}: {said['why']}"] += 1
            else:
                self.done[said["done"]] += 1
                {"edit": self.edits, "note": self.notes, "backup": self.backups}.get(said["done"], set()).add(said["tag"])
        self.interrupted[at_work or "between"] += 1


def torture(folder: Path, kills: int, seed: int = 1, longest: float = 8.0) -> Tally:
    """Kill `kills` workers in `folder`, each after a random moment of at most `longest` seconds of work, and check after each."""
    plan, tally, chance = make_company(folder), Tally(), random.Random(seed)
    call("run", {"plan": str(plan)}, Context(today=TODAY))
    for number in range(kills):
        tally.hear(_killed(plan, seed * 1_000_003 + number, chance.uniform(0.0, longest)))
        tally.kills += 1
        check(plan, tally)
    return tally


def _killed(plan: Path, seed: int, after: float) -> str:
    """Start a worker, kill it `after` seconds of work, and return what it said."""
    said = plan.parent / "said.txt"
    with said.open("wb") as out, (plan.parent / "errors.txt").open("ab") as errors:
        command = [sys.executable, "-m", "tests.torture.worker", str(plan), str(seed)]
        worker = subprocess.Popen(command, stdout=out, stderr=errors, cwd=ROOT, start_new_session=True)
        until = time.monotonic() + 120
        while not said.stat().st_size and time.monotonic() < until and worker.poll() is None:
            time.sleep(0.01)
        time.sleep(after)
        assert worker.poll() is None, f"the worker ended by itself: {(plan.parent / 'errors.txt').read_text()[-2000:]}"
        os.killpg(worker.pid, signal.SIGKILL)
        worker.wait()
    return said.read_text(encoding="utf-8")


def check(plan: Path, tally: Tally) -> None:
    """Open the store as the next user would, and compare what it holds with what was acknowledged."""
    began = time.monotonic()
    with closing(open_store(plan.parent)) as store:
        _check(store, plan, tally, began)


def _check(store: Store, plan: Path, tally: Tally, began: float) -> None:
    held = store.records("override")
    tally.slowest_open = max(tally.slowest_open, time.monotonic() - began)
    faults = store.verify()
    assert not faults, [str(fault) for fault in faults][:5]
    _check_edits(store, tally)
    for version in store.versions():
        for content in version.tables.values():
            store.table(content)
        assert (plan.parent / "out" / version.plan / version.name / "plan.json").exists(), version.name
    for name in tally.backups:
        assert (plan.parent / "backups" / name).stat().st_size, name
    assert len({record.id for record in held}) == len(held)


def _check_edits(store: Store, tally: Tally) -> None:
    """Every acknowledged edit is there whole, with its lines in the log; one that was not answered is there whole or not at all."""
    batches = Counter(str(record.document["reason"]) for record in store.records("override"))
    statements = Counter(str(record.document["statement"]) for record in store.records("action"))
    logged = Counter(str((line.new or {}).get("reason")) for line in store.lines(kind="override") if line.old is None)
    for tag in tally.edits:
        assert logged[tag] == BATCH, f"{tag} was acknowledged; the log has {logged[tag]} of its {BATCH} lines"
    for tag in tally.notes:
        assert statements[tag] == 1, f"{tag} was acknowledged and is there {statements[tag]} times"
    assert all(count == BATCH for count in logged.values()), logged
    assert set(batches) | set(statements) <= tally.asked
    tally.unanswered_kept = len((set(logged) | set(statements)) - tally.edits - tally.notes)


def restored(plan: Path, name: str, folder: Path) -> int:
    """Restore a backup into another workspace and return how many overrides it holds."""
    folder.mkdir()
    call("restore", {"plan": str(plan), "workspace": str(folder), "source": str(plan.parent / "backups" / name)}, Context(today=TODAY))
    with closing(open_store(folder)) as store:
        assert not store.verify()
        return len(store.records("override"))
