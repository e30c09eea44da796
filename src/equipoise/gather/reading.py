"""Reads keys of a plan file's tree with their types, noting every fault with its line."""

import math
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import TypeVar, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from equipoise.errors import Where
from equipoise.gather.document import Group, Leaf, Listing, Node, plain
from equipoise.gather.report import Report

Model = TypeVar("Model", bound=BaseModel)


def nearest(word: str, known: Iterable[str], cutoff: float = 0.6) -> str:
    """Return a sentence that names the known word nearest to `word`, or all known words where none is near."""
    known = list(known)
    lowered = {name.lower(): name for name in known}
    near = get_close_matches(word.lower(), lowered, n=1, cutoff=cutoff)
    if near:
        return f"Did you mean {lowered[near[0]]}?"
    return f"Known: {', '.join(known[:40])}." if known else ""


class Reading:
    """Reads one plan file: `name` is the file's name, `report` takes the faults and assumptions."""

    def __init__(self, name: str, report: Report) -> None:
        self.name = name
        self.report = report

    def at(self, line: int) -> str:
        """Return `file:line`, the origin of an assumption."""
        return f"{self.name}:{line}"

    def error(self, message: str, fix: str, line: int, path: str = "") -> None:
        """Note a fault of the plan file."""
        self.report.error(message, fix, Where(self.name, row=line, column=path))

    def only(self, group: Group, known: Iterable[str], path: str = "") -> None:
        """Note every key of `group` that is not known, with the nearest that is."""
        known = list(known)
        for key in group.entries:
            if key not in known:
                self.error(f"Unknown key `{key}`.", nearest(key, known), group.line_of(key), path)

    def group(self, parent: Group, key: str, path: str = "") -> Group | None:
        """Return the mapping at `key`; None where it is absent, empty or (a fault) something else."""
        node = parent.entries.get(key)
        if node is None or (isinstance(node, Leaf) and node.value is None):
            return None
        if isinstance(node, Group):
            return node
        self.error(
            f"`{key}` must be a mapping of keys to values.", "Write `key: value` lines below it, indented.", parent.line_of(key), path
        )
        return None

    def groups(self, parent: Group, key: str, path: str = "") -> tuple[Group, ...]:
        """Return the mappings listed at `key`; a single mapping counts as a list of one."""
        node = parent.entries.get(key)
        if node is None or (isinstance(node, Leaf) and node.value is None):
            return ()
        items = node.items if isinstance(node, Listing) else (node,)
        wrong = [item for item in items if not isinstance(item, Group)]
        for item in wrong:
            self.error(f"`{key}` must be a list of mappings.", "Begin each entry with `- ` and its first key.", item.line, path)
        return tuple(item for item in items if isinstance(item, Group))

    def text(self, parent: Group, key: str, default: str = "", path: str = "", allowed: tuple[str, ...] = ()) -> str:
        """Return the words at `key`, or the default where it is absent."""
        node = parent.entries.get(key)
        if node is None or (isinstance(node, Leaf) and node.value is None):
            return default
        if not isinstance(node, Leaf):
            self.error(f"`{key}` must be one value.", "Write it after the colon.", parent.line_of(key), path)
            return default
        if allowed and node.text not in allowed:
            self.error(f"`{key}` is {node.text!r}.", f"It must be one of {', '.join(allowed)}.", node.line, path)
            return default
        return node.text

    def texts(self, parent: Group, key: str, path: str = "") -> tuple[str, ...]:
        """Return the words listed at `key`; a single value counts as a list of one."""
        node = parent.entries.get(key)
        if node is None or (isinstance(node, Leaf) and node.value is None):
            return ()
        items = node.items if isinstance(node, Listing) else (node,)
        if not all(isinstance(item, Leaf) for item in items):
            self.error(f"`{key}` must be a list of single values.", "Write it as [one, two].", parent.line_of(key), path)
        return tuple(item.text for item in items if isinstance(item, Leaf))

    def number(self, parent: Group, key: str, path: str = "", minimum: float | None = 0.0) -> float | None:
        """Return the number at `key`, or None where it is absent or (a fault) not a number of at least `minimum`."""
        node = parent.entries.get(key)
        if node is None or (isinstance(node, Leaf) and node.value is None):
            return None
        value = self.as_number(node)
        if value is None or not math.isfinite(value):
            self.error(f"`{key}` must be a number.", "Write digits, with a point for decimals.", parent.line_of(key), path)
            return None
        if minimum is not None and value < minimum:
            self.error(f"`{key}` is {value:g}; the least is {minimum:g}.", "Correct the number.", parent.line_of(key), path)
            return None
        return value

    @staticmethod
    def as_number(node: Node) -> float | None:
        """Return the number that a node holds, or None."""
        if not isinstance(node, Leaf) or isinstance(node.value, bool):
            return None
        if isinstance(node.value, (int, float)):
            return float(node.value)
        try:
            return float(node.text.replace("_", "").replace(",", "") if node.text else "nothing")
        except ValueError:
            return None

    def mapping(self, parent: Group, key: str, path: str = "") -> dict[str, str]:
        """Return the mapping of words to words at `key`."""
        group = self.group(parent, key, path)
        if group is None:
            return {}
        for name, node in group.entries.items():
            if not isinstance(node, Leaf):
                self.error(f"`{key}.{name}` must be one value.", "Write it after the colon.", group.line_of(name), path)
        return {name: node.text for name, node in group.entries.items() if isinstance(node, Leaf)}

    def model(self, kind: type[Model], value: Mapping[str, object], group: Group, path: str = "") -> Model | None:
        """Return `value` as a model; None, with every fault noted at its line, where it does not fit."""
        try:
            return kind.model_validate(dict(value))
        except ValidationError as error:
            for fault in error.errors():
                self._explain(kind, fault, group, path)
            return None

    def _explain(self, kind: type[BaseModel], fault: ErrorDetails, group: Group, path: str) -> None:
        place = [str(part) for part in fault["loc"]]
        line = _line(group, place)
        column = ".".join(part for part in (path, *place) if part)
        key = next((part for part in reversed(place) if not part.isdigit()), path)
        message, fix = wording(kind, fault, place, key)
        self.error(message, fix, line, column)


