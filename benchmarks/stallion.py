"""What drivers add on a beverage maker's sales: `python -m benchmarks.stallion [--quick] [--libraries]`.

Stallion, 58 agencies x 25 SKUs by month: six months ahead from several origins. Prices, discounts and holidays are known ahead; temperature
and the volumes of the industry and of soda are not, and are forecast by the baseline first. Early and later origins are
printed apart: what helps must help in both.
"""

import argparse
import datetime as dt
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from benchmarks.demand import DATA
from equipoise.demand import baseline
from equipoise.demand.forecast.family import season_shapes
from equipoise.demand.forecast.panel import panel, teaches
from equipoise.demand.methods import POOLS, Array, Block, Method, forecast_rows, pool
from equipoise.dimensions.calendar import Calendar, add_months
from equipoise.tables import table
from equipoise.tables.setting import CalendarSetting, DemandSetting, Setting, to_table

HORIZON, SEASON = 6, 12
STARTS = tuple(add_months(dt.date(2015, 1, 1), 3 * step) for step in range(9))
LATER = dt.date(2016, 4, 1)
HOLIDAYS = ("easter_day", "good_friday", "new_year", "christmas", "labor_day", "independence_day", "revolution_day_memorial")
EVENTS = ("regional_games", "fifa_u_17_world_cup", "football_gold_cup", "beer_capital", "music_fest")
PRICES = {"price_regular": pl.col("price_regular") > 0, "discount_in_percent": pl.col("discount_in_percent").is_between(0, 100)}


@dataclass(frozen=True)
class Made:
    """What one way of forecasting gave at one origin: error, bias and demand in units, the share inside the interval, CPU seconds."""

    error: float
    bias: float
    demand: float
    inside: float
    seconds: float


def sales() -> pl.DataFrame:
    """Return the file, with item, market and period."""
    frame = pl.read_parquet(DATA / "stallion" / "stallion.parquet")
    named = frame.with_columns(
        item=pl.col("sku").cast(pl.String), market=pl.col("agency").cast(pl.String), period=pl.col("date").cast(pl.Date)
    )
    return named.sort("item", "market", "period")


def drivers(frame: pl.DataFrame) -> pl.DataFrame:
    """Return the table `driver`."""
    parts = [
        frame.filter(good).select("item", "market", "period", driver=pl.lit(n), value=n, known_ahead=True) for n, good in PRICES.items()
    ]
    months = frame.unique("period").sort("period")
    everywhere = {**dict.fromkeys((*HOLIDAYS, *EVENTS), True), "industry_volume": False, "soda_volume": False}
    parts += [months.select("period", driver=pl.lit(n), value=n, known_ahead=known) for n, known in everywhere.items()]
    weather = frame.unique(["market", "period"]).sort("market", "period")
    parts.append(weather.select("market", "period", driver=pl.lit("temperature"), value="avg_max_temp", known_ahead=False))
    return pl.concat([table("driver").conform(part) for part in parts])


def history(frame: pl.DataFrame) -> pl.DataFrame:
    """Return the history as the baseline reads it."""
    return table("cleaned_history").conform(frame.select("item", "market", "period", quantity="volume", raw="volume"))


def judged(found: pl.DataFrame, frame: pl.DataFrame, seconds: float) -> Made:
    """Compare a forecast (item, market, period, quantity, p10, p90) with what came."""
    both = frame.select("item", "market", "period", actual="volume").join(found, on=["item", "market", "period"], maintain_order="left")
    actual, points, low, high = (both.get_column(name).to_numpy() for name in ("actual", "quantity", "p10", "p90"))
    inside = float(np.mean((actual >= low) & (actual <= high))) if not np.isnan(low).all() else np.nan
    return Made(float(np.abs(points - actual).sum()), float((points - actual).sum()), float(actual.sum()), inside, seconds)


def whole(frame: pl.DataFrame, start: dt.date, demand: DemandSetting, driver: pl.DataFrame) -> Made:
    """Return what the baseline gives at one origin. The table `driver` is given whole: what is not known ahead, it must not use."""
    item = table("item").conform(frame.select("item").unique().sort("item").with_columns(family=pl.lit("all")))
    empty = {name: table(name).empty() for name in ("segment", "market", "calendar_effect", "succession")}
    setting = to_table(Setting(plan="bench", calendar=CalendarSetting(start=start, horizon=HORIZON), demand=demand))
    before = history(frame.filter(pl.col("period") < start))
    begun = time.process_time()
    made = baseline(before, empty["segment"], item, empty["market"], driver, empty["calendar_effect"], empty["succession"], setting)
    return judged(made["baseline"], frame, time.process_time() - begun)


