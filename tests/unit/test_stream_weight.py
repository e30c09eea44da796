"""Weights of streams: given, equal, and learned from past errors; and who answers for a slice."""

import datetime as dt
import random
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from equipoise.demand.streams.ownership import owners
from equipoise.demand.streams.stream_weight import by_cell, given_weights, learned_weights
from equipoise.dimensions.calendar import Calendar, add_months
from equipoise.errors import DataError, InputError
from equipoise.tables import table
from equipoise.tables.setting import ConsensusSetting

START = dt.date(2026, 1, 1)
CALENDAR = Calendar("month", START, 6, START - dt.timedelta(days=1))


def rows_of(name: str, *rows: dict[str, Any]) -> pl.DataFrame:
    return table(name).conform(pl.DataFrame(list(rows), infer_schema_length=None)) if rows else table(name).empty()


def by_stream(weights: pl.DataFrame, segment: str | None = None) -> dict[str, float]:
    rows = weights.filter(pl.col("segment").eq_missing(pl.lit(segment)))
    return dict(rows.select("stream", "weight").rows())


def reason(weights: pl.DataFrame, stream: str) -> str:
    found: str = weights.filter(pl.col("segment").is_null(), pl.col("stream") == stream).item(0, "reason")
    return found


def past(
    cut_offs: int, actual: float = 100.0, lag: int = 1, items: int = 1, **said: list[float]
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Return snapshots, history and segments: at each cut-off each stream says actual + its error (they repeat) for `lag` periods ahead."""
    snapshots, history = [], []
    for number in range(cut_offs):
        period = add_months(START, -1 - number)
        for item in range(items):
            history.append({"item": f"i{item}", "market": "north", "period": period, "quantity": actual})
            for stream, errors in said.items():
                snapshots.append(
                    {
                        "as_of": add_months(period, -lag) + dt.timedelta(days=9),
                        "stream": stream,
                        "item": f"i{item}",
                        "market": "north",
                        "period": period,
                        "kind": "baseline" if stream == "baseline" else "view",
                        "quantity": actual + errors[number % len(errors)],
                    }
                )
    segments = [{"item": f"i{item}", "market": "north", "pattern": "smooth"} for item in range(items)]
    return rows_of("stream_snapshot", *snapshots), rows_of("history", *history), rows_of("segment", *segments)


def test_given_weights_are_scaled_to_one_and_say_so() -> None:
    made = given_weights(ConsensusSetting(basis="average", weights={"sales": 3, "finance": 1}), ["finance", "sales"])
    assert by_stream(made) == {"sales": 0.75, "finance": 0.25}
    assert "add up to 4 and are scaled to 1" in reason(made, "sales")
    exact = given_weights(ConsensusSetting(basis="average", weights={"sales": 0.75, "baseline": 0.25}), ["sales"])
    assert reason(exact, "sales") == "The weight given."


def test_one_stream_or_none_or_all_alike() -> None:
    assert by_stream(given_weights(ConsensusSetting(), ["sales"])) == {"baseline": 1.0}
    assert by_stream(given_weights(ConsensusSetting(basis="sales"), ["sales"])) == {"sales": 1.0}
    assert by_stream(given_weights(ConsensusSetting(basis="average"), ["a", "b"])) == {"a": 0.5, "b": 0.5}
    assert by_stream(given_weights(ConsensusSetting(basis="average"), [])) == {"baseline": 1.0}


@pytest.mark.parametrize(
    ("weights", "match"),
    [
        ({"sales": 0.0, "baseline": 0.0}, "all zero"),
        ({"sales": -1.0}, "-1"),
        ({"sales": float("nan")}, "nan"),
        ({"sales": float("inf")}, "inf"),
        ({"budget": 1.0}, "no view budget"),
    ],
)
def test_weights_that_mean_nothing_are_refused(weights: dict[str, float], match: str) -> None:
    with pytest.raises(InputError, match=match) as raised:
        given_weights(ConsensusSetting(basis="average", weights=weights), ["sales"])
    assert raised.value.fix
    assert raised.value.where.column == "demand.consensus.weights"


def test_learned_weights_by_hand() -> None:
    # errors +-10 and +-20, in step: the average is off by 15, so squared errors are 100/225 and 400/225 of its own
    snapshots, history, segments = past(12, baseline=[10.0, -10.0], sales=[20.0, -20.0])
    made = learned_weights(["sales"], snapshots, history, segments, CALENDAR)
    kept = 1 - 0.5 * 2 / (12 - 1 - 2)
    assert by_stream(made) == pytest.approx({"baseline": kept * 0.8 + (1 - kept) / 2, "sales": kept * 0.2 + (1 - kept) / 2})
    row = made.filter(pl.col("stream") == "sales").row(0, named=True)
    assert (row["snapshots"], row["error"], row["bias"]) == (12, pytest.approx(0.2), pytest.approx(0.0))
    assert "1.78 times" in row["reason"]


def test_bias_costs_weight_as_variance_does() -> None:
    snapshots, history, segments = past(12, baseline=[20.0], sales=[20.0, -20.0], finance=[1.0, -1.0])
    weights = by_stream(learned_weights(["finance", "sales"], snapshots, history, segments, CALENDAR))
    assert weights["baseline"] == pytest.approx(weights["sales"])
    assert weights["finance"] > weights["sales"]


def test_with_fewer_than_six_cut_offs_weights_are_equal() -> None:
    made = learned_weights(["sales"], *past(5, baseline=[1.0], sales=[50.0]), CALENDAR)
    assert by_stream(made) == {"baseline": 0.5, "sales": 0.5}
    assert "5 of the 6" in reason(made, "sales")
    nothing = learned_weights(["sales"], *past(0, baseline=[1.0]), CALENDAR)
    assert by_stream(nothing) == {"baseline": 0.5, "sales": 0.5}


def test_a_new_stream_counts_as_good_as_the_average() -> None:
    snapshots, history, segments = past(12, baseline=[10.0, -10.0], sales=[20.0, -20.0])
    weights = learned_weights(["newcomer", "sales"], snapshots, history, segments, CALENDAR)
    found = by_stream(weights)
    assert found["baseline"] > found["newcomer"] > found["sales"]
    assert "taken as good as the average" in reason(weights, "newcomer")


def test_only_the_plans_lag_counts_and_the_budget_never() -> None:
    snapshots, history, segments = past(12, lag=3, baseline=[1.0], sales=[50.0], budget=[0.0])
    at_one = learned_weights(["sales"], snapshots, history, segments, CALENDAR)
    assert by_stream(at_one) == {"baseline": 0.5, "sales": 0.5}
    frozen = Calendar("month", START, 6, START - dt.timedelta(days=1), frozen=3)
    at_three = by_stream(learned_weights(["budget", "sales"], snapshots, history, segments, frozen))
    assert set(at_three) == {"baseline", "sales"}
    assert at_three["baseline"] > 0.8


def test_a_pattern_with_points_enough_has_weights_of_its_own() -> None:
    snapshots, history, _ = past(12, items=4, baseline=[1.0, -1.0], sales=[30.0, -30.0])
    swapped = snapshots.with_columns(
        stream=pl.when(pl.col("item") == "i3")
        .then(pl.when(pl.col("stream") == "sales").then(pl.lit("baseline")).otherwise(pl.lit("sales")))
        .otherwise("stream")
    )
    pattern = {"i0": "smooth", "i1": "smooth", "i2": "smooth", "i3": "lumpy"}
    segments = rows_of("segment", *({"item": item, "market": "north", "pattern": name} for item, name in pattern.items()))
    made = learned_weights(["sales"], swapped, history, segments, CALENDAR)
    assert made.get_column("segment").unique().sort().to_list() == [None, "smooth"]  # lumpy has 12 points only
    cells = by_cell(made, segments.select("item", "market"), segments)
    smooth, lumpy = (dict(cells.filter(pl.col("item") == item).select("stream", "weight").rows()) for item in ("i0", "i3"))
    assert smooth == pytest.approx(by_stream(made, "smooth"))
    assert lumpy == pytest.approx(by_stream(made))
    assert smooth["baseline"] > lumpy["baseline"]


def test_perfect_and_silent_pasts_do_not_crash() -> None:
    perfect = by_stream(learned_weights(["sales"], *past(12, baseline=[0.0], sales=[0.0]), CALENDAR))
    assert perfect == pytest.approx({"baseline": 0.5, "sales": 0.5})
    silent = by_stream(learned_weights(["sales"], *past(12, actual=0.0, baseline=[1.0], sales=[2.0]), CALENDAR))
    assert silent == pytest.approx({"baseline": 0.5, "sales": 0.5})
    best = by_stream(learned_weights(["sales"], *past(40, baseline=[0.0], sales=[9.0, -9.0]), CALENDAR))
    assert best["baseline"] > 0.9


def test_learned_weights_beat_equal_ones_where_streams_differ() -> None:
    chance = random.Random(5)
    better = 0
    for _ in range(20):
        good, bad = ([chance.gauss(0, scale) for _ in range(24)] for scale in (8.0, 25.0))
        weights = by_stream(learned_weights(["sales"], *past(12, baseline=good[:12], sales=bad[:12]), CALENDAR))
        later = list(zip(good[12:], bad[12:], strict=True))
        learned = sum((weights["baseline"] * a + weights["sales"] * b) ** 2 for a, b in later)
        better += learned < sum(((a + b) / 2) ** 2 for a, b in later)
    assert better >= 16


@settings(max_examples=30)
@given(
    errors=st.lists(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=5), min_size=1, max_size=4),
    cut_offs=st.integers(0, 20),
)
def test_weights_are_a_share_of_one(errors: list[list[float]], cut_offs: int) -> None:
    said = {f"s{number}": row for number, row in enumerate(errors)}
    made = learned_weights(list(said), *past(cut_offs, 100.0, 1, 1, baseline=[3.0, -2.0], **said), CALENDAR)
    for _, part in made.group_by("segment", maintain_order=True):
        assert part.get_column("weight").sum() == pytest.approx(1.0)
        assert part.get_column("weight").min() >= 0  # type: ignore[operator]
        assert part.get_column("reason").null_count() == 0


PAIRS = pl.DataFrame({"item": ["bag", "tent", "tent"], "market": ["north", "north", "south"]})
ITEM = rows_of("item", {"item": "tent", "family": "camp"}, {"item": "bag", "family": "camp"})
MARKET = rows_of("market", {"market": "north", "region": "europe"}, {"market": "south", "region": "europe"})


def named(*rows: dict[str, Any]) -> list[tuple[str, str, str]]:
    found: list[tuple[str, str, str]] = owners(PAIRS, rows_of("demand_owner", *rows), ITEM, MARKET).sort("item", "market").rows()
    return found


def test_the_row_that_says_most_names_the_owner() -> None:
    assert named(
        {"owner": "Head"},
        {"family": "camp", "owner": "Fay"},
        {"item": "tent", "owner": "Ida"},
        {"item": "tent", "region": "europe", "owner": "Rae"},
        {"item": "tent", "market": "south", "owner": "Sue"},
    ) == [("bag", "north", "Fay"), ("tent", "north", "Rae"), ("tent", "south", "Sue")]
    assert named({"item": "boat", "owner": "Bo"}) == []
    assert named() == []


def test_two_owners_of_one_slice_are_refused_all_at_once() -> None:
    with pytest.raises(DataError) as raised:
        named(
            {"item": "tent", "owner": "Ida"},
            {"market": "south", "owner": "Sue"},
            {"family": "camp", "owner": "Fay"},
            {"region": "europe", "owner": "Rae"},
        )
    said = [fault.message for fault in raised.value.faults]
    assert len(said) == 2
    assert any("item tent: Ida" in words and "market south: Sue" in words for words in said)
    assert any("family camp: Fay" in words and "region europe: Rae" in words for words in said)


def test_equal_rows_that_agree_are_no_conflict() -> None:
    assert named({"item": "tent", "owner": "Ann"}, {"market": "south", "owner": "Ann"}) == [
        ("tent", "north", "Ann"),
        ("tent", "south", "Ann"),
    ]
