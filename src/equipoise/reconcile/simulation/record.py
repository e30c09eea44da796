"""The paths played, in batches: what each gives, what is not served when, and what was uncertain in it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from equipoise.reconcile.simulation.chance import BLOCK
from equipoise.reconcile.simulation.demand_rows import DemandRows, Sums
from equipoise.reconcile.simulation.normal import Array
from equipoise.reconcile.simulation.sources import Sources
from equipoise.reconcile.simulation.supply_paths import Key, together
from equipoise.tables.setting import RiskSetting

Play = Callable[[Array, Mapping[Key, Array]], dict[str, Array]]
_CELLS = 3_000_000  # rows times paths in a batch, to keep memory below a few hundred megabytes
_SERVED = 1e-6
MEASURES = ("profit", "revenue", "demand", "shortage", "service_level", "stock_value", "overtime")


@dataclass(frozen=True, eq=False)
class Service:
    """What is not served in its period, by family (the last: all) and period: how often, on average, at worst, and of what demand."""

    chance: Array
    short: Array
    tail: Array
    demand: Array
    planned: Array


@dataclass(frozen=True, eq=False)
class Record:
    """Measures by path, those of the plan itself, service, and what was uncertain: (paths, groups), for the drivers."""

    paths: Mapping[str, Array]
    plan: Mapping[str, float]
    service: Service
    features: Array


def batches(paths: int, rows: int) -> Iterator[tuple[range, int]]:
    """Return the blocks of each batch and how many of their paths count."""
    blocks = -(-paths // BLOCK)
    step = max(1, min(10, int(_CELLS / max(rows, 1)) // BLOCK))
    for start in range(0, blocks, step):
        chosen = range(start, min(start + step, blocks))
        yield chosen, min(paths - start * BLOCK, len(chosen) * BLOCK)


def record(
    drawn: Sources, rows: DemandRows, play: Play, risk: RiskSetting, opening: float, least: float, features: Callable[..., Array]
) -> Record:
    """Play the plan against the paths of the settings and return what came of them.

    `opening` is the value of the stock at the start, `least`: units from which something counts as not served; `features` turns drawn
    demand, and what each disturbance does by itself, into the groups of the drivers. The plan's own measures are those of its own demand,
    played undisturbed.
    """
    tally = _Tally(rows, risk.tail, least, risk.paths)
    own = rows.planned[None, :]
    answer = play(own, {})
    plan = {name: float(value[0]) for name, value in _measures(own, answer, rows, opening).items()}
    planned = tally.unserved(own, answer)[0]
    parts, seen = [], []
    for blocks, count in batches(risk.paths, len(rows.planned)):
        demand = drawn.demand.draw(blocks)[:count]
        apart = [(row, {name: size[:count] for name, size in sizes.items()}) for row, sizes in drawn.supply.apart(blocks)]
        asked = rows.of(demand)
        answer = play(asked, together(apart))
        parts.append(_measures(asked, answer, rows, opening))
        tally.add(asked, answer)
        seen.append(features(demand, apart))
    whole = {name: np.concatenate([part[name] for part in parts]) for name in MEASURES}
    return Record(whole, plan, tally.service(planned), np.concatenate(seen))


def earned(answer: Mapping[str, Array], opening: float) -> Array:
    """Return the contribution of each path: published money, and what stock gained in value at standard cost since the start.

    Without the latter a path would earn more by ending with less, and one that builds stock for what comes after would lose by it.
    """
    return np.asarray(answer["profit"] + answer["stock_value"][:, -1] - opening)


def _measures(demand: Array, answer: Mapping[str, Array], rows: DemandRows, opening: float) -> dict[str, Array]:
    """Return the measures of each path; shortage is what is lost, or late at the end."""
    last = rows.period == len(rows.periods) - 1
    total = demand.sum(axis=1)
    unserved = _unserved(demand, answer).sum(axis=1)
    short = answer["lost"].sum(axis=1) + answer["backlog"][:, last].sum(axis=1)
    return {
        "profit": earned(answer, opening),
        "revenue": answer["revenue"],
        "demand": total,
        "shortage": np.where(short > _SERVED, short, 0.0),
        "service_level": np.where(total > 0, 1.0 - unserved / np.where(total > 0, total, 1.0), 1.0),
        "stock_value": answer["stock_value"].mean(axis=1),
        "overtime": answer["overtime"].sum(axis=1),
    }


def _unserved(demand: Array, answer: Mapping[str, Array]) -> Array:
    """Return the demand of each row that is not served in its period, the oldest demand being served first."""
    left = answer["lost"] + answer["backlog"]
    return np.where(left > _SERVED, np.minimum(left, demand), 0.0)


class _Tally:
    """Sums over the batches, by family and period."""

    def __init__(self, rows: DemandRows, tail: float, least: float, paths: int) -> None:
        self._rows = rows
        self._count = len(rows.families)
        self._sums = Sums(rows.family * len(rows.periods) + rows.period, self._count * len(rows.periods))
        self._least, self._paths = least, paths
        self._worst = tail * paths
        shape = (self._count + 1, len(rows.periods))
        self._often, self._short, self._demand = np.zeros(shape), np.zeros(shape), np.zeros(shape)
        self._top = np.zeros((0, *shape))
        self._own = self._by_family(rows.planned[None, :])[0]

    def _by_family(self, values: Array) -> Array:
        """Return sums by family and period, the last family being all of them."""
        found = self._sums.of(values).reshape(len(values), self._count, -1)
        return np.concatenate([found, found.sum(axis=1, keepdims=True)], axis=1)

    def unserved(self, demand: Array, answer: Mapping[str, Array]) -> Array:
        """Return what is not served, by path, family and period."""
        return self._by_family(_unserved(demand, answer))

    def add(self, demand: Array, answer: Mapping[str, Array]) -> None:
        """Count a batch."""
        short = self.unserved(demand, answer)
        self._often += (short >= self._least).sum(axis=0)
        self._short += short.sum(axis=0)
        self._demand += self._by_family(demand).sum(axis=0)
        both = np.concatenate([self._top, short])
        keep = min(int(np.ceil(self._worst)), len(both))
        self._top = np.partition(both, len(both) - keep, axis=0)[len(both) - keep :]

    def service(self, planned: Array) -> Service:
        """Return the service of all paths; `planned` is what the plan itself does not serve."""
        top = -np.sort(-self._top, axis=0)
        weight = np.clip(self._worst - np.arange(len(top)), 0.0, 1.0)
        tail = (top * weight[:, None, None]).sum(axis=0) / weight.sum()
        own = np.where(self._own > 0, 1.0 - planned / np.where(self._own > 0, self._own, 1.0), np.nan)
        return Service(self._often / self._paths, self._short / self._paths, tail, self._demand / self._paths, own)


def first_paths(drawn: Sources, rows: DemandRows, count: int) -> tuple[Array, dict[Key, Array]]:
    """Return demand by row and disturbances of the first paths: the same as in the record."""
    blocks: Sequence[int] = range(-(-count // BLOCK))
    disturbed = {key: value[:count] for key, value in drawn.supply.draw(blocks).items()}
    return rows.of(drawn.demand.draw(blocks)[:count]), disturbed
