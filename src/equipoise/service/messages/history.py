"""A line of a record's history, as every answer with a history shows it."""

from equipoise.service.messages.message import Message


class HistoryLine(Message):
    """A change of a record: who, when, through which door, what it was and is, and why."""

    at: str
    actor: str
    door: str
    operation: str
    column: str = ""
    old: str = ""
    new: str = ""
    reason: str = ""
