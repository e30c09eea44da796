import datetime as dt

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from equipoise.dimensions.calendar import Calendar, add_months
from equipoise.dimensions.currency import currency_factors
from equipoise.dimensions.hierarchy import loops
from equipoise.dimensions.units import unit_factors
from equipoise.tables.setting import Cadence, CalendarSetting

cadences = st.sampled_from(["week", "month", "quarter", "4-4-5"])
days = st.dates(dt.date(1990, 1, 1), dt.date(2090, 1, 1))


def calendar(cadence: Cadence, day: dt.date = dt.date(2027, 1, 1), fiscal: int = 1, week: str = "monday") -> Calendar:
    return Calendar(cadence, day, 6, day, 0, fiscal, week)


@given(cadences, days, st.integers(1, 12), st.sampled_from(["monday", "sunday", "saturday"]))
def test_every_day_belongs_to_exactly_one_period(cadence: Cadence, day: dt.date, fiscal: int, week: str) -> None:
    of = calendar(cadence, day, fiscal, week)
    period = of.period_of(day)
    assert period <= day < of.next(period)
    assert of.period_of(period) == period
    assert of.next(period) == of.period_of(of.next(period))
    assert of.days(period) == (of.next(period) - period).days
    assert of.between(period, day) == (period,)


@given(days, st.integers(1, 12))
def test_a_445_year_has_twelve_periods_of_whole_weeks_and_begins_near_the_fiscal_year(day: dt.date, fiscal: int) -> None:
    of = calendar("4-4-5", day, fiscal)
    periods = [of.period_of(day)]
    while len(periods) < 13:
        periods.append(of.next(periods[-1]))
    weeks = [of.days(period) / 7 for period in periods[:12]]
    assert sum(weeks) in {52, 53}
    assert sorted(weeks)[:8] == [4] * 8
    assert set(weeks) <= {4, 5, 6}
    first = next(period for period in periods if of.quarter(period) == 1)
    starts = [dt.date(year, fiscal, 1) for year in range(day.year - 1, day.year + 3)]
    near = min(abs((first - start).days) for start in starts)
    assert near <= 3 or of.quarter(first - dt.timedelta(days=1)) == 1


def test_the_calendar_follows_its_settings() -> None:
    of = Calendar.from_setting(CalendarSetting(as_of=dt.date(2026, 11, 12), horizon=3))
    assert of.periods == (dt.date(2026, 12, 1), dt.date(2027, 1, 1), dt.date(2027, 2, 1))
    assert of.end == dt.date(2027, 2, 28)
    of = Calendar.from_setting(CalendarSetting(start=dt.date(2026, 12, 20), cadence="quarter", fiscal_year_start=2, frozen=1))
    assert of.start == dt.date(2026, 11, 1)
    assert of.as_of == dt.date(2026, 10, 31)
    assert of.table()["frozen"].to_list()[:2] == [True, False]
    with pytest.raises(ValueError, match="needs start or as_of"):
        Calendar.from_setting(CalendarSetting())


def test_fiscal_years_and_quarters() -> None:
    of = calendar("month", fiscal=2)
    assert of.fiscal_year(dt.date(2027, 1, 1)) == 2027
    assert of.fiscal_year(dt.date(2027, 2, 1)) == 2028
    assert of.quarter(dt.date(2027, 2, 1)) == 1
    assert of.quarter(dt.date(2027, 1, 1)) == 4
    assert of.label(dt.date(2027, 2, 1)) == "2027-02"
    assert calendar("week").label(dt.date(2026, 12, 28)) == "2026-W53"
    assert add_months(dt.date(2026, 11, 30), 3) == dt.date(2027, 2, 1)


def test_dates_are_bucketed_in_a_frame() -> None:
    frame = pl.DataFrame({"period": [dt.date(2027, 1, 31), None, dt.date(2027, 2, 1)]})
    assert calendar("month").bucket("period", frame)["period"].to_list() == [dt.date(2027, 1, 1), None, dt.date(2027, 2, 1)]


def test_units_are_converted_by_item_first_and_backwards_too() -> None:
    known = pl.DataFrame(
        {"from": ["box", "box", "kg"], "to": ["piece", "piece", "g"], "item": [None, "A", None], "factor": [10.0, 12.0, 1000.0]},
        schema_overrides={"item": pl.String},
    )
    wanted = pl.DataFrame(
        {"item": ["A", "B", "B", "B", "B"], "from": ["box", "box", "g", "piece", "g"], "to": ["piece", "piece", "kg", "piece", "piece"]}
    )
    assert unit_factors(wanted, known).to_list() == [12, 10, 0.001, 1, None]


def test_currencies_take_the_latest_rate_known_then() -> None:
    known = pl.DataFrame(
        {
            "from": ["USD", "USD", "USD"],
            "to": ["EUR"] * 3,
            "period": [None, dt.date(2027, 1, 1), dt.date(2027, 3, 1)],
            "factor": [0.5, 0.8, 0.9],
        }
    )
    wanted = pl.DataFrame(
        {
            "from": ["USD", "USD", "USD", "EUR", "EUR", "CHF"],
            "to": ["EUR", "EUR", "EUR", "EUR", "USD", "EUR"],
            "period": [dt.date(2026, 12, 1), dt.date(2027, 2, 1), dt.date(2027, 3, 1), *[dt.date(2027, 3, 1)] * 3],
        }
    )
    assert currency_factors(wanted, known).to_list() == [0.5, 0.8, 0.9, 1, pytest.approx(1 / 0.9), None]


def test_loops_are_found_once_however_deep() -> None:
    assert loops({"a": ["b"], "b": ["c"], "c": ["a", "d"], "d": []}) == [("a", "b", "c", "a")]
    assert loops({"a": ["a"]}) == [("a", "a")]
    assert loops({"a": ["b", "c"], "b": ["d"], "c": ["d"], "d": []}) == []
    chain = {number: [number + 1] for number in range(20_000)}
    assert loops(chain) == []
    assert len(loops({**chain, 20_000: [0]})) == 1
