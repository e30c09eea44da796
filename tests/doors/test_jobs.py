"""Long operations are jobs: recorded, followed, stopped, broken off by a kill, and gone on with."""

import datetime as dt
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel
from typer.testing import CliRunner

from equipoise.cycle import Progress
from equipoise.errors import InputError, NotAllowedError, NotFoundError, PlanFileError, StoppedError
from equipoise.exchange.liveness import gone, worker
from equipoise.interfaces.cli import app
from equipoise.process.people import Person
from equipoise.service import Context, call, job_queue, jobs, recording
from equipoise.service.messages import PlanRequest
from equipoise.service.recording import Recorder, recorded
from equipoise.service.register import Operation
from equipoise.service.workspace import Workspace, locate
from equipoise.store import Job, open_store
from tests.doors.conftest import CONTEXT, TODAY, answer, new_workspace

EARLY = ("correction", "cleaned_history", "segment", "baseline", "event_effect", "consensus", "demand_plan")


def small(folder: Path) -> Path:
    """Return a workspace whose plan runs in a moment."""
    new_workspace(folder)
    plan = folder / "plan.yaml"
    text = plan.read_text(encoding="utf-8").split("scenarios:")[0]
    plan.write_text(text + "scenarios: []\noutputs: [scenarios]\noptions: {tried: 0}\nrisk: {paths: 0, sensitivity: 0}\n", encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def lasting(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small workspace that was run once. Tests must not change it."""
    folder = small(tmp_path_factory.mktemp("jobs") / "lamps")
    call("run", {"plan": str(folder)}, CONTEXT)
    return folder


@pytest.fixture
def plan(lasting: Path, tmp_path: Path) -> Path:
    """A copy of the small workspace: its steps are in the cache, not its receipt."""
    folder = tmp_path / "lamps"
    shutil.copytree(lasting, folder, symlinks=True)
    return folder


def place_of(folder: Path) -> Workspace:
    return locate(PlanRequest(plan=str(folder)))


def shown(folder: Path, job: str = "", **values: Any) -> dict[str, Any]:
    return answer("job show", plan=str(folder), job=job, **values)


def test_a_run_is_a_job_and_one_that_finds_nothing_changed_is_none(lasting: Path) -> None:
    made = shown(lasting, full=True)
    assert (made["operation"], made["state"], made["door"]) == ("run", "done", "python")
    assert made["answer"]["version"] == "v0001"
    assert made["progress"][-1].startswith("Write: outputs: ")
    assert answer("run", plan=str(lasting))["unchanged"]
    assert len(open_store(lasting).jobs()) == 1
    assert answer("job list", plan=str(lasting))["jobs"] == []
    assert len(answer("job list", plan=str(lasting), all=True)["jobs"]) == 1


def test_a_run_that_fails_keeps_why(tmp_path: Path) -> None:
    folder = small(tmp_path / "lamps")
    file = folder / "plan.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace("horizon: 12", "horizon: 0"), encoding="utf-8")
    with pytest.raises(PlanFileError, match="horizon"):
        answer("run", plan=str(folder))
    job = shown(folder)
    assert job["state"] == "failed"
    assert job["error"]["error"] == "PlanFileError"
    assert any("horizon" in sentence for sentence in job["headline"])


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")
def test_a_killed_run_is_interrupted_and_resuming_does_no_finished_step_again(tmp_path: Path) -> None:
    folder = small(tmp_path / "lamps")
    process = subprocess.Popen(
        [sys.executable, "-m", "equipoise.interfaces.cli", "run", str(folder)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    for line in process.stderr:  # a line a step
        if "demand plan" in line:
            process.send_signal(signal.SIGKILL)
            break
    process.wait()
    process.stderr.close()
    assert not list((folder / "out").glob("*/v*"))
    (broken,) = answer("job list", plan=str(folder))["jobs"]
    assert broken["state"] == "interrupted"
    assert [line["job"] for line in answer("job resume", plan=str(folder))["jobs"]] == [broken["job"]]
    made = shown(folder, broken["job"][:8], wait=True, full=True)
    assert made["state"] == "done", made
    states = {step["step"]: step["state"] for step in made["answer"]["steps"]}
    assert {states[name] for name in EARLY} == {"unchanged"}
    assert states["supply"] == "done"
    assert (folder / "out" / made["answer"]["plan"] / "v0001" / "plan.json").is_file()
    assert answer("job resume", plan=str(folder))["jobs"] == []


def test_jobs_wait_for_a_slot_and_two_runs_at_once_keep_a_version_each(plan: Path) -> None:
    with ExitStack() as held:
        assert all(held.enter_context(job_queue._slot(plan)) for _ in range(job_queue.SLOTS))
        first = answer("run", plan=str(plan), force=True, background=True)
        numbers = [first["job"], *(jobs.start("run", {"plan": str(plan), "force": True}, CONTEXT) for _ in range(2))]
        assert first["state"] == "queued"
        listed = answer("job list", plan=str(plan))["jobs"]
        assert [line["state"] for line in listed] == ["queued"] * 3
        page = answer("job list", plan=str(plan), limit=1, offset=1)
        assert (page["jobs"], page["total"]) == ([listed[1]], 3)
        stopped = answer("job cancel", plan=str(plan), job=numbers.pop())
        assert stopped["state"] == "cancelled"
        with pytest.raises(InputError, match="is cancelled already"):
            answer("job cancel", plan=str(plan), job=stopped["job"])
    jobs.restart(place_of(plan))
    made = [shown(plan, number, wait=True, full=True) for number in numbers]
    assert sorted(one["answer"]["version"] for one in made) == ["v0002", "v0003"]
    outputs = plan / "out" / made[0]["answer"]["plan"]
    assert sorted(path.name for path in outputs.iterdir()) == ["latest", "v0001", "v0002", "v0003"]
    assert (outputs / "latest").resolve().name == "v0003"
    assert open_store(plan).verify() == []
    assert (plan / ".equipoise" / "jobs" / "worker.log").read_text(encoding="utf-8") == ""


class SlowRequest(PlanRequest):
    """Go on until somebody stops it."""


class SlowAnswer(BaseModel):
    """Nothing."""


def slow(_: SlowRequest, context: Context) -> SlowAnswer:
    for number in range(1000):
        context.listen(Progress("Supply review", f"step_{number}", "done", 0.01))
        time.sleep(0.01)
    return SlowAnswer()


SLOW = Operation("slow", SlowRequest, SlowAnswer, "tests.doors.test_jobs:slow", True, True, "run", frozenset({"python"}))


@pytest.fixture
def going(plan: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Path, list[BaseException]]]:
    """A slow operation that goes on in a thread, and what it raises."""
    monkeypatch.setattr(recording, "BEAT", 0.05)
    raised: list[BaseException] = []

    def go_on() -> None:
        try:
            recorded(SLOW, SlowRequest(plan=str(plan)), CONTEXT)
        except StoppedError as error:
            raised.append(error)

    thread = threading.Thread(target=go_on)
    thread.start()
    while not any(job.operation == "slow" and len(job.progress) > 2 for job in open_store(plan).jobs()):
        time.sleep(0.02)
    yield plan, raised
    thread.join(10)
    assert raised


def test_a_job_tells_how_far_it_is_and_stops_when_it_is_asked_to(going: tuple[Path, list[BaseException]]) -> None:
    folder, raised = going
    said = answer("job cancel", plan=str(folder))
    assert said["state"] in {"stopping", "cancelled"}
    assert said["state"] == "cancelled" or "in the foreground before its next step" in said["headline"][0]
    assert said["progress"][-1].startswith("Supply review: step ")
    job = shown(folder, said["job"], wait=True)
    assert job["state"] == "cancelled"
    assert "what was kept before stands" in job["headline"][1]
    assert isinstance(raised[0], StoppedError)


def test_only_one_process_has_a_job(going: tuple[Path, list[BaseException]]) -> None:
    """A process that was taken for dead, and comes back, leaves the job to whoever has it now."""
    folder, _ = going
    store = open_store(folder)
    (job,) = store.jobs(state="running")
    assert [store.move_job(job.id, "running", "queued"), store.move_job(job.id, "running", "queued")] == [True, False]
    assert store.move_job(job.id, "queued", "running", "other:1:2")
    time.sleep(0.5)
    (now,) = store.jobs(identity=job.id)
    assert (now.state, now.worker) == ("running", "other:1:2")


STUCK = """
import sys, time
from pathlib import Path
from equipoise.service import job_queue, recording
from equipoise.service.operations import OPERATIONS
from equipoise.service.workspace import Workspace
from tests.doors.test_jobs import SLOW
import tests.doors.test_jobs as here
recording.BEAT, job_queue._GRACE = 0.05, 0.3
here.slow = lambda request, context: time.sleep(60)
OPERATIONS["slow"] = SLOW
job_queue.work(Workspace(Path(sys.argv[1]) / "plan.yaml", Path(sys.argv[1])))
"""


def queued(folder: Path, **changed: Any) -> Job:
    now = dt.datetime.now(dt.UTC).replace(tzinfo=None)
    asked: dict[str, object] = {"values": {"plan": str(folder / "plan.yaml")}, "today": TODAY.isoformat(), "alone": True}
    job = replace(Job("job-0a", "slow", asked, "somebody", "python", "queued", now, now), **changed)
    open_store(folder).put_job(job)
    return job


def test_a_worker_that_does_not_come_to_the_end_of_a_step_is_ended(plan: Path) -> None:
    job = queued(plan)
    process = subprocess.Popen([sys.executable, "-c", STUCK, str(plan)], cwd=Path(__file__).parents[2])
    store = open_store(plan)
    while not store.jobs(state="running"):
        assert process.poll() is None
        time.sleep(0.05)
    store.cancel_job(job.id)
    assert process.wait(20) == 1
    (ended,) = store.jobs(identity=job.id)
    assert ended.state == "cancelled"


def test_a_job_of_an_operation_that_there_is_no_more_fails_in_words(plan: Path) -> None:
    queued(plan, operation="foresee")
    job_queue.work(place_of(plan))
    job = shown(plan, "job-0a")
    assert (job["state"], job["error"]["message"]) == ("failed", "There is no operation foresee any more.")
    ask = ["job", "show", "job-0a", "--plan", str(plan)]
    assert [CliRunner().invoke(app, [*ask, *more]).exit_code for more in ([], ["--wait"], ["--wait", "--json"])] == [0, 1, 1]


def test_jobs_of_processes_that_are_gone_are_marked_when_somebody_looks(plan: Path) -> None:
    ended = subprocess.Popen(
        [sys.executable, "-c", "from equipoise.exchange.liveness import worker; print(worker())"], stdout=subprocess.PIPE
    )
    name = ended.communicate()[0].decode().strip()
    long_ago = dt.datetime(2026, 1, 1)
    queued(plan, id="job-dead", state="running", worker=name)
    queued(plan, id="job-far", state="running", worker="elsewhere:1:x", beat=long_ago)
    queued(plan, id="job-near", state="running", worker="elsewhere:2:x")
    queued(plan, id="job-mine", state="running", worker=worker(), beat=long_ago)
    states = {line["job"]: line["state"] for line in answer("job list", plan=str(plan))["jobs"]}
    assert states == {"job-dead": "interrupted", "job-far": "interrupted", "job-near": "running", "job-mine": "running"}


def test_a_process_is_known_by_its_start_and_not_by_its_number_alone() -> None:
    assert gone(worker()) is False
    host, number, _ = worker().split(":")
    assert gone(f"{host}:{number}:0") is True
    assert gone(f"elsewhere:{number}:0") is None
    assert gone("nonsense") is None


def test_jobs_of_others_are_left_to_them_and_to_facilitators(plan: Path) -> None:
    job = queued(plan, state="failed")
    place = place_of(plan)
    for person in (Person("eve", ("sales",)), Person("eve")):
        with pytest.raises(NotAllowedError, match="it is somebody's"):
            jobs._theirs(place.store.jobs(identity=job.id)[0], replace(CONTEXT, person=person), "stop")
    for person in (Person("eve", ("facilitator",)), Person("somebody", ("sales",))):
        jobs._theirs(job, replace(CONTEXT, person=person), "stop")


def test_what_cannot_be_asked_of_jobs_is_refused_in_words(plan: Path) -> None:
    with pytest.raises(InputError, match="show is no long operation"):
        jobs.start("show", {"plan": str(plan)}, CONTEXT)
    with pytest.raises(NotFoundError, match="There is no operation foresee"):
        jobs.start("foresee", {}, CONTEXT)
    with pytest.raises(NotFoundError, match="There is no one job zz"):
        shown(plan, "zz")
    with pytest.raises(InputError, match="is done"):
        answer("job resume", plan=str(plan), job=shown(plan)["job"])


def test_a_job_goes_on_in_the_name_and_on_the_day_of_whoever_asked(plan: Path) -> None:
    job = queued(plan, operation="run")
    operation, request, context = job_queue._asked(job)
    assert (operation.name, context.person.name, context.person.alone, context.today) == ("run", "somebody", True, TODAY)
    assert isinstance(request, PlanRequest)


def test_a_recorder_ends_once(plan: Path) -> None:
    job = queued(plan)
    recorder = Recorder(place_of(plan), lambda: job, CONTEXT)
    recorder.begin()
    assert recorder.end("done", answer={"version": "v9"})
    assert not recorder.end("cancelled")
    assert open_store(plan).jobs(identity=job.id)[0].state == "done"
