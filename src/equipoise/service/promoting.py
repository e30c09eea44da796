"""Promote: a scenario or an option that was agreed becomes part of the base plan, and can be taken out again.

The record holds what was promoted, by whom and why; the plan file stays as it is. A run lays promoted overrides after the plan file's own.
"""

import datetime as dt
import json
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from equipoise.errors import InputError, NotFoundError
from equipoise.gather.plan import Plan
from equipoise.scenario import Override, Scenario, ancestry
from equipoise.service.messages import PromoteAnswer, PromoteRequest
from equipoise.service.register import Context
from equipoise.service.running import forget
from equipoise.service.workspace import Workspace, locate
from equipoise.store import Event


@dataclass(frozen=True)
class Promotion:
    """What was promoted: name, whether it is a scenario or an option, its overrides, when and by whom."""

    name: str
    kind: str
    overrides: tuple[Override, ...]
    at: dt.datetime
    actor: str


def promote(request: PromoteRequest, context: Context) -> PromoteAnswer:
    """Make a scenario or an option part of the base plan, or, with `undo`, take it out again; the next run plans with it.

    Raises NotFoundError where there is no such scenario or option, InputError where it is promoted already, was not promoted, or cannot be
    run.
    """
    from equipoise.service.gathering import gather

    place = locate(request)
    plan = gather(place, context.today).plan
    held = {one.name: one for one in promotions(place, plan.setting.plan)}
    if request.undo:
        if request.name not in held:
            raise InputError(f"{request.name} is not promoted.", f"Promoted are: {', '.join(held) or 'none'}.")
        _record(place, plan, context, "withdraw", request, held[request.name].kind, held[request.name].overrides)
    elif request.name in held:
        raise InputError(f"{request.name} is promoted already.", "Run the plan, or take it out with --undo.")
    else:
        kind, overrides = _overrides(place, plan.scenarios, request.name)
        _record(place, plan, context, "promote", request, kind, _named(request.name, overrides, request.reason, context.actor))
    now = promotions(place, plan.setting.plan)
    done = held.get(request.name) or next(one for one in now if one.name == request.name)
    return PromoteAnswer(
        plan=plan.setting.plan,
        name=request.name,
        kind=done.kind,
        overrides=[str(override) for override in done.overrides],
        promoted=[one.name for one in now],
        next=f"equipoise run {place.plan_file}",
    )


def _overrides(place: Workspace, scenarios: Sequence[Scenario], name: str) -> tuple[str, tuple[Override, ...]]:
    if any(scenario.name == name for scenario in scenarios):
        line = ancestry(scenarios, name)
        found = tuple(override for scenario in line for override in scenario.overrides)
        if not found:
            raise InputError(f"The scenario {name} overrides nothing.", "Promote one that changes the plan.")
        return "scenario", found
    try:
        return "option", option_overrides(place, name)
    except NotFoundError as error:
        names = ", ".join(scenario.name for scenario in scenarios if scenario.name != "base")
        raise NotFoundError(f"There is no scenario or option {name}.", f"Scenarios: {names}. {error.fix}") from None


def option_overrides(place: Workspace, name: str) -> tuple[Override, ...]:
    """Return the overrides of an option of the plan's latest version, by its name or rank. Raises NotFoundError where there is none."""
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
    return tuple(Override.model_validate_json(text) for text in rows.get_column("override"))


def _named(name: str, overrides: Sequence[Override], reason: str, actor: str) -> tuple[Override, ...]:
    """Return the overrides with ids and, where they have none, the reason and author of the promotion."""
    return tuple(
        override.model_copy(
            update={
                "id": f"{name}/{override.id or number}",
                "reason": override.reason or reason or f"{name} was promoted",
                "author": override.author or actor,
            }
        )
        for number, override in enumerate(overrides, start=1)
    )


def _record(
    place: Workspace, plan: Plan, context: Context, operation: str, request: PromoteRequest, kind: str, overrides: Sequence[Override]
) -> None:
    detail: dict[str, object] = {
        "name": request.name,
        "kind": kind,
        "reason": request.reason,
        "overrides": [json.loads(override.model_dump_json(exclude_defaults=True)) for override in overrides],
    }
    now = dt.datetime.now(dt.UTC).replace(tzinfo=None)
    forget(place)
    place.store.add_event(Event(now, context.actor, context.door, operation, plan.setting.plan, detail))


def promotions(place: Workspace, plan: str) -> tuple[Promotion, ...]:
    """Return what is promoted in a plan, in the order of promotion."""
    if not (place.folder / ".equipoise" / "store.db").exists():
        return ()
    held: dict[str, Promotion] = {}
    for event in place.store.events():
        if event.subject == plan and event.operation in {"promote", "withdraw"}:
            name = str(event.detail["name"])
            held.pop(name, None)
            if event.operation == "promote":
                documents = event.detail["overrides"]
                overrides = tuple(Override.model_validate(one) for one in documents) if isinstance(documents, list) else ()
                held[name] = Promotion(name, str(event.detail["kind"]), overrides, event.at, event.actor)
    return tuple(held.values())


def with_promotions(plan: Plan, found: Sequence[Promotion]) -> Plan:
    """Return the plan with what was promoted among its own overrides; a promoted scenario is no longer run as one."""
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
    overrides = (*plan.overrides, *(override for one in found for override in one.overrides))
    return replace(plan, overrides=overrides, scenarios=scenarios)


def _part_of_plan(name: str, at: dt.datetime) -> str:
    return (
        f"The scenario {name} is part of the base plan since {at:%Y-%m-%d}. Take it out of the plan file, or undo that with promote --undo."
    )
