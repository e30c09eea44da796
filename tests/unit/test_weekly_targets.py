"""Weekly targets: that they add up to the plan whatever the calendar, by working days, and what a missed one says."""

import datetime as dt
from collections.abc import Callable

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from equipoise.decide.missed_targets import ACTUAL, week_result
from equipoise.decide.weekly_targets import weekly_target
from equipoise.dimensions.calendar import Calendar
from equipoise.tables import table
from equipoise.tables.setting import Setting, from_table, to_table

Row = dict[str, object]
DEC = dt.date(2026, 12, 1)
CHRISTMAS = {dt.date(2026, 12, 25), dt.date(2026, 12, 24)}


def _table(name: str, rows: list[Row]) -> pl.DataFrame:
    return table(name).conform(pl.DataFrame(rows, schema_overrides=dict(table(name).schema))) if rows else table(name).empty()


def _setting(**calendar: object) -> pl.DataFrame:
    return to_table(Setting.model_validate({"plan": "p", "calendar": {"start": "2026-12-01", "horizon": 6, **calendar}}))


ITEMS = _table(
    "item",
    [
        {"item": "T1", "family": "Tents", "unit": "piece", "unit_cost": 40.0},
        {"item": "T2", "family": "Tents", "unit": "piece"},
        {"item": "loose", "unit": "kg", "unit_cost": 2.0},
    ],
)


def _works(day: dt.date) -> bool:
    return day.weekday() < 5 and day not in CHRISTMAS


def _targets(
    sold: list[Row],
    made: list[Row] | None = None,
    *,
    setting: pl.DataFrame | None = None,
    demand: list[Row] | None = None,
    days: list[Row] | None = None,
    tolerance: float = 0.1,
    works: Callable[[dt.date], bool] = _works,
) -> pl.DataFrame:
    return weekly_target(
        _table("shipment_plan", sold),
        _table("demand_plan", demand or []),
        _table("supply_plan", made or []),
        _table("working_calendar", days or []),
        ITEMS,
        _setting() if setting is None else setting,
        works=works,
        holiday=CHRISTMAS.__contains__,
        tolerance=tolerance,
    )


def _ship(quantity: float, period: dt.date = DEC, item: str = "T1", location: str = "A") -> Row:
    return {"item": item, "market": "m", "location": location, "lane": "l", "period": period, "quantity": quantity}


def _make(quantity: float, period: dt.date = DEC, item: str = "T1", location: str = "A") -> Row:
    return {"route": f"{item} {location}", "item": item, "location": location, "period": period, "quantity": quantity}


def test_a_month_is_shared_out_by_working_days() -> None:
    # December 2026: Tuesday 1 to Thursday 31. Working days by week: 4, 5, 5, 3 (two at Christmas), 4: 21.
    made = _targets([_ship(210.0)])
    assert made.get_column("week").to_list() == [dt.date(2026, 12, day) for day in (1, 7, 14, 21, 28)]
    assert made.get_column("end").to_list() == [dt.date(2026, 12, day) for day in (6, 13, 20, 27, 31)]
    assert made.get_column("target").to_list() == [40.0, 50.0, 50.0, 30.0, 40.0]
    assert made.get_column("lowest").to_list() == [36.0, 45.0, 45.0, 27.0, 36.0]
    assert made.get_column("highest").to_list() == [44.0, 55.0, 55.0, 33.0, 44.0]
    assert set(made.get_column("measure")) == {"sales"}


def test_what_is_whole_is_shared_out_in_whole_units_with_room_for_one() -> None:
    made = _targets([_ship(3.0)])
    assert made.get_column("target").to_list() == [1.0, 0.0, 1.0, 0.0, 1.0]
    assert made.get_column("lowest").to_list() == [0.0, 0.0, 0.0, 0.0, 0.0]
    assert made.get_column("highest").to_list() == [2.0, 0.0, 2.0, 0.0, 2.0]


def test_days_that_a_location_works_more_are_worked_on_its_free_days() -> None:
    # Steinalm works 25 days in December: 4 more than the calendar's 21, on the 8 days of its weekends: half a day each.
    made = _targets([], [_make(250.0)], days=[{"location": "A", "period": DEC, "working_days": 25.0}])
    assert made.get_column("target").to_list() == [50.0, 60.0, 60.0, 40.0, 40.0]
    fewer = _targets([], [_make(210.0)], days=[{"location": "A", "period": DEC, "working_days": 10.0}])
    assert fewer.get_column("target").to_list() == [40.0, 50.0, 50.0, 30.0, 40.0]


def test_a_week_is_one_week_and_a_period_without_work_is_shared_by_days() -> None:
    weekly = _setting(cadence="week", start="2026-11-30", horizon=20)
    made = _targets([_ship(7.5, dt.date(2026, 12, 7)), _ship(5.0, dt.date(2027, 3, 29))], setting=weekly)
    assert made.select("week", "end", "target").rows() == [(dt.date(2026, 12, 7), dt.date(2026, 12, 13), 7.5)]
    idle = _targets([_ship(31.0)], works=lambda _: False)
    assert idle.get_column("target").to_list() == [6.0, 7.0, 7.0, 7.0, 4.0]


