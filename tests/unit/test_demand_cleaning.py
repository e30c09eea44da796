"""Cleaning: what is found to be unusual, what never is, what stands in for it, and the calendar's effect."""

import datetime as dt
import json
from collections.abc import Mapping

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from equipoise import scenario
from equipoise.demand.cleaning import cleaned_history, correction
from equipoise.demand.cleaning.trading_day import easter, easter_share, working_days
from equipoise.dimensions.calendar import Calendar, add_months
from equipoise.scenario import Override
from equipoise.tables import table
from equipoise.tables.setting import Setting, to_table

START = dt.date(2026, 1, 1)
EMPTY = {name: table(name).empty() for name in ("event", "order_line", "working_calendar")}


def setting(cadence: str = "month", **cleaning: object) -> pl.DataFrame:
    tree = {"plan": "test", "calendar": {"cadence": cadence, "start": START, "horizon": 12}, "demand": {"cleaning": cleaning}}
    return to_table(Setting.model_validate(tree))


def rows(series: dict[str, list[float]], **columns: Mapping[str, Mapping[int, object]]) -> pl.DataFrame:
    """Months of demand by item, the last December 2025; `columns` hold values of other columns by item and position."""
    found = [
        {"item": item, "market": "north", "period": add_months(START, number - len(values)), "quantity": value}
        | {name: by_item.get(item, {}).get(number) for name, by_item in columns.items()}
        for item, values in series.items()
        for number, value in enumerate(values)
    ]
    return table("history").conform(pl.DataFrame(found, infer_schema_length=None))


def items(names: list[str], families: list[str] | None = None) -> pl.DataFrame:
    return table("item").conform(pl.DataFrame({"item": names, "family": families or ["all"] * len(names)}))


def run(history: pl.DataFrame, given_setting: pl.DataFrame | None = None, **tables: pl.DataFrame) -> dict[str, pl.DataFrame]:
    about = tables.pop("item", items(history.get_column("item").unique().sort().to_list()))
    frames = EMPTY | tables
    return correction(
        history,
        about,
        frames["event"],
        frames["order_line"],
        frames["working_calendar"],
        setting() if given_setting is None else given_setting,
    )


def found(
    history: pl.DataFrame, given_setting: pl.DataFrame | None = None, **tables: pl.DataFrame
) -> dict[tuple[str, int], tuple[str, float, str]]:
    """Corrections by item and how many months before the plan: kind, quantity, reason."""
    made = run(history, given_setting, **tables)["correction"]
    assert made.schema == table("correction").schema
    assert not made.select("item", "market", "period").is_duplicated().any()
    return {
        (row["item"], (START.year - row["period"].year) * 12 + START.month - row["period"].month): (
            row["kind"],
            row["quantity"],
            row["reason"],
        )
        for row in made.iter_rows(named=True)
    }


def noise(months: int, level: float = 100.0, seed: int = 0, share: float = 0.08) -> np.ndarray:
    return level * (1 + share * np.random.default_rng(seed).normal(size=months))


def planted(values: np.ndarray, **at: float) -> list[float]:
    """The values with others planted so many months before the end: m5=300 plants 300 in the fifth month from the end."""
    changed = values.copy()
    for name, value in at.items():
        changed[-int(name[1:])] = value
    return [float(value) for value in changed]


WAVE = 1 + 0.4 * np.sin(np.arange(48) / 12 * 2 * np.pi)


# Outliers


def test_a_spike_is_an_outlier_and_the_usual_stands_in() -> None:
    made = found(rows({"a": planted(noise(36), m10=480.0)}))
    assert list(made) == [("a", 10)]
    kind, quantity, reason = made["a", 10]
    assert kind == "outlier"
    assert quantity == pytest.approx(100, rel=0.1)
    assert "480 in March 2025 is " in reason
    assert "robust standard deviations above" in reason


def test_a_month_without_demand_is_an_outlier_of_regular_demand() -> None:
    made = found(rows({"a": planted(noise(36), m10=0.0)}))
    assert [(key, value[0]) for key, value in made.items()] == [(("a", 10), "outlier")]


def test_a_spike_in_a_season_is_replaced_by_the_season() -> None:
    values = noise(48) * WAVE
    usual = float(100 * WAVE[-9])
    kind, quantity, _ = found(rows({"a": planted(values, m9=900.0)}))["a", 9]
    assert kind == "outlier"
    assert quantity == pytest.approx(usual, rel=0.15)


