"""Inventory policy: targets, least and most stock. Where a price is given, missing it costs; where none is, it must hold."""

import polars as pl

from equipoise.supply.formulation.equation import Equation, at_least, at_most, at_place, entries, equation, matched, numbered
from equipoise.supply.model.unknowns import Model

_COLUMNS = ["point", "t", "subject", "unit", "lower", "upper"]


def _rows(model: Model, level: pl.Expr) -> pl.DataFrame:
    """Return the policy rows with a `level`, numbered and named."""
    units = model.net.points.select("point", "unit")
    rows = model.policy.with_columns(level.alias("level")).filter(pl.col("level").is_not_null())
    rows = rows.join(units, on="point", how="left", maintain_order="left")
    return numbered(rows.with_columns(at_place().alias("subject")))


def _at_the_end(model: Model, column: str) -> pl.Expr:
    return pl.when(pl.col("t") == model.horizon - 1).then(pl.col(column))


def _floor(model: Model, level: pl.Expr) -> Equation:
    rows = _rows(model, level)
    rows = rows.filter(pl.col("level") > 0) if not rows.is_empty() else rows
    rows = numbered(rows.drop("row")).with_columns(*at_least("level"))
    return equation(
        rows.select(_COLUMNS),
        entries(matched(model["stock"], rows, ["point", "t"]), "row"),
        entries(matched(model["shortfall"], rows, ["point", "t"]), "row"),
    )


def target_stock(model: Model) -> Equation:
    r"""Stock and what is missing reach the target: safety stock, or the units that cover the coming weeks of supply, if those are more.

    $$s_{i,l,t} + f_{i,l,t} \ge \max(S_{i,l,t}, R_i(t, t + w))$$

    with S the safety stock that is given, else that which a service level asks for (table inventory_target), and R what customers, bills
    and lanes require in the w weeks after t. One row for every period of a point with a target; f exists
    only where a shortfall has a price. The dual is what one unit of target less would save.
    """
    return _floor(model, pl.col("target"))


def minimum_stock(model: Model) -> Equation:
    r"""Stock and what is missing reach the least stock; at the end of the horizon, the least ending stock.

    $$s_{i,l,t} + f_{i,l,t} \ge m_{i,l,t}$$

    One row for every period of a point with such a bound. The dual is what one unit less would save.
    """
    return _floor(model, pl.max_horizontal(pl.col("minimum"), _at_the_end(model, "ending_minimum")))


def maximum_stock(model: Model) -> Equation:
    r"""Stock less what is too much is within the most stock; at the end of the horizon, within the most ending stock.

    $$s_{i,l,t} - e_{i,l,t} \le M_{i,l,t}$$

    One row for every period of a point with such a bound; e exists only where an excess has a price. The dual is what room for one more
    unit is worth.
    """
    rows = _rows(model, pl.min_horizontal(pl.col("maximum"), _at_the_end(model, "ending_maximum"))).with_columns(*at_most("level"))
    return equation(
        rows.select(_COLUMNS),
        entries(matched(model["stock"], rows, ["point", "t"]), "row"),
        entries(matched(model["excess"], rows, ["point", "t"]), "row", -1),
    )
