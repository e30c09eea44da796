"""Events: effects given, learned, and by price; cannibalisation."""

import calendar as days_of
import datetime as dt
import inspect
import random
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from equipoise.demand import consensus, event_effect
from equipoise.demand.events.event_rows import event_rows
from equipoise.dimensions.calendar import Calendar, add_months
from equipoise.tables import table
from equipoise.tables.setting import CalendarSetting, Setting, to_table

START = dt.date(2026, 1, 1)
MONTHS = [add_months(START, number) for number in range(6)]
PAST = [add_months(START, number) for number in range(-36, 0)]
CALENDAR = Calendar("month", START, 6, START - dt.timedelta(days=1))
FAMILIES = {"tent": "camp", "bag": "camp", "rope": "climb", "axe": "climb", "boat": "water"}
ITEM = [{"item": name, "family": family, "unit_price": 10.0} for name, family in FAMILIES.items()]


def rows_of(name: str, *rows: dict[str, Any]) -> pl.DataFrame:
    return table(name).conform(pl.DataFrame(list(rows), infer_schema_length=None)) if rows else table(name).empty()


def month(number: int, **more: Any) -> dict[str, Any]:
    """Return the columns of an event that takes the month `number` months after the start."""
    start = add_months(START, number)
    return {"start": start, "end": start.replace(day=days_of.monthrange(start.year, start.month)[1]), **more}


def sales(
    item: str, uplift: dict[int, float] | None = None, level: float = 100.0, prices: dict[int, float] | None = None, elasticity: float = 0.0
) -> list[dict[str, Any]]:
    """Return three years of flat history, times 1 + uplift in some months (counted from the start: -1 is the last)."""
    rows = []
    for number, period in enumerate(PAST, -36):
        price = (prices or {}).get(number, 10.0)
        quantity = level * (1 + (uplift or {}).get(number, 0.0)) * (price / 10.0) ** elasticity
        rows.append({"item": item, "market": "north", "period": period, "quantity": quantity, "revenue": quantity * price})
    return rows


def effects(events: list[dict[str, Any]], history: list[dict[str, Any]], item: list[dict[str, Any]] = ITEM, **demand: Any) -> pl.DataFrame:
    known = rows_of("history", *history)
    cleaned = table("cleaned_history").conform(known.with_columns(raw=pl.col("quantity")))
    setting = Setting.model_validate({"plan": "test", "calendar": CalendarSetting(start=START, horizon=6), "demand": demand})
    made = event_effect(rows_of("event", *events), known, cleaned, table("price").empty(), rows_of("item", *item), to_table(setting))
    assert made.schema == table("event_effect").schema
    assert not made.select("event", "item", "market").is_duplicated().any()
    assert made.select(pl.col("uplift").is_not_null() | (pl.col("origin") == "given")).to_series().all()
    assert made.get_column("reason").null_count() == 0
    return made


def one(made: pl.DataFrame, event: str, item: str) -> dict[str, Any]:
    return made.filter(pl.col("event") == event, pl.col("item") == item).row(0, named=True)


def test_given_effects_stand_as_they_are() -> None:
    made = effects(
        [
            month(1, event="fair", family="camp", uplift=0.12),
            month(1, event="lost", item="rope", kind="loss", uplift=0.3, quantity=7.5),
            month(1, event="order", item="boat", quantity=180.0),
        ],
        [],
    )
    assert made.select("event", "item", "uplift").rows() == [
        ("fair", "bag", 0.12),
        ("fair", "tent", 0.12),
        ("lost", "rope", -0.3),
        ("order", "boat", None),
    ]
    assert made.get_column("origin").unique().to_list() == ["given"]
    assert one(made, "fair", "tent")["reason"] == "Given: +12%."
    assert one(made, "lost", "rope")["reason"] == "Given: -30% and -7.5 units over the event."


def test_a_promotion_is_the_mean_of_the_items_past_ones() -> None:
    ups = {-30: 0.2, -20: 0.3, -10: 0.4, -4: 0.3}
    past = [month(number, event=f"p{number}", item="tent") for number in ups]
    made = effects([*past, month(2, event="next", item="tent")], sales("tent", ups))
    row = one(made, "next", "tent")
    assert row["uplift"] == pytest.approx(0.3, abs=0.005)
    assert (row["origin"], row["events"]) == ("learned", 4)
    assert row["reason"].startswith("Mean of 4 past promotions of the item: +30%")
    assert 0 < row["spread"] < 0.1
    assert one(made, "p-10", "tent")["uplift"] == pytest.approx(0.4, abs=0.01)


