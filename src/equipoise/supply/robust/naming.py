"""What unknowns and rules are called: the same name in the problems of all scenarios, whatever their place in each."""

import polars as pl

from equipoise.supply.assembly import Problem
from equipoise.supply.model.unknowns import Model
from equipoise.supply.solving.start import named

_BETWEEN = "\x1f"


def column_names(problem: Problem) -> pl.Series:
    """Return the name of every column, in order; no two are the same."""
    model = problem.model
    parts = [_names(model, family, frame) for family, frame in model.unknowns.items() if frame.height]
    return _told_apart(pl.concat([pl.Series("name", [], pl.String), *parts]))


def row_names(problem: Problem) -> pl.Series:
    """Return the name of every row, in order; no two are the same."""
    parts = [_names(problem.model, block.rule.name, block.equation.rows) for block in problem.blocks]
    return _told_apart(pl.concat([pl.Series("name", [], pl.String), *parts]))


def places(names: pl.Series, among: pl.Series) -> pl.Series:
    """Return the place of each of `names` among others; -1 where it is not there."""
    there = pl.DataFrame({"name": among}).with_row_index("place")
    found = pl.DataFrame({"name": names}).join(there, on="name", how="left", maintain_order="left")
    return found.get_column("place").cast(pl.Int64).fill_null(-1)


def _names(model: Model, label: str, frame: pl.DataFrame) -> pl.Series:
    words = named(model, frame)
    cells = [pl.col(name).cast(pl.String).fill_null("") for name in words.columns]
    row = pl.repeat(label, pl.lit(frame.height)) if not cells else pl.lit(label)
    return words.select(pl.concat_str([row, *cells], separator=_BETWEEN).alias("name")).to_series()


def _told_apart(names: pl.Series) -> pl.Series:
    """Number the names that occur more than once, in order."""
    if not names.is_duplicated().any():
        return names
    again = pl.int_range(pl.len()).over("name")
    return names.to_frame().select(pl.concat_str(["name", again.cast(pl.String)], separator=_BETWEEN)).to_series()
