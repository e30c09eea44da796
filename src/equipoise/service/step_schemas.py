"""JSON schemas of what each step of the cycle is given by file and what it answers, made from the data dictionary and the register."""

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from pydantic import BaseModel

from equipoise.gather.indentation import MARGIN
from equipoise.gather.plan import CALIBRATE_KEYS, CONSTRAINT_KEYS, OUTPUTS
from equipoise.gather.short_form import DEMAND_KEYS, INPUT_KEYS, SUPPLY_KEYS
from equipoise.scenario import OVERRIDABLE, Override
from equipoise.service.inbox_file import SECTIONS
from equipoise.service.messages.briefs import BRIEFS
from equipoise.service.messages.watching import AskResult, InboxResult, WatchStatus
from equipoise.service.operations import OPERATIONS
from equipoise.service.step_tables import step_of
from equipoise.tables import GIVEN, KEPT
from equipoise.tables.column import Column
from equipoise.tables.process_setting import ProcessSetting
from equipoise.tables.setting import Setting

Schema = dict[str, Any]

_DRAFT = "https://json-schema.org/draft/2020-12/schema"
_SAID_IN: dict[str, tuple[str, ...]] = {
    "demand_review": ("overrides", "assumptions", "actions", "comments", "tasks"),
    "supply_review": ("overrides", "assumptions", "actions", "comments", "tasks"),
    "pre_sop": ("overrides", "decisions", "risks", "assumptions", "actions", "comments", "tasks"),
    "executive_sop": ("decisions", "actions", "assumptions", "comments", "tasks"),
    "measure": ("actions", "comments", "tasks"),
}
"""What is said in the inbox for each step. Before them, gather has the plan file."""

_HEAD = ("plan", "author", "proposed_by", "role", "reason", "scenario")
_KINDS: dict[str, Schema] = {
    "text": {"type": ["string", "number", "boolean"]},
    "number": {"type": "number"},
    "integer": {"type": "integer"},
    "date": {"type": "string", "format": "date"},
    "flag": {"type": "boolean"},
    "json": {},
}
_NUMBERS = {"volume", "revenue", "capacity", "unit_cost", "regular_cost", "overtime_cost", "overtime_limit", "lead_time", "load"}


@cache
def schemas() -> dict[str, Schema]:
    """Return every schema by its file's name: STEP.input.json and STEP.output.json, and those of questions, answers and the status."""
    found = {"gather.input.json": _plan_file()}
    found |= {f"{step}.input.json": _inbox(step, sections) for step, sections in _SAID_IN.items()}
    found |= {f"{step}.output.json": _of(brief, f"results/{step}.yaml") for step, brief in BRIEFS.items()}
    found["ask.input.json"] = _questions()
    answers: dict[str, tuple[type[BaseModel], str]] = {
        "ask.output.json": (AskResult, "results/ask/*.yaml"),
        "inbox.output.json": (InboxResult, "results/inbox/*.yaml"),
        "status.output.json": (WatchStatus, "results/status.yaml"),
    }
    found |= {name: _of(model, what) for name, (model, what) in answers.items()}
    return found


def _of(model: type[BaseModel], what: str) -> Schema:
    return {"$schema": _DRAFT, **model.model_json_schema(), "title": what}


def _plan_file() -> Schema:
    """Return the schema of a plan file: its settings, tables written into it, and both forms of its input."""
    setting, process, override = Setting.model_json_schema(), ProcessSetting.model_json_schema(), Override.model_json_schema()
    definitions = {**setting.pop("$defs", {}), **process.pop("$defs", {}), "override": override, "process": process}
    overrides = {"type": "array", "items": {"$ref": "#/$defs/override"}}
    scenario = {"name": _KINDS["text"], "description": {"type": "string"}, "parent": {"type": "string"}, "overrides": overrides}
    properties: Schema = {
        **setting["properties"],
        "skill": {"type": "string"},
        "inputs": _short_form(),
        "outputs": {"type": "array", "items": {"enum": list(OUTPUTS)}},
        "data": {
            "type": ["string", "object"],
            "description": "Folder or workbook with a table a file, or sources and how they fill tables",
        },
        "tables": {"type": "object", "additionalProperties": False, "properties": {name: _rows(name) for name in GIVEN}},
        "overrides": overrides,
        "scenarios": _list({**scenario, "likelihood": {"type": "string"}, "impact": {"type": "string"}}, ("name",)),
        "constraints": _list(dict.fromkeys(CONSTRAINT_KEYS, _KINDS["text"]), ("limit",)),
        "calibrate": _list({key: {"type": "number"} if key in _NUMBERS else {"type": "string"} for key in CALIBRATE_KEYS}, ()),
        "process": {"$ref": "#/$defs/process"},
    }
    assert set(properties) == set(MARGIN), set(properties) ^ set(MARGIN)  # noqa: S101 - a key without a schema would be refused
    return {
        "$schema": _DRAFT,
        "title": "plan.yaml",
        "type": "object",
        "additionalProperties": False,
        "properties": properties,
        "$defs": definitions,
    }


