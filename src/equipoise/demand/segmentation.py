"""How each series behaves: value, variability, pattern of demand and place in its life."""

import datetime as dt

import numpy as np
import polars as pl

from equipoise.demand.forecast.panel import KEY, REGULAR_INTERVAL, Panel, ended, panel
from equipoise.demand.methods import Array
from equipoise.dimensions.calendar import Calendar
from equipoise.tables import table
from equipoise.tables.figures import number, share
from equipoise.tables.setting import from_table

_ERRATIC = 0.49  # squared coefficient of variation of demand sizes; Syntetos, Boylan and Croston (2005)
_A, _B = 0.80, 0.95  # cumulated value up to which a series is A, B
_X, _Y = 0.5, 1.0  # coefficient of variation up to which a series is X, Y
_PATTERNS = {
    "smooth": "demand nearly every period, of like size",
    "erratic": "demand nearly every period, of very different size",
    "intermittent": "seldom demand, of like size",
    "lumpy": "seldom demand, of very different size",
}


def segment(history: pl.DataFrame, cleaned_history: pl.DataFrame, item: pl.DataFrame, setting: pl.DataFrame) -> pl.DataFrame:
    """Return the table `segment`, a row a series of the history.

    ABC by value over the last year, A to 80 % of all of it and B to 95 %: revenue where the history gives it, else quantity times the
    item's price, else quantity where nothing has a price. What follows is by the cleaned history. XYZ by the coefficient of variation of
    demand a period, X to 0.5 and Y to 1. Pattern by the mean interval between demands (1.32) and the squared coefficient of variation of
    their sizes (0.49): smooth, erratic, intermittent, lumpy; source: Syntetos, Boylan and Croston, "On the categorization of demand
    patterns", Journal of the Operational Research Society 56 (2005). Lifecycle: new in the first year after a launch inside the history,
    ending where demand has stopped or the item is discontinued within the horizon, else mature.

    Methods are intermittent where the pattern is intermittent or lumpy, else regular. People review by item what is A, and what is B and
    hard to forecast: Z, erratic or lumpy, new or ending; by family the rest of B, and C that is X and mature; the rest of C by exception.
    """
    settings = from_table(setting)
    calendar = Calendar.from_setting(settings.calendar)
    season = settings.demand.season or calendar.periods_a_year
    known = panel(cleaned_history if cleaned_history.height else history, item, calendar, season, whole=True)
    if known is None:
        return table("segment").empty()
    variation, interval, squared = _measures(known)
    value = _value(history, item, known, calendar)
    abc, part = _abc(value["rank"].to_numpy())
    frame = known.keys.select(KEY).with_columns(
        pl.Series("abc", abc),
        pl.Series("xyz", np.select([variation <= _X, variation <= _Y], ["X", "Y"], "Z")),
        pl.Series("pattern", _pattern(interval, squared)),
        pl.Series("lifecycle", _lifecycle(known, calendar, season)),
        value["value"],
        pl.Series("variation", variation).fill_nan(None),
        pl.Series("demand_interval", interval).fill_nan(None),
        pl.Series("observations", known.lengths),
    )
    reviewed = frame.with_columns(_methods(), _review())
    return table("segment").conform(reviewed.with_columns(pl.Series("reason", _reasons(reviewed, part, squared), pl.String)))


def _measures(known: Panel) -> tuple[Array, Array, Array]:
    """Return coefficient of variation, mean interval between demands (both NaN without demand), and squared coefficient of variation of the
    sizes of demand, (series,) each."""
    sold = known.values > 0
    demands = np.maximum(sold.sum(axis=1), 1)
    mean_size = np.where(sold, known.values, 0.0).sum(axis=1) / demands
    spread = np.where(sold, (known.values - mean_size[:, None]) ** 2, 0.0).sum(axis=1) / demands
    interval = np.where(sold.any(axis=1), known.lengths / demands, np.nan)
    return _variation(known.values), interval, spread / np.maximum(mean_size, 1e-12) ** 2


