"""Random requests over the whole description of the API, by schemathesis with all its checks, as one role."""

import os
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

import schemathesis
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import events, from_schema

from equipoise.interfaces.api.app import create
from equipoise.service import job_queue
from equipoise.store import shared_store
from tests.fuzz.allowed import MAY, NOBODY
from tests.fuzz.watch import Watch

_SEMANTIC = ["2xx", "304", "400", "401", "403", "404", "409", "412", "422", "429"]
"""Answers to what is as described: it may still name what is not there, or ask for what cannot be done now."""
_REFUSED = ["400", "401", "403", "404", "405", "406", "409", "412", "413", "415", "422", "429"]
_MOST_ROUNDS = 40


@dataclass
class Tally:
    """What came of one role's requests."""

    role: str
    seen: Counter[tuple[str, int]]
    wrong: list[str]
    faults: Counter[str] = field(default_factory=Counter)

    @property
    def requests(self) -> int:
        """How many requests there were."""
        return sum(self.seen.values())

    def answered(self, low: int, high: int) -> int:
        """How many answers had a status from `low` up to below `high`."""
        return sum(count for (_, status), count in self.seen.items() if low <= status < high)

    def never(self) -> tuple[list[str], list[str]]:
        """Return what the role may do and never did, and what it may not do and was never refused for it."""
        done = {name for (name, status) in self.seen if status < 400}
        refused = {name for (name, status) in self.seen if status in {401, 403}}
        may = {name for name, roles in MAY.items() if self.role in roles}
        return sorted(may - done), sorted(set(MAY) - may - refused)


def fuzz(folder: Path, role: str, token: str, requests: int, *, seed: int = 1, examples: tuple[int, int] = (4, 20)) -> Tally:
    """Send about so many requests to the server of `folder` as `role`, round after round, each with a seed of its own.

    The first round is short and goes to every operation, the second also tries each parameter at its limits; `examples` to an operation,
    in the first round and later.
    """
    with _quiet(folder):
        watch = Watch(create(folder), folder, role, token)
        tally = Tally(role, watch.seen, watch.wrong)
        for number in range(_MOST_ROUNDS):
            stream = _round(watch, seed + number, examples[number > 0], systematic=number == 1)
            for event in stream:
                _take_in(event, tally)
                if watch.requests >= requests:
                    stream.stop()
            if watch.requests >= requests:
                break
    return tally


def _round(watch: Watch, seed: int, examples: int, *, systematic: bool) -> Any:
    generation = {"max-examples": examples, "deterministic": False, "no-shrink": True, "database": "none"}
    config: dict[str, Any] = {
        "seed": seed,
        "suppress-health-check": ["all"],
        "base-url": "http://localhost",
        "generation": generation,
        "checks": {
            "positive_data_acceptance": {"expected-statuses": _SEMANTIC},
            "negative_data_rejection": {"expected-statuses": _REFUSED},
            "missing_required_header": {"expected-statuses": _REFUSED},
        },
        "phases": {"examples": {"enabled": True}, "coverage": {"enabled": systematic}, "stateful": {"enabled": systematic}},
    }
    if not systematic:  # most requests are about a plan that there is
        config["parameters"] = {"query.plan": "torture"}
    if watch.role != NOBODY:
        config["headers"] = {"Authorization": f"Bearer {watch.token}"}
    schema = schemathesis.openapi.from_asgi("/api/v1/openapi.json", watch, config=SchemathesisConfig.from_dict(config))
    return from_schema(schema).execute()


def _take_in(event: object, tally: Tally) -> None:
    if isinstance(event, events.ScenarioFinished):
        for nodes in event.recorder.checks.values():
            for node in nodes:
                if node.failure_info is not None:
                    failure = node.failure_info.failure
                    tally.faults[f"{event.recorder.label}: {node.name}: {failure.title}: {failure.message}"] += 1
    elif isinstance(event, (events.NonFatalError, events.FatalError)):
        tally.faults[f"schemathesis itself: {getattr(event, 'value', getattr(event, 'exception', event))}"] += 1


@contextmanager
def _quiet(folder: Path) -> Iterator[None]:
    """Let nobody be held up: no limit of how often one asks, and jobs are taken out of the queue as if somebody stopped them."""
    ended = threading.Event()

    def stop_jobs() -> None:
        store = shared_store(folder)
        while not ended.wait(0.1):
            for job in store.jobs(state="queued"):
                store.move_job(job.id, "queued", "cancelled")

    with ExitStack() as held:
        held.enter_context(mock.patch.dict(os.environ, {"EQUIPOISE_OPERATIONS_PER_MINUTE": "1000000"}))
        for _ in range(job_queue.SLOTS):
            held.enter_context(job_queue._slot(folder))
        stopping = threading.Thread(target=stop_jobs, daemon=True)
        stopping.start()
        try:
            yield
        finally:
            ended.set()
            stopping.join()
