"""Material as a limit: where nothing more can arrive in time, the stock that is there limits what can be served."""

import polars as pl

from equipoise.supply.assembly import Problem
from equipoise.supply.explaining.wording import ASKED, one_of
from equipoise.supply.explaining.worth import TINY
from equipoise.supply.formulation.balance import arrivals
from equipoise.supply.model.network import Network
from equipoise.supply.solving.answer import Answer


def scarce_material(problem: Problem, answer: Answer) -> pl.DataFrame:
    """Return stock that would serve more demand, or serve it earlier, where nothing can arrive in the period, as limits to be valued.

    The limit is what is there: opening stock and scheduled receipts up to the period. What is there stands on the other side of its
    balance, so one more of it takes one off the bound of the row.
    """
    model = problem.model
    block = next((block for block in problem.blocks if block.rule.name == "stock_balance"), None)
    if block is None:
        return pl.DataFrame(schema=ASKED)
    span = slice(block.start, block.stop)
    rows = block.equation.rows.select("point", "t").with_row_index("row", offset=block.start)
    rows = rows.with_columns(pl.Series("serves", -answer.served_duals[span]), pl.Series("earlier", -answer.late_duals[span]))
    fed = model.memory(arrivals, model).select("point", t="arrival").unique()
    rows = rows.filter((pl.col("serves") > TINY) | (pl.col("earlier") > TINY)).join(
        fed, on=["point", "t"], how="anti", maintain_order="left"
    )
    rows = rows.join(model.memory(_there, model.net), on=["point", "t"], maintain_order="left").join(
        model.net.periods.select("t", "period"), on="t", maintain_order="left"
    )
    calendar = model.net.calendar
    starts = [
        f"Nothing more of {item} can arrive at {location} in {calendar.label(period)}: one more {one_of(unit or 'unit')} there"
        for item, location, unit, period in rows.select("item", "location", "unit", "period").iter_rows()
    ]
    return rows.select(
        pl.lit("material").alias("limit"),
        pl.format("{} at {}", "item", "location").alias("subject"),
        "period",
        pl.col("unit").fill_null("unit"),
        pl.col("there").alias("limited_to"),
        pl.col("row").cast(pl.Int64),
        pl.lit(-1.0).alias("sign"),
        pl.lit(value=True).alias("above"),
        pl.Series("start", starts, dtype=pl.String),
    )


def _there(net: Network) -> pl.DataFrame:
    """Return point, t, item, location, unit and there: opening stock and scheduled receipts up to the period."""
    grid = net.points.select("point", "item", "location", "unit", "opening").join(net.periods.select("t"), how="cross")
    grid = grid.join(net.receipts, on=["point", "t"], how="left", maintain_order="left")
    due = pl.col("quantity").fill_null(0.0).cum_sum().over("point", order_by="t")
    return grid.with_columns((pl.col("opening") + due).alias("there")).drop("opening", "quantity")
