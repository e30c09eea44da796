"""Which methods and constants the demand step uses, and why: `python -m benchmarks.selection [--quick]`.

Only the training parts of the data are read. The last periods of each are held out at several origins, forecast from what comes before
them with a backtest inside that, and compared. Every constant stands beside its neighbours: by how much they change the error against what
is used, mean over the data sets, with the standard error of that over series. Less than two standard errors is noise.
"""

import argparse
import gzip
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import polars as pl

from benchmarks.demand import DATA, competition
from equipoise.demand.forecast.backtest import SEASONS_KEPT, Backtest, joined, origins, run_block
from equipoise.demand.forecast.choice import RULES, Choice, Rules, choose
from equipoise.demand.forecast.family import season_shapes
from equipoise.demand.forecast.interval import WIDTHS, Widths, coverage, interval
from equipoise.demand.methods import ORIGINS, POOLS, REGISTRY, Array, Counts, Method
from equipoise.demand.methods.autoregression import Autoregression
from equipoise.demand.methods.smoothing import Grid, HoltWinters

PLAIN = ("naive", "moving_average", "simple_smoothing")
FINE = Grid.of((0.03, 0.08, 0.16, 0.3, 0.5, 0.8), (0.0, 0.03, 0.1), (0.9, 0.97), (0.01, 0.05, 0.12, 0.25))
FLAT = Grid.of((0.05, 0.1, 0.2, 0.35, 0.5, 0.7, 0.9), (0.0,), (1.0,), (0.01, 0.05, 0.1, 0.25))


@dataclass(frozen=True)
class Part:
    """What is known at an origin inside a training part, and what came: `known` (series, periods), `actual` (series, horizon)."""

    data: str
    known: Array
    actual: Array
    season: int
    groups: pl.DataFrame


@dataclass(frozen=True)
class Tried:
    """The backtests of all parts with the same methods."""

    methods: tuple[Method, ...]
    runs: tuple[tuple[Backtest, Counts], ...]

    def only(self, names: Sequence[str]) -> "Tried":
        """Return the same with some of the methods."""
        rows = [number for number, method in enumerate(self.methods) if method.name in names]
        cut = [(Backtest(run.points[rows], run.spread[rows], run.past[rows], run.actual, run.cuts), kinds) for run, kinds in self.runs]
        return Tried(tuple(self.methods[row] for row in rows), tuple(cut))

    def chosen(self, rules: Rules = RULES) -> list[Choice]:
        """Return the choice of every part."""
        plain = [number for number, method in enumerate(self.methods) if method.name in PLAIN]
        return [choose(run, kinds, plain, np.zeros(len(kinds), dtype=np.bool_), rules) for run, kinds in self.runs]


def quarters() -> tuple[Array, pl.DataFrame]:
    """Return Australian tourism without its last eight quarters, and its purposes and regions."""
    frame = pl.read_csv(io.BytesIO(gzip.decompress((DATA / "australia_tourism" / "australia_tourism.csv.gz").read_bytes())))
    rows = frame.sort("date_time").group_by("Purpose", "Region", maintain_order=True).agg("Trips")
    return np.array(rows.get_column("Trips").to_list())[:, :-8], rows.select(family="Purpose", market="Region")


def beverages() -> tuple[Array, pl.DataFrame]:
    """Return Stallion without its last 21 months, and its agencies."""
    frame = pl.read_parquet(DATA / "stallion" / "stallion.parquet").with_columns(pl.col("agency", "sku").cast(pl.String))
    rows = frame.sort("date").group_by("agency", "sku", maintain_order=True).agg("volume")
    values = np.array(rows.get_column("volume").to_list())[:, :-21]
    started = np.cumsum(values > 0, axis=1) > 0
    return np.where(started, values, np.nan), rows.select(family=pl.lit("all"), market="agency")


def simulated() -> tuple[Array, pl.DataFrame]:
    """Return 300 series of four years: a random walk times a season times noise."""
    chance, month = np.random.default_rng(1), np.arange(48)[None, :]
    level = np.exp(chance.normal(4.6, 1, (300, 1)) + np.cumsum(chance.normal(0, 0.02, (300, 48)), axis=1))
    shape = 1 + 0.3 * np.sin((month + chance.integers(0, 12, (300, 1))) / 6 * np.pi)
    return level * shape * np.exp(chance.normal(0, 0.12, (300, 48))), one_kind(300)


def one_kind(series: int) -> pl.DataFrame:
    """Return groups that say nothing."""
    return pl.DataFrame({"family": ["all"] * series, "market": ["all"] * series})


