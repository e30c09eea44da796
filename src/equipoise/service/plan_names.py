"""Plans of a workspace folder by name: a server's doors take names, never paths."""

import re
from collections import Counter
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from typing import Any

from equipoise.errors import NotFoundError

DEFAULT = ("plan.yaml", "plan.yml")
_OTHER = frozenset({"workspace.yaml", "workspace.yml"})  # settings of the workspace
_BEGINS = re.compile(r"^(?:plan|data|inputs|tables)\s*:", re.MULTILINE)
_NAME = re.compile(r"""^plan\s*:\s*(["']?)([A-Za-z0-9][A-Za-z0-9_.-]{0,99})\1\s*(?:#.*)?$""", re.MULTILINE)
_SEEN = 5_000_000  # characters of the largest plan file
_TOLD = 10


def plans(folder: Path) -> dict[str, Path]:
    """Return the plan files that lie in a workspace folder, by name, the default (plan.yaml) first and the others by their file's name.

    A plan's name is what its file says under `plan`; where it says none, or two files say the same, it is the file's name without its
    ending, or with it where that is another's name.
    """
    found = sorted((path for path in folder.glob("*.y*ml") if _is_plan(path)), key=lambda path: (path.name not in DEFAULT, path.name))
    said = {path: _said(path) or path.stem for path in found}
    counts = Counter(said.values())
    names: dict[str, Path] = {}
    for path in found:
        name = next(one for one in (said[path] if counts[said[path]] == 1 else path.stem, path.stem, path.name) if one not in names)
        names[name] = path
    return names


def plan_file(folder: Path, name: str = "") -> Path:
    """Return the file of the plan of that name, or whose file has that name; without one the only plan, or the default plan.yaml.

    Raises NotFoundError, naming the nearest, where there is none.
    """
    known = plans(folder)
    if not known:
        raise NotFoundError("The workspace has no plan file.", "Put one into its folder, such as plan.yaml.")
    if not name:
        first = next(iter(known.values()))
        if len(known) > 1 and first.name not in DEFAULT:
            raise NotFoundError("The workspace has several plans, and none is its plan.yaml.", f"Name one: {_listed(known)}.")
        return first
    found = known.get(name) or next((path for path in known.values() if name in {path.stem, path.name}), None)
    if found is None:
        near = get_close_matches(name, known, n=3, cutoff=0.4)
        fix = f"Did you mean {' or '.join(near)}?" if near else f"There are: {_listed(known)}."
        raise NotFoundError(f"The workspace has no plan {name[:100]!r}.", fix)
    return found


def without_paths(folder: Path, value: Any) -> Any:  # noqa: ANN401 - JSON
    """Return plain values in which files are named as seen from the workspace: where it lies on the server concerns nobody elsewhere."""
    if isinstance(value, str):
        return value.replace(f"{folder}/", "").replace(str(folder), ".")
    if isinstance(value, dict):
        return {name: without_paths(folder, one) for name, one in value.items()}
    return [without_paths(folder, one) for one in value] if isinstance(value, (list, tuple)) else value


def _listed(known: dict[str, Path]) -> str:
    more = f" and {len(known) - _TOLD} more" if len(known) > _TOLD else ""
    return ", ".join(list(known)[:_TOLD]) + more


def _is_plan(path: Path) -> bool:
    """Whether a YAML file is a plan: it is called so, or begins like one; one of another use in the folder is left alone."""
    if not path.is_file() or path.name.startswith(".") or path.name in _OTHER or path.suffix not in {".yaml", ".yml"}:
        return False
    return path.name in DEFAULT or _BEGINS.search(_text(path)) is not None


def _said(path: Path) -> str:
    """Return the name that a plan file gives its plan; empty where it gives none."""
    found = _NAME.search(_text(path))
    return found[2] if found else ""


def _text(path: Path) -> str:
    """Return what a plan file says, as far as it can be read: what is wrong with it is said when it is opened."""
    try:
        status = path.stat()
        return _read(path, status.st_mtime_ns, status.st_size)
    except OSError:
        return ""


@lru_cache(maxsize=64)
def _read(path: Path, _changed: int, _size: int) -> str:
    """Return the start of a file; read again only when it has changed, since every request names a plan."""
    with path.open(encoding="utf-8", errors="replace") as file:
        return file.read(_SEEN)
