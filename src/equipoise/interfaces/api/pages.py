"""What a browser opens first: the plans of the workspace with their outputs, the form to log in, and the way back from the company's
identity provider. No page of ours runs a script that stands in it.
"""

import functools
import mimetypes
from collections.abc import Awaitable, Callable, Iterator
from html import escape
from importlib.resources import files
from pathlib import Path
from urllib.parse import quote, unquote

import anyio
from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, RedirectResponse, Response

from equipoise.errors import EquipoiseError, NotFoundError, NotKnownError
from equipoise.interfaces.api.given import Values, placed
from equipoise.interfaces.api.performing import FLOW_COOKIE, Place, context_of, cookie
from equipoise.interfaces.api.routes import PREFIX
from equipoise.interfaces.api.sessions import session_cookie
from equipoise.service import Context, call
from equipoise.service.identity import is_team
from equipoise.service.messages.cycle import CycleShowAnswer
from equipoise.service.messages.people import LoginAnswer
from equipoise.service.plan_names import plans
from equipoise.service.register import permitted

_ASSETS = ("start.css", "log_in.js", "log_out.js")
_NAMED = {
    "report.html": "Report",
    "pre_sop.html": "Pre-S&OP",
    "plan.xlsx": "Workbook",
    "plan.json": "Plan as JSON",
    "summary.md": "Summary",
}
# A report is one file with its style and pictures in it, and no script.
_REPORT_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)

Endpoint = Callable[[Request], Awaitable[Response]]


def add_pages(app: FastAPI, place: Place) -> None:
    """Add the pages to the server."""
    pages: dict[str, Callable[[Place, Request], Response]] = {
        "/": _start,
        "/log-in": _log_in,
        "/oidc/callback": _returned,
        "/page/{name}": _asset,
        "/out/{plan}/{version}/{file:path}": _output,
    }
    for path, page in pages.items():
        app.add_api_route(path, _endpoint(page, place), methods=["GET"], name=page.__name__, include_in_schema=False)


def _endpoint(page: Callable[[Place, Request], Response], place: Place) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        try:
            return await anyio.to_thread.run_sync(page, place, request)
        except NotKnownError:
            return RedirectResponse("/log-in", 303)

    return endpoint


def _context(place: Place, request: Request) -> Context:
    return context_of(request, place.limits)


def _start(place: Place, request: Request) -> Response:
    """Return the plans of the workspace, where their cycle stands, and their outputs."""
    context = _context(place, request)
    known = plans(place.folder)
    if not known:
        return _page("No plan yet", "<p>Put a plan file into the workspace's folder, or make one with <code>equipoise init</code>.</p>")
    _, _, person = permitted("whoami", placed(place.folder, {"plan": next(iter(known))}), context)
    parts = [part for name in known for part in _plan(place, name, context)]
    if is_team(place.folder):
        parts.append(f'<p class="dim">{escape(person.actor)} is logged in. <button id="log-out">Log out</button></p>')
        parts.append('<script src="/page/log_out.js" defer></script>')
    parts.append(f'<p class="dim">For programs: <a href="{PREFIX}/openapi.json">the API</a>.</p>')
    return _page("Equipoise", "\n".join(parts))


def _plan(place: Place, name: str, context: Context) -> Iterator[str]:
    yield f"<h2>{escape(name)}</h2>"
    values: Values = placed(place.folder, {"plan": name})
    try:
        cycle = call("cycle show", values, context)
        if isinstance(cycle, CycleShowAnswer):
            yield "".join(f"<p>{escape(line)}</p>" for line in cycle.headline)
    except NotFoundError:
        yield '<p class="dim">No cycle is open.</p>'
    except NotKnownError:
        raise
    except EquipoiseError as error:
        yield f'<p class="fault">{escape(error.short)}</p>'
    yield _versions(place, name)


