"""Markets on each path: what is demanded, under way, served, late and lost, by demand and by pool of demands that are planned together."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from equipoise.supply.assembly import Array, Flags, open_backlog
from equipoise.supply.model.unknowns import Model
from equipoise.supply.plan import Plan
from equipoise.supply.playing.course import prices
from equipoise.supply.playing.sums import Sums


@dataclass(frozen=True, eq=False)
class Terms:
    """What holds for demand, by demand or pool and period: the plan's lost and late demand, what may be late or lost, and prices.

    `age` is for how many periods a unit may be late and `ending` how much may be late at the end (infinite where there is no limit).
    """

    pooled: Sums
    opening: Array
    lost: Array
    late: Array
    late_allowed: Flags
    lost_allowed: Flags
    age: Array
    ending: Array
    price: Array
    lost_revenue: Array
    lost_cost: Array
    late_cost: Array
    open_revenue: Array

    @property
    def horizon(self) -> int:
        """Periods planned."""
        return int(self.lost.shape[1])


def terms(model: Model, made: Plan) -> Terms:
    """Return what holds for the demand of a plan."""
    rows, horizon = model.demand, model.horizon
    demands, pools = model.net.demands.height, model.pools.pools.height
    numbered = rows.with_row_index("column").with_columns(pl.col("column").cast(pl.Int64), pl.lit(1.0).alias("known"))
    plain = numbered.drop("known")
    by_class = {
        name: prices({name: frame}, rows.height)
        for name, frame in (
            ("demand", numbered),
            ("lost", plain),
            ("backlog", plain),
            ("open_backlog", open_backlog(model, plain, model.demand, "demand")),
        )
    }
    shape = (demands, horizon)
    priced = {name: {kind: array.reshape(shape) for kind, array in found.items()} for name, found in by_class.items()}
    pool = model.pools.pool
    dense = {name: pool.get_column(name).to_numpy().reshape(pools, horizon) for name in ("backlog_allowed", "lost_allowed")}
    age = pool.get_column("max_backlog_age").cast(pl.Float64).fill_null(np.inf).to_numpy().reshape(pools, horizon)
    members = model.pools.members
    return Terms(
        pooled=Sums(members.get_column("pool").to_numpy(), members.get_column("demand").to_numpy(), np.ones(demands), (pools, demands)),
        opening=model.net.demands.get_column("opening").to_numpy(),
        lost=_placed(made["lost"], shape),
        late=_placed(made["backlog"], shape),
        late_allowed=dense["backlog_allowed"].astype(np.bool_),
        lost_allowed=dense["lost_allowed"].astype(np.bool_),
        age=age,
        ending=pool.get_column("ending_backlog").fill_null(np.inf).to_numpy().reshape(pools, horizon)[:, -1],
        price=priced["demand"]["accounting"],
        lost_revenue=priced["lost"]["accounting"],
        lost_cost=priced["lost"]["opportunity"],
        late_cost=priced["backlog"]["opportunity"],
        open_revenue=priced["open_backlog"]["accounting"],
    )


def _placed(frame: pl.DataFrame, shape: tuple[int, int]) -> Array:
    out = np.zeros(shape)
    out[frame.get_column("demand").to_numpy(), frame.get_column("t").to_numpy()] = frame.get_column("planned").to_numpy()
    return out


@dataclass(eq=False)
class Market:
    """The state of demand. `demand` is demands by periods by paths; `late` by demand, `waiting` (goods that came before they were asked
    for) by pool; `transit` what arrives, periods (and a last
    row for what comes after the horizon) by pools by paths. `lost` and `backlog` are what is recorded, like `demand`.
    """

    terms: Terms
    demand: Array
    late: Array
    waiting: Array
    transit: Array
    lost: Array
    backlog: Array

    def need(self, t: int) -> Array:
        """Return what is to be served in a period, pools by paths: what is late and what is demanded."""
        return self.terms.pooled.of(self.late + self.demand[:, t])

    def settle(self, t: int) -> None:
        """Serve demand from what has arrived; the rest is late, or lost where it may not be late or where the plan loses demand too."""
        held = self.terms
        wanted = self.late + self.demand[:, t]
        need = held.pooled.of(wanted)
        there = self.waiting + self.transit[t]
        served = np.minimum(there, need)
        self.waiting = there - served
        unmet = need - served
        planned_lost, planned_late = held.pooled.one(held.lost[:, t])[:, None], held.pooled.one(held.late[:, t])[:, None]
        extra = unmet - planned_lost - planned_late
        last = t == held.horizon - 1
        loses = ~held.late_allowed[:, t, None] | (held.lost_allowed[:, t, None] & ((planned_lost > 0) | last))
        lost = np.where(extra < 0, np.clip(planned_lost + extra, 0.0, None), planned_lost + np.where(loses, extra, 0.0))
        most = np.maximum(self._most_late(t), planned_late)
        lost = np.clip(np.maximum(lost, unmet - most), 0.0, unmet)
        self.lost[:, t] = self._by_demand(t, wanted, lost)
        rest = wanted - self.lost[:, t]
        total = held.pooled.of(rest)
        part = np.divide(unmet - lost, total, out=np.zeros_like(total), where=total > 0)
        self.late = np.clip(rest * _of_pool(held.pooled, part), 0.0, None)
        self.backlog[:, t] = self.late

    def _by_demand(self, t: int, wanted: Array, lost: Array) -> Array:
        """Return what each demand loses of what its pool does: as planned, and beyond that by need."""
        held = self.terms
        planned = held.lost[:, t, None]
        total = held.pooled.one(held.lost[:, t])[:, None]
        part = np.divide(np.minimum(lost, total), total, out=np.zeros_like(lost), where=total > 0)
        mine = np.minimum(planned * _of_pool(held.pooled, part), wanted)
        rest = wanted - mine
        more, left = lost - held.pooled.of(mine), held.pooled.of(rest)
        part = np.divide(more, left, out=np.zeros_like(left), where=left > 0)
        return np.asarray(np.clip(mine + rest * _of_pool(held.pooled, part), 0.0, wanted), np.float64)

    def _most_late(self, t: int) -> Array:
        """Return how much may be late at the end of a period: pools by paths; infinite where there is no limit."""
        held = self.terms
        most: Array = np.full(self.waiting.shape, np.inf)
        for pool in np.flatnonzero(np.isfinite(held.age[:, t])).tolist():
            age = int(held.age[pool, t])
            members = held.pooled.columns[held.pooled.rows == pool]
            recent = self.demand[members, max(0, t - age + 1) : t + 1].sum(axis=(0, 1)) if age > 0 else 0.0
            most[pool] = recent + (held.opening[members].sum() if t + 1 < age else 0.0)
        if t == held.horizon - 1:
            most = np.minimum(most, held.ending[:, None])
        return most

    def money(self, t: int) -> tuple[Array, Array]:
        """Return revenue, and what late and lost demand costs beside it (negative), by path."""
        held = self.terms
        known = self.demand[:, t] + (held.opening[:, None] if t == 0 else 0.0)
        revenue = held.price[:, t] @ known + held.lost_revenue[:, t] @ self.lost[:, t] + held.open_revenue[:, t] @ self.backlog[:, t]
        return revenue, held.late_cost[:, t] @ self.backlog[:, t] + held.lost_cost[:, t] @ self.lost[:, t]


def _of_pool(pooled: Sums, by_pool: Array) -> Array:
    """Return what belongs to the pool of each demand; rows of `by_pool` are pools. Every demand is in one pool."""
    out = np.empty((pooled.shape[1], by_pool.shape[1]))
    out[pooled.columns] = by_pool[pooled.rows]
    return out
