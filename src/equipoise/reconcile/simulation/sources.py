"""What is uncertain in this plan: how demand and supply are drawn, made from the tables."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from equipoise.dimensions.calendar import Calendar
from equipoise.reconcile.money.valuation import families
from equipoise.reconcile.simulation.demand_paths import SERIES, Cells, DemandPaths, cells_of
from equipoise.reconcile.simulation.dependence import Dependence, dependence
from equipoise.reconcile.simulation.distribution import Disturbance, disturbance_of
from equipoise.reconcile.simulation.given_correlation import Given, with_given
from equipoise.reconcile.simulation.normal import Array, Index
from equipoise.reconcile.simulation.residuals import history_of, residuals
from equipoise.reconcile.simulation.scores import Scores
from equipoise.reconcile.simulation.supply_paths import SupplyPaths, supply_paths
from equipoise.tables.setting import Setting

Tables = Mapping[str, pl.DataFrame]


@dataclass(frozen=True, eq=False)
class Sources:
    """All that is uncertain, and how many correlations were given."""

    demand: DemandPaths
    supply: SupplyPaths
    given: int

    @property
    def nothing(self) -> bool:
        """Whether nothing is uncertain."""
        return not self.demand.uncertain.any() and not any(names and row.may.any() for row, names in self.supply.rows)


def sources(tables: Tables, setting: Setting) -> Sources:
    """Return what is uncertain. `tables` are those of `simulation`; raises InputError for correlations that cannot hold together."""
    calendar = Calendar.from_setting(setting.calendar)
    rows = [disturbance_of(row, calendar) for row in tables["disturbance"].sort("disturbance").iter_rows(named=True)]
    cells = cells_of(tables["demand_plan"], tables["baseline"], families(tables["item"]))
    hits = [(row, _hit(row, cells.series)) for row in rows if row.kind == "demand"]
    hits = sorted(((row, hit) for row, hit in hits if len(hit)), key=lambda one: _width(one[0], cells.series))
    labels = _labels([row for row, _ in hits if row.always], cells.series)
    season = setting.demand.season or calendar.periods_a_year
    names, unit = np.unique(np.array(labels, dtype=object), return_inverse=True)
    scores = _scores(tables, cells, unit.astype(np.int64), len(names), season, setting.seed)
    besides = [(row, name, part) for row, hit in hits if not row.always for name, part in _alone(row, hit, cells.series)]
    instead = tuple((row, hit) for row, hit in hits if row.always)
    demand = DemandPaths(cells, unit.astype(np.int64), scores, instead, tuple(besides))
    days = [calendar.days(period) for period in calendar.periods]
    supply = supply_paths(rows, _there(tables, setting), days, setting.seed)
    return Sources(demand, supply, tables["correlation"].height)


def _hit(row: Disturbance, series: pl.DataFrame) -> Index:
    """Return the series that a row of kind demand hits: those of an item, else of a family, or all."""
    if not row.target:
        return np.arange(series.height)
    items = series.get_column("item").to_numpy() == row.target
    return np.flatnonzero(items if items.any() else series.get_column("family").to_numpy() == row.target)


def _width(row: Disturbance, series: pl.DataFrame) -> tuple[int, str]:
    """Order by how much a row is about, all first: what is closer to an item counts last."""
    if not row.target:
        return (0, row.name)
    return (2 if row.target in series.get_column("item") else 1, row.name)


def _labels(rows: Sequence[Disturbance], series: pl.DataFrame) -> list[str]:
    """Return the unit of each series: itself, or what a row in place of its forecast speaks of."""
    targets = {row.target for row in rows}
    found = []
    for item, market, family in series.select("item", "market", "family").iter_rows():
        if item in targets or ("" in targets and family not in targets):
            found.append(f"item {item}")
        else:
            found.append(f"family {family}" if family in targets else f"series {item} {market}")
    return found


def _alone(row: Disturbance, hit: Index, series: pl.DataFrame) -> list[tuple[str, Index]]:
    """Return what has luck of its own in a row that only may come: its target, or each item where it has none."""
    if row.target:
        return [(row.target, hit)]
    items = series.get_column("item").to_numpy()
    return [(str(item), np.flatnonzero(items == item)) for item in dict.fromkeys(items.tolist())]


def _scores(tables: Tables, cells: Cells, unit: Index, units: int, season: int, seed: int) -> Scores:
    numbered = cells.series.select(*SERIES).with_columns(pl.Series("unit", unit))
    first = np.unique(unit, return_index=True)[1]
    family = cells.series.get_column("family").gather(first.tolist())
    numbers = family.rank("dense").cast(pl.Int64) - 1
    found = dependence(residuals(history_of(tables["cleaned_history"], numbered, units), season), numbers.to_list())
    root = _given_root(tables["correlation"], cells, unit, found)
    return Scores(found, cells.shape[1], seed, root)


def _given_root(correlation: pl.DataFrame, cells: Cells, unit: Index, found: Dependence) -> Array | None:
    rows = [
        Given(one, other, ones, others, value)
        for one, other, value in correlation.sort("one", "other").select("one", "other", "correlation").iter_rows()
        if len(ones := _units(one, cells, unit)) and len(others := np.setdiff1d(_units(other, cells, unit), ones))
    ]
    if not rows:
        return None
    rows.sort(key=lambda row: -len(row.ones) * len(row.others))  # what is closer to an item counts last
    width = (cells.marginal.below + cells.marginal.above).reshape(cells.shape).sum(axis=1)
    return with_given(found.matrix(), np.bincount(unit, width).astype(np.float64), rows)


def _units(name: str, cells: Cells, unit: Index) -> Index:
    items = cells.series.get_column("item").to_numpy() == name
    chosen = items if items.any() else cells.series.get_column("family").to_numpy() == name
    return np.unique(unit[chosen])


def _there(tables: Tables, setting: Setting) -> dict[str, list[str]]:
    """Return the names that each kind of disturbance may hit; of a plan by family, those that the plan itself uses."""
    by_family = setting.supply.level == "family"
    route = tables["supply_plan" if by_family else "route"].get_column("route")
    bought = tables["purchase_plan" if by_family else "purchase"]
    suppliers = tables["purchase"].get_column("supplier")
    ways = pl.concat([bought.get_column("purchase"), suppliers])
    moved = pl.concat([tables["lane"].get_column("lane"), ways])
    parts = {"yield": route, "downtime": tables["resource"].get_column("resource"), "late": moved, "short": ways}
    return {kind: names.drop_nulls().unique().sort().to_list() for kind, names in parts.items()}
