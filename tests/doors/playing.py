"""Doors at which requests are played, and what of an answer must be the same at all of them."""

import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

from starlette.testclient import TestClient
from typer.testing import CliRunner

from equipoise.errors import EquipoiseError
from equipoise.interfaces import cli
from equipoise.interfaces.api.app import create
from equipoise.interfaces.api.routes import PREFIX, TABLES, route_of
from equipoise.interfaces.parameters import positional
from equipoise.interfaces.python import function, function_name
from equipoise.service import OPERATIONS, Context
from equipoise.store import shared_store

Answer = dict[str, Any]
_CHANGING = {
    "at", "seconds", "started", "door", "job", "session", "expires", "created", "last_used", "token", "invitation", "megabytes", "flow",
    "beat", "progress", "url", "proof", "hash", "previous", "head", "anchor", "content",
}  # fmt: skip
_JOB = re.compile(r"job-[0-9a-f]{8}")
_TIME = re.compile(r"\d{4}-\d\d-\d\d[ T](at )?\d\d:\d\d(:\d\d)?")
_SECONDS = re.compile(r"\d+(\.\d+)? s\b")


@dataclass
class Python:
    """The Python door."""

    folder: Path
    token: str = ""

    def ask(self, name: str, values: Answer) -> Answer:
        """Do an operation and return its answer, or its error."""
        do = function(function_name(OPERATIONS[name]))
        assert do is not None
        try:
            answer = do(plan=str(self.folder), context=Context(token=self.token), **values)
        except EquipoiseError as error:
            return error.as_dict()
        session = getattr(answer, "session", None)
        self.token = session.get_secret_value() if session is not None else self.token
        return answer.model_dump(mode="json")


@dataclass
class CommandLine:
    """The command line, in this process."""

    folder: Path

    def ask(self, name: str, values: Answer) -> Answer:
        """Do an operation and return its answer, or its error."""
        fields = OPERATIONS[name].request.model_fields
        secret = {key: str(value) for key, value in values.items() if "password" in key or key in {"callback", "flow"}}
        line = [*name.split(), "--json"]
        at_place = []
        for key, value in {"plan": str(self.folder), **values}.items():
            if key in secret:
                continue
            texts = [str(one) for one in value] if isinstance(value, list) and not any(isinstance(one, dict) for one in value) else None
            if positional(fields[key]):
                at_place += texts or [str(value)]
            elif texts is not None:
                line += [part for text in texts for part in (f"--{key.replace('_', '-')}", text)]
            elif isinstance(value, bool):
                line += [f"--{key.replace('_', '-')}"] if value else []
            else:
                line += [f"--{key.replace('_', '-')}", json.dumps(value) if isinstance(value, (list, dict)) else str(value)]
        given = {f"EQUIPOISE_{key.upper()}": value for key, value in secret.items()}
        done = CliRunner().invoke(cli.app, [*line, "--", *at_place], env=given)
        assert done.stdout.startswith("{"), (name, done.output, done.exception)
        held: Answer = json.loads(done.stdout)
        assert (done.exit_code != 0) == ("error" in held and "fix" in held), (name, done.exit_code)
        return held


@dataclass
class Rest:
    """The REST door."""

    client: TestClient
    statuses: list[tuple[str, int]] = field(default_factory=list)

    def ask(self, name: str, values: Answer) -> Answer:
        """Do an operation, wait for its job where it has one, and return its answer, or its error in the shape of every door."""
        held = self.sent(name, values)
        if OPERATIONS[name].long and "job" in held:
            return self._waited(held["job"])
        return {key: held[key] for key in ("error", "message", "where", "fix", "faults") if key in held} if "detail" in held else held

    def sent(self, name: str, values: Answer) -> Answer:
        """Do an operation and return what was answered; where that is a job, when it has ended."""
        operation, named = OPERATIONS[name], dict(values)
        if name == "show":
            path, method = f"{TABLES}/{named.pop('table')}" if named.get("table") else TABLES, "GET"
        else:
            route = route_of(operation)
            path, method = route.path, route.method
            if route.identity:
                identity = named.pop(route.identity, "-")
                path = path.replace(f"{{{route.identity}}}", identity[0] if isinstance(identity, list) else identity)
        sent = {"params": named} if method == "GET" else {"json": named}
        answered = self.client.request(method, PREFIX + path, **sent)  # type: ignore[arg-type]
        self.statuses.append((name, answered.status_code))
        held: Answer = answered.json()
        if answered.status_code == 202:
            self._waited(held["job"])
        assert answered.headers["content-type"] == ("application/json" if answered.is_success else "application/problem+json")
        return held

    def _waited(self, job: str) -> Answer:
        while True:
            held = self.client.get(f"{PREFIX}/job/{job}", params={"wait": "true", "full": "true"}).json()
            if held["state"] not in {"queued", "running"}:
                return dict(held["answer"] or held["error"])


Door = Python | CommandLine | Rest


@contextmanager
def door(kind: str, folder: Path) -> Iterator[Door]:
    """Open a door of a workspace; its log-ins are kept beside it."""
    with mock.patch.dict(os.environ, {"XDG_STATE_HOME": str(folder.parent / "state"), "XDG_CONFIG_HOME": str(folder.parent / "config")}):
        if kind == "python":
            yield Python(folder)
        elif kind == "cli":
            yield CommandLine(folder)
        else:
            with TestClient(create(folder), base_url="http://localhost", headers={"Origin": "http://localhost"}) as client:
                yield Rest(client)


def same(held: Any, folder: Path) -> Any:
    """Return an answer without what differs from one time to the next: times, secrets, the ids of jobs, the folder."""
    if isinstance(held, dict):
        return {key: same(value, folder) for key, value in held.items() if key not in _CHANGING}
    if isinstance(held, list):
        return [same(one, folder) for one in held]
    if isinstance(held, str):
        said = held.replace(f"{folder.resolve()}/", "").replace(str(folder.resolve()), ".")  # from afar files are named so
        return _SECONDS.sub("SECONDS", _TIME.sub("TIME", _JOB.sub("job-ID", said)))
    return held


def recorded(folder: Path) -> list[Any]:
    """Return what the record of a workspace says, but for times, doors and the ids of jobs."""
    lines = shared_store(folder).lines()
    return [
        same([line.kind, line.id, line.operation, line.actor, line.old, line.new, line.reason, line.revision, line.cycle], folder)
        for line in lines
    ]
