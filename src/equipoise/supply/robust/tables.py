"""The tables robust_plan and robust_result, from what both plans earn in every scenario."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from equipoise.supply.robust.case import Case
from equipoise.supply.robust.recourse import Outcome, best
from equipoise.tables import table

_NOTHING = 1e-6
_KEYS = ["kind", "key", "item", "period"]
_TOLERANCE = 1e-9
_MONEY = ("best", "nominal", "robust", "nominal_regret", "robust_regret")
_WORTH_SAYING = 0.5
_REGRET = (
    "Regret is what the optimiser weighs: beside profit it counts what has no price of its own, such as stock that ends below its target, "
    "demand lost or late, and rules broken. So it may differ from the difference of profits."
)
_Row = dict[str, str | float | None]


@dataclass(frozen=True, eq=False)
class Weighed:
    """The cases, the decisions (name, value) of the nominal and of the robust plan, and what each earns in every case, by name."""

    cases: Sequence[Case]
    nominal: pl.DataFrame | None
    robust: pl.DataFrame | None
    nominal_outcomes: Mapping[str, Outcome]
    robust_outcomes: Mapping[str, Outcome]


def plan_rows(found: Weighed) -> pl.DataFrame:
    """Return the table robust_plan: the decisions that it shows, where either plan takes one."""
    made = table("robust_plan")
    if found.nominal is None or found.robust is None:
        return made.empty()
    rows = pl.concat([case.decisions.select("name", *_KEYS) for case in found.cases]).unique("name", keep="first", maintain_order=True)
    for name, decided in (("nominal", found.nominal), ("robust", found.robust)):
        rows = rows.join(decided.rename({"value": name}), on="name", how="left", maintain_order="left")
    shown = rows.filter(pl.col("kind").is_not_null()).group_by(_KEYS, maintain_order=True).agg(pl.col("nominal", "robust").sum())
    values = [pl.when(pl.col(name) > _NOTHING).then(name).otherwise(0.0).alias(name) for name in ("nominal", "robust")]
    taken = shown.with_columns(values).filter((pl.col("nominal") > 0) | (pl.col("robust") > 0))
    return made.conform(taken).sort(_KEYS, nulls_last=False)


def result_rows(names: Sequence[str], found: Weighed, notes: Mapping[str, str]) -> pl.DataFrame:
    """Return the table robust_result: a row for each scenario, and one of what is expected over all of them."""
    by_name = {case.name: case for case in found.cases}
    played = {name: _played(case, found) for name, case in by_name.items()}
    rows = [
        {"scenario": name, **played.get(name, {}), "note": _joined(notes.get(name, ""), *_said(name, by_name, found)) or None}
        for name in names
    ]
    told = _joined(notes.get("", ""), _unpriced(found.cases), _beside(found)) or None
    expected: _Row = {"scenario": "", **_expected(found.cases, played), "note": told}
    made = table("robust_result")
    return made.conform(pl.DataFrame([expected, *rows], schema=made.schema, orient="row"))


def _played(case: Case, found: Weighed) -> _Row:
    """Return probability, profits, regrets and units short of a case; empty where a plan was not played, or no money is given."""
    row: _Row = {"probability": case.probability, "best": best(case).profit}
    for plan, outcomes in (("nominal", found.nominal_outcomes), ("robust", found.robust_outcomes)):
        if case.name in outcomes:
            outcome = outcomes[case.name]
            row |= {plan: outcome.profit, f"{plan}_regret": _regret(case, outcome), f"{plan}_short": outcome.short}
    return row if _priced(case) else {name: None if name in _MONEY else value for name, value in row.items()}


def _regret(case: Case, outcome: Outcome) -> float:
    """Return how much less an outcome is worth than the best, in what every solve maximises; what is below its tolerance is nothing."""
    ideal = best(case).objective
    less = ideal - outcome.objective
    gap = case.problem.model.net.setting.supply.relative_gap if case.problem.whole.any() else _TOLERANCE
    return 0.0 if abs(less) <= gap * max(1.0, abs(ideal)) else less


def _priced(case: Case) -> bool:
    return bool(case.problem.money.any()) or case.problem.offset != 0


def _expected(cases: Sequence[Case], played: Mapping[str, _Row]) -> _Row:
    """Return the sums over all scenarios weighted by probability; empty where one of those that weigh is missing."""
    likely = [case.name for case in cases if case.probability > 0]
    row: _Row = {"probability": 1.0 if likely else None}
    for name in (*_MONEY, "nominal_short", "robust_short"):
        values = [(played[case].get(name), played[case]["probability"]) for case in likely]
        known = [float(value) * float(chance or 0.0) for value, chance in values if value is not None]
        row[name] = sum(known) if known and len(known) == len(values) else None
    return row


def _said(name: str, cases: Mapping[str, Case], found: Weighed) -> list[str]:
    """Say what a plan could not do, or breaks, in a scenario."""
    words = []
    if name in cases and cases[name].cut:
        words.append("There is no room for all that is settled: it is carried out as far as there is.")
    elif name in cases and cases[name].partly.any():
        words.append("What was settled is carried out only as far as this scenario lets.")
    for plan, outcomes in (("nominal", found.nominal_outcomes), ("robust", found.robust_outcomes)):
        if name in outcomes and outcomes[name].broken:
            rules = "1 rule" if outcomes[name].broken == 1 else f"{outcomes[name].broken} rules"
            words.append(f"The {plan} plan breaks {rules} that the best plan keeps: that counts in the regret, not in the profit.")
    return words


def _unpriced(cases: Sequence[Case]) -> str:
    """Say what money is missing in the base plan."""
    if not cases:
        return ""
    if not _priced(cases[0]):
        return "No prices and no costs are given: profit cannot be said."
    demand = cases[0].problem.model.net.demand
    if demand.filter((pl.col("quantity") > 0) & pl.col("unit_price").is_null()).height:
        return "Some demand has no price: what is lost of it costs no profit here, unless demand_policy says what it costs."
    return ""


def _beside(found: Weighed) -> str:
    """Say that regret is more than a difference of profits, where it is."""
    for outcomes in (found.nominal_outcomes, found.robust_outcomes):
        for case in found.cases:
            if case.name in outcomes and _priced(case):
                most, outcome = best(case).profit, outcomes[case.name]
                apart = _regret(case, outcome) - (most - outcome.profit)
                if abs(apart) > max(_WORTH_SAYING, 1e-6 * abs(most)):
                    return _REGRET
    return ""


def _joined(*words: str) -> str:
    return " ".join(word for word in words if word)
