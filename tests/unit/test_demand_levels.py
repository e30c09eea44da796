"""Levels: what adds up, how it is split and weighed, and whole units."""

import datetime as dt
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from equipoise.demand import baseline
from equipoise.demand.forecast.outcome import Outcome
from equipoise.demand.forecast.panel import Panel
from equipoise.demand.levels import in_whole_units, levelled, projection
from equipoise.demand.levels.hierarchy import Hierarchy, leaves_of
from equipoise.demand.levels.past_error import past_errors
from equipoise.demand.levels.projection import Covariance, Projection, shrunk
from equipoise.demand.levels.rounding import path, whole
from equipoise.demand.levels.sharing import shared_out
from equipoise.demand.methods import Array
from equipoise.dimensions.calendar import add_months
from equipoise.errors import InputError
from equipoise.tables import table
from equipoise.tables.setting import CalendarSetting, DemandSetting, Setting, to_table

LAST = dt.date(2025, 12, 1)
PAIRS = [("bell", "north"), ("bell", "south"), ("bike", "north"), ("bike", "south"), ("pump", "south")]
LEVELS = ((), ("family",), ("market",), ("item",))


def keys(pairs: list[tuple[str, str]]) -> pl.DataFrame:
    return pl.DataFrame(pairs, schema={"item": pl.String, "market": pl.String}, orient="row")


def items() -> pl.DataFrame:
    frame = pl.DataFrame({"item": ["bell", "bike", "pump"], "family": ["part", "cycle", "part"], "category": ["sport", "sport", None]})
    return table("item").conform(frame)


def markets() -> pl.DataFrame:
    return table("market").conform(pl.DataFrame({"market": ["north", "south"], "region": ["home", "home"], "channel": ["shop", "web"]}))


def tree_of(*levels: tuple[str, ...]) -> Hierarchy:
    return Hierarchy.of(leaves_of(keys(PAIRS), items(), markets()), levels)


def panel_of(values: Array, horizon: int = 3) -> Panel:
    about = keys(PAIRS).with_columns(family=pl.lit("all"), launch=pl.lit(None, pl.Date), discontinue=pl.lit(None, pl.Date))
    ahead = tuple(add_months(LAST, step) for step in range(1, horizon + 1))
    return Panel(about, values, LAST, ahead, 0, np.zeros(len(values), dtype=np.int64))


def outcome_of(points: Array) -> Outcome:
    blank = Outcome.blank(len(points), points.shape[1], ("naive",))
    return replace(blank, points=points, p10=points * 0.5, p50=points * 1.1, p90=points * 2 + 1)


def mean_of(known: Panel) -> Outcome:
    return outcome_of(np.repeat(np.nan_to_num(np.nanmean(known.values, axis=1))[:, None], len(known.ahead), axis=1))


def run(values: Array, points: Array, **demand: object) -> Outcome:
    setting = DemandSetting.model_validate(demand)
    return levelled(panel_of(values, points.shape[1]), outcome_of(points), markets(), items(), setting, mean_of)


def errors(nodes: int, times: int, seed: int = 1) -> Array:
    chance = np.random.default_rng(seed)
    return chance.normal(size=(nodes, times)) * chance.lognormal(0, 1, nodes)[:, None] + chance.normal(size=times)


def summing(tree: Hierarchy) -> Array:
    """A of y = [A; I] leaves."""
    return tree.sums(np.eye(tree.codes.shape[1]))


def textbook(base: Array, wide: Array, summed: Array) -> Array:
    """Return S (S' W^-1 S)^-1 S' W^-1 base, the form in which MinT was published."""
    every = np.concatenate([summed, np.eye(summed.shape[1])])
    inverse = np.linalg.inv(wide)
    return np.asarray(every @ np.linalg.solve(every.T @ inverse @ every, every.T @ inverse @ base))


def textbook_shrinkage(residuals: Array) -> tuple[Array, float]:
    """Schaefer and Strimmer's estimate, written out pair by pair."""
    nodes, times = residuals.shape
    deviation = np.sqrt((residuals**2).mean(axis=1))
    standard = residuals / deviation[:, None]
    correlation = standard @ standard.T / times
    noise, signal = 0.0, 0.0
    for one in range(nodes):
        for other in range(nodes):
            if one != other:
                product = standard[one] * standard[other]
                noise += ((product - product.mean()) ** 2).sum() / (times * (times - 1))
                signal += correlation[one, other] ** 2
    share = noise / signal
    return (share * np.eye(nodes) + (1 - share) * correlation) * np.outer(deviation, deviation), share


