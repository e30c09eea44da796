"""A row of the table `disturbance` as a distribution in time: what it takes for a score, and in which periods it holds on which path."""

import datetime as dt
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from equipoise.dimensions.calendar import Calendar
from equipoise.reconcile.simulation.normal import Array, Flags, Index, probability


@dataclass(frozen=True, eq=False)
class Disturbance:
    """One row: its name, kind, target (empty: all of the kind), distribution with its numbers, chance in a period and periods it lasts.

    `may` says in which periods it may begin.
    """

    name: str
    kind: str
    target: str
    distribution: str
    numbers: Mapping[str, float]
    probability: float
    lasts: int
    may: Flags

    @property
    def always(self) -> bool:
        """Whether it holds for sure in the periods in which it may."""
        return self.probability >= 1

    @property
    def fixed(self) -> bool:
        """Whether its size is the same on every path."""
        if self.distribution in {"triangular", "uniform"}:
            return self.numbers["low"] == self.numbers["high"]
        return self.distribution == "fixed" or self.numbers["deviation"] == 0

    def value(self, scores: Array) -> Array:
        """Return its size at standard normal scores, in the unit of its kind, not below zero; shares are at most 1."""
        found = np.maximum(_SIZES[self.distribution](self.numbers, scores), 0.0)
        return np.asarray(np.minimum(found, 1.0) if self.kind in {"downtime", "short"} else found)

    def sizes(self, scores: Array, luck: Array, otherwise: float) -> Array:
        """Return its size on every path in every period, `otherwise` where it does not hold.

        `scores` (paths, periods) are standard normal, `luck` (paths, periods) uniform. It begins in a period in which it may, by its
        chance, and holds its size for as long as it lasts; until it ends it does not begin anew.
        """
        begins = self._begins(luck)
        held = np.take_along_axis(scores, np.maximum(begins, 0), axis=1)
        return np.where(begins >= 0, self.value(held), otherwise)

    def _begins(self, luck: Array) -> Index:
        """Return the period in which what holds in each period began; -1 where nothing holds."""
        found = np.full(luck.shape, -1, np.int64)
        last = np.full(len(luck), -self.lasts, np.int64)
        for t in range(luck.shape[1]):
            over = t - last >= self.lasts
            new = over & (luck[:, t] < self.probability) & self.may[t]
            last = np.where(new, t, last)
            found[:, t] = np.where(t - last < self.lasts, last, -1)
        return found


def _normal(numbers: Mapping[str, float], scores: Array) -> Array:
    return numbers["mean"] + numbers["deviation"] * scores


def _lognormal(numbers: Mapping[str, float], scores: Array) -> Array:
    """Mean and deviation are those of the size itself, not of its logarithm."""
    spread = math.log1p((numbers["deviation"] / numbers["mean"]) ** 2)
    return np.exp(math.log(numbers["mean"]) - spread / 2 + math.sqrt(spread) * scores)


def _triangular(numbers: Mapping[str, float], scores: Array) -> Array:
    low, likely, high = (numbers[name] for name in ("low", "likely", "high"))
    chance = probability(scores)
    if high <= low:
        return np.full_like(scores, low)
    rising = low + np.sqrt(chance * (high - low) * (likely - low))
    falling = high - np.sqrt((1 - chance) * (high - low) * (high - likely))
    return np.where(chance < (likely - low) / (high - low), rising, falling)


def _uniform(numbers: Mapping[str, float], scores: Array) -> Array:
    return numbers["low"] + (numbers["high"] - numbers["low"]) * probability(scores)


def _fixed(numbers: Mapping[str, float], scores: Array) -> Array:
    return np.full_like(scores, numbers["likely"])


_SIZES = {"normal": _normal, "lognormal": _lognormal, "triangular": _triangular, "uniform": _uniform, "fixed": _fixed}


def disturbance_of(row: Mapping[str, Any], calendar: Calendar) -> Disturbance:
    """Return a row of the table `disturbance`, whose numbers gathering has checked."""
    numbers = {name: float(row[name]) for name in ("mean", "deviation", "low", "likely", "high") if row[name] is not None}
    start, end = row["start"] or dt.date.min, row["end"] or dt.date.max
    may = np.array([start < calendar.next(period) and period <= end for period in calendar.periods])
    chance = 1.0 if row["probability"] is None else float(row["probability"])
    form = row["distribution"] or "triangular"
    return Disturbance(row["disturbance"], row["kind"], row["target"] or "", form, numbers, chance, row["lasts"] or 1, may)
