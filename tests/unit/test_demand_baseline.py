"""The baseline: what trains it, what every series gets, and how methods are chosen."""

import datetime as dt
import multiprocessing
from concurrent.futures import Executor, ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from equipoise.demand import baseline
from equipoise.demand.forecast.backtest import origins
from equipoise.demand.forecast.family import season_shapes
from equipoise.demand.forecast.interval import interval
from equipoise.demand.forecast.panel import ended
from equipoise.dimensions.calendar import Calendar, add_months
from equipoise.errors import InputError
from equipoise.tables import table
from equipoise.tables.setting import CalendarSetting, DemandSetting, Setting, to_table

START = dt.date(2026, 1, 1)
SHARED = Path(__file__).parents[2] / ".." / "shared" / "data"


def history(series: dict[str, list[float]], *, market: str = "north", end: dt.date = START) -> pl.DataFrame:
    """Months of demand by item, each ending with the month before `end`."""
    rows = [
        (item, market, add_months(end, number - len(values)), value)
        for item, values in series.items()
        for number, value in enumerate(values)
    ]
    return table("history").conform(pl.DataFrame(rows, schema=["item", "market", "period", "quantity"], orient="row"))


def items(names: list[str], **columns: list[object]) -> pl.DataFrame:
    return table("item").conform(pl.DataFrame({"item": names, "family": ["all"] * len(names), **columns}))


def run(
    given_history: pl.DataFrame,
    given_items: pl.DataFrame | None = None,
    *,
    horizon: int = 6,
    as_of: dt.date | None = None,
    executor: Executor | None = None,
    segment: pl.DataFrame | None = None,
    calendar_effect: pl.DataFrame | None = None,
    **demand: object,
) -> dict[str, pl.DataFrame]:
    names = given_history.get_column("item").unique().sort().to_list()
    setting = Setting.model_validate(
        {
            "plan": "test",
            "calendar": CalendarSetting(start=START, horizon=horizon, as_of=as_of),
            "demand": DemandSetting.model_validate(demand),
        }
    )
    item = items(names) if given_items is None else given_items
    return baseline(
        given_history,
        table("segment").empty() if segment is None else segment,
        item,
        table("market").empty(),
        table("driver").empty(),
        table("calendar_effect").empty() if calendar_effect is None else calendar_effect,
        table("succession").empty(),
        to_table(setting),
        executor=executor,
    )


def points(made: dict[str, pl.DataFrame], item: str) -> list[float]:
    found: list[float] = made["baseline"].filter(pl.col("item") == item).sort("period").get_column("quantity").to_list()
    return found


def wave(months: int, level: float = 100.0, seed: int = 0, noise: float = 5.0) -> list[float]:
    """Seasonal demand that ends in December."""
    month = np.arange(12 * 20 - months, 12 * 20) % 12
    shape = 1 + 0.4 * np.sin(month / 12 * 2 * np.pi)
    values: list[float] = (level * shape + np.random.default_rng(seed).normal(0, noise, months)).tolist()
    return values


NORMAL = {f"n{number}": wave(36 + number, 100 + 40 * number, number) for number in range(6)}


def test_every_series_has_every_period_and_ordered_percentiles() -> None:
    made = run(history({**NORMAL, "one": [5.0], "zero": [0.0] * 20}), horizon=9)
    frame = made["baseline"]
    assert frame.height == 8 * 9
    assert frame.get_column("period").unique().sort().to_list() == list(Calendar("month", START, 9, START).periods)
    ordered = frame.filter((pl.col("p10") <= pl.col("p50")) & (pl.col("p50") <= pl.col("p90")) & (pl.col("p10") >= 0))
    assert ordered.height == frame.height
    assert frame.schema == table("baseline").schema


def test_season_is_forecast_better_than_naive() -> None:
    made = run(history(NORMAL), horizon=12)
    truth = 100 * (1 + 0.4 * np.sin(np.arange(12) / 12 * 2 * np.pi))
    assert np.abs(np.array(points(made, "n0")) - truth).mean() < 6
    spread = made["baseline"].filter(pl.col("item") == "n0")
    assert (spread.get_column("p90") - spread.get_column("p10")).max() < 60  # type: ignore[operator]


