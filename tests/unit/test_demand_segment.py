"""Segments: classes by value and variability, patterns of demand, lifecycle."""

import datetime as dt
from typing import Any

import polars as pl

from equipoise.demand import segment
from equipoise.dimensions.calendar import add_months
from equipoise.tables import table
from equipoise.tables.setting import CalendarSetting, Setting, to_table

START = dt.date(2026, 1, 1)
SETTING = to_table(Setting(plan="test", calendar=CalendarSetting(start=START, horizon=6)))


def segments(
    series: dict[str, list[float]],
    about: dict[str, list[object]] | None = None,
    revenue: float | None = None,
    cleaned: pl.DataFrame | None = None,
) -> dict[str, dict[str, Any]]:
    rows = [
        (item, "north", add_months(START, number - len(values)), value, None if revenue is None else value * revenue)
        for item, values in series.items()
        for number, value in enumerate(values)
    ]
    history = pl.DataFrame(rows, schema=["item", "market", "period", "quantity", "revenue"], orient="row", infer_schema_length=None)
    item = pl.DataFrame({"item": list(series), **(about or {})})
    booked = table("history").conform(history)
    usual = table("cleaned_history").conform(booked if cleaned is None else cleaned)
    made = segment(booked, usual, table("item").conform(item), SETTING)
    assert made.schema == table("segment").schema
    return {row["item"]: row for row in made.iter_rows(named=True)}


def test_abc_by_cumulated_value_of_the_last_year() -> None:
    made = segments({"big": [81.0] * 24, "middle": [15.0] * 24, "small": [4.0] * 24, "past": [900.0] * 12 + [0.0] * 12}, revenue=2.0)
    assert {name: row["abc"] for name, row in made.items()} == {"big": "A", "middle": "B", "small": "C", "past": "C"}
    assert made["big"]["value"] == 81 * 12 * 2


def test_value_by_price_and_where_there_is_none_by_quantity() -> None:
    series = {"many": [100.0] * 12, "dear": [10.0] * 12}
    assert segments(series)["many"]["abc"] == "A"
    assert segments(series)["many"]["value"] is None
    priced = segments(series, {"unit_price": [1.0, 100.0]})
    assert (priced["dear"]["abc"], priced["dear"]["value"]) == ("A", 12000.0)
    assert priced["many"]["abc"] == "B"


def test_patterns_by_interval_and_variation() -> None:
    made = segments(
        {
            "smooth": [10.0, 11.0, 9.0, 10.0] * 6,
            "erratic": [1.0, 30.0, 2.0, 25.0] * 6,
            "intermittent": [5.0, 0.0, 0.0, 5.0] * 6,
            "lumpy": [1.0, 0.0, 0.0, 60.0] * 6,
            "nothing": [0.0] * 24,
        }
    )
    assert {name: row["pattern"] for name, row in made.items()} == {
        "smooth": "smooth",
        "erratic": "erratic",
        "intermittent": "intermittent",
        "lumpy": "lumpy",
        "nothing": "none",
    }
    assert made["intermittent"]["demand_interval"] == 2.0
    assert made["nothing"]["demand_interval"] is None
    assert [made[name]["xyz"] for name in ("smooth", "erratic", "lumpy", "nothing")] == ["X", "Y", "Z", "Z"]


def test_lifecycle() -> None:
    made = segments(
        {"old": [10.0] * 36, "fresh": [0.0] * 30 + [10.0] * 6, "gone": [10.0] * 30 + [0.0] * 6, "stopping": [10.0] * 36},
        {"discontinue": [None, None, None, dt.date(2026, 3, 31)]},
    )
    assert {name: row["lifecycle"] for name, row in made.items()} == {
        "old": "mature",
        "fresh": "new",
        "gone": "ending",
        "stopping": "ending",
    }
    assert made["fresh"]["observations"] == 6


def test_variation_of_a_constant_is_nothing() -> None:
    assert segments({"flat": [4.0] * 12})["flat"]["variation"] == 0.0


def test_variability_is_that_of_the_cleaned_history_and_value_that_of_the_booked() -> None:
    series = {"spiked": [10.0] * 23 + [500.0]}
    assert segments(series, revenue=1.0)["spiked"]["xyz"] == "Z"
    cleaned = pl.DataFrame({"item": ["spiked"] * 24, "market": ["north"] * 24, "period": [add_months(START, n - 24) for n in range(24)]})
    made = segments(series, revenue=1.0, cleaned=cleaned.with_columns(quantity=pl.lit(10.0)))["spiked"]
    assert (made["xyz"], made["pattern"], made["value"]) == ("X", "smooth", 610.0)


def test_methods_and_review_levels_follow_the_classes() -> None:
    series = {
        "big": [8000.0] * 24,
        "middle": [900.0] * 24,
        "wild": [100.0, 1000.0] * 12,
        "steady": [30.0] * 24,
        "seldom": [0.0, 0.0, 30.0] * 8,
        "lumps": [0.0, 0.0, 10.0, 0.0, 0.0, 90.0] * 4,
        "stopped": [30.0] * 20 + [0.0] * 4,
    }
    made = segments(series)
    assert {name: (row["abc"], row["methods"], row["review"]) for name, row in made.items()} == {
        "big": ("A", "regular", "item"),
        "middle": ("B", "regular", "family"),
        "wild": ("B", "regular", "item"),
        "steady": ("C", "regular", "family"),
        "seldom": ("C", "intermittent", "exception"),
        "lumps": ("C", "intermittent", "exception"),
        "stopped": ("C", "regular", "exception"),
    }


def test_the_reason_gives_the_numbers() -> None:
    made = segments({"big": [81.0] * 24, "seldom": [0.0, 0.0, 4.0, 0.0, 0.0, 9.0] * 4, "nothing": [0.0] * 24})
    assert made["big"]["reason"].startswith("A: with it 97 % of all value is reached; X: variation 0; smooth: ")
    assert "mature after 24 periods" in made["big"]["reason"]
    assert "(every 2.8 periods, squared variation of sizes 0.15)" in made["seldom"]["reason"]
    assert not any("every 1 periods" in row["reason"] for row in made.values())
    assert made["nothing"]["reason"] == "C: with it 100 % of all value is reached; no demand in 0 periods; new."


def test_no_history_gives_an_empty_table() -> None:
    assert segment(table("history").empty(), table("cleaned_history").empty(), table("item").empty(), SETTING).equals(
        table("segment").empty()
    )
