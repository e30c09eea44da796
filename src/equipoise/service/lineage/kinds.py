"""What each table tells of an origin: the kind of its links, what it points at, and which settings stand behind it."""

from collections.abc import Mapping

from equipoise.service.messages.explaining import LinkKind
from equipoise.tables import GIVEN
from equipoise.tables.column import Column, Table

_DECISION = "Decided by the optimiser, which weighed what it serves against what it costs, within all limits (docs/supply.md)."

KINDS: Mapping[str, LinkKind] = {
    **dict.fromkeys(GIVEN, "source"),
    "setting": "setting",
    "assumption_made": "assumed",
    **dict.fromkeys(("row_origin", "issue"), "source"),
    "override": "override",
    "correction": "correction",
    "calendar_effect": "statistic",
    "segment": "statistic",
    "method_choice": "method",
    "baseline": "method",
    "event_effect": "event",
    "stream": "stream",
    "stream_weight": "rule",
    "override_effect": "override",
    "override_cell": "override",
    "override_flag": "override",
    "inventory_target": "statistic",
    "supply_cause": "cause",
    "gap_cause": "cause",
    "binding": "limit",
    "violation": "rule",
    "clash": "rule",
    "audit": "solver",
    "solution": "solver",
    "cost": "money",
    **dict.fromkeys(("scenario_input", "scenario_result", "scenario_demand", "sensitivity", "scenario"), "scenario"),
    **dict.fromkeys(("option", "option_change", "option_period", "option_question"), "option"),
    **dict.fromkeys(("simulation", "simulation_path", "simulation_service", "simulation_driver"), "simulation"),
    **dict.fromkeys(("robust_plan", "robust_result"), "solver"),
    **dict.fromkeys(("kpi", "value_added", "stream_record"), "statistic"),
}

DECIDED = frozenset(
    (
        *("supply_plan", "purchase_plan", "transfer_plan", "shipment_plan", "inventory_plan", "capacity_load", "route_load", "cost"),
        *("workforce_plan", "shortage", "binding", "violation", "clash", "material_requirement", "capacity_requirement", "item_plan"),
        *("supply_cause", "financials", "scenario_result", "scenario_demand", "option", "option_period", "gap", "gap_cause", "bridge"),
        *("solution", "audit", "sensitivity", "robust_plan", "robust_result", "simulation", "simulation_path", "simulation_service"),
    )
)
"""Tables whose numbers the optimiser decides, or that follow from what it decided."""

# Which rows of other tables a row points at: the other table, and its columns by those of the row.
POINTS: Mapping[str, tuple[tuple[str, Mapping[str, str]], ...]] = {
    "gap": (("gap_cause", {"rank": "rank"}),),
    "gap_cause": (("gap", {"rank": "rank"}),),
    "recommendation": (("gap", {"rank": "gap"}),),
    "decision_needed": (("gap", {"rank": "gap"}),),
    "proposed_action": (("gap", {"rank": "gap"}),),
    "option": (("option_change", {"option": "option"}), ("gap", {"rank": "gap"})),
    "option_period": (("option", {"option": "option"}), ("option_change", {"option": "option"})),
    "option_change": (("option", {"option": "option"}),),
    "option_question": (("gap", {"rank": "gap"}),),
    "scenario_result": (("scenario", {"scenario": "scenario"}), ("scenario_input", {"scenario": "scenario"})),
    "scenario_demand": (("scenario", {"scenario": "scenario"}), ("scenario_input", {"scenario": "scenario"})),
    "scenario_input": (("scenario", {"scenario": "scenario"}),),
    "robust_result": (("scenario_input", {"scenario": "scenario"}),),
    "risk_register": (("risk_opportunity", {"risk": "risk"}),),
    "override_cell": (("override_effect", {"override": "override"}),),
    "override_flag": (("override_effect", {"override": "override"}),),
}

# Where the units of an activity that money is paid for stand, and what gives its price.
ACTIVITIES: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(("demand", "lost", "open_backlog", "backlog"), ("shortage", "demand_plan", "price", "demand_policy")),
    **dict.fromkeys(("make", "setup"), ("supply_plan", "route")),
    **dict.fromkeys(("buy", "order"), ("purchase_plan", "purchase")),
    **dict.fromkeys(("move", "use", "loads"), ("transfer_plan", "lane")),
    "ship": ("shipment_plan", "lane"),
    **dict.fromkeys(("regular", "overtime", "open", "load_step"), ("capacity_load", "resource", "capacity")),
    "step": ("capacity_load", "capacity_step"),
    **dict.fromkeys(("workers", "hire", "layoff"), ("workforce_plan", "workforce")),
    **dict.fromkeys(("opening", "closing"), ("location",)),
    **dict.fromkeys(("stock", "shortfall", "excess", "scrap"), ("inventory_plan", "inventory_policy", "item")),
    "change": ("supply_plan",),
}