@pytest.mark.parametrize(
    "unfit",
    [
        {"one": [7.0]},
        {"three": [900.0, 5.0, 7000.0]},
        {"zeros": [0.0] * 60},
        {"gone": [50.0] * 60 + [0.0] * 9},
        {"old": [3.0] + [0.0] * 70},
    ],
)
def test_unfit_series_do_not_change_the_others(unfit: dict[str, list[float]]) -> None:
    alone, beside = run(history(NORMAL)), run(history({**NORMAL, **unfit}))
    keep = ~pl.col("item").is_in(list(unfit))
    for name in ("baseline", "method_choice"):
        assert alone[name].equals(beside[name].filter(keep))


def test_a_launch_is_no_trend() -> None:
    launched = [0.0] * 30 + [20.0, 100.0, 98.0, 104.0, 101.0, 99.0]
    made = points(run(history({**{name: [100.0 + (number % 3) for number in range(36)] for name in NORMAL}, "new": launched})), "new")
    assert max(made) < 106
    assert min(made) > 94


def test_zeros_before_the_launch_are_not_demand() -> None:
    made = run(history({"new": [0.0] * 33 + [50.0, 52.0, 48.0], **NORMAL}))
    assert points(made, "new") == pytest.approx([50] * 6, rel=0.35)
    assert made["baseline"].filter(pl.col("item") == "new").get_column("method").unique().to_list() == ["short_history"]


def test_a_short_history_takes_part_of_its_familys_season() -> None:
    made = points(run(history({**NORMAL, "new": [60.0, 70.0, 80.0]}), horizon=12), "new")
    assert made[3] > made[9] * 1.3  # April is the peak of the others, October their trough


def test_ended_demand_is_zero_and_says_why() -> None:
    made = run(history({"old": [30.0] * 30 + [0.0] * 6, **NORMAL}))
    assert points(made, "old") == [0.0] * 6
    reason = made["method_choice"].filter((pl.col("item") == "old") & pl.col("chosen")).get_column("reason").item()
    assert "No demand in the last 6 periods" in reason


def test_the_off_season_is_no_end() -> None:
    made = run(history({"skis": ([40.0, 35.0, 20.0] + [0.0] * 6 + [25.0, 50.0, 60.0]) * 4}), horizon=12)
    found = points(made, "skis")
    assert sum(found[:2]) > 40
    assert sum(found[4:8]) < 0.2 * sum(found)


def test_discontinued_and_not_yet_launched() -> None:
    about = items(["n0", "n1"], launch=[None, dt.date(2026, 3, 1)], discontinue=[dt.date(2026, 2, 14), None])
    made = run(history({name: NORMAL[name] for name in ("n0", "n1")}), about)
    full = run(history({name: NORMAL[name] for name in ("n0", "n1")}))
    stopped = points(made, "n0")
    assert stopped[2:] == [0.0] * 4
    assert stopped[1] == pytest.approx(points(full, "n0")[1] / 2, rel=1e-9)
    assert points(made, "n1")[:2] == [0.0, 0.0]
    assert points(made, "n1")[2] > 0


def test_incomplete_periods_do_not_train() -> None:
    complete = run(history(NORMAL))
    partial = pl.concat([history(NORMAL), history({"n0": [1.0]}, end=add_months(START, 1))])
    assert complete["baseline"].equals(run(partial)["baseline"])
    early = run(history(NORMAL), as_of=dt.date(2025, 12, 10))
    assert early["baseline"].equals(run(history(NORMAL).filter(pl.col("period") < dt.date(2025, 12, 1)))["baseline"])


def test_a_gap_before_the_plan_is_forecast_across() -> None:
    known = history({name: wave(36, 100, 1)[:-4] for name in ("a",)}, end=add_months(START, -4))
    made = points(run(known, horizon=12), "a")
    truth = 100 * (1 + 0.4 * np.sin(np.arange(12) / 12 * 2 * np.pi))
    assert int(np.argmax(made)) in {2, 3, 4}
    assert np.abs(np.array(made) - truth).mean() < 12


