"""Long operations as jobs: start them, see how far they are, stop them, and go on with those that were broken off."""

import time
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from equipoise.errors import InputError, NotAllowedError, NotFoundError, StoreError
from equipoise.process.people import LEADER
from equipoise.service.job_queue import interrupted, wake
from equipoise.service.messages import PlanRequest
from equipoise.service.messages.jobs import (
    JobAnswer,
    JobCancelRequest,
    JobLine,
    JobListAnswer,
    JobListRequest,
    JobResumeRequest,
    JobShowRequest,
)
from equipoise.service.paging import latest
from equipoise.service.recording import new_job
from equipoise.service.register import Context, Operation, read_request
from equipoise.service.workspace import Workspace, locate
from equipoise.tables.figures import plural

if TYPE_CHECKING:
    from equipoise.store.contract import Job

_WAITING = 20.0  # seconds that a request over the network waits at most
_LOOK = 0.5  # seconds between two looks at a job that is waited for
_LATEST = 6  # lines of progress that are shown without --full
_STOPS = "In the background it stops after 10 seconds at the latest; in the foreground before its next step, or at once with Ctrl-C there."
_ENDED = ("done", "failed", "cancelled", "interrupted")


def start(name: str, values: dict[str, object], context: Context) -> str:
    """Start a long operation in the background and return the id of its job.

    Raises NotFoundError or InputError where there is no such operation or it is no long one about a plan, and what `call` raises before
    an operation begins.
    """
    from equipoise.service.identity import authorised
    from equipoise.service.operations import OPERATIONS

    if name not in OPERATIONS:
        raise NotFoundError(f"There is no operation {name}.", f"There are: {', '.join(OPERATIONS)}.")
    request = read_request(OPERATIONS[name], values)
    if not (OPERATIONS[name].long and isinstance(request, PlanRequest)):
        raise InputError(f"{name} is no long operation: it has no job.", "Call it.")
    return started(OPERATIONS[name], request, authorised(OPERATIONS[name], request, context)).job


def started(operation: Operation, request: PlanRequest, context: Context) -> JobAnswer:
    """Put a long operation into the queue, have it begin where a worker is free, and return its job. Who asks is known and may."""
    place = locate(request)
    job = new_job(operation, request, place, context)
    place.store.put_job(job)
    wake(place)
    return _answer(job, [f"{job.id} is on its way. Follow it with: equipoise job show {job.id} --plan {place.plan_file}"])


def restart(place: Workspace) -> None:
    """Go on with the jobs that wait, after a restart of the machine or of a server. Those broken off wait for `job resume`."""
    if place.kept:
        interrupted(place)
        wake(place)


def list_(request: JobListRequest, _: Context) -> JobListAnswer:
    """Return long operations, the latest first: those that run, wait or did not end well, and the latest that did."""
    place = locate(request)
    restart(place)
    jobs = place.store.jobs() if place.kept else []
    counts = {state: sum(job.state == state for job in jobs) for state in ("running", "queued", "interrupted")}
    said = [f"{count} {state}" for state, count in counts.items() if count]
    found = [job for job in jobs if request.all or job.state != "done"]
    headline = [f"Jobs: {', '.join(said) or 'none runs or waits'}."]
    if counts["interrupted"]:
        headline.append("Go on with those broken off: equipoise job resume")
    if not found and jobs:
        headline.append(f"{len(jobs)} {plural('job', len(jobs))} ended well: equipoise job list --all")
    shown = reversed(latest(found, request.limit, request.offset))
    return JobListAnswer(headline=headline, jobs=[_line(job) for job in shown], total=len(found))


def show(request: JobShowRequest, context: Context) -> JobAnswer:
    """Return how far a job is, and what came of it; with `wait` once it has ended, over the network after 20 seconds at the latest.

    Raises NotFoundError where there is no such job."""
    place = locate(request)
    restart(place)
    job = _found(place, request.job)
    until = time.monotonic() + (_WAITING if context.door in {"rest", "mcp"} else float("inf"))
    while request.wait and job.state not in _ENDED and time.monotonic() < until:
        time.sleep(_LOOK)
        if job.state == "queued":
            wake(place)
        interrupted(place)
        job = place.store.jobs(identity=job.id)[0]
    return _answer(job, full=request.full).model_copy(update={"waited": request.wait})


def cancel(request: JobCancelRequest, context: Context) -> JobAnswer:
    """Ask a job to stop: one that waits does not begin, one that runs stops before its next step.

    Raises NotFoundError where there is no such job, InputError where it has ended, NotAllowedError where it is somebody else's.
    """
    place = locate(request)
    interrupted(place)
    job = _found(place, request.job, *("queued", "running"))
    _theirs(job, context, "stop")
    if job.state in _ENDED:
        raise InputError(f"{job.id} is {job.state} already.", "There is nothing to stop.")
    if not place.store.move_job(job.id, "queued", "cancelled"):
        place.store.cancel_job(job.id)
    _note(place, job, context, "job cancel")
    job = _found(place, job.id)
    said = "is stopped" if job.state == "cancelled" else f"is asked to stop. {_STOPS}"
    return _answer(job, [f"{job.id} {said.removesuffix('.')}."])


