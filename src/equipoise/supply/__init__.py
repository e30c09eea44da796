"""Step 3, the supply review: an exact, sparse model of what the company can make, buy, move and keep."""

from equipoise.supply.review import supply

__all__ = ["supply"]
