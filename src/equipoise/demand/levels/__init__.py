"""Levels: forecasts of families, markets and the total made one with those of the leaves, to the last unit."""

from equipoise.demand.levels.reconciliation import levelled
from equipoise.demand.levels.rounding import in_whole_units

__all__ = ["in_whole_units", "levelled"]
