"""Which sections the pack has, in order."""

from collections.abc import Iterable

from equipoise.exchange.pack import decide, demand, gaps, money, options, pre_sop, reconcile, risk, risk_register, supply
from equipoise.exchange.pack.blocks import Section
from equipoise.exchange.pack.plan import Plan

_MAKERS = {
    "summary": decide.headline,
    "recommendations": decide.recommendations,
    "decisions": decide.decisions,
    "actions": decide.actions,
    "demand": demand.section,
    "supply": supply.section,
    "inventory": supply.inventory,
    "gaps": gaps.section,
    "options": options.section,
    "scenarios": reconcile.scenarios,
    "risk": risk.section,
    "register": risk_register.section,
    "money": money.section,
    "measures": decide.measures,
    "assumptions": decide.assumptions,
    "issues": decide.issues,
}
KEYS = tuple(_MAKERS)
_PRE_SOP = {
    "agenda": pre_sop.agenda,
    **{key: _MAKERS[key] for key in ("gaps", "options", "scenarios", "risk", "register")},
    "money": pre_sop.money,
    "decisions": pre_sop.decisions,
    "assumptions": pre_sop.assumptions,
}


def sections(plan: Plan, keys: Iterable[str] = KEYS) -> tuple[Section, ...]:
    """Return the sections named by `keys`, in that order; those that the plan has nothing for are left out."""
    made = (_MAKERS[key](plan) for key in keys)
    return tuple(section for section in made if section is not None and section.blocks)


def pre_sop_sections(plan: Plan) -> tuple[Section, ...]:
    """Return the sections of the pack of pre-S&OP, in order; those that the plan has nothing for are left out."""
    made = (maker(plan) for maker in _PRE_SOP.values())
    return tuple(section for section in made if section is not None and section.blocks)


def title(plan: Plan) -> tuple[str, str]:
    """Return the title of the pack and the line below it: horizon, data cut and currency."""
    calendar = plan.calendar
    parts = (
        f"{plan.length}, {plan.during(calendar.periods[0], calendar.periods[-1])}",
        f"data as of {calendar.as_of.isoformat()}",
        f"money in {plan.setting.currency}" if plan.setting.currency else "no currency given",
    )
    return f"Sales and operations plan {plan.setting.plan}", "; ".join(parts)
