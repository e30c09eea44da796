"""Time in days: the buckets of the horizon, exact rows of dated tables, and the buckets in which a lead time ends."""

from itertools import pairwise

import numpy as np
import polars as pl

from equipoise.dimensions.calendar import Calendar


def buckets(calendar: Calendar, tail: int = 0) -> pl.DataFrame:
    """Return the periods of the horizon and `tail` periods after it.

    Columns: `t` (0 for the first), `period`, `start` (days from the start of the horizon) and `days` (length).
    """
    days = list(calendar.periods)
    for _ in range(tail + 1):
        days.append(calendar.next(days[-1]))
    starts = [(day - calendar.start).days for day in days]
    return pl.DataFrame(
        {
            "t": range(len(days) - 1),
            "period": days[:-1],
            "start": starts[:-1],
            "days": [late - early for early, late in pairwise(starts)],
        },
        schema={"t": pl.Int64, "period": pl.Date, "start": pl.Int64, "days": pl.Int64},
    )


def exact(frame: pl.DataFrame, keys: list[str], periods: pl.DataFrame) -> pl.DataFrame:
    """Return one row a key and period: rows without `period` hold in every period, a dated row wins; adds `t`.

    `keys` are the table's keys but the period. Rows outside `periods` are left out.
    """
    times = periods.select("t", "period")
    dated = frame.join(times, on="period", how="inner", maintain_order="left")
    steady = frame.filter(pl.col("period").is_null())
    if steady.is_empty():
        return dated
    spread = (
        steady.drop("period").join(times, how="cross").join(dated, on=[*keys, "t"], how="anti", nulls_equal=True, maintain_order="left")
    )
    return pl.concat([dated, spread.select(dated.columns)])


def most_specific(wanted: pl.DataFrame, rules: pl.DataFrame, keys: list[str]) -> pl.DataFrame:
    """Return `wanted` with the columns of the rule that names each row best.

    A rule with an empty key holds for all values of it. Both frames have the `keys` and `t`; rows without any rule get empty columns.
    """
    columns = [name for name in rules.columns if name not in {*keys, "t", "period"}]
    parts = []
    for missing in sorted({tuple(row) for row in rules.select(pl.col(keys).is_null()).unique().iter_rows()}):
        here = [key for key, absent in zip(keys, missing, strict=True) if not absent]
        chosen = rules.filter(pl.all_horizontal(pl.col(key).is_null() == absent for key, absent in zip(keys, missing, strict=True))).select(
            [*here, "t", *columns]
        )
        parts.append(
            wanted.select(*keys, "t")
            .join(chosen, on=[*here, "t"], maintain_order="left")
            .with_columns(pl.lit(sum(missing)).alias("vagueness"))
        )
    if not parts:
        return wanted.with_columns(pl.lit(None).cast(rules.schema[name]).alias(name) for name in columns)
    best = pl.concat([part.select(*keys, "t", *columns, "vagueness") for part in parts]).sort("vagueness", maintain_order=True)
    best = best.unique([*keys, "t"], keep="first", maintain_order=True).drop("vagueness")
    return wanted.join(best, on=[*keys, "t"], how="left", maintain_order="left")


def arrival_shares(lead_times: pl.Series, periods: pl.DataFrame) -> pl.DataFrame:
    """Return where work started in bucket `t` arrives: columns `lead_time`, `t`, `arrival` and `share`.

    Work is spread evenly over the days of its bucket, so a lead time that ends inside a bucket splits the arrival between
    neighbours in proportion. What arrives after the horizon has no row.
    """
    starts = periods.get_column("start").to_numpy()
    ends = starts + periods.get_column("days").to_numpy()
    parts = []
    for lead_time in sorted(set(lead_times.drop_nulls().to_list())):
        overlap = np.minimum.outer(ends + lead_time, ends) - np.maximum.outer(starts + lead_time, starts)
        share = np.clip(overlap, 0, None) / (ends - starts)[:, None]
        began, arrived = np.nonzero(share > 1e-9)
        parts.append(pl.DataFrame({"lead_time": lead_time, "t": began, "arrival": arrived, "share": share[began, arrived]}))
    schema = {"lead_time": pl.Float64, "t": pl.Int64, "arrival": pl.Int64, "share": pl.Float64}
    return pl.concat([pl.DataFrame(schema=schema), *(part.cast(schema) for part in parts)])  # type: ignore[arg-type]


def with_arrivals(flow: pl.DataFrame, periods: pl.DataFrame) -> pl.DataFrame:
    """Return `flow` (with t and lead_time) with `arrival` and `share`: a row for each bucket in which a part of it arrives.

    A flow with `lead_periods` arrives wholly so many buckets later, whatever its `lead_time`; one without either in its own bucket. What
    arrives after the horizon has no row.
    """
    later = pl.col("lead_periods") if "lead_periods" in flow.columns else pl.lit(None, pl.Int64)
    whole = later.is_not_null()
    slow = flow.filter(~whole & (pl.col("lead_time").fill_null(0) > 0))
    sure = flow.filter(whole | (pl.col("lead_time").fill_null(0) <= 0))
    sure = sure.with_columns((pl.col("t") + later.fill_null(0)).alias("arrival"), pl.lit(1.0).alias("share"))
    quick = sure.filter((pl.col("arrival") < periods.height) | pl.col("t").is_null())
    if slow.is_empty():
        return quick
    shares = arrival_shares(slow.get_column("lead_time").unique(), periods)
    return pl.concat([quick, slow.join(shares, on=["lead_time", "t"], maintain_order="left").select(quick.columns)])


def usable(start: pl.Expr, end: pl.Expr, length: pl.Expr) -> pl.Expr:
    """Return whether a bucket (column `period`, of `length` days) overlaps the days from `start` to `end`; empty means no bound."""
    last = pl.col("period") + pl.duration(days=length - 1)
    return (start.is_null() | (last >= start)) & (end.is_null() | (pl.col("period") <= end))
