"""The world that a plan meets on each path: stock, goods under way, backlog, and what can really be done of what is wanted.

Whoever decides (a policy or a re-solve), this is what happens: nothing is taken that is not there, no resource works longer than it can,
and every term of money is counted at the prices of the plan.
"""

from dataclasses import dataclass, field

import numpy as np

from equipoise.supply.assembly import Array
from equipoise.supply.playing.accounts import Accounts
from equipoise.supply.playing.course import Course, Stage
from equipoise.supply.playing.disturbance import Upsets
from equipoise.supply.playing.market import Market, Terms
from equipoise.supply.playing.sums import Sums, share

_DUST = 1e-6
_ROUNDS = 12


@dataclass(frozen=True, eq=False)
class Record:
    """What came of every path: money by path, lost and late demand like the demand, stock value and overtime by path and period."""

    profit: Array
    revenue: Array
    supply_cost: Array
    lost: Array
    backlog: Array
    stock_value: Array
    overtime: Array


@dataclass(eq=False)
class World:
    """The state of all paths. Arrays are things by paths; `pipe` and `transit` are what arrives in each period, at points and in markets,
    and in a last row what comes after the horizon: it is still coming, so nobody orders it again.

    `stock` is what points hold, `done` what limits that span periods have used, `market` who waits for what.
    """

    course: Course
    accounts: Accounts
    upsets: Upsets
    market: Market
    record: Record
    stock: Array
    pipe: Array
    done: Array
    decided: Array = field(default_factory=lambda: np.zeros((0, 0)))

    @property
    def paths(self) -> int:
        """How many paths."""
        return int(self.stock.shape[1])

    def decide(self, t: int, wanted: Array) -> Array:
        """Make, buy and move what is wanted (columns of the stage by paths), as far as limits and components allow; return what is done."""
        course, stage = self.course, self.course.decide[t]
        self._receive(t)
        lost = self.upsets.down(len(course.resources.capacity), t)
        follow = course.follow[t]
        ships = np.repeat(course.serve[t].planned[:, None], self.paths, axis=1)
        besides = follow.load.of(follow.values(np.concatenate([wanted, ships]))) if follow.load else np.zeros_like(lost)
        flows = stage.limits.kept(stage.planned[:, None], wanted, self.done, lost, besides)
        flows = self._in_lots(stage, self._supplied(stage, self._spared(stage, flows)))
        stage.limits.record(flows, self.done)
        self._bring(stage, flows)
        self.decided = flows
        return flows

    def _good(self, stage: Stage) -> tuple[Array | None, Array | None]:
        """Return the share of what is decided that comes, and by how many periods it comes later, by column and path."""
        upsets = self.upsets
        good = upsets.factors(upsets.good, stage.columns, stage.t, 1.0)
        short = upsets.factors(upsets.short, stage.columns, stage.t, 0.0)
        if short is not None:
            good = (1.0 - short) if good is None else good * (1.0 - short)
        return good, upsets.factors(upsets.late, stage.columns, stage.t, 0.0)

    def _at_once(self, stage: Stage, flows: Array) -> Array:
        """Return what arrives at each point in the period itself."""
        good, late = self._good(stage)
        come = flows if good is None else flows * good
        return stage.brings_now.of(come if late is None else come * np.clip(1.0 - late, 0.0, 1.0))

    def _spared(self, stage: Stage, flows: Array) -> Array:
        """Return the flows with what exceeds the plan cut where it would take what the planned shipments need."""
        if not stage.takes:
            return flows
        serve = self.course.serve[stage.t]
        more = np.maximum(flows - stage.planned[:, None], 0.0)
        extra = stage.takes.of(more)
        over = stage.takes.of(flows) + serve.takes.one(serve.planned)[:, None] - self.stock - self._at_once(stage, flows)
        short = (over > _DUST) & (extra > 0)
        if not short.any():
            return flows
        kept = stage.takes.least(np.where(short, share(np.clip(extra - over, 0.0, None), extra), 1.0))
        return flows - more * (1.0 - kept)

    def _supplied(self, stage: Stage, flows: Array) -> Array:
        """Return the flows cut in proportion where their components are not there; a cut may leave others without theirs, in turn."""
        if not stage.takes:
            return flows
        for turn in range(_ROUNDS + 1):
            there = self.stock + (self._at_once(stage, flows) if turn < _ROUNDS else 0.0)
            out = stage.takes.of(flows)
            short = out > there + _DUST * (1.0 + out)
            if not short.any():
                break
            flows = flows * stage.takes.least(np.where(short, share(there, out), 1.0))
        return flows

    def _in_lots(self, stage: Stage, flows: Array) -> Array:
        """Return the flows in whole lots, where they come in lots and are not as planned."""
        if not stage.lots.any():
            return flows
        lot, least = stage.lots[:, None], stage.least[:, None]
        whole = np.where(lot > 0, np.floor(flows / np.where(lot > 0, lot, 1.0) + _DUST) * lot, flows)
        whole = np.where(whole < least - _DUST, 0.0, whole)
        return np.where(np.abs(flows - stage.planned[:, None]) <= _DUST, flows, whole)

    def _bring(self, stage: Stage, flows: Array) -> None:
        """Take components and let what is decided arrive, some of it later."""
        self.stock = self.stock - stage.takes.of(flows)
        good, late = self._good(stage)
        come = flows if good is None else flows * good
        for bucket, sums in stage.brings.items():
            _arrive(sums, come, late, bucket, self.pipe)
        self._receive(stage.t)
        self.stock = np.clip(self.stock, 0.0, None)

    def _receive(self, t: int) -> None:
        self.stock = self.stock + self.pipe[t]
        self.pipe[t] = 0.0

    def serve(self, t: int, wanted: Array) -> Array:
        """Ship what is wanted (columns of the stage by paths), as far as stock and limits allow; what is not served is late or lost."""
        course, stage, market = self.course, self.course.serve[t], self.market
        lost = self.upsets.down(len(course.resources.capacity), t)
        flows = stage.limits.kept(stage.planned[:, None], wanted, self.done, lost, np.zeros_like(lost))
        out = stage.takes.of(flows)
        flows = flows * stage.takes.least(np.where(out > self.stock, share(self.stock, out), 1.0))
        stage.limits.record(flows, self.done)
        self.stock = np.clip(self.stock - stage.takes.of(flows), 0.0, None)
        late = self.upsets.factors(self.upsets.late, stage.columns, t, 0.0)
        for bucket, sums in stage.brings.items():
            _arrive(sums, flows, late, bucket, market.transit)
        market.settle(t)
        self._close(t, flows, lost)
        return flows

    def _close(self, t: int, shipped: Array, lost: Array) -> None:
        """Scrap as planned, keep the rest, and count the money of the period."""
        course, record = self.course, self.record
        scrapped = np.minimum(course.scrap[:, t, None], self.stock)
        self.stock = self.stock - scrapped
        flows = np.concatenate([self.decided, shipped])
        columns = np.concatenate([course.decide[t].columns, course.serve[t].columns])
        short = self.upsets.factors(self.upsets.short, columns, t, 0.0)
        cash, held, overtime = self.accounts.money(t, flows, 1.0 if short is None else 1.0 - short, self.stock, scrapped, lost)
        revenue, service = self.market.money(t)
        record.revenue[:] += revenue
        record.supply_cost[:] -= cash
        record.profit[:] += cash + held + revenue + service
        record.stock_value[:, t] = self.accounts.value @ self.stock
        record.overtime[:, t] = overtime


