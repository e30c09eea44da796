"""Step 4: gaps, options, scenarios, money, risks and opportunities."""

from equipoise.reconcile.gaps.gap import gap
from equipoise.reconcile.money.sensitivity import SENSITIVITY_TABLES, sensitivity
from equipoise.reconcile.money.statement import financials
from equipoise.reconcile.options.option import OPTION_TABLES, option
from equipoise.reconcile.risks.register import risk_register
from equipoise.reconcile.scenarios.comparison import scenarios
from equipoise.reconcile.simulation.simulation import simulation

__all__ = [
    "OPTION_TABLES",
    "SENSITIVITY_TABLES",
    "financials",
    "gap",
    "option",
    "risk_register",
    "scenarios",
    "sensitivity",
    "simulation",
]
