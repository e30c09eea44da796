"""How accurate and how fast the baseline is: `python -m benchmarks.demand [--quick]`.

Data: ../shared/data beside the project. Competition series are forecast from their training part; company data from several origins.
"""

import argparse
import datetime as dt
import gzip
import io
import time
from pathlib import Path

import numpy as np
import polars as pl

from equipoise.demand import baseline
from equipoise.demand.forecasting import forecast
from equipoise.demand.methods import REGISTRY, Array, Block
from equipoise.demand.outcome import Outcome
from equipoise.demand.panel import Panel
from equipoise.dimensions.calendar import add_months
from equipoise.tables import table
from equipoise.tables.setting import CalendarSetting, Setting, to_table

DATA = Path(__file__).parents[1] / ".." / "shared" / "data"
SEASON, ORIGINS = 12, 6


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
    """Return the complete car parts up to `origin` months before the last twelve, and the twelve months after."""
    wide = pl.read_csv(
        io.BytesIO(gzip.decompress((DATA / "forecasting" / "carparts_wide.csv.gz").read_bytes())),
        infer_schema_length=None,
        null_values="NA",
    )
    values = wide.select(pl.all().cast(pl.Float64, strict=False)).to_numpy().T
    values = values[~np.isnan(values).any(axis=1)]
    end = values.shape[1] - 12 - origin
    started = np.cumsum(values[:, :end] > 0, axis=1) > 0
    return np.where(started, values[:, :end], np.nan), values[:, end : end + 12]


def run(train: Array, horizon: int) -> tuple[Outcome, float]:
    """Return the outcome for the training parts and the CPU seconds that it took, backtest and intervals included."""
    keys = pl.DataFrame({"item": [str(number) for number in range(len(train))]}).with_columns(
        market=pl.lit("all"), family=pl.lit("all"), launch=pl.lit(None, pl.Date), discontinue=pl.lit(None, pl.Date)
    )
    last = dt.date(2000, 1, 1)
    known = Panel(
        keys, train, last, tuple(add_months(last, step) for step in range(1, horizon + 1)), 0, np.zeros(len(keys), dtype=np.int64)
    )
    begun = time.process_time()
    outcome = forecast(known, SEASON, tuple(REGISTRY.values()), ORIGINS)
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


def competitions(quick: bool) -> None:
    """Print accuracy, speed and coverage on the competition series."""
    print(f"{'data':<18}{'series':>7}{'sMAPE':>8}{'MASE':>8}{'sn sMAPE':>10}{'sn MASE':>9}{'coverage':>10}{'series/CPU s':>14}")
    for name in ("m1_monthly", "tourism_monthly"):
        train, test = competition(name)
        if quick:
            train, test = train[::3], test[::3]
        outcome, seconds = run(train, test.shape[1])
        plain = seasonal_naive(train, test.shape[1])
        inside = np.mean((test >= outcome.p10) & (test <= outcome.p90))
        accuracy = f"{symmetric(outcome.points, test):>8.2f}{scaled(outcome.points, test, train):>8.3f}"
        beside = f"{symmetric(plain, test):>10.2f}{scaled(plain, test, train):>9.3f}"
        print(f"{name:<18}{len(train):>7}{accuracy}{beside}{inside:>10.1%}{len(train) / seconds:>14.0f}")


def intermittent(quick: bool) -> None:
    """Print accuracy on the car parts: root mean squared scaled error and bias, mean over origins, each method alone beside."""
    found: dict[str, list[tuple[float, float]]] = {}
    for origin in (0, 6) if quick else (0, 2, 4, 6, 8, 10):
        train, test = car_parts(origin)
        own, _ = run(train, 12)
        zeros = np.nan_to_num(train)
        found.setdefault("chosen by backtest", []).append((scaled(own.points, test, zeros, 2), own.points.sum() / test.sum() - 1))
        rows = ~np.isnan(train).all(axis=1)
        block = Block.of(train[rows], SEASON)
        for name in ("croston_sba", "tsb", "adida", "moving_average", "seasonal_naive"):
            points = np.zeros_like(test)
            points[rows] = np.nan_to_num(np.maximum(REGISTRY[name].fit(block, 12).points, 0))
            found.setdefault(name, []).append((scaled(points, test, zeros, 2), points.sum() / test.sum() - 1))
    print(f"\n{'car parts':<24}{'RMSSE':>8}{'bias':>9}")
    for name, pairs in found.items():
        print(f"{name:<24}{np.mean([pair[0] for pair in pairs]):>8.4f}{np.mean([pair[1] for pair in pairs]):>+9.1%}")


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


def stallion() -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return history and items of Stallion: SKU by agency and month."""
    frame = pl.read_parquet(DATA / "stallion" / "stallion.parquet")
    history = frame.select(
        item=pl.col("sku").cast(pl.String),
        market=pl.col("agency").cast(pl.String),
        period=pl.col("date").cast(pl.Date),
        quantity=pl.col("volume").cast(pl.Float64),
    )
    return history, history.select("item").unique().sort("item").with_columns(family=pl.lit("all"))


def company(label: str, history: pl.DataFrame, item: pl.DataFrame, starts: list[dt.date], horizon: int) -> None:
    """Print error and total of the baseline made before each start, beside naive and seasonal naive."""
    for start in starts:
        setting = to_table(Setting(plan="bench", calendar=CalendarSetting(start=start, horizon=horizon)))
        known = table("history").conform(history.filter(pl.col("period") < start))
        begun = time.process_time()
        made = baseline(known, table("item").conform(item), table("driver").empty(), table("succession").empty(), setting)["baseline"]
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
    quick = parser.parse_args().quick
    if not DATA.exists():
        print(f"No data: {DATA} is not there.")
        return
    run(competition("m1_monthly")[0][:50], 18)  # the first call loads what later ones have
    competitions(quick)
    intermittent(quick)
    heads = f"{'WMAPE':>8}{'naive':>8}{'seasonal':>10}{'total':>8}{'naive tot.':>11}{'coverage':>10}{'CPU s':>8}"
    print(f"\n{'data':<16}{'start':<7}{'series':>8}{heads}")
    months = [dt.date(2016, month, 1) for month in ((10,) if quick else (9, 10, 11, 12))]
    for start in months:
        company("adventureworks", *adventureworks(), [start], 13 - start.month)
    first = dt.date(2017, 7, 1)
    company("stallion", *stallion(), [add_months(first, -6 - 3 * step) for step in range(2 if quick else 6)], 6)


if __name__ == "__main__":
    main()
