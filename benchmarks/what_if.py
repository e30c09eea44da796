"""Scenarios and live what-ifs of alpine, beside the same questions answered by a cycle and a session that know nothing.

    python -m benchmarks.what_if [--quick]

The questions change demand, capacity, prices, costs, limits and rows, each by another amount. Cold means a new cycle, session and gate
for every question; the demand review comes from the cache for both, where the question leaves it as it is.
"""

import argparse
import datetime as dt
import statistics
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from equipoise.cycle import Cycle, MemoryCache, Tables
from equipoise.scenario import Override, Scenario
from equipoise.service.gathering import Gathered, gather
from equipoise.service.workspace import Workspace

PLAN = Path(__file__).parents[1] / "examples" / "alpine" / "plan.yaml"
TODAY = dt.date(2026, 11, 28)
SCENARIOS, LIVE, COLD = 50, 10, 10
Timed = tuple[float, float]
Row = tuple[str, Timed, Timed, str]


def questions(gathered: Gathered, count: int) -> list[tuple[Override, ...]]:
    """Return as many different questions, of all kinds in turn."""
    items = gathered.tables["route"].get_column("item").unique().sort().to_list()
    purchases = gathered.tables["purchase"].get_column("purchase").unique().sort().to_list()
    made: list[tuple[Override, ...]] = []
    for number in range(count):
        step = 1 + 0.004 * (number + 1)
        one = items[number % len(items)]
        kinds = (
            _asked(table="demand_plan", operation="scale", value=step),
            _asked(table="capacity", column="regular", operation="scale", value=2 - step),
            _asked(table="demand_plan", where={"item": one}, operation="scale", value=3 * step),
            _asked(table="purchase_limit", column="maximum", operation="scale", value=step),
            _asked(table="price", column="unit_price", operation="scale", value=2 - step),
            _asked(table="item", column="unit_cost", where={"item": one}, operation="scale", value=step),
            _asked(table="capacity", column="overtime_limit", operation="scale", value=step),
            _asked(table="purchase", where={"purchase": purchases[number % len(purchases)]}, operation="remove"),
        )
        made.append((kinds[number % len(kinds)],))
    return made


def _asked(**said: object) -> Override:
    return Override.model_validate({"reason": "benchmark", **said})


def timed(work: Callable[[], object]) -> Timed:
    """Return the seconds of wall time and of processor time, which other work on the machine disturbs less."""
    wall, processor = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - processor


def middle(times: Sequence[Timed]) -> Timed:
    return statistics.median(wall for wall, _ in times), statistics.median(processor for _, processor in times)


def begun(gathered: Gathered, level: str, scenarios: Sequence[Scenario] = (), cache: MemoryCache | None = None) -> Cycle:
    """Return a cycle of alpine, planned by item or by family."""
    at = _asked(table="setting", column="value", where={"setting": "supply.level"}, operation="set", value=f'"{level}"')
    return Cycle(gathered.tables, (*gathered.plan.overrides, at), tuple(scenarios), cache or MemoryCache())


def cold(gathered: Gathered, level: str, question: tuple[Override, ...], upto: str, cache: MemoryCache) -> Tables:
    """Answer one question by a cycle that knows nothing but the demand review."""
    cycle = begun(gathered, level, cache=cache)
    cycle._known.solved = True  # noqa: SLF001 - by itself a cycle solves its base plan first
    return cycle.what_if(question, upto)


def many(gathered: Gathered, count: int, colds: int) -> Row:
    """Solve the scenarios two at a time, as a run does."""
    asked = questions(gathered, count)
    scenarios = [Scenario(name=f"scenario {number}", overrides=question) for number, question in enumerate(asked)]
    cycle, cache = begun(gathered, "item", scenarios), MemoryCache()
    cycle.resolve("")
    begun(gathered, "item", cache=cache).resolve("")
    with ThreadPoolExecutor(2) as pool:
        warm = timed(lambda: list(pool.map(cycle.resolve, [one.name for one in scenarios])))
        some = asked[:: max(1, count // colds)]
        alone = timed(lambda: list(pool.map(lambda one: cold(gathered, "item", one, "financials", cache), some)))
    share = count / len(some)
    return f"{count} scenarios, two at a time", warm, (alone[0] * share, alone[1] * share), f"{20 * count / SCENARIOS:g} s"


def live(gathered: Gathered, level: str, count: int, colds: int) -> list[Row]:
    """Ask one question after the other: one override, new plan, money and gaps. The first finds a base plan that came from the cache."""
    cache = MemoryCache()
    begun(gathered, level, cache=cache).resolve("")
    cycle = begun(gathered, level, cache=cache)
    cycle.resolve("")
    first, *asked = questions(gathered, count + 1)
    opening = timed(lambda: cycle.what_if(first))
    warm = middle([timed(partial(cycle.what_if, one)) for one in asked])
    alone = middle([timed(partial(cold, gathered, level, one, "gap", cache)) for one in asked[:colds]])
    again = timed(lambda: cycle.what_if(asked[0]))
    name = f"live what-if, {level} level"
    return [
        (name, warm, alone, "1 s" if level == "family" else ""),
        (f"{name}: the first, which solves the base plan", opening, alone, ""),
        (f"{name}: asked again", again, alone, ""),
    ]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    quick = parser.parse_args().quick
    gathered = gather(Workspace(PLAN, PLAN.parent), TODAY)
    gathered.refuse_errors()
    colds = COLD // 2 if quick else COLD
    rows = [many(gathered, SCENARIOS // 5 if quick else SCENARIOS, colds)]
    for level in ("family", "item"):
        rows += live(gathered, level, LIVE, colds)
    print("| what | seconds | processor s | cold | cold, processor s | cold / warm | aim |\n|---|---|---|---|---|---|---|")
    for name, warm, alone, aim in rows:
        print(f"| {name} | {warm[0]:.3f} | {warm[1]:.3f} | {alone[0]:.2f} | {alone[1]:.2f} | {alone[0] / warm[0]:.1f} | {aim} |")


if __name__ == "__main__":
    main()
