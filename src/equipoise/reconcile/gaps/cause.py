"""Which limits cause a gap: those that bind in its periods and touch what it is about, by what one more unit of them is worth."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import polars as pl

from equipoise.reconcile.gaps.sentence import Gap, Words
from equipoise.tables.figures import money, number, plural, quantity, span

MOST_CAUSES = 5
_FULL = 0.999
# Rules about demand itself and about what may not be left over: they bind, but hold nothing back.
_NO_LIMIT_OF_SUPPLY = ("demand that must be served", "age of backlog", "ending backlog", "minimum fill", "maximum idle", "layoffs")
# Rules that ask for at least so much: less of them is what would help.
_LEAST = ("target stock", "minimum stock", "minimum lot", "minimum order", "minimum load", "minimum run")
_STOCK_RULES = ("target stock", "minimum stock")
# Where these stand, no other limit matters.
NO_SOURCE = ("no source", "missing component")
OTHER = "other limits"
# What is no limit of one thing, as it follows the word because.
_STATES = {
    "capacity": "{subject} is full",
    "lane": "lane {subject} is full",
    "missing component": "nothing brings {subject}",
    "no source": "nothing brings {subject}",
    "material": "no more {subject} can arrive in time",
    "it does not pay": "more of {subject} would cost more than it brings",
    "target stock": "target stock of {subject} comes first",
    "whole lots": "lots and set-ups of {subject} come whole",
    OTHER: "other limits hold {subject} back",
}
_NO_LIMIT = ("it does not pay", "whole lots", OTHER)
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
    sentence: str


@dataclass
class Cause:
    """A limit that binds in some of a gap's periods. `value` is the worth of one unit more, summed over them; `told` its first sentence.

    `share` and `quantity` are what it causes of the gap, where that is known.
    """

    limit: str
    subject: str
    unit: str
    told: str = ""
    value: float = 0.0
    valued: int = 0
    periods: list[dt.date] = field(default_factory=list)
    limits: list[float] = field(default_factory=list)
    share: float | None = None
    quantity: float | None = None

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
    limited = pl.col("limited_to").fill_nan(None)
    columns = rows.select(
        "limit", "subject", "period", limited, pl.col("unit").fill_null("unit"), "value", pl.col("sentence").fill_null("")
    )
    return [Binding(*row) for row in columns.iter_rows()]


def full_supplies(
    purchase_plan: pl.DataFrame, purchase_limit: pl.DataFrame, purchase: pl.DataFrame, capacity_load: pl.DataFrame, resource: pl.DataFrame
) -> list[Binding]:
    """Return the purchases and suppliers that deliver all they can, whether more would be worth anything today or not."""
    ways = purchase.select("purchase", "supplier").unique("purchase", maintain_order=True)
    most = purchase_limit.filter((pl.col("span").fill_null("period") == "period") & (pl.col("maximum") > 0))
    bought = most.join(
        purchase_plan.group_by("purchase", "period", maintain_order=True).agg(pl.col("quantity").sum()),
        on=["purchase", "period"],
        maintain_order="left",
    )
    bought = bought.filter(pl.col("quantity") >= pl.col("maximum") * _FULL).join(ways, on="purchase", how="left", maintain_order="left")
    named = bought.select(pl.coalesce("supplier", "purchase").alias("subject"), "period", pl.col("maximum").alias("limited_to"))
    units = resource.filter(pl.col("kind") == "supplier").select("resource", "unit").unique("resource", maintain_order=True)
    loaded = capacity_load.join(units, on="resource", maintain_order="left").filter(
        (pl.col("available") > 0) & (pl.col("load") >= pl.col("available") * _FULL)
    )
    by_purchase = [
        Binding("purchase", subject, period, limit, "unit", None, "") for subject, period, limit in named.sort(pl.all()).iter_rows()
    ]
    columns = loaded.sort("resource", "period").select("resource", "period", "available", pl.col("unit").fill_null("unit"))
    return by_purchase + [Binding("capacity", name, period, limit, unit, None, "") for name, period, limit, unit in columns.iter_rows()]


def merged(limits: Iterable[Binding]) -> list[Cause]:
    """Return one cause for each limit, all its periods together, in order.

    What has no source comes first, then the most valuable; rules of which more would cost come last.
    """
    found: dict[tuple[str, str], Cause] = {}
    for limit in limits:
        found.setdefault((limit.limit, limit.subject), Cause(limit.limit, limit.subject, limit.unit, limit.sentence)).add(limit)
    return sorted(found.values(), key=_order)


def _order(cause: Cause) -> tuple[object, ...]:
    return (cause.limit not in NO_SOURCE, cause.value <= 0, -abs(cause.value), cause.limit, cause.subject)


def holds_back(limit: Binding, gap: Gap) -> bool:
    """Whether a limit may cause a gap at all.

    A stock target is no cause of stock below it, and of a shortage only where it holds back what customers would pay for: where
    one unit less of it is worth at least half of what a unit short is.
    """
    if limit.limit not in _STOCK_RULES:
        return True
    if gap.kind == "below_target" or limit.value is None or not gap.revenue or not gap.units:
        return False
    return abs(limit.value) >= abs(gap.revenue / gap.units) / 2


def causes(gap: Gap, limits: Sequence[Binding]) -> list[Cause]:
    """Return the limits that bind within the periods of the gap, the most valuable first; where none does, those that bind before it.

    `limits` are those that touch what the gap is about. At most five are returned.
    """
    within = [limit for limit in limits if limit.period is None or gap.period <= limit.period <= gap.until]
    return merged(within or [limit for limit in limits if limit.period is not None and limit.period < gap.period])[:MOST_CAUSES]


def sentence(cause: Cause, words: Words) -> str:
    """Return the cause in words: what is at its limit, when, and what one more unit is worth."""
    if cause.share is not None and (cause.limit in _NO_LIMIT or not (cause.valued or cause.periods or cause.limits)):
        said = state(cause)
        return f"{said[:1].upper()}{said[1:]}."
    said = because(cause)
    if cause.limit in NO_SOURCE:
        return f"{said[:1].upper()}{said[1:]}: no route, purchase, lane or stock."
    if cause.limit == "material":
        said = f"{said[:1].upper()}{said[1:]} than what is on its way"
    when = f" {_when(cause.periods, words)}" if cause.periods else " over the horizon"
    each = f" a {words.noun}" if len(set(cause.periods)) > 1 else ""
    limit = f" of {quantity(max(cause.limits), cause.unit)}{each}" if cause.limits and max(cause.limits) > 0 else ""
    return f"{said}{'' if cause.limit == 'material' else limit}{when}{worth(cause, words.currency)}."


def because(cause: Cause) -> str:
    """Return the cause as it follows the word because: Supplier X is at its purchase limit."""
    if cause.limit in NO_SOURCE:
        return f"nothing brings {cause.subject}"
    if cause.limit == "material":
        return f"no more {cause.subject} can arrive in time"
    return f"{cause.subject} is at its {limit_noun(cause.limit)}"


def state(cause: Cause) -> str:
    """Return the cause of a share of a gap as it follows the word because: Line 2 is full, no more cloth can arrive in time."""
    return _STATES.get(cause.limit, f"{{subject}} is at its {limit_noun(cause.limit)}").format(subject=cause.subject)


def worth(cause: Cause, currency: str) -> str:
    """Return what one more unit of a limit is worth on average, or one unit less where the limit is a least.

    Where no money is known it is what the limit's first sentence tells.
    """
    if not cause.valued:
        told = cause.told.rstrip(".")
        return f"; {told[:1].lower()}{told[1:]}" if told else ""
    if abs(cause.value) < 0.005:
        return ""
    unit, size = plural(cause.unit, 1), money(abs(cause.value) / cause.valued, currency)
    if cause.value > 0:
        return f"; one more {unit} is worth {size}"
    return f"; one {unit} less is worth {size}" if cause.limit in _LEAST else f"; one more {unit} would cost {size}"


def limit_noun(limit: str) -> str:
    """Return what a kind of limit is called in a sentence."""
    return _NOUNS.get(limit, f"{limit} plan" if limit.startswith("firm ") else limit)


def _when(periods: Iterable[dt.date], words: Words) -> str:
    """Say when: as a span where the periods follow each other, else how many of them in a span."""
    days = sorted(set(periods))
    run = span(days[0], days[-1], words.calendar)
    length = len(words.calendar.between(days[0], days[-1]))
    return run if length == len(days) else f"in {number(len(days))} of {number(length)} {words.noun}s {run}"
