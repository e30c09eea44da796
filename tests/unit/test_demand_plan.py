"""The demand plan: orders consume the forecast, prices are found."""

import datetime as dt
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from equipoise.demand import demand_plan
from equipoise.demand.orders import unconsumed
from equipoise.dimensions.calendar import add_months
from equipoise.tables import table
from equipoise.tables.setting import CalendarSetting, Setting, to_table

START = dt.date(2026, 1, 1)
MONTHS = [add_months(START, number) for number in range(4)]


def plan(
    orders: list[dict[str, Any]],
    *,
    forecast: float = 100.0,
    price: list[dict[str, Any]] | None = None,
    item: list[dict[str, Any]] | None = None,
    revenue: float | None = None,
    made: float | None = None,
    event: list[dict[str, Any]] | None = None,
    stream: list[dict[str, Any]] | None = None,
    **demand: int,
) -> pl.DataFrame:
    agreed = pl.DataFrame(
        [
            {
                "item": "tent",
                "market": "north",
                "period": month,
                "quantity": forecast,
                "p10": forecast * 0.8,
                "p90": forecast * 1.2,
                "revenue": revenue,
                "base": made,
                "increment": None if made is None else 0.0,
            }
            for month in MONTHS
        ],
        schema_overrides=dict.fromkeys(("revenue", "base", "increment"), pl.Float64),
    )
    setting = Setting.model_validate({"plan": "test", "calendar": CalendarSetting(start=START, horizon=4), "demand": demand})

    def frame(name: str, rows: list[dict[str, Any]] | None) -> pl.DataFrame:
        return table(name).conform(pl.DataFrame(rows, infer_schema_length=None)) if rows else table(name).empty()

    planned = demand_plan(
        table("consensus").conform(agreed),
        frame("stream", stream),
        frame("event", event),
        frame("order_book", orders),
        frame("price", price),
        frame("item", item),
        to_table(setting),
    )
    assert planned.schema == table("demand_plan").schema
    return planned.sort("item", "market", "period")


def order(month: int, quantity: float, item: str = "tent", **more: Any) -> dict[str, Any]:
    return {"item": item, "market": "north", "period": add_months(START, month), "quantity": quantity, **more}


def quantities(made: pl.DataFrame, item: str = "tent") -> list[float]:
    found: list[float] = made.filter(pl.col("item") == item).get_column("quantity").to_list()
    return found


def test_demand_is_the_larger_of_forecast_and_orders() -> None:
    made = plan([order(0, 40.0), order(1, 130.0)])
    assert quantities(made) == [100.0, 130.0, 100.0, 100.0]
    assert made.get_column("orders").to_list() == [40.0, 130.0, 0.0, 0.0]
    assert made.get_column("p10").to_list() == [80.0, 130.0, 80.0, 80.0]
    assert made.get_column("p90").to_list() == [120.0, 130.0, 120.0, 120.0]


def test_additional_orders_add() -> None:
    made = plan([order(2, 30.0, additional=True), order(2, 10.0)])
    assert quantities(made) == [100.0, 100.0, 130.0, 100.0]
    assert made.get_column("orders").to_list()[2] == 40.0
    assert made.get_column("p90").to_list()[2] == 150.0


def test_orders_consume_back_first_and_then_forward() -> None:
    assert quantities(plan([order(1, 250.0)], order_window_back=1)) == [0.0, 250.0, 100.0, 100.0]
    assert quantities(plan([order(1, 250.0)], order_window_back=1, order_window_forward=1)) == [0.0, 250.0, 50.0, 100.0]
    assert quantities(plan([order(1, 350.0)], order_window_back=1, order_window_forward=1)) == [0.0, 350.0, 0.0, 100.0]
    assert quantities(plan([order(1, 150.0)], order_window_forward=2)) == [100.0, 150.0, 50.0, 100.0]


