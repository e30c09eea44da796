"""One small company that asks for every equation of the supply model."""

import datetime as dt
from typing import Any

import polars as pl

from equipoise.supply.assembly import Problem
from equipoise.supply.formulate import formulate
from equipoise.tables import table
from equipoise.tables.setting import Setting, to_table
from tests.truth.company import demand, month, rows

HORIZON = 3
AN_EARLIER_DAY = dt.date(2026, 12, 1)


def tables() -> dict[str, pl.DataFrame]:
    """Chairs and stools of wood, made in Mill and sold through Depot; every table has something to say."""
    return {
        "item": rows(
            {"item": "chair", "unit": "piece", "unit_price": 90.0, "unit_cost": 40.0},
            {"item": "stool", "unit": "piece", "unit_price": 50.0, "unit_cost": 20.0},
            {"item": "wood", "unit": "kg", "unit_cost": 2.0, "kind": "raw"},
            {"item": "dust", "unit": "kg", "kind": "raw"},
            {"item": "glue", "unit": "kg", "shelf_life": 31.0, "kind": "raw"},
            {"item": "lamp", "unit": "piece", "unit_price": 30.0},
        ),
        "location": rows(
            {"location": "Mill", "is_open": True},
            {"location": "Depot", "kind": "warehouse", "is_open": True, "closing_cost": -500.0},
            {"location": "Annex", "kind": "warehouse", "is_open": False, "opening_cost": 300.0},
        ),
        "demand_plan": rows(
            *demand([40, 60, 80], item="chair", market="North"),
            *demand([10, 10, 10], item="chair", market="South"),
            *demand([30, 30, 30], item="stool", market="Web"),
            *demand([5, 5, 5], item="stool", market="Shop"),
            *demand([1, 1, 1], item="lamp", market="Web"),
        ),
        "resource": rows(
            {"resource": "saw", "location": "Mill", "unit": "hours", "regular_cost": 20.0, "overtime_cost": 30.0},
            {"resource": "crew", "location": "Mill", "unit": "hours", "kind": "labor", "maximum_idle": 500.0},
            {"resource": "oven", "location": "Mill", "unit": "hours"},
            {"resource": "shelf", "location": "Depot", "unit": "pallets", "kind": "storage"},
        ),
        "route": rows(
            {
                "route": "chair A",
                "item": "chair",
                "location": "Mill",
                "yield": 0.9,
                "lead_time": 10.0,
                "minimum_lot": 5.0,
                "lot_multiple": 5.0,
            },
            {"route": "chair B", "item": "chair", "location": "Mill", "setup_cost": 50.0},
            {"route": "stool A", "item": "stool", "location": "Mill", "fixed_cost": 25.0},
            {"route": "stool X", "item": "stool", "location": "Mill"},
        ),
        "usage": rows(
            {"activity": "make", "of": "chair A", "resource": "saw", "quantity": 0.5, "setup_quantity": 2.0},
            {"activity": "make", "of": "chair B", "resource": "saw", "quantity": 0.6},
            {"activity": "make", "of": "chair A", "resource": "crew", "quantity": 1.0},
            {"activity": "make", "of": "stool A", "resource": "oven", "quantity": 0.25},
            {"activity": "store", "of": "chair", "resource": "shelf", "quantity": 0.1},
            {"activity": "move", "of": "Mill-Depot", "resource": "crew", "quantity": 0.05},
            {"activity": "buy", "of": "wood spot", "resource": "crew", "quantity": 0.01},
        ),
        "bom": rows(
            {"route": "chair A", "component": "wood", "quantity": 4.0},
            {"route": "chair B", "component": "wood", "quantity": 5.0},
            {"route": "stool A", "component": "glue", "quantity": 0.5},
            {"route": "stool X", "component": "ivory", "quantity": 1.0},
        ),
        "co_output": rows({"route": "chair A", "item": "dust", "quantity": 0.2}),
        "capacity": rows(
            {
                "resource": "saw",
                "regular": 60.0,
                "overtime_limit": 10.0,
                "efficiency": 0.9,
                "planned_downtime": 4.0,
                "minimum_run": 5.0,
                "open_cost": 15.0,
            },
            {"resource": "oven", "minimum_run": 1.0},
            {"resource": "shelf", "regular": 8.0},
        ),
        "capacity_step": rows(
            {"resource": "saw", "step": "shift", "quantity": 20.0, "cost": 100.0, "span": "period"},
            {"resource": "saw", "step": "second saw", "quantity": 30.0, "cost": 900.0, "span": "horizon"},
        ),
        "one_off_cost": rows(
            {"purpose": "jig", "period": month(1), "amount": 120.0},
            {"purpose": "jig", "period": AN_EARLIER_DAY, "amount": 80.0},
            {"purpose": "training", "period": month(0), "amount": 0.0},
        ),
        "maintenance": rows({"resource": "saw", "stops": 1, "hours": 6.0, "at_once": 1, "earliest": month(1)}),
        "workforce": rows(
            {
                "resource": "crew",
                "workers": 2.0,
                "hours_per_worker": 160.0,
                "overtime_hours_per_worker": 20.0,
                "wage_per_period": 2000.0,
                "overtime_wage_per_hour": 25.0,
                "hire_cost": 100.0,
                "layoff_cost": 200.0,
                "minimum": 1.0,
                "maximum": 4.0,
                "max_hire": 1.0,
                "max_layoff": 1.0,
                "integer": True,
            }
        ),
        "purchase": rows(
            {"purchase": "wood spot", "item": "wood", "location": "Mill", "unit_cost": 2.5, "lead_time": 0.0, "minimum_when_used": 20.0},
            {"purchase": "glue shop", "item": "glue", "location": "Mill", "unit_cost": 3.0, "fixed_cost": 9.0, "lot_multiple": 6.0},
            {"purchase": "stool sub", "item": "stool", "location": "Depot", "kind": "subcontract", "unit_cost": 35.0},
        ),
        "purchase_limit": rows(
            {"purchase": "wood spot", "span": "period", "minimum": 10.0, "maximum": 400.0},
            {"purchase": "stool sub", "span": "horizon", "maximum": 60.0},
        ),
        "lane": rows(
            {
                "lane": "Mill-Depot",
                "from": "Mill",
                "to": "Depot",
                "unit_cost": 1.0,
                "lead_time": 5.0,
                "limit": 150.0,
                "fixed_cost": 12.0,
                "minimum_load": 4.0,
            },
            {"lane": "Mill-Annex", "from": "Mill", "to": "Annex", "unit_cost": 1.0, "lot_multiple": 15.0, "load_cost": 20.0},
            {"lane": "Mill-Annex", "item": "chair", "from": "Mill", "to": "Annex", "lot_multiple": 4.0},
            {"lane": "Mill-Annex", "item": "stool", "from": "Mill", "to": "Annex"},
            {"lane": "Depot-North", "item": "chair", "from": "Depot", "to": "North", "unit_cost": 2.0, "limit": 70.0},
            {"lane": "Annex-North", "item": "chair", "from": "Annex", "to": "North", "unit_cost": 1.5},
        ),
        "inventory_policy": rows(
            {"item": "chair", "location": "Depot", "safety_stock": 5.0, "shortfall_cost": 4.0, "maximum": 60.0, "excess_cost": 3.0},
            {"item": "stool", "location": "Depot", "weeks_of_supply": 1.0, "ending_minimum": 2.0, "ending_maximum": 90.0},
            {"item": "wood", "location": "Mill", "minimum": 3.0, "scrap_cost": 0.5, "holding_cost": 0.2},
        ),
        "demand_policy": rows(
            {"item": "chair", "market": "North", "backlog_cost": 6.0, "max_backlog_age": 1, "ending_backlog": 5.0, "minimum_fill": 0.1},
            {"item": "chair", "market": "South", "lost_allowed": False},
        ),
        "limit": rows(
            {"limit": "paint shop", "at_most": 120.0, "measure": "quantity", "span": "period"},
            {"limit": "sites", "at_most": 2.0, "measure": "count", "span": "period"},
        ),
        "limit_member": rows(
            {"limit": "paint shop", "table": "route", "key": "chair A"},
            {"limit": "paint shop", "table": "route", "key": "chair B"},
            {"limit": "sites", "table": "location", "key": "Depot"},
            {"limit": "sites", "table": "location", "key": "Annex"},
        ),
        "firm_plan": rows(
            {"kind": "production", "key": "chair B", "period": month(0), "fixed": 12.0},
            {"kind": "purchase", "key": "stool sub", "period": month(1), "minimum": 3.0},
            {"kind": "transfer", "key": "Mill-Depot", "period": month(1), "maximum": 140.0},
            {"kind": "workforce", "key": "crew", "period": month(2), "minimum": 1.0},
            {"kind": "overtime", "key": "saw", "period": month(2), "maximum": 8.0},
            {"kind": "inventory", "key": "wood@Mill", "period": month(2), "minimum": 4.0},
        ),
        "on_hand": rows(
            {"item": "chair", "location": "Depot", "quantity": 20.0},
            {"item": "wood", "location": "Mill", "quantity": 100.0},
            {"item": "glue", "location": "Mill", "quantity": 3.0, "expires": month(1)},
        ),
        "backlog": rows({"item": "chair", "market": "North", "quantity": 4.0}),
        "scheduled_receipt": rows({"item": "chair", "location": "Mill", "period": month(1), "quantity": 7.0}),
        "plan_snapshot": rows(
            {"as_of": AN_EARLIER_DAY, "measure": "production", "item": "chair", "place": "Mill", "period": month(1), "quantity": 50.0},
            {"as_of": AN_EARLIER_DAY, "measure": "demand", "item": "chair", "place": "North", "period": month(1), "quantity": 60.0},
        ),
    }


