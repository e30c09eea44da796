"""Decisions, actions, assumptions, risks and comments: added, changed, listed, and shown with their history."""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from equipoise.errors import ConflictError, Fault, InputError, NotAllowedError, NotFoundError, Where
from equipoise.process.kept import day, word
from equipoise.process.people import AGENT, may
from equipoise.service.current import cycle_name_of
from equipoise.service.history import history, shown
from equipoise.service.last_understood import plan_of
from equipoise.service.messages.records import (
    LISTED,
    RecordAddRequest,
    RecordAnswer,
    RecordChangeRequest,
    RecordListRequest,
    RecordsAnswer,
    RecordShowAnswer,
    RecordShowRequest,
    given_columns,
)
from equipoise.service.paging import latest
from equipoise.service.record_checks import check_record
from equipoise.service.register import Context
from equipoise.service.workspace import Workspace, locate
from equipoise.store.contract import Change, Document, Record
from equipoise.tables import KEPT
from equipoise.tables.document import checked_document

if TYPE_CHECKING:
    from equipoise.gather import Plan

PROPOSED = "proposed"
STARTS = {"decision": "open", "action": "open", "assumption": "holds", "risk": "open", "override": "accepted"}
"""The status in which a record of a kind begins, or is once it is accepted."""
_UNSETTLED = ("open", "started", "proposed", "holds", "deferred")
_DUE = {"decision": "due", "action": "due", "assumption": "expires", "risk": "expires"}


@dataclass(frozen=True)
class Records:
    """The records of one kind in a plan's business unit."""

    place: Workspace
    plan: "Plan"
    context: Context
    kind: str
    look: Callable[[str, str], object] | None = None
    """Returns the record of a kind and id; by default it asks the store each time."""

    @cached_property
    def cycle(self) -> str:
        """Name of the cycle that the business unit is in; empty where there is none."""
        return cycle_name_of(self.place.store, self.unit)

    @property
    def unit(self) -> str:
        """The business unit."""
        return self.plan.process.business_unit

    def record(self, identity: str) -> Record:
        """Return a record; a number alone is enough. Raises NotFoundError, naming the nearest, where there is none here."""
        named = f"{self.kind}-{identity}" if identity.isdigit() and self.kind != "risk" else identity
        found = self.place.store.record(self.kind, named)
        if found.business_unit != self.unit:
            raise NotFoundError(f"There is no {self.kind} {identity} here.", f"List them with: equipoise {self.kind} list")
        return found

    def checked(self, document: Mapping[str, object], identity: str = "") -> Document:
        """Return a document as it is kept, checked by the dictionary and against what it names. Raises InputError with every fault."""
        kept = checked_document(self.kind, document)
        faults = list(check_record(self.kind, kept, self.plan, self.look or self.place.store.record, identity))
        if faults:
            message = faults[0].message if len(faults) == 1 else f"The {self.kind} has {len(faults)} faults."
            raise InputError(message, faults[0].fix if len(faults) == 1 else "Correct them; nothing was kept.", faults=faults)
        return kept

    def added(self, document: Mapping[str, object], identity: str = "", *, proposed: bool = False) -> Change:
        """Return the change that adds a record. Raises InputError with every fault."""
        said = dict(document)
        if self.kind in STARTS:
            said["status"] = PROPOSED if proposed or is_agent(self.context) else said.get("status") or STARTS[self.kind]
            if said["status"] == "decided":
                raise InputError("A decision is made open, and then decided.", "Leave the status out, and use: equipoise decision decide")
        elif self.kind == "comment":
            said["author"] = self.context.actor
        return Change(self.kind, self.checked(said, identity), identity, 0, self.unit, self.cycle)

    def changed(self, held: Record, values: Mapping[str, object], revision: int | None = None) -> Change:
        """Return the change of a record's columns; None empties one.

        Raises InputError with every fault, NotAllowedError where an agent changes what is not its own proposal.
        """
        self._refuse_agent(held)
        self._refuse_status(held, values)
        self._refuse_decider(held, values)
        document = {name: value for name, value in {**held.document, **values}.items() if value is not None}
        document = {name: value for name, value in document.items() if name in KEPT[self.kind].by_name}
        return Change(self.kind, self.checked(document, held.id), held.id, revision or held.revision)

    def _refuse_agent(self, held: Record) -> None:
        if is_agent(self.context) and not (word(held.document, "status") == PROPOSED and held.changed_by == self.context.actor):
            raise NotAllowedError(
                f"An agent may change what it has proposed itself; {held.id} is {word(held.document, 'status') or 'there already'}.",
                f"Propose another {self.kind}, or comment on it.",
            )

    def _refuse_decider(self, held: Record, values: Mapping[str, object]) -> None:
        """Refuse that somebody takes a decision from whoever decides it: they hand it on themselves, or somebody who may decide does."""
        person, now = self.context.person, word(held.document, "status")
        decider, role = word(held.document, "decider"), word(held.document, "decider_role")
        if self.kind != "decision" or person.alone or may(person, "decide") or not (decider or role):
            return
        mine = decider == person.name if decider else role in person.roles
        mine = mine or (now == PROPOSED and held.changed_by == person.name)
        same = all(not name.startswith("decider") or (value or "") == word(held.document, name) for name, value in values.items())
        if not mine and not same:
            raise NotAllowedError(f"{held.id} is decided by {decider or role}.", f"Ask {decider or role} to hand it on.")

    def _refuse_status(self, held: Record, values: Mapping[str, object]) -> None:
        """Refuse what other operations do: proposals are reviewed, decisions are decided."""
        now, then = word(held.document, "status"), values.get("status")
        if self.kind == "decision" and now == "decided":
            raise InputError(f"{held.id} is decided.", f"Open it again first: equipoise decision reopen {held.id} --reason WHY")
        if then is None or then == now:
            return
        if PROPOSED in {now, then}:
            fix = f"Use: equipoise review accept {held.id}, or reject" if now == PROPOSED else f"Add another {self.kind} with --propose."
            raise InputError(f"{held.id} is {now}: a proposal is accepted or rejected, and nothing becomes one again.", fix)
        if self.kind == "decision" and then == "decided":
            raise InputError(
                f"{held.id} is {now}: deciding is more than a status.", f"Use: equipoise decision decide {held.id} --choose OPTION"
            )


