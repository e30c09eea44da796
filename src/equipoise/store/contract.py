"""What a store must do, whatever holds it."""

import datetime as dt
from dataclasses import dataclass, field
from typing import Protocol

import polars as pl


@dataclass(frozen=True, slots=True)
class Version:
    """An immutable plan version: what it was made from (`inputs`: file to content hash) and the tables it made (name to hash)."""

    plan: str
    number: int
    created: dt.datetime
    code: str
    inputs: dict[str, str] = field(default_factory=dict)
    tables: dict[str, str] = field(default_factory=dict)
    files: tuple[str, ...] = ()
    figures: dict[str, object] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The version as printed: v0001."""
        return f"v{self.number:04d}"


@dataclass(frozen=True, slots=True)
class Event:
    """A line of the record: who did what, when, through which door."""

    at: dt.datetime
    actor: str
    door: str
    operation: str
    subject: str
    detail: dict[str, object] = field(default_factory=dict)


class Store(Protocol):
    """The only record. Whatever it has acknowledged is kept; a failed write leaves what was there. Methods raise StoreError."""

    def put_table(self, name: str, frame: pl.DataFrame) -> str:
        """Keep a table and return the hash of its content; a table already kept is not written again."""

    def table(self, content: str) -> pl.DataFrame:
        """Return the table of that content hash. Raises NotFoundError where there is none."""

    def get(self, key: str) -> dict[str, pl.DataFrame] | None:
        """Return the tables that a step made from the inputs that `key` stands for, or None."""

    def put(self, key: str, tables: dict[str, pl.DataFrame]) -> None:
        """Keep the tables that a step made."""

    def add_version(self, version: Version) -> None:
        """Keep a plan version. Raises StoreError where the plan already has one of that number."""

    def versions(self, plan: str = "") -> list[Version]:
        """Return the versions of a plan, or of all plans, oldest first."""

    def version(self, plan: str, number: int | None = None) -> Version:
        """Return a version of a plan, by default its latest. Raises NotFoundError where there is none."""

    def add_event(self, event: Event) -> None:
        """Append a line to the record."""

    def events(self) -> list[Event]:
        """Return the record, oldest first."""