def _arrive(sums: Sums, flows: Array, late: Array | None, bucket: int, into: Array) -> None:
    """Add what arrives in `bucket`, or `late` periods later, to `into`; what comes after the horizon to its last row."""
    if late is None:
        sums.add(flows, into[bucket])
        return
    left = len(into) - 1 - bucket
    for later in range(min(int(np.ceil(late.max(initial=0.0))) + 1, left)):
        sums.add(flows * np.clip(1.0 - np.abs(late - later), 0.0, 1.0), into[bucket + later])
    sums.add(flows * np.clip(late - (left - 1), 0.0, 1.0), into[-1])


def world(course: Course, accounts: Accounts, terms: Terms, demand: Array, upsets: Upsets) -> World:
    """Return the world as it is at the start; `demand` is demands by periods by paths."""
    model, paths = course.model, demand.shape[2]
    points, pools, horizon = model.net.points.height, model.pools.pools.height, model.horizon
    pipe = np.zeros((horizon + 1, points, paths))
    receipts = model.net.receipts
    for point, t, quantity in receipts.select("point", "t", "quantity").iter_rows():
        pipe[t, point] += quantity
    market = Market(
        terms=terms,
        demand=demand,
        late=np.repeat(terms.opening[:, None], paths, axis=1),
        waiting=np.zeros((pools, paths)),
        transit=np.zeros((horizon + 1, pools, paths)),
        lost=np.zeros_like(demand),
        backlog=np.zeros_like(demand),
    )
    profit, revenue, cost = np.zeros((3, paths))
    value, overtime = np.zeros((2, paths, horizon))
    record = Record(profit, revenue, cost, market.lost, market.backlog, value, overtime)
    opening = np.repeat(model.net.points.get_column("opening").to_numpy()[:, None], paths, axis=1)
    return World(course, accounts, upsets, market, record, opening, pipe, np.zeros((course.rooms.slots, paths)))