def test_what_is_usual_for_the_series_is_no_outlier() -> None:
    month = np.arange(48)
    ramp = np.clip((month - 20) / 6, 0, 1)
    series = {
        "launch": noise(48) * np.where(month < 30, 0, 1),
        "ramp": noise(48) * ramp,
        "stocking": noise(48) * np.where(month < 30, 0, np.where(month == 30, 3, 1)),
        "step": noise(48) * np.where(month < 24, 1, 4),
        "drop": noise(48) * np.where(month < 24, 1, 0.3),
        "step at the end": noise(48) * np.where(month < 45, 1, 3),
        "peak": noise(48) * np.where(month % 12 == 11, 5, 1),
        "new peak": noise(48) * np.where((month % 12 == 11) & (month > 24), 4, 1),
        "trend": noise(48, share=0.03) * (1 + month / 12),
        "line": 100 + 10.0 * month,
        "ended": noise(48) * np.where(month < 40, 1, 0),
        "flat": np.full(48, 7.0),
    }
    assert found(rows({name: [float(value) for value in values] for name, values in series.items()})) == {}


def test_a_first_peak_that_all_have_may_be_a_season() -> None:
    values = {f"i{number}": planted(noise(18, seed=number), m10=500.0) for number in range(10)}
    assert not [key for key in found(rows(values)) if key[1] == 10]
    alone = {f"i{number}": planted(noise(18, seed=number), **({"m10": 500.0} if number == 0 else {})) for number in range(10)}
    assert [key for key in found(rows(alone)) if key[1] == 10] == [("i0", 10)]


@pytest.mark.parametrize("kind", ["normal", "trend", "season", "poisson", "intermittent", "walk"])
@pytest.mark.parametrize("months", [30, 60])
def test_clean_demand_has_next_to_no_outliers(kind: str, months: int) -> None:
    draw, time = np.random.default_rng(7), np.arange(months)
    shape = (150, months)
    values = {
        "normal": draw.normal(100, 20, shape),
        "trend": 100 * (1 + 2 * time / months) * draw.normal(1, 0.08, shape),
        "season": 100 * (1 + 0.6 * np.sin(time / 12 * 2 * np.pi)) * draw.normal(1, 0.1, shape),
        "poisson": draw.poisson(4, shape).astype(float),
        "intermittent": (draw.random(shape) < 0.3) * draw.lognormal(3, 0.8, shape),
        "walk": 100 * np.exp(np.cumsum(draw.normal(0, 0.08, shape), axis=1)),
    }[kind]
    made = found(rows({f"s{number:03}": row.tolist() for number, row in enumerate(np.maximum(values, 0))}))
    assert len(made) < 0.002 * values.size


def test_an_absurd_size_of_seldom_demand_becomes_the_next_greatest() -> None:
    draw = np.random.default_rng(3)
    values = np.where(np.arange(48) % 3 == 0, draw.lognormal(3, 0.3, 48), 0.0)
    greatest = np.sort(values[:-9])[-1]
    kind, quantity, reason = found(rows({"a": planted(values, m9=1000.0)}))["a", 9]
    assert kind == "outlier"
    assert quantity == pytest.approx(max(greatest, values[-9:].max()), rel=0.3)
    assert "seldom" in reason


def test_the_threshold_is_the_settings() -> None:
    history = rows({"a": planted(noise(36), m10=150.0)})
    assert found(history, setting(threshold=20)) == {}
    assert ("a", 10) in found(history, setting(threshold=2.5))


# Stockouts


def test_sales_in_a_stockout_are_raised_to_the_usual_never_lowered() -> None:
    marked = {"stockout": {"a": {29: True, 30: True, 31: True, 20: True}}}
    made = found(rows({"a": planted(noise(36), m7=10.0, m6=0.0, m5=20.0, m16=400.0)}, **marked))
    assert {key: value[0] for key, value in made.items()} == {("a", place): "stockout" for place in (7, 6, 5)}
    assert [made["a", place][1] for place in (7, 6, 5)] == pytest.approx([100] * 3, rel=0.1)
    assert "Out of stock in June 2025: 10 sold" in made["a", 7][2]


def test_a_stockout_takes_season_from_the_years_in_stock() -> None:
    values = noise(48, share=0.02) * WAVE
    made = found(rows({"a": planted(values, m9=1.0, m8=1.0)}, stockout={"a": {39: True, 40: True}}))
    assert [made["a", 9][1], made["a", 8][1]] == pytest.approx([100 * WAVE[39], 100 * WAVE[40]], rel=0.1)


