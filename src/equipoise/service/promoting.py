"""Promote: a scenario or an option that was agreed becomes part of the base plan, and can be taken out again.

The record holds what was promoted, by whom and why; the plan file stays as it is. A run lays promoted overrides after the plan file's own.
"""

import datetime as dt
import json
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

import polars as pl

from equipoise.dimensions.calendar import Calendar
from equipoise.errors import InputError, NotFoundError
from equipoise.gather.plan import Plan
from equipoise.scenario import Override, chain
from equipoise.scenario.condition import days_of
from equipoise.service.current import cycle_name_of
from equipoise.service.messages import PromoteAnswer, PromoteRequest
from equipoise.service.recorded import batches_of, belongs, plans_of
from equipoise.service.register import Context
from equipoise.service.workspace import Workspace, locate
from equipoise.store.contract import Change, Document


@dataclass(frozen=True)
class Promotion:
    """What was promoted: name, whether it is a scenario or an option, and its overrides in batches (parents first)."""

    name: str
    kind: str
    batches: tuple[tuple[Override, ...], ...]
    id: str = ""

    @property
    def overrides(self) -> tuple[Override, ...]:
        """Its overrides, in order."""
        return tuple(override for batch in self.batches for override in batch)


def promote(request: PromoteRequest, context: Context) -> PromoteAnswer:
    """Make a scenario or an option part of the base plan, or, with `undo`, take it out again; the next run plans with it.

    The version that it was looked at in stands for good from then on.

    Raises NotFoundError where there is no such scenario or option, InputError where it is promoted already, was not promoted, or cannot be
    run, NotAllowedError where the executive step was handed on, or it changes cells outside of the slices of who asks.
    """
    from equipoise.process.editing import refuse_outside
    from equipoise.service.gathering import gather
    from equipoise.service.hand_offs import guard_decided
    from equipoise.service.matching import Matching
    from equipoise.service.sealing import decided_on

    place = locate(request)
    plan = gather(place, context.today).plan
    guard_decided(place, plan)
    held = {one.name: one for one in promotions(place, plan)}
    if request.undo:
        done = held.get(request.name)
        if done is None:
            raise InputError(f"{request.name} is not promoted.", f"Promoted are: {', '.join(held) or 'none'}.")
        change = demotion(done)
    else:
        done = held.get(request.name) or _found(place, plan, request, context)
        if done.name in held:
            raise InputError(f"{done.name} is promoted already.", "Run the plan, or take it out with --undo.")
        change = promotion(place, plan, done, request.reason, cost=_cost(place, done))
    tables = [one.table for one in done.overrides]
    refuse_outside(context.person, _of_cells(done.overrides), Matching(place, plan, context.today).seen(tables))
    last = next(iter(place.versions()[-1:]), None)
    place.store.change([change], context.sign("promote --undo" if request.undo else "promote", request.reason))
    stands = decided_on(place, last, context, request.reason or f"{done.name} was promoted") if not request.undo else None
    return PromoteAnswer(
        plan=plan.setting.plan,
        name=done.name,
        kind=done.kind,
        overrides=[str(override) for override in done.overrides],
        promoted=[one.name for one in promotions(place, plan)],
        version=stands.name if stands is not None else "",
        next=f"equipoise run {place.plan_file}",
    )


def _of_cells(overrides: Sequence[Override]) -> list[Override]:
    """Return the overrides that change cells of somebody: what is paid once belongs to no slice."""
    return [one for one in overrides if one.table != "one_off_cost"]


def _found(place: Workspace, plan: Plan, request: PromoteRequest, context: Context) -> Promotion:
    """Return what is to be promoted: a scenario with what it builds on, or an option under its name though it was asked for by rank.

    What an option costs once is among its overrides.
    """
    name, kind, scenarios = request.name, "scenario", plan.scenarios
    if any(scenario.name == name for scenario in scenarios):
        batches = tuple(batch for batch in chain(scenarios, name) if batch)
        if not batches:
            raise InputError(f"The scenario {name} overrides nothing.", "Promote one that changes the plan.")
    else:
        try:
            name, overrides = option_overrides(place, name)
        except NotFoundError as error:
            names = ", ".join(scenario.name for scenario in scenarios if scenario.name != "base")
            raise NotFoundError(f"There is no scenario or option {name}.", f"Scenarios: {names}. {error.fix}") from None
        cost = paid_once(name, option_cost(place, name), overrides, Calendar.from_setting(plan.setting.calendar))
        kind, batches = "option", ((*overrides, *cost),)
    return Promotion(name, kind, named(name, batches, request.reason, context.actor))


