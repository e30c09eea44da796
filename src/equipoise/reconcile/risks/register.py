"""The register of risks and opportunities: what each is worth, and whether its trigger is met."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from equipoise.dimensions.calendar import Calendar
from equipoise.errors import InputError
from equipoise.reconcile.risks.observed import observed
from equipoise.scenario import parse_trigger
from equipoise.tables import table
from equipoise.tables.figures import listing, money, quantity, share
from equipoise.tables.setting import Setting, from_table

_GIVEN = "given"
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Effect:
    """What a risk changes if it comes, signed: units, money on contribution, and where that is known from."""

    units: float | None
    money: float | None
    basis: str


def risk_register(
    risk_opportunity: pl.DataFrame, scenario_result: pl.DataFrame, setting: pl.DataFrame, tables: Mapping[str, pl.DataFrame]
) -> pl.DataFrame:
    """Return the table `risk_register`: every risk and opportunity with its expected effect and what its trigger sees now.

    `tables` are those that a trigger may look at (`scenario.TRIGGER_TABLES`). An effect that is not given comes from the scenario, if one
    is named: the difference of units shipped, and of contribution (else revenue), to the base plan. Expected is probability times effect.
    Raised ones come first, then the most expected money, then units; those that have expired come last and expect nothing. A trigger
    that cannot be evaluated raises nothing, and the sentence says why.
    """
    plan = from_table(setting)
    calendar = Calendar.from_setting(plan.calendar)
    sees = {**tables, "scenario_result": scenario_result}
    made = [_register(row, scenario_result, sees, plan, calendar) for row in risk_opportunity.iter_rows(named=True)]
    ranked = [{**row, "rank": rank} for rank, row in enumerate(sorted(made, key=_order), start=1)]
    return pl.DataFrame([{**row, "sentence": _sentence(row, plan)} for row in ranked], schema=_SCHEMA, orient="row").sort("risk")


_SCHEMA = dict(table("risk_register").schema)


def _register(row: Row, scenario_result: pl.DataFrame, sees: Mapping[str, pl.DataFrame], plan: Setting, calendar: Calendar) -> Row:
    effect = _effect(row, scenario_result, plan)
    expired = row["expires"] is not None and row["expires"] < calendar.as_of
    chance = 0.0 if expired else row["probability"]
    value, raised, why = (None, "expired", "") if expired else _raised(row["trigger"], sees, calendar)
    own = {name: row[name] for name in ("risk", "kind", "statement", "probability", "trigger", "owner", "expires")}
    return {
        **own,
        "units": effect.units,
        "money": effect.money,
        "expected_units": None if effect.units is None else chance * effect.units + 0.0,  # never minus zero
        "expected_money": None if effect.money is None else chance * effect.money + 0.0,
        "basis": effect.basis,
        "observed": value,
        "raised": raised,
        "in_plan": bool(row["in_plan"]),
        "sentence": why,
    }


def _order(row: Row) -> tuple[object, ...]:
    size = -abs(row["expected_money"] or 0.0), -abs(row["expected_units"] or 0.0)
    return (row["raised"] != "met", row["raised"] == "expired", *size, row["risk"])


def _effect(row: Row, scenario_result: pl.DataFrame, plan: Setting) -> Effect:
    """The effect as given; what is not given, from the scenario that is named."""
    units, amount, name = row["units"], row["money"], row["scenario"]
    stated = [word for word, value in (("units", units), ("money", amount)) if value is not None]
    if name is None or len(stated) == 2:
        return Effect(units, amount, f"{listing(stated).capitalize()} {_GIVEN}." if stated else "No effect is given.")
    rows = scenario_result.filter(pl.col("scenario") == name)
    measures = {one["measure"]: one for one in rows.iter_rows(named=True)}
    known = f" {listing(stated).capitalize()} {_GIVEN}." if stated else ""
    if "shipped" not in measures:
        status = str(measures["status"]["note"] or "") if "status" in measures else ""
        why = f"Scenario {name} {status}" if status else f"Scenario {name} was not run."
        return Effect(units, amount, f"{why.rstrip('.')}.{known}")
    line = next((one for one in ("contribution", "revenue") if measures.get(one, {}).get("difference") is not None), "")
    told = []
    if units is None and measures["shipped"]["difference"] is not None:
        units, told = measures["shipped"]["difference"], ["units shipped"]
    if amount is None and line:
        amount, told = measures[line]["difference"], [*told, line]
    what = f"{listing(told)} of scenario {name} against the base plan" if told else f"scenario {name} has no money and no units"
    note = "" if line or stated or not plan.currency else " Its money is not known: no prices are given."
    return Effect(units, amount, f"{what[:1].upper()}{what[1:]}.{note}{known}")


def _raised(trigger: str | None, sees: Mapping[str, pl.DataFrame], calendar: Calendar) -> tuple[float | None, str, str]:
    """What the trigger sees, whether it is met, and what that means in words."""
    if not (trigger or "").strip():
        return None, "no trigger", "Nothing tells when it comes: it has no trigger."
    try:
        understood = parse_trigger(str(trigger), calendar)
        found = observed(understood, sees, calendar)
    except InputError as error:
        return None, "not known", f"Its trigger cannot be evaluated: {error.message} {error.fix}"
    if found.value is None:
        return None, "not known", f"Its trigger cannot be evaluated. {found.why}"
    met = understood.met(found.value)
    words = f"{understood.what} is {understood.shown(found.value)}, {'' if met else 'not '}{understood.bound}."
    return found.value, "met" if met else "not met", f"Its trigger is {'met' if met else 'not met'}: {words}"


def _sentence(row: Row, plan: Setting) -> str:
    chance = share(row["probability"])
    sizes = [quantity(row["units"])] if row["units"] is not None else []
    sizes += [money(row["money"], plan.currency)] if row["money"] is not None else []
    if not sizes:
        worth = f"{chance} likely; its effect is not known."
    elif row["money"] is not None and row["raised"] != "expired":
        worth = f"{chance} likely, {listing(sizes)} if it comes: {money(row['expected_money'], plan.currency)} expected."
    else:
        worth = f"{chance} likely, {listing(sizes)} if it comes."
    inside = " It is in the numbers of the plan." if row["in_plan"] else ""
    over = f"It expired on {_day(row['expires'])} and counts no more." if row["raised"] == "expired" else row["sentence"]
    return f"{str(row['kind']).capitalize()}: {_closed(row['statement'])} {worth}{inside} {over}".strip()


def _closed(statement: str) -> str:
    text = statement.strip()
    return text if text.endswith((".", "!", "?")) else f"{text}."


def _day(day: dt.date) -> str:
    return f"{day.day} {day:%B %Y}"
