"""Overrides of the record: made, changed and withdrawn one edit at a time, and listed with what became of them."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property

from pydantic import ValidationError

from equipoise.errors import Fault, InputError, NotAllowedError, NotFoundError, Where
from equipoise.gather import Plan
from equipoise.scenario import Effect, Override, faults_of
from equipoise.service.changes import read_changes
from equipoise.service.current import cycle_name_of
from equipoise.service.history import history
from equipoise.service.last_understood import plan_of
from equipoise.service.matching import Matching
from equipoise.service.messages.overrides import (
    OverrideAddRequest,
    OverrideChangeRequest,
    OverrideLine,
    OverrideListRequest,
    OverridesAnswer,
    OverrideShowAnswer,
    OverrideShowRequest,
    OverrideWithdrawRequest,
)
from equipoise.service.paging import latest
from equipoise.service.permitted import permitted, require_reason
from equipoise.service.recorded import belongs, last_effects, order_of, override_of, plans_of
from equipoise.service.records import is_agent, kept
from equipoise.service.register import Context
from equipoise.service.workspace import Workspace, locate
from equipoise.store.contract import Change, Document, Record
from equipoise.tables.figures import quantity

KIND = "override"
_SETTLED = ("off", "rejected")
_BASE = ("", "base")
_SAID = ("reason", "author", "role", "assumption", "expires", "was", "probability", "status")
"""Columns that change nothing of what an override does where it is laid."""


@dataclass(frozen=True)
class Overridden:
    """A plan with the overrides of its record."""

    place: Workspace
    plan: Plan
    context: Context

    @cached_property
    def matching(self) -> Matching:
        """What finds out what overrides would do."""
        return Matching(self.place, self.plan, self.context.today)

    @property
    def unit(self) -> str:
        """The business unit."""
        return self.plan.process.business_unit

    @cached_property
    def plans(self) -> frozenset[str]:
        """The plans whose overrides are this plan's too."""
        return plans_of(self.place.store, self.unit, self.plan.setting.plan)

    def record(self, identity: str) -> Record:
        """Return an override of this plan. Raises NotFoundError, naming the nearest, where there is none."""
        found = self.place.store.record(KIND, identity)
        if found.business_unit != self.unit or not belongs(found, self.plans):
            raise NotFoundError(f"There is no override {identity} in {self.plan.setting.plan}.", "List them with: equipoise override list")
        return found

    def scenario(self, name: str) -> str:
        """Return a scenario's name as the record has it, empty for the base plan. Raises NotFoundError where there is none."""
        if name in _BASE:
            return ""
        names = [one.name for one in self.plan.scenarios]
        if name not in names:
            near = get_close_matches(name, names, n=3, cutoff=0.4) or names
            raise NotFoundError(f"There is no scenario {name}.", f"There are: {', '.join(near)}. Leave it out for the base plan.")
        return name

    def document(self, override: Override, effect: Effect | None, scenario: str) -> Document:
        """Return an override as it is kept. What its cells sum to is remembered where the last version shows what it was made on."""
        said = json.loads(override.model_dump_json(exclude={"id"}))
        kept = {name: value for name, value in said.items() if value not in (None, "", {}, False) or name == "value"}
        if override.was is None and effect is not None and not scenario and effect.before is not None and self.matching.untouched:
            kept["was"] = effect.before
        return {"plan": self.plan.setting.plan, "scenario": scenario or None, **kept}


def overridden(place: Workspace, context: Context) -> Overridden:
    """Return the plan of a workspace with its overrides. Raises PlanFileError where the plan file is wrong."""
    return Overridden(place, plan_of(place, context), context)


