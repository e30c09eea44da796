"""Errors as answers: the one error shape of every door, which is at the same time a problem of RFC 9457."""

import re
from http import HTTPStatus

from starlette.responses import JSONResponse

from equipoise.errors import (
    ConflictError,
    EquipoiseError,
    InputError,
    NotAllowedError,
    NotFoundError,
    NotKnownError,
    SolverError,
    StoppedError,
    StoreError,
)

MEDIA_TYPE = "application/problem+json"


class HttpError(EquipoiseError):
    """The request is wrong as HTTP: its length, its kind, where it comes from."""

    def __init__(self, status: int, message: str, fix: str = "", headers: dict[str, str] | None = None) -> None:
        super().__init__(message, fix)
        self.status = status
        self.headers = headers or {}


# The nearest class first: a conflict is an error of the store too.
_STATUS: tuple[tuple[type[EquipoiseError], int], ...] = (
    (ConflictError, 409),
    (StoppedError, 409),
    (NotFoundError, 404),
    (NotKnownError, 401),
    (NotAllowedError, 403),
    (InputError, 422),
    (SolverError, 422),
    (StoreError, 503),
    (EquipoiseError, 500),
)
_WAIT = re.compile(r"(\d+) seconds?")


def status_of(error: EquipoiseError) -> int:
    """Return the status under which an error is answered."""
    if isinstance(error, HttpError):
        return error.status
    if isinstance(error, NotAllowedError) and seconds_to_wait(error):
        return 429
    return next(status for kind, status in _STATUS if isinstance(error, kind))


def seconds_to_wait(error: EquipoiseError) -> int:
    """Return after how many seconds to try again, where an error says so; else 0."""
    found = _WAIT.search(error.fix) if error.fix.startswith("Try again in") else None
    return int(found[1]) if found else 0


def problem(error: EquipoiseError, status: int | None = None) -> JSONResponse:
    """Return an error as an answer of its status."""
    status = status or status_of(error)
    headers = dict(error.headers) if isinstance(error, HttpError) else {}
    if status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="equipoise"'
    if status == 429:
        headers["Retry-After"] = str(seconds_to_wait(error))
    name = "RequestError" if isinstance(error, HttpError) else type(error).__name__
    shape = {"type": f"urn:equipoise:{name}", "title": HTTPStatus(status).phrase, "status": status, "detail": error.short}
    return JSONResponse({**shape, **error.as_dict(), "error": name}, status, headers, MEDIA_TYPE)


def failed() -> JSONResponse:
    """Return that Equipoise itself failed; what happened is in the log, not in the answer."""
    error = HttpError(
        500, "Equipoise itself failed; nothing was half written.", "Please report it: the server's log says where it happened."
    )
    return problem(error)
