"""Successors, launches by like-item, ramps, last days."""

import datetime as dt
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from equipoise.demand.succession import LAUNCH_SPREAD, launch_spread, moved
from equipoise.dimensions.calendar import Calendar, add_months
from equipoise.tables import table

START = dt.date(2026, 1, 1)
MONTHS = [add_months(START, number) for number in range(6)]
CALENDAR = Calendar("month", START, 6, START - dt.timedelta(days=1))
SEASON = [100.0, 80.0, 120.0, 140.0, 60.0, 100.0]


def base(**items: list[float]) -> pl.DataFrame:
    rows = [
        {"item": item, "market": "north", "period": month, "quantity": value, "p10": value * 0.8, "p90": value * 1.3}
        for item, values in items.items()
        for month, value in zip(MONTHS, values, strict=True)
    ]
    schema = {"item": pl.String, "market": pl.String, "period": pl.Date, "quantity": pl.Float64, "p10": pl.Float64, "p90": pl.Float64}
    return pl.DataFrame(rows, schema=schema)


def rows_of(name: str, *rows: dict[str, Any]) -> pl.DataFrame:
    return table(name).conform(pl.DataFrame(list(rows), infer_schema_length=None)) if rows else table(name).empty()


def after(
    before: pl.DataFrame,
    *succession: dict[str, Any],
    item: tuple[dict[str, Any], ...] = (),
    observations: dict[str, int] | None = None,
    spread: float = LAUNCH_SPREAD,
) -> pl.DataFrame:
    """Return the demand with what successions change."""
    observed = rows_of("segment", *({"item": name, "market": "north", "observations": n} for name, n in (observations or {}).items()))
    change = moved(before, rows_of("succession", *succession), rows_of("item", *item), observed, CALENDAR, spread)
    return (
        pl.concat([before, change])
        .group_by("item", "market", "period", maintain_order=True)
        .agg(pl.col("quantity", "p10", "p90").sum())
        .sort("item", "market", "period")
    )


def of(frame: pl.DataFrame, item: str, column: str = "quantity") -> list[float]:
    found: list[float] = frame.filter(pl.col("item") == item).get_column(column).to_list()
    return found


def test_a_successor_takes_over_in_equal_steps() -> None:
    made = after(base(old=[100.0] * 6), {"item": "new", "predecessor": "old", "start": MONTHS[1], "ramp": 4})
    assert of(made, "new") == pytest.approx([25, 50, 75, 100, 100])
    assert of(made, "old") == pytest.approx([100, 75, 50, 25, 0, 0])


def test_a_ramp_that_began_before_the_horizon_goes_on() -> None:
    made = after(base(old=[100.0] * 6), {"item": "new", "predecessor": "old", "start": add_months(START, -2), "ramp": 4})
    assert of(made, "new") == pytest.approx([75, 100, 100, 100, 100, 100])


@pytest.mark.parametrize("ramp", [None, 0, 1, -3])
def test_without_a_ramp_the_share_is_reached_at_once(ramp: int | None) -> None:
    made = after(base(old=[100.0] * 6), {"item": "new", "predecessor": "old", "share": 0.5, "start": MONTHS[4], "ramp": ramp})
    assert of(made, "new") == pytest.approx([50, 50])


def test_a_like_item_launch_has_its_season_and_the_like_item_keeps_its_own() -> None:
    made = after(
        base(like=SEASON), {"item": "new", "predecessor": "like", "kind": "like_item", "share": 0.5, "start": MONTHS[2], "ramp": 2}
    )
    assert of(made, "new") == pytest.approx([30, 70, 30, 50])
    assert of(made, "like") == SEASON


def test_a_launch_begins_on_the_items_first_day_where_no_start_is_given() -> None:
    like = {"item": "new", "predecessor": "like", "kind": "like_item"}
    made = after(base(like=[90.0] * 6), like, item=({"item": "new", "launch": dt.date(2026, 4, 16)},))
    assert of(made, "new") == pytest.approx([45, 90, 90])
    assert of(after(base(like=[90.0] * 6), like), "new") == pytest.approx([90] * 6)


def test_several_like_items_add_up() -> None:
    made = after(
        base(a=[100.0] * 6, b=[40.0] * 6),
        {"item": "new", "predecessor": "a", "kind": "like_item", "share": 0.5, "start": START},
        {"item": "new", "predecessor": "b", "kind": "like_item", "share": 0.5, "start": START},
    )
    assert of(made, "new") == pytest.approx([70] * 6)


def test_own_history_replaces_the_like_item_by_the_share_of_a_year() -> None:
    like = {"item": "new", "predecessor": "like", "kind": "like_item", "start": add_months(START, -3)}
    before = base(like=[100.0] * 6, new=[40.0] * 6)
    assert of(after(before, like, observations={"new": 3}), "new") == pytest.approx([0.75 * 100 + 0.25 * 40] * 6)
    assert of(after(before, like, observations={"new": 12}), "new") == pytest.approx([40] * 6)
    assert of(after(before, like, observations={"new": 12}), "new", "p90") == pytest.approx([52] * 6)


