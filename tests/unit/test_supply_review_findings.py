"""Small faults of solving that a review found: ties between rows, rules without unknowns, time that runs out, prices of shares."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from equipoise.supply import Session
from equipoise.supply.assembly import Problem
from equipoise.supply.auditing import audit
from equipoise.supply.formulate import formulate
from equipoise.supply.review import supply
from equipoise.supply.solving import shares
from equipoise.supply.solving.engine import Arrays, Engine, fixed
from equipoise.supply.solving.parts import solve_part
from equipoise.supply.solving.solve import cost_scale, solve
from equipoise.tables import table
from equipoise.tables.setting import Setting, to_table
from tests.truth.company import demand, month, rows
from tests.unit.test_supply_stability import company, setting


def two_routes() -> Problem:
    """Ten units to be made by two routes that cost the same; of the first no more than six."""
    plan = {"plan": "tied", "calendar": {"as_of": "2026-12-31", "start": month(0), "horizon": 1}}
    return formulate(
        {
            "item": rows({"item": "product", "unit_price": 20.0, "unit_cost": 8.0}),
            "location": rows({"location": "East"}),
            "demand_plan": rows(*demand([10.0], prices=[20.0])),
            "route": rows(*({"route": name, "item": "product", "location": "East", "unit_cost": 5.0} for name in ("A", "B"))),
            "firm_plan": rows({"kind": "production", "key": "A", "period": month(0), "maximum": 6.0}),
            "setting": to_table(Setting.model_validate(plan)),
        }
    )


@pytest.mark.parametrize(("cheaper", "made"), [("A", [6.0, 4.0]), ("B", [0.0, 10.0])])
def test_a_tie_that_a_row_leaves_open_is_settled_wherever_the_solve_starts(cheaper: str, made: list[float]) -> None:
    problem = two_routes()
    routes = problem.model["make"].get_column("column").to_numpy()
    names = problem.model["make"].get_column("route").to_list()

    def tied(size: float, dearer: list[float]) -> Problem:
        tie = np.zeros(problem.columns)
        tie[routes] = -size * np.array(dearer) / cost_scale(problem)
        return replace(problem, tie=tie)

    question = tied(1e-9, [float(name != cheaper) for name in names])  # far below what the optimiser can tell
    for leaning in ([0.0, 1.0], [1.0, 0.0]):
        start = solve(tied(1.0, leaning)).basis
        assert solve(question, start).values[routes].tolist() == pytest.approx(made)


def test_a_large_model_with_a_rule_that_no_unknown_can_keep_is_not_solved_by_shares(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shares, "LARGE_FROM", 0)
    monkeypatch.setattr(shares, "_GROUP_COLUMNS", 3_000)
    given = company(150)
    unreachable = rows(*demand([10.0], item="unmade", prices=[20.0]))
    given["demand_plan"] = pl.concat([given["demand_plan"], unreachable.select(given["demand_plan"].columns)])
    given["demand_policy"] = rows({"item": "unmade", "minimum_fill": 0.5})
    problem = formulate({**given, "setting": setting(relative_gap=0.001)})
    assert shares.by_shares(problem, cost_scale(problem), None) is None
    answer = solve(problem)
    assert answer.elastic
    assert answer.below.max() == pytest.approx(5.0)


def test_the_money_of_a_limit_leaves_the_own_prices_out_where_a_model_is_solved_by_shares(monkeypatch: pytest.MonkeyPatch) -> None:
    given = company(150)
    given["capacity"] = given["capacity"].with_columns(pl.col("regular") * 0.8)
    problem = formulate({**given, "setting": setting(objective="cost", relative_gap=0.001)})
    whole = solve(problem)
    monkeypatch.setattr(shares, "LARGE_FROM", 0)
    monkeypatch.setattr(shares, "_GROUP_COLUMNS", 3_000)
    answer = shares.by_shares(problem, cost_scale(problem), None)
    assert answer is not None
    block = next(block for block in problem.blocks if block.rule.name == "overtime_limit")
    span = slice(block.start, block.stop)
    assert whole.duals[span].max() > 2 * whole.money_duals[span].max()  # a unit never served has a price of the model's own
    assert answer.duals[span].mean() == pytest.approx(whole.duals[span].mean(), rel=0.05)
    assert answer.money_duals[span].mean() == pytest.approx(whole.money_duals[span].mean(), rel=0.05)
    assert answer.served_duals[span].mean() == pytest.approx(whole.served_duals[span].mean(), rel=0.05)


def knapsack(size: int = 60, seed: int = 1) -> Arrays:
    """A model of whole columns that takes long to prove: many knapsacks of numbers that nearly agree."""
    random = np.random.default_rng(seed)
    matrix = random.integers(500, 1000, (20, size)).astype(float)
    return Arrays(
        gain=matrix.sum(axis=0) + random.integers(0, 50, size),
        lower=np.zeros(size),
        upper=np.ones(size),
        row_lower=np.full(20, -np.inf),
        row_upper=matrix.sum(axis=1) / 3,
        starts=np.arange(0, 20 * size + 1, 20, dtype=np.int32),
        index=np.tile(np.arange(20, dtype=np.int32), size),
        values=matrix.T.reshape(-1),
        whole=np.ones(size, np.bool_),
    )


def test_a_part_that_runs_out_of_time_keeps_its_plan_and_has_a_basis() -> None:
    arrays = knapsack()
    found = solve_part(arrays, 1.0, 0.0, 1.0)
    assert found.status == "time limit"
    assert found.values.sum() > 0
    assert found.basis is not None
    assert float(arrays.gain @ found.values) <= found.bound
    engine = Engine(fixed(arrays, found.values), 1.0, 0.0, 10.0)
    engine.start_from(found.basis)
    assert engine.run() == "optimal"
    assert engine.objective() == pytest.approx(float(arrays.gain @ np.round(found.values)))


def test_a_plan_near_its_bound_is_certified() -> None:
    given = {name: table(name).conform(frame) for name, frame in company(3).items()}
    tables = {**given, "setting": setting()}
    made = {**tables, **supply(tables)}
    near = {"status": "near optimal", "gap": "0.00050000"}
    objective = float(made["solution"].filter(pl.col("fact") == "objective").get_column("value").item())
    near["bound"] = f"{objective + 0.0005 * abs(objective):.6f}"
    told = pl.col("fact").replace_strict(near, default=pl.col("value"), return_dtype=pl.String)
    checks = audit({**made, "solution": made["solution"].with_columns(told.alias("value"))})
    assert checks.filter(pl.col("check") == "proof").get_column("status").to_list() == ["passed"]


def test_a_session_tells_tables_apart_by_name_too() -> None:
    session, given = Session(), company(2)
    empty = table("firm_plan").empty()
    first = {**given, "setting": setting(), "firm_plan": empty}
    second = {**given, "setting": first["setting"], "firm_plans": empty}
    assert session.solved(first) is not session.solved(second)


def test_a_what_if_is_not_remembered_so_that_none_hangs_on_another() -> None:
    session = Session()
    asked = {**company(2, demand=1.1), "setting": setting()}
    first = session.solved(asked, what_if=True)
    assert session.solved(asked, what_if=True) is not first
    base = {**company(2), "setting": asked["setting"]}
    kept = session.solved(base)
    later = session.solved(asked, what_if=True)
    assert session.solved(base) is kept
    assert later.answer.iterations < first.answer.iterations  # it starts from the base plan
