"""How accurate and how fast the baseline is, beside others: `python -m benchmarks.demand [--quick]`.

Data: ../shared/data beside the project. Competition series are forecast from their training part, by us and by statsforecast in one run on
one core; car parts and company data from several origins. What the methods and constants were chosen by is `benchmarks.selection`, on
training parts only.
"""

import argparse
import datetime as dt
import gzip
import io
import resource
import subprocess
import sys
import time
import warnings
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import polars as pl

from equipoise.demand import baseline
from equipoise.demand.forecast.forecasting import forecast
from equipoise.demand.forecast.outcome import Outcome
from equipoise.demand.forecast.panel import Panel
from equipoise.demand.methods import ORIGINS, REGISTRY, Array, Block, pool
from equipoise.dimensions.calendar import add_months
from equipoise.tables import table
from equipoise.tables.setting import CalendarSetting, Setting, to_table

DATA = Path(__file__).parents[1] / ".." / "shared" / "data"
SEASON = 12


def competition(name: str) -> tuple[Array, Array]:
    """Return training and test parts, right- and left-aligned, (series, periods) each."""
    long = pl.read_csv(
        io.BytesIO(gzip.decompress((DATA / "forecasting" / f"{name}.csv.gz").read_bytes())), schema_overrides={"y": pl.Float64}
    )
    parts: dict[str, list[list[float]]] = {}
    for split in ("train", "test"):
        frame = long.filter(pl.col("split") == split).sort("series", "t")
        parts[split] = frame.group_by("series", maintain_order=True).agg("y").get_column("y").to_list()
    width = max(map(len, parts["train"]))
    train = np.array([[np.nan] * (width - len(row)) + row for row in parts["train"]])
    return train, np.array(parts["test"])


def car_parts(origin: int) -> tuple[Array, Array]:
    """Return the complete car parts up to `origin` months before the last twelve, empty months as zero, and the twelve months after."""
    wide = pl.read_csv(
        io.BytesIO(gzip.decompress((DATA / "forecasting" / "carparts_wide.csv.gz").read_bytes())),
        infer_schema_length=None,
        null_values="NA",
    )
    values = wide.select(pl.all().cast(pl.Float64, strict=False)).to_numpy().T
    values = values[~np.isnan(values).any(axis=1)]
    end = values.shape[1] - 12 - origin
    return values[:, :end], values[:, end : end + 12]


def from_first_demand(values: Array) -> Array:
    """Return a history as a plan sees it: NaN before the first demand, and in its month too where others follow."""
    sold = values > 0
    seen = np.cumsum(sold, axis=1)
    begins = sold & (seen == 1) & (sold.sum(axis=1, keepdims=True) > 1)
    begins[:, 0] = False
    return np.where((seen > 0) & ~begins, values, np.nan)


def rmsse(points: Array, test: Array, history: Array) -> float:
    """Root mean squared error over that of the naive forecast one month ahead since the first demand, mean over series: as in the M5."""
    started = np.where(np.cumsum(history > 0, axis=1) > 0, history, np.nan)
    change = np.diff(started, axis=1) ** 2
    count = (~np.isnan(change)).sum(axis=1)
    step = np.sqrt(np.nansum(change, axis=1) / np.maximum(count, 1))
    error = np.sqrt(np.mean((points - test) ** 2, axis=1))
    return float(np.mean(error[step > 0] / step[step > 0]))


def panel_of(train: Array, horizon: int) -> Panel:
    """Return the series as one family in one market."""
    keys = pl.DataFrame({"item": [str(number) for number in range(len(train))]}).with_columns(
        market=pl.lit("all"), family=pl.lit("all"), launch=pl.lit(None, pl.Date), discontinue=pl.lit(None, pl.Date)
    )
    last = dt.date(2000, 1, 1)
    ahead = tuple(add_months(last, step) for step in range(1, horizon + 1))
    return Panel(keys, train, last, ahead, 0, np.zeros(len(keys), dtype=np.int64))


