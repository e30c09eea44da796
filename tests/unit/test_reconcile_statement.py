"""The statement: lines by hand, identities to the cent, and nothing invented."""

import datetime as dt
import inspect
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from equipoise.reconcile import financials
from equipoise.tables import DICTIONARY, table
from equipoise.tables.setting import Setting, to_table

JANUARY, FEBRUARY = dt.date(2027, 1, 1), dt.date(2027, 2, 1)
SETTING = to_table(Setting.model_validate({"plan": "test", "calendar": {"start": JANUARY, "horizon": 2}}))


def frame(name: str, *rows: dict[str, Any]) -> pl.DataFrame:
    schema = dict(table(name).schema)
    return pl.DataFrame([{column: row.get(column) for column in schema} for row in rows], schema=schema)


def made_of(**tables: pl.DataFrame) -> dict[str, pl.DataFrame]:
    given_tables = {"setting": SETTING, **tables}
    made = financials(*(given_tables.get(name, DICTIONARY[name].empty()) for name in inspect.signature(financials).parameters))
    assert not made["financials"].select(table("financials").keys).is_duplicated().any()
    return made


def cost(*rows: tuple[str, str, str | None, dt.date, float]) -> pl.DataFrame:
    made = [
        {"term": term, "class": kind, "subject": item or "Line 1", "item": item, "place": "North", "period": period, "amount": amount}
        for term, kind, item, period, amount in rows
    ]
    return frame("cost", *made)


ITEMS = frame(
    "item",
    {"item": "A", "family": "Tents", "unit_cost": 6.0},
    {"item": "B", "family": "Stoves", "unit_cost": 3.0},
    {"item": "cloth", "family": "Material", "unit_cost": 1.0, "kind": "raw"},
)
DEMAND = frame(
    "demand_plan",
    {"item": "A", "market": "North", "period": JANUARY, "quantity": 100.0, "unit_price": 10.0},
    {"item": "A", "market": "North", "period": FEBRUARY, "quantity": 50.0, "unit_price": 10.0},
    {"item": "B", "market": "North", "period": JANUARY, "quantity": 20.0, "unit_price": 5.0},
)
SHORTAGE = frame(
    "shortage",
    {"item": "A", "market": "North", "period": JANUARY, "demand": 100.0, "shipped": 90.0, "backlog": 0.0, "lost": 10.0},
    {"item": "A", "market": "North", "period": FEBRUARY, "demand": 50.0, "shipped": 50.0, "backlog": 0.0, "lost": 0.0},
    {"item": "B", "market": "North", "period": JANUARY, "demand": 20.0, "shipped": 20.0, "backlog": 0.0, "lost": 0.0},
)
STOCK = frame(
    "inventory_plan",
    {"item": "A", "location": "Plant", "period": JANUARY, "opening": 10.0, "quantity": 30.0, "value": 180.0},
    {"item": "A", "location": "Plant", "period": FEBRUARY, "opening": 30.0, "quantity": 0.0, "value": 0.0},
    {"item": "cloth", "location": "Plant", "period": JANUARY, "opening": 0.0, "quantity": 5.0, "value": 5.0},
    {"item": "cloth", "location": "Plant", "period": FEBRUARY, "opening": 5.0, "quantity": 5.0, "value": 5.0},
)
COST = cost(
    ("revenue", "accounting", "A", JANUARY, 900.0),
    ("revenue", "accounting", "A", FEBRUARY, 500.0),
    ("revenue", "accounting", "B", JANUARY, 100.0),
    ("production", "cash", "A", JANUARY, -700.0),
    ("production", "cash", "B", JANUARY, -70.0),
    ("overtime", "cash", None, JANUARY, -40.0),
    ("production", "cash", "A", FEBRUARY, -130.0),
    ("carrying", "opportunity", "A", JANUARY, -3.0),
    ("lost_sales", "opportunity", "A", JANUARY, -20.0),
    ("unserved_penalty", "penalty", "A", JANUARY, -9999.0),
)
GIVEN = {"cost": COST, "shortage": SHORTAGE, "inventory_plan": STOCK, "demand_plan": DEMAND, "item": ITEMS}


def lines(made: dict[str, pl.DataFrame], period: dt.date | None = None) -> dict[str, float]:
    rows = made["financials"].filter(pl.col("amount").is_not_null())
    rows = rows if period is None else rows.filter(pl.col("period") == period)
    return dict(rows.group_by("line").agg(pl.col("amount").sum()).iter_rows())


