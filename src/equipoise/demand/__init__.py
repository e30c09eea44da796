"""Step 2: cleaned history, segments, baseline, consensus, demand plan."""

from equipoise.demand.cleaning import cleaned_history, correction
from equipoise.demand.events.event_effect import event_effect
from equipoise.demand.forecast.forecasting import baseline
from equipoise.demand.orders import demand_plan
from equipoise.demand.override_flag import override_flag
from equipoise.demand.segmentation import segment
from equipoise.demand.streams.agreement import consensus

__all__ = ["baseline", "cleaned_history", "consensus", "correction", "demand_plan", "event_effect", "override_flag", "segment"]