def parts(quick: bool) -> list[Part]:
    """Return the held-out parts of every data set."""
    found: list[Part] = []
    m1, tourism = competition("m1_monthly")[0], competition("tourism_monthly")[0]
    sources: list[tuple[str, tuple[Array, pl.DataFrame], int, int, tuple[int, ...]]] = [
        ("M1", (m1, one_kind(len(m1))), 12, 18, (0, 9, 18)),
        ("Tourism", (tourism, one_kind(len(tourism))), 12, 24, (0, 12, 24)),
        ("Australia", quarters(), 4, 8, (0, 4, 8)),
        ("Stallion", beverages(), 12, 6, (0, 3)),
        ("simulated", simulated(), 12, 12, (0, 6)),
    ]
    for name, (values, groups), season, horizon, earlier in sources:
        for offset in earlier[:1] if quick else earlier:
            end = values.shape[1] - horizon - offset
            known, actual = values[:, :end], values[:, end : end + horizon]
            long = (~np.isnan(known)).sum(axis=1) >= max(2 * season, 8)
            alive = (known[:, -6:] > 0).any(axis=1) & ~np.isnan(actual).any(axis=1)
            rows = np.flatnonzero(long & alive)[:: 3 if quick else 1]
            found.append(Part(name, known[rows], actual[rows], season, groups[rows]))
    return found


def tried(held: Sequence[Part], methods: Sequence[Method], most: int = 6, kept: int = SEASONS_KEPT, *, family: bool = True) -> Tried:
    """Return the backtests of all parts by methods for regular demand."""
    regular = tuple(method for method in methods if method.intermittent is not True)
    runs = []
    for part in held:
        lengths = (~np.isnan(part.known)).sum(axis=1)
        count, horizon = part.actual.shape
        reach = min(horizon, max(2 * part.season, 12))
        cuts = origins(lengths, part.season, reach, most)
        shapes = season_shapes(part.known, np.full(count, family), part.groups, part.season, cuts)
        blocks = [slice(start, start + 512) for start in range(0, count, 512)]
        suited = np.ones((len(regular), count), dtype=np.bool_)
        found = [
            run_block(part.known[rows], part.season, shapes[rows], cuts[rows], regular, suited[:, rows], horizon, reach, kept)
            for rows in blocks
        ]
        runs.append((joined(found), np.asarray(lengths < 2.5 * part.season, dtype=np.int64)))
    return Tried(regular, tuple(runs))


def errors(points: Sequence[Array], held: Sequence[Part]) -> list[Array]:
    """Return symmetric percentage and scaled error of every series, (2, series) for each part."""
    found = []
    for forecast, part in zip(points, held, strict=True):
        away, size = np.abs(forecast - part.actual), np.abs(forecast) + np.abs(part.actual)
        step = np.nanmean(np.abs(part.known[:, part.season :] - part.known[:, : -part.season]), axis=1)
        symmetric = np.mean(200 * away / np.where(size > 0, size, 1), axis=1)
        found.append(np.stack([symmetric, away.mean(axis=1) / np.where(step > 0, step, np.nan)]))
    return found


def row(label: str, found: list[Array], against: list[Array], held: Sequence[Part]) -> None:
    """Print one line: errors by data set, and the change against what is used, in percent, with its standard error."""
    line, change, doubt = f"{label:<34}", [], []
    names = list(dict.fromkeys(part.data for part in held))
    for name in names:
        own = [number for number, part in enumerate(held) if part.data == name]
        line += "".join(f"{np.mean([np.nanmean(found[number][kind]) for number in own]):>{8 + kind}.{2 + kind}f}" for kind in (0, 1))
        for kind in (0, 1):
            away = np.concatenate([(found[n][kind] - against[n][kind]) / np.nanmean(against[n][kind]) for n in own])
            change.append(100 * np.nanmean(away))
            doubt.append(100 * np.nanstd(away) * np.sqrt(len(own) / len(away)))
    print(f"{line}{np.mean(change):>+9.2f}{np.sqrt(np.sum(np.square(doubt))) / len(doubt):>6.2f}", flush=True)


def heading(title: str, held: Sequence[Part]) -> None:
    """Print the head of a table."""
    names = dict.fromkeys(part.data for part in held)
    print(f"\n{title:<34}" + "".join(f"{name:>17}" for name in names) + f"{'change':>9}{'+-':>6}")


def by_methods(everything: Tried, held: Sequence[Part]) -> None:
    """Print each pool, each method alone, and each pool without one or with one more."""
    now = {name: [method.name for method in pool if method.intermittent is not True] for name, pool in POOLS.items()}
    start = errors([choice.points for choice in everything.only(now["fast"]).chosen()], held)
    heading("pools against fast", held)
    for name, methods in now.items():
        row(name, errors([choice.points for choice in everything.only(methods).chosen()], held), start, held)
    for number, method in enumerate(everything.methods):
        alone = [np.nan_to_num(run.points[number]) for run, _ in everything.runs]
        row(f"{method.name} alone", errors(alone, held), start, held)
    for name, methods in now.items():
        start = errors([choice.points for choice in everything.only(methods).chosen()], held)
        heading(f"{name}, without or with", held)
        for method in everything.methods:
            if method.name in PLAIN:
                continue
            other = [each for each in methods if each != method.name] if method.name in methods else [*methods, method.name]
            sign = "-" if method.name in methods else "+"
            row(f"{sign} {method.name}", errors([choice.points for choice in everything.only(other).chosen()], held), start, held)


