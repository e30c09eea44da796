r"""The robust plan: what is settled now earns most on average over all scenarios, and so is regretted least.

For any decisions x with regret $$R_s(x) = Q^*_s - Q_s(x)$$ (what the best plan of scenario s would have earned, less what x earns
there), $$\sum_s \pi_s R_s(x) = \sum_s \pi_s Q^*_s - \sum_s \pi_s Q_s(x)$$ and the first sum does not hang on x: the most expected profit
is the least expected regret. At the best x that regret is the expected value of perfect information; what the decisions of the nominal
plan earn less on average is the value of the stochastic solution (Birge and Louveaux, Introduction to Stochastic Programming, 2011,
chapters 1 and 4).
"""

from collections.abc import Callable, Mapping

import polars as pl

from equipoise.dimensions.calendar import Calendar
from equipoise.errors import EquipoiseError
from equipoise.supply.formulation.equation import Grade
from equipoise.supply.robust.case import BASE, Case, Tables, gathered
from equipoise.supply.robust.extensive import LARGEST, Decided, settled
from equipoise.supply.robust.recourse import Outcome, first_played, recourse
from equipoise.supply.robust.softening import Prices, prices, softened
from equipoise.supply.robust.tables import Weighed, plan_rows, result_rows
from equipoise.supply.session import Session
from equipoise.supply.solving.engine import Arrays, Basis, longer
from equipoise.tables.figures import number
from equipoise.tables.setting import Setting, from_table


def robust_plan(
    scenario: pl.DataFrame, setting: pl.DataFrame, *, resolve: Callable[[str], Tables], session: Session
) -> dict[str, pl.DataFrame]:
    """Return the tables `robust_plan` and `robust_result`: the plan that holds best over all scenarios, beside the nominal one.

    What is made, bought, moved and staffed in the first `risk.committed` periods is the same in every scenario; shipments, stock, what is
    late and all later periods are decided when the scenario is known. Both plans are played against every scenario with the best
    recourse. Where a scenario takes away what a decision needs (a supplier stops, a line has less time), it is carried out as far as the
    scenario lets. Rules without a price give way at one (see `softening`), the same for both plans.

    `resolve` gives the tables of a scenario, MODEL_TABLES among them; one that fails is left out, and its row says why. Quantities are in
    item units, workers and resource units; profits in currency, as contribution. Raises nothing for a scenario that fails.
    """
    plan = from_table(setting)
    committed = _committed(plan)
    cases = gathered(scenario, plan.risk.likelihood, committed, resolve, session)
    notes = dict(cases.notes)
    found = _weighed(cases.cases, notes)
    order = scenario.get_column("scenario").to_list()
    return {"robust_plan": plan_rows(found), "robust_result": result_rows(order, found, notes)}


def _committed(plan: Setting) -> int:
    """Return how many periods are settled: as set, else a quarter."""
    quarter = max(Calendar.from_setting(plan.calendar).periods_a_year // 4, 1)
    return min(plan.risk.committed or quarter, plan.calendar.horizon)


def _weighed(cases: list[Case], notes: dict[str, str]) -> Weighed:
    """Return both plans played against every case; what cannot be said is added to the notes."""
    if not any(case.probability > 0 for case in cases):
        notes[""] = "No robust plan is made: " + ("no scenario has a probability." if cases else _why(notes))
        return Weighed(cases, None, None, {}, {})
    at, nominal = prices(cases), _nominal(cases[0])
    standing, played = _nominal_played(cases, nominal, at, notes)
    robust = _robust([case for case in standing if case.probability > 0], played, at, notes)
    return Weighed(standing, nominal, robust, played, {} if robust is None else _played(standing, robust, at, notes))


def _why(notes: Mapping[str, str]) -> str:
    return notes.get(BASE, "there is no base plan.").removeprefix("Left out: ")


def _nominal(base: Case) -> pl.DataFrame:
    """Return name and value of every decision of the plan of record."""
    column = base.decisions.get_column("column").to_numpy()
    return base.decisions.select("name").with_columns(pl.Series("value", base.answer.values[column], dtype=pl.Float64))


def _robust(likely: list[Case], played: Mapping[str, Outcome], at: Prices, notes: dict[str, str]) -> pl.DataFrame | None:
    """Return name and value of every decision of the robust plan; None, with a note, where none is found. It starts from the nominal."""
    size = sum(case.problem.columns for case in likely)
    if size > LARGEST:
        notes[""] = (
            f"No robust plan is made: all scenarios together have {number(size)} unknowns, more than the {number(LARGEST)} that are solved "
            "as one problem. Plan at family level, or weigh fewer scenarios."
        )
        return None
    limit = likely[0].problem.model.net.setting.supply.time_limit
    try:
        for most in (Grade.SERVICE, Grade.CAPACITY):
            models = [softened(case.problem, case.answer, at, most=most) for case in likely]
            starts = _starts(likely, models, played) if most == Grade.SERVICE else None
            decided = settled(likely, models, starts, limit)
            if decided is not None:
                return _in_time(decided, notes)
    except EquipoiseError as error:
        notes[""] = f"No robust plan is made: {error.message} {error.fix}".strip()
        return None
    notes[""] = "No robust plan is made: no decisions let the rules of all scenarios hold together."
    return None


def _starts(likely: list[Case], models: list[Arrays], played: Mapping[str, Outcome]) -> list[Basis] | None:
    """Return a basis of each case with the decisions of the plan of record; None where one of them has none."""
    first, *others = likely
    found = [played[case.name].basis if case.name in played else None for case in others]
    if first.name != BASE or first.answer.basis is None:
        return None
    bases = [longer(first.answer.basis, len(models[0].gain)), *(basis for basis in found if basis is not None)]
    return bases if len(bases) == len(likely) else None


def _in_time(decided: Decided, notes: dict[str, str]) -> pl.DataFrame:
    if not decided.in_time:
        notes[""] = "The time limit came before the best robust plan was proven: a better one may exist."
    return decided.values


def _nominal_played(cases: list[Case], nominal: pl.DataFrame, at: Prices, notes: dict[str, str]) -> tuple[list[Case], dict[str, Outcome]]:
    """Return the cases as they stand once the plan of record is played against them, and what it earns in each, by name."""
    standing, found = [], {}
    for case in cases:
        try:
            stands, found[case.name] = first_played(case, nominal, at)
        except EquipoiseError as error:
            stands = case
            notes[case.name] = f"Not played: {error.message} {error.fix}".strip()
        standing.append(stands)
    return standing, found


def _played(cases: list[Case], decided: pl.DataFrame, at: Prices, notes: dict[str, str]) -> dict[str, Outcome]:
    """Return what decisions earn in each case, by name; a case in which no recourse is found is noted and left out."""
    found: dict[str, Outcome] = {}
    for case in cases:
        try:
            found[case.name] = recourse(case, decided, at)
        except EquipoiseError as error:
            notes[case.name] = f"Not played: {error.message} {error.fix}".strip()
    return found
