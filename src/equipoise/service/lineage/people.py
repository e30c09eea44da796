"""What people changed: the overrides behind rows of a table, with who, when, why, and what each made of which number."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import polars as pl

from equipoise.errors import InputError
from equipoise.scenario import Override, match, overrides_of
from equipoise.service.lineage.held import Held
from equipoise.service.lineage.statements import shared_keys
from equipoise.service.messages.explaining import OverrideFacts, Reason
from equipoise.tables import table
from equipoise.tables.figures import number


class Recorded(NamedTuple):
    """What the record has of an override: when it was last changed, and how it came."""

    at: str = ""
    came_by: str = ""


MASTERS = ("item", "market", "location", "resource", "route", "purchase", "lane", "period")
Recall = Callable[[str], Recorded]


def override_links(held: Held, name: str, rows: pl.DataFrame, depth: int, recall: Recall) -> Iterator[Reason]:
    """Yield the overrides of the base plan that changed these rows: cell by cell for demand, else by what they name."""
    if not {"override", "override_effect", "override_cell"} <= set(held.names):
        return
    effect = held.frame("override_effect").filter(pl.col("table") == name, pl.col("cells") > 0)
    if effect.is_empty():
        return
    moved = held.moved(name, rows).group_by("override", maintain_order=True).agg(pl.col("before", "after").sum())
    change: dict[str, tuple[float | None, float | None]] = {one: (before, after) for one, before, after in moved.iter_rows()}
    untold = set(effect["override"]) - set(held.frame("override_cell").filter(pl.col("table") == name)["override"])
    overrides = overrides_of(held.frame("override"), "")
    change |= {one.id: (None, None) for one in overrides if one.id in untold and _touches(held, one, rows)}
    for row in effect.filter(pl.col("override").is_in(list(change))).iter_rows(named=True):
        yield _link(name, row, change[row["override"]], depth, recall(row["override"]), rows)


def _link(
    name: str, effect: Mapping[str, Any], change: tuple[float | None, float | None], depth: int, kept: Recorded, rows: pl.DataFrame
) -> Reason:
    by = effect["author"] and f"by {effect['author']}{f' on {kept.at[:10]}' if kept.at else ''}"
    because = effect["reason"] and f"because {effect['reason']}"
    why = ", ".join(part for part in (by, because, kept.came_by) if part)
    before, after = change
    moved = f" {number(before)} became {number(after)}." if before is not None and after is not None else ""
    rests = f" It rests on: {effect['assumption']}." if effect["assumption"] else ""
    note = f" {effect['note']}" if effect["status"] == "stale" else ""
    facts = OverrideFacts(
        id=effect["override"],
        statement=effect["statement"] or "",
        **{key: effect[key] or "" for key in ("author", "role", "reason", "assumption", "status", "note")},
        at=kept.at,
        came_by=kept.came_by,
        before=before,
        after=after,
    )
    return Reason(
        table=name,
        step="override",
        statement=f"Override {effect['override']}: {effect['statement']}{f' ({why})' if why else ''}.{moved}{rests}{note}",
        kind="override",
        depth=depth,
        column=effect["column"] or "",
        keys=shared_keys(name, rows),
        value=after,
        facts=facts,
    )


def _touches(held: Held, override: Override, rows: pl.DataFrame) -> bool:
    """Whether an override names, or has inserted, one of these rows."""
    if isinstance(override.value, dict):
        override = override.model_copy(update={"where": {key: override.value.get(key) for key in table(override.table).keys}})
    masters = {one: held.frame(one) for one in MASTERS if one in held.names}
    try:
        return bool(match(rows, override, override.table, masters).any())
    except InputError:
        return False


def scenario_links(held: Held, name: str) -> Iterator[Reason]:
    """Yield what a scenario changes of the base plan, nearest first: one link an override."""
    for row in held.frame("scenario_input").filter(pl.col("scenario") == name).iter_rows(named=True):
        yield changed(row, 0)


def changed(row: Mapping[str, Any], depth: int) -> Reason:
    """Return a row of scenario_input as a link."""
    known = row["before"] is not None and row["after"] is not None
    moved = f" {number(row['before'])} became {number(row['after'])} in all." if known else ""
    why = f" (because {row['reason']})" if row["reason"] else ""
    origin = f", from {row['origin']}" if row["origin"] and row["origin"] != row["scenario"] else ""
    return Reason(
        table="scenario_input",
        step="scenario",
        statement=f"Scenario {row['scenario']}{origin}: {row['statement']}{why}.{moved}",
        kind="scenario",
        depth=depth,
        column=row["column"] or "",
        keys={"scenario": row["scenario"], "position": row["position"]},
        value=row["after"],
        facts=OverrideFacts(
            id=row["override"] or "",
            statement=row["statement"] or "",
            reason=row["reason"] or "",
            before=row["before"],
            after=row["after"],
            came_by=f"scenario {row['origin'] or row['scenario']}",
        ),
    )