def is_agent(context: Context) -> bool:
    """Whether who asks is an agent and nothing else: it may only propose."""
    return not context.person.alone and set(context.person.roles) == {AGENT}


def records_of(request: RecordAddRequest | RecordChangeRequest | RecordListRequest | RecordShowRequest, context: Context) -> Records:
    """Return the records that a request is about. Raises PlanFileError where the plan file is wrong."""
    place = locate(request)
    return Records(place, plan_of(place, context), context, request.about_kind)


def record_add(request: RecordAddRequest, context: Context) -> RecordAnswer:
    """Add a record; an agent's is proposed.

    Raises InputError with every fault, ConflictError where a risk of that name is there already.
    """
    here = records_of(request, context)
    values = request.model_dump(include={one.name for one in given_columns(here.kind)}, exclude_none=True)
    identity = str(values.pop("risk", "")) if here.kind == "risk" else ""
    change = here.added(values, identity, proposed=bool(getattr(request, "propose", False)))
    (made,) = kept(here.place, [change], here.context, f"{here.kind} add")
    return _answer(here, made, f"{_titled(made)} {_state(made)}: {spoken(made)}", *_warnings(here, made))


def record_change(request: RecordChangeRequest, context: Context) -> RecordAnswer:
    """Change columns of a record; what it said before stays in its history.

    Raises NotFoundError where there is none, InputError with every fault or where nothing changes, NotAllowedError where an agent may not,
    ConflictError where somebody else has changed it since `revision`.
    """
    here = records_of(request, context)
    held = here.record(str(getattr(request, here.kind)))
    names = {one.name for one in given_columns(here.kind) if not one.key}
    values: Document = request.model_dump(include=names, exclude_none=True)
    values |= dict.fromkeys(_cleared(here.kind, request.clear))
    if not values:
        raise InputError(f"Nothing of {held.id} is to be changed.", "Give a column and its new value.")
    (made,) = kept(here.place, [here.changed(held, values, request.revision)], here.context, f"{here.kind} change", request.why)
    told = [f"{name} is {shown(made.document.get(name)) or 'empty'}" for name in values]
    return _answer(here, made, f"{_titled(made)}: {', '.join(told)}.", *_warnings(here, made))


def _cleared(kind: str, names: Sequence[str]) -> list[str]:
    known = [one.name for one in given_columns(kind) if not one.required]
    unknown = [name for name in names if name not in known]
    if unknown:
        raise InputError(f"{', '.join(unknown)} of a {kind} cannot be emptied.", f"These can: {', '.join(known)}.")
    return list(names)


def kept(place: Workspace, changes: Sequence[Change], context: Context, operation: str, reason: str = "") -> list[Record]:
    """Make changes, all or none.

    Raises ConflictError with what was changed meanwhile, and what was to be changed, so that nothing is lost.
    """
    try:
        return place.store.change(changes, context.sign(operation, reason))
    except ConflictError as error:
        told = [one for one in changes if one.kind != "promotion"]  # that is only what follows from a decision
        yours = [
            Fault(f"You gave: {_given(one, _known(place, one))}.", "", Where(table=one.kind, column=one.id), "note")
            for one in told[:_ECHOED]
        ]
        raise ConflictError(error.message, error.fix, error.where, [*error.faults, *yours]) from None


