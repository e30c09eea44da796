"""Small companies as tables, for tests of the supply step alone."""

import datetime as dt
from functools import cache
from typing import Any

import polars as pl

from equipoise.supply import MODEL_TABLES, Session, supply
from equipoise.supply.memory import Memory
from equipoise.tables import table
from equipoise.tables.setting import Setting, to_table

TABLES = tuple(name for name in MODEL_TABLES if name != "setting")
_START = 2027
_MEMORY = Memory()
"""Pieces of problems that read the same, mostly empty tables are made once for all tests: what they are does not hang on it."""


@cache
def empty(name: str) -> pl.DataFrame:
    """The table of that name without rows, the same each time."""
    return table(name).empty()


def month(t: int) -> dt.date:
    """The first day of month t of the horizon, counted from 0."""
    return dt.date(_START + t // 12, t % 12 + 1, 1)


def rows(*records: dict[str, Any]) -> pl.DataFrame:
    """A table of records; a cell that a record does not have is empty."""
    return pl.from_dicts([dict(record) for record in records], infer_schema_length=None) if records else pl.DataFrame()


def session() -> Session:
    """Return a session that has solved nothing, with the pieces that other tests made."""
    return Session(memory=_MEMORY)


def solve(horizon: int, supply_setting: dict[str, Any] | None = None, **tables: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """Run the supply step on tables; those not given are empty."""
    setting = Setting.model_validate(
        {"plan": "truth", "calendar": {"start": month(0), "horizon": horizon}, "supply": {"relative_gap": 0.0, **(supply_setting or {})}}
    )
    unknown = set(tables) - set(TABLES)
    assert not unknown, unknown
    given = {name: table(name).conform(tables[name]) if name in tables else empty(name) for name in TABLES}
    return supply({**given, "setting": to_table(setting)}, session=session())


def money(result: dict[str, pl.DataFrame]) -> dict[str, float]:
    """Profit, revenue and cost of a plan, without the model's own prices."""
    cost = result["cost"].filter(pl.col("class") != "penalty")
    revenue = float(cost.filter(pl.col("term") == "revenue").get_column("amount").sum())
    profit = float(cost.get_column("amount").sum())
    return {"profit": profit, "revenue": revenue, "cost": revenue - profit}


def demand(
    quantities: list[float], item: str = "product", market: str = "market", prices: list[float] | None = None
) -> list[dict[str, Any]]:
    """Rows of demand_plan, a month each."""
    return [
        {"item": item, "market": market, "period": month(t), "quantity": float(quantity), "unit_price": prices[t] if prices else None}
        for t, quantity in enumerate(quantities)
    ]


MUST_SERVE_ON_TIME = {"backlog_allowed": False, "lost_allowed": False}