def test_days_count_and_a_given_past_event_says_what_history_shows() -> None:
    event = {"event": "half", "item": "tent", "start": dt.date(2025, 6, 1), "end": dt.date(2025, 6, 15), "uplift": 0.5}
    row = one(effects([event], sales("tent", {-7: 0.15})), "half", "tent")
    assert row["uplift"] == 0.5
    assert row["reason"] == "Given: +50%; history shows +30%."


def test_an_item_without_events_learns_from_its_family_and_a_family_from_the_others() -> None:
    ups = {-30: 0.4, -20: 0.4, -10: 0.4}
    low = {-28: 0.1, -18: 0.1, -8: 0.1}
    past = [month(number, event=f"c{number}", item="tent") for number in ups] + [
        month(number, event=f"r{number}", item="rope") for number in low
    ]
    history = sales("tent", ups) + sales("rope", low) + sales("bag") + sales("axe") + sales("boat")
    made = effects([*past, month(2, event="next")], history)
    found = {item: one(made, "next", item) for item in FAMILIES}
    uplift = {item: row["uplift"] for item, row in found.items()}
    assert 0.1 < uplift["rope"] == pytest.approx(uplift["axe"])
    assert uplift["axe"] < uplift["boat"] < uplift["bag"]
    assert uplift["bag"] == pytest.approx(uplift["tent"])
    assert uplift["tent"] < 0.4
    assert found["bag"]["reason"].startswith("Mean of 3 past promotions of the family: +40%")
    assert found["boat"]["reason"].startswith("Mean of 6 past promotions of other families: +25%")
    assert found["boat"]["spread"] > found["tent"]["spread"]


def test_only_events_of_the_kind_teach() -> None:
    history = sales("tent", {-10: 0.5})
    made = effects([month(-10, event="p", item="tent"), month(1, event="gone", item="tent", kind="loss")], history)
    row = one(made, "gone", "tent")
    assert (row["uplift"], row["events"]) == (0.0, 0)
    assert "No uplift is known" in row["reason"]


def test_a_learned_loss_never_adds() -> None:
    events = [month(-10, event="l", item="tent", kind="loss"), month(1, event="next", item="tent", kind="loss")]
    assert one(effects(events, sales("tent", {-10: -0.4})), "next", "tent")["uplift"] == pytest.approx(-0.4, abs=0.02)
    assert one(effects(events, sales("tent", {-10: 0.4})), "next", "tent")["uplift"] == 0.0


def test_what_was_pulled_forward_is_no_uplift() -> None:
    event = month(-10, event="p", item="tent", pull_forward=0.2, pull_forward_periods=1)
    row = one(effects([event], sales("tent", {-10: 0.5, -9: -0.2})), "p", "tent")
    assert row["uplift"] == pytest.approx(0.3, abs=0.01)


def test_pooling_comes_nearer_to_the_truth_than_each_event_alone() -> None:
    chance = random.Random(3)
    items = [{"item": f"i{number}", "family": f"f{number % 3}"} for number in range(12)]
    truth = {row["item"]: (0.1, 0.3, 0.5)[number % 3] + chance.gauss(0, 0.03) for number, row in enumerate(items)}
    history: list[dict[str, Any]] = []
    events = [month(2, event="next")]
    for name, uplift in truth.items():
        rows = sales(name, {-20: uplift, -8: uplift})
        history += [{**row, "quantity": row["quantity"] * (1 + chance.gauss(0, 0.15))} for row in rows]
        events += [month(number, event=f"{name}{number}", item=name) for number in (-20, -8)]
    made = effects(events, history, items)
    pooled = alone = 0.0
    for name, uplift in truth.items():
        pooled += (one(made, "next", name)["uplift"] - uplift) ** 2
        alone += (sum(one(made, f"{name}{number}", name)["uplift"] for number in (-20, -8)) / 2 - uplift) ** 2
    assert pooled < 0.7 * alone


