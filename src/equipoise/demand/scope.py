"""Which items and markets a row means that names an item, a family, a market, or leaves them open."""

import polars as pl

PAIR = ["item", "market"]
CELL = ["item", "market", "period"]


def pairs_meant(rows: pl.DataFrame, pairs: pl.DataFrame, item: pl.DataFrame) -> pl.DataFrame:
    """Return name, item and market of the pairs that each row means, sorted.

    `rows` has name, item, family and market: its item, else the items of its family, else all; in its market, or in all. `pairs` are those
    with demand. A row that finds none of them means every item it names in every market known, so that a launch or a budget finds its
    place.
    """
    families = item.select("item", "family").drop_nulls().unique(maintain_order=True)
    of_family = pairs.join(families, on="item", maintain_order="left")
    parts = []
    for wanted, known, key in _by_key(rows, pairs, of_family):
        anywhere, somewhere = wanted.filter(pl.col("market").is_null()).drop("market"), wanted.filter(pl.col("market").is_not_null())
        parts.append(_joined(anywhere, known, key))
        parts.append(_joined(somewhere, known, [*key, "market"]))
    found = pl.concat([part.select("name", *PAIR) for part in parts])
    missing = rows.join(found, on="name", how="anti", maintain_order="left")
    return pl.concat([found, _named(missing, pairs, families)]).unique().sort("name", *PAIR)


def weighed(places: pl.DataFrame, demand: pl.DataFrame) -> pl.DataFrame:
    """Return the places with their `weight` in the total of their name: by demand, or equally where there is none.

    `demand` has item, market and quantity, and name where it differs by name.
    """
    keys = ["name", *PAIR] if "name" in demand.columns else PAIR
    sums = demand.group_by(keys, maintain_order=True).agg(pl.col("quantity").sum().clip(lower_bound=0))
    joined = places.join(sums, on=keys, how="left", maintain_order="left").with_columns(pl.col("quantity").fill_null(0.0))
    total = pl.col("quantity").sum().over("name")
    weight = pl.when(total > 0).then(pl.col("quantity") / total).otherwise(1.0 / pl.len().over("name"))
    return joined.select("name", *PAIR, weight.alias("weight"))


def _by_key(rows: pl.DataFrame, pairs: pl.DataFrame, of_family: pl.DataFrame) -> list[tuple[pl.DataFrame, pl.DataFrame, list[str]]]:
    """Return the rows that name an item, a family, neither; each with the pairs to find them in, and the key to find them by."""
    by_item = rows.filter(pl.col("item").is_not_null()).select("name", "item", "market")
    by_family = rows.filter(pl.col("item").is_null(), pl.col("family").is_not_null()).select("name", "family", "market")
    every = rows.filter(pl.col("item").is_null(), pl.col("family").is_null()).select("name", "market")
    return [(by_item, pairs, ["item"]), (by_family, of_family, ["family"]), (every, pairs, [])]


def _joined(rows: pl.DataFrame, known: pl.DataFrame, key: list[str]) -> pl.DataFrame:
    return rows.join(known, on=key, maintain_order="left") if key else rows.join(known, how="cross")


def _named(rows: pl.DataFrame, pairs: pl.DataFrame, families: pl.DataFrame) -> pl.DataFrame:
    """Return name, item and market of rows that no pair with demand answers to."""
    items = pairs.select("item").unique(maintain_order=True)
    of_item, of_family, every = (wanted for wanted, _, _ in _by_key(rows, pairs, pairs))
    parts = (of_item, of_family.join(families, on="family", maintain_order="left"), every.join(items, how="cross"))
    named = pl.concat([part.select("name", *PAIR) for part in parts])
    markets = pairs.select("market").unique(maintain_order=True)
    anywhere = named.filter(pl.col("market").is_null()).select("name", "item").join(markets, how="cross")
    return pl.concat([named.filter(pl.col("market").is_not_null()), anywhere])