def _versions(place: Place, name: str) -> str:
    from equipoise.service.messages import PlanRequest
    from equipoise.service.workspace import locate

    here = locate(PlanRequest.model_validate(placed(place.folder, {"plan": name})))
    rows = []
    for version in here.versions()[:-6:-1]:
        folder = here.outputs(version.plan) / version.name
        base = f"/out/{quote(version.plan)}/{quote(version.name)}"
        links = [f'<a href="{base}/{quote(file)}">{word}</a>' for file, word in _NAMED.items() if (folder / file).is_file()]
        rows.append(f"<tr><td>{escape(version.name)}</td><td>{version.created:%Y-%m-%d %H:%M}</td><td>{', '.join(links)}</td></tr>")
    if not rows:
        return '<p class="dim">It has not been run yet.</p>'
    return f"<table><tr><th>Version</th><th>Made (UTC)</th><th>Outputs</th></tr>{''.join(rows)}</table>"


def _log_in(place: Place, _: Request) -> Response:
    """Return the form to log in; where nobody has to, the start."""
    if not is_team(place.folder):
        return RedirectResponse("/", 303)
    from equipoise.service.log_in_setting import read_log_in_setting

    provider = read_log_in_setting(place.folder).oidc is not None
    form = (
        '<form><label>Name<input name="user" autocomplete="username" required autofocus></label>'
        '<label>Password<input name="password" type="password" autocomplete="current-password" required></label>'
        "<button>Log in</button></form>"
    )
    other = '<p><button id="provider">Log in at the company\'s identity provider</button></p>' if provider else ""
    told = '<p class="fault" role="alert"></p><script src="/page/log_in.js" defer></script>'
    return _page("Log in", form + other + told)


def _returned(place: Place, request: Request) -> Response:
    """Finish a log-in at the identity provider: the browser comes back with what the provider says, and gets its session."""
    values = placed(place.folder, {"callback": str(request.url), "flow": cookie(request, FLOW_COOKIE)})
    try:
        answer = call("oidc finish", values, Context(door="rest"))
    except EquipoiseError as error:
        return _page("Not logged in", f'<p>{escape(error.short)}</p><p><a href="/log-in">Try again</a></p>', 403)
    if not (isinstance(answer, LoginAnswer) and answer.session is not None):
        raise TypeError
    return RedirectResponse("/", 303, session_cookie(request, answer.session.get_secret_value()))


def _asset(_: Place, request: Request) -> Response:
    """Return a style or a script of the pages."""
    name = request.path_params["name"]
    if name not in _ASSETS:
        raise NotFoundError(f"There is no {name[:60]!r} here.", "Look at /.")
    return Response(_read(name), media_type=mimetypes.guess_type(name)[0], headers={"Cache-Control": "no-cache"})


@functools.cache
def _read(name: str) -> bytes:
    return (files("equipoise.interfaces.api") / "page" / name).read_bytes()


def _output(place: Place, request: Request) -> Response:
    """Return a file of a version's outputs to somebody who may look at the plan."""
    plan, version, file = (unquote(request.path_params[name]) for name in ("plan", "version", "file"))
    known = plans(place.folder)
    permitted("version list", placed(place.folder, {"plan": next(iter(known), "")}), _context(place, request))
    root = (place.folder / "out").resolve()
    wanted = (root / plan / version / file).resolve() if "\0" not in plan + version + file else root
    if not (wanted.is_relative_to(root) and len(wanted.relative_to(root).parts) > 2 and wanted.is_file()):
        raise NotFoundError("There is no such output.", "Look at / for what there is.")
    headers = {"Content-Security-Policy": _REPORT_POLICY}
    return FileResponse(wanted, media_type=_kind(wanted), headers=headers)


def _kind(path: Path) -> str:
    held = {".html": "text/html", ".md": "text/markdown", ".json": "application/json", ".csv": "text/csv"}
    return held.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"


def _page(title: str, body: str, status: int = 200) -> HTMLResponse:
    head = (
        f'<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>{escape(title)}</title>'
        '<link rel="stylesheet" href="/page/start.css">'
    )
    return HTMLResponse(
        f'<!doctype html><html lang="en"><head>{head}</head><body><main><h1>{escape(title)}</h1>{body}</main></body></html>', status
    )
