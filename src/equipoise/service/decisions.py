"""Decisions: collected from what pre-S&OP hands on, decided by whoever may, and carried into the plan of record with their overrides."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import polars as pl

from equipoise.dimensions.calendar import Calendar
from equipoise.errors import Fault, InputError, NotAllowedError, Where
from equipoise.process.editing import refuse_edits, refuse_outside
from equipoise.process.kept import word
from equipoise.process.people import may, require
from equipoise.scenario import Override
from equipoise.service.gathering import understood
from equipoise.service.hand_offs import guard_decided, guard_sealed
from equipoise.service.matching import Matching
from equipoise.service.messages.decisions import (
    DecisionCollectRequest,
    DecisionDecideRequest,
    DecisionLine,
    DecisionReopenRequest,
    DecisionsAnswer,
)
from equipoise.service.overrides import read_override
from equipoise.service.promoting import Promotion, named, paid_once, promotion, promotions
from equipoise.service.records import Records, kept
from equipoise.service.register import Context
from equipoise.service.sealing import decided_on
from equipoise.service.showing import stored
from equipoise.service.workspace import locate
from equipoise.store.contract import Change, Document, Record
from equipoise.tables.figures import money

if TYPE_CHECKING:
    from equipoise.service.messages import PlanRequest

KIND = "decision"
NONE = "none"
_OPTION = ("name", "statement", "net_money", "one_off_cost", "overrides", "catch", "version")
_OPEN = ("open", "deferred", "proposed")
_COLLECT = "decision collect"
_FROM_THE_PLAN = ("question", "options", "cost", "recommendation", "reason", "stake", "decider_role", "due", "gap")


def _decisions(request: "PlanRequest", context: Context) -> Records:
    place = locate(request)
    return Records(place, understood(place, context.today), context, KIND)


def check_options(options: object) -> None:
    """Raise InputError, with every fault, where options of a decision have no name, or one twice, or overrides that are none."""
    faults: list[Fault] = []
    listed = options if isinstance(options, list) else [] if options is None else [options]
    for number, option in enumerate(listed, start=1):
        where = Where(table=KIND, column=f"options {number}")
        if not isinstance(option, dict) or not str(option.get("name") or "").strip():
            faults.append(Fault("An option has no name.", "Give each a name: {name: Overtime, statement: ..., overrides: [...]}.", where))
            continue
        unknown = [key for key in option if key not in _OPTION]
        if unknown:
            faults.append(Fault(f"An option has no {', '.join(unknown)}.", f"It has {', '.join(_OPTION)}.", where))
        for override in option.get("overrides") or ():
            try:
                read_override(override if isinstance(override, dict) else {})
            except InputError as error:
                faults += [Fault(one.message, one.fix, where) for one in error.faults]
    names = Counter(str(option.get("name")) for option in listed if isinstance(option, dict))
    twice = [name for name, count in names.items() if count > 1 or name.casefold() == NONE]
    faults += [Fault(f"The option {name} is there twice, or means that nothing is done.", "Give each a name of its own.") for name in twice]
    if faults:
        raise InputError("The options are wrong.", "Correct them.", faults=faults)


def decision_collect(request: DecisionCollectRequest, context: Context) -> DecisionsAnswer:
    """Keep the decisions that the plan's last version asks for, with their options; a question that is open already is brought up to date.

    What somebody has edited since is left as it is, and so is what was decided or dropped in this cycle. Raises NotFoundError where the
    plan was not run yet.
    """
    here = _decisions(request, context)
    version = here.place.version()
    needed = stored(here.place, version, "decision_needed").sort("decision")
    options = _options_of(stored(here.place, version, "option"), stored(here.place, version, "option_change"), version.name)
    held = here.place.store.records(KIND, business_unit=here.unit)
    cycle = here.added({"question": "?"}).cycle
    by_question = {word(one.document, "question"): one for one in held if word(one.document, "status") in _OPEN or one.cycle == cycle}
    changes, left = [], 0
    for row in _told_apart(needed):
        document = _document(row, options)
        known = by_question.get(str(row["question"]))
        if known is None:
            changes.append(here.added(document))
        elif word(known.document, "status") in _OPEN and _collected(here, known):
            fresh = {**dict.fromkeys(_FROM_THE_PLAN), **document}
            if any(known.document.get(name) != value for name, value in fresh.items()):
                changes.append(here.changed(known, fresh))
        else:
            left += 1
    made = kept(here.place, changes, context, _COLLECT, f"from {version.name}")
    headline = [
        f"{len(made)} decision{'' if len(made) == 1 else 's'} of {version.name} made or brought up to date, {left} left as they are."
    ]
    return _answer(here, made, headline, "equipoise decision list")


def _collected(here: Records, record: Record) -> bool:
    """Whether nobody has touched a decision since it was collected."""
    return here.place.store.lines(kind=KIND, identity=record.id)[-1].operation == _COLLECT


def _told_apart(needed: pl.DataFrame) -> Iterator[dict[str, object]]:
    """Yield the decisions that are needed; questions that come twice are told apart by what is recommended."""
    twice = Counter(needed.get_column("question").to_list())
    for row in needed.iter_rows(named=True):
        more = f" ({str(row['recommendation']).rstrip('.')})" if twice[row["question"]] > 1 else ""
        yield {**row, "question": f"{row['question']}{more}"}


def _document(row: Mapping[str, object], options: Mapping[str, Document]) -> Document:
    """Return a row of decision_needed as a decision, with the options that it names."""
    names = [name for name in str(row.get("options") or "").split("; ") if name in options]
    looked_at = [options[name] for name in names]
    advised = [one for one in looked_at if str(one.get("statement")) in str(row.get("recommendation"))]
    costs = [one["one_off_cost"] for one in advised if isinstance(one.get("one_off_cost"), (int, float))]
    found: Document = {
        "question": row["question"],
        "options": looked_at or None,
        "cost": sum(map(float, costs)) if costs else None,  # type: ignore[arg-type]
        "recommendation": row["recommendation"],
        "reason": row["reason"],
        "stake": row["stake"],
        "decider_role": row["decider"],
        "due": str(row["by"])[:10] if row["by"] else None,
        "gap": row["gap"],
    }
    return {name: value for name, value in found.items() if value is not None}


def _options_of(option: pl.DataFrame, change: pl.DataFrame, version: str) -> dict[str, Document]:
    """Return the options of a version by name, with their overrides."""
    import json

    overrides: dict[str, list[object]] = {}
    for name, text in change.sort("option", "position").select("option", "override").iter_rows():
        overrides.setdefault(name, []).append(json.loads(text))
    names = ("statement", "net_money", "one_off_cost", "catch")
    return {
        row["option"]: {
            "name": row["option"],
            **{name: row[name] for name in names if row[name] is not None},
            "overrides": overrides.get(row["option"], []),
            "version": version,
        }
        for row in option.iter_rows(named=True)
    }


def decision_decide(request: DecisionDecideRequest, context: Context) -> DecisionsAnswer:
    """Decide, in one write: what was chosen, why, by whom and when; the overrides of the option become part of the plan of record.

    What it costs once is paid in the first period that they name (table one_off_cost). Raises InputError where there is no such option,
    or it was decided already; DataError where the option's overrides do not fit the plan any more; NotAllowedError where the decision is
    not theirs; ConflictError where somebody else has changed it since `revision`.
    """
    here = _decisions(request, context)
    held = here.record(request.decision)
    _refuse_decider(held, context)
    status = word(held.document, "status")
    if status not in {"open", "deferred"}:
        fix = (
            f"Open it again first: equipoise decision reopen {held.id} --reason WHY"
            if status == "decided"
            else "Accept the proposal first."
        )
        raise InputError(f"{held.id} is {status}.", fix)
    option = _chosen(held, request.choose)
    rationale = request.rationale.strip()
    if not rationale and not context.person.alone:
        raise InputError("A decision has no rationale.", "Say why: --rationale")
    name = NONE if option is None else str(option["name"])
    changes = [Change(KIND, _decided(held, option, rationale, context), held.id, request.revision or held.revision)]
    overrides = [read_override(one) for one in _overrides_of(option)]
    named_ = _name_in_plan(held, option)
    cost = paid_once(named_, (option or {}).get("one_off_cost"), overrides, Calendar.from_setting(here.plan.setting.calendar))
    if option is not None and (overrides or cost):
        _refuse_bringing_in(here, overrides)
        changes.append(_promoted(here, held, named_, option, [*overrides, *cost], rationale))
    last = next(iter(here.place.versions()[-1:]), None)
    made = kept(here.place, changes, context, "decision decide", rationale)
    if len(changes) > 1:
        decided_on(here.place, last, context, f"{held.id} was decided")
    run = f"equipoise run {here.place.plan_file}" if len(changes) > 1 else ""
    return _answer(here, made[:1], list(_told(here, name, overrides, cost)), run)


def _decided(held: Record, option: Mapping[str, object] | None, rationale: str, context: Context) -> Document:
    """Return a decision as it is once it was decided."""
    done: Document = {
        **held.document,
        "status": "decided",
        "chosen": NONE if option is None else str(option["name"]),
        "rationale": rationale or None,
        "decided_on": context.today.isoformat(),
        "decided_by": context.actor,
        "cost": option.get("one_off_cost") if option is not None else None,
    }
    return {column: value for column, value in done.items() if value is not None}


def _refuse_bringing_in(here: Records, overrides: Sequence[Override]) -> None:
    """Raise NotAllowedError where the plan was decided, or the change is not theirs to bring about.

    Whoever decides for all brings about what lies in their slices, whoever decides for a role what the role may change itself.
    """
    guard_decided(here.place, here.plan)
    person, tables = here.context.person, [one.table for one in overrides]
    seen = Matching(here.place, here.plan, here.context.today).seen(tables) if overrides else {}
    if may(person, "decide"):
        refuse_outside(person, overrides, seen)
    else:
        guard_sealed(here.place, tables, here.context, here.plan)
        refuse_edits(person, overrides, seen)


def _name_in_plan(held: Record, option: Mapping[str, object] | None) -> str:
    """Return the name that an option has as part of the plan: its own where the plan made it, else with the decision's."""
    name = str((option or {}).get("name"))
    return name if (option or {}).get("version") else f"{held.id} {name}"


