"""Money terms: each written once, the same in the objective and in the table cost."""

import datetime as dt

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from equipoise import finance
from equipoise.dimensions.calendar import Calendar
from equipoise.supply.formulate import formulate
from equipoise.supply.review import answer_tables
from equipoise.supply.session import Solved
from equipoise.supply.solving.solve import solve
from tests.truth import everything
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


def test_what_is_paid_once_is_known_money_of_its_period() -> None:
    """Only what is paid within the horizon counts; it changes no decision, and what is earned by as much."""
    given = everything.tables()
    without = answer_tables(
        Solved(bare := formulate({**given, "one_off_cost": given["one_off_cost"].clear(), "setting": everything.setting()}), solve(bare))
    )["cost"]
    made = answer_tables(Solved(problem(), solve(problem())))["cost"]
    rows = made.filter(pl.col("term") == "one_off")
    assert rows.select("class", "subject", "quantity", "amount").rows() == [("cash", "jig", 1.0, -120.0)]
    assert_frame_equal(made.filter(pl.col("term") != "one_off"), without)


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


def calendar(cadence: str = "month", horizon: int = 3) -> Calendar:
    return Calendar(cadence, dt.date(2027, 1, 1), horizon, dt.date(2026, 12, 31))  # type: ignore[arg-type]


def test_what_is_paid_later_falls_into_the_periods_of_its_days() -> None:
    shares = finance.paid_after([dt.date(2027, 1, 1)], calendar(), 45)
    assert dict(shares.select("paid", "share").iter_rows()) == pytest.approx({dt.date(2027, 2, 1): 14 / 31, dt.date(2027, 3, 1): 17 / 31})
    at_once = finance.paid_after([dt.date(2027, 1, 1)], calendar(), 0)
    assert at_once.rows() == [(dt.date(2027, 1, 1), dt.date(2027, 1, 1), 1.0)]


@given(st.floats(0, 2000), st.sampled_from(["week", "month", "quarter", "4-4-5"]))
def test_everything_is_paid_in_the_end(days: float, cadence: str) -> None:
    periods = calendar(cadence).periods
    shares = finance.paid_after(periods, calendar(cadence), days)
    assert shares.group_by("period").agg(pl.col("share").sum())["share"].to_list() == pytest.approx([1.0] * 3)
    assert (shares["share"] >= 0).all()


def test_a_year_of_loss_pays_no_tax_and_is_taken_off_the_next() -> None:
    assert finance.tax([-100, 60, 100], [1, 1, 2], 0.25) == [0, 0, 15]
    assert finance.tax([100, -40, -100, 50], [1, 1, 1, 2], 0.25) == [25, -10, -15, 10 / 4]


@given(st.lists(st.tuples(st.floats(-1e6, 1e6), st.integers(0, 1)), min_size=1, max_size=24), st.floats(0, 1))
def test_tax_is_never_less_than_nothing_over_a_year(months: list[tuple[float, int]], rate: float) -> None:
    years, year = [], 2027
    for _, turn in months:
        year += turn
        years.append(year)
    paid = finance.tax([profit for profit, _ in months], years, rate)
    for one in set(years):
        assert sum(tax for tax, of in zip(paid, years, strict=True) if of == one) >= -1e-6
    assert sum(paid) >= rate * max(0.0, sum(profit for profit, _ in months)) - 1e-3


def test_what_is_outstanding_and_the_capital_that_works() -> None:
    frame = pl.DataFrame({"booked": [100.0, 100.0], "paid": [0.0, 60.0]})
    assert frame.select(finance.outstanding("booked", "paid")).to_series().to_list() == [100, 140]
    tied = pl.DataFrame({"inventory_value": [50.0, None], "receivables": [140.0, 1.0], "payables": [30.0, 1.0]})
    assert tied.select(finance.working_capital()).to_series().to_list() == [160, None]
    till = pl.DataFrame({"receipts": [60.0], "payments": [40.0], "tax_paid": [5.0]})
    assert till.select(finance.cash_flow()).to_series().to_list() == [15]


def test_every_term_of_supply_has_a_category() -> None:
    assert "material_cost" in finance.CATEGORIES
    assert not {"revenue_cost", "service_cost", "penalty_cost", "inventory_carrying_cost"} & set(finance.CATEGORIES)