def _line(group: Group, place: list[str]) -> int:
    node: Node = group
    line = group.line
    for part in place:
        if isinstance(node, Group) and part in node.entries:
            line, node = node.lines[part], node.entries[part]
        elif isinstance(node, Listing) and part.isdigit() and int(part) < len(node.items):
            node = node.items[int(part)]
            line = node.line
        else:
            break
    return line


def wording(kind: type[BaseModel], fault: ErrorDetails, place: list[str], key: str) -> tuple[str, str]:
    """Return what is wrong with the value at `place` of a model, called `key`, and the remedy."""
    context, value = fault.get("ctx", {}), fault.get("input")
    least, most = context.get("ge", context.get("gt")), context.get("le", context.get("lt"))
    if fault["type"] == "extra_forbidden":
        return f"Unknown key `{key}`.", nearest(key, _fields(kind, place[:-1]))
    if fault["type"] == "missing":
        return f"`{key}` is missing.", f"Give `{key}`."
    if fault["type"] == "literal_error":
        return f"`{key}` is {value!r}.", f"It must be {context['expected']}."
    if least is not None and "gt" in context:
        return f"`{key}` is {value}; it must be above {least:g}.", f"Give a number above {least:g}."
    if least is not None:
        return f"`{key}` is {value}; the least is {least}.", f"Give a number of {least} or more."
    if most is not None and "lt" in context:
        return f"`{key}` is {value}; it must be below {most:g}.", f"Give a number below {most:g}."
    if most is not None:
        return f"`{key}` is {value}; the most is {most}.", f"Give a number of at most {most}."
    if fault["type"] == "value_error":
        return f"{str(context['error'])[:1].upper()}{str(context['error'])[1:]}", "Correct it."
    if fault["type"] == "string_pattern_mismatch":
        return f"`{key}` is {value!r}.", "Use letters, digits, - . and _ only, beginning with a letter or a digit."
    return f"`{key}` is {value!r}: {str(fault['msg']).lower()}.", "Correct the value."


def _fields(kind: type[BaseModel], place: list[str]) -> list[str]:
    model: object = kind
    for part in place:
        if isinstance(model, type) and issubclass(model, BaseModel) and part in model.model_fields:
            model = model.model_fields[part].annotation
        while get_origin(model) in {tuple, list} and get_args(model):
            model = get_args(model)[0]
    return (
        [field.alias or name for name, field in model.model_fields.items()]
        if isinstance(model, type) and issubclass(model, BaseModel)
        else []
    )


def values_for(kind: type[BaseModel], group: Group) -> dict[str, object]:
    """Return the group as values for the model: words as they are written wherever the model wants text.

    So `currency: NO` stays the word NO, which YAML takes for false.
    """
    found: dict[str, object] = {}
    for key, node in group.entries.items():
        field = kind.model_fields.get(key)
        wanted = field.annotation if field is not None else None
        each = listed_model(wanted)
        if isinstance(node, Group) and isinstance(wanted, type) and issubclass(wanted, BaseModel):
            found[key] = values_for(wanted, node)
        elif each is not None and isinstance(node, Listing):
            found[key] = [values_for(each, item) if isinstance(item, Group) else plain(item) for item in node.items]
        elif isinstance(node, Leaf) and wanted is str and node.value is not None:
            found[key] = node.text
        else:
            found[key] = plain(node)
    return found


def listed_model(kind: object) -> type[BaseModel] | None:
    """Return the model that each entry of a list of groups has, or None where `kind` is no such list."""
    each = get_args(kind)[0] if get_origin(kind) is tuple and get_args(kind) else None
    return each if isinstance(each, type) and issubclass(each, BaseModel) else None
