"""Disturbances: their sizes have the distributions of their rows, and hold when and as long as the rows say."""

import datetime as dt
import math
from typing import Any

import numpy as np
import pytest

from equipoise.dimensions.calendar import Calendar
from equipoise.reconcile.simulation.chance import BLOCK
from equipoise.reconcile.simulation.distribution import Disturbance, disturbance_of
from equipoise.reconcile.simulation.driver import Groups
from equipoise.reconcile.simulation.supply_paths import missing, supply_paths
from equipoise.tables import table
from equipoise.tables.setting import CalendarSetting

CALENDAR = Calendar.from_setting(CalendarSetting(start=dt.date(2027, 1, 1), horizon=6))
DRAWN = np.random.default_rng(1).standard_normal(40_000)


def disturbance(kind: str = "late", **cells: Any) -> Disturbance:
    row = dict.fromkeys(table("disturbance").schema) | {"disturbance": "d", "kind": kind} | cells
    return disturbance_of(row, CALENDAR)


@pytest.mark.parametrize(
    ("cells", "mean", "deviation"),
    [
        ({"distribution": "normal", "mean": 20.0, "deviation": 3.0}, 20.0, 3.0),
        ({"distribution": "lognormal", "mean": 20.0, "deviation": 8.0}, 20.0, 8.0),
        ({"distribution": "uniform", "low": 3.0, "high": 9.0}, 6.0, 6 / math.sqrt(12)),
        ({"low": 2.0, "likely": 3.0, "high": 10.0}, 5.0, math.sqrt((4 + 9 + 100 - 6 - 20 - 30) / 18)),
        ({"distribution": "fixed", "likely": 4.0}, 4.0, 0.0),
        ({"distribution": "triangular", "low": 4.0, "likely": 4.0, "high": 4.0}, 4.0, 0.0),
    ],
)
def test_mean_and_deviation_are_those_of_the_row(cells: dict[str, Any], mean: float, deviation: float) -> None:
    one = disturbance(**cells)
    drawn = one.value(DRAWN)
    assert drawn.mean() == pytest.approx(mean, abs=4 * deviation / 200 + 1e-9)
    assert drawn.std() == pytest.approx(deviation, rel=0.03, abs=1e-9)
    assert one.fixed == (deviation == 0)


def test_shares_lie_between_nothing_and_all_and_delays_are_no_head_start() -> None:
    wide = {"distribution": "normal", "mean": 0.5, "deviation": 2.0}
    share = disturbance("downtime", **wide).value(DRAWN)
    assert (share.min(), share.max()) == (0.0, 1.0)
    assert disturbance("late", **wide).value(DRAWN).min() == 0.0
    assert disturbance("late", **wide).value(DRAWN).max() > 1.0


def test_it_holds_in_as_many_periods_as_its_chance_and_length_say() -> None:
    one = disturbance("downtime", distribution="fixed", likely=0.3, probability=0.2, lasts=2)
    luck = np.random.default_rng(2).random((20_000, 6))
    sizes = one.sizes(np.zeros_like(luck), luck, 0.0)
    assert set(np.unique(sizes)) == {0.0, 0.3}
    # it is on in t where it began in t or in t - 1, and does not begin while it lasts: b(t) = 0.2 (1 - b(t - 1))
    begins = [0.2]
    for _ in range(5):
        begins.append(0.2 * (1 - begins[-1]))
    expected = [begins[t] + (begins[t - 1] if t else 0.0) for t in range(6)]
    assert (sizes > 0).mean(axis=0) == pytest.approx(expected, abs=0.015)


def test_its_size_stays_while_it_lasts_and_is_drawn_anew_after() -> None:
    one = disturbance("late", low=1.0, likely=2.0, high=9.0, lasts=3)
    scores = np.random.default_rng(2).standard_normal((50, 6))
    sizes = one.sizes(scores, np.zeros_like(scores), 0.0)
    assert (sizes[:, 0] == sizes[:, 2]).all()
    assert (sizes[:, 3] == sizes[:, 5]).all()
    assert (sizes[:, 2] != sizes[:, 3]).all()


