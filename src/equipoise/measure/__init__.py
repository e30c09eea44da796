"""Measure: what happened against what was planned."""

from equipoise.measure.scorecard import kpi
from equipoise.measure.stream_record import stream_record
from equipoise.measure.value_added import value_added

__all__ = ["kpi", "stream_record", "value_added"]
