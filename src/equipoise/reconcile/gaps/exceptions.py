"""Exceptions of many periods become one where the periods follow each other."""

from typing import Literal

import polars as pl

from equipoise.dimensions.calendar import Calendar

OverTime = Literal["flow", "stock"]


def runs(frame: pl.DataFrame, keys: list[str], calendar: Calendar, over_time: OverTime) -> pl.DataFrame:
    """Return one row a run of consecutive periods in which the signed `units` of the same keys have the same sign.

    `frame` has the keys, period, units and other numbers, one row an exceptional period. A flow sums over its run; a stock takes the row of
    the period in which it is farthest from zero. Numbers that are empty in every period of a run stay empty. Adds `until`, the last period,
    and `count`, how many periods the run has.
    """
    numbers = dict(zip(calendar.periods, range(calendar.horizon), strict=True))
    values = [name for name in frame.columns if name not in {*keys, "period"}]
    placed = frame.filter((pl.col("units") != 0) & pl.col("period").is_in(calendar.periods)).with_columns(
        pl.col("period").replace_strict(numbers, return_dtype=pl.Int64).alias("_number"), pl.col("units").sign().alias("_sign")
    )
    placed = placed.sort(*keys, "_number").with_columns(
        ((pl.col("_number").diff() != 1) | (pl.col("_sign").diff() != 0))
        .fill_null(value=True)
        .over(keys, order_by="_number")
        .alias("_starts")
    )
    placed = placed.with_columns(pl.col("_starts").cum_sum().over(keys, order_by="_number").alias("_run"))
    widest = pl.col("units").abs().arg_max()
    totals = [
        pl.when(pl.col(name).is_not_null().any()).then(pl.col(name).sum()) if over_time == "flow" else pl.col(name).get(widest)
        for name in values
    ]
    merged = placed.group_by(*keys, "_run", maintain_order=True).agg(
        *(total.alias(name) for total, name in zip(totals, values, strict=True)),
        pl.col("period").max().alias("until"),
        pl.len().cast(pl.Int64).alias("count"),
        pl.col("period").min(),
    )
    return merged.select(*keys, "period", "until", "count", *values).sort(*keys, "period")
