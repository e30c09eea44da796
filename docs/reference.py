"""Write what is generated in docs: tables, command line, the schema of plan.json. `make docs` runs it; tests refuse stale ones."""

import inspect
import json
import re
from collections.abc import Callable
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import get_args

from pydantic import BaseModel, SecretStr

from equipoise.exchange.plan_document import publish_schema
from equipoise.gather.settings import settings_reference
from equipoise.interfaces.api.openapi import description
from equipoise.interfaces.api.routes import PREFIX, TABLES, routes
from equipoise.interfaces.python import function, functions
from equipoise.service import OPERATIONS
from equipoise.service.step_schemas import schemas
from equipoise.tables import DICTIONARY

HERE = Path(__file__).parent / "reference"


def tables() -> str:
    """Return the data dictionary as a page."""
    lines = [
        "# Tables",
        "",
        "Every table, from the data dictionary in `src/equipoise/tables`. A key is marked `*`; a key in brackets may be empty:",
        "it then stands for all.",
        "A flow sums over periods, a stock takes the last value, a ratio is computed again.",
    ]
    titles = {"given": "Given", "made": "Made by the steps", "kept": "Kept by the store"}
    for group, title in titles.items():
        lines += ["", f"## {title}"]
        for definition in DICTIONARY.values():
            if definition.group != group:
                continue
            lines += ["", f"### {definition.name}", "", definition.meaning, "", "| column | kind | unit | meaning |", "|---|---|---|---|"]
            for column in definition.columns:
                name = column.name
                if column.key:
                    name = f"{name}*" if column.required else f"({name})*"
                elif column.required:
                    name = f"**{name}**"
                notes = [column.meaning]
                if column.allowed:
                    notes.append(f"One of: {', '.join(word or 'empty' for word in column.allowed)}.")
                if column.default is not None:
                    notes.append(f"Empty means {column.default}.")
                if column.over_time:
                    notes.append(f"A {column.over_time}.")
                lines.append(f"| {name} | {column.kind} | {column.unit} | {' '.join(note.rstrip('.') + '.' for note in notes)} |")
    return "\n".join(lines) + "\n"


def command_line() -> str:
    """Return the commands as a page."""
    lines = ["# Command line", "", "Every command takes `--json`: the answer, or the error, as JSON."]
    for operation in OPERATIONS.values():
        if "cli" not in operation.doors:
            continue
        fields = operation.request.model_fields
        positional = [
            name for name, info in fields.items() if isinstance(info.json_schema_extra, dict) and info.json_schema_extra.get("positional")
        ]
        usage = " ".join(["equipoise", operation.name, *(f"[{name}]" if not fields[name].is_required() else name for name in positional)])
        lines += [
            "",
            f"## {operation.name}",
            "",
            operation.summary,
            "",
            f"`{usage} [options]`",
            "",
            "| argument | default | meaning |",
            "|---|---|---|",
        ]
        for name, info in fields.items():
            shown = name if name in positional else f"--{name.replace('_', '-')}"
            if SecretStr in (info.annotation, *get_args(info.annotation)):  # no option: the environment's, or asked for
                shown = f"EQUIPOISE_{name.upper()}"
            default = "required" if info.is_required() else info.get_default(call_default_factory=True)
            lines.append(f"| {shown} | {'' if default in (None, '', []) else default} | {info.description} |")
    return "\n".join(lines) + "\n"


def with_settings(page: str) -> str:
    """Return the manual of the plan file with the table of settings as the models have it now."""
    head, _, rest = page.rpartition("| key | type | default | meaning |")
    return head + settings_reference() + "\n" + rest[rest.index("\n\n") + 1 :]


def rest() -> str:
    """Return the routes of the API as a page."""
    lines = [
        "# REST",
        "",
        f"Everything lies under `{PREFIX}`. What is asked and answered, with examples, is in [openapi.json](../openapi.json),",
        f"which a server gives at `{PREFIX}/openapi.json`. How requests, errors, tables and jobs work: [the manual](../api.md).",
        "",
        "| method | path | operation | permission | what it does |",
        "|---|---|---|---|---|",
        f"| GET | `{TABLES}` | show | view | List the tables of a plan's version. |",
        f"| GET | `{TABLES}/{{table}}` | show | view | {OPERATIONS['show'].summary} |",
    ]
    for route in routes():
        operation = route.operation
        lines.append(f"| {route.method} | `{route.path}` | {operation.name} | {operation.permission} | {operation.summary} |")
    return "\n".join(lines) + "\n"


def stub() -> str:
    """Return the types of the functions of `import equipoise`, for editors and type checkers."""
    of = functions().values()
    used = {model for operation in of for info in operation.request.model_fields.values() for model in _models(info.annotation)}
    module = {model.__name__: model.__module__ for model in (used | {_static(operation.answer) for operation in of})}
    lines = ['"""The functions of `import equipoise`, made from the register by `make docs`."""', ""]
    lines += ["import datetime", "from typing import Literal, Optional", "", "from pydantic import JsonValue, SecretStr", ""]
    lines += [f"from {module[name]} import {name} as {name}" for name in sorted(module, key=lambda name: (module[name], name))]
    lines += ["from equipoise.service.register import Context as Context", "", "__version__: str", "", "def code_version() -> str: ..."]
    for name in functions():
        made = function(name)
        parameters = [*inspect.signature(made).parameters.values()] if made is not None else []
        given = [_typed(one) for one in parameters if one.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD]
        named = [_typed(one) for one in parameters if one.kind is inspect.Parameter.KEYWORD_ONLY]
        said = ", ".join([*given, "*", *named, "context: Context | None = ..."])
        lines.append(f"def {name}({said}) -> {_static(functions()[name].answer).__name__}: ...")
    return "\n".join(lines) + "\n"


def _models(annotation: object) -> set[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return {annotation}
    return {model for one in get_args(annotation) for model in _models(one)}


def _static(model: type[BaseModel]) -> type[BaseModel]:
    """Return a model, or where it was made from the dictionary at run time what it was made of."""
    return next(one for one in model.__mro__ if issubclass(one, BaseModel) and _written(one))


def _written(model: type[BaseModel]) -> bool:
    held: object = getattr(import_module(model.__module__), model.__name__, None)
    return held is model


def _typed(parameter: inspect.Parameter) -> str:
    said = re.sub(r"\b(?:[a-z_]+\.)+(?=[A-Z])", "", inspect.formatannotation(parameter.annotation)).replace("NoneType", "None")
    return f"{parameter.name}: {said}" + ("" if parameter.default is inspect.Parameter.empty else " = ...")


def openapi() -> str:
    """Return the description of the API."""
    return json.dumps(description(), indent=1) + "\n"


def _schema(name: str) -> str:
    return json.dumps(schemas()[name], indent=1, ensure_ascii=False) + "\n"


SKILL = "../../skills/sop-facilitator/schemas"
PAGES: dict[str, Callable[[], str]] = {
    **{f"{SKILL}/{name}": partial(_schema, name) for name in schemas()},
    "tables.md": tables,
    "command-line.md": command_line,
    "rest.md": rest,
    "../openapi.json": openapi,
    "../../src/equipoise/__init__.pyi": stub,
}

if __name__ == "__main__":
    publish_schema(HERE.parent / "plan.schema.json")
    HERE.mkdir(exist_ok=True)
    for name, page in PAGES.items():
        (HERE / name).write_text(page(), encoding="utf-8")
    manual = HERE.parent / "plan-file.md"
    manual.write_text(with_settings(manual.read_text(encoding="utf-8")), encoding="utf-8")
