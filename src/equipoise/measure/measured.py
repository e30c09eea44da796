"""What a measure gives: a value, or none with the reason."""

from dataclasses import dataclass, field

import polars as pl


@dataclass(frozen=True, slots=True)
class Measured:
    """A measure's value, empty where it cannot be said, and a note on what was left out and why; of a ratio its two parts."""

    value: float | None
    note: str = ""
    part: float | None = field(default=None, compare=False)
    whole: float | None = field(default=None, compare=False)


def ratio(part: float, whole: float, note: str = "", empty: str = "Nothing to divide by.") -> Measured:
    """Return part / whole; where the whole is zero there is no value and the note says so."""
    if not whole:
        return Measured(None, " ".join(words for words in (empty, note) if words))
    return Measured(part / whole, note, float(part), float(whole))


def total(column: pl.Series) -> float:
    """Return the sum of a column, empty cells left out; 0 for an empty column."""
    return float(column.sum() or 0.0)
