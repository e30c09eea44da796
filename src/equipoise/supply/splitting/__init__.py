"""After planning: the plan split to items and weeks, within capacity, in whole lots where asked."""

from equipoise.supply.splitting.split import item_plan

__all__ = ["item_plan"]