_ECHOED = 20


def _known(place: Workspace, change: Change) -> list[Document]:
    """Return what a record said at the revision that a change was made on, and what it says now; nothing where it is new."""
    if not change.revision:
        return []
    lines = [line for line in place.store.lines(kind=change.kind, identity=change.id) if line.revision]
    return [line.new or {} for line in lines if line.revision == change.revision or line is lines[-1]]


def _given(change: Change, known: Sequence[Document]) -> str:
    """Return what a change gives: of a record that was there the columns that it makes other than they were and are."""
    given = {name: value for name, value in (change.document or {}).items() if all(value != one.get(name) for one in known)}
    return ", ".join(f"{name} {shown(value)}" for name, value in given.items() if value not in (None, "", [], {})) or "nothing"


def record_list(request: RecordListRequest, context: Context) -> RecordsAnswer:
    """Return records of a kind, by their last change."""
    here = records_of(request, context)
    held = here.place.store.records(here.kind, business_unit=here.unit, cycle=request.cycle or None) if here.place.kept else []
    found = [one for one in held if _wanted(one, request, context.today)]
    shown_ = latest(found, request.limit, request.offset)
    rows = [_row(one, context.today) for one in shown_]
    headline = [] if found else [f"There is no such {here.kind}."]
    return LISTED[here.kind].model_validate({"plan": here.plan.setting.plan, "headline": headline, "total": len(found), "records": rows})


def _wanted(record: Record, request: RecordListRequest, today: dt.date) -> bool:
    said = record.document
    status = not request.status or word(said, "status") in request.status
    owner = not request.owner or request.owner in {
        word(said, column) for column in ("owner", "owner_role", "decider", "decider_role", "author")
    }
    about = request.about.casefold() in " ".join(str(value) for value in said.values()).casefold()
    return status and owner and about and (not request.overdue or is_overdue(record, today))


def is_overdue(record: Record, today: dt.date) -> bool:
    """Return whether a record's day has passed and it is not settled."""
    last = day(record.document, _DUE[record.kind]) if record.kind in _DUE else None
    return last is not None and last < today and word(record.document, "status") in _UNSETTLED


def _row(record: Record, today: dt.date) -> dict[str, object]:
    line = {name: record.document.get(name) for name in KEPT[record.kind].by_name if KEPT[record.kind].by_name[name].kind != "json"}
    line = {name: value for name, value in line.items() if value is not None}
    about = {"overdue": is_overdue(record, today), "cycle": record.cycle, "revision": record.revision}
    return {**line, record.kind: record.id, **about, "changed_by": record.changed_by, "changed": f"{record.changed_at:%Y-%m-%d %H:%M:%S}"}


def record_show(request: RecordShowRequest, context: Context) -> RecordShowAnswer:
    """Return a record with its history and the comments on it. Raises NotFoundError, naming the nearest, where there is none."""
    here = records_of(request, context)
    held = here.record(str(getattr(request, here.kind)))
    subjects = {held.id, f"{here.kind} {held.id}"}
    words = [one for one in here.place.store.records("comment", business_unit=here.unit) if word(one.document, "subject") in subjects]
    said = [f"{word(one.document, 'author')}, {one.changed_at:%Y-%m-%d}: {word(one.document, 'statement')}" for one in words]
    answer = _answer(here, held, f"{_titled(held)}: {spoken(held)}")
    return RecordShowAnswer(**answer.model_dump(), cycle=held.cycle, comments=said, history=history(here.place.store, here.kind, held.id))


def spoken(record: Record) -> str:
    """Return what a record says, in one sentence."""
    said = word(record.document, "statement") or word(record.document, "question")
    return said if said.endswith((".", "?", "!")) else f"{said}."


def _state(record: Record) -> str:
    """Return what a record's status says of it: is open, holds, is kept."""
    status = word(record.document, "status")
    return status if status == "holds" else f"is {status or 'kept'}"


def _titled(record: Record) -> str:
    return f"{record.kind.title()} {record.id}" if record.kind == "risk" else record.id


def _warnings(here: Records, made: Record) -> list[str]:
    """Return what of the cells that a record is about is not in the plan."""
    cells = made.document.get("cells")
    texts = [*([word(made.document, "subject")] if here.kind == "comment" else []), *(map(str, cells) if isinstance(cells, list) else ())]
    if not texts:
        return []
    from equipoise.service.cell_values import cells_that_are_not_there

    return cells_that_are_not_there(texts, here.place)


def _answer(here: Records, made: Record, *said: str) -> RecordAnswer:
    return RecordAnswer.model_validate(
        {
            "plan": here.plan.setting.plan,
            "headline": list(said),
            "kind": here.kind,
            "id": made.id,
            "revision": made.revision,
            "record": made.document,
        }
    )
