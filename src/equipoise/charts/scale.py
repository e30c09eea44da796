"""Large numbers made readable: one scale for a whole picture or table, said in its title."""

from dataclasses import dataclass
from math import isfinite


@dataclass(frozen=True, slots=True)
class Scale:
    """A divisor and its word: 1,000 and thousand."""

    divisor: float
    word: str

    def unit(self, unit: str) -> str:
        """Return the unit as printed: `EUR thousand`, `thousand pieces`, `thousand`; a currency (in capitals) comes first."""
        parts = (unit, self.word) if unit == unit.upper() else (self.word, unit)
        return " ".join(part for part in parts if part)


def scale_for(largest: float | None, plain_to: float = 100_000) -> Scale:
    """Return the scale at which the largest number of a table keeps at most five or six digits.

    `plain_to` is the size from which numbers are printed in thousands; a thousand times that, in millions, and so on.
    """
    size = abs(largest) if largest is not None and isfinite(largest) else 0.0
    for divisor, word in ((1.0, ""), (1e3, "thousand"), (1e6, "million")):
        if size < plain_to * divisor:
            return Scale(divisor, word)
    return Scale(1e9, "billion")


def plain(value: float | None, digits: int = 0) -> str:
    """Return the number with thousands separators; empty where there is none, never a negative zero."""
    if value is None or not isfinite(value):
        return ""
    text = f"{value:,.{digits}f}"
    return text.lstrip("-") if not text.strip("-0.,") else text
