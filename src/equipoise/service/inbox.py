"""The inbox: YAML files beside the plan whose entries become records, each file once; one that is wrong or too late changes nothing.

The store is the only record. A file that has changed changes its own records, unless somebody has edited one since: then the file is
refused with what the record says and what the file says.
"""

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from equipoise.errors import ConflictError, EquipoiseError, Fault, NotAllowedError, Where
from equipoise.process.kept import word
from equipoise.process.people import AGENT
from equipoise.scenario import Override
from equipoise.service.current import cycle_name_of
from equipoise.service.cycle_rows import is_of
from equipoise.service.history import shown
from equipoise.service.inbox_file import MOST_BYTES, Entry, InboxFile, read_inbox_file
from equipoise.service.messages.decisions import InboxAnswer, InboxFault, InboxLine, InboxListRequest, InboxTakeRequest
from equipoise.service.overrides import Overridden, check_assumptions, does, overridden
from equipoise.service.permitted import permitted, require_reason
from equipoise.service.recorded import order_of, override_of
from equipoise.service.records import Records, is_agent
from equipoise.service.register import Context
from equipoise.service.workspace import Workspace, locate
from equipoise.store.contract import Change, Document, Record
from equipoise.tables.document import checked_document

KIND = "inbox_file"
_GONE = {"override": "off"}
_MOST_FAULTS = 100
_MORE = "There are more faults, or may be: what comes after is not told."
_OF_A_TASK = ("status", "note", "owner", "owner_role", "due")


@dataclass
class _Taking:
    """What one file does: changes of records, what it made of which entry, and what is wrong."""

    changes: list[Change] = field(default_factory=list)
    made: list[Document] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)


def files_of(place: Workspace) -> list[Path]:
    """Return the files of a workspace's inbox, by name; without those that begin with a dot, and links that lead out of it."""
    inbox = place.folder / "inbox"
    found = [path for pattern in ("*.yaml", "*.yml") for path in inbox.rglob(pattern)] if inbox.is_dir() else []
    found = [path for path in found if path.resolve().is_relative_to(inbox.resolve())]
    return sorted(path for path in found if path.is_file() and not any(part.startswith(".") for part in path.relative_to(inbox).parts))


def inbox_take(request: InboxTakeRequest, context: Context) -> InboxAnswer:
    """Take in what is new or has changed in the inbox, each file all or none; faults come back with file, line, entry and remedy.

    Raises PlanFileError where the plan file is wrong, StoreError where the record cannot be written.
    """
    return take(locate(request), context)


def take(place: Workspace, context: Context) -> InboxAnswer:
    """Take in what is new or has changed in the inbox of a workspace."""
    here = overridden(place, context)
    held = {one.id: one for one in place.store.records(KIND, business_unit=here.unit)}
    lines, faults = [], []
    for path in files_of(place):
        name = path.relative_to(place.folder / "inbox").as_posix()
        line, wrong = _taken(here, path, name, held.get(name))
        lines += [line] if line is not None else []
        faults += wrong
    return InboxAnswer(
        plan=here.plan.setting.plan, headline=_headline(lines), files=lines, faults=[_fault(name, one) for name, one in faults]
    )


def _headline(lines: list[InboxLine]) -> list[str]:
    counts = {state: sum(line.state == state for line in lines) for state in ("taken", "refused", "unchanged")}
    told = [f"{count} {state}" for state, count in counts.items() if count]
    return [f"Files of the inbox: {', '.join(told)}." if told else "The inbox has no files for this plan."]


def _fault(name: str, fault: Fault) -> InboxFault:
    return InboxFault(file=name, line=fault.where.row, entry=fault.where.column, message=fault.message, fix=fault.fix)


def _taken(here: Overridden, path: Path, name: str, before: Record | None) -> tuple[InboxLine | None, list[tuple[str, Fault]]]:
    """Take in one file; return what became of it, None where it is for another plan, and its faults."""
    try:
        data = _data(path)
    except OSError as error:
        return InboxLine(file=name, state="refused"), [(name, Fault(f"It cannot be read: {error.strerror}.", "Check its permissions."))]
    content = hashlib.sha256(data).hexdigest()
    if _is_taken(before, content):
        return InboxLine(file=name, state="unchanged"), []
    earlier = _made_by(before)
    try:
        file = read_inbox_file(data, name)
        if file.plan not in {"", here.plan.setting.plan}:
            return None, []
        taking = _Reader(here, file, earlier).taking()
        if not taking.faults:
            document: Document = {"content": content, "state": "taken", "made": taking.made, "faults": []}
            reason = f"{file.reason or 'taken in'} (inbox/{name})"
            here.place.store.change([*taking.changes, _kept(here, name, before, document)], here.context.sign("inbox take", reason))
            return InboxLine(file=name, state="taken", made=[one.id for one in taking.changes]), []
        faults = taking.faults
    except EquipoiseError as error:
        faults = list(error.faults) or [Fault(error.message, error.fix, error.where)]
    before = next((one for one in here.place.store.records(KIND, business_unit=here.unit) if one.id == name), None)
    if _is_taken(before, content):  # by somebody else, just now: what they made was in the way
        return InboxLine(file=name, state="unchanged"), []
    _refuse(here, name, before, content, faults)
    return InboxLine(file=name, state="refused"), [(name, fault) for fault in faults]