def test_orders_without_a_forecast_are_demand() -> None:
    made = plan([order(3, 12.0, item="bag")])
    assert quantities(made, "bag") == [0.0, 0.0, 0.0, 12.0]
    assert made.filter(pl.col("item") == "bag").get_column("p10").to_list() == [None] * 4


def test_orders_outside_the_horizon_are_not_the_plans() -> None:
    assert quantities(plan([order(-1, 500.0), order(4, 500.0)], order_window_back=2, order_window_forward=2)) == [100.0] * 4


def test_the_most_specific_price_wins() -> None:
    rows: list[dict[str, Any]] = [
        {"item": "tent", "market": "north", "period": MONTHS[1], "unit_price": 9.0},
        {"item": "tent", "market": None, "period": MONTHS[2], "unit_price": 8.0},
        {"item": "tent", "market": "north", "period": None, "unit_price": 7.0},
    ]
    listed = [{"item": "tent", "unit_price": 5.0}]
    assert plan([], price=rows, item=listed).get_column("unit_price").to_list() == [7.0, 9.0, 8.0, 7.0]
    assert plan([], price=rows[:1], item=listed, revenue=300.0).get_column("unit_price").to_list() == [5.0, 9.0, 5.0, 5.0]
    assert plan([], revenue=300.0).get_column("unit_price").to_list() == [3.0] * 4
    assert plan([]).get_column("unit_price").to_list() == [None] * 4


def test_an_override_of_the_consensus_keeps_the_price_and_moves_the_interval() -> None:
    # The consensus was made as 50 at a revenue of 500, its interval 80 to 120 for the 100 that people set: 50 up.
    made = plan([], made=50.0, revenue=500.0)
    assert made.get_column("unit_price").to_list() == [10.0] * 4
    assert made.get_column("p10").to_list() == [100.0] * 4
    assert made.get_column("p90").to_list() == [170.0] * 4
    down = plan([order(0, 10.0)], forecast=0.0, made=50.0, revenue=500.0)
    assert down.get_column("quantity").to_list() == [10.0, 0.0, 0.0, 0.0]
    assert down.get_column("p10").to_list() == [10.0, 0.0, 0.0, 0.0]
    assert down.get_column("unit_price").to_list() == [10.0] * 4


def test_no_forecast_and_no_orders_give_an_empty_plan() -> None:
    setting = to_table(Setting(plan="test", calendar=CalendarSetting(start=START, horizon=4)))
    agreed, stream, event, orders, price, item = (
        table(name).empty() for name in ("consensus", "stream", "event", "order_book", "price", "item")
    )
    made = demand_plan(agreed, stream, event, orders, price, item, setting)
    assert made.equals(table("demand_plan").empty())


amounts = st.lists(st.floats(0, 1000), min_size=5, max_size=5)


@given(forecast=amounts, orders=amounts, back=st.integers(0, 4), forward=st.integers(0, 4))
def test_consumption_never_takes_more_than_there_is(forecast: list[float], orders: list[float], back: int, forward: int) -> None:
    left = unconsumed(np.array([forecast]), np.array([orders]), back, forward)
    taken = sum(forecast) - left.sum()
    assert (left >= -1e-9).all()
    assert (left <= np.array([forecast]) + 1e-9).all()
    assert taken <= sum(orders) + 1e-6
    same = np.minimum(forecast, orders).sum()
    assert taken >= same - 1e-6
    if not back and not forward:
        assert left[0] + np.array(orders) == pytest.approx(np.maximum(forecast, orders))


def _cut(start: dt.date, end: dt.date, added: list[float], **more: Any) -> dict[str, Any]:
    """Return the event "cut" at a price of 8, and the stream of what it adds a month."""
    rows = [
        {"stream": "cut", "item": "tent", "market": "north", "period": month, "kind": "event", "quantity": quantity}
        for month, quantity in zip(MONTHS, added, strict=False)
    ]
    return {"event": [{"event": "cut", "item": "tent", "start": start, "end": end, "price": 8.0, **more}], "stream": rows}


