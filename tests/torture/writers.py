"""Many writers at once: each adds records and changes what others have added; all that was acknowledged is there exactly once."""

import random
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

from equipoise.errors import ConflictError
from equipoise.store import Change, Signature, Store, open_store

_SHARED = "shared"


@dataclass(frozen=True)
class Done:
    """What a writer was told: numbers of its lines, increments of the shared record acknowledged, conflicts it was told of, seconds."""

    writer: int
    lines: tuple[int, ...]
    increments: int
    conflicts: int
    seconds: float


def begin(workspace: Path) -> None:
    """Add the record that all writers count up."""
    by = Signature("test", "python", "writers")
    with closing(open_store(workspace)) as store:
        store.change([Change("assumption", {"statement": "counted", "count": 0}, id=_SHARED, revision=0)], by)


def write(workspace: Path, writer: int, edits: int, every: int = 10) -> Done:
    """Make `edits` edits: a record each, and every tenth time one more on the record that all share, again until it is taken."""
    with closing(open_store(workspace)) as store:
        return _write(store, writer, edits, every)


def _write(store: Store, writer: int, edits: int, every: int) -> Done:
    by = Signature(f"writer {writer}", "python", "writers")
    chance, began = random.Random(writer), time.monotonic()
    lines, increments, conflicts = [], 0, 0
    for number in range(edits):
        if number % every:
            change = Change("action", {"statement": f"{writer}/{number}", "status": "open"})
            lines += [record.number for record in store.change([change], by)]
            continue
        while True:
            held = store.record("assumption", _SHARED)
            counted = {**held.document, "count": int(str(held.document["count"])) + 1}
            try:
                lines += [
                    one.number
                    for one in store.change(
                        [Change("assumption", counted, id=_SHARED, revision=held.revision)],
                        Signature(by.actor, by.door, f"{writer}/{number}"),
                    )
                ]
            except ConflictError:
                conflicts += 1
                time.sleep(chance.uniform(0, 0.02))
                continue
            increments += 1
            break
    return Done(writer, tuple(lines), increments, conflicts, time.monotonic() - began)


def _several(workspace: str, writers: list[int], edits: int) -> list[Done]:
    with ThreadPoolExecutor(len(writers)) as pool:
        return list(pool.map(lambda writer: write(Path(workspace), writer, edits), writers))


def write_together(workspace: Path, writers: int, edits: int, processes: int) -> list[Done]:
    """Have `writers` writers at once, spread over processes, and return what each was told. Reads EQUIPOISE_STORE as any process does."""
    begin(workspace)
    shares = [list(range(writers))[number::processes] for number in range(processes)]
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        found = pool.map(_several, [str(workspace)] * processes, shares, [edits] * processes)
        return [done for several in found for done in several]


def check(store: Store, told: list[Done], edits: int) -> None:
    """Every acknowledged edit is in the record and in the log exactly once, and the log is whole."""
    faults = store.verify()
    assert not faults, [str(fault) for fault in faults][:5]
    numbers = [number for done in told for number in done.lines]
    assert len(numbers) == len(set(numbers)) == len(told) * edits
    logged = {line.number: line for line in store.lines()}
    assert all(logged[number].actor == f"writer {done.writer}" for done in told for number in done.lines)
    statements = Counter(str(record.document["statement"]) for record in store.records("action"))
    increments = sum(done.increments for done in told)
    assert set(statements.values()) == {1}
    assert len(statements) == len(numbers) - increments
    assert store.record("assumption", _SHARED).document["count"] == increments, "an update was lost"