def test_nothing_stands_in_where_all_was_out_of_stock() -> None:
    assert found(rows({"a": [5.0] * 12}, stockout={"a": dict.fromkeys(range(12), True)})) == {}


# Returns


def test_returns_are_taken_off_and_never_below_nothing() -> None:
    history = rows({"a": [100.0, 101.0, 99.0, 100.0, 20.0, 100.0]}, returns={"a": {1: 8.0, 4: 30.0}})
    made = found(history)
    assert made["a", 5][:2] == ("return", 93.0)
    assert made["a", 2][:2] == ("return", 0.0)
    assert made["a", 5][2] == "8 returned in August 2025 are taken off the 101 booked."
    assert found(history, setting(returns="keep")) == {}


def test_negative_demand_is_taken_off_the_months_before_it() -> None:
    history = rows({"a": [50.0, 40.0, 10.0, -30.0, 45.0]})
    made = found(history)
    assert {key: value[:2] for key, value in made.items()} == {
        ("a", 2): ("return", 0.0),
        ("a", 3): ("return", 0.0),
        ("a", 4): ("return", 20.0),
    }
    assert "taken 10 off October 2025 and 20 off September 2025" in made["a", 2][2]
    assert sum(value[1] - raw for value, raw in zip(made.values(), (40, 10, -30), strict=True)) == 0
    assert {key: value[1] for key, value in found(history, setting(returns="keep")).items()} == {("a", 2): 0.0}


# One-off orders


def lines(*orders: tuple[str, str, float, dt.date]) -> pl.DataFrame:
    made = [
        {"order": order, "line": "1", "item": item, "market": "north", "quantity": units, "requested": day}
        for order, item, units, day in orders
    ]
    return table("order_line").conform(pl.DataFrame(made))


def test_a_single_order_is_taken_out_and_named() -> None:
    history = rows({"a": planted(noise(36), m10=480.0)})
    made = found(history, order_line=lines(("SO-77", "a", 380.0, dt.date(2025, 3, 14)), ("SO-78", "a", 20.0, dt.date(2025, 3, 2))))
    kind, quantity, reason = made["a", 10]
    assert (kind, quantity) == ("one_off_order", 100.0)
    assert "Order SO-77 alone is 380 of 480 in March 2025" in reason
    small = lines(*((f"SO-{number}", "a", 40.0, dt.date(2025, 3, 14)) for number in range(12)))
    assert found(history, order_line=small)["a", 10][0] == "outlier"


def test_a_large_order_in_place_of_usual_ones_leaves_the_usual() -> None:
    made = found(rows({"a": planted(noise(36), m10=480.0)}), order_line=lines(("SO-1", "a", 480.0, dt.date(2025, 3, 14))))
    assert made["a", 10][0] == "one_off_order"
    assert made["a", 10][1] == pytest.approx(100, rel=0.1)


def test_usual_demand_of_one_order_a_month_stays() -> None:
    values = noise(36)
    orders = [(f"SO-{number}", "a", float(value), add_months(START, number - 36)) for number, value in enumerate(values)]
    assert found(rows({"a": values.tolist()}), order_line=lines(*orders)) == {}


# Events


def events(**columns: object) -> pl.DataFrame:
    return table("event").conform(
        pl.DataFrame({"event": ["spring"], "kind": ["promotion"], "start": [dt.date(2025, 3, 1)], "end": [dt.date(2025, 3, 31)], **columns})
    )


def test_an_event_that_moved_demand_is_taken_out() -> None:
    history = rows({"a": planted(noise(36), m10=160.0), "b": noise(36, seed=1).tolist()})
    made = found(history, event=events(item=["a"]))
    assert list(made) == [("a", 10)]
    assert made["a", 10][0] == "event"
    assert made["a", 10][1] == pytest.approx(100, rel=0.1)
    assert "spring (promotion) took 100 % of March 2025 and changed demand by +" in made["a", 10][2]


def test_an_event_that_moved_nothing_is_left_alone() -> None:
    assert found(rows({"a": planted(noise(36), m10=102.0)}), event=events(item=["a"])) == {}


