"""Currencies: how much of the plan's currency one unit of another buys, by period."""

import polars as pl


def currency_factors(wanted: pl.DataFrame, currency_rate: pl.DataFrame) -> pl.Series:
    """Return, per row of `wanted` (from, to, period), how much of `to` one `from` buys; empty where no rate says.

    A rate of the period wins over the latest earlier one, that over a rate without a period; a rate is also read backwards.
    """
    forward = currency_rate.select("from", "to", "period", "factor")
    backward = currency_rate.filter(pl.col("factor") > 0).select(
        pl.col("to").alias("from"), pl.col("from").alias("to"), "period", (1 / pl.col("factor")).alias("factor")
    )
    found = wanted.with_row_index("#order").with_columns(pl.when(pl.col("from") == pl.col("to")).then(1.0).alias("same"))
    names = ["same"]
    for way, known in (("forward", forward), ("backward", backward)):
        dated = known.drop_nulls("period").sort("period").rename({"factor": f"dated {way}"})
        always = known.filter(pl.col("period").is_null()).drop("period").unique(["from", "to"], keep="first", maintain_order=True)
        found = found.sort("period").join_asof(dated, on="period", by=["from", "to"], strategy="backward", check_sortedness=False)
        found = found.join(always.rename({"factor": f"always {way}"}), on=["from", "to"], how="left", maintain_order="left")
        names += [f"dated {way}", f"always {way}"]
    return found.sort("#order").select(pl.coalesce(names).alias("factor")).to_series()
