"""Flags at entry: each with the number that says so, worked by hand, and none where nothing is unusual."""

import datetime as dt
import time

import numpy as np
import polars as pl
import pytest

from equipoise.demand import override_flag
from equipoise.dimensions.calendar import add_months
from equipoise.tables import table
from equipoise.tables.setting import Setting, to_table

START = dt.date(2026, 1, 1)
HORIZON = 12
PERIODS = [add_months(START, number) for number in range(HORIZON)]
PAST = [add_months(START, -back) for back in range(36, 0, -1)]
SETTING = to_table(
    Setting.model_validate({"plan": "p", "calendar": {"as_of": "2025-12-31", "start": "2026-01-01", "horizon": HORIZON, "frozen": 1}})
)
Row = dict[str, object]


def _table(name: str, rows: list[Row]) -> pl.DataFrame:
    return table(name).conform(pl.DataFrame(rows, schema_overrides=dict(table(name).schema))) if rows else table(name).empty()


def _history(values: list[float]) -> pl.DataFrame:
    rows: list[Row] = [
        {"item": "i", "market": "m", "period": day, "quantity": v} for day, v in zip(PAST[len(PAST) - len(values) :], values, strict=True)
    ]
    return _table("cleaned_history", rows)


def _steady() -> list[float]:
    """History around 100 that stands 4 from its neighbours, up and down: 98, 102, 98, 102."""
    return [98.0 if number % 2 else 102.0 for number in range(36)]


def _flags(
    changes: dict[int, float],
    *,
    history: pl.DataFrame | None = None,
    effect: Row | None = None,
    snapshot: list[Row] | None = None,
    owner: str | None = None,
    name: str = "consensus",
    setting: pl.DataFrame = SETTING,
) -> dict[str, Row]:
    """The flags of one override of a plan of 100 in every period that adds `changes` by position in the horizon."""
    cells: list[Row] = [
        {"override": "o1", "table": name, "item": "i", "market": "m", "period": PERIODS[at], "before": 100.0, "after": 100.0 + by}
        for at, by in changes.items()
    ]
    inside = 0.0 if name == "demand_plan" else 1.0
    plan: list[Row] = [
        {"item": "i", "market": "m", "period": day, "quantity": 100.0 + inside * changes.get(at, 0.0), "owner": owner}
        for at, day in enumerate(PERIODS)
    ]
    band: list[Row] = [{"item": "i", "market": "m", "period": day, "quantity": 100.0, "p10": 90.0, "p90": 110.0} for day in PERIODS]
    made = override_flag(
        _table("override_effect", [{"override": "o1", "author": "Ann", "status": "applied", **(effect or {})}]),
        _table("override_cell", cells),
        _table("consensus", plan),
        _table("baseline", band),
        _history(_steady()) if history is None else history,
        _table("stream_snapshot", snapshot or []),
        setting,
    )
    assert set(made.get_column("override")) <= {"o1"}
    return {row["flag"]: row for row in made.iter_rows(named=True)}


def test_a_small_change_to_everything_is_not_flagged() -> None:
    assert _flags(dict.fromkeys(range(HORIZON), 5.0)) == {}


@pytest.mark.parametrize("name", ["consensus", "demand_plan"])
def test_a_hockey_stick_bends_the_end_up_as_no_year_did(name: str) -> None:
    found = _flags({8: 60.0, 9: 80.0, 10: 100.0, 11: 120.0}, name=name)["hockey_stick"]
    assert found["value"] == pytest.approx((400 + 360) / 400)
    assert found["threshold"] == pytest.approx(1.1)  # every year of the history ends as it began
    assert found["statement"] == (
        "The last 4 periods stand at 1.90 times the first 4 with it, 1.00 times without it; in the same periods of earlier years the most "
        "was 1.00 times."
    )


def test_a_business_that_grows_each_year_may_be_planned_to_grow() -> None:
    growing = _history([100.0 * 2 ** ((number % 12) / 8) for number in range(36)])
    assert "hockey_stick" not in _flags({8: 60.0, 9: 80.0, 10: 100.0, 11: 120.0}, history=growing)
    assert "hockey_stick" not in _flags({8: 60.0, 9: 80.0, 10: 100.0, 11: 120.0}, history=_history(_steady()[:11]))


def test_a_jump_is_measured_in_robust_deviations_of_history() -> None:
    # The history stands 4 from its neighbours, half of it up, half down: their median is 0, the median absolute deviation 4.
    found = _flags({5: 40.0})["jump"]
    assert found["threshold"] == 3
    assert found["value"] == pytest.approx(40 / (1.4826 * 4))
    assert "June 2026 moves 40 units up against the periods beside it" in str(found["statement"])
    assert "jump" not in _flags({5: 8.0})


def test_taking_a_jump_out_is_no_jump() -> None:
    cells: list[Row] = [
        {"override": "o1", "table": "consensus", "item": "i", "market": "m", "period": PERIODS[5], "before": 200.0, "after": 100.0}
    ]
    plan: list[Row] = [{"item": "i", "market": "m", "period": day, "quantity": 100.0} for day in PERIODS]
    effect = _table("override_effect", [{"override": "o1", "author": "Ann", "status": "applied"}])
    empty = {name: table(name).empty() for name in ("baseline", "stream_snapshot")}
    made = override_flag(
        effect,
        _table("override_cell", cells),
        _table("consensus", plan),
        empty["baseline"],
        _history(_steady()),
        empty["stream_snapshot"],
        SETTING,
    )
    assert made.is_empty()