def resume(request: JobResumeRequest, context: Context) -> JobListAnswer:
    """Have a job done again, by default all of mine that were broken off: steps that were finished are taken as they are.

    Raises NotFoundError where there is no such job, InputError where it runs, waits or is done, NotAllowedError where it is somebody
    else's.
    """
    place = locate(request)
    broken = interrupted(place)
    jobs = [_found(place, request.job)] if request.job else [job for job in broken if job.actor == context.actor and _of(job, context)]
    for job in jobs:
        _theirs(job, context, "go on with")
        if job.state in {"running", "queued", "done"}:
            raise InputError(f"{job.id} is {job.state}.", "Only what was stopped, broken off or failed can go on.")
    again = [job for job in jobs if place.store.move_job(job.id, job.state, "queued")]
    for job in again:
        _note(place, job, context, "job resume")
    wake(place)
    told = f"{len(again)} {plural('job', len(again))} on the way." if again else "Nothing was broken off."
    return JobListAnswer(headline=[told], jobs=[_line(_found(place, job.id)) for job in again], total=len(again))


def _found(place: Workspace, name: str, *states: str) -> "Job":
    """Return the job whose id begins so; by default the latest, of these states where there is one."""
    jobs = place.store.jobs() if place.kept else []
    if not name:
        meant = [job for job in jobs if job.state in states] or jobs
        if not meant:
            raise NotFoundError("There is no job.", "Long operations make one: equipoise run --background")
        return meant[-1]
    fit = [job for job in jobs if job.id == name] or [
        job for job in jobs if job.id.removeprefix("job-").startswith(name.removeprefix("job-"))
    ]
    if len(fit) != 1:
        known = ", ".join(job.id for job in (fit or jobs)[-5:])
        raise NotFoundError(f"There is no one job {name}.", f"There are: {known or 'none'}.")
    return fit[0]


def _of(job: "Job", context: Context) -> bool:
    """Whether a job was asked for in the way of who asks: an agent leaves alone what its person asked for without it."""
    return not context.agent or job.request.get("agent") is True


def _theirs(job: "Job", context: Context, what: str) -> None:
    """Raise NotAllowedError where a job is somebody else's, unless a facilitator asks; for an agent also where an agent did not ask."""
    person = context.person
    if not (person.alone or person.name == job.actor or LEADER in person.roles):
        raise NotAllowedError(f"{person.name} may not {what} {job.id}: it is {job.actor}'s.", f"Ask {job.actor} or a facilitator.")
    if not _of(job, context):
        raise NotAllowedError(f"An agent may not {what} {job.id}: {job.actor} asked for it without one.", f"Ask {job.actor} to do it.")


def _note(place: Workspace, job: "Job", context: Context, operation: str) -> None:
    with suppress(StoreError):  # the job itself was changed already
        place.store.note("job", job.id, {"operation": job.operation, "asked by": job.actor}, context.sign(operation))


def _answer(job: "Job", headline: Sequence[str] = (), *, full: bool = False) -> JobAnswer:
    line = _line(job)
    done = sum(": " in one and not one.endswith("…") for one in job.progress)
    said = f"{job.id} ({job.operation}) {_SAID[job.state]}" + (f", {done} {plural('step', done)} done" if done else "") + "."
    values = job.request.get("values")
    stopping = [f"It was asked to stop. {_STOPS}"] if job.cancel and job.state == "running" and not headline else []
    return JobAnswer(
        headline=[*(headline or [said]), *stopping, *_outcome(job)],
        **line.model_dump(exclude={"now"}),
        progress=list(job.progress if full else job.progress[-_LATEST:]),
        request=values if full and isinstance(values, dict) else {},
        error=job.error,
        answer=job.answer if full else None,
    )


_SAID = {
    "queued": "waits for a worker",
    "running": "runs",
    "done": "is done",
    "failed": "failed",
    "cancelled": "was stopped",
    "interrupted": "was broken off; go on with: equipoise job resume",
}


def _outcome(job: "Job") -> list[str]:
    """Return what came of a job, in sentences: the headline of its answer, or its error."""
    if job.error is not None:
        return [_sentence(job.error), *(_sentence(fault) for fault in _listed(job.error, "faults")[:_LATEST] if isinstance(fault, dict))]
    answer = job.answer or {}
    return [*([f"It made {answer['version']}."] if answer.get("version") else []), *map(str, _listed(answer, "headline"))]


def _sentence(error: dict[str, object]) -> str:
    return f"{error.get('message', '')} {error.get('fix', '')}".strip()


def _listed(document: dict[str, object], name: str) -> list[object]:
    held = document.get(name)
    return held if isinstance(held, list) else []


def _line(job: "Job") -> JobLine:
    ended = job.state in _ENDED
    now = " ".join(_outcome(job)[:1]) if ended else (job.progress[-1] if job.progress else "")
    return JobLine(
        job=job.id,
        operation=job.operation,
        state="stopping" if job.cancel and job.state == "running" else job.state,
        by=job.actor,
        door=job.door,
        started=f"{job.created:%Y-%m-%d %H:%M:%S}",
        seconds=round(max((job.beat - job.created).total_seconds(), 0.0), 1),
        now=now,
    )
