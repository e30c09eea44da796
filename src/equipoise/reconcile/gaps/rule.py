"""How gaps of each kind are worked out, and from what size they are shown: in words, for people who check them."""

from equipoise.reconcile.gaps.sentence import Gap
from equipoise.tables.figures import number, share
from equipoise.tables.setting import GapSetting

_ABOUT = {
    "item": "the item",
    "family": "the family",
    "market": "all items of the market",
    "total": "all items",
    "resource": "the resource",
    "location": "the location",
}
_FORMULAS = {
    "shortage": "Lost demand of {about}, summed over the run; revenue at the planned price, margin less standard cost.",
    "late": "The most demand of {about} that is late at the end of a period of the run; money as for shortage.",
    "excess_stock": (
        "The most stock of {about} in the run that was there from the start and is still above target, or that is above its maximum, "
        "less what is obsolete; ranked at standard cost."
    ),
    "obsolete_stock": (
        "Opening stock of {about}, all locations together, less what can be used: the demand of the coming {weeks} weeks (or as many "
        "average weeks of the horizon, or the target stock, where that is more), no longer than it keeps; demand of an item is its own and "
        "what it takes to make what it goes into; ranked at standard cost."
    ),
    "below_target": "The most that stock of {about} is below target in the run; ranked at standard cost.",
    "idle_capacity": "Regular capacity less load, summed over the run; money is what as much load brings on average, if it were sold.",
    "overload": "Load beyond regular capacity and the overtime allowed, summed over the run; money is what as much load brings on average.",
    "budget": "What the plan serves of {about} (demand less lost demand) less the budget, summed over the run; revenue and margin alike.",
    "last_cycle": (
        "What the plan serves of {about} (demand less lost demand) less the demand plan of the last cycle, summed over the run of periods "
        "that both plans have; revenue and margin alike."
    ),
    "supply_surplus": (
        "Units of what is sold that could still be made in idle regular time, summed over the run; money at average prices. "
        "Materials are not looked at."
    ),
}
_ANY = "shown from any unit on"


def formula(gap: Gap, limits: GapSetting) -> str:
    """Return how the units and the money of a gap are worked out."""
    about = _ABOUT[gap.level] + (" in the market" if gap.market else " at the location" if "@" in gap.subject else "")
    return _FORMULAS[gap.kind].format(about=about, weeks=number(limits.obsolete_weeks))


def threshold(kind: str, limits: GapSetting) -> str:
    """Return from what size gaps of a kind are shown, and which setting says so."""
    units = f"shown from {number(limits.shortage_units)} units (gaps.shortage_units)"
    said = {
        "shortage": units,
        "late": units,
        "excess_stock": f"shown where more than {share(limits.excess_share)} above target, or above its maximum (gaps.excess_share)",
        "obsolete_stock": f"shown beyond {number(limits.obsolete_weeks)} weeks of demand, and what expires (gaps.obsolete_weeks)",
        "idle_capacity": f"shown from {share(limits.idle_share)} of regular capacity idle in a period (gaps.idle_share)",
        "budget": f"shown beyond {share(limits.budget_share)} of the budget of a period (gaps.budget_share)",
        "last_cycle": f"shown beyond {share(limits.last_cycle_share)} of the last plan of a period (gaps.last_cycle_share)",
        "supply_surplus": f"shown from {share(limits.idle_share)} of what could be made in a period (gaps.idle_share)",
    }
    return said.get(kind, _ANY)