class TestHierarchy:
    def test_groups_are_those_of_two_leaves_or_more(self) -> None:
        assert tree_of(*LEVELS).names == ("total", "part", "cycle", "north", "south", "bell", "bike")

    def test_a_leaf_with_an_empty_column_stands_for_itself(self) -> None:
        tree = tree_of(("category",))
        assert tree.names == ("sport",)
        assert tree.codes.tolist() == [[0, 0, 0, 0, -1]]

    def test_sums_and_what_is_handed_down(self) -> None:
        tree = tree_of(("category",), ("market",))
        values = np.array([[1.0, 10], [2, 20], [4, 40], [8, 80], [16, 160]])
        assert tree.sums(values).tolist() == [[15, 150], [5, 50], [26, 260]]
        assert tree.handed_down(np.array([[1.0], [2], [4]])).ravel().tolist() == [3, 5, 3, 5, 4]

    def test_weights_that_groups_share(self) -> None:
        tree = tree_of(*LEVELS)
        weights = np.array([1.0, 2, 4, 8, 16])
        np.testing.assert_allclose(tree.together(weights), summing(tree) * weights @ summing(tree).T)

    def test_one_level_named_twice_counts_once(self) -> None:
        assert tree_of(("item", "market"), ("market", "item"), ("region", "family"), ("family", "region")).names == (
            "part, home",
            "cycle, home",
        )

    def test_the_history_of_a_group_begins_with_its_first_leaf(self) -> None:
        values = np.array([[np.nan, np.nan, 1], [np.nan, 2, 3], [np.nan, np.nan, np.nan], [np.nan, np.nan, 5], [7, 8, 9]])
        groups = tree_of(("family",)).panel(panel_of(values))
        np.testing.assert_array_equal(groups.values, [[7, 10, 13], [np.nan, np.nan, 5]])
        assert groups.keys.schema == panel_of(values).keys.schema
        assert groups.absurd.tolist() == [0, 0]

    def test_a_level_of_an_unknown_column_is_refused_with_the_nearest(self) -> None:
        with pytest.raises(InputError, match="familly") as refused:
            run(np.ones((5, 6)), np.ones((5, 2)), levels=(("familly",),))
        assert "family" in refused.value.fix
        assert refused.value.where.column == "demand.levels"


class TestSplit:
    def test_by_own_forecast_then_recent_demand_then_equally(self) -> None:
        tree = tree_of(("family",))  # part: bell north, bell south, pump; cycle: both bikes
        points = np.array([[1.0, 0, 0], [2, 0, 0], [1, 1, 0], [3, 1, 0], [1, 0, 0]])
        recent = np.array([1.0, 1, 0, 0, 2])
        split = shared_out(np.array([[8.0, 8, 8], [10, 10, 10]]), points, recent, tree)
        np.testing.assert_allclose(split, np.array([[2, 2, 2], [4, 2, 2], [2.5, 5, 5], [7.5, 5, 5], [2, 4, 4]]))

    def test_bottom_up_at_the_leaves_changes_nothing(self) -> None:
        points = np.arange(15.0).reshape(5, 3)
        np.testing.assert_array_equal(run(np.ones((5, 12)), points).points, points)
        np.testing.assert_array_equal(run(np.ones((5, 12)), points, reconciliation="middle_out").points, points)

    def test_top_down_gives_the_forecast_of_the_total(self) -> None:
        values = np.tile(np.array([[1.0], [2], [3], [4], [10]]), (1, 12))
        made = run(values, np.ones((5, 3)), reconciliation="top_down")
        np.testing.assert_allclose(made.points, 4.0)

    @pytest.mark.parametrize("way", ["middle_out", "bottom_up"])
    def test_a_level_in_the_middle_gives_its_own_forecasts(self, way: str) -> None:
        values = np.tile(np.array([[1.0], [2], [3], [4], [10]]), (1, 12))
        made = run(values, np.ones((5, 3)), reconciliation=way, level=("category",))
        assert made.points.tolist() == [[2.5] * 3] * 4 + [[1.0] * 3]  # the pump has no category

    def test_intervals_move_along_and_never_cross(self) -> None:
        values = np.tile(np.array([[1.0], [2], [3], [4], [10]]), (1, 12))
        points = np.array([[0.0, 1, 2], [1, 1, 1], [5, 0, 5], [1, 1, 1], [1, 1, 1]])
        for way in ("top_down", "min_trace"):
            made = run(values, points, reconciliation=way)
            assert (made.p10 >= 0).all()
            assert (made.p10 <= made.points).all()
            assert (made.p10 <= made.p50).all()
            assert (made.p50 <= made.p90).all()
            assert (made.points <= made.p90).all()
        np.testing.assert_allclose(made.p90 - made.points, points + 1)


