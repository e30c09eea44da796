"""Where a number comes from: the chain of rows, rules and people behind a cell, nearest first, as facts and as sentences."""

from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import Any

import polars as pl

from equipoise.errors import InputError, NotFoundError, Where
from equipoise.service.lineage.chain import Chain
from equipoise.service.lineage.held import Held
from equipoise.service.lineage.people import Recall, Recorded, scenario_links
from equipoise.service.messages import ExplainAnswer, ExplainRequest
from equipoise.service.register import Context
from equipoise.service.showing import plain_rows, selected, stored
from equipoise.service.workspace import Workspace, locate
from equipoise.store import Version
from equipoise.tables import table

_BASE = ("", "base")
_MOST_BYTES = 64_000_000


def explain(request: ExplainRequest, context: Context) -> ExplainAnswer:
    """Return the origin of a cell, or of all cells that the conditions name, from near to far.

    With `scenario` it is the cell of that scenario, which is solved for it unless its steps are kept. Raises NotFoundError where there is
    no such version, table or scenario, InputError where a condition or column is wrong, or nothing matches.
    """
    place = locate(request)
    version = place.version(request.version)
    if not request.table:
        raise InputError("Nothing was named to explain.", "Name a table, and the cell with --where column=value.")
    held, where = _held(place, version, request, context), list(request.where)
    if request.scenario and "scenario" in table(request.table).by_name:
        where.append(f"scenario={request.scenario}")
    rows, _wide = selected(place, version, table(request.table), held.frame(request.table), where)
    changes = list(scenario_links(held, request.scenario)) if held.scenario else []
    near, behind = Chain(held, _recall(place)).links(request.table, rows, request.column, request.depth)
    near = [*changes, *near]
    links = [*near, *behind]
    # what stands behind keeps its place at the end: a chain that is cut short still says where it ends
    most = max(request.limit - len(behind), (request.limit + 1) // 2)
    told = [*near[:most], *behind][: request.limit] if request.limit else links
    return ExplainAnswer(
        plan=version.plan,
        version=version.name,
        table=request.table,
        cell=_cell(request.table, rows),
        reasons=told,
        column=request.column,
        scenario=request.scenario,
        more=len(links) - len(told),
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
    adding = [column.name for column in definition.columns if column.over_time == "flow"]
    sums = {name: rows.get_column(name).sum() for name in adding if rows.get_column(name).null_count() < rows.height}
    return {**shared, "rows": rows.height, **sums}


def _held(place: Workspace, version: Version, request: ExplainRequest, context: Context) -> Held:
    """Return the tables of the version; of a scenario, those that it changes instead of the base plan's."""
    if request.table not in version.tables:
        stored(place, version, request.table)  # names the nearest
    if request.scenario in _BASE or "scenario" in table(request.table).by_name:
        return Held(_reader(place, version), version.tables.keys(), version.figures)
    known = _reader(place, version)("scenario")["scenario"].to_list()
    if request.scenario not in known:
        raise NotFoundError(f"There is no scenario {request.scenario}.", f"Scenarios: {', '.join(known)}.")
    if version.number != place.version().number:
        raise InputError(
            "Scenarios are explained as they are now: an earlier version has only what was compared of them.",
            "Leave the version out, or ask for table scenario_result.",
        )
    from equipoise.service.trying import scenario_tables

    tables = scenario_tables(place, context, request.scenario)
    if request.table not in tables:
        raise InputError(
            f"Table {request.table} is made for the base plan only.",
            f"Of scenarios there are: {', '.join(sorted(name for name in tables if tables[name].height))}.",
            Where(table=request.table),
        )
    kept = {"row_origin": _reader(place, version)("row_origin")} if "row_origin" in version.tables else {}
    every = {**tables, **kept}
    return Held(every.__getitem__, every.keys(), version.figures, scenario=request.scenario)


_FRAMES: "OrderedDict[str, pl.DataFrame]" = OrderedDict()
_LOCK = Lock()


def _reader(place: Workspace, version: Version) -> Callable[[str], pl.DataFrame]:
    """Return what reads a table of a version, those read lately from memory: a table never changes under its hash."""

    def read(name: str) -> pl.DataFrame:
        content = version.tables.get(name, "")
        with _LOCK:
            if content in _FRAMES:
                _FRAMES.move_to_end(content)
                return _FRAMES[content]
        frame = stored(place, version, name)
        with _LOCK:
            _FRAMES[content] = frame
            while sum(int(one.estimated_size()) for one in _FRAMES.values()) > _MOST_BYTES and len(_FRAMES) > 1:
                _FRAMES.popitem(last=False)
        return frame

    return read


def _recall(place: Workspace) -> Recall:
    """Return what says when an override was made and how it came, where the record has it."""

    def recall(name: str) -> Recorded:
        try:
            record = place.store.record("override", name)
        except NotFoundError:
            return _promoted(place, name)
        return Recorded(record.changed_at.isoformat(timespec="seconds"), "from the record")

    return recall


def _promoted(place: Workspace, name: str) -> Recorded:
    """Return the promotion that an override came with; without one it stands in the plan file."""
    for one in place.store.records("promotion"):
        batches = one.document.get("batches")
        batches = batches if isinstance(batches, list) else []
        if any(isinstance(override, dict) and override.get("id") == name for batch in batches for override in batch):
            kind, of = one.document.get("kind", "scenario"), one.document.get("promotion") or one.id
            return Recorded(one.changed_at.isoformat(timespec="seconds"), f"promoted with the {kind} {of}")
    return Recorded("", "in the plan file")