def test_months_that_nobody_recorded_are_not_zero_demand() -> None:
    cut = {name: [*values[:-2], 0.0, 0.0] for name, values in NORMAL.items()}
    missing = history({name: values[:-2] for name, values in NORMAL.items()}, end=add_months(START, -2))
    assert run(history(cut))["baseline"].equals(run(missing)["baseline"])


def test_dates_inside_a_period_and_several_rows_of_one_are_added_up() -> None:
    whole = history(NORMAL)
    halves = pl.concat(
        [whole.with_columns(pl.col("quantity") / 2), whole.with_columns(pl.col("quantity") / 2, pl.col("period").dt.month_end())]
    )
    assert run(halves)["baseline"].equals(run(whole)["baseline"])


def test_a_quantity_that_is_no_number_counts_as_none() -> None:
    spoiled = history({**NORMAL, "odd": [4.0, float("nan"), float("inf"), 6.0, 5.0, 4.0, 6.0]})
    assert max(points(run(spoiled), "odd")) < 10


def test_no_history_gives_empty_tables() -> None:
    made = run(table("history").empty())
    assert made["baseline"].equals(table("baseline").empty())
    assert made["method_choice"].equals(table("method_choice").empty())


def test_choice_says_what_was_tried_and_why() -> None:
    made = run(history({**NORMAL, "one": [5.0], "rare": [0.0, 0.0, 9.0, 0.0, 0.0, 0.0, 4.0, 0.0] * 5}))["method_choice"]
    assert made.filter(pl.col("chosen")).group_by("item", "market").len().get_column("len").to_list() == [1] * 8
    beside = made.filter(pl.col("method").is_in(["naive", "seasonal_naive"])).group_by("item").len()
    assert beside.get_column("len").to_list() == [2] * 8
    assert made.get_column("reason").str.len_chars().min() > 10  # type: ignore[operator]
    tried = made.filter(pl.col("item") == "n5")
    assert tried.height >= 9
    assert tried.filter(pl.col("chosen")).get_column("error").item() < tried.filter(pl.col("method") == "naive").get_column("error").item()
    assert tried.get_column("origins").max() == 6
    assert {"croston_sba", "tsb", "adida"} <= set(made.filter(pl.col("item") == "rare").get_column("method"))
    assert not {"croston_sba", "theta"} & set(made.filter(pl.col("item") == "one").get_column("method"))


def test_methods_can_be_named_and_wrong_names_are_refused() -> None:
    tried = run(history(NORMAL), methods=("theta",))["method_choice"].get_column("method").unique().to_list()
    assert set(tried) <= {"naive", "seasonal_naive", "theta", "combination"}
    with pytest.raises(InputError, match="no forecasting method teta") as raised:
        run(history(NORMAL), methods=("teta",))
    assert "theta" in raised.value.fix


def test_an_executor_gives_the_same() -> None:
    many = history({f"i{number}": wave(30, 50 + number, number) for number in range(520)})
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as executor:
        assert run(many, executor=executor, horizon=3)["baseline"].equals(run(many, horizon=3)["baseline"])


def test_origins_leave_enough_history() -> None:
    cuts = origins(np.array([1, 2, 6, 36, 120]), 12, 18, 6)
    assert cuts[0].sum() == 0
    assert cuts[1].max() == 1
    assert cuts[2].max() == 2
    assert cuts[3].max() == 12
    assert sorted(cuts[4]) == [3, 6, 9, 12, 15, 18]


def test_shapes_know_only_what_the_origin_knew() -> None:
    values = np.array([wave(60, 100, number) for number in range(3)])
    groups = pl.DataFrame({"family": ["a", "a", "b"], "market": ["m", "n", "m"]})
    cuts = np.array([[6], [6], [6]])
    teaching = np.ones(3, dtype=bool)
    full = season_shapes(values, teaching, groups, 12, cuts)
    cut = season_shapes(values[:, :-6], teaching, groups, 12, np.zeros((3, 1), dtype=np.int64))
    assert full[:, 1] == pytest.approx(cut[:, 0])


