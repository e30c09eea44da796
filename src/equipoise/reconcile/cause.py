"""Which limits cause a gap: those that bind in its periods and touch what it is about, by what one more unit of them is worth."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import polars as pl

from equipoise.reconcile.sentence import Gap, Words
from equipoise.tables.figures import money, number, plural, quantity, span

MOST_CAUSES = 5
# Rules about demand itself and about what may not be left over: they bind, but hold nothing back.
_NO_LIMIT_OF_SUPPLY = ("demand that must be served", "age of backlog", "ending backlog", "minimum fill", "maximum idle", "layoffs")
_NOUNS = {
    "overtime": "overtime limit",
    "labor overtime": "overtime limit",
    "hiring": "hiring limit",
    "purchase": "purchase limit",
    "lane": "limit",
    "frozen fence": "frozen plan",
}


@dataclass(frozen=True)
class Binding:
    """One binding limit in one period (none: over the horizon)."""

    limit: str
    subject: str
    period: dt.date | None
    limited_to: float | None
    unit: str
    value: float | None


@dataclass
class Cause:
    """A limit that binds in some of a gap's periods. `value` is the worth of one unit more, summed over them."""

    limit: str
    subject: str
    unit: str
    value: float = 0.0
    valued: int = 0
    periods: list[dt.date] = field(default_factory=list)
    limits: list[float] = field(default_factory=list)

    def add(self, binding: Binding) -> None:
        """Count one more period."""
        if binding.value is not None:
            self.value += binding.value
            self.valued += 1
        if binding.period is not None:
            self.periods.append(binding.period)
        if binding.limited_to is not None:
            self.limits.append(binding.limited_to)


def bindings(binding: pl.DataFrame) -> list[Binding]:
    """Return the rows of table `binding` that hold supply back."""
    rows = binding.filter(~pl.col("limit").is_in(_NO_LIMIT_OF_SUPPLY)).sort("limit", "subject", "period")
    columns = rows.select("limit", "subject", "period", "limited_to", pl.col("unit").fill_null("unit"), "value")
    return [Binding(*row) for row in columns.iter_rows()]


def causes(gap: Gap, limits: Sequence[Binding]) -> list[Cause]:
    """Return the limits that bind within the periods of the gap, the most valuable first; where none does, those that bind before it.

    `limits` are those that touch what the gap is about.
    """
    within = [limit for limit in limits if limit.period is None or gap.period <= limit.period <= gap.until]
    chosen = within or [limit for limit in limits if limit.period is not None and limit.period < gap.period]
    found: dict[tuple[str, str], Cause] = {}
    for limit in chosen:
        found.setdefault((limit.limit, limit.subject), Cause(limit.limit, limit.subject, limit.unit)).add(limit)
    return sorted(found.values(), key=lambda cause: (-cause.value, cause.limit, cause.subject))[:MOST_CAUSES]


def sentence(cause: Cause, words: Words) -> str:
    """Return the cause in words: what is at its limit, when, and what one more unit is worth."""
    if cause.limit == "missing component":
        return f"{cause.subject} has no source: no route, purchase or stock."
    when = f" {_when(cause.periods, words)}" if cause.periods else " over the horizon"
    each = f" a {words.noun}" if len(set(cause.periods)) > 1 else ""
    limit = f" of {quantity(max(cause.limits), cause.unit)}{each}" if cause.limits and max(cause.limits) > 0 else ""
    worth = ""
    if cause.valued and cause.value > 0:
        one = plural(cause.unit, 1)
        worth = f"; one more {one} is worth {money(cause.value / cause.valued, words.currency)}"
    return f"{cause.subject} is at its {limit_noun(cause.limit)}{limit}{when}{worth}."


def limit_noun(limit: str) -> str:
    """Return what a kind of limit is called in a sentence."""
    return _NOUNS.get(limit, f"{limit} plan" if limit.startswith("firm ") else limit)


def _when(periods: Iterable[dt.date], words: Words) -> str:
    """Say when: as a span where the periods follow each other, else how many of them in a span."""
    days = sorted(set(periods))
    run = span(days[0], days[-1], words.calendar)
    length = len(words.calendar.between(days[0], days[-1]))
    return run if length == len(days) else f"in {number(len(days))} of {number(length)} {words.noun}s {run}"
