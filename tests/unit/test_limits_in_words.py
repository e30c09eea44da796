import datetime as dt
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from equipoise.dimensions.calendar import Calendar
from equipoise.errors import InputError
from equipoise.gather import limits
from equipoise.gather.limits import Amount
from equipoise.gather.moments import MONTHS, Moment, Span, When
from equipoise.gather.sentences import FORMS, forms_reference, understand

PAGE = (Path(__file__).parents[2] / "docs" / "limits-in-words.md").read_text(encoding="utf-8")
YEARS = Calendar("month", dt.date(2026, 12, 1), 18, dt.date(2026, 11, 30))

AUGUST = When((Span(Moment(month=8), Moment(month=8)),))
SPRING = When((Span(Moment(month=3), Moment(month=5)),))


@pytest.mark.parametrize(
    ("sentence", "limit"),
    [
        ("10% overtime max", limits.Overtime(share=0.1)),
        ("Max. 10 percent overtime.", limits.Overtime(share=0.1)),
        ("overtime at most 120 hours per month", limits.Overtime(amount=Amount(120, "hours", "month"))),
        ("no overtime in August", limits.Overtime(when=AUGUST, share=0.0)),
        ("2 shifts", limits.Shifts(count=2)),
        ("three shifts from March to May", limits.Shifts(when=SPRING, count=3)),
        ("max 500 units per month", limits.Output(amount=Amount(500, "units", "month"))),
        ("at least 200 units per week", limits.Output(bound="at least", amount=Amount(200, "units", "week"))),
        ("lead time 6 weeks", limits.LeadTime(days=42)),
        ("Supplier X at capacity", limits.AtCapacity(subject="Supplier X")),
        ("Supplier X max 20000 units per quarter", limits.Output(subject="Supplier X", amount=Amount(20_000, "units", "quarter"))),
        ("Supplier X max 20,000 units a quarter", limits.Output(subject="Supplier X", amount=Amount(20_000, "units", "quarter"))),
        ("minimum lot 100 units", limits.Lot(quantity=100)),
        ("lots of 50", limits.Lot(quantity=50, multiple=True)),
        ("plant closed in August", limits.Closed(when=AUGUST)),
        ("closed in 2027-08", limits.Closed(when=When((Span(Moment(2027, month=8), Moment(2027, month=8)),)))),
        ("capacity +10% from 2027-03", limits.CapacityChange(when=When((Span(Moment(2027, month=3), None),)), factor=1.1)),
        ("capacity 80%", limits.CapacityChange(factor=0.8)),
        ("at most 80% utilisation", limits.Utilisation(share=0.8)),
        ("safety stock 2 weeks", limits.SafetyStock(weeks=2)),
        ("safety stock 300 units", limits.SafetyStock(units=300)),
        ("frozen 1 month", limits.Frozen(number=1, unit="month")),
        ("shelf life 90 days", limits.ShelfLife(days=90)),
        ("at most 80 workers", limits.Workers(count=80)),
        ("Line 1: 10% overtime max", limits.Overtime(subject="Line 1", share=0.1)),
        ("Line 1 10,5% overtime", limits.Overtime(subject="Line 1", share=0.105)),
        ("no overtime until June", limits.Overtime(when=When((Span(None, Moment(month=6)),)), share=0.0)),
        (
            "no overtime between 2027-12-20 and 2028-01-06",
            limits.Overtime(when=When((Span(Moment(2027, month=12, day=20), Moment(2028, month=1, day=6)),)), share=0.0),
        ),
        ("2 shifts in Q3 2027", limits.Shifts(when=When((Span(Moment(2027, quarter=3), Moment(2027, quarter=3)),)), count=2)),
        ("2 shifts in 2027-W05", limits.Shifts(when=When((Span(Moment(2027, week=5), Moment(2027, week=5)),)), count=2)),
    ],
)
def test_a_sentence_means_its_limit(sentence: str, limit: limits.Limit) -> None:
    assert understand(sentence) == limit
    assert understand(sentence.upper()) == understand(sentence.upper().lower()) or limit.subject


def test_the_manual_holds_the_forms_and_all_its_examples_are_understood() -> None:
    assert forms_reference() in PAGE, "docs/limits-in-words.md: put in what forms_reference() returns"
    examples = [example for form in FORMS for example in form.examples]
    for block in re.findall(r"```text\n(.*?)```", PAGE, re.DOTALL):
        examples += block.strip().splitlines()
    examples += re.findall(r'limit: "(.*?)"', PAGE)
    assert len(examples) > 40
    for example in examples:
        assert isinstance(understand(example), limits.Limit), example


