"""Steps, tasks and alarms as rows of an answer."""

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar

from equipoise.errors import InputError
from equipoise.process.kept import Kept, day, whole, word, words
from equipoise.process.people import Person
from equipoise.process.progress import StepProgress, open_tasks
from equipoise.service.messages.cycle import AlarmRow, StepRow, TaskRow
from equipoise.store.contract import Record

Task = TypeVar("Task", bound=Kept)
_FIX = "Say open, late, mine, done or all, or name a step, a role or an owner."


def version_name(document: dict[str, object]) -> str:
    """Return the version that a record names as it is printed; empty where it names none."""
    number = whole(document, "version")
    return f"v{number:04d}" if number is not None else ""


def step_row(progress: StepProgress, drifted: Mapping[str, Sequence[str]]) -> StepRow:
    """Return a step as a row; `drifted` are tables that changed after a step was handed on, by step."""
    document = progress.step.document
    return StepRow(
        step=progress.name,
        title=word(document, "title"),
        owner=word(document, "owner_role"),
        start=day(document, "start"),
        due=day(document, "due"),
        status=word(document, "status"),
        done=progress.done,
        tasks=progress.total,
        overdue=progress.overdue,
        version=version_name(document),
        changed=", ".join(drifted.get(progress.name, ())),
        revision=progress.step.revision,
    )


def task_row(task: Kept, today: dt.date) -> TaskRow:
    """Return a task as a row; it is overdue where it is not settled and its last day was before `today`."""
    document = task.document
    due = day(document, "due")
    return TaskRow(
        task=task.id,
        step=word(document, "step"),
        title=word(document, "title"),
        owner=word(document, "owner") or word(document, "owner_role"),
        due=due,
        status=word(document, "status"),
        overdue=due is not None and due < today and bool(open_tasks([task])),
        link=word(document, "link"),
        note=word(document, "note"),
        revision=task.revision,
    )


def alarm_row(alarm: Record) -> AlarmRow:
    """Return an alarm as a row."""
    document = alarm.document
    return AlarmRow(
        alarm=alarm.id,
        kind=word(document, "kind"),
        subject=word(document, "subject"),
        statement=word(document, "statement"),
        told=", ".join((*words(document, "people"), *words(document, "roles"))),
        status=word(document, "status"),
        seen_by=", ".join(words(document, "seen_by")),
        at=alarm.changed_at,
        by=alarm.changed_by,
    )


def is_of(task: Kept, person: Person) -> bool:
    """Whether a task is somebody's: theirs by name, or by role where it names nobody. In single-user mode all are."""
    owner = word(task.document, "owner")
    return person.alone or owner == person.name or (not owner and word(task.document, "owner_role") in person.roles)


def chosen_tasks(tasks: Iterable[Task], wanted: str, person: Person, today: dt.date) -> list[Task]:
    """Return the tasks that `wanted` names, by day: open, late, mine (open ones), done, all, or a step, a role or an owner.

    Raises InputError where it names nothing.
    """
    ordered = sorted(tasks, key=lambda task: (word(task.document, "due"), number_of(task.id), task.id))
    plain = wanted.strip().lower() or "all"
    waiting = {task.id for task in open_tasks(ordered)}
    named: dict[str, Callable[[Task], bool]] = {
        "all": lambda _: True,
        "open": lambda task: task.id in waiting,
        "late": lambda task: task_row(task, today).overdue,
        "mine": lambda task: task.id in waiting and is_of(task, person),
        "done": lambda task: word(task.document, "status") == "done",
    }
    if plain in named:
        return [task for task in ordered if named[plain](task)]
    columns = ("step", "owner_role", "owner")
    found = [task for task in ordered if plain in {word(task.document, column).lower() for column in columns}]
    if not found:
        raise InputError(f"No task is of '{wanted}'.", _FIX)
    return found


def number_of(identity: str) -> int:
    """Return the number at the end of an id such as task-7; 0 where it has none."""
    last = identity.rsplit("-", 1)[-1]
    return int(last) if last.isdigit() else 0


def by_number(kind: str, wanted: str) -> str:
    """Return the id that somebody means by a number: 7 is task-7."""
    return f"{kind}-{wanted.strip()}" if wanted.strip().isdigit() else wanted.strip()