def test_a_small_effect_shows_on_all_series_of_a_family() -> None:
    values = {f"i{number}": noise(36, seed=number) for number in range(30)}
    before = np.mean([row[-10] for row in values.values()])
    for row in values.values():
        row[-10] *= 1.15
    made = found(rows({name: row.tolist() for name, row in values.items()}), event=events(family=["all"]))
    assert len(made) > 20
    assert {key[1] for key in made} == {10}
    assert np.mean([value[1] for value in made.values()]) == pytest.approx(before, rel=0.03)


def test_an_event_over_two_months_counts_its_days() -> None:
    values = noise(36, share=0.02)
    values[-10] *= 1 + 0.8 * 11 / 31
    values[-9] *= 1 + 0.8 * 20 / 30
    days = {"start": [dt.date(2025, 3, 21)], "end": [dt.date(2025, 4, 20)]}
    made = found(rows({"a": values.tolist()}), event=events(item=["a"], **days))
    assert [made["a", 10][1], made["a", 9][1]] == pytest.approx([100, 100], rel=0.08)


def test_what_a_launch_or_a_lasting_price_began_is_usual_demand() -> None:
    values = noise(36) * np.where(np.arange(36) < 20, 1, 1.6)
    lasting = events(item=["a"], kind=["price"], start=[dt.date(2024, 9, 1)], end=[dt.date(2026, 6, 1)])
    assert found(rows({"a": values.tolist()}), event=lasting) == {}
    assert found(rows({"a": values.tolist()}), event=events(item=["a"], kind=["launch"])) == {}


# Changes of unit


def test_a_stretch_in_kilograms_comes_in_tonnes() -> None:
    values = noise(48, 5.0)
    values[:20] *= 1000
    made = found(rows({"a": values.tolist()}))
    assert len(made) == 20
    assert {value[0] for value in made.values()} == {"unit_change"}
    assert made["a", 48][1] == pytest.approx(values[0] / 1000)
    assert "In another unit from January 2022 to August 2023: 1,000 times that of the last periods" in made["a", 48][2]


def test_the_unit_of_the_last_periods_holds() -> None:
    values = noise(48)
    values[-5:] *= 100
    made = found(rows({"a": values.tolist()}))
    assert len(made) == 43
    assert made["a", 6][1] == pytest.approx(values[-6] * 100)


def test_one_cell_a_thousand_times_off() -> None:
    made = found(rows({"a": planted(noise(36), m10=104_000.0), "b": planted(noise(36, 4000.0), m4=4.1)}))
    assert {value[0] for value in made.values()} == {"unit_change"}
    assert {key: value[1] for key, value in made.items()} == {("a", 10): pytest.approx(104.0), ("b", 4): pytest.approx(4100.0)}


def test_a_pack_size_needs_the_price_to_say_so() -> None:
    values = noise(36)
    values[:18] /= 12
    priced = {"a": {number: 5.0 * (12 if number < 18 else 1) * float(value) for number, value in enumerate(values)}}
    assert found(rows({"a": values.tolist()})) == {}
    made = found(rows({"a": values.tolist()}, revenue=priced))
    assert len(made) == 18
    assert made["a", 36][1] == pytest.approx(values[0] * 12)


def test_a_tenfold_season_is_no_change_of_unit() -> None:
    values = noise(60, share=0.05) * np.where(np.arange(60) % 12 < 5, 10, 1)
    assert found(rows({"a": values.tolist()})) == {}


# Settings and people


def test_modes() -> None:
    history = rows({"a": planted(noise(36), m10=480.0, m3=-20.0)})
    assert run(history)["correction"].get_column("accepted").all()
    proposed = run(history, setting(mode="propose"))["correction"]
    assert proposed.height > 0
    assert not proposed.get_column("accepted").any()
    none = run(history, setting(mode="none"))
    assert none["correction"].is_empty()
    cleaned = cleaned_history(history, none["correction"], none["calendar_effect"], items(["a"]), setting(mode="none"))
    assert cleaned.get_column("quantity").to_list() == history.get_column("quantity").to_list()


