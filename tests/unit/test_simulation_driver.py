"""Drivers add up to one and are those of the closed form where profit is a sum; statistics are those of small samples by hand."""

import numpy as np
import pytest

from equipoise.reconcile.simulation.driver import driver_rows
from equipoise.reconcile.simulation.normal import Array
from equipoise.reconcile.simulation.statistic import statistics, tail_mean

NAMES = [("demand", "Tents"), ("demand", "Stoves"), ("late", "Supplier late")]


def sources(correlation: float) -> Array:
    matrix = np.array([[1, correlation, 0], [correlation, 1, 0], [0, 0, 1]])
    return np.asarray(np.random.default_rng(8).standard_normal((4000, 4, 3)) @ np.linalg.cholesky(matrix).T)


def shares(correlation: float, slopes: tuple[float, float, float], bend: float = 0.0) -> dict[str, float]:
    drawn = sources(correlation)
    total = drawn.sum(axis=1)
    profit = total @ np.array(slopes) + bend * (total[:, 0] * total[:, 1])
    made = driver_rows(profit, drawn.transpose(0, 2, 1), NAMES, "EUR")
    assert made["share"].sum() == pytest.approx(1.0)
    assert made["rank"].to_list() == list(range(1, made.height + 1))
    return dict(made.select("subject", "share").iter_rows())


def test_apart_from_each_other_the_shares_are_those_of_their_variances() -> None:
    found = shares(0.0, (3.0, 2.0, -1.0))
    assert found["Tents"] == pytest.approx(9 / 14, abs=0.04)
    assert found["Stoves"] == pytest.approx(4 / 14, abs=0.04)
    assert found["Supplier late"] == pytest.approx(1 / 14, abs=0.02)
    assert found["interaction and rest"] == pytest.approx(0.0, abs=0.03)


def test_what_families_have_in_common_has_a_share_of_its_own() -> None:
    found = shares(0.5, (1.0, 1.0, 0.0))
    assert found["all families together"] == pytest.approx(1 / 3, abs=0.03)  # variances 1 + 1, twice the covariance 1
    assert found["Tents"] == pytest.approx(1 / 3, abs=0.03)


def test_a_product_of_two_is_interaction() -> None:
    found = shares(0.0, (1.0, 1.0, 0.0), bend=0.5)  # sums have variance 4: 4 + 4 against 0.25 x 16
    assert found["interaction and rest"] == pytest.approx(4 / 12, abs=0.06)


def test_a_curve_in_one_is_its_own() -> None:
    drawn = sources(0.0)
    made = driver_rows(np.minimum(drawn.sum(axis=1)[:, 0], 0.0), drawn.transpose(0, 2, 1), NAMES, "EUR")
    assert made.row(0, named=True)["subject"] == "Tents"
    assert made.row(0, named=True)["share"] > 0.9


def test_slope_and_sentence_are_in_money() -> None:
    drawn = sources(0.0)
    made = driver_rows(drawn.sum(axis=1) @ np.array([0.0, 0.0, -500.0]), drawn.transpose(0, 2, 1), NAMES, "EUR")
    top = made.row(0, named=True)
    assert top["slope"] == pytest.approx(-1000.0, rel=0.05)  # four parts of deviation 1
    assert top["sentence"].startswith("Late delivery (Supplier late) explains")
    assert "costs EUR" in top["sentence"]


def test_nothing_is_said_where_profit_does_not_vary_or_paths_are_few() -> None:
    drawn = sources(0.0).transpose(0, 2, 1)
    assert driver_rows(np.ones(4000), drawn, NAMES, "").is_empty()
    assert driver_rows(drawn.sum(axis=(1, 2))[:30], drawn[:30], NAMES, "").is_empty()


def test_the_tail_is_the_mean_of_the_worst_share_the_last_path_in_part() -> None:
    values = np.array([4.0, 1.0, 3.0, 2.0])
    assert tail_mean(values, 0.5, high=False) == 1.5
    assert tail_mean(values, 0.5, high=True) == 3.5
    assert tail_mean(values, 0.375, high=False) == pytest.approx((1 + 0.5 * 2) / 1.5)
    assert tail_mean(values, 0.01, high=False) == 1.0
    assert tail_mean(values, 1.0, high=False) == 2.5


def test_statistics_of_a_few_paths_by_hand() -> None:
    found = {name: value for name, value, _ in statistics("profit", np.array([-10.0, 0.0, 10.0, 20.0]), 10.0, 0.25)}
    assert found["mean"] == 5.0
    assert found["plan"] == 10.0
    assert found["deviation"] == pytest.approx(np.sqrt(500 / 3))
    assert found["standard_error"] == pytest.approx(found["deviation"] / 2)
    assert (found["p50"], found["tail"]) == (5.0, -10.0)
    assert (found["chance_below_plan"], found["chance_of_loss"]) == (0.5, 0.25)
    assert "chance_of_loss" not in {name for name, *_ in statistics("demand", np.array([1.0]), 1.0, 0.5)}
