"""The problem that tables describe: network, requirement, targets, unknowns, equations, arrays."""

from collections.abc import Mapping

import polars as pl

from equipoise.supply.assembly import Problem, assemble
from equipoise.supply.model.aggregation import planned_tables
from equipoise.supply.model.cover import requirement, with_targets
from equipoise.supply.model.network import network
from equipoise.supply.model.unknowns import model
from equipoise.tables import table
from equipoise.tables.setting import from_table

MODEL_TABLES = (
    *("demand_plan", "item", "market", "location", "resource", "route", "usage", "bom", "co_output", "capacity", "capacity_step"),
    *("maintenance", "workforce", "purchase", "purchase_limit", "lane", "inventory_policy", "demand_policy", "limit", "limit_member"),
    *("firm_plan", "on_hand", "backlog", "scheduled_receipt", "inventory_target", "plan_snapshot", "setting"),
)
"""What the supply model is made from."""


def formulate(tables: Mapping[str, pl.DataFrame]) -> Problem:
    """Return the problem that the tables describe. Tables that are not given are empty; `setting` must be there."""
    definitions = {name: table(name) for name in MODEL_TABLES if name != "setting"}
    exact = {name: made.conform(tables[name]) if name in tables else made.empty() for name, made in definitions.items()}
    planned = planned_tables({**exact, "setting": tables["setting"]})
    net = network(planned, from_table(tables["setting"]))
    required = requirement(net)
    return assemble(model(net, required, with_targets(net, required)))
