"""The tables of one version, or of one of its scenarios, as what explains them reads them."""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import polars as pl

from equipoise.dimensions.calendar import Calendar
from equipoise.supply.auditing.books import Books, books
from equipoise.tables import table
from equipoise.tables.setting import Setting, from_table

CELL = ("item", "market", "period")


@dataclass
class Held:
    """Tables by name, each read when it is first asked for. `names` are those there are; `figures` what the version keeps beside them."""

    read: Callable[[str], pl.DataFrame]
    names: Collection[str]
    figures: Mapping[str, object]
    scenario: str = ""
    _frames: dict[str, pl.DataFrame] = field(default_factory=dict)
    _placed: dict[str, tuple[pl.DataFrame, pl.DataFrame]] = field(default_factory=dict)

    def frame(self, name: str) -> pl.DataFrame:
        """Return a table; empty where there is none of that name."""
        if name not in self._frames:
            self._frames[name] = table(name).conform(self.read(name)) if name in self.names else table(name).empty()
        return self._frames[name]

    def placed(self, name: str) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Return the keys of a table with the position of each row, and what `row_origin` has of that table."""
        if name not in self._placed:
            keys = self.frame(name).select(table(name).keys).with_row_index("position", 1)
            read = self.frame("row_origin").filter(pl.col("table") == name)
            self._placed[name] = (keys.with_columns(pl.col("position").cast(pl.Int64)), read)
        return self._placed[name]

    def beside(self, name: str, rows: pl.DataFrame, *on: str) -> pl.DataFrame:
        """Return the rows of a table that share the keys `on` with `rows`; an empty key is equal to an empty one."""
        return self.frame(name).join(rows.select(on).unique(), on=list(on), how="semi", nulls_equal=True, maintain_order="left")

    def moved(self, name: str, rows: pl.DataFrame) -> pl.DataFrame:
        """Return what overrides of the base plan changed in cells of demand: override, before and after by cell."""
        if not set(CELL) <= set(rows.columns) or "override_cell" not in self.names:
            return table("override_cell").empty()
        return (
            self.frame("override_cell").filter(pl.col("table") == name).join(rows.select(CELL), on=CELL, how="semi", maintain_order="left")
        )

    def overridden_by(self, name: str, rows: pl.DataFrame, column: str) -> float:
        """Return what overrides added to the sum of a column over `rows`, as far as they are known cell by cell."""
        if column != "quantity":
            return 0.0
        cells = self.moved(name, rows)
        return float((cells["after"].fill_null(0.0) - cells["before"].fill_null(0.0)).sum())

    @cached_property
    def setting(self) -> Setting:
        """The settings."""
        return from_table(self.frame("setting"))

    @cached_property
    def calendar(self) -> Calendar:
        """The periods."""
        return Calendar.from_setting(self.setting.calendar)

    @cached_property
    def books(self) -> Books:
        """The books of the plan: its flows beside the rows that allow them."""
        return books(_Tables(self))

    def number_of(self, period: object) -> int | None:
        """Return the number of a period of the horizon, from 0; None outside of it."""
        return next((number for number, one in enumerate(self.calendar.periods) if one == period), None)


class _Tables(Mapping[str, pl.DataFrame]):
    """The tables of a version as a mapping: each is read when it is first asked for."""

    def __init__(self, held: Held) -> None:
        self._held = held

    def __getitem__(self, name: str) -> pl.DataFrame:
        if name not in self._held.names:
            raise KeyError(name)
        return self._held.frame(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._held.names)

    def __len__(self) -> int:
        return len(self._held.names)
