"""Money terms: each written once, the same in the objective and in the table cost."""

import polars as pl
import pytest

from equipoise import finance
from equipoise.supply.review import answer_tables
from equipoise.supply.session import Solved
from equipoise.supply.solving.solve import solve
from tests.truth.everything import problem


def test_every_term_has_a_name_of_its_own_and_says_what_it_is() -> None:
    names = [term.name for term in finance.TERMS]
    assert len(names) == len(set(names))
    for term in finance.TERMS:
        assert term.meaning
        assert term.money_class in {"cash", "accounting", "opportunity", "penalty"}
        assert (term.line == "penalty") == (term.money_class == "penalty")


@pytest.mark.parametrize("integer", [False, True])
@pytest.mark.parametrize("strategy", ["optimal", "chase", "given"])
def test_costs_add_up_to_the_objective(strategy: str, integer: bool) -> None:
    made = problem(strategy, integer=integer)
    tables = answer_tables(Solved(made, solve(made)))
    bridge = finance.bridge_to_objective(tables["cost"])
    facts = dict(tables["solution"].iter_rows())
    assert bridge["objective"] == pytest.approx(float(facts["objective"]), abs=1e-3)
    money = finance.published(tables["cost"]).get_column("amount").sum()
    assert money == pytest.approx(bridge["objective"] - bridge.get("penalty", 0.0), abs=1e-6)
    assert float(facts["objective without the model's own prices"]) == pytest.approx(money, abs=1e-3)


def test_every_family_of_cost_occurs_in_a_company_that_has_them_all() -> None:
    found = set(answer_tables(Solved(problem(), solve(problem())))["cost"].get_column("term"))
    assert {"revenue", "regular_time", "wages", "purchases", "transport", "carrying", "running_lines", "orders"} <= found


def test_holding_cost_wins_over_the_carrying_rate() -> None:
    frame = pl.DataFrame({"holding_cost": [2.0, None, None], "standard_cost": [60.0, 60.0, None]})
    rate = frame.select(finance.holding_rate(12, 0.2)).to_series()
    assert rate.to_list() == [2.0, pytest.approx(1.0), None]
    assert frame.select(finance.holding_rate(12, None)).to_series().to_list() == [2.0, None, None]


def test_stock_cost_of_goods_and_margin_are_empty_without_a_cost() -> None:
    frame = pl.DataFrame({"quantity": [3.0, 3.0], "shipped": [2.0, 2.0], "unit_cost": [5.0, None], "revenue": [20.0, 20.0]})
    assert frame.select(finance.stock_value()).to_series().to_list() == [15.0, None]
    assert frame.select(finance.cost_of_goods()).to_series().to_list() == [10.0, None]
    margin = frame.with_columns(finance.cost_of_goods().alias("cost_of_goods")).select(finance.gross_margin()).to_series()
    assert margin.to_list() == [10.0, None]


def test_production_is_at_standard_cost_only_where_nothing_gives_a_cost() -> None:
    term = next(term for term in finance.TERMS if term.name == "production")
    frame = pl.DataFrame({"unit_cost": [1.0, None, None], "costed": [False, True, False], "standard_cost": [9.0, 9.0, 9.0]})
    assert frame.select(term.rate.alias("rate")).to_series().to_list() == [1.0, None, 9.0]
