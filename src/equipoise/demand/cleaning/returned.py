"""Returns: units that came back are no demand."""

import numpy as np

from equipoise.demand.cleaning.draft import Draft
from equipoise.tables.figures import listing, number


def take_returns(draft: Draft, season: int, *, subtract: bool) -> None:
    """Lay corrections of kind `return` for returns booked beside demand, and for demand that is negative in sum.

    Returned units are taken off the demand of their period, never below 0. A period of negative demand becomes 0, and its units are taken
    off the periods before it, the nearest first and back one season at most. Where returns are kept (`subtract` false), nothing is taken
    off, but negative demand still becomes 0: no forecast can use it.
    """
    for row, column in np.argwhere(draft.grid.booked < 0):
        _negative(draft, int(row), int(column), max(season, 1) if subtract else 0)
    if not subtract:
        return
    for row, column in np.argwhere(draft.grid.returned > 0):
        booked, returned = float(draft.quantity[row, column]), float(draft.grid.returned[row, column])
        reason = f"{number(returned)} returned in {draft.named(column)} are taken off the {number(booked)} booked."
        draft.lay(int(row), int(column), booked - returned, "return", reason)


def _negative(draft: Draft, row: int, column: int, reach: int) -> None:
    """Move the units of one negative period to those before it."""
    units = -float(draft.grid.booked[row, column])
    left, taken = units, []
    for before in range(column - 1, max(column - 1 - reach, -1), -1):
        held = float(draft.quantity[row, before])
        if held > 0:
            off = min(held, left)
            reason = f"{number(off)} came back in {draft.named(column)}, booked there as negative demand."
            draft.lay(row, before, held - off, "return", reason)
            taken.append(f"{number(off)} off {draft.named(before)}")
            left -= off
        if left <= 0:
            break
    words = f"-{number(units)} booked is a return: "
    words += f"taken {listing(taken)}." if taken else "no demand."
    if left > 0 and taken:
        words += f" {number(left)} found no demand to be taken off."
    draft.lay(row, column, 0.0, "return", words)
