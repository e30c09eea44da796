"""The rows behind the pictures: sums by period and family that charts and tables share."""

from collections.abc import Mapping

import polars as pl

from equipoise.dimensions.calendar import Calendar
from equipoise.tables.setting import Setting

NO_FAMILY = "No family"
OTHERS = "Other families"


def calendar_of(setting: Setting) -> Calendar:
    """Return the calendar of the plan."""
    return Calendar.from_setting(setting.calendar)


def unit_of(item: pl.DataFrame, names: pl.Series | None = None) -> str:
    """Return the unit that the items share; `units` where they have several or none.

    `names` limits the question to these items.
    """
    frame = item if names is None else item.filter(pl.col("item").is_in(names.unique().implode()))
    units = frame.get_column("unit").drop_nulls().unique().to_list()
    if len(units) != 1:
        return "units"
    return {"unit": "units", "piece": "pieces", "pair": "pairs"}.get(units[0], units[0])


def with_family(frame: pl.DataFrame, item: pl.DataFrame) -> pl.DataFrame:
    """Return `frame` with the column `family` of its `item`; `No family` where the item has none."""
    families = item.select("item", "family").unique("item")
    plain = frame.drop("family") if "family" in frame.columns else frame
    return plain.join(families, on="item", how="left", maintain_order="left").with_columns(pl.col("family").fill_null(NO_FAMILY))


def by_period(frame: pl.DataFrame, *columns: str, also: tuple[str, ...] = ()) -> pl.DataFrame:
    """Return the sums of `columns` by period (and by the columns `also`), sorted; a sum of nothing but empty cells is empty."""
    keys = ("period", *also)
    sums = [pl.when(pl.col(name).is_not_null().any()).then(pl.col(name).sum()).alias(name) for name in columns]
    return frame.group_by(keys).agg(sums).sort(keys)


def largest_families(frame: pl.DataFrame, measure: str, most: int = 7) -> pl.DataFrame:
    """Return `frame` (family, ..., `measure`) with all but the `most` largest families renamed to `Other families`."""
    sizes = frame.group_by("family").agg(pl.col(measure).sum().alias("size")).sort("size", "family", descending=[True, False])
    if sizes.height <= most + 1:
        return frame
    kept = sizes.get_column("family").head(most)
    return frame.with_columns(
        pl.when(pl.col("family").is_in(kept.implode())).then(pl.col("family")).otherwise(pl.lit(OTHERS)).alias("family")
    )


def service(shortage: pl.DataFrame) -> pl.DataFrame:
    """Return `shortage` with `on_time`: demand shipped in its own period, taking the oldest demand as served first (units)."""
    kept = pl.col("demand") - pl.col("lost").fill_null(0)
    late = pl.min_horizontal(pl.col("backlog").fill_null(0).clip(0), kept)
    return shortage.with_columns((kept - late).clip(0).alias("on_time"))


def weeks_of_supply(stock: pl.DataFrame, demand: pl.DataFrame, calendar: Calendar, by: str) -> pl.DataFrame:
    """Return the weeks of coming demand that stock covers, recomputed at the level of the column `by`.

    `stock` and `demand` hold (`by`, period, quantity). Stock at the end of a period is walked forward through the demand of the
    next ones, the last by fraction; beyond the horizon demand goes on at its average of the last year of the horizon. Empty where
    nothing is demanded any more. Returns (`by`, period, weeks).
    """
    wanted: dict[str, dict[object, float]] = {}
    for name, period, quantity in demand.select(by, "period", "quantity").iter_rows():
        wanted.setdefault(name, {})[period] = max(0.0, quantity or 0.0)
    weeks = [calendar.days(period) / 7 for period in calendar.periods]
    position = {period: number for number, period in enumerate(calendar.periods)}
    rows = []
    for name, period, quantity in stock.select(by, "period", "quantity").sort(by, "period").iter_rows():
        if period in position:
            series = [wanted.get(name, {}).get(day, 0.0) for day in calendar.periods]
            rows.append((name, period, _cover(quantity or 0.0, series, weeks, position[period] + 1, calendar.periods_a_year)))
    return pl.DataFrame(rows, schema={by: pl.String, "period": pl.Date, "weeks": pl.Float64}, orient="row")


def _cover(stock: float, demand: list[float], weeks: list[float], start: int, a_year: int) -> float | None:
    covered = 0.0
    left = stock
    for wanted, length in zip(demand[start:], weeks[start:], strict=True):
        if wanted >= left:
            return covered + (length * left / wanted if wanted > 0 else 0.0)
        left -= wanted
        covered += length
    last, last_weeks = sum(demand[-a_year:]), sum(weeks[-a_year:])
    return covered + left * last_weeks / last if last > 0 else None


def labels(setting: Setting) -> Mapping[object, str]:
    """Return the printed label of each period of the horizon, by its first day."""
    calendar = calendar_of(setting)
    return {period: calendar.label(period) for period in calendar.periods}
