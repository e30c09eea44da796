"""The planning cycle, in one screen: which steps there are, what each reads and writes, and how they are run.

On every arrow stands the same gate: the table takes its dictionary form, the overrides that name it are laid over it, and it
is handed on. A step whose inputs and code have not changed is not run again.
"""

import hashlib
import inspect
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache, cached_property, partial
from threading import Lock
from typing import Literal, Protocol

import polars as pl

from equipoise import code_version
from equipoise import scenario as scenarios_of
from equipoise.decide import agenda, decision_needed, executive_summary, proposed_action, recommendation
from equipoise.demand import baseline, cleaned_history, consensus, correction, demand_plan, event_effect, override_flag, segment
from equipoise.errors import EquipoiseError
from equipoise.gate import GATE, Gate, Run
from equipoise.measure import kpi, stream_record, value_added
from equipoise.reconcile import (
    OPTION_TABLES,
    SENSITIVITY_TABLES,
    financials,
    gap,
    option,
    risk_register,
    scenarios,
    sensitivity,
    simulation,
)
from equipoise.scenario import TRIGGER_TABLES, Override, Scenario
from equipoise.supply import (
    MODEL_TABLES,
    Session,
    audit,
    inventory_target,
    item_plan,
    play,
    requirements,
    robust_plan,
    roll,
    supply,
    supply_cause,
)
from equipoise.tables import GIVEN, table

_WHAT_IF = "what-if"
_LAST_RESOLVED = "financials"  # the last step of a scenario that is compared with the base plan
_ANSWERS = 64  # what-ifs that are remembered
_SIDE_BY_SIDE = 2  # scenarios solved at a time: Polars and the optimiser do their work outside of Python's lock

Tables = dict[str, pl.DataFrame]
Phase = Literal["Demand review", "Supply review", "Pre-S&OP", "Executive S&OP", "Measure"]


@dataclass(frozen=True)
class Step:
    """One step: a function whose positional parameters are the tables it reads; its parameter `tables` takes those of `also`, by name.

    `again`: it has the plan solved again, for scenarios, what-ifs or paths, through functions that the cycle hands it: what it makes
    hangs on every table so far. `base_only`: it explains the base plan. Scenarios leave both out.
    """

    phase: Phase
    run: Callable[..., pl.DataFrame | dict[str, pl.DataFrame]]
    writes: tuple[str, ...]
    again: bool = False
    also: tuple[str, ...] = ()
    base_only: bool = False

    @property
    def name(self) -> str:
        """The name of the step: that of its function."""
        return self.run.__name__

    @cached_property
    def reads(self) -> tuple[str, ...]:
        """Names of the tables it reads: those that it takes in order, then those that it takes by name."""
        return (*self._ordered, *self.also)

    @cached_property
    def _ordered(self) -> tuple[str, ...]:
        parameters = inspect.signature(self.run).parameters.items()
        return tuple(name for name, one in parameters if one.kind is not one.KEYWORD_ONLY and name != "tables")

    def takes(self, name: str) -> bool:
        """Return whether it takes something beside tables.

        That is an `executor` to spread its work over, a `session` to remember its models, `what_if`: whether the base plan is changed;
        or functions: `play` and `roll` (paths) and, where the plan is solved again, `resolve` (a scenario) and `what_if` (overrides).
        """
        return name in inspect.signature(self.run).parameters

    def __call__(self, tables: Mapping[str, pl.DataFrame], **extra: object) -> pl.DataFrame | dict[str, pl.DataFrame]:
        """Run it on the tables that it reads."""
        named: dict[str, object] = {"tables": {name: tables[name] for name in self.also}} if self.also else {}
        return self.run(*(tables[name] for name in self._ordered), **named, **extra)


_TOLD = frozenset((*GATE, "issue"))

_PLANNED = (
    *("supply_plan", "purchase_plan", "transfer_plan", "shipment_plan", "inventory_plan", "capacity_load", "route_load"),
    *("workforce_plan", "shortage", "binding", "violation", "clash", "cost", "solution"),
)
_SIMULATED = ("simulation", "simulation_path", "simulation_service", "simulation_driver")
_TARGET_TABLES = tuple(name for name in MODEL_TABLES if name != "inventory_target")