def _data(path: Path) -> bytes:
    """Return what a file says; of one that is too large no more than tells so. Raises OSError."""
    with path.open("rb") as file:
        return file.read(MOST_BYTES + 1)


def _is_taken(before: Record | None, content: str) -> bool:
    return before is not None and before.document.get("content") == content and before.document.get("state") == "taken"


def _kept(here: Overridden, name: str, before: Record | None, document: Document) -> Change:
    cycle = cycle_name_of(here.place.store, here.unit)
    return Change(KIND, document, name, before.revision if before is not None else 0, here.unit, cycle)


def _refuse(here: Overridden, name: str, before: Record | None, content: str, faults: list[Fault]) -> None:
    """Keep that a file was refused and why; what an earlier content of it made stays its own. Said once, it is not said again."""
    said = [f"{fault.message} {fault.fix}".strip() for fault in faults]
    document: Document = {"content": content, "state": "refused", "made": list(_made_by(before).values()), "faults": said}
    if before is None or before.document != document:
        with suppress(ConflictError):  # somebody else has looked at it just now, and says what became of it
            here.place.store.change([_kept(here, name, before, document)], here.context.sign("inbox take", "refused"))


def _made_by(before: Record | None) -> dict[tuple[str, str], Document]:
    """Return what a file made when it was last taken in: by kind and id the revision and a hash of what the entry said."""
    made = before.document.get("made") if before is not None else None
    listed = [one for one in made if isinstance(one, dict)] if isinstance(made, list) else []
    return {(str(one.get("kind")), str(one.get("id"))): one for one in listed}


