"""How numbers, money and periods read in sentences."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from equipoise.dimensions.calendar import Calendar
from equipoise.tables import figures

MONTHS = Calendar("month", dt.date(2027, 1, 1), 12, dt.date(2026, 12, 15))
WEEKS = Calendar("week", dt.date(2027, 1, 4), 12, dt.date(2026, 12, 31))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1234.4, "1,234"),
        (100.4, "100"),
        (99.96, "100"),
        (12.5, "12.5"),
        (12, "12"),
        (0.0416, "0.042"),
        (0, "0"),
        (-0.001, "0"),
        (-1500, "-1,500"),
    ],
)
def test_numbers_say_what_matters(value: float, text: str) -> None:
    assert figures.number(value) == text


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (1234, "unit", "1,234 units"),
        (1, "hours", "1 hour"),
        (2, "box", "2 boxes"),
        (1, "boxes", "1 box"),
        (5, "kg", "5 kg"),
        (5, "pcs", "5 pcs"),
        (3, "EA", "3 EA"),
        (23, "gap", "23 gaps"),
        (7, "", "7 units"),
    ],
)
def test_units_stand_as_people_say_them(value: float, unit: str, text: str) -> None:
    assert figures.quantity(value, unit) == text


@pytest.mark.parametrize(
    ("value", "currency", "text"),
    [
        (6200000, "EUR", "EUR 6,200,000"),
        (41.2, "EUR", "EUR 41.20"),
        (-1234.5, "USD", "-USD 1,234"),
        (50, "", "50"),
        (-0.001, "EUR", "EUR 0.00"),
    ],
)
def test_money_has_currency_and_separators(value: float, currency: str, text: str) -> None:
    assert figures.money(value, currency) == text


def test_shares_and_points() -> None:
    assert [figures.share(value) for value in (0.2, 0.075, 0.998, 0, 1.2)] == ["20 %", "7.5 %", "100 %", "0 %", "120 %"]
    assert [figures.points(value) for value in (0.025, -0.01)] == ["2.5 points", "1 point"]


def test_a_share_short_of_all_never_reads_as_all() -> None:
    assert figures.share(0.998, whole=False) == "99.8 %"
    assert figures.share(0.99999, whole=False) == "99.9 %"
    assert figures.share(0.97, whole=False) == "97 %"


def test_lists_read_as_sentences() -> None:
    assert figures.listing([]) == ""
    assert figures.listing(["A"]) == "A"
    assert figures.listing(["A", "B", "C"]) == "A, B and C"
    assert figures.listing(["A", "B", "C", "D", "E"]) == "A, B, C and 2 more"


def test_spans_name_the_year_once() -> None:
    assert figures.span(dt.date(2027, 3, 1), dt.date(2027, 3, 1), MONTHS) == "in March 2027"
    assert figures.span(dt.date(2027, 3, 1), dt.date(2027, 5, 1), MONTHS) == "from March to May 2027"
    assert figures.span(dt.date(2026, 11, 1), dt.date(2027, 2, 1), MONTHS) == "from November 2026 to February 2027"
    assert figures.span(dt.date(2027, 1, 4), dt.date(2027, 1, 11), WEEKS) == "from 2027-W01 to 2027-W02"


@given(st.floats(-1e12, 1e12))
def test_a_number_reads_back_close(value: float) -> None:
    assert float(figures.number(value).replace(",", "")) == pytest.approx(value, rel=0.05, abs=0.5)
