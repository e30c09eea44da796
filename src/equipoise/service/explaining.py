"""Where a number comes from: the chain of rows, rules and people behind a cell, nearest first."""

from collections.abc import Mapping
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
_UNDATED = {"history", "correction", "method_choice", "segment", "on_hand"}
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
        waiting = [name]
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
        if cells.height:
            touched = cells.join(rows, on=_CELL, how="semi", maintain_order="left")
            sums = touched.group_by("override", maintain_order=True).agg(pl.col("before", "after").sum())
            joined = effect.drop("before", "after").join(sums, on="override", maintain_order="left")
            return [
                _overridden(name, row, f" {number(row['before'])} became {number(row['after'])}.") for row in joined.iter_rows(named=True)
            ]
        touching = {
            override.id
            for override in overrides_of(stored(self._place, self._version, "override"), "")
            if override.table == name and self._touches(override, rows)
        }
        return [_overridden(name, row, "") for row in effect.iter_rows(named=True) if row["override"] in touching]

    def _touches(self, override: Override, rows: pl.DataFrame) -> bool:
        """Whether an override names one of these rows."""
        masters = {one: stored(self._place, self._version, one) for one in MASTERS if one in self._version.tables}
        try:
            return override.operation == "insert" or bool(match(rows, override, override.table, masters).any())
        except InputError:
            return False


def _overridden(name: str, effect: Mapping[str, Any], change: str) -> Reason:
    by, because = effect["author"] and f"by {effect['author']}", effect["reason"] and f"because {effect['reason']}"
    why = ", ".join(part for part in (by, because) if part)
    note = f" {effect['note']}" if effect["status"] == "stale" else ""
    statement = f"Override {effect['override']}: {effect['statement']}{f' ({why})' if why else ''}.{change}{note}"
    return Reason(table=name, step="override", statement=statement)
