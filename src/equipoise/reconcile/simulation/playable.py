"""Disturbances of things that the plan does not use (a route that has ended, an item that nobody asks for): they hit nothing."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from equipoise.errors import InputError
from equipoise.reconcile.simulation.demand_rows import DemandRows
from equipoise.reconcile.simulation.record import Play
from equipoise.reconcile.simulation.sources import Sources
from equipoise.reconcile.simulation.supply_paths import NEUTRAL, Key


def playable(drawn: Sources, rows: DemandRows, play: Play) -> Sources:
    """Return what is uncertain without the targets that `play` does not know: it is asked with disturbances that change nothing."""
    keys = sorted({(row.kind, name) for row, names in drawn.supply.rows for name in names})
    unknown = _unknown(keys, rows, play)
    if not unknown:
        return drawn
    kept = tuple((row, tuple(name for name in names if (row.kind, name) not in unknown)) for row, names in drawn.supply.rows)
    return replace(drawn, supply=replace(drawn.supply, rows=kept))


def _unknown(keys: Sequence[Key], rows: DemandRows, play: Play) -> set[Key]:
    """Return the keys that are not known, by halves: few are, so few questions find them."""
    if not keys:
        return set()
    shape = (1, len(rows.periods))
    try:
        play(rows.planned[None, :], {(kind, name): np.full(shape, NEUTRAL[kind]) for kind, name in keys})
    except InputError:
        half = len(keys) // 2
        return set(keys) if len(keys) == 1 else _unknown(keys[:half], rows, play) | _unknown(keys[half:], rows, play)
    return set()
