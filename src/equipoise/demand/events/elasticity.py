"""How much demand follows price, learned from prices of the past."""

import math

import numpy as np
import polars as pl

from equipoise.demand.events.shrinkage import drawn
from equipoise.demand.forecast.panel import complete
from equipoise.demand.methods import Array
from equipoise.demand.scope import CELL, PAIR
from equipoise.dimensions.calendar import Calendar

STEEPEST = -5.0  # an elasticity beyond it is a fault of the data, not of the customers
_FARTHEST = math.log(3)  # a price three times another, or demand ten times, is a slip or another unit
_DEMAND = math.log(10)
_QUIET = 0.005  # typical change of the logarithm of prices below which they did not move
_BORROWED = 5  # observations that the residual variance of all items counts for in that of one


def usual_prices(history: pl.DataFrame, price: pl.DataFrame, item: pl.DataFrame, calendar: Calendar) -> pl.DataFrame:
    """Return item and usual price: what customers paid over the last year of history, else the table's undated price, else the item's."""
    paid = paid_prices(history, price, calendar)
    last = paid.get_column("period").unique().sort().tail(calendar.periods_a_year)
    recent = paid.filter(pl.col("period").is_in(last.implode())).group_by("item", maintain_order=True)
    year = recent.agg(((pl.col("quantity") * pl.col("unit_price")).sum() / pl.col("quantity").sum()).alias("paid"))
    undated = price.filter(pl.col("period").is_null()).group_by("item", maintain_order=True).agg(pl.col("unit_price").mean().alias("table"))
    listed = item.group_by("item", maintain_order=True).agg(pl.col("unit_price").first().alias("listed"))
    every = pl.concat([frame.select("item") for frame in (year, undated, listed)]).unique().sort("item")
    for frame in (year, undated, listed):
        every = every.join(frame, on="item", how="left", maintain_order="left")
    return every.select("item", pl.coalesce("paid", "table", "listed").alias("usual")).filter(pl.col("usual") > 0)


def paid_prices(history: pl.DataFrame, price: pl.DataFrame, calendar: Calendar) -> pl.DataFrame:
    """Return item, market, period, quantity and unit price of the cells with demand: revenue over quantity, else the dated price given.

    Periods with a stockout are left out: their demand does not follow the price.
    """
    known = calendar.bucket("period", complete(history, calendar)).filter(~pl.col("stockout").fill_null(value=False))
    cells = known.group_by(CELL, maintain_order=True).agg(pl.col("quantity").sum(), pl.col("revenue").sum()).filter(pl.col("quantity") > 0)
    dated = calendar.bucket("period", price.filter(pl.col("period").is_not_null()))
    here = dated.filter(pl.col("market").is_not_null()).group_by(CELL, maintain_order=True).agg(pl.col("unit_price").mean().alias("here"))
    anywhere = dated.filter(pl.col("market").is_null()).group_by("item", "period", maintain_order=True)
    cells = cells.join(here, on=CELL, how="left", maintain_order="left").join(
        anywhere.agg(pl.col("unit_price").mean().alias("anywhere")), on=["item", "period"], how="left", maintain_order="left"
    )
    paid = pl.when(pl.col("revenue") > 0).then(pl.col("revenue") / pl.col("quantity"))
    return cells.select(*CELL, "quantity", pl.coalesce(paid, "here", "anywhere").alias("unit_price")).filter(pl.col("unit_price") > 0)


