"""Overrides as they are given: in the plan file, or as rows of a table `override` that planners keep in a spreadsheet."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import polars as pl
from pydantic import ValidationError

from equipoise.errors import DataError, InputError, Where
from equipoise.gather.conversion import convert, decimal_mark
from equipoise.gather.document import Group, Leaf, Listing, Node, plain
from equipoise.gather.filling import fill
from equipoise.gather.raw import ROW, Raw
from equipoise.gather.reading import Reading, nearest, wording
from equipoise.gather.report import Report
from equipoise.gather.shaping import Shaped, shape, shape_by_name
from equipoise.scenario import Override, effect_issues, faults_of, identified, lay, parse_where
from equipoise.tables import DICTIONARY, GIVEN, table
from equipoise.tables.check import BAD, LISTED, check

if TYPE_CHECKING:
    from equipoise.gather.plan import Plan

_AS_WRITTEN = {
    *("table", "column", "operation", "split", "split_by", "status", "id"),
    *("reason", "author", "role", "assumption"),
}
_NEEDED = ("table", "operation")
_TAKEN = ("table", "where", "column", "operation", "value", "split", "split_by", "lock", "reason", "author", "role", "assumption")
_ALSO = ("probability", "status", "expires", "was")
_BASE = ("", "base")


def read_overrides(parent: Group, path: str, reading: Reading) -> tuple[Override, ...]:
    """Return the overrides listed at `overrides` of the plan file or of a scenario; every fault is noted with its line."""
    found: list[Override] = []
    lines: dict[str, int] = {}
    for entry in reading.groups(parent, "overrides", path):
        override = read_override(entry, path, reading)
        if override is None:
            continue
        if override.id and override.id in lines:
            message = f"The id {override.id} is given twice: in lines {lines[override.id]} and {entry.line_of('id')}."
            reading.error(message, "Give each override an id of its own.", entry.line_of("id"), f"{path}.id")
        lines[override.id] = entry.line_of("id")
        found.append(override)
    return tuple(found)


def read_override(entry: Group, path: str, reading: Reading) -> Override | None:
    """Return the override that a mapping of the plan file says; None, with every fault noted at its line, where it says none."""
    values = {key: _value(key, node, entry) for key, node in entry.entries.items()}
    override = reading.model(Override, values, entry, path)
    for key, error in faults_of(override) if override is not None else ():
        reading.error(error.message, error.fix, entry.line_of(key), f"{path}.{key}")
    return override


def _value(key: str, node: Node, entry: Group) -> object:
    """Return a value of an override: words stay as written, so that item 007, market NO and status off keep their names."""
    named, changed = entry.entries.get("table"), entry.entries.get("column")
    columns = table(named.text).by_name if isinstance(named, Leaf) and named.text in DICTIONARY else {}
    if key == "where" and isinstance(node, Group):
        return {column: _condition(column, value, columns) for column, value in node.entries.items()}
    words = key == "value" and isinstance(changed, Leaf) and changed.text in columns and columns[changed.text].kind == "text"
    if (key in _AS_WRITTEN or words) and isinstance(node, Leaf) and node.value is not None:
        return node.text
    return plain(node)


def _condition(column: str, node: Node, columns: Mapping[str, object]) -> object:
    if isinstance(node, Listing):
        return tuple(_condition(column, item, columns) for item in node.items)
    if isinstance(node, Group):
        return {key: _condition(column, value, columns) for key, value in node.entries.items()}
    kind = getattr(columns.get(column), "kind", "text")
    if node.value is None or isinstance(node.value, dt.date):
        return node.value
    return node.text if kind == "text" else node.value


def with_override_rows(plan: "Plan", raws: Mapping[str, Sequence[Raw]], report: Report) -> "Plan":
    """Return the plan with the overrides that a table `override` gives behind those of the plan file, each in its scenario.

    Rows are laid by `position`, else as they stand. Every row that cannot be read is a fault with its file, row and column.
    """
    shaped = list(shape_by_name("override", raws.get("override", ()), report)) if plan.data.by_name else []
    for specification in plan.sources.get("override", ()):
        shaped += shape(specification, plan.files, raws, report)
    rows = [row for one in shaped for row in _rows(one, report)]
    if not rows:
        return plan
    rows.sort(key=lambda row: row.position)
    names = {scenario.name: scenario for scenario in plan.scenarios}
    known = {("", one.id): "the plan file" for one in plan.overrides if one.id}
    known |= {(scenario.name, one.id): "the plan file" for scenario in plan.scenarios for one in scenario.overrides if one.id}
    taken: dict[str, list[Override]] = {}
    for row in rows:
        scenario = "" if row.scenario in _BASE else row.scenario
        if scenario and scenario not in names:
            fix = f"{nearest(scenario, names)} Leave it empty for the base plan."
            report.error(f"There is no scenario {scenario}.", fix, replace(row.where, column="scenario"))
        elif row.override.id and (scenario, row.override.id) in known:
            message = f"The override {row.override.id} is given twice: here and in {known[scenario, row.override.id]}."
            report.error(message, "Give each override a number of its own.", replace(row.where, column="override"))
        else:
            known[scenario, row.override.id] = str(row.where)
            taken.setdefault(scenario, []).append(row.override)
    scenarios = tuple(
        one if one.fault else one.model_copy(update={"overrides": (*one.overrides, *taken.get(one.name, ()))}) for one in plan.scenarios
    )
    return replace(plan, overrides=(*plan.overrides, *taken.get("", ())), scenarios=scenarios)


@dataclass(frozen=True, slots=True)
class _Row:
    """An override read from a row, its scenario, the order it is laid in, and where it stands."""

    override: Override
    scenario: str
    position: float
    where: Where


def _rows(shaped: Shaped, report: Report) -> list[_Row]:
    """Return the overrides of one file or sheet; rows with faults are left out, and the first of them are reported one by one."""
    missing = [name for name in _NEEDED if name not in shaped.frame.columns]
    for name in missing:
        meaning = table("override").by_name[name].meaning
        report.error(f"The column {name} is missing.", f"Add it: {meaning[:1].lower()}{meaning[1:]}.", Where(shaped.source, "override"))
    if missing:
        return []
    frame = fill(shaped, [], report)
    report.add(check("override", frame.drop("override", "position", "probability", strict=False), [shaped.source], unique=False))
    known = _known(frame)
    values: list[str] = [name for name in ("value", "was") if name in frame.columns]
    decimal = shaped.decimal or decimal_mark([frame.get_column(name) for name in values], shaped.delimiter)[0]
    numbers = {name: convert(frame.get_column(name), "number", decimal).values.to_list() for name in values}
    found, wrong = [], 0
    for at, row in enumerate(frame.iter_rows(named=True)):
        if not known[at]:
            continue
        numeric = {name: cells[at] for name, cells in numbers.items()}
        override, faults = _override(row, numeric)
        where = Where(shaped.source, "override", row[ROW])
        wrong += bool(faults)
        for key, message, fix in faults if wrong <= LISTED else ():
            report.error(message, fix, replace(where, column=key))
        if override is not None and not faults:
            found.append(_Row(override, row.get("scenario") or "", row.get("position") or float("inf"), where))
    if wrong > LISTED:
        report.error(f"{wrong - LISTED:,} more rows with faults.", "Correct them in the same way.", Where(shaped.source, "override"))
    return found


def _known(frame: pl.DataFrame) -> pl.Series:
    """Return which rows have what is needed, and only words that are allowed: the others have been told."""
    columns = [column for column in table("override").columns if column.name in frame.columns]
    allowed = [pl.col(one.name).is_null() | pl.col(one.name).is_in(one.allowed) for one in columns if one.allowed]
    needed = [pl.col(name).is_not_null() for name in _NEEDED]
    return frame.select(pl.all_horizontal(*allowed, *needed, ~pl.col(BAD)).alias("known")).to_series()


def _override(row: Mapping[str, object], numeric: Mapping[str, float | None]) -> tuple[Override | None, list[tuple[str, str, str]]]:
    """Return the override of a row, and its faults as (column, message, fix)."""
    given = {name: row[name] for name in (*_TAKEN, *_ALSO) if row.get(name) is not None}
    if row.get("override") is not None:
        given["id"] = row["override"]
    try:
        if "value" in given:
            given["value"] = _cell(str(given["value"]), row, numeric["value"])
    except InputError as error:
        return None, [("value", error.message, error.fix)]
    if "was" in given and numeric["was"] is not None:
        given["was"] = numeric["was"]
    try:
        override = Override.model_validate(given)
    except ValidationError as error:
        faults = []
        for fault in error.errors():
            place = [str(part) for part in fault["loc"]]
            key = place[0] if place else "split_by"
            faults.append((key, *wording(Override, fault, place, key)))
        return None, faults
    return override, [(key, error.message, error.fix) for key, error in faults_of(override)]


def _cell(text: str, row: Mapping[str, object], number: float | None) -> object:
    """Return the value of a row as its column wants it: a number, words, or (insert) a row; a percentage stays as written."""
    if row["operation"] == "insert":
        return parse_where(text)
    definition = table(str(row["table"])).by_name if row["table"] in DICTIONARY else {}
    column = definition.get(str(row.get("column") or "quantity"))
    if column is None or column.kind not in {"number", "integer"} or text.rstrip().endswith("%") or number is None:
        return text
    return number


def try_overrides(plan: "Plan", tables: Mapping[str, pl.DataFrame], report: Report) -> None:
    """Lay the base plan's overrides over the given tables, as a run will, to say now which are wrong or do not do what they say."""
    whole = dict(tables)
    base, promoted = identified(plan.overrides), plan.promoted
    touched = {override.table for batch in (base, *promoted) for override in batch}
    for name in sorted(touched - {"setting", *GIVEN}):
        try:
            lay(
                table(name).empty(), base, (), name, whole, promoted=promoted
            )  # nothing is made yet, but a condition that cannot be read can be told
        except DataError as error:
            report.add(error.faults)
    for name in ("setting", *GIVEN):
        if name not in touched:
            continue
        try:
            laid = lay(whole[name], base, (), name, whole, promoted=promoted, tell=True)
        except DataError as error:
            report.add(error.faults)
            continue
        whole[name] = laid.frame
        for row in effect_issues(laid.effects):
            where = Where(table=name, column=str(row["column"]))
            tell = report.warn if row["severity"] == "warning" else report.note
            tell(str(row["message"]), str(row["fix"]), where)