def test_it_begins_only_between_its_days() -> None:
    one = disturbance("late", distribution="fixed", likely=5.0, start=dt.date(2027, 2, 20), end=dt.date(2027, 4, 1))
    sizes = one.sizes(np.zeros((1, 6)), np.zeros((1, 6)), 0.0)
    assert sizes[0].tolist() == [0, 5, 5, 5, 0, 0]


DAYS = [CALENDAR.days(period) for period in CALENDAR.periods]


def test_rows_on_one_thing_add_up_and_days_become_periods() -> None:
    rows = [
        disturbance("late", disturbance="a", target="Lane", distribution="fixed", likely=31.0),
        disturbance("late", disturbance="b", target="Lane", distribution="fixed", likely=15.5),
        disturbance("yield", disturbance="c", target="Saw", distribution="fixed", likely=0.9),
        disturbance("yield", disturbance="d", distribution="fixed", likely=0.5),
        disturbance("short", disturbance="e", target="Wood", distribution="fixed", likely=0.5),
        disturbance("short", disturbance="f", target="Wood", distribution="fixed", likely=0.2),
        disturbance("downtime", disturbance="g", target="Gone", distribution="fixed", likely=0.2),
    ]
    drawn = supply_paths(rows, {"late": ["Lane"], "yield": ["Saw", "Plane"], "short": ["Wood"], "downtime": ["Mill"]}, DAYS, 0)
    found = drawn.draw([0])
    assert found["late", "Lane"][0] == pytest.approx(46.5 / np.array(DAYS))
    assert found["yield", "Saw"][0, 0] == pytest.approx(0.45)
    assert found["yield", "Plane"][0, 0] == pytest.approx(0.5)
    assert found["short", "Wood"][0, 0] == pytest.approx(0.6)
    assert ("downtime", "Gone") not in found
    assert missing(drawn) == ["g"]


def test_each_row_is_known_by_itself_and_what_may_not_begin_hits_nothing() -> None:
    rows = [
        disturbance("late", disturbance="far", target="Lane", distribution="fixed", likely=90.0, probability=0.3),
        disturbance("late", disturbance="near", distribution="fixed", likely=3.0, probability=0.5),
        disturbance("late", disturbance="over", target="Lane", distribution="fixed", likely=9.0, end=dt.date(2020, 1, 1)),
        disturbance("late", disturbance="never", target="Lane", distribution="fixed", likely=9.0, probability=0.0),
    ]
    drawn = supply_paths(rows, {"late": ["Lane"]}, DAYS, 0)
    assert missing(drawn) == ["over", "never"]
    apart = drawn.apart([0])
    assert [row.name for row, _ in apart] == ["far", "near"]
    far, near = (sizes["Lane"] for _, sizes in apart)
    assert set(np.unique(far * DAYS)) == {0.0, 90.0}
    assert drawn.draw([0])["late", "Lane"] == pytest.approx(far + near)
    features = Groups((), np.zeros(0, np.int64), np.zeros((0, 6)), np.zeros((0, 6))).features(np.zeros((BLOCK, 0, 6)), apart)
    assert features == pytest.approx(np.stack([far, near], axis=1))


def test_things_without_a_name_have_luck_of_their_own() -> None:
    row = disturbance("downtime", low=0.0, likely=0.1, high=0.9, probability=0.5)
    found = supply_paths([row], {"downtime": ["Mill", "Saw"]}, DAYS, 3).draw([0, 1])
    mill, saw = found["downtime", "Mill"], found["downtime", "Saw"]
    assert mill.shape == (2 * BLOCK, 6)
    assert abs(np.corrcoef(mill.ravel(), saw.ravel())[0, 1]) < 0.15
