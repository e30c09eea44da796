"""The folder of a version's outputs, so that nobody ever meets half of one.

It is filled under a hidden name, flushed to disk, and marked whole; only when the version is kept is it renamed to v0001. Then `latest`,
beside it, begins to point at it. A process killed at any moment leaves either nothing that looks like a version, or a whole hidden folder
that `mend` can still put into place where its version was kept.
"""

import os
import shutil
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

from equipoise.exchange.liveness import gone, worker

LATEST = "latest"
_PARTIAL = ".partial-"
_WHOLE = ".whole-"
_DAY = 24 * 3600


def aside(parent: Path) -> Path:
    """Make a hidden folder in `parent` and return it. Raises OSError."""
    parent.mkdir(parents=True, exist_ok=True)
    made = _hidden(parent, _PARTIAL)
    made.mkdir()
    return made


def copied_aside(folder: Path) -> Path:
    """Return a hidden folder beside `folder` with its files, as links to the same bytes where the file system has them. Raises OSError."""
    made = aside(folder.parent)
    try:
        shutil.copytree(folder, made, dirs_exist_ok=True, copy_function=_same)
    except BaseException:
        shutil.rmtree(made, ignore_errors=True)
        raise
    return made


def whole(made: Path, mark: str) -> Path:
    """Flush a hidden folder to disk and return it under a name that says it is whole, and of what content: `mark`. Raises OSError."""
    with ThreadPoolExecutor(16) as pool:  # a disk takes many such requests in the time of one
        list(pool.map(_flush, [*made.rglob("*"), made]))
    final = _hidden(made.parent, f"{_WHOLE}{mark}-")
    made.rename(final)
    _flush(made.parent)
    return final


def publish(made: Path, final: Path) -> None:
    """Give a whole hidden folder its name, and let `latest` beside it point at the newest version.

    Raises OSError, nothing having changed, where `final` exists or cannot be written.
    """
    if final.exists():
        raise FileExistsError(17, "the folder exists already", str(final))
    made.rename(final)
    _flush(final.parent)
    point(final.parent, final.name)


def mend(parent: Path, marks: Callable[[], Mapping[str, str]]) -> list[str]:
    """Put into place the folders whose process was killed just after it kept the version, remove the others; return the names given.

    `marks` returns the mark of every version kept, by its name. It is asked only after the killed processes are known: none of them keeps
    a version any more.
    """
    left = [path for path in sorted(parent.glob(f"{_WHOLE}*")) if _left(path)]
    mended = []
    for name, mark in marks().items() if left else ():
        found = next((path for path in left if path.name.startswith(f"{_WHOLE}{mark}-")), None)
        if found is not None and not (parent / name).exists():
            with suppress(OSError):
                found.rename(parent / name)
                mended.append(name)
                left.remove(found)
    for path in left:
        shutil.rmtree(path, ignore_errors=True)
    if mended:
        point(parent)
    return mended


def sweep(parent: Path) -> None:
    """Remove the half-filled folders of killed processes: at once where the process is known to be gone, else after a day."""
    for path in parent.glob(f"{_PARTIAL}*"):
        with suppress(OSError):
            if _left(path):
                shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()


def numbers(parent: Path) -> list[int]:
    """Return the numbers of the folders in `parent` that are versions."""
    if not parent.is_dir():
        return []
    return sorted(int(path.name[1:]) for path in parent.glob("v*") if path.name[1:].isdigit() and path.is_dir())


def point(parent: Path, name: str = "") -> None:
    """Let `latest` point at the newest version, or at `name` where no folder is named like a version.

    It is a link, swapped in one step; where links are not allowed, a file with the folder's name. Looked at again afterwards: of two
    processes that publish at once, the one with the older version may be the last to point.
    """
    pointed, wanted = "", _newest(parent, name)
    while wanted and pointed != wanted:
        _swap(parent, wanted)
        pointed, wanted = wanted, _newest(parent, name)


def _newest(parent: Path, name: str) -> str:
    held = numbers(parent)
    return f"v{held[-1]:04d}" if held and (name[1:].isdigit() or not name) else name


def _swap(parent: Path, name: str) -> None:
    link = _hidden(parent, f"{_PARTIAL}{LATEST}-")
    try:
        link.symlink_to(name, target_is_directory=True)
        link.replace(parent / LATEST)
    except OSError:
        with suppress(FileNotFoundError):
            link.unlink()
        link.write_text(name + "\n", encoding="utf-8", newline="")
        link.replace(parent / f"{LATEST}.txt")
    _flush(parent)


def _hidden(parent: Path, prefix: str) -> Path:
    """Return a hidden name that nobody has, with the process that works under it."""
    return parent / f"{prefix}{uuid4().hex[:8]}={worker().replace(':', '=')}"


def _left(path: Path) -> bool:
    ended = gone(path.name.partition("=")[2].replace("=", ":"))
    return time.time() - path.lstat().st_mtime > _DAY if ended is None else ended


def _same(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def _flush(path: Path) -> None:
    """Ask the system to put the file, or a folder's entries, on disk; folders cannot be flushed everywhere."""
    if not path.is_dir():
        with path.open("r+b") as file:
            os.fsync(file.fileno())
    elif os.name != "nt":
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
