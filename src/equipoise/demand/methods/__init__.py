"""Forecasting methods, all behind one contract. This is the one place that lists them."""

from equipoise.demand.methods.contract import Array, Block, Counts, Fit, Flags, Method, forecast_rows
from equipoise.demand.methods.decomposition import RobustDecomposition
from equipoise.demand.methods.intermittent import Aggregated, Croston, TeunterSyntetosBabai
from equipoise.demand.methods.reference import Naive, RecentMean, SeasonalNaive
from equipoise.demand.methods.smoothing import ADDITIVE, DAMPED, MULTIPLICATIVE, SEASONAL, SIMPLE
from equipoise.demand.methods.theta import Theta

REGISTRY: dict[str, Method] = {
    method.name: method
    for method in (
        Naive(),
        SeasonalNaive(),
        RecentMean(),
        SIMPLE,
        SEASONAL,
        DAMPED,
        ADDITIVE,
        MULTIPLICATIVE,
        Theta(),
        RobustDecomposition(),
        Croston(),
        TeunterSyntetosBabai(),
        Aggregated(),
    )
}

__all__ = ["REGISTRY", "Array", "Block", "Counts", "Fit", "Flags", "Method", "forecast_rows"]
