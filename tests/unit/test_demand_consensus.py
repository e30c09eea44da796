"""Streams side by side, events, successions, and the one number."""

import datetime as dt
import inspect
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from equipoise.demand import consensus
from equipoise.dimensions.calendar import add_months
from equipoise.errors import DataError, InputError
from equipoise.tables import table
from equipoise.tables.setting import CalendarSetting, Setting, to_table

START = dt.date(2026, 1, 1)
MONTHS = [add_months(START, number) for number in range(6)]


def baseline(pairs: dict[tuple[str, str], float]) -> pl.DataFrame:
    rows = [
        {"item": item, "market": market, "period": month, "quantity": value, "p10": value * 0.8, "p50": value, "p90": value * 1.3}
        for (item, market), value in pairs.items()
        for month in MONTHS
    ]
    return table("baseline").conform(pl.DataFrame(rows)) if rows else table("baseline").empty()


def rows_of(name: str, *rows: dict[str, Any]) -> pl.DataFrame:
    return table(name).conform(pl.DataFrame(list(rows), infer_schema_length=None)) if rows else table(name).empty()


def agree(statistical: pl.DataFrame, setting: dict[str, Any] | None = None, **given_tables: pl.DataFrame) -> dict[str, pl.DataFrame]:
    settings = Setting.model_validate(
        {"plan": "test", "calendar": CalendarSetting(start=START, horizon=6), "demand": {"consensus": setting or {}}}
    )
    reads = [name for name in inspect.signature(consensus).parameters if name not in ("baseline", "setting")]
    frames = {name: given_tables.get(name, table(name).empty()) for name in reads}
    made = consensus(statistical, setting=to_table(settings), **frames)
    assert made["stream"].schema == table("stream").schema
    assert made["consensus"].schema == table("consensus").schema
    assert not made["stream"].select("stream", "item", "market", "period").is_duplicated().any()
    assert made["stream_weight"].schema == table("stream_weight").schema
    assert not made["stream_weight"].select("segment", "stream").is_duplicated().any()
    assert made["stream_weight"].get_column("reason").null_count() == 0
    return made


def cells(made: dict[str, pl.DataFrame], item: str, column: str = "quantity", market: str = "north") -> list[float]:
    frame = made["consensus"].filter((pl.col("item") == item) & (pl.col("market") == market)).sort("period")
    found: list[float] = frame.get_column(column).to_list()
    return found


def view(
    source: str, value: float, kind: str = "view", item: str = "tent", months: list[dt.date] | None = None, **more: Any
) -> list[dict[str, Any]]:
    return [
        {"source": source, "item": item, "market": "north", "period": month, "kind": kind, "quantity": value, **more}
        for month in months or MONTHS
    ]


TENT = baseline({("tent", "north"): 100.0})


def test_baseline_and_increments_add_up() -> None:
    made = agree(TENT, forecast=rows_of("forecast", *view("tender", 20.0, "increment", months=MONTHS[1:2]), *view("sales", 300.0)))
    assert cells(made, "tent") == [100.0, 120.0, 100.0, 100.0, 100.0, 100.0]
    assert cells(made, "tent", "base") == [100.0] * 6
    assert cells(made, "tent", "increment")[1] == 20.0
    assert cells(made, "tent", "p10")[:2] == [80.0, 100.0]
    assert cells(made, "tent", "p90")[:2] == [130.0, 150.0]
    assert set(made["stream"].get_column("stream")) == {"baseline", "tender", "sales"}


def test_average_of_views_by_weights() -> None:
    forecast = rows_of("forecast", *view("sales", 120.0), *view("finance", 80.0), *view("marketing", 999.0))
    weighed = agree(TENT, {"basis": "average", "weights": {"sales": 3, "finance": 1}}, forecast=forecast)
    assert cells(weighed, "tent") == [110.0] * 6
    assert cells(weighed, "tent", "p90")[0] == pytest.approx(143.0)
    equal = agree(TENT, {"basis": "average"}, forecast=rows_of("forecast", *view("sales", 120.0), *view("finance", 80.0)))
    assert cells(equal, "tent") == [100.0] * 6
    with_baseline = agree(TENT, {"basis": "average", "weights": {"sales": 1, "baseline": 1}}, forecast=forecast)
    assert cells(with_baseline, "tent") == [110.0] * 6


