"""The tool that runs the plan: a job in the background, told as it goes on, waited for as long as is asked."""

import time
from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from equipoise.interfaces.mcp.desk import Desk, uri
from equipoise.interfaces.mcp.replies import Reply, Rows, listed
from equipoise.interfaces.mcp.tool import Planned
from equipoise.service.messages.jobs import JobAnswer

_LOOK = 0.5
_ENDED = ("done", "failed", "cancelled", "interrupted")
_FIGURES = 12


class Run(Planned):
    """Run the plan into a new draft version (its input is checked first). Goes on as a job: with `job`, follow one."""

    job: Annotated[str, Field(description="Job to follow; default: start a run")] = ""
    force: Annotated[bool, Field(description="Run though nothing has changed")] = False
    wait: Annotated[int, Field(description="Most seconds to wait for its end", ge=0, le=120)] = 50


def run(desk: Desk, request: Run) -> Reply:
    """Start a run, or follow a job, and return how far it is or what came of it."""
    job = desk.ask(JobAnswer, "job show", request.plan, job=request.job, full=True) if request.job else None
    if job is None:
        started = desk.ask(JobAnswer, "run", request.plan, force=request.force)
        job = desk.ask(JobAnswer, "job show", request.plan, job=started.job, full=True)
    until, told = time.monotonic() + request.wait, 0
    while True:
        if len(job.progress) > told:
            told = len(job.progress)
            desk.tell(float(told), job.progress[-1])
        if job.state in _ENDED or time.monotonic() >= until:
            return _reply(desk, request.plan, job)
        time.sleep(min(_LOOK, max(until - time.monotonic(), 0.0)))
        job = desk.ask(JobAnswer, "job show", request.plan, job=job.job, full=True)


def _reply(desk: Desk, plan: str, job: JobAnswer) -> Reply:
    facts: dict[str, str | int | float | bool | None] = {"job": job.job, "state": job.state, "seconds": round(job.seconds)}
    if job.answer is None:
        going = job.state not in _ENDED
        latest = job.progress[-3:] if going else []
        return Reply(headline=[*job.headline, *latest], facts=facts, next=[f"run with job={job.job} to follow it"] if going else [])
    version = str(job.answer.get("version", ""))
    figures = [one for one in _dicts(job.answer, "figures") if one.get("value") is not None]
    issues = _dicts(job.answer, "issues")
    raised = [{"statement": one} for one in _texts(job.answer, "raised")]
    return Reply(
        headline=job.headline,
        facts={**facts, "version": version, "unchanged": bool(job.answer.get("unchanged"))},
        tables=[
            *listed("figures", figures[:_FIGURES], ("name", "value", "unit"), len(figures)),
            *listed("issues", issues[:5], ("severity", "message", "fix"), len(issues)),
            *listed("risks and opportunities whose trigger is met", raised[:5], ("statement",), len(raised)),
            *_outputs(desk, plan, version, _texts(job.answer, "files")),
        ],
        next=["gaps", "diff", "status"],
    )


def _dicts(answer: Mapping[str, object], name: str) -> list[dict[str, object]]:
    held = answer.get(name)
    return [one for one in held if isinstance(one, dict)] if isinstance(held, list) else []


def _texts(answer: Mapping[str, object], name: str) -> list[str]:
    held = answer.get(name)
    return [str(one) for one in held] if isinstance(held, list) else []


def _outputs(desk: Desk, plan: str, version: str, files: list[str]) -> list[Rows]:
    """Return where the outputs of a version are; nothing where it has none."""
    if not version or not files:
        return []
    place = uri("plan", desk.name(plan), "version", version, "outputs")
    return [Rows(title="outputs", columns=["file"], rows=[[one] for one in files[:12]], total=len(files), rest=place)]
