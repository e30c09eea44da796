"""The robust plan: one that is settled for the first periods before it is known which scenario comes, beside the nominal plan."""

from equipoise.supply.robust.weighing import robust_plan

__all__ = ["robust_plan"]