def test_a_view_as_basis_falls_back_to_the_baseline() -> None:
    made = agree(TENT, {"basis": "sales"}, forecast=rows_of("forecast", *view("sales", 150.0, months=MONTHS[:2])))
    assert cells(made, "tent") == [150.0, 150.0, 100.0, 100.0, 100.0, 100.0]


def test_without_history_the_views_mean_or_zero_is_the_base() -> None:
    forecast = rows_of(
        "forecast", *view("sales", 10.0, item="new"), *view("finance", 20.0, item="new"), *view("tender", 5.0, "increment", "only")
    )
    made = agree(TENT, forecast=forecast)
    assert cells(made, "new") == [15.0] * 6
    assert cells(made, "only") == [5.0] * 6
    assert cells(made, "only", "base") == [0.0] * 6
    assert cells(made, "only", "p10") == [None] * 6


def test_streams_alone_give_the_published_kind_of_plan() -> None:
    months = view("sales_forecast", 50000.0, "increment", "product", revenue=5000000.0)
    pipeline = view("marketing_pipeline", 10000.0, "increment", "product", revenue=1200000.0)
    made = agree(table("baseline").empty(), forecast=rows_of("forecast", *months, *pipeline))
    assert cells(made, "product") == [60000.0] * 6
    assert cells(made, "product", "revenue") == pytest.approx([6200000.0] * 6)


def test_revenue_is_the_quantity_at_the_mean_price_of_the_streams() -> None:
    made = agree(TENT, forecast=rows_of("forecast", *view("tender", 10.0, "increment", revenue=50.0)))
    assert cells(made, "tent", "revenue") == pytest.approx([550.0] * 6)


def test_unknown_basis_or_weight_is_refused() -> None:
    forecast = rows_of("forecast", *view("sales", 120.0))
    for setting in ({"basis": "sale"}, {"basis": "average", "weights": {"sale": 1.0}}):
        with pytest.raises(InputError, match="no view sale ") as raised:
            agree(TENT, setting, forecast=forecast)
        assert "sales" in raised.value.fix
    with pytest.raises(InputError, match="-1"):
        agree(TENT, {"basis": "average", "weights": {"sales": -1.0}}, forecast=forecast)


def test_the_budget_stands_beside_and_is_split_by_the_consensus() -> None:
    both = baseline({("tent", "north"): 100.0, ("tent", "south"): 300.0, ("bag", "north"): 100.0})
    item = rows_of("item", {"item": "tent", "family": "camp"}, {"item": "bag", "family": "camp"})
    made = agree(
        both,
        item=item,
        budget=rows_of("budget", {"family": "camp", "period": START, "quantity": 1000.0}, {"item": "bag", "period": START, "revenue": 7.0}),
    )
    planned = made["stream"].filter(pl.col("kind") == "budget").sort("item", "market")
    assert planned.get_column("quantity").to_list() == pytest.approx([200.0, 200.0, 600.0])
    assert planned.get_column("revenue").to_list() == [7.0, None, None]
    assert cells(made, "tent") == [100.0] * 6


def test_promotion_with_uplift_and_pull_forward() -> None:
    event = rows_of(
        "event",
        {
            "event": "promo",
            "item": "tent",
            "start": START,
            "end": dt.date(2026, 1, 31),
            "kind": "promotion",
            "uplift": 0.5,
            "pull_forward": 0.1,
            "pull_forward_periods": 2,
        },
    )
    made = agree(TENT, event=event)
    assert cells(made, "tent") == pytest.approx([170.0, 90.0, 90.0, 100.0, 100.0, 100.0])
    assert cells(made, "tent", "increment")[0] == pytest.approx(70.0)
    promo = made["stream"].filter(pl.col("stream") == "promo")
    assert promo.get_column("kind").unique().to_list() == ["event"]
    assert promo.get_column("quantity").sum() == pytest.approx(50.0)


