"""Where a number comes from: the chain of rows, rules and people behind a cell, nearest first."""

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import polars as pl

from equipoise.cycle import STEPS
from equipoise.dimensions.calendar import Calendar
from equipoise.errors import InputError
from equipoise.scenario import Override, match, overrides_of
from equipoise.service.messages import ExplainAnswer, ExplainRequest, Reason
from equipoise.service.register import Context
from equipoise.service.sentences import SENTENCES
from equipoise.service.showing import MASTERS, plain_rows, selected, stored
from equipoise.service.workspace import Workspace, locate
from equipoise.store import Version
from equipoise.tables import GIVEN, table
from equipoise.tables.figures import number
from equipoise.tables.setting import from_table

_KEYS = ("item", "market", "location", "resource", "route", "purchase", "lane", "family")
_UNDATED = {"history", "correction", "cleaned_history", "method_choice", "segment", "on_hand"}
_CELL = ["item", "market", "period"]
_MOST_ROWS = 4


def explain(request: ExplainRequest, _: Context) -> ExplainAnswer:
    """Return the origin of a cell, or of all cells that the conditions name, as sentences from near to far.

    Raises NotFoundError where there is no such version or table, InputError where a condition is wrong or matches nothing.
    """
    place = locate(request)
    version = place.version(request.version)
    if not request.table:
        raise InputError("Nothing was named to explain.", "Name a table, and the cell with --where column=value.")
    rows, _wide = selected(place, version, table(request.table), stored(place, version, request.table), request.where)
    return ExplainAnswer(
        plan=version.plan,
        version=version.name,
        table=request.table,
        cell=_cell(request.table, rows),
        reasons=_Chain(place, version).reasons(request.table, rows),
    )


def _cell(name: str, rows: pl.DataFrame) -> dict[str, Any]:
    """Return the row, or the keys that all rows share and the sums of what adds up."""
    definition = table(name)
    if rows.height == 1:
        return {column: value for column, value in zip(rows.columns, plain_rows(rows)[0], strict=True) if value is not None}
    shared = {
        key: str(rows.get_column(key)[0])
        for key in definition.keys
        if rows.get_column(key).n_unique() == 1 and rows.get_column(key)[0] is not None
    }
    sums = {column.name: rows.get_column(column.name).sum() for column in definition.columns if column.over_time == "flow"}
    return {**shared, "rows": rows.height, **sums}


# What says why a table is as it is, though it is made from it.
_EXPLAINED_BY = {"shortage": ("supply_cause",), "inventory_plan": ("supply_cause",)}


