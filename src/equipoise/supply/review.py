"""The supply review: from a demand plan and what the company can do, the supply plan."""

import time

import polars as pl

from equipoise.supply.assembly import Problem, assemble
from equipoise.supply.cover import requirement, with_targets
from equipoise.supply.explain import binding, solution, violation
from equipoise.supply.network import network
from equipoise.supply.plan import plan, plan_tables, rounded
from equipoise.supply.solve import solve
from equipoise.supply.unknowns import model
from equipoise.tables import GIVEN, MADE, table
from equipoise.tables.setting import from_table


def supply(
    demand_plan: pl.DataFrame,
    item: pl.DataFrame,
    location: pl.DataFrame,
    resource: pl.DataFrame,
    route: pl.DataFrame,
    usage: pl.DataFrame,
    bom: pl.DataFrame,
    co_output: pl.DataFrame,
    capacity: pl.DataFrame,
    capacity_step: pl.DataFrame,
    maintenance: pl.DataFrame,
    workforce: pl.DataFrame,
    purchase: pl.DataFrame,
    purchase_limit: pl.DataFrame,
    lane: pl.DataFrame,
    inventory_policy: pl.DataFrame,
    demand_policy: pl.DataFrame,
    limit: pl.DataFrame,
    limit_member: pl.DataFrame,
    firm_plan: pl.DataFrame,
    on_hand: pl.DataFrame,
    backlog: pl.DataFrame,
    scheduled_receipt: pl.DataFrame,
    setting: pl.DataFrame,
    market: pl.DataFrame | None = None,
) -> dict[str, pl.DataFrame]:
    """Return the supply plan: the best plan that every table allows, what it costs, what limits it, and what it breaks.

    Parameters are the given tables of those names (`market` only for its priorities). Returns supply_plan, purchase_plan, transfer_plan,
    shipment_plan, inventory_plan, capacity_load, route_load, workforce_plan, shortage, binding, violation, cost and solution. There is
    always an answer: rules that cannot all hold give way, targets first, and are listed in violation.

    Raises SolverError where profit has no bound, or no plan is found within the time limit.
    """
    given = {name: frame for name, frame in locals().items() if name != "setting" and frame is not None}
    problem, _ = formulate(given, setting)
    return answer_tables(problem)[0]


def formulate(tables: dict[str, pl.DataFrame], setting: pl.DataFrame) -> tuple[Problem, float]:
    """Return the problem that the tables describe, and the seconds it took to build. Tables that are not given are empty."""
    began = time.perf_counter()
    names = {name: table(name) for name in (*GIVEN, *MADE) if name in tables or name in _READ}
    exact = {name: made.conform(tables[name]) if name in tables else made.empty() for name, made in names.items()}
    net = network(exact, from_table(setting))
    required = requirement(net)
    problem = assemble(model(net, required, with_targets(net, required)))
    return problem, time.perf_counter() - began


def answer_tables(problem: Problem) -> tuple[dict[str, pl.DataFrame], dict[str, float]]:
    """Return the tables of the solved problem, and the seconds of hand-over, solve and extraction."""
    answer = solve(problem)
    began = time.perf_counter()
    tables = {
        **plan_tables(plan(problem.model, rounded(answer.values))),
        "binding": binding(problem, answer),
        "violation": violation(problem, answer),
    }
    tables["solution"] = solution(problem, answer, tables)
    return tables, {**answer.seconds, "extract": time.perf_counter() - began}


_READ = (
    "demand_plan",
    "item",
    "market",
    "location",
    "resource",
    "route",
    "usage",
    "bom",
    "co_output",
    "capacity",
    "capacity_step",
    "maintenance",
    "workforce",
    "purchase",
    "purchase_limit",
    "lane",
    "inventory_policy",
    "demand_policy",
    "limit",
    "limit_member",
    "firm_plan",
    "on_hand",
    "backlog",
    "scheduled_receipt",
)
