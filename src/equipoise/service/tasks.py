"""Tasks of a cycle: list, add, change."""

from collections.abc import Sequence

from equipoise.errors import InputError, NotFoundError
from equipoise.process.hand_off import require_role
from equipoise.process.kept import Edit, day, edited, word
from equipoise.process.people import LEADER, Person
from equipoise.process.progress import open_tasks, progress
from equipoise.service.current import Process, expected, process_of
from equipoise.service.cycle_rows import by_number, chosen_tasks, is_of, task_row
from equipoise.service.messages.cycle import TaskAddRequest, TaskAnswer, TaskListRequest, TaskSetRequest
from equipoise.service.register import Context
from equipoise.store.contract import Record


def list_(request: TaskListRequest, context: Context) -> TaskAnswer:
    """Return tasks of a cycle, by day. Raises NotFoundError where there is no cycle, InputError for an unknown filter."""
    process = process_of(request, context, request.cycle)
    process.required()
    return _answer(process, chosen_tasks(process.tasks, request.task, context.person, context.today), context)


def _answer(process: Process, tasks: Sequence[Record], context: Context) -> TaskAnswer:
    return TaskAnswer(cycle=process.name, tasks=[task_row(task, context.today) for task in tasks])


def add(request: TaskAddRequest, context: Context) -> TaskAnswer:
    """Add a task to a step of the cycle. Raises NotFoundError where there is no cycle or no such step."""
    process = process_of(request, context)
    process.required()
    following = progress(process.steps, process.tasks, context.today).next
    if request.step is None and following is None:
        raise InputError("Every step was handed on.", "Name the step with --step.")
    step = process.step(request.step or (following.name if following is not None else ""))
    due = request.due or day(step.document, "due")
    document: dict[str, object] = {
        "step": word(step.document, "name"),
        "title": request.title.strip(),
        "owner_role": request.owner_role or word(step.document, "owner_role"),
        "owner": request.owner,
        "due": due.isoformat() if due else None,
        "status": "open",
        "link": request.link,
        "meeting": request.meeting,
        "note": "",
    }
    made = process.change([Edit("task", "", 0, document)], context, "task add")
    return _answer(process, made, context)


def set_(request: TaskSetRequest, context: Context) -> TaskAnswer:
    """Change tasks: those named, or all of a step that are not settled.

    Raises NotFoundError where there is no such task, InputError where nothing is to be changed, NotAllowedError where a task is somebody
    else's, ConflictError where somebody changed one first.
    """
    process = process_of(request, context)
    process.required()
    tasks = _meant(process, request)
    given = {"status": request.status, "owner": request.owner, "owner_role": request.owner_role, "note": request.note}
    changed: dict[str, object] = {name: value for name, value in given.items() if value is not None}
    changed |= {"due": request.due.isoformat()} if request.due else {}
    if not changed:
        raise InputError("Nothing is to be changed.", "Give --status, --owner, --owner-role, --due or --note.")
    for task in tasks:
        _allow(task, context.person)
        expected(task, request.revision)
    return _answer(process, process.change([edited(task, **changed) for task in tasks], context, "task set", request.note or ""), context)


def _meant(process: Process, request: TaskSetRequest) -> list[Record]:
    held = {task.id: task for task in process.tasks}
    if not request.task:
        if request.step is None:
            raise InputError("No task is named.", "Name tasks by number, or all of a step with --step.")
        return [held[task.id] for task in open_tasks(process.tasks) if word(task.document, "step") == request.step]
    wanted = list(dict.fromkeys(by_number("task", one) for one in request.task))
    unknown = [one for one in wanted if one not in held]
    if unknown:
        raise NotFoundError(f"The cycle {process.name} has no task {', '.join(unknown)}.", "See them with: equipoise task list")
    return [held[one] for one in wanted]


def _allow(task: Record, person: Person) -> None:
    """Raise NotAllowedError where somebody changes a task that is not theirs; a facilitator may change every one."""
    if not is_of(task, person):
        require_role(person, (LEADER,), f"change {task.id} of {word(task.document, 'owner') or word(task.document, 'owner_role')}")