def single(frame: pl.DataFrame, start: dt.date, methods: Sequence[Method]) -> dict[str, Made]:
    """Return what each method alone gives at one origin; where one has too little history, the recent mean stands in."""
    calendar = Calendar.from_setting(CalendarSetting(start=start, horizon=HORIZON))
    item = table("item").conform(frame.select("item").unique().sort("item").with_columns(family=pl.lit("all")))
    known = panel(history(frame.filter(pl.col("period") < start)), item, calendar, SEASON)
    assert known is not None
    teaching = teaches(known, SEASON)
    shapes = season_shapes(known.values, teaching, known.keys, SEASON, np.zeros((len(teaching), 0), dtype=np.int64))[:, 0]
    block = Block.of(known.values[teaching], SEASON, shapes[teaching])
    every = np.ones(len(block.values), dtype=np.bool_)
    mean = forecast_rows(pool(("moving_average",))[-1], block, HORIZON, every).points
    result = {}
    for method in methods:
        begun = time.process_time()
        points = np.zeros((len(teaching), HORIZON))
        found = forecast_rows(method, block, HORIZON, every).points
        points[teaching] = np.maximum(np.where(np.isnan(found), mean, found), 0)
        result[method.name] = judged(_frame(known.keys, calendar.periods, points), frame, time.process_time() - begun)
    return result


def _frame(keys: pl.DataFrame, periods: Sequence[dt.date], points: Array) -> pl.DataFrame:
    each = keys.select("item", "market").select(pl.all().repeat_by(len(periods)).explode())
    return each.with_columns(
        pl.Series("period", list(periods) * len(keys), pl.Date),
        pl.Series("quantity", points.ravel()),
        p10=pl.lit(np.nan),
        p90=pl.lit(np.nan),
    )


def measured(starts: Sequence[dt.date], *, libraries: bool) -> dict[str, dict[dt.date, Made]]:
    """Return what every way of forecasting gave at every origin."""
    frame = sales()
    given, none = drivers(frame), table("driver").empty()
    names = ("auto_ets", "dynamic_optimized_theta", "lightgbm") if libraries else ()
    ways = {"pool": none, "pool with drivers": given}
    found: dict[str, dict[dt.date, Made]] = {}
    for start in starts:
        for name, made in single(frame, start, (*POOLS["accurate"], *(method for method in pool(names) if method.name in names))).items():
            found.setdefault(name, {})[start] = made
        for label, table_of in ways.items():
            for methods in ("fast", "accurate"):
                demand = DemandSetting.model_validate({"methods": methods})
                found.setdefault(f"{label}, {methods}", {})[start] = whole(frame, start, demand, table_of)
    return found


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="two origins only")
    parser.add_argument("--libraries", action="store_true", help="also methods of statsforecast and LightGBM")
    wanted = parser.parse_args()
    if not DATA.exists():
        print(f"No data: {DATA} is not there.")
        return
    starts = STARTS[4:9:4] if wanted.quick else STARTS
    print(f"Stallion, {HORIZON} months from {len(starts)} origins, means. Early: before {LATER:%Y-%m}.\n")
    print(f"{'':<32}{'WMAPE':>8}{'early':>8}{'later':>8}{'bias':>8}{'in 80 %':>9}{'CPU s':>8}")
    for name, by_start in measured(starts, libraries=wanted.libraries).items():
        error = {start: made.error / made.demand for start, made in by_start.items()}
        early, later = ([value for start, value in error.items() if (start >= LATER) == late] for late in (False, True))
        made = list(by_start.values())
        bias = np.mean([one.bias / one.demand for one in made])
        words = f"{np.mean(list(error.values())):>8.2%}{np.mean(early):>8.2%}{np.mean(later):>8.2%}{bias:>+8.1%}"
        inside = np.mean([one.inside for one in made])
        print(f"{name:<32}{words}{'' if np.isnan(inside) else format(inside, '.1%'):>9}{np.mean([one.seconds for one in made]):>8.2f}")


if __name__ == "__main__":
    main()
