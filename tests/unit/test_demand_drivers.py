"""Drivers: laid over series, forecast where they are not known, believed only where they stand out, and used without knowing the future."""

import datetime as dt
import math

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from equipoise.demand import baseline
from equipoise.demand.drivers import Drivers, driven_backtest, laid
from equipoise.demand.drivers.response import Response, response
from equipoise.demand.forecast.backtest import origins, run_block
from equipoise.demand.methods import Array, pool
from equipoise.dimensions.calendar import Calendar, add_months
from equipoise.tables import table
from equipoise.tables.setting import CalendarSetting, DemandSetting, Setting, to_table

START = dt.date(2026, 1, 1)
MONTHS, AHEAD, SERIES = 48, 6, 12
ELASTICITY = -1.5


def world(seed: int = 0) -> tuple[Array, Array]:
    """Demand (series, months) that answers to a price (series, months + ahead) with an elasticity of -1.5, and that price."""
    generator = np.random.default_rng(seed)
    promoted = generator.random((SERIES, MONTHS + AHEAD)) < 0.2
    price = 10 * np.where(promoted, 0.75, 1.0) * (1 + generator.normal(0, 0.02, promoted.shape))
    season = 1 + 0.2 * np.sin(np.arange(MONTHS) / 6 * np.pi)
    level = generator.uniform(50, 500, (SERIES, 1))
    demand = level * season * (price[:, :MONTHS] / 10) ** ELASTICITY * np.exp(generator.normal(0, 0.05, (SERIES, MONTHS)))
    return demand, price


def months(count: int, end: dt.date = START) -> list[dt.date]:
    return [add_months(end, number - count) for number in range(count)]


def history(demand: Array) -> pl.DataFrame:
    rows = [
        (f"i{row:02d}", "north", day, float(value))
        for row, values in enumerate(demand)
        for day, value in zip(months(MONTHS), values, strict=True)
    ]
    return table("cleaned_history").conform(pl.DataFrame(rows, schema=["item", "market", "period", "quantity"], orient="row"))


def driver(values: Array, name: str = "price", *, known: bool = True) -> pl.DataFrame:
    days = [add_months(START, number - MONTHS) for number in range(values.shape[1])]
    rows = [
        (name, f"i{row:02d}", None, day, float(value), known)
        for row, line in enumerate(values)
        for day, value in zip(days, line, strict=True)
    ]
    columns = ["driver", "item", "market", "period", "value", "known_ahead"]
    return table("driver").conform(pl.DataFrame(rows, schema=columns, orient="row", infer_schema_length=None))


def run(given_history: pl.DataFrame, given_drivers: pl.DataFrame, **demand: object) -> dict[str, pl.DataFrame]:
    setting = Setting.model_validate(
        {
            "plan": "test",
            "calendar": CalendarSetting(start=START, horizon=AHEAD),
            "demand": DemandSetting.model_validate(demand),
        }
    )
    items = given_history.select("item").unique().sort("item").with_columns(family=pl.lit("all"))
    empty = [table(name).empty() for name in ("segment", "market", "calendar_effect", "succession")]
    return baseline(given_history, empty[0], table("item").conform(items), empty[1], given_drivers, empty[2], empty[3], to_table(setting))


def quantities(made: dict[str, pl.DataFrame]) -> Array:
    return made["baseline"].sort("item", "period").get_column("quantity").to_numpy().reshape(-1, AHEAD)


def test_a_price_is_found_and_its_effect_put_back_ahead() -> None:
    demand, price = world()
    cheap, dear = price.copy(), price.copy()
    cheap[:, MONTHS:], dear[:, MONTHS:] = 8.0, 10.0
    low, high = run(history(demand), driver(cheap)), run(history(demand), driver(dear))
    ratio = quantities(low).sum() / quantities(high).sum()
    assert 1.2 < ratio < (8 / 10) ** ELASTICITY * 1.05
    said = low["method_choice"].filter(pl.col("method") == "driver_model").get_column("reason").to_list()
    assert len(said) == SERIES
    assert all("price helps: error" in reason and "instead of" in reason and "in 6 origins" in reason for reason in said)