def _promoted(here: Records, held: Record, name: str, option: Mapping[str, object], overrides: Sequence[Override], why: str) -> Change:
    """Return the promotion of an option. Raises DataError where its overrides no longer fit the plan, InputError where it is there."""
    numbered = [one.model_copy(update={"id": f"change {number}"}) for number, one in enumerate(overrides, start=1)]
    Matching(here.place, here.plan, here.context.today).look(numbered)
    if any(one.name == name for one in promotions(here.place, here.plan)):
        raise InputError(
            f"{name} is part of the plan already.", f"Choose another option, or take it out: equipoise promote '{name}' --undo"
        )
    reason = why or word(held.document, "question")
    batches = named(name, [[one.model_copy(update={"id": ""}) for one in overrides]], reason, here.context.actor)
    cost = option.get("one_off_cost")
    return promotion(
        here.place, here.plan, Promotion(name, "option", batches), reason, held.id, float(cost) if isinstance(cost, (int, float)) else None
    )


def _refuse_decider(held: Record, context: Context) -> None:
    """Raise NotAllowedError where a decision is another's: of a person who is named, else of a role."""
    if context.person.alone:
        return
    decider, role = word(held.document, "decider"), word(held.document, "decider_role")
    if decider:
        if context.actor != decider:
            raise NotAllowedError(f"{held.id} is decided by {decider}.", f"Ask {decider}, or change who decides.")
    elif role:
        if role not in context.person.roles:
            raise NotAllowedError(f"{held.id} is decided by {role}.", f"Ask somebody who is {role}, or change who decides.")
    else:
        require(context.person, f"decide {held.id}", "decide")


