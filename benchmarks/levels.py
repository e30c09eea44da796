"""How much levels gain when they are made one, and what it costs: `python -m benchmarks.levels [--quick]`.

Data: ../shared/data beside the project. Peers are the textbook formulas, written out densely here and run on the same forecasts.
"""

import argparse
import datetime as dt
import gzip
import io
import resource
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from equipoise.demand.forecast.forecasting import forecast
from equipoise.demand.forecast.outcome import Outcome
from equipoise.demand.forecast.panel import Panel, panel
from equipoise.demand.levels import levelled
from equipoise.demand.levels.hierarchy import COLUMNS, Hierarchy, leaves_of
from equipoise.demand.levels.past_error import past_errors
from equipoise.demand.levels.projection import Covariance, Projection, shrunk
from equipoise.demand.levels.rounding import whole
from equipoise.demand.levels.sharing import shared_out
from equipoise.demand.methods import Array, pool
from equipoise.dimensions.calendar import Calendar, add_months
from equipoise.tables import table
from equipoise.tables.setting import CalendarSetting, DemandSetting

DATA = Path(__file__).parents[1] / ".." / "shared" / "data"
TOURISM = DATA / "australia_tourism"
STALLION = DATA / "stallion" / "stallion.parquet"
AHEAD = 8  # quarters held out
LEVELS: dict[str, tuple[str, ...]] = {
    "total": (),
    "state": ("region",),
    "purpose": ("item",),
    "region": ("market",),
    "state x purpose": ("item", "region"),
}
JUDGED = ("total", "state", "purpose", "region", "leaf")  # the levels that the published overall number is the mean of, 393 nodes


@dataclass(frozen=True)
class Nodes:
    """A tree and its nodes, groups before leaves: histories `values` (nodes, periods) and forecasts `base` (nodes, AHEAD)."""

    tree: Hierarchy
    values: Array
    base: Array

    @property
    def summing(self) -> Array:
        """The matrix A of the groups' sums."""
        return self.tree.sums(np.eye(self.tree.codes.shape[1]))


def _read(name: str) -> pl.DataFrame:
    return pl.read_csv(io.BytesIO(gzip.decompress((TOURISM / name).read_bytes())), try_parse_dates=True)


def _leaves(trips: pl.DataFrame) -> pl.DataFrame:
    """Return the leaves (purpose in a region) in the columns of a hierarchy, sorted."""
    named = trips.select(item="Purpose", market=pl.concat_str("State", "Region", separator="/"), region="State").unique()
    return (
        named.sort("item", "market")
        .with_columns(family=pl.lit(None, pl.String), category=pl.lit(None, pl.String), channel="item")
        .select(COLUMNS)
    )


