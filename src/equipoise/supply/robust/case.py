"""Scenarios as cases of one decision: each with its probability, its problem and its own best plan."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import polars as pl

from equipoise.errors import EquipoiseError
from equipoise.supply.assembly import Flags, Problem
from equipoise.supply.formulate import MODEL_TABLES
from equipoise.supply.robust.decisions import decisions
from equipoise.supply.robust.disturbance import disturbed
from equipoise.supply.session import Session
from equipoise.supply.solving.answer import Answer
from equipoise.supply.solving.priority import service_weights
from equipoise.tables.setting import LikelihoodSetting

Tables = Mapping[str, pl.DataFrame]
BASE = "base"


@dataclass(frozen=True, eq=False)
class Case:
    """A scenario with its probability, its problem, and its best plan where it is known from the start.

    `decisions` are the unknowns that are settled before (as in `decisions`); `partly` says which of them may be carried out in part here.
    `cut` says that this is so of all, as the scenario has no room for what the plan of record settles.
    """

    name: str
    probability: float
    problem: Problem
    answer: Answer
    decisions: pl.DataFrame
    partly: Flags
    cut: bool = False


@dataclass(frozen=True, eq=False)
class Cases:
    """The cases, that of the base plan first, and what is to be said of each scenario, by name (empty: of all)."""

    cases: list[Case] = field(default_factory=list)
    notes: dict[str, str] = field(default_factory=dict)


def gathered(
    scenario: pl.DataFrame, weights: LikelihoodSetting, committed: int, resolve: Callable[[str], Tables], session: Session
) -> Cases:
    """Return the cases of the table `scenario`, solved; one that fails, or cannot be compared with the base plan, is noted instead."""
    notes: dict[str, str] = {}
    solved: dict[str, tuple[Problem, Answer]] = {}
    names = scenario.get_column("scenario").to_list()
    for name in sorted(names, key=lambda name: (name != BASE, names.index(name))):
        try:
            tables = resolve(name)
            found = session.solved({table: tables[table] for table in MODEL_TABLES}, what_if=True)
        except EquipoiseError as error:
            notes[name] = f"Left out: {error.message} {error.fix}".strip()
            continue
        unfit = _unfit(found.problem, solved[BASE][0] if BASE in solved else None)
        if unfit:
            notes[name] = unfit
        else:
            solved[name] = (found.problem, found.answer)
        if BASE not in solved:
            return Cases([], notes)
    chances = probabilities(scenario.filter(pl.col("scenario").is_in(list(solved))), weights)
    cases = []
    for name, (problem, answer) in solved.items():
        rows = decisions(problem, committed)
        if name not in chances:
            notes[name] = "It has neither a probability nor a likelihood, and weighs nothing."
        partly = disturbed(problem, solved[BASE][0], rows, committed)
        cases.append(Case(name, chances.get(name, 0.0), problem, answer, rows, partly))
    return Cases(cases, notes)


def _unfit(problem: Problem, base: Problem | None) -> str:
    """Say why a scenario cannot be weighed against the base plan; empty where it can."""
    setting = problem.model.net.setting.supply
    if setting.strategy == "given":
        return "Left out: with the strategy given, the plan is not chosen here."
    if service_weights(problem, problem.columns):
        return "Left out: markets served by priority have no one number that a probability could weigh."
    if base is None:
        return ""
    if problem.model.net.calendar.periods != base.model.net.calendar.periods:
        return "Left out: its periods are not those of the base plan."
    if setting.objective != base.model.net.setting.supply.objective:
        return "Left out: what it calls best is not what the base plan calls best."
    return ""


def probabilities(scenario: pl.DataFrame, weights: LikelihoodSetting) -> dict[str, float]:
    """Return the probability of each scenario that has one, or a likelihood; they add up to 1.

    Given probabilities are kept where they add up to at most 1, and the rest of 1 is shared out by the weights of the words. Where they
    add up to more, or no word takes the rest, all are scaled.
    """
    rows = scenario.select("scenario", "likelihood", "probability").iter_rows()
    given: dict[str, float] = {}
    worded: dict[str, float] = {}
    for name, likelihood, probability in rows:
        if probability is not None:
            given[name] = float(probability)
        elif likelihood:
            worded[name] = float(getattr(weights, likelihood))
    rest, words = 1 - sum(given.values()), sum(worded.values())
    if words > 0 and rest >= 0:
        every = {**given, **{name: rest * weight / words for name, weight in worded.items()}}
    else:
        every = {**given, **worded}
    total = sum(every.values())
    return {name: chance / total for name, chance in every.items()} if total > 0 else {}
