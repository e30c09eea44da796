"""Opening a cycle: what of the last one ends, what lives on, what is carried. Nothing is copied: records live from cycle to cycle."""

import datetime as dt
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from equipoise.errors import InputError
from equipoise.process.kept import Edit, Kept, day, edited, word, words
from equipoise.scenario.condition import days_of

# Tables of the plan itself: an override of periods that are past changes nothing any more. Tables that also hold the past are not here.
_MADE = ("baseline", "consensus", "demand_plan", "firm_plan", "inventory_policy", "demand_policy")
_PLANNED = frozenset((*_MADE, "capacity", "resource", "workforce", "purchase", "purchase_limit", "lane", "route"))
_CARRIED = {
    "override": ("accepted", "proposed"),
    "action": ("open", "started", "proposed"),
    "assumption": ("holds", "proposed"),
    "risk": ("open", "proposed"),
    "decision": ("open", "deferred", "proposed"),
}
_AFTER = {"override": "off", "assumption": "retired", "risk": "closed"}
_OF_THE_CYCLE = ("reopened", "changed")
PROPOSED = tuple(_CARRIED)
"""Kinds of records that may be proposed."""
KINDS = (*_CARRIED, "promotion")
"""Kinds of records that live on from cycle to cycle."""
READ: dict[str, tuple[str, ...]] = {**_CARRIED, "promotion": (), "alarm": ("open", "seen")}
"""Kinds of records that opening a cycle looks at, each with the states in which it does; none: whatever its state."""


@dataclass(frozen=True, slots=True)
class Opening:
    """What opening a cycle does to records: their edits, and by kind the ids of what lives on (`carried`) and of what `ended`."""

    edits: tuple[Edit, ...]
    carried: dict[str, list[str]]
    ended: dict[str, list[str]]


def opening(cycle: str, records: Mapping[str, Sequence[Kept]], as_of: dt.date, start: dt.date) -> Opening:
    """Return what opening `cycle` does to the records of a business unit, by kind.

    What expired before the data cut `as_of` ends, and so does an override of plan tables whose periods all lie before `start`, the first
    period of the horizon. Of the rest, actions note that they were carried; alarms of the last cycle's steps are closed.
    """
    edits: list[Edit] = []
    carried: dict[str, list[str]] = defaultdict(list)
    ended: dict[str, list[str]] = defaultdict(list)
    for kind, alive in _CARRIED.items():
        for record in records.get(kind, ()):
            if word(record.document, "status") not in alive:
                continue
            if kind in _AFTER and _over(record, as_of, start):
                ended[kind].append(record.id)
                edits.append(edited(record, status=_AFTER[kind]))
                continue
            carried[kind].append(record.id)
            if kind == "action" and record.cycle != cycle:
                through = dict.fromkeys((*words(record.document, "carried"), cycle))
                edits.append(edited(record, carried=list(through)))
    if promoted := [record.id for record in records.get("promotion", ())]:
        carried["promotion"] = promoted
    edits += [edited(record, status="closed") for record in records.get("alarm", ()) if _of_last_cycle(record)]
    return Opening(tuple(edits), dict(carried), dict(ended))


def _of_last_cycle(alarm: Kept) -> bool:
    return word(alarm.document, "status") != "closed" and word(alarm.document, "kind") in _OF_THE_CYCLE


def _over(record: Kept, as_of: dt.date, start: dt.date) -> bool:
    expires = day(record.document, "expires")
    return (expires is not None and expires < as_of) or (record.kind == "override" and _past(record.document, start))


def _past(override: dict[str, object], start: dt.date) -> bool:
    """Whether every period that an override names lies before `start`."""
    if word(override, "table") not in _PLANNED:
        return False
    place = "value" if word(override, "operation") == "insert" else "where"
    named = _plain(override.get(place))
    period = named.get("period") if isinstance(named, dict) else None
    last = _last(period)
    return last is not None and last < start


def _plain(value: object) -> object:
    """Return a value that a document holds natively, or as JSON."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except json.JSONDecodeError:
        return value


def _last(condition: object) -> dt.date | None:
    """Return the last day that a condition on periods names; None where it has no end or is not understood."""
    if isinstance(condition, dict):
        return _last(condition.get("to"))
    if isinstance(condition, (list, tuple)):
        days = [_last(one) for one in condition]
        return max((one for one in days if one is not None), default=None) if None not in days else None
    if not condition:
        return None
    try:
        return days_of(str(condition)[:10])[1]
    except InputError:
        return None


def told(kinds: Mapping[str, Sequence[str]], order: Iterable[str] = KINDS) -> list[str]:
    """Return how many records of each kind there are, in words: 3 overrides, 1 action."""
    counts = [(len(kinds.get(kind, ())), kind) for kind in order]
    return [f"{count} {kind}{'' if count == 1 else 's'}" for count, kind in counts if count]
