"""Demands that are alike are planned together: one backlog and one flow for all of them, shared out again in proportion to need.

Demands are alike where they are of one item, in markets that no lane reaches, with the same terms for being late. Who of them is served
first changes neither cost nor stock, so nothing is lost by planning them together, the model is many times smaller, and shortage is shared
fairly: all are left short by the same share. Lost demand stays apart by price: the cheapest to lose is lost first.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from equipoise.supply.memory import Memory, Record
from equipoise.supply.model.network import Network

_LATE_TERMS = ("backlog_allowed", "backlog_cost", "late_price", "lost_allowed")
_LOST_TERMS = ("unit_price", "lost_sale_cost", "unserved_price")
_OWN = ("max_backlog_age", "ending_backlog", "minimum_fill")


@dataclass(frozen=True)
class Pools(Record):
    """Which demands are planned together.

    members: demand, pool. pools: pool, item, market (empty for several), unit, opening. pool: dense over pool and t with quantity, the
    dearest unit_price, the terms and the model's own prices. ship: pool, item, market, lane, location, point, t, unit_cost,
    lead_time, lead_periods.
    """

    members: pl.DataFrame
    pools: pl.DataFrame
    pool: pl.DataFrame
    lost: pl.DataFrame
    ship: pl.DataFrame


def pooled(net: Network, demand: pl.DataFrame) -> Pools:
    """Return the pools of a network; `demand` are its demand rows with the model's own prices."""
    members = _members(net, demand)
    named = net.demands.join(members, on="demand", maintain_order="left")
    one = pl.when(pl.len() == 1).then(pl.col("market").first())
    pools = (
        named.group_by("pool", maintain_order=True)
        .agg(pl.col("item", "unit").first(), one.alias("market"), pl.col("opening").sum())
        .sort("pool")
    )
    rows = demand.join(members, on="demand", maintain_order="left")
    terms = [*_LATE_TERMS, *_OWN, "lost_sale_cost", "unserved_price"]
    dense = (
        rows.group_by("pool", "t", maintain_order=True)
        .agg(pl.col("quantity").sum(), pl.col("unit_price").max(), pl.col(terms).first())
        .sort("pool", "t")
    )
    dense = dense.join(pools.select("pool", "item", "market", "unit"), on="pool", maintain_order="left")
    return Pools(members, pools, dense, _lost(net, rows, pools), _ship(net, members, pools))


def _members(net: Network, demand: pl.DataFrame) -> pl.DataFrame:
    """Return demand and pool. A demand with a lane, a cap or a least fill of its own stays alone."""
    direct = net.places.ship.group_by("demand", maintain_order=True).agg(pl.col("lane").is_null().all().alias("direct"))
    free = pl.all_horizontal(pl.col(name).is_null() for name in _OWN).all()
    kept = pl.col("lost_allowed").all()  # what may be lost stays apart by its terms in any case
    terms = [pl.when(kept).then(None).otherwise(pl.col(name).implode()).alias(f"kept_{name}") for name in _LOST_TERMS]
    alike = (
        demand.sort("demand", "t")
        .group_by("demand", maintain_order=True)
        .agg(pl.col("item").first(), free.alias("free"), pl.col(_LATE_TERMS).implode(), *terms)
    )
    alike = alike.join(direct, on="demand", how="left", maintain_order="left")
    ranks = ["priority"] if net.setting.supply.objective == "service" else []
    alike = alike.join(net.demands.select("demand", "priority"), on="demand", how="left", maintain_order="left")
    keys = ["item", *_LATE_TERMS, *(f"kept_{name}" for name in _LOST_TERMS), *ranks]
    own = pl.when(pl.col("free") & pl.col("direct").fill_null(value=False)).then(None).otherwise(pl.col("demand"))
    alike = alike.with_columns(own.alias("own"))
    first = alike.group_by("own", *keys, maintain_order=True).agg(pl.col("demand")).with_row_index("pool")
    return first.select(pl.col("pool").cast(pl.Int64), "demand").explode("demand").sort("demand").select("demand", "pool")


def _lost(net: Network, rows: pl.DataFrame, pools: pl.DataFrame) -> pl.DataFrame:
    """Return what can be lost, by pool, period and price: no more than is demanded then (or late at the start)."""
    rows = rows.join(net.demands.select("demand", "opening"), on="demand", maintain_order="left")
    rows = rows.with_columns((pl.col("quantity") + pl.when(pl.col("t") == 0).then(pl.col("opening")).otherwise(0.0)).alias("upper"))
    lost = (
        rows.filter(pl.col("upper") > 0)
        .group_by("pool", "t", *_LOST_TERMS, maintain_order=True)
        .agg(pl.col("upper").sum(), pl.col("lost_allowed").first())
    )
    return lost.join(pools.select("pool", "item", "market", "unit"), on="pool", maintain_order="left").sort(
        "pool", "t", *_LOST_TERMS, nulls_last=False
    )


