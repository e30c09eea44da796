"""What a unit of an item brings and costs: the price planned, the standard cost, the family it counts to."""

import polars as pl


def families(item: pl.DataFrame) -> pl.DataFrame:
    """Return item and family; an item without a family stands for itself."""
    return item.select("item", pl.coalesce("family", "item").alias("family")).unique("item", maintain_order=True)


def in_family(frame: pl.DataFrame, item: pl.DataFrame) -> pl.DataFrame:
    """Return `frame` with the column family of its items; an item that is not in the table stands for itself."""
    return frame.join(families(item), on="item", how="left", maintain_order="left").with_columns(
        pl.coalesce("family", "item").alias("family")
    )


def costs(item: pl.DataFrame) -> pl.DataFrame:
    """Return item and unit_cost (currency per unit), of the items that have a standard cost."""
    return item.filter(pl.col("unit_cost").is_not_null()).select("item", "unit_cost").unique("item", maintain_order=True)


def average_prices(demand_plan: pl.DataFrame) -> pl.DataFrame:
    """Return item and price (currency per unit): the planned price weighted by demand, of the items that have one."""
    priced = demand_plan.filter(pl.col("unit_price").is_not_null())
    weight = pl.when(pl.col("quantity").sum() > 0).then(pl.col("quantity")).otherwise(1.0)
    mean = (pl.col("unit_price") * weight).sum() / weight.sum()
    return priced.group_by("item", maintain_order=True).agg(mean.alias("price")).sort("item")


def valued(frame: pl.DataFrame, demand_plan: pl.DataFrame, item: pl.DataFrame) -> pl.DataFrame:
    """Return `frame` (item, market, period, units) with revenue and margin of the units (currency); empty where not given."""
    prices = demand_plan.select("item", "market", "period", "unit_price")
    joined = frame.join(prices, on=["item", "market", "period"], how="left", maintain_order="left").join(
        costs(item), on="item", how="left", maintain_order="left"
    )
    return joined.with_columns(
        (pl.col("units") * pl.col("unit_price")).alias("revenue"),
        (pl.col("units") * (pl.col("unit_price") - pl.col("unit_cost"))).alias("margin"),
    ).drop("unit_price", "unit_cost")


def unit_of(item: pl.DataFrame, keys: pl.DataFrame, by: str) -> dict[str, str]:
    """Return the unit of measure of each subject of `keys` (columns item and `by`): that of its items where they share one, else unit."""
    pairs = keys.select("item", pl.col(by).alias("subject")).unique()
    units = pairs.join(item.select("item", "unit").unique("item", maintain_order=True), on="item", how="left", maintain_order="left")
    shared = units.group_by("subject", maintain_order=True).agg(pl.col("unit").n_unique().alias("kinds"), pl.col("unit").first())
    one = (pl.col("kinds") == 1) & pl.col("unit").is_not_null()
    return dict(shared.sort("subject").select("subject", pl.when(one).then(pl.col("unit")).otherwise(pl.lit("unit"))).iter_rows())


def known_sum(column: str) -> pl.Expr:
    """Sum of what is given; empty where nothing is."""
    return pl.when(pl.col(column).is_not_null().any()).then(pl.col(column).sum()).alias(column)


def given(column: str) -> pl.Expr:
    """Return a column of names in which an empty name is none at all."""
    return pl.when(pl.col(column) != "").then(pl.col(column)).alias(column)


def budgeted_families(budget: pl.DataFrame, item: pl.DataFrame) -> pl.DataFrame:
    """Return the budget with the family of every row: its own, else that of its item."""
    own = families(item).rename({"family": "of_item"})
    rows = budget.with_columns(given("item"), given("family")).join(own, on="item", how="left", maintain_order="left")
    return rows.with_columns(pl.coalesce("family", "of_item", "item").alias("family")).drop("of_item")
