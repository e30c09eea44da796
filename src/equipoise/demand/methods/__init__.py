"""Forecasting methods, all behind one contract. This is the one place that lists them."""

from collections.abc import Sequence
from difflib import get_close_matches

from equipoise.demand.methods.aggregation import MultipleAggregation
from equipoise.demand.methods.autoregression import Autoregression
from equipoise.demand.methods.contract import Array, Block, Counts, Fit, Flags, Method, forecast_rows
from equipoise.demand.methods.decomposition import RobustDecomposition
from equipoise.demand.methods.intermittent import (
    RATE,
    RECENT_RATE,
    SEASONAL_RATE,
    Aggregated,
    Croston,
    MultipleAggregated,
    TeunterSyntetosBabai,
)
from equipoise.demand.methods.reference import Naive, RecentMean, SeasonalNaive
from equipoise.demand.methods.smoothing import ADDITIVE, DAMPED, MULTIPLICATIVE, SEASONAL, SIMPLE
from equipoise.demand.methods.theta import Theta
from equipoise.errors import InputError, Where

_FAST: tuple[Method, ...] = (
    Naive(),
    SeasonalNaive(),
    RecentMean(),
    SIMPLE,
    SEASONAL,
    ADDITIVE,
    MULTIPLICATIVE,
    Theta(),
    Croston(),
    TeunterSyntetosBabai(),
    Aggregated(),
    MultipleAggregated(),
    RATE,
    RECENT_RATE,
    SEASONAL_RATE,
)
_ACCURATE: tuple[Method, ...] = (*_FAST, MultipleAggregation(), Autoregression())
_BY_NAME_ONLY: tuple[Method, ...] = (DAMPED, RobustDecomposition())  # the pools did no better with them

POOLS: dict[str, tuple[Method, ...]] = {"fast": _FAST, "accurate": _ACCURATE}
ORIGINS = {"fast": 6, "accurate": 6}
"""From how many origins each pool is backtested, where the plan does not say."""
REGISTRY: dict[str, Method] = {method.name: method for method in (*_ACCURATE, *_BY_NAME_ONLY)}
"""Every method of Equipoise itself, by name."""
ALWAYS = ("naive", "seasonal_naive")
"""The methods that stand beside whatever is chosen, for comparison."""


def pool(wanted: str | Sequence[str]) -> tuple[Method, ...]:
    """Return the methods to try: a pool, `fast` or `accurate`, or the methods that are named, from Equipoise itself, from libraries where
    they are installed, or registered by a user; naive and seasonal naive stand beside them always.

    Raises InputError for a name that nobody has.
    """
    if isinstance(wanted, str) and wanted in POOLS:
        return POOLS[wanted]
    named = (wanted,) if isinstance(wanted, str) else tuple(wanted)
    known = REGISTRY if all(name in REGISTRY for name in named) else _everything()
    unknown = [name for name in named if name not in known]
    if unknown:
        near = get_close_matches(unknown[0], known, n=3, cutoff=0.4) or sorted(known)
        raise InputError(
            f"There is no forecasting method {unknown[0]}.",
            f"The nearest are: {', '.join(near)}.",
            Where(table="setting", column="demand.methods"),
        )
    return tuple(method for name, method in known.items() if name in (*named, *ALWAYS))


def _everything() -> dict[str, Method]:
    """Return the methods of Equipoise, of libraries and of users; of two with one name the first counts."""
    from equipoise.demand.methods.library import library_methods
    from equipoise.demand.methods.plugins import registered_methods

    own = {**library_methods(), **REGISTRY}
    return own | {name: method for name, method in registered_methods().items() if name not in own}


__all__ = ["ALWAYS", "ORIGINS", "POOLS", "REGISTRY", "Array", "Block", "Counts", "Fit", "Flags", "Method", "forecast_rows", "pool"]
