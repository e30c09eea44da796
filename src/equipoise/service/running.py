"""Run a plan, unless the last version still stands: then nothing heavy is loaded, and the answer comes at once."""

import datetime as dt
import time
from pathlib import Path
from uuid import uuid4

from pydantic import BaseModel, ValidationError

from equipoise import code_version
from equipoise.errors import EquipoiseError, StoreError
from equipoise.service.messages import IssueLine, RunAnswer, RunRequest
from equipoise.service.register import Context
from equipoise.service.workspace import Workspace, file_hash, locate
from equipoise.store.glance import changed_since, due_notices, exists, plan_changed_since


class _Receipt(BaseModel):
    """What the last run of a plan file answered, and what it was made from."""

    code: str
    inputs: dict[str, str]
    answer: RunAnswer


def run(request: RunRequest, context: Context) -> RunAnswer:
    """Run the cycle for a plan and keep a new version with its outputs; where nothing has changed, the last version stands.

    Raises PlanFileError or DataError where the input is wrong, SolverError or StoreError where planning or keeping fails;
    earlier versions and outputs then stand as they were.
    """
    began = time.perf_counter()
    place = locate(request)
    refused = [*_told(request, place, context), *_inbox(place, context)]
    receipt = None if request.force else _standing(place, context.today)
    if receipt is not None:
        seconds = round(time.perf_counter() - began, 3)
        again = {"unchanged": True, "steps": [], "seconds": seconds, "issues": [*refused, *receipt.answer.issues]}
        return receipt.answer.model_copy(update=again)
    from equipoise.service.planning import plan

    answer, version = plan(place, context)
    _write(place, _Receipt(code=version.code, inputs=version.inputs, answer=answer))
    return answer.model_copy(update={"issues": [*refused, *answer.issues]})


def _told(request: RunRequest, place: Workspace, context: Context) -> list[IssueLine]:
    """Send the notices of what was published that have become due; return a line that says so. What cannot be sent stops no run."""
    if not due_notices(place.folder, context.today):
        return []
    from equipoise.service.publishing import send_due

    try:
        return [IssueLine(severity="note", message=one) for one in send_due(request, context)]
    except EquipoiseError as error:
        return [IssueLine(severity="warning", message=f"Notices that are due were not sent: {error.message}", fix=error.fix)]


def _inbox(place: Workspace, context: Context) -> list[IssueLine]:
    """Take in the files of the inbox, where there are some; return why files were refused: the plan is run without them."""
    if not any((place.folder / "inbox").rglob("*.y*ml")):
        return []
    from equipoise.service.inbox import take

    return [
        IssueLine(severity="warning", source=f"inbox/{one.file}", row=one.line, column=one.entry, message=one.message, fix=one.fix)
        for one in take(place, context).faults
    ]


def _path(place: Workspace) -> Path:
    return place.folder / ".equipoise" / "receipts" / f"{place.plan_file.name}.json"


def _standing(place: Workspace, today: dt.date) -> _Receipt | None:
    """Return the last receipt where it was made by this code, from the very files that lie there now, and its outputs still stand."""
    try:
        receipt = _Receipt.model_validate_json(_path(place).read_bytes())
    except (OSError, ValidationError):
        return None
    same_day = receipt.inputs.pop("today", today.isoformat()) == today.isoformat()
    line, fed = int(receipt.inputs.pop("record", "0")), receipt.inputs.pop("approved", "")
    kept = Path(receipt.answer.folder).is_dir() and exists(place.folder)
    mine = str(place.plan_file) in receipt.inputs
    if not (same_day and kept and mine and receipt.code == code_version()) or plan_changed_since(place.folder, line):
        return None
    if changed_since(place.folder, line, ("approval",)) and _fed_otherwise(place, fed):
        return None
    return receipt if all(file_hash(Path(name)) == content for name, content in receipt.inputs.items()) else None


def _fed_otherwise(place: Workspace, fed: str) -> bool:
    from equipoise.service.snapshots import fed_otherwise

    return fed_otherwise(place.store, fed)


def _write(place: Workspace, receipt: _Receipt) -> None:
    """Keep the receipt. It only saves time: a run without one, or with a damaged one, plans again."""
    path = _path(place)
    aside = path.with_suffix(f".{uuid4().hex[:8]}.part")  # of two runs at once each has its own
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        aside.write_text(receipt.model_dump_json(), encoding="utf-8")
        aside.replace(path)
    except OSError as error:
        raise StoreError(
            f"{path} cannot be written: {error.strerror}.", "Check that the workspace can be written and has space."
        ) from error
