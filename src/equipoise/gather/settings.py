"""The settings of a plan file: read, completed with defaults that are recorded, and described for the manual."""

import datetime as dt
from collections.abc import Iterable, Iterator
from typing import get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from equipoise.dimensions.calendar import Calendar
from equipoise.gather.document import Group, Leaf
from equipoise.gather.reading import Reading, listed_model, values_for
from equipoise.tables.process_setting import ProcessSetting
from equipoise.tables.setting import Setting

SETTING_KEYS = tuple(Setting.model_fields)
_FAMILY_RULES = (
    "Supply is planned by family: its demand, backlog, stock, receipts and safety stock are those of its items added up.",
    "The price of a family in a period is the one that gives the revenue of its items.",
    "Costs, bills of material and resources, yields, lead times and weeks of supply of a family are averages of its items' by demand.",
    "The standard cost of a family is the average of its items' by the sales of the last year.",
    "Resources, workforce and components are planned as they are.",
    "A most (of stock, a lane or a purchase) holds for a family where each of its items has one, as their sum.",
    "Demand of a family may be late or lost where that holds for most of its demand.",
    "What is given for the family itself wins over what is given for its items.",
)
_CADENCES = {
    **dict.fromkeys(("month", "monthly", "months"), "month"),
    **dict.fromkeys(("week", "weekly", "weeks"), "week"),
    **dict.fromkeys(("quarter", "quarterly", "quarters"), "quarter"),
    "4-4-5": "4-4-5",
}


_SHORT = {"planning_cycle": "cadence", "planning_horizon": "horizon", "as_of": "as_of", "start": "start"}  # of the calendar


def read_setting(root: Group, inputs: Group | None, reading: Reading, default_name: str, today: dt.date) -> Setting | None:
    """Return the settings of a plan file; None where they have faults, each noted at its line.

    `inputs` is the short form's group, whose planning_cycle and planning_horizon are settings of the calendar. Defaults that
    matter are recorded as assumptions.
    """
    own = Group({key: node for key, node in root.entries.items() if key in SETTING_KEYS}, root.lines, root.line)
    values = values_for(Setting, own)
    for key in SETTING_KEYS:
        if key in values and values[key] is None:
            del values[key]
    calendar = values.get("calendar", {})
    if not isinstance(calendar, dict):
        calendar = {}
        reading.error(
            "`calendar` must be a mapping of keys to values.", "Write `key: value` lines below it, indented.", root.line_of("calendar")
        )
    values["calendar"] = calendar
    if inputs is not None:
        _from_inputs(root, inputs, calendar, reading)
    if "plan" not in values:
        values["plan"] = default_name
        reading.report.assume("plan", f"The plan is called {default_name}, after its file.", reading.name)
    if calendar.get("as_of") is None and calendar.get("start") is None:
        calendar["as_of"] = today
        reading.report.assume(
            "calendar.as_of", f"Data is taken to be complete up to today, {today}: no as_of or start is given.", reading.name
        )
    setting = reading.model(Setting, values, Group({**root.entries, **(inputs.entries if inputs else {})}, _lines(root, inputs), root.line))
    if setting is not None:
        _check_calendar(setting, root, reading)
        _record_defaults(setting, calendar, values, reading)
    return setting


def setting_lines(root: Group, inputs: Group | None) -> dict[str, int]:
    """Return the line of each setting that the plan file gives, by its name with dots; those of the short form under their full names."""
    found: dict[str, int] = {}

    def walk(prefix: str, node: Group, keys: Iterable[str]) -> None:
        for key in keys:
            if key in node.entries:
                found[f"{prefix}{key}"] = node.line_of(key)
                inner = node.entries[key]
                if isinstance(inner, Group):
                    walk(f"{prefix}{key}.", inner, inner.entries)

    walk("", root, SETTING_KEYS)
    for key, name in _SHORT.items():
        if inputs is not None and key in inputs.entries:
            found[f"calendar.{name}"] = inputs.line_of(key)
    return found


def read_process(root: Group, reading: Reading) -> ProcessSetting:
    """Return the settings of the process: the group `process`, each fault noted at its line."""
    group = reading.group(root, "process")
    found = reading.model(ProcessSetting, values_for(ProcessSetting, group), group, "process") if group is not None else None
    return found or ProcessSetting()


def _lines(root: Group, inputs: Group | None) -> dict[str, int]:
    return {**root.lines, **(inputs.lines if inputs else {})}


def _from_inputs(root: Group, inputs: Group, calendar: dict[str, object], reading: Reading) -> None:
    """Lay the short form's planning_cycle, planning_horizon, as_of and start into the calendar."""
    given = {key: node for key, node in inputs.entries.items() if key in _SHORT}
    for key, node in given.items():
        name = _SHORT[key]
        if not isinstance(node, Leaf) or node.value is None:
            continue
        if name in calendar:
            reading.error(
                f"`inputs.{key}` and `calendar.{name}` say the same thing twice.", "Keep one of them.", inputs.line_of(key), f"inputs.{key}"
            )
            continue
        value: object = node.value
        if name == "cadence":
            value = _CADENCES.get(node.text.lower().strip())
            if value is None:
                fix = "It must be one of weekly, monthly, quarterly, 4-4-5."
                reading.error(f"`planning_cycle` is {node.text!r}.", fix, node.line, "inputs.planning_cycle")
                continue
        calendar[name] = value
        if name == "horizon" and (isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 260):
            reading.error(
                f"`planning_horizon` is {node.text}.", "Give a whole number of periods from 1 to 260.", node.line, "inputs.planning_horizon"
            )
            del calendar[name]
    del root


