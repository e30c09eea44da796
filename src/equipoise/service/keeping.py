"""Keep the record: check it, show its log, back it up, restore it, and clear away what is no longer needed."""

import datetime as dt
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from equipoise.errors import EquipoiseError, InputError, NotFoundError, StoreError
from equipoise.service.history import shown
from equipoise.service.messages.keeping import (
    AuditLine,
    AuditListAnswer,
    AuditListRequest,
    AuditVerifyAnswer,
    AuditVerifyRequest,
    BackupAnswer,
    BackupRequest,
    GcAnswer,
    GcRequest,
    RestoreAnswer,
    RestoreRequest,
)
from equipoise.service.messages.message import PlanRequest
from equipoise.service.paging import latest
from equipoise.service.register import Context
from equipoise.service.workspace import locate
from equipoise.tables.figures import plural, quantity

if TYPE_CHECKING:
    from equipoise.store import Document, Line, Store, Version

_LONGEST = 60
_DIGITS = 16
# What a version's line says that its id and its time say already, or that only a program reads.
_UNSAID = frozenset({"plan", "number", "created", "code", "content"})


def verify(request: AuditVerifyRequest, context: Context) -> AuditVerifyAnswer:  # noqa: ARG001 - every operation is given its context
    """Check the log's chain, the records and versions against it, and the tables of versions.

    Raises StoreError with a fault for each thing that is not what was written, InputError where an anchor cannot be read.
    """
    anchors = dict(_anchor(words) for words in request.anchor)
    store = _store(request)
    number, content = store.head()  # before: what comes in meanwhile is not in the answer
    faults = store.verify(anchors)
    if faults:
        raise StoreError(
            f"The record is not what was written: {len(faults)} {plural('fault', len(faults))}.", "See below what is wrong.", faults=faults
        )
    versions = store.versions()
    tables = len({content for version in versions for content in version.tables.values()})
    outside = f", and as noted outside {len(anchors)} {'times' if len(anchors) > 1 else 'time'}" if anchors else ""
    counted = f"{quantity(number, 'line')}, {quantity(len(versions), 'version')} and {quantity(tables, 'table')}"
    return AuditVerifyAnswer(
        headline=[f"The record is whole: {counted}{outside}."],
        lines=number,
        versions=len(versions),
        tables=tables,
        anchor=f"{number}:{content}",
    )


def _anchor(words: str) -> tuple[int, str]:
    number, _, content = words.strip().partition(":")
    if not number.isdigit() or not content:
        raise InputError(f"{words} is no anchor.", "Give line and hash as audit verify shows them, such as 120:9f86d0...")
    return int(number), content.strip().lower()


def list_(request: AuditListRequest, context: Context) -> AuditListAnswer:  # noqa: ARG001 - every operation is given its context
    """Return the lines of the log that fit."""
    lines = [line for line in _store(request).lines(after=request.after, kind=request.kind, identity=request.id) if _fits(line, request)]
    chosen = latest(lines, request.limit, request.offset)
    told = quantity(len(lines), "line")
    told = f"{'Some' if request.offset else 'The latest'} {len(chosen)} of {told}." if len(chosen) < len(lines) else f"{told}."
    return AuditListAnswer(headline=[told], lines=[_audit_line(line) for line in chosen], total=len(lines))


def _fits(line: "Line", request: AuditListRequest) -> bool:
    day = line.at.date()
    return (
        request.actor in {"", line.actor}
        and request.operation in {"", line.operation}
        and request.door in {"", line.door}
        and (request.since is None or day >= request.since)
        and (request.until is None or day <= request.until)
    )


def _audit_line(line: "Line") -> AuditLine:
    return AuditLine(
        number=line.number,
        at=f"{line.at:%Y-%m-%d %H:%M:%S}",
        actor=line.actor,
        door=line.door,
        operation=line.operation,
        kind=line.kind,
        id=line.id,
        change="; ".join(_changes(line)),
        reason=line.reason,
        hash=line.hash[:_DIGITS],
    )


def _changes(line: "Line") -> Iterator[str]:
    """Give in words how the two documents of a line differ."""
    if line.new is None:
        yield "taken out"
        return
    old, unsaid = line.old or {}, _UNSAID if line.kind == "version" else frozenset()
    for column in {**old, **line.new}:
        before, after = old.get(column), line.new.get(column)
        if before == after or column in unsaid:
            continue
        if line.old is not None:
            yield f"{column} from {_brief(before)} to {_brief(after)}"
        elif after not in (None, "", [], {}):
            yield f"{column} {_brief(after)}"


def _brief(value: object) -> str:
    text = shown(value) or "nothing"
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


