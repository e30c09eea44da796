"""Play the plan of record against paths of demand and supply.

Simpler than in the plan: the workforce, open lines and sites, maintenance and steps of capacity stay as planned; stock has no age (what the
plan scraps is scrapped); room in stores is no limit, its load is paid for; minimum loads and runs, limits that count or sum time, and the
shapes of strategies are the plan's, not the policy's; goods that reach a market early wait there at no cost.
"""

from collections.abc import Mapping

import polars as pl

from equipoise.supply.assembly import Array
from equipoise.supply.playing.disturbance import Disturbed, upsets
from equipoise.supply.playing.game import answer, game, together
from equipoise.supply.session import Session

_AT_ONCE = 128
"""Paths played side by side: enough to be quick, few enough for the cache of the processor."""


def play(tables: Mapping[str, pl.DataFrame], demand: Array, disturbed: Disturbed, *, session: Session) -> dict[str, Array]:
    """Return what comes of the plan of record on each path of demand and supply, with a policy that knows only the path so far.

    `tables` are those of the supply model. `demand` is paths by rows of the table shortage (item, market, period), in its units: what is
    really demanded. `disturbed` has paths by periods for a kind and what it hits: ("yield", route) a factor on what comes of what is
    started; ("downtime", resource) the share of its time that is lost; ("late", purchase, lane or supplier) the periods by which what is
    ordered comes later; ("short", purchase or supplier) the share of the order that never comes, and is not paid for.

    Returns profit (published money: no penalties), revenue and supply_cost (what is paid) by path; lost and backlog, paths by rows of
    shortage; stock_value (at standard cost) and overtime, paths by periods. Raises InputError where paths do not fit or a target is not
    known, and SolverError as the plan's solve does.
    """
    ready = game(session.solved(tables))
    paths = ready.checked(demand)
    hit = upsets(ready.course.model, disturbed, len(paths))
    policy = ready.policy()
    parts = []
    for first in range(0, max(len(paths), 1), _AT_ONCE):
        played = ready.world(paths[first : first + _AT_ONCE], hit.of(first, first + _AT_ONCE))
        for t in range(ready.course.horizon):
            played.decide(t, policy.wanted(played, t))
            played.serve(t, policy.shipped(played, t))
        parts.append(answer(played))
    return together(parts)
