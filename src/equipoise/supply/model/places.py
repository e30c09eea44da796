"""Where items can be, and how they get from there to other locations and to markets."""

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from equipoise.supply.memory import Record
from equipoise.supply.model.timing import exact

Tables = Mapping[str, pl.DataFrame]
_PAIR = ["item", "location"]
_SAID = ["unit_cost", "lead_time", "lead_periods"]


@dataclass(frozen=True)
class Places(Record):
    """Points (an item at a location), and the flows between points and to markets.

    points: point, item, location. move: lane, item, from, to, from_point, point (where it arrives), t, unit_cost, lead_time,
    lead_periods.
    ship: demand, item, market, lane (empty where no lane reaches the market), location, point, t, unit_cost, lead_time,
    lead_periods.
    lane: the exact rows of lanes as a whole and by item, for limits and loads: lane, item (may be empty), t, limit,
    fixed_cost, minimum_load, lot_multiple, load_cost.
    """

    points: pl.DataFrame
    move: pl.DataFrame
    ship: pl.DataFrame
    lane: pl.DataFrame


def closed_locations(location: pl.DataFrame) -> list[str]:
    """Return the locations that are not open and have no cost of opening: nothing happens there."""
    shut = location.filter((~pl.col("is_open").fill_null(value=True)) & pl.col("opening_cost").is_null())
    return sorted(shut.get_column("location").to_list())


def places(tables: Tables, demands: pl.DataFrame, periods: pl.DataFrame) -> Places:
    """Return where items can be and how they move, sorted by key.

    An item can be where it is made, bought, in stock, expected, or where a lane brings it. It is moved only to where it is wanted:
    to be sold, used, kept for a policy, or moved on. `demands` has demand, item and market.
    """
    closed = closed_locations(tables["location"])
    lane = exact(tables["lane"], ["lane", "item"], periods).filter(~pl.col("from").is_in(closed) & ~pl.col("to").is_in(closed))
    edges = _edges(lane, tables, demands)
    inner, outer = _inner_and_outer(edges, tables)
    free = demands.join(outer.select(pl.col("to").alias("market")).unique(), on="market", how="anti", maintain_order="left")
    inner = inner.join(
        _wanted(tables, inner, outer, demands, free), left_on=["item", "to"], right_on=_PAIR, how="semi", maintain_order="left"
    )
    points = _reached(_sources(tables, closed), inner).sort(_PAIR).with_row_index("point").with_columns(pl.col("point").cast(pl.Int64))
    sellers = points.join(_suppliers(tables), on="location", how="anti", maintain_order="left")
    return Places(points, _moves(lane, inner, points), _ships(lane, outer, points, sellers, demands, free, periods), lane)


def _suppliers(tables: Tables) -> pl.DataFrame:
    return tables["location"].filter(pl.col("kind") == "supplier").select("location")


def _edges(lane: pl.DataFrame, tables: Tables, demands: pl.DataFrame) -> pl.DataFrame:
    """Return lane, item, from, to: a lane with rows by item carries those items, one without carries any."""
    named = lane.filter(pl.col("item").is_not_null()).select("lane", "item", "from", "to").unique()
    general = (
        lane.filter(pl.col("item").is_null())
        .select("lane", "from", "to")
        .unique()
        .join(named, on="lane", how="anti", maintain_order="left")
    )
    if not general.is_empty():
        sources = [tables[name].select("item") for name in ("item", "route", "purchase", "on_hand", "co_output")]
        items = pl.concat([*sources, demands.select("item")]).unique().drop_nulls()
        named = pl.concat([named, general.join(items, how="cross").select("lane", "item", "from", "to")])
    return named.sort("lane", "item", "from", "to")


