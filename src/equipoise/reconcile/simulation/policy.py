"""How good the policy is by which paths are played: beside the plan solved again in every period, on the same paths."""

from collections.abc import Iterator

import numpy as np

from equipoise.reconcile.simulation.demand_rows import DemandRows
from equipoise.reconcile.simulation.normal import Array
from equipoise.reconcile.simulation.record import Play, earned, first_paths
from equipoise.reconcile.simulation.sources import Sources
from equipoise.tables.figures import money, quantity, share

_WORK = 1.05e6
"""Rows x periods x paths that are solved again: beyond it fewer paths are. Counted, not timed, so that a run gives the same anywhere."""
_NOTHING = 0.005
"""A difference up to this, in currency, is none: half a cent."""


def resolved(drawn: Sources, rows: DemandRows, roll: Play, wanted: int, opening: float) -> tuple[Array, int]:
    """Return the profit of the first paths with re-solves, and how many paths the size of the plan allows (at least one where any)."""
    allowed = max(1, int(_WORK / max(1.0, len(rows.planned) * len(rows.periods))))
    count = min(wanted, allowed)
    if count <= 0:
        return np.zeros(0), 0
    demand, disturbed = first_paths(drawn, rows, count)
    return earned(roll(demand, disturbed), opening), count


def comparison(profit: Array, again: Array, wanted: int, currency: str, plan: float) -> Iterator[tuple[str, float, str, str]]:
    """Return statistic, value, unit and note of the comparison: paths, both means, and their difference in money and as a share."""
    count = len(again)
    yield "paths", float(count), "paths", _fewer(count, wanted)
    if not count:
        return
    own, other = float(profit[:count].mean()), float(again.mean())
    difference = other - own
    part = difference / abs(other) if other else 0.0
    apart = f"{money(abs(difference), currency)} {'more' if difference > 0 else 'less'} than"
    if abs(difference) < _NOTHING:
        apart = "the same as"
    told = (
        f"On the same {quantity(count, 'path')}, solving the plan again in every period earns {apart} "
        f"the policy by which all paths are played ({share(abs(part))})."
    )
    spread = float((again - profit[:count]).std(ddof=1) / np.sqrt(count)) if count > 1 else 0.0
    yield "mean", own, currency, "The policy by which all paths are played."
    yield "mean_resolved", other, currency, "The plan solved again in every period, knowing the path so far."
    yield "difference", difference, currency, told
    yield "difference_share", part, "fraction", told
    yield "difference_error", spread, currency, "Standard error of the difference."
    yield "difference_of_plan", difference / abs(plan) if plan else 0.0, "fraction", "The difference as a share of the plan's profit."


def _fewer(count: int, wanted: int) -> str:
    if count < wanted:
        return f"Fewer than the {wanted} asked for (setting risk.rolling), for solving a plan of this size again takes long."
    return "Paths on which both were done (setting risk.rolling)."