def test_lines_by_hand() -> None:
    january = lines(made_of(**GIVEN), JANUARY)
    assert january == {
        "revenue": 1000,
        "cost_of_goods": 90 * 6 + 20 * 3,
        "gross_margin": 400,
        "production": 770,
        "overtime": 40,
        "production_cost": 810,
        "supply_cost": 810,
        "stock_change": 20 * 6 + 5,
        "supply_variance": 810 - 600 - (20 * 6 + 5),
        "inventory_carrying": 3,
        "service_cost": 20,
        "contribution": 1000 - 600 - 85 - 3 - 20,
        "inventory_value": 185,
        "receipts": 1000,
        "payments": 810,
        "cash_flow": 190,
        "cumulated_cash": 190,
        "receivables": 0,
        "payables": 0,
        "working_capital": 185,
    }


def test_families_hold_what_belongs_to_an_item_and_the_rest_has_none() -> None:
    rows = made_of(**GIVEN)["financials"].filter(pl.col("period") == JANUARY)
    margin = dict(rows.filter(pl.col("line") == "gross_margin").select("family", "amount").iter_rows())
    assert margin == {"Tents": 360, "Stoves": 40}
    assert rows.filter(pl.col("line").is_in(["overtime", "supply_variance"]))["family"].to_list() == ["", ""]
    assert dict(rows.filter(pl.col("line") == "contribution").select("family", "amount").iter_rows()) == {
        "": -85,
        "Tents": 337,
        "Stoves": 40,
    }


def test_contribution_is_revenue_less_spend_plus_what_stock_gained() -> None:
    for period in (JANUARY, FEBRUARY):
        line = lines(made_of(**GIVEN), period)
        gained = {JANUARY: 125.0, FEBRUARY: -180.0}[period]
        left = line["revenue"] - line["supply_cost"] + gained - line.get("inventory_carrying", 0) - line.get("service_cost", 0)
        assert line["contribution"] == pytest.approx(left, abs=0.005)


MONEY = st.floats(0, 1e6).map(lambda value: round(value, 2))


@given(MONEY, MONEY, MONEY, MONEY)
def test_margin_variance_and_carrying_always_make_the_contribution(revenue: float, made: float, late: float, carry: float) -> None:
    money = cost(
        ("revenue", "accounting", "A", JANUARY, revenue),
        ("production", "cash", "A", JANUARY, -made),
        ("late_demand", "opportunity", "A", JANUARY, -late),
        ("carrying", "opportunity", "A", JANUARY, -carry),
    )
    line = lines(made_of(**{**GIVEN, "cost": money}))
    parts = (line[name] for name in ("cost_of_goods", "supply_variance", "inventory_carrying", "service_cost"))
    assert line["contribution"] == pytest.approx(line["revenue"] - sum(parts), abs=0.005)


def test_without_standard_costs_there_is_no_margin_and_profit_is_what_is_left_of_revenue() -> None:
    uncosted = ITEMS.with_columns(pl.lit(None, pl.Float64).alias("unit_cost"))
    line = lines(made_of(**{**GIVEN, "item": uncosted, "inventory_plan": STOCK.with_columns(pl.lit(None, pl.Float64).alias("value"))}))
    assert not {"cost_of_goods", "gross_margin", "supply_variance", "inventory_value"} & set(line)
    assert line["contribution"] == 1500 - 940 - 3 - 20


def test_an_item_without_cost_stays_out_of_the_margin_and_stops_the_contribution() -> None:
    partly = ITEMS.with_columns(pl.when(pl.col("item") != "B").then(pl.col("unit_cost")).alias("unit_cost"))
    line = lines(made_of(**{**GIVEN, "item": partly}), JANUARY)
    assert line["gross_margin"] == 360
    assert not {"supply_variance", "contribution"} & set(line)


def test_no_prices_no_revenue_and_no_costs_no_margin() -> None:
    unpriced = {**GIVEN, "demand_plan": DEMAND.with_columns(pl.lit(None, pl.Float64).alias("unit_price"))}
    line = lines(made_of(**{**unpriced, "cost": COST.filter(pl.col("term") != "revenue")}))
    assert not {"revenue", "gross_margin", "contribution"} & set(line)
    assert line["supply_cost"] == 940
    only_revenue = made_of(
        cost=COST.filter(pl.col("term") == "revenue"), shortage=SHORTAGE, demand_plan=DEMAND, item=frame("item", {"item": "A"})
    )
    assert set(lines(only_revenue)) == {"revenue"}


def test_budget_stands_beside_the_plan_by_family_and_period() -> None:
    budget = frame(
        "budget",
        {"item": "A", "market": "North", "period": JANUARY, "quantity": 110.0, "revenue": 1100.0, "gross_margin": 400.0},
        {"family": "Tents", "market": "South", "period": JANUARY, "quantity": 1.0, "revenue": 10.0, "gross_margin": 4.0, "inventory": 50.0},
        {"family": "Tents", "period": dt.date(2030, 1, 1), "quantity": 1.0, "revenue": 10.0},
    )
    made = made_of(**GIVEN, budget=budget)
    rows = made["financials"].filter((pl.col("family") == "Tents") & pl.col("budget").is_not_null())
    assert dict(rows.select("line", "budget").iter_rows()) == {
        "revenue": 1110,
        "gross_margin": 404,
        "cost_of_goods": 706,
        "inventory_value": 50,
    }
    assert made["bridge"]["measure"].unique().sort().to_list() == ["gross_margin", "revenue"]
    last = made["bridge"].filter((pl.col("measure") == "revenue") & (pl.col("step") == "Plan"))
    assert last["amount"].to_list() == [1000.0]


