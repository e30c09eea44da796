"""Levels that measures are judged and shown at, and the rows of table `kpi` that come out."""

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import polars as pl

from equipoise.measure.measured import Measured

Row = dict[str, object]
Measure = Callable[[pl.DataFrame], Measured]
OF_ITEM = ("item", "family", "category")
OF_MARKET = ("market", "region", "channel")


@dataclass(frozen=True, slots=True)
class Level:
    """A level: its name, the columns that make a subject of it, whether targets are judged at it."""

    name: str
    columns: tuple[str, ...]
    judged: bool


ITEM = Level("item", ("item",), judged=False)
TOTAL = Level("total", (), judged=False)


@dataclass(frozen=True, slots=True)
class Card:
    """One measure as it is shown: name, unit, target (none: only shown), whether more is better, and what it rests on."""

    kpi: str
    unit: str
    basis: str
    target: float | None = None
    good: Literal["most", "least"] = "least"

    def status(self, value: float | None, *, judged: bool) -> str:
        """Return met, missed, shown, or no data where there is no value; `least`: the target is the least that is good."""
        if value is None:
            return "no data"
        if self.target is None or not judged:
            return "shown"
        met = value >= self.target - 1e-9 if self.good == "least" else value <= self.target + 1e-9
        return "met" if met else "missed"

    def row(self, level: Level, subject: str, measured: Measured, period: dt.date | None = None) -> Row:
        """Return the row of table `kpi` of one subject; a row of a single period is shown, not judged."""
        return {
            "kpi": self.kpi,
            "level": level.name,
            "subject": subject,
            "period": period,
            "value": measured.value,
            "unit": self.unit,
            "target": self.target,
            "status": self.status(measured.value, judged=level.judged and period is None),
            "basis": self.basis,
            "note": measured.note,
        }

    def missing(self, level: Level, note: str) -> Row:
        """Return the row that says that nothing was given to measure with."""
        return self.row(level, "", Measured(None, note))


def review_level(review: Sequence[str], frame_has: Sequence[str] = (*OF_ITEM, *OF_MARKET)) -> Level:
    """Return the level of demand review as far as what is measured has its columns; family where it has none of them."""
    columns = tuple(name for name in review if name in frame_has) or ("family",)
    return Level(", ".join(columns), columns, judged=True)


def with_attributes(frame: pl.DataFrame, item: pl.DataFrame, market: pl.DataFrame | None = None) -> pl.DataFrame:
    """Return `frame` with family and category of its items, and region and channel of its markets where `market` is given.

    An item or market that has no such attribute stands for itself.
    """
    of_item = item.select(OF_ITEM).unique("item", maintain_order=True)
    frame = frame.join(of_item, on="item", how="left", maintain_order="left").with_columns(
        pl.coalesce(name, "item").alias(name) for name in OF_ITEM
    )
    if market is None:
        return frame
    of_market = market.select(OF_MARKET).unique("market", maintain_order=True)
    frame = frame.join(of_market, on="market", how="left", maintain_order="left")
    return frame.with_columns(pl.coalesce(name, "market").alias(name) for name in OF_MARKET)


def subjects(frame: pl.DataFrame, level: Level) -> Iterator[tuple[str, pl.DataFrame]]:
    """Yield the whole frame as subject "", then each subject of the level with its rows, by name."""
    yield "", frame
    if level.columns and level.judged:
        for key, part in sorted(
            frame.partition_by(level.columns, as_dict=True, maintain_order=True).items(), key=lambda pair: str(pair[0])
        ):
            yield ", ".join(str(name) for name in key), part


def rows_at(card: Card, level: Level, frame: pl.DataFrame, measure: Measure, *, trend: bool = True) -> list[Row]:
    """Return the rows of one measure at one level: all subjects together, each subject, and each period (shown) where judged."""
    rows = [card.row(level, subject, measure(part)) for subject, part in subjects(frame, level)]
    if trend and level.judged and "period" in frame.columns:
        for (period,), part in sorted(frame.partition_by(["period"], as_dict=True, maintain_order=True).items()):
            rows.append(card.row(level, "", measure(part), period))
    return rows
