"""Which leaves (item and market) add up to which groups (a family, a region, the total)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches

import numpy as np
import polars as pl

from equipoise.demand.forecast.panel import Panel
from equipoise.demand.methods import Array, Counts
from equipoise.errors import InputError, Where

COLUMNS = ("item", "family", "category", "market", "region", "channel")


@dataclass(frozen=True)
class Hierarchy:
    """Groups of leaves. `codes` (levels, leaves): the number of the group that each leaf is in, -1 where it stands for itself; numbers run
    from 0 to `groups` - 1 over all levels together. `names` (groups,): the group in words."""

    codes: Counts
    groups: int
    names: tuple[str, ...]

    @staticmethod
    def of(leaves: pl.DataFrame, levels: Sequence[tuple[str, ...]]) -> "Hierarchy":
        """Return the groups of two leaves or more at each of the levels; () is the total. A leaf with an empty column is in no group.

        `leaves` has the columns that the levels name, a row a leaf.
        """
        codes, names = [], list[str]()
        for level in dict.fromkeys(tuple(sorted(set(level), key=COLUMNS.index)) for level in levels):
            found = (
                leaves.with_columns(total=pl.lit("total"))
                .select("total", *level)
                .with_row_index("leaf")
                .drop_nulls()
                .group_by("total", *level, maintain_order=True)
                .agg("leaf")
                .filter(pl.col("leaf").list.len() > 1)
                .with_row_index("group", offset=len(names))
            )
            names += [", ".join(row[2:-1] or ["total"]) for row in found.rows()]
            code = np.full(len(leaves), -1, dtype=np.int64)
            inside = found.select("group", "leaf").explode("leaf")
            code[inside.get_column("leaf").to_numpy()] = inside.get_column("group").to_numpy()
            codes.append(code)
        return Hierarchy(np.array(codes, dtype=np.int64).reshape(-1, len(leaves)), len(names), tuple(names))

    def sums(self, values: Array) -> Array:
        """Return the sum of each group, (groups, columns), of `values` (leaves, columns)."""
        columns = np.ascontiguousarray(values.T)  # one after the other in memory: several times faster
        total = np.zeros((len(columns), self.groups + 1))
        for code in self.codes:
            place = np.where(code < 0, self.groups, code)
            for number, column in enumerate(columns):
                total[number] += np.bincount(place, weights=column, minlength=self.groups + 1)
        return np.ascontiguousarray(total[:, : self.groups].T)

    def handed_down(self, values: Array) -> Array:
        """Return for each leaf the sum of the values of the groups it is in, (leaves, columns), of `values` (groups, columns)."""
        padded = np.concatenate([values, np.zeros((1, values.shape[1]))])  # code -1 finds the zeros
        total = np.zeros((self.codes.shape[1], values.shape[1]))
        for code in self.codes:
            total += padded[code]
        return total

    def together(self, weights: Array) -> Array:
        """Return the sum of the weights (leaves,) of the leaves that each two groups share, (groups, groups)."""
        shared = np.zeros(self.groups * self.groups)
        for one in self.codes:
            for other in self.codes:
                both = (one >= 0) & (other >= 0)
                shared += np.bincount(one[both] * self.groups + other[both], weights=weights[both], minlength=len(shared))
        return shared.reshape(self.groups, self.groups)

    def panel(self, known: Panel) -> Panel:
        """Return the histories of the groups as a panel: summed demand, from the first leaf's first demand on."""
        summed = self.sums(np.nan_to_num(known.values))
        begun = self.sums((~np.isnan(known.values)).astype(np.float64)) > 0
        keys = known.keys.clear(self.groups).with_columns(
            pl.Series("item", [f"{number:07d}" for number in range(self.groups)], pl.String), market=pl.lit("all")
        )
        return replace(known, keys=keys, values=np.where(begun, summed, np.nan), absurd=np.zeros(self.groups, dtype=known.absurd.dtype))


def leaves_of(keys: pl.DataFrame, item: pl.DataFrame, market: pl.DataFrame) -> pl.DataFrame:
    """Return item, market, and what the tables `item` and `market` say of them, a row a row of `keys` (item, market), in its order."""
    items = item.select("item", "family", "category").unique("item", keep="first", maintain_order=True)
    markets = market.select("market", "region", "channel").unique("market", keep="first", maintain_order=True)
    leaves = keys.select("item", "market").join(items, on="item", how="left", maintain_order="left")
    return leaves.join(markets, on="market", how="left", maintain_order="left").select(COLUMNS)


def checked(level: Sequence[str], setting: str) -> tuple[str, ...]:
    """Return the level. Raises InputError where one of its columns is none of item, family, category, market, region and channel."""
    for name in level:
        if name not in COLUMNS:
            near = get_close_matches(name, COLUMNS, n=1) or COLUMNS
            raise InputError(
                f"There is no column {name} to make a level of.",
                f"A level is made of {', '.join(COLUMNS)}; the nearest: {', '.join(near)}.",
                Where(table="setting", column=setting),
            )
    return tuple(level)
