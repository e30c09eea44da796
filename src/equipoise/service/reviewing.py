"""Review: what was proposed, by agents or by people who may not do it themselves, is accepted or rejected."""

from collections.abc import Mapping, Sequence

from equipoise.errors import Fault, InputError, NotFoundError, Where
from equipoise.process.kept import word
from equipoise.service.messages.decisions import (
    ProposalLine,
    ReviewAcceptRequest,
    ReviewAnswer,
    ReviewListRequest,
    ReviewRejectRequest,
)
from equipoise.service.overrides import Overridden, overridden
from equipoise.service.permitted import permitted
from equipoise.service.recorded import belongs, override_of
from equipoise.service.records import PROPOSED, STARTS, kept
from equipoise.service.register import Context
from equipoise.service.workspace import locate
from equipoise.store.contract import Change, Record

REJECTED = {"override": "rejected", "decision": "dropped", "action": "dropped", "assumption": "retired", "risk": "closed"}


def review_list(request: ReviewListRequest, context: Context) -> ReviewAnswer:
    """Return what is proposed. Raises InputError where nothing of that kind is ever proposed."""
    here = overridden(locate(request), context)
    if request.kind and request.kind not in STARTS:
        raise InputError(f"No {request.kind} is ever proposed.", f"These are: {', '.join(STARTS)}.")
    found = [one for one in _proposals(here).values() if request.kind in {"", one.kind}]
    following = "equipoise review accept NUMBER, or reject" if found else ""
    return _answer(here, found, [] if found else ["Nothing is proposed."], following)


def review_accept(request: ReviewAcceptRequest, context: Context) -> ReviewAnswer:
    """Accept proposals, all or none.

    Overrides are looked at again: they must still fit the plan, and whoever accepts them must be allowed to make them. Raises NotFoundError
    where one is no proposal, DataError where one does not fit, NotAllowedError where who asks may not, ConflictError where somebody else
    was first.
    """
    here = overridden(locate(request), context)
    found = _meant(here, request.id)
    overrides = [one for one in found if one.kind == "override"]
    for scenario in dict.fromkeys(word(one.document, "scenario") for one in overrides):
        mine = [
            override_of(one).model_copy(update={"status": "accepted"}) for one in overrides if word(one.document, "scenario") == scenario
        ]
        permitted(here, mine, scenario)
        for one in mine:  # each by itself: of two that set one cell the later holds
            here.matching.look([one], scenario)
    made = kept(here.place, [_settled(one, STARTS) for one in found], context, "review accept", request.reason)
    run = f"equipoise run {here.place.plan_file}" if any(one.kind in {"override", "risk"} for one in made) else ""
    return _answer(here, made, [f"{len(made)} accepted."], run)


def review_reject(request: ReviewRejectRequest, context: Context) -> ReviewAnswer:
    """Reject proposals, all or none; a reason is needed where a team works, so that whoever proposed learns why.

    Raises NotFoundError where one is no proposal, InputError where there is no reason, ConflictError where somebody else was first.
    """
    here = overridden(locate(request), context)
    if not request.reason.strip() and not context.person.alone:
        raise InputError("A rejection has no reason.", "Say why: --reason")
    found = _meant(here, request.id)
    for scenario in dict.fromkeys(word(one.document, "scenario") for one in found if one.kind == "override"):
        mine = [override_of(one) for one in found if one.kind == "override" and word(one.document, "scenario") == scenario]
        permitted(here, mine, scenario, sealed=False)
    made = kept(here.place, [_settled(one, REJECTED) for one in found], context, "review reject", request.reason)
    return _answer(here, made, [f"{len(made)} rejected."], "")


def _settled(record: Record, statuses: Mapping[str, str]) -> Change:
    return Change(record.kind, {**record.document, "status": statuses[record.kind]}, record.id, record.revision)


def _proposals(here: Overridden) -> dict[str, Record]:
    """Return what is proposed in a plan, by id, the oldest first."""
    if not here.place.kept:
        return {}
    held = [one for kind in STARTS for one in here.place.store.records(kind, business_unit=here.unit)]
    mine = [one for one in held if word(one.document, "status") == PROPOSED and belongs(one, here.plans)]
    return {one.id: one for one in sorted(mine, key=lambda one: one.number)}


def _meant(here: Overridden, ids: Sequence[str]) -> list[Record]:
    """Return proposals by their ids. Raises NotFoundError with each that is none."""
    waiting = _proposals(here)
    faults = [
        Fault(f"{one} is no proposal that waits.", "See them with: equipoise review list", Where(column=one))
        for one in dict.fromkeys(ids)
        if one not in waiting
    ]
    if faults:
        raise NotFoundError(faults[0].message, "Nothing was changed. See them with: equipoise review list", faults=faults)
    return [waiting[one] for one in dict.fromkeys(ids)]


def _answer(here: Overridden, found: Sequence[Record], headline: list[str], following: str) -> ReviewAnswer:
    return ReviewAnswer(plan=here.plan.setting.plan, headline=headline, proposals=[_line(here, one) for one in found], next=following)


def _line(here: Overridden, record: Record) -> ProposalLine:
    said = record.document
    first = next(iter(here.place.store.lines(kind=record.kind, identity=record.id, limit=1)), None)
    proposed = word(said, "status") == PROPOSED
    return ProposalLine(
        id=record.id,
        kind=record.kind,
        says=str(override_of(record)) if record.kind == "override" else word(said, "statement") or word(said, "question"),
        by=word(said, "author") or (first.actor if first is not None else record.changed_by),
        settled_by="" if proposed else record.changed_by,
        reason=word(said, "reason"),
        cycle=record.cycle,
        changed=f"{record.changed_at:%Y-%m-%d %H:%M:%S}",
        status=word(said, "status"),
        revision=record.revision,
    )
