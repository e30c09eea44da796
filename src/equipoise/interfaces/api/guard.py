"""What every request passes before it reaches an operation: the name that the server is called by, the page that it comes from, its length;
and the headers that every answer carries.

A page of another site may send requests to this server from its visitor's browser. So what changes anything, and comes from a browser, must
come from this server's own page (Origin and Sec-Fetch-Site, which pages cannot forge), and where nobody has to log in the server answers to
the names of its own machine only, so that no other name can be pointed at it.
"""

import ipaddress
import secrets
import time
from collections.abc import MutableMapping
from typing import Any
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from equipoise.errors import EquipoiseError
from equipoise.interfaces.api.logs import LOG
from equipoise.interfaces.api.performing import SESSION_COOKIE, Place
from equipoise.interfaces.api.problems import HttpError, failed, problem
from equipoise.service.identity import is_team

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_OWN_NAMES = frozenset({"localhost"})
CONTENT_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": CONTENT_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


class Guard:
    """The outermost layer of the server. It refuses, sets headers, and writes a line of log for each request."""

    def __init__(self, app: ASGIApp, place: Place, names: frozenset[str] = frozenset()) -> None:
        self._app = app
        self._place = place
        self._names = names

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun, identity = time.monotonic(), secrets.token_hex(8)
        scope["path"] = _undecoded(scope)
        scope.setdefault("state", {})["request"] = identity
        said: dict[str, Any] = {"status": 500}
        told = self._telling(scope, send, said, identity)
        try:
            try:
                self._check(scope)
            except EquipoiseError as error:
                await problem(error)(scope, receive, told)
            else:
                await self._app(scope, _Measured(receive, self._place.limits.body_bytes), told)
        except Exception:  # noqa: BLE001 - the last resort: no answer tells what went wrong inside
            LOG.exception("failed", extra={"said": {"request": identity}})
            if "begun" not in said:
                await failed()(scope, receive, told)
        finally:
            self._log(scope, said, time.monotonic() - begun, identity)

    def _check(self, scope: Scope) -> None:
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if not _own_name(host, self._names) and not is_team(self._place.folder):
            raise HttpError(421, "This server does not answer to that name.", "Call it localhost, or by the name it was started with.")
        length = headers.get("content-length", "0")
        if not length.isdigit() or int(length) > self._place.limits.body_bytes:
            raise HttpError(413, "The body is too long.", f"Send at most {self._place.limits.body_bytes:,} bytes.")
        if scope["method"] not in _SAFE:
            _refuse_other_pages(headers, scope["scheme"], host)

    def _telling(self, scope: Scope, send: Send, said: dict[str, Any], identity: str) -> Send:
        async def tell(message: Message) -> None:
            if message["type"] == "http.response.start":
                said.update(begun=True, status=message["status"])
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
                headers["X-Request-Id"] = identity
                if scope["scheme"] == "https":
                    headers["Strict-Transport-Security"] = "max-age=31536000"
            await send(message)

        return tell

    @staticmethod
    def _log(scope: Scope, said: MutableMapping[str, Any], seconds: float, identity: str) -> None:
        route = scope.get("route")
        path = getattr(route, "path", "") or "unknown"
        line = {"request": identity, "method": scope["method"], "path": path, "status": said["status"], "ms": round(seconds * 1000, 1)}
        LOG.info("request", extra={"said": line | {"actor": scope["state"].get("actor", "")}})


class _Measured:
    """Receives a body, and refuses one that is longer than it said, or than it may be."""

    def __init__(self, receive: Receive, most: int) -> None:
        self._receive = receive
        self._left = most

    async def __call__(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.request":
            self._left -= len(message.get("body", b""))
            if self._left < 0:
                raise HttpError(413, "The body is too long.", "Send less at once.")
        return message


def _undecoded(scope: Scope) -> str:
    """Return the path as it was sent: what stands between two slashes is decoded after it has been told apart, so that it may hold one."""
    raw = scope.get("raw_path")
    return raw.partition(b"?")[0].decode("latin-1") if isinstance(raw, bytes) and raw else str(scope["path"])


def _own_name(host: str, names: frozenset[str]) -> bool:
    name = (urlsplit(f"//{host}").hostname or "").casefold() if host and host.isascii() and host.isprintable() else ""
    if name in _OWN_NAMES or name in names:
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def _refuse_other_pages(headers: Headers, scheme: str, host: str) -> None:
    """Raise HttpError where a change comes from the page of another site, or with a cookie and no word from where."""
    origin, site = headers.get("origin", ""), headers.get("sec-fetch-site", "")
    other = (origin and origin != f"{scheme}://{host}") or site in {"cross-site", "same-site"}
    by_cookie = SESSION_COOKIE in headers.get("cookie", "") and "authorization" not in headers
    unsaid = by_cookie and not origin and site != "same-origin"
    if other or unsaid:
        raise HttpError(403, "The change comes from the page of another site.", "Use this server's own page; a program sends a token.")