def test_an_event_takes_only_its_days_and_its_family_and_market() -> None:
    both = baseline({("tent", "north"): 100.0, ("tent", "south"): 100.0, ("rope", "north"): 100.0})
    item = rows_of("item", {"item": "tent", "family": "camp"}, {"item": "rope", "family": "climb"})
    event = rows_of(
        "event",
        {"event": "fair", "family": "camp", "market": "north", "start": dt.date(2026, 4, 16), "end": dt.date(2026, 5, 31), "uplift": 0.2},
    )
    made = agree(both, item=item, event=event)
    assert cells(made, "tent") == pytest.approx([100, 100, 100, 110, 120, 100])
    assert cells(made, "tent", market="south") == [100.0] * 6
    assert cells(made, "rope") == [100.0] * 6


def test_event_quantities_are_spread_and_losses_take_away() -> None:
    both = baseline({("tent", "north"): 100.0, ("tent", "south"): 300.0})
    event = rows_of(
        "event",
        {"event": "a", "item": "tent", "start": START, "end": dt.date(2026, 1, 31), "kind": "launch", "quantity": 40.0, "price": 2.0},
        {"event": "b", "item": "tent", "market": "south", "start": START, "end": START, "kind": "loss", "quantity": 5000.0},
    )
    made = agree(both, event=event)
    assert cells(made, "tent")[0] == pytest.approx(110.0)
    assert cells(made, "tent", market="south")[0] == 0.0
    assert made["stream"].filter(pl.col("stream") == "a").get_column("revenue").sum() == pytest.approx(80.0)


def test_a_launch_without_a_forecast_finds_its_markets() -> None:
    both = baseline({("tent", "north"): 100.0, ("tent", "south"): 300.0})
    event = rows_of(
        "event", {"event": "new", "item": "tarp", "start": START, "end": dt.date(2026, 2, 28), "kind": "launch", "quantity": 59.0}
    )
    made = agree(both, event=event)
    assert cells(made, "tarp")[:2] == pytest.approx([15.5, 14.0])
    assert cells(made, "tarp", market="south")[:2] == pytest.approx([15.5, 14.0])


def test_succession_moves_demand_and_loses_none() -> None:
    succession = rows_of(
        "succession",
        {"item": "tent2", "predecessor": "tent", "share": 0.75, "start": dt.date(2026, 3, 1)},
        {"item": "tent3", "predecessor": "tent2", "share": 1.0, "start": dt.date(2026, 5, 1)},
    )
    made = agree(TENT, succession=succession)
    assert cells(made, "tent") == pytest.approx([100, 100, 25, 25, 25, 25])
    assert cells(made, "tent2") == pytest.approx([0, 0, 75, 75, 0, 0])
    assert cells(made, "tent3") == pytest.approx([0, 0, 0, 0, 75, 75])
    assert cells(made, "tent3", "p90")[5] == pytest.approx(97.5)
    assert made["stream"].filter(pl.col("stream") == "succession").get_column("quantity").sum() == pytest.approx(0.0)


def test_a_chain_is_followed_whatever_its_order() -> None:
    succession = rows_of(
        "succession",
        {"item": "a", "predecessor": "b", "share": 1.0, "start": START},
        {"item": "b", "predecessor": "tent", "share": 1.0, "start": dt.date(2026, 3, 1)},
    )
    assert cells(agree(TENT, succession=succession), "a") == pytest.approx([0, 0, 100, 100, 100, 100])


def test_a_circle_of_successions_ends() -> None:
    succession = rows_of("succession", {"item": "a", "predecessor": "tent"}, {"item": "tent", "predecessor": "a"})
    made = agree(TENT, succession=succession)["consensus"]
    assert made.get_column("quantity").sum() == pytest.approx(600.0)


def test_shares_over_one_are_scaled_down() -> None:
    succession = rows_of(
        "succession", {"item": "a", "predecessor": "tent", "share": 1.0}, {"item": "b", "predecessor": "tent", "share": 1.0}
    )
    made = agree(TENT, succession=succession)
    assert [cells(made, name)[0] for name in ("tent", "a", "b")] == pytest.approx([0.0, 50.0, 50.0])


