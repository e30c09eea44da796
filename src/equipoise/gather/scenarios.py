"""The scenarios of a plan file: its own, the templates that every plan gets, and what is wrong with them.

A scenario that cannot be run carries its fault: the others still run, and the results say which failed and why.
"""

import datetime as dt
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from equipoise.errors import InputError, Where
from equipoise.gather.document import Group, Leaf
from equipoise.gather.overrides import read_overrides
from equipoise.gather.reading import Reading
from equipoise.gather.report import Report
from equipoise.scenario import Override, Scenario, chain
from equipoise.tables.setting import Setting

if TYPE_CHECKING:
    from equipoise.gather.plan import Plan

BASE = "base"


def read_scenarios(root: Group, setting: Setting | None, reading: Reading) -> tuple[Scenario, ...]:
    """Return the templates and the scenarios listed at `scenarios`, in order; one of its own takes the place of a template."""
    own: dict[str, Scenario] = {}
    for entry in reading.groups(root, "scenarios"):
        scenario = _read(entry, reading)
        if scenario is None:
            continue
        if scenario.name.lower() == BASE and scenario.overrides:
            words = "The base plan cannot be a scenario with overrides: they are not run. List them at overrides, or give it another name."
            _warn(reading.report, words, Where(reading.name, row=entry.line, column="scenarios"))
            continue
        if scenario.name in own:
            words = f"The scenario {scenario.name} is given twice, so it is not run. Give each a name of its own."
            _warn(reading.report, words, Where(reading.name, row=entry.line, column="scenarios"))
            scenario = own[scenario.name].model_copy(update={"fault": words})
        own[scenario.name] = scenario
    templates = {scenario.name: scenario for scenario in _templates(setting)} if setting is not None else {}
    return tuple({**templates, **own}.values())


def _warn(report: Report, words: str, where: Where) -> None:
    message, _, fix = words.rpartition(". ")
    report.warn(f"{message}.", fix, where)


def _read(entry: Group, reading: Reading) -> Scenario | None:
    values: dict[str, object] = {
        key: node.text if key != "probability" and node.value is not None else node.value
        for key, node in entry.entries.items()
        if isinstance(node, Leaf) and key not in {"overrides", "fault"}
    }
    values["overrides"] = read_overrides(entry, "scenarios.overrides", reading)
    if str(values.get("parent", "")).lower() == BASE:
        values["parent"] = ""
    return reading.model(Scenario, values, entry, "scenarios")


def _templates(setting: Setting) -> tuple[Scenario, ...]:
    """The scenarios every plan gets: the base plan, and demand times a factor of the settings."""

    def scaled(name: str, factor: float, likelihood: str, impact: str, words: str) -> Scenario:
        override = Override(table="demand_plan", operation="scale", value=factor, reason=words)
        return Scenario.model_validate(
            {
                "name": name,
                "description": f"{words}: demand times {factor:g}",
                "likelihood": likelihood,
                "impact": impact,
                "overrides": (override,),
            }
        )

    factors = setting.templates
    return (
        Scenario(name=BASE, description="Most likely outcome", likelihood="high", impact="medium"),
        scaled("upside", factors.upside, "low", "positive", "Best case"),
        scaled("downside", factors.downside, "low", "negative", "Worst case"),
        scaled("stretch", factors.stretch, "medium", "positive", "Aspirational"),
    )


def judged(plan: "Plan", report: Report) -> "Plan":
    """Return the plan with a fault on each scenario that cannot be run; each is a warning, and so are probabilities that do not add up."""
    where = Where(plan.file, column="scenarios")
    found = []
    for scenario in plan.scenarios:
        words = scenario.fault or _fault(plan.scenarios, scenario, plan.setting.calendar.as_of)
        if words and not scenario.fault:
            _warn(report, words, where)
        found.append(scenario.model_copy(update={"fault": words}))
    for words in _probability_faults(found):
        _warn(report, words, where)
    return replace(plan, scenarios=tuple(found))


def _fault(scenarios: tuple[Scenario, ...], scenario: Scenario, as_of: dt.date | None) -> str:
    """Return why a scenario cannot be run, by what it says alone; empty where it can."""
    try:
        chain(scenarios, scenario.name)
    except InputError as error:
        return f"{error.message} {error.fix}"
    if scenario.name != BASE and not scenario.batches:
        same = f"scenario {scenario.parent}" if scenario.parent else "base plan"
        return f"The scenario {scenario.name} overrides nothing: it would be the {same} again. Give it overrides, or take it out."
    accepted = [override for override in scenario.every if override.status == "accepted"]
    if scenario.name != BASE and not accepted:
        return f"All overrides of the scenario {scenario.name} are switched off or not accepted. Accept one, or take the scenario out."
    if accepted and as_of is not None and all(one.expires is not None and one.expires < as_of for one in accepted):
        return f"All overrides of the scenario {scenario.name} have expired. Give one a later `expires`, or take the scenario out."
    return next(filter(None, (_twice(scenario.name, batch) for batch in scenario.batches)), "")


def _twice(scenario: str, batch: tuple[Override, ...]) -> str:
    """Say where one cell is set twice in the same words; other ways to name one cell twice are found when the overrides are laid."""
    named = Counter(
        (override.table, override.column, str(sorted(override.where.items())))
        for override in batch
        if override.operation == "set" and override.status == "accepted"
    )
    twice = next((key for key, count in named.items() if count > 1), None)
    if twice is None:
        return ""
    name, column, _ = twice
    return f"The scenario {scenario} sets {column} of {name} twice for the same cells. Keep one of the two."


def _probability_faults(scenarios: list[Scenario]) -> Iterator[str]:
    """Yield what is wrong with the probabilities: more than 1 in all, or all given and less than 1 in all."""
    known = [one.probability for one in scenarios if one.probability is not None and not one.fault]
    total = sum(known)
    if total > 1 + 1e-9:
        yield (
            f"The probabilities of the scenarios add up to {total:g}; what is expected takes them scaled to 1. "
            "Correct them: they may add up to 1 at most, and scenarios without one share the rest."
        )
    elif known and len(known) == len([one for one in scenarios if not one.fault]) and total < 1 - 1e-9:
        yield (
            f"Every scenario has a probability, and they add up to {total:g} only; what is expected takes them scaled to 1. "
            "Correct them: together they are 1."
        )
