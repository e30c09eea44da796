"""Between levels: item tables added up to families before planning, the plan split to items and weeks after it."""

from equipoise.supply.splitting.split import item_plan

__all__ = ["item_plan"]
