"""The ways to bring goods to stocks and markets: those that the plan uses, the best ones beside them, and who is served from where."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from equipoise.supply.assembly import Array, Flags
from equipoise.supply.playing.course import Course, Stage
from equipoise.supply.playing.sums import Sums

_SAME = 1e-9


@dataclass(frozen=True, eq=False)
class Ways:
    """The ways to bring goods to places at a stage. `usual` splits a request of a place among the ways that the plan uses there, in units
    of the way; `able` too, or else it goes to the one that costs the plan least. `ranked` are all ways of each place, the best first, one a
    rank.
    """

    usual: Sums
    able: Sums
    ranked: tuple[Sums, ...]


def ways(stage: Stage, reduced: Array, useful: Flags, most: Array) -> Ways:
    """Return the ways of a stage. `reduced` is the gain of one more unit of each column, `useful` whether a place wants what else a way
    brings to it, beside what it is for.

    Of the ranked ways only those are kept that cost the plan no more than `most`, by place, for a unit above what they are used for.
    """
    brings = stage.brings_all
    rows, columns, values = brings.rows, brings.columns, brings.values
    good = (values > _SAME) & (useful[rows] | (rows == stage.main[columns]))
    rows, columns, values = rows[good], columns[good], values[good]
    inflow = stage.planned[columns] * values
    total = np.bincount(rows, inflow, minlength=brings.shape[0])[rows]
    gain = reduced[stage.columns][columns] / values
    order = np.lexsort((columns, -gain, rows))
    rank = np.zeros(len(rows), np.int64)
    first = np.flatnonzero(np.diff(rows[order], prepend=-1))
    rank[order] = np.arange(len(rows)) - np.repeat(first, np.diff(np.append(first, len(rows))))
    part = np.divide(inflow, total, out=np.zeros_like(inflow), where=total > _SAME) / values
    best = np.where((total <= _SAME) & (rank == 0), 1.0 / values, part)
    usual, able = (Sums(rows[some > 0], columns[some > 0], some[some > 0], brings.shape) for some in (part, best))
    pays = -gain <= most[rows]
    ranked = [pays & (rank == k) for k in range(rank.max(initial=-1) + 1)]
    return Ways(usual, able, tuple(Sums(rows[one], columns[one], 1.0 / values[one], brings.shape) for one in ranked))


def prices_lost(course: Course) -> Array:
    """Return the most that a unit lost of the item at each point can cost; infinite where it is not sold, or has no price."""
    lost = pl.sum_horizontal(pl.col(name).fill_null(0.0) for name in ("unit_price", "lost_sale_cost", "unserved_price"))
    sold = course.model.demand.group_by("item", maintain_order=True).agg(price=lost.max()).filter(pl.col("price") > 0)
    rows = course.model.net.points.select("item").join(sold, on="item", how="left", maintain_order="left")
    return rows.get_column("price").fill_null(np.inf).to_numpy()


def quick(stage: Stage) -> Array:
    """Return the share of a shipment to each pool that arrives in its own period, by the slowest way."""
    out = np.full(stage.brings_all.shape[0], 1.0)
    now = np.zeros(len(stage.columns))
    now[stage.brings_now.columns] = stage.brings_now.values
    np.minimum.at(out, stage.brings_all.rows, now[stage.brings_all.columns])
    return out


def tiers(course: Course, t: int) -> tuple[Array, ...]:
    """Return, tier by tier, 1 for the shipments that go then where stock is short: first to demand that would be lost, then to the rest."""
    stage, allowed = course.serve[t], course.model.pools.pool.get_column("backlog_allowed").to_numpy()
    late = np.zeros(len(stage.columns))
    late[stage.brings_all.columns] = allowed.reshape(-1, course.horizon)[stage.brings_all.rows, t]
    return 1.0 - late, late


def sources(course: Course, shape: tuple[int, int]) -> Sums:
    """Return the share of each pool that each point serves over the horizon: points by pools."""
    total = np.zeros(shape)
    used = np.zeros(shape)
    for stage in course.serve:
        point = np.zeros(len(stage.columns), np.int64)
        point[stage.takes.columns] = stage.takes.rows
        np.add.at(total, (point[stage.brings_all.columns], stage.brings_all.rows), stage.planned[stage.brings_all.columns])
        np.maximum.at(used, (point[stage.brings_all.columns], stage.brings_all.rows), 1.0)
    total = np.where(total.sum(axis=0) > _SAME, total, used)
    part = np.divide(total, total.sum(axis=0), out=np.zeros(shape), where=total.sum(axis=0) > 0)
    points, pools = np.nonzero(part)
    return Sums(points, pools, part[points, pools], shape)
