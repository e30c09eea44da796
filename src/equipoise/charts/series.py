"""The rows behind the pictures: sums by period and family that charts and tables share."""

import polars as pl

from equipoise.dimensions.calendar import Calendar
from equipoise.measure.cover import weeks_of_supply as cover_of
from equipoise.tables.figures import plural
from equipoise.tables.setting import Setting

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
    return plural(units[0]) if len(units) == 1 else "units"


def with_family(frame: pl.DataFrame, item: pl.DataFrame) -> pl.DataFrame:
    """Return `frame` with the column `family` of its `item`; an item without a family stands for itself."""
    families = item.select("item", "family").unique("item")
    plain = frame.drop("family") if "family" in frame.columns else frame
    return plain.join(families, on="item", how="left", maintain_order="left").with_columns(pl.coalesce("family", "item").alias("family"))


def by_period(frame: pl.DataFrame, *columns: str, also: tuple[str, ...] = ()) -> pl.DataFrame:
    """Return the sums of `columns` by period (and by the columns `also`), sorted; a sum of nothing but empty cells is empty."""
    keys = ("period", *also)
    sums = [pl.when(pl.col(name).is_not_null().any()).then(pl.col(name).sum().round(9)).alias(name) for name in columns]
    return frame.group_by(keys, maintain_order=True).agg(sums).sort(keys)


def total(frame: pl.DataFrame, column: str) -> float:
    """Return the sum of a column; empty cells count for nothing."""
    return float(frame.get_column(column).sum() or 0.0)


def largest_families(frame: pl.DataFrame, measure: str, most: int = 7) -> pl.DataFrame:
    """Return `frame` (family, ..., `measure`) with all but the `most` largest families renamed to `Other families`."""
    sizes = (
        frame.group_by("family", maintain_order=True)
        .agg(pl.col(measure).sum().round(6).alias("size"))
        .sort("size", "family", descending=[True, False])
    )
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

    `stock` and `demand` hold (`by`, period, quantity). Beyond the horizon its last year of demand is taken to come again. Empty where
    nothing is demanded any more. Returns (`by`, period, weeks).
    """
    wanted: dict[str, dict[object, float]] = {}
    for name, period, quantity in demand.select(by, "period", "quantity").iter_rows():
        wanted.setdefault(name, {})[period] = max(0.0, quantity or 0.0)
    days = [float(calendar.days(period)) for period in calendar.periods]
    position = {period: number for number, period in enumerate(calendar.periods)}
    again = slice(-calendar.periods_a_year, None)
    rows = []
    for name, period, quantity in stock.select(by, "period", "quantity").sort(by, "period").iter_rows():
        if period in position:
            series = [wanted.get(name, {}).get(day, 0.0) for day in calendar.periods]
            ahead = position[period] + 1
            covered = cover_of(quantity or 0.0, series[ahead:] + series[again], days[ahead:] + days[again])
            rows.append((name, period, covered.value))
    return pl.DataFrame(rows, schema={by: pl.String, "period": pl.Date, "weeks": pl.Float64}, orient="row")


def labels(setting: Setting) -> dict[object, str]:
    """Return the printed label of each period of the horizon, by its first day."""
    calendar = calendar_of(setting)
    return {period: calendar.label(period) for period in calendar.periods}
