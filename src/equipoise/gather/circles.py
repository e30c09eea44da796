"""Circles of lanes: those that an item could go, and those where going round would earn money without end."""

from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise

import polars as pl

from equipoise.dimensions.hierarchy import loops

Loop = tuple[str, ...]
Row = dict[str, object]
_LEG = ["lane", "item", "from", "to"]
_BOUNDS = ("limit", "fixed_cost", "load_cost")
_NOTHING = 1e-9


def circles(lanes: pl.DataFrame) -> list[tuple[Loop, Row]]:
    """Return each circle that one item could go, with a row of its last leg. `lanes` has lane, from, to and may have item."""
    found: dict[frozenset[str], tuple[Loop, Row]] = {}
    for legs in _by_item(lanes):
        edges: dict[str, dict[str, None]] = defaultdict(dict)
        rows: dict[tuple[str, str], Row] = {}
        for row in legs.iter_rows(named=True):
            edges[row["from"]][row["to"]] = None
            rows.setdefault((row["from"], row["to"]), row)
        for loop in loops(edges):
            found.setdefault(frozenset(loop), (loop, rows[loop[-2], loop[-1]]))
    return list(found.values())


def _by_item(lanes: pl.DataFrame) -> list[pl.DataFrame]:
    """Return the legs that one item could go, item by item, and last those of items without rows of their own.

    A lane without item rows is open to every item.
    """
    legs = _itemised(lanes).unique(_LEG, keep="first", maintain_order=True)
    named = legs.filter(pl.col("item").is_not_null())
    every = legs.join(named, on="lane", how="anti", maintain_order="left")
    own = [rows for _, rows in named.group_by("item", maintain_order=True)]
    return [pl.concat([rows, every]) for rows in [*own, every.clear()]]


def _itemised(lanes: pl.DataFrame) -> pl.DataFrame:
    return lanes if "item" in lanes.columns else lanes.with_columns(pl.lit(None, dtype=pl.String).alias("item"))


def timeless(loop: Loop, quick: set[tuple[str, str]]) -> bool:
    """Return whether every leg of the loop is among `quick`, the legs that take no time."""
    return all(leg in quick for leg in pairwise(loop))


def paying_circles(lanes: pl.DataFrame, worked: frozenset[str]) -> list[tuple[Loop, float, Row]]:
    """Return the circles in which moving a unit round earns money without end: the places, what it earns, and the row that pays most.

    `lanes` are those that take no time; a lane with a limit, a cost of use or of loads, or that takes time of a resource (`worked`), has an
    end. Found as a circle of negative length (R. Bellman, On a Routing Problem, 1958).
    """
    if "unit_cost" not in lanes.columns or lanes.filter(pl.col("unit_cost") < 0).is_empty():
        return []
    found: dict[frozenset[str], tuple[Loop, float, Row]] = {}
    for rows in _at_each_time(_itemised(lanes)):
        for legs in _by_item(_priced(rows, worked)):
            free = legs.filter(~pl.col("#held"))
            if free.filter(pl.col("#cost") < 0).height:
                for circle in _earning(free):
                    found.setdefault(frozenset(circle[0]), circle)
    return list(found.values())


def _at_each_time(lanes: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """Give the rows that hold together: those without period, and with those of each period in their place."""
    if "period" not in lanes.columns:
        yield lanes
        return
    yield lanes.filter(pl.col("period").is_null())
    for period in lanes.get_column("period").drop_nulls().unique().sort():
        here = lanes.filter(pl.col("period").is_null() | (pl.col("period") == period))
        yield here.sort("period", nulls_last=True, maintain_order=True).unique(_LEG, keep="first", maintain_order=True)


def _priced(lanes: pl.DataFrame, worked: frozenset[str]) -> pl.DataFrame:
    """Return the rows with `#cost` (the item's own, else the whole lane's) and `#held`: whether something bounds or prices its use."""
    bounds = [pl.col(name).is_not_null() & (pl.col(name) > 0) for name in _BOUNDS if name in lanes.columns]
    held = pl.any_horizontal(pl.lit(value=False), pl.col("lane").is_in(sorted(worked)), *bounds)
    rows = lanes.with_columns(held.any().over("lane").alias("#held"))
    whole = rows.filter(pl.col("item").is_null()).select("lane", "from", "to", pl.col("unit_cost").alias("#whole"))
    whole = whole.unique(["lane", "from", "to"], keep="first", maintain_order=True)
    rows = rows.join(whole, on=["lane", "from", "to"], how="left", maintain_order="left")
    return rows.with_columns(pl.coalesce("unit_cost", "#whole").fill_null(0.0).cast(pl.Float64).alias("#cost"))


def _earning(legs: pl.DataFrame) -> Iterator[tuple[Loop, float, Row]]:
    """Give a circle of negative cost among the legs, where there is one."""
    edges: dict[tuple[str, str], Row] = {}
    for row in legs.sort("#cost", maintain_order=True).iter_rows(named=True):
        edges.setdefault((row["from"], row["to"]), row)
    costs = {leg: float(row["#cost"]) for leg, row in edges.items()}  # type: ignore[arg-type]
    length = {place: 0.0 for leg in costs for place in leg}
    before: dict[str, str] = {}
    last = ""
    for _ in length:
        last = ""
        for (start, end), cost in costs.items():
            if length[start] + cost < length[end] - _NOTHING:
                length[end] = length[start] + cost
                before[end] = last = start
        if not last:
            return
    for _ in length:
        last = before[last]
    loop = [last]
    while before[loop[-1]] != last:
        loop.append(before[loop[-1]])
    loop.reverse()
    first = loop.index(min(loop))
    places = (*loop[first:], *loop[:first], loop[first])
    round_trip = list(pairwise(places))
    yield places, -sum(costs[leg] for leg in round_trip), edges[min(round_trip, key=lambda leg: costs[leg])]
