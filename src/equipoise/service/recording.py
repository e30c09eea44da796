"""A long operation as a job in the record: how far it is, that it lives, that it is to stop, and what came of it.

A job is recorded when the operation first tells what it does: a run that finds nothing changed tells nothing and makes none. A thread
writes how far it is and looks whether somebody asked it to stop; the operation itself never waits for that.
"""

import datetime as dt
import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from threading import Event, Lock, Thread
from typing import TYPE_CHECKING

from pydantic import BaseModel

from equipoise.errors import EquipoiseError, StoppedError, StoreError
from equipoise.process.people import AGENT
from equipoise.service.messages import PlanRequest
from equipoise.service.register import Context, Operation
from equipoise.service.workspace import Workspace, locate

if TYPE_CHECKING:
    from equipoise.cycle import Progress
    from equipoise.store.contract import Document, Job, JobState

BEAT = 2.0
"""Seconds between two signs of life."""

_MOST_LINES = 200


class Stopped(BaseException):
    """Somebody asked the job to stop. No error of a step: what turns those into findings must not take this for one."""


def recorded(operation: Operation, request: BaseModel, context: Context) -> BaseModel:
    """Do a long operation as a job of this process, or, where that was asked for, start it in the background and return its job.

    Raises StoppedError where somebody stopped it, and the EquipoiseError of the operation.
    """
    if not isinstance(request, PlanRequest):
        return operation.function()(request, context)
    if getattr(request, "background", False) or context.door in {"rest", "mcp"}:
        from equipoise.service.jobs import started

        return started(operation, request, context)
    place = locate(request)
    return done_as(Recorder(place, lambda: new_job(operation, request, place, context), context), operation, request)


def done_as(recorder: "Recorder", operation: Operation, request: BaseModel) -> BaseModel:
    """Do the operation while `recorder` keeps its job; the answer, or what went wrong, is kept with it."""
    context = replace(recorder.context, listen=recorder, check=recorder.check)
    try:
        answer = operation.function()(request, context)
    except Stopped:
        error = stopped()
        recorder.end("cancelled", error=error.as_dict())
        raise error from None
    except EquipoiseError as error:
        recorder.end("failed", error=error.as_dict())
        raise
    except KeyboardInterrupt:
        recorder.end("cancelled", error=stopped().as_dict())
        raise
    except BaseException as error:
        recorder.end("failed", error=EquipoiseError(f"Equipoise itself failed: {type(error).__name__}: {error}").as_dict())
        raise
    recorder.end("done", answer=answer.model_dump(mode="json"))
    return answer


def stopped() -> StoppedError:
    """Return in words that a job was stopped."""
    return StoppedError("It was stopped before it was done; what was kept before stands.", "Go on with: equipoise job resume ID")


def new_job(operation: Operation, request: PlanRequest, place: Workspace, context: Context) -> "Job":
    """Return a new job, not recorded yet. What it was asked is kept so that any process can do it again."""
    from equipoise.store.chain import utc_now
    from equipoise.store.contract import Job

    said = request.model_dump(mode="json", exclude={"background"})
    values = {**said, "plan": str(place.plan_file), "workspace": str(place.folder)}
    asked: Document = {
        "values": values,
        "today": context.today.isoformat(),
        "alone": context.person.alone,
        "agent": AGENT in context.person.roles,
    }
    now = utc_now()
    return Job(f"job-{secrets.token_hex(4)}", operation.name, asked, context.actor, context.door, "queued", now, now)


def _nothing() -> None:
    return


@dataclass
class Recorder:
    """Listens to an operation and keeps its job; `first` makes the job when there is something to record.

    `stop` is called once when somebody asks the job to stop; the operation itself hears of it at its next step.
    """

    place: Workspace
    first: "Callable[[], Job]"
    context: Context
    stop: Callable[[], None] = _nothing
    _job: "Job | None" = None
    _lines: list[str] = field(default_factory=list)
    _now: str = ""
    _steps: int = 0
    _stopped: Event = field(default_factory=Event)
    _ended: Event = field(default_factory=Event)
    _lock: Lock = field(default_factory=Lock)
    _thread: Thread | None = None

    def __call__(self, event: "Progress") -> None:
        """Take in what an operation tells, and pass it on. Raises Stopped where somebody asked for that."""
        self.begin()
        self.check()
        self._take(event)
        self.context.listen(event)

    def check(self) -> None:
        """Raise Stopped where somebody asked the job to stop."""
        if self._stopped.is_set():
            raise Stopped

    def begin(self) -> None:
        """Record the job as running, once, and begin to give signs of life."""
        with self._lock:
            if self._job is not None:
                return
            from equipoise.exchange.liveness import worker

            self._job = replace(self.first(), state="running", worker=worker())
            self.place.store.put_job(self._job)
            self._thread = Thread(target=self._beat, name="job", daemon=True)
            self._thread.start()

    def end(self, state: "JobState", answer: "Document | None" = None, error: "Document | None" = None) -> bool:
        """Record what came of it, once; return False where that was recorded before.

        Where it cannot be written the operation's own outcome counts, and whoever looks takes the job as interrupted.
        """
        with self._lock:
            if self._ended.is_set():
                return False
            self._ended.set()
        if self._thread is not None:
            self._thread.join()
        if self._job is not None:
            with suppress(StoreError):
                self._put(state=state, answer=answer, error=error)
        return True

    def _take(self, event: "Progress") -> None:
        words = f"{event.phase}: {event.step.replace('_', ' ')}" + (f" for {event.scenario}" if event.scenario else "")
        with self._lock:
            if event.state == "begins":
                self._now = words
            elif not event.scenario:
                self._steps += 1
                self._now = ""
                said = "unchanged" if event.state == "unchanged" else f"{event.seconds:.2f} s"
                self._lines = [*self._lines, f"{words}: {said}"][-_MOST_LINES:]

    def _beat(self) -> None:
        while not self._ended.wait(BEAT):
            with suppress(StoreError):  # the next beat tries again
                held = self._put()
                if (held is None or held.cancel) and not self._stopped.is_set():
                    self._stopped.set()
                    self.stop()

    def _put(self, **values: object) -> "Job | None":
        """Record how far the job is and return it as it stands; None where another process has taken it over, which then has the word."""
        if self._job is None:
            return None
        with self._lock:
            lines = (*self._lines, f"{self._now} …") if self._now and not values else tuple(self._lines)
        now = dt.datetime.now(dt.UTC).replace(tzinfo=None)
        self._job = replace(self._job, beat=now, progress=lines, **values)  # type: ignore[arg-type]
        return self.place.store.update_job(self._job)
