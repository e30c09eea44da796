"""The supply review: from a demand plan and what the company can do, the supply plan."""

from collections.abc import Mapping

import polars as pl

from equipoise.supply.explaining.binding import binding, solution, violation
from equipoise.supply.explaining.clash import clash
from equipoise.supply.plan import plan, plan_tables, rounded
from equipoise.supply.session import Session, Solved


def supply(tables: Mapping[str, pl.DataFrame], *, session: Session | None = None, what_if: bool = False) -> dict[str, pl.DataFrame]:
    """Return the supply plan: the best plan that every table allows, what it costs, what limits it, and what it breaks.

    `tables` are those of MODEL_TABLES; one that is not given is empty, but `setting`. `session` remembers what it solved, which saves time.
    Returns supply_plan, purchase_plan, transfer_plan, shipment_plan, inventory_plan, capacity_load, route_load, workforce_plan, shortage,
    binding, violation, clash, cost and solution. There is always an answer: rules that cannot all hold give way, targets first, and are
    listed in violation; clash has the smallest set of them that fight. For a `what_if` the worth of limits is told by the basis alone:
    binding has no proofs and no ranges, which is quicker and changes nothing else.

    Raises SolverError where profit has no bound, or no plan is found within the time limit.
    """
    return answer_tables((session or Session()).solved(tables, what_if=what_if), proofs=not what_if)


def answer_tables(solved: Solved, *, proofs: bool = True) -> dict[str, pl.DataFrame]:
    """Return the tables of a solved problem. With `proofs`, the worth of limits is confirmed by solving again, over its range."""
    problem, answer = solved.problem, solved.answer
    clashing, words = clash(problem, answer)
    tables = {
        **plan_tables(plan(problem.model, rounded(answer.values))),
        "binding": binding(problem, answer, proofs=proofs),
        "violation": violation(problem, answer),
        "clash": clashing,
    }
    return {**tables, "solution": solution(problem, answer, tables, words)}
