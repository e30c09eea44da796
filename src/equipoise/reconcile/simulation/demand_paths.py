"""Paths of demand: the plan of every series and period, drawn from its distribution."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl

from equipoise.reconcile.simulation.chance import BLOCK, stream
from equipoise.reconcile.simulation.distribution import Disturbance
from equipoise.reconcile.simulation.marginal import Marginal, through
from equipoise.reconcile.simulation.normal import TENTH, Array, Flags, Index
from equipoise.reconcile.simulation.scores import Scores

SERIES = ["item", "market"]
_PART = 0.5  # of the plan that the baseline must make up for its spread to count
_TAILS = 1.0 / (TENTH * np.sqrt(2.0 * np.pi))  # what a unit of p10 or p90 adds to the mean of a two-piece normal


@dataclass(frozen=True, eq=False)
class Cells:
    """The cells of the demand plan: series in rows, periods in columns. `series` has item, market and family, in order.

    `quantity` is the plan, `price` its unit price (0 where none is given), `known` whether its distribution is.
    """

    series: pl.DataFrame
    quantity: Array
    price: Array
    known: Flags
    marginal: Marginal

    @property
    def shape(self) -> tuple[int, int]:
        """Series and periods."""
        return self.quantity.shape[0], self.quantity.shape[1]


def cells_of(demand_plan: pl.DataFrame, baseline: pl.DataFrame, families: pl.DataFrame) -> Cells:
    """Return the cells of the demand plan with their distributions. `families` has item and family.

    A cell has the relative spread of its baseline where that makes up at least half of it: p10, p50 and p90 over the baseline's quantity.
    Else it has the demand plan's own p10 and p90 (launches take theirs from what they follow), with the median that makes the plan its
    mean. Else nothing is known of it, and it is taken as certain.
    """
    forecast = baseline.select(*SERIES, "period", *(pl.col(name).alias(f"base_{name}") for name in ("quantity", "p10", "p50", "p90")))
    rows = demand_plan.sort(*SERIES, "period").join(forecast, on=[*SERIES, "period"], how="left", maintain_order="left")
    rows = rows.join(families, on="item", how="left", maintain_order="left")
    series = rows.select(*SERIES, pl.coalesce("family", "item").alias("family")).unique(SERIES, keep="first", maintain_order=True)
    plan, base = (rows.get_column(name).fill_null(0.0).to_numpy() for name in ("quantity", "base_quantity"))
    low, middle, high, known = _percentiles(rows, plan, base)
    floor = np.clip(np.minimum(rows.get_column("orders").fill_null(0.0).to_numpy(), plan), 0.0, None)
    marginal = _marginal(low, middle, high, plan, floor, known)
    shape = (series.height, rows.get_column("period").n_unique())
    price = rows.get_column("unit_price").fill_null(0.0).to_numpy()
    return Cells(series, plan.reshape(shape), price.reshape(shape), known.reshape(shape), marginal)


def _percentiles(rows: pl.DataFrame, plan: Array, base: Array) -> tuple[Array, Array, Array, Flags]:
    low, middle, high = (rows.get_column(f"base_{name}").to_numpy() for name in ("p10", "p50", "p90"))
    shown = np.isfinite(low) & np.isfinite(middle) & np.isfinite(high) & (plan > 0) & (base >= _PART * plan)
    ratio = np.where(shown, plan / np.where(shown, base, 1.0), 0.0)
    own_low, own_high = (rows.get_column(name).to_numpy() for name in ("p10", "p90"))
    own = ~shown & (plan > 0) & (own_low <= plan) & (own_high >= plan)
    own_middle = np.clip((plan - _TAILS * (own_low + own_high)) / (1 - 2 * _TAILS), own_low, own_high)
    pairs = ((low, own_low), (middle, own_middle), (high, own_high))
    found = [np.where(shown, np.nan_to_num(one) * ratio, np.where(own, np.nan_to_num(other), plan)) for one, other in pairs]
    return found[0], np.clip(found[1], found[0], found[2]), found[2], shown | own


def _marginal(low: Array, middle: Array, high: Array, plan: Array, floor: Array, known: Flags) -> Marginal:
    drawn = through(low[known], middle[known], high[known], plan[known], floor[known])
    zero = np.zeros_like(plan)
    made = Marginal(plan.copy(), zero, zero.copy(), floor)
    made.middle[known], made.below[known], made.above[known] = drawn.middle, drawn.below, drawn.above
    return made


@dataclass(frozen=True, eq=False)
class DemandPaths:
    """How demand is drawn: cells, the unit whose score each series has, scores, and rows of `disturbance` with the series that they hit.

    `instead` stand in place of the forecast's distribution in the periods in which they hold, the last one where several do; `besides` are
    factors on top of it.
    """

    cells: Cells
    unit: Index
    scores: Scores
    instead: tuple[tuple[Disturbance, Index], ...]
    besides: tuple[tuple[Disturbance, str, Index], ...]

    def draw(self, blocks: Sequence[int]) -> Array:
        """Return demand (paths, series, periods) of some blocks of paths."""
        series, horizon = self.cells.shape
        paths = BLOCK * len(blocks)
        scores = self.scores.draw(blocks).transpose(0, 2, 1)[:, self.unit]
        demand = self.cells.marginal.quantity(scores.reshape(paths, -1)).reshape(paths, series, horizon)
        sure = np.zeros((paths, horizon))
        for row, hit in self.instead:
            factor = row.sizes(scores[:, hit].reshape(-1, horizon), np.repeat(sure, len(hit), axis=0), np.nan)
            factor = factor.reshape(paths, len(hit), horizon)
            demand[:, hit] = np.where(np.isnan(factor), demand[:, hit], factor * self.cells.quantity[hit])
        for row, name, hit in self.besides:
            demand[:, hit] *= self._factor(row, name, blocks)[:, None, :]
        return demand

    def _factor(self, row: Disturbance, name: str, blocks: Sequence[int]) -> Array:
        shape = (BLOCK, self.cells.shape[1])
        parts = []
        for block in blocks:
            chance = stream(self.scores.seed, f"demand {row.name} {name}", block)
            luck = chance.random(shape)
            parts.append(row.sizes(chance.standard_normal(shape), luck, 1.0))
        return np.concatenate(parts)

    @cached_property
    def uncertain(self) -> Flags:
        """Whether the demand of each cell may differ from the plan: (series, periods)."""
        found = ~self.cells.marginal.certain.reshape(self.cells.shape)
        for row, hit in self.instead:
            found[hit] = np.where(row.may, not row.fixed or row.numbers.get("likely", 1.0) != 1.0, found[hit])
        for row, _, hit in self.besides:
            found[hit] |= row.may
        return found & (self.cells.quantity > 0)
