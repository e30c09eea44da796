"""What each way of a plan can be split into: its items with their weight, yield, lead time, lots, use of resources and components."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from equipoise.supply.model.families import Families, Tables
from equipoise.supply.splitting.run_out import Array, Index


@dataclass(frozen=True, eq=False)
class Sourcing:
    """Rows: an item of a way of the plan. `rows`: row, table (route or purchase), way, item, location, family, weight, yield, lead_time,
    lot, minimum, count (how many items the way has), rank (0 for the way of its family with the fewest items). plan: quantity by row
    and period of the way as a whole. uses: row, resource, quantity. takes: row, item (component or co-product), quantity, sign.
    keys: row, key (the item's own routes or purchases).
    """

    rows: pl.DataFrame
    plan: Array
    uses: pl.DataFrame
    takes: pl.DataFrame
    keys: pl.DataFrame

    def numbers(self, column: str) -> Array:
        """A column of `rows` as numbers; 0 where empty."""
        return self.rows.get_column(column).cast(pl.Float64).fill_null(0.0).to_numpy().copy()


def sourcing(tables: Tables, by_family: Families, periods: pl.DataFrame) -> Sourcing:
    """Return what the ways of supply_plan and purchase_plan of `tables` can be split into, rows of a way together, ways by rank."""
    made = [
        tables["supply_plan"].select(pl.lit("route").alias("table"), "item", "location", "period", "quantity", way="route"),
        tables["purchase_plan"].select(pl.lit("purchase").alias("table"), "item", "location", "period", "quantity", way="purchase"),
    ]
    plan = pl.concat(made).join(periods.select("t", "period"), on="period", maintain_order="left")
    pairs = _pairs(plan.select("table", "way", "item", "location").unique(maintain_order=True), by_family)
    known = pl.concat([_own(tables, name, periods) for name in ("route", "purchase")])
    facts = pairs.join(known, on=["table", "key"], how="left", maintain_order="left")
    grouped = facts.group_by("table", "way", "item", "location", "family", maintain_order=True).agg(
        pl.col("weight").sum(),
        pl.col("yield").mean().fill_null(1.0),
        pl.col("lead_time").mean(),
        pl.when(pl.col("lot").n_unique() == 1).then(pl.col("lot").first()).alias("lot"),
        pl.col("minimum").min(),
    )
    order = ["table", "way"]
    rows = grouped.with_columns(pl.len().over(order).alias("count"))
    ways = rows.select("count", "family", *order).unique().sort("family", "count", *order)
    ways = ways.with_columns(pl.int_range(pl.len()).over("family").alias("rank"))
    rows = rows.join(ways.select(*order, "rank"), on=order, how="left", maintain_order="left")
    rows = rows.sort("rank", *order, "item").with_row_index("row").with_columns(pl.col("row").cast(pl.Int64))
    keys = pairs.join(rows.select("row", *order, "item"), on=[*order, "item"], maintain_order="left")
    return Sourcing(
        rows, _planned(plan, rows, periods.height), _uses(tables, keys), _takes(tables, keys), keys.select("row", "table", "key")
    )


def _pairs(ways: pl.DataFrame, by_family: Families) -> pl.DataFrame:
    """Return table, way, item, location, family, key, weight: each route or purchase of an item behind a way; the way itself for others."""
    of_items = by_family.ways.select("table", "way", "key", "item", "family", "weight")
    split = ways.drop("item").join(of_items, on=["table", "way"], maintain_order="left")
    rest = ways.join(of_items.select("table", "way").unique(), on=["table", "way"], how="anti", maintain_order="left")
    own = rest.join(by_family.members.rename({"item": "member"}), left_on="item", right_on="family", maintain_order="left")
    own = own.with_columns(family=pl.col("item"), item=pl.col("member"), weight=pl.col("mix"), key=pl.col("way"))
    plain = rest.join(by_family.members.select(item="family").unique(), on="item", how="anti", maintain_order="left")
    plain = plain.with_columns(family=pl.col("item"), weight=pl.lit(1.0), key=pl.col("way"))
    columns = ["table", "way", "item", "location", "family", "key", "weight"]
    return pl.concat([split.select(columns), own.select(columns), plain.select(columns)])


def _own(tables: Tables, name: str, periods: pl.DataFrame) -> pl.DataFrame:
    """Return what the tables say of each route or purchase over the horizon: yield, lead time in days, lots.

    A lead time in periods counts the average days of one.
    """
    frame = tables[name]
    good = pl.col("yield").fill_null(1.0).mean() if name == "route" else pl.lit(1.0)
    days = periods.get_column("days").sum() / max(1, periods.height)
    return (
        frame.group_by(pl.col(name).alias("key"), maintain_order=True)
        .agg(
            pl.lit(name).alias("table"),
            good.alias("yield"),
            pl.coalesce(pl.col("lead_periods") * days, "lead_time").mean().alias("lead_time"),
            pl.col("lot_multiple").max().alias("lot"),
            pl.col("minimum_lot").max().alias("minimum"),
        )
        .with_columns(pl.col("table").cast(pl.String))
    )


def _planned(plan: pl.DataFrame, rows: pl.DataFrame, horizon: int) -> Array:
    """Return the planned quantity of each row's way, rows by periods."""
    quantity = np.zeros((rows.height, horizon))
    found = rows.select("row", "table", "way").join(
        plan.select("table", "way", "t", "quantity"), on=["table", "way"], maintain_order="left"
    )
    quantity[found.get_column("row").to_numpy(), found.get_column("t").to_numpy()] = found.get_column("quantity").to_numpy()
    return quantity


def _uses(tables: Tables, keys: pl.DataFrame) -> pl.DataFrame:
    activity = pl.col("activity").replace_strict({"make": "route", "buy": "purchase"}, default=None, return_dtype=pl.String)
    usage = tables["usage"].select(activity.alias("table"), "resource", "quantity", key="of").filter(pl.col("quantity") > 0)
    return _averaged(keys, usage, "resource")


def _takes(tables: Tables, keys: pl.DataFrame) -> pl.DataFrame:
    """Return what a unit made takes of components (sign -1) and brings of other items (sign 1)."""
    table = pl.lit("route").alias("table")
    parts = tables["bom"].select(table, "quantity", key="route", part="component")
    twins = tables["co_output"].select(table, "quantity", key="route", part="item")
    taken = _averaged(keys, parts, "part").with_columns(sign=pl.lit(-1.0))
    return pl.concat([taken, _averaged(keys, twins, "part").with_columns(sign=pl.lit(1.0))])


def _averaged(keys: pl.DataFrame, facts: pl.DataFrame, about: str) -> pl.DataFrame:
    """Return row, `about` and quantity: the average of a row's routes or purchases."""
    count = pl.len().over("row").alias("count")
    rows = keys.with_columns(count).join(facts, on=["table", "key"], maintain_order="left")
    rows = rows.group_by("row", about, maintain_order=True).agg((pl.col("quantity") / pl.col("count")).sum())
    return rows.sort("row", about)


def starts_of(rows: pl.DataFrame) -> Index:
    """Return the first position of each way in `rows`, which have those of a way together."""
    return np.flatnonzero(
        rows.select((pl.struct("table", "way") != pl.struct("table", "way").shift(1)).fill_null(value=True)).to_series().to_numpy()
    )
