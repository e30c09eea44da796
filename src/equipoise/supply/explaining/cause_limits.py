"""What holds supply back: the rows of limits, grouped by what a planner calls them, and a straight path to them from no limits."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from equipoise.supply.assembly import Array, Problem
from equipoise.supply.formulation.equation import Grade
from equipoise.supply.solving.answer import Answer

Places = npt.NDArray[np.int64]

SCALED = frozenset(
    {
        *("regular_capacity", "overtime_limit", "headcount", "hiring_limit", "purchase_limit", "lane_limit"),
        *("maximum_stock", "group_limit"),
    }
)
"""Rules whose most is loosened as a multiple of itself, all of them by the same multiple."""
_LOOSENED = SCALED | {
    *("component_source", "shelf_life", "maintenance_stops", "frozen", "level_output", "level_workforce", "chase"),
    *("firm_production", "firm_purchase", "firm_transfer", "firm_workforce", "firm_overtime", "firm_inventory"),
}
_LINKS = frozenset(
    {
        *("setup_needed", "order_needed", "lane_use", "line_open", "site_open"),
        *("minimum_lot", "minimum_order", "minimum_load", "minimum_run"),
    }
)
"""Rules that tie amounts to whole decisions: where those are held as planned, the ties say nothing about limits."""
_EVEN = "load_spread"
"""Spreads equal work evenly, which changes no gap but takes the optimiser many small steps."""
TARGETS = frozenset({"target_stock", "minimum_stock"})
_MOST_TIMES = 10.0
"""A limit that would have to be more than so many times itself is loosened by what it takes, like a limit of nothing."""

INSIDE = 1e-5
"""How far inside the ends of a path its first and last place are, as a share of it: at the ends themselves the basis is ambiguous."""


@dataclass(frozen=True, eq=False)
class Limits:
    """The rows that limit supply. `rows` are their places, `group` the number of what each belongs to, `t` its period (-1: the horizon).

    `groups` has limit and subject by group number. `scaled` says which rows are loosened as a multiple. `freed` are rows that are left out
    altogether, `targets` those of stock that is wanted, `wants` those that gave way and limit no supply. `lower` and `upper` are the bounds
    of every row, those of limits that gave way as they gave way.
    """

    rows: Places
    group: Places
    t: Places
    groups: pl.DataFrame
    scaled: npt.NDArray[np.bool_]
    freed: Places
    targets: Places
    wants: Places
    lower: Array
    upper: Array


@dataclass(frozen=True, eq=False)
class Path:
    """The bounds of some rows on a straight line: from no limits (0) to the limits as they are (1).

    `group` is that of each row, `most` the multiple of themselves at which limits of so much start.
    """

    rows: Places
    group: Places
    start: tuple[Array, Array]
    end: tuple[Array, Array]
    most: float

    def places(self, count: int) -> Array:
        """Return so many places on the path, just inside its ends: closer together where limits are close to what they are."""
        share = np.linspace(1 / self.most, 1.0, count) if self.most > 1 + 1e-6 else np.linspace(0.0, 1.0, count)
        places = (self.most - 1 / share) / (self.most - 1) if self.most > 1 + 1e-6 else share
        return np.clip(places, INSIDE, 1 - INSIDE)

    def at(self, where: float | Array) -> tuple[Array, Array]:
        """Return the least and the most of each row at a place of the path, one for all rows or one for each."""
        low, high = (_between(first, last, where) for first, last in zip(self.start, self.end, strict=True))
        return low, high

    @property
    def rates(self) -> tuple[Array, Array]:
        """By how much the least and the most of each row change along the whole path."""
        with np.errstate(invalid="ignore"):
            low, high = (np.nan_to_num(last - first) for first, last in zip(self.start, self.end, strict=True))
        return low, high


def _between(first: Array, last: Array, where: float | Array) -> Array:
    with np.errstate(invalid="ignore"):
        step = np.nan_to_num(last - first)
    return np.asarray(first + step * where, np.float64)


def limits_of(problem: Problem, answer: Answer) -> Limits:
    """Return the rows of a problem that limit supply, with the bounds that its answer kept."""
    parts, freed, targets, wants = [], [], [], []
    gave = (answer.below - problem.crossed > 0) | (answer.above > 0)
    for block in problem.blocks:
        places = np.arange(block.start, block.stop)
        name = block.rule.name
        if name in _LOOSENED:
            named = block.equation.rows.select("subject", "t").with_columns(
                pl.lit(block.rule.limit).alias("limit"), pl.Series("row", places), pl.lit(name in SCALED).alias("scaled")
            )
            parts.append(named.select("row", "limit", "subject", pl.col("t").cast(pl.Int64).fill_null(-1), "scaled"))
            continue
        if name == _EVEN or (name in _LINKS and problem.whole.any()):
            freed.append(places)
        elif block.rule.grade != Grade.PHYSICS:
            wants.append(places[gave[places]])
        if name in TARGETS:
            targets.append(places)
    schema = {"row": pl.Int64, "limit": pl.String, "subject": pl.String, "t": pl.Int64, "scaled": pl.Boolean}
    found = pl.concat([pl.DataFrame(schema=schema), *(part.cast(schema) for part in parts)])  # type: ignore[arg-type]
    groups = found.select("limit", "subject").unique().sort("limit", "subject").with_row_index("group")
    found = found.join(groups, on=["limit", "subject"], how="left", nulls_equal=True, maintain_order="left")
    rows = found.get_column("row").to_numpy()
    lower, upper = problem.row_lower.copy(), problem.row_upper.copy()
    lower[rows] -= np.maximum(answer.below - problem.crossed, 0.0)[rows]
    upper[rows] += answer.above[rows]
    return Limits(
        rows=rows,
        group=found.get_column("group").to_numpy().astype(np.int64),
        t=found.get_column("t").to_numpy(),
        groups=groups.select("limit", "subject"),
        scaled=found.get_column("scaled").to_numpy(),
        freed=_joined(freed),
        targets=_joined(targets),
        wants=_joined(wants),
        lower=lower,
        upper=upper,
    )


def _joined(parts: list[Places]) -> Places:
    return np.concatenate([np.zeros(0, np.int64), *parts])


def path_to(limits: Limits, activity: Array) -> Path:
    """Return the path from no limits to the limits; `activity` is that of every row in the plan without limits.

    Limits of so much (SCALED) start at one and the same multiple of themselves, the least that lets that plan be: so limits that are
    alike stay alike all along. A limit of nothing, one that would need more than ten times itself, and one of another kind
    start where that plan is. A row that the plan without limits keeps to does not move, unless it is a multiple.
    """
    lower, upper, activity = limits.lower[limits.rows], limits.upper[limits.rows], activity[limits.rows]
    able = limits.scaled & (upper > 0) & np.isfinite(upper) & (lower < upper)
    times = np.divide(activity, upper, out=np.zeros_like(upper), where=able)
    able &= times <= _MOST_TIMES
    most = max(1.0, float(times[able].max())) if able.any() else 1.0
    high = np.where(able, upper * most, np.maximum(upper, activity))
    low = np.minimum(lower, activity)
    moving = (high != upper) | (low != lower)
    return Path(limits.rows[moving], limits.group[moving], (low[moving], high[moving]), (lower[moving], upper[moving]), most)
