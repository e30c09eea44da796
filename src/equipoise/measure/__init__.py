"""Measure: what happened against what was planned."""

from equipoise.measure.scorecard import kpi

__all__ = ["kpi"]
