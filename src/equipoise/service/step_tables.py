"""Which step of the cycle a table belongs to: whoever owns the step answers for what is in it."""

from functools import cache

from equipoise.cycle import STEPS
from equipoise.tables import GIVEN
from equipoise.tables.given import DEMAND, MASTER
from equipoise.tables.given_supply import ACTUALS, BUY_AND_MOVE, MAKE, STOCK

_OF_PHASE = {
    "Demand review": "demand_review",
    "Supply review": "supply_review",
    "Pre-S&OP": "pre_sop",
    "Executive S&OP": "executive_sop",
    "Measure": "measure",
}
# Masters that say what supply can do, the targets that finance gives, and what is uncertain.
_SUPPLY_MASTERS = ("location", "resource", "working_calendar", "unit_conversion", "currency_rate")
_RECONCILED = ("budget", "lever", "one_off_cost", "setting")


@cache
def _owners() -> dict[str, str]:
    found = dict.fromkeys(GIVEN, "pre_sop")
    found |= dict.fromkeys((table.name for table in (*MASTER, *DEMAND)), "demand_review")
    found |= dict.fromkeys((table.name for table in (*STOCK, *MAKE, *BUY_AND_MOVE)), "supply_review")
    found |= dict.fromkeys(_SUPPLY_MASTERS, "supply_review")
    found |= dict.fromkeys((table.name for table in ACTUALS), "gather")
    found |= dict.fromkeys(_RECONCILED, "pre_sop")
    return found | {table: _OF_PHASE[step.phase] for step in STEPS for table in step.writes}


def step_of(table: str) -> str:
    """Return the step of the cycle that a table belongs to: gather for what no other step answers for."""
    return _owners().get(table, "gather")


@cache
def made_in(step: str) -> tuple[str, ...]:
    """Return the tables that a step of the cycle makes, in the order in which they are made."""
    return tuple(table for one in STEPS if _OF_PHASE[one.phase] == step for table in one.writes)