def override_add(request: OverrideAddRequest, context: Context) -> OverridesAnswer:
    """Keep changes of numbers, all or none; the next run plans with them.

    Raises InputError with every change that is not understood, DataError with every one that names what is not there, matches no row or
    would do nothing, NotFoundError where there is no such scenario, NotAllowedError where who asks may not change those cells.
    """
    here = overridden(locate(request), context)
    scenario = here.scenario(request.scenario)
    require_reason(here, request.reason)
    _refuse_role(request.role, context)
    overrides = _given(request)
    check_assumptions(here, overrides)
    proposed = request.propose or is_agent(context)
    effects = here.matching.look(overrides, scenario)
    if not proposed:
        permitted(here, overrides, scenario)
    signed = [one.model_copy(update={"status": "proposed" if proposed else "accepted", "author": context.actor}) for one in overrides]
    made = _kept(here, [here.document(one, effect, scenario) for one, effect in zip(signed, effects, strict=True)], request.reason)
    lines = [_line(record, cells=effect.cells, state="draft") for record, effect in zip(made, effects, strict=True)]
    headline = [_told(record, effect) for record, effect in zip(made, effects, strict=True)]
    return _answer(here, lines, headline, made)


def _refuse_role(role: str, context: Context) -> None:
    """Raise NotAllowedError where somebody of a team names a role that they do not have."""
    person = context.person
    if role and not person.alone and role not in person.roles:
        raise NotAllowedError(f"{person.name} has not the role {role}.", f"Name one of {', '.join(person.roles)}, or none.")


def check_assumptions(here: Overridden, overrides: Sequence[Override], beside: Collection[str] = ()) -> None:
    """Raise NotFoundError, naming the nearest, where an override rests on an assumption that is neither in the record nor made `beside`."""
    for name in dict.fromkeys(one.assumption for one in overrides if one.assumption and one.assumption not in beside):
        here.place.store.record("assumption", name)


def _kept(here: Overridden, documents: Sequence[Document], reason: str) -> list[Record]:
    cycle = cycle_name_of(here.place.store, here.unit)
    changes = [Change(KIND, document, revision=0, business_unit=here.unit, cycle=cycle) for document in documents]
    return kept(here.place, changes, here.context, "override add", reason)


def _given(request: OverrideAddRequest) -> list[Override]:
    """Return the overrides that a request means, numbered. Raises InputError with every one that is wrong."""
    shared: dict[str, object] = {"lock": request.lock, "assumption": request.assumption, "expires": request.expires, "role": request.role}
    shared = {name: value for name, value in shared.items() if value} | {"reason": request.reason}
    faults: list[Fault] = []
    try:
        found = [one.model_copy(update=shared) for one in read_changes(request.change, request.reason)]
    except InputError as error:
        found, faults = [], list(error.faults)
    for position, values in enumerate(request.overrides, start=1):
        try:
            found.append(read_override({**shared, **{name: value for name, value in values.items() if value is not None}}))
        except InputError as error:
            faults += [Fault(one.message, one.fix, Where(column=f"overrides {position}: {one.where.column}")) for one in error.faults]
    if faults:
        raise InputError("Not every change is understood; nothing was kept.", "Correct them.", faults=faults)
    if not found:
        raise InputError("Nothing is to be changed.", "Give a change, such as 'demand_plan family=Tents: +10 %'.")
    return [one.model_copy(update={"id": f"change {number}"}) for number, one in enumerate(found, start=1)]


def read_override(values: Mapping[str, object]) -> Override:
    """Return the override that columns and their values mean. Raises InputError with every fault, its column in `where`."""
    kept = {name: value for name, value in values.items() if name not in {"id", "override", "author", "status"}}
    try:
        override = Override.model_validate(kept)
    except ValidationError as error:
        faults = []
        for fault in error.errors():
            column = str(fault["loc"][0]) if fault["loc"] else "split_by"
            near = get_close_matches(column, Override.model_fields, n=1) if fault["type"] == "extra_forbidden" else []
            words = f"There is no column {column}" if fault["type"] == "extra_forbidden" else fault["msg"].removeprefix("Value error, ")
            message = f"{words[:1].upper()}{words[1:].removesuffix('.')}."
            faults.append(Fault(message, f"Did you mean {near[0]}?" if near else "Correct it.", Where(table=KIND, column=column)))
        raise InputError("The override is wrong.", "Correct it.", faults=faults) from None
    wrong = [Fault(error.message, error.fix, Where(table=KIND, column=key)) for key, error in faults_of(override)]
    if wrong:
        raise InputError("The override is wrong.", "Correct it.", faults=wrong)
    return override