def _inner_and_outer(edges: pl.DataFrame, tables: Tables) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the edges between locations, and those that end in a market."""
    names = ("location", "route", "purchase", "on_hand", "resource")
    known = pl.concat([tables[name].select("location") for name in names] + [edges.select(pl.col("from").alias("location"))])
    known = known.unique().drop_nulls()
    inner = edges.join(known, left_on="to", right_on="location", how="semi", maintain_order="left")
    return inner, edges.join(known, left_on="to", right_on="location", how="anti", maintain_order="left")


def _sources(tables: Tables, closed: list[str]) -> pl.DataFrame:
    """Return the items and locations where an item is made, bought, in stock or expected."""
    route = tables["route"].select("route", "item", "location").unique()
    twin = tables["co_output"].select("route", "item").join(route.select("route", "location"), on="route", maintain_order="left")
    made = [route.select(_PAIR), twin.select(_PAIR), tables["purchase"].select(_PAIR)]
    made = [frame.filter(~pl.col("location").is_in(closed)) for frame in made]
    stocked = [tables[name].filter(pl.col("quantity") > 0).select(_PAIR) for name in ("on_hand", "scheduled_receipt")]
    return pl.concat([*made, *stocked]).unique().drop_nulls()


def _wanted(tables: Tables, inner: pl.DataFrame, outer: pl.DataFrame, demands: pl.DataFrame, free: pl.DataFrame) -> pl.DataFrame:
    """Return the items and locations where an item is sold, used, kept for a policy or moved on to such a place."""
    if inner.is_empty():
        return pl.DataFrame(schema={"item": pl.String, "location": pl.String})
    sold = outer.join(demands, left_on=["item", "to"], right_on=["item", "market"], how="semi", maintain_order="left").select(
        "item", location="from"
    )
    stops = inner.select(location="to").unique()
    served = (
        free.select("item").unique().join(stops.join(_suppliers(tables), on="location", how="anti", maintain_order="left"), how="cross")
    )
    route = tables["route"].select("route", "location").unique()
    used = tables["bom"].select("route", item="component").join(route, on="route", maintain_order="left").select(_PAIR)
    kept = tables["inventory_policy"].filter(pl.col("location").is_not_null() & _holds()).select(_PAIR)
    wanted = pl.concat([sold, served, used, kept]).unique()
    return _grown(wanted, inner.select("item", "to", location="from"), "to")


def _holds() -> pl.Expr:
    """Whether a policy asks for stock."""
    return pl.any_horizontal(pl.col(name).fill_null(0) > 0 for name in ("safety_stock", "weeks_of_supply", "minimum", "ending_minimum"))


def _reached(sources: pl.DataFrame, inner: pl.DataFrame) -> pl.DataFrame:
    return _grown(sources, inner.select("item", "from", location="to"), "from")


def _grown(pairs: pl.DataFrame, steps: pl.DataFrame, gate: str) -> pl.DataFrame:
    """Return `pairs` and every (item, location) of `steps` whose (item, `gate`) is already in, until nothing is new."""
    while True:
        more = steps.join(pairs, left_on=["item", gate], right_on=_PAIR, how="semi", maintain_order="left").select(_PAIR).unique()
        more = more.join(pairs, on=_PAIR, how="anti", maintain_order="left")
        if more.is_empty():
            return pairs
        pairs = pl.concat([pairs, more])


def _lane_rows(lane: pl.DataFrame, edges: pl.DataFrame) -> pl.DataFrame:
    """Return the exact rows of `edges`: lane, item, from, to, t, unit_cost, lead_time, lead_periods; the whole lane's where the item's
    are empty. An item's own lead time, in days or in periods, wins over both of the whole lane.
    """
    ends = ["lane", "from", "to"]
    columns = [*ends, "item", "t", *_SAID]
    whole = lane.filter(pl.col("item").is_null()).select(*ends, "t", *_SAID)
    named = lane.filter(pl.col("item").is_not_null())
    own = named.join(whole, on=[*ends, "t"], how="left", suffix="_whole", maintain_order="left").with_columns(
        pl.coalesce("unit_cost", "unit_cost_whole"),
        pl.coalesce("lead_time", "lead_time_whole"),
        pl.when(pl.col("lead_time").is_null()).then(pl.coalesce("lead_periods", "lead_periods_whole")).otherwise("lead_periods"),
    )
    own = own.join(edges, on=[*ends, "item"], how="semi", maintain_order="left").select(columns)
    general = (
        edges.join(named.select("lane").unique(), on="lane", how="anti", maintain_order="left")
        .join(whole, on=ends, maintain_order="left")
        .select(columns)
    )
    return pl.concat([own, general])


def _moves(lane: pl.DataFrame, inner: pl.DataFrame, points: pl.DataFrame) -> pl.DataFrame:
    rows = _lane_rows(lane, inner).join(
        points.rename({"point": "from_point", "location": "from"}), on=["item", "from"], maintain_order="left"
    )
    rows = rows.join(points.rename({"location": "to"}), on=["item", "to"], maintain_order="left")
    return rows.sort("lane", "item", "from", "to", "t")


def _ships(
    lane: pl.DataFrame,
    outer: pl.DataFrame,
    points: pl.DataFrame,
    sellers: pl.DataFrame,
    demands: pl.DataFrame,
    free: pl.DataFrame,
    periods: pl.DataFrame,
) -> pl.DataFrame:
    """Return the ways to serve each demand: by lanes to its market, or, where no lane reaches it, from every location with the item."""
    columns = ["demand", "item", "market", "lane", "location", "point", "t", *_SAID]
    laned = _lane_rows(lane, outer).rename({"from": "location", "to": "market"})
    laned = laned.join(points, on=_PAIR, maintain_order="left").join(
        demands.select("demand", "item", "market"), on=["item", "market"], maintain_order="left"
    )
    direct = free.select("demand", "item", "market").join(sellers, on="item", maintain_order="left").join(periods.select("t"), how="cross")
    empty = [pl.lit(None, kind).alias(name) for name, kind in zip(_SAID, (pl.Float64, pl.Float64, pl.Int64), strict=True)]
    direct = direct.with_columns(pl.lit(None, pl.String).alias("lane"), *empty)
    return pl.concat([laned.select(columns), direct.select(columns)]).sort("demand", "location", "lane", "t", nulls_last=True)
