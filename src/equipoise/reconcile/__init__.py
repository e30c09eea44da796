"""Step 4: gaps, scenarios, money."""

from equipoise.reconcile.gaps.gap import gap
from equipoise.reconcile.money.statement import financials
from equipoise.reconcile.scenarios.comparison import scenarios

__all__ = ["financials", "gap", "scenarios"]