def by_constants(everything: Tried, held: Sequence[Part]) -> None:
    """Print the neighbours of every constant, in the fast pool; those of the accurate pool's methods in that."""
    fast, accurate = ([method for method in POOLS[name] if method.intermittent is not True] for name in ("fast", "accurate"))
    names = [method.name for method in fast]
    now = everything.only(names)
    start = errors([choice.points for choice in now.chosen()], held)
    heading(f"weights: {RULES}", held)
    for field, values in {"prior": (5, 10, 40, 80), "many": (0, 20), "steepness": (2, 3, 5, 6, 8), "least": (0.0, 0.02, 0.1)}.items():
        for value in values:
            row(f"{field} {value}", errors([c.points for c in now.chosen(replace(RULES, **{field: value}))], held), start, held)
    heading(f"origins {ORIGINS['fast']}, seasons {SEASONS_KEPT}, grids", held)
    changes: dict[str, Callable[[], Tried]] = {
        **{f"origins {most}": partial(tried, held, fast, most) for most in (1, 2, 4, 8, 12)},
        **{f"seasons kept {kept}": partial(tried, held, fast, kept=kept) for kept in (4, 6, 15, 30)},
        "no season of the family": partial(tried, held, fast, family=False),
        f"Holt-Winters, {len(FINE.level)} parameters": partial(tried, held, regridded(fast, FINE)),
        f"Holt-Winters, {len(FLAT.level)}, no trend": partial(tried, held, regridded(fast, FLAT)),
    }
    for label, made in changes.items():
        row(label, errors([choice.points for choice in made().chosen()], held), start, held)
    start = errors([choice.points for choice in everything.only([method.name for method in accurate]).chosen()], held)
    heading("accurate: autoregression, origins", held)
    rest = [method for method in accurate if method.name != "autoregression"]
    for own in (Autoregression(prior=5), Autoregression(prior=80), Autoregression(drift=0), Autoregression(drift=1)):
        found = tried(held, [*rest, own]).chosen()
        row(f"prior {own.prior:g}, drift {own.drift:g}", errors([choice.points for choice in found], held), start, held)
    row("origins 12", errors([choice.points for choice in tried(held, accurate, 12).chosen()], held), start, held)


def regridded(methods: Sequence[Method], grid: Grid) -> list[Method]:
    """Return the methods, Holt-Winters with another grid."""
    return [replace(method, grid=grid) if isinstance(method, HoltWinters) else method for method in methods]


def by_widths(now: Tried, held: Sequence[Part]) -> None:
    """Print how many held-out periods lie between tenth and ninetieth percentile: all, by third of the horizon, and in the backtest."""
    choices = now.chosen()
    names = list(dict.fromkeys(part.data for part in held))
    print(
        f"\n{f'coverage: {WIDTHS}'}\n{'':<20}"
        + "".join(f"{name:>11}" for name in names)
        + f"{'mean':>8}{'thirds':>20}{'backtest':>10}{'score':>8}"
    )
    neighbours = {
        "chosen": (1.0, 1.1, 1.3),
        "further": (0.0, 0.1),
        "own": (10, 60),
        "series": (0, 50),
        "firm": (1, 20),
        "growth": (0.1, 0.5),
    }
    tries = [
        ("as used", WIDTHS),
        *((f"{name} {value}", replace(WIDTHS, **{name: value})) for name in neighbours for value in neighbours[name]),
    ]
    for label, widths in tries:
        found = np.array([_covered(part, choice, run, widths) for part, choice, run in zip(held, choices, now.runs, strict=True)])
        by_data = np.array([found[[part.data == name for part in held]].mean(axis=0) for name in names])
        mean = by_data.mean(axis=0)
        thirds = "".join(f"{value:>7.1%}" for value in mean[1:4])
        print(
            f"{label:<20}"
            + "".join(f"{value:>11.1%}" for value in by_data[:, 0])
            + f"{mean[0]:>8.1%}{thirds}{mean[4]:>9.1%}{mean[5]:>8.3f}"
        )


def _covered(part: Part, choice: Choice, run: tuple[Backtest, Counts], widths: Widths) -> list[float]:
    backtest, kinds = run
    spread = (np.nan_to_num(backtest.spread) * choice.weights).sum(axis=0)
    around = interval(choice.points, choice.past, backtest.actual, spread, kinds, widths)
    inside = (part.actual >= around.p10) & (part.actual <= around.p90)
    outside = np.maximum(around.p10 - part.actual, 0) + np.maximum(part.actual - around.p90, 0)
    score = ((around.p90 - around.p10) + 10 * outside).sum() / part.actual.sum()  # Gneiting and Raftery (2007): less is better
    thirds = [float(third.mean()) for third in np.array_split(inside, 3, axis=1)]
    seen = coverage(choice.past, backtest.actual, spread, kinds, widths)
    return [float(inside.mean()), *thirds, float(np.nanmean(seen)), float(score)]


def main() -> None:
    """Print all tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="every third series, one origin")
    held = parts(parser.parse_args().quick)
    everything = tried(held, tuple(REGISTRY.values()))
    by_methods(everything, held)
    by_constants(everything, held)
    by_widths(everything.only([method.name for method in POOLS["fast"]]), held)


if __name__ == "__main__":
    main()