def _short_form() -> Schema:
    def entry(keys: Iterable[str]) -> Schema:
        return {key: {"type": "number"} if key in _NUMBERS else {"type": ["string", "array"]} for key in keys}

    properties: Schema = {key: {"type": ["string", "integer"]} for key in INPUT_KEYS}
    properties["demand_input"] = _list(entry(DEMAND_KEYS), ("source", "volume"))
    properties["supply_input"] = _list(entry(SUPPLY_KEYS), ("resource", "capacity"))
    properties["constraints"] = _list(dict.fromkeys(CONSTRAINT_KEYS, _KINDS["text"]), ("limit",))
    return {"type": "object", "additionalProperties": False, "required": ["demand_input", "supply_input"], "properties": properties}


def _list(properties: Mapping[str, object], required: Iterable[str]) -> Schema:
    return {
        "type": "array",
        "items": {"type": "object", "additionalProperties": False, "required": list(required), "properties": dict(properties)},
    }


def _rows(name: str) -> Schema:
    """Return the schema of a given table written into a plan file: rows of its columns, or of others that are turned into them."""
    table = GIVEN[name]
    return {
        "description": table.meaning,
        "type": "array",
        "items": {"type": "object", "properties": {one.name: _column(one) for one in table.columns}},
    }


def _column(column: Column) -> Schema:
    found = {**_KINDS[column.kind], "description": column.meaning + (f", in {column.unit}" if column.unit else "")}
    if column.allowed:
        found = {"enum": list(column.allowed), "description": found["description"]}
    if column.kind == "number":
        found["type"] = ["number", "string"]  # a share such as "10 %"
    return found


def _inbox(step: str, sections: Iterable[str]) -> Schema:
    """Return the schema of a file of the inbox for a step: only what is said there, and only of the step's own tables."""
    properties: Schema = {name: {"type": "string"} for name in _HEAD}
    for section in sections:
        kind = SECTIONS[section]
        properties[section] = _overrides(step) if kind == "override" else _records(kind)
    return {
        "$schema": _DRAFT,
        "title": f"inbox/*.yaml, said for {step}",
        "type": "object",
        "additionalProperties": False,
        "properties": properties,
    }


def _overrides(step: str) -> Schema:
    override = Override.model_json_schema()
    columns = {name: one for name, one in override["properties"].items() if name not in {"author", "status", "was"}}
    tables = sorted(table for table in OVERRIDABLE if step == "pre_sop" or step_of(table) in {step, "gather"})
    columns["table"] = {"enum": tables, "description": "Table that is changed"}
    about = {name: one for name, one in columns.items() if name in {"id", "reason", "assumption", "expires", "lock", "probability"}}
    words = {
        "change": {
            "type": "string",
            "pattern": r"^\w+(\.\w+)?\b.*:.+",
            "description": "TABLE.COLUMN CELLS: CHANGE, such as 'demand_plan family=Tents, period=2027-03: +10 %'",
        },
        "scenario": {"type": "string", "description": "Scenario that is changed instead of the plan"},
    }
    forms = (({**about, **words}, ("change",)), ({**columns, "scenario": words["scenario"]}, ("table", "operation")))
    return {"type": "array", "items": {"anyOf": [_list(properties, required)["items"] for properties, required in forms]}}


def _records(kind: str) -> Schema:
    columns = {one.name: _column(one) for one in KEPT[kind].columns if one.name != kind or kind in {"risk", "task"}}
    columns |= {name: {"type": "string"} for name in ("id",)}
    if kind == "task":
        columns["task"] = {"type": ["string", "integer"], "description": "Its number"}
        return _list(columns, ("task",))
    own = ("risk",) if kind == "risk" else ()
    return _list(columns, (*own, *(one.name for one in KEPT[kind].columns if one.required and one.name != kind)))


def _questions() -> Schema:
    """Return the schema of a file with questions: each operation that files open, and what it is asked."""
    definitions: Schema = {}
    entries = []
    for operation in OPERATIONS.values():
        if "files" not in operation.doors:
            continue
        request = operation.request.model_json_schema()
        definitions |= request.pop("$defs", {})
        kept = set(operation.fields("mcp")) - {"plan"}
        properties = {name: one for name, one in request["properties"].items() if name in kept}
        required = ["operation", *(name for name in request.get("required", []) if name in kept)]
        entries.append(
            {
                "type": "object",
                "description": operation.summary,
                "additionalProperties": False,
                "required": required,
                "properties": {**properties, "operation": {"const": operation.name}},
            }
        )
    asked = {"type": "array", "minItems": 1, "items": {"oneOf": entries}}
    return {
        "$schema": _DRAFT,
        "title": "ask/*.yaml",
        "type": "object",
        "additionalProperties": False,
        "required": ["ask"],
        "properties": {"ask": asked},
        "$defs": definitions,
    }
