"""What a plan earns, as one plan is compared with another: published profit, with the stock that is left counted at standard cost."""

from collections.abc import Mapping
from typing import Protocol

import polars as pl

from equipoise.finance import published
from equipoise.scenario import Override


class WhatIf(Protocol):
    """Solves the plan again with more overrides, up to a step, and returns its tables."""

    def __call__(self, overrides: tuple[Override, ...], upto: str = ...) -> Mapping[str, pl.DataFrame]:
        """Return the tables of the plan with the overrides."""


def earned(tables: Mapping[str, pl.DataFrame]) -> float:
    """Return the published profit plus the value of the stock at the end of the horizon, at standard cost (currency).

    The opening stock is the same in every plan compared, so differences of this are differences of the contribution: revenue less cost of
    supply, carrying and service, plus the change in stock value. Stock without a standard cost has no value.
    """
    stock = tables["inventory_plan"]
    left = stock.filter(pl.col("period") == pl.col("period").max()).get_column("value").sum() if stock.height else 0.0
    return float(published(tables["cost"]).get_column("amount").sum()) + float(left or 0.0)
