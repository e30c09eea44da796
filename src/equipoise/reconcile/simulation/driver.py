"""Which uncertainty matters most: shares of the variance of profit, by a regression on what was uncertain."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from equipoise.reconcile.simulation.distribution import Disturbance
from equipoise.reconcile.simulation.normal import Array, Index
from equipoise.reconcile.simulation.sources import Sources
from equipoise.reconcile.simulation.supply_paths import NEUTRAL
from equipoise.tables import table
from equipoise.tables.figures import money, share

MOST_FAMILIES = 12
MOST_PARTS = 6
OTHERS = "other families"
COMMON = "all families together"
REST = "interaction and rest"
_PER_TERM = 10  # paths that each term of the regression needs
_NOTHING = 0.0005
_STEADY = 0.2  # share of what a group explains that one slope must show for it to be told
Part = tuple[str, str, float, float | None]
"""Kind, subject, share and slope of a driver."""
_WORDS = {
    "yield": ("Yield", "off plan"),
    "downtime": ("Downtime", "more of it"),
    "late": ("Late delivery", "later"),
    "short": ("Short delivery", "shorter"),
}


@dataclass(frozen=True, eq=False)
class Groups:
    """The groups of what is uncertain: kind and subject of each, the weight of each cell of demand in each family."""

    names: tuple[tuple[str, str], ...]
    family: Index
    weight: Array
    planned: Array

    def features(self, demand: Array, disturbed: Sequence[tuple[Disturbance, Mapping[str, Array]]]) -> Array:
        """Return what each group does on each path in each part of the horizon: (paths, groups, parts), at most six parts.

        Of a family the value of demand above plan, in money where prices are given, else in units; of a disturbance what is lost on average
        over its targets, whatever others do there: share of yield, of time, of orders, or periods late. `disturbed` are the rows that hit
        something, each with what it does by itself to each thing.
        """
        horizon = demand.shape[2]
        starts = np.unique(np.arange(MOST_PARTS) * horizon // MOST_PARTS)
        above = (demand - self.planned) * self.weight
        count = int(self.family.max(initial=-1)) + 1
        found = [above[:, self.family == number].sum(axis=1) for number in range(count)]
        for row, sizes in disturbed:
            found.append(np.mean([np.abs(size - NEUTRAL[row.kind]) for size in sizes.values()], axis=0))
        if not found:
            return np.zeros((len(demand), 0, len(starts)))
        return np.asarray(np.add.reduceat(np.stack(found, axis=1), starts, axis=2))


def groups(drawn: Sources) -> Groups:
    """Return the groups: each family with uncertain demand (beyond the twelve of most planned value together), and each disturbance."""
    cells = drawn.demand.cells
    weight = cells.price if cells.price.any() else np.ones_like(cells.price)
    value = (cells.quantity * weight * drawn.demand.uncertain).sum(axis=1)
    names = cells.series.get_column("family").to_list()
    sizes: dict[str, float] = {}
    for number in np.flatnonzero(drawn.demand.uncertain.sum(axis=1)).tolist():
        sizes[names[number]] = sizes.get(names[number], 0.0) + float(value[number])
    ordered = sorted(sizes, key=lambda name: (-sizes[name], name))
    shown = ordered if len(ordered) <= MOST_FAMILIES else ordered[: MOST_FAMILIES - 1]
    known = [*shown, OTHERS] if len(shown) < len(ordered) else shown
    place = {name: known.index(name) if name in shown else len(shown) for name in ordered}
    family = np.array([place.get(name, -1) for name in names], np.int64)
    rows = ((row.kind, row.name) for row, hit in drawn.supply.rows if hit)
    return Groups((*(("demand", name) for name in known), *rows), family, weight, cells.quantity)


def driver_rows(profit: Array, features: Array, names: Sequence[tuple[str, str]], currency: str) -> pl.DataFrame:
    """Return the table `simulation_driver`; `features` are (paths, groups, parts of the horizon), `names` kind and subject of each group.

    Profit is regressed on what each group does in each part of the horizon, and on the square of its sum. The variance of what the terms of
    a group explain together is its share: its first-order index of Sobol where groups are independent (Saltelli et al. 2008, Global
    Sensitivity Analysis: The Primer, 1.2.5), less what chance alone would give. The covariances of what two families explain are the share
    of families that move together (Li et al. 2010, J. Phys. Chem. A 114: structural and correlative sensitivity). What is left is
    interaction and what no curve in one group shows; all shares add up to 1. The slope is empty where one
    more helps in one part of the horizon and hurts in another. Empty where profit does not vary or paths are too few.
    """
    spread = float(profit.std())
    total = features.sum(axis=2)
    moving = np.flatnonzero(total.std(axis=0) > 1e-12 * np.maximum(1.0, np.abs(total).max(axis=0, initial=0.0)))
    flat = spread <= 1e-9 * max(1.0, float(np.abs(profit).max(initial=0.0)))
    if not len(moving) or flat or len(profit) < 2 * _PER_TERM * len(moving):
        return table("simulation_driver").empty()
    alone, pairs, slopes = _shares(profit, features[:, moving])
    kinds = [names[number] for number in moving.tolist()]
    families = np.array([kind == "demand" for kind, _ in kinds])
    steady = slopes**2 >= _STEADY * alone
    rows: list[Part] = [
        (*name, part, slope * spread if same else None)
        for name, part, slope, same in zip(kinds, alone.tolist(), slopes.tolist(), steady.tolist(), strict=True)
    ]
    if families.sum() > 1:
        shared = max(float(pairs[np.ix_(families, families)].sum()), 0.0)
        rows.append(("common demand", COMMON, shared, float(slopes[families].sum()) * spread))
    return _told(rows, currency)


def _told(rows: list[Part], currency: str) -> pl.DataFrame:
    """Return the table: the rows by share, made to add up to 1 with the rest, each with its sentence."""
    whole = max(1.0, sum(row[2] for row in rows))
    scaled = [(kind, subject, part / whole, slope) for kind, subject, part, slope in rows]
    ordered = sorted(scaled, key=lambda row: (-row[2], row[0], row[1]))
    told = [(*row, _sentence(*row, currency)) for row in ordered]
    left = max(0.0, 1.0 - sum(row[2] for row in rows))
    told.append(("rest", REST, left, None, f"{share(left)} of the ups and downs come from several together, or from what no curve shows."))
    numbered = [(rank, *row) for rank, row in enumerate(told, start=1)]
    return pl.DataFrame(numbered, schema=table("simulation_driver").schema, orient="row")


def _shares(profit: Array, features: Array) -> tuple[Array, Array, Array]:
    """Return the share of each group alone (groups,), of each two by their covariance (groups, groups), and standardised slopes (groups,).

    The slope is what the group explains when its sum is a standard deviation higher. Where paths are few, the horizon is one part.
    """
    paths, groups, parts = features.shape
    if paths < _PER_TERM * groups * (parts + 1):
        features = features.sum(axis=2, keepdims=True)
        parts = 1
    total = _standard(features.sum(axis=2))
    terms = np.concatenate([_standard(features.reshape(paths, -1)), _standard(total**2)], axis=1)
    of = np.concatenate([np.repeat(np.arange(groups), parts), np.arange(groups)])
    goal = (profit - profit.mean()) / profit.std()
    alike = terms.T @ terms / paths
    inverse = np.linalg.pinv(alike, rcond=1e-9)
    slopes = inverse @ (terms.T @ goal / paths)
    freedom = max(paths - terms.shape[1] - 1, 1)
    noise = float(((goal - terms @ slopes) ** 2).sum()) / freedom
    explained = np.stack([terms[:, of == group] @ slopes[of == group] for group in range(groups)], axis=1)
    chance = [float((alike[np.ix_(of == group, of == group)] * inverse[np.ix_(of == group, of == group)]).sum()) for group in range(groups)]
    pairs = explained.T @ explained / paths
    alone = np.maximum(np.diag(pairs) - noise * np.array(chance) / paths, 0.0)
    np.fill_diagonal(pairs, 0.0)
    return alone, pairs, (explained * total).mean(axis=0)


def _standard(values: Array) -> Array:
    """Return columns with mean 0 and deviation 1; one that does not vary is 0."""
    centred = values - values.mean(axis=0)
    spread = centred.std(axis=0)
    return np.asarray(centred / np.where(spread > 1e-12 * np.maximum(1.0, np.abs(values).max(axis=0)), spread, np.inf))


def _sentence(kind: str, subject: str, part: float, slope: float | None, currency: str) -> str:
    worth = (
        "helps or hurts, as to when it comes" if slope is None else f"{'brings' if slope > 0 else 'costs'} {money(abs(slope), currency)}"
    )
    explains = f"{share(part)} of the ups and downs of profit" if part >= _NOTHING else "next to nothing"
    if kind == "demand":
        return f"Demand of {subject} explains {explains}: one standard deviation more of it {worth}."
    if kind == "common demand":
        return f"That families sell better or worse together explains {explains}: all of them one standard deviation higher {worth}."
    name, more = _WORDS[kind]
    return f"{name} ({subject}) explains {explains}: one standard deviation {more} {worth}."
