"""What is required of every point, and how long stock lasts: the forward cover behind targets and weeks of supply."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from equipoise.supply.memory import Memory, Record
from equipoise.supply.model.network import Network
from equipoise.supply.model.timing import buckets

Array = npt.NDArray[np.float64]
_DEEPEST_BILL = 30
_NO_SHARE = 1e-12
_DAYS_A_WEEK = 7.0


@dataclass(frozen=True)
class Requirement(Record):
    """Units required of each point: `quantity` by point and bucket, the horizon and a year after it; `ends`: last day of each bucket."""

    quantity: Array
    ends: Array
    horizon: int

    def cumulative(self) -> Array:
        """Units required from the start of the horizon to the end of each bucket, with a zero in front."""
        zero = np.zeros((self.quantity.shape[0], 1))
        return np.concatenate([zero, np.cumsum(self.quantity, axis=1)], axis=1)


def independent_demand(net: Network) -> tuple[Array, Array]:
    """Return demand by demand number and bucket, over the horizon and a year after it, and the last day of each bucket.

    After the horizon, demand is what the demand plan says there; where it says nothing, that of the same period a year earlier, or,
    where the horizon is shorter than a year, the average of the horizon.
    """
    season = net.calendar.periods_a_year
    horizon = net.horizon
    tail = buckets(net.calendar, season)
    known = np.zeros((net.demands.height, horizon))
    known[net.demand.get_column("demand").to_numpy(), net.demand.get_column("t").to_numpy()] = net.demand.get_column("quantity").to_numpy()
    after = known[:, horizon - season :] if horizon >= season else np.repeat(known.mean(axis=1, keepdims=True), season, axis=1)
    every = np.concatenate([known, after], axis=1)
    if not net.later.is_empty():
        later = net.later.join(net.demands.select("demand", "item", "market"), on=["item", "market"], maintain_order="left")
        every[later.get_column("demand").to_numpy(), later.get_column("t").to_numpy()] = later.get_column("quantity").to_numpy()
    return every, (tail.get_column("start") + tail.get_column("days")).to_numpy().astype(np.float64)


def _share(frame: pl.DataFrame, target: str, flows: pl.DataFrame | None, key: list[str]) -> pl.DataFrame:
    """Return `frame` with `share` of each row in its `target`: by `flows` where they are given and not all zero, else equal."""
    if flows is None:
        return frame.with_columns((1.0 / pl.len().over(target)).alias("share"))
    frame = frame.join(flows, on=key, how="left", nulls_equal=True, maintain_order="left").with_columns(pl.col("flow").fill_null(0.0))
    total = pl.col("flow").sum().over(target)
    return frame.with_columns(pl.when(total > 0).then(pl.col("flow") / total).otherwise(1.0 / pl.len().over(target)).alias("share"))


def _ways(net: Network) -> pl.DataFrame:
    """Return every way to supply a point: kind, key (route, purchase or lane), point, from_point (of a lane) and yield."""
    nowhere = pl.lit(None, pl.Int64).alias("from_point")
    made = net.make.group_by("route", "point", maintain_order=True).agg(pl.col("yield").mean())
    bought = net.buy.select("purchase", "point").unique()
    moved = net.places.move.select("lane", "from_point", "point").unique()
    return pl.concat(
        [
            made.select(pl.lit("make").alias("way"), pl.col("route").alias("key"), "point", nowhere, "yield"),
            bought.select(pl.lit("buy").alias("way"), pl.col("purchase").alias("key"), "point", nowhere, pl.lit(1.0).alias("yield")),
            moved.select(pl.lit("move").alias("way"), pl.col("lane").alias("key"), "point", "from_point", pl.lit(1.0).alias("yield")),
        ]
    ).sort("way", "key", "point", "from_point")


def _served(net: Network) -> pl.DataFrame:
    """Return the demands and the points that may serve them."""
    return net.places.ship.select("demand", "point").unique().sort("demand", "point")


def _edges(net: Network, ways: pl.DataFrame) -> pl.DataFrame:
    """Return parent, child and factor: a unit required of the parent point requires `factor` units of the child point."""
    made = ways.filter((pl.col("way") == "make") & (pl.col("yield") > 0)).rename({"key": "route", "point": "parent"})
    made = made.join(net.points.select("point", "location"), left_on="parent", right_on="point", maintain_order="left")
    used = made.join(net.bom, on="route", maintain_order="left").join(
        net.points.select(child="point", component="item", location="location"),
        on=["component", "location"],
        maintain_order="left",
    )
    moved = ways.filter(pl.col("way") == "move")
    edges = [
        used.select("parent", "child", factor=pl.col("share") * pl.col("quantity") / pl.col("yield")),
        moved.select(parent="point", child="from_point", factor="share"),
    ]
    return pl.concat(edges).group_by("parent", "child", maintain_order=True).agg(pl.col("factor").sum()).sort("parent", "child")


def requirement(
    net: Network, ship_flows: pl.DataFrame | None = None, way_flows: pl.DataFrame | None = None, memory: Memory | None = None
) -> Requirement:
    r"""Return what customers, bills of material and lanes require of every point.

    $$R = \sum_{k \ge 0} A^k D$$

    with D the demand of each point and A the units of a point that a unit of another takes. Demand that several points may serve, and
    points that several ways may supply, are shared equally; with the flows of a plan (`ship_flows`: demand, point, flow;
    `way_flows`: way, key, point, flow), as the plan shares them. Lead times shift nothing: this is a rate of use, not a schedule. What a
    `memory` has of it is not made again.
    """
    made = memory or Memory()
    demand, ends = independent_demand(net)
    served = _share(made(_served, net), "demand", ship_flows, ["demand", "point"])
    total = np.zeros((net.points.height, demand.shape[1]))
    _spread(total, served, "demand", "point", "share", demand)
    edges = _edges(net, _share(made(_ways, net), "point", way_flows, ["way", "key", "point"]))
    frontier = total
    for _ in range(_DEEPEST_BILL):
        if edges.is_empty() or not frontier.any():
            break
        below = np.zeros_like(total)
        _spread(below, edges, "parent", "child", "factor", frontier)
        total = total + below
        frontier = below
    return Requirement(total, ends, net.horizon)


def demand_factors(net: Network) -> pl.DataFrame:
    """Return demand, point, factor: the units of a point that a unit of each demand takes, all paths of lanes and bills together.

    Shared as in `requirement` without flows. Sorted by demand and point.
    """
    frontier = _share(_served(net), "demand", None, []).select("demand", "point", factor="share")
    edges = _edges(net, _share(_ways(net), "point", None, [])).rename({"factor": "taken"})
    found = [frontier]
    for _ in range(_DEEPEST_BILL):
        below = frontier.join(edges, left_on="point", right_on="parent", maintain_order="left")
        below = below.select("demand", point="child", factor=pl.col("factor") * pl.col("taken")).filter(pl.col("factor") > _NO_SHARE)
        if below.is_empty():
            break
        frontier = below.group_by("demand", "point", maintain_order=True).agg(pl.col("factor").sum())
        found.append(frontier)
    return pl.concat(found).group_by("demand", "point", maintain_order=True).agg(pl.col("factor").sum()).sort("demand", "point")


def _spread(target: Array, edges: pl.DataFrame, parent: str, child: str, factor: str, source: Array) -> None:
    weights = edges.get_column(factor).to_numpy()
    np.add.at(target, edges.get_column(child).to_numpy(), weights[:, None] * source[edges.get_column(parent).to_numpy()])


def cover_quantity(required: Requirement, rows: pl.DataFrame) -> pl.Series:
    """Return the units that cover the coming `weeks_of_supply` of each row (point, t), buckets taken by the day."""
    ends, cumulative = required.ends, required.cumulative()
    times = np.concatenate([[0.0], ends])
    points, t, weeks = (rows.get_column(name).to_numpy() for name in ("point", "t", "weeks_of_supply"))
    until, quantity = ends[t] + _DAYS_A_WEEK * weeks, np.zeros(rows.height)
    for point in np.unique(points):
        mine = points == point
        quantity[mine] = np.interp(until[mine], times, cumulative[point])
    return pl.Series("cover", quantity - cumulative[points, t + 1])


def weeks_covered(required: Requirement, stock: Array) -> Array:
    """Return the weeks of coming requirement that the stock at the end of each bucket covers (same shape as `stock`).

    Walks forward through the requirement, part of a bucket by the day. Stock that outlasts the year after the horizon goes on at that
    year's average rate; where nothing is required any more, there is no answer (nan).
    """
    times = np.concatenate([[0.0], required.ends])
    cumulative = required.cumulative()
    weeks = np.full(stock.shape, np.nan)
    season = required.ends[-1] - required.ends[required.horizon - 1]
    for point in range(stock.shape[0]):
        known = cumulative[point]
        now = known[1 : required.horizon + 1]
        if known[-1] <= now[0]:
            continue
        rate = (known[-1] - known[required.horizon]) / season
        wanted = now + np.maximum(stock[point], 0)
        reached = np.interp(wanted, known, times)
        first = np.searchsorted(known, wanted, side="left")
        reached = np.where(stock[point] <= 0, required.ends[: required.horizon], np.where(first < len(known), reached, times[-1]))
        beyond = np.maximum(wanted - known[-1], 0)
        with np.errstate(divide="ignore", invalid="ignore"):
            reached = reached + np.where(beyond > 0, beyond / rate, 0.0)
        weeks[point] = np.where(
            np.isfinite(reached) & (known[-1] > now), (reached - required.ends[: required.horizon]) / _DAYS_A_WEEK, np.nan
        )
    return weeks


def with_targets(net: Network, required: Requirement) -> pl.DataFrame:
    """Return the policy rows with `target`: the larger of safety stock and the units that cover the weeks of supply; empty for none.

    A safety stock that the policy does not give is that of the table inventory_target.
    """
    policy = net.policy.join(net.inventory_target, on=["point", "t"], how="left", maintain_order="left")
    policy = policy.with_columns(pl.coalesce("safety_stock", "computed").alias("safety_stock")).drop("computed")
    if policy.is_empty():
        return policy.with_columns(pl.lit(None, pl.Float64).alias("target"))
    weeks = policy.with_columns(pl.col("weeks_of_supply").fill_null(0.0))
    covered = policy.with_columns(cover_quantity(required, weeks))
    cover = pl.when(pl.col("weeks_of_supply").is_not_null()).then(pl.col("cover"))
    return covered.with_columns(pl.max_horizontal("safety_stock", cover).alias("target")).drop("cover")
