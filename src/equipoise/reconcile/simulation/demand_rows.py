"""From drawn demand to the rows that a plan is played on: those of the table `shortage`, by item or by family."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl

from equipoise.reconcile.money.valuation import families
from equipoise.reconcile.simulation.demand_paths import Cells
from equipoise.reconcile.simulation.normal import Array, Index


@dataclass(frozen=True, eq=False)
class Sums:
    """Sums of columns by group; a group without columns has nothing."""

    group: Index
    groups: int

    @cached_property
    def _order(self) -> tuple[Index, Index, Index]:
        order = np.argsort(self.group, kind="stable")
        present, first = np.unique(self.group[order], return_index=True)
        return order, present, first

    def of(self, values: Array) -> Array:
        """Return the sums of `values` (paths, columns): (paths, groups). Columns of a negative group are left out."""
        order, present, first = self._order
        found = np.zeros((len(values), self.groups))
        if len(order):
            sums = np.add.reduceat(values[:, order], first, axis=1)
            found[:, present[present >= 0]] = sums[:, present >= 0]
        return found


@dataclass(frozen=True, eq=False)
class DemandRows:
    """The rows of `shortage`: planned demand, what the cells of the demand plan add up to in each, family and period of each row."""

    planned: Array
    sums: Sums
    summed: Array
    families: tuple[str, ...]
    periods: tuple[object, ...]
    family: Index
    period: Index

    def of(self, demand: Array) -> Array:
        """Return drawn demand (paths, series, periods) by row: the row's planned demand, times drawn over planned demand of its cells."""
        drawn = self.sums.of(demand.reshape(len(demand), -1))
        known = self.summed > 0
        return np.where(known, self.planned * (drawn / np.where(known, self.summed, 1.0)), self.planned)


def demand_rows(shortage: pl.DataFrame, cells: Cells, days: tuple[object, ...], item: pl.DataFrame) -> DemandRows:
    """Return the rows of `shortage` (in its order) as they hang on the cells of the demand plan; `days` are the periods of the cells."""
    rows = shortage.select("item", "market", "period").with_row_index("row").with_columns(pl.col("row").cast(pl.Int64))
    grid = cells.series.join(pl.DataFrame({"period": days}, schema={"period": pl.Date}), how="cross")
    own = grid.join(rows, on=["item", "market", "period"], how="left", maintain_order="left").get_column("row")
    above = rows.rename({"item": "family"})
    by_family = grid.join(above, on=["family", "market", "period"], how="left", maintain_order="left").get_column("row")
    sums = Sums(own.zip_with(own.is_not_null(), by_family).fill_null(-1).to_numpy(), shortage.height)
    named = shortage.select("item").join(families(item), on="item", how="left", maintain_order="left")
    names = named.select(pl.coalesce("family", "item")).to_series()
    known = sorted(set(names.to_list()))
    place, when = {name: number for number, name in enumerate(known)}, {day: number for number, day in enumerate(days)}
    return DemandRows(
        planned=shortage.get_column("demand").to_numpy().astype(np.float64),
        sums=sums,
        summed=sums.of(cells.quantity.reshape(1, -1))[0],
        families=tuple(known),
        periods=days,
        family=np.array([place[name] for name in names], np.int64),
        period=np.array([when[day] for day in shortage.get_column("period")], np.int64),
    )
