"""Freshness: what a version was computed from, and what of it is stale since then, downstream through the steps of the cycle."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from equipoise.tables.figures import listing

GIVEN = "gather"
"""What made a table that no step of a run makes."""


class Made(Protocol):
    """A step of a run: what it reads and writes."""

    @property
    def name(self) -> str:
        """Its name."""

    @property
    def phase(self) -> str:
        """Its part of the cycle."""

    @property
    def reads(self) -> tuple[str, ...]:
        """Tables that it reads."""

    @property
    def writes(self) -> tuple[str, ...]:
        """Tables that it writes."""


@dataclass(frozen=True, slots=True)
class Changed:
    """Something that changed since a version was made: what, and the tables that it touches; no tables: it may touch every one."""

    what: str
    tables: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TableState:
    """A table of a version: the step that made it (`GIVEN`: it was given), when its content last changed, and why it is stale, if it is."""

    table: str
    step: str
    phase: str
    changed: dt.datetime
    version: int
    because: tuple[str, ...]

    @property
    def stale(self) -> bool:
        """Whether it would be computed anew."""
        return bool(self.because)


class Snapshot(Protocol):
    """A version as freshness sees it: when it was made, and the hash of each of its tables."""

    @property
    def number(self) -> int:
        """Its number."""

    @property
    def created(self) -> dt.datetime:
        """When it was made, in UTC."""

    @property
    def tables(self) -> Mapping[str, str]:
        """Table to the hash of its content."""


def freshness(versions: Sequence[Snapshot], changes: Sequence[Changed], steps: Sequence[Made]) -> list[TableState]:
    """Return the tables of the last of `versions` (oldest first), in the order in which they are made, with what makes them stale.

    A table is stale where something that changed touches it, or a table that its step reads is stale. Where a change may touch every
    table, all are.
    """
    if not versions:
        return []
    last = versions[-1]
    everything = tuple(change.what for change in changes if not change.tables)
    causes: dict[str, dict[str, None]] = {}
    for change in changes:
        for table in change.tables:
            causes.setdefault(table, {})[change.what] = None
    maker = {table: step for step in steps for table in step.writes}
    given = sorted(table for table in last.tables if table not in maker)
    for step in steps:
        own = [what for table in step.reads if table not in step.writes for what in causes.get(table, {})]
        for table in step.writes:
            causes[table] = {**causes.get(table, {}), **dict.fromkeys(own)}
    order = [*given, *(table for step in steps for table in step.writes if table in last.tables)]
    return [_state(table, maker.get(table), versions, (*everything, *causes.get(table, {}))) for table in order]


def _state(table: str, step: Made | None, versions: Sequence[Snapshot], because: tuple[str, ...]) -> TableState:
    since = _since(table, versions)
    return TableState(table, step.name if step else GIVEN, step.phase if step else "Gather", since.created, since.number, because)


def _since(table: str, versions: Sequence[Snapshot]) -> Snapshot:
    """Return the oldest version in a row, back from the last, that holds the table as it is now."""
    content, since = versions[-1].tables.get(table), versions[-1]
    for version in reversed(versions):
        if version.tables.get(table) != content:
            break
        since = version
    return since


def why_stale(changes: Sequence[Changed], most: int = 5) -> str:
    """Return what changed since the last run in a sentence; empty where nothing did."""
    if not changes:
        return ""
    return f"{listing([change.what for change in changes], most)} changed since the last run."