STEPS: tuple[Step, ...] = (
    Step("Demand review", correction, ("correction", "calendar_effect")),
    Step("Demand review", cleaned_history, ("cleaned_history",)),
    Step("Demand review", segment, ("segment",)),
    Step("Demand review", baseline, ("baseline", "method_choice")),
    Step("Demand review", event_effect, ("event_effect",)),
    Step("Demand review", consensus, ("stream", "stream_weight", "consensus")),
    Step("Demand review", demand_plan, ("demand_plan",)),
    Step("Demand review", override_flag, ("override_flag",)),
    Step("Supply review", inventory_target, ("inventory_target",), also=_TARGET_TABLES),
    Step("Supply review", supply, _PLANNED, also=MODEL_TABLES),
    Step("Supply review", requirements, ("material_requirement", "capacity_requirement"), also=(*MODEL_TABLES, *_PLANNED), base_only=True),
    Step("Supply review", supply_cause, ("supply_cause",), also=(*MODEL_TABLES, "shortage", "inventory_plan"), base_only=True),
    Step("Supply review", audit, ("audit",), also=(*MODEL_TABLES, *_PLANNED), base_only=True),
    Step("Supply review", item_plan, ("item_plan",), also=(*MODEL_TABLES, *_PLANNED, "working_calendar"), base_only=True),
    Step("Pre-S&OP", financials, ("financials", "bridge")),
    Step("Pre-S&OP", gap, ("gap", "gap_cause")),
    Step("Pre-S&OP", scenarios, ("scenario_result", "scenario_demand", "scenario_input"), again=True),
    Step("Pre-S&OP", option, ("option", "option_change", "option_period", "option_question"), also=OPTION_TABLES, again=True),
    Step("Pre-S&OP", sensitivity, ("sensitivity",), also=SENSITIVITY_TABLES, again=True),
    Step("Pre-S&OP", simulation, _SIMULATED, also=MODEL_TABLES, base_only=True),
    Step("Pre-S&OP", robust_plan, ("robust_plan", "robust_result"), again=True),
    Step("Measure", kpi, ("kpi",)),
    Step("Pre-S&OP", risk_register, ("risk_register",), also=TRIGGER_TABLES, base_only=True),
    Step("Executive S&OP", recommendation, ("recommendation",)),
    Step("Executive S&OP", decision_needed, ("decision_needed",)),
    Step("Executive S&OP", proposed_action, ("proposed_action",)),
    Step("Executive S&OP", agenda, ("agenda",)),
    Step("Executive S&OP", executive_summary, ("executive_summary",)),
    Step("Measure", stream_record, ("stream_record",)),
    Step("Measure", value_added, ("value_added",)),
)


class Cache(Protocol):
    """Where results of steps are kept between runs, by the key of what they were made from."""

    def get(self, key: str) -> Tables | None:
        """Return the tables kept under `key`, or None."""

    def put(self, key: str, tables: Tables) -> None:
        """Keep the tables under `key`."""


class MemoryCache:
    """Results kept for one run, over another cache where one is given: scenarios share the steps that they do not change."""

    def __init__(self, below: Cache | None = None) -> None:
        self._kept: dict[str, Tables] = {}
        self._below = below

    def get(self, key: str) -> Tables | None:
        """Return the tables kept under `key`, here or below, or None."""
        if key not in self._kept and self._below is not None and (found := self._below.get(key)) is not None:
            self._kept[key] = found
        return self._kept.get(key)

    def put(self, key: str, tables: Tables) -> None:
        """Keep the tables under `key`, here and below."""
        self._kept[key] = tables
        if self._below is not None:
            self._below.put(key, tables)


@dataclass(frozen=True, slots=True)
class Progress:
    """What a run tells while it goes on: a step of a scenario (empty: the base plan) begins, or ends after `seconds`."""

    phase: str
    step: str
    state: Literal["begins", "done", "unchanged"]
    seconds: float = 0.0
    scenario: str = ""


Listener = Callable[[Progress], None]


def _silent(_: Progress) -> None:
    return


def _on() -> None:
    return