def test_an_item_without_family_stands_for_itself() -> None:
    alone = frame("item", {"item": "A", "unit_cost": 6.0}, {"item": "B", "unit_cost": 3.0}, {"item": "cloth", "unit_cost": 1.0})
    rows = made_of(**{**GIVEN, "item": alone})["financials"]
    assert set(rows.filter(pl.col("line") == "revenue")["family"]) == {"A", "B"}


def setting(horizon: int = 2, **finance: float) -> pl.DataFrame:
    return to_table(Setting.model_validate({"plan": "t", "calendar": {"start": JANUARY, "horizon": horizon}, "finance": finance}))


def by_period(made: dict[str, pl.DataFrame], line: str) -> list[float]:
    rows = made["financials"].filter(pl.col("line") == line).group_by("period").agg(pl.col("amount").sum()).sort("period")
    return [round(amount, 6) for amount in rows["amount"]]


BOUGHT = pl.concat(
    [COST, cost(("purchases", "cash", "cloth", JANUARY, -62.0), ("subcontracting", "cash", "A", FEBRUARY, -28.0))], how="vertical"
)


def test_cash_comes_and_goes_when_it_is_paid() -> None:
    """January sells 1,000 over 31 days, paid 15 days later: 16/31 in January. It buys for 62, paid 31 days later: none in January."""
    made = made_of(**{**GIVEN, "cost": BOUGHT, "setting": setting(receivable_days=15, payable_days=31)})
    january, february = 1000 * 16 / 31, 1000 * 15 / 31 + 500 * 13 / 28
    assert by_period(made, "receipts") == pytest.approx([january, february])
    # 1 February to 3 March: 28 of January's 31 days fall into February; February's own 28 days begin on 4 March.
    assert by_period(made, "payments") == pytest.approx([810, 130 + 62 * 28 / 31])
    assert by_period(made, "cash_flow") == pytest.approx([january - 810, february - 130 - 56])
    assert by_period(made, "cumulated_cash") == pytest.approx([january - 810, january + february - 810 - 186])
    assert by_period(made, "receivables") == pytest.approx([1000 - january, 1500 - january - february])
    assert by_period(made, "payables") == pytest.approx([62, 90 - 56])
    held = [185, 5]
    owed = [
        pytest.approx(stock + due - debt)
        for stock, due, debt in zip(held, (1000 - january, 1500 - january - february), (62, 34), strict=True)
    ]
    assert by_period(made, "working_capital") == owed


def test_what_customers_owe_at_the_start_is_counted_only_where_sales_are_given() -> None:
    december, november = dt.date(2026, 12, 1), dt.date(2026, 11, 1)
    shipped = frame("shipment", {"item": "A", "market": "North", "period": december, "quantity": 31.0, "revenue": 310.0})
    past = frame(
        "history",
        {"item": "A", "market": "North", "period": december, "quantity": 99.0, "revenue": 9999.0},
        {"item": "B", "market": "North", "period": november, "quantity": 10.0, "revenue": 300.0},
    )
    made = made_of(**GIVEN, setting=setting(receivable_days=45), shipment=shipped, history=past)
    # December, 45 days later: 15 January to 14 February, 17 days in January, 14 in February. November: 16 December to 14 January.
    assert by_period(made, "opening_receivables") == pytest.approx([310 + 300 * 14 / 30])
    assert by_period(made, "receipts") == pytest.approx([310 * 17 / 31 + 140, 310 * 14 / 31 + 1000 * 14 / 31])
    owed = made["financials"].filter(pl.col("line") == "opening_receivables")
    assert dict(owed.select("family", "amount").iter_rows()) == pytest.approx({"Tents": 310, "Stoves": 140})
    assert "opening_receivables" not in lines(made_of(**GIVEN, setting=setting(receivable_days=45)))