def _check_calendar(setting: Setting, root: Group, reading: Reading) -> None:
    group = root.entries.get("calendar")
    line = group.line if isinstance(group, Group) else root.line
    calendar = Calendar.from_setting(setting.calendar)
    if calendar.as_of > calendar.end:
        fix = "Let as_of lie before start, or at most in the first period."
        reading.error(f"as_of, {calendar.as_of}, lies after the whole horizon, which ends on {calendar.end}.", fix, line, "calendar.as_of")
    elif calendar.as_of >= calendar.next(calendar.start):
        fix = "Let as_of lie before start, or at most in the first period."
        reading.error(f"as_of, {calendar.as_of}, lies after the first period, {calendar.start}.", fix, line, "calendar.as_of")
    if setting.calendar.frozen > calendar.horizon:
        fix = "Freeze fewer periods, or plan more."
        reading.error(f"{setting.calendar.frozen} periods are frozen of a horizon of {calendar.horizon}.", fix, line, "calendar.frozen")


def _record_defaults(setting: Setting, calendar: dict[str, object], values: dict[str, object], reading: Reading) -> None:
    derived = Calendar.from_setting(setting.calendar)
    assume = reading.report.assume
    if calendar.get("start") is None:
        assume("calendar.start", f"The horizon starts on {derived.start}, the period after as_of ({derived.as_of}).", reading.name)
    elif calendar.get("as_of") is None:
        assume("calendar.as_of", f"Data is taken to be complete up to {derived.as_of}, the day before the horizon starts.", reading.name)
    if "horizon" not in calendar:
        assume("calendar.horizon", f"The horizon is {derived.horizon} periods.", reading.name)
    if "cadence" not in calendar:
        assume("calendar.cadence", f"A period is a {derived.cadence}.", reading.name)
    if not setting.currency:
        assume("currency", "No currency is named: money is printed without one.", reading.name)
    if setting.supply.level == "family":
        for rule in _FAMILY_RULES:
            assume("supply.level", rule, reading.name)
    finance = values.get("finance")
    if not (isinstance(finance, dict) and finance.get("carrying_rate") is not None):
        assume("finance.carrying_rate", "No carrying rate is given: holding stock costs only what inventory_policy says.", reading.name)


def settings_reference() -> str:
    """Return the settings as a Markdown table: key, type, default, meaning. The manual holds exactly this."""
    lines = ["| key | type | default | meaning |", "|---|---|---|---|"]
    leaves = [*_leaves(Setting, ""), *_leaves(ProcessSetting, "process.")]
    lines += [f"| `{name}` | {kind} | {default} | {meaning} |" for name, kind, default, meaning in leaves]
    return "\n".join(lines)


def _leaves(model: type[BaseModel], prefix: str) -> Iterator[tuple[str, str, str, str]]:
    for name, field in model.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from _leaves(kind, f"{prefix}{name}.")
            continue
        if (each := listed_model(kind)) is not None:
            yield f"{prefix}{name}", "list", _names(field), field.description or ""
            yield from _leaves(each, f"{prefix}{name}[].")
            continue
        required = "name of the file" if name == "plan" else "required"
        default = _told(field) or (required if field.is_required() else _default(field))
        yield f"{prefix}{field.alias or name}", _kind(kind, field), default, field.description or ""


def _names(field: FieldInfo) -> str:
    """Return the default of a list of groups: the first value of each."""
    told = _told(field)
    if told or field.is_required():
        return told or "required"
    return ", ".join(str(next(iter(dict(one).values()))) for one in field.get_default(call_default_factory=True))


def _told(field: FieldInfo) -> str:
    """Return the default in words, where the field has it so."""
    extra = field.json_schema_extra
    return str(extra.get("default", "")) if isinstance(extra, dict) else ""


def _default(field: FieldInfo) -> str:
    value = field.get_default(call_default_factory=True)
    if value is None or value in ("", {}):
        return ""
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value).lower() if isinstance(value, bool) else str(value)


def _kind(kind: object, field: FieldInfo) -> str:
    names: dict[object, str] = {int: "whole number", float: "number", str: "text", bool: "true or false", dt.date: "date"}
    parts = [part for part in get_args(kind) if part is not type(None)]
    if kind in names:
        words = names[kind]
    elif all(isinstance(part, str) for part in parts) and parts:
        words = ", ".join(parts)
    elif get_origin(kind) is tuple and all(isinstance(word, str) for word in get_args(parts[0])) and get_args(parts[0]):
        words = f"list of {', '.join(get_args(parts[0]))}"
    elif len(parts) == 1 and parts[0] in names:
        words = names[parts[0]]
    elif "dict" in str(kind):
        words = "numbers by name"
    else:
        words = "words"
    bounds = {key: getattr(item, key) for item in field.metadata for key in ("ge", "gt", "le") if hasattr(item, key)}
    if "ge" in bounds and "le" in bounds:
        return f"{words}, {bounds['ge']:g} to {bounds['le']:g}"
    return f"{words}, {bounds['ge']:g} or more" if "ge" in bounds else f"{words}, above {bounds['gt']:g}" if "gt" in bounds else words
