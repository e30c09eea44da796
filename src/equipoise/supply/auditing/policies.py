"""Checks of inventory policy and strategy: targets, bounds, level, chase and hybrid plans."""

import polars as pl

from equipoise.supply.auditing.books import Books
from equipoise.supply.auditing.check import away, findings, together

_HERE = pl.format("{} at {}", "item", "location")


def target_stock(books: Books) -> pl.DataFrame:
    """Return by how much stock is below a target or a least stock that has no price: there it must hold."""
    rows = books.levels.filter(pl.col("shortfall_cost").is_null())
    parts = []
    for level, rule in (("wanted", "target stock"), ("least", "minimum stock")):
        asked = rows.filter(pl.col(level).fill_null(0.0) > 0)
        parts.append(findings(asked, pl.col(level) - pl.col("quantity"), _HERE, size=pl.col(level), rule=rule))
    return together(*parts)


def maximum_stock(books: Books) -> pl.DataFrame:
    """Return by how much stock is above a most stock that has no price."""
    rows = books.levels.filter(pl.col("excess_cost").is_null() & pl.col("most").is_not_null())
    return findings(rows, pl.col("quantity") - pl.col("most"), _HERE, size=pl.col("most"), rule="maximum stock")


def targets_shown(books: Books) -> pl.DataFrame:
    """Return how far the target, shortfall and excess shown are from policy and stock."""
    rows = books.levels
    target, known, stock = pl.col("target"), pl.col("known"), pl.col("quantity")
    off = pl.when(pl.col("covered")).then((known.fill_null(0.0) - target.fill_null(0.0)).clip(0)).otherwise(away(target, known))
    short, over = (target - stock).clip(0), (stock - pl.col("most")).clip(0)
    worst = pl.max_horizontal(off, away(pl.col("shortfall"), short), away(pl.col("excess"), over))
    return findings(rows, worst, _HERE, size=pl.max_horizontal(target.fill_null(0.0), stock))
