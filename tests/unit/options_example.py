"""A small maker of chairs and tables that is short in March, for tests of options: one saw, one crew, a subcontractor, two suppliers."""

import datetime as dt
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from equipoise.cycle import Cycle
from equipoise.reconcile import OPTION_TABLES, option
from equipoise.reconcile.options.company import Company
from equipoise.reconcile.options.found import candidates, gaps_of
from equipoise.reconcile.options.proof import Prover
from equipoise.reconcile.options.search import Single, proven
from equipoise.service.gathering import Gathered, gather
from equipoise.service.messages import RunRequest
from equipoise.service.workspace import locate
from tests.truth.running import written

TODAY = dt.date(2026, 12, 15)
MONTHS = [f"2027-{month:02d}-01" for month in range(1, 7)]
CHAIRS, TABLES = (100, 110, 260, 120, 100, 100), (40, 40, 90, 50, 40, 40)
Rows = list[dict[str, Any]]

PLAN = """\
plan: workshop
currency: EUR
calendar: {start: 2027-01-01, as_of: 2026-12-15, horizon: 6}
data: tables
finance: {carrying_rate: 0.2}
supply: {relative_gap: 0.0}
"""


def _demand(item: str, quantities: Sequence[float], price: float, market: str = "Home", share: float = 1.0) -> Rows:
    given = {"source": "plan", "kind": "increment", "item": item, "market": market}
    months = zip(MONTHS, quantities, strict=True)
    return [{**given, "period": month, "quantity": share * size, "revenue": share * size * price} for month, size in months]


def rows(**more: Rows) -> dict[str, Rows]:
    """The tables of the workshop, those in `more` in place of its own."""
    made: dict[str, Rows] = {
        "item": [
            {"item": "Chair", "family": "Seats", "unit": "piece", "unit_price": 60, "unit_cost": 33},
            {"item": "Desk", "family": "Desks", "unit": "piece", "unit_price": 150, "unit_cost": 88},
            {"item": "Board", "family": "Timber", "unit": "board", "unit_cost": 6},
        ],
        "market": [{"market": "Home", "priority": 1}, {"market": "Export", "priority": 2}],
        "forecast": [*_demand("Chair", CHAIRS, 60, share=0.5), *_demand("Chair", CHAIRS, 64, "Export", 0.5), *_demand("Desk", TABLES, 150)],
        "demand_policy": [{"backlog_allowed": "no", "lost_allowed": "yes", "lost_sale_cost": 5}],
        "resource": [
            {"resource": "Saw", "location": "Shop", "unit": "hours", "regular_cost": 20, "overtime_cost": 30},
            {"resource": "Crew", "location": "Shop", "kind": "labor", "unit": "hours", "regular_cost": 15, "overtime_cost": 24},
        ],
        "capacity": [{"resource": "Saw", "regular": 60, "overtime_limit": 6}, {"resource": "Crew", "regular": 220, "overtime_limit": 10}],
        "route": [
            {"route": "Make Chair", "item": "Chair", "location": "Shop", "unit_cost": 2},
            {"route": "Make Desk", "item": "Desk", "location": "Shop", "unit_cost": 8},
        ],
        "usage": [
            {"activity": "make", "of": "Make Chair", "resource": "Saw", "quantity": 0.3},
            {"activity": "make", "of": "Make Desk", "resource": "Saw", "quantity": 0.6},
            {"activity": "make", "of": "Make Chair", "resource": "Crew", "quantity": 1.0},
            {"activity": "make", "of": "Make Desk", "resource": "Crew", "quantity": 2.5},
        ],
        "bom": [
            {"route": "Make Chair", "component": "Board", "quantity": 1},
            {"route": "Make Desk", "component": "Board", "quantity": 4},
        ],
        "purchase": [
            {"purchase": "Boards", "item": "Board", "location": "Shop", "supplier": "Wood & Son", "unit_cost": 6, "lead_time": 0},
            {"purchase": "Chairs out", "item": "Chair", "location": "Shop", "supplier": "Nils", "kind": "subcontract", "unit_cost": 45},
        ],
        "purchase_limit": [{"purchase": "Boards", "maximum": 400}, {"purchase": "Chairs out", "maximum": 10}],
        "inventory_policy": [{"item": "Chair", "location": "Shop", "maximum": 20}, {"item": "Desk", "location": "Shop", "maximum": 5}],
        "on_hand": [{"item": "Chair", "location": "Shop", "quantity": 10}],
    }
    return {name: part for name, part in {**made, **more}.items() if part}


class Workshop:
    """A workshop gathered and planned, with the levers given to it."""

    def __init__(self, folder: Path, levers: Sequence[dict[str, Any]] = (), plan: str = PLAN, **more: Rows) -> None:
        self.gathered: Gathered = gather(locate(RunRequest(plan=str(written(rows(lever=list(levers), **more), plan, folder)))), TODAY)
        self.gathered.refuse_errors()
        self.cycle = Cycle(self.gathered.tables, self.gathered.plan.overrides, self.gathered.plan.scenarios)
        self.cycle.resolve("")  # as a run does: what-ifs then make only what they change
        self.base = self.cycle.what_if(())

    def options(self) -> dict[str, pl.DataFrame]:
        """What the step makes."""
        return option({name: self.base[name] for name in OPTION_TABLES}, what_if=self.cycle.what_if)

    def searched(self) -> tuple[list[Single], Prover]:
        """The single options, proven, and who proves them."""
        company = Company(self.base)
        found, _ = candidates(company, gaps_of(company, company.setting.options.gaps))
        prover = Prover(self.base, self.cycle.what_if)
        return proven(found, prover), prover


def profit(tables: Mapping[str, pl.DataFrame]) -> float:
    """Published profit of a plan."""
    return float(tables["cost"].filter(pl.col("class") != "penalty").get_column("amount").sum())
