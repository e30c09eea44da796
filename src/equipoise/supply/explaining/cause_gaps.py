"""The gaps to be explained: demand late or lost, and stock below target, as linear measures of the model's columns."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from equipoise.supply.assembly import Array, Problem
from equipoise.supply.model.unknowns import Model

_NOTHING = 1e-5
_KEYS = ["kind", "item", "place", "t"]


@dataclass(frozen=True, eq=False)
class Gaps:
    """`rows`: kind, item, place, t, period, unit, quantity and the number (`measure`) of the measure that it is a part of.

    A measure is `level` plus the sum of `sign` times the columns `column` that belong to it (`measure`), but never below nothing; demands
    that are planned together have one. `short` says which measures are demand late or lost; the others are stock below target.
    """

    rows: pl.DataFrame
    short: npt.NDArray[np.bool_]
    level: Array
    measure: npt.NDArray[np.int64]
    column: npt.NDArray[np.int64]
    sign: Array

    def values(self, values: Array) -> Array:
        """Return the size of every measure for the values of the columns."""
        return np.maximum(self._raw(values) + self.level, 0.0)

    def changes(self, moved: Array, values: Array) -> Array:
        """Return the change of every measure where the columns change by `moved`; one that is no gap at `values` does not change."""
        return np.where(self._raw(values) + self.level > _NOTHING, self._raw(moved), 0.0)

    def together(self, values: Array, weights: Array) -> Array:
        """Return, by column, one measure of all that are a gap at `values`, each times its weight."""
        there = np.where(self._raw(values) + self.level > _NOTHING, weights, 0.0)
        return np.bincount(self.column, self.sign * there[self.measure], minlength=len(values)).astype(np.float64)

    def _raw(self, values: Array) -> Array:
        return np.bincount(self.measure, self.sign * values[self.column], minlength=len(self.level)).astype(np.float64)


def gaps_of(problem: Problem, shortage: pl.DataFrame, inventory_plan: pl.DataFrame) -> Gaps:
    """Return the gaps of a plan: lost in a period and late at its end, by demand; below target at its end, by item and location."""
    model = problem.model
    short, short_columns = _short(model, shortage)
    below, below_columns = _below(model, inventory_plan, short_columns.get_column("measure").max())
    rows = pl.concat([short, below]).join(model.net.periods.select("t", "period"), on="t", maintain_order="left")
    columns = pl.concat([short_columns, below_columns])
    levels = rows.select("measure", "kind", "level").unique("measure", maintain_order=True).sort("measure")
    return Gaps(
        rows=rows.drop("level"),
        short=(levels.get_column("kind") == "shortage").to_numpy(),
        level=levels.get_column("level").to_numpy(),
        measure=columns.get_column("measure").to_numpy(),
        column=columns.get_column("column").to_numpy(),
        sign=columns.get_column("sign").to_numpy(),
    )


_COLUMNS = [*_KEYS, "unit", "quantity", "measure", "level"]


def _short(model: Model, shortage: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    quantity = pl.col("lost").fill_null(0.0) + pl.col("backlog").fill_null(0.0)
    rows = shortage.select("item", "market", "period", quantity.alias("quantity")).filter(pl.col("quantity") > _NOTHING)
    rows = rows.join(model.net.periods.select("t", "period"), on="period", maintain_order="left")
    rows = rows.join(model.net.demands.select("item", "market", "demand", "unit"), on=["item", "market"], maintain_order="left")
    rows = rows.join(model.pools.members, on="demand", maintain_order="left").sort("item", "market", "t")
    measures = rows.select("pool", "t").unique().sort("pool", "t").with_row_index("measure").with_columns(pl.col("measure").cast(pl.Int64))
    rows = rows.join(measures, on=["pool", "t"], maintain_order="left").with_columns(
        pl.lit("shortage").alias("kind"), pl.col("market").alias("place"), pl.lit(0.0).alias("level")
    )
    columns = pl.concat([model[family].select("pool", "t", "column") for family in ("lost", "backlog")])
    columns = columns.join(measures, on=["pool", "t"], maintain_order="left")
    return rows.select(_COLUMNS), columns.select("measure", "column", pl.lit(1.0).alias("sign"))


def _below(model: Model, inventory_plan: pl.DataFrame, last: object) -> tuple[pl.DataFrame, pl.DataFrame]:
    first = int(last) + 1 if isinstance(last, int) else 0
    rows = inventory_plan.select("item", "location", "period", "target", "shortfall").filter(pl.col("shortfall") > _NOTHING)
    rows = rows.join(model.net.periods.select("t", "period"), on="period", maintain_order="left")
    points = model.net.points.select("item", "location", "point", "unit")
    rows = rows.join(points, on=["item", "location"], maintain_order="left").sort("item", "location", "t")
    rows = rows.with_row_index("measure", offset=first).with_columns(
        pl.col("measure").cast(pl.Int64),
        pl.lit("target").alias("kind"),
        pl.col("location").alias("place"),
        pl.col("target").alias("level"),
        pl.col("shortfall").alias("quantity"),
    )
    stock = (
        model["stock"].select("point", "t", "column").join(rows.select("point", "t", "measure"), on=["point", "t"], maintain_order="left")
    )
    return rows.select(_COLUMNS), stock.select("measure", "column", pl.lit(-1.0).alias("sign"))


def gaps_quantity(gaps: Gaps) -> Array:
    """Return the size of every measure in the plan: that of all gaps that are a part of it."""
    rows = gaps.rows
    return np.bincount(rows.get_column("measure").to_numpy(), rows.get_column("quantity").to_numpy(), minlength=len(gaps.level)).astype(
        np.float64
    )
