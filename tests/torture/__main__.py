"""`make torture`: 200 kills on SQLite and 200 on PostgreSQL, then many writers at once on both. Prints what was acknowledged and found."""

import argparse
import os
import tempfile
import time
from contextlib import closing
from pathlib import Path

from equipoise.store import open_store
from tests.postgres import server
from tests.torture import kill, writers


def kills(name: str, url: str, count: int) -> None:
    """Kill workers on one database, restore the last backup, and print the tally."""
    _at(url)
    with tempfile.TemporaryDirectory() as folder:
        began = time.monotonic()
        tally = kill.torture(Path(folder) / "company", count)
        with closing(open_store(Path(folder) / "company")) as store:
            lines = store.head()[0]
        restored = ""
        if tally.backups:
            _at("")
            held = kill.restored(Path(folder) / "company" / "plan.yaml", max(tally.backups), Path(folder) / "again")
            restored = f"; a backup restored into SQLite holds {held} overrides and verifies"
        acknowledged = ", ".join(f"{number} {done}" for done, number in sorted(tally.done.items()) if done != "ready")
        interrupted = ", ".join(f"{number} in {what}" for what, number in sorted(tally.interrupted.items()))
        print(f"{name}: {tally.kills} kills in {time.monotonic() - began:.0f} s; acknowledged {acknowledged}; {lines} lines in the log")
        print(f"  killed {interrupted}")
        print(
            f"  all acknowledged edits whole and in the log; {tally.unanswered_kept} kept though the kill came before the answer{restored}"
        )
        print(f"  the store opened and listed in at most {tally.slowest_open:.2f} s")
        for why, number in sorted(tally.refused.items()):
            print(f"  refused {number} times: {why}", flush=True)


def together(name: str, url: str, count: int, edits: int, processes: int) -> None:
    """Have many writers at once on one database, and print what they were told."""
    _at(url)
    with tempfile.TemporaryDirectory() as folder:
        told = writers.write_together(Path(folder), count, edits, processes)
        with closing(open_store(Path(folder))) as store:
            writers.check(store, told, edits)
        conflicts = sum(done.conflicts for done in told)
        print(
            f"{name}: {count} writers x {edits} edits: all {count * edits:,} there exactly once; {conflicts} conflicts told and tried again"
        )


def _at(url: str) -> None:
    os.environ.pop("EQUIPOISE_STORE", None)
    if url:
        os.environ["EQUIPOISE_STORE"] = url


def main() -> None:
    """Torture the record on both databases."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--edits", type=int, default=200)
    asked = parser.parse_args()
    with server() as postgres:
        kills("SQLite", "", asked.kills)
        kills("PostgreSQL", postgres.new_database(), asked.kills)
        together("SQLite", "", 8, asked.edits, 4)
        together("PostgreSQL", postgres.new_database(), 50, asked.edits, 10)


if __name__ == "__main__":
    main()