def backup(request: BackupRequest, context: Context) -> BackupAnswer:
    """Write the whole record to one file.

    Raises InputError where the file is there already, StoreError where it cannot be written.
    """
    target = Path(request.target).expanduser()
    if target.is_dir():
        target /= f"equipoise-{context.today:%Y-%m-%d}.zip"
    if target.exists():
        raise InputError(f"{target} is there already.", "Choose another name, or delete it first.")
    store = _store(request)
    manifest = store.backup(str(target))
    lines, versions, tables, lost = _counted(manifest)
    headline = [f"{target} holds {quantity(lines, 'line')}, {quantity(versions, 'version')} and {quantity(tables, 'table')}."]
    if lost:
        headline.append(f"Not in it, for they could not be read: {quantity(len(lost), 'table')}. See audit verify.")
    try:
        store.note("store", "backup", {"file": target.name, "head": manifest["head"]}, context.sign("backup"))
    except StoreError as error:  # a store that cannot be written is just the one to be backed up
        headline.append(f"That a backup was made could not be written to the log. {error.short}")
    return BackupAnswer(
        headline=headline,
        file=str(target),
        bytes=target.stat().st_size,
        lines=lines,
        versions=versions,
        tables=tables,
        anchor=f"{manifest['head']}:{manifest['hash']}",
        lost=lost,
    )


def restore(request: RestoreRequest, context: Context) -> RestoreAnswer:
    """Put what a backup holds into the store of a workspace.

    Raises NotFoundError where there is no such file, StoreError where the store is not empty and is not to be replaced, or the backup is
    damaged; the store then stands as it was.
    """
    from equipoise.store import shared_store

    folder = _folder(request)
    source = Path(request.source).expanduser()
    if not source.is_file():
        raise NotFoundError(f"There is no backup {source}.", "Check the path.")
    manifest = shared_store(folder).restore(str(source), context.sign("restore", request.reason), replace=request.replace)
    shutil.rmtree(folder / ".equipoise" / "receipts", ignore_errors=True)  # they only save time, and tell of runs that are gone
    lines, versions, tables, lost = _counted(manifest)
    headline = [f"Restored {quantity(lines, 'line')}, {quantity(versions, 'version')} and {quantity(tables, 'table')} from {source.name}."]
    if lost:
        headline.append(f"Lost before the backup was made: {quantity(len(lost), 'table')}. See audit verify.")
    return RestoreAnswer(headline=headline, lines=lines, versions=versions, tables=tables, lost=lost)


def _counted(manifest: "Document") -> tuple[int, int, int, list[str]]:
    """Return the lines, versions and tables of a backup, and the tables that it has lost."""
    counts, tables, lost = manifest["counts"], manifest["tables"], manifest["lost"]
    if not isinstance(counts, dict) or not isinstance(tables, dict) or not isinstance(lost, list):
        raise StoreError("The manifest of the backup is not what was written.", "Take another backup.")
    return int(counts["line"]), int(counts["version"]), len(tables), [str(content) for content in lost]


def gc(request: GcRequest, context: Context) -> GcAnswer:
    """Drop drafts beyond the latest of each plan with their output folders, what killed runs left, jobs that ended before, old results of
    steps, and tables that nothing names.

    Versions made by submitting, promoting or approving stand for good, and so do drafts that one of them was made from or a record names.
    """
    from equipoise.service.sealing import mend_outputs

    place = locate(request)
    store = _store(request)
    dropped = list(_droppable(store, request.drafts))
    store.drop_versions([(version.plan, version.number) for version in dropped], context.sign("gc", request.reason))
    folders = [folder for version in dropped if (folder := place.outputs(version.plan) / version.name).is_dir()]
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)
    before = dt.datetime.now(dt.UTC).replace(tzinfo=None) - dt.timedelta(days=request.days)
    store.drop_jobs(before)
    store.drop_replies(before)
    for plan in sorted({version.plan for version in store.versions()}):
        mend_outputs(place, plan)
    tables, size = store.collect(results_before=before)
    told = f"Cleared away {quantity(len(dropped), 'draft')} and {quantity(tables, 'table')}: {size / 1e6:,.1f} MB."
    return GcAnswer(
        headline=[told],
        versions=[f"{version.plan} {version.name}" for version in dropped],
        folders=[str(folder) for folder in folders],
        tables=tables,
        bytes=size,
    )


def _droppable(store: "Store", keep: int) -> Iterator["Version"]:
    """Give the drafts that nothing needs, beyond the latest `keep` of each plan."""
    versions = store.versions()
    named = set(_named(store)) | {
        (version.plan, version.base) for version in versions if version.base is not None and version.made != "run"
    }
    for plan in sorted({version.plan for version in versions}):
        drafts = [version for version in versions if version.plan == plan and version.made == "run"]
        for version in drafts[:-keep]:
            if not {(plan, version.number), ("", version.number)} & named:
                yield version


def _named(store: "Store") -> Iterator[tuple[str, int]]:
    """Give plan and number of the versions that records name; a record that tells no plan holds them in every plan."""
    from equipoise.tables.kept_process import PROCESS

    for definition in PROCESS:
        if "version" in definition.by_name:
            for record in store.records(definition.name):
                number = record.document.get("version")
                if isinstance(number, int):
                    yield str(record.document.get("plan") or ""), number


def _store(request: PlanRequest) -> "Store":
    """Return the store of a workspace. Raises NotFoundError where there is none yet."""
    place = locate(request)
    if not place.kept:
        raise NotFoundError(f"{place.folder} has no record yet.", f"Make one with: equipoise run {place.plan_file}")
    return place.store


def _folder(request: PlanRequest) -> Path:
    """Return the workspace's folder; to restore, its plan file need not be there yet."""
    try:
        return locate(request).folder
    except EquipoiseError:
        folder = Path(request.workspace or request.plan).expanduser()
        if not folder.is_dir():
            raise
        return folder.resolve()
