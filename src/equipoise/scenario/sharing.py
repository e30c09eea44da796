"""Shares by a measure: how a total is split over cells in proportion to a column of another table."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from equipoise.errors import InputError
from equipoise.scenario.cells import Rows
from equipoise.tables import table

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class _Measure:
    """A measure per row of the table that is split: by all shared keys, and by those but the period over the measure's last year.

    `met` says of each row whether its period is one of the measure's; `span` names that last year.
    """

    dated: Floats
    undated: Floats
    met: npt.NDArray[np.bool_]
    span: str


class Measures:
    """Weights of the rows of table `name` by measures of other tables, each read once."""

    def __init__(self, name: str, frame: pl.DataFrame, tables: Mapping[str, pl.DataFrame]) -> None:
        self._name = name
        self._frame = frame
        self._tables = tables
        self._measures: dict[str, _Measure] = {}

    def weights(self, split_by: str, rows: Rows) -> tuple[Floats, str]:
        """Return the weight of each of `rows` by the measure `table.column`, and a note where it is not that of their own periods.

        Rows are matched on the keys that both tables have. Where a row's period is not among the measure's (history ends before
        the horizon), all are matched on the other keys, over the measure's last twelve months. Negative and empty measures weigh nothing.
        Raises InputError where the table is not made yet, or shares no key.
        """
        if split_by not in self._measures:
            self._measures[split_by] = self._read(split_by)
        measure = self._measures[split_by]
        if measure.met[rows].all():
            return measure.dated[rows], ""
        return measure.undated[rows], f"split by {split_by} of {measure.span}" if measure.span else ""

    def _read(self, split_by: str) -> _Measure:
        name, _, field = split_by.partition(".")
        frame = self._frame if name == self._name else self._tables.get(name)
        if frame is None:
            fix = "Split by a given table, or by one that is made earlier."
            raise InputError(f"{name} is not made yet where {self._name} is overridden.", fix)
        shared = [key for key in table(name).keys if key in self._frame.columns and frame.get_column(key).null_count() < frame.height]
        others = [key for key in shared if key != "period"]
        if frame.height and not others:
            raise InputError(f"{name} and {self._name} share no key.", "Split by a measure that has item, market or another key of both.")
        known = frame.with_columns(pl.col(field).cast(pl.Float64).fill_nan(None).clip(lower_bound=0))
        dated = self._per_row(known, shared, field)
        if "period" not in shared:
            return _Measure(dated, dated, np.ones(self._frame.height, dtype=np.bool_), "")
        last = known.select(pl.col("period").max()).to_series()
        year = known.filter(pl.col("period") > last.dt.offset_by("-12mo").first())
        met = self._frame.get_column("period").is_in(known.get_column("period").unique().drop_nulls().to_list())
        span = f"{year.get_column('period').min()!s} to {last.first()!s}"
        return _Measure(dated, self._per_row(year, others, field), met.fill_null(value=False).to_numpy(), span)

    def _per_row(self, frame: pl.DataFrame, keys: list[str], field: str) -> Floats:
        if not keys:
            return np.zeros(self._frame.height)
        sums = frame.group_by(keys, maintain_order=True).agg(pl.col(field).sum().alias("#weight"))
        wide = self._frame.select(keys).join(sums, on=keys, how="left", maintain_order="left")
        weights: Floats = wide.get_column("#weight").fill_null(0.0).to_numpy()
        return weights
