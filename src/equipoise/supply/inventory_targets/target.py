"""Inventory targets: safety stock from service level, lead time and its variability, and forecast error; base stock."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import polars as pl

from equipoise.supply.formulate import MODEL_TABLES
from equipoise.supply.inventory_targets.forecast_error import Errors, demand_errors, lag_factor, point_errors
from equipoise.supply.inventory_targets.formulas import Exposure, safety_factors, safety_stock
from equipoise.supply.inventory_targets.lead_times import lead_times
from equipoise.supply.inventory_targets.normal import Array
from equipoise.supply.inventory_targets.sentence import sentence
from equipoise.supply.model.cover import Requirement, requirement, weeks_covered
from equipoise.supply.model.network import Network, network
from equipoise.tables import table
from equipoise.tables.setting import from_table

_YEARS_ON = 100
_LEAST_UNKNOWN = 1e-9
Counts = npt.NDArray[np.int64]


def inventory_target(tables: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    r"""Return the table inventory_target: a row for every item, location and period whose policy has a service level.

    `tables` are those of the supply model but this one; `setting` must be there. The window is the lead and review time from the start of
    the period on, of length L + R days:

    $$SS = k \sqrt{(L + R)\,\sigma_d^2 + d^2 \sigma_L^2}, \qquad S = d\,(L + R) + SS$$

    with d the expected demand of a day in the window, what bills of material and lanes take of the point included, and sigma_d the
    standard deviation of the forecast error of a day; k is the safety factor of the service level (`formulas.safety_factors`, sources
    there). Each point is taken alone: what is upstream counts as in stock. Safety stock is empty, and the sentence says why, where no
    stock reaches the level (1), nothing supplies the point, or a forecast error is not known.
    """
    asked = tables["inventory_policy"] if "inventory_policy" in tables else table("inventory_policy").empty()
    if asked.is_empty() or "service_level" not in asked.columns or asked.get_column("service_level").null_count() == asked.height:
        return table("inventory_target").empty()
    definitions = {name: table(name) for name in MODEL_TABLES if name not in {"setting", "inventory_target"}}
    exact = {name: made.conform(tables[name]) if name in tables else made.empty() for name, made in definitions.items()}
    net = network({**exact, "inventory_target": table("inventory_target").empty()}, from_table(tables["setting"]))
    rows = _rows(net)
    if rows.is_empty():
        return table("inventory_target").empty()
    return table("inventory_target").conform(_worked_out(net, rows, exact["demand_plan"]))


def _rows(net: Network) -> pl.DataFrame:
    """Return a row a point and t with a service level: what it aims for, its times, the `given` safety stock, and `row`, of its point."""
    rows = net.policy.filter(pl.col("service_level").is_not_null()).select(
        "point", "item", "location", "t", "service_level", pl.col("service_measure").fill_null("cycles"), given="safety_stock"
    )
    rows = rows.join(net.periods.select("t", "period", "days"), on="t", maintain_order="left")
    rows = rows.join(net.points.select("point", pl.col("unit").fill_null("units")), on="point", maintain_order="left")
    rows = rows.join(lead_times(net), on=["point", "t"], how="left", maintain_order="left")
    review = net.setting.supply.review_time
    review_time = pl.col("days").cast(pl.Float64) if review is None else pl.lit(float(review))
    return rows.with_columns(review_time.alias("review_time"), (pl.col("point").rank("dense") - 1).cast(pl.Int64).alias("row"))


def _worked_out(net: Network, rows: pl.DataFrame, plan: pl.DataFrame) -> pl.DataFrame:
    points = rows.get_column("point").unique(maintain_order=True).sort().to_list()
    required = requirement(net)
    required = Requirement(required.quantity[points], required.ends, required.horizon)
    exposure, unknown = _exposure(rows, required, point_errors(net, demand_errors(net, plan), points))
    level = rows.get_column("service_level").to_numpy()
    by_units = (rows.get_column("service_measure") == "units").to_numpy()
    factors, spread = safety_factors(level, by_units, exposure), exposure.spread()
    stock = safety_stock(factors, spread)
    deviation = exposure.deviation
    stock, deviation, spread = (np.where(unknown > _LEAST_UNKNOWN, np.nan, one) for one in (stock, deviation, spread))
    found = {
        "demand": exposure.demand,
        "demand_deviation": deviation,
        "safety_stock": stock,
        "base_stock": exposure.expected() + stock,
        "factor": factors,
        "spread": spread,
        "unknown": unknown,
        "expected": exposure.expected(),
        "weeks_of_supply": _weeks(rows, required, stock),
    }
    rows = rows.with_columns(pl.Series(name, values, dtype=pl.Float64, nan_to_null=True) for name, values in found.items())
    return rows.with_columns((pl.col("lead_time") + pl.col("review_time")).alias("window")).with_columns(sentence())


def _exposure(rows: pl.DataFrame, required: Requirement, errors: Errors) -> tuple[Exposure, Array]:
    """Return what each row is exposed to, and the units of demand in its window whose forecast error is not known."""
    place, t = rows.get_column("row").to_numpy(), rows.get_column("t").to_numpy()
    lead, varies, review = (rows.get_column(name).to_numpy() for name in ("lead_time", "lead_time_deviation", "review_time"))
    window = np.nan_to_num(lead) + review
    measured = np.where(window > 0, window, 1.0)  # without a window: the day ahead
    times = np.concatenate([[0.0], required.ends])
    whole = np.arange(len(times), dtype=np.float64)[None, :]
    demand = _within(required.cumulative(), required, place, t, measured)
    variance = _within(_summed(errors.variance), required, place, t, measured)
    unknown = _within(_summed(errors.unknown), required, place, t, measured)
    periods = _within(whole, required, np.zeros_like(place), t, measured)
    variance = variance * lag_factor(np.minimum(periods, len(times)), errors.growth)
    return Exposure(demand / measured, np.sqrt(np.maximum(variance, 0.0) / measured), lead, varies, review), unknown


def _summed(values: Array) -> Array:
    return np.concatenate([np.zeros((values.shape[0], 1)), np.cumsum(values, axis=1)], axis=1)


def _within(cumulative: Array, required: Requirement, row: Counts, t: Counts, days: Array) -> Array:
    """Return what `cumulative` (rows, bucket ends with a zero in front) grows by in so many days from the start of bucket t on.

    Buckets by the day; after the year that follows the horizon, at the average rate of that year.
    """
    last, horizon = cumulative.shape[1] - 1, required.horizon
    season = required.ends[-1] - required.ends[horizon - 1]
    times = np.concatenate([[0.0], required.ends, [required.ends[-1] + _YEARS_ON * season]])
    further = cumulative[:, last:] + _YEARS_ON * (cumulative[:, last:] - cumulative[:, horizon : horizon + 1])
    known = np.concatenate([cumulative, further], axis=1)
    until = times[t] + days
    after = np.clip(np.searchsorted(times, until, side="right"), 1, len(times) - 1)
    share = (until - times[after - 1]) / (times[after] - times[after - 1])
    reached = known[row, after - 1] + share * (known[row, after] - known[row, after - 1])
    return np.asarray(reached - known[row, t], dtype=np.float64)


def _weeks(rows: pl.DataFrame, required: Requirement, stock: Array) -> Array:
    """Return the weeks of coming demand that each row's stock covers; nan where there is no stock or no demand."""
    place, t = rows.get_column("row").to_numpy(), rows.get_column("t").to_numpy()
    every = np.zeros((required.quantity.shape[0], required.horizon))
    every[place, t] = np.nan_to_num(stock)
    return np.where(np.isnan(stock), np.nan, weeks_covered(required, every)[place, t])