def test_with_the_price_the_forecast_is_better_than_without() -> None:
    demand, price = world(3)
    season = 1 + 0.2 * np.sin(np.arange(MONTHS, MONTHS + AHEAD) / 6 * np.pi)
    level = np.random.default_rng(3)
    level.random((SERIES, MONTHS + AHEAD)), level.normal(0, 0.02, (SERIES, MONTHS + AHEAD))
    truth = level.uniform(50, 500, (SERIES, 1)) * season * (price[:, MONTHS:] / 10) ** ELASTICITY
    with_price, without = quantities(run(history(demand), driver(price))), quantities(run(history(demand), table("driver").empty()))
    assert np.abs(with_price - truth).sum() < 0.6 * np.abs(without - truth).sum()


def test_the_response_is_the_elasticity() -> None:
    demand, price = world()
    found = response(demand, (np.log(price),), 12)
    assert found.drivers == (0,)
    assert found.effect[0] == pytest.approx(ELASTICITY, abs=0.1)
    lift = found.lift((np.log(price),), np.arange(SERIES), MONTHS)
    assert np.log(lift[:, :MONTHS]).mean(axis=1) == pytest.approx(np.zeros(SERIES), abs=1e-9)


def test_what_has_no_effect_is_left_out() -> None:
    demand, price = world()
    noise = np.random.default_rng(9).normal(0, 1, (20, MONTHS + AHEAD))
    found = response(demand, (np.log(price), *(row[None, :] for row in noise)), 12)
    assert found.drivers == (0,)
    assert response(demand, tuple(row[None, :] for row in noise), 12) == Response()
    made = run(history(demand), driver(np.repeat(noise[:1], SERIES, axis=0), "moon"))
    reasons = made["method_choice"].filter(pl.col("method") == "driver_model")
    assert reasons.get_column("chosen").sum() == 0
    assert set(reasons.get_column("reason")) == {"No driver has an effect on demand that stands out from chance."}
    assert made["baseline"].equals(run(history(demand), table("driver").empty())["baseline"])


def test_a_shock_that_all_share_is_not_taken_for_the_effect_of_a_common_driver() -> None:
    generator = np.random.default_rng(1)
    shock = generator.normal(0, 0.2, MONTHS)
    demand = 100 * np.exp(shock[None, :] + generator.normal(0, 0.02, (200, MONTHS)))
    wrong = sum(bool(response(demand, (generator.normal(0, 1, (1, MONTHS)),), 12).drivers) for _ in range(20))
    assert wrong <= 1


def test_drivers_can_be_switched_off() -> None:
    demand, price = world()
    assert run(history(demand), driver(price), drivers="none")["method_choice"].equals(
        run(history(demand), table("driver").empty())["method_choice"]
    )


def backtested(demand: Array, values: Array, *, known: bool) -> Array:
    """The past forecasts of the driver model, (methods, series, origins, reach)."""
    keys = pl.DataFrame({"item": [str(row) for row in range(SERIES)], "market": "m", "family": "f"})
    cuts = origins(np.full(SERIES, MONTHS), 12, AHEAD, 6)
    methods, suited = pool(("seasonal_smoothing",)), np.ones((3, SERIES), dtype=bool)
    plain = run_block(demand, 12, np.ones((SERIES, 7, 12)), cuts, methods, suited, AHEAD, AHEAD)
    made, _ = driven_backtest(demand, Drivers(("d",), (values,), np.array([known]), MONTHS), keys, 12, plain, methods, suited)
    return made.past


@pytest.mark.parametrize("late", [1, 5, 9])
def test_what_was_not_known_at_an_origin_changes_nothing_there(late: int) -> None:
    demand, price = world()
    changed = price.copy()
    changed[:, MONTHS - late :] *= np.random.default_rng(4).uniform(0.5, 2, changed[:, MONTHS - late :].shape)
    before, after = backtested(demand, price, known=False), backtested(demand, changed, known=False)
    cuts = origins(np.full(SERIES, MONTHS), 12, AHEAD, 6)[0]
    unaware = cuts >= late
    assert unaware.any()
    assert np.array_equal(before[:, :, unaware], after[:, :, unaware], equal_nan=True)
    aware = backtested(demand, changed, known=True)
    assert not np.array_equal(before[:, :, unaware], aware[:, :, unaware], equal_nan=True)


