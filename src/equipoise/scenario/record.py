"""Overrides as tables: those given, what they did, what they rested on in an earlier version, and what differs between versions."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence

import polars as pl

from equipoise.scenario.laying import Effect
from equipoise.scenario.override import Override, identified
from equipoise.tables import DICTIONARY, table

_AS_JSON = ("where", "value")

# How a planner is told of an override that did not do what it says: severity, what happened, what to do.
_TOLD = {
    "unmatched": ("warning", "matches nothing", "Correct where it applies, or take it out."),
    "stale": ("warning", "is stale", "Confirm it by giving what its cells sum to now as `was`, change it, or take it out."),
    "expired": ("warning", "has expired", "Give a later `expires`, or take it out."),
    "fenced": ("warning", "is fenced off", "Ask someone whose role may change these periods, or leave them out."),
    "locked": ("warning", "is locked out", "Take the lock off the other override, or take this one out."),
    "partly": ("note", "applies to some of its cells only", "Nothing to do if that is meant."),
}


def override_table(batches: Mapping[str, Sequence[Override]]) -> pl.DataFrame:
    """Return the table `override`: those of each scenario by name, those of the base plan under the empty name."""
    rows: list[dict[str, object]] = []
    for name, overrides in batches.items():
        for position, override in enumerate(identified(overrides), start=1):
            row = override.model_dump(mode="json")
            row |= {column: json.dumps(row[column]) for column in _AS_JSON}
            row |= {"override": override.id, "scenario": name or None, "position": position}
            row |= {"expires": override.expires, "was": None if override.was is None else str(override.was)}
            rows.append({column: row.get(column) for column in DICTIONARY["override"].schema})
    return pl.DataFrame(rows, schema=DICTIONARY["override"].schema, orient="row")


def overrides_of(frame: pl.DataFrame, name: str) -> tuple[Override, ...]:
    """Return the overrides of a scenario (empty: the base plan) that the table `override` holds, in order."""
    rows = frame.filter(pl.col("scenario").fill_null("") == name).sort("position", maintain_order=True)
    found = []
    for row in rows.iter_rows(named=True):
        values = {column: row[column] for column in Override.model_fields if row.get(column) is not None}
        values |= {column: json.loads(row[column]) for column in _AS_JSON if row[column] is not None}
        found.append(Override.model_validate({**values, "id": row["override"]}))
    return tuple(found)


def effect_table(effects: Iterable[Effect]) -> pl.DataFrame:
    """Return the table `override_effect`: one row an override of the base plan. `was` is what it was made on, by default what it met."""
    rows = []
    for one in effects:
        override = one.override
        said = {name: getattr(override, name) or None for name in ("table", "column", "author", "role", "reason", "assumption", "expires")}
        was = override.was if override.was is not None else one.before
        did = {"cells": one.cells, "before": one.before, "after": one.after, "was": was, "status": one.status, "note": one.note or None}
        rows.append({"override": override.id, "statement": str(override), **said, **did})
    return table("override_effect").conform(pl.DataFrame(rows, schema_overrides=dict(table("override_effect").schema))).sort("override")


def input_table(name: str, origins: Sequence[str], batches: Mapping[str, Sequence[Sequence[Effect]]]) -> pl.DataFrame:
    """Return the table `scenario_input` of scenario `name`: what it changes, the overrides of its parents first.

    `batches` has, by table, what the overrides of each of `origins` (its oldest ancestor first) did there.
    """
    rows = [
        {
            "override": one.override.id or None,
            "origin": origin,
            "table": one.override.table,
            "column": None if one.override.operation in {"insert", "remove"} else one.override.column,
            "statement": str(one.override),
            "cells": one.cells,
            "before": one.before,
            "after": one.after,
            "reason": one.override.reason or None,
        }
        for number, origin in enumerate(origins)
        for effects in batches.values()
        for one in (effects[number] if number < len(effects) else ())
    ]
    placed = [{"scenario": name, "position": position, **row} for position, row in enumerate(rows, start=1)]
    return pl.DataFrame(placed, schema=DICTIONARY["scenario_input"].schema, orient="row")


def effect_issues(effects: Iterable[Effect], known: Iterable[str] = ()) -> Iterator[dict[str, object]]:
    """Yield rows of the table `issue` for overrides that did not do what they say; messages that are `known` are left out."""
    told = set(known)
    for one in effects:
        if one.status not in _TOLD:
            continue
        severity, what, fix = _TOLD[one.status]
        message = f"The override {one.override.id} ({one.override}) {what}. {one.note}".strip()
        if message not in told:
            yield {"severity": severity, "table": one.override.table, "column": one.override.column, "message": message, "fix": fix}


def remembered(overrides: Sequence[Override], earlier: pl.DataFrame) -> tuple[Override, ...]:
    """Return the overrides with an id each, and with `was` as the table `override_effect` of an earlier version recorded it.

    One that gives `was` keeps it; one that says something else than it did then counts as made now.
    """
    found = earlier.filter(pl.col("was").is_not_null()).select("override", "statement", "was").iter_rows()
    was = {(name, statement): value for name, statement, value in found}
    return tuple(
        one.model_copy(update={"was": was[one.id, str(one)]}) if one.was is None and (one.id, str(one)) in was else one
        for one in identified(overrides)
    )


def diff(before: pl.DataFrame, after: pl.DataFrame, name: str) -> pl.DataFrame:
    """Return the cells in which two versions of table `name` differ.

    Columns: the table's keys, `column`, `before` and `after` (text; empty where the row or value is missing).
    """
    definition = table(name)
    keys = list(definition.keys)
    values = [column.name for column in definition.columns if not column.key]

    def long(frame: pl.DataFrame, label: str) -> pl.DataFrame:
        words = frame.select(*keys, *(pl.col(value).cast(pl.String) for value in values))
        return words.unpivot(index=keys, on=values, variable_name="column", value_name=label)

    joined = long(before, "before").join(
        long(after, "after"), on=[*keys, "column"], how="full", coalesce=True, nulls_equal=True, maintain_order="left"
    )
    return joined.filter(pl.col("before").ne_missing(pl.col("after"))).sort([*keys, "column"])
