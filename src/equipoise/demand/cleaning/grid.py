"""History side by side: what was booked, returned and sold out, as arrays."""

import datetime as dt
from dataclasses import dataclass

import numpy as np
import polars as pl

from equipoise.demand.forecast.panel import KEY, complete
from equipoise.demand.methods import Array, Counts, Flags
from equipoise.dimensions.calendar import Calendar


@dataclass(frozen=True)
class Grid:
    """All series of a history, of complete periods.

    `keys`: item, market, family, sorted by item and market. `booked`, `returned`, `revenue` (series, periods): sums of the period, `booked`
    0 and `revenue` NaN where nothing is known. `sold_out` (series, periods): whether a stockout censored the sales. `begun` (series,
    periods): from each series' first demand on. `there` (series, periods): whether the history has a row for the cell.
    """

    keys: pl.DataFrame
    periods: tuple[dt.date, ...]
    booked: Array
    returned: Array
    revenue: Array
    sold_out: Flags
    begun: Flags
    there: Flags

    @property
    def families(self) -> Counts:
        """A whole number for each series' family, in sorted order; series without one are a group, (series,)."""
        return self.keys.get_column("family").fill_null("").rank("dense").to_numpy().astype(np.int64) - 1


def grid(history: pl.DataFrame, item: pl.DataFrame, calendar: Calendar) -> Grid | None:
    """Return the history as arrays, or None where no period is complete. Quantities that are not numbers count as no demand."""
    rows = calendar.bucket("period", complete(history, calendar))
    if rows.is_empty():
        return None
    keys = rows.select(KEY).unique().sort(KEY)
    days = rows.get_column("period")
    first, last = days.min(), days.max()
    assert isinstance(first, dt.date) and isinstance(last, dt.date)  # noqa: S101, PT018
    periods = calendar.between(first, last)
    place = {day: number for number, day in enumerate(periods)}
    number = pl.col("period").replace_strict(place, return_dtype=pl.Int64)
    found = rows.join(keys.with_row_index("series"), on=KEY, how="inner", maintain_order="left").with_columns(number)
    at = (found.get_column("series").to_numpy(), found.get_column("period").to_numpy())
    shape = (len(keys), len(periods))

    def summed(column: str) -> Array:
        total = np.zeros(shape)
        values = found.get_column(column).fill_null(0.0).to_numpy()
        np.add.at(total, at, np.where(np.isfinite(values), values, 0.0))
        return total

    def flagged(values: pl.Series) -> Flags:
        mark = np.zeros(shape, dtype=np.bool_)
        np.logical_or.at(mark, at, values.fill_null(value=False).to_numpy())
        return mark

    booked = summed("quantity")
    priced = flagged(found.get_column("revenue").is_finite())
    about = item.select("item", "family").unique("item", keep="first", maintain_order=True)
    return Grid(
        keys.join(about, on="item", how="left", maintain_order="left"),
        periods,
        booked,
        np.maximum(summed("returns"), 0.0),
        np.where(priced, summed("revenue"), np.nan),
        flagged(found.get_column("stockout")),
        np.cumsum(booked > 0, axis=1) > 0,
        flagged(pl.repeat(value=True, n=len(found), dtype=pl.Boolean, eager=True)),
    )
