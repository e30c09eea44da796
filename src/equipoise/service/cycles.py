"""Cycles: open, show, close, list, and their calendar."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from equipoise.errors import ConflictError, InputError, NotFoundError, StoreError
from equipoise.process.calendar_file import calendar_file
from equipoise.process.freshness import why_stale
from equipoise.process.kept import Edit, Kept, day, edited, in_status, word
from equipoise.process.opening import PROPOSED, READ, Opening, opening, told
from equipoise.process.progress import Progress, open_tasks, progress
from equipoise.process.template import cycle_name, first_day, last_day, steps_of, tasks_of
from equipoise.service.alarms import alarms_for
from equipoise.service.current import Process, current_cycle, expected, process_of
from equipoise.service.cycle_rows import alarm_row, chosen_tasks, step_row, task_row, version_name
from equipoise.service.messages.cycle import (
    CycleCalendarAnswer,
    CycleCalendarRequest,
    CycleCloseAnswer,
    CycleCloseRequest,
    CycleListAnswer,
    CycleListRequest,
    CycleOpenAnswer,
    CycleOpenRequest,
    CycleRow,
    CycleShowAnswer,
    CycleShowRequest,
)
from equipoise.service.register import Context
from equipoise.store.contract import Change, Record, Seen
from equipoise.tables.figures import listing

_LONGEST_NAME = 60  # files are named after a cycle


def open_(request: CycleOpenRequest, context: Context) -> CycleOpenAnswer:
    """Open a cycle with its steps and tasks; what expired ends, open actions are carried, and what lives on is named.

    Everything is written at once or not at all. Raises InputError where one is open already or the name is taken, NotFoundError where
    there is no such previous cycle, PlanFileError where the plan file is wrong, ConflictError where somebody else has opened or changed
    one at the same moment.
    """
    process = process_of(request, context)
    seen = Seen("cycle", process.unit, process.place.store.head()[0] if process.place.kept else 0)
    cycles = process.records("cycle")
    running = current_cycle(process.place.store, process.unit) if process.place.kept else None
    if running is not None and word(running.document, "status") == "open":
        raise InputError(f"The cycle {running.id} is open.", "Close it first: equipoise cycle close")
    previous = _previous(cycles, request.previous)
    plan, calendar = process.plan, process.plan.calendar
    name = _named(request.name.strip() or cycle_name(calendar.as_of, process.unit), cycles)
    opened = first_day(plan.process, process.days, calendar.as_of, request.start)
    records = {kind: process.records(kind, *states) for kind, states in READ.items()}
    found = opening(name, records, calendar.as_of, calendar.start)
    cycle = _cycle(process, name, previous, opened, found)
    new = [cycle, *steps_of(plan.process, process.days, name, opened), *tasks_of(plan.process, process.days, opened)]
    made = _open(process, name, [*_finished(running, context.today), *found.edits], new, context, seen)
    steps, tasks = [one for one in made if one.kind == "step"], [one for one in made if one.kind == "task"]
    return CycleOpenAnswer(
        headline=_opened(name, opened, cycle, found),
        cycle=name,
        opened=opened,
        due=last_day(plan.process, process.days, opened),
        previous=previous,
        revision=1,
        steps=[step_row(one, {}) for one in progress(steps, tasks, context.today).steps],
        carried=found.carried,
        ended=found.ended,
        next="equipoise cycle show",
    )


def _previous(cycles: Sequence[Record], wanted: str) -> str:
    names = [one.id for one in sorted(cycles, key=lambda one: (word(one.document, "opened"), one.id))]
    if wanted and wanted not in names:
        raise NotFoundError(f"There is no cycle {wanted}.", f"There are: {', '.join(names) or 'none'}.")
    return wanted or (names[-1] if names else "")


def _named(name: str, cycles: Sequence[Record]) -> str:
    if set(name) & set("/\\:") or not name.isprintable() or name.startswith(".") or len(name) > _LONGEST_NAME:
        fix = f"Take one without, of at most {_LONGEST_NAME} characters, such as 2026-11."
        raise InputError(f"The name {name[:100]!r} has a slash, or another sign that no name of a file has.", fix)
    if any(one.id == name for one in cycles):
        raise InputError(f"There is a cycle {name} already.", "Give another name: equipoise cycle open NAME")
    return name


def _cycle(process: Process, name: str, previous: str, opened: dt.date, found: Opening) -> Edit:
    document: dict[str, object] = {
        "cycle": name,
        "plan": process.plan.setting.plan,
        "opened": opened.isoformat(),
        "due": last_day(process.plan.process, process.days, opened).isoformat(),
        "status": "open",
        "previous": previous,
        "carried": found.carried,
        "ended": found.ended,
    }
    return Edit("cycle", name, 0, document)


def _finished(running: Record | None, today: dt.date) -> list[Edit]:
    """Return the edit that closes a cycle that was published: opening the next ends it."""
    return [] if running is None else [edited(running, status="closed", closed=today.isoformat())]


def _open(process: Process, name: str, edits: Sequence[Edit], new: Sequence[Edit], context: Context, seen: Seen) -> list[Record]:
    """Make everything in one call; records that are there already stay in the cycle that they were made in.

    Of several who open one at once, under whatever names, one does: the others are told.
    """
    changes = [Change(one.kind, one.document, one.id, one.revision) for one in edits]
    changes += [Change(one.kind, one.document, one.id, 0 if one.id else None, process.unit, name) for one in new]
    try:
        return process.place.store.change(changes, context.sign("cycle open", f"Cycle {name} was opened"), seen)
    except ConflictError as error:
        faults = [replace(fault, fix="") for fault in error.faults]
        raise ConflictError(f"The cycle {name} was not opened: {error.message}", "Try it again.", faults=faults) from None


def _opened(name: str, opened: dt.date, cycle: Edit, found: Opening) -> list[str]:
    due = day(cycle.document, "due")
    said = [f"The cycle {name} is open from {opened}; the plan is to be published by {due}."]
    alive, over = told(found.carried), told(found.ended)
    said += [f"Carried over: {listing(alive, 9)}."] if alive else []
    said += [f"Ended: {listing(over, 9)}."] if over else []
    return said


def show(request: CycleShowRequest, context: Context) -> CycleShowAnswer:
    """Return where a cycle stands on the day of the context. Raises NotFoundError where there is none, InputError for an unknown filter."""
    from equipoise.service.drift import drifted_tables

    process = process_of(request, context, request.cycle)
    cycle = process.required()
    found = progress(process.steps, process.tasks, context.today)
    alive = word(cycle.document, "status") != "closed"
    alarms = alarms_for(process, context.person) if alive else []
    return CycleShowAnswer(
        headline=[*_standing(cycle, found, context.today), *(_waiting(process, context) if alive else [])],
        cycle=cycle.id,
        status=word(cycle.document, "status"),
        opened=day(cycle.document, "opened"),
        due=day(cycle.document, "due"),
        revision=cycle.revision,
        done=found.done,
        total=found.total,
        accepted=len(found.steps) - len(found.unaccepted),
        steps=[step_row(one, drifted_tables(process)) for one in found.steps],
        tasks=[task_row(one, context.today) for one in chosen_tasks(process.tasks, request.task, context.person, context.today)],
        alarms=[alarm_row(one) for one in alarms],
        next=_next(cycle, found),
    )


def _standing(cycle: Record, found: Progress, today: dt.date) -> list[str]:
    status, due = word(cycle.document, "status"), day(cycle.document, "due")
    accepted = len(found.steps) - len(found.unaccepted)
    said = [f"Cycle {cycle.id} is {status}: {accepted} of {len(found.steps)} steps accepted, {found.done} of {found.total} tasks done."]
    if status == "closed":
        return said
    if found.overdue:
        late = [f"{one.name} (due {word(one.step.document, 'due')})" for one in found.overdue]
        said.append(f"Late: {listing(late, 6)}.")
    if found.late:
        said.append(f"{len(found.late)} task{' is' if len(found.late) == 1 else 's are'} late.")
    if due is not None and status == "open":
        said.append(f"The plan was to be published by {due}." if due < today else f"The plan is to be published by {due}.")
    return said


def _waiting(process: Process, context: Context) -> list[str]:
    """Say what waits for somebody beside the tasks: proposals, decisions, actions that are late, and a run."""
    from equipoise.service.freshness import changes_since

    proposals = sum(len(process.records(kind, "proposed")) for kind in PROPOSED)
    decisions = in_status(process.records("decision", "open"), "open")
    actions = [one for one in in_status(process.records("action", "open", "started"), "open", "started") if _late(one, context.today)]
    counts = ((proposals, "proposal"), (len(decisions), "open decision"), (len(actions), "late action"))
    waiting = [f"{count} {name}{'' if count == 1 else 's'}" for count, name in counts if count]
    versions = process.place.versions()
    stale = why_stale(changes_since(process, versions[-1], context.today)) if versions else "The plan was never run."
    return [*([f"Waiting: {listing(waiting)}."] if waiting else []), *([f"{stale} Run the plan: equipoise run"] if stale else [])]


def _late(action: Kept, today: dt.date) -> bool:
    due = day(action.document, "due")
    return due is not None and due < today


def _next(cycle: Kept, found: Progress) -> list[str]:
    """Return what comes next: what is to be accepted, the tasks of the step that is due, and its submission."""
    if word(cycle.document, "status") == "closed":
        return ["equipoise cycle open"]
    waiting = [one for one in found.unaccepted if word(one.step.document, "status") == "submitted"]
    said = [f"equipoise step accept {one.name} ({word(one.step.document, 'accepting_role')})" for one in waiting]
    step = found.next
    if step is not None:
        said += [_task(task) for task in open_tasks(step.tasks)[:3]]
        said.append(f"equipoise step submit {step.name} ({word(step.step.document, 'owner_role')}, by {word(step.step.document, 'due')})")
    return said or ["equipoise cycle close"]


def _task(task: Kept) -> str:
    document = task.document
    who = word(document, "owner") or word(document, "owner_role")
    link = f": {word(document, 'link')}" if word(document, "link") else ""
    return f"{task.id}, {word(document, 'title')} ({who}, by {word(document, 'due')}){link}"


def close(request: CycleCloseRequest, context: Context) -> CycleCloseAnswer:
    """Close a cycle. Unfinished actions stay open: the next cycle carries them.

    Raises NotFoundError where there is no cycle, InputError where it is closed already or steps are not accepted and it is not forced
    with a reason, ConflictError where somebody changed it first.
    """
    process = process_of(request, context, request.cycle)
    cycle = process.required()
    expected(cycle, request.revision)
    if word(cycle.document, "status") == "closed":
        raise InputError(f"The cycle {cycle.id} is closed already.", "Open the next: equipoise cycle open")
    found = progress(process.steps, process.tasks, context.today)
    open_steps = [f"{one.name} ({word(one.step.document, 'status')})" for one in found.unaccepted]
    reason = request.reason.strip()
    if open_steps and not (request.force and reason):
        fix = "Have them submitted and accepted, or close it with --force --reason WHY."
        raise InputError(f"The cycle {cycle.id} has steps that are not accepted: {', '.join(open_steps)}.", fix)
    edit = edited(cycle, status="closed", closed=context.today.isoformat(), **({"reason": reason} if reason else {}))
    (made,) = process.change([edit], context, "cycle close", reason)
    left = [task.id for task in open_tasks(process.tasks)]
    actions = process.records("action")
    carried = [one.id for one in actions if word(one.document, "status") in {"open", "started"}]
    said = [f"The cycle {cycle.id} is closed."]
    said += [f"{len(carried)} open action{'' if len(carried) == 1 else 's'} will be carried into the next."] if carried else []
    return CycleCloseAnswer(
        headline=said, cycle=cycle.id, closed=context.today, open_steps=open_steps, open_tasks=left, revision=made.revision
    )


def list_(request: CycleListRequest, context: Context) -> CycleListAnswer:
    """Return the cycles of the plan's business unit, the latest first."""
    process = process_of(request, context)
    cycles = process.records("cycle")
    ordered = sorted(cycles, key=lambda one: (word(one.document, "opened"), one.id), reverse=True)
    return CycleListAnswer(cycles=[_row(one.id, one.document) for one in ordered])


def _row(name: str, document: Mapping[str, object]) -> CycleRow:
    held = dict(document)
    return CycleRow(
        cycle=name,
        status=word(held, "status"),
        opened=day(held, "opened"),
        due=day(held, "due"),
        closed=day(held, "closed"),
        previous=word(held, "previous"),
        version=version_name(held),
        plan=word(held, "plan"),
    )


def calendar(request: CycleCalendarRequest, context: Context) -> CycleCalendarAnswer:
    """Write the steps, meetings and tasks of a cycle as an iCalendar file and return where it is.

    Raises NotFoundError where there is no cycle, StoreError where the file cannot be written.
    """
    process = process_of(request, context, request.cycle)
    cycle = process.required()
    content = calendar_file(cycle, process.steps, process.tasks, process.unit)
    path = Path(request.file).expanduser() if request.file else process.place.outputs(f"cycle-{cycle.id}.ics")
    aside = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        aside.write_bytes(content)
        aside.replace(path)
    except OSError as error:
        raise StoreError(f"{path} cannot be written: {error.strerror}.", "Name another file with --file.") from error
    return CycleCalendarAnswer(cycle=cycle.id, file=str(path), events=content.count(b"BEGIN:VEVENT"))