class _Chain:
    """Walks from a table back through the steps that made it, keeping only rows that share the cell's keys."""

    def __init__(self, place: Workspace, version: Version) -> None:
        self._place = place
        self._version = version
        self._calendar = Calendar.from_setting(from_table(stored(place, version, "setting")).calendar)
        self._maker = {written: step for step in STEPS for written in step.writes}
        sources = version.figures.get("sources", {})
        self._sources: Mapping[str, list[str]] = sources if isinstance(sources, dict) else {}

    def reasons(self, name: str, rows: pl.DataFrame) -> list[Reason]:
        """Return the sentences for `rows` of table `name` and for all that they were made from."""
        keys = {key: rows.get_column(key).drop_nulls().unique().to_list() for key in (*_KEYS, "period") if key in rows.columns}
        keys |= self._served_by(name, keys)
        found: list[Reason] = []
        seen: set[str] = set()
        waiting = [name, *_EXPLAINED_BY.get(name, ())]
        while waiting:
            current = waiting.pop(0)
            if current in seen or current not in self._version.tables:
                continue
            seen.add(current)
            step = self._maker.get(current)
            here = rows if current == name else self._related(current, keys)
            if here.height:
                found += self._sentences(current, here, step.name if step else "gather")
                found += self._overrides(current, here)
            if step and (here.height or current == name):
                siblings = [other for other in step.writes if other in SENTENCES]
                waiting += [*siblings, *(read for read in step.reads if read in SENTENCES or read in self._maker)]
        return found

    def _served_by(self, name: str, keys: dict[str, list[Any]]) -> dict[str, list[Any]]:
        """Where the cell names items but no resource, the resources that work on them."""
        if "resource" in keys or "item" not in keys or "route_load" not in self._version.tables:
            return {}
        loads = stored(self._place, self._version, "route_load").filter(pl.col("item").is_in(keys["item"]))
        return {"resource": loads.get_column("resource").unique().sort().to_list()} if name not in GIVEN else {}

    def _related(self, name: str, keys: dict[str, list[Any]]) -> pl.DataFrame:
        frame = stored(self._place, self._version, name)
        if name == "binding":
            subjects = [value for key in ("resource", "item", "route", "purchase", "lane") for value in keys.get(key, [])]
            named = frame.filter(
                pl.any_horizontal([pl.lit(value=False), *(pl.col("subject").str.contains(str(one), literal=True) for one in subjects)])
            )
            return named.filter(pl.col("period").is_in(keys["period"]) | pl.col("period").is_null()) if keys.get("period") else named
        if name == "supply_cause":
            places = [*keys.get("market", []), *keys.get("location", [])]
            frame = frame.filter(pl.col("place").is_in(places)) if places else frame
        shared = [key for key in keys if key in frame.columns and not (key == "period" and name in _UNDATED)]
        if not any(key != "period" for key in shared) and any(key in frame.columns for key in _KEYS):
            return frame.clear()
        for key in shared:
            frame = frame.filter(pl.col(key).is_in(keys[key]) | pl.col(key).is_null())
        return frame

    def _sentences(self, name: str, rows: pl.DataFrame, step: str) -> list[Reason]:
        if name in SENTENCES:
            statements = SENTENCES[name](rows, self._calendar)
        else:
            statements = [f"Made by the step {step} from {', '.join(self._maker[name].reads)}."] if name in self._maker else []
        if len(statements) > _MOST_ROWS:
            statements = [*statements[:_MOST_ROWS], f"... and {len(statements) - _MOST_ROWS} more rows of {name}."]
        if name in self._sources and statements:
            statements.append(f"Read from {', '.join(self._sources[name])}.")
        return [Reason(table=name, step=step, statement=statement) for statement in statements]

    def _overrides(self, name: str, rows: pl.DataFrame) -> list[Reason]:
        """Say which overrides of the base plan changed these rows: cell by cell for demand, else by what they name."""
        if not {"override", "override_effect", "override_cell"} <= self._version.tables.keys():
            return []
        effect = stored(self._place, self._version, "override_effect").filter(pl.col("table") == name, pl.col("cells") > 0)
        cells = stored(self._place, self._version, "override_cell").filter(pl.col("table") == name)
        if effect.is_empty():
            return []
        here = cells.join(rows, on=_CELL, how="semi", maintain_order="left") if cells.height else cells
        moved = here.group_by("override", maintain_order=True).agg(pl.col("before", "after").sum())
        change = {one: f" {number(before)} became {number(after)}." for one, before, after in moved.iter_rows()}
        untold = set(effect.get_column("override")) - set(cells.get_column("override"))
        overrides = overrides_of(stored(self._place, self._version, "override"), "")
        change |= {one.id: "" for one in overrides if one.id in untold and self._touches(one, rows)}
        told = effect.filter(pl.col("override").is_in(list(change)))
        return [_overridden(name, row, change[row["override"]]) for row in told.iter_rows(named=True)]

    @cached_property
    def _masters(self) -> dict[str, pl.DataFrame]:
        return {one: stored(self._place, self._version, one) for one in MASTERS if one in self._version.tables}

    def _touches(self, override: Override, rows: pl.DataFrame) -> bool:
        """Whether an override names, or has inserted, one of these rows."""
        if isinstance(override.value, dict):
            override = override.model_copy(update={"where": {key: override.value.get(key) for key in table(override.table).keys}})
        try:
            return bool(match(rows, override, override.table, self._masters).any())
        except InputError:
            return False


def _overridden(name: str, effect: Mapping[str, Any], change: str) -> Reason:
    by, because = effect["author"] and f"by {effect['author']}", effect["reason"] and f"because {effect['reason']}"
    why = ", ".join(part for part in (by, because) if part)
    note = f" {effect['note']}" if effect["status"] == "stale" else ""
    statement = f"Override {effect['override']}: {effect['statement']}{f' ({why})' if why else ''}.{change}{note}"
    return Reason(table=name, step="override", statement=statement)