def test_later_demand_changes_nothing_at_an_origin() -> None:
    demand, price = world()
    changed = demand.copy()
    changed[:, MONTHS - 3 :] *= 3
    cuts = origins(np.full(SERIES, MONTHS), 12, AHEAD, 6)[0]
    before, after = backtested(demand, price, known=True), backtested(changed, price, known=True)
    assert np.array_equal(before[:, :, cuts >= 3], after[:, :, cuts >= 3], equal_nan=True)


def test_future_values_count_only_where_they_are_known_and_only_then() -> None:
    demand, price = world()
    changed = price.copy()
    changed[:, MONTHS + 3] = 5.0
    first, second = run(history(demand), driver(price)), run(history(demand), driver(changed))
    same = [step for step in range(AHEAD) if step != 3]
    assert np.array_equal(quantities(first)[:, same], quantities(second)[:, same])
    assert quantities(second)[:, 3].sum() > 1.3 * quantities(first)[:, 3].sum()
    assert first["method_choice"].equals(second["method_choice"])
    unknown = [run(history(demand), driver(values, known=False)) for values in (price, changed)]
    assert unknown[0]["baseline"].equals(unknown[1]["baseline"])


def test_series_unfit_for_it_do_not_change_the_others() -> None:
    demand, price = world()
    late = np.zeros((2, MONTHS))
    late[0, -1] = 900.0
    alone = run(history(demand), driver(price))
    prices = driver(np.concatenate([price, np.full((2, MONTHS + AHEAD), 3.0)]))
    beside = run(history(np.concatenate([demand, late])), prices)
    mine = ~pl.col("item").is_in([f"i{SERIES:02d}", f"i{SERIES + 1:02d}"])
    for name in ("baseline", "method_choice"):
        assert alone[name].equals(beside[name].filter(mine))


def test_the_special_row_goes_before_the_general_one() -> None:
    days = months(3)
    rows = [
        ("d", None, None, days[0], 1.0, True),
        ("d", None, None, days[1], 1.0, True),
        ("d", None, None, days[2], 1.0, True),
        ("d", None, "m2", days[1], 2.0, True),
        ("d", "a", None, days[1], 3.0, True),
        ("d", "a", "m2", days[1], 4.0, True),
        ("d", "a", "m2", days[1] + dt.timedelta(days=9), 6.0, True),
        ("other", "nobody", None, days[0], 1.0, False),
        ("empty", None, None, days[0], float("nan"), True),
    ]
    columns = ["driver", "item", "market", "period", "value", "known_ahead"]
    frame = table("driver").conform(pl.DataFrame(rows, schema=columns, orient="row"))
    keys = pl.DataFrame({"item": ["a", "a", "b", "b"], "market": ["m1", "m2", "m1", "m2"]})
    found = laid(frame, keys, days, 1, Calendar("month", START, 1, START))
    assert found is not None
    assert found.names == ("d",)
    assert found.periods == 2
    assert found.values[0][:, 1].tolist() == [3.0, 5.0, 1.0, 2.0]
    assert laid(frame.filter(pl.col("driver") != "d"), keys, days, 1, Calendar("month", START, 1, START)) is None


def seen(values: list[float], end: int, width: int, season: int = 4, *, known: bool = False) -> list[float]:
    drivers = Drivers(("d",), (np.array([values]),), np.array([known]), end)
    return [round(value, 6) for value in drivers.at(end, width, season)[0][0].tolist()]