@dataclass(frozen=True)
class Tourism:
    """Australian tourism: `trips` (leaves, quarters) and published forecasts of the last eight of them, `given`, by name of the node."""

    leaves: pl.DataFrame
    trips: Array
    given: dict[str, Array]

    @staticmethod
    def read() -> "Tourism":
        """Return the data as it lies beside the project."""
        long = _read("australia_tourism.csv.gz")
        leaves = _leaves(long)
        wide = long.with_columns(item="Purpose", market=pl.concat_str("State", "Region", separator="/")).sort("date_time")
        wide = leaves.select("item", "market").join(
            wide.pivot("date_time", index=["item", "market"], values="Trips"), on=["item", "market"], how="left", maintain_order="left"
        )
        base = _read("base_autoets_forecasts.csv.gz").sort("unique_id", "ds").group_by("unique_id", maintain_order=True).agg("AutoETS")
        given = {name: np.array(points) for name, points in base.rows()}
        return Tourism(leaves, wide.drop("item", "market").to_numpy(), given)

    def names(self, level: str) -> list[str]:
        """Return for each leaf the published name of the node that it is in at a level."""
        parts = {
            "total": pl.lit(""),
            "state": "/" + pl.col("region"),
            "purpose": "/" + pl.col("item"),
            "region": "/" + pl.col("market"),
            "state x purpose": "/" + pl.col("region") + "/" + pl.col("item"),
            "leaf": "/" + pl.col("market") + "/" + pl.col("item"),
        }
        return self.leaves.with_columns(name="Australia" + parts[level]).get_column("name").to_list()

    def rmse(self, forecasts: dict[str, Array]) -> dict[str, float]:
        """Return the mean over nodes of the root mean squared error by level, the published overall (393 nodes), and that of all 425."""
        truth = self.summed(self.trips[:, -AHEAD:])
        error = {name: float(np.sqrt(np.mean((forecasts[name] - truth[name]) ** 2))) for name in truth}
        by_level = {level: [error[name] for name in dict.fromkeys(self.names(level))] for level in (*LEVELS, "leaf")}
        means = {level: float(np.mean(errors)) for level, errors in by_level.items()}
        judged = [one for level in JUDGED for one in by_level[level]]
        return {**means, "overall": float(np.mean(judged)), "all 425": float(np.mean(list(error.values())))}

    def summed(self, leaves: Array) -> dict[str, Array]:
        """Return the sums of the leaves' values (leaves, periods) by node."""
        total: dict[str, Array] = {}
        for level in (*LEVELS, "leaf"):
            for name, row in zip(self.names(level), leaves, strict=True):
                total[name] = total[name] + row if name in total else row.copy()
        return total

    def tree(self) -> Hierarchy:
        """Return the groups of two leaves or more."""
        return Hierarchy.of(self.leaves, tuple(LEVELS.values()))

    def nodes(self) -> Nodes:
        """Return the tree with the training part of every node and the published forecast of each."""
        tree = self.tree()
        train = self.trips[:, :-AHEAD]
        names, place = [""] * tree.groups, dict(zip(LEVELS, tree.codes, strict=True))
        for level, code in place.items():
            for name, group in zip(self.names(level), code, strict=True):
                if group >= 0:
                    names[group] = name
        base = np.stack([self.given[name] for name in (*names, *self.names("leaf"))])
        return Nodes(tree, np.concatenate([tree.sums(train), train]), base)


def dense(nodes: Nodes, wide: Array) -> Array:
    """Return the leaves of S (S' W^-1 S)^-1 S' W^-1 base: the published form, all matrices built."""
    every = np.concatenate([nodes.summing, np.eye(nodes.summing.shape[1])])
    inverse = np.linalg.inv(wide)
    return np.asarray(np.linalg.solve(every.T @ inverse @ every, every.T @ inverse @ nodes.base))


def textbook_shrinkage(residuals: Array) -> Array:
    """Return Schaefer and Strimmer's covariance of (nodes, times), all pairs built."""
    times = residuals.shape[1]
    deviation = np.sqrt((residuals**2).mean(axis=1))
    standard = residuals / deviation[:, None]
    correlation = standard @ standard.T / times
    noise = ((standard**2) @ (standard**2).T - times * correlation**2) / (times * (times - 1))
    off = ~np.eye(len(residuals), dtype=bool)
    share = float(np.clip(noise[off].sum() / (correlation[off] ** 2).sum(), 0, 1))
    return np.where(off, (1 - share) * correlation, 1.0) * np.outer(deviation, deviation)


def covariance(nodes: Nodes, season: int = 4) -> Covariance:
    """Return the covariance as the baseline estimates it: from the training part only."""
    size = np.abs(nodes.values).mean(axis=1)
    return shrunk(past_errors(nodes.values, season), size, nodes.tree.groups)


def ways(nodes: Nodes) -> dict[str, Callable[[], Array]]:
    """Return the ways to make the leaves' forecasts one with the levels', by name."""
    tree, groups = nodes.tree, nodes.tree.groups
    above, leaves = nodes.base[:groups], nodes.base[groups:]
    top = Hierarchy(tree.codes[:1], 1, ("total",))
    recent = nodes.values[groups:, -4:].mean(axis=1)
    errors = past_errors(nodes.values, 4)
    return {
        "bottom-up": lambda: leaves,
        "top-down": lambda: shared_out(above[:1], leaves, recent, top),
        "OLS, dense": lambda: dense(nodes, np.eye(len(nodes.base))),
        "MinT-shrink, dense": lambda: dense(nodes, textbook_shrinkage(errors)),
        "min_trace, sparse": lambda: Projection(tree, covariance(nodes)).leaves(above, leaves),
        "min_trace, zero or more": lambda: Projection(tree, covariance(nodes)).leaves_from_zero(above, leaves),
    }


