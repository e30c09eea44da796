"""The safety stock of the table, tried out: a store runs for years of days with it, and the service it gives is measured."""

import datetime as dt
import math
from collections import defaultdict
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
import polars as pl
import pytest

from equipoise.supply import inventory_target
from equipoise.tables.setting import Setting, to_table

CYCLES = 20_000
BATCHES = 40


@dataclass(frozen=True)
class Case:
    """A store: demand of a day and its deviation, lead time in whole days and its deviation before rounding, review time in days."""

    demand: float
    deviation: float
    lead_time: float
    lead_deviation: float
    review: int

    @property
    def rounded_deviation(self) -> float:
        return math.sqrt(self.lead_deviation**2 + 1 / 12) if self.lead_deviation else 0.0


def base_stock(case: Case, level: float, measure: str) -> float:
    """The order-up-to level that the step gives for it."""
    weeks = 60
    start = dt.date(2027, 1, 4)
    width = NormalDist().inv_cdf(0.9) * case.deviation * math.sqrt(7)
    periods = [start + dt.timedelta(weeks=week) for week in range(weeks)]
    plan = [
        {
            "item": "A",
            "market": "M",
            "period": day,
            "quantity": 7 * case.demand,
            "p10": 7 * case.demand - width,
            "p90": 7 * case.demand + width,
        }
        for day in periods
    ]
    tables: dict[str, list[dict[str, Any]]] = {
        "demand_plan": plan,
        "item": [{"item": "A"}],
        "purchase": [
            {"purchase": "P", "item": "A", "location": "W", "lead_time": case.lead_time, "lead_time_deviation": case.rounded_deviation}
        ],
        "inventory_policy": [{"item": "A", "location": "W", "service_level": level, "service_measure": measure}],
    }
    setting = Setting.model_validate(
        {
            "plan": "store",
            "calendar": {"cadence": "week", "start": start, "horizon": weeks},
            "supply": {"review_time": case.review},
        }
    )
    found = inventory_target({**{name: pl.DataFrame(rows) for name, rows in tables.items()}, "setting": to_table(setting)})
    return float(found.get_column("base_stock")[0])


def service(case: Case, up_to: float, seed: int) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Run the store day by day; the share of cycles without a stockout, and of units served from stock, by batch."""
    random = np.random.default_rng(seed)
    days = CYCLES * case.review
    demand = np.maximum(random.normal(case.demand, case.deviation, days), 0.0).tolist()
    leads = np.maximum(np.rint(random.normal(case.lead_time, case.lead_deviation, CYCLES)), 0).astype(int).tolist()
    coming: dict[int, float] = defaultdict(float)
    net, position = up_to, up_to
    kept, cycles, served, asked = np.zeros((4, BATCHES))
    size = math.ceil(days / BATCHES)
    for day, wanted in enumerate(demand):
        if day % case.review == 0:
            coming[day + leads[day // case.review]] += up_to - position
            position = up_to
        batch = day // size
        if day in coming:
            cycles[batch] += 1
            kept[batch] += net >= 0
            net += coming.pop(day)
        served[batch] += min(wanted, max(net, 0.0))
        asked[batch] += wanted
        net -= wanted
        position -= wanted
    return kept / cycles, served / asked


CASES = {
    "fixed lead time": Case(100, 30, 10, 0, 7),
    "lead time varies": Case(100, 30, 10, 1.2, 7),
    "reviewed by the month": Case(40, 12, 21, 4, 28),
    "lead time far longer than review": Case(60, 18, 40, 0, 5),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
@pytest.mark.parametrize(("measure", "level"), [("cycles", 0.90), ("cycles", 0.975), ("units", 0.95), ("units", 0.99)])
def test_the_store_gives_the_service_that_was_asked_for(case: Case, measure: str, level: float) -> None:
    cycles, units = service(case, base_stock(case, level, measure), seed=7)
    attained = cycles if measure == "cycles" else units
    error = float(attained.std(ddof=1)) / math.sqrt(BATCHES)
    assert float(attained.mean()) == pytest.approx(level, abs=3.5 * error + 0.0005)
