"""Cases of our own, committed whole: published elsewhere, worked by hand, or made at random and solved by a formulation of their own."""

from pathlib import Path

import pytest
import yaml

from tests.truth import independent, independent_network
from tests.truth.running import lay_out, money, planned, written

OWN = Path(__file__).parent / "own"
_WHOLE = "{backlog_allowed: %s, integer: true, relative_gap: 0, objective: %s}"


def plan(name: str, months: int, supply: str) -> str:
    return f"plan: {name}\ncalendar: {{start: 2027-01-01, horizon: {months}}}\ndata: tables/\nsupply: {supply}\n"


@pytest.mark.parametrize("name", sorted(path.parent.name for path in OWN.glob("*/plan.yaml")))
def test_the_expected_answer_is_met(name: str) -> None:
    expected = yaml.safe_load((OWN / name / "expected.yaml").read_text(encoding="utf-8"))
    result = planned(OWN / name / "plan.yaml")
    assert money(result)[expected["measure"]] == pytest.approx(expected["answer"], rel=1e-4)
    assert result["violation"].is_empty()


@pytest.mark.shared
@pytest.mark.parametrize(
    ("name", "inputs", "measure", "answer"),
    [
        ("williams_factory_planning_2", "williams_factory_planning_1", "profit", 108855),
        ("williams_distribution_2", "williams_distribution_1", "cost", 174000),
    ],
)
def test_the_second_part_of_a_published_case_is_met(name: str, inputs: str, measure: str, answer: float, tmp_path: Path) -> None:
    """H. P. Williams, Model Building in Mathematical Programming, 5th ed.: what was given in the first part is to be decided."""
    result = planned(lay_out(name, "", tmp_path, inputs))
    assert money(result)[measure] == pytest.approx(answer, rel=1e-4)
    assert result["violation"].is_empty()


@pytest.mark.parametrize(("seed", "months"), [(1, 6), (4, 6), (5, 6), (21, 12)])
def test_a_crew_at_random_costs_what_its_own_formulation_costs(seed: int, months: int, tmp_path: Path) -> None:
    company = independent.company(seed, months)
    plan_file = written(independent.tables(company), plan("crew", months, _WHOLE % ("true", "cost")), tmp_path)
    result = planned(plan_file)
    assert money(result)["cost"] == pytest.approx(independent.least_cost(company), rel=1e-4)
    assert result["violation"].is_empty()


@pytest.mark.parametrize("seed", [0, 2, 3, 6])
def test_a_process_industry_at_random_earns_what_its_own_formulation_earns(seed: int, tmp_path: Path) -> None:
    industry = independent_network.industry(seed)
    plan_file = written(independent_network.tables(industry), plan("industry", industry.months, _WHOLE % ("false", "profit")), tmp_path)
    result = planned(plan_file)
    assert money(result)["profit"] == pytest.approx(independent_network.most_profit(industry), rel=1e-4)
    assert result["violation"].is_empty()


def test_a_promotion_moves_demand_in_time(tmp_path: Path) -> None:
    """A tenth more in its month, and a fifth of the next two months' demand drawn into it, at the price of the promotion."""
    wanted, price = [160, 300, 320, 380, 220, 220], 40
    table = {
        "forecast": [
            {"source": "sales", "item": "tool", "market": "shops", "kind": "increment", "period": f"2027-0{t + 1}-01", "quantity": quantity}
            | {"revenue": quantity * price}
            for t, quantity in enumerate(wanted)
        ],
        "event": [
            {"event": "March sale", "item": "tool", "start": "2027-03-01", "end": "2027-03-31", "kind": "promotion", "price": 39}
            | {"uplift": 0.1, "pull_forward": 0.2, "pull_forward_periods": 2}
        ],
        "route": [{"route": "make", "item": "tool", "location": "plant", "unit_cost": 10}],
    }
    result = planned(written(table, plan("sale", 6, "{lost_allowed: false}"), tmp_path))
    moved = [160, 300, 320 * 1.1 + 0.2 * (380 + 220), 380 * 0.8, 220 * 0.8, 220]
    assert result["demand_plan"].sort("period").get_column("quantity").to_list() == pytest.approx(moved)
    revenue = sum(quantity * (39 if t == 2 else price) for t, quantity in enumerate(moved))
    assert money(result)["revenue"] == pytest.approx(revenue)
    assert money(result)["profit"] == pytest.approx(revenue - 10 * sum(moved))