def test_what_is_not_known_is_forecast_from_what_is() -> None:
    nan = float("nan")
    warm = [-10.0, 0.0, 20.0, 5.0] * 6
    assert seen([*warm, 99.0, 99.0], 24, 2)[24:] == [-10.0, 0.0], "the season's mean"
    assert seen([-1.0, 5.0, 2.0, 2.0, 7.0, 7.0], 5, 2)[5:] == [7.0, 7.0], "no season: the last value holds"
    assert seen([-1.0, nan, 3.0, nan, 4.0], 4, 1, known=True) == [-1.0, -1.0, 3.0, 3.0, 4.0]
    assert seen([nan, 1.0, nan, 1.0, nan, 1.0], 4, 2, known=True) == [0.0, 1.0, 0.0, 1.0, 0.0, 1.0], "a switch is off where nobody says on"
    assert seen([1.0, math.e, math.e**2, math.e**3], 2, 2, known=True) == [0.0, 1.0, 2.0, 3.0], "above zero: in logarithms"
    assert seen([nan] * 6, 4, 2) == [0.0] * 6


@settings(max_examples=25, deadline=None)
@given(data=st.data(), length=st.integers(1, 40), count=st.integers(1, 30))
def test_whatever_the_drivers_the_response_is_finite(data: st.DataObject, length: int, count: int) -> None:
    generator = np.random.default_rng(data.draw(st.integers(0, 1000)))
    kinds = data.draw(st.lists(st.sampled_from(["constant", "same", "switch", "huge", "empty", "noise"]), min_size=count, max_size=count))
    base = generator.normal(0, 1, (3, length + 4))
    made = {
        "constant": np.full((3, length + 4), 7.0),
        "same": base,
        "switch": (base[:1] > 1).astype(float),
        "huge": base * 1e12,
        "empty": np.full((3, length + 4), np.nan),
        "noise": np.where(base > 0.5, np.nan, base + 3),
    }
    drivers = Drivers(tuple(map(str, range(count))), tuple(made[kind] for kind in kinds), generator.random(count) < 0.5, length)
    values = np.maximum(generator.normal(5, 5, (3, length)), 0)
    known = drivers.at(length, 4, 12)
    found = response(values, known, 12)
    lift = found.lift(known, np.arange(3), length)
    assert np.isfinite(lift).all()
    assert 0.09 < lift.min() <= lift.max() < 10.1


@pytest.mark.shared
def test_stallion_is_forecast_better_with_drivers_than_by_any_method_or_without_them() -> None:
    from benchmarks import demand, stallion

    if not demand.DATA.exists():
        pytest.skip("the shared data is not beside the project")
    found = stallion.measured(stallion.STARTS[::4], libraries=False)
    error = {name: np.mean([made.error / made.demand for made in by_start.values()]) for name, by_start in found.items()}
    for pool_name in ("fast", "accurate"):
        driven = error[f"pool with drivers, {pool_name}"]
        assert driven < 0.98 * error[f"pool, {pool_name}"]
        assert all(driven < other for name, other in error.items() if not name.startswith("pool"))
    inside = np.mean([made.inside for made in found["pool with drivers, fast"].values()])
    assert 0.75 <= inside <= 0.85


def test_a_driver_without_its_future_or_most_of_its_past_is_not_taken_for_known() -> None:
    days = [add_months(dt.date(2024, 1, 1), number) for number in range(30)]
    keys = pl.DataFrame({"item": ["tent"], "market": ["north"], "family": ["all"]})
    calendar = Calendar.from_setting(CalendarSetting(start=days[24], horizon=6))

    def rows_of(name: str, periods: list[dt.date], values: list[float]) -> pl.DataFrame:
        rows = {"driver": [name] * len(periods), "period": periods, "value": values, "known_ahead": [True] * len(periods)}
        return table("driver").conform(pl.DataFrame(rows))

    past = [10.0 + number % 5 for number in range(24)]
    whole = rows_of("price", days, [*past, *past[:6]])
    promised = rows_of("index", days[:24], past)
    sparse = rows_of("survey", days[:24:6], past[::6])
    switch = rows_of("fair", days[3:24:7], [1.0, 1.0, 1.0])
    found = laid(pl.concat([whole, promised, sparse, switch]), keys, days, 6, calendar)
    assert found is not None
    assert dict(zip(found.names, found.known.tolist(), strict=True)) == {"fair": True, "index": False, "price": True}