def test_outside_the_interval_by_more_than_its_width() -> None:
    found = _flags({2: 40.0, 3: 25.0})["outside_interval"]
    assert found["value"] == pytest.approx((140 - 110) / 20)
    assert found["statement"] == (
        "1 of 2 cells outside the baseline's p10 to p90 by more than its width; furthest is i, m, March 2026: 140 against 90 to 110."
    )
    assert "outside_interval" not in _flags({2: 29.0})


def _record(changes: list[tuple[float, float]]) -> tuple[list[Row], pl.DataFrame]:
    """Ann's changes at lag 1 over the last periods of the history, as (change, actual), on a consensus of 100 without them."""
    rows: list[Row] = []
    actual = dict(zip(PAST, _steady(), strict=True))
    for back, (change, happened) in enumerate(reversed(changes), start=1):
        period, as_of = add_months(START, -back), add_months(START, -back - 1) + dt.timedelta(days=19)
        actual[period] = happened
        key: Row = {"as_of": as_of, "item": "i", "market": "m", "period": period}
        rows.append({**key, "stream": "consensus", "kind": "consensus", "quantity": 100.0 + change})
        rows.append({**key, "stream": "push", "kind": "override", "quantity": change, "owner": "Ann"})
    return rows, _history(list(actual.values()))


def test_against_the_authors_record() -> None:
    # Five upward changes of 20: one right (120), four wrong (100), so 0 + 4 * 20 % too high, and 1 of 5 better.
    snapshot, history = _record([(20.0, 120.0), *[(20.0, 100.0)] * 4])
    found = _flags({1: 10.0}, snapshot=snapshot, history=history)["against_record"]
    assert found["value"] == pytest.approx(0.2)
    assert found["threshold"] == 0.5
    assert found["statement"] == (
        "The last 5 upward changes of Ann: left the forecast on average 16 % too high; 1 of 5 improved it (lag 1)."
    )
    assert "against_record" not in _flags({1: -10.0}, snapshot=snapshot, history=history)  # nothing is known of her downward ones


def test_three_changes_are_no_record_and_a_good_one_is_not_held_against() -> None:
    for changes in ([(20.0, 100.0)] * 3, [(20.0, 120.0)] * 6):
        snapshot, history = _record(changes)
        assert "against_record" not in _flags({1: 10.0}, snapshot=snapshot, history=history)


def test_cells_of_another_owner_and_a_stale_one() -> None:
    found = _flags({1: 5.0, 2: 5.0}, owner="Ben", effect={"status": "stale", "was": 160.0, "before": 200.0})
    assert found["not_owner"]["statement"] == "Ben, not Ann, answers for 2 of 2 cells."
    assert found["not_owner"]["value"] == 2
    assert found["stale"]["value"] == pytest.approx(0.25)
    assert found["stale"]["statement"] == "Its cells summed to 160 when it was made, and sum to 200 now."
    assert "not_owner" not in _flags({1: 5.0}, owner="Ann")
    assert "not_owner" not in _flags({1: 5.0}, owner="Ben", effect={"author": None})


@pytest.mark.parametrize("values", [[], [0.0] * 36, [5.0] * 36, [float("nan")] * 36, [-3.0, 4.0] * 18, [1.0, 2.0, 3.0]])
@pytest.mark.parametrize("horizon", [1, 2, 3, 12])
def test_odd_histories_and_short_horizons_raise_nothing(values: list[float], horizon: int) -> None:
    calendar = {"as_of": "2025-12-31", "start": "2026-01-01", "horizon": horizon}
    setting = to_table(Setting.model_validate({"plan": "p", "calendar": calendar}))
    _flags({0: 50.0, horizon - 1: 900.0, 11: 1.0}, history=_history(values), setting=setting)


def test_without_overrides_there_are_no_flags() -> None:
    names = ("override_effect", "override_cell", "consensus", "baseline", "cleaned_history", "stream_snapshot")
    assert override_flag(*(table(name).empty() for name in names), SETTING).is_empty()  # type: ignore[call-arg]


def test_ten_thousand_overrides_take_about_two_seconds() -> None:
    series, random = 4_000, np.random.default_rng(1)
    keys = pl.DataFrame({"item": [f"i{number}" for number in range(series)], "market": ["m"] * series})
    past = keys.join(pl.DataFrame({"period": PAST}), how="cross").with_columns(quantity=pl.lit(100.0))
    past = past.with_columns(quantity=pl.Series(random.gamma(20, 5, past.height)))
    ahead = keys.join(pl.DataFrame({"period": PERIODS}), how="cross").with_columns(
        quantity=pl.lit(110.0), p10=pl.lit(80.0), p90=pl.lit(120.0)
    )
    cells = pl.DataFrame(
        {"override": [f"o{number}" for number in range(10_000)], "item": [f"i{number % series}" for number in range(10_000)]}
    )
    cells = cells.join(ahead, on="item", maintain_order="left").with_columns(before="quantity", after=pl.col("quantity") * 1.6)
    effect = cells.select("override", author=pl.lit("Ann"), status=pl.lit("applied")).unique("override", maintain_order=True)
    frames = {
        "override_effect": effect,
        "override_cell": cells.with_columns(table=pl.lit("consensus")),
        "consensus": ahead,
        "baseline": ahead,
    }
    frames |= {"cleaned_history": past, "stream_snapshot": table("stream_snapshot").empty()}
    given = [table(name).conform(frame) for name, frame in frames.items()]
    began = time.process_time()
    made = override_flag(*given, SETTING)  # type: ignore[call-arg]
    assert time.process_time() - began < 4
    assert made.height