class _Reader:
    """Turns the entries of a file into changes of records."""

    def __init__(self, here: Overridden, file: InboxFile, earlier: Mapping[tuple[str, str], Document]) -> None:
        self._here = here
        self._file = file
        self._earlier = earlier
        self._taking = _Taking()
        self._proposed = self._proposes()
        self._said = {(entry.kind, entry.id) for entry in file.entries}
        self._held_of: dict[str, dict[str, Record]] = {}
        self._records_of: dict[str, Records] = {}

    def _proposes(self) -> bool:
        """Whether what the file says is only proposed: where a team works, and it is an agent's or says so."""
        if is_agent(self._here.context):
            return True
        if self._here.context.person.alone:
            return False
        users = {one.id: one.document.get("roles") for one in self._here.place.store.records("user")}
        return self._file.proposed or users.get(self._file.author) == [AGENT]

    def taking(self) -> _Taking:
        """Return what the file does."""
        live: list[tuple[Entry, Record | None]] = []
        for entry in self._file.entries:
            known = self._earlier.get((entry.kind, entry.id))
            held = self._held(entry.kind, entry.id)
            if known is not None and held is not None and known.get("said") == entry.said:
                self._taking.made.append({**known})
            elif known is not None and held is not None and entry.kind != "task" and known.get("revision") != held.revision:
                self._too_late(entry, held)
            elif known is None and held is not None and entry.kind != "task":
                message = f"There is a record {entry.id} already, made by {held.changed_by}: {_brief(held.document)}."
                self._taking.faults.append(
                    entry.fault(Fault(message, "Give the entry an id of its own.", Where(column="id")), self._file.name)
                )
            else:
                live.append((entry, held))
        self._others([one for one in live if one[0].override is None])
        self._overrides([one for one in live if one[0].override is not None])
        self._withdraw()
        return self._taking

    def _there(self, kind: str) -> dict[str, Record]:
        """Return the records of a kind by id: a file may have thousands of entries, so they are read once."""
        if kind not in self._held_of:
            self._held_of[kind] = {one.id: one for one in self._here.place.store.records(kind)}
        return self._held_of[kind]

    def _look(self, kind: str, identity: str) -> Record:
        """Return a record. Raises NotFoundError, naming the nearest, where there is none."""
        return self._there(kind).get(identity) or self._here.place.store.record(kind, identity)

    def _named(self, kind: str, identity: str) -> object:
        """Return what an entry names: a record, or another entry of the file. Raises NotFoundError where it is neither."""
        return (kind, identity) in self._said or self._look(kind, identity)

    def _held(self, kind: str, identity: str) -> Record | None:
        found = self._there(kind).get(identity)
        return found if found is not None and found.business_unit == self._here.unit else None

    def _records(self, kind: str) -> Records:
        if kind not in self._records_of:
            self._records_of[kind] = Records(self._here.place, self._here.plan, self._here.context, kind, self._named)
        return self._records_of[kind]

    def _too_late(self, entry: Entry, held: Record) -> None:
        """Note the fault of an entry whose record somebody has edited since, with both values; none where both say the same now."""
        try:
            mine = self._document(entry, held, None)
        except EquipoiseError as error:
            self._taking.faults.append(entry.fault(Fault(error.message, error.fix, error.where), self._file.name))
            return
        names = [
            name for name in {**held.document, **mine} if held.document.get(name) != mine.get(name) and name not in {"position", "was"}
        ]
        if not names:
            self._taking.made.append({"kind": entry.kind, "id": entry.id, "revision": held.revision, "said": entry.said})
            return
        words = [
            f"{name} is {shown(held.document.get(name)) or 'empty'} there, {shown(mine.get(name)) or 'empty'} in the file" for name in names
        ]
        who = f"{held.changed_by} on {held.changed_at:%Y-%m-%d at %H:%M:%S} UTC"
        message = f"{entry.id} was changed by {who}, after this file was taken in: {'; '.join(words)}."
        column = next((name for name in names if name in entry.group.entries), "id")
        fix = "Write into the file what holds now, or change the record to what the file says."
        self._taking.faults.append(entry.fault(Fault(message, fix, Where(column=column)), self._file.name))

    def _add(self, entry: Entry, change: Change, held: Record | None) -> None:
        revision = (held.revision if held is not None else 0) + 1
        self._taking.changes.append(change)
        self._taking.made.append({"kind": entry.kind, "id": change.id, "revision": revision, "said": entry.said})

    def _document(self, entry: Entry, held: Record | None, was: float | None) -> Document:
        """Return what an entry makes of its record. Raises InputError with its faults."""
        if entry.override is not None:
            status = "proposed" if self._proposed else entry.override.status
            author = self._file.author or self._here.context.actor
            override = entry.override.model_copy(update={"status": status, "author": entry.override.author or author, "was": was})
            document = self._here.document(override, None, self._here.scenario(entry.scenario))
            if held is not None and does(override_of(held)) == does(override):
                document["position"] = order_of(held)
            return document
        records = self._records(entry.kind)
        if held is not None:
            changed = records.changed(held, {**dict.fromkeys(_given_before(held, entry)), **entry.values}).document
        else:
            changed = records.added(entry.values, entry.id, proposed=self._proposed).document
        return changed or {}

    def _others(self, entries: list[tuple[Entry, Record | None]]) -> None:
        for entry, held in entries:
            if len(self._taking.faults) >= _MOST_FAULTS:
                self._taking.faults.append(entry.fault(Fault(_MORE, "Correct these first."), self._file.name))
                return
            try:
                if entry.kind == "task":
                    self._add(entry, self._task(entry, held), held)
                    continue
                document = self._document(entry, held, None)
                change = Change(entry.kind, document, entry.id, held.revision if held is not None else 0, self._here.unit, self._cycle)
                self._add(entry, change, held)
            except EquipoiseError as error:
                found = error.faults or (Fault(error.message, error.fix, error.where),)
                self._taking.faults += [entry.fault(fault, self._file.name) for fault in found]

    @cached_property
    def _cycle(self) -> str:
        return cycle_name_of(self._here.place.store, self._here.unit)

    def _task(self, entry: Entry, held: Record | None) -> Change:
        """Return the change of a task's state. Raises NotFoundError, InputError or NotAllowedError."""
        found = held or self._look("task", entry.id)
        person = self._here.context.person
        if not is_of(found, person) and "facilitator" not in person.roles:
            raise NotAllowedError(f"{found.id} is not {person.name}'s.", "Ask whoever it belongs to.")
        document = {name: value for name, value in {**found.document, **entry.values}.items() if value not in (None, "")}
        wrong = [name for name in entry.values if name not in _OF_A_TASK]
        if wrong:
            raise NotAllowedError(f"A file does not change {', '.join(wrong)} of a task.", f"It changes {', '.join(_OF_A_TASK)}.")
        return Change("task", checked_document("task", document), found.id, found.revision)

    def _overrides(self, entries: list[tuple[Entry, Record | None]]) -> None:
        """Add the overrides, looked at as one batch by scenario, each fault at its entry."""
        scenarios: dict[str, list[tuple[Entry, Record | None, Override]]] = {}
        for entry, held in entries:
            if entry.override is not None:
                scenarios.setdefault(entry.scenario, []).append((entry, held, entry.override))
        for name, some in scenarios.items():
            try:
                scenario = self._here.scenario(name)
                mine = [override for _, _, override in some]
                require_reason(self._here, min((one.reason for one in mine), key=len))
                check_assumptions(self._here, mine, [entry.id for entry in self._file.entries if entry.kind == "assumption"])
                effects = self._here.matching.look(mine, scenario)
                if not self._proposed:
                    permitted(self._here, [*mine, *(override_of(held) for _, held, _ in some if held is not None)], scenario)
            except EquipoiseError as error:
                self._taking.faults += self._placed(some, error)
                continue
            for (entry, held, _), effect in zip(some, effects, strict=True):
                was = effect.before if held is None and not scenario and self._here.matching.untouched else None
                revision = held.revision if held is not None else 0
                document = self._document(entry, held, was)
                self._add(entry, Change("override", document, entry.id, revision, self._here.unit, self._cycle), held)

    def _placed(self, some: list[tuple[Entry, Record | None, Override]], error: EquipoiseError) -> Iterator[Fault]:
        """Yield faults of overrides, the first of many, with the entry that each is about, where its words name one."""
        said = [(entry, str(override)) for entry, _, override in some]
        faults = error.faults or (Fault(error.message, error.fix, error.where),)
        for fault in faults[:_MOST_FAULTS]:
            entry = next((one for one, words in said if words in fault.message), some[0][0])
            yield entry.fault(fault, self._file.name)
        if len(faults) > _MOST_FAULTS:
            yield some[0][0].fault(Fault(_MORE, "Correct these first."), self._file.name)

    def _withdraw(self) -> None:
        """Take out overrides whose entry is gone from the file; what somebody has edited since stays, and is no longer the file's."""
        there = {(entry.kind, entry.id) for entry in self._file.entries}
        for (kind, identity), known in self._earlier.items():
            if (kind, identity) in there or kind not in _GONE:
                continue
            held = self._held(kind, identity)
            if held is not None and held.revision == known.get("revision") and word(held.document, "status") not in {"off", "rejected"}:
                permitted(self._here, [override_of(held)], word(held.document, "scenario"))
                document = {**held.document, "status": _GONE[kind], "position": order_of(held)}
                self._taking.changes.append(Change(kind, document, identity, held.revision))


