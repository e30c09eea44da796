"""What causes a gap and in what share: the causes of single items and periods, put together for the gap."""

from collections.abc import Iterable, Sequence

import polars as pl

from equipoise.reconcile.gaps.cause import MOST_CAUSES, OTHER, Binding, Cause, state
from equipoise.reconcile.gaps.sentence import Gap
from equipoise.reconcile.money.valuation import in_family
from equipoise.tables.figures import listing, share

# Causes that are no limit: they are told of the item that is short.
_OWN = ("material", "no source", "it does not pay", "target stock", "whole lots", OTHER)
_KINDS = {"shortage": "shortage", "late": "shortage", "below_target": "target"}
_TOLD = 3
_ALL = 0.9995

_Key = tuple[str, str, str, str]
_Part = tuple[object, str, str, str, float]


class Shares:
    """The causes of table `supply_cause`, found by what a gap is about."""

    def __init__(self, supply_cause: pl.DataFrame, item: pl.DataFrame) -> None:
        self._parts: dict[_Key, list[_Part]] = {}
        self._units: dict[str, str] = dict(item.select("item", pl.col("unit").fill_null("unit")).iter_rows())
        columns = ("kind", "family", "item", "place", "period", "limit", "subject", "quantity")
        known = supply_cause.filter(pl.col("quantity") > 0)
        for kind, family, name, place, period, limit, subject, quantity in in_family(known, item).select(columns).iter_rows():
            short = kind == "shortage"
            part = (period, name, limit, subject, quantity)
            self._parts.setdefault((kind, "family", family, place if short else ""), []).append(part)
            if short:
                self._parts.setdefault((kind, "market", place, ""), []).append(part)
                self._parts.setdefault((kind, "total", "total", ""), []).append(part)
            self._parts.setdefault((kind, "item", name if short else f"{name}@{place}", place if short else ""), []).append(part)

    def of(self, gap: Gap, limits: Sequence[Binding]) -> list[Cause]:
        """Return the causes of a gap with their share and their units of it, the largest first; none where they are not known.

        The shares of the gap's items and periods are weighed by units, and add up to 1. `limits` give each cause its worth and periods:
        those within the gap, else those before it. Beyond the largest, causes are told together.
        """
        parts = [part for part in self._parts.get(self._key(gap), ()) if gap.period <= part[0] <= gap.until]  # type: ignore[operator]
        sums = _grouped(parts, _about(gap))
        total = sum(sums.values())
        found = []
        for (limit, subject), units in sorted(sums.items(), key=lambda one: (one[0][0] == OTHER, -one[1], one[0])):
            near = [other for other in limits if _is_of(other, limit, subject)]
            unit = near[0].unit if near else self._units.get(subject, gap.unit)
            cause = Cause(limit, subject, unit, near[0].sentence if near else "", share=units / total, quantity=units / total * gap.size)
            for other in _in_time(near, gap):
                cause.add(other)
            found.append(cause)
        return found

    @staticmethod
    def _key(gap: Gap) -> _Key:
        return (_KINDS.get(gap.kind, ""), gap.level, gap.subject, gap.market or "")


def _about(gap: Gap) -> str:
    """What a cause that is no limit is told of where several items have it."""
    if gap.level in {"market", "total"}:
        return "several items"
    return gap.subject.partition("@")[0] if gap.level == "item" else gap.subject


def _grouped(parts: Sequence[_Part], subject: str) -> dict[tuple[str, str], float]:
    """Return the units of each limit and what it limits. Causes that are no limit are about the one item that has them, or about all."""
    sums: dict[tuple[str, str], float] = {}
    items: dict[str, set[str]] = {}
    for _, item, limit, _, _ in parts:
        items.setdefault(limit, set()).add(item)
    for _, item, limit, name, units in parts:
        own = item if len(items[limit]) == 1 else subject
        key = (limit, own if limit in _OWN else name)
        sums[key] = sums.get(key, 0.0) + units
    largest = sorted((one for one in sums if one[0] != OTHER), key=lambda one: (-sums[one], one))
    if len(sums) <= MOST_CAUSES:
        return sums
    kept = largest[: MOST_CAUSES - 1]
    return {one: sums[one] for one in kept} | {(OTHER, subject): sum(units for one, units in sums.items() if one not in kept)}


def _is_of(binding: Binding, limit: str, subject: str) -> bool:
    if limit == "material":
        return binding.limit == limit and binding.subject.startswith(f"{subject} at ")
    return (binding.limit, binding.subject) == (limit, subject)


def _in_time(limits: Iterable[Binding], gap: Gap) -> list[Binding]:
    """Return the limits that bind within the gap, else those that bind before it."""
    early = [limit for limit in limits if limit.period is None or limit.period <= gap.until]
    return [limit for limit in early if limit.period is None or limit.period >= gap.period] or early


def why(causes: Sequence[Cause]) -> str:
    """Return the causes as a clause: because Line 2 is full (80 % of it) and Supplier X is at its purchase limit (20 %)."""
    known = [(cause, cause.share) for cause in causes if cause.share is not None]
    if not known:
        return ""
    if known[0][1] > _ALL:
        return f"because {state(known[0][0])}"
    told = [(state(cause), part) for cause, part in known[:_TOLD] if cause.limit != OTHER]
    rest = sum(part for _, part in known) - sum(part for _, part in told)
    if not told:
        return f"because {state(known[0][0])}"
    parts = [f"{said} ({share(part)}{' of it' if position == 0 else ''})" for position, (said, part) in enumerate(told)]
    others = f", besides other causes ({share(rest)})" if rest > 1 - _ALL else ""
    return f"because {listing(parts, most=len(parts))}{others}"
