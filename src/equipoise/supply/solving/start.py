"""The basis of one problem carried over to another that is like it, name by name."""

import numpy as np
import polars as pl

from equipoise.supply.assembly import Problem
from equipoise.supply.model.unknowns import Model
from equipoise.supply.solving.engine import BASIC, Basis, Statuses

_LOWER = 0
_NUMBERS = ("t", "step", "point", "pool", "number")
"""Columns that are no words and tell rows apart."""


def start_for(problem: Problem, last: Problem, basis: Basis | None) -> Basis | None:
    """Return the basis of `last` as one of `problem`; None where there is none.

    An unknown or rule that both have keeps its place; a new unknown starts at nothing, a new rule as one that does not bind.
    """
    if basis is None:
        return None
    columns = np.full(problem.columns, _LOWER, np.int8)
    rows = np.full(problem.rows, BASIC, np.int8)
    for family, frame in problem.model.unknowns.items():
        before = last.model.unknowns[family]
        if frame.height and before.height:
            here, there = _span(frame), _span(before)
            known = _names(family, last.model, before)
            columns[here] = _carried(_names(family, problem.model, frame), known, basis.columns[there], _LOWER)
    earlier = {block.rule.name: block for block in last.blocks}
    for block in problem.blocks:
        if block.rule.name in earlier:
            before_block = earlier[block.rule.name]
            found = basis.rows[before_block.start : before_block.stop]
            known = _names(block.rule.name, last.model, before_block.equation.rows)
            rows[block.start : block.stop] = _carried(_names(block.rule.name, problem.model, block.equation.rows), known, found, BASIC)
    return Basis(columns, rows)


def _span(frame: pl.DataFrame) -> slice:
    first = int(frame.get_column("column").item(0))
    return slice(first, first + frame.height)


def _names(piece: str, model: Model, frame: pl.DataFrame) -> pl.DataFrame:
    """Return the names of the rows of a family or an equation, from the model's memory."""
    return model.memory(_named, piece, model, model.memory(_telling, piece, frame))


def _telling(_: str, frame: pl.DataFrame) -> pl.DataFrame:
    """Return the columns that names are made of: bounds and prices may change, and names stay."""
    return frame.select(name for name, kind in frame.schema.items() if kind == pl.String or name in _NUMBERS)


def _named(_: str, model: Model, frame: pl.DataFrame) -> pl.DataFrame:
    return named(model, frame)


def _carried(here: pl.DataFrame, there: pl.DataFrame, found: Statuses, otherwise: int) -> Statuses:
    """Return the status of each row that is named `here`: that of the row of the same name `there`, else `otherwise`."""
    if here is there or here.equals(there):
        return found
    known = there.with_columns(pl.Series("status", found)).unique(here.columns, keep="first", maintain_order=True)
    joined = here.join(known, on=here.columns, how="left", nulls_equal=True, maintain_order="left")
    return joined.get_column("status").fill_null(otherwise).to_numpy().astype(np.int8)


def named(model: Model, frame: pl.DataFrame) -> pl.DataFrame:
    """Return what names each row in any problem: its words, its period, and in words what its numbers stand for."""
    words = [name for name, kind in frame.schema.items() if kind == pl.String]
    named = frame.select(*sorted(words), *(name for name in ("t", "step") if name in frame.columns and name not in words))
    points, pools = model.net.points, model.pools.pools
    if "point" in frame.columns:
        place = points.get_column("item") + "@" + points.get_column("location")
        named = named.with_columns(place.gather(frame.get_column("point")).alias("point"))
    if "pool" in frame.columns:
        pool = pools.select(pl.format("{}@{}#{}", "item", pl.col("market").fill_null(""), pl.int_range(pl.len()).over("item"))).to_series()
        named = named.with_columns(pool.gather(frame.get_column("pool")).alias("pool"))
    if "number" in frame.columns:
        named = named.with_columns(model.net.resources.get_column("resource").gather(frame.get_column("number")).alias("number"))
    return named
