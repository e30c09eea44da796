"""Time: where a lead time ends, which row holds in a period, and which policy is the most specific."""

import datetime as dt

import polars as pl
import pytest

from equipoise.dimensions.calendar import Calendar
from equipoise.supply.model.timing import arrival_shares, buckets, exact, most_specific, usable, with_arrivals

MONTHS = Calendar("month", dt.date(2027, 1, 1), 3, dt.date(2026, 12, 31))
WEEKS = Calendar("week", dt.date(2027, 1, 4), 4, dt.date(2027, 1, 3))


def shares(lead_time: float, calendar: Calendar) -> list[tuple[int, int, float]]:
    found = arrival_shares(pl.Series([lead_time]), buckets(calendar))
    return [(t, arrival, round(share, 6)) for t, arrival, share in found.select("t", "arrival", "share").iter_rows()]


def test_buckets_have_their_days() -> None:
    frame = buckets(MONTHS, 1)
    assert frame.get_column("days").to_list() == [31, 28, 31, 30]
    assert frame.get_column("start").to_list() == [0, 31, 59, 90]


def test_whole_weeks_shift_and_part_weeks_split() -> None:
    assert shares(7.0, WEEKS) == [(0, 1, 1.0), (1, 2, 1.0), (2, 3, 1.0)]
    assert shares(3.5, WEEKS) == [(0, 0, 0.5), (0, 1, 0.5), (1, 1, 0.5), (1, 2, 0.5), (2, 2, 0.5), (2, 3, 0.5), (3, 3, 0.5)]


def test_months_split_by_their_days_and_never_lose_before_the_end() -> None:
    found = shares(45.0, MONTHS)
    assert sum(share for t, _, share in found if t == 0) == pytest.approx(1.0)
    assert found[0] == (0, 1, round(14 / 31, 6))


def test_nothing_arrives_after_the_horizon() -> None:
    flow = pl.DataFrame({"t": [0, 1, 2], "lead_time": [400.0, 0.0, None]})
    assert with_arrivals(flow, buckets(MONTHS)).select("t", "arrival", "share").rows() == [(1, 1, 1.0), (2, 2, 1.0)]


def test_a_dated_row_wins_over_one_for_every_period() -> None:
    frame = pl.DataFrame(
        {"resource": ["a", "a"], "period": [None, dt.date(2027, 2, 1)], "regular": [5.0, 9.0]}, schema_overrides={"period": pl.Date}
    )
    found = exact(frame, ["resource"], buckets(MONTHS)).sort("t")
    assert found.select("t", "regular").rows() == [(0, 5.0), (1, 9.0), (2, 5.0)]


def test_the_most_specific_rule_wins() -> None:
    wanted = pl.DataFrame({"item": ["a", "a", "b"], "market": ["x", "y", "x"], "t": [0, 0, 0]})
    rules = pl.DataFrame({"item": ["a", None, "a"], "market": [None, None, "y"], "t": [0, 0, 0], "cost": [2.0, 1.0, 3.0]})
    assert most_specific(wanted, rules, ["item", "market"]).get_column("cost").to_list() == [2.0, 3.0, 1.0]
    assert most_specific(wanted, rules.clear(), ["item", "market"]).get_column("cost").null_count() == 3


def test_a_window_counts_every_period_it_touches() -> None:
    frame = buckets(MONTHS).with_columns(first=pl.lit(dt.date(2027, 2, 10)), last=pl.lit(None, pl.Date))
    assert frame.filter(usable(pl.col("first"), pl.col("last"), pl.col("days"))).get_column("t").to_list() == [1, 2]
