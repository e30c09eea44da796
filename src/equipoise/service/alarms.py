"""Alarms: who must know of what changed after others had built on it, until they have seen it."""

from collections.abc import Sequence

from equipoise.errors import NotFoundError
from equipoise.process.kept import Edit, Kept, edited, in_status, words
from equipoise.process.people import LEADER, Person
from equipoise.service.current import Process, process_of
from equipoise.service.cycle_rows import alarm_row, by_number, number_of
from equipoise.service.messages.cycle import AlarmAnswer, AlarmListRequest, AlarmSeenRequest
from equipoise.service.register import Context
from equipoise.store.contract import Record


def alarms_for(process: Process, person: Person) -> list[Record]:
    """Return the open alarms that somebody must know and has not seen, oldest first; in single-user mode and for a facilitator all."""
    held = process.records("alarm")
    ordered = sorted(in_status(held, "open"), key=lambda one: number_of(one.id))
    return [one for one in ordered if _concerns(one, person) and person.name not in words(one.document, "seen_by")]


def _concerns(alarm: Kept, person: Person) -> bool:
    roles, people = words(alarm.document, "roles"), words(alarm.document, "people")
    return person.alone or LEADER in person.roles or person.name in people or bool(set(roles) & set(person.roles))


def list_(request: AlarmListRequest, context: Context) -> AlarmAnswer:
    """Return the alarms of whoever asks; with `all` every alarm of the business unit."""
    process = process_of(request, context)
    held = process.records("alarm")
    found = sorted(held, key=lambda one: number_of(one.id)) if request.all else alarms_for(process, context.person)
    return _answer(found, "")


def _answer(alarms: Sequence[Record], said: str) -> AlarmAnswer:
    count = f"{len(alarms)} alarm{'' if len(alarms) == 1 else 's'}" if alarms else "No alarms"
    return AlarmAnswer(headline=[f"{count}{said}."], alarms=[alarm_row(one) for one in alarms])


def seen(request: AlarmSeenRequest, context: Context) -> AlarmAnswer:
    """Note that whoever asks has seen alarms, and return them.

    An alarm stays open until everybody it names, or somebody with each role it names, has seen it. Raises NotFoundError where there is
    none of that number that is theirs, ConflictError where somebody changed it first.
    """
    process = process_of(request, context)
    mine = {one.id: one for one in alarms_for(process, context.person)}
    wanted = [by_number("alarm", one) for one in request.alarm] or list(mine)
    unknown = [one for one in wanted if one not in mine]
    if unknown:
        raise NotFoundError(f"You have no open alarm {', '.join(unknown)}.", f"Yours are: {', '.join(mine) or 'none'}.")
    made = process.change([_seen(mine[one], context.person, process) for one in dict.fromkeys(wanted)], context, "alarm seen")
    return _answer(made, " seen")


def _seen(alarm: Record, person: Person, process: Process) -> Edit:
    by = [*words(alarm.document, "seen_by"), person.name]
    known = person.alone or (set(words(alarm.document, "people")) <= set(by) and _roles_know(alarm, by, person, process))
    return edited(alarm, seen_by=by, status="seen" if known else "open")


def _roles_know(alarm: Kept, by: Sequence[str], person: Person, process: Process) -> bool:
    roles = set(words(alarm.document, "roles")) - set(person.roles)
    if not roles:
        return True
    users = process.place.store.records("user")
    return roles <= {role for user in users if user.id in by for role in words(user.document, "roles")}
