"""Doing an operation for a request: who asks, its values, its answer with a status, and errors in the one shape."""

import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from pathlib import Path

from pydantic import BaseModel
from starlette.requests import Request

from equipoise.errors import ConflictError, EquipoiseError
from equipoise.interfaces.api.given import Values
from equipoise.interfaces.api.problems import HttpError
from equipoise.interfaces.api.routes import PREFIX, Route
from equipoise.service import Context

SESSION_COOKIE = "equipoise_session"
FLOW_COOKIE = "equipoise_log_in"


@dataclass(frozen=True, slots=True)
class Limits:
    """What one request may ask at most. A long operation is a job and has no limit of time."""

    body_bytes: int = 4_000_000
    seconds: float = 60.0
    rows: int = 100_000
    together: int = 200


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer: its JSON, its status and headers."""

    body: bytes
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


def token_of(request: Request) -> str:
    """Return the token or session of who asks; empty where they bring none. Raises HttpError where it is of another kind."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme and (scheme.lower() != "bearer" or not token.strip()):
        raise HttpError(401, "The log-in is of another kind.", "Send the header Authorization: Bearer TOKEN.")
    return token.strip() or cookie(request, SESSION_COOKIE)


def cookie(request: Request, name: str) -> str:
    """Return a cookie; empty where there is none, or where the header cannot be read."""
    try:
        held = SimpleCookie(request.headers.get("cookie", ""))
    except Exception:  # noqa: BLE001 - whatever a client sends as cookies, it is no reason to fail
        return ""
    found = held.get(f"__Host-{name}" if secure(request) else name)
    return found.value if found is not None else ""


def secure(request: Request) -> bool:
    """Return whether the connection is by TLS."""
    return request.url.scheme == "https"


def context_of(request: Request, limits: Limits) -> Context:
    """Return the context of a request: its door, its token, and until when it may take."""
    return Context(door="rest", token=token_of(request), check=deadline(limits.seconds))


def deadline(seconds: float) -> Callable[[], None]:
    """Return what raises HttpError once the time is over; operations that take long ask it now and then."""
    end = time.monotonic() + seconds

    def check() -> None:
        if time.monotonic() > end:
            raise HttpError(503, f"It took more than {seconds:g} seconds and was stopped.", "Ask for less, or start it as a job.")

    return check


def with_revision(route: Route, values: Values, if_match: str) -> Values:
    """Return the values with the revision that If-Match names. Raises HttpError where the header names none, or another than the body."""
    if not if_match or if_match.strip() == "*" or "revision" not in route.operation.request.model_fields:
        return values
    named = if_match.strip().removeprefix("W/").strip('"')
    if not (named.isascii() and named.isdigit() and len(named) < 10):
        raise HttpError(
            412, f"If-Match names no revision: {if_match[:60]}.", 'Give the revision that you looked at, such as If-Match: "3".'
        )
    if values.get("revision", int(named)) != int(named):
        raise HttpError(400, "If-Match and the body name different revisions.", "Give the revision once.")
    return {**values, "revision": int(named)}


def lost(error: EquipoiseError, if_match: str) -> EquipoiseError:
    """Return a conflict as a failed precondition where the request named one in its header."""
    if isinstance(error, ConflictError) and if_match:
        return LostError(error)
    return error


class LostError(HttpError):
    """A conflict with the revision that If-Match named; its shape is the conflict's own."""

    def __init__(self, error: ConflictError) -> None:
        super().__init__(412, error.message, error.fix)
        self.where, self.faults = error.where, error.faults


def replied(route: Route, folder: Path, answer: BaseModel, if_none_match: str) -> Reply:
    """Return an answer with its status, its ETag where it was only read, and where to find what it made."""
    body = without_folder(folder, answer.model_dump_json().encode())
    operation = route.operation
    if route.method == "GET":
        tag = etag(answer, body)
        if matches(if_none_match, tag):
            return Reply(b"", 304, {"ETag": tag})
        return Reply(body, 200, {"ETag": tag})
    headers: dict[str, str] = {}
    revision = getattr(answer, "revision", None)
    if isinstance(revision, int):
        headers["ETag"] = f'"{revision}"'
    if operation.long:
        return Reply(body, 202, {**headers, "Location": f"{PREFIX}/job/{getattr(answer, 'job', '-')}"})
    if operation.name.endswith(" add"):
        identity = getattr(answer, "id", "")
        return Reply(body, 201, headers | ({"Location": f"{PREFIX}{route.path}/{identity}"} if identity else {}))
    return Reply(body, 200, headers)


def without_folder(folder: Path, body: bytes) -> bytes:
    """Return JSON in which files are named as seen from the workspace: where it lies on the server concerns nobody elsewhere."""
    named = json.dumps(str(folder))[1:-1].encode()
    return body.replace(named + b"/", b"").replace(named, b".") if named in body else body


def etag(answer: BaseModel, body: bytes) -> str:
    """Return the tag of an answer: of a record its revision, which If-Match takes; of all else a hash of what it says."""
    revision = getattr(answer, "revision", None)
    return f'"{revision}"' if isinstance(revision, int) else f'"{hashlib.sha256(body).hexdigest()[:24]}"'


def matches(header: str, tag: str) -> bool:
    """Return whether an If-None-Match header names a tag."""
    named = {one.strip().removeprefix("W/") for one in header.split(",")}
    return "*" in named or tag in named


@dataclass(frozen=True, slots=True)
class Place:
    """The workspace that a server serves."""

    folder: Path
    limits: Limits = field(default_factory=Limits)
