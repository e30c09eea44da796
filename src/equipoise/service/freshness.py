"""Fresh: what the last version was computed from, and what of it is stale since then."""

import datetime as dt
from collections import Counter
from collections.abc import Container, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from equipoise import code_version
from equipoise.process.freshness import GIVEN, Changed, TableState, freshness
from equipoise.process.hand_off import HANDED_ON
from equipoise.process.kept import word
from equipoise.service.current import Process, process_of
from equipoise.service.messages.cycle import ChangeRow, FreshAnswer, FreshRequest, FreshRow
from equipoise.service.recorded import plans_of
from equipoise.service.register import Context
from equipoise.service.snapshots import INPUT, fed_otherwise
from equipoise.service.workspace import file_hash
from equipoise.store.glance import CHANGES_A_PLAN
from equipoise.tables.figures import listing

if TYPE_CHECKING:
    from equipoise.store.contract import Document, Line, Version

PROGRAM = "the program"
_NOT_FILES = ("today", "record", INPUT)
# Columns of an override that say nothing of what it does.
_WORDS = frozenset(("reason", "author", "role", "assumption", "probability", "was", "note"))


def fresh(request: FreshRequest, context: Context) -> FreshAnswer:
    """Return what the plan's last version was computed from, what has changed since, and every table that is stale because of it.

    Raises PlanFileError where the plan file is wrong. Data is not read: a file counts as changed where its bytes are others.
    """
    from equipoise.cycle import STEPS

    process = process_of(request, context)
    versions = process.place.versions()
    if not versions:
        return _never(process)
    last = versions[-1]
    changes = changes_since(process, last, context.today)
    states = freshness(versions, changes, STEPS)
    stale = [state for state in states if state.stale]
    return FreshAnswer(
        headline=[_headline(last, changes, stale)],
        plan=last.plan,
        version=last.name,
        made=last.created.replace(microsecond=0),
        stale=bool(changes),
        computed_from=[name for name in last.inputs if name not in _NOT_FILES],
        changes=[ChangeRow(change=change.what, tables=list(change.tables)) for change in changes],
        tables=[_row(state) for state in states if request.all or (state.stale and state.step != GIVEN)],
        steps=_handed_on(process, {state.table for state in stale}),
        next=f"equipoise run {process.place.plan_file}" if changes else "",
    )


def _never(process: Process) -> FreshAnswer:
    return FreshAnswer(
        headline=["The plan was never run."],
        plan=process.plan.setting.plan,
        version="",
        made=None,
        stale=True,
        computed_from=[],
        changes=[],
        tables=[],
        steps=[],
        next=f"equipoise run {process.place.plan_file}",
    )


def _headline(version: "Version", changes: Sequence[Changed], stale: Sequence[TableState]) -> str:
    made = f"{version.name} of {version.created:%Y-%m-%d %H:%M} UTC"
    if not changes:
        return f"{made} is fresh: nothing that it was computed from has changed."
    phases = Counter(state.phase for state in stale)
    tables = listing([f"{count} of {phase}" for phase, count in phases.items()], len(phases))
    return f"{made} is stale: {listing([change.what for change in changes])} changed since. Tables that are stale: {tables or 'none'}."


def _row(state: TableState) -> FreshRow:
    return FreshRow(
        table=state.table,
        phase=state.phase,
        step=state.step,
        state="stale" if state.stale else "fresh",
        changed=state.changed.replace(microsecond=0),
        version=f"v{state.version:04d}",
        because=listing(state.because),
    )


def _handed_on(process: Process, stale: set[str]) -> list[str]:
    from equipoise.service.step_tables import made_in

    named = [word(step.document, "name") for step in process.steps if word(step.document, "status") in HANDED_ON]
    return [name for name in named if stale & set(made_in(name))]


def changes_since(process: Process, version: "Version", today: dt.date) -> list[Changed]:
    """Return what has changed since a version was made: files, the record, the program, the day where the plan leaves its date open."""
    found = [*changed_files(process, version), *_recorded(process, version)]
    if fed_otherwise(process.place.store, version.inputs.get(INPUT, "")):
        found.append(Changed("what was approved before", ("plan_snapshot", "stream_snapshot")))
    if version.inputs.get("today", today.isoformat()) != today.isoformat():
        found.append(Changed(f"the data cut, today ({version.inputs['today']} then)"))
    if version.code != code_version():
        found.append(Changed(PROGRAM))
    return found


def changed_files(process: Process, version: "Version") -> Iterator[Changed]:
    """Yield the files that a version was made from and whose bytes are others now, or that are gone, with the tables that they fill."""
    sources = version.figures.get("sources")
    tables = {table: names for table, names in sources.items() if isinstance(names, list)} if isinstance(sources, dict) else {}
    for name, content in version.inputs.items():
        path = Path(name)
        if name in _NOT_FILES or file_hash(path) == content:
            continue
        gone = "" if path.exists() else " (gone)"
        whole = path == process.place.plan_file or path.is_dir()
        touched = () if whole else tuple(table for table, names in tables.items() if path.name in {Path(one).name for one in names})
        yield Changed(f"{path.name}{gone}", touched)


def _recorded(process: Process, version: "Version") -> Iterator[Changed]:
    """Yield records that a run lays over the plan and that have changed in a way that counts, each once."""
    store, since = process.place.store, int(version.inputs.get("record", version.line))
    plans = plans_of(store, process.unit, process.plan.setting.plan)
    seen: dict[tuple[str, str], tuple[Line, Document | None]] = {}
    for kind in CHANGES_A_PLAN:
        for line in store.lines(after=since, kind=kind):
            if line.business_unit == process.unit:
                first = seen.get((kind, line.id))
                seen[kind, line.id] = (line, first[1] if first else line.old)
    for (kind, identity), (line, old) in sorted(seen.items(), key=lambda one: one[1][0].number):
        before, after = _counting(kind, old, plans), _counting(kind, line.new, plans)
        if before != after:
            yield Changed(f"{identity} by {line.actor}", tuple(dict.fromkeys((*_touched(kind, before), *_touched(kind, after)))))


def _counting(kind: str, document: "Document | None", plans: Container[str]) -> "Document":
    """Return what of a record a run lays; nothing where it lays nothing of it."""
    if document is None or (document.get("plan") and document["plan"] not in plans):
        return {}
    status = document.get("status")
    if (kind == "override" and status not in {None, "accepted"}) or (kind == "risk" and status not in {None, "open"}):
        return {}
    return {column: value for column, value in document.items() if column not in _WORDS}


def _touched(kind: str, document: "Document") -> Iterator[str]:
    if not document:
        return
    if kind == "risk":
        yield "risk_opportunity"
    elif document.get("scenario"):
        yield "scenario"
    elif kind == "override":
        yield str(document.get("table"))
    batches = document.get("batches")
    for batch in batches if isinstance(batches, list) else ():
        for override in batch:
            yield str(override.get("table"))
