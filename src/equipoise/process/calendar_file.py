"""The calendar of a cycle as an iCalendar file (RFC 5545): steps, meetings and tasks as whole days. Sole owner of icalendar."""

import datetime as dt
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from equipoise.process.kept import Kept, day, word

if TYPE_CHECKING:
    from icalendar import Event

_DAY = dt.timedelta(days=1)
_PRODUCT = "-//Equipoise//Cycle calendar//EN"


def calendar_file(cycle: Kept, steps: Sequence[Kept], tasks: Sequence[Kept], business_unit: str = "") -> bytes:
    """Return the steps and tasks of a cycle as an iCalendar file.

    Each event has an identity that stays its own when its day moves, and the time stamp and sequence number of its record's last change:
    the same records give the same bytes, and a calendar that has read the file before takes the changes over.
    """
    from icalendar import Calendar

    calendar = Calendar()
    calendar.add("prodid", _PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", f"S&OP {' '.join(cycle.id.split())}")
    unit = re.sub(r"[^a-z0-9]+", "-", business_unit.lower()).strip("-") or "equipoise"
    for record in (*steps, *(task for task in tasks if word(task.document, "status") != "dropped")):
        calendar.add_component(_event(record, cycle.id, unit))
    if (due := day(cycle.document, "due")) is not None:
        calendar.add_component(_event(cycle, cycle.id, unit, f"Publish the plan of {cycle.id}", due))
    return bytes(calendar.to_ical())


def _event(record: Kept, cycle: str, unit: str, title: str = "", due: dt.date | None = None) -> "Event":
    from icalendar import Event

    document = record.document
    last = due or day(document, "due") or dt.date.max
    first = (day(document, "start") or last) if record.kind == "step" else last
    event = Event()
    event.add("uid", f"{record.kind}-{re.sub(r'[^A-Za-z0-9_.-]+', '-', record.id)}@{unit}.equipoise")
    event.add("dtstamp", record.changed_at.replace(tzinfo=dt.UTC, microsecond=0))
    event.add("sequence", record.revision - 1)
    event.add("summary", f"{cycle}: {title or word(document, 'title')}")
    event.add("dtstart", first)
    event.add("dtend", last + _DAY)
    event.add("categories", [_category(record)])
    event.add("status", "CONFIRMED")
    event.add("transp", "TRANSPARENT")
    event.add("description", "\n".join(_lines(record)))
    return event


def _category(record: Kept) -> str:
    return "Meeting" if record.kind == "task" and record.document.get("meeting") else record.kind.capitalize()


def _lines(record: Kept) -> list[str]:
    document = record.document
    told = (
        ("Owner", word(document, "owner") or word(document, "owner_role")),
        ("Accepted by", word(document, "accepting_role")),
        ("Step", word(document, "step") if record.kind == "task" else ""),
        ("Where", word(document, "link")),
        ("Status", word(document, "status")),
    )
    return [f"{name}: {value}" for name, value in told if value]
