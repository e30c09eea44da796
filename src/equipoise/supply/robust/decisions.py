"""Decisions that are settled before it is known which scenario comes: what is made, bought, moved and staffed in the first periods."""

import numpy as np
import numpy.typing as npt
import polars as pl

from equipoise.supply.assembly import Problem
from equipoise.supply.model.unknowns import WHOLE
from equipoise.supply.robust.naming import column_names

SHOWN = {
    "make": ("production", "route"),
    "buy": ("purchase", "purchase"),
    "move": ("transfer", "lane"),
    "workers": ("workforce", "resource"),
    "overtime": ("overtime", "resource"),
}
"""Families that the table robust_plan shows: its kind, and the column that names what is decided on."""
_SETTLED = (*SHOWN, "hire", "layoff", "output_rate", *sorted(WHOLE))
_OF_LANES = {"use", "loads"}


def decisions(problem: Problem, committed: int) -> pl.DataFrame:
    """Return the unknowns of the first `committed` periods that are settled: column, name, family, kind, key, item, period.

    Shipments, stock and what is late or lost are not among them, nor is what follows from those: they answer to what happens. `kind` and
    `key` are empty for what the table robust_plan does not show (a set-up, a hire).
    """
    names = column_names(problem)
    parts = [_of(problem, family, committed) for family in _SETTLED]
    rows = pl.concat(parts).sort("column")
    return rows.with_columns(names.gather(rows.get_column("column")).alias("name"))


def _of(problem: Problem, family: str, committed: int) -> pl.DataFrame:
    model = problem.model
    rows = model[family].filter(pl.col("t") < committed)
    if family in _OF_LANES:  # a lane to a market carries shipments, which are decided late
        rows = rows.join(model["move"].select("lane").unique(), on="lane", how="semi", maintain_order="left")
    kind, key = SHOWN.get(family, (None, None))
    rows = rows.drop("period", strict=False).join(model.net.periods.select("t", "period"), on="t", how="left", maintain_order="left")
    return rows.select(
        "column",
        pl.lit(family).alias("family"),
        pl.lit(kind, pl.String).alias("kind"),
        (pl.lit(None, pl.String) if key is None else pl.col(key)).alias("key"),
        (pl.col("item") if kind in {"production", "purchase", "transfer"} else pl.lit(None, pl.String)).alias("item"),
        "period",
    )


def columns_of(rows: pl.DataFrame) -> npt.NDArray[np.int64]:
    """Return the columns of the rows of a frame."""
    return rows.get_column("column").to_numpy().astype(np.int64)
