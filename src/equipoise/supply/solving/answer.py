"""The answer of the optimiser as arrays, read from the model after its last run."""

from dataclasses import dataclass, field

import numpy as np

from equipoise.errors import SolverError
from equipoise.supply.assembly import Array, Problem
from equipoise.supply.solving.engine import Basis, Engine, Status
from equipoise.supply.solving.settle import settle

ZERO = 1e-7


@dataclass(frozen=True, eq=False)
class Answer:
    """The solution as arrays. Duals are the gain of one more unit of a row's bound, in the objective, in money, in units served
    and in units served a period earlier. Where the solution has no basis they are zero, or, solved by shares, the average of the groups.

    `below` and `above` say by how much each row gives way. `seconds` are measured, so never part of a table. `basis` is where a next
    solve of a model like this may start.
    """

    values: Array
    duals: Array
    money_duals: Array
    served_duals: Array
    late_duals: Array
    below: Array
    above: Array
    status: str
    objective: float
    bound: float
    gap: float
    iterations: int
    elastic: bool = False
    method: str = "simplex"
    parts: int = 1
    basis: Basis | None = None
    seconds: dict[str, float] = field(default_factory=dict)


def read(engine: Engine, problem: Problem, status: str, bound: float | None = None) -> Answer:
    """Return the answer of an engine that has run; with whole columns fixed, their `bound` is given.

    The objective counts money and the model's own prices, not the tiny gains that break ties. Duals, bound and basis are those of the
    optimum; the plan is the one that is settled on among those that equal it.
    """
    values = engine.values()
    duals, iterations, basis = engine.duals(), engine.iterations(), None
    if engine.has_basis or not len(values):
        basis = engine.basis()
        money = np.concatenate([problem.money, np.zeros(len(values) - len(problem.money))])
        money_duals, served_duals, late_duals = engine.sensitivities(money, *unserved(problem, len(values)))
    else:
        money_duals = served_duals = late_duals = np.zeros(problem.rows)
    planned = (values if basis is None else settle(engine, problem.tie, basis))[: problem.columns]
    objective = problem.offset + float((problem.money + problem.penalty) @ planned)
    planned = np.where(np.abs(planned) < ZERO, 0.0, planned)
    below, above = missed(problem, planned)
    most = objective if bound is None else max(bound, objective)
    return Answer(
        values=planned,
        duals=duals,
        money_duals=money_duals,
        served_duals=served_duals,
        late_duals=late_duals,
        below=below,
        above=above,
        status=status,
        objective=objective,
        bound=most,
        gap=(most - objective) / max(1.0, abs(objective)),
        iterations=iterations,
        basis=basis if len(values) == problem.columns else None,
    )


def unserved(problem: Problem, columns: int) -> tuple[Array, Array]:
    """Return, by column, minus the units never served and minus the units late, for a model of at least that many columns."""
    model = problem.model
    served, late = np.zeros(columns), np.zeros(columns)
    backlog = model["backlog"]
    late[backlog.get_column("column").to_numpy()] = -1.0
    served[model["lost"].get_column("column").to_numpy()] = -1.0
    served[backlog.filter(backlog.get_column("t") == model.horizon - 1).get_column("column").to_numpy()] = -1.0
    return served, late


def missed(problem: Problem, values: Array) -> tuple[Array, Array]:
    """Return by how much each row falls below its least and exceeds its most."""
    activity = problem.sums(values)
    size = 1e-6 * np.maximum(1.0, np.abs(activity))
    below, above = problem.row_lower - activity, activity - problem.row_upper
    return np.where(below > size, below, 0.0) + problem.crossed, np.where(above > size, above, 0.0)


def refuse(status: Status) -> None:
    """Raise SolverError where a status means that there is no plan; an infeasible one is answered elsewhere."""
    if status == "unbounded":
        raise SolverError(
            "Profit has no bound: some flow pays for itself without end.",
            "Look for a negative cost in route, purchase, lane or resource, and give it a limit or a positive cost.",
        )
    if status == "no plan in time":
        fix = "Raise supply.time_limit or supply.relative_gap, or set supply.integer to false."
        raise SolverError("The optimiser found no plan in the time that it may take.", fix)
    if status == "failed":
        fix = "Look for quantities, prices or costs above a million millions, or for some a million millions times as large as others."
        raise SolverError("The optimiser could not work with these numbers.", fix)
