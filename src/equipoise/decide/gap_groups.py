"""Gaps that one answer closes: those that one limit causes, else those of one kind and sign."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet

import polars as pl

from equipoise.decide.readings import Row, amount, first_causes, rank_of, rows
from equipoise.dimensions.calendar import Calendar
from equipoise.tables.figures import plural, span
from equipoise.tables.main_gaps import main_gaps

CUSTOMERS = ("shortage", "late")
SERVED = (*CUSTOMERS, "below_target")
_TOPICS = {
    "shortage": "the shortage of {who}",
    "late": "late deliveries of {who}",
    "below_target": "stock of {who} below its target",
    "excess_stock": "stock of {who} above its target",
    "obsolete_stock": "obsolete stock of {who}",
    "idle_capacity": "idle capacity of {who}",
    "overload": "the overload of {who}",
    "supply_surplus": "the room in supply",
    "budget": "the gap of {who} to budget",
    "last_cycle": "what changed of {who} since the last cycle",
}


def gap_groups(gap: pl.DataFrame, gap_cause: pl.DataFrame, apart: AbstractSet[int] = frozenset()) -> list[list[dict[str, object]]]:
    """Return the rows of the main gaps in groups that one answer closes, by rank, as are the rows within a group.

    Gaps of service and stock are grouped by the limit that matters most to them, others by kind and sign, but for those of rank `apart`,
    which have an answer of their own. Idle capacity belongs to the room in supply where there is such a gap.
    """
    behind = first_causes(gap_cause)
    groups: dict[tuple[str, ...], list[dict[str, object]]] = {}
    room = gap.filter(pl.col("kind") == "supply_surplus").height > 0
    for row in rows(main_gaps(gap).sort("rank")):
        cause = behind.get(rank_of(row)) if row["kind"] in SERVED else None
        kind = "supply_surplus" if room and row["kind"] == "idle_capacity" else str(row["kind"])
        own = str(rank_of(row)) if rank_of(row) in apart else ""
        key = ("limit", str(cause["limit"]), str(cause["subject"])) if cause else (kind, "less" if is_less(row) else "more", own)
        groups.setdefault(key, []).append(row)
    return list(groups.values())


def leading(group: Sequence[Row]) -> Row:
    """Return the gap that a group is told by: the first of customers or of room in supply, else the first."""
    return next((row for row in group if row["kind"] in {*CUSTOMERS, "supply_surplus"}), group[0])


def ranks_of(group: Sequence[Row]) -> frozenset[int]:
    """Return the ranks of a group's gaps."""
    return frozenset(rank_of(row) for row in group)


def is_less(row: Row) -> bool:
    """Whether a gap is on the side of shortage; money decides where there is some."""
    return next((size for size in (amount(row["revenue"]), amount(row["units"])) if size), 0.0) < 0


def topic(group: Sequence[Row], calendar: Calendar) -> str:
    """Return what a group is about, as it stands after "about": stock of Tents below its target from March to May 2027, and 2 more gaps."""
    first = leading(group)
    market = f" in {first['market']}" if first["market"] else ""
    words = _TOPICS[str(first["kind"])].format(who=first["subject"]) + market
    when = span(first["period"], first["until"], calendar)  # type: ignore[arg-type]
    more = len(group) - 1
    alike = "of the same cause" if first["kind"] in SERVED else "like it"
    return f"{words} {when}" + (f", and {more} more {plural('gap', more)} {alike}" if more else "")
