"""What may be done about a gap, by its kind and the limit behind it. No costs are made up: what an action is worth comes from the plan."""

from collections.abc import Sequence

from equipoise.reconcile.gaps.cause import Cause, limit_noun
from equipoise.reconcile.gaps.sentence import Gap

_LABOR = "Hire for {subject} earlier, or use temporary labor."
_OVERTIME = "Allow more overtime on {subject}, or add a shift or a subcontractor."
_SMALLER = "Agree a smaller {limit} on {subject}."
_LOWER = "Lower the {limit} of {subject} while it is short: customers come first."
_FIRM = "Release the {limit} of {subject}."
_STRATEGY = "Leave the {limit} strategy for {subject} while it is short: let output follow demand."
_REMEDIES = {
    "capacity": "Add capacity on {subject} (overtime, a shift or a subcontractor).",
    "overtime": _OVERTIME,
    "labor overtime": _OVERTIME,
    "labor hours": _LABOR,
    "headcount": _LABOR,
    "hiring": _LABOR,
    "purchase": "Raise what {subject} can deliver, or bring in a second source.",
    "no source": "Give {subject} a source (a route, a purchase, a lane or stock), or take its demand out of the plan.",
    "material": "Expedite what is on order of {subject}, or find a faster source: nothing more can arrive in time.",
    "missing component": "Give {subject} a source (a route, a purchase or stock).",
    "lane": "Find more transport on {subject}, or ship another way.",
    "limit": "Raise the limit {subject}.",
    "minimum run": _SMALLER,
    "minimum lot": _SMALLER,
    "minimum order": _SMALLER,
    "minimum load": _SMALLER,
    "target stock": _LOWER,
    "minimum stock": _LOWER,
    "maximum stock": "Allow more stock of {subject} ahead of the gap.",
    "shelf life": "Make {subject} later and in smaller lots: it does not keep long enough.",
    "maintenance": "Move the maintenance of {subject} out of the periods that are short.",
    "level output": _STRATEGY,
    "level workforce": _STRATEGY,
    "chase": _STRATEGY,
    "it does not pay": "Review the price and the cost of {subject}, or accept the gap: to close it would cost more than it brings.",
    "whole lots": "Allow smaller lots or one more set-up of {subject}, or accept what whole lots leave short.",
    "other limits": "Review the limits behind {subject}: several of them hold it back together.",
}


def remedy(limit: str, subject: str) -> str:
    """Return what lifts a limit, in words."""
    other = _FIRM if limit.startswith("firm ") or limit == "frozen fence" else "Review the {limit} of {subject}."
    return _REMEDIES.get(limit, other).format(subject=subject, limit=limit_noun(limit))


def suggestion(gap: Gap, found: Sequence[Cause]) -> str:
    """Return what to do about a gap."""
    if gap.kind in {"shortage", "late", "below_target"} and found:
        return remedy(found[0].limit, found[0].subject)
    if gap.kind == "supply_surplus" and found:
        return f"Sell the room in supply only with more from {found[0].subject}, which is at its limit; else take out capacity."
    if gap.kind in _COMPARED:
        below = (gap.revenue if gap.revenue is not None else gap.units or 0.0) < 0
        return _COMPARED[gap.kind][not below].format(subject="the plan" if gap.level == "total" else gap.subject)
    return _WITHOUT_CAUSE[gap.kind].format(subject=gap.subject.partition("@")[0])


# Below, and above.
_COMPARED = {
    "budget": (
        "Agree how {subject} closes its gap to budget, or restate the outlook.",
        "Confirm the revenue of {subject} above budget with sales, and update the outlook.",
    ),
    "last_cycle": (
        "Have sales explain what {subject} lost since the last cycle, and check that orders and capacity follow.",
        "Have sales explain what {subject} gained since the last cycle, and check that supply is committed to it.",
    ),
}
_CHECK = "Check lead times and opening stock, expedite what is on order, or agree new dates with customers: no limit binds."
_WITHOUT_CAUSE = {
    "shortage": _CHECK,
    "late": _CHECK,
    "below_target": "Rebuild the stock of {subject}, or lower its target if the risk is accepted.",
    "excess_stock": "Make or buy less of {subject} until stock is back at target.",
    "obsolete_stock": "Make or buy no more of {subject} for now; sell off, return, rework or write down what is obsolete.",
    "idle_capacity": "Use the idle time of {subject} to build ahead, for maintenance or holidays, or release it.",
    "supply_surplus": "Decide how to use the room in supply: sell more, bring work in-house, or take out capacity.",
    "overload": "Take load off {subject}: move it to other periods or resources, subcontract, or add a shift.",
}
