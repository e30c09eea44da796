"""Jobs in the background: at most two at a time on a machine, each in a process of its own, the others wait in the record.

A worker process takes a slot (a lock that the system takes back when the process ends, however it ends), does one job, and starts the next
worker. What waits when a machine goes down is started again by whoever next looks at jobs.
"""

import datetime as dt
import errno
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Timer
from typing import IO, TYPE_CHECKING

from equipoise.errors import EquipoiseError, NotFoundError
from equipoise.exchange.liveness import gone, worker
from equipoise.process.people import Person
from equipoise.service.recording import BEAT, Recorder, done_as, stopped
from equipoise.service.register import Context, Operation
from equipoise.service.workspace import Workspace
from equipoise.store.chain import utc_now

if TYPE_CHECKING:
    from pydantic import BaseModel

    from equipoise.store.contract import Job

SLOTS = 2
"""Jobs at a time on a machine: each may fill its memory with a plan."""

_SILENT = 15 * BEAT  # seconds without a sign of life after which a process that cannot be seen is taken as gone
_GRACE = 10.0  # seconds that a job which was asked to stop has to come to the end of a step
_RUNNING: list[subprocess.Popen[bytes]] = []  # workers that this process started: asked now and then, so that none stays behind unburied


def interrupted(place: Workspace) -> list["Job"]:
    """Mark jobs whose process is gone as interrupted, and return all that are, oldest first."""
    for job in place.store.jobs(state="running"):
        ended = gone(job.worker)
        silent = (utc_now() - job.beat).total_seconds() > _SILENT
        if ended or (ended is None and silent):
            place.store.move_job(job.id, "running", "interrupted", job.worker)
    return place.store.jobs(state="interrupted")


def wake(place: Workspace) -> None:
    """Start a worker for each job that waits, as many as there are slots free."""
    _RUNNING[:] = [process for process in _RUNNING if process.poll() is None]
    waiting = len(place.store.jobs(state="queued"))
    for _ in range(min(waiting, _free(place.folder) if waiting else 0)):
        _spawn(place)


def work(place: Workspace) -> None:
    """Do the job that has waited longest, where there is a slot, then wake the next. The body of a worker process."""
    with _slot(place.folder) as held:
        job = _claimed(place) if held else None
        if job is not None:
            with suppress(EquipoiseError):  # kept with the job
                _do(place, job)
    if job is not None:
        wake(place)


def _claimed(place: Workspace) -> "Job | None":
    """Return the oldest job that waits as this process's own; None where none does."""
    for job in place.store.jobs(state="queued"):
        if place.store.move_job(job.id, "queued", "running", worker()):
            return job
    return None


def _do(place: Workspace, job: "Job") -> None:
    recorder = Recorder(place, lambda: job, Context())
    recorder.stop = lambda: _end_soon(recorder)
    recorder.begin()
    try:
        operation, request, context = _asked(job)
    except EquipoiseError as error:
        recorder.end("failed", error=error.as_dict())
        raise
    recorder.context = context
    done_as(recorder, operation, request)


def _asked(job: "Job") -> tuple[Operation, "BaseModel", Context]:
    """Return what a job was asked: its operation and request, in the name of whoever asked, if they still may, on the day they asked."""
    from equipoise.service.identity import authorised
    from equipoise.service.operations import OPERATIONS
    from equipoise.service.register import read_request

    operation = OPERATIONS.get(job.operation)
    if operation is None:
        raise NotFoundError(f"There is no operation {job.operation} any more.", "Ask anew.")
    values = job.request.get("values")
    request = read_request(operation, values if isinstance(values, dict) else {})
    day = dt.date.fromisoformat(str(job.request["today"]))
    person = Person(job.actor, alone=job.request.get("alone") is True)
    context = Context(door=job.door, person=person, today=day, agent=job.request.get("agent") is True)  # type: ignore[arg-type]
    return operation, request, authorised(operation, request, context)


def _end_soon(recorder: Recorder) -> None:
    """End this worker where the job has not stopped by itself within the grace: everything kept outlasts that, as it does a power cut."""

    def end() -> None:
        if recorder.end("cancelled", error=stopped().as_dict()):
            os._exit(1)

    timer = Timer(_GRACE, end)
    timer.daemon = True
    timer.start()


def _spawn(place: Workspace) -> None:
    """Start a worker that outlasts this process. What it cannot put into the record it writes to a file beside the slots."""
    log = _folder(place.folder) / "worker.log"
    with log.open("ab") as said:
        _RUNNING.append(
            subprocess.Popen(  # noqa: S603 - this program itself
                [sys.executable, "-m", "equipoise.service.worker", str(place.plan_file), str(place.folder)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=said,
                start_new_session=True,
                cwd=place.folder,
            )
        )


def _folder(workspace: Path) -> Path:
    folder = workspace / ".equipoise" / "jobs"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _free(workspace: Path) -> int:
    """Return how many slots nobody has now."""
    return sum(_lockable(_folder(workspace) / f"slot-{number}") for number in range(1, SLOTS + 1))


def _lockable(path: Path) -> bool:
    with path.open("ab") as file:
        return _locked(file)


@contextmanager
def _slot(workspace: Path) -> Iterator[bool]:
    """Hold a slot, and give whether one was free."""
    for number in range(1, SLOTS + 1):
        with (_folder(workspace) / f"slot-{number}").open("ab") as file:
            if _locked(file):
                yield True
                return
    yield False


def _locked(file: IO[bytes]) -> bool:
    """Lock a file until it is closed; return False where another process has it. Where files cannot be locked nobody is kept out."""
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return error.errno not in {errno.EWOULDBLOCK, errno.EACCES, errno.EDEADLK}
    return True
