"""The little company that a new workspace starts from: a lamp maker with two families, two markets and one line."""

import datetime as dt
import math

from equipoise.dimensions.calendar import add_months

_ITEMS = {  # item: family, price, cost, units a month, month of the peak, swing of the season
    "Desk Lamp": ("Desk", 60.0, 31.0, 420, 9, 0.30),
    "Clip Lamp": ("Desk", 38.0, 19.5, 260, 9, 0.20),
    "Floor Lamp": ("Living", 145.0, 82.0, 150, 12, 0.45),
    "Lantern": ("Living", 72.0, 38.0, 190, 12, 0.60),
}
_MARKETS = {"Shops": 0.6, "Online": 0.4}
_HOURS = {"Desk Lamp": 0.20, "Clip Lamp": 0.15, "Floor Lamp": 0.60, "Lantern": 0.35}
_HISTORY_MONTHS = 30

PLAN = """\
# A plan to start from. Every key is explained in docs/plan-file.md; 'equipoise check' says what is wrong before anything runs.
plan: lamps-{month}
calendar: {{cadence: month, as_of: {as_of}, start: {start}, horizon: 12}}
currency: EUR
data: tables/
finance: {{carrying_rate: 0.15}}
targets: {{mape: 0.20, plan_attainment: 0.95, otif: 0.98}}
scenarios:
  - name: holiday rush
    description: The lantern is in every gift guide
    likelihood: low
    impact: positive
    overrides:
      - {{table: demand_plan, where: {{item: Lantern}}, operation: scale, value: 1.5, reason: gift guides}}
outputs: [demand_plan, supply_plan, gap_analysis, scenarios, executive_summary, action_items]
"""


def files(today: dt.date) -> dict[str, str]:
    """Return the files of the starting workspace by path: a plan that begins next month, and its tables as CSV."""
    start = add_months(today, 1)
    plan = PLAN.format(month=f"{start:%Y-%m}", as_of=start - dt.timedelta(days=1), start=start)
    return {"plan.yaml": plan, **{f"tables/{name}.csv": _csv(rows) for name, rows in _tables(start).items()}}


def _csv(rows: list[dict[str, object]]) -> str:
    return "\n".join([",".join(rows[0]), *(",".join(str(value) for value in row.values()) for row in rows)]) + "\n"


def _quantity(item: str, share: float, month: dt.date, index: int) -> int:
    """Return a month's demand: level, a little growth, a season, and a ripple that looks like chance but never changes."""
    _, _, _, level, peak, swing = _ITEMS[item]
    season = 1 + swing * math.cos(2 * math.pi * (month.month - peak) / 12)
    ripple = 1 + 0.06 * math.sin(12.9898 * index + 78.233 * len(item))
    return round(level * share * (1 + 0.004 * index) * season * ripple)


def _tables(start: dt.date) -> dict[str, list[dict[str, object]]]:
    months = [add_months(start, -_HISTORY_MONTHS + index) for index in range(_HISTORY_MONTHS)]
    history = [
        {"item": item, "market": market, "period": month, "quantity": _quantity(item, share, month, index)}
        for item in _ITEMS
        for market, share in _MARKETS.items()
        for index, month in enumerate(months)
    ]
    return {
        "item": [
            {"item": item, "family": family, "unit": "pieces", "unit_price": price, "unit_cost": cost}
            for item, (family, price, cost, *_) in _ITEMS.items()
        ],
        "market": [{"market": market, "region": "Home", "channel": market} for market in _MARKETS],
        "location": [{"location": "Workshop", "kind": "plant"}],
        "resource": [
            {"resource": "Assembly", "location": "Workshop", "kind": "labor", "unit": "hours", "regular_cost": 28, "overtime_cost": 40}
        ],
        "capacity": [{"resource": "Assembly", "regular": 320, "overtime_limit": 40}],
        "route": [
            {"route": f"Make {item}", "item": item, "location": "Workshop", "unit_cost": round(_ITEMS[item][2] * 0.8, 2)} for item in _ITEMS
        ],
        "usage": [{"activity": "make", "of": f"Make {item}", "resource": "Assembly", "quantity": hours} for item, hours in _HOURS.items()],
        "inventory_policy": [{"item": item, "location": "Workshop", "weeks_of_supply": 3, "shortfall_cost": 1.5} for item in _ITEMS],
        "on_hand": [{"item": item, "location": "Workshop", "quantity": round(_ITEMS[item][3] * 0.8)} for item in _ITEMS],
        "history": history,
    }