def test_an_event_that_has_become_usual_adds_nothing() -> None:
    event = {"event": "lost", "item": "tent", "start": add_months(START, -20), "end": MONTHS[-1], "kind": "loss", "uplift": 0.2}
    row = one(effects([event], sales("tent")), "lost", "tent")
    assert (row["uplift"], row["origin"]) == (0.0, "given")
    assert "the baseline knows it" in row["reason"]


PRICES = {-33: 9.0, -30: 11.0, -26: 8.0, -22: 12.0, -17: 9.0, -14: 11.0, -9: 8.0, -5: 12.0}


def test_a_price_change_follows_the_elasticity_of_the_past() -> None:
    made = effects([month(1, event="cut", item="tent", kind="price", price=9.0)], sales("tent", prices=PRICES, elasticity=-2.0))
    row = one(made, "cut", "tent")
    # ten months of 100 at 10, and one each at 8 and 12
    paid = (10 * 1000 + 8 * 100 / 0.64 + 12 * 100 / 1.44) / (1000 + 100 / 0.64 + 100 / 1.44)
    assert row["uplift"] == pytest.approx((9.0 / paid) ** -2 - 1, abs=1e-6)
    assert "price elasticity of -2" in row["reason"]
    assert row["spread"] >= 0


def test_an_item_whose_price_never_moved_learns_from_its_family() -> None:
    history = sales("tent", prices=PRICES, elasticity=-1.5) + sales("bag")
    made = effects([month(1, event="cut", family="camp", kind="price", price=9.0)], history)
    assert one(made, "cut", "bag")["uplift"] == pytest.approx((9.0 / 10.0) ** -1.5 - 1, abs=0.02)


@pytest.mark.parametrize(
    ("history", "price", "words"),
    [
        (sales("tent"), 9.0, "prices did not move"),
        (sales("tent", prices=PRICES, elasticity=1.5), 9.0, "did not fall with the price"),
        (sales("tent", prices=PRICES, elasticity=-2.0), 100.0, "too far off"),
        (sales("tent", prices=PRICES, elasticity=-2.0), 0.0, "too far off"),
        (sales("tent", prices=PRICES, elasticity=-2.0), None, "no price is given"),
        ([], 9.0, "prices did not move"),
    ],
)
def test_a_price_change_that_history_says_nothing_about_has_no_effect(
    history: list[dict[str, Any]], price: float | None, words: str
) -> None:
    row = one(effects([month(1, event="cut", item="tent", kind="price", price=price)], history), "cut", "tent")
    assert row["uplift"] == 0.0
    assert words in row["reason"]


def test_a_steeper_elasticity_than_any_is_held() -> None:
    row = one(
        effects([month(1, event="cut", item="tent", kind="price", price=9.0)], sales("tent", prices=PRICES, elasticity=-6.0)), "cut", "tent"
    )
    assert "held at the steepest believed" in row["reason"]
    assert row["uplift"] < (9.0 / 10.5) ** -5 - 1


@pytest.mark.parametrize("mode", ["automatic", "propose", "none"])
def test_what_is_learned_does_not_depend_on_what_cleaning_accepts(mode: str) -> None:
    events = [month(-10, event="p", item="tent"), month(1, event="next", item="tent")]
    assert one(effects(events, sales("tent", {-10: 0.3}), cleaning={"mode": mode}), "next", "tent")["uplift"] == pytest.approx(
        0.3, abs=0.01
    )


@pytest.mark.parametrize("quantity", [0.0, -5.0, float("nan"), 1e12])
def test_odd_histories_give_effects_that_are_numbers(quantity: float) -> None:
    events = [month(-3, event="p", item="tent"), month(1, event="next"), month(1, event="cut", kind="price", price=9.0)]
    rows = [{"item": "tent", "market": "north", "period": period, "quantity": quantity, "revenue": quantity} for period in PAST[-4:]]
    assert effects(events, rows).get_column("uplift").is_finite().all()


# What events add to demand


def demand(pairs: dict[tuple[str, str], float]) -> pl.DataFrame:
    rows = [{"item": i, "market": m, "period": period, "quantity": value} for (i, m), value in pairs.items() for period in MONTHS]
    return pl.DataFrame(rows, schema={"item": pl.String, "market": pl.String, "period": pl.Date, "quantity": pl.Float64})


