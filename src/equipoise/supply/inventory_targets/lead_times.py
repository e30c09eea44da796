"""How long what is ordered takes to arrive at each point, and how far that varies."""

import polars as pl

from equipoise.supply.model.network import Network

_WAY = ["point", "t", "lead_time", "lead_time_deviation", "way"]


def lead_times(net: Network) -> pl.DataFrame:
    """Return lead_time and lead_time_deviation (days) and `way` (in words) of every point and t: those of the slowest way to supply it.

    Of several routes, purchases and lanes the one with the longest lead time counts, of equal ones that which varies most: whichever way
    the plan then takes, the stock covers it. Where none may be used in a period, the slowest of the horizon; a point that nothing
    supplies has no row. A lead time that is not given is 0, as in the plan; one in periods counts the days of the period in which work
    starts. What is upstream counts as in stock there.
    """
    ways = pl.concat([_made(net), _bought(net), _moved(net)]).with_columns(pl.col("lead_time", "lead_time_deviation").fill_null(0.0))
    ways = ways.sort("point", "t", "lead_time", "lead_time_deviation", "way", descending=[False, False, True, True, False])
    each = ways.filter((pl.col("point") != pl.col("point").shift(1)).fill_null(value=True) | (pl.col("t") != pl.col("t").shift(1)))
    slowest = each.sort("lead_time", "lead_time_deviation", "way", descending=[True, True, False], maintain_order=True)
    slowest = slowest.unique("point", keep="first", maintain_order=True).drop("t").join(net.periods.select("t"), how="cross")
    without = slowest.select(_WAY).join(each, on=["point", "t"], how="anti", maintain_order="left")
    return pl.concat([each, without]).sort("point", "t")


def _named(kind: str, name: str) -> pl.Expr:
    return pl.format(f"{kind} {{}}", name).alias("way")


def _in_days(net: Network, ways: pl.DataFrame) -> pl.DataFrame:
    """Return the ways with their lead time in days, where it is given in periods too."""
    rows = ways.join(net.periods.select("t", "days"), on="t", how="left", maintain_order="left")
    days = (pl.col("lead_periods") * pl.col("days")).cast(pl.Float64)
    return rows.with_columns(pl.coalesce(days, "lead_time").alias("lead_time")).drop("lead_periods", "days")


def _made(net: Network) -> pl.DataFrame:
    """Ways by route, for what it makes and for what comes out with it."""
    routes = _in_days(net, net.make.select("route", "point", "location", "t", "lead_time", "lead_time_deviation", "lead_periods"))
    twins = net.co_output.select("route", "item").join(routes.drop("point"), on="route", maintain_order="left")
    twins = twins.join(net.points.select("point", "item", "location"), on=["item", "location"], maintain_order="left")
    return pl.concat([routes.drop("location"), twins.select(routes.drop("location").columns)]).select(
        "point", "t", "lead_time", "lead_time_deviation", _named("route", "route")
    )


def _bought(net: Network) -> pl.DataFrame:
    return _in_days(net, net.buy).select("point", "t", "lead_time", "lead_time_deviation", _named("purchase", "purchase"))


def _moved(net: Network) -> pl.DataFrame:
    """Ways by lane: the deviation of the item's row, else of the whole lane."""
    moves = _in_days(net, net.places.move.select("lane", "item", "point", "t", "lead_time", "lead_periods"))
    rows = net.places.lane.select("lane", "item", "t", "lead_time_deviation")
    own = rows.filter(pl.col("item").is_not_null()).rename({"lead_time_deviation": "own"})
    whole = rows.filter(pl.col("item").is_null()).drop("item").rename({"lead_time_deviation": "whole"})
    found = moves.join(
        own.unique(["lane", "item", "t"], keep="first", maintain_order=True), on=["lane", "item", "t"], how="left", maintain_order="left"
    )
    found = found.join(whole.unique(["lane", "t"], keep="first", maintain_order=True), on=["lane", "t"], how="left", maintain_order="left")
    return found.select("point", "t", "lead_time", pl.coalesce("own", "whole").alias("lead_time_deviation"), _named("lane", "lane"))
