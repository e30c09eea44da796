"""What a forecasting method is: it takes a block of series and gives point forecasts for all of them at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Counts = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Block:
    """Many series side by side, as one array.

    `values` is (series, periods): each row ends in the last column and is NaN before its first period, so that histories of different
    lengths stand together. `season` is the number of periods in a season (1: none). `shape` is (series, season): the seasonal index that
    the series' family shows, position j for the period j + 1 after the last; ones where nothing is known. `cut` (series,) says how many
    periods before the end of the history each row ends, as in a backtest: a method that learns from other rows must learn only from those
    with a row's own cut. None: all end with the history.
    """

    values: Array
    season: int
    shape: Array
    cut: Counts | None = None

    @staticmethod
    def of(values: Array, season: int, shape: Array | None = None, cut: Counts | None = None) -> "Block":
        """Return a block; without `shape` no family season is known. Leading columns that hold no series are dropped."""
        filled = np.flatnonzero(~np.isnan(values).all(axis=0))
        kept = values[:, filled[0] :] if filled.size else values[:, :0]
        return Block(kept, season, np.ones((len(values), season)) if shape is None else shape, cut)

    @cached_property
    def lengths(self) -> Counts:
        """Observations of each series, (series,)."""
        return np.asarray((~np.isnan(self.values)).sum(axis=1), dtype=np.int64)

    @cached_property
    def scale(self) -> Array:
        """Mean absolute value of each series, one where it is zero, (series,)."""
        total = np.nansum(np.abs(self.values), axis=1) / np.maximum(self.lengths, 1)
        return np.where(total > 0, total, 1.0)

    @cached_property
    def positive(self) -> Flags:
        """Whether no observation of the series is below zero, (series,)."""
        return np.asarray(~(self.values < 0).any(axis=1))

    def rows(self, chosen: Flags | Counts) -> "Block":
        """Return the block of the chosen series only."""
        return Block.of(self.values[chosen], self.season, self.shape[chosen], None if self.cut is None else self.cut[chosen])


@dataclass(frozen=True)
class Fit:
    """What a method gives: `points` (series, horizon) and `spread` (series,), its root mean squared error one period ahead within the
    history. Both are NaN for a series that the method cannot forecast."""

    points: Array
    spread: Array


class Method(Protocol):
    """A forecasting method. It must be deterministic, must not change the block, and can be pickled.

    `name` is how plans and tables call it. `intermittent` says for what demand it is meant: True for intermittent only, False for regular
    only, None for both.
    """

    @property
    def name(self) -> str:
        """Name in tables and plan files."""

    @property
    def intermittent(self) -> bool | None:
        """What kind of demand it is meant for."""

    def needs(self, season: int) -> int:
        """Return how many observations a series must have."""

    def fit(self, block: Block, horizon: int) -> Fit:
        """Return forecasts of the `horizon` periods that follow the block's last one."""


def forecast_rows(method: Method, block: Block, horizon: int, suited: Flags) -> Fit:
    """Return the method's fit for the series that are `suited` and long enough; NaN for the others."""
    chosen = suited & (block.lengths >= method.needs(block.season))
    points = np.full((len(block.values), horizon), np.nan)
    spread = np.full(len(block.values), np.nan)
    if chosen.any():
        fit = method.fit(block.rows(chosen), horizon)
        points[chosen], spread[chosen] = fit.points, fit.spread
    return Fit(points, spread)


def names(methods: Sequence[Method]) -> tuple[str, ...]:
    """Return the methods' names, in order."""
    return tuple(method.name for method in methods)
