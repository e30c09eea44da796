"""Where a plan lives: its file, its workspace folder with the store, and its outputs."""

import hashlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from equipoise.errors import InputError, NotFoundError, Where
from equipoise.service.messages import PlanRequest
from equipoise.store.glance import exists

if TYPE_CHECKING:
    from equipoise.store import Store, Version

_PLAN_NAMES = ("plan.yaml", "plan.yml")


@dataclass(frozen=True)
class Workspace:
    """A plan file and the folder that holds its store and outputs."""

    plan_file: Path
    folder: Path

    @cached_property
    def store(self) -> "Store":
        """The store of the workspace."""
        from equipoise.store import shared_store

        return shared_store(self.folder)

    @property
    def kept(self) -> bool:
        """Whether there is a store yet."""
        return exists(self.folder)

    def outputs(self, plan: str) -> Path:
        """Folder of a plan's outputs, one folder a version. Raises InputError where the name is a path: records come from elsewhere too."""
        if Path(plan).name != plan or plan in {"", ".", ".."} or "\\" in plan:
            raise InputError(f"{plan[:100]!r} is no name of a plan.", "Take one without slashes.")
        return self.folder / "out" / plan

    def versions(self) -> "list[Version]":
        """Versions made from this plan file, oldest first; where there are none, the workspace was moved, and the file's name is enough."""
        held = sorted(self.store.versions(), key=lambda version: version.created) if self.kept else []
        return [one for one in held if str(self.plan_file) in one.inputs] or [one for one in held if _planned_in(one, self.plan_file.name)]

    def files(self, version: "Version") -> dict[str, str]:
        """Return the files that a version was made from with the hashes of their content, named as seen from its plan file's folder."""
        folder = _planned_in(version, self.plan_file.name) or self.plan_file.parent
        paths = {path: content for name, content in version.inputs.items() if (path := Path(name)).is_absolute()}  # others are no files
        return {(path.relative_to(folder) if path.is_relative_to(folder) else path).as_posix(): one for path, one in paths.items()}

    def version(self, number: int | None = None) -> "Version":
        """Return a version made from this plan file, by default its latest. Raises NotFoundError where there is none."""
        versions = self.versions()
        wanted = versions[-1:] if number is None else [version for version in versions if version.number == number]
        if not wanted:
            known = ", ".join(version.name for version in versions) or "none yet"
            which = f"version {number}" if number is not None else "version"
            raise NotFoundError(
                f"{self.plan_file.name} has no {which}.", f"Versions: {known}. Make one with: equipoise run {self.plan_file}"
            )
        return wanted[0]


def _planned_in(version: "Version", plan_file: str) -> Path | None:
    """Return the folder in which a version's plan file of that name lay; None where it was made from no file of that name."""
    return next((Path(name).parent for name in version.inputs if Path(name).is_absolute() and Path(name).name == plan_file), None)


def locate(request: PlanRequest) -> Workspace:
    """Return the workspace that a request means. Raises InputError where there is no plan file."""
    path = Path(request.plan).expanduser()
    if path.is_dir():
        found = [path / name for name in _PLAN_NAMES if (path / name).is_file()] or sorted(path.glob("*.y*ml"))
        if not found:
            raise InputError(
                f"The folder {path} has no plan file.",
                "Make a workspace with 'equipoise init FOLDER', or name a plan file.",
                Where(str(path)),
            )
        if len(found) > 1 and found[0].name not in _PLAN_NAMES:
            names = ", ".join(file.name for file in found)
            raise InputError(f"The folder {path} has several YAML files: {names}.", "Name the plan file.", Where(str(path)))
        path = found[0]
    if not path.is_file():
        raise InputError(
            f"There is no plan file {path}.", "Check the path, or make a workspace with 'equipoise init FOLDER'.", Where(str(path))
        )
    path = path.resolve()
    folder = Path(request.workspace).expanduser().resolve() if request.workspace else path.parent
    return Workspace(path, folder)


def file_hash(path: Path) -> str:
    """Return the hash of a file's bytes, or of a folder's file names; empty where it is not there.

    Folders in it, and files that are hidden or an editor's own, are no data.
    """
    if path.is_dir():
        names = sorted(entry.name for entry in path.iterdir() if entry.is_file() and not entry.name.startswith((".", "~$")))
        return hashlib.sha256("\n".join(names).encode()).hexdigest()
    if not path.is_file():
        return ""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
