"""Measure: what happened against what was planned."""