def agree(pairs: dict[tuple[str, str], float], **tables: pl.DataFrame) -> dict[str, pl.DataFrame]:
    setting = to_table(Setting(plan="test", calendar=CalendarSetting(start=START, horizon=6)))
    tables = {"item": rows_of("item", *ITEM), "baseline": table("baseline").conform(demand(pairs)), "setting": setting, **tables}
    return consensus(
        **{name: tables.get(name, table(name).empty()) for name in inspect.signature(consensus).parameters if name != "setting"},
        setting=setting,
    )


def quantity(made: dict[str, pl.DataFrame], item: str, market: str = "north") -> list[float]:
    rows = made["consensus"].filter(pl.col("item") == item, pl.col("market") == market)
    found: list[float] = rows.sort("period").get_column("quantity").to_list()
    return found


def test_learned_effects_reach_the_consensus_item_by_item() -> None:
    effect = rows_of(
        "event_effect",
        {"event": "fair", "item": "tent", "uplift": 0.5, "origin": "learned"},
        {"event": "fair", "item": "bag", "uplift": 0.1, "origin": "learned"},
        {"event": "fair", "item": "bag", "market": "south", "uplift": 0.2, "origin": "learned"},
    )
    made = agree(
        {("tent", "north"): 100.0, ("bag", "north"): 100.0, ("bag", "south"): 100.0},
        event=rows_of("event", month(1, event="fair", family="camp")),
        event_effect=effect,
    )
    assert quantity(made, "tent")[:3] == pytest.approx([100, 150, 100])
    assert quantity(made, "bag")[1] == pytest.approx(110)
    assert quantity(made, "bag", "south")[1] == pytest.approx(120)


def test_other_items_lose_what_an_event_takes_from_them() -> None:
    made = agree(
        {("tent", "north"): 100.0, ("bag", "north"): 100.0, ("rope", "north"): 100.0, ("bag", "south"): 100.0},
        event=rows_of("event", month(1, event="promo", item="tent", uplift=0.4)),
        cannibalisation=rows_of(
            "cannibalisation", {"item": "tent", "from": "bag", "share": 0.5}, {"item": "tent", "from": "rope", "share": 0.25}
        ),
    )
    assert quantity(made, "tent")[:3] == pytest.approx([100, 140, 100])
    assert quantity(made, "bag")[:3] == pytest.approx([100, 80, 100])
    assert quantity(made, "rope")[1] == pytest.approx(90)
    assert quantity(made, "bag", "south") == pytest.approx([100] * 6)
    shown = made["stream"].filter(pl.col("stream") == "cannibalisation (promo)")
    assert shown.get_column("kind").unique().to_list() == ["event"]
    assert shown.get_column("quantity").sum() == pytest.approx(-30)


def test_the_row_of_the_market_wins_and_shares_over_one_are_scaled() -> None:
    made = agree(
        {("tent", "north"): 100.0, ("bag", "north"): 100.0, ("rope", "north"): 100.0},
        event=rows_of("event", month(1, event="promo", item="tent", uplift=0.3)),
        cannibalisation=rows_of(
            "cannibalisation",
            {"item": "tent", "from": "bag", "share": 0.1},
            {"item": "tent", "from": "bag", "market": "north", "share": 1.0},
            {"item": "tent", "from": "rope", "share": 0.5},
        ),
    )
    assert quantity(made, "bag")[1] == pytest.approx(80)
    assert quantity(made, "rope")[1] == pytest.approx(90)


def test_no_item_loses_more_than_it_has_and_circles_end() -> None:
    made = agree(
        {("tent", "north"): 1000.0, ("bag", "north"): 10.0},
        event=rows_of("event", month(1, event="a", item="tent", uplift=0.5), month(1, event="b", item="tent", uplift=0.5)),
        cannibalisation=rows_of(
            "cannibalisation", {"item": "tent", "from": "bag", "share": 1.0}, {"item": "bag", "from": "tent", "share": 1.0}
        ),
    )
    assert quantity(made, "bag")[1] == pytest.approx(0)
    assert quantity(made, "tent")[1] == pytest.approx(2000)
    lost = made["stream"].filter(pl.col("stream").str.starts_with("cannibalisation"))
    assert lost.get_column("quantity").to_list() == pytest.approx([-5, -5])


