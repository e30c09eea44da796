"""A lever: one thing that may be done, as overrides of the plan, with its price and its lead time."""

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import polars as pl

from equipoise.reconcile.options.company import Company
from equipoise.scenario import Override
from equipoise.tables.figures import plural

Tables = Mapping[str, pl.DataFrame]
Meter = Callable[[Tables], dict[dt.date, float]]
"""Reads from the tables of a solved plan how much of a lever it takes in each period, in units of the lever."""


@dataclass(frozen=True)
class Lever:
    """One single option before it is proven.

    `one_off` is paid once, when it is used. `running` is paid for each unit that `meter` counts; where the overrides already carry it into
    the plan (`inside`), it is told and not taken off again.
    """

    name: str
    kind: str
    target: str
    statement: str
    overrides: tuple[Override, ...]
    unit: str
    meter: Meter
    one_off: float = 0.0
    running: float = 0.0
    inside: bool = True
    lead_time: int | None = None
    effective: dt.date | None = None
    catch: str = ""


@dataclass(frozen=True)
class Row:
    """A row of table `lever`, its numbers as the search needs them."""

    kind: str
    target: str
    step: float | None
    maximum: float | None
    one_off_cost: float | None
    running_cost: float | None
    lead_time: float | None
    days_saved: float | None
    elasticity: float | None

    @staticmethod
    def of(company: Company) -> "tuple[Row, ...]":
        """Return the rows of table `lever`."""
        columns = list(Row.__dataclass_fields__)
        return tuple(Row(**row) for row in company.tables["lever"].select(columns).iter_rows(named=True))

    @property
    def name(self) -> str:
        """The name of its option."""
        return f"{KIND_WORDS[self.kind]} {self.target}"

    @property
    def priced(self) -> bool:
        """Whether its price is given. A lever that costs nothing says 0."""
        return self.one_off_cost is not None or self.running_cost is not None

    @property
    def most(self) -> float | None:
        """Most of it in a period: its maximum, else one step."""
        return self.maximum if self.maximum is not None else self.step

    @property
    def sizes(self) -> tuple[float, ...]:
        """Sizes to try where the plan cannot choose: one step, and the most."""
        known = [size for size in (self.step, self.maximum) if size]
        return tuple(dict.fromkeys(known))


KIND_WORDS = {
    "overtime": "More overtime on",
    "shift": "Extra shift on",
    "worker": "More workers for",
    "subcontract": "More subcontracting:",
    "pre_build": "Build ahead:",
    "route": "Other route:",
    "source": "Other source:",
    "expedite": "Expedite",
    "supplier_capacity": "More from",
    "storage": "More storage for",
    "transport": "More transport on",
    "allocation": "Allocate by",
    "price": "Price of",
    "promotion": "Promote",
    "backlog": "Serve late:",
}


def of_row(row: Row, noun: str, overrides: tuple[Override, ...], unit: str, meter: Meter) -> Lever:
    """Return the lever of a row of table `lever`, named and sized by it; its running cost is paid beside the plan. `noun` is a period's."""
    return Lever(
        name=row.name,
        kind=row.kind,
        target=row.target,
        statement=f"{row.name}: {each(row.most, unit, noun)}" if row.most else row.name,
        overrides=overrides,
        unit=unit,
        meter=meter,
        one_off=row.one_off_cost or 0.0,
        running=row.running_cost or 0.0,
        inside=False,
    )


def insert(table: str, reason: str, /, **values: object) -> Override:
    """Return an override that inserts a row; columns without a value are left out."""
    given = {name: value for name, value in values.items() if value is not None}
    return Override.model_validate({"table": table, "operation": "insert", "value": given, "reason": reason})


def change(table: str, column: str, operation: str, value: object, reason: str, **where: object) -> Override:
    """Return an override that sets, adds to or scales the cells of a column."""
    cells = {name: condition for name, condition in where.items() if condition is not None}
    return Override.model_validate(
        {"table": table, "column": column, "operation": operation, "value": value, "where": cells, "reason": reason}
    )


def steps_of(row: Row) -> list[float]:
    """Return the sizes of the steps that a lever comes in, its maximum in all; empty where no size is given."""
    if not row.most:
        return []
    step = min(row.step or row.most, row.most)
    whole, rest = divmod(row.most, step)
    return [step] * round(whole) + ([rest] if rest > step * 1e-9 else [])


def sums(frame: pl.DataFrame, quantity: str = "quantity") -> dict[dt.date, float]:
    """Return the sum of a column by period."""
    return dict(frame.group_by("period", maintain_order=True).agg(pl.col(quantity).sum()).iter_rows())


def each(size: float, unit: str, noun: str) -> str:
    """Return a size per period: up to 800 hours a month."""
    return f"up to {size:,.10g} {plural(unit, size)} a {noun}"


def columns_of(row: Mapping[str, object], without: Iterable[str]) -> dict[str, object]:
    """Return the columns of a row that hold something, but those of `without`."""
    left_out = set(without)
    return {name: value for name, value in row.items() if value is not None and name not in left_out}