def override_change(request: OverrideChangeRequest, context: Context) -> OverridesAnswer:
    """Change what an override does or what is said of it; what it was stays in the record.

    One that does something else now is laid after all others, as a new one would be. Raises InputError, DataError, NotFoundError and
    NotAllowedError as adding does, ConflictError where somebody else has changed it since `revision`.
    """
    here = overridden(locate(request), context)
    held = here.record(request.override)
    old = override_of(held)
    new = _changed(old, request)
    scenario = str(held.document.get("scenario") or "")
    check_assumptions(here, [new])
    _permit_change(here, held, [old, new], scenario)
    if new.content != old.content:
        here.matching.look([new], scenario)
    moved = does(new) != does(old)
    document = here.document(new.model_copy(update={"was": None}) if moved else new, None, scenario)
    if not moved:
        document["position"] = order_of(held)
    change = Change(KIND, document, held.id, request.revision or held.revision)
    made = kept(here.place, [change], context, "override change", request.reason)
    return _answer(here, [_line(made[0], state="draft")], [f"{held.id}: {new}."], made)


def _permit_change(here: Overridden, held: Record, overrides: Sequence[Override], scenario: str) -> None:
    """Raise NotAllowedError where who asks may change neither these cells nor a proposal of their own, InputError where it is settled."""
    status = held.document.get("status", "accepted")
    if status in _SETTLED:
        raise InputError(f"{held.id} is {status}: it is no longer changed.", "Add another override.")
    if status == "proposed" and held.document.get("author") == here.context.actor:
        return
    if is_agent(here.context):
        raise NotAllowedError(f"An agent may change what it has proposed itself; {held.id} is {status}.", "Propose another override.")
    permitted(here, overrides, scenario)


def does(override: Override) -> Document:
    """Return what of an override decides where it is laid: all but what is said of it."""
    return override.model_dump(exclude={"id", "lock", *_SAID})


def _changed(old: Override, request: OverrideChangeRequest) -> Override:
    """Return the override as it shall be. Raises InputError where nothing changes."""
    told: dict[str, object] = {"assumption": request.assumption, "expires": request.expires, "reason": request.reason or None}
    values: dict[str, object] = {name: value for name, value in told.items() if value is not None}
    kept = old.model_dump(exclude={"id", "author", "status"}, exclude_none=True)
    if request.change:
        does = read_changes([request.change], old.reason)[0].model_dump(exclude_unset=True)
        kept = {name: value for name, value in kept.items() if name in {*_SAID, "lock"}} | does
        kept["reason"] = old.reason
    if not values and not request.change and not request.values:
        raise InputError("Nothing of the override is to be changed.", "Give a change, values, a reason, an assumption or a last day.")
    new = read_override({**kept, **request.values, **values})
    return new.model_copy(update={"id": old.id, "author": old.author, "status": old.status})


def override_withdraw(request: OverrideWithdrawRequest, context: Context) -> OverridesAnswer:
    """Take overrides out of the plan, all or none: the next run plans without them.

    Raises NotFoundError where there is none of that number, InputError where one is withdrawn already, ConflictError where somebody else
    has changed it since `revision`.
    """
    here = overridden(locate(request), context)
    held = [here.record(identity) for identity in dict.fromkeys(request.override)]
    out = [
        Fault(f"{one.id} is {one.document['status']} already.", "Leave it out.") for one in held if one.document.get("status") in _SETTLED
    ]
    if out:
        raise InputError(out[0].message, "Leave it out.", faults=out)
    require_reason(here, request.reason)
    for one in held:
        _permit_change(here, one, [override_of(one)], str(one.document.get("scenario") or ""))
    changes = [
        Change(KIND, {**one.document, "status": "off", "position": order_of(one)}, one.id, request.revision or one.revision) for one in held
    ]
    made = kept(here.place, changes, context, "override withdraw", request.reason)
    return _answer(here, [_line(one, state="off") for one in made], [f"{one.id} is withdrawn: {override_of(one)}." for one in made], made)


def override_list(request: OverrideListRequest, context: Context) -> OverridesAnswer:
    """Return overrides of the record, the latest last: who changed what and why, and what became of it in the last version."""
    here = overridden(locate(request), context)
    lines = _listed(here, request) if here.place.kept else []
    shown = latest(lines, request.limit, request.offset)
    headline = [] if lines else ["No such override is recorded."]
    return OverridesAnswer(plan=here.plan.setting.plan, headline=headline, overrides=shown, total=len(lines))


