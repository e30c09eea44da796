"""Progress of a cycle: what is done, what is overdue, what comes next."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from equipoise.process.hand_off import HANDED_ON
from equipoise.process.kept import Kept, day, whole, word

_SETTLED = ("done", "dropped")


@dataclass(frozen=True, slots=True)
class StepProgress:
    """A step: how many of its tasks are done (those that were dropped do not count), and whether it is late today."""

    step: Kept
    tasks: tuple[Kept, ...]
    done: int
    total: int
    late: tuple[Kept, ...]
    overdue: bool

    @property
    def name(self) -> str:
        """Name of the step."""
        return word(self.step.document, "name")


@dataclass(frozen=True, slots=True)
class Progress:
    """A cycle: its steps in order; `next` is the first that is not handed on, None where all are."""

    steps: tuple[StepProgress, ...]

    @property
    def done(self) -> int:
        """Tasks that are done."""
        return sum(step.done for step in self.steps)

    @property
    def total(self) -> int:
        """Tasks that count."""
        return sum(step.total for step in self.steps)

    @property
    def late(self) -> tuple[Kept, ...]:
        """Tasks that are late, by day."""
        return tuple(sorted((task for step in self.steps for task in step.late), key=_due))

    @property
    def overdue(self) -> tuple[StepProgress, ...]:
        """Steps that are late."""
        return tuple(step for step in self.steps if step.overdue)

    @property
    def next(self) -> StepProgress | None:
        """The first step that is not handed on."""
        return next((one for one in self.steps if word(one.step.document, "status") not in HANDED_ON), None)

    @property
    def unaccepted(self) -> tuple[StepProgress, ...]:
        """Steps that are not accepted."""
        return tuple(one for one in self.steps if word(one.step.document, "status") != "accepted")


def open_tasks(tasks: Sequence[Kept]) -> list[Kept]:
    """Return the tasks that are still to be done, by day."""
    return sorted((task for task in tasks if word(task.document, "status") not in _SETTLED), key=_due)


def progress(steps: Sequence[Kept], tasks: Sequence[Kept], today: dt.date) -> Progress:
    """Return how far the steps and tasks of one cycle are on the day `today`. What is due today is not late."""
    ordered = sorted(steps, key=lambda one: (whole(one.document, "position") or 0, one.id))
    return Progress(tuple(_of_step(step, [one for one in tasks if _belongs(one, step)], today) for step in ordered))


def _belongs(task: Kept, step: Kept) -> bool:
    return word(task.document, "step") == word(step.document, "name")


def _of_step(step: Kept, tasks: Sequence[Kept], today: dt.date) -> StepProgress:
    counted = [task for task in tasks if word(task.document, "status") != "dropped"]
    done = sum(word(task.document, "status") == "done" for task in counted)
    late = tuple(task for task in open_tasks(counted) if _due(task)[0] < today)
    overdue = word(step.document, "status") not in HANDED_ON and _due(step)[0] < today
    return StepProgress(step, tuple(sorted(tasks, key=_due)), done, len(counted), late, overdue)


def _due(record: Kept) -> tuple[dt.date, int, str]:
    digits = "".join(filter(str.isdigit, record.id))
    return day(record.document, "due") or dt.date.max, int(digits or 0), record.id
