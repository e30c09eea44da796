"""plan.json: the whole plan in one document, and the schema that describes it."""

import hashlib
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl

from equipoise import __version__
from equipoise.tables import DICTIONARY, GIVEN, MADE, Column, Table
from equipoise.tables.setting import Setting

FORMAT = "equipoise plan"
FORMAT_VERSION = 1
_TYPES: dict[str, dict[str, object]] = {
    "text": {"type": ["string", "null"]},
    "number": {"type": ["number", "null"]},
    "integer": {"type": ["integer", "null"]},
    "date": {"type": ["string", "null"], "format": "date"},
    "flag": {"type": ["boolean", "null"]},
}


def dictionary_version() -> str:
    """Return a hash of every table's columns, types and units: two documents with the same one can be read alike."""
    words = [(table.name, [(column.name, column.kind, column.unit) for column in table.columns]) for table in DICTIONARY.values()]
    return hashlib.sha256(json.dumps(sorted(words)).encode()).hexdigest()[:12]


def plan_document(tables: Mapping[str, pl.DataFrame], setting: Setting) -> dict[str, object]:
    """Return the plan as plain values: format, versions, settings, and each table that has rows as an array per column.

    The arrays of a table are equally long, dates are ISO texts, and what is not known is null. Reads back with
    `polars.DataFrame(document["tables"][name])`.
    """
    return {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "dictionary": dictionary_version(),
        "equipoise": __version__,
        "plan": setting.plan,
        "setting": setting.model_dump(mode="json"),
        "tables": {name: _columns(tables[name]) for name in sorted(tables) if tables[name].height},
    }


def plan_json(tables: Mapping[str, pl.DataFrame], setting: Setting) -> str:
    """Return the document as JSON text, a line a column."""
    document = plan_document(tables, setting)
    named: Any = document.pop("tables")
    head = json.dumps(document, ensure_ascii=False, indent=1)[:-2]
    parts = []
    for name, columns in named.items():
        lines = ",\n".join(f"   {json.dumps(column)}: {_array(values)}" for column, values in columns.items())
        parts.append(f"  {json.dumps(name)}: {{\n{lines}\n  }}")
    return f'{head},\n "tables": {{\n' + ",\n".join(parts) + "\n }\n}\n"


def _array(values: list[object]) -> str:
    return json.dumps(values, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def _columns(frame: pl.DataFrame) -> dict[str, list[object]]:
    dates = frame.with_columns(pl.col(pl.Date).dt.to_string("iso"))
    return {name: [_plain(value) for value in dates.get_column(name).to_list()] for name in dates.columns}


def _plain(value: object) -> object:
    return None if isinstance(value, float) and not math.isfinite(value) else value


def plan_schema() -> dict[str, object]:
    """Return the JSON schema of plan.json, made from the data dictionary and the settings."""
    setting = Setting.model_json_schema(mode="serialization")
    definitions = setting.pop("$defs", {})
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Equipoise plan",
        "description": "A whole plan: its settings and its tables. A table that is not there has no rows.",
        "type": "object",
        "required": ["format", "format_version", "dictionary", "equipoise", "plan", "setting", "tables"],
        "additionalProperties": False,
        "properties": {
            "format": {"const": FORMAT},
            "format_version": {"const": FORMAT_VERSION},
            "dictionary": {"type": "string", "description": "Version of the data dictionary: a hash of its tables and columns"},
            "equipoise": {"type": "string", "description": "Version of the program that wrote the document"},
            "plan": {"type": "string", "description": "Name of the plan"},
            "setting": setting,
            "tables": {
                "type": "object",
                "additionalProperties": False,
                "properties": {name: _table_schema(table) for name, table in sorted(_held().items())},
            },
        },
        "$defs": definitions,
    }


def _held() -> dict[str, Table]:
    """Return the tables that a plan can hold: those given and made, and the overrides it was made with."""
    return {**GIVEN, **MADE, "override": DICTIONARY["override"]}


def _table_schema(table: Table) -> dict[str, object]:
    names = [column.name for column in table.columns]
    return {
        "type": "object",
        "description": f"{table.meaning} An array per column, all of one length."
        + (f" Key: {', '.join(table.keys)}." if table.keys else ""),
        "required": names,
        "additionalProperties": False,
        "properties": {column.name: _column_schema(column) for column in table.columns},
    }


def _column_schema(column: Column) -> dict[str, object]:
    unit = f" ({column.unit})" if column.unit else ""
    return {"type": "array", "description": f"{column.meaning}{unit}", "items": _TYPES[column.kind]}


def schema_text() -> str:
    """Return the schema as the text that is published in docs/plan.schema.json."""
    return json.dumps(plan_schema(), indent=1, ensure_ascii=False) + "\n"


def publish_schema(path: Path) -> None:
    """Write the schema to `path`."""
    path.write_text(schema_text(), encoding="utf-8", newline="")