@pytest.mark.parametrize(
    "sentence", ["gibberish", "500 units per month", "plant closed", "overtime", "lead time 2 periods", "10%", ": max", ""]
)
def test_a_sentence_that_is_not_understood_lists_the_forms(sentence: str) -> None:
    with pytest.raises(InputError) as caught:
        understand(sentence)
    assert "is not understood" in caught.value.message
    for form in FORMS:
        assert form.examples[0] in caught.value.fix


def test_the_nearest_form_is_named() -> None:
    with pytest.raises(InputError) as caught:
        understand("10% overtyme max")
    assert caught.value.fix.startswith("The nearest form is '10% overtime max'.")


def test_days_that_do_not_exist_and_endless_sentences_are_refused() -> None:
    with pytest.raises(InputError, match="names a day that does not exist"):
        understand("plant closed from 2027-02-30 to 2027-03-05")
    with pytest.raises(InputError, match="has 600 characters"):
        understand("x" * 600)


@given(st.text(max_size=60))
def test_any_text_is_understood_or_refused_with_a_remedy(text: str) -> None:
    outcome: object
    try:
        outcome = understand(text)
    except InputError as error:
        outcome = error.fix
    assert outcome
    assert isinstance(outcome, limits.Limit | str)


@given(share=st.integers(0, 100), month=st.sampled_from(MONTHS), short=st.booleans())
def test_shares_and_months_are_read_as_written(share: int, month: str, short: bool) -> None:
    limit = understand(f"at most {share}% overtime in {month[:3] if short else month}")
    assert isinstance(limit, limits.Overtime)
    assert limit.share == pytest.approx(share / 100)
    assert limit.when.spans[0].first == Moment(month=MONTHS.index(month) + 1)


def covered(sentence: str, calendar: Calendar = YEARS) -> list[str]:
    return [f"{period:%Y-%m}" for period in understand(f"no overtime {sentence}").when.cover(calendar)]


def test_times_cover_the_periods_they_mean() -> None:
    assert len(covered("")) == 18
    assert covered("in March") == ["2027-03", "2028-03"]
    assert covered("from November to January") == ["2026-12", "2027-01", "2027-11", "2027-12", "2028-01"]
    assert covered("from March to May 2027") == ["2027-03", "2027-04", "2027-05"]
    assert covered("from November 2027 to January") == ["2027-11", "2027-12", "2028-01"]
    assert covered("until February") == ["2026-12", "2027-01", "2027-02"]
    assert covered("from March 2028") == ["2028-03", "2028-04", "2028-05"]
    assert covered("from April")[0] == "2027-04"
    assert covered("in Q1 2028") == ["2028-01", "2028-02", "2028-03"]
    assert covered("2027-06..2027-07") == ["2027-06", "2027-07"]
    assert covered("in 2026") == ["2026-12"]
    assert covered("in 2031") == []


def test_quarters_are_those_of_the_fiscal_year() -> None:
    fiscal = Calendar("month", dt.date(2026, 12, 1), 18, dt.date(2026, 11, 30), fiscal_year_start=2)
    assert covered("in Q1 2028", fiscal) == ["2027-02", "2027-03", "2027-04"]


def test_part_of_a_period_is_covered_by_its_days() -> None:
    quarters = Calendar("quarter", dt.date(2027, 1, 1), 4, dt.date(2026, 12, 31))
    cover = understand("plant closed in August").when.cover(quarters)
    assert cover == {dt.date(2027, 7, 1): pytest.approx(31 / 92)}


def test_amounts_and_fences_are_converted_to_periods() -> None:
    weeks = Calendar("week", dt.date(2026, 11, 30), 20, dt.date(2026, 11, 29))
    assert Amount(500, per="month").a_period(31, YEARS) == 500
    assert Amount(500, per="week").a_period(28, YEARS) == 2000
    assert Amount(365.25, per="year").a_period(7, weeks) == 7
    assert limits.Frozen(number=2, unit="week").periods(weeks) == 2
    assert limits.Frozen(number=13, unit="week").periods(YEARS) == 3
    assert limits.Frozen(number=1, unit="week").periods(YEARS) == 1
    assert limits.Frozen(number=0, unit="week").periods(YEARS) == 0
