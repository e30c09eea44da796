"""Files that a watch looks at, and those that it writes: which count, what ticket they carry, and results put in place at once."""

import datetime as dt
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from pydantic import BaseModel

from equipoise.errors import EquipoiseError, StoreError
from equipoise.gather.document import written
from equipoise.service.workspace import Workspace

RESULTS = "results"
ASK = "ask"
INBOX = "inbox"
OURS = (RESULTS, "out", ".equipoise")
"""Folders that Equipoise itself writes: what changes in them is no change."""

_TICKET = re.compile(r"^#[ \t]*ticket:[ \t]*([^\s#]{1,60})", re.MULTILINE)
_HEAD = 4_000  # characters among which a ticket stands
_DRAFT = re.compile(r"^[.~#]|[~#]$|\.(sw[a-z]|tmp|part|bak|crdownload)$", re.IGNORECASE)

Signs = dict[str, tuple[int, int]]
"""Of each file when it was last changed (ns) and its size: what tells that it has changed."""


def ticket_of(path: Path) -> str:
    """Return what a file says after `# ticket:` on a line of its own near its beginning; empty where it says nothing or is not there."""
    try:
        with path.open(encoding="utf-8-sig", errors="replace") as file:
            found = _TICKET.search(file.read(_HEAD))
    except OSError:
        return ""
    return found.group(1) if found else ""


def is_draft(path: Path) -> bool:
    """Whether a file is a program's own, such as what an editor writes before it puts a file in place."""
    return bool(_DRAFT.search(path.name))


def said_in(place: Workspace, folder: str) -> list[Path]:
    """Return the YAML files in a folder of the workspace, by name, without hidden and half-written ones."""
    root = place.folder / folder
    found = [path for pattern in ("*.yaml", "*.yml") for path in root.rglob(pattern)] if root.is_dir() else []
    return sorted(path for path in found if path.is_file() and not any(is_draft(Path(part)) for part in path.relative_to(root).parts))


def signs(paths: Iterator[Path]) -> Signs:
    """Return when each file was last changed and its size; one that is not there has none."""
    found: Signs = {}
    for path in paths:
        try:
            stat = path.stat()
        except OSError:
            continue
        found[str(path)] = (stat.st_mtime_ns, stat.st_size)
    return found


class DataFiles:
    """The data files of a plan, found anew when the plan file has changed; while it cannot be understood, those that it named before."""

    def __init__(self, place: Workspace) -> None:
        self._place = place
        self._data: object = None
        self._seen: Signs = {}

    def paths(self, today: dt.date) -> list[Path]:
        """Return the files that hold the plan's data now."""
        from equipoise.exchange.readers import files_of
        from equipoise.gather.source import Data
        from equipoise.service.gathering import understood

        seen = signs(iter([self._place.plan_file]))
        if seen != self._seen:
            self._seen = seen
            try:
                self._data = understood(self._place, today).data
            except EquipoiseError:  # the pass tells what is wrong
                return self.paths(today)
        if not isinstance(self._data, Data):
            return []
        try:
            return [path for path in files_of(self._data, self._place.plan_file.parent) if not is_draft(path)]
        except OSError:
            return []


@dataclass(frozen=True)
class Results:
    """The folder of results. A file is written aside and moved into place, and left alone where it says the same."""

    root: Path

    def write(self, name: str, said: BaseModel | Mapping[str, object]) -> str:
        """Write a result as YAML, what is empty left out, and return its name as seen from the workspace. Raises StoreError."""
        values = said.model_dump(mode="json", exclude_defaults=True) if isinstance(said, BaseModel) else dict(said)
        text = written(values)
        path = self.root / name
        aside = path.with_name(f".{path.name}.{uuid4().hex[:8]}.part")
        try:
            if path.is_file() and path.read_text(encoding="utf-8") == text:
                return f"{RESULTS}/{name}"
            path.parent.mkdir(parents=True, exist_ok=True)
            aside.write_text(text, encoding="utf-8")
            aside.replace(path)
        except OSError as error:
            aside.unlink(missing_ok=True)
            raise StoreError(f"{path} cannot be written: {error.strerror or error}.", "Check space and permissions.") from error
        return f"{RESULTS}/{name}"

    def remove(self, name: str) -> None:
        """Take a result away that holds no longer."""
        (self.root / name).unlink(missing_ok=True)

    def keep_only(self, folder: str, names: set[str]) -> None:
        """Take away the results in a folder whose file is gone."""
        root = self.root / folder
        for path in root.rglob("*.yaml") if root.is_dir() else ():
            if path.relative_to(root).as_posix() not in names:
                path.unlink(missing_ok=True)