class TestCovariance:
    def test_equals_the_textbook_estimate(self) -> None:
        residuals = errors(9, 24)
        wide, share = textbook_shrinkage(residuals)
        made = shrunk(residuals, np.ones(9), 3)
        assert made.intensity == pytest.approx(share)
        np.testing.assert_allclose(np.diag(made.own) + made.common @ made.common.T, wide, rtol=1e-10, atol=1e-12)

    def test_few_errors_take_the_usual_ratio_to_demand(self) -> None:
        residuals = np.full((3, 10), 2.0)
        residuals[2] = np.nan
        made = shrunk(residuals, np.array([10.0, 20.0, 100.0]), 0)
        usual = (0.2**2 + 0.1**2) / 2
        assert made.own[2] == pytest.approx(usual * 100**2)

    @pytest.mark.parametrize("times", [0, 1, 2])
    def test_hardly_any_error_gives_a_diagonal(self, times: int) -> None:
        made = shrunk(np.ones((4, times)), np.ones(4), 1)
        assert made.intensity == 1.0
        assert (made.common == 0).all()
        assert (made.own > 0).all()

    def test_past_errors_by_hand(self) -> None:
        values = np.array([[5.0] * 12, [np.nan] * 6 + [3.0] * 6])
        assert (past_errors(values, 1)[0] == 0).all()
        assert np.isnan(past_errors(values, 1)[1, :6]).all()
        jump = np.array([[0.0] * 11 + [8.0]])
        assert past_errors(jump, 1)[0].tolist() == [0.0] * 7 + [2.0]  # 8 units in one of the four periods after the eighth

    def test_past_errors_of_almost_nothing(self) -> None:
        assert past_errors(np.ones((2, 1)), 12).shape == (2, 0)
        assert past_errors(np.ones((2, 3)), 12).shape == (2, 2)
        assert past_errors(np.empty((0, 5)), 12).shape[0] == 0


