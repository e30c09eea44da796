"""Purchases, lanes and sites: what suppliers can deliver, lanes can carry, and what a closed site cannot do."""

import polars as pl

from equipoise.supply.formulation.balance import arrivals, withdrawals
from equipoise.supply.formulation.equation import INFINITY, Equation, at_least, at_most, between, entries, equation, matched, numbered
from equipoise.supply.formulation.lots import at_hand, most_needed, whole
from equipoise.supply.model.unknowns import Model


def purchase_limit(model: Model) -> Equation:
    r"""Between the least and the most is bought of each purchase, in a period or over the horizon.

    $$Q^{min}_{c} \le \sum_{t} b_{c,t} \le Q^{max}_{c}$$

    One row for every limit that is given. The dual is what one more unit of the supplier is worth.
    """
    buy = model["buy"]
    limits = model.net.purchase_limit.filter(pl.col("minimum").is_not_null() | pl.col("maximum").is_not_null())
    units = model.net.points.select("point", "unit")
    named = buy.select("purchase", "point").unique("purchase").join(units, on="point", how="left", maintain_order="left").drop("point")
    rows = numbered(
        limits.join(named, on="purchase", maintain_order="left").with_columns(
            pl.col("purchase").alias("subject"), *between("minimum", "maximum")
        )
    )
    each = matched(buy, rows.filter(pl.col("t").is_not_null()), ["purchase", "t"])
    whole = matched(buy, rows.filter(pl.col("t").is_null()), ["purchase"])
    return equation(rows.select("purchase", "t", "subject", "unit", "lower", "upper"), entries(each, "row"), entries(whole, "row"))


def _lane_flow(model: Model, rows: pl.DataFrame) -> pl.DataFrame:
    """Return the moves and shipments on the lanes of `rows` (an empty item means the whole lane)."""
    flow = pl.concat([model[family].select("lane", "item", "t", "column") for family in ("move", "ship")]).filter(
        pl.col("lane").is_not_null()
    )
    named = matched(flow, rows.filter(pl.col("item").is_not_null()), ["lane", "item", "t"])
    whole = matched(flow, rows.filter(pl.col("item").is_null()), ["lane", "t"])
    return pl.concat([named.select("row", "column"), whole.select("row", "column")])


def _lane_name() -> pl.Expr:
    return pl.when(pl.col("item").is_null()).then(pl.col("lane")).otherwise(pl.format("{} on {}", "item", "lane")).alias("subject")


_LANE = ["lane", "item", "t", "subject", "unit", "lower", "upper"]


def _lane_rows(model: Model, frame: pl.DataFrame) -> pl.DataFrame:
    units = model.net.points.select("item", "unit").unique("item")
    return numbered(frame.join(units, on="item", how="left", maintain_order="left").with_columns(_lane_name()).sort("lane", "item", "t"))


def lane_limit(model: Model) -> Equation:
    r"""No more moves on a lane than its limit, of an item or in all.

    $$\sum_i m_{a,i,t} \le L_{a,t}$$

    One row for every period of a lane with a limit. The dual is what one more unit on the lane is worth.
    """
    asked = model.net.places.lane.filter(pl.col("limit").is_not_null())
    rows = _lane_rows(model, asked.select("lane", "item", "t", "limit")).with_columns(*at_most("limit"))
    return equation(rows.select(_LANE), entries(_lane_flow(model, rows), "row"))


