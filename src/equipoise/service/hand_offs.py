"""Hand-offs: submit, accept, open again, show a step; and the guard that keeps a step that was handed on as it is."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from equipoise.errors import NotAllowedError
from equipoise.process.built_on import alarms, built_on
from equipoise.process.freshness import why_stale
from equipoise.process.hand_off import HANDED_ON, Checks, accepted, conditions, reopened, submitted
from equipoise.process.kept import day, in_status, whole, word, words
from equipoise.process.opening import PROPOSED
from equipoise.process.progress import open_tasks
from equipoise.service.current import Process, current_cycle, expected, process_of
from equipoise.service.cycle_rows import alarm_row, task_row, version_name
from equipoise.service.messages.cycle import (
    GateRow,
    StepAcceptRequest,
    StepAnswer,
    StepReopenRequest,
    StepShowRequest,
    StepSubmitRequest,
)
from equipoise.service.register import Context
from equipoise.service.workspace import Workspace
from equipoise.store.contract import Record
from equipoise.tables.figures import listing

if TYPE_CHECKING:
    from equipoise.gather import Plan
    from equipoise.store.contract import Version

_BY_TABLE = ("demand_review", "supply_review")


def submit(request: StepSubmitRequest, context: Context) -> StepAnswer:
    """Submit a step: check its gate, seal the plan's last version, and hand the step on.

    Raises NotFoundError where there is no cycle, step or version, InputError with every condition of the gate that is not met,
    NotAllowedError where the person does not own the step, ConflictError where somebody changed it first.
    """
    process = process_of(request, context)
    step = process.step(request.step)
    expected(step, request.revision)
    edit = submitted(step, context.person, _checks(process, step, context), request.confirm)
    version = _sealed(process, step, context, request.reason)
    edit = replace(edit, document={**edit.document, "version": version.number})
    (made,) = process.change([edit], context, "step submit", request.reason)
    said = f"{word(made.document, 'title')} is submitted with {version.name}; {word(made.document, 'accepting_role')} accepts it."
    return _answer(process, made, context, said, following=f"equipoise step accept {word(made.document, 'name')}")


def _sealed(process: Process, step: Record, context: Context, reason: str) -> "Version":
    """Return the lasting version that the step is handed on with."""
    from equipoise.service.sealing import seal

    return seal(
        process.place,
        process.place.version(),
        "submit",
        context,
        cycle=process.name,
        business_unit=process.unit,
        reason=reason or f"{step.id} was submitted",
    )


def accept(request: StepAcceptRequest, context: Context) -> StepAnswer:
    """Accept a step that was submitted.

    Raises NotFoundError where there is no such step, InputError where it is not submitted, NotAllowedError where the person's role does
    not accept it, ConflictError where somebody changed it first.
    """
    process = process_of(request, context)
    step = process.step(request.step)
    expected(step, request.revision)
    edit = accepted(step, context.person, four_eyes=process.plan.process.four_eyes)
    (made,) = process.change([edit], context, "step accept")
    return _answer(process, made, context, f"{word(made.document, 'title')} is accepted.", following="equipoise cycle show")


def reopen(request: StepReopenRequest, context: Context) -> StepAnswer:
    """Open a step again for a reason, and raise an alarm to whoever built on it, in one write.

    Raises NotFoundError where there is no such step, InputError where it was not handed on or no reason is given, NotAllowedError where
    the person neither owns nor accepts it, ConflictError where somebody changed it first.
    """
    process = process_of(request, context)
    step = process.step(request.step)
    expected(step, request.revision)
    edit = reopened(step, context.person, request.reason)
    statement = f"{word(step.document, 'title')} was opened again by {context.actor}: {request.reason.strip().rstrip('.')}."
    raised = alarms("reopened", step, process.steps, statement, context.actor)
    made, *told = process.change([edit, *raised], context, "step reopen", request.reason.strip())
    said = f"{word(made.document, 'title')} is open again."
    return _answer(process, made, context, said, told, following=f"equipoise step submit {word(made.document, 'name')}")


def show(request: StepShowRequest, context: Context) -> StepAnswer:
    """Return a step with its gate, tasks and who built on it. Raises NotFoundError where there is no such step."""
    process = process_of(request, context, request.cycle)
    step = process.step(request.step)
    expected(step, request.revision)
    document = step.document
    by = word(document, "accepted_by") or word(document, "submitted_by")
    whom = f" by {by}" if by and word(document, "status") in HANDED_ON else ""
    return _answer(process, step, context, f"{word(document, 'title')} is {word(document, 'status')}{whom}.", with_gate=True)


def _answer(
    process: Process,
    step: Record,
    context: Context,
    said: str,
    told: Sequence[Record] = (),
    *,
    with_gate: bool = False,
    following: str = "",
) -> StepAnswer:
    document = step.document
    tasks = [task for task in process.tasks if word(task.document, "step") == word(document, "name")]
    return StepAnswer(
        headline=[said],
        step=step.id,
        title=word(document, "title"),
        status=word(document, "status"),
        owner_role=word(document, "owner_role"),
        accepting_role=word(document, "accepting_role"),
        start=day(document, "start"),
        due=day(document, "due"),
        version=version_name(document),
        submitted_by=word(document, "submitted_by"),
        accepted_by=word(document, "accepted_by"),
        reason=word(document, "reason"),
        revision=step.revision,
        gate=_gate(process, step, context) if with_gate else [],
        tasks=[task_row(task, context.today) for task in tasks],
        built_on=list(built_on(step, process.steps).steps),
        alarms=[alarm_row(one) for one in told],
        next=following,
    )


def _gate(process: Process, step: Record, context: Context) -> list[GateRow]:
    """Return the conditions of a gate; of a step that was handed on they are as they were then."""
    confirmed = words(step.document, "checked")
    checks = Checks() if word(step.document, "status") in HANDED_ON else _checks(process, step, context)
    found = conditions(step, checks, confirmed)
    return [GateRow(number=one.number, condition=one.words, state=one.state, why=one.why) for one in found]


def _checks(process: Process, step: Record, context: Context) -> Checks:
    """Return what the system knows of the conditions that it checks."""
    versions = process.place.versions()
    return Checks(
        run=_run(process, versions[-1] if versions else None, context),
        errors=_errors(versions[-1] if versions else None),
        tasks=_open_tasks(process, step),
        proposals=_proposals(process, step),
        earlier=_earlier(process, step),
        decisions=_decisions(process, step),
    )


def _run(process: Process, version: "Version | None", context: Context) -> str:
    from equipoise.service.freshness import changes_since

    if version is None:
        return f"it was never run. Run it: equipoise run {process.place.plan_file}"
    return why_stale(changes_since(process, version, context.today))


def _errors(version: "Version | None") -> str:
    issues = version.figures.get("issues") if version is not None else []
    errors = [one for one in issues if isinstance(one, dict) and one.get("severity") == "error"] if isinstance(issues, list) else []
    return f"{errors[0].get('message')} ({len(errors)} in all)" if errors else ""


def _open_tasks(process: Process, step: Record) -> str:
    left = open_tasks([task for task in process.tasks if word(task.document, "step") == word(step.document, "name")])
    named = listing([f"{task.id} {word(task.document, 'title')}" for task in left])
    return f"{named}. Set them done or dropped with: equipoise task set NUMBER --status done" if left else ""


def _proposals(process: Process, step: Record) -> str:
    """Say which proposals wait: for demand and supply review the overrides of their tables, for later steps all."""
    from equipoise.service.step_tables import step_of

    name = word(step.document, "name")
    kinds = ("override",) if name in _BY_TABLE else PROPOSED
    waiting = [one for kind in kinds for one in in_status(process.records(kind, "proposed"), "proposed")]
    if name in _BY_TABLE:
        waiting = [one for one in waiting if step_of(word(one.document, "table")) == name]
    return f"{listing([one.id for one in waiting])} wait. Decide on them with: equipoise review accept, or reject" if waiting else ""


def _earlier(process: Process, step: Record) -> str:
    position = whole(step.document, "position") or 0
    before = [one for one in process.steps if (whole(one.document, "position") or 0) < position]
    left = [f"{word(one.document, 'name')} is {word(one.document, 'status')}" for one in before if not _handed_on(one)]
    return f"{listing(left)}." if left else ""


def _handed_on(step: Record) -> bool:
    return word(step.document, "status") in HANDED_ON


def _decisions(process: Process, step: Record) -> str:
    """Say which decisions are open that are due by the end of the step, or that have no day."""
    last = day(step.document, "due")
    held = in_status(process.records("decision", "open", "proposed"), "open", "proposed")
    due = [one for one in held if last is None or (day(one.document, "due") or last) <= last]
    return f"{listing([one.id for one in due])} {'is' if len(due) == 1 else 'are'} open. See: equipoise decision list" if due else ""


def guard_sealed(place: Workspace, tables: Sequence[str], context: Context, plan: "Plan | None" = None) -> None:
    """Raise NotAllowedError where a table belongs to a step of the current cycle that was handed on: it has to be opened again first.

    Once the plan is approved every table belongs to the executive step. Call it before an edit of the base plan's tables. `plan` saves
    reading the plan file again.
    """
    from equipoise.service.gathering import understood
    from equipoise.service.step_tables import step_of

    if not place.kept:
        return
    plan = plan or understood(place, context.today)
    unit = plan.process.business_unit
    cycle = current_cycle(place.store, unit)
    if cycle is None:
        return
    steps = {word(one.document, "name"): one for one in place.store.records("step", business_unit=unit, cycle=cycle.id) if _handed_on(one)}
    approved = steps.get("executive_sop") if whole(cycle.document, "version") is not None else None
    for table in dict.fromkeys(tables):
        step = steps.get(step_of(table)) or approved
        if step is not None:
            name, status = word(step.document, "name"), word(step.document, "status")
            message = f"{table} belongs to {word(step.document, 'title')}, which was {status} with {version_name(step.document)}."
            raise NotAllowedError(message, f"Open it again first: equipoise step reopen {name} --reason WHY")


def guard_decided(place: Workspace, plan: "Plan") -> None:
    """Raise NotAllowedError where the executive step of the current cycle was handed on: what was decided then stays as it is.

    Call it before a decision, a scenario or an option brings something into the base plan, or is taken out of it.
    """
    unit = plan.process.business_unit
    cycle = current_cycle(place.store, unit) if place.kept else None
    if cycle is None:
        return
    for step in place.store.records("step", business_unit=unit, cycle=cycle.id):
        if word(step.document, "name") == "executive_sop" and _handed_on(step):
            title, status = word(step.document, "title"), word(step.document, "status")
            raise NotAllowedError(
                f"{title} was {status} with {version_name(step.document)}: what is part of the plan was decided there.",
                "Open it again first: equipoise step reopen executive_sop --reason WHY",
            )