def test_a_planner_accepts_changes_refuses_and_adds() -> None:
    history = rows({"a": planted(noise(36), m10=480.0, m20=500.0), "b": noise(36, seed=2).tolist()})
    about = items(["a", "b"])
    proposed = run(history, setting(mode="propose"))["correction"]
    where = {"item": "a", "market": "north", "period": "2025-03"}
    laid = scenario.apply(
        proposed,
        [
            Override(table="correction", where=where, column="accepted", operation="set", value=True),
            Override(table="correction", where=where, column="quantity", operation="set", value=130),
            Override(
                table="correction",
                operation="insert",
                value={"item": "b", "market": "north", "period": "2025-12", "quantity": 75, "reason": "strike"},
            ),
            Override(
                table="correction",
                operation="insert",
                value={"item": "b", "market": "south", "period": "2025-12", "quantity": 9, "reason": "booked in another system"},
            ),
        ],
        "correction",
        {"item": about},
    )
    made = cleaned_history(history, laid, table("calendar_effect").empty(), about, setting(mode="propose"))
    assert made.schema == table("cleaned_history").schema
    cell = {(row["item"], row["market"], row["period"]): row for row in made.iter_rows(named=True)}
    assert cell["a", "north", dt.date(2025, 3, 1)]["quantity"] == 130
    assert cell["a", "north", dt.date(2025, 3, 1)]["raw"] == 480
    assert cell["a", "north", dt.date(2024, 5, 1)]["quantity"] == 500
    assert cell["b", "north", dt.date(2025, 12, 1)]["quantity"] == 75
    assert (cell["b", "south", dt.date(2025, 12, 1)]["quantity"], cell["b", "south", dt.date(2025, 12, 1)]["raw"]) == (9, None)
    assert laid.filter(pl.col("item") == "b").get_column("kind").unique().to_list() == ["planner"]


# The calendar


def test_easter() -> None:
    known = {1818: (3, 22), 1886: (4, 25), 1943: (4, 25), 2000: (4, 23), 2024: (3, 31), 2025: (4, 20), 2026: (4, 5), 2038: (4, 25)}
    assert {year: (easter(year).month, easter(year).day) for year in known} == known


def test_the_days_before_easter_and_the_working_days() -> None:
    calendar = Calendar("month", START, 12, START)
    months = (dt.date(2024, 3, 1), dt.date(2024, 4, 1), dt.date(2026, 3, 1), dt.date(2026, 4, 1))
    assert easter_share(months, calendar).tolist() == [1.0, 0.0, 0.5, 0.5]
    none = table("working_calendar").empty()
    assert working_days(months, calendar, none).tolist() == [21.0, 22.0, 22.0, 22.0]
    given_days = pl.DataFrame({"location": ["p", "q"], "period": [months[0]] * 2, "working_days": [19.0, 20.0]})
    scaled = working_days(months, calendar, table("working_calendar").conform(given_days))
    assert scaled.tolist() == pytest.approx([19.5, 22 * 19.5 / 21, 22 * 19.5 / 21, 22 * 19.5 / 21])


def traded(effect: float, months: int = 60, series: int = 30, feast: float = 0.0, seed: int = 5) -> dict[str, list[float]]:
    calendar = Calendar("month", START, 12, START)
    periods = [add_months(START, number - months) for number in range(months)]
    days = working_days(periods, calendar, table("working_calendar").empty())
    shares = easter_share(periods, calendar)
    draw = np.random.default_rng(seed)
    season = 1 + 0.3 * np.sin(np.arange(months) / 12 * 2 * np.pi)
    level = draw.uniform(50, 500, (series, 1))
    values = level * season * (1 + effect) ** (days - days.mean()) * np.exp(feast * shares) * draw.lognormal(0, 0.08, (series, months))
    return {f"s{number:02}": row.tolist() for number, row in enumerate(values)}


def test_a_trading_day_effect_comes_back() -> None:
    made = run(rows(traded(0.04)))["calendar_effect"]
    assert made.schema == table("calendar_effect").schema
    assert made.height == 60 + 12
    assert made.get_column("family").is_null().all()
    assert made.get_column("factor").mean() == pytest.approx(1.0)
    february = made.filter(pl.col("period") == dt.date(2024, 2, 1)).row(0, named=True)  # 21 working days in place of 20
    others = [20, 20, 21, 20, 20]
    assert february["factor"] == pytest.approx(1.04 ** (21 - np.mean([*others[:5], 20])), rel=0.01)
    assert "a working day (t " in february["reason"]


def test_easter_comes_back() -> None:
    made = run(rows(traded(0.0, feast=0.25)))["calendar_effect"].filter(pl.col("family").is_null())
    factor = dict(made.select("period", "factor").iter_rows())
    assert np.log(factor[dt.date(2024, 3, 1)] / factor[dt.date(2025, 3, 1)]) == pytest.approx(0.25, abs=0.04)
    assert factor[dt.date(2024, 7, 1)] == pytest.approx(1.0, abs=0.02)


