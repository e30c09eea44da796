"""What items of a family may get of a period's quantity: their own firm plans, limits of purchases, first and last days of routes."""

import numpy as np
import polars as pl

from equipoise.dimensions.calendar import Calendar
from equipoise.supply.model.families import Tables
from equipoise.supply.model.timing import buckets, exact, usable
from equipoise.supply.splitting.run_out import Array
from equipoise.supply.splitting.sourcing import Sourcing
from equipoise.tables.setting import Setting

_KIND = {"production": "route", "purchase": "purchase"}


def bounds(source: Sourcing, tables: Tables, setting: Setting) -> tuple[Array, Array]:
    """Return the least and the most that each row may get in each period (rows by periods), by its own routes or purchases.

    Inside the frozen fence, and with the strategy given, a route or purchase without a firm plan gets nothing where others of its kind
    have one. A route is used between its first and last day only.
    """
    periods = buckets(Calendar.from_setting(setting.calendar))
    keys = source.keys.with_row_index("#key").with_columns(pl.col("#key").cast(pl.Int64))
    least, most = np.zeros((keys.height, periods.height)), np.full((keys.height, periods.height), np.inf)
    limit = tables["purchase_limit"].filter(pl.col("span").fill_null("period") == "period")
    limits = exact(limit, ["purchase"], periods).select("minimum", "maximum", "t", table=pl.lit("purchase"), key="purchase")
    firm = tables["firm_plan"].join(periods.select("t", "period"), on="period", maintain_order="left")
    firm = firm.with_columns(pl.col("kind").replace_strict(_KIND, default=None, return_dtype=pl.String).alias("table"))
    held = (pl.col("t") < setting.calendar.frozen) | (setting.supply.strategy == "given")
    closed = keys.join(firm.filter(held).select("table", "t").unique(), on="table", maintain_order="left")
    closed = closed.join(firm.select("table", "key", "t"), on=["table", "key", "t"], how="anti", maintain_order="left")
    shut = _shut(tables["route"], periods)
    for rows in (closed, keys.join(shut, on=["table", "key"], maintain_order="left")):
        most[rows.get_column("#key").to_numpy(), rows.get_column("t").to_numpy()] = 0.0
    firm = firm.select(
        pl.coalesce("fixed", "minimum").alias("minimum"), pl.coalesce("fixed", "maximum").alias("maximum"), "t", "table", "key"
    )
    for facts in (limits, firm.select(limits.columns)):
        rows = keys.join(facts, on=["table", "key"], maintain_order="left")
        at = (rows.get_column("#key").to_numpy(), rows.get_column("t").to_numpy())
        np.minimum.at(most, at, rows.get_column("maximum").fill_null(np.inf).to_numpy())
        np.maximum.at(least, at, rows.get_column("minimum").fill_null(0.0).to_numpy())
    row = keys.get_column("row").to_numpy()
    low, high = np.zeros(source.plan.shape), np.zeros(source.plan.shape)
    np.add.at(low, row, np.minimum(least, most))
    np.add.at(high, row, most)
    return low, high


def _shut(route: pl.DataFrame, periods: pl.DataFrame) -> pl.DataFrame:
    """Return table, key and t of the periods in which a route may not be used."""
    dated = route.filter(pl.col("start").is_not_null() | pl.col("end").is_not_null())
    rows = exact(dated, ["route"], periods).join(periods.select("t", "days"), on="t", maintain_order="left")
    rows = rows.filter(~usable(pl.col("start"), pl.col("end"), pl.col("days")))
    return rows.select("t", table=pl.lit("route"), key="route")