# How what nothing else explains is worked out, in words.
HOW: Mapping[str, str] = {
    "calendar_effect": "Estimated from history: how demand follows trading days and moving holidays (docs/demand.md).",
    "cleaned_history": "History with the corrections that are accepted (docs/demand.md).",
    "consensus": "The interval is the baseline's, moved with the quantity; revenue is at the mean price of the streams (docs/demand.md).",
    "segment": "Worked out from the series' history (docs/demand.md).",
    "method_choice": "Each method forecast the past from several cut-offs, and was measured against what came (docs/demand.md).",
    "baseline": "The method that did best in the backtest of the series, or a combination of several (docs/demand.md).",
    "inventory_target": "From service level, lead time, and how far forecasts were off (docs/supply.md).",
    "item_plan": "The supply plan of a period split to items and weeks: items run out together, weeks by days of work (docs/supply.md).",
    "binding": "What one more unit of a limit is worth: the plan solved again one unit up and down, or by the basis (docs/supply.md).",
    "supply_cause": "What is short is traced to the limits that are full on its way, and shared among them (docs/supply.md).",
    "gap": "How it is worked out is said in its columns formula and threshold (docs/pre-sop.md).",
    "financials": "A line of the statement: see docs/pre-sop.md for how it is worked out.",
    "bridge": "Price, volume and mix between the two levels, exact to the cent (docs/pre-sop.md).",
    "scenario_result": "The plan was solved again with what the scenario changes (docs/pre-sop.md).",
    "scenario_demand": "The plan was solved again with what the scenario changes (docs/pre-sop.md).",
    "option": "The plan was solved again with the option, and compared with the plan as it is (docs/pre-sop.md).",
    "option_period": "The plan was solved again with the option (docs/pre-sop.md).",
    "option_question": "The plan was solved again as if the lever cost nothing: so much it may cost (docs/pre-sop.md).",
    "sensitivity": "The plan was solved again with it lower, and higher (docs/pre-sop.md).",
    "simulation": "The plan was played against paths of demand and supply, drawn with the seed (docs/simulation.md).",
    "simulation_path": "One path of demand and supply, drawn with the seed, and what the plan gives on it (docs/simulation.md).",
    "simulation_service": "Counted over all paths (docs/simulation.md).",
    "simulation_driver": "How far profit goes with each uncertainty, over all paths (docs/simulation.md).",
    "robust_plan": "One plan for all scenarios at once: the first periods are the same in all (docs/supply.md).",
    "robust_result": "Each plan's first periods held, the rest solved again in each scenario (docs/supply.md).",
    "kpi": "Measured from what was planned and what came; see its basis.",
    "value_added": "Errors of past forecasts, step by step (docs/demand.md).",
    "row_origin": "Noted when the file was read, row by row (docs/why.md).",
    "override": "As it was said, in the plan file or in the record (docs/process/records.md).",
    "issue": "Noted while the data was read and checked.",
    "override_effect": "Noted when the override was laid over its table (docs/process/records.md).",
    "override_flag": "Measured against history, the record and the interval of the forecast (docs/demand.md).",
    "period": "From the settings of the calendar.",
    "audit": "Worked out again from the plan's own tables, by arithmetic of its own (docs/supply.md).",
    "material_requirement": "The plan was solved again without limits on supply (docs/supply.md).",
    "capacity_requirement": "The plan was solved again without limits on supply (docs/supply.md).",
    "shipment_plan": _DECISION,
    "supply_plan": _DECISION,
    "purchase_plan": _DECISION,
    "transfer_plan": _DECISION,
    "workforce_plan": _DECISION,
    "inventory_plan": "Follows from what the optimiser decided; targets are those of the inventory policy (docs/supply.md).",
    "capacity_load": "Follows from what the optimiser decided (docs/supply.md).",
    "route_load": "Units made, bought, moved or stored, times what one takes (docs/supply.md).",
    "shortage": _DECISION,
    "risk_register": "Given with the risk, or taken from its scenario, as its basis says (docs/risks.md).",
    "recommendation": "The most money at stake first (docs/pre-sop.md).",
    "decision_needed": "What is proposed for the gap with the most money at stake (docs/pre-sop.md).",
    "stream_weight": "Given, equal, or learned from past errors, as its reason says (docs/demand.md).",
    "stream": "What the stream says (docs/demand.md).",
    "event_effect": "Given with the event, or learned from past ones (docs/demand.md).",
    "demand_plan": "The interval is that of the consensus, moved along with the orders (docs/demand.md).",
    "stream_record": "What each stream says in this plan, kept to be measured later (docs/demand.md).",
}

# Lines of the statement that no formula tells.
LINES: Mapping[str, str] = {
    "tax": "The tax rate (setting finance.tax_rate) on the profit of the fiscal year so far, less what was booked; a loss is carried "
    "forward (docs/pre-sop.md).",
    "tax_paid": "Tax is paid in the period in which it is booked (docs/pre-sop.md).",
    "opening_receivables": "What customers still owe for sales before the plan, by setting finance.receivable_days (docs/pre-sop.md).",
    "payables": "What is owed to suppliers, paid after setting finance.payable_days (docs/pre-sop.md).",
}

# Which settings stand behind a step, by the beginning of their names.
SETTINGS: Mapping[str, tuple[str, ...]] = {
    "Demand review": ("calendar.", "demand."),
    "Supply review": ("calendar.", "supply.", "finance."),
    "Pre-S&OP": ("calendar.", "supply.", "finance.", "gaps.", "options.", "risk.", "seed"),
    "Executive S&OP": ("gaps.",),
    "Measure": ("calendar.", "targets.", "demand.review"),
}

_FIRST = ("quantity", "amount", "value", "load", "units", "regular", "unit_price", "safety_stock", "net_money", "error")


def numbers(definition: Table) -> list[Column]:
    """Return the columns of a table that hold numbers and are no key."""
    return [column for column in definition.columns if column.kind in {"number", "integer"} and not column.key]


def main_column(definition: Table) -> Column | None:
    """Return the number that a row of a table is first of all about."""
    columns = {column.name: column for column in numbers(definition)}
    return next((columns[name] for name in _FIRST if name in columns), next(iter(columns.values()), None))