def override_show(request: OverrideShowRequest, context: Context) -> OverrideShowAnswer:
    """Return an override with its history. Raises NotFoundError, naming the nearest, where there is none of that number."""
    here = overridden(locate(request), context)
    held = here.record(request.override)
    told = _told_effects(here).get(held.id, {})
    return OverrideShowAnswer(
        plan=here.plan.setting.plan, override=_listed_line(here, held, told), history=history(here.place.store, KIND, held.id)
    )


def _listed(here: Overridden, request: OverrideListRequest) -> list[OverrideLine]:
    scenario = "" if request.scenario in _BASE else request.scenario
    since = _sealed(here) if request.draft else 0
    effects = _told_effects(here)
    wanted = {"status": request.status, "author": request.author, "table": request.table}
    found = []
    for record in here.place.store.records(KIND, business_unit=here.unit, cycle=request.cycle or None):
        said = record.document
        fits = all(not value or said.get(name) == value for name, value in wanted.items())
        inside = scenario is None or str(said.get("scenario") or "") == scenario
        if fits and inside and record.number > since and belongs(record, here.plans):
            line = _listed_line(here, record, effects.get(record.id, {}))
            found += [line] if request.state in {"", line.state} else []
    return found


def _sealed(here: Overridden) -> int:
    """Return the line of the log up to which the last version that was submitted, promoted or approved has what changes the plan."""
    lasting = [one for one in here.place.store.versions(here.plan.setting.plan) if one.made != "run"]
    return int(lasting[-1].inputs.get("record", "0")) if lasting else 0


def _told_effects(here: Overridden) -> dict[str, dict[str, object]]:
    """Return what the last version says of each override, by number."""
    frame = last_effects(here.place.store, here.plan.setting.plan)
    return {str(row["override"]): row for row in frame.iter_rows(named=True)}


def _listed_line(here: Overridden, record: Record, told: Mapping[str, object]) -> OverrideLine:
    status = str(record.document.get("status", "accepted"))
    if status != "accepted":
        return _line(record, state=status)
    if record.number > here.matching.line:
        return _line(record, state="draft")
    if record.document.get("scenario"):
        return _line(record, state="in scenario")
    state = str(told.get("status", "not in the plan"))
    cells, note = told.get("cells"), told.get("note")
    return _line(
        record, cells=cells if isinstance(cells, int) else None, state="live" if state == "applied" else state, note=str(note or "")
    )


def _line(record: Record, *, state: str, cells: int | None = None, note: str = "") -> OverrideLine:
    override = override_of(record)
    return OverrideLine(
        override=record.id,
        scenario=str(record.document.get("scenario") or ""),
        change=str(override),
        status=override.status,
        state=state,
        author=override.author,
        reason=override.reason,
        assumption=override.assumption,
        expires=override.expires,
        was=override.was,
        cells=cells,
        revision=record.revision,
        changed=f"{record.changed_at:%Y-%m-%d %H:%M:%S}",
        note=note,
    )


def _told(record: Record, effect: Effect) -> str:
    """Say what was kept: the override in words, and what it makes of its cells."""
    proposed = " It is proposed, and holds once it is accepted." if record.document.get("status") == "proposed" else ""
    if effect.before is None or effect.after is None:
        return f"{record.id}: {effect.override}.{proposed}"
    noun = "cell" if effect.cells == 1 else "cells"
    made = f"{effect.cells:,} {noun}, from {quantity(effect.before)} to {quantity(effect.after)}."
    return " ".join(filter(None, (f"{record.id}: {effect.override}.", made, effect.note, proposed.strip())))


def _answer(here: Overridden, lines: list[OverrideLine], headline: list[str], made: Sequence[Record]) -> OverridesAnswer:
    return OverridesAnswer(
        plan=here.plan.setting.plan,
        headline=headline,
        overrides=lines,
        total=len(lines),
        revision=made[0].revision if len(made) == 1 else None,
        next=f"equipoise run {here.place.plan_file}",
    )
