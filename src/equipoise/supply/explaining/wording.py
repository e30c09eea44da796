"""A binding limit and what it is worth, in the words of a planner."""

import math
from typing import Any

import polars as pl

from equipoise.supply.explaining.worth import TINY
from equipoise.tables.figures import plural, quantity

ASKED = {
    "limit": pl.String,
    "subject": pl.String,
    "period": pl.Date,
    "unit": pl.String,
    "limited_to": pl.Float64,
    "row": pl.Int64,
    "sign": pl.Float64,
    "above": pl.Boolean,
    "start": pl.String,
}
"""What is known of a limit before it is valued: `row` of the model, `sign` of one more of it, `above` where the upper bound binds."""
_EARLIER = " would serve demand earlier"


def one_of(unit: str) -> str:
    """Return one of a unit: hour for hours, box for boxes."""
    single = plural(unit, 1)
    if single != unit:
        return single
    return unit[:-1] if unit.endswith("s") and len(unit) > 2 and not unit.endswith("ss") else unit


def in_words(row: dict[str, Any], *, money_known: bool, held: str) -> str:
    """Return a limit and its worth as a sentence: what a unit gains, how far that holds, and what a unit the other way costs.

    Where the limit is a least amount, a unit less gains and a unit more costs. `held` names what comes whole and stays as it is.
    """
    above = row["above"]
    sign = 1.0 if above else -1.0
    ways = ("value", "value_less") if money_known else ("serves", "serves_less")
    gain, loss = (row[way] for way in (ways if above else ways[::-1]))
    near = row["proof"] is None and (row["more" if above else "less"] or 0.0) < row["step"] * (1 - TINY)
    gain = row[ways[0]] if gain is None and near else gain
    parts = [row["start"], _gain(row, None if gain is None else sign * gain, money_known=money_known, near=near)]
    if row["step"] < 1 - TINY:
        parts.append(f", by {quantity(row['step'], row['unit'])}")
    if not parts[1].endswith(_EARLIER):  # how far that goes on, and what a unit less delays, is not in these figures
        parts += [_range(row), _loss(row, None if loss is None else sign * loss, gain and sign * gain, money_known=money_known)]
    return "".join([*parts, f", with {held} as they are" if held else "", "."])


def _amount(value: float) -> str:
    """Return an amount to the cent, a smaller one to two digits that say something."""
    return f"{value:,.2f}" if abs(value) >= 0.005 else f"{value:.2g}"


def _gain(row: dict[str, Any], gain: float | None, *, money_known: bool, near: bool) -> str:
    most = "at most " if near else ""
    serves = (1.0 if row["above"] else -1.0) * (row["serves"] or 0.0)
    if gain is None:
        return " cannot be had without breaking another rule"
    if money_known and gain > TINY:
        return f" is worth {most}{_amount(gain)}"
    cost = f", at a cost of {_amount(-gain)}" if money_known and gain < -TINY else ""
    if serves > TINY:
        return f" would serve {most}{_amount(serves)} more units of demand{cost}"
    if (1.0 if row["above"] else -1.0) * (row["sooner"] or 0.0) > TINY:
        return f"{_EARLIER}{cost}"
    return f" would cost {_amount(-gain)}" if cost else " is worth nothing"


def _range(row: dict[str, Any]) -> str:
    """Return how far the gain goes on beyond the first unit."""
    room, way = (row["more"], "more") if row["above"] else (row["less"], "less")
    if not row["above"] and row["limited_to"] is not None and room is not None:
        room = min(room, max(row["limited_to"], 0.0))
    if room is None or room < row["step"] * 1.1:
        return ""
    if math.isinf(room):
        return f", however {'many' if way == 'more' else 'much'} {way}"
    return f", up to {quantity(room, row['unit'])} {way}"


def _loss(row: dict[str, Any], loss: float | None, gain: float | None, *, money_known: bool) -> str:
    way = "less" if row["above"] else "more"
    other = f"; one {one_of(row['unit'])} {way}"
    if loss is None:
        return f"{other} would break another rule" if row[f"stuck_{way}"] else ""
    if not money_known:
        return f"{other} would leave {_amount(loss)} more short" if loss > TINY else ""
    if gain is not None and abs(loss - gain) < min(0.005, 0.01 * abs(gain)):
        return f"{other} costs as much" if loss > TINY else ""
    if abs(loss) <= TINY:
        return f"{other} costs nothing"
    return f"{other} costs {_amount(loss)}" if loss > 0 else f"{other} saves {_amount(-loss)}"
