"""How numbers, money and periods read in a sentence: one way for every step, chart and door."""

import datetime as dt
from collections.abc import Sequence
from typing import Protocol

_UNCHANGED = {"each", "gross", "dozen"}


class Labelled(Protocol):
    """What names a period: a calendar."""

    @property
    def cadence(self) -> str:
        """week, month, quarter or 4-4-5."""

    def label(self, period: dt.date) -> str:
        """Return the period as printed."""


def number(value: float) -> str:
    """Return a number with thousands separators: no decimals from 100 on, below that as many as say something.

    1234.4 reads 1,234; 12.5 reads 12.5; 0.0416 reads 0.042.
    """
    size = abs(value)
    if size >= 100 or abs(value - round(value)) < 0.005:
        text = f"{value:,.0f}"
    elif size >= 1:
        text = f"{value:.1f}".removesuffix(".0")
    else:
        text = f"{value:.2g}"
    return "0" if text == "-0" else text


def plural(unit: str, value: float = 2) -> str:
    """Return the unit as it stands after that many: 1 unit, 2 units; 1 hour, 2 hours; kg stays kg."""
    short = len(unit) < 4 and (unit.endswith("s") or not set(unit) & set("aeiou"))
    if not unit.isalpha() or len(unit) < 3 or short or unit != unit.lower() or unit in _UNCHANGED or unit.endswith("ss"):
        return unit
    sibilant = unit.endswith(("xes", "ches", "shes"))
    one = unit[:-2] if sibilant else unit.removesuffix("s")
    if abs(abs(value) - 1) < 0.005:
        return one
    return f"{one}es" if one.endswith(("x", "ch", "sh")) else f"{one}s"


def quantity(value: float, unit: str = "unit") -> str:
    """Return a quantity with its unit: 1,234 units."""
    return f"{number(value)} {plural(unit or 'unit', value)}"


def money(value: float, currency: str = "") -> str:
    """Return an amount with its currency and thousands separators; cents only below 100: EUR 1,234; EUR 41.20."""
    sign = "-" if value < -0.005 else ""
    size = abs(value)
    text = f"{size:,.0f}" if size >= 100 or size == round(size) else f"{size:.2f}"
    return f"{sign}{currency} {text}" if currency else f"{sign}{text}"


def share(value: float, *, whole: bool = True) -> str:
    """Return a fraction as a percentage: 20 %; 7.5 %; whole percents from 10 on.

    Where it is not the `whole`, what is just short of all keeps a decimal and never reads 100 %.
    """
    percent = value * 100
    if not whole and 99 < percent < 100:
        return f"{min(percent, 99.9):.1f} %"
    text = f"{percent:,.0f}" if abs(percent) >= 9.95 else f"{percent:.1f}".removesuffix(".0")
    return f"{'0' if text == '-0' else text} %"


def points(value: float) -> str:
    """Return a difference of two fractions in percentage points: 2.5 points."""
    text = f"{abs(value) * 100:.1f}".removesuffix(".0")
    return f"{text} {'point' if text == '1' else 'points'}"


def listing(names: Sequence[str], most: int = 3) -> str:
    """Return names as a sentence lists them: A, B and C; beyond `most`, A, B, C and 4 more."""
    shown = list(names[:most])
    if len(names) > most:
        return f"{', '.join(shown)} and {len(names) - most} more"
    return " and ".join([", ".join(shown[:-1]), shown[-1]]) if len(shown) > 1 else "".join(shown)


def either(names: Sequence[str]) -> str:
    """Return names of which one is meant, as a sentence lists them: A, B or C."""
    return f"{', '.join(names[:-1])} or {names[-1]}" if len(names) > 1 else "".join(names)


def named(period: dt.date, calendar: Labelled) -> str:
    """Return a period as people say it: March 2027; other cadences by their label."""
    return f"{period:%B %Y}" if calendar.cadence == "month" else calendar.label(period)


def span(first: dt.date, last: dt.date, calendar: Labelled) -> str:
    """Return a run of periods as people say it: in March 2027; from March to May 2027."""
    start, end = named(first, calendar), named(last, calendar)
    if start == end:
        return f"in {start}"
    year = end[-5:]
    if calendar.cadence == "month" and start.endswith(year):
        start = start.removesuffix(year)
    return f"from {start} to {end}"