def _chosen(held: Record, choice: str) -> Mapping[str, object] | None:
    """Return the option that is meant, by its name or place; None where nothing is done. Raises InputError where there is none."""
    options = [one for one in _listed(held.document.get("options")) if isinstance(one, dict)]
    if choice.casefold() == NONE:
        return None
    for place, option in enumerate(options, start=1):
        if choice in {str(option["name"]), str(place)}:
            return option
    if not options:
        return {"name": choice}
    names = "; ".join(f"{place} {option['name']}" for place, option in enumerate(options, start=1))
    raise InputError(f"{held.id} has no option {choice}.", f"Its options are: {names}; or none.")


def _listed(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _overrides_of(option: Mapping[str, object] | None) -> list[Document]:
    return [one for one in _listed((option or {}).get("overrides")) if isinstance(one, dict)]


def _told(here: Records, name: str, overrides: Sequence[Override], cost: Sequence[Override]) -> Iterator[str]:
    if name == NONE:
        yield "Decided: nothing is done."
        return
    yield f"Decided: {name}." + (
        " From the next run on it is part of the plan:" if overrides or cost else " Nothing of it changes the plan's numbers."
    )
    yield from (f"  {override}" for override in overrides)
    for one in cost:
        value = one.value if isinstance(one.value, dict) else {}
        paid = money(float(str(value["amount"])), here.plan.setting.currency)
        yield f"What it costs once, {paid}, is paid in the period that begins on {value['period']}: see one_off in the statement."


def decision_reopen(request: DecisionReopenRequest, context: Context) -> DecisionsAnswer:
    """Open a decision again, in one write with taking out of the plan what it brought in; its history keeps what was decided.

    Raises InputError where it is not decided, NotAllowedError where it is another's, ConflictError where somebody else has changed it.
    """
    here = _decisions(request, context)
    held = here.record(request.decision)
    _refuse_decider(held, context)
    if word(held.document, "status") != "decided":
        raise InputError(f"{held.id} is {word(held.document, 'status')}, not decided.", "Decide it with: equipoise decision decide")
    gone = ("chosen", "rationale", "decided_on", "decided_by")
    document = {name: value for name, value in {**held.document, "status": "open"}.items() if name not in gone}
    out = [one for one in here.place.store.records("promotion", business_unit=here.unit) if one.document.get("decision") == held.id]
    if out:
        guard_decided(here.place, here.plan)
    changes = [Change(KIND, document, held.id, request.revision or held.revision)]
    changes += [Change("promotion", None, one.id, one.revision) for one in out]
    made = kept(here.place, changes, context, "decision reopen", request.reason)
    told = [f"{word(one.document, 'promotion')} is no longer part of the plan." for one in out]
    return _answer(here, made[:1], [f"{held.id} is open again.", *told], f"equipoise run {here.place.plan_file}" if out else "")


def _answer(here: Records, made: Sequence[Record], headline: list[str], following: str) -> DecisionsAnswer:
    return DecisionsAnswer(plan=here.plan.setting.plan, headline=headline, decisions=[_line(one) for one in made], next=following)


def _line(record: Record) -> DecisionLine:
    said = record.document
    options = [one for one in _listed(said.get("options")) if isinstance(one, dict)]
    chosen = next((one for one in options if one.get("name") == said.get("chosen")), {})
    net, cost = chosen.get("net_money"), said.get("cost")
    return DecisionLine(
        decision=record.id,
        question=word(said, "question"),
        recommendation=word(said, "recommendation"),
        options=[str(one.get("name")) for one in options],
        decider=word(said, "decider") or word(said, "decider_role"),
        due=word(said, "due"),
        status=word(said, "status"),
        chosen=word(said, "chosen"),
        net_money=float(net) if isinstance(net, (int, float)) else None,
        cost=float(cost) if isinstance(cost, (int, float)) else None,
        revision=record.revision,
    )
