"""Step 2: segments, baseline, consensus, demand plan."""

from equipoise.demand.forecasting import baseline
from equipoise.demand.orders import demand_plan
from equipoise.demand.segmentation import segment
from equipoise.demand.streams import consensus

__all__ = ["baseline", "consensus", "demand_plan", "segment"]
