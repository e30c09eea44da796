"""Agendas and minutes of the cycle's meetings, written from the plan and the record."""

import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from equipoise.decide.meeting_agenda import meeting_agenda
from equipoise.decide.minutes import Kept, Meeting, minutes
from equipoise.decide.part import Part
from equipoise.errors import NotFoundError, StoreError
from equipoise.exchange.record_page import record_page
from equipoise.process.kept import day, whole, word
from equipoise.service.current import Process, process_of
from equipoise.service.messages.publishing import MeetingAgendaRequest, MeetingAnswer, MeetingMinutesRequest
from equipoise.service.register import Context
from equipoise.tables.figures import listing

if TYPE_CHECKING:
    from equipoise.store.contract import Record, Version

TITLES = {
    "demand_review": "Demand review",
    "supply_review": "Supply review",
    "pre_sop": "Pre-S&OP meeting",
    "executive_sop": "Executive S&OP meeting",
}
_KINDS = {
    "decisions": "decision",
    "actions": "action",
    "assumptions": "assumption",
    "risks": "risk",
    "comments": "comment",
    "overrides": "override",
    "alarms": "alarm",
}
_LINE = "minutes"


def agenda(request: MeetingAgendaRequest, context: Context) -> MeetingAnswer:
    """Write the agenda of a meeting as a page and as Markdown, and return it. Raises NotFoundError where there is no such cycle.

    Before the plan was run it has what the record gives alone. Raises StoreError where the files cannot be written.
    """
    process = process_of(request, context, request.cycle)
    step, version = _step(process, request.meeting), _version(process, request.meeting)
    tables = _tables(process, version, ("agenda", "kpi", "override_flag", "event_effect", "shortage", "capacity_load", "inventory_plan"))
    held = request.day or (day(step.document, "due") if step is not None else None) or context.today
    parts = meeting_agenda(request.meeting, tables, _kept(process), context.today, process.plan.setting.currency)
    return _written(process, version, request.meeting, "agenda", f"On {held}", parts)


def meeting_minutes(request: MeetingMinutesRequest, context: Context) -> MeetingAnswer:
    """Write the minutes of a meeting as a page and as Markdown, and return them. Raises NotFoundError where there is no such cycle.

    They begin where the minutes of the meeting before ended; written again, they cover the same. Raises StoreError where the files cannot
    be written.
    """
    process = process_of(request, context, request.cycle)
    version = _version(process, request.meeting)
    since = dt.datetime.combine(request.since, dt.time()) if request.since else _since(process, request.meeting)
    held = request.day or context.today
    meeting = Meeting(
        request.meeting, TITLES[request.meeting], held, since, tuple(request.attendee), tuple(request.absent), tuple(request.note)
    )
    register = _tables(process, version, ("risk_register",)).get("risk_register")
    parts = minutes(meeting, _kept(process, register), process.plan.setting.currency)
    answer = _written(process, version, request.meeting, "minutes", f"Held on {held}", parts)
    said: dict[str, object] = {
        "held": held.isoformat(),
        "attendees": list(request.attendee),
        "absent": list(request.absent),
        "files": answer.files,
    }
    process.place.store.note(_LINE, _line_id(process, request.meeting), said, context.sign("meeting minutes"))
    return answer


def _line_id(process: Process, meeting: str) -> str:
    return f"{process.name or process.plan.setting.plan}/{meeting}"


def _since(process: Process, meeting: str) -> dt.datetime | None:
    """Return when the minutes of the meeting before were written; without them when the cycle was opened, else None: everything."""
    own = _line_id(process, meeting)
    mine = {one.id for one in process.place.store.records("cycle", business_unit=process.unit)} | {process.plan.setting.plan}
    before = [line for line in process.place.store.lines(kind=_LINE) if line.id != own and line.id.rpartition("/")[0] in mine]
    first = next((line.at for line in process.place.store.lines(kind=_LINE, identity=own)), None)
    earlier = [line.at for line in before if first is None or line.at < first]
    if earlier:
        return max(earlier)
    opened = process.place.store.lines(kind="cycle", identity=process.name, limit=1) if process.name else []
    return opened[0].at if opened else None


def _step(process: Process, meeting: str) -> "Record | None":
    return next((step for step in process.steps if word(step.document, "name") == meeting), None)


def _version(process: Process, meeting: str) -> "Version | None":
    """Return the version that the step handed on, else the plan's latest; None where it was never run."""
    step = _step(process, meeting)
    sealed = whole(step.document, "version") if step is not None else None
    try:
        return process.place.version(sealed)
    except NotFoundError:
        return None


def _tables(process: Process, version: "Version | None", names: Sequence[str]) -> dict[str, pl.DataFrame]:
    if version is None:
        return {}
    return {name: process.place.store.table(version.tables[name]) for name in names if name in version.tables}


def _kept(process: Process, register: pl.DataFrame | None = None) -> Kept:
    store, unit = process.place.store, process.unit
    return Kept(**{name: store.records(kind, business_unit=unit) for name, kind in _KINDS.items()}, risk_register=register)


def _written(process: Process, version: "Version | None", meeting: str, what: str, when: str, parts: Sequence[Part]) -> MeetingAnswer:
    """Write a page and its Markdown beside the plan's versions, and return where they are."""
    plan = process.plan.setting.plan
    cycle = f" of {process.name}" if process.name else ""
    title = f"{what.capitalize()}: {TITLES[meeting]}{cycle}"
    of = f"plan {plan}, version {version.name}" if version is not None else f"plan {plan}, which was not run yet"
    page, text = record_page(title, f"{when}; {of}.", parts)
    folder = process.place.outputs(plan) / "meetings"
    names = [folder / f"{process.name or plan}-{meeting}-{what}.{kind}" for kind in ("html", "md")]
    for path, content in zip(names, (page, text), strict=True):
        _write(path, content)
    told = listing(list(dict.fromkeys((name := part.under or part.title)[:1].lower() + name[1:] for part in parts)), 12)
    return MeetingAnswer(
        headline=[f"{title}: {told or 'nothing to tell'}."],
        meeting=meeting,
        cycle=process.name,
        version=version.name if version is not None else "",
        files=[str(path) for path in names],
        text=text,
    )


def _write(path: Path, text: str) -> None:
    """Write a file at once: whoever reads meets the old one or the new one."""
    aside = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        aside.write_text(text, encoding="utf-8", newline="")
        aside.replace(path)
    except OSError as error:
        raise StoreError(f"{path} cannot be written: {error.strerror or error}.", "Check space and permissions.") from error
