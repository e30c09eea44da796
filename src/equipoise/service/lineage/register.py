"""Which formula gives which column, and where it is documented."""

from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

from equipoise.service.lineage import demand_formulas as demand
from equipoise.service.lineage import measure_formulas as measure
from equipoise.service.lineage import money_formulas as money
from equipoise.service.lineage import supply_formulas as supply
from equipoise.service.lineage.draft import Draft, closes, summed, total
from equipoise.service.lineage.held import Held
from equipoise.service.messages.explaining import Formula

_DEMAND, _SUPPLY, _MONEY, _RISK = "docs/demand.md", "docs/supply.md", "docs/pre-sop.md", "docs/risks.md"


@dataclass(frozen=True)
class Rule:
    """How a column is worked out; `adds`: the formula holds for the sum over several rows too."""

    run: Callable[[Held, pl.DataFrame], Draft | None]
    docs: str
    adds: bool = False


FORMULAS: dict[tuple[str, str], Rule] = {
    ("cleaned_history", "quantity"): Rule(demand.cleaned_quantity, _DEMAND, adds=True),
    ("cleaned_history", "raw"): Rule(demand.booked, _DEMAND, adds=True),
    ("correction", "raw"): Rule(demand.booked, _DEMAND, adds=True),
    ("stream", "quantity"): Rule(demand.stream_quantity, _DEMAND, adds=True),
    ("consensus", "quantity"): Rule(demand.consensus_quantity, _DEMAND, adds=True),
    ("consensus", "base"): Rule(demand.consensus_base, _DEMAND, adds=True),
    ("consensus", "increment"): Rule(demand.consensus_increment, _DEMAND, adds=True),
    ("demand_plan", "quantity"): Rule(demand.demand_quantity, _DEMAND, adds=True),
    ("demand_plan", "orders"): Rule(demand.demand_orders, _DEMAND, adds=True),
    ("demand_plan", "unit_price"): Rule(demand.demand_price, _DEMAND),
    ("value_added", "value_added"): Rule(demand.value_added, _DEMAND),
    ("stream_record", "quantity"): Rule(demand.recorded, _DEMAND),
    ("inventory_target", "safety_stock"): Rule(supply.safety_stock, _SUPPLY),
    ("inventory_target", "base_stock"): Rule(supply.base_stock, _SUPPLY),
    ("inventory_plan", "quantity"): Rule(supply.stock_end, _SUPPLY, adds=True),
    ("inventory_plan", "opening"): Rule(supply.stock_opening, _SUPPLY, adds=True),
    ("inventory_plan", "value"): Rule(supply.stock_value, _SUPPLY),
    ("inventory_plan", "shortfall"): Rule(supply.stock_shortfall, _SUPPLY),
    ("capacity_load", "load"): Rule(supply.load, _SUPPLY, adds=True),
    ("capacity_load", "utilisation"): Rule(supply.utilisation, _SUPPLY),
    ("capacity_load", "idle"): Rule(supply.idle, _SUPPLY),
    ("capacity_load", "available"): Rule(supply.available, _SUPPLY),
    ("route_load", "load"): Rule(supply.route_load, _SUPPLY),
    ("shortage", "backlog"): Rule(supply.backlog, _SUPPLY, adds=True),
    ("shortage", "demand"): Rule(supply.demanded, _SUPPLY, adds=True),
    ("shortage", "shipped"): Rule(supply.delivered, _SUPPLY, adds=True),
    ("material_requirement", "short"): Rule(supply.requirement_short, _SUPPLY, adds=True),
    ("capacity_requirement", "share"): Rule(supply.requirement_share, _SUPPLY),
    ("capacity_requirement", "available"): Rule(supply.requirement_available, _SUPPLY),
    ("supply_cause", "share"): Rule(supply.cause_share, _SUPPLY),
    ("cost", "amount"): Rule(supply.amount, _SUPPLY),
    ("financials", "amount"): Rule(money.statement, _MONEY, adds=True),
    ("bridge", "amount"): Rule(money.bridge_end, _MONEY),
    ("gap", "units"): Rule(money.gap_units, _MONEY),
    ("gap_cause", "share"): Rule(money.cause_of_gap, _MONEY),
    ("scenario_result", "value"): Rule(money.scenario_value, _MONEY),
    ("scenario_result", "difference"): Rule(money.scenario_difference, _MONEY),
    ("scenario_demand", "demand"): Rule(lambda held, rows: money.scenario_demand(held, rows, "demand"), _MONEY, adds=True),
    ("scenario_demand", "supply"): Rule(lambda held, rows: money.scenario_demand(held, rows, "supply"), _MONEY, adds=True),
    ("option_period", "closed"): Rule(money.option_closed, _MONEY),
    ("risk_register", "expected_units"): Rule(lambda _, rows: money.expected(rows, "units"), _RISK),
    ("risk_register", "expected_money"): Rule(lambda _, rows: money.expected(rows, "money"), _RISK),
    ("simulation", "value"): Rule(money.simulated_mean, "docs/simulation.md"),
    ("kpi", "value"): Rule(measure.measured, "docs/demand.md"),
}


def formula(held: Held, name: str, rows: pl.DataFrame, column: str) -> Formula | None:
    """Return how a column of `rows` is worked out; None where it is decided, given, or worked out otherwise.

    A formula whose inputs do not give the number is not told: it would say what is not so.
    """
    rule = FORMULAS.get((name, column))
    if rule is None or rows.is_empty():
        return None
    values = rows.get_column(column)
    if values.null_count() == len(values):
        return None
    whole = float(values.sum()) - held.overridden_by(name, rows, column)
    draft = rule.run(held, rows) if rule.adds or rows.height == 1 else None
    told = draft.formula(rule.docs) if draft is not None else None
    return told if told is not None and closes(told, whole) else None


def sum_of_rows(name: str, rows: pl.DataFrame, column: str, unit: str) -> Formula:
    """Return the sum of several rows as a formula."""
    words = f"The sum of {rows.height:,} rows"
    return total(words, [(1, summed("rows", f"{rows.height:,} rows of {name}", rows, f"{name}.{column}", unit))]).formula("")
