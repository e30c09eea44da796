"""What overrides would do, found out before they are kept: the tables they name are looked at as they stand now."""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import polars as pl

from equipoise.errors import DataError, Fault, InputError, Where
from equipoise.gate import check_overridden
from equipoise.gather import Plan
from equipoise.scenario import ATTRIBUTES, Effect, Override, chain, lay
from equipoise.scenario.laying import TOLD
from equipoise.service.gathering import Gathered, gather
from equipoise.service.held_tables import held_table
from equipoise.service.recorded import changed_since, laid_batches, with_record
from equipoise.service.workspace import Workspace
from equipoise.store.contract import Version
from equipoise.tables import GIVEN, table

Batches = list[tuple[Override, ...]]


class StoredTables(Mapping[str, pl.DataFrame]):
    """The tables of a version that overrides may look at, each read when it is first asked for."""

    def __init__(self, place: Workspace, version: Version | None, names: Sequence[str]) -> None:
        self._place = place
        self._content = {name: version.tables[name] for name in names if version is not None and name in version.tables}
        self._read: dict[str, pl.DataFrame] = {}

    def __getitem__(self, name: str) -> pl.DataFrame:
        if name not in self._read:
            self._read[name] = table(name).conform(held_table(self._place, self._content[name]))
        return self._read[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._content)

    def __len__(self) -> int:
        return len(self._content)


@dataclass
class Matching:
    """Looks at what overrides would do to a plan: over the tables of its last version, and where those do not do, over its data anew."""

    place: Workspace
    plan: Plan
    today: dt.date

    @cached_property
    def version(self) -> Version | None:
        """The plan's last version; None where it was not run yet."""
        return next(iter(self.place.store.versions(self.plan.setting.plan)[-1:]), None)

    @cached_property
    def line(self) -> int:
        """The line of the log up to which the last version has what changes the plan."""
        return int(self.version.inputs.get("record", "0")) if self.version is not None else 0

    @cached_property
    def whole(self) -> Gathered:
        """The plan with its data and what the record adds, read anew."""
        return gather(self.place, self.today)

    @cached_property
    def untouched(self) -> bool:
        """Whether nothing that changes the plan was recorded since its last version."""
        return self.version is not None and not changed_since(self.place.store, self.line)

    def look(self, overrides: Sequence[Override], scenario: str = "") -> list[Effect]:
        """Return what each of the overrides would do, laid as one batch.

        Raises DataError, all faults at once, where one names what is not there or matches no row, has expired, or where two set one cell.
        What is made from data cannot be looked at before the plan was run: there only conditions are read. Where the plan was not run yet
        and its data has errors, they are raised as a run would.
        """
        if self.version is None:
            self.whole.refuse_errors()
        by_table: dict[str, list[Override]] = {}
        for override in overrides:
            by_table.setdefault(override.table, []).append(override)
        found: dict[str, Effect] = {}
        faults: list[Fault] = []
        for name, mine in by_table.items():
            try:
                found |= {effect.override.id: effect for effect in self._looked(name, mine, scenario)}
            except InputError as error:
                faults += error.faults or [Fault(error.message, error.fix, Where(table=name))]
        faults += [fault for effect in found.values() if (fault := _useless(effect)) is not None]
        faults += [fault for override in overrides if (fault := _below(override)) is not None]
        if faults:
            noun = "This override does" if len(overrides) == 1 else f"{len(faults)} of {len(overrides)} overrides do"
            raise DataError(f"{noun} not fit the plan.", "Correct it; nothing was kept.", faults=faults)
        return [found[override.id] for override in overrides]

    def seen(self, names: Sequence[str]) -> Mapping[str, pl.DataFrame]:
        """Return the tables that say whose cells those of tables `names` are: masters, periods, settings and the tables themselves."""
        if self.version is not None:
            return StoredTables(self.place, self.version, ("setting", "period", *ATTRIBUTES, *(name for name in names if name in GIVEN)))
        return self.whole.tables

    def _looked(self, name: str, mine: list[Override], scenario: str) -> Sequence[Effect]:
        if self.version is not None and name in self.version.tables:
            stored = StoredTables(self.place, self.version, self._seen_from(name, mine))
            try:
                return _laid(name, stored[name] if name in stored else self._made(name), mine, self._above(scenario), stored)
            except InputError:
                made = self._made(name) if name not in GIVEN else None
        else:
            made = None
        if made is not None:  # what is new since the last version may have what is meant
            later = [one.batch for one in laid_batches(self.place.store, self.plan, self.line) if not one.scenario]
            return _laid(
                name, made, mine, [*later, *self._above(scenario)], StoredTables(self.place, self.version, self._seen_from(name, mine))
            )
        self.whole.refuse_errors()
        tables, plan = self.whole.tables, self.whole.plan
        if name in tables:
            return _laid(name, tables[name], mine, [plan.overrides, *plan.promoted, *self._above(scenario)], tables)
        lay(table(name).empty(), mine, (), name, tables)
        return [Effect(override, "applied") for override in mine]

    def _made(self, name: str) -> pl.DataFrame:
        if self.version is None:
            return table(name).empty()
        return table(name).conform(held_table(self.place, self.version.tables[name]))

    def _above(self, scenario: str) -> Batches:
        """Return the batches of a scenario and of those that it builds on; none for the base plan."""
        return list(chain(with_record(self.plan, self.place.store).scenarios, scenario)) if scenario else []

    def _seen_from(self, name: str, mine: Sequence[Override]) -> tuple[str, ...]:
        """Return the tables that overrides of a table may look at: what is given, and what is made before it."""
        if not any(override.split_by and override.split_by.partition(".")[0] not in GIVEN for override in mine):
            return ("setting", "period", *GIVEN)
        from equipoise.cycle import STEPS

        earlier: list[str] = []
        for step in STEPS:
            if name in GIVEN or name in step.writes:
                break
            earlier += step.writes
        return ("setting", "period", *GIVEN, *earlier)


def _laid(name: str, frame: pl.DataFrame, mine: Sequence[Override], before: Batches, tables: Mapping[str, pl.DataFrame]) -> list[Effect]:
    laid = lay(frame, (), [mine], name, {} if name == "setting" else tables, promoted=before)
    if name == "setting" or any(override.operation == "insert" for override in mine):
        check_overridden(name, laid.frame)
    return laid.batches[0]


def _below(override: Override) -> Fault | None:
    """Return what is wrong with an override that sets less than a column can hold, such as demand below zero."""
    column = table(override.table).by_name.get(override.column)
    value = override.value
    if override.operation != "set" or column is None or isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    least = 0.0 if override.table in TOLD and override.column == "quantity" else column.minimum
    if least is None or value >= least:
        return None
    where = Where(table=override.table, column=override.column)
    fix = f"Set {least:g} or more, or take some off with a minus: {override.table}.{override.column} ...: - {abs(value):g}."
    return Fault(f"'{override}' sets {override.column} to {value:,g}; the least that it can be is {least:g}.", fix, where)


def _useless(effect: Effect) -> Fault | None:
    """Return what is wrong with an override that would do nothing."""
    if effect.status not in {"expired", "fenced", "locked"}:
        return None
    words = {"expired": "has expired", "fenced": "is fenced off", "locked": "is locked out"}[effect.status]
    where = Where(table=effect.override.table, column=effect.override.column)
    return Fault(f"'{effect.override}' {words}. {effect.note}", "Change it, or ask someone whose role may.", where)