def option_overrides(place: Workspace, name: str) -> tuple[str, tuple[Override, ...]]:
    """Return the name and the overrides of an option of the plan's latest version, by its name or rank.

    Raises NotFoundError where there is none.
    """
    version = place.version()
    frames = [place.store.table(version.tables[one]) for one in ("option", "option_change") if one in version.tables]
    if len(frames) < 2:
        raise NotFoundError(f"There is no option {name}.", "No options were looked for: run the plan.")
    option, change = frames
    meant = option.filter((pl.col("option") == name) | (pl.col("rank").cast(pl.String) == name)).get_column("option").to_list()
    rows = change.filter(pl.col("option").is_in(meant[:1])).sort("position")
    if rows.is_empty():
        known = ", ".join(option.filter(pl.col("rank").is_not_null()).sort("rank").get_column("option"))
        raise NotFoundError(f"There is no option {name}.", f"Options: {known or 'none'}.")
    return meant[0], tuple(Override.model_validate_json(text) for text in rows.get_column("override"))


def option_cost(place: Workspace, name: str) -> float | None:
    """Return what an option of the plan's latest version costs once; None where that is not given."""
    option = place.store.table(place.version().tables["option"])
    return option.filter(pl.col("option") == name).get_column("one_off_cost").item()  # type: ignore[no-any-return]


def _cost(place: Workspace, found: Promotion) -> float | None:
    return option_cost(place, found.name) if found.kind == "option" else None


def paid_once(name: str, cost: object, overrides: Sequence[Override], calendar: Calendar) -> tuple[Override, ...]:
    """Return the override that puts into the plan what is paid once for a promotion; none where that is nothing or not given.

    It is paid in the first period that its overrides name, within the horizon; where they name none, in the horizon's first.
    """
    if not isinstance(cost, (int, float)) or not cost > 0:
        return ()
    first = min((day for one in overrides for day in _days(one)), default=calendar.start)
    period = calendar.period_of(min(max(first, calendar.start), calendar.periods[-1]))
    value = {"purpose": name, "period": period.isoformat(), "amount": float(cost)}
    return (Override.model_validate({"table": "one_off_cost", "operation": "insert", "value": value}),)


def _days(override: Override) -> Iterator[dt.date]:
    """Yield the first day of each period that an override names."""
    said = override.value if isinstance(override.value, dict) else override.where
    for column in ("period", "start"):
        condition = said.get(column)
        named = condition.get("from") if isinstance(condition, dict) else condition
        for one in named if isinstance(named, (list, tuple)) else (named,):
            with suppress(InputError, ValueError):
                if one:
                    yield days_of(str(one)[:10])[0]


def named(name: str, batches: Sequence[Sequence[Override]], reason: str, actor: str) -> tuple[tuple[Override, ...], ...]:
    """Return the overrides with ids of their own and, where they have none, the reason and author of the promotion."""
    used: set[str] = set()

    def signed(override: Override) -> Override:
        words = override.id or str(len(used) + 1)
        while words in used:
            words = f"{words}-{len(used) + 1}"
        used.add(words)
        told = {"reason": override.reason or reason or f"{name} was promoted", "author": override.author or actor}
        return override.model_copy(update={"id": f"{name}/{words}", **told})

    return tuple(tuple(map(signed, batch)) for batch in batches)


def promotion(place: Workspace, plan: Plan, found: Promotion, reason: str, decision: str = "", cost: float | None = None) -> Change:
    """Return the change that keeps a promotion, as record PLAN/NAME: two plans of a workspace may have scenarios of one name."""
    document: Document = {
        "plan": plan.setting.plan,
        "promotion": found.name,
        "kind": found.kind,
        "reason": reason,
        "decision": decision or None,
        "cost": cost,
        "batches": [[json.loads(one.model_dump_json(exclude_defaults=True)) for one in batch] for batch in found.batches],
    }
    unit = plan.process.business_unit
    return Change("promotion", document, f"{plan.setting.plan}/{found.name}", 0, unit, cycle_name_of(place.store, unit))


def demotion(held: Promotion) -> Change:
    """Return the change that takes a promotion out of the record."""
    return Change("promotion", None, held.id)


def promotions(place: Workspace, plan: Plan) -> tuple[Promotion, ...]:
    """Return what is promoted in a plan, in the order of promotion."""
    if not place.kept:
        return ()
    unit = plan.process.business_unit
    plans = plans_of(place.store, unit, plan.setting.plan)
    return tuple(
        Promotion(str(one.document["promotion"]), str(one.document["kind"]), batches_of(one.document), one.id)
        for one in place.store.records("promotion", business_unit=unit)
        if belongs(one, plans)
    )
