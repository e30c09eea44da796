"""How demand hangs together: estimated correlations are those of the data, shrunk; drawn ones are those that were asked for."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from equipoise.errors import InputError
from equipoise.reconcile.simulation.dependence import Dependence, dependence
from equipoise.reconcile.simulation.given_correlation import Given, with_given
from equipoise.reconcile.simulation.normal import Array
from equipoise.reconcile.simulation.residuals import Residuals, residuals
from equipoise.reconcile.simulation.scores import Scores

SEASON = 12


def history(periods: int, within: float, between: float, time: float, series: int = 20, families: int = 2) -> tuple[Array, list[int]]:
    """Seasonal demand around 100 whose errors have correlations by family, and one over time."""
    chance = np.random.default_rng(5)
    group = [number % families for number in range(series)]
    same = np.equal.outer(group, group)
    matrix = np.where(same, within, between)
    np.fill_diagonal(matrix, 1.0)
    fresh = chance.standard_normal((periods, series)) @ np.linalg.cholesky(matrix).T
    for t in range(1, periods):
        fresh[t] = time * fresh[t - 1] + math.sqrt(1 - time**2) * fresh[t]
    season = 100 + 40 * np.sin(2 * np.pi * np.arange(periods) / SEASON)
    return season[:, None] * np.exp(0.15 * fresh), group


def test_correlation_and_persistence_are_found_in_long_history() -> None:
    values, group = history(240, 0.6, 0.2, 0.5)
    found = dependence(residuals(values, SEASON), group)
    assert found.within == pytest.approx(0.6, abs=0.15)
    assert found.between == pytest.approx(0.2, abs=0.15)
    assert found.time == pytest.approx(0.5, abs=0.1)
    matrix = found.matrix()
    assert np.diag(matrix) == pytest.approx(1.0)
    assert np.linalg.eigvalsh(matrix)[0] > -1e-9
    assert found.intensity > 0.5  # the truth is the pattern itself, so little but the pattern should count


def test_independent_demand_is_hardly_correlated_however_short_the_history() -> None:
    values, group = history(36, 0.0, 0.0, 0.0)
    found = dependence(residuals(values, SEASON), group)
    off = found.matrix()[~np.eye(len(group), dtype=bool)]
    raw = np.asarray(np.corrcoef(values[SEASON:] / values[:-SEASON], rowvar=False))[~np.eye(len(group), dtype=bool)]
    assert found.intensity > 0.6
    assert np.abs(off).max() < 0.6 * np.abs(raw).max()
    assert found.time < 0.25


def test_shrinkage_is_nearer_to_the_truth_than_the_raw_correlations_are() -> None:
    values, group = history(40, 0.5, 0.1, 0.0, series=30, families=3)
    seen = residuals(values, SEASON)
    truth = np.where(np.equal.outer(group, group), 0.5, 0.1)
    np.fill_diagonal(truth, 1.0)
    raw = np.corrcoef(seen.values, rowvar=False)
    assert ((dependence(seen, group).matrix() - truth) ** 2).sum() < 0.5 * ((raw - truth) ** 2).sum()


def test_short_and_intermittent_series_are_shrunk_more() -> None:
    values, group = history(60, 0.9, 0.0, 0.0, families=10)
    group = [number // 10 for number in range(20)]  # pairs move together, whatever their family: the pattern is not all of the truth
    values[:30, 3] = np.nan  # a short one
    values[::2, 4] = 0.0  # an intermittent one
    values[:, 5] = np.nan  # one without history
    weight = dependence(residuals(values, SEASON), group).weight
    assert 1 > weight[3] > weight[0]
    assert weight[4] > weight[0]
    assert weight[5] == 1.0


def test_without_history_nothing_hangs_together() -> None:
    for periods in (0, 5):
        found = dependence(residuals(np.full((periods, 3), 10.0), SEASON), [0, 0, 1])
        assert (found.seen, found.time) == (0, 0.0)
        assert found.matrix() == pytest.approx(np.eye(3))


def asked(time: float = 0.4) -> Dependence:
    chance = np.random.default_rng(3)
    shown = chance.standard_normal((6, 24))
    shown /= np.sqrt((shown**2).sum(axis=1, keepdims=True))
    return Dependence(np.array([0, 0, 0, 1, 1, 1]), 0.5, 0.2, np.array([0.3, 0.4, 0.5, 0.6, 0.7, 1.0]), shown, time, 0.5, 6)


def checked(scores: Array, matrix: Array, time: float) -> None:
    """Correlations lie within sampling error of what was asked, with a Bonferroni-like room of 4.5 standard errors."""
    paths, horizon, units = scores.shape
    assert np.abs(scores.mean(axis=0)).max() < 4.5 / math.sqrt(paths)
    assert np.abs(scores.std(axis=0) - 1).max() < 4.5 / math.sqrt(2 * paths)
    for t in range(0, horizon, 2):
        found = np.corrcoef(scores[:, t], rowvar=False)
        assert (np.abs(found - matrix) <= 4.5 * (1 - matrix**2) / math.sqrt(paths) + 1e-8).all()
    for lag in (1, 2):
        found = np.array([np.corrcoef(scores[:, 0, unit], scores[:, lag, unit])[0, 1] for unit in range(units)])
        assert np.abs(found - time**lag).max() < 4.5 * (1 - time ** (2 * lag)) / math.sqrt(paths)


def test_scores_have_the_correlations_over_units_and_time_that_were_asked_for() -> None:
    one = asked()
    checked(Scores(one, 5, 11).draw(range(80)), one.matrix(), one.time)


def test_scores_by_a_root_have_the_correlations_that_were_given() -> None:
    one = asked()
    rows = [Given("a", "b", np.array([0]), np.array([3]), 0.7)]
    root = with_given(one.matrix(), np.ones(6), rows)
    matrix = root @ root.T
    assert matrix[0, 3] == pytest.approx(0.7)
    checked(Scores(one, 5, 12, root).draw(range(80)), matrix, one.time)


def test_blocks_are_drawn_alike_one_by_one_and_together() -> None:
    scores = Scores(asked(), 3, 1)
    assert np.array_equal(scores.draw([0, 1, 2])[50:100], scores.draw([1]))


def test_a_correlation_of_families_is_that_of_their_totals() -> None:
    matrix, spread = asked().matrix(), np.array([1.0, 2.0, 3.0, 1.0, 1.0, 5.0])
    root = with_given(matrix, spread, [Given("A", "B", np.array([0, 1, 2]), np.array([3, 4, 5]), 0.6)])
    whole = root @ root.T
    one, other = np.where(np.arange(6) < 3, spread, 0.0), np.where(np.arange(6) >= 3, spread, 0.0)
    assert one @ whole @ other / math.sqrt((one @ whole @ one) * (other @ whole @ other)) == pytest.approx(0.6)


def row(one: int, other: int, value: float) -> Given:
    return Given(f"item {one}", f"item {other}", np.array([one]), np.array([other]), value)


def test_correlations_that_cannot_hold_together_are_refused_with_the_nearest_that_can() -> None:
    rows = [row(0, 1, 0.9), row(1, 2, 0.9), row(0, 2, -0.5)]
    with pytest.raises(InputError) as refused:
        with_given(np.eye(3), np.ones(3), rows)
    assert "smallest eigenvalue" in refused.value.message
    assert "item 0 with item 2 (-0.5)" in refused.value.message
    assert "item 0 with item 2 (-0.5) at least 0.62" in refused.value.fix  # 0.9 x 0.9 - (1 - 0.9^2) = 0.62
    with_given(np.eye(3), np.ones(3), [*rows[:2], row(0, 2, 0.62)])
    with pytest.raises(InputError):
        with_given(np.eye(3), np.ones(3), [*rows[:2], row(0, 2, 0.60)])


def test_where_no_row_alone_mends_it_all_are_taken_back() -> None:
    rows = [row(one, other, -0.9) for one in range(5) for other in range(one)]
    with pytest.raises(InputError) as refused:
        with_given(np.eye(5), np.ones(5), rows)
    assert "Take all of them to 27%" in refused.value.fix  # five alike can be correlated by -1 / 4 at least: 0.25 / 0.9 = 0.277


@settings(max_examples=40)
@given(st.integers(2, 12), st.integers(0, 40), st.integers(0, 1000))
def test_whatever_the_history_the_matrix_is_one_of_correlations(series: int, periods: int, seed: int) -> None:
    chance = np.random.default_rng(seed)
    values = chance.poisson(chance.uniform(0.1, 5, series), (periods, series)).astype(np.float64)
    values[: periods // 3, 0] = np.nan
    seen = residuals(values, 4)
    assert isinstance(seen, Residuals)
    assert np.isfinite(seen.values).all()
    matrix = dependence(seen, chance.integers(0, 3, series).tolist()).matrix()
    assert np.linalg.eigvalsh(matrix)[0] > -1e-9
    assert np.abs(matrix).max() <= 1 + 1e-9


def test_a_short_history_with_a_season_does_not_last_by_it() -> None:
    """Fifteen months of a season that all share: there is no second season to tell it by, so it must not count as errors that last."""
    values, group = history(15, 0.0, 0.0, 0.0)
    seen = residuals(values, SEASON)
    assert not seen.seasonal.any()
    assert seen.count.max() == 14
    assert dependence(seen, group).time == 0.0


def test_only_the_rows_at_fault_are_named() -> None:
    rows = [row(3, 4, 0.5), row(0, 1, 0.9), row(1, 2, 0.9), row(0, 2, -0.5)]
    with pytest.raises(InputError) as refused:
        with_given(np.eye(5), np.ones(5), rows)
    assert "item 3" not in refused.value.message + refused.value.fix