def lane_use(model: Model) -> Equation:
    r"""Nothing moves on a lane that is not used.

    $$\sum_i m_{a,i,t} \le M_{a}\, u_{a,t}$$

    with M the most that all demand, and what there is at the start, could move. One row for every use. The dual has no meaning of its own.
    """
    most = most_needed(model).join(at_hand(model), on="item", how="left", maintain_order="left")
    most = most.select("item", pl.col("most") + pl.col("at_hand").fill_null(0.0))
    uses = _lane_rows(model, model["use"].select("lane", "item", "t", "column"))
    flow = _lane_flow(model, uses)
    items = pl.concat([model[family].select("column", "item") for family in ("move", "ship")])
    needed = (
        flow.join(items, on="column", maintain_order="left")
        .join(most, on="item", maintain_order="left")
        .select("row", "item", "most")
        .unique()
        .group_by("row", maintain_order=True)
        .agg(pl.col("most").sum())
    )
    limit = model.net.places.lane.select("lane", "item", "t", "limit")
    rows = uses.join(needed, on="row", how="left", maintain_order="left").join(
        limit, on=["lane", "item", "t"], how="left", nulls_equal=True, maintain_order="left"
    )
    rows = rows.with_columns(*at_most(pl.lit(0.0)), pl.min_horizontal(pl.col("most").fill_null(0.0), "limit").alias("most"))
    return equation(rows.select(_LANE), entries(flow, "row"), entries(rows, "row", -pl.col("most")))


def minimum_load(model: Model) -> Equation:
    r"""A lane that is used carries at least its least load.

    $$\sum_i m_{a,i,t} \ge l_{a,t}\, u_{a,t}$$

    One row for every use of a lane with `minimum_load`, where integers are asked for. The dual is what one unit less would save.
    """
    uses = _lane_rows(
        model, model["use"].filter((pl.col("minimum_load") > 0) & whole(model)).select("lane", "item", "t", "column", "minimum_load")
    )
    rows = uses.with_columns(*at_least(pl.lit(0.0)))
    return equation(rows.select(_LANE), entries(_lane_flow(model, rows), "row"), entries(rows, "row", -pl.col("minimum_load")))


def load_multiple(model: Model) -> Equation:
    r"""A lane carries whole loads; where a load has a cost of its own, there are loads enough for what moves.

    $$\sum_i m_{a,i,t} = q_a\, n_{a,t}, \qquad \sum_i m_{a,i,t} \le q_a\, n_{a,t} \text{ where a load has a cost}$$

    A load that is paid for as such may go part full. One row for every period of a lane, or an item on it, with `lot_multiple`, where
    integers are asked for or a load has a cost. The dual has no meaning of its own.
    """
    paid = pl.col("load_cost").fill_null(0.0) > 0
    loads = _lane_rows(model, model["loads"].select("lane", "item", "t", "column", "lot_multiple", "load_cost"))
    rows = loads.with_columns(pl.when(paid).then(-INFINITY).otherwise(0.0).alias("lower"), pl.lit(0.0).alias("upper"))
    return equation(rows.select(_LANE), entries(_lane_flow(model, rows), "row"), entries(rows, "row", -pl.col("lot_multiple")))


def site_open(model: Model) -> Equation:
    r"""Nothing comes into or leaves a site that is closed.

    $$\sum (\text{in} + \text{out})_{i,l,t} \le M_{i}\, o_l, \qquad o_l = 1 - c_l \text{ for a site that may be closed}$$

    One row for every period of an item at such a site. The dual has no meaning of its own.
    """
    sites = [
        model[family].select("location", pl.lit(sign).alias("sign"), pl.col("column").alias("site"))
        for family, sign in (("opening", -1.0), ("closing", 1.0))
    ]
    points = model.net.points.join(pl.concat(sites), on="location", maintain_order="left").join(
        most_needed(model), on="item", how="left", maintain_order="left"
    )
    points = points.join(at_hand(model), on="item", how="left", maintain_order="left")
    points = points.with_columns((2 * (pl.col("most").fill_null(0.0) + pl.col("at_hand").fill_null(0.0))).alias("most"))
    rows = numbered(points.join(model.net.periods.select("t"), how="cross").sort("point", "t"))
    rows = rows.with_columns(*at_most(pl.when(pl.col("sign") > 0).then(pl.col("most")).otherwise(0.0)))
    flows = pl.concat([arrivals(model).select("point", "column", t="arrival"), withdrawals(model).select("point", "column", "t")]).unique()
    decision = rows.with_columns(pl.col("site").alias("column"))
    return equation(
        rows.select("point", "t", "lower", "upper"),
        entries(matched(flows, rows, ["point", "t"]), "row"),
        entries(decision, "row", pl.col("sign") * pl.col("most")),
    )
