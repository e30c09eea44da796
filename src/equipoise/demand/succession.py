"""Phase-in and phase-out: demand that moves from an item to its successor."""

import polars as pl

from equipoise.demand.overlap import share_after
from equipoise.dimensions.calendar import Calendar

_CELL = ["item", "market", "period"]
_MEASURES = ["quantity", "p10", "p90"]


def moved(base: pl.DataFrame, succession: pl.DataFrame, calendar: Calendar) -> pl.DataFrame:
    """Return what successions add to each cell: item, market, period, quantity, p10, p90 (negative for the predecessor), sorted.

    `base` has these columns. From its start (by the day, inside a period), a succession moves `share` of the predecessor's demand in every
    market. Successions are taken in order of their start, so that an item that has taken over can be taken over from. Shares of one
    predecessor that add up to more than one are scaled down to one.
    """
    rows = succession.filter(pl.col("item") != pl.col("predecessor")).with_columns(pl.col("share").fill_null(1.0))
    rows = rows.with_columns(pl.col("share") / pl.col("share").sum().over("predecessor").clip(lower_bound=1.0))
    changes = base.select(*_CELL, *_MEASURES).clear()
    for item, predecessor, share, start in (
        rows.sort("start", "predecessor", "item", nulls_last=False).select("item", "predecessor", "share", "start").iter_rows()
    ):
        now = pl.concat([base.select(*_CELL, *_MEASURES), changes.filter(pl.col("item") == predecessor)])
        part = share_after(calendar, start).with_columns(pl.col("share") * share)
        taken = (
            now.filter(pl.col("item") == predecessor)
            .group_by(_CELL)
            .agg(pl.col(_MEASURES).sum())
            .join(part, on="period")
            .with_columns(pl.col(_MEASURES) * pl.col("share"))
            .select(*_CELL, *_MEASURES)
        )
        changes = pl.concat([changes, taken.with_columns(-pl.col(_MEASURES)), taken.with_columns(pl.lit(item).alias("item"))])
    return changes.group_by(_CELL).agg(pl.col(_MEASURES).sum()).sort(_CELL)
