"""Records as the process sees them: documents with an id and a revision, wherever they are kept."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol, TypeVar


class Kept(Protocol):
    """A record that was kept; the store's have this form."""

    @property
    def kind(self) -> str:
        """Its kind: a table of the group kept."""

    @property
    def id(self) -> str:
        """What names it among its kind."""

    @property
    def revision(self) -> int:
        """How often it was changed, counted from 1."""

    @property
    def cycle(self) -> str:
        """The cycle it was made in."""

    @property
    def document(self) -> dict[str, object]:
        """What it says."""

    @property
    def changed_at(self) -> dt.datetime:
        """When it was last changed, in UTC."""


Record = TypeVar("Record", bound=Kept)


@dataclass(frozen=True, slots=True)
class Edit:
    """A record as it shall be, made on `revision` (0: there is none yet). Without an id the store gives one."""

    kind: str
    id: str
    revision: int
    document: dict[str, object]


def edited(record: Kept, **changed: object) -> Edit:
    """Return the edit that changes these columns of a record."""
    return Edit(record.kind, record.id, record.revision, {**record.document, **changed})


def word(document: dict[str, object], column: str) -> str:
    """Return a text of a document; empty where it has none."""
    value = document.get(column)
    return "" if value is None else str(value)


def day(document: dict[str, object], column: str) -> dt.date | None:
    """Return a day of a document, or None."""
    value = document.get(column)
    return dt.date.fromisoformat(str(value)[:10]) if value else None


def whole(document: dict[str, object], column: str) -> int | None:
    """Return a whole number of a document, or None."""
    value = document.get(column)
    return int(str(value)) if value is not None else None


def words(document: dict[str, object], column: str) -> tuple[str, ...]:
    """Return a list of texts of a document."""
    value = document.get(column)
    return tuple(str(one) for one in value) if isinstance(value, (list, tuple)) else (str(value),) if value else ()


def in_status(records: Iterable[Record], *status: str) -> list[Record]:
    """Return the records in one of these states, in order."""
    return [one for one in records if word(one.document, "status") in status]
