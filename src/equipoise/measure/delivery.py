"""Delivery as customers see it, from order lines that are due. Each function takes rows of table `order_line`.

Lines due are those that were not cancelled and whose date has come: `due` picks them. A line with a date of delivery but no quantity counts
as delivered in full. Early is on time.
"""

import datetime as dt
from typing import Literal

import polars as pl

from equipoise.measure.measured import Measured, ratio, total

Basis = Literal["requested", "first_confirmed", "last_confirmed"]
_NONE_DUE = "No order lines are due."
_ASSUMED = pl.when(pl.col("delivered").is_null()).then(pl.lit(0.0)).otherwise(pl.col("quantity"))
_DELIVERED = pl.coalesce("delivered_quantity", _ASSUMED)
_IN_FULL = (pl.col("quantity") - _DELIVERED) < 1e-9


def due(lines: pl.DataFrame, as_of: dt.date, basis: Basis = "requested") -> pl.DataFrame:
    """Return the lines that were not cancelled and whose date, by `basis`, is not after `as_of`; lines without that date are left out."""
    return lines.filter(~pl.col("cancelled").fill_null(value=False) & (pl.col(basis) <= as_of))


def otif(lines: pl.DataFrame, basis: Basis = "requested") -> Measured:
    """Return on-time in-full: the share of lines due that were delivered complete on or before the date, zero tolerance.

    Example: of four lines one is late, one is short and two are right: 0.5.
    """
    good = lines.filter(_IN_FULL & (pl.col("delivered") <= pl.col(basis)))
    return ratio(good.height, lines.height, empty=_NONE_DUE)


def line_fill(lines: pl.DataFrame) -> Measured:
    """Return the share of lines due that were delivered complete, whenever that was. Example: three of four lines complete: 0.75."""
    return ratio(lines.filter(_IN_FULL).height, lines.height, empty=_NONE_DUE)


def order_fill(lines: pl.DataFrame) -> Measured:
    """Return the share of orders of which every line due was delivered complete.

    With as many lines in every order it is never above line fill. Example: of two orders of two lines one misses a line: 0.5.
    """
    orders = lines.group_by("order", maintain_order=True).agg(_IN_FULL.all().alias("complete"))
    return ratio(total(orders["complete"]), orders.height, empty=_NONE_DUE)


def unit_fill(lines: pl.DataFrame) -> Measured:
    """Return the units delivered, never more than ordered, over the units ordered. Example: 100, 50 and 0 of 100 each: 0.5."""
    delivered = lines.select(pl.min_horizontal(_DELIVERED, "quantity")).to_series()
    return ratio(total(delivered), total(lines["quantity"]), empty=_NONE_DUE)