class TestMinTrace:
    def test_equals_the_textbook_solution(self) -> None:
        tree = tree_of(*LEVELS)
        nodes = tree.groups + 5
        covariance = shrunk(errors(nodes, 30), np.ones(nodes), tree.groups)
        base = np.random.default_rng(2).normal(20, 5, (nodes, 4))
        wide = np.diag(covariance.own) + covariance.common @ covariance.common.T
        made = Projection(tree, covariance).leaves(base[: tree.groups], base[tree.groups :])
        np.testing.assert_allclose(made, textbook(base, wide, summing(tree))[tree.groups :], rtol=1e-9)

    def test_iteration_equals_the_exact_solution(self, monkeypatch: pytest.MonkeyPatch) -> None:
        tree = tree_of(*LEVELS)
        nodes = tree.groups + 5
        covariance = shrunk(errors(nodes, 30), np.ones(nodes), tree.groups)
        base = np.random.default_rng(3).normal(20, 5, (nodes, 4))
        exact = Projection(tree, covariance).leaves(base[: tree.groups], base[tree.groups :])
        monkeypatch.setattr(projection, "_EXACT", 0)
        close = Projection(tree, covariance).leaves(base[: tree.groups], base[tree.groups :])
        np.testing.assert_allclose(close, exact, rtol=1e-4)

    def test_two_leaves_and_a_total_by_hand(self) -> None:
        tree = Hierarchy(np.zeros((1, 2), dtype=np.int64), 1, ("total",))
        covariance = Covariance(np.array([1.0, 1.0, 2.0]), np.zeros((3, 0)), 1.0)
        made = Projection(tree, covariance).leaves(np.array([[40.0]]), np.array([[10.0], [20.0]]))
        # the gap of 10 is shared 1 : 1 : 2 by total and leaves, as their variances are
        np.testing.assert_allclose(made, [[12.5], [25.0]])

    def test_forecasts_that_add_up_stay(self) -> None:
        tree = tree_of(*LEVELS)
        points = np.random.default_rng(4).uniform(1, 9, (5, 3))
        covariance = shrunk(errors(tree.groups + 5, 30), np.ones(tree.groups + 5), tree.groups)
        np.testing.assert_allclose(Projection(tree, covariance).leaves(tree.sums(points), points), points)

    @given(
        npst.arrays(np.float64, (12, 3), elements=st.floats(0, 1e6)),
        npst.arrays(np.float64, (12, 9), elements=st.floats(-1e4, 1e4)),
    )
    @settings(deadline=None, max_examples=60)
    def test_never_below_zero_and_zero_stays_zero(self, base: Array, residuals: Array) -> None:
        tree = tree_of(*LEVELS)
        covariance = shrunk(residuals, np.ones(12), tree.groups)
        made = Projection(tree, covariance).leaves_from_zero(base[: tree.groups], base[tree.groups :])
        assert np.isfinite(made).all()
        assert (made >= 0).all()
        assert (made[base[tree.groups :] == 0] == 0).all()

    def test_what_clipping_adds_is_taken_off_the_others(self) -> None:
        tree = Hierarchy(np.zeros((1, 3), dtype=np.int64), 1, ("total",))
        covariance = Covariance(np.array([1e-6, 1.0, 1.0, 1.0]), np.zeros((4, 0)), 1.0)
        points = np.array([[1.0], [20.0], [30.0]])
        projected = Projection(tree, covariance)
        assert projected.leaves(np.array([[21.0]]), points)[0, 0] < 0
        made = projected.leaves_from_zero(np.array([[21.0]]), points)
        assert made[0, 0] == 0
        assert 21 < made.sum() < 22  # clipping alone leaves 30

    def test_the_better_forecast_of_the_total_moves_the_leaves(self) -> None:
        chance = np.random.default_rng(5)
        values = np.maximum(50 + chance.normal(0, 20, (5, 48)), 0)
        made = run(values, np.full((5, 3), 40.0), reconciliation="min_trace", levels=[["family"], ["market"]])
        assert 210 < made.points.sum(axis=0)[0] < 251  # leaves say 200, the levels 250
        assert made.weights is not None

    @pytest.mark.parametrize(
        "values",
        [
            np.zeros((5, 12)),
            np.full((5, 12), np.nan),
            np.ones((5, 1)),
            np.ones((5, 3)),
            -np.ones((5, 12)),
            np.full((5, 40), 1e12),
            np.full((5, 480), 3.0),
        ],
    )
    @pytest.mark.parametrize("way", ["bottom_up", "top_down", "middle_out", "min_trace"])
    def test_odd_histories_never_crash(self, values: Array, way: str) -> None:
        points = np.tile(np.array([[0.0], [1], [2], [3], [4]]), (1, 2))
        known = panel_of(values, 2)
        setting = DemandSetting.model_validate({"reconciliation": way, "level": ["family"]})
        made = levelled(known, outcome_of(points), markets(), items(), setting, lambda groups: outcome_of(np.ones((len(groups.values), 2))))
        assert np.isfinite(made.points).all()
        assert (made.points >= 0).all()

    def test_one_series_has_nothing_to_add_up_to(self) -> None:
        known = panel_of(np.ones((5, 12)), 2)
        one = replace(known, keys=known.keys[:1], values=known.values[:1])
        setting = DemandSetting(reconciliation="min_trace")
        points = np.ones((1, 2))
        assert levelled(one, outcome_of(points), markets(), items(), setting, mean_of).points is points