def _value(history: pl.DataFrame, item: pl.DataFrame, known: Panel, calendar: Calendar) -> pl.DataFrame:
    """Return the revenue of the last year (empty where unknown) and what series are ranked by, in the order of the panel."""
    first = known.last - dt.timedelta(days=round(365.25 - 365.25 / calendar.periods_a_year) + 1)
    recent = history.filter(pl.col("period").is_between(first, known.last)).join(
        item.select("item", "unit_price").unique("item", keep="first"),
        on="item",
        how="left",
        maintain_order="left",
    )
    sums = recent.group_by(KEY, maintain_order=True).agg(
        pl.coalesce("revenue", pl.col("quantity") * pl.col("unit_price")).fill_nan(None).sum().alias("money"),
        pl.coalesce("revenue", pl.col("quantity") * pl.col("unit_price")).is_not_null().any().alias("priced"),
        pl.col("quantity").fill_nan(None).sum(),
    )
    joined = known.keys.select(KEY).join(sums, on=KEY, how="left", maintain_order="left")
    money = pl.when(pl.col("priced").fill_null(False)).then("money")
    ranked = pl.coalesce(money, 0.0) if sums.get_column("priced").any() else pl.col("quantity").fill_null(0.0)
    return joined.select(money.alias("value"), ranked.alias("rank"))


def _abc(rank: Array) -> tuple[list[str], Array]:
    """Return A, B or C by cumulated value, the largest first, and the share of all with the series, (series,).

    The series that crosses a limit still belongs to the better class.
    """
    order = np.argsort(-rank, kind="stable")
    worth = np.maximum(rank[order], 0)
    total = float(worth.sum()) or 1.0
    upto = np.cumsum(worth) / total
    before = upto - worth / total
    classes, part = np.empty(len(rank), dtype="<U1"), np.empty(len(rank))
    classes[order] = np.where(rank[order] <= 0, "C", np.select([before < _A, before < _B], ["A", "B"], "C"))
    part[order] = upto
    return [str(name) for name in classes], part


def _variation(values: Array) -> Array:
    """Return the coefficient of variation of demand a period, NaN without demand, (series,)."""
    count = np.maximum((~np.isnan(values)).sum(axis=1), 1)
    mean = np.nansum(values, axis=1) / count
    spread = np.sqrt(np.nansum((values - mean[:, None]) ** 2, axis=1) / count)
    return np.where(mean > 0, spread / np.where(mean > 0, mean, 1.0), np.nan)


def _pattern(interval: Array, squared_variation: Array) -> list[str]:
    seldom, erratic = interval >= REGULAR_INTERVAL, squared_variation >= _ERRATIC
    names = np.select(
        [np.isnan(interval), ~seldom & ~erratic, ~seldom & erratic, seldom & ~erratic],
        ["none", "smooth", "erratic", "intermittent"],
        "lumpy",
    )
    return [str(name) for name in names]


def _lifecycle(known: Panel, calendar: Calendar, season: int) -> list[str]:
    last_day = calendar.end
    stops = [day is not None and day <= last_day for day in known.keys.get_column("discontinue").to_list()]
    over = ended(known.values, season) > 0
    begun = known.values.shape[1] - known.lengths  # a series that the history's first period already has may be older than it
    new = (known.lengths < calendar.periods_a_year) & (begun > 0)
    return ["ending" if stop or gone else "new" if fresh else "mature" for stop, gone, fresh in zip(stops, over, new, strict=True)]


def _methods() -> pl.Expr:
    seldom = pl.col("pattern").is_in(["intermittent", "lumpy"])
    return pl.when(seldom).then(pl.lit("intermittent")).otherwise(pl.lit("regular")).alias("methods")


def _review() -> pl.Expr:
    hard = (pl.col("xyz") == "Z") | pl.col("pattern").is_in(["erratic", "lumpy"]) | (pl.col("lifecycle") != "mature")
    steady = (pl.col("xyz") == "X") & (pl.col("lifecycle") == "mature")
    by_item = (pl.col("abc") == "A") | ((pl.col("abc") == "B") & hard)
    by_family = (pl.col("abc") == "B") | steady
    return pl.when(by_item).then(pl.lit("item")).when(by_family).then(pl.lit("family")).otherwise(pl.lit("exception")).alias("review")


def _reasons(frame: pl.DataFrame, part: Array, squared: Array) -> list[str]:
    """Return the numbers behind the classes of each series, in words."""
    reasons = []
    columns = ("abc", "xyz", "pattern", "lifecycle", "variation", "demand_interval", "observations")
    for (abc, xyz, pattern, life, variation, interval, count), upto, size in zip(
        frame.select(columns).iter_rows(), part, squared, strict=True
    ):
        value = f"{abc}: with it {share(upto, whole=False)} of all value is reached"
        if interval is None:
            reasons.append(f"{value}; no demand in {count} periods; {life}.")
            continue
        every = "period" if number(interval) == "1" else f"{number(interval)} periods"
        reasons.append(
            f"{value}; {xyz}: variation {number(variation)}; {pattern}: {_PATTERNS[pattern]} (every {every}, squared variation of sizes "
            f"{number(size)}); {life} after {count} periods."
        )
    return reasons