def test_the_price_of_an_event_holds_where_it_touches() -> None:
    cut = _cut(MONTHS[0], MONTHS[1] - dt.timedelta(days=1), [0.0])
    assert plan([], item=[{"item": "tent", "unit_price": 10.0}], **cut).get_column("unit_price").to_list() == [8.0, 10.0, 10.0, 10.0]


def test_a_price_that_holds_for_some_days_is_weighed_by_volume() -> None:
    # the forecast of 100 in April holds 40 that the event adds: 60 are usual, half of them sold in the event's days
    cut = _cut(dt.date(2026, 4, 1), dt.date(2026, 4, 15), [0.0, 0.0, 0.0, 40.0])
    made = plan([], item=[{"item": "tent", "unit_price": 10.0}], **cut)
    assert made.get_column("unit_price").to_list() == pytest.approx([10.0, 10.0, 10.0, (30 * 10 + 70 * 8) / 100])


def test_two_events_in_a_cell_mix_their_prices() -> None:
    both = _cut(MONTHS[0], MONTHS[1] - dt.timedelta(days=1), [0.0])
    second = _cut(MONTHS[0], MONTHS[1] - dt.timedelta(days=1), [0.0])
    both["event"] += [{**second["event"][0], "event": "other", "price": 6.0}]
    both["stream"] += [{**second["stream"][0], "stream": "other (event)"}]
    assert plan([], item=[{"item": "tent", "unit_price": 10.0}], **both).get_column("unit_price").to_list()[0] == pytest.approx(7.0)


def test_without_a_usual_price_the_consensus_tells_it() -> None:
    cut = _cut(MONTHS[0], dt.date(2026, 2, 14), [0.0, 0.0])
    assert plan([], **cut).get_column("unit_price").to_list() == [None] * 4
    assert plan([], revenue=300.0, **cut).get_column("unit_price").to_list() == [3.0] * 4  # the consensus's revenue knows of events


def test_a_negative_forecast_takes_nothing_from_orders() -> None:
    assert quantities(plan([order(0, 10.0)], forecast=-50.0)) == [10.0, 0.0, 0.0, 0.0]


@given(
    forecast=st.floats(0, 1000),
    orders=st.lists(st.tuples(st.integers(0, 3), st.floats(0, 1000), st.booleans()), max_size=8),
    back=st.integers(0, 3),
    forward=st.integers(0, 3),
)
def test_demand_is_never_below_orders_and_additional_ones_add_in_full(
    forecast: float, orders: list[tuple[int, float, bool]], back: int, forward: int
) -> None:
    rows = [order(month, quantity, additional=additional) for month, quantity, additional in orders]
    every = plan(rows, forecast=forecast, order_window_back=back, order_window_forward=forward)
    firm = plan([row for row in rows if not row["additional"]], forecast=forecast, order_window_back=back, order_window_forward=forward)
    demand, ordered = every.get_column("quantity").to_list(), every.get_column("orders").to_list()
    assert all(one >= other - 1e-6 for one, other in zip(demand, ordered, strict=True))
    added = sum(quantity for _, quantity, additional in orders if additional)
    assert sum(demand) == pytest.approx(sum(quantities(firm)) + added)
    assert sum(quantities(firm)) >= max(4 * forecast, sum(row["quantity"] for row in rows if not row["additional"])) - 1e-6


@given(orders=amounts, back=st.integers(0, 4), forward=st.integers(0, 4))
def test_an_order_consumes_inside_its_window_only(orders: list[float], back: int, forward: int) -> None:
    for month, quantity in enumerate(orders):
        alone = np.zeros((1, 5))
        alone[0, month] = quantity
        left = unconsumed(np.full((1, 5), 100.0), alone, back, forward)
        outside = [period for period in range(5) if not month - back <= period <= month + forward]
        assert (left[0, outside] == 100.0).all()
