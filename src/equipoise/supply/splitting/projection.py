"""Items through time: demand and what is required of them by period, and the stock that a plan by week leaves."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from equipoise.supply.model.families import Tables
from equipoise.supply.model.timing import exact
from equipoise.supply.splitting.run_out import Array, Index
from equipoise.supply.splitting.weeks import Weeks


@dataclass(frozen=True, eq=False)
class Items:
    """Items by number. demand: items by periods, the horizon and a year after it; safety, receipts: items by periods of the horizon.

    opening: stock at the start, all locations together, without what is already late.
    """

    names: list[str]
    number: Mapping[str, int]
    demand: Array
    safety: Array
    receipts: Array
    opening: Array

    @property
    def due(self) -> Array:
        """Demand from the start of the horizon to the end of each period, with a zero in front."""
        return np.concatenate([np.zeros((len(self.names), 1)), np.cumsum(self.demand, axis=1)], axis=1)


def items_of(tables: Tables, names: list[str], periods: pl.DataFrame, horizon: int) -> Items:
    """Return the items. `periods` has t and period, the horizon and a year after it.

    After the horizon, demand is what the demand plan says there; where it says nothing, that of the same period a year earlier, or, where
    the horizon is shorter than a year, its average.
    """
    number = {name: position for position, name in enumerate(names)}
    times = periods.filter(pl.col("t") < horizon)
    demand, known = np.zeros((len(names), periods.height)), np.zeros(periods.height, dtype=bool)
    _laid(demand, tables["demand_plan"].join(periods.select("t", "period"), on="period", maintain_order="left"), number)
    given = (
        tables["demand_plan"].join(periods.select("t", "period"), on="period", maintain_order="left").get_column("t").unique().to_numpy()
    )
    known[given] = True
    year = periods.height - horizon
    for t in range(horizon, periods.height):
        if not known[t]:
            demand[:, t] = demand[:, t - year] if t >= year else demand[:, :horizon].mean(axis=1)
    receipts, safety, opening = np.zeros((len(names), horizon)), np.zeros((len(names), horizon)), np.zeros((len(names), 1))
    _laid(receipts, tables["scheduled_receipt"].join(times.select("t", "period"), on="period", maintain_order="left"), number)
    _laid(safety, _safety(tables, times), number)
    _laid(opening, tables["on_hand"].with_columns(t=pl.lit(0)), number)
    _laid(opening, tables["backlog"].with_columns(-pl.col("quantity"), t=pl.lit(0)), number)
    return Items(names, number, demand, safety, receipts, opening[:, 0])


def _laid(target: Array, rows: pl.DataFrame, number: Mapping[str, int]) -> None:
    """Add the quantity of rows (item, t) to `target`; items that have no number are left out."""
    rows = rows.with_columns(pl.col("item").replace_strict(number, default=None, return_dtype=pl.Int64).alias("#item"))
    rows = rows.filter(pl.col("#item").is_not_null() & pl.col("quantity").is_not_null())
    np.add.at(target, (rows.get_column("#item").to_numpy(), rows.get_column("t").to_numpy()), rows.get_column("quantity").to_numpy())


def _safety(tables: Tables, times: pl.DataFrame) -> pl.DataFrame:
    """Return item, t and quantity: safety stock (or least stock, where that is more) of every item and location."""
    keys = ["item", "location"]
    policy = exact(tables["inventory_policy"], keys, times).select(*keys, "t", quantity=pl.max_horizontal("safety_stock", "minimum"))
    policy = policy.filter(pl.col("quantity").is_not_null())
    target = tables["inventory_target"].join(times.select("t", "period"), on="period", maintain_order="left")
    target = target.select(*keys, "t", quantity="safety_stock").join(policy, on=[*keys, "t"], how="anti", maintain_order="left")
    return pl.concat([policy, target])


def arrivals(made: Array, lead_time: Array, weeks: Weeks) -> Array:
    """Return what arrives in each week of what is made in each (rows by weeks), `lead_time` days after it, spread like the work was."""
    edges = np.concatenate([[0.0], weeks.ends])
    done = np.concatenate([np.zeros((len(made), 1)), np.cumsum(made, axis=1)], axis=1)
    came = np.zeros_like(done)
    for days in np.unique(lead_time):
        rows = lead_time == days
        when = np.clip(edges - days, 0.0, None)
        left = np.clip(np.searchsorted(edges, when, side="right") - 1, 0, len(edges) - 2)
        part = (when - edges[left]) / (edges[left + 1] - edges[left])
        came[rows] = done[rows][:, left] * (1 - part) + done[rows][:, left + 1] * part
    return np.diff(came, axis=1)


def stock(items: Items, weeks: Weeks, came: tuple[Index, Array], taken: tuple[Index, Array], lost: Array) -> Array:
    """Return the expected stock of items at the end of each week (items by weeks), all locations together, nothing where demand is late.

    `came` and `taken`: item and units by week of what arrives and of what components are used; `lost`: demand lost, items by periods.
    Demand and receipts are spread over the days of their period.
    """
    flow = (items.receipts + lost - items.demand[:, : items.receipts.shape[1]])[:, weeks.t] * weeks.days
    np.add.at(flow, came[0], came[1])
    np.subtract.at(flow, taken[0], taken[1])
    return np.maximum(items.opening[:, None] + np.cumsum(flow, axis=1), 0.0)