@dataclass
class _Base:
    """What a cycle knows of its base plan: its tables behind the gate, whether its problem is solved, and what-ifs answered lately."""

    gate: Gate = field(default_factory=Gate)
    solved: bool = False
    answers: dict[tuple[str, ...], Tables] = field(default_factory=dict)
    lock: Lock = field(default_factory=Lock)
    solving: Lock = field(default_factory=Lock)


@dataclass(frozen=True)
class Cycle:
    """Runs the steps for the base plan and for scenarios.

    `base` are the accepted overrides of the base plan, `promoted` batches that were added to it, each laid over those before it.
    `check` is asked before every step, those of what-ifs too, in whatever thread does it: what it raises ends the run.
    """

    given: Mapping[str, pl.DataFrame]
    base: tuple[Override, ...] = ()
    scenarios: tuple[Scenario, ...] = ()
    cache: Cache = field(default_factory=MemoryCache)
    executor: Executor | None = None
    listen: Listener = _silent
    session: Session = field(default_factory=Session)
    promoted: tuple[tuple[Override, ...], ...] = ()
    check: Callable[[], None] = _on
    _known: _Base = field(default_factory=_Base, init=False, repr=False, compare=False)

    def run(self) -> Tables:
        """Return every table of the base plan, those of its scenarios' comparison included.

        Raises the EquipoiseError of the step that fails.
        """
        return self._pass(self._begun(), STEPS).tables

    def resolve(self, name: str) -> Tables:
        """Return every table of scenario `name` up to its statement. Raises the EquipoiseError of the step or override that fails."""
        line = [(one.name, batch) for one in scenarios_of.ancestry(self.scenarios, name) for batch in one.batches] if name else []
        run = self._pass(self._begun(name, [batch for _, batch in line]), _of_scenarios(_LAST_RESOLVED))
        return {**run.tables, "scenario_input": scenarios_of.input_table(name, [origin for origin, _ in line], run.laid)}

    def what_if(self, overrides: tuple[Override, ...], upto: str = "gap", under: tuple[tuple[Override, ...], ...] = ()) -> Tables:
        """Return the tables of the base plan with more overrides, up to those of the step `upto`: by default the money and the gaps.

        `under` are batches that the overrides are laid over, such as those of a scenario.

        Explanations of the base plan and comparisons of scenarios are left out; a table of theirs that a step reads is empty. A question
        asked again is answered from memory. May be called from several threads. Raises the EquipoiseError of the step or override that
        fails, and ValueError where `upto` is no step that scenarios have.
        """
        batches = tuple(batch for batch in (*under, overrides) if batch)
        asked = (upto, *(override.content for batch in batches for override in batch), *(str(len(batch)) for batch in batches[1:]))
        known = self._known
        with known.lock:
            if (answer := known.answers.pop(asked, None)) is not None:
                known.answers[asked] = answer
                return dict(answer)
        run = self._begun(_WHAT_IF, batches, aside=True)
        tables = self._pass(run, _of_scenarios(upto)).tables
        with known.lock:
            known.answers[asked] = tables
            while len(known.answers) > _ANSWERS:
                known.answers.pop(next(iter(known.answers)))
        return dict(tables)

    def _begun(self, name: str = "", batches: Sequence[tuple[Override, ...]] = (), *, aside: bool = False) -> Run:
        """Return a run that has passed nothing yet."""
        own = tuple(batch for batch in batches if batch)
        return Run(self.given, scenarios_of.identified(self.base), own, name, gate=self._known.gate, aside=aside, promoted=self.promoted)

    def _pass(self, run: Run, steps: Sequence[Step]) -> Run:
        made = {*GATE, *(name for step in steps for name in step.writes)}
        missing = {read for step in steps for read in step.reads} - made - set(self.given)
        for given in sorted({*self.given, *missing}, key=_masters_first):
            run.admit(given, self.given[given] if given in self.given else _empty(given))
        run.tell()
        for step in steps:
            if not _TOLD.isdisjoint(step.reads):
                run.tell()
            self._step(step, run)
        run.tell()
        return run

    def _step(self, step: Step, run: Run) -> None:
        self.check()
        began = time.perf_counter()
        listen = _silent if run.aside else self.listen
        listen(Progress(step.phase, step.name, "begins", scenario=run.scenario))
        key, made = self._kept(step, run)
        state: Literal["done", "unchanged"] = "done" if made is None else "unchanged"
        if made is None:
            made = self._execute(step, run)
            if not run.aside:
                self.cache.put(key, made)
        for name in step.writes:
            run.admit(name, made[name])
        listen(Progress(step.phase, step.name, state, time.perf_counter() - began, run.scenario))

    def _execute(self, step: Step, run: Run) -> Tables:
        if run.batches and step.takes("what_if"):
            self._solve_base()
        beside: dict[str, object] = {"executor": self.executor, "session": self.session, "what_if": bool(run.batches)}
        if step.takes("play"):
            model = {name: run.tables[name] for name in MODEL_TABLES}
            beside |= {"play": partial(play, model, session=self.session), "roll": partial(roll, model, session=self.session)}
        extra = {name: given for name, given in beside.items() if step.takes(name)}
        result = self._solved_again(step, run.tables) if step.again else step(run.tables, **extra)
        made = result if isinstance(result, dict) else {step.writes[0]: result}
        return {name: table(name).conform(made[name]) for name in step.writes}

    def _solve_base(self) -> None:
        """Have the session solve the base plan where it has not yet: every what-if starts from there, and makes anew only what it changes.

        After a run whose steps came from the cache, nothing is solved. A base plan that fails tells so itself; what-ifs then start cold.
        """
        known = self._known
        with known.solving:
            if known.solved:
                return
            known.solved = True
            with suppress(EquipoiseError):
                run = self._pass(self._begun(aside=True), _of_scenarios("inventory_target"))
                self.session.solved({name: run.tables[name] for name in MODEL_TABLES})

    def _solved_again(self, step: Step, tables: Tables) -> pl.DataFrame | Tables:
        """Run a step that has the plan solved again. Scenarios are solved side by side while it asks for one after the other."""
        with ThreadPoolExecutor(_SIDE_BY_SIDE) as pool:
            running = {one.name: pool.submit(self.resolve, one.name) for one in self.scenarios} if step.takes("resolve") else {}
            functions: dict[str, object] = {
                "resolve": lambda name: running[name].result(),
                "what_if": self.what_if,
                "session": self.session,
            }
            return step(tables, **{name: one for name, one in functions.items() if step.takes(name)})

    def _kept(self, step: Step, run: Run) -> tuple[str, Tables | None]:
        """Return the key of what a step makes, and what is kept under it.

        A step may do less for a what-if: what it made in full serves a what-if as well, but never the other way round. Aside, what reads
        anything that the base plan does not have was not kept: its key, which takes the hash of all that it reads, need not be made.
        """
        if run.aside and not all(map(run.as_base, step.reads)):
            return "", None
        key = self._key(step, run)
        made = self.cache.get(key)
        if made is None and run.batches and step.takes("what_if"):
            key = hashlib.sha256(f"{key}\nwhat-if".encode()).hexdigest()
            made = self.cache.get(key)
        return key, made

    def _key(self, step: Step, run: Run) -> str:
        reads = sorted(run.tables.keys() - _TOLD) if step.again else step.reads
        parts = [step.name, code_version(), *(f"{name}={run.hash_of(name)}" for name in reads)]
        if step.again:
            parts += [scenario.model_dump_json() for scenario in self.scenarios]
            parts += [
                override.content for batch in (self.base, *self.promoted) for override in batch
            ]  # locks and fences bind scenarios though the base plan shows no difference
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _of_scenarios(last: str) -> list[Step]:
    """Return the steps that a scenario has, up to and with the step `last`."""
    steps = [step for step in STEPS if not (step.base_only or step.again)]
    return steps[: [step.name for step in steps].index(last) + 1]


@cache
def _empty(name: str) -> pl.DataFrame:
    return table(name).empty()


def _masters_first(name: str) -> tuple[int, str]:
    """Order of admission: what overrides hang on (the settings, attributes that they may name) comes before the tables they change."""
    order = ("setting", "period", *GIVEN)
    return (order.index(name) if name in order else len(order), name)
