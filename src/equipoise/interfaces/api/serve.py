"""Starting the server of a workspace: `equipoise serve`."""

import socket
import threading
import webbrowser
from dataclasses import dataclass
from pathlib import Path

from equipoise.errors import InputError
from equipoise.interfaces.api.performing import Limits


@dataclass(frozen=True, slots=True)
class Listening:
    """Where a server listens, by which names it is called, and with which certificate; behind a proxy, whose word it takes."""

    host: str = "127.0.0.1"
    port: int = 8300
    names: tuple[str, ...] = ()
    certificate: str = ""
    key: str = ""
    proxy: str = ""
    browser: bool = False


def serve(folder: Path, listening: Listening, limits: Limits | None = None) -> None:
    """Serve a workspace folder until somebody stops it.

    Raises InputError where the libraries are missing, there is no such folder, the address is taken, or nobody has to log in and it would
    be open to other machines.
    """
    try:
        import uvicorn

        from equipoise.interfaces.api.app import create
        from equipoise.interfaces.api.logs import begin_log
    except ModuleNotFoundError as error:
        raise InputError(f"The server needs the library {error.name}.", "Install it with: pip install 'equipoise[serve]'") from None
    from equipoise.service.identity import may_listen
    from equipoise.service.workspace import Workspace

    if not folder.is_dir():
        raise InputError(f"There is no folder {folder}.", "Name a workspace, or make one: equipoise init FOLDER")
    may_listen(Workspace(folder / "plan.yaml", folder.resolve()), listening.host)
    listener = _bound(listening)
    host, port = listener.getsockname()[:2]
    scheme = "https" if listening.certificate else "http"
    address = f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}/"
    begin_log()
    limits = limits or Limits()
    config = uvicorn.Config(
        create(folder, limits, frozenset(name.casefold() for name in listening.names)),
        log_config=None,
        access_log=False,
        server_header=False,
        limit_concurrency=limits.together,
        timeout_keep_alive=30,
        h11_max_incomplete_event_size=65_536,
        proxy_headers=bool(listening.proxy),
        forwarded_allow_ips=listening.proxy or None,
        ssl_certfile=listening.certificate or None,
        ssl_keyfile=listening.key or None,
    )
    print(f"Equipoise serves {folder.resolve()} at {address} (Ctrl-C stops it).", flush=True)  # noqa: T201 - what the command says
    if listening.browser:
        threading.Timer(1.0, webbrowser.open, (address,)).start()
    uvicorn.Server(config).run(sockets=[listener])


def _bound(listening: Listening) -> socket.socket:
    """Return a socket at the address. Raises InputError where it is taken, or is none of this machine's."""
    try:
        found = socket.getaddrinfo(listening.host, listening.port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(*found[:3])  # with its protocol named, answers are sent at once and wait for no acknowledgement
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(found[4])
    except (OSError, OverflowError) as error:
        said = getattr(error, "strerror", None) or str(error)
        raise InputError(f"It cannot listen at {listening.host}, port {listening.port}: {said}.", "Take another with --port.") from None
    return listener