def _given_before(held: Record, entry: Entry) -> list[str]:
    """Return columns that the record has and the file no longer gives; states and what other operations fill stay."""
    from equipoise.service.messages.records import given_columns

    return [
        one.name
        for one in given_columns(entry.kind)
        if one.name in held.document and one.name not in entry.values and not one.required and one.name != "status" and not one.key
    ]


def _brief(document: Document) -> str:
    words = [shown(document[name]) for name in ("statement", "question", "title", "table") if document.get(name)]
    return words[0] if words else "something else"


def inbox_list(request: InboxListRequest, context: Context) -> InboxAnswer:
    """Return the files of the inbox, and those that are gone, with what became of each."""
    here = overridden(locate(request), context)
    held = {one.id: one for one in here.place.store.records(KIND, business_unit=here.unit)} if here.place.kept else {}
    inbox = here.place.folder / "inbox"
    there = {path.relative_to(inbox).as_posix(): hashlib.sha256(_data(path)).hexdigest() for path in files_of(here.place)}
    lines = []
    for name in sorted({*there, *held}):
        record = held.get(name)
        waiting = record is None or (name in there and record.document.get("content") != there[name])
        state = "waiting" if waiting else "gone" if name not in there else word(record.document, "state") if record else ""
        made = [str(one.get("id")) for one in _made_by(record).values()]
        lines.append(InboxLine(file=name, state=state, made=made, at=f"{record.changed_at:%Y-%m-%d %H:%M:%S}" if record else ""))
    faults = [
        InboxFault(file=one.id, message=str(said))
        for one in held.values()
        if one.id in there and one.document.get("state") == "refused"
        for said in (one.document.get("faults") or [])  # type: ignore[attr-defined]
    ]
    return InboxAnswer(plan=here.plan.setting.plan, headline=[] if lines else ["The inbox is empty."], files=lines, faults=faults)
