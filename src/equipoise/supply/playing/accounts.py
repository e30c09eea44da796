"""The money and the load of a period, at the prices of the plan."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from equipoise import finance
from equipoise.supply.assembly import Array, paid_once
from equipoise.supply.playing.course import Course, dense
from equipoise.supply.playing.sums import Sums

_KEPT = ("workers", "hire", "layoff", "open", "opening", "closing", "step", "maintain")
"""Families that stay as planned whatever happens."""


@dataclass(frozen=True, eq=False)
class Accounts:
    """What a period's flows load and cost. `fixed` is the cash of what stays as planned, by period; `stored`
    is resources by points in each period; `load` what the plan
    loads. Prices of scrap, of stock, below `level` and above `most` are by point
    and period, `value` is the standard cost of a unit at each point.
    """

    course: Course
    fixed: Array
    stored: tuple[Sums, ...]
    load: Array
    scrap_price: Array
    stock_price: Array
    short_price: Array
    excess_price: Array
    level: Array
    most: Array
    value: Array

    def money(self, t: int, flows: Array, paid: Array | float, stock: Array, scrapped: Array, lost: Array) -> tuple[Array, Array, Array]:
        """Return cash and opportunity gains of a period, and overtime, by path.

        `flows` are what was decided and shipped, `paid` the share of each that is paid for, `lost` the share of its time that each resource
        lost.
        """
        course, machines = self.course, self.course.resources
        follow = course.follow[t]
        columns = np.concatenate([course.decide[t].columns, course.serve[t].columns])
        beside = follow.values(flows)
        load = self.course.loads[t].of(flows) + self.stored[t].of(stock) + follow.load.of(beside)
        regular, overtime = machines.worked(t, load, self.load[:, t], lost)
        cash = self.fixed[t] + course.cash[columns] @ (flows * paid) + course.cash[follow.columns] @ beside
        cash = cash + self._time(machines.regular_column[:, t]) @ regular + self._time(machines.overtime_column[:, t]) @ overtime
        cash = cash + self.scrap_price[:, t] @ scrapped
        held = self.stock_price[:, t] @ stock
        held = held + self.short_price[:, t] @ np.clip(self.level[:, t, None] - stock, 0.0, None)
        held = held + self.excess_price[:, t] @ np.clip(stock - self.most[:, t, None], 0.0, None)
        return cash, held, overtime.sum(axis=0)

    def _time(self, columns: np.ndarray) -> Array:
        return np.where(columns >= 0, self.course.cash[columns], 0.0)


def accounts(course: Course) -> Accounts:
    """Return how the money of a course is counted."""
    model, load = course.model, course.resources.load
    horizon, resources = model.horizon, model.net.resources.height
    fixed = np.zeros(horizon)
    for family in _KEPT:
        columns, when = model[family].get_column("column").to_numpy(), model[family].get_column("t").to_numpy()
        np.add.at(fixed, when, course.cash[columns] * course.values[columns])
    once = paid_once(model.net)
    np.add.at(fixed, once.get_column("t").to_numpy(), finance.coefficients({"one_off": once}).get_column("coefficient").to_numpy())
    flows = [np.concatenate([course.decide[t].columns, course.serve[t].columns]) for t in range(horizon)]
    kept = load.filter(pl.col("activity") == "store")
    kept = kept.join(model["stock"].select("column", place="point"), on="column", maintain_order="left")
    loads = course.loads
    stored = [_sums(kept.filter(pl.col("t") == t), (resources, model.net.points.height)) for t in range(horizon)]
    planned = [
        loads[t].one(course.values[flows[t]]) + stored[t].one(course.stock[:, t]) + course.follow[t].load.one(course.follow[t].planned)
        for t in range(horizon)
    ]
    last = pl.col("t") == horizon - 1
    levels = model.policy.select(
        "point",
        "t",
        level=pl.max_horizontal("target", "minimum", pl.when(last).then("ending_minimum")).fill_null(0.0),
        most=pl.min_horizontal("maximum", pl.when(last).then("ending_maximum")).fill_null(np.inf),
    )
    level, most = np.zeros(course.stock.shape), np.full(course.stock.shape, np.inf)
    place_of = levels.get_column("point").to_numpy(), levels.get_column("t").to_numpy()
    level[place_of], most[place_of] = levels.get_column("level").to_numpy(), levels.get_column("most").to_numpy()
    value = model.net.points.with_columns(quantity=pl.lit(1.0)).select(finance.stock_value(unit_cost="standard_cost").fill_null(0.0))
    return Accounts(
        course=course,
        fixed=fixed,
        stored=tuple(stored),
        load=np.stack(planned, axis=1),
        scrap_price=dense(model, "scrap", course.cash),
        stock_price=dense(model, "stock", course.held),
        short_price=dense(model, "shortfall", course.held),
        excess_price=dense(model, "excess", course.held),
        level=level,
        most=most,
        value=value.to_series().to_numpy(),
    )


def _sums(frame: pl.DataFrame, shape: tuple[int, int]) -> Sums:
    rows, columns, values = (frame.get_column(name).to_numpy() for name in ("number", "place", "load"))
    return Sums(rows, columns, values, shape)
