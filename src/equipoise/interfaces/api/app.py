"""The REST server: operations at their routes, tables, events, sessions, health; all of it behind the guard."""

import functools
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import anyio
from fastapi import FastAPI
from pydantic import BaseModel
from starlette.concurrency import iterate_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Match
from starlette.routing import Route as StarletteRoute

from equipoise import __version__
from equipoise.errors import EquipoiseError
from equipoise.interfaces.api import openapi, sessions
from equipoise.interfaces.api.events import job_events
from equipoise.interfaces.api.given import Values, from_body, from_path, from_query, offered, placed
from equipoise.interfaces.api.guard import Guard
from equipoise.interfaces.api.health import health, ready
from equipoise.interfaces.api.pages import add_pages
from equipoise.interfaces.api.performing import Limits, Place, Reply, context_of, lost, replied, with_revision, without_folder
from equipoise.interfaces.api.problems import HttpError, problem
from equipoise.interfaces.api.repeats import checked_key, once
from equipoise.interfaces.api.routes import PREFIX, TABLES, Route, routes
from equipoise.interfaces.api.tables import table_reply
from equipoise.service import Context
from equipoise.service.register import permitted

Endpoint = Callable[[Request], Awaitable[Response]]


def create(folder: Path, limits: Limits | None = None, names: frozenset[str] = frozenset()) -> FastAPI:
    """Return the server of a workspace folder as an ASGI application.

    `names` are host names that it answers to besides those of its own machine while nobody has to log in.
    """
    place = Place(folder.resolve(), limits or Limits())
    app = FastAPI(
        title="Equipoise",
        version=__version__,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        lifespan=_lifespan,
    )
    app.state.place = place
    for route in sorted(routes(), key=lambda one: (one.path.count("{"), -len(one.path))):
        app.add_api_route(PREFIX + route.path, _endpoint(route, place), methods=[route.method], name=route.key, include_in_schema=False)
    for path in (TABLES, f"{TABLES}/{{table}}"):
        app.add_api_route(PREFIX + path, _tables(place), methods=["GET"], name="show", include_in_schema=False)
    app.add_api_route(f"{PREFIX}/job/{{job}}/events", _events(place), methods=["GET"], name="job_events", include_in_schema=False)
    app.add_api_route(f"{PREFIX}/health", health, methods=["GET"], include_in_schema=False)
    app.add_api_route(f"{PREFIX}/ready", functools.partial(ready, place), methods=["GET"], name="ready", include_in_schema=False)
    app.add_api_route(f"{PREFIX}/openapi.json", openapi.endpoint, methods=["GET"], name="openapi", include_in_schema=False)
    add_pages(app, place)
    app.add_exception_handler(EquipoiseError, _problem)
    app.add_exception_handler(HTTPException, _http_problem)
    _add_agents_door(app, place, names)
    app.add_middleware(Guard, place=place, names=names)
    return app