def elasticities(paid: pl.DataFrame, item: pl.DataFrame, calendar: Calendar) -> pl.DataFrame:
    """Return item, elasticity, spread (its standard error) and observations, of the item or else of the level above; a row an item.

    `paid` is as `paid_prices` returns it. Demand q = a p^e: the change of log demand against that of log price from the same period a year
    before (from the period before, where the history is shorter than two years), both less the series' mean change, by least squares: over
    the item, over its family and over all, each drawn to the next wider one. The slope is that of the double-log model, Tellis, "The price
    elasticity of selective demand", Journal of Marketing Research 25 (1988). Without prices that moved, no row.
    """
    schema = {"item": pl.String, "elasticity": pl.Float64, "spread": pl.Float64, "observations": pl.Int64}
    changes = _changes(paid, calendar)
    if changes.is_empty() or math.sqrt(float((changes["price"] ** 2).mean() or 0.0)) < _QUIET:  # type: ignore[arg-type]
        return pl.DataFrame(schema=schema)
    about = pl.concat([item.select("item", "family"), changes.select("item", pl.lit(None, dtype=pl.String).alias("family"))])
    about = about.unique("item", keep="first", maintain_order=True).sort("item")
    codes = about.select(pl.col("family").fill_null("").rank("dense").cast(pl.Int64) - 1).to_series().to_numpy()
    sums = about.join(_sums(changes), on="item", how="left", maintain_order="left").fill_null(0).fill_nan(0)
    xx, xy, yy, used = (sums.get_column(name).cast(pl.Float64).to_numpy() for name in ("xx", "xy", "yy", "used"))
    slope = float(xy.sum() / xx.sum())
    common = max(float((yy - 2 * slope * xy + slope**2 * xx).sum()) / max(float(used.sum()) - 1, 1.0), 1e-6)
    families = int(codes.max(initial=0)) + 1
    at_family = [np.bincount(codes, weights=column, minlength=families).astype(np.float64) for column in (xx, xy, yy, used)]
    every, error = np.full(families, slope), np.full(families, common / xx.sum())
    family, family_error = drawn(*_fit(at_family, common), every, error)
    own, own_error = drawn(*_fit([xx, xy, yy, used], common), family[codes], family_error[codes])
    seen = np.where(used > 0, used, np.where(at_family[3][codes] > 0, at_family[3][codes], used.sum()))
    return about.select(
        "item",
        pl.Series("elasticity", own),
        pl.Series("spread", np.sqrt(own_error)),
        pl.Series("observations", seen.astype(np.int64)),
    )


def _changes(paid: pl.DataFrame, calendar: Calendar) -> pl.DataFrame:
    """Return item, market, and the change of log demand and log price of each cell that has a cell to compare with, less their mean."""
    periods = paid.get_column("period").unique().sort()
    if periods.is_empty():
        return pl.DataFrame(schema={"item": pl.String, "market": pl.String, "demand": pl.Float64, "price": pl.Float64})
    days = calendar.between(periods[0], periods[-1])
    lag = calendar.periods_a_year if len(days) >= 2 * calendar.periods_a_year else 1
    number = pl.DataFrame({"period": list(days), "number": list(range(len(days)))}, schema={"period": pl.Date, "number": pl.Int64})
    logs = paid.join(number, on="period", maintain_order="left").select(
        *PAIR, "number", pl.col("quantity").log().alias("demand"), pl.col("unit_price").log().alias("price")
    )
    before = logs.with_columns(pl.col("number") + lag)
    changes = logs.join(before, on=[*PAIR, "number"], suffix="_before", maintain_order="left").select(
        *PAIR, pl.col("demand") - pl.col("demand_before"), pl.col("price") - pl.col("price_before")
    )
    believable = changes.filter(pl.col("demand").abs() < _DEMAND, pl.col("price").abs() < _FARTHEST)
    return believable.with_columns(pl.col("demand", "price") - pl.col("demand", "price").mean().over(PAIR))


def _sums(changes: pl.DataFrame) -> pl.DataFrame:
    """Return item, the sums of squares and products of its changes, and how many are free: one less a series."""
    return changes.group_by("item", maintain_order=True).agg(
        (pl.col("price") ** 2).sum().alias("xx"),
        (pl.col("price") * pl.col("demand")).sum().alias("xy"),
        (pl.col("demand") ** 2).sum().alias("yy"),
        (pl.len() - pl.col("market").n_unique()).cast(pl.Int64).alias("used"),
    )


def _fit(sums: list[Array], common: float) -> tuple[Array, Array]:
    """Return slope and its squared standard error of each group, NaN and infinite where its prices did not move."""
    xx, xy, yy, used = sums
    moved = (xx > used * _QUIET**2) & (used > 0)
    slope = np.where(moved, xy / np.where(moved, xx, 1.0), np.nan)
    left = np.maximum(yy - np.where(moved, slope, 0.0) * xy, 0.0)
    residual = (left + _BORROWED * common) / (used + _BORROWED)
    return slope, np.where(moved, residual / np.where(moved, xx, 1.0), np.inf)
