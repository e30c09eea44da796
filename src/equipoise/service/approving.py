"""Approve: people of the roles that may say yes or no to a version; when enough have, it is sealed as the plan of record."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from equipoise.errors import InputError, NotAllowedError
from equipoise.process.kept import Edit, edited, whole, word
from equipoise.service.current import Process, process_of
from equipoise.service.messages.publishing import ApprovalRow, ApproveAnswer, ApproveRequest
from equipoise.service.register import Context
from equipoise.service.snapshots import approved_versions
from equipoise.tables.figures import either, listing

if TYPE_CHECKING:
    from equipoise.store.contract import Record, Version

_FINAL = "executive_sop"
_LEADING = ("pre_sop", _FINAL)
_AFTER = ("measure",)  # it looks back at what was approved
_CHANGING = ("override", "promotion", "risk")


def approve(request: ApproveRequest, context: Context) -> ApproveAnswer:
    """Say yes or no to a version of the plan; with enough yeses it is sealed as the plan of record of its cycle.

    Raises InputError where the version is stale, approved already, refused by somebody, where steps before are not accepted (unless
    `anyway`, with a reason), or a refusal has no reason; NotAllowedError where the person's roles may not approve the plan, or four eyes
    are asked for and they made what they would approve; ConflictError where somebody else was first.
    """
    process = process_of(request, context)
    version = process.place.version(request.version)
    role = _role(process, context)
    if _broken_off(process, version) and not request.refuse:
        _handed_on(process, version, context)
        words = f"{version.name} is the plan of record of cycle {process.name}."
        return _answer(process, version, _said(process, version), words, version.name, "equipoise publish")
    _refuse(process, version, request, context)
    if not request.refuse:
        _four_eyes(process, context)
    found = _said(process, version)
    if request.refuse or context.actor not in {word(one.document, "person") for one in found if _yes(one)}:
        found = _keep(process, version, request, context, role)
    if request.refuse:
        words = f"{version.name} is refused by {context.actor}: {request.reason.strip()}"
        return _answer(process, version, found, words, "", "Change the plan, run it, and have it approved: equipoise run")
    sealed = _sealed(process, version, found, context)
    if sealed is None:
        need = f"{version.name} is approved by {_names(found)}. Four eyes are asked for: one more person must approve it."
        return _answer(process, version, found, need, "", "Ask another approver: equipoise approve")
    words = f"{sealed.name} is the plan of record{f' of cycle {process.name}' if process.name else ''}, approved by {_names(found)}."
    return _answer(process, version, found, words, sealed.name, "equipoise publish")


def approved_of(process: Process) -> "Version | None":
    """Return the approved version of the cycle; without a cycle the latest of the plan. None where there is none."""
    found = [one for one in approved_versions(process.place.store, process.unit) if one.cycle == process.name]
    if process.cycle is None:
        found = [one for one in found if one.plan == process.plan.setting.plan]
    return found[-1] if found else None


def _role(process: Process, context: Context) -> str:
    """Return the role in which somebody approves. Raises NotAllowedError where they have none."""
    person, approvers = context.person, process.plan.process.approvers
    held = [role for role in approvers if role in person.roles]
    if held or person.alone:
        return held[0] if held else approvers[0]
    raise NotAllowedError(
        f"{person.name} may not approve the plan: that needs the role {either(approvers)}.",
        "Ask somebody who has it, or name other roles in the plan file: process.approvers.",
    )


def _broken_off(process: Process, version: "Version") -> bool:
    """Whether a version was sealed as the plan of record, and the cycle does not know of it: the call that sealed it was broken off."""
    cycle = process.cycle
    return (
        version.made == "approve" and cycle is not None and version.cycle == cycle.id and whole(cycle.document, "version") != version.number
    )


def _refuse(process: Process, version: "Version", request: ApproveRequest, context: Context) -> None:
    """Raise InputError where the version cannot be approved or refused."""
    if request.refuse:
        if not request.reason.strip():
            raise InputError("A plan is refused only for a reason.", "Say why with --reason: whoever made it must know what to change.")
        return
    from equipoise.service.freshness import PROGRAM, changes_since

    if version.made == "approve":
        raise InputError(f"{version.name} is approved already.", "Publish it: equipoise publish")
    no = [one for one in _said(process, version) if not _yes(one) and word(one.document, "person") != context.actor]
    if no:
        who, why = word(no[0].document, "person"), word(no[0].document, "reason")
        raise InputError(
            f"{version.name} was refused by {who}: {why}", f"Change the plan and run it, or ask {who} to approve this version."
        )
    latest = process.place.version()
    if version.number not in {latest.number, latest.base}:
        raise InputError(f"{version.name} is not the latest version: that is {latest.name}.", "Look at the latest, and approve that.")
    # A newer program makes other numbers of nothing that people have changed: what was looked at is what is approved.
    changes = [change for change in changes_since(process, version, context.today) if change.what != PROGRAM]
    if changes:
        what = listing([change.what for change in changes], 5)
        raise InputError(f"{version.name} is stale: {what} changed since it was made.", "Run the plan, look at it, then approve it.")
    _steps_accepted(process, request)


def _steps_accepted(process: Process, request: ApproveRequest) -> None:
    names = [word(step.document, "name") for step in process.steps if word(step.document, "status") != "accepted"]
    missing = [name for name in names if name not in {_FINAL, *_AFTER}]
    if missing and not request.anyway:
        raise InputError(
            f"The plan cannot be approved yet: {listing(missing, 6)} {'is' if len(missing) == 1 else 'are'} not accepted.",
            "Hand them on (equipoise step accept), or approve anyway and say why: --anyway --reason WHY",
        )
    if missing and not request.reason.strip():
        raise InputError("A plan whose steps are not accepted is approved only for a reason.", "Say why with --reason.")


def _four_eyes(process: Process, context: Context) -> None:
    """Raise NotAllowedError where four eyes are asked for and this person made the last change, or submitted what leads to the approval."""
    if not process.plan.process.four_eyes or context.person.alone:
        return
    lines = [line for kind in _CHANGING for line in process.place.store.lines(kind=kind) if line.business_unit == process.unit]
    last = max(lines, key=lambda line: line.number, default=None)
    made = {"made the last change": last.actor} if last is not None and last.cycle == process.name else {}
    made |= {
        f"submitted {step.id}": word(step.document, "submitted_by") for step in process.steps if word(step.document, "name") in _LEADING
    }
    for what, who in made.items():
        if who == context.actor:
            raise NotAllowedError(f"{who} {what} and cannot approve the plan too: four eyes are asked for.", "Ask another approver.")


def _said(process: Process, version: "Version") -> "list[Record]":
    """Return the last verdict of each person on a version, in the order in which they were given."""
    held = [one for one in process.place.store.records("approval", business_unit=process.unit) if one.document["plan"] == version.plan]
    mine = sorted((one for one in held if whole(one.document, "version") == version.number), key=lambda one: one.number)
    last = {word(one.document, "person"): one for one in mine}
    return sorted(last.values(), key=lambda one: one.number)


def _yes(approval: "Record") -> bool:
    return word(approval.document, "verdict") == "approved"


def _names(found: "Sequence[Record]") -> str:
    return listing([word(one.document, "person") for one in found if _yes(one)], 9)


def _keep(process: Process, version: "Version", request: ApproveRequest, context: Context, role: str) -> "list[Record]":
    document: dict[str, object] = {
        "plan": version.plan,
        "version": version.number,
        "verdict": "refused" if request.refuse else "approved",
        "person": context.actor,
        "role": role,
        "reason": request.reason.strip() or None,
        "head": process.place.store.head()[1],
    }
    process.change([Edit("approval", "", 0, document)], context, "approve", request.reason)
    return _said(process, version)


def _sealed(process: Process, version: "Version", found: "Sequence[Record]", context: Context) -> "Version | None":
    """Return the version sealed as the plan of record where enough people approved it, else None.

    Of several who approve at once the one whose yes made it enough seals it; where that was broken off, the next call does.
    """
    from equipoise.service.sealing import seal

    needed = 2 if process.plan.process.four_eyes and not context.person.alone else 1
    yes = [one for one in found if _yes(one)]
    if len(yes) < needed:
        return None
    held = [one for one in approved_versions(process.place.store, process.unit) if one.plan == version.plan and one.base == version.number]
    completing = word(yes[needed - 1].document, "person") == context.actor
    sealed = (
        held[-1]
        if held
        else seal(
            process.place,
            version,
            "approve",
            context,
            reason=word(yes[-1].document, "reason"),
            business_unit=process.unit,
            cycle=process.name,
        )
    )
    if completing or not held:
        _handed_on(process, sealed, context)
    return sealed


def _handed_on(process: Process, sealed: "Version", context: Context) -> None:
    """Note the approved version in the cycle; with it the executive step is accepted and its task is done."""
    if process.cycle is None:
        return
    edits = [edited(process.cycle, version=sealed.number)]
    for step in process.steps:
        if word(step.document, "name") == _FINAL:
            by = word(step.document, "submitted_by") or context.actor
            edits.append(edited(step, status="accepted", version=sealed.number, submitted_by=by, accepted_by=context.actor))
    edits += done_with(process, "equipoise approve")
    process.change(edits, context, "approve")


def done_with(process: Process, command: str) -> list[Edit]:
    """Return the edits that settle the tasks of the cycle which a command does."""
    opened = [task for task in process.tasks if word(task.document, "status") not in {"done", "dropped"}]
    return [edited(task, status="done") for task in opened if word(task.document, "link") == command]


def _answer(process: Process, version: "Version", found: "Sequence[Record]", words_: str, approved: str, following: str) -> ApproveAnswer:
    number, content = process.place.store.head()
    return ApproveAnswer(
        headline=[words_],
        plan=version.plan,
        version=version.name,
        approved=approved,
        head=f"{number}:{content}",
        approvals=[_row(one) for one in found],
        next=following,
    )


def _row(approval: "Record") -> ApprovalRow:
    document = approval.document
    return ApprovalRow(
        approval=approval.id,
        version=f"v{whole(document, 'version') or 0:04d}",
        verdict=word(document, "verdict"),
        person=word(document, "person"),
        role=word(document, "role"),
        reason=word(document, "reason"),
        at=approval.changed_at,
    )
