"""A PostgreSQL server of the tests' own, started from the machine's binaries."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import psycopg

_MISSING = "The tests of the team's store need PostgreSQL: install it (on Debian: apt-get install postgresql) and try again."
_ATTEMPTS = 3


@dataclass(frozen=True)
class Server:
    """A running server that trusts whoever asks on this machine's loopback."""

    port: int
    user: str

    def url(self, database: str) -> str:
        """Return the URL of a database."""
        return f"postgresql://{self.user}@127.0.0.1:{self.port}/{database}"

    def new_database(self, template: str = "template1") -> str:
        """Make a database like `template`, by default an empty one, and return its URL."""
        name = f"t{uuid4().hex}"
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}".encode())
        return self.url(name)

    def drop_database(self, url: str) -> None:
        """Take a database out, whoever is still connected."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {url.rpartition('/')[2]} WITH (FORCE)".encode())


def binaries() -> Path:
    """Return the folder of the newest PostgreSQL's programs. Raises RuntimeError, saying what to install, where there is none."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    found = debian[-1] if debian else Path(shutil.which("initdb") or "")
    if not found.name:
        raise RuntimeError(_MISSING)
    return found.parent


@contextmanager
def server() -> Iterator[Server]:
    """Start a server in a folder of its own, and stop it at the end. It writes to disk as in earnest: fsync stays on."""
    programs, owner = binaries(), _owner()
    base = Path(tempfile.mkdtemp(prefix="equipoise-postgres-"))
    try:
        if os.getuid() == 0:
            shutil.chown(base, owner)
        data = base / "data"
        _run(owner, programs / "initdb", "--auth=trust", "--encoding=UTF8", "--locale=C", "--username", owner, "--pgdata", data)
        for attempt in range(1, _ATTEMPTS + 1):
            port = _free_port()
            settings = f"-c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories={base} -c max_connections=120"
            try:
                _run(owner, programs / "pg_ctl", "start", "-w", "-s", "-D", data, "-l", base / "log", "-o", settings)
                break
            except RuntimeError:  # another program took the port
                if attempt == _ATTEMPTS:
                    raise
        try:
            yield Server(port, owner)
        finally:
            _run(owner, programs / "pg_ctl", "stop", "-w", "-s", "-m", "immediate", "-D", data)
    finally:
        shutil.rmtree(base, ignore_errors=True)


def _owner() -> str:
    """Return who runs the server: PostgreSQL refuses to be run by root."""
    if os.getuid() != 0:
        return pwd.getpwuid(os.getuid()).pw_name
    known = {user.pw_name for user in pwd.getpwall()}
    return next(name for name in ("postgres", "nobody") if name in known)


def _run(owner: str, *command: object) -> None:
    words = [str(word) for word in command]
    who = {"user": owner, "group": pwd.getpwnam(owner).pw_gid, "extra_groups": []} if os.getuid() == 0 else {}
    log = Path(tempfile.gettempdir()) / f"equipoise-postgres-{os.getpid()}.log"
    # The server keeps what it inherits open: a pipe would never end.
    with log.open("w+b") as output:
        done = subprocess.run(words, stdout=output, stderr=output, stdin=subprocess.DEVNULL, cwd="/", check=False, **who)  # type: ignore[call-overload]
        output.seek(0)
        said = output.read().decode(errors="replace")
    log.unlink(missing_ok=True)
    if done.returncode:
        raise RuntimeError(f"{words[0]} failed:\n{said}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