def _add_agents_door(app: FastAPI, place: Place, names: frozenset[str]) -> None:
    """Serve agents at /mcp where what they need is installed."""
    app.state.agents = None
    if find_spec("mcp") is None:
        return
    from equipoise.interfaces.mcp.server import http_app

    hosts = tuple(host for name in sorted(names) for host in (name, f"{name}:*"))
    app.state.agents = http_app(place.folder, hosts)
    app.router.routes.append(StarletteRoute("/mcp", app.state.agents, name="mcp"))


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Take up what waits in the queue of jobs when the server starts."""
    from equipoise.service.jobs import restart
    from equipoise.service.messages import PlanRequest
    from equipoise.service.plan_names import plans
    from equipoise.service.workspace import locate

    place: Place = app.state.place
    for file in plans(place.folder).values():
        await anyio.to_thread.run_sync(restart, locate(PlanRequest(plan=str(file), workspace=str(place.folder))))
    if app.state.agents is None:
        yield
        return
    async with app.state.agents.router.lifespan_context(app.state.agents):
        yield


def _endpoint(route: Route, place: Place) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        body = b"" if route.method == "GET" else await request.body()
        work = functools.partial(_perform, route, place, request, body)
        if route.method != "GET":
            return _response(await anyio.to_thread.run_sync(work))
        with anyio.move_on_after(place.limits.seconds):  # what only reads may be left to itself
            return _response(await anyio.to_thread.run_sync(work, abandon_on_cancel=True))
        raise HttpError(503, f"It took more than {place.limits.seconds:g} seconds.", "Ask for less.")

    return endpoint


def _perform(route: Route, place: Place, request: Request, body: bytes) -> Reply:
    values = _values(route, request, body)
    if_match = request.headers.get("if-match", "")
    context = sessions.without_session(route, context_of(request, place.limits))
    values = sessions.with_cookies(route, request, with_revision(route, values, if_match))
    key = checked_key(route, request.headers.get("idempotency-key", "")) if route.method != "GET" else ""
    try:
        _, asked, known = permitted(route.operation.name, placed(place.folder, values), context)
        request.state.actor = known.actor
        do = functools.partial(_done, route, place, request, asked, known)
        if not key:
            return do()
        from equipoise.store import shared_store

        return once(shared_store(place.folder), known.actor, key, route, values, do)
    except EquipoiseError as error:
        raise lost(error, if_match) from error


def _done(route: Route, place: Place, request: Request, asked: BaseModel, known: Context) -> Reply:
    operation = route.operation
    if operation.long:
        from equipoise.service.recording import recorded

        answer = recorded(operation, asked, known)
    else:
        answer = operation.function()(asked, known)
    answer, headers = sessions.cookies(route, request, answer)
    reply = replied(route, place.folder, answer, request.headers.get("if-none-match", ""))
    return replace(reply, headers={**reply.headers, **headers})


def _values(route: Route, request: Request, body: bytes) -> Values:
    """Return what a request gives: by its path, and by its query where it reads, else by its body. Raises InputError for both at once."""
    named = from_path(route, request.path_params)
    if route.method == "GET":
        given = from_query(route.operation, request.query_params)
    else:
        if request.url.query:
            raise HttpError(400, "What changes anything takes no query.", "Give it in the body.")
        given = from_body(request.headers.get("content-type", ""), body)
    if route.identity in given:
        raise HttpError(400, f"{route.identity} is named in the path.", "Leave it out elsewhere.")
    return offered(route.operation, {**given, **named})


def _tables(place: Place) -> Endpoint:
    async def tables(request: Request) -> Response:
        name = request.path_params.get("table", "")
        with anyio.move_on_after(place.limits.seconds):
            return _response(await anyio.to_thread.run_sync(table_reply, request, place, name, abandon_on_cancel=True))
        raise HttpError(503, f"It took more than {place.limits.seconds:g} seconds.", "Ask for less.")

    return tables


def _events(place: Place) -> Endpoint:
    async def events(request: Request) -> Response:
        if request.query_params.keys() - {"plan"}:
            raise HttpError(400, "Events are asked for by their job alone.", "Leave the rest of the query out.")
        named = {"job": request.path_params["job"], **dict(request.query_params)}
        values = placed(place.folder, {key: value for key, value in named.items() if (key, value) != ("job", "-")})
        told = iterate_in_threadpool(job_events(place.folder, values, context_of(request, place.limits)))
        first = await anext(told)  # an error is answered as one, before anything is sent

        async def stream() -> AsyncIterator[str]:
            yield first
            async for event in told:
                yield event

        return StreamingResponse(stream(), media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})

    return events


def _response(reply: Reply) -> Response:
    headers = {"Content-Type": "application/json", **reply.headers}
    if not reply.body:
        headers.pop("Content-Type")
    return Response(reply.body, reply.status, _single(headers))


def _single(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if "\n" not in value and "\r" not in value}


async def _problem(request: Request, error: Exception) -> Response:
    if not isinstance(error, EquipoiseError):
        raise error
    answer = problem(error)
    place: Place = request.app.state.place
    body = without_folder(place.folder, bytes(answer.body))
    kept = {name: value for name, value in answer.headers.items() if name != "content-length"}
    return Response(body, answer.status_code, kept)


async def _http_problem(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    fix = "See /api/v1/openapi.json for what there is."
    said = {404: "There is nothing at this address.", 405: f"{request.method} is not for this address."}
    headers = {**(error.headers or {}), **({"Allow": _allowed(request)} if error.status_code == 405 else {})}
    return problem(HttpError(error.status_code, said.get(error.status_code, str(error.detail)), fix, headers))


def _allowed(request: Request) -> str:
    """Return every method of an address: each has a route of its own, and the narrowest address that fits comes first."""
    routes = [route for route in request.app.router.routes if isinstance(route, StarletteRoute)]
    path = next((one.path for one in routes if one.matches(request.scope)[0] != Match.NONE), "")
    return ", ".join(sorted({name for one in routes if one.path == path for name in one.methods or ()}))
