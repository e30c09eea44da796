import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from equipoise.errors import InputError
from equipoise.process.template import cycle_name, first_day, last_day, steps_of, tasks_of
from equipoise.process.working_days import WorkingDays
from equipoise.tables.kept_process import ROLES, STEPS
from equipoise.tables.process_setting import WEEKDAYS, ProcessSetting, Role, StepName

DAYS = st.dates(dt.date(2024, 1, 1), dt.date(2030, 12, 31))
OFF = st.lists(st.tuples(DAYS, st.integers(0, 12)), max_size=8)
WORKED = st.sets(st.sampled_from(WEEKDAYS), min_size=1)
DAY = dt.timedelta(days=1)


def working(weekdays: set[str], off: list[tuple[dt.date, int]]) -> WorkingDays:
    return WorkingDays.of(weekdays, [(first, first + length * DAY) for first, length in off])


@given(WORKED, OFF, DAYS)
def test_a_day_is_worked_where_its_weekday_is_and_no_holiday_holds_it(
    weekdays: set[str], off: list[tuple[dt.date, int]], day: dt.date
) -> None:
    holiday = any(first <= day <= first + length * DAY for first, length in off)
    assert working(weekdays, off).works(day) == (WEEKDAYS[day.weekday()] in weekdays and not holiday)


@given(WORKED, OFF, DAYS, st.integers(1, 25))
def test_counting_forward_and_counting_between_agree(
    weekdays: set[str], off: list[tuple[dt.date, int]], first: dt.date, number: int
) -> None:
    days = working(weekdays, off)
    last = days.nth(first, number)
    assert days.works(last)
    assert days.between(first, last) == number
    assert days.after(last, 3) == days.nth(first, number + 3)
    assert days.after(last, 0) == last


@given(WORKED, OFF, DAYS, st.integers(-5, 400))
def test_days_between_are_those_that_are_worked_one_by_one(
    weekdays: set[str], off: list[tuple[dt.date, int]], first: dt.date, length: int
) -> None:
    days = working(weekdays, off)
    assert days.between(first, first + length * DAY) == sum(days.works(first + one * DAY) for one in range(length + 1))


def test_working_days_are_counted_from_one() -> None:
    with pytest.raises(InputError, match="counted from 1, not 0"):
        working({"monday"}, []).nth(dt.date(2026, 1, 1), 0)


def test_holidays_without_end_are_refused_and_not_waited_for() -> None:
    days = WorkingDays.of(["monday"], [(dt.date(2026, 1, 1), dt.date.max)])
    with pytest.raises(InputError, match="There is no working day after"):
        days.on_or_after(dt.date(2026, 1, 1))
    with pytest.raises(InputError, match="There is no working day after"):
        WorkingDays.of(["monday"], []).after(dt.date(9999, 12, 27), 1)


def test_words_of_the_settings_are_those_of_the_dictionary() -> None:
    from typing import get_args

    from equipoise.process.people import ROLE_PERMISSIONS
    from equipoise.service.messages import cycle

    assert get_args(Role) == ROLES == get_args(cycle.Role) == tuple(ROLE_PERMISSIONS)
    assert get_args(StepName) == STEPS == get_args(cycle.StepName)


def test_a_plan_file_without_the_group_has_a_full_cycle_in_the_usual_days() -> None:
    setting = ProcessSetting()
    days = WorkingDays.from_setting(setting)
    opened = first_day(setting, days, dt.date(2026, 10, 31))
    assert opened == dt.date(2026, 11, 2)
    assert last_day(setting, days, opened) == dt.date(2026, 11, 24)
    found = {
        str(step.document["name"]): (step.document["start"], step.document["due"]) for step in steps_of(setting, days, "2026-10", opened)
    }
    assert tuple(found) == STEPS
    assert found["gather"] == ("2026-11-02", "2026-11-05")
    assert found["demand_review"] == ("2026-11-06", "2026-11-10")
    assert found["executive_sop"] == ("2026-11-20", "2026-11-24")
    tasks = tasks_of(setting, days, opened)
    assert {task.document["step"] for task in tasks} == set(STEPS)
    meeting = next(task for task in tasks if task.document["title"] == "Hold the executive meeting")
    assert (meeting.document["due"], meeting.document["meeting"], meeting.document["owner_role"]) == ("2026-11-23", True, "executive")


def test_holidays_shift_what_comes_after_them() -> None:
    setting = ProcessSetting.model_validate({"holidays": ["2026-12-24", {"from": "2026-12-25", "to": "2027-01-03"}]})
    days = WorkingDays.from_setting(setting)
    opened = first_day(setting, days, dt.date(2026, 12, 20))
    due = {step.document["name"]: step.document["due"] for step in steps_of(setting, days, "x", opened)}
    assert opened == dt.date(2026, 12, 21)
    assert due["gather"] == "2027-01-04"
    assert due["demand_review"] == "2027-01-07"


def test_a_cycle_begins_on_its_working_day_of_the_month_or_after_a_later_cut() -> None:
    setting = ProcessSetting(cycle_starts=8)
    days = WorkingDays.from_setting(setting)
    assert first_day(setting, days, dt.date(2026, 10, 31)) == dt.date(2026, 11, 11)
    assert first_day(setting, days, dt.date(2026, 11, 12)) == dt.date(2026, 11, 13)
    assert first_day(setting, days, dt.date(2026, 11, 13)) == dt.date(2026, 11, 16)
    assert first_day(setting, days, dt.date(2026, 11, 12), dt.date(2026, 11, 21)) == dt.date(2026, 11, 23)


def test_cycles_of_several_business_units_have_names_of_their_own() -> None:
    assert cycle_name(dt.date(2026, 11, 12), "") == "2026-11"
    assert cycle_name(dt.date(2026, 11, 12), "Outdoor  EMEA") == "2026-11-Outdoor-EMEA"