def test_intervals_cover_what_they_say() -> None:
    generator = np.random.default_rng(5)
    future = generator.normal(100, 10, (400, 6))
    past = np.full((400, 6, 6), 100.0)
    actual = generator.normal(100, 10, (400, 6, 6))
    around = interval(np.full((400, 6), 100.0), past, actual, np.full(400, 10.0), np.zeros(400, dtype=np.int64))
    assert 0.78 < ((future >= around.p10) & (future <= around.p90)).mean() < 0.90
    assert (np.diff((around.p90 - around.p10).mean(axis=0)) > 0).all()


def test_demand_has_ended_only_where_that_is_unlikely_to_be_chance() -> None:
    steady, rare = [5.0] * 20 + [0.0] * 4, ([0.0, 0.0, 0.0, 0.0, 5.0] * 5)[:20] + [0.0] * 4
    assert ended(np.array([steady, rare]), 12).tolist() == [4, 0]


@settings(max_examples=30, deadline=None)
@given(
    series=st.dictionaries(
        st.sampled_from("abcdef"), st.lists(st.floats(-1e3, 1e6, allow_subnormal=False), min_size=1, max_size=45), min_size=1, max_size=4
    ),
    horizon=st.integers(1, 14),
)
def test_whatever_the_history_there_is_a_forecast(series: dict[str, list[float]], horizon: int) -> None:
    frame = run(history(series), horizon=horizon)["baseline"]
    assert frame.height in {0, len(series) * horizon}
    assert frame.select(pl.col("quantity", "p10", "p50", "p90").is_finite().all()).row(0) == (True,) * 4
    assert frame.filter(pl.col("p10") > pl.col("p50")).is_empty()
    assert frame.filter(pl.col("p50") > pl.col("p90")).is_empty()


@pytest.mark.shared
def test_competition_series() -> None:
    if not SHARED.exists():
        pytest.skip("the shared data is not beside the project")
    from benchmarks.demand import competition, scaled, symmetric
    from benchmarks.demand import run as forecast_all

    inside = []
    for name, most, least in (("m1_monthly", 14.7, 1.05), ("tourism_monthly", 19.0, 1.45)):
        train, test = competition(name)
        outcome, _ = forecast_all(train, test.shape[1])
        assert symmetric(outcome.points, test) <= most
        assert scaled(outcome.points, test, train) <= least
        inside.append(((test >= outcome.p10) & (test <= outcome.p90)).ravel())
    assert 0.75 <= np.concatenate(inside).mean() <= 0.85


def test_an_absurd_period_trains_nothing_and_is_said() -> None:
    calm = [100.0 + 20 * (month % 12 == 5) + month % 3 for month in range(36)]
    slip = [*calm[:14], 102_000_000.0, *calm[15:]]
    made = run(history({"tent": slip, "bag": [value + 7 for value in calm]}))
    forecast = made["baseline"].filter(pl.col("item") == "tent")
    assert forecast.get_column("p90").max() < 200  # type: ignore[operator]
    reasons = made["method_choice"].filter(pl.col("item") == "tent", pl.col("chosen")).get_column("reason").to_list()
    assert "1 period was over a thousand times the usual demand" in reasons[0]
    alone = run(history({"tent": calm, "bag": [value + 7 for value in calm]}))["baseline"].filter(pl.col("item") == "bag")
    assert made["baseline"].filter(pl.col("item") == "bag").get_column("quantity").to_list() == pytest.approx(
        alone.get_column("quantity").to_list(), rel=0.02
    )


