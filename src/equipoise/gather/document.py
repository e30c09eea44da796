"""A YAML text as a tree in which every key and every value knows its line."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import yaml

from equipoise.errors import Fault, PlanFileError, Where
from equipoise.gather import indentation
from equipoise.tables.ceilings import most

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_MERGE = "tag:yaml.org,2002:merge"
_WORDY = 40  # characters of a sentence
_WORD = "tag:yaml.org,2002:str"
_COLLECTIONS = {"tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"}
_NUMBERS = {"tag:yaml.org,2002:int", "tag:yaml.org,2002:float"}
_LONGEST_NUMBER = 400  # characters: the largest number there is has 309 digits, and reading longer ones takes the square of their length
_FIRST = "Write at least `plan: a-name` and `data: a-folder`, or the short form with `inputs`."


@dataclass(frozen=True, slots=True)
class Leaf:
    """One value: as YAML understands it, and as it is written."""

    value: object
    text: str
    line: int


@dataclass(frozen=True, slots=True)
class Listing:
    """A list."""

    items: "tuple[Node, ...]"
    line: int


@dataclass(frozen=True, slots=True)
class Group:
    """A mapping of keys to nodes; `lines` gives the line of each key."""

    entries: "dict[str, Node]"
    lines: dict[str, int]
    line: int

    def line_of(self, key: str) -> int:
        """Return the line of `key`, or that of the group where it has no such key."""
        return self.lines.get(key, self.line)


Node = Leaf | Listing | Group


def plain(node: Node) -> object:
    """Return the node as Python values: dict, list, text, number, date, bool or None."""
    if isinstance(node, Leaf):
        return node.value
    if isinstance(node, Listing):
        return [plain(item) for item in node.items]
    return {key: plain(value) for key, value in node.entries.items()}


class _Dumper(yaml.SafeDumper):
    """Writes everything out, nothing by reference to what was written before; lists of sentences have a line each."""

    def ignore_aliases(self, _: object) -> bool:
        return True

    def serialize(self, node: yaml.Node) -> None:
        if isinstance(node, yaml.CollectionNode):
            node.flow_style = False  # of the whole, each key has a line of its own
        super().serialize(node)

    def represent_sequence(self, tag: str, sequence: Iterable[object], flow_style: bool | None = None) -> yaml.SequenceNode:
        items = list(sequence)
        long = any(isinstance(one, str) and len(one) > _WORDY for one in items)
        return super().represent_sequence(tag, items, False if long else flow_style)


def _text(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    """Return a text as a node; one of several lines as a block that reads as it is."""
    block = "\n" in text and not any(line.endswith((" ", "\t")) for line in text.split("\n"))
    return dumper.represent_scalar(_WORD, text, style="|" if block else None)


_Dumper.add_representer(str, _text)


def written(values: object) -> str:
    """Return values as a YAML text: texts quoted where they would be read as something else, groups of plain values on one line."""
    return yaml.dump(values, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=2000, default_flow_style=None)


def read_document(text: str, name: str, what: str = "plan file", first: str = _FIRST) -> Group:
    """Return the mapping that a YAML text holds.

    `name` is the file's name in messages, `what` what it is, and `first` says how one begins. Raises PlanFileError with all faults where
    the text is not YAML, is not a mapping, repeats a key, has lost its indentation, or is built to exhaust memory.
    """
    if len(text) > most("document_characters"):
        message = f"The {what} has {len(text):,} characters; the most is {most('document_characters'):,}."
        raise _refusal(name, message, "Keep data in tables of its own.")
    known = _Reading(name)
    try:
        _survey(text, name)
        root = yaml.compose(text, Loader=_LOADER)
    except yaml.YAMLError as error:
        lost = indentation.lost(text, name)
        if lost is not None:
            raise _lost(lost, name) from None
        raise _unreadable(error, text, name) from None
    if root is None:
        raise _refusal(name, f"The {what} is empty.", first)
    tree = known.node(root, ())
    lost = indentation.lost(text, name)
    if lost is not None:
        raise _lost(lost, name)
    if known.faults:
        raise PlanFileError(f"The plan file {name} cannot be read.", faults=known.faults)
    if not isinstance(tree, Group):
        fix = "Begin with keys such as `plan:` and `data:`." if first is _FIRST else first
        raise _refusal(name, f"The {what} is not a mapping of keys to values.", fix)
    return tree


def _refusal(name: str, message: str, fix: str, line: int | None = None) -> PlanFileError:
    return PlanFileError(f"The plan file {name} cannot be read.", faults=(Fault(message, fix, Where(name, row=line)),))


def _lost(fault: Fault, name: str) -> PlanFileError:
    return PlanFileError(f"The plan file {name} cannot be read: its indentation is lost.", faults=(fault,))


def _unreadable(error: yaml.YAMLError, text: str, name: str) -> PlanFileError:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    line = mark.line + 1 if mark is not None else None
    problem = getattr(error, "problem", None) or str(error).splitlines()[0]
    lines = text.splitlines()
    shown = lines[line - 1] if line is not None and line <= len(lines) else ""
    if shown[: len(shown) - len(shown.lstrip())].count("\t"):
        return _refusal(name, "The line is indented with a tab.", "Indent with spaces, two a level.", line)
    if "single document" in str(error):
        return _refusal(name, "The file holds several documents.", "Keep one; remove the line `---` that begins the second.", line)
    place = f" near `{shown.strip()[:80]}`" if shown.strip() else ""
    return _refusal(name, f"This is not YAML{place}: {problem}.", "Check colons, quotes, brackets and indentation there.", line)


def _line(event: yaml.Event) -> int | None:
    return event.start_mark.line + 1 if event.start_mark is not None else None


def _survey(text: str, name: str) -> None:
    """Refuse depth, aliases and numbers of values that are built to exhaust memory, before anything is composed."""
    depth = aliases = values = 0
    deepest, largest, often = most("document_depth"), most("document_values"), most("document_aliases")
    for event in yaml.parse(text, Loader=_LOADER):
        values += isinstance(event, yaml.NodeEvent)
        if values > largest:
            raise _refusal(name, f"The file has more than {largest:,} values.", "Keep data in tables of its own.", _line(event))
        if isinstance(event, (yaml.MappingStartEvent, yaml.SequenceStartEvent)):
            depth += 1
            if depth > deepest:
                raise _refusal(name, f"Values are nested more than {deepest} deep.", "Keep it flatter.", _line(event))
        elif isinstance(event, (yaml.MappingEndEvent, yaml.SequenceEndEvent)):
            depth -= 1
        elif isinstance(event, yaml.AliasEvent):
            aliases += 1
            if aliases > often:
                raise _refusal(name, f"More than {often} aliases (*name) are used.", "Write the values out.", _line(event))


@dataclass
class _Reading:
    """Turns PyYAML's nodes into ours, collecting faults; `seen` guards against aliases that multiply."""

    name: str
    faults: list[Fault] = field(default_factory=list)
    seen: int = 0
    largest: int = field(default_factory=lambda: most("document_values"))
    constructor: yaml.constructor.SafeConstructor = field(default_factory=yaml.constructor.SafeConstructor)

    def fault(self, message: str, fix: str, line: int) -> None:
        self.faults.append(Fault(message, fix, Where(self.name, row=line)))

    def node(self, node: yaml.Node, above: tuple[int, ...]) -> Node:
        line = node.start_mark.line + 1
        self.seen += 1
        if self.seen > self.largest:
            raise _refusal(self.name, f"Aliases make more than {self.largest:,} values of this file.", "Write the values out.", line)
        if id(node) in above:
            raise _refusal(self.name, "An alias holds itself.", "Write the values out.", line)
        if isinstance(node, yaml.CollectionNode) and node.tag not in _COLLECTIONS:
            self.fault(
                f"The tag {node.tag.removeprefix('tag:yaml.org,2002:')[:80]} is not allowed.", "Write the values without a tag.", line
            )
        if isinstance(node, yaml.MappingNode):
            return self.group(node, (*above, id(node)))
        if isinstance(node, yaml.SequenceNode):
            return Listing(tuple(self.node(item, (*above, id(node))) for item in node.value), line)
        return self.leaf(node, line)

    def leaf(self, node: yaml.Node, line: int) -> Leaf:
        text = str(node.value)
        if node.tag == _WORD:
            return Leaf(text, text, line)
        if node.tag not in self.constructor.yaml_constructors:
            self.fault(f"The tag {node.tag.removeprefix('tag:yaml.org,2002:')} is not allowed.", "Write the value without a tag.", line)
            return Leaf(text, text, line)
        if node.tag in _NUMBERS and len(text) > _LONGEST_NUMBER:
            self.fault(f"The number {text[:40]}... has {len(text):,} characters.", "Shorten it, or put it in quotes.", line)
            return Leaf(text, text, line)
        try:
            return Leaf(self.constructor.construct_object(node), text, line)
        except (ValueError, OverflowError, yaml.YAMLError):
            self.fault(f"{text[:80]!r} looks like a date or number but is none.", "Correct it, or put it in quotes.", line)
            return Leaf(text, text, line)

    def group(self, node: yaml.MappingNode, above: tuple[int, ...]) -> Group:
        entries: dict[str, Node] = {}
        lines: dict[str, int] = {}
        for key_node, value_node in self.pairs(node):
            key, line = str(key_node.value), key_node.start_mark.line + 1
            if key in entries:
                self.fault(f"The key `{key}` is repeated: it stands in lines {lines[key]} and {line}.", "Keep one of them.", line)
                continue
            entries[key] = self.node(value_node, above)
            lines[key] = line
        return Group(entries, lines, node.start_mark.line + 1)

    def pairs(self, node: yaml.MappingNode) -> Iterator[tuple[yaml.Node, yaml.Node]]:
        for key, value in node.value:
            line = key.start_mark.line + 1
            if not isinstance(key, yaml.ScalarNode):
                self.fault("A key must be a word, not a list or a mapping.", "Put values with spaces or braces in quotes.", line)
            elif key.tag == _MERGE:
                self.fault("Merging with `<<` is not supported.", "Write the keys out.", line)
            else:
                yield key, value
