"""Step 3, the supply review: an exact, sparse model of what the company can make, buy, move and keep."""

from equipoise.supply.auditing import audit
from equipoise.supply.explaining.cause import supply_cause
from equipoise.supply.formulate import MODEL_TABLES
from equipoise.supply.inventory_targets.target import inventory_target
from equipoise.supply.playing import play, roll
from equipoise.supply.requirements.requirement import requirements
from equipoise.supply.review import supply
from equipoise.supply.robust import robust_plan
from equipoise.supply.session import Session
from equipoise.supply.splitting import item_plan

__all__ = [
    "MODEL_TABLES",
    "Session",
    "audit",
    "inventory_target",
    "item_plan",
    "play",
    "requirements",
    "robust_plan",
    "roll",
    "supply",
    "supply_cause",
]
