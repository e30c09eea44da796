"""A part of what is written for people about decisions: sentences and a table, in plain text."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol


class Said(Protocol):
    """Something of the record: what names it, what it says, who changed it last and when."""

    @property
    def id(self) -> str:
        """What names it."""

    @property
    def document(self) -> dict[str, object]:
        """What it says."""

    @property
    def changed_at(self) -> dt.datetime:
        """When it was last changed, in UTC."""

    @property
    def changed_by(self) -> str:
        """Who changed it last."""


@dataclass(frozen=True, slots=True)
class Part:
    """A part: title, sentences, and a table of `heads` (those in `numbers` hold numbers) and rows of texts under a caption.

    Parts in a row with the same `under` stand under that title.
    """

    key: str
    title: str
    sentences: tuple[str, ...] = ()
    caption: str = ""
    heads: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    numbers: frozenset[str] = field(default_factory=frozenset)
    under: str = ""

    @property
    def says(self) -> bool:
        """Whether it says anything."""
        return bool(self.sentences or self.rows)


def word(document: dict[str, object], column: str) -> str:
    """Return a text of a document; empty where it has none."""
    value = document.get(column)
    return "" if value is None else str(value)


def names(document: dict[str, object], column: str) -> list[str]:
    """Return a list of texts of a document."""
    value = document.get(column)
    return [str(one) for one in value] if isinstance(value, (list, tuple)) else []


def objects(document: dict[str, object], column: str) -> list[dict[str, object]]:
    """Return a list of objects of a document."""
    value = document.get(column)
    return [one for one in value if isinstance(one, dict)] if isinstance(value, (list, tuple)) else []


def amount(document: dict[str, object], column: str) -> float | None:
    """Return a number of a document, or None."""
    value = document.get(column)
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def day(document: dict[str, object], column: str) -> dt.date | None:
    """Return a day of a document, or None."""
    text = word(document, column)
    return dt.date.fromisoformat(text[:10]) if text else None


def numbered(identity: str) -> tuple[str, int]:
    """Return what sorts ids such as decision-7 as people do: by the name, then by the number."""
    name, _, number = identity.rpartition("-")
    return (name, int(number)) if number.isdigit() else (identity, 0)


def table_of(key: str, title: str, caption: str, heads: Sequence[str], rows: Sequence[Sequence[str]], numbers: Sequence[str] = ()) -> Part:
    """Return a part that is a table; columns in which nothing stands are left out."""
    kept = [place for place, _ in enumerate(heads) if any(row[place] for row in rows)]
    shown = tuple(tuple(row[place] for place in kept) for row in rows)
    return Part(key, title, (), caption, tuple(heads[place] for place in kept), shown, frozenset(numbers))
