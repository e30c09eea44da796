"""One process at work on a plan until it is killed: it edits, runs, publishes and backs up, and says what was acknowledged.

`python -m tests.torture.worker PLAN SEED`. Each line is JSON: `{"asked": tag}` before an edit, `{"done": name, "tag": tag}` after.
"""

import datetime as dt
import json
import random
import sys
from pathlib import Path

from equipoise.errors import EquipoiseError
from equipoise.service import Context, call
from tests.torture.company import ITEMS, PERIODS

TODAY = dt.date(2026, 11, 30)
BATCH = 3
_WEIGHTS = {"edit": 10, "note": 6, "run": 3, "publish": 1, "backup": 2}


def say(**line: object) -> None:
    """Write a line and push it out: what the parent has read was acknowledged before the kill."""
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


class Worker:
    """Does one thing after another, chosen by a seed."""

    def __init__(self, plan: Path, seed: int) -> None:
        self.plan = str(plan)
        self.backups = plan.parent / "backups"
        self.chance = random.Random(seed)
        self.seed = seed
        self.count = 0

    def ask(self, operation: str, /, **values: object) -> None:
        call(operation, {"plan": self.plan, **values}, Context(door="python", today=TODAY))

    def tag(self) -> str:
        self.count += 1
        return f"w{self.seed}-{self.count}"

    def edit(self) -> None:
        """Three overrides in one call: all of them are kept, or none."""
        tag, cells = self.tag(), self.chance.sample([(item, period) for item in ITEMS for period in PERIODS], BATCH)
        value = self.chance.randrange(50, 150)
        change = [f"demand_plan.quantity item={item}; period={period[:7]}: = {value}" for item, period in cells]
        say(asked=tag)
        self.ask("override add", change=change, reason=tag)
        say(done="edit", tag=tag)

    def note(self) -> None:
        tag = self.tag()
        say(asked=tag)
        self.ask("action add", statement=tag, owner="Ann")
        say(done="note", tag=tag)

    def run(self) -> None:
        self.ask("run")
        say(done="run", tag="")

    def publish(self) -> None:
        self.ask("approve", reason="torture")
        self.ask("publish")
        say(done="publish", tag="")

    def backup(self) -> None:
        name = f"{self.tag()}.zip"
        self.ask("backup", target=str(self.backups / name))
        say(done="backup", tag=name)

    def work(self) -> None:
        self.backups.mkdir(exist_ok=True)
        say(done="ready", tag="")
        while True:
            (name,) = self.chance.choices(list(_WEIGHTS), list(_WEIGHTS.values()))
            say(begins=name)
            try:
                getattr(self, name)()
            except EquipoiseError as error:
                say(refused=name, why=error.short)


if __name__ == "__main__":
    Worker(Path(sys.argv[1]), int(sys.argv[2])).work()
