"""Which process does a piece of work, and whether that process is still there."""

import os
import socket
from functools import cache
from pathlib import Path


def worker() -> str:
    """Return this process as `host:pid:start`; `start`, empty where the system cannot say, tells it from a later one of the same number."""
    return f"{_host()}:{os.getpid()}:{_start(os.getpid())}"


def gone(named: str) -> bool | None:
    """Return whether the process that `worker` named has ended; None where that cannot be told, such as on another machine."""
    host, _, rest = named.partition(":")
    number, _, start = rest.partition(":")
    if host != _host() or not number.isdigit() or os.name != "posix":
        return None
    try:
        os.kill(int(number), 0)  # asks only
    except ProcessLookupError:
        return True
    except (PermissionError, OverflowError):
        return _start(int(number)) != start
    return _start(int(number)) != start


@cache
def _host() -> str:
    return socket.gethostname().replace(":", "-")


def _start(pid: int) -> str:
    """Return since when a process runs: the machine's boot and the ticks since then; empty for one that has ended or cannot be seen."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()[:8]
        state, *rest = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if state == "Z" else f"{boot}.{rest[18]}"