def test_the_naive_forecast_is_last_years_demand_as_booked() -> None:
    booked = history({"n0": NORMAL["n0"], "new": [5.0, 7.0, 9.0], "never": [0.0] * 9})
    cleaned = table("cleaned_history").conform(booked.with_columns(raw=pl.col("quantity"), quantity=pl.col("quantity") / 2))
    made = run(cleaned, horizon=14)["baseline"].sort("item", "period")
    naive = {item: made.filter(pl.col("item") == item).get_column("naive").to_list() for item in ("n0", "new", "never")}
    assert naive["n0"] == pytest.approx([*NORMAL["n0"][-12:], *NORMAL["n0"][-12:-10]])
    assert naive["new"] == [*[9.0] * 10, 7.0, *[9.0] * 3]  # last November is known, and its first month was not a whole one
    assert naive["never"] == [0.0] * 14


def test_the_calendars_effect_is_taken_out_and_put_back() -> None:
    effect = table("calendar_effect").conform(
        pl.DataFrame(
            {"family": [None, "all"], "period": [add_months(START, 1), add_months(START, 2)], "factor": [0.9, 1.2]},
            schema_overrides={"family": pl.String},
        )
    )
    factor = {add_months(START, -step): 0.8 if step % 5 == 0 else 1.1 for step in range(1, 61)}
    plain = history({name: [100.0 + number] * 48 for number, name in enumerate(NORMAL)})
    counted = plain.with_columns(pl.col("period").replace_strict(factor, return_dtype=pl.Float64).alias("calendar_factor"))
    cleaned = table("cleaned_history").conform(counted.with_columns(pl.col("quantity") * pl.col("calendar_factor")))
    found = points(run(cleaned, calendar_effect=effect), "n0")
    assert found == pytest.approx([100.0, 90.0, 120.0, 100.0, 100.0, 100.0], rel=1e-6)


def test_the_reason_says_how_many_test_periods_the_interval_held() -> None:
    chosen = run(history({**NORMAL, "one": [5.0]}))["method_choice"].filter(pl.col("chosen"))
    said = dict(chosen.select("item", "reason").rows())
    shares = [int(said[name].rpartition("interval held ")[2].split("%")[0]) for name in NORMAL]
    assert 60 <= np.mean(shares) <= 100
    assert "interval" not in said["one"]


def test_segments_say_which_methods_are_tried() -> None:
    said = table("segment").conform(
        pl.DataFrame({"item": ["n0", "n1"], "market": ["north", "north"], "methods": ["intermittent", "regular"]})
    )
    tried = run(history(NORMAL), segment=said)["method_choice"]
    assert "croston_sba" in tried.filter(pl.col("item") == "n0").get_column("method").to_list()
    assert "croston_sba" not in tried.filter(pl.col("item") == "n1").get_column("method").to_list()


def test_whole_units_add_up_to_the_rounded_total() -> None:
    made, whole = (run(history(NORMAL), whole_units=flag)["baseline"] for flag in (False, True))
    assert (whole.get_column("quantity") == whole.get_column("quantity").round(0)).all()
    totals = [frame.group_by("period").agg(pl.col("quantity").sum()).sort("period").get_column("quantity") for frame in (made, whole)]
    assert (totals[0] - totals[1]).abs().max() <= 0.5 + 1e-6  # type: ignore[operator]


@pytest.mark.parametrize("way", [{"reconciliation": "top_down"}, {"level": ("family",)}, {"reconciliation": "min_trace"}])
def test_levels_give_every_series_a_forecast(way: dict[str, Any]) -> None:
    frame = run(history({**NORMAL, "one": [5.0]}), **way)["baseline"]
    assert frame.height == 7 * 6
    assert frame.select(pl.col("quantity", "p10", "p50", "p90").is_finite().all()).row(0) == (True,) * 4
    assert frame.filter((pl.col("p10") > pl.col("quantity")) | (pl.col("quantity") > pl.col("p90"))).is_empty()
    own = run(history({**NORMAL, "one": [5.0]}))["baseline"]
    assert frame.get_column("quantity").sum() == pytest.approx(own.get_column("quantity").sum(), rel=0.1)
    assert not frame.get_column("quantity").equals(own.get_column("quantity"))


