"""The newsvendor: what the simulation says of profit is what the closed form says."""

import math
from statistics import NormalDist
from typing import Any

import numpy as np
import polars as pl
import pytest

from tests.truth.company import rows
from tests.unit.simulation_example import simulated, statistic, trader

PRICE, COST, MEAN, DEVIATION, BOUGHT = 10.0, 6.0, 100.0, 20.0, 110.0
PATHS = 2000
NORMAL = NormalDist(MEAN, DEVIATION)
FACTOR = {"kind": "demand", "distribution": "normal", "mean": 1.0, "deviation": DEVIATION / MEAN}


@pytest.fixture(scope="module")
def made() -> dict[str, pl.DataFrame]:
    tables = {**trader(BOUGHT), "disturbance": rows({"disturbance": "sales", "target": "paper", **FACTOR})}
    return simulated(1, {"paths": PATHS, "rolling": 20, "seed": 4}, tables, frozen=1)


def loss(q: float) -> float:
    """Expected lost demand: deviation x (density(z) - z (1 - P(z))), z = (q - mean) / deviation. Silver, Pyke & Thomas (2017), app. II."""
    z = (q - MEAN) / DEVIATION
    return DEVIATION * (NormalDist().pdf(z) - z * (1 - NormalDist().cdf(z)))


def test_expected_profit_is_that_of_the_closed_form(made: dict[str, pl.DataFrame]) -> None:
    expected = PRICE * (MEAN - loss(BOUGHT)) - COST * BOUGHT
    error = statistic(made, "profit", "standard_error")
    assert abs(statistic(made, "profit", "mean") - expected) < 4 * error
    assert error == pytest.approx(statistic(made, "profit", "deviation") / math.sqrt(PATHS))
    assert abs(statistic(made, "shortage", "mean") - loss(BOUGHT)) < 4 * statistic(made, "shortage", "standard_error")


@pytest.mark.parametrize("demand", [60.0, 80.0, 95.0, 100.0, 109.0])
def test_chance_of_less_profit_than_x_is_that_of_demand_below_what_gives_x(made: dict[str, pl.DataFrame], demand: float) -> None:
    below = float((made["simulation_path"]["profit"] < PRICE * demand - COST * BOUGHT).mean())  # type: ignore[arg-type]
    chance = NORMAL.cdf(demand)
    assert abs(below - chance) < 4 * math.sqrt(chance * (1 - chance) / PATHS)


def test_profit_has_the_distribution_of_the_closed_form_by_kolmogorov_and_smirnov(made: dict[str, pl.DataFrame]) -> None:
    """Below the profit at which all is sold, which a share of paths earns exactly; 1.95 / sqrt(n) is passed in one of a thousand."""
    profit = np.sort(made["simulation_path"]["profit"].to_numpy())
    most = PRICE * BOUGHT - COST * BOUGHT
    part = profit[profit < most - 1e-6]
    assert len(part) / PATHS == pytest.approx(NORMAL.cdf(BOUGHT), abs=0.04)
    closed = np.array([NORMAL.cdf((value + COST * BOUGHT) / PRICE) for value in part])
    step = np.arange(1, len(part) + 1) / PATHS
    distance = max(np.abs(closed - step).max(), np.abs(closed - step + 1 / PATHS).max())
    assert distance < 1.95 / math.sqrt(PATHS)
    assert profit[-1] == pytest.approx(most)


def test_each_path_earns_what_it_sells_less_what_was_bought(made: dict[str, pl.DataFrame]) -> None:
    paths = made["simulation_path"]
    sold = np.minimum(paths["demand"].to_numpy(), BOUGHT)
    assert paths["profit"].to_numpy() == pytest.approx(PRICE * sold - COST * BOUGHT)
    assert paths["short"].to_numpy() == pytest.approx(paths["demand"].to_numpy() - sold)


def test_nothing_can_be_done_better_where_all_is_decided_before(made: dict[str, pl.DataFrame]) -> None:
    assert statistic(made, "policy", "paths") == 20
    assert statistic(made, "policy", "difference") == pytest.approx(0.0, abs=1e-6)
    assert made["simulation_path"]["resolved"].is_not_null().sum() == 20


def test_the_tail_is_that_of_the_normal(made: dict[str, pl.DataFrame]) -> None:
    """The mean of a normal below its tenth percentile is mean - deviation x density / tenth; here at risk.tail, 0.05."""
    expected = PRICE * (MEAN - DEVIATION * NormalDist().pdf(NormalDist().inv_cdf(0.05)) / 0.05) - COST * BOUGHT
    spread = PRICE * DEVIATION / math.sqrt(0.05 * PATHS)
    assert abs(statistic(made, "profit", "tail") - expected) < 4 * spread


def test_service_is_told_by_family_and_for_all(made: dict[str, pl.DataFrame]) -> None:
    service = made["simulation_service"]
    assert service["family"].to_list() in ([None, "Papers"], ["Papers", None])
    row = service.filter(pl.col("family") == "Papers").row(0, named=True)
    chance = 1 - NORMAL.cdf(BOUGHT + 0.5)  # gaps.shortage_units is half a unit
    assert abs(row["chance"] - chance) < 4 * math.sqrt(chance * (1 - chance) / PATHS)
    assert row["short"] == pytest.approx(statistic(made, "shortage", "mean"))
    assert row["planned"] == 1.0
    assert row["short_tail"] > row["short"]


def two(correlation: float | None) -> dict[str, pl.DataFrame]:
    tables: dict[str, Any] = {
        **trader(400.0, ("paper", "weekly")),
        "disturbance": rows(*({"disturbance": item, "target": item, **FACTOR} for item in ("paper", "weekly"))),
    }
    if correlation is not None:
        tables["correlation"] = rows({"one": "weekly", "other": "paper", "correlation": correlation})
    return simulated(1, {"paths": PATHS, "rolling": 0, "seed": 2}, tables, frozen=1)


@pytest.mark.parametrize("correlation", [None, 0.8, -0.6])
def test_the_variance_of_the_total_of_two_items_is_that_of_their_correlation(correlation: float | None) -> None:
    """Both always have enough, so profit is linear: variance of the sum = 2 d^2 (1 + r); its sampling error is sqrt(2 / n) of it."""
    made = two(correlation)
    expected = 2 * DEVIATION**2 * (1 + (correlation or 0.0))
    spread = statistic(made, "demand", "deviation") ** 2
    assert abs(spread / expected - 1) < 4 * math.sqrt(2 / PATHS)
    assert statistic(made, "profit", "deviation") == pytest.approx(PRICE * math.sqrt(spread))
    assert made["simulation_driver"]["share"].sum() == pytest.approx(1.0)


def test_the_same_seed_gives_the_same_paths_bit_for_bit_and_another_does_not() -> None:
    tables = {**trader(BOUGHT), "disturbance": rows({"disturbance": "sales", "target": "paper", **FACTOR})}
    first, again, other = (simulated(1, {"paths": 130, "rolling": 0, "seed": seed}, tables, frozen=1) for seed in (7, 7, 8))
    for name, frame in first.items():
        assert frame.equals(again[name]), name
    assert not first["simulation_path"].equals(other["simulation_path"])
    more = simulated(1, {"paths": 180, "rolling": 0, "seed": 7}, tables, frozen=1)
    assert more["simulation_path"].head(130).equals(first["simulation_path"])
