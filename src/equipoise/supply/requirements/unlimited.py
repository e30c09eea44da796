"""The same problem without limits on supply: what would be made, bought and moved if only physics, demand and targets counted."""

from dataclasses import replace

import numpy as np
import polars as pl

from equipoise.supply.assembly import Array, Problem
from equipoise.supply.model.prices import LATE_SHARE_A_MONTH
from equipoise.supply.model.unknowns import Model

_NO_MOST = frozenset({"purchase_limit", "lane_limit", "group_limit", "firm_production", "firm_purchase", "firm_transfer", "firm_inventory"})
"""Rules of which only the most is lifted: what is contracted or firm comes anyway."""
_LIFTED = frozenset(
    {
        *("regular_capacity", "overtime_limit", "idle_limit", "minimum_run", "labor_hours", "labor_overtime", "headcount"),
        *("hiring_limit", "layoff_limit", "minimum_load", "minimum_lot", "minimum_order", "firm_workforce", "firm_overtime", "frozen"),
        *("level_output", "level_workforce", "chase"),
    }
)
"""Rules that are lifted as a whole: capacity, labor, what only counts where things come whole, the frozen fence and strategies."""
_IN_FRACTIONS = ("setup", "order", "use", "open")
"""Families that come in fractions, and as many of them as are needed."""


def unlimited(problem: Problem) -> Problem:
    """Return the problem with every limit on supply lifted, all of it in fractions, and service before any cost.

    Capacity, labor, purchases, lanes, storage, groups, least lots, the frozen fence, the most of firm plans, and the strategy no longer
    hold; with the strategy given, firm plans don't either. Stock balance, bills, yields, lead times, shelf life, the demand policy,
    contracts, firm least amounts and inventory targets stay. Overtime is not needed.
    Nothing but serving demand pays, and making it just in time, so profit has a bound.
    """
    lower, upper = problem.row_lower.copy(), problem.row_upper.copy()
    given = problem.model.net.setting.supply.strategy == "given"
    for block in problem.blocks:
        span = slice(block.start, block.stop)
        if block.rule.name in _LIFTED | _NO_MOST:
            upper[span] = np.inf
        if block.rule.name in _LIFTED or (given and block.rule.name.startswith("firm_")):
            lower[span] = -np.inf
    columns = problem.column_upper.copy()
    for family in _IN_FRACTIONS:
        columns[_columns(problem.model, family)] = np.inf
    columns[_columns(problem.model, "overtime")] = 0.0
    money, penalty = np.minimum(problem.money, 0.0), np.minimum(problem.penalty, 0.0)
    money[_columns(problem.model, "regular")] -= _wage(problem.model)
    for family, gain in _service_gains(problem.model).items():
        served = _columns(problem.model, family)
        money[served] = np.where(family in {"lost", "backlog"}, 0.0, money[served])
        penalty[served] = np.where(family in {"lost", "backlog"}, 0.0, penalty[served]) + gain
    return replace(
        problem,
        money=money,
        penalty=penalty,
        column_upper=columns,
        whole=np.zeros_like(problem.whole),
        row_lower=lower,
        row_upper=upper,
        crossed=np.zeros_like(problem.crossed),
    )


def _columns(model: Model, family: str) -> np.ndarray:
    return model[family].get_column("column").to_numpy()


def _service_gains(model: Model) -> dict[str, Array]:
    """Return, by family, the (negative) gain of a unit never served, late, below target, or there before it is needed: ever less dear.

    Building ahead costs as much as the unit itself, so nothing is required before its time, whatever prices do and wherever the horizon
    ends; a target is worth making and keeping a unit for, and being late costs more than building ahead for the whole horizon.
    """
    prices, horizon = model.prices, model.horizon
    monthly = 12 / model.net.calendar.periods_a_year * LATE_SHARE_A_MONTH
    value = pl.col("item").replace_strict(prices.value, default=prices.scale, return_dtype=pl.Float64)
    early = pl.col("item").replace_strict(prices.dearest, default=0.0, return_dtype=pl.Float64)
    late = (horizon + 4) * early + monthly * value
    never = early + (horizon + 1) * late + value
    open_at_end = pl.when(pl.col("t") == horizon - 1).then(never).otherwise(0.0)
    gains = {"lost": -never, "backlog": -late - open_at_end, "shortfall": -3 * early, "stock": -early, "scrap": -(horizon + 1) * early}
    return {family: model[family].select(gain.alias("gain")).to_series().to_numpy() for family, gain in gains.items()}


def _wage(model: Model) -> Array:
    """Return, for every column of regular time, the wage of an hour of labor that is paid by head: it decides which route is cheaper."""
    hours = pl.when(pl.col("staffed") & (pl.col("hours_per_worker") > 0)).then(pl.col("hours_per_worker"))
    return model["regular"].select((pl.col("wage_per_period").fill_null(0.0) / hours).fill_null(0.0)).to_series().to_numpy()
