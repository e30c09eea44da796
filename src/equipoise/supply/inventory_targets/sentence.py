"""What a safety stock rests on, in words: the formula with its numbers, or why there is none."""

import polars as pl


def sentence() -> pl.Expr:
    """Return `sentence` of rows with the columns of inventory_target and given, factor, spread, unknown, expected, unit, way and window."""
    formula = pl.concat_str(_aim(), _formula(), _times(), _given())
    nothing = pl.concat_str(
        _aim(), pl.lit("nothing is expected to be asked for in the lead and review time, so no safety stock is needed."), _given()
    )
    return (
        pl.when(pl.col("lead_time").is_null())
        .then(
            pl.format(
                "Nothing supplies {} at {}, so there is no lead time to be safe against: no safety stock is worked out.", "item", "location"
            )
        )
        .when(pl.col("service_level") >= 1)
        .then(pl.lit("No stock is enough for a service level of 100 %: give a level below 1, such as 0.99. No safety stock is worked out."))
        .when(pl.col("unknown") > 0, pl.col("safety_stock").is_null())
        .then(_unknown())
        .when(pl.col("spread") <= 0, pl.col("expected") <= 0)
        .then(nothing)
        .otherwise(formula)
        .alias("sentence")
    )


def _figure(column: str) -> pl.Expr:
    """A number as text: whole from 100 on, with one digit from 10 on, else with two."""
    value = pl.col(column)
    size = value.abs()
    text = pl.when(size >= 100).then(value.round(0)).when(size >= 10).then(value.round(1)).otherwise(value.round(2)).cast(pl.String)
    return text.str.strip_suffix(".0")


def _aim() -> pl.Expr:
    percent = (pl.col("service_level") * 100).round(2).cast(pl.String).str.strip_suffix(".0")
    cycles = pl.format("For {} % of cycles without a stockout: ", percent)
    return pl.when(pl.col("service_measure") == "units").then(pl.format("For {} % of units served from stock: ", percent)).otherwise(cycles)


def _formula() -> pl.Expr:
    return pl.format(
        "{} x √({} days x {}² + {}² x {}²) = {} {}. ",
        pl.col("factor").round(3).cast(pl.String),
        _figure("window"),
        _figure("demand_deviation"),
        _figure("demand"),
        _figure("lead_time_deviation"),
        _figure("safety_stock"),
        "unit",
    )


def _times() -> pl.Expr:
    varies = (
        pl.when(pl.col("lead_time_deviation") > 0).then(pl.format(" (deviation {})", _figure("lead_time_deviation"))).otherwise(pl.lit(""))
    )
    return pl.format(
        "Lead time {} days{} by {}, review {} days; demand {} a day, forecast error {} a day.",
        _figure("lead_time"),
        varies,
        "way",
        _figure("review_time"),
        _figure("demand"),
        _figure("demand_deviation"),
    )


def _given() -> pl.Expr:
    words = pl.format(" The policy gives a safety stock of {}, which the plan holds instead.", _figure("given"))
    return pl.when(pl.col("given").is_not_null()).then(words).otherwise(pl.lit(""))


def _unknown() -> pl.Expr:
    return pl.format(
        "No forecast error is known for {} of the {} {} expected in lead and review time (p10 and p90 of their demand plan are empty): "
        "no safety stock is worked out.",
        _figure("unknown"),
        _figure("expected"),
        "unit",
    )
