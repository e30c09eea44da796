"""A file of the inbox: what it says, entry by entry, each with its line."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace

from equipoise.errors import Fault, InputError, PlanFileError, Where
from equipoise.gather.document import Group, Leaf, Listing, Node, plain, read_document
from equipoise.gather.overrides import read_override
from equipoise.gather.reading import Reading
from equipoise.gather.report import Report
from equipoise.scenario import Override
from equipoise.service.changes import read_change
from equipoise.tables import KEPT

SECTIONS = {
    "overrides": "override",
    "decisions": "decision",
    "actions": "action",
    "assumptions": "assumption",
    "risks": "risk",
    "comments": "comment",
    "tasks": "task",
}
MOST_BYTES = 5_000_000
MOST_ENTRIES = 20_000
_HEAD = ("plan", "author", "role", "proposed_by", "reason", "scenario")
_FIRST = f"Begin with one of the keys {', '.join(SECTIONS)}."
_SPLIT = "Make several files of it, or read such data as a table of the plan."
_BESIDE = ("id", "override", "change", "scenario")  # keys of an override's entry that are no columns of an override


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry: the record it means, what it says, its line, and the place of its keys for messages."""

    kind: str
    id: str
    values: dict[str, object]
    group: Group
    path: str
    override: Override | None = None
    scenario: str = ""

    @property
    def said(self) -> str:
        """A hash of what it says: an entry that says the same as before changes nothing."""
        text = json.dumps(
            [self.kind, plain(self.group), self.scenario, self.override.reason if self.override else ""], sort_keys=True, default=str
        )
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def fault(self, fault: Fault, name: str) -> Fault:
        """Return a fault of the entry with its place in the file: the line of the key that it is about."""
        key = fault.where.column.split(".")[0].split(" ")[0]
        path = f"{self.path}.{key}" if key in self.group.entries else self.path
        return replace(fault, where=Where(name, self.kind, self.group.line_of(key), path))


@dataclass(frozen=True, slots=True)
class InboxFile:
    """What a file says: whose it is, for which plan, and its entries. `proposed` where it only proposes."""

    name: str
    plan: str = ""
    author: str = ""
    reason: str = ""
    proposed: bool = False
    entries: tuple[Entry, ...] = ()


def read_inbox_file(data: bytes, name: str) -> InboxFile:
    """Return what a file says. `name` is its path in the inbox: entries without an id are named for it and their place.

    Raises PlanFileError with every fault, each with its line, where it is too large, no UTF-8, no YAML, repeats a key, is built to exhaust
    memory, has a key that is not known, too many entries, or names one record twice.
    """
    if len(data) > MOST_BYTES:
        fault = Fault(f"It is larger than {MOST_BYTES // 1_000_000} MB, the most that a file of the inbox may have.", _SPLIT, Where(name))
        raise PlanFileError(f"{name} is too large.", _SPLIT, faults=[fault])
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise PlanFileError(
            f"{name} is not UTF-8 text.", "Save it as UTF-8.", faults=[Fault("It is not UTF-8 text.", "Save it as UTF-8.", Where(name))]
        ) from None
    root = read_document(text, name, "file of the inbox", _FIRST)
    reading = Reading(name, Report())
    reading.only(root, (*_HEAD, *SECTIONS))
    count = sum(len(node.items) for section in SECTIONS if isinstance(node := root.entries.get(section), Listing))
    if count > MOST_ENTRIES:
        fault = Fault(f"It has {count:,} entries; a file of the inbox has at most {MOST_ENTRIES:,}.", _SPLIT, Where(name))
        raise PlanFileError(f"{name} has too many entries.", _SPLIT, faults=[fault])
    head = {key: reading.text(root, key) for key in _HEAD}
    entries = [entry for section, kind in SECTIONS.items() for entry in _entries(root, section, kind, head, reading)]
    _refuse_twice(entries, reading)
    if not entries and not reading.report.errors:
        reading.error("The file says nothing.", _FIRST, root.line)
    if reading.report.errors:
        raise PlanFileError(f"{name} has {len(reading.report.errors)} fault(s).", faults=reading.report.errors)
    proposed = bool(head["proposed_by"]) or head["role"] == "agent"
    return InboxFile(name, head["plan"], head["proposed_by"] or head["author"], head["reason"], proposed, tuple(entries))


def _entries(root: Group, section: str, kind: str, head: dict[str, str], reading: Reading) -> Iterator[Entry]:
    stem = reading.name.rsplit(".", 1)[0]
    for position, group in enumerate(reading.groups(root, section), start=1):
        path = f"{section} {position}"
        identity = reading.text(group, "id", path=path) or (reading.text(group, kind, path=path) if kind != "comment" else "")
        if kind == "task" and identity.isdigit():
            identity = f"task-{identity}"
        if not identity and kind in {"task", "risk"}:
            reading.error(f"The {kind} has no name.", f"Give `{kind}:`, its {'number' if kind == 'task' else 'name'}.", group.line, path)
        entry = Entry(kind, identity or f"{stem}/{kind}-{position}", {}, group, path)
        if kind == "override":
            found = _override(entry, head, reading)
            if found is not None:
                yield found
        else:
            columns = KEPT[kind].by_name
            rest = {key: node for key, node in group.entries.items() if key not in {"id", kind}}
            yield replace(entry, values={key: _value(node, columns[key].kind if key in columns else "") for key, node in rest.items()})


def _value(node: Node, kind: str) -> object:
    """Return a value: words as written where the column holds words, so that the item NO stays the word NO."""
    if isinstance(node, Leaf) and kind == "text" and node.value is not None:
        return node.text
    return plain(node)


def _override(entry: Entry, head: dict[str, str], reading: Reading) -> Entry | None:
    """Return the entry with its override: in words at `change`, or column by column; None, with its faults noted, where it is none."""
    group = entry.group
    rest = {key: node for key, node in group.entries.items() if key not in _BESIDE}
    reason = reading.text(group, "reason", head["reason"], entry.path)
    words = reading.text(group, "change", path=entry.path)
    override: Override | None
    if words:
        try:
            does = read_change(words, reason).model_dump(exclude={"reason"}, exclude_unset=True)
        except InputError as error:
            reading.error(error.message, error.fix, group.line_of("change"), f"{entry.path}.change")
            return None
        both = [key for key in rest if key in does]
        if both:
            reading.error(f"`change` and {both[0]} say the same.", "Keep one of them.", group.line_of(both[0]), entry.path)
        more = {key: _value(node, "text" if key not in {"lock", "expires", "probability", "was"} else "") for key, node in rest.items()}
        override = reading.model(Override, {**does, **more}, group, entry.path)
    else:
        override = read_override(Group(rest, group.lines, group.line), entry.path, reading)
    if override is None:
        return None
    scenario = reading.text(group, "scenario", head["scenario"], entry.path)
    return replace(entry, override=override.model_copy(update={"id": entry.id, "reason": reason}), scenario=scenario)


def _refuse_twice(entries: list[Entry], reading: Reading) -> None:
    seen: dict[tuple[str, str], Entry] = {}
    for entry in entries:
        other = seen.setdefault((entry.kind, entry.id), entry)
        if other is not entry:
            message = f"{entry.id} is there twice: in lines {other.group.line} and {entry.group.line}."
            reading.error(message, "Give each an id of its own.", entry.group.line, entry.path)
