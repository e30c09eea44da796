"""Plan: gather, run the cycle, write the outputs, keep the version."""

import datetime as dt
import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import polars as pl

from equipoise import code_version
from equipoise.cycle import Cycle, Listener, MemoryCache, Progress, Tables
from equipoise.exchange.outputs import prepare
from equipoise.gather import Plan
from equipoise.gather.origin import taken
from equipoise.scenario import Override, override_table, remembered
from equipoise.service.current import cycle_name_of
from equipoise.service.drift import tell_drift
from equipoise.service.gathering import Gathered, gather, issue_lines
from equipoise.service.messages import Figure, RunAnswer, ScenarioLine, StepLine
from equipoise.service.recorded import last_effects
from equipoise.service.register import Context
from equipoise.service.sealing import keep, mark, mend_outputs
from equipoise.service.workspace import Workspace
from equipoise.store import Version
from equipoise.supply import Session

# The measures of a scenario that a run's answer shows, in order; the table scenario_result has them all.
_MEASURES = (
    "demand",
    "shipped",
    "shortage",
    "service_level",
    "revenue",
    "gross_margin",
    "contribution",
    "inventory_value_end",
    "overtime_quantity",
)


@dataclass
class _Log:
    """Listens to the run for its answer, and passes on what it hears."""

    pass_on: Listener
    steps: list[StepLine] = field(default_factory=list)

    def __call__(self, event: Progress) -> None:
        self.pass_on(event)
        if event.state != "begins" and not event.scenario:
            self.steps.append(StepLine(phase=event.phase, step=event.step, state=event.state, seconds=round(event.seconds, 3)))

    @contextmanager
    def timed(self, phase: str, step: str) -> Iterator[None]:
        """Report work that is not a step of the cycle like one."""
        began = time.perf_counter()
        self(Progress(phase, step, "begins"))
        yield
        self(Progress(phase, step, "done", time.perf_counter() - began))


def plan(place: Workspace, context: Context) -> tuple[RunAnswer, Version]:
    """Run the cycle for the plan of a workspace, write its outputs and keep it as a new version.

    Raises PlanFileError or DataError where the input is wrong, SolverError or StoreError where planning or keeping fails;
    earlier versions and outputs then stand as they were.
    """
    began = time.perf_counter()
    log = _Log(context.listen)
    with log.timed("Gather", "gather"):
        gathered = gather(place, context.today)
        gathered.refuse_errors()
    tables = _plan(place, gathered, log, context.check)
    with log.timed("Write", "outputs"):
        version = _keep(place, gathered, tables, context)
        tell_drift(place, gathered.plan, context)
    return _answer(place, version, log.steps, seconds=time.perf_counter() - began), version


def _plan(place: Workspace, gathered: Gathered, listen: Listener, check: Callable[[], None]) -> Tables:
    plan = gathered.plan
    base, *promoted = remembered_batches(place, plan)
    own = tuple(override for batch in (plan.overrides, *plan.promoted) for override in batch)
    overrides = override_table({"": own, **{scenario.name: scenario.every for scenario in plan.scenarios}})
    with ThreadPoolExecutor(os.cpu_count()) as side_by_side:  # the optimiser works outside of Python's lock
        session = Session(side_by_side)
        cache = MemoryCache(place.store)
        cycle = Cycle(gathered.tables, base, plan.scenarios, cache, listen=listen, session=session, promoted=tuple(promoted), check=check)
        return {**cycle.run(), "override": overrides}


def remembered_batches(place: Workspace, plan: Plan) -> list[tuple[Override, ...]]:
    """Return the overrides of the base plan, then each promoted batch, with what each was made on by the plan's last version."""
    earlier = last_effects(place.store, plan.setting.plan)
    batches = (plan.overrides, *plan.promoted)
    every = iter(remembered([override for batch in batches for override in batch], earlier))
    return [tuple(islice(every, len(batch))) for batch in batches]


