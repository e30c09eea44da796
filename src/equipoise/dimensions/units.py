"""Units of measure: how many of an item's own unit another unit is."""

import polars as pl


def unit_factors(wanted: pl.DataFrame, unit_conversion: pl.DataFrame) -> pl.Series:
    """Return, per row of `wanted` (item, from, to), how many `to` make one `from`; empty where no conversion says.

    A conversion of the item wins over one of all items, and a conversion is also read backwards.
    """
    forward = unit_conversion.select("from", "to", "item", "factor")
    backward = unit_conversion.filter(pl.col("factor") > 0).select(
        pl.col("to").alias("from"), pl.col("from").alias("to"), "item", (1 / pl.col("factor")).alias("factor")
    )
    found = wanted.with_row_index("#order").with_columns(pl.when(pl.col("from") == pl.col("to")).then(1.0).alias("same"))
    names = ["same"]
    for way, known in (("forward", forward), ("backward", backward)):
        own = known.filter(pl.col("item").is_not_null()).unique(["from", "to", "item"], keep="first", maintain_order=True)
        every = known.filter(pl.col("item").is_null()).drop("item").unique(["from", "to"], keep="first", maintain_order=True)
        found = found.join(own.rename({"factor": f"own {way}"}), on=["from", "to", "item"], how="left", maintain_order="left")
        found = found.join(every.rename({"factor": f"every {way}"}), on=["from", "to"], how="left", maintain_order="left")
        names += [f"own {way}", f"every {way}"]
    order = ["same", *sorted(name for name in names if name.startswith("own")), *(name for name in names if name.startswith("every"))]
    return found.sort("#order").select(pl.coalesce(order).alias("factor")).to_series()
