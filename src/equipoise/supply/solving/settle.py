"""What the tiny tie prices leave open: among plans that the optimiser cannot tell apart, the one that the names choose.

Two plans may differ by less than the tolerance of the optimiser even with a price for every tie. Then the optimum is a face and not a
point: on that face (what has a reduced gain stays where it is) the tie prices alone are maximised, at full size.
"""

import numpy as np

from equipoise.supply.assembly import Array
from equipoise.supply.model.ties import TIE_SHARE
from equipoise.supply.solving.engine import BASIC, Basis, Engine

_TIED = 1e-6
"""Reduced gain, as handed over, under which a column or row counts as tied: ten times the tolerance of HiGHS."""


def settle(engine: Engine, tie: Array, basis: Basis) -> Array:
    """Return the values of the settled plan. `basis` is that of the optimum; the engine is left with the settled model.

    `tie` are the tiny gains of the first columns; those after them only let rules give way, and stay where they are.
    """
    values = engine.values()
    reduced, dual = np.abs(engine.reduced_gains()) * engine.scale, np.abs(engine.duals()) * engine.scale
    arrays = engine.arrays
    columns = (basis.columns != BASIC) & (reduced <= _TIED) & (arrays.upper > arrays.lower)
    rows = (basis.rows != BASIC) & (dual <= _TIED) & (arrays.row_upper > arrays.row_lower)
    if not (columns[: len(tie)].any() or rows.any()):
        return values
    count = len(values)
    held, bound = np.flatnonzero((reduced > _TIED) | (np.arange(count) >= len(tie))), np.flatnonzero(dual > _TIED)
    activity = engine.activities()
    engine.column_bounds(held, values[held], values[held])
    engine.row_bounds(bound, activity[bound], activity[bound])
    engine.gains(np.arange(count), np.concatenate([tie * (1e-3 / TIE_SHARE), np.zeros(count - len(tie))]))
    return engine.values() if engine.run() == "optimal" else values