def given_forecasts() -> None:
    """Print error by level from the published base forecasts."""
    data = Tourism.read()
    heads = (*LEVELS, "leaf", "overall", "all 425")
    print("Australian tourism, base forecasts given, RMSE (published overall: base 41.12, bottom-up 49.82, OLS 38.75, MinT-shrink 40.47)")
    print(f"{'':<26}" + "".join(f"{head:>16}" for head in heads) + f"{'CPU s':>8}")
    print(f"{'base':<26}" + "".join(f"{value:>16.2f}" for value in (data.rmse(data.given)[head] for head in heads)))
    for name, way in ways(data.nodes()).items():
        begun = time.process_time()
        leaves = way()
        seconds = time.process_time() - begun
        found = data.rmse(data.summed(leaves))
        print(f"{name:<26}" + "".join(f"{found[head]:>16.2f}" for head in heads) + f"{seconds:>8.2f}")


def own_forecast(known: Panel, season: int) -> Outcome:
    """Return what the baseline's methods forecast."""
    return forecast(known, season, pool("fast"), 6)


def tourism_origins(quick: bool) -> None:
    """Print the same from our own forecasts at origins inside the training part: what the choice of errors was made by."""
    data = Tourism.read()
    tree = data.tree()
    found: dict[str, list[float]] = {}
    for cut in range(64, 48, -8) if quick else range(64, 35, -4):
        part = Tourism(data.leaves, data.trips[:, : cut + AHEAD], {})
        train = np.concatenate([tree.sums(data.trips[:, :cut]), data.trips[:, :cut]])
        nodes = Nodes(tree, train, own_forecast(_panel(train), 4).points)
        tried = {**ways(nodes), **_one_period(nodes)}
        for name, way in tried.items():
            found.setdefault(name, []).append(part.rmse(part.summed(way()))["overall"])
    print("\nAustralian tourism, own forecasts at origins inside the training part, overall RMSE")
    for name, scores in found.items():
        print(f"{name:<26}{np.mean(scores):>8.2f}")


def _one_period(nodes: Nodes) -> dict[str, Callable[[], Array]]:
    """Return min_trace weighed by errors one period ahead, as published, in place of errors over several."""
    size, groups = np.abs(nodes.values).mean(axis=1), nodes.tree.groups
    wide = shrunk(past_errors(nodes.values, 4, ahead=1), size, groups)
    return {"min_trace, one ahead": lambda: Projection(nodes.tree, wide).leaves(nodes.base[:groups], nodes.base[groups:])}


def _panel(values: Array) -> Panel:
    keys = pl.DataFrame({"item": [f"{number:06d}" for number in range(len(values))]}).with_columns(
        market=pl.lit("all"), family=pl.lit("all"), launch=pl.lit(None, pl.Date), discontinue=pl.lit(None, pl.Date)
    )
    last = dt.date(2000, 1, 1)
    ahead = tuple(add_months(last, 3 * step) for step in range(1, AHEAD + 1))
    return Panel(keys, values, last, ahead, 0, np.zeros(len(values), dtype=np.int64))


