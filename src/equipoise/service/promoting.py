"""Promote: a scenario or an option that was agreed becomes part of the base plan, and can be taken out again.

The record holds what was promoted, by whom and why; the plan file stays as it is. A run lays promoted overrides after the plan file's own.
"""

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from equipoise.errors import InputError, NotFoundError
from equipoise.gather.plan import Plan
from equipoise.scenario import Override, Scenario, chain
from equipoise.service.messages import PromoteAnswer, PromoteRequest
from equipoise.service.register import Context
from equipoise.service.running import forget
from equipoise.service.workspace import Workspace, locate
from equipoise.store import Change


@dataclass(frozen=True)
class Promotion:
    """What was promoted: name, whether it is a scenario or an option, its overrides in batches (parents first), when and by whom."""

    name: str
    kind: str
    batches: tuple[tuple[Override, ...], ...]
    at: dt.datetime
    actor: str

    @property
    def overrides(self) -> tuple[Override, ...]:
        """Its overrides, in order."""
        return tuple(override for batch in self.batches for override in batch)


def promote(request: PromoteRequest, context: Context) -> PromoteAnswer:
    """Make a scenario or an option part of the base plan, or, with `undo`, take it out again; the next run plans with it.

    Raises NotFoundError where there is no such scenario or option, InputError where it is promoted already, was not promoted, or cannot be
    run.
    """
    from equipoise.service.gathering import gather

    place = locate(request)
    plan = gather(place, context.today).plan
    held = {one.name: one for one in promotions(place, plan.setting.plan)}
    name = request.name
    if request.undo:
        if name not in held:
            raise InputError(f"{name} is not promoted.", f"Promoted are: {', '.join(held) or 'none'}.")
        _record(place, plan, context, "withdraw", request, held[name])
    else:
        found = held.get(name) or _found(place, plan.scenarios, request, context)
        name = found.name
        if name in held:
            raise InputError(f"{name} is promoted already.", "Run the plan, or take it out with --undo.")
        _record(place, plan, context, "promote", request, found)
    now = promotions(place, plan.setting.plan)
    done = held.get(name) or next(one for one in now if one.name == name)
    return PromoteAnswer(
        plan=plan.setting.plan,
        name=name,
        kind=done.kind,
        overrides=[str(override) for override in done.overrides],
        promoted=[one.name for one in now],
        next=f"equipoise run {place.plan_file}",
    )


def _found(place: Workspace, scenarios: Sequence[Scenario], request: PromoteRequest, context: Context) -> Promotion:
    """Return what is to be promoted: a scenario with what it builds on, or an option under its name though it was asked for by rank."""
    name, kind = request.name, "scenario"
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
        kind, batches = "option", (overrides,)
    now = dt.datetime.now(dt.UTC).replace(tzinfo=None)
    return Promotion(name, kind, _named(name, batches, request.reason, context.actor), now, context.actor)


def option_overrides(place: Workspace, name: str) -> tuple[str, tuple[Override, ...]]:
    """Return the name and the overrides of an option of the plan's latest version, by its name or rank.

    Raises NotFoundError where there is none.
    """
    version = place.version()
    frames = [place.store.table(version.tables[one]) for one in ("option", "option_change") if one in version.tables]
    if len(frames) < 2:
        raise NotFoundError(f"There is no option {name}.", "No options were looked for: run the plan.")
    option, change = frames
    named = option.filter((pl.col("option") == name) | (pl.col("rank").cast(pl.String) == name)).get_column("option").to_list()
    rows = change.filter(pl.col("option").is_in(named[:1])).sort("position")
    if rows.is_empty():
        known = ", ".join(option.filter(pl.col("rank").is_not_null()).sort("rank").get_column("option"))
        raise NotFoundError(f"There is no option {name}.", f"Options: {known or 'none'}.")
    return named[0], tuple(Override.model_validate_json(text) for text in rows.get_column("override"))


def _named(name: str, batches: Sequence[Sequence[Override]], reason: str, actor: str) -> tuple[tuple[Override, ...], ...]:
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


def _record(place: Workspace, plan: Plan, context: Context, operation: str, request: PromoteRequest, found: Promotion) -> None:
    """Keep a promotion as record PLAN/NAME, for two plans of a workspace may have scenarios of one name; or take it out."""
    document: dict[str, object] = {
        "plan": plan.setting.plan,
        "promotion": found.name,
        "kind": found.kind,
        "reason": request.reason,
        "batches": [[json.loads(one.model_dump_json(exclude_defaults=True)) for one in batch] for batch in found.batches],
    }
    forget(place)
    change = Change("promotion", None if operation == "withdraw" else document, f"{plan.setting.plan}/{found.name}")
    place.store.change([change], context.sign(operation, request.reason))


def promotions(place: Workspace, plan: str) -> tuple[Promotion, ...]:
    """Return what is promoted in a plan, in the order of promotion."""
    if not (place.folder / ".equipoise" / "store.db").exists():
        return ()
    return tuple(
        Promotion(str(one.document["promotion"]), str(one.document["kind"]), _batches(one.document), one.changed_at, one.changed_by)
        for one in place.store.records("promotion")
        if one.document["plan"] == plan
    )


def _batches(document: Mapping[str, object]) -> tuple[tuple[Override, ...], ...]:
    """Return the overrides that a record of a promotion holds."""
    batches = document["batches"]
    lists = batches if isinstance(batches, list) else []
    return tuple(tuple(Override.model_validate(one) for one in batch) for batch in lists)


def with_promotions(plan: Plan, found: Sequence[Promotion]) -> Plan:
    """Return the plan with what was promoted, laid over its own overrides; a promoted scenario is no longer run as one."""
    from dataclasses import replace

    if not found:
        return plan
    since = {one.name: one.at for one in found if one.kind == "scenario"}
    scenarios = tuple(
        scenario.model_copy(update={"overrides": (), "fault": _part_of_plan(scenario.name, since[scenario.name])})
        if scenario.name in since
        else scenario
        for scenario in plan.scenarios
    )
    return replace(plan, promoted=tuple(batch for one in found for batch in one.batches), scenarios=scenarios)


def _part_of_plan(name: str, at: dt.datetime) -> str:
    return (
        f"The scenario {name} is part of the base plan since {at:%Y-%m-%d}. Take it out of the plan file, or undo that with promote --undo."
    )