def test_losses_and_what_is_pulled_forward_cannibalise_nobody() -> None:
    made = agree(
        {("tent", "north"): 100.0, ("bag", "north"): 100.0},
        event=rows_of(
            "event", month(1, event="gone", item="tent", kind="loss", uplift=0.5), month(3, event="early", item="tent", pull_forward=0.2)
        ),
        cannibalisation=rows_of("cannibalisation", {"item": "tent", "from": "bag", "share": 1.0}),
    )
    assert quantity(made, "bag") == pytest.approx([100] * 6)
    assert quantity(made, "tent") == pytest.approx([100, 50, 100, 120, 80, 100])


def test_events_outside_the_horizon_or_back_to_front_or_of_unknown_items_add_nothing() -> None:
    made = agree(
        {("tent", "north"): 100.0},
        event=rows_of(
            "event",
            month(40, event="late", item="tent", uplift=1.0),
            month(-5, event="early", item="tent", uplift=1.0),
            {"event": "bad", "item": "tent", "start": MONTHS[2], "end": MONTHS[1], "uplift": 1.0},
            month(1, event="strange", item="ghost", uplift=1.0),
            month(1, event="nobody", family="none", uplift=1.0),
        ),
        cannibalisation=rows_of("cannibalisation", {"item": "tent", "from": "ghost", "share": 1.0}),
    )
    assert quantity(made, "tent") == pytest.approx([100] * 6)


def test_only_the_part_of_a_quantity_that_falls_into_the_horizon_counts() -> None:
    event = rows_of(
        "event",
        {"event": "year", "item": "tent", "start": add_months(START, -1), "end": MONTHS[1] - dt.timedelta(days=1), "quantity": 62.0},
    )
    assert quantity(agree({("tent", "north"): 100.0}, event=event), "tent")[:2] == pytest.approx([131, 100])


def test_an_event_of_an_item_without_any_demand_finds_the_market_it_names() -> None:
    made = agree({}, event=rows_of("event", month(0, event="new", item="boat", market="north", kind="launch", quantity=31.0)))
    assert quantity(made, "boat")[0] == pytest.approx(31)


def test_the_price_of_an_event_is_in_the_revenue_of_the_consensus() -> None:
    forecast = [
        {"source": "sales", "item": "tent", "market": "north", "period": period, "kind": "increment", "quantity": 50.0, "revenue": 500.0}
        for period in MONTHS
    ]
    made = agree(
        {("tent", "north"): 50.0},
        forecast=rows_of("forecast", *forecast),
        event=rows_of("event", month(1, event="cut", item="tent", kind="price", uplift=0.5, price=8.0)),
    )
    revenue = made["consensus"].sort("period").get_column("revenue").to_list()
    assert revenue[:2] == pytest.approx([1000, 1200])


@settings(max_examples=50)
@given(
    values=st.lists(st.floats(0, 1e4), min_size=2, max_size=2),
    start=st.dates(dt.date(2025, 10, 1), dt.date(2026, 8, 1)),
    days=st.integers(-5, 120),
    uplift=st.one_of(st.none(), st.floats(-1, 3)),
    pull=st.one_of(st.none(), st.floats(0, 1)),
)
def test_uplift_is_demand_times_days_and_pull_forward_makes_no_demand(
    values: list[float], start: dt.date, days: int, uplift: float | None, pull: float | None
) -> None:
    pairs = demand({("tent", "north"): values[0], ("bag", "south"): values[1]})
    event = rows_of(
        "event",
        {"event": "e", "start": start, "end": start + dt.timedelta(days=days), "uplift": uplift, "pull_forward": pull, "kind": "promotion"},
    )
    made = event_rows(pairs, event, table("event_effect").empty(), rows_of("item", *ITEM), CALENDAR)
    inside = [start + dt.timedelta(days=number) for number in range(days + 1)]
    shares = sum(1 / days_of.monthrange(day.year, day.month)[1] for day in inside if MONTHS[0] <= day <= CALENDAR.end)
    assert made.get_column("own").sum() == pytest.approx(sum(values) * shares * (uplift or 0.0), abs=1e-6)
    if start >= START:
        assert made.get_column("quantity").sum() == pytest.approx(made.get_column("own").sum(), abs=1e-6)