def test_no_effect_gives_no_rows() -> None:
    assert sum(run(rows(traded(0.0, seed=seed)))["calendar_effect"].height > 0 for seed in range(20)) <= 1
    assert run(rows(traded(0.04)), setting(calendar="none"))["calendar_effect"].is_empty()


def test_a_family_with_an_effect_of_its_own() -> None:
    series = traded(0.0, series=40) | {f"z{name}": values for name, values in traded(0.06, series=10, seed=8).items()}
    about = items(list(series), ["still" if name.startswith("s") else "moved" for name in series])
    made = run(rows(series), item=about)["calendar_effect"]
    assert "moved" in made.get_column("family").to_list()
    history = rows(series)
    cleaned = cleaned_history(history, table("correction").empty(), made, about, setting())
    assert cleaned.get_column("quantity").to_list() == history.sort("item", "period").get_column("quantity").to_list()
    spread = cleaned.group_by(pl.col("item").str.starts_with("z"), maintain_order=True).agg(pl.col("calendar_factor").std())
    by = dict(spread.iter_rows())
    assert by[True] > 0.02
    assert by[True] > 2 * by[False]


def test_quarters_and_weeks_have_effects_too() -> None:
    for cadence in ("quarter", "week", "4-4-5"):
        made = run(rows({"a": noise(40).tolist()}), setting(cadence))
        assert made["calendar_effect"].schema == table("calendar_effect").schema


# Bad input


@settings(max_examples=60, deadline=None)
@given(
    values=st.lists(st.one_of(st.floats(-1e6, 1e9), st.sampled_from([0.0, float("nan"), float("inf"), 1e-12])), min_size=1, max_size=45),
    stockout=st.booleans(),
)
def test_nothing_crashes_and_all_stays_finite(values: list[float], stockout: bool) -> None:
    history = rows({"a": values, "b": [5.0] * 30}, stockout={"a": {0: stockout, len(values) - 1: stockout}}, returns={"a": {0: 3.0}})
    made = run(history, event=events(), order_line=lines(("o", "a", 1e6, dt.date(2025, 12, 3))))
    cleaned = cleaned_history(history, made["correction"], made["calendar_effect"], items(["a", "b"]), setting())
    quantity = cleaned.get_column("quantity")
    assert quantity.is_finite().all()
    assert (quantity >= 0).all()
    assert cleaned.filter(pl.col("item") == "b").get_column("quantity").to_list() == [5.0] * 30


@pytest.mark.parametrize("values", [[1.0], [0.0] * 9, [0.0], [-4.0], [3.0, 4.0, 5.0], [2.0] * 480, [float("nan")] * 5])
@pytest.mark.parametrize("cadence", ["month", "week", "quarter", "4-4-5"])
def test_odd_histories(values: list[float], cadence: str) -> None:
    history = rows({"a": values})
    made = run(history, setting(cadence))
    cleaned = cleaned_history(history, made["correction"], made["calendar_effect"], items(["a"]), setting(cadence))
    assert cleaned.get_column("quantity").is_finite().all()


def test_empty_tables() -> None:
    made = run(table("history").empty(), item=table("item").empty())
    assert all(frame.is_empty() for frame in made.values())
    assert cleaned_history(
        table("history").empty(), made["correction"], made["calendar_effect"], table("item").empty(), setting()
    ).is_empty()


def test_periods_that_are_not_complete_stay_out() -> None:
    history = pl.concat(
        [
            rows({"a": [5.0] * 12}),
            table("history").conform(pl.DataFrame({"item": ["a"], "market": ["north"], "period": [START], "quantity": [1.0]})),
        ]
    )
    made = cleaned_history(history, table("correction").empty(), table("calendar_effect").empty(), items(["a"]), setting())
    assert made.get_column("period").max() == dt.date(2025, 12, 1)
    assert json.loads(setting().filter(pl.col("setting") == "demand.cleaning.mode").item(0, "value")) == "automatic"


def test_the_same_twice() -> None:
    history = rows({f"i{number}": planted(noise(40, seed=number), m7=600.0) for number in range(20)}, returns={"i3": {2: 4.0}})
    first, second = run(history), run(history.sample(fraction=1.0, shuffle=True, seed=1))
    assert all(first[name].equals(second[name]) for name in first)
