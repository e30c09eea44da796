"""What a reader hands over: the cells of one file or sheet, as they stand there."""

from dataclasses import dataclass

import polars as pl

from equipoise.errors import Fault
from equipoise.tables.check import ROW

__all__ = ["ROW", "Raw"]


@dataclass(frozen=True)
class Raw:
    """One file or sheet. Text files come as text columns, others with the types they have.

    `first_row` is the row, as a reader of the source counts it (header included), of the frame's first row; the frame may
    carry a column `ROW` instead. `decimal` is the decimal mark where the plan file names it. `unread` are columns of the source that were
    not wanted and not read. `faults` are those of reading.
    """

    source: str
    frame: pl.DataFrame
    first_row: int = 2
    decimal: str = ""
    delimiter: str = ""
    unread: tuple[str, ...] = ()
    faults: tuple[Fault, ...] = ()
