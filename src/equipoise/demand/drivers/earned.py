"""Whether drivers earn their place: per pool by what they gain in the backtest, then a weight per series."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from equipoise.demand.forecast.backtest import Backtest
from equipoise.demand.forecast.choice import choose
from equipoise.demand.methods import Array, Counts, Flags

DRIVER_MODEL = "driver_model"


@dataclass(frozen=True)
class Forecasts:
    """`points` (series, horizon) from the end of the history and `past` (series, origins, reach) from the origins of the backtest."""

    points: Array
    past: Array


@dataclass(frozen=True)
class Earned:
    """The `weight` of the driver model in each series, (series,), and a `note` for each that says why; `points` (series, horizon) and
    `past` (series, origins, reach) of the two together."""

    weight: Array
    points: Array
    past: Array
    note: tuple[str, ...]


def earned(plain: Forecasts, driven: Forecasts, backtest: Backtest, pools: Counts, squared: Flags, drivers: Sequence[str]) -> Earned:
    """Return the forecasts without and with drivers as one.

    `drivers` are the names of those with an effect. Each series weighs the two by their errors, as it weighs methods. A pool of series
    leaves drivers out where so weighed they do not make its error over all origins less.
    """
    both = Backtest(
        np.stack([plain.points, driven.points]),
        np.zeros((2, len(pools))),
        np.stack([plain.past, driven.past]),
        backtest.actual,
        backtest.cuts,
    )
    mixed = choose(both, pools, [0], squared)
    weight, note = mixed.weights[1].copy(), np.full(len(pools), "", dtype=object)
    for pool in np.unique(pools):
        rows = pools == pool
        before, after, demand = (
            _by_origin(past[rows], both.past[:, rows], backtest.actual[rows])
            for past in (plain.past, mixed.past, np.zeros_like(plain.past))
        )
        gained = bool(drivers) and after.sum() < before.sum()
        weight[rows] = weight[rows] * gained
        note[rows] = _note(drivers, gained, before.sum(), after.sum(), demand.sum(), int((demand > 0).sum()))
    share = weight[:, None]
    past = np.where(weight[:, None, None] > 0, mixed.past, plain.past)
    return Earned(weight, (1 - share) * plain.points + share * driven.points, past, tuple(note.tolist()))


def _by_origin(past: Array, both: Array, actual: Array) -> Array:
    """Return the summed absolute error of forecasts at each origin, (origins,), where both forecasts are known."""
    known = ~np.isnan(both).any(axis=0) & ~np.isnan(past)
    return np.asarray(np.abs(np.where(known, past - actual, 0.0)).sum(axis=(0, 2)))


def _note(drivers: Sequence[str], gained: bool, before: float, after: float, demand: float, origins: int) -> str:
    """Return in words what drivers did to the error of a pool."""
    if not drivers:
        return "No driver has an effect on demand that stands out from chance."
    names = ", ".join(drivers[:-1]) + " and " + drivers[-1] if len(drivers) > 1 else drivers[0]
    verb = "helps" if len(drivers) == 1 else "help"
    if demand <= 0:
        return f"Whether {names} {verb} could not be tested: left out."
    if gained:
        return f"{names} {verb}: error {after / demand:.1%} instead of {before / demand:.1%} in {origins} origins of series like this."
    verb = "does" if len(drivers) == 1 else "do"
    return f"{names} {verb} not help: error {after / demand:.1%} with, {before / demand:.1%} without, in {origins} origins: left out."
