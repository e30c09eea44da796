"""Files that doors hand out by name, never by a path: outputs of a version, pages of meetings, the calendar of a cycle."""

from pathlib import Path

from equipoise.errors import NotFoundError
from equipoise.process.calendar_file import calendar_file
from equipoise.service.current import process_of
from equipoise.service.messages import PlanRequest
from equipoise.service.register import Context
from equipoise.service.workspace import locate

_NEAREST = 12


def output_files(request: PlanRequest, number: int | None = None) -> tuple[str, dict[str, Path]]:
    """Return a version's name and its output files by their place in its folder, such as `tables/demand_plan.csv`; of none the latest's.

    Raises NotFoundError where there is no such version.
    """
    place = locate(request)
    version = place.version(number)
    return version.name, _inside(place.outputs(version.plan) / version.name)


def output_file(request: PlanRequest, number: int | None, name: str) -> Path:
    """Return an output file of a version. Raises NotFoundError where it has none of that name."""
    version, files = output_files(request, number)
    return _named(files, name, f"Version {version} has no output")


def meeting_file(request: PlanRequest, context: Context, meeting: str, what: str) -> Path:
    """Return the Markdown of the agenda or minutes of a meeting of the cycle. Raises NotFoundError where it was not written yet."""
    process = process_of(request, context)
    plan = process.plan.setting.plan
    files = _inside(process.place.outputs(plan) / "meetings")
    name = f"{process.name or plan}-{meeting}-{what}.md"
    if name not in files:
        raise NotFoundError(f"There is no {what} of {meeting} yet.", f"Write it with: equipoise meeting {what} {meeting}")
    return files[name]


def cycle_calendar(request: PlanRequest, context: Context, cycle: str = "") -> bytes:
    """Return the steps, meetings and tasks of a cycle as an iCalendar file. Raises NotFoundError where there is no cycle."""
    process = process_of(request, context, cycle)
    return calendar_file(process.required(), process.steps, process.tasks, process.unit)


def _inside(folder: Path) -> dict[str, Path]:
    """Return the files of a folder by their place in it; links that lead out of it are left out."""
    root = folder.resolve()
    found = (path for path in sorted(folder.rglob("*")) if path.is_file() and path.resolve().is_relative_to(root))
    return {path.relative_to(folder).as_posix(): path for path in found}


def _named(files: dict[str, Path], name: str, missing: str) -> Path:
    if name not in files:
        told = [one for one in files if "/" not in one][:_NEAREST]
        raise NotFoundError(f"{missing} {name[:200]!r}.", f"There are: {', '.join(told) or 'none'}.")
    return files[name]
