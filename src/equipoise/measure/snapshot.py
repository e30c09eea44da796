"""Earlier plans beside what happened: the plan of each period as it stood a number of periods before."""

import polars as pl

from equipoise.dimensions.calendar import Calendar


def at_lag(plan_snapshot: pl.DataFrame, measure: str, lag: int, calendar: Calendar) -> pl.DataFrame:
    """Return item, place, period and quantity of one measure, each period as planned `lag` periods before it.

    The lag of a period counts the periods from the one that holds the cut-off to it: a plan cut off on 12 November has December at lag 1.
    Where two plans have the same lag the later one counts.
    """
    plans = plan_snapshot.filter((pl.col("measure") == measure) & (pl.col("period") > pl.col("as_of")))
    lags = calendar.lags(plans.select("as_of", "period").unique().iter_rows())
    chosen = plans.join(lags, on=["as_of", "period"], maintain_order="left").filter(pl.col("lag") == lag)
    return (
        chosen.sort("as_of")
        .unique(["item", "place", "period"], keep="last", maintain_order=True)
        .select("item", "place", "period", "quantity")
    )


def beside(planned: pl.DataFrame, happened: pl.DataFrame, plan_name: str, place: str) -> pl.DataFrame:
    """Return item, `place`, period, `plan_name` and actual, over the periods that both frames have.

    Within these periods, what only one of them has stands against 0.
    """
    periods = planned.select("period").unique().join(happened.select("period").unique(), on="period", maintain_order="left")
    keys = ["item", place, "period"]
    left = planned.rename({"place": place, "quantity": plan_name}).join(periods, on="period", how="semi", maintain_order="left")
    right = (
        happened.join(periods, on="period", how="semi", maintain_order="left")
        .group_by(keys, maintain_order=True)
        .agg(pl.col("quantity").sum().alias("actual"))
    )
    both = left.join(right, on=keys, how="full", coalesce=True, maintain_order="left_right").with_columns(
        pl.col(plan_name, "actual").fill_null(0.0)
    )
    return both.select(*keys, plan_name, "actual").sort(keys)
