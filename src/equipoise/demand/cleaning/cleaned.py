"""The table `cleaned_history`."""

import polars as pl

from equipoise.demand.cleaning.calendar_effect import factors
from equipoise.demand.forecast.panel import KEY, complete
from equipoise.dimensions.calendar import Calendar
from equipoise.tables import table
from equipoise.tables.setting import from_table

_CELL = [*KEY, "period"]


def cleaned_history(
    history: pl.DataFrame, correction: pl.DataFrame, calendar_effect: pl.DataFrame, item: pl.DataFrame, setting: pl.DataFrame
) -> pl.DataFrame:
    """Return the table `cleaned_history`: history of complete periods, accepted corrections laid over, a row a cell.

    `quantity` is the corrected demand and `raw` the demand as booked, in item units; a correction of a cell that history lacks is a row
    without `raw`. The effect of the calendar stays in the quantity: `calendar_factor` tells it, 1 where there is none. Quantities that are
    not numbers count as 0.
    """
    calendar = Calendar.from_setting(from_table(setting).calendar)
    number = pl.when(pl.col("quantity").is_finite()).then("quantity").otherwise(0.0)
    booked = (
        calendar.bucket("period", complete(history, calendar))
        .group_by(_CELL, maintain_order=True)
        .agg(number.sum().alias("raw"))
        .sort(_CELL)
    )
    accepted = complete(
        correction.filter(pl.col("accepted").fill_null(value=True), pl.col("quantity").is_finite()),
        calendar,
    )
    laid = calendar.bucket("period", accepted).group_by(_CELL, maintain_order=True).agg(pl.col("quantity").last())
    whole = booked.join(laid, on=_CELL, how="full", coalesce=True, maintain_order="left_right").with_columns(
        pl.coalesce("quantity", "raw").alias("quantity")
    )
    return table("cleaned_history").conform(_with_factor(whole.sort(_CELL), calendar_effect, item))


def _with_factor(whole: pl.DataFrame, effect: pl.DataFrame, item: pl.DataFrame) -> pl.DataFrame:
    """Return the rows with the column `calendar_factor`."""
    if effect.is_empty() or whole.is_empty():
        return whole.with_columns(calendar_factor=pl.lit(1.0))
    about = item.select("item", "family").unique("item", keep="first", maintain_order=True)
    families = whole.select("item").unique(maintain_order=True).join(about, on="item", how="left", maintain_order="left")
    groups = families.select("family").unique(maintain_order=True)
    periods = whole.get_column("period").unique().sort()
    laid = factors(effect, groups.get_column("family"), periods.to_list())
    long = groups.join(periods.to_frame(), how="cross").with_columns(pl.Series("calendar_factor", laid.ravel()))
    named = whole.join(families, on="item", how="left", maintain_order="left")
    return named.join(long, on=["family", "period"], how="left", nulls_equal=True, maintain_order="left")