def run(train: Array, horizon: int, wanted: str = "fast") -> tuple[Outcome, float]:
    """Return the outcome for the training parts and the CPU seconds that it took, backtest and intervals included."""
    known = panel_of(train, horizon)
    begun = time.process_time()
    outcome = forecast(known, SEASON, pool(wanted), ORIGINS[wanted])
    return outcome, time.process_time() - begun


def seasonal_naive(train: Array, horizon: int) -> Array:
    """Return the last season again and again."""
    return np.tile(np.nan_to_num(train[:, -SEASON:]), (1, -(-horizon // SEASON)))[:, :horizon]


def symmetric(points: Array, test: Array) -> float:
    """Symmetric mean absolute percentage error, mean over series, as in the M competitions."""
    size = np.abs(points) + np.abs(test)
    return float(np.mean(200 * np.abs(points - test) / np.where(size > 0, size, 1)))


def scaled(points: Array, test: Array, train: Array, power: int = 1) -> float:
    """Error scaled by the seasonal naive one of the training part, mean over series: MASE, or RMSSE with `power` 2."""
    step = np.nanmean(np.abs(train[:, SEASON:] - train[:, :-SEASON]) ** power, axis=1)
    error = np.mean(np.abs(points - test) ** power, axis=1)
    return float(np.mean((error[step > 0] / step[step > 0]) ** (1 / power)))


def peer(name: str, train: Array, horizon: int, **options: float) -> tuple[Array, float]:
    """Return the forecasts of a model of statsforecast, one series after the other, and the CPU seconds; seasonal naive where it fails."""
    from statsforecast import models

    points = seasonal_naive(train, horizon)
    begun = time.process_time()
    for number, series in enumerate(train):
        known = series[~np.isnan(series)]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                found = getattr(models, name)(**options).forecast(y=known.astype(np.float64), h=horizon)["mean"]
            except Exception as error:  # noqa: BLE001  one series that a library cannot do is no reason to stop
                print(f"{name} failed on series {number}: {error}")
                continue
        points[number] = np.where(np.isfinite(found), found, points[number])
    return points, time.process_time() - begun


def competitions(quick: bool) -> None:
    """Print accuracy and speed on the competition series, ours and theirs. `quick`: every twelfth series."""
    for name in ("m1_monthly", "tourism_monthly"):
        train, test = (part[:: 12 if quick else 1] for part in competition(name))
        horizon = test.shape[1]
        theirs = {model: peer(model, train, horizon, season_length=SEASON) for model in ("AutoETS", "AutoCES", "DynamicOptimizedTheta")}
        rows: dict[str, tuple[Array, float]] = {}
        covered = {}
        for wanted in ("fast", "accurate"):
            outcome, seconds = run(train, horizon, wanted)
            rows[wanted] = outcome.points, seconds
            covered[wanted] = f"{np.mean((test >= outcome.p10) & (test <= outcome.p90)):>9.1%}"
        begun = time.process_time()
        rows["seasonal naive"] = seasonal_naive(train, horizon), time.process_time() - begun
        rows |= theirs
        median = np.median([points for points, _ in theirs.values()], axis=0), sum(seconds for _, seconds in theirs.values())
        rows["median of the three"] = median
        print(f"\n{f'{name}, {len(train)} series':<28}{'sMAPE':>8}{'MASE':>8}{'CPU s':>9}{'series/CPU s':>14}{'speed':>9}{'80 %':>9}")
        for label, (points, seconds) in rows.items():
            speed = f"{len(train) / seconds:>14.1f}{median[1] / seconds:>8.1f}x" if seconds > 1e-3 else f"{'':>23}"
            accuracy = f"{symmetric(points, test):>8.2f}{scaled(points, test, train):>8.3f}"
            print(f"{label:<28}{accuracy}{seconds:>9.2f}{speed}{covered.get(label, '')}")
    print("speed: against the median of the three; 80 %: periods between our tenth and ninetieth percentile")


def intermittent(quick: bool) -> None:
    """Print accuracy on the car parts: root mean squared scaled error and bias, mean over origins; each method alone and theirs beside."""
    found: dict[str, list[tuple[float, float]]] = {}
    peers: dict[str, dict[str, float]] = {"TSB": {"alpha_d": 0.1, "alpha_p": 0.1}, "CrostonSBA": {}, "ADIDA": {}, "IMAPA": {}}
    for origin in (0, 5) if quick else (0, 1, 2, 3, 4, 5):
        zeros, test = (part[:: 5 if quick else 1] for part in car_parts(origin))
        train = from_first_demand(zeros)

        def note(label: str, points: Array, test: Array = test, zeros: Array = zeros) -> None:
            found.setdefault(label, []).append((rmsse(points, test, zeros), points.sum() / test.sum() - 1))

        for wanted in ("fast", "accurate"):
            note(wanted, run(train, 12, wanted)[0].points)
        rows = ~np.isnan(train).all(axis=1)
        block = Block.of(train[rows], SEASON)
        for method in (*(each for each in REGISTRY.values() if each.intermittent), REGISTRY["moving_average"]):
            points = np.zeros_like(test)
            points[rows] = np.nan_to_num(np.maximum(method.fit(block, 12).points, 0))
            note(f"{method.name} alone", points)
        note("seasonal naive", seasonal_naive(train, 12))
        for name, options in peers.items():
            note(f"statsforecast {name}", peer(name, zeros, 12, **options)[0])
    print(f"\n{'car parts':<28}{'RMSSE':>8}{'bias':>9}")
    for name, pairs in found.items():
        print(f"{name:<28}{np.mean([pair[0] for pair in pairs]):>8.4f}{np.mean([pair[1] for pair in pairs]):>+9.1%}")


def many(series: int, workers: int) -> None:
    """Forecast that many simulated series of 60 months 18 ahead and print time and memory of this process and its workers."""
    chance, month = np.random.default_rng(7), np.arange(60)[None, :]
    level = np.exp(chance.normal(4, 1.5, (series, 1)) + np.cumsum(chance.normal(0, 0.03, (series, 60)), axis=1))
    shape = 1 + 0.3 * np.sin((month + chance.integers(0, 12, (series, 1))) / 6 * np.pi)
    known = panel_of(np.round(level * shape * np.exp(chance.normal(0, 0.2, (series, 60)))), 18)
    idle, begun = time.process_time(), time.perf_counter()
    if workers:
        with ProcessPoolExecutor(workers) as executor:
            forecast(known, SEASON, pool("fast"), ORIGINS["fast"], executor)
    else:
        forecast(known, SEASON, pool("fast"), ORIGINS["fast"])
    seconds = time.perf_counter() - begun
    own, one = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    memory = (own.ru_maxrss + workers * one.ru_maxrss) / 2**20
    used = own.ru_utime + own.ru_stime + one.ru_utime + one.ru_stime - idle
    print(f"{series:>8,}{workers or 1:>11}{seconds:>9.1f}{used:>9.1f}{1000 * used / series:>17.2f}{memory:>10.2f}", flush=True)


def scale(quick: bool) -> None:
    """Print time and memory by number of series, each in a process of its own."""
    print(f"\n{'series':>8}{'processes':>11}{'seconds':>9}{'CPU s':>9}{'CPU ms a series':>17}{'peak GB':>10}", flush=True)
    for series, workers in ((1000, 0), (5000, 0)) if quick else ((1000, 0), (10_000, 0), (50_000, 0), (50_000, 2)):
        subprocess.run([sys.executable, "-m", "benchmarks.demand", "--many", str(series), "--workers", str(workers)], check=True)


def adventureworks() -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return history and items of Adventure Works: product by territory and month."""
    folder = DATA / "adventureworks"
    sales = pl.concat([pl.read_csv(folder / f"Sales_{year}.csv") for year in (2015, 2016)])
    products = pl.read_csv(folder / "Products.csv", encoding="utf8-lossy").select("ProductKey", "ProductSKU", "ProductSubcategoryKey")
    groups = pl.read_csv(folder / "Product_Subcategories.csv")
    sales = sales.join(products, on="ProductKey").join(groups, on="ProductSubcategoryKey")
    period = pl.col("OrderDate").str.to_date("%m/%d/%Y").dt.truncate("1mo")
    history = sales.group_by(item="ProductSKU", market=pl.col("TerritoryKey").cast(pl.String), period=period).agg(
        quantity=pl.col("OrderQuantity").sum().cast(pl.Float64)
    )
    return history.sort("item", "market", "period"), sales.select(item="ProductSKU", family="SubcategoryName").unique("item").sort("item")


def company(label: str, history: pl.DataFrame, item: pl.DataFrame, starts: list[dt.date], horizon: int) -> None:
    """Print error and total of the baseline made before each start, beside naive and seasonal naive."""
    for start in starts:
        setting = to_table(Setting(plan="bench", calendar=CalendarSetting(start=start, horizon=horizon)))
        known = table("cleaned_history").conform(history.filter(pl.col("period") < start))
        begun = time.process_time()
        made = baseline(
            known,
            table("segment").empty(),
            table("item").conform(item),
            table("market").empty(),
            table("driver").empty(),
            table("calendar_effect").empty(),
            table("succession").empty(),
            setting,
        )["baseline"]
        seconds = time.process_time() - begun
        key = ["item", "market"]
        last = known.filter(pl.col("period") == known.get_column("period").max()).select(*key, naive="quantity")
        before = known.select(*key, pl.col("period").dt.offset_by("12mo"), seasonal="quantity")
        joined = made.join(history.select(*key, "period", actual="quantity"), on=[*key, "period"], how="left")
        joined = joined.join(last, on=key, how="left").join(before, on=[*key, "period"], how="left")
        joined = joined.with_columns(pl.col("actual", "naive", "seasonal").fill_null(0.0))
        actual = joined.get_column("actual").to_numpy()
        forecasts = {name: joined.get_column(name).to_numpy() for name in ("quantity", "naive", "seasonal")}
        errors = [np.abs(points - actual).sum() / actual.sum() for points in forecasts.values()]
        sums = [forecasts[name].sum() / actual.sum() - 1 for name in ("quantity", "naive")]
        inside = joined.select(pl.col("actual").is_between("p10", "p90").mean()).item()
        print(
            f"{label:<16}{start:%Y-%m}{len(made) // horizon:>8}{errors[0]:>8.1%}{errors[1]:>8.1%}{errors[2]:>10.1%}"
            f"{sums[0]:>+8.1%}{sums[1]:>+11.1%}{inside:>10.1%}{seconds:>8.2f}"
        )


def main() -> None:
    """Print all tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer series and origins")
    parser.add_argument("--many", type=int, help="only forecast this many simulated series")
    parser.add_argument("--workers", type=int, default=0, help="processes for them")
    given = parser.parse_args()
    quick = given.quick
    if given.many:
        many(given.many, given.workers)
        return
    if not DATA.exists():
        print(f"No data: {DATA} is not there.")
        return
    run(competition("m1_monthly")[0][:50], 18)  # the first call loads what later ones have
    competitions(quick)
    intermittent(quick)
    scale(quick)
    heads = f"{'WMAPE':>8}{'naive':>8}{'seasonal':>10}{'total':>8}{'naive tot.':>11}{'coverage':>10}{'CPU s':>8}"
    print(f"\n{'data':<16}{'start':<7}{'series':>8}{heads}")
    months = [dt.date(2016, month, 1) for month in ((10,) if quick else (9, 10, 11, 12))]
    for start in months:
        company("adventureworks", *adventureworks(), [start], 13 - start.month)


if __name__ == "__main__":
    main()
