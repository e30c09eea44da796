"""Which gaps stand for themselves, and which are parts or sums of others."""

import polars as pl

# Kinds that are told in total alone.
_TOTAL = ("supply_surplus",)


def repeats(kind: str, level: str) -> bool:
    """Return whether a gap of this kind and level tells again, split or summed, what gaps of families and resources tell."""
    return level in {"item", "market"} or (level == "total" and kind not in _TOTAL)


def main_gaps(gap: pl.DataFrame) -> pl.DataFrame:
    """Return the rows of table `gap` that stand for themselves, in their order: those that do not repeat others."""
    total = (pl.col("level") == "total") & ~pl.col("kind").is_in(_TOTAL)
    return gap.filter(~(pl.col("level").is_in(["item", "market"]) | total))