def company(quick: bool) -> None:
    """Print error by level on Stallion, SKU by agency, mean over origins of six months, through the settings of a plan."""
    frame = pl.read_parquet(STALLION)
    history = frame.select(
        item=pl.col("sku").cast(pl.String), market=pl.col("agency").cast(pl.String), period=pl.col("date").cast(pl.Date), quantity="volume"
    )
    items = table("item").conform(history.select("item").unique().sort("item"))
    markets = table("market").conform(history.select("market").unique().sort("market"))
    settings = {
        "bottom_up": DemandSetting(),
        "top_down": DemandSetting(reconciliation="top_down"),
        "middle_out by market": DemandSetting(reconciliation="middle_out", level=("market",)),
        "min_trace": DemandSetting(reconciliation="min_trace", levels=(("market",), ("item",))),
    }
    found: dict[str, list[list[float]]] = {}
    for months in (0, 12) if quick else range(0, 18, 3):
        calendar = Calendar.from_setting(CalendarSetting(start=add_months(dt.date(2017, 1, 1), -months), horizon=6))
        known = panel(table("cleaned_history").conform(history.filter(pl.col("period") < calendar.start)), items, calendar, 12)
        assert known is not None
        cells = known.keys.select("item", "market").join(pl.DataFrame({"period": list(known.ahead)}), how="cross")
        cells = cells.join(history, on=["item", "market", "period"], how="left", maintain_order="left")
        actual = cells.get_column("quantity").fill_null(0.0).to_numpy().reshape(-1, 6)
        base = own_forecast(known, 12)
        leaves = leaves_of(known.keys, items, markets)
        trees = [Hierarchy.of(leaves, (level,)) for level in ((), ("market",), ("item",))]
        for name, setting in settings.items():
            made = levelled(known, base, markets, items, setting, lambda groups: own_forecast(groups, 12))
            errors = [np.abs(tree.sums(made.points) - tree.sums(actual)).sum() / actual.sum() for tree in trees]
            inside = np.mean((actual >= made.p10) & (actual <= made.p90))
            found.setdefault(name, []).append([*errors, np.abs(made.points - actual).sum() / actual.sum(), float(inside)])
    print(f"\n{'Stallion, WMAPE':<26}{'total':>8}{'market':>8}{'item':>8}{'leaf':>8}{'leaf coverage':>15}")
    for name, rows in found.items():
        total, market, by_item, leaf, inside = np.mean(rows, axis=0)
        print(f"{name:<26}{total:>8.1%}{market:>8.1%}{by_item:>8.1%}{leaf:>8.1%}{inside:>15.1%}")


def scale(leaves: int, periods: int = 60, horizon: int = 18) -> None:
    """Print time and memory of errors, covariance, projection and whole units for items in ten markets."""
    chance = np.random.default_rng(0)
    items = leaves // 10
    item, market = np.repeat(np.arange(items), 10), np.tile(np.arange(10), items)
    usual = chance.lognormal(3, 1.5, items)[item] * chance.lognormal(0, 1, 10)[market]
    family = item % max(items // 30, 1)
    shape = 1 + 0.1 * chance.normal(size=(int(family.max()) + 1, periods))
    values = np.maximum(usual[:, None] * shape[family] * (1 + 0.3 * chance.normal(size=(leaves, periods))), 0)
    names = pl.DataFrame({"item": item, "family": family, "market": market}).select(pl.all().cast(pl.String))
    begun = time.process_time()
    frame = names.with_columns(*(pl.lit(None, pl.String).alias(name) for name in ("category", "region", "channel")))
    tree = Hierarchy.of(frame.select(COLUMNS), ((), ("family",), ("market",), ("item",)))
    every = np.concatenate([tree.sums(values), values])
    projection = Projection(tree, shrunk(past_errors(every, 12), every.mean(axis=1), tree.groups))
    ahead = np.maximum(every[:, -horizon:] * (1 + 0.2 * chance.normal(size=(len(every), horizon))), 0)
    found = projection.leaves_from_zero(ahead[: tree.groups], ahead[tree.groups :])
    weighed = time.process_time() - begun
    units = whole(found, [family, item])
    seconds = time.process_time() - begun - weighed
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    exact = bool((units.sum(axis=0) == np.rint(found.sum(axis=0))).all())
    print(f"{leaves:>8}{tree.groups:>8}{horizon:>9}{weighed:>12.1f}{seconds:>14.1f}{peak:>10.2f}{exact!s:>12}")


def main() -> None:
    """Print all tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer origins and leaves")
    quick = parser.parse_args().quick
    if TOURISM.exists():
        given_forecasts()
        tourism_origins(quick)
        company(quick)
    else:
        print(f"No data: {TOURISM} is not there.")
    print(f"\n{'leaves':>8}{'groups':>8}{'periods':>9}{'weigh CPU s':>12}{'round CPU s':>14}{'peak GB':>10}{'coherent':>12}")
    for leaves in (10_000,) if quick else (10_000, 100_000):
        scale(leaves)


if __name__ == "__main__":
    main()
