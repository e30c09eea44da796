"""What the record adds to a plan file: accepted overrides and promotions, in the order in which they were made, and open risks."""

from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import polars as pl

from equipoise.errors import Fault, Where
from equipoise.gather.facts import RECORD
from equipoise.gather.plan import Plan
from equipoise.scenario import Override, Scenario
from equipoise.store.glance import CHANGES_A_PLAN, counts
from equipoise.tables import table

if TYPE_CHECKING:
    from equipoise.store.contract import Document, Line, Record, Store

_FIRST_PAGE = 3  # lines of the log; each page after it is ten times as long


@dataclass(frozen=True, slots=True)
class Laid:
    """A batch of overrides that the record lays over a plan: its place among the others, and its scenario (empty: the base plan)."""

    order: int
    scenario: str
    batch: tuple[Override, ...]


def plans_of(store: "Store", business_unit: str, plan: str) -> frozenset[str]:
    """Return the plans whose records are a plan's too: its own, and those of the cycles before it.

    A plan is often named for its cycle: what was said in the last one lives on under the next one's name, and not the other way round.
    """
    cycles = {one.id: one.document for one in store.records("cycle", business_unit=business_unit)}
    found, names = {plan}, [name for name, document in cycles.items() if document.get("plan") == plan]
    seen: set[str] = set()
    while names:
        name = names.pop()
        if name in cycles and name not in seen:
            seen.add(name)
            found.add(str(cycles[name].get("plan") or plan))
            names.append(str(cycles[name].get("previous") or ""))
    return frozenset(found)


def belongs(record: "Record", plans: Container[str]) -> bool:
    """Return whether a record is about one of those plans; one that names none is about every plan of its business unit."""
    named = record.document.get("plan")
    return not named or named in plans


def override_of(record: "Record") -> Override:
    """Return the override that a record holds, under the record's id.

    The author's role is left out: fences were held when the override was made, and it stays when its periods come near.
    """
    names = [name for name in Override.model_fields if name != "role"]
    said = {name: record.document[name] for name in names if record.document.get(name) is not None}
    return Override.model_validate({**said, "id": record.id})


def order_of(record: "Record") -> int:
    """Return the place of an override among the others: that of its last change that was more than words."""
    position = record.document.get("position")
    return position if isinstance(position, int) else record.number


def batches_of(document: "Document") -> tuple[tuple[Override, ...], ...]:
    """Return the overrides that a record of a promotion holds, parents first."""
    batches = document.get("batches")
    return tuple(tuple(Override.model_validate(one) for one in batch) for batch in batches) if isinstance(batches, list) else ()


def laid_batches(store: "Store", plan: Plan, after: int = 0) -> list[Laid]:
    """Return what the record lays over a plan, in order: each override by itself, so that a later one may set the same cell again.

    With `after` only what was made or changed since that line of the log.
    """
    unit = plan.process.business_unit
    plans = plans_of(store, unit, plan.setting.plan)
    found = []
    for record in store.records("override", business_unit=unit, status=("accepted",)):
        if record.number > after and belongs(record, plans):
            found.append(Laid(order_of(record), str(record.document.get("scenario") or ""), (override_of(record),)))
    for record in store.records("promotion", business_unit=unit):
        if record.number > after and belongs(record, plans):
            found += [Laid(record.number, "", batch) for batch in batches_of(record.document)]
    return sorted(found, key=lambda laid: laid.order)


def with_record(plan: Plan, store: "Store") -> Plan:
    """Return the plan with what the record adds: overrides and promotions over its own, risks, and no scenario that was promoted."""
    unit = plan.process.business_unit
    plans = plans_of(store, unit, plan.setting.plan)
    laid = laid_batches(store, plan)
    added: dict[str, list[tuple[Override, ...]]] = {}
    for one in laid:
        added.setdefault(one.scenario, []).append(one.batch)
    since = {
        str(one.document["promotion"]): f"{one.changed_at:%Y-%m-%d}"
        for one in store.records("promotion", business_unit=unit)
        if belongs(one, plans) and one.document.get("kind") == "scenario"
    }
    risks = [
        one for one in store.records("risk", business_unit=unit) if one.document.get("status", "open") == "open" and belongs(one, plans)
    ]
    return replace(
        plan,
        promoted=tuple(added.get("", ())),
        scenarios=tuple(_scenario(one, added.get(one.name, ()), since) for one in plan.scenarios),
        faults=(*plan.faults, *_strays(plan, {name: len(batches) for name, batches in added.items()})),
        recorded={"risk_opportunity": _risks(risks)} if risks else {},
    )


def _scenario(scenario: Scenario, added: Sequence[tuple[Override, ...]], since: Mapping[str, str]) -> Scenario:
    if scenario.name not in since:
        return scenario.model_copy(update={"added": tuple(added)}) if added and not scenario.fault else scenario
    fault = (
        f"The scenario {scenario.name} is part of the base plan since {since[scenario.name]}. "
        "Take it out of the plan file, or undo that with promote --undo."
    )
    return scenario.model_copy(update={"overrides": (), "fault": fault})


def _strays(plan: Plan, counts: Mapping[str, int]) -> Iterator[Fault]:
    """Yield a warning for each scenario that overrides of the record belong to and the plan file no longer has."""
    names = {"", *(one.name for one in plan.scenarios)}
    for name, count in counts.items():
        if name not in names:
            noun = "override of the record belongs" if count == 1 else "overrides of the record belong"
            fix = f"Give it back its name in the plan file, or withdraw them: equipoise override list --scenario '{name}'"
            yield Fault(f"{count} {noun} to the scenario {name}, which the plan file does not have.", fix, Where(RECORD), "warning")


def _risks(records: Sequence["Record"]) -> pl.DataFrame:
    """Return risks as rows of the given table, a risk's name being the record's id."""
    definition = table("risk_opportunity")
    rows = [{**one.document, "risk": one.id} for one in records]
    frame = pl.DataFrame([{name: row.get(name) for name in definition.schema} for row in rows], infer_schema_length=None)
    return definition.conform(frame)


def changed_since(store: "Store", line: int) -> bool:
    """Return whether something that a run reads has changed in the record since that line of its log."""
    return any(counts(kind, one.old) or counts(kind, one.new) for kind in CHANGES_A_PLAN for one in _lines_since(store, line, kind))


def _lines_since(store: "Store", line: int, kind: str) -> Iterator["Line"]:
    """Yield the lines of a kind after one, page by page: mostly the first of them tells."""
    size = _FIRST_PAGE
    while page := store.lines(after=line, kind=kind, limit=size):
        yield from page
        line, size = page[-1].number, size * 10


def last_effects(store: "Store", plan: str) -> pl.DataFrame:
    """Return the table `override_effect` of the plan's last version: what its overrides were made on. Empty where there is none."""
    last = store.versions(plan)[-1:]
    content = last[0].tables.get("override_effect", "") if last else ""
    if not content:
        return table("override_effect").empty()
    return table("override_effect").conform(store.table(content))