def setting(strategy: str = "optimal", *, integer: bool = True, **more: Any) -> pl.DataFrame:
    """Settings of the company."""
    return to_table(
        Setting.model_validate(
            {
                "plan": "everything",
                "calendar": {"start": month(0), "horizon": HORIZON, "frozen": 1},
                "supply": {"strategy": strategy, "integer": integer, "relative_gap": 0.0, **more},
                "finance": {"carrying_rate": 0.24},
            }
        )
    )


def problem(strategy: str = "optimal", *, integer: bool = True) -> Problem:
    """The company's model."""
    given = {name: table(name).conform(frame) for name, frame in tables().items()}
    return formulate({**given, "setting": setting(strategy, integer=integer)})


_KEYS = ("route", "purchase", "lane", "item", "market", "location", "from", "to", "resource", "step")


def column_names(made: Problem) -> list[str]:
    """A readable name of every column: family, keys, period."""
    names = []
    for family, frame in made.model.unknowns.items():
        keys = {
            "make": ["route"],
            "buy": ["purchase"],
            "move": ["lane", "item"],
            "ship": ["lane", "item", "market", "location"],
            "setup": ["route"],
            "lots": ["route"],
            "order": ["purchase"],
            "order_lots": ["purchase"],
            "use": ["lane"],
            "loads": ["lane", "item"],
            "step": ["resource", "step"],
            "opening": ["location"],
            "closing": ["location"],
            "output_rate": ["item"],
            "load_step": ["resource", "step"],
            "change": ["direction", "item", "location"],
            "backlog": ["item", "market"],
            "lost": ["item", "market"],
        }.get(family) or [
            key
            for key in ("resource", "item", "location")
            if key in frame.columns and not (key != "resource" and "resource" in frame.columns)
        ]
        for row in frame.iter_rows(named=True):
            parts = [str(row[key]) for key in keys if row[key] is not None]
            time = [str(row["t"])] if "t" in row and family not in {"opening", "closing"} else []
            names.append(f"{family}[{', '.join(parts + time)}]")
    return names


def row_texts(made: Problem) -> dict[str, list[str]]:
    """Every row of every equation as text: lower <= sum <= upper."""
    names = column_names(made)
    texts: dict[str, list[str]] = {}
    for block in made.blocks:
        frame = block.equation.rows
        entries = block.equation.entries.group_by("row", "column").agg(pl.col("coefficient").sum()).sort("row", "column")
        terms: dict[int, list[str]] = {}
        for row, column, coefficient in entries.iter_rows():
            terms.setdefault(row, []).append(f"{coefficient:+.4g} {names[column]}")
        lines = []
        for number, (lower, upper) in enumerate(frame.select("lower", "upper").iter_rows()):
            body = " ".join(terms.get(number, ["0"]))
            if lower == upper:
                lines.append(f"{body} = {lower:.4g}")
            elif lower == float("-inf"):
                lines.append(f"{body} <= {upper:.4g}")
            elif upper == float("inf"):
                lines.append(f"{body} >= {lower:.4g}")
            else:
                lines.append(f"{lower:.4g} <= {body} <= {upper:.4g}")
        texts[block.rule.name] = lines
    return texts
