"""Splitting: the forecast of a group shared out to its leaves."""

import numpy as np

from equipoise.demand.levels.hierarchy import Hierarchy
from equipoise.demand.methods import Array


def shared_out(above: Array, points: Array, recent: Array, tree: Hierarchy) -> Array:
    """Return the forecasts of the leaves, (leaves, horizon), that add up to those of their groups.

    `above` (groups, horizon); `points` (leaves, horizon) are the leaves' own forecasts and `recent` (leaves,) their recent demand; `tree`
    has one level. A group is shared out by the leaves' own forecasts, where these are zero by recent demand, else equally. A leaf without
    a group keeps its own. Source of the forecast proportions: Athanasopoulos, Ahmed and Hyndman, "Hierarchical forecasts for Australian
    domestic tourism", International Journal of Forecasting 25 (2009).
    """
    alone = tree.codes[0] < 0
    equal = np.ones_like(points)
    lately = np.broadcast_to(np.maximum(recent, 0)[:, None], points.shape)
    weight = np.where(_group_sum(points, tree) > 0, points, np.where(_group_sum(lately, tree) > 0, lately, equal))
    total = _group_sum(weight, tree)
    split = tree.handed_down(np.maximum(above, 0)) * (weight / np.where(total > 0, total, 1.0))
    return np.where(alone[:, None], points, split)


def _group_sum(values: Array, tree: Hierarchy) -> Array:
    """Return for each leaf the sum over its group, (leaves, columns)."""
    return tree.handed_down(tree.sums(values))
