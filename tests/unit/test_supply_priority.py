"""Service by market priority: a better rank is never outweighed, in fractions or in whole units, and the limits keep their worth."""

from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings

from equipoise.supply import MODEL_TABLES
from equipoise.supply.assembly import Problem
from equipoise.supply.formulate import formulate
from equipoise.supply.solving.answer import read
from equipoise.supply.solving.engine import Engine
from equipoise.supply.solving.priority import by_priority, service_weights
from equipoise.supply.solving.solve import engine_for
from equipoise.tables import table
from equipoise.tables.setting import Setting, to_table
from tests.truth.company import demand, month, rows
from tests.unit.test_supply_properties import HORIZON, companies


def formulated(horizon: int, supply_setting: dict[str, Any], /, **tables: pl.DataFrame) -> Problem:
    """The problem of a company whose objective is service."""
    setting = Setting.model_validate(
        {
            "plan": "priority",
            "calendar": {"start": month(0), "horizon": horizon},
            "supply": {"relative_gap": 0.0, **supply_setting, "objective": "service"},
        }
    )
    every = {
        name: table(name).conform(tables[name]) if name in tables else table(name).empty() for name in MODEL_TABLES if name != "setting"
    }
    return formulate({**every, "setting": to_table(setting)})


RANKS = {f"Market {rank}": rank for rank in range(1, 7)}


def foundry(hours: float, *, integer: bool = False) -> Problem:
    """Five markets want a press of 1,000 hours each; the sixth, and last in rank, wants 5,000 pins of an hour each."""
    wanted = {market: ("press", 1.0) if rank < 6 else ("pin", 5000.0) for market, rank in RANKS.items()}
    return formulated(
        1,
        {"integer": integer, "backlog_allowed": False},
        item=rows({"item": "press"}, {"item": "pin"}),
        market=rows(*({"market": market, "priority": rank} for market, rank in RANKS.items())),
        location=rows({"location": "Foundry"}),
        demand_plan=rows(*(row for market, (item, size) in wanted.items() for row in demand([size], item=item, market=market))),
        lane=rows(*({"lane": market, "from": "Foundry", "to": market} for market in RANKS)),
        resource=rows({"resource": "furnace", "location": "Foundry", "unit": "hours"}),
        capacity=rows({"resource": "furnace", "regular": hours}),
        route=rows(
            {"route": "press", "item": "press", "location": "Foundry", "lot_multiple": 1.0},
            {"route": "pin", "item": "pin", "location": "Foundry"},
        ),
        usage=rows(
            {"activity": "make", "of": "press", "resource": "furnace", "quantity": 1000.0},
            {"activity": "make", "of": "pin", "resource": "furnace", "quantity": 1.0},
        ),
    )


def shipped(problem: Problem, engine: Engine) -> dict[str, float]:
    ship = problem.model["ship"]
    return dict(zip(ship.get_column("market"), engine.values()[ship.get_column("column").to_numpy()], strict=True))


def test_five_thousand_units_of_the_last_rank_do_not_outweigh_one_of_a_better() -> None:
    problem = foundry(2500.0)
    engine, status, bound = by_priority(engine_for(problem), problem)
    assert (status, bound) == ("optimal", None)
    assert shipped(problem, engine) == pytest.approx(
        {"Market 1": 1.0, "Market 2": 1.0, "Market 3": 0.5, "Market 4": 0.0, "Market 5": 0.0, "Market 6": 0.0}, abs=1e-6
    )


def test_what_a_better_rank_cannot_use_goes_to_the_next_that_can() -> None:
    problem = foundry(2500.0, integer=True)
    engine, status, bound = by_priority(engine_for(problem), problem)
    assert status == "optimal"
    assert shipped(problem, engine) == pytest.approx(
        {"Market 1": 1.0, "Market 2": 1.0, "Market 3": 0.0, "Market 4": 0.0, "Market 5": 0.0, "Market 6": 500.0}, abs=1e-4
    )
    assert bound is not None
    assert bound + problem.offset >= read(engine, problem, status).objective - 1e-3


def test_an_hour_more_serves_the_first_rank_that_is_short() -> None:
    problem = foundry(2500.0)
    engine, status, _ = by_priority(engine_for(problem), problem)
    answer = read(engine, problem, status)
    block = next(block for block in problem.blocks if block.rule.name == "regular_capacity")
    assert answer.served_duals[block.start] == pytest.approx(1 / 1000)
    assert answer.duals[block.start] > 0


def test_without_ranks_it_is_solved_as_ever() -> None:
    problem = formulated(1, {}, item=rows({"item": "pin"}), demand_plan=rows(*demand([5.0], item="pin")))
    engine, status, _ = by_priority(engine_for(problem), problem)
    assert status == "optimal"
    assert service_weights(problem, problem.columns) == []
    assert engine.values().shape == (problem.columns,)


def one_rank_at_a_time(problem: Problem, weights: list[np.ndarray]) -> list[float]:
    """What each rank misses at least, the ranks before it held to their least by bounds on the dearest way to do so: one model a rank."""
    found: list[float] = []
    from equipoise.supply.solving.engine import arrays_of
    from equipoise.supply.solving.priority import _with_rows

    arrays = _with_rows(arrays_of(problem), weights)
    for number, weight in enumerate(weights):
        engine = Engine(arrays, 1.0, 0.0, 60.0, "simplex")
        engine.gains(np.arange(problem.columns), -weight)
        held = np.arange(problem.rows, problem.rows + number)
        engine.row_bounds(held, np.full(number, -np.inf), np.array(found) * (1 + 1e-9) + 1e-7)
        assert engine.run() == "optimal"
        found.append(float(weight @ engine.values()))
    return found


@given(companies())
@settings(max_examples=16, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
def test_for_any_company_each_rank_misses_the_least_that_better_ranks_leave_it(
    company: tuple[dict[str, pl.DataFrame], dict[str, Any]],
) -> None:
    tables, setting = company
    lanes = [{"lane": f"{plant} {market}", "from": plant, "to": market} for plant in ("Mill", "Yard") for market in ("North", "South")]
    ranks = rows({"market": "North", "priority": 2}, {"market": "South", "priority": 1})
    problem = formulated(HORIZON, {**setting, "integer": False, "strategy": "optimal"}, **{**tables, "lane": rows(*lanes), "market": ranks})
    weights = service_weights(problem, problem.columns)
    engine, status, _ = by_priority(engine_for(problem), problem)
    if status == "optimal" and weights:
        missed = [float(weight @ engine.values()) for weight in weights]
        assert missed == pytest.approx(one_rank_at_a_time(problem, weights), rel=1e-5, abs=1e-4)
    else:
        assert status in {"infeasible", "optimal"}
