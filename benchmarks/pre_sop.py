"""Options, sensitivity, simulation and the robust plan, each beside the same done without what makes it quick.

    python -m benchmarks.pre_sop [--quick]

Options and sensitivity: the peer asks some of the same questions of a cycle that knows nothing, and is scaled to all of them. Simulation:
the peer solves the plan again in every period of a path, scaled to all paths. The robust plan is timed alone.
"""

import argparse
import datetime as dt
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

import polars as pl

from equipoise import cycle as cycles
from equipoise.cycle import Cycle, MemoryCache, Progress
from equipoise.scenario import Override
from equipoise.service.gathering import Gathered, gather
from equipoise.service.workspace import Workspace
from equipoise.supply import MODEL_TABLES, Session, roll
from equipoise.tables import table

ROOT = Path(__file__).parents[1]
ALPINE = ROOT / "examples" / "alpine" / "plan.yaml"
ADVENTURE = ROOT / "tests" / "real" / "adventureworks.yaml"
DATA = ROOT.parent / "shared" / "data" / "adventureworks"
TODAY = dt.date(2026, 11, 28)
LEVERS = [
    {"kind": "shift", "target": resource, "step": 40, "maximum": 160, "one_off_cost": 5000, "running_cost": 6, "lead_time": 45}
    for resource in ("Final Assembly", "Subassembly", "Frame Welding", "Paint")
]


@dataclass
class Clock:
    """Seconds of each step of the base plan."""

    seconds: dict[str, float] = field(default_factory=dict)

    def __call__(self, event: Progress) -> None:
        if event.state == "done" and not event.scenario:
            self.seconds[event.step] = event.seconds


def opened(path: Path) -> Gathered:
    gathered = gather(Workspace(path, path.parent), TODAY)
    gathered.refuse_errors()
    return gathered


def with_levers(gathered: Gathered) -> Gathered:
    """Give a company that has none levers on the resources that it names like one of LEVERS, else on its first four."""
    known = gathered.tables["resource"].get_column("resource").to_list()
    named = [lever for lever in LEVERS if lever["target"] in known]
    rows = named or [{**lever, "target": name} for lever, name in zip(LEVERS, known, strict=False)]
    frame = table("lever").conform(pl.DataFrame(rows))
    return replace(gathered, tables={**gathered.tables, "lever": frame})


def whole(gathered: Gathered) -> tuple[Mapping[str, pl.DataFrame], Clock, Cycle]:
    clock = Clock()
    with ThreadPoolExecutor(2) as pool:
        cycle = Cycle(gathered.tables, gathered.plan.overrides, gathered.plan.scenarios, listen=clock, session=Session(pool))
        return cycle.run(), clock, cycle


def cold(gathered: Gathered, questions: list[tuple[Override, ...]]) -> float:
    """Seconds of a question on average, asked of cycles that know nothing but the demand review, two at a time."""
    cache = MemoryCache()
    Cycle(gathered.tables, gathered.plan.overrides, cache=cache).what_if((), "inventory_target")

    def ask(question: tuple[Override, ...]) -> None:
        cycle = Cycle(gathered.tables, gathered.plan.overrides, cache=cache)
        cycle._known.solved = True  # noqa: SLF001 - by itself a cycle solves its base plan first
        cycle.what_if(question)

    began = time.perf_counter()
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(ask, questions))
    return (time.perf_counter() - began) / len(questions)


def counted(gathered: Gathered, step: str) -> tuple[float, int, list[tuple[Override, ...]]]:
    """Run one step that asks questions, in a cycle that has run; return its seconds and the questions."""
    made, _, cycle = whole(gathered)
    asked: list[tuple[Override, ...]] = []
    found = next(one for one in cycles.STEPS if one.name == step)

    def what_if(overrides: tuple[Override, ...], upto: str = "gap") -> Mapping[str, pl.DataFrame]:
        asked.append(overrides)
        return cycle.what_if(overrides, upto)

    cycle._known.answers.clear()  # noqa: SLF001 - else they come from memory
    began = time.perf_counter()
    found(made, what_if=what_if)
    return time.perf_counter() - began, len(asked), asked


def simulated(gathered: Gathered, paths: int) -> tuple[float, float]:
    """Seconds of the policy's paths, and of as many by solving again, scaled from the few on which that is done."""
    made, clock, cycle = whole(gathered)
    model = {name: made[name] for name in MODEL_TABLES}
    demand = made["shortage"].get_column("demand").to_numpy()[None, :]
    began = time.perf_counter()
    roll(model, demand, {}, session=cycle.session)
    return clock.seconds["simulation"], (time.perf_counter() - began) * paths


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    quick = parser.parse_args().quick
    companies = [("alpine", opened(ALPINE), "30 s", "60 s")]
    if DATA.exists() and not quick:
        companies.append(("AdventureWorks", with_levers(opened(ADVENTURE)), "120 s", ""))
    print("| what | seconds | peer | peer / ours | aim |\n|---|---|---|---|---|")
    for name, gathered, options, simulation in companies:
        for step, aim in (("option", options), ("sensitivity", "")):
            seconds, count, asked = counted(gathered, step)
            peer = cold(gathered, asked[:: max(1, count // 6)]) * count
            print(f"| {name}: {step}, {count} plans | {seconds:.1f} | {peer:.1f} | {peer / seconds:.1f} | {aim} |", flush=True)
        paths = gathered.plan.setting.risk.paths
        seconds, peer = simulated(gathered, paths)
        print(
            f"| {name}: {paths} paths, with rolling comparison | {seconds:.1f} | {peer:.0f} | {peer / seconds:.0f} | {simulation} |",
            flush=True,
        )
        _, clock, _ = whole(gathered)
        print(f"| {name}: robust plan | {clock.seconds['robust_plan']:.1f} | | | |", flush=True)


if __name__ == "__main__":
    main()