def test_names_that_are_taken_are_told_apart() -> None:
    event = rows_of("event", {"event": "sales", "item": "tent", "start": START, "end": START, "quantity": 1.0})
    made = agree(TENT, event=event, forecast=rows_of("forecast", *view("budget", 1.0), *view("sales", 1.0, "increment")))
    assert set(made["stream"].get_column("stream")) == {"baseline", "budget (forecast)", "sales", "sales (event)"}


def test_streams_outside_the_horizon_stay_out() -> None:
    made = agree(
        TENT, forecast=rows_of("forecast", *view("late", 9.0, "increment", "other", months=[add_months(START, 6), add_months(START, -1)]))
    )
    assert made["consensus"].get_column("item").unique().to_list() == ["tent"]


def test_nothing_given_gives_empty_tables() -> None:
    made = agree(table("baseline").empty())
    assert made["consensus"].is_empty()
    assert made["stream"].is_empty()


@given(value=st.floats(0, 1e6), increment=st.floats(-1e6, 1e6))
def test_consensus_is_never_negative_and_inside_its_interval(value: float, increment: float) -> None:
    made = agree(baseline({("tent", "north"): value}), forecast=rows_of("forecast", *view("tender", increment, "increment")))
    frame = made["consensus"]
    assert frame.get_column("quantity").to_list() == pytest.approx([max(value + increment, 0.0)] * 6)
    assert frame.filter((pl.col("p10") > pl.col("quantity")) | (pl.col("p90") < pl.col("quantity")) | (pl.col("p10") < 0)).is_empty()
    assert frame.select((pl.col("base") + pl.col("increment") - pl.col("quantity")).abs().max()).item() <= 1e-6


def test_a_successor_inherits_beyond_its_predecessors_last_day_and_nothing_else_is_left() -> None:
    made = agree(
        TENT,
        item=rows_of(
            "item", {"item": "tent", "discontinue": dt.date(MONTHS[2].year, MONTHS[2].month, 1) - dt.timedelta(days=1)}, {"item": "new"}
        ),
        succession=rows_of("succession", {"item": "new", "predecessor": "tent", "share": 0.75, "start": MONTHS[1]}),
    )
    assert cells(made, "tent") == [100.0, 25.0, 0.0, 0.0, 0.0, 0.0]
    assert cells(made, "new") == [0.0, 75.0, 75.0, 75.0, 75.0, 75.0]


def test_naive_stands_beside_and_is_no_part() -> None:
    made = agree(TENT.with_columns(naive=pl.lit(77.0)))
    naive = made["stream"].filter(pl.col("stream") == "naive")
    assert naive.get_column("kind").unique().to_list() == ["naive"]
    assert naive.get_column("quantity").to_list() == [77.0] * 6
    assert cells(made, "tent") == [100.0] * 6


def test_the_weights_taken_are_a_table_whatever_the_basis() -> None:
    forecast = rows_of("forecast", *view("sales", 120.0), *view("finance", 80.0))
    plain = agree(TENT, forecast=forecast)["stream_weight"]
    assert plain.select("stream", "weight").rows() == [("baseline", 1.0)]
    chosen = agree(TENT, {"basis": "sales"}, forecast=forecast)["stream_weight"]
    assert chosen.select("stream", "weight").rows() == [("sales", 1.0)]
    given_ones = agree(TENT, {"basis": "average", "weights": {"sales": 3, "finance": 1}}, forecast=forecast)["stream_weight"]
    assert given_ones.sort("stream").get_column("weight").to_list() == [0.25, 0.75]


def test_weights_that_are_all_zero_are_refused() -> None:
    with pytest.raises(InputError, match="all zero"):
        agree(TENT, {"basis": "average", "weights": {"sales": 0.0}}, forecast=rows_of("forecast", *view("sales", 120.0)))


def _snapshots(**said: float) -> dict[str, pl.DataFrame]:
    """Return twelve cut-offs at which streams said something, and a history of 100 a month."""
    past = [add_months(START, -number) for number in range(12, 0, -1)]
    rows = [
        {
            "as_of": month - dt.timedelta(days=5),
            "stream": stream,
            "item": "tent",
            "market": "north",
            "period": month,
            "kind": "baseline" if stream == "baseline" else "view",
            "quantity": value,
        }
        for month in past
        for stream, value in said.items()
    ]
    history = [{"item": "tent", "market": "north", "period": month, "quantity": 100.0} for month in past]
    return {"stream_snapshot": rows_of("stream_snapshot", *rows), "history": rows_of("history", *history)}