def test_tax_is_on_the_profit_of_the_books_and_a_loss_is_no_refund() -> None:
    made = made_of(**GIVEN, setting=setting(tax_rate=0.25))
    # Books: January 1,000 − 600 − 85 = 315; February 500 − 300 − (130 − 300 + 180) = 190.
    assert by_period(made, "tax") == pytest.approx([315 / 4, 190 / 4])
    after = [amount - 0.25 * profit for amount, profit in zip(by_period(made, "contribution"), (315, 190), strict=True)]
    assert by_period(made, "contribution_after_tax") == pytest.approx(after)
    assert by_period(made, "tax_paid") == by_period(made, "tax")
    lossy = cost(("revenue", "accounting", "A", JANUARY, 100.0), ("revenue", "accounting", "A", FEBRUARY, 500.0))
    made = made_of(**{**GIVEN, "cost": pl.concat([lossy, COST.filter(pl.col("term") == "production")])}, setting=setting(tax_rate=0.25))
    assert sum(by_period(made, "tax")) == 0
    assert min(by_period(made, "tax")) >= 0


def test_no_prices_no_cash() -> None:
    unpriced = {**GIVEN, "demand_plan": DEMAND.with_columns(pl.lit(None, pl.Float64).alias("unit_price"))}
    assert not {"receipts", "cash_flow", "receivables", "working_capital", "tax"} & set(lines(made_of(**unpriced)))


DAYS = st.floats(0, 400)


@settings(max_examples=40, deadline=None)
@given(DAYS, DAYS, MONEY, MONEY, MONEY)
def test_over_a_long_tail_cash_is_the_profit_without_stock(collect: float, pay: float, sold: float, made: float, bought: float) -> None:
    money = cost(
        ("revenue", "accounting", "A", JANUARY, sold + 1),
        ("production", "cash", "A", JANUARY, -made - 1),
        ("purchases", "cash", "cloth", FEBRUARY, -bought),
    )
    still = frame("inventory_plan")
    tail = setting(horizon=18, receivable_days=collect, payable_days=pay, tax_rate=0.3)
    result = made_of(**{**GIVEN, "cost": money, "inventory_plan": still, "setting": tail})
    line = lines(result)
    assert line["cash_flow"] == pytest.approx(line["contribution_after_tax"], abs=0.01)
    last = lines(result, dt.date(2028, 6, 1))
    assert [last["receivables"], last["payables"]] == pytest.approx([0, 0], abs=1e-3)


def test_families_add_up_to_the_total() -> None:
    made = made_of(**{**GIVEN, "cost": BOUGHT, "setting": setting(receivable_days=15, payable_days=31, tax_rate=0.2)})
    line = lines(made)
    assert line["contribution"] == pytest.approx(
        line["revenue"] - line["supply_cost"] + line["stock_change"] - line["inventory_carrying"] - line["service_cost"]
    )
    assert line["supply_cost"] == pytest.approx(line["production_cost"] + line["material_cost"] + line["subcontracting_cost"])
    assert line["contribution_after_tax"] == pytest.approx(line["contribution"] - line["tax"])
    assert line["cash_flow"] == pytest.approx(line["receipts"] - line["payments"] - line["tax_paid"])
    for name in ("receivables", "payables", "cumulated_cash", "working_capital"):
        rows = made["financials"].filter(pl.col("line") == name)
        assert rows.group_by("family").len()["len"].unique().to_list() == [2], "a stock has every period of every family"


def test_empty_tables_make_empty_statements() -> None:
    made = made_of()
    assert made["financials"].is_empty()
    assert made["bridge"].is_empty()


def test_what_a_plan_by_family_counts_otherwise_than_its_items_is_mix_and_not_demand_lost() -> None:
    setting = Setting.model_validate({"plan": "test", "calendar": {"start": JANUARY, "horizon": 1}, "supply": {"level": "family"}})
    items = (("A", 6.0), ("B", 2.0), ("F", 4.5))
    sold = [{"item": item, "market": "North", "period": JANUARY, "quantity": 100.0, "unit_price": 10.0} for item in ("A", "B")]
    before = [
        {"as_of": dt.date(2026, 12, 1), "measure": "demand", "item": item, "place": "North", "period": JANUARY}
        | {"quantity": 100.0, "revenue": 1000.0, "gross_margin": margin}
        for item, margin in (("A", 400.0), ("B", 800.0))
    ]
    made = made_of(
        setting=to_table(setting),
        item=frame("item", *({"item": item, "family": "F", "unit_cost": unit_cost} for item, unit_cost in items)),
        demand_plan=frame("demand_plan", *sold),
        shortage=frame("shortage", {"item": "F", "market": "North", "period": JANUARY, "demand": 200.0, "shipped": 200.0}),
        cost=cost(("revenue", "accounting", "F", JANUARY, 2000.0)),
        plan_snapshot=frame("plan_snapshot", *before),
    )
    steps = dict(made["bridge"].filter(pl.col("measure") == "gross_margin").select("step", "amount").iter_rows())
    assert steps == {"Last cycle": 1200.0, "Margin per unit": 0.0, "Volume": 0.0, "Mix": -100.0, "Plan": 1100.0}