def _ship(net: Network, members: pl.DataFrame, pools: pl.DataFrame) -> pl.DataFrame:
    ship = net.places.ship.join(members, on="demand", maintain_order="left").drop("demand", "market")
    ship = ship.unique(["pool", "lane", "point", "t"], keep="first", maintain_order=True)
    return ship.join(pools.select("pool", "market"), on="pool", maintain_order="left").sort(
        "pool", "location", "lane", "t", nulls_last=True
    )


def shared_out(
    net: Network, demand: pl.DataFrame, pools: Pools, planned: dict[str, pl.DataFrame], memory: Memory
) -> dict[str, pl.DataFrame]:
    """Return ship, backlog and lost by demand, from those by pool with their `planned` value; totals stay what they were.

    What is lost is shared by demand among those of one price, what is shipped and late by what then remains to be served.
    """
    lost = _shared_lost(memory(_wanted, net, demand, pools), planned["lost"])
    horizon = net.horizon
    shape = (net.demands.height, horizon)
    wanted = demand.get_column("quantity").to_numpy().reshape(shape).copy()
    np.subtract.at(wanted, (lost.get_column("demand").to_numpy(), lost.get_column("t").to_numpy()), lost.get_column("planned").to_numpy())
    pool = pools.members.get_column("pool").to_numpy()
    size = pools.pools.height
    totals = np.zeros((size, horizon))
    late_rows = planned["backlog"]
    totals[late_rows.get_column("pool").to_numpy(), late_rows.get_column("t").to_numpy()] = late_rows.get_column("planned").to_numpy()
    late = net.demands.get_column("opening").to_numpy()
    alone = np.bincount(pool, minlength=size)[pool] == 1
    share, backlog = np.ones(shape), np.zeros(shape)
    for t in range(horizon):
        need = np.clip(late + wanted[:, t], 0, None)
        total = np.bincount(pool, need, minlength=size)[pool]
        share[:, t] = np.where(alone, 1.0, np.divide(need, total, out=np.zeros_like(need), where=total > 0))
        late = backlog[:, t] = share[:, t] * totals[pool, t]
    return {"lost": lost, "backlog": _late(demand, backlog), "ship": _shipped(memory(_ways, net, pools), planned["ship"], share)}


def _wanted(net: Network, demand: pl.DataFrame, pools: Pools) -> pl.DataFrame:
    """Return the rows of demand that ask for something, with their pool and what they ask for: own."""
    rows = demand.join(net.demands.select("demand", "opening"), on="demand", maintain_order="left")
    rows = rows.join(pools.members, on="demand", maintain_order="left")
    own = pl.col("quantity") + pl.when(pl.col("t") == 0).then(pl.col("opening")).otherwise(0.0)
    return rows.with_columns(own.alias("own")).filter(pl.col("own") > 0)


def _shared_lost(rows: pl.DataFrame, lost: pl.DataFrame) -> pl.DataFrame:
    whole = lost.select("pool", "t", *_LOST_TERMS, "upper", total="planned")
    rows = rows.join(whole, on=["pool", "t", *_LOST_TERMS], nulls_equal=True, maintain_order="left")
    return rows.with_columns((pl.col("own") / pl.col("upper") * pl.col("total")).alias("planned"))


def _late(demand: pl.DataFrame, backlog: np.ndarray) -> pl.DataFrame:
    return demand.with_columns(pl.Series("planned", backlog.reshape(-1), dtype=pl.Float64)).filter(pl.col("backlog_allowed"))


def _ways(net: Network, pools: Pools) -> pl.DataFrame:
    """Return the ways to serve each demand, with its pool."""
    return net.places.ship.join(pools.members, on="demand", maintain_order="left")


def _shipped(rows: pl.DataFrame, ship: pl.DataFrame, share: np.ndarray) -> pl.DataFrame:
    whole = ship.select("pool", "lane", "point", "t", total="planned")
    rows = rows.join(whole, on=["pool", "lane", "point", "t"], nulls_equal=True, maintain_order="left")
    part = pl.Series("share", share[rows.get_column("demand").to_numpy(), rows.get_column("t").to_numpy()], dtype=pl.Float64)
    return rows.with_columns((pl.col("total") * part).alias("planned"))
