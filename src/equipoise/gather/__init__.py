"""Step 1 of the cycle: from a plan file and raw tables to checked facts, with every fault and every assumption."""

from equipoise.gather.facts import Facts, facts
from equipoise.gather.plan import Plan, read_plan
from equipoise.gather.raw import Raw

__all__ = ["Facts", "Plan", "Raw", "facts", "read_plan"]
