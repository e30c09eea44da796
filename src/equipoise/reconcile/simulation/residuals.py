"""What history shows above or below a simple reference: standardised residuals of each series, by period."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from equipoise.reconcile.simulation.normal import Array, Flags, Index

LEAST = 8
"""Residuals that a series needs to count."""
_WINSOR = 3.0


@dataclass(frozen=True, eq=False)
class Residuals:
    """Standardised residuals (periods, series), zero where there is none, and how many each series has; `informative`: how many of them
    have demand behind them. Series without enough have none at all. `size` is the usual residual of each series in units, `seasonal` says
    whether it is against the season before."""

    values: Array
    count: Index
    informative: Index
    size: Array
    seasonal: Flags

    @property
    def known(self) -> Index:
        """The series that have residuals."""
        return np.flatnonzero(self.count)


def history_of(cleaned_history: pl.DataFrame, units: pl.DataFrame, count: int) -> Array:
    """Return history as (periods, `count` units), NaN before a unit's first period and after the last period of all.

    `units` has item, market and `unit` (its number, from 0): several series may be one unit, whose history is their sum.
    """
    rows = cleaned_history.join(units, on=["item", "market"], how="inner", maintain_order="left")
    sums = rows.group_by("unit", "period", maintain_order=True).agg(pl.col("quantity").sum()).sort("unit", "period")
    days = sums.get_column("period").unique().sort()
    found = np.full((len(days), count), np.nan)
    at = np.searchsorted(days.to_numpy(), sums.get_column("period").to_numpy())
    found[at, sums.get_column("unit").to_numpy()] = sums.get_column("quantity").to_numpy()
    started = np.cumsum(~np.isnan(found), axis=0) > 0
    return np.where(started & np.isnan(found), 0.0, found)


def residuals(history: Array, season: int) -> Residuals:
    """Return the residuals of `history` (periods, series) against what a simple reference says.

    The reference is the same period a season before (seasonal naive) for a series with at least a season and LEAST periods more, else the
    period before (naive). Differences are taken of log(1 + demand / mean), so that series of any size and with periods of no demand
    compare; the mean growth of a series is no surprise and taken off. Values beyond three standard deviations count as three.
    """
    scale = _means(history)
    usable = scale > 0
    level = np.log1p(np.maximum(history, 0.0) / np.where(usable, scale, 1.0))
    seen = (~np.isnan(level)).sum(axis=0)
    seasonal = seen >= season + LEAST
    error = np.where(seasonal, _changes(level, season), _changes(level, 1))
    error = np.where(usable, error, np.nan)
    count = (~np.isnan(error)).sum(axis=0)
    values = np.nan_to_num(error - _means(error))
    spread = np.sqrt((values**2).sum(axis=0) / np.maximum(count, 1))
    known = (count >= LEAST) & (spread > 1e-9)
    values = np.clip(np.where(known, values / np.where(known, spread, 1.0), 0.0), -_WINSOR, _WINSOR)
    informative = ((history > 0) & ~np.isnan(error)).sum(axis=0)
    return Residuals(
        values, np.where(known, count, 0), np.where(known, informative, 0), np.where(known, spread * scale, 0.0), seasonal & known
    )


def _changes(level: Array, periods: int) -> Array:
    """Return the change of each series over so many periods, NaN where there is none."""
    change = np.full_like(level, np.nan)
    change[periods:] = level[periods:] - level[: max(len(level) - periods, 0)]
    return change


def _means(error: Array) -> Array:
    count = (~np.isnan(error)).sum(axis=0)
    return np.asarray(np.nansum(error, axis=0) / np.maximum(count, 1))
