"""Versions of a plan: what was made when, by whom and why; and the draft: what was edited since the last one that stands for good."""

from collections.abc import Container, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from equipoise.process.kept import whole
from equipoise.scenario import Override
from equipoise.service.last_understood import plan_of
from equipoise.service.messages.jobs import DraftAnswer, DraftLine, DraftRequest, VersionLine, VersionListAnswer, VersionListRequest
from equipoise.service.recorded import plans_of
from equipoise.service.register import Context
from equipoise.service.workspace import Workspace, file_hash, locate
from equipoise.store.glance import CHANGES_A_PLAN
from equipoise.tables.figures import plural, quantity

if TYPE_CHECKING:
    from equipoise.store.contract import Document, Line, Version

_STATUS = {"run": "draft", "submit": "submitted", "promote": "promoted", "approve": "approved"}
_LIVE = {"", "accepted", "open"}  # statuses of records that a run lays


def list_(request: VersionListRequest, _: Context) -> VersionListAnswer:
    """Return the versions of a plan, the latest first. Raises NotFoundError where there is none."""
    place = locate(request)
    latest = place.version()
    versions = place.versions()
    lasting = [one.number for one in versions if one.made != "run"]
    since = lasting[-1] if lasting else 0
    shown = [one for one in versions if request.all or one.made != "run" or one.number > since]
    made = {line.id: line for line in place.store.lines(kind="version") if line.new is not None}
    published = {
        (record.document.get("plan"), whole(record.document, "version"))
        for record in place.store.records("publication", business_unit=None)
    }
    drafts = sum(one.made == "run" and one.number > since for one in versions)
    stand = "stands" if len(lasting) == 1 else "stand"
    told = f"{quantity(len(lasting), 'version')} {stand} for good, {quantity(drafts, 'draft')} made since."
    hidden = len(versions) - len(shown)
    return VersionListAnswer(
        headline=[told, *([f"{hidden} older {plural('draft', hidden)}: --all"] if hidden else [])],
        plan=latest.plan,
        versions=[_line(place, one, made, published) for one in reversed(shown)],
    )


def _line(place: Workspace, version: "Version", made: "dict[str, Line]", published: Container[object]) -> VersionLine:
    line = made.get(f"{version.plan}/{version.name}")
    return VersionLine(
        version=version.name,
        made=version.made,
        at=f"{version.created:%Y-%m-%d %H:%M}",
        by=line.actor if line else "",
        cycle=version.cycle,
        base=f"v{version.base:04d}" if version.base is not None else "",
        status="published" if (version.plan, version.number) in published else _STATUS[version.made],
        megabytes=round(_size(place.outputs(version.plan) / version.name) / 1e6, 2),
        reason=line.reason if line else "",
    )


def _size(folder: Path) -> int:
    """Return the bytes of a version's outputs; a sealed version shares them with its base where the file system lets it."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) if folder.is_dir() else 0


def draft(request: DraftRequest, context: Context) -> DraftAnswer:
    """Return what was edited since the last version that stands for good: overrides, promotions, risks, and files.

    Raises PlanFileError where the plan file is wrong.
    """
    place = locate(request)
    plan = plan_of(place, context)
    lasting = [one for one in place.versions() if one.made != "run"]
    since = lasting[-1] if lasting else None
    edits: list[DraftLine] = []
    if place.kept:
        plans = plans_of(place.store, plan.process.business_unit, plan.setting.plan)
        edits = _edits(place, int(since.inputs.get("record", "0")) if since else 0, plan.process.business_unit, plans)
    files = list(_files(place, since)) if since else []
    named = f"{since.name} ({_STATUS[since.made]}, {since.created:%Y-%m-%d})" if since else "the beginning: no version stands for good yet"
    told = [f"{len(edits)} {plural('edit', len(edits))} and {len(files)} changed {plural('file', len(files))} since {named}."]
    return DraftAnswer(headline=told, plan=plan.setting.plan, since=since.name if since else "", edits=[*edits, *files])


def _edits(place: Workspace, after: int, unit: str, plans: Container[str]) -> list[DraftLine]:
    """Return what became of records that change a plan since a line of the log: what was made and withdrawn again is nothing."""
    lines: dict[tuple[str, str], list[Line]] = {}
    for kind in CHANGES_A_PLAN:
        for line in place.store.lines(after=after, kind=kind):
            about = (line.new or line.old or {}).get("plan")
            if line.business_unit == unit and (not about or about in plans):
                lines.setdefault((kind, line.id), []).append(line)
    found = [(held[-1].number, edit) for (kind, _), held in lines.items() if (edit := _edit(kind, held)) is not None]
    return [edit for _, edit in sorted(found, key=lambda one: one[0])]


def _edit(kind: str, lines: "Sequence[Line]") -> DraftLine | None:
    first, last = lines[0].old, lines[-1]
    before, after = _live(first), _live(last.new)
    if not before and not after and _status(last.new) != "proposed":
        return None
    edit = "changed" if before and after else "added" if after else "withdrawn" if before else "proposed"
    return DraftLine(
        record=last.id,
        edit=edit,
        statement=_statement(kind, last.new or last.old or {}),
        by=last.actor,
        at=f"{last.at:%Y-%m-%d %H:%M}",
        reason=last.reason or str((last.new or {}).get("reason") or ""),
    )


def _status(document: "Document | None") -> str:
    return str((document or {}).get("status") or "")


def _live(document: "Document | None") -> bool:
    return document is not None and _status(document) in _LIVE


def _statement(kind: str, document: "Document") -> str:
    if kind == "override":
        told = str(Override.model_validate({name: document[name] for name in Override.model_fields if document.get(name) is not None}))
        scenario = document.get("scenario")
        return f"{told} (scenario {scenario})" if scenario else told
    if kind == "promotion":
        return f"{document.get('kind')} {document.get('promotion')} made part of the plan"
    return str(document.get("statement") or "")


def _files(place: Workspace, since: "Version") -> Iterator[DraftLine]:
    """Give the files that are not as that version read them."""
    for name, content in place.files(since).items():
        now = file_hash(place.plan_file.parent / name)
        if now != content:
            yield DraftLine(record=name, edit="changed" if now else "gone", statement="file of the plan", by="", at="", reason="")
