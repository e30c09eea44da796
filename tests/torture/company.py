"""A company so small that its whole cycle is planned in a moment: what is tested is the record, not the plan."""

from pathlib import Path

PLAN = """\
plan: torture
currency: EUR
calendar: {cadence: month, as_of: 2026-11-30, start: 2026-12-01, horizon: 6}
data: tables/
risk: {paths: 0, rolling: 0, sensitivity: 0}
options: {tried: 0}
templates: {upside: 1.0, downside: 1.0, stretch: 1.0}
outputs: [demand_plan, supply_plan]
"""
ITEMS = tuple(f"Item {number}" for number in range(1, 9))
PERIODS = tuple(f"{2026 + (11 + month) // 12}-{(11 + month) % 12 + 1:02d}-01" for month in range(6))


def make_company(folder: Path) -> Path:
    """Write the plan and its tables, and return the plan file."""
    tables = folder / "tables"
    tables.mkdir(parents=True)
    (folder / "plan.yaml").write_text(PLAN, encoding="utf-8")
    rows = {
        "item": "item,family,unit_price,unit_cost\n" + "\n".join(f"{item},Family,10,6" for item in ITEMS),
        "market": "market\nHome",
        "forecast": "source,item,market,period,kind,quantity\n"
        + "\n".join(f"sales,{item},Home,{period},increment,100" for item in ITEMS for period in PERIODS),
        "location": "location\nPlant",
        "resource": "resource,location\nLine,Plant",
        "capacity": "resource,regular\nLine,1000",
        "route": "route,item,location,unit_cost\n" + "\n".join(f"make {item},{item},Plant,6" for item in ITEMS),
        "usage": "activity,of,resource,quantity\n" + "\n".join(f"make,make {item},Line,1" for item in ITEMS),
    }
    for name, text in rows.items():
        (tables / f"{name}.csv").write_text(text + "\n", encoding="utf-8")
    return folder / "plan.yaml"
