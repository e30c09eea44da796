"""Who answers for which slice of demand."""

import itertools

import polars as pl

from equipoise.demand.scope import PAIR
from equipoise.errors import DataError, Fault, Where

_PARTS = ("item", "family", "market", "region")
_RANK = {"item": 2, "family": 1, "market": 2, "region": 1}


def owners(pairs: pl.DataFrame, demand_owner: pl.DataFrame, item: pl.DataFrame, market: pl.DataFrame) -> pl.DataFrame:
    """Return item, market and owner of the pairs that a row of `demand_owner` holds for.

    The row that says most wins: an item says more than a family, a market more than a region. Raises DataError with every two rows that
    say equally much and name different owners for one pair.
    """
    families = item.group_by("item", maintain_order=True).agg(pl.col("family").first())
    regions = market.group_by("market", maintain_order=True).agg(pl.col("region").first())
    known = pairs.join(families, on="item", how="left", maintain_order="left").join(regions, on="market", how="left", maintain_order="left")
    rows = demand_owner.drop_nulls("owner").sort(*_PARTS, "owner").with_row_index("row")
    matches = []
    for named in itertools.product((False, True), repeat=len(_PARTS)):
        keys = [part for part, wanted in zip(_PARTS, named, strict=True) if wanted]
        some = rows.filter(*[pl.col(part).is_not_null() if part in keys else pl.col(part).is_null() for part in _PARTS])
        if some.is_empty():
            continue
        some = some.select(*keys, "row", "owner", pl.lit(sum(_RANK[key] for key in keys)).alias("rank"))
        found = known.join(some, on=keys, maintain_order="left") if keys else known.join(some, how="cross")
        matches.append(found.select(*PAIR, "row", "owner", "rank"))
    if not matches:
        return pairs.clear().with_columns(owner=pl.lit(None, dtype=pl.String))
    best = pl.concat(matches).filter(pl.col("rank") == pl.col("rank").max().over(PAIR)).sort(*PAIR, "row")
    _check(best, rows)
    return best.group_by(PAIR, maintain_order=True).agg(pl.col("owner").first())


def _check(best: pl.DataFrame, rows: pl.DataFrame) -> None:
    """Refuse rows that say equally much about one pair and name different owners."""
    first = best.with_columns(other=pl.col("row").first().over(PAIR), chosen=pl.col("owner").first().over(PAIR))
    clash = first.filter(pl.col("owner") != pl.col("chosen")).unique(["row", "other"], keep="first", maintain_order=True)
    if clash.is_empty():
        return
    words = {row["row"]: _words(row) for row in rows.iter_rows(named=True)}
    faults = [
        Fault(
            f"{words[row['other']]} and {words[row['row']]} both hold for {row['item']} in {row['market']} and say equally much.",
            "Make one of them narrower, or name the same owner.",
            Where(table="demand_owner", column="owner"),
        )
        for row in clash.iter_rows(named=True)
    ]
    raise DataError("Some slices of demand have two owners.", "Every slice has one.", Where(table="demand_owner"), faults)


def _words(row: dict[str, object]) -> str:
    """Return a row as it would be said: item tent, market north: Ann."""
    parts = ", ".join(f"{part} {row[part]}" for part in _PARTS if row[part] is not None) or "everything"
    return f"{parts}: {row['owner']}"
