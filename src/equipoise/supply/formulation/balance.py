"""Stock: what comes in equals what goes out and what stays; nothing is kept beyond its life."""

import datetime as dt

import polars as pl

from equipoise.supply.formulation.equation import Equation, at_most, at_place, dense_row, entries, equation, exactly, numbered
from equipoise.supply.model.timing import with_arrivals
from equipoise.supply.model.unknowns import Model

_ARRIVAL = ["point", "arrival", "column", "coefficient"]


def arrivals(model: Model) -> pl.DataFrame:
    """Return what an unknown brings into stock: point, arrival (bucket), column, coefficient (units that arrive for a unit of it).

    Production counts good units (yield) and what else comes out of its route; a lead time that ends inside a bucket is split.
    """
    net = model.net
    made = with_arrivals(model["make"], net.periods)
    goods = made.select("point", "arrival", "column", (pl.col("share") * pl.col("yield")).alias("coefficient"))
    twins = made.drop("point", "item").join(net.co_output, on="route", maintain_order="left")
    twins = twins.join(net.points.select("point", "item", "location"), on=["item", "location"], maintain_order="left")
    parts = [goods, twins.select("point", "arrival", "column", (pl.col("share") * pl.col("quantity")).alias("coefficient"))]
    for family in ("buy", "move"):
        came = with_arrivals(model[family], net.periods)
        parts.append(came.select("point", "arrival", "column", pl.col("share").alias("coefficient")))
    return pl.concat([part.select(_ARRIVAL) for part in parts])


def withdrawals(model: Model) -> pl.DataFrame:
    """Return what an unknown takes out of stock: point, t, column, coefficient. A component is taken when production starts."""
    net = model.net
    places = net.points.select("point", "item", "location")
    used = model["make"].select("route", "location", "t", "column").join(net.bom, on="route", maintain_order="left")
    used = used.join(places, left_on=["component", "location"], right_on=["item", "location"], maintain_order="left")
    one = pl.lit(1.0).alias("coefficient")
    return pl.concat(
        [
            used.select("point", "t", "column", pl.col("quantity").alias("coefficient")),
            model["move"].select(pl.col("from_point").alias("point"), "t", "column", one),
            model["ship"].select("point", "t", "column", one),
            model["scrap"].select("point", "t", "column", one),
        ]
    )


def missing_components(model: Model) -> pl.DataFrame:
    """Return the routes with a component that their location can never have: route, component, location."""
    net = model.net
    needed = (
        model["make"].select("route", "location").unique().join(net.bom.select("route", "component"), on="route", maintain_order="left")
    )
    places = net.points.select("item", "location")
    missing = needed.join(places, left_on=["component", "location"], right_on=["item", "location"], how="anti", maintain_order="left")
    return missing.sort("route", "component").unique("route", keep="first", maintain_order=True)


def stock_balance(model: Model) -> Equation:
    r"""Stock of the last period and what arrives equals stock, moves out, shipments, component use and scrap.

    $$s_{i,l,t-1} + \sum a_{i,l,t} + r_{i,l,t}
    = s_{i,l,t} + \sum m_{i,l \to \cdot,t} + \sum x_{i,l \to \cdot,t} + \sum b_{o,i}\, p_{o,t} + z_{i,l,t}$$

    One row for every point and period. The dual is what one more unit of the item there and then would be worth.
    """
    stock = model["stock"]
    opening = model.net.points.select("point", "opening")
    rows = stock.select("point", "t").join(opening, on="point", how="left", maintain_order="left")
    rows = rows.join(model.net.receipts, on=["point", "t"], how="left", maintain_order="left")
    given = pl.col("quantity").fill_null(0.0) + pl.when(pl.col("t") == 0).then(pl.col("opening")).otherwise(0.0)
    rows = rows.select("point", "t", *exactly(-given))
    carried = stock.filter(pl.col("t") < model.horizon - 1)
    return equation(
        rows,
        entries(stock, dense_row(model, "point"), -1),
        entries(carried, dense_row(model, "point") + 1),
        entries(arrivals(model), dense_row(model, "point", "arrival"), "coefficient"),
        entries(withdrawals(model), dense_row(model, "point"), -pl.col("coefficient")),
    )


