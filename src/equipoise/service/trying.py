"""Try a change: a live what-if, its new plan, money and gaps beside the base plan, in a moment; nothing is stored."""

import os
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock

import polars as pl

from equipoise.cycle import Cycle, MemoryCache, Tables
from equipoise.errors import InputError
from equipoise.reconcile.scenarios.comparison import Value, measures
from equipoise.scenario import Override, chain
from equipoise.service.changes import FORMS, read_changes
from equipoise.service.gathering import gather
from equipoise.service.messages import MeasureLine, TryAnswer, TryRequest
from equipoise.service.planning import remembered_batches
from equipoise.service.recorded import changed_since
from equipoise.service.register import Context
from equipoise.service.snapshots import INPUT, fed_otherwise
from equipoise.service.workspace import Workspace, file_hash, locate
from equipoise.supply import Session
from equipoise.tables.setting import Setting

_KEPT = 4


@dataclass(frozen=True)
class _Live:
    """A plan held ready: its cycle, and the files that it was made from with their hashes. It answers one question at a time."""

    cycle: Cycle
    setting: Setting
    inputs: dict[str, str]
    asked: Lock = field(default_factory=Lock)

    def stands(self, place: Workspace) -> bool:
        """Whether every file is still as it was, and the record of what changes the plan."""
        if place.kept and changed_since(place.store, int(self.inputs["record"])):
            return False
        if place.kept and fed_otherwise(place.store, self.inputs.get(INPUT, "")):
            return False
        return all(file_hash(Path(name)) == content for name, content in self.inputs.items() if name not in {"today", "record", INPUT})


_LIVE: dict[tuple[Path, Path], _Live] = {}
_LOCK = Lock()
_POOL = ThreadPoolExecutor(os.cpu_count())


def try_(request: TryRequest, context: Context) -> TryAnswer:
    """Return what a scenario, an option or changes in words do to the plan: measures beside the base plan's, and the largest gaps.

    The plan is read and solved once in a process; a question then takes a moment. Raises InputError where a change is not understood,
    DataError where it matches nothing, SolverError where there is no plan.
    """
    place = locate(request)
    return effect(
        place, context, read_changes(request.change, "Tried"), scenario=request.scenario, option=request.option, most_gaps=request.gaps
    )


def effect(
    place: Workspace, context: Context, changes: Sequence[Override], *, scenario: str = "", option: str = "", most_gaps: int = 5
) -> TryAnswer:
    """Return what overrides do to the plan, on top of a scenario or an option of it, as `try_` tells it; raises what that raises."""
    began = time.perf_counter()
    live = _live(place, context)
    under = (*_of_scenario(live.cycle, scenario), _of_option(place, option))
    overrides = [override for batch in (*under, tuple(changes)) for override in batch]
    if not overrides:
        raise InputError("Nothing is to be tried.", f"Give a change, a scenario or an option. {FORMS}")
    with live.asked:
        base, tables = live.cycle.what_if(()), live.cycle.what_if(tuple(changes), under=under)
    item = tables["item"]
    before, after = measures(base, live.setting, item), measures(tables, live.setting, item)
    return TryAnswer(
        plan=live.setting.plan,
        changes=[str(override) for override in overrides],
        status=after["status"].note,
        measures=[_line(name, before.get(name), value) for name, value in after.items() if value.value is not None],
        gaps=_gaps(tables, most_gaps),
        seconds=round(time.perf_counter() - began, 3),
    )


def scenario_tables(place: Workspace, context: Context, name: str) -> Tables:
    """Return the tables of a scenario of the plan as it is now, up to its statement, with what it changes (scenario_input)."""
    live = _live(place, context)
    with live.asked:
        return live.cycle.resolve(name)


def _live(place: Workspace, context: Context) -> _Live:
    """Return the plan held ready, read anew where a file has changed."""
    key = (place.plan_file, place.folder)
    with _LOCK:
        held = _LIVE.pop(key, None)
        if held is None or not held.stands(place):
            held = _opened(place, context)
        _LIVE[key] = held
        while len(_LIVE) > _KEPT:
            _LIVE.pop(next(iter(_LIVE)))
        return held


def _opened(place: Workspace, context: Context) -> _Live:
    gathered = gather(place, context.today)
    gathered.refuse_errors()
    plan = gathered.plan
    base, *promoted = remembered_batches(place, plan)
    cycle = Cycle(gathered.tables, base, plan.scenarios, MemoryCache(place.store), session=Session(_POOL), promoted=tuple(promoted))
    return _Live(cycle, plan.setting, gathered.inputs)


def _of_scenario(cycle: Cycle, name: str) -> tuple[tuple[Override, ...], ...]:
    """Return the overrides of a scenario, those of its parents in batches before its own."""
    return chain(cycle.scenarios, name) if name else ()


def _of_option(place: Workspace, name: str) -> tuple[Override, ...]:
    if not name:
        return ()
    from equipoise.service.promoting import option_overrides

    return option_overrides(place, name)[1]


def _line(name: str, before: Value | None, after: Value) -> MeasureLine:
    known = before is not None and before.value is not None and after.value is not None
    difference = after.value - before.value if known and before is not None else None  # type: ignore[operator]
    return MeasureLine(name=name, base=before.value if before else None, value=after.value, difference=difference, unit=after.unit)


def _gaps(tables: Tables, most: int) -> list[str]:
    rows = tables["gap"].filter(pl.col("level") != "item").sort("rank").head(most)
    return [str(sentence) for sentence in rows.get_column("sentence")]