def test_money_is_there_only_where_it_is_known() -> None:
    demand: list[Row] = [{"item": "T1", "market": "m", "period": DEC, "quantity": 210.0, "unit_price": 100.0}]
    priced = _targets([_ship(210.0)], [_make(210.0)], demand=demand)
    value = dict(priced.group_by("measure").agg(pl.col("value").sum()).iter_rows())
    assert value == {"sales": pytest.approx(21_000.0), "production": pytest.approx(8_400.0)}
    half = _targets([_ship(210.0), _ship(10.0, item="T2")], [_make(5.0), _make(5.0, item="T2")], demand=demand)
    assert half.get_column("value").null_count() == half.height


def test_families_are_summed_by_unit_and_items_without_one_stand_for_themselves() -> None:
    made = _targets([_ship(10.0), _ship(20.0, item="T2", location="B"), _ship(7.0, item="loose"), _ship(9.0, item="unknown")])
    sums = {(family, unit): total for family, unit, total in made.group_by("family", "unit").agg(pl.col("target").sum()).iter_rows()}
    assert sums == {("Tents", "piece"): 30.0, ("loose", "kg"): 7.0, ("unknown", "unit"): 9.0}


def test_without_shipments_the_demand_plan_is_what_is_to_be_sold() -> None:
    made = _targets([], demand=[{"item": "T1", "market": "m", "period": DEC, "quantity": 21.0}])
    assert made.get_column("target").sum() == 21.0


QUANTITY = st.one_of(st.integers(0, 5000).map(float), st.floats(0, 5000).map(lambda value: round(value, 3)))


@settings(max_examples=60, deadline=None)
@given(
    data=st.data(),
    cadence=st.sampled_from(["month", "week", "quarter", "4-4-5"]),
    start=st.dates(dt.date(2025, 1, 1), dt.date(2029, 12, 31)),
    week_starts=st.sampled_from(["monday", "sunday", "saturday"]),
    tolerance=st.floats(0, 1),
)
def test_the_weeks_of_a_period_add_up_exactly_to_the_plan(
    data: st.DataObject, cadence: str, start: dt.date, week_starts: str, tolerance: float
) -> None:
    setting = _setting(cadence=cadence, start=start.isoformat(), horizon=4, week_starts=week_starts)
    calendar = Calendar.from_setting(from_table(setting).calendar)
    rows = [
        make(data.draw(QUANTITY), period, item, location)
        for period in calendar.periods
        for make in (_ship, _make)
        for item, location in (("T1", "A"), ("T2", "B"), ("loose", "A"))
    ]
    free = frozenset(data.draw(st.lists(st.dates(start, start + dt.timedelta(days=60)), max_size=20)))
    days: list[Row] = [
        {"location": "B", "period": period, "working_days": float(data.draw(st.integers(0, 31)))} for period in calendar.periods
    ]
    made = _targets(
        [row for row in rows if "market" in row],
        [row for row in rows if "route" in row],
        setting=setting,
        days=days,
        tolerance=tolerance,
        works=lambda day: day.weekday() < 5 and day not in free,
    )
    planned: dict[tuple[str, str, dt.date], float] = {}
    for row in rows:
        family = "Tents" if str(row["item"]).startswith("T") else "loose"
        key = (family, "sales" if "market" in row else "production", row["period"])
        planned[key] = planned.get(key, 0.0) + float(str(row["quantity"]))  # type: ignore[index, arg-type]
    keys = ["family", "measure", "period"]
    for family, measure, period, total in made.group_by(keys).agg(pl.col("target").sum()).iter_rows():
        whole = planned[family, measure, period]
        assert total == (whole if whole == round(whole) else pytest.approx(whole, rel=1e-12, abs=1e-9))
    first = {(family, measure) for family, measure in made.filter(period=calendar.start).select("family", "measure").iter_rows()}
    assert first == {(family, measure) for (family, measure, period), total in planned.items() if total and period == calendar.start}
    assert made.filter((pl.col("target") < -1e-9) | (pl.col("lowest") > pl.col("target") + 1e-9)).is_empty()
    assert made.filter(pl.col("highest") < pl.col("target") - 1e-9).is_empty()
    for period, week, end in made.select("period", "week", "end").iter_rows():
        assert period <= week <= end < calendar.next(period)


def test_a_family_that_nobody_knows_does_not_tell_that_the_others_did_nothing() -> None:
    targets, day = _targets([_ship(210.0)]), dt.date(2026, 12, 8)
    said = pl.DataFrame({"family": ["Tentz"], "measure": ["sales"], "day": [day], "quantity": [1.0]}, schema=ACTUAL)
    assert week_result(targets, said, "monday", dt.date(2026, 12, 13)).is_empty()
    known = said.with_columns(family=pl.lit("Tents"))
    assert week_result(targets, known, "monday", dt.date(2026, 12, 13)).get_column("actual").to_list() == [1.0]