def test_learned_weights_follow_who_was_right() -> None:
    forecast = rows_of("forecast", *view("sales", 200.0))
    right = agree(TENT, {"basis": "learned"}, forecast=forecast, **_snapshots(sales=101.0, baseline=150.0))
    wrong = agree(TENT, {"basis": "learned"}, forecast=forecast, **_snapshots(sales=150.0, baseline=101.0))
    assert cells(right, "tent")[0] > 180.0
    assert cells(wrong, "tent")[0] < 120.0
    unknown = agree(TENT, {"basis": "learned"}, forecast=forecast)
    assert cells(unknown, "tent") == [150.0] * 6


def test_learned_weights_fall_back_cell_by_cell_and_leave_the_budget_out() -> None:
    forecast = rows_of("forecast", *view("sales", 200.0, months=MONTHS[:1]), *view("budget", 999.0))
    made = agree(TENT, {"basis": "learned"}, forecast=forecast, **_snapshots(sales=101.0, baseline=150.0, budget=100.0))
    assert cells(made, "tent")[1:] == [100.0] * 5
    assert made["stream_weight"].get_column("stream").to_list() == ["baseline", "sales"]
    average = agree(TENT, {"basis": "average"}, forecast=forecast)
    assert cells(average, "tent")[:2] == [200.0, 100.0]


def test_every_slice_has_its_owner() -> None:
    both = baseline({("tent", "north"): 100.0, ("tent", "south"): 300.0, ("bag", "north"): 100.0})
    made = agree(
        both,
        item=rows_of("item", {"item": "tent", "family": "camp"}, {"item": "bag", "family": "camp"}),
        market=rows_of("market", {"market": "north", "region": "europe"}, {"market": "south", "region": "africa"}),
        demand_owner=rows_of("demand_owner", {"family": "camp", "owner": "Fay"}, {"family": "camp", "region": "africa", "owner": "Ade"}),
    )
    found = made["consensus"].group_by("item", "market", maintain_order=True).agg(pl.col("owner").unique())
    assert found.sort("item", "market").rows() == [("bag", "north", ["Fay"]), ("tent", "north", ["Fay"]), ("tent", "south", ["Ade"])]
    assert agree(both)["consensus"].get_column("owner").null_count() == 18


def test_two_owners_of_a_slice_stop_the_run_with_both_rows() -> None:
    with pytest.raises(DataError, match="two owners") as raised:
        agree(TENT, demand_owner=rows_of("demand_owner", {"item": "tent", "owner": "Ida"}, {"market": "north", "owner": "Nia"}))
    assert "item tent: Ida" in str(raised.value)
    assert "market north: Nia" in str(raised.value)


def test_streams_of_unknown_items_and_markets_are_demand_too() -> None:
    odd = [{"source": "sales", "item": "ghost", "market": "mars", "period": START, "quantity": 5.0, "kind": None}]
    made = agree(TENT, {"basis": "average"}, forecast=rows_of("forecast", *odd, {**odd[0], "item": "gap", "quantity": float("nan")}))
    assert cells(made, "ghost", market="mars") == [5.0, 0.0, 0.0, 0.0, 0.0, 0.0]
    assert "gap" not in made["consensus"].get_column("item").to_list()


def test_a_launch_by_like_item_reaches_the_consensus_with_a_wide_interval() -> None:
    made = agree(
        TENT,
        succession=rows_of("succession", {"item": "new", "predecessor": "tent", "kind": "like_item", "share": 0.5, "start": MONTHS[2]}),
    )
    assert cells(made, "tent") == [100.0] * 6
    assert cells(made, "new") == [0.0, 0.0, 50.0, 50.0, 50.0, 50.0]
    assert (cells(made, "new", "p10")[3], cells(made, "new", "p90")[3]) == (25.0, 75.0)
