"""Material as a limit: where nothing more can arrive in time, the stock that is there limits what can be served."""

import polars as pl

from equipoise.supply.assembly import Problem
from equipoise.supply.formulation.balance import arrivals
from equipoise.supply.solving.answer import Answer
from equipoise.tables import table

_TINY = 1e-6


def scarce_material(problem: Problem, answer: Answer, *, money_known: bool) -> pl.DataFrame:
    """Return rows of the table binding: stock that would serve more demand, or serve it earlier, where nothing can arrive in the period.

    The limit is what is there: opening stock and scheduled receipts up to the period. The value is what one more unit there would be worth.
    """
    model = problem.model
    block = next((block for block in problem.blocks if block.rule.name == "stock_balance"), None)
    if block is None:
        return table("binding").empty()
    span = slice(block.start, block.stop)
    rows = block.equation.rows.select("point", "t").with_columns(
        pl.Series("worth", -answer.money_duals[span]),
        pl.Series("serves", -answer.served_duals[span]),
        pl.Series("earlier", -answer.late_duals[span]),
    )
    fed = arrivals(model).select("point", t="arrival").unique()
    rows = rows.filter((pl.col("serves") > _TINY) | (pl.col("earlier") > _TINY)).join(
        fed, on=["point", "t"], how="anti", maintain_order="left"
    )
    rows = rows.join(_there(problem), on=["point", "t"], maintain_order="left").join(
        model.net.periods.select("t", "period"), on="t", maintain_order="left"
    )
    calendar = model.net.calendar
    sentences = [
        _sentence(item, location, unit or "unit", calendar.label(period), worth if money_known else None, serves)
        for item, location, unit, period, worth, serves in rows.select("item", "location", "unit", "period", "worth", "serves").iter_rows()
    ]
    return table("binding").conform(
        rows.with_columns(
            pl.lit("material").alias("limit"),
            pl.format("{} at {}", "item", "location").alias("subject"),
            pl.col("there").alias("limited_to"),
            (pl.col("worth") if money_known else pl.lit(None, pl.Float64)).alias("value"),
            pl.Series("sentence", sentences, dtype=pl.String),
        )
    )


def _there(problem: Problem) -> pl.DataFrame:
    """Return point, t, item, location, unit and there: opening stock and scheduled receipts up to the period."""
    net = problem.model.net
    grid = net.points.select("point", "item", "location", "unit", "opening").join(net.periods.select("t"), how="cross")
    grid = grid.join(net.receipts, on=["point", "t"], how="left", maintain_order="left")
    due = pl.col("quantity").fill_null(0.0).cum_sum().over("point", order_by="t")
    return grid.with_columns((pl.col("opening") + due).alias("there")).drop("opening", "quantity")


def _sentence(item: str, location: str, unit: str, period: str, worth: float | None, serves: float) -> str:
    start = f"Nothing more of {item} can arrive at {location} in {period}: one more {one_of(unit)} there"
    if worth is not None and worth > _TINY:
        return f"{start} would be worth {worth:,.2f}."
    return f"{start} would serve {serves:,.2f} more units of demand." if serves > _TINY else f"{start} would serve demand earlier."


def one_of(unit: str) -> str:
    """Return one of a unit: hour for hours."""
    return unit[:-1] if unit.endswith("s") and len(unit) > 2 and not unit.endswith("ss") else unit
