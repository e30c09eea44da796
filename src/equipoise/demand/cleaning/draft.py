"""Corrections while they are found: what stands in for each cell so far, why, and how that is said."""

import datetime as dt
from dataclasses import dataclass, field

import polars as pl

from equipoise.demand.cleaning.grid import Grid
from equipoise.demand.forecast.panel import KEY
from equipoise.demand.methods import Array, Counts
from equipoise.dimensions.calendar import Calendar
from equipoise.tables import table
from equipoise.tables.figures import named, span


@dataclass
class Draft:
    """The corrections of a grid so far. `quantity` (series, periods): demand as it stands; `cells`: the kind of each cell corrected and the
    sentences that say why. A later rule builds on what an earlier one left, and its kind is the cell's."""

    grid: Grid
    calendar: Calendar
    quantity: Array
    cells: dict[tuple[int, int], tuple[str, str]] = field(default_factory=dict)

    @staticmethod
    def of(grid: Grid, calendar: Calendar) -> "Draft":
        """Return a draft without corrections: demand as booked."""
        return Draft(grid, calendar, grid.booked.copy())

    def lay(self, row: int, column: int, quantity: float, kind: str, reason: str) -> None:
        """Let `quantity` stand in for a cell, at least 0; nothing is noted where it stands there already."""
        quantity = max(float(quantity), 0.0)
        held = float(self.quantity[row, column])
        if held >= 0 and abs(quantity - held) <= 1e-9 * (1 + quantity):
            return
        before = self.cells.get((row, column))
        self.cells[row, column] = (kind, f"{before[1]} {reason}" if before else reason)
        self.quantity[row, column] = quantity

    def named(self, column: int) -> str:
        """Return the period of a column as people say it."""
        return named(self.grid.periods[column], self.calendar)

    def span(self, first: int, last: int) -> str:
        """Return a run of periods as people say it."""
        return span(self.grid.periods[first], self.grid.periods[last], self.calendar)

    def rows(self, *, accepted: bool) -> pl.DataFrame:
        """Return the table `correction`."""
        if not self.cells:
            return table("correction").empty()
        places = sorted(self.cells)
        row, column = ([place[axis] for place in places] for axis in (0, 1))
        days: list[dt.date] = [self.grid.periods[number] for number in column]
        at: tuple[Counts, Counts] = (pl.Series(row).to_numpy(), pl.Series(column).to_numpy())
        frame = self.grid.keys.select(KEY)[row].with_columns(
            pl.Series("period", days, pl.Date),
            pl.Series("kind", [self.cells[place][0] for place in places]),
            pl.Series("raw", self.grid.booked[at]),
            pl.Series("quantity", self.quantity[at]),
            pl.lit(accepted).alias("accepted"),
            pl.Series("reason", [self.cells[place][1] for place in places]),
        )
        return table("correction").conform(frame)
