"""Phase-in and phase-out: demand that moves from an item to its successor."""

import datetime as dt

import polars as pl

from equipoise.demand.overlap import share_after
from equipoise.dimensions.calendar import Calendar

_CELL = ["item", "market", "period"]
_MEASURES = ["quantity", "p10", "p90"]


def moved(base: pl.DataFrame, succession: pl.DataFrame, calendar: Calendar) -> pl.DataFrame:
    """Return what successions add to each cell: item, market, period, quantity, p10, p90 (negative for the predecessor), sorted.

    `base` has these columns. From its start (by the day, inside a period), a succession moves `share` of the predecessor's demand in every
    market, what the predecessor has taken over itself included. Shares of one predecessor that add up to more than one are scaled down to
    one.
    """
    rows = succession.filter(pl.col("item") != pl.col("predecessor")).with_columns(pl.col("share").fill_null(1.0))
    rows = rows.with_columns(pl.col("share") / pl.col("share").sum().over("predecessor").clip(lower_bound=1.0))
    demand = base.select(*_CELL, *_MEASURES)
    gained, lost = [demand.clear()], [demand.clear()]
    for item, predecessor, share, start in _in_order(
        rows.select("item", "predecessor", "share", "start").sort("predecessor", "item").rows()
    ):
        part = share_after(calendar, start).with_columns(pl.col("share") * share)
        taken = (
            pl.concat([demand, *gained])
            .filter(pl.col("item") == predecessor)
            .group_by(_CELL, maintain_order=True)
            .agg(pl.col(_MEASURES).sum())
            .join(part, on="period", maintain_order="left")
            .select(*_CELL, pl.col(_MEASURES) * pl.col("share"))
        )
        gained.append(taken.with_columns(pl.lit(item).alias("item")))
        lost.append(taken.with_columns(-pl.col(_MEASURES)))
    return pl.concat([*gained, *lost]).group_by(_CELL, maintain_order=True).agg(pl.col(_MEASURES).sum()).sort(_CELL)


def _in_order(rows: list[tuple[str, str, float, dt.date | None]]) -> list[tuple[str, str, float, dt.date | None]]:
    """Return the successions so that what an item takes over comes before what is taken over from it; a circle is cut where it is met."""
    waiting, ordered = list(rows), []
    while waiting:
        heirs = {row[0] for row in waiting}
        ready = [row for row in waiting if row[1] not in heirs] or waiting[:1]
        ordered += ready
        waiting = [row for row in waiting if row not in ready]
    return ordered
