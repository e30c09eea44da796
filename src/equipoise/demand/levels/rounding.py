"""Whole units that still add up: largest remainders down the tree, period by period."""

from collections.abc import Sequence

import numpy as np
import polars as pl

from equipoise.demand.forecast.panel import KEY
from equipoise.demand.levels.hierarchy import checked, leaves_of
from equipoise.demand.methods import Array, Counts

_PARTS = 20  # a unit is cut into 2^20 parts, so that all sums are exact
_EXACT = 2.0**53  # units above which a sum has no last unit in double precision


def in_whole_units(baseline: pl.DataFrame, item: pl.DataFrame, market: pl.DataFrame, levels: Sequence[tuple[str, ...]]) -> pl.DataFrame:
    """Return the table `baseline` with whole quantities that add up: each period's total is the rounded total.

    Below the total, whole numbers follow the first of the `levels`, then those of the others, of items and of markets, that lie inside it
    (family, item, leaf); every one of them is its own forecast rounded up or down. The interval is widened where rounding left it. Raises
    InputError where a level has a column that no table gives.
    """
    pairs = baseline.select(KEY).unique(maintain_order=True)
    periods = baseline.select("period").unique().sort("period")
    if pairs.is_empty():
        return baseline
    placed = (
        baseline.select(*KEY, "period", "quantity")
        .join(pairs.with_row_index("row"), on=KEY, how="left", maintain_order="left")
        .join(periods.with_row_index("column"), on="period", how="left", maintain_order="left")
    )
    place = (placed.get_column("row").to_numpy(), placed.get_column("column").to_numpy())
    points = np.zeros((len(pairs), len(periods)))
    points[place] = placed.get_column("quantity").fill_null(0.0).to_numpy()
    leaves = leaves_of(pairs, item, market)
    found = whole(points, path(leaves, [checked(level, "demand.levels") for level in levels]))[place]
    return baseline.with_columns(pl.Series("quantity", found, pl.Float64)).with_columns(
        pl.min_horizontal("p10", pl.when(pl.col("p10").is_not_null()).then("quantity")).alias("p10"),
        pl.max_horizontal("p90", pl.when(pl.col("p90").is_not_null()).then("quantity")).alias("p90"),
    )


def path(leaves: pl.DataFrame, levels: Sequence[tuple[str, ...]]) -> list[Counts]:
    """Return the groups of the leaves at each level of one nested hierarchy, coarsest first: the first level, and each after it, of items
    and of markets that lies inside the last one taken. Leaves with an empty column are one group."""
    taken: list[Counts] = []
    for level in (*levels, ("item",), ("market",)):
        if not level:
            continue
        code = _code(leaves, level)
        if not taken or len(np.unique(np.stack([taken[-1], code]), axis=1).T) == code.max() + 1:
            taken.append(code)
    return taken


def _code(leaves: pl.DataFrame, level: Sequence[str]) -> Counts:
    """Return a number for the group of each leaf, (leaves,), in the order in which they come."""
    groups = leaves.select(level).unique(maintain_order=True).with_row_index("group")
    joined = leaves.select(level).join(groups, on=list(level), how="left", nulls_equal=True, maintain_order="left")
    return joined.get_column("group").to_numpy().astype(np.int64)


def whole(points: Array, levels: Sequence[Counts]) -> Array:
    """Return whole numbers (leaves, periods) for forecasts `points` of the same shape, zero or more.

    Each period's total is the rounded total (up to 2^53 units, where double precision stops counting). `levels` are groups of the leaves,
    each inside those before it. Every group and every leaf is rounded up or down: up come those whose fractions, with what rounding has
    kept from them in earlier periods, are largest, so that slow movers get their unit in their turn. Largest remainders: Hamilton's method
    of apportionment; see Balinski and Young, "Fair Representation" (1982).
    """
    points = np.maximum(np.nan_to_num(points), 0)
    if points.sum(axis=0).max(initial=0.0) > _EXACT:
        return np.rint(points)
    exact, unit = _in_parts(points)
    parents, parent = np.zeros(len(points), dtype=np.int64), _rounded(exact.sum(axis=0, keepdims=True), unit)
    for code in (*levels, np.arange(len(points))):
        count = int(code.max(initial=-1)) + 1
        within = np.zeros(count, dtype=np.int64)
        within[code] = parents
        parts = np.zeros((count, points.shape[1]), dtype=np.int64)
        np.add.at(parts, code, exact)
        parent, parents = _apportioned(parts, unit, within, parent), code
    return parent.astype(np.float64)


def _in_parts(points: Array) -> tuple[Counts, int]:
    """Return the points in whole parts of a unit, and how many parts a unit has: fewer where their sums would overflow."""
    largest = float(points.sum(axis=0).max(initial=0.0)) + len(points) + 1
    unit = 1 << int(np.clip(61 - np.ceil(np.log2(largest)), 0, _PARTS))
    return np.rint(points * unit).astype(np.int64), unit


def _rounded(exact: Counts, unit: int) -> Counts:
    return np.asarray((exact + unit // 2) // unit, dtype=np.int64)


def _apportioned(parts: Counts, unit: int, within: Counts, parent: Counts) -> Counts:
    """Return the parents' whole numbers (parents, periods) shared out to the children, (children, periods).

    `parts` (children, periods) are the children's forecasts in parts of a unit, `within` (children,) their parents.
    """
    floors, rest = parts // unit, parts % unit
    owed = np.zeros(len(parts), dtype=np.int64)  # what rounding has kept from each child so far
    first = np.searchsorted(np.sort(within), np.arange(len(parent)))
    for period in range(parts.shape[1]):
        left = parent[:, period].copy()
        np.subtract.at(left, within, floors[:, period])
        claim = np.where(rest[:, period] > 0, -(owed + rest[:, period]), np.iinfo(np.int64).max)
        order = np.lexsort((claim, within))  # the largest claim first; of equal ones the first
        rank = np.empty(len(parts), dtype=np.int64)
        rank[order] = np.arange(len(parts)) - first[within[order]]
        up = rank < left[within]
        floors[up, period] += 1
        owed += rest[:, period] - unit * up
    return floors