def _keep(place: Workspace, gathered: Gathered, tables: Tables, context: Context) -> Version:
    """Write the outputs aside and keep the version; then they get their name."""
    setting, unit = gathered.plan.setting, gathered.plan.process.business_unit
    mend_outputs(place, setting.plan)
    kept = {**tables, "row_origin": gathered.row_origin(tables)}
    hashes = {name: place.store.put_table(name, frame) for name, frame in sorted(kept.items())}
    folder = prepare(tables, setting, gathered.plan.outputs, place.outputs(setting.plan), mark(hashes))
    last = place.store.versions(setting.plan)[-1:]
    version = Version(
        plan=setting.plan,
        number=0,
        created=dt.datetime.now(dt.UTC).replace(tzinfo=None),
        code=code_version(),
        inputs=gathered.inputs,
        tables=hashes,
        files=tuple(path.relative_to(folder).as_posix() for path in sorted(folder.rglob("*")) if path.is_file()),
        figures=_figures(gathered, tables),
        business_unit=unit,
        cycle=cycle_name_of(place.store, unit),
        base=last[0].number if last else None,
    )
    return keep(place, version, folder, context.sign("run"))


def _figures(gathered: Gathered, tables: Tables) -> dict[str, object]:
    """Return what a run's answer shows, kept with the version so that it can be shown again without its tables."""
    summary, actions = tables["executive_summary"], tables["proposed_action"].sort("action")
    base = tables["scenario_result"].filter(pl.col("scenario") == "base")
    measures = {row["measure"]: row for row in base.iter_rows(named=True)}
    return {
        "headline": summary.filter(pl.col("section") == "Headline").sort("position").get_column("statement").to_list(),
        "figures": [
            Figure(
                name=name, value=measures[name]["value"], unit=measures[name]["unit"] or "", note=measures[name]["note"] or ""
            ).model_dump()
            for name in _MEASURES
            if name in measures
        ],
        "scenarios": [line.model_dump() for line in _scenario_lines(tables)],
        "raised": tables["risk_register"].filter(pl.col("raised") == "met").sort("rank").get_column("sentence").to_list(),
        "actions": [_action(row) for row in actions.iter_rows(named=True)],
        "issues": [line.model_dump() for line in issue_lines(tables["issue"])],
        "sources": _sources(gathered),
        "taken": taken(gathered.plan.data),
    }


def _scenario_lines(tables: Tables) -> Iterator[ScenarioLine]:
    result = tables["scenario_result"]
    for row in tables["scenario"].iter_rows(named=True):
        held = {one["measure"]: one for one in result.filter(pl.col("scenario") == row["scenario"]).iter_rows(named=True)}
        failed = "demand" not in held
        yield ScenarioLine(
            scenario=row["scenario"],
            likelihood=row["likelihood"] or "",
            impact=row["impact"] or "",
            figures={name: held[name]["value"] if name in held else None for name in _MEASURES},
            note=(held["status"]["note"] if failed else held["shortage"]["note"]) or "",
        )


def _action(row: dict[str, object]) -> str:
    due = f", due {row['due']}" if row["due"] else ""
    return f"{row['statement']} ({row['owner_role']}{due})"


def _sources(gathered: Gathered) -> dict[str, list[str]]:
    """Return the files that each given table was read from."""
    data = gathered.plan.data
    found: dict[str, list[str]] = {}
    for name, specifications in data.tables.items():
        used = [one.source for one in specifications] + [join.source for one in specifications for join in one.joins]
        found[name] = sorted({file for source in used if source in data.files for file in data.files[source].files})
    if data.by_name:
        files = [Path(path).name for path in gathered.inputs if Path(path).is_file()]
        found |= {Path(file).stem.removesuffix(".csv"): [file] for file in files}
    return found | {name: [gathered.plan.file] for name in gathered.plan.given}


def _answer(place: Workspace, version: Version, steps: list[StepLine], *, seconds: float) -> RunAnswer:
    shown = {name: version.figures[name] for name in ("headline", "figures", "scenarios", "raised", "actions", "issues")}
    return RunAnswer.model_validate(
        {
            **shown,
            "plan": version.plan,
            "version": version.name,
            "unchanged": False,
            "folder": str(place.outputs(version.plan) / version.name),
            "files": list(version.files),
            "steps": steps,
            "seconds": round(seconds, 3),
        }
    )