def nested(leaves: int) -> list[np.ndarray]:
    return [np.arange(leaves) // 4, np.arange(leaves) // 2]


class TestWhole:
    @given(npst.arrays(np.float64, (10, 6), elements=st.floats(0, 1e9)))
    @settings(deadline=None, max_examples=200)
    def test_totals_are_the_rounded_totals_and_all_else_is_next_to_its_forecast(self, points: Array) -> None:
        parts = np.rint(points * 2**20) / 2**20  # what it counts in: sums are then exact
        made = whole(points, nested(10))
        assert (made == np.rint(made)).all()
        assert (made.sum(axis=0) == np.floor(parts.sum(axis=0) + 0.5)).all()
        for code in (*nested(10), np.arange(10)):
            for group in range(code.max() + 1):
                away = made[code == group].sum(axis=0) - parts[code == group].sum(axis=0)
                assert (np.abs(away) < 1).all()

    @given(npst.arrays(np.float64, (7, 3), elements=st.integers(0, 10**14).map(float)))
    @settings(deadline=None)
    def test_whole_numbers_stay(self, points: Array) -> None:
        np.testing.assert_array_equal(whole(points, [np.zeros(7, dtype=np.int64)]), points)

    def test_slow_movers_get_their_unit_in_turn(self) -> None:
        made = whole(np.full((10, 20), 0.3), [np.zeros(10, dtype=np.int64)])
        assert (made.sum(axis=0) == 3).all()
        assert (np.abs(made.sum(axis=1) - 6) <= 1).all()

    def test_largest_remainders_by_hand(self) -> None:
        points = np.array([[1.6], [1.3], [2.2], [0.9]])
        # total 6; families 2.9 and 3.1: 3 and 3; 1.6 rises before 1.3, 0.9 before 2.2
        assert whole(points, [np.array([0, 0, 1, 1])]).ravel().tolist() == [2, 1, 2, 1]

    def test_nothing_and_not_a_number(self) -> None:
        assert whole(np.empty((0, 3)), []).shape == (0, 3)
        assert whole(np.array([[np.nan, -2.0, 0.6]]), []).tolist() == [[0, 0, 1]]
        assert whole(np.array([[1e300], [2.7]]), []).tolist() == [[1e300], [3]]

    def test_the_path_takes_levels_inside_each_other(self) -> None:
        leaves = leaves_of(keys(PAIRS), items(), markets())
        assert [code.tolist() for code in path(leaves, [("family",), ("market",)])] == [[0, 0, 1, 1, 0], [0, 0, 1, 1, 2]]
        assert [code.tolist() for code in path(leaves, [("region",), ("channel",)])] == [[0] * 5, [0, 1, 0, 1, 1], [0, 1, 0, 1, 1]]

    def test_the_table_keeps_its_rows_and_its_interval_holds_the_quantity(self) -> None:
        periods = [dt.date(2026, 1, 1), dt.date(2026, 2, 1)]
        rows = [(item, market, period, 1.4, 1.2, 1.4, 1.5) for item, market in PAIRS for period in periods]
        frame = table("baseline").conform(
            pl.DataFrame(rows, schema=["item", "market", "period", "quantity", "p10", "p50", "p90"], orient="row")
        )
        made = in_whole_units(frame, items(), markets(), [("family",)])
        assert made.schema == frame.schema
        assert made.select("item", "market", "period").equals(frame.select("item", "market", "period"))
        sums = made.group_by("period", maintain_order=True).agg(pl.col("quantity").sum())
        assert sums.get_column("quantity").to_list() == [7, 7]
        assert made.select((pl.col("p10") <= pl.col("quantity")).all() & (pl.col("quantity") <= pl.col("p90")).all()).item()
        assert in_whole_units(frame.clear(), items(), markets(), []).is_empty()


def test_many_leaves_take_little_memory() -> None:
    """10,000 leaves and 1,111 groups: no array of leaves by leaves or groups by leaves is built."""
    import tracemalloc

    chance = np.random.default_rng(6)
    number = np.arange(10_000)
    codes = np.stack([np.zeros(10_000, dtype=np.int64), 1 + number // 100, 101 + number % 10, 111 + number // 10])
    tree = Hierarchy(codes, 1111, ("",) * 1111)
    values = chance.uniform(1, 9, (11_111, 24))
    tracemalloc.start()
    covariance = shrunk(past_errors(values, 12), values.mean(axis=1), 1111)
    made = Projection(tree, covariance).leaves_from_zero(tree.sums(values[1111:, :6]) * 1.1, values[1111:, :6])
    assert tracemalloc.get_traced_memory()[1] < 150e6
    tracemalloc.stop()
    assert (made.sum(axis=0) > values[1111:, :6].sum(axis=0)).all()


@pytest.mark.parametrize("way", ["bottom_up", "top_down", "middle_out", "min_trace"])
def test_the_baseline_step_adds_up_in_whole_units_and_is_the_same_twice(way: str) -> None:
    chance = np.random.default_rng(7)
    rows = [(*pair, add_months(LAST, -month), float(chance.poisson(3))) for pair in PAIRS for month in range(36)]
    history = table("cleaned_history").conform(pl.DataFrame(rows, schema=["item", "market", "period", "quantity"], orient="row"))
    segment, driver, effect, succession = [table(name).empty() for name in ("segment", "driver", "calendar_effect", "succession")]
    made = []
    for whole_units in (False, True, True):
        demand = DemandSetting.model_validate({"reconciliation": way, "level": ["family", "region"], "whole_units": whole_units})
        setting = to_table(Setting(plan="test", calendar=CalendarSetting(start=add_months(LAST, 1), horizon=6), demand=demand))
        made.append(baseline(history, segment, items(), markets(), driver, effect, succession, setting)["baseline"])
    plain, first, second = made
    assert first.equals(second)
    sums = [frame.group_by("period", maintain_order=True).agg(pl.col("quantity").sum()).get_column("quantity") for frame in (plain, first)]
    assert sums[1].to_list() == (sums[0] + 0.5).floor().to_list()
    assert first.select((pl.col("quantity") == pl.col("quantity").round()).all()).item()
    assert made[0].select((pl.col("p10") <= pl.col("p50")).all() & (pl.col("p50") <= pl.col("p90")).all()).item()
