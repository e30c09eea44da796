"""The leaves' forecasts as the plan's way of making levels one leaves them."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import polars as pl

from equipoise.demand.forecast.choice import mean_known
from equipoise.demand.forecast.outcome import Outcome
from equipoise.demand.forecast.panel import Panel
from equipoise.demand.levels.hierarchy import Hierarchy, checked, leaves_of
from equipoise.demand.levels.past_error import past_errors
from equipoise.demand.levels.projection import Projection, shrunk
from equipoise.demand.levels.sharing import shared_out
from equipoise.demand.methods import Array
from equipoise.tables.setting import DemandSetting


def levelled(
    known: Panel,
    outcome: Outcome,
    market: pl.DataFrame,
    item: pl.DataFrame,
    settings: DemandSetting,
    forecast_of: Callable[[Panel], Outcome],
    *,
    season: int | None = None,
) -> Outcome:
    """Return the outcome of the leaves (item and market) with `points`, `p10`, `p50` and `p90` as `settings.reconciliation` makes them.

    bottom_up and middle_out share the forecast at `settings.level` out to the leaves (which stay as they are where the level is item and
    market), top_down that of the total, and min_trace weighs the leaves, the total and `settings.levels` by their errors. `forecast_of`
    forecasts the histories of the groups. What methods were chosen, and how they did, stays that of the leaves. No forecast falls below
    zero. `season` is periods in a season, by default those of a year. Raises InputError where a level has a column that no table gives.
    """
    leaves = leaves_of(known.keys, item, market)
    level = checked(settings.level, "demand.level")
    levels = tuple(checked(level, "demand.levels") for level in settings.levels)
    season = season or settings.season or _season_of(known)
    if settings.reconciliation == "min_trace":
        return _weighed(known, outcome, Hierarchy.of(leaves, ((), *levels)), season, forecast_of)
    tree = Hierarchy.of(leaves, ((),) if settings.reconciliation == "top_down" else (level,))
    if not tree.groups or not len(known.ahead):
        return outcome
    recent = np.nan_to_num(mean_known(known.values[:, -max(season, 1) :], axis=1))
    return _moved(outcome, shared_out(forecast_of(tree.panel(known)).points, outcome.points, recent, tree))


def _weighed(known: Panel, outcome: Outcome, tree: Hierarchy, season: int, forecast_of: Callable[[Panel], Outcome]) -> Outcome:
    """Return the outcome with the leaves moved by minimum trace reconciliation."""
    if not tree.groups or not len(known.ahead):
        return outcome
    groups = tree.panel(known)
    values = np.concatenate([groups.values, known.values])
    size = np.nan_to_num(mean_known(np.abs(values), axis=1))
    projection = Projection(tree, shrunk(past_errors(values, season), size, tree.groups))
    return _moved(outcome, projection.leaves_from_zero(forecast_of(groups).points, outcome.points))


def _moved(outcome: Outcome, points: Array) -> Outcome:
    """Return the outcome at other points, with its interval moved along.

    What lies above a forecast keeps its distance, what lies below its ratio: it never falls below zero, and where demand may be zero it
    still may. No width is taken off for what reconciliation gains: in backtests intervals then covered too little.
    """
    old = outcome.points
    ratio = np.where(old > 0, points / np.where(old > 0, old, 1.0), 1.0)
    around = (outcome.p10, outcome.p50, outcome.p90)
    low, middle, high = (np.where(level <= old, np.minimum(level * ratio, points), points + level - old) for level in around)
    return replace(outcome, points=points, p10=low, p50=middle, p90=high)


def _season_of(known: Panel) -> int:
    """Return how many periods of the panel's calendar make a year."""
    days = (known.ahead[-1] - known.last).days if known.ahead else 0
    return max(1, round(365.25 * len(known.ahead) / days)) if days else 12
