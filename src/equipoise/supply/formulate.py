"""The problem that tables describe: network, requirement, targets, unknowns, equations, arrays."""

from collections.abc import Mapping

import polars as pl

from equipoise.supply.assembly import Problem, assemble
from equipoise.supply.memory import Memory
from equipoise.supply.model.aggregation import planned_tables
from equipoise.supply.model.cover import requirement, with_targets
from equipoise.supply.model.network import network
from equipoise.supply.model.unknowns import model
from equipoise.tables import table
from equipoise.tables.setting import from_table

MODEL_TABLES = (
    *("demand_plan", "item", "market", "location", "resource", "route", "usage", "bom", "co_output", "capacity", "capacity_step"),
    *("maintenance", "workforce", "purchase", "purchase_limit", "lane", "inventory_policy", "demand_policy", "limit", "limit_member"),
    *("one_off_cost", "firm_plan", "on_hand", "backlog", "scheduled_receipt", "inventory_target", "plan_snapshot", "setting"),
)
"""What the supply model is made from."""
_GIVEN = {name: table(name) for name in MODEL_TABLES if name != "setting"}


def formulate(tables: Mapping[str, pl.DataFrame], memory: Memory | None = None) -> Problem:
    """Return the problem that the tables describe. Tables that are not given are empty; `setting` must be there.

    What a `memory` has of it is not made again.
    """
    made = memory or Memory()
    exact = {name: one.conform(tables[name]) if name in tables else one.empty() for name, one in _GIVEN.items()}
    setting = made(from_table, tables["setting"])
    net = network(planned_tables({**exact, "setting": tables["setting"]}, made), setting, made)
    required = made(requirement, net)
    return assemble(model(net, required, made(with_targets, net, required), made), made)