def test_the_interval_of_a_launch_is_wide_and_narrows_with_its_own_history() -> None:
    like = {"item": "new", "predecessor": "like", "kind": "like_item", "start": START}
    made = after(base(like=[100.0] * 6), like)
    assert of(made, "new", "p10") == pytest.approx([50] * 6)
    assert of(made, "new", "p90") == pytest.approx([150] * 6)
    half = after(base(like=[100.0] * 6, new=[100.0] * 6), like, observations={"new": 6})
    assert of(half, "new", "p10") == pytest.approx([75] * 6)
    assert of(half, "new", "p90") == pytest.approx([130] * 6)
    assert of(after(base(like=[100.0] * 6), like, spread=0.1), "new", "p90") == pytest.approx([130] * 6)


def test_an_heir_that_ends_too_leaves_nothing_behind() -> None:
    made = after(
        base(old=[100.0] * 6),
        {"item": "new", "predecessor": "old", "share": 0.6, "start": MONTHS[1]},
        item=({"item": "new", "discontinue": MONTHS[4] - dt.timedelta(days=1)}, {"item": "old", "discontinue": MONTHS[2]}),
    )
    assert of(made, "new") == pytest.approx([60, 60, 60, 0, 0])
    assert of(made, "old")[:2] == pytest.approx([100, 40])
    assert of(made, "old")[2] == pytest.approx(40 / 31)
    assert of(made, "old")[3:] == pytest.approx([0, 0, 0])


def test_circles_and_self_references_end() -> None:
    circle = [
        {"item": "a", "predecessor": "b", "kind": "like_item", "start": START},
        {"item": "b", "predecessor": "c", "kind": "like_item", "start": START},
        {"item": "c", "predecessor": "a", "kind": "like_item", "start": START},
        {"item": "a", "predecessor": "a", "start": START},
    ]
    made = after(base(a=[10.0] * 6), *circle)
    assert made.get_column("quantity").is_finite().all()
    assert made.get_column("quantity").max() <= 10.0  # type: ignore[operator]


def test_unknown_items_move_nothing() -> None:
    made = after(base(old=[100.0] * 6), {"item": "x", "predecessor": "y", "kind": "like_item", "start": START})
    assert made.get_column("item").unique().to_list() == ["old"]
    assert after(base(), {"item": "x", "predecessor": "y"}).is_empty()


@given(
    shares=st.lists(st.floats(0, 1.5), min_size=1, max_size=4),
    ramp=st.integers(0, 8),
    starts=st.lists(st.dates(dt.date(2025, 6, 1), dt.date(2026, 9, 1)), min_size=4, max_size=4),
)
def test_successors_neither_make_nor_lose_demand(shares: list[float], ramp: int, starts: list[dt.date]) -> None:
    rows = [
        {"item": f"new{number}", "predecessor": "old", "share": share, "start": starts[number], "ramp": ramp}
        for number, share in enumerate(shares)
    ]
    made = after(base(old=SEASON), *rows)
    by_period = made.group_by("period", maintain_order=True).agg(pl.col("quantity").sum()).sort("period")
    assert by_period.get_column("quantity").to_list() == pytest.approx(SEASON)
    assert made.get_column("quantity").min() >= -1e-9  # type: ignore[operator]


def _past(ratios: list[float]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return successions and history of launches half a year ago that sold `ratios` of their like item."""
    months = [add_months(START, -number) for number in range(6, 0, -1)]
    sold = {"like": 100.0} | {f"n{number}": 100.0 * ratio for number, ratio in enumerate(ratios)}
    history = rows_of(
        "history",
        *({"item": item, "market": "north", "period": month, "quantity": value} for item, value in sold.items() for month in months),
    )
    rows = ({"item": f"n{n}", "predecessor": "like", "kind": "like_item", "start": months[0]} for n in range(len(ratios)))
    return rows_of("succession", *rows), history


def test_past_launches_tell_how_wide_the_interval_is() -> None:
    few, history = _past([1.1, 0.9, 1.1])
    assert launch_spread(few, table("item").empty(), history, CALENDAR) == LAUNCH_SPREAD
    many, history = _past([1.2, 0.8, 1.2, 0.8, 1.2, 0.8])
    assert launch_spread(many, table("item").empty(), history, CALENDAR) == pytest.approx(1.2816 * 0.2)
    wild, history = _past([3.0, 0.1, 2.0, 0.2, 3.0])
    assert launch_spread(wild, table("item").empty(), history, CALENDAR) == 1.0
    assert launch_spread(many, table("item").empty(), table("history").empty(), CALENDAR) == LAUNCH_SPREAD
