"""Whether the server lives, and whether it can work."""

import anyio
from starlette.requests import Request
from starlette.responses import JSONResponse

from equipoise import __version__
from equipoise.errors import EquipoiseError
from equipoise.interfaces.api.performing import Place
from equipoise.interfaces.api.problems import problem


async def health(_: Request) -> JSONResponse:
    """Return that the server lives; it asks nothing else."""
    return JSONResponse({"status": "ok", "version": __version__})


async def ready(place: Place, _: Request) -> JSONResponse:
    """Return whether the workspace's plans and its store can be read."""
    try:
        await anyio.to_thread.run_sync(_look, place)
    except EquipoiseError as error:
        return problem(error, 503)
    return JSONResponse({"status": "ok"})


def _look(place: Place) -> None:
    from equipoise.service.plan_names import plan_file
    from equipoise.store import shared_store
    from equipoise.store.glance import exists

    plan_file(place.folder)
    if exists(place.folder):
        shared_store(place.folder).head()
