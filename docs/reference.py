"""Write what is generated in docs: tables, command line, the schema of plan.json. `make docs` runs it; tests refuse stale ones."""

from pathlib import Path
from typing import get_args

from pydantic import SecretStr

from equipoise.exchange.plan_document import publish_schema
from equipoise.gather.settings import settings_reference
from equipoise.service import OPERATIONS
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


PAGES = {"tables.md": tables, "command-line.md": command_line}

if __name__ == "__main__":
    publish_schema(HERE.parent / "plan.schema.json")
    HERE.mkdir(exist_ok=True)
    for name, page in PAGES.items():
        (HERE / name).write_text(page(), encoding="utf-8")
    manual = HERE.parent / "plan-file.md"
    manual.write_text(with_settings(manual.read_text(encoding="utf-8")), encoding="utf-8")
