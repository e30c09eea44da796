"""A cause in a planner's words: which limit, how much of which gap, and when the limit is reached."""

import datetime as dt
from dataclasses import dataclass

from equipoise.supply.explaining.cause_runs import MATERIAL, NO_SOURCE, TARGET, UNPAID, WHOLE
from equipoise.tables.figures import Labelled, named, number, quantity, share, span

OTHER = "other limits"
_FULL = "it is full"
_LIMITS: dict[str, tuple[str, str]] = {
    "capacity": ("{subject}", _FULL),
    "overtime": ("Overtime on {subject}", "all that is allowed is worked"),
    "headcount": ("The headcount of {subject}", "it is at its most"),
    "hiring": ("Hiring for {subject}", "no more can be hired"),
    "purchase": ("The purchase limit of {subject}", "it is reached"),
    "lane": ("Lane {subject}", _FULL),
    "maximum stock": ("Room for stock of {subject}", _FULL),
    "limit": ("The limit {subject}", "it is reached"),
    "missing component": ("The missing component {subject}", "nothing brings it"),
    "frozen fence": ("The frozen plan, which leaves {subject} out,", "it holds"),
    OTHER: ("Other limits", ""),
}
_OWN: dict[str, str] = {
    MATERIAL: "{part} cannot arrive in time with any capacity: stock, orders on the way and lead times set that.",
    NO_SOURCE: "Nothing brings {item} to {place}: {part} have no source.",
    UNPAID: "{part} would cost more to {do}: it does not pay.",
    TARGET: "Target stock of {item} comes first for {part}.",
    WHOLE: "Whole lots, set-ups and lines that stand still cause {part}.",
}

_UNPAID = {"shortage": "serve on time than that earns", "target": "keep than missing the target does"}


@dataclass(frozen=True)
class Cause:
    """A share of a gap and its cause; `when` the run of periods in which the limit is reached (none: over the horizon, or not told)."""

    kind: str
    item: str
    place: str
    period: dt.date
    unit: str
    gap: float
    part: float
    share: float
    limit: str
    subject: str
    when: tuple[dt.date, dt.date] | None
    held: bool


def sentence(cause: Cause, calendar: Labelled) -> str:
    """Return a cause in words."""
    own = _OWN.get(cause.limit)
    if own is not None:
        said = own.format(part=_part(cause, calendar), item=cause.item, place=cause.place, do=_UNPAID[cause.kind])
        return said[:1].upper() + said[1:]
    subject, state = _LIMITS.get(cause.limit, (f"The {cause.limit} of {{subject}}", "it binds"))
    when = f" {span(*cause.when, calendar)}" if cause.when else ""
    why = f": {state}{when}" if state else ""
    held = " Lots and set-ups are held as planned." if cause.held else ""
    return f"{subject.format(subject=cause.subject)} causes {_part(cause, calendar)}{why}.{held}".replace(
        "Other limits causes", "Other limits cause"
    )


def _part(cause: Cause, calendar: Labelled) -> str:
    """Return how much of the gap: 1,200 of the 1,500 pieces of jackets short in North in March 2027 (80 %)."""
    gap = quantity(cause.gap, cause.unit)
    missing = f"short in {cause.place}" if cause.kind == "shortage" else f"below target at {cause.place}"
    what = f"{gap} of {cause.item} {missing} in {named(cause.period, calendar)}"
    if cause.share > 0.9995:
        return f"all {what}"
    return f"{number(cause.part)} of the {what} ({share(cause.share, whole=False)})"