BAD: dict[str, list[float]] = {
    "one": [7.0],
    "zeros": [0.0] * 40,
    "below": [-5.0, -3.0, -8.0, -2.0] * 9,
    "mixed": [20.0, -4.0, 18.0, 22.0, 0.0, 19.0] * 6,
    "constant": [12.0] * 40,
    "holes": [9.0, float("nan"), 11.0, 10.0, float("nan"), 8.0] * 6,
    "quarter": [4.0, 6.0, 5.0],
    "forty_years": wave(480, 60, 3),
}


@pytest.mark.parametrize("name", list(BAD))
def test_bad_input_has_a_forecast_and_a_reason(name: str) -> None:
    made = run(history({**NORMAL, name: BAD[name]}))
    frame = made["baseline"].filter(pl.col("item") == name)
    assert frame.height == 6
    assert frame.select(pl.col("quantity", "naive", "p10", "p50", "p90").is_finite().all()).row(0) == (True,) * 5
    assert frame.get_column("quantity").min() >= 0  # type: ignore[operator]
    said = made["method_choice"].filter(pl.col("item") == name, pl.col("chosen")).get_column("reason").to_list()
    assert len(said) == 1
    assert len(said[0]) > 20
    found = made["baseline"].filter(pl.col("item") == "n0").get_column("quantity").to_numpy()
    alone = run(history(NORMAL))["baseline"].filter(pl.col("item") == "n0").get_column("quantity").to_numpy()
    assert found == pytest.approx(alone, rel=0.05)


def test_bad_input_gets_a_sensible_forecast() -> None:
    bad = {name: values for name, values in BAD.items() if name != "forty_years"}
    made = run(history({**NORMAL, **bad}))
    mean = {name: np.mean(points(made, name)) for name in bad}
    assert mean["constant"] == pytest.approx(12, rel=0.02)
    assert mean["zeros"] == mean["below"] == 0
    assert 2 < mean["quarter"] < 9
    assert 4 < mean["one"] < 10
    assert 5 < mean["holes"] < 11


def test_a_history_that_ends_two_years_before_the_plan_is_forecast_across() -> None:
    made = points(run(history({"a": wave(36, 100, 1)[:-1]}, end=dt.date(2023, 12, 1)), horizon=12), "a")
    assert len(made) == 12
    assert int(np.argmax(made)) in {2, 3, 4}


@pytest.mark.shared
def test_car_parts_are_forecast_better_than_by_single_methods() -> None:
    """Two origins; the peers' scores are those of `python -m benchmarks.demand`: IMAPA, the best of them, has 0.597 and 0.648 there."""
    if not SHARED.exists():
        pytest.skip("the shared data is not beside the project")
    from benchmarks.demand import car_parts, from_first_demand, rmsse
    from benchmarks.demand import run as forecast_all

    for origin, most in ((0, 0.590), (5, 0.642)):
        zeros, test = car_parts(origin)
        outcome, _ = forecast_all(from_first_demand(zeros), 12)
        assert rmsse(outcome.points, test, zeros) <= most
        assert abs(outcome.points.sum() / test.sum() - 1) <= 0.08
        assert ((test >= outcome.p10) & (test <= outcome.p90)).mean() >= 0.75


def test_a_short_history_among_rare_demands_promises_little() -> None:
    chance = np.random.default_rng(2)
    rare = {f"r{number:02d}": np.where(chance.random(48) < 0.2, 5.0, 0.0).tolist() for number in range(40)}
    made = points(run(history({**rare, "new": [0.0] * 47 + [5.0]})), "new")
    assert 0.5 < sum(made) / len(made) < 2.0


def test_a_launch_beside_rare_demand_is_forecast_at_its_own_rate() -> None:
    chance = np.random.default_rng(4)
    rare = {f"r{number:02d}": np.where(chance.random(36) < 0.1, 5.0, 0.0).tolist() for number in range(40)}
    launched = {f"n{number:02d}": [0.0] * 34 + [20.0, 20.0] for number in range(20)}
    made = points(run(history({**rare, **launched})), "n03")
    assert 15 < sum(made) / len(made) < 25
