"""From the template of the settings to a cycle: its first day, its steps and its tasks, each with dates."""

import datetime as dt

from equipoise.process.kept import Edit
from equipoise.process.working_days import WorkingDays
from equipoise.tables.process_setting import ProcessSetting, StepSetting, TaskSetting

_DAY = dt.timedelta(days=1)


def cycle_name(as_of: dt.date, business_unit: str) -> str:
    """Return the name that a cycle has where none is given: the month of the data cut, and the business unit where there are several."""
    unit = "-".join(business_unit.split())
    return f"{as_of:%Y-%m}-{unit}" if unit else f"{as_of:%Y-%m}"


def first_day(setting: ProcessSetting, days: WorkingDays, as_of: dt.date, start: dt.date | None = None) -> dt.date:
    """Return the first working day of a cycle.

    It is the one on or after `start`; without it the working day `cycle_starts` of the month that follows the data cut, or, where the
    cut lies after that, the first one after it. Raises InputError where holidays never end.
    """
    if start is not None:
        return days.on_or_after(start)
    return max(days.of_month(as_of + _DAY, setting.cycle_starts), days.on_or_after(as_of + _DAY))


def last_day(setting: ProcessSetting, days: WorkingDays, opened: dt.date) -> dt.date:
    """Return the day by which the plan of a cycle is to be published."""
    return days.nth(opened, setting.publish_day)


def steps_of(setting: ProcessSetting, days: WorkingDays, cycle: str, opened: dt.date) -> list[Edit]:
    """Return the steps of a cycle that opens on `opened`, in order: records of the kind step."""
    return [_step(step, position, days, cycle, opened) for position, step in enumerate(setting.steps, 1)]


def _step(step: StepSetting, position: int, days: WorkingDays, cycle: str, opened: dt.date) -> Edit:
    identity = f"{cycle}/{step.name}"
    document: dict[str, object] = {
        "step": identity,
        "position": position,
        "name": step.name,
        "title": step.title,
        "owner_role": step.owner_role,
        "accepting_role": step.accepting_role,
        "start": days.nth(opened, step.first_day).isoformat(),
        "due": days.nth(opened, step.last_day).isoformat(),
        "status": "open",
        "gate": list(step.gate),
        "checked": [],
    }
    return Edit("step", identity, 0, document)


def tasks_of(setting: ProcessSetting, days: WorkingDays, opened: dt.date) -> list[Edit]:
    """Return the tasks of a cycle that opens on `opened`, by step: records of the kind task, numbered by the store."""
    return [_task(task, step, days, opened) for step in setting.steps for task in step.tasks]


def _task(task: TaskSetting, step: StepSetting, days: WorkingDays, opened: dt.date) -> Edit:
    document: dict[str, object] = {
        "step": step.name,
        "title": task.title,
        "owner_role": task.owner_role or step.owner_role,
        "owner": "",
        "due": days.nth(opened, task.day or step.last_day).isoformat(),
        "status": "open",
        "link": task.link,
        "meeting": task.meeting,
        "note": "",
    }
    return Edit("task", "", 0, document)