def component_source(model: Model) -> Equation:
    r"""A route makes nothing where one of its components can never be.

    $$p_{o,t} \le 0$$

    One row for every period of such a route. The dual says what a unit made there would be worth.
    """
    starved = model["make"].select("route", "t", "column").join(missing_components(model), on="route", maintain_order="left")
    starved = starved.join(_units(model), left_on="component", right_on="item", how="left", maintain_order="left")
    rows = numbered(starved.with_columns(*at_most(pl.lit(0.0)), at_place("component").alias("subject")))
    rows = rows.with_columns(pl.format("{} (for {})", "subject", "route").alias("subject"))
    return equation(rows.select("route", "t", "subject", "unit", "lower", "upper"), entries(rows, "row"))


def _units(model: Model) -> pl.DataFrame:
    return model.net.points.select("item", "unit").unique("item")


def shelf_life(model: Model) -> Equation:
    r"""Stock is no more than what arrived within the last life of the item, first in first out.

    $$s_{i,l,t} \le \sum_{u = t - n + 1}^{t} a_{i,l,u} + \text{opening stock still good}$$

    One row for every period of a point whose item keeps for a limited time. An item that moves is as old as its arrival there. The dual
    is what a unit with one period more of life would be worth.
    """
    lives, good = _lives(model)
    rows = numbered(good.with_columns(*at_most("good"), at_place().alias("subject")))
    came = arrivals(model).join(rows.select("point", "t", "row"), on="point", maintain_order="left")
    came = came.join(lives, on="point", maintain_order="left").join(_ages(model), on=["t", "arrival"], maintain_order="left")
    fresh = came.filter(pl.col("shelf_life").is_null() | (pl.col("age") <= pl.col("shelf_life")))
    kept = model["stock"].join(rows.select("point", "t", "row"), on=["point", "t"], maintain_order="left")
    rows = rows.select("point", "t", "subject", "unit", "lower", "upper")
    return equation(rows, entries(kept, "row"), entries(fresh, "row", -pl.col("coefficient")))


def _ages(model: Model) -> pl.DataFrame:
    """Return the days from the end of each bucket of arrival to the end of each bucket t not before it."""
    ends = model.net.periods.select("t", end=pl.col("start") + pl.col("days"))
    pairs = ends.join(ends.select(arrival="t", arrived="end"), how="cross").filter(pl.col("arrival") <= pl.col("t"))
    return pairs.select("t", "arrival", (pl.col("end") - pl.col("arrived")).cast(pl.Float64).alias("age"))


def _lives(model: Model) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the perishing points with their shelf life, and the given stock of each that is still good at the end of each period."""
    net = model.net
    lots = net.on_hand.select("item", "location", "quantity", "expires")
    dated = lots.filter(pl.col("expires").is_not_null()).select("item", "location").unique()
    points = net.points.select("point", "item", "location", "unit", "shelf_life")
    lives = points.filter(pl.col("shelf_life").is_not_null()).vstack(
        points.filter(pl.col("shelf_life").is_null()).join(dated, on=["item", "location"], how="semi", maintain_order="left")
    )
    lives = lives.sort("point")
    grid = lives.join(net.periods.select("t", (pl.col("start") + pl.col("days")).alias("end")), how="cross")
    first = net.calendar.start
    known = pl.concat(
        [
            lots.join(lives.select("point", "item", "location", "shelf_life"), on=["item", "location"], maintain_order="left").select(
                "point", "quantity", _good_for(first, pl.col("shelf_life")).alias("good_for")
            ),
            net.receipts.join(lives.select("point", "shelf_life"), on="point", maintain_order="left")
            .join(net.periods.select("t", "start", "days"), on="t", maintain_order="left")
            .select("point", "quantity", (pl.col("start") + pl.col("days") + pl.col("shelf_life")).cast(pl.Float64).alias("good_for")),
        ]
    )
    still = (
        grid.select("point", "t", "end")
        .join(known, on="point", maintain_order="left")
        .filter(pl.col("good_for").is_null() | (pl.col("good_for") >= pl.col("end")))
    )
    still = still.group_by("point", "t", maintain_order=True).agg(pl.col("quantity").sum().alias("good"))
    good = grid.join(still, on=["point", "t"], how="left", maintain_order="left").with_columns(pl.col("good").fill_null(0.0))
    return lives.select("point", "shelf_life"), good


def _good_for(first: dt.date, shelf_life: pl.Expr) -> pl.Expr:
    """Days from the start of the horizon to the last day of a lot on hand: its own date, else its shelf life from today.

    A lot that expires on the last day of a period is used in that period, and not carried into the next.
    """
    own = (pl.col("expires") - pl.lit(first)).dt.total_days().cast(pl.Float64)
    return pl.coalesce(own, shelf_life)
