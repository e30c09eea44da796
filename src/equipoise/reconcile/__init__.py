"""Step 4: gaps, scenarios, money."""

from equipoise.reconcile.statement import financials

__all__ = ["financials"]
