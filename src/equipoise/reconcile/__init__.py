"""Step 4: gaps, scenarios, money."""

from equipoise.reconcile.comparison import scenarios
from equipoise.reconcile.gaps import gap
from equipoise.reconcile.statement import financials

__all__ = ["financials", "gap", "scenarios"]
