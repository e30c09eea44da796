"""Publish: the approved plan's weekly targets are frozen, its files written, and everybody is told what changed for them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

import polars as pl

from equipoise.decide.notices import Published, Reader, notice
from equipoise.decide.weekly_targets import SCHEMA, weekly_target
from equipoise.errors import InputError, NotFoundError
from equipoise.exchange.exports import write_published
from equipoise.exchange.record_page import plain, record_page
from equipoise.exchange.table_files import csv
from equipoise.process.calendar_file import calendar_file
from equipoise.process.kept import Edit, edited, whole, word
from equipoise.service.approving import approved_of, done_with
from equipoise.service.communication import (
    Line,
    by_hand,
    in_words,
    is_due,
    lines_of,
    notices_of,
    publication_id,
    publication_of,
    rows,
    tell,
)
from equipoise.service.current import Process, process_of
from equipoise.service.freshness import changed_files
from equipoise.service.messages import PlanRequest
from equipoise.service.messages.publishing import PublishAnswer, PublishRequest
from equipoise.service.notifying import Message
from equipoise.service.records import is_agent
from equipoise.service.register import Context
from equipoise.service.snapshots import approved_versions
from equipoise.service.workspace import locate
from equipoise.store.glance import due_notices
from equipoise.tables.figures import listing, number, plural
from equipoise.tables.setting import from_table

if TYPE_CHECKING:
    from pathlib import Path

    from equipoise.store.contract import Change, Document, Record, Version

TARGETS_FILE = "weekly_targets.csv"
CALENDAR_FILE = "calendar.ics"


def publish(request: PublishRequest, context: Context) -> PublishAnswer:
    """Publish the approved version of the cycle: targets, files and notices; or, `again`, send what has failed or become due.

    What is written is written at once, in the files and in the record; a notice that fails undoes nothing. Raises InputError where no
    version is approved, or it was published already; StoreError where the files or the record cannot be written: nothing is published then.
    """
    process = process_of(request, context)
    kept = publication_of(process)
    if request.again or request.told:
        if kept is None:
            raise InputError("The plan is not published yet: nobody was to be told.", "Publish it first: equipoise publish")
        work = _Publishing(process, _version(process, kept), context)
        if request.told:
            kept = by_hand(process, kept, request.told, context)
        if request.again:
            kept = tell(process, kept, work.message, context, only=request.to)
        return _answer(process, kept, [])
    version = approved_of(process)
    if version is None:
        raise InputError("No version is approved yet: only an approved plan is published.", "Approve it first: equipoise approve")
    if kept is not None and whole(kept.document, "version") == version.number:
        raise InputError(
            f"{version.name} is published already.", "Send what has failed with: equipoise publish --again; or approve a newer version."
        )
    work = _Publishing(process, version, context)
    kept = work.published(kept)
    words = [f"{version.name} is published{f' as the plan of {process.name}' if process.name else ''}."]
    if later := [one.what for one in changed_files(process, version)]:
        words.append(
            f"Not in it, for {'it was' if len(later) == 1 else 'they were'} changed after {version.name} was run: {listing(later, 9)}."
        )
    if not request.quiet:
        kept = tell(process, kept, work.message, context)
    return _answer(process, kept, words)


def send_due(request: PlanRequest, context: Context) -> list[str]:
    """Send what waits for a day that has come, of every publication of the plan's business unit, and say so.

    Whoever published decided that; it is sent by whatever runs first on that day. An agent sends nothing. A notice that fails undoes
    nothing. Raises PlanFileError where the plan file is wrong.
    """
    place = locate(request)
    if is_agent(context) or not due_notices(place.folder, context.today):
        return []
    told = []
    for kept in process_of(request, context).records("publication"):
        due = [str(one["to"]) for one in notices_of(kept) if is_due(one, context.today)]
        if due:
            process = process_of(request, context, kept.cycle)
            work = _Publishing(process, _version(process, kept), context)
            after = tell(process, kept, work.message, context, states=("waiting",))
            done = [str(one["to"]) for one in notices_of(after) if one["to"] in due and one["state"] == "sent"]
            told += [f"Notices of {kept.id} that became due were sent to {listing(done, 9)}."] if done else []
    return told


def _version(process: Process, publication: "Record") -> "Version":
    return process.place.store.version(word(publication.document, "plan"), whole(publication.document, "version"))


class _Publishing:
    """One version on its way out."""

    def __init__(self, process: Process, version: "Version", context: Context) -> None:
        self.process = process
        self.version = version
        self.context = context
        self._read: dict[str, dict[str, pl.DataFrame]] = {}

    def _tables(self, version: "Version") -> dict[str, pl.DataFrame]:
        if version.name not in self._read:
            store = self.process.place.store
            self._read[version.name] = {name: store.table(content) for name, content in version.tables.items()}
        return self._read[version.name]

    @cached_property
    def tables(self) -> dict[str, pl.DataFrame]:
        """The tables of the version."""
        return self._tables(self.version)

    @cached_property
    def last(self) -> "Version | None":
        """The version that was approved before: of an earlier cycle, or, without cycles, before this one."""
        earlier = [one for one in approved_versions(self.process.place.store, self.process.unit) if one.line < self.version.line]
        mine = [one for one in earlier if one.cycle != self.version.cycle or not self.version.cycle]
        return mine[-1] if mine else None

    @cached_property
    def targets(self) -> pl.DataFrame:
        """The weekly targets of the version."""
        names = ("shipment_plan", "demand_plan", "supply_plan", "working_calendar", "item", "setting")
        days = self.process.days
        free = [(one.first, one.last) for one in self.process.plan.process.holidays]
        return weekly_target(
            *(self.tables[name] for name in names),
            works=days.works,
            holiday=lambda day: any(first <= day <= last for first, last in free),
            tolerance=self.process.plan.process.target_tolerance,
        )

    @cached_property
    def _published(self) -> Published:
        store, unit = self.process.place.store, self.process.unit
        wanted = ("item", "market", "demand_plan", "supply_plan", "scenario_result")
        before = {} if self.last is None else {name: store.table(self.last.tables[name]) for name in wanted if name in self.last.tables}
        last = "" if self.last is None else f"{self.last.name}{f' of {self.last.cycle}' if self.last.cycle else ''}"
        decisions = [one for one in store.records("decision", business_unit=unit) if self._now(one)]
        return Published(self.tables, before, last, self.targets, decisions, store.records("action", business_unit=unit))

    def _now(self, decision: "Record") -> bool:
        """Whether a decision was made in this cycle."""
        cycle = self.process.cycle
        opened = "" if cycle is None else word(cycle.document, "opened")
        return decision.cycle == self.process.name or bool(opened and word(decision.document, "decided_on") >= opened)

    @property
    def folder(self) -> "Path":
        """The folder of the published files."""
        return self.process.place.outputs(self.version.plan) / f"{self.version.name}-published"

    def message(self, line: Line) -> Message:
        """Return what somebody is told."""
        reader = Reader(line.to if not line.roles or line.slices or self._is_person(line) else "", line.roles, line.slices)
        parts = notice(self._published, reader, line.what)
        title, below = self._title()
        _, text = record_page(title, below, parts)
        attached = (self.folder / CALENDAR_FILE,) if line.channel == "calendar" and (self.folder / CALENDAR_FILE).is_file() else ()
        return Message(title, text, plain(title, below, parts), attached)

    def _is_person(self, line: Line) -> bool:
        return line.to != line.audience and not line.to.startswith(f"{line.audience}: ")

    def _title(self) -> tuple[str, str]:
        cycle = f" of {self.process.name}" if self.process.name else ""
        as_of = from_table(self.tables["setting"]).calendar.as_of
        data = f"; data as of {as_of.isoformat()}" if as_of else ""
        return f"Plan {self.version.plan}{cycle} is published", f"Version {self.version.name}, approved by {self._approvers()}{data}."

    def _approvers(self) -> str:
        held = self.process.place.store.records("approval", business_unit=self.process.unit)
        mine = [
            one for one in held if whole(one.document, "version") == self.version.base and one.document.get("plan") == self.version.plan
        ]
        return ", ".join(dict.fromkeys(word(one.document, "person") for one in mine if word(one.document, "verdict") == "approved"))

    def published(self, before: "Record | None") -> "Record":
        """Write the files, then the record: weekly targets, publication, cycle and task, all or none; return the publication."""
        lines = lines_of(self.process, self.context.today)
        setting = from_table(self.tables["setting"])
        files = write_published(
            self.tables,
            setting,
            self.process.plan.process.exports,
            self._texts(lines),
            self.folder.with_name(self.version.name),
            self.folder,
        )
        document: Document = {
            "publication": publication_id(self.process),
            "plan": self.version.plan,
            "version": self.version.number,
            "head": self.process.place.store.head()[1],
            "files": files,
            "folder": str(self.folder),
            "notices": [line.document() for line in lines],
        }
        edits = [Edit("publication", publication_id(self.process), before.revision if before else 0, document), *self._targets_kept()]
        if self.process.cycle is not None:
            edits += [edited(self.process.cycle, status="published"), *done_with(self.process, "equipoise publish")]
        made = [_change(self.process, edit) for edit in edits] + self._targets_gone()
        changed = self.process.place.store.change(made, self.context.sign("publish"))
        return next(one for one in changed if one.kind == "publication")

    def _texts(self, lines: Sequence[Line]) -> dict[str, str]:
        """Return the files beside the tables: targets, the communication plan and the notice of each audience, and the calendar."""
        found = {TARGETS_FILE: csv(self.targets), "communication.csv": csv(pl.DataFrame([_row(line) for line in lines]))}
        audiences = self.process.plan.process.audiences
        for one in audiences:
            line = Line("", one.audience, one.what, one.channel, one.by, self.context.today, tuple(one.roles))
            name = "-".join("".join(letter if letter.isalnum() else " " for letter in one.audience.lower()).split())
            found[f"notices/{name or 'audience'}.md"] = self.message(replace(line, to=one.audience)).markdown
        if self.process.cycle is not None:
            process = self.process
            found[CALENDAR_FILE] = calendar_file(self.process.cycle, process.steps, process.tasks, process.unit).decode()
        return found

    def _targets_kept(self) -> list[Edit]:
        held = {one.id: one.revision for one in self._held_targets()}
        return [Edit("weekly_target", name, held.get(name, 0), document) for name, document in self._target_documents().items()]

    def _targets_gone(self) -> "list[Change]":
        from equipoise.store.contract import Change

        now = self._target_documents()
        return [Change("weekly_target", None, one.id, one.revision) for one in self._held_targets() if one.id not in now]

    def _held_targets(self) -> "list[Record]":
        prefix = f"{publication_id(self.process)}/"
        held = self.process.place.store.records("weekly_target", business_unit=self.process.unit)
        return [one for one in held if one.id.startswith(prefix)]

    def _target_documents(self) -> "dict[str, Document]":
        found: dict[str, Document] = {}
        for (family, unit), part in self.targets.partition_by("family", "unit", as_dict=True, maintain_order=True).items():
            name = f"{publication_id(self.process)}/{family}"
            name = f"{name} ({unit})" if name in found else name
            weeks = part.drop("family", "unit").with_columns(pl.col(pl.Date).dt.strftime("%Y-%m-%d"))
            found[name] = {"target": name, "family": family, "unit": unit, "weeks": weeks.to_dicts()}
        return found


def _change(process: Process, edit: Edit) -> "Change":
    from equipoise.store.contract import Change

    new = edit.revision == 0
    return Change(edit.kind, edit.document, edit.id, edit.revision, process.unit if new else "", process.name if new else "")


def _row(line: Line) -> dict[str, str]:
    document = line.document()
    what = ", ".join(name.replace("_", " ") for name in line.what)
    said = {name: word(document, name) for name in ("to", "audience", "channel", "by", "due")}
    return {**said, "what": what}


def targets_of(record: "Record") -> pl.DataFrame:
    """Return the weekly targets that a record holds, in the form of `weekly_target`."""
    weeks = record.document.get("weeks")
    kept = [one for one in weeks if isinstance(one, Mapping)] if isinstance(weeks, list) else []
    rows_ = [{**one, "family": word(record.document, "family"), "unit": word(record.document, "unit") or "unit"} for one in kept]
    schema = {name: pl.String() if dtype == pl.Date else dtype for name, dtype in SCHEMA.items()}
    frame = pl.DataFrame(rows_, schema=schema) if rows_ else pl.DataFrame(schema=schema)
    return frame.with_columns(pl.col(name).str.to_date() for name, dtype in SCHEMA.items() if dtype == pl.Date)


def published_targets(process: Process) -> list[pl.DataFrame]:
    """Return the weekly targets of every publication of the business unit, oldest first. Raises NotFoundError where there is none."""
    by_publication: dict[str, list[pl.DataFrame]] = {}
    for record in process.place.store.records("weekly_target", business_unit=process.unit):
        by_publication.setdefault(record.id.rpartition("/")[0] or record.cycle, []).append(targets_of(record))
    found = [pl.concat(parts) for parts in by_publication.values()]
    if not found:
        raise NotFoundError("There are no weekly targets yet.", "They are made when a plan is published: equipoise publish")
    return sorted(found, key=lambda frame: str(frame.get_column("week").min()))


def _answer(process: Process, kept: "Record", headline: list[str]) -> PublishAnswer:
    document = kept.document
    notices = document["notices"]
    told = [one for one in notices if isinstance(one, dict)] if isinstance(notices, list) else []
    files = document["files"]
    targets = [one for one in process.place.store.records("weekly_target", business_unit=process.unit) if one.id.startswith(f"{kept.id}/")]
    weeks = sum(targets_of(one).height for one in targets)
    open_ = [one for one in told if one["state"] in {"failed", "waiting", "sending"}]
    version = whole(document, "version") or 0
    families = f"{number(weeks)} weekly {plural('target', weeks)} for {number(len(targets))} {plural('row', len(targets))}"
    return PublishAnswer(
        headline=[
            *headline,
            *([f"{families.replace('rows', 'families').replace('row', 'family')} are in force."] if headline else []),
            in_words(told),
        ],
        plan=word(document, "plan"),
        cycle=process.name,
        version=f"v{version:04d}",
        folder=word(document, "folder"),
        files=[str(one) for one in files] if isinstance(files, list) else [],
        targets=weeks,
        notices=rows(told),
        head=":".join(map(str, process.place.store.head())),
        revision=kept.revision,
        next="equipoise publish --again" if open_ else "equipoise target check",
    )
