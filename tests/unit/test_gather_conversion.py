import datetime as dt
import math

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from equipoise.gather.conversion import convert, decimal_mark
from equipoise.gather.dates import read_dates
from equipoise.tables.column import Kind


def values(cells: list[object], kind: Kind, **options: object) -> list[object]:
    return convert(pl.Series("x", cells), kind, **options).values.to_list()  # type: ignore[arg-type]


def wrong(cells: list[object], kind: Kind, **options: object) -> list[object]:
    converted = convert(pl.Series("x", cells), kind, **options)  # type: ignore[arg-type]
    return [cell for trouble in converted.troubles for cell in pl.Series("x", cells).filter(trouble.cells).to_list()]


def test_numbers_are_read_as_people_write_them() -> None:
    cells: list[object] = ["1", " 2.5 ", "1,234", "12,345.6", "$5", "(4)", "7-", "50%", "1e3", "1 000", "-", "n/a", "", None]
    assert values(cells, "number") == [1, 2.5, 1234, 12345.6, 5, -4, -7, 0.5, 1000, 1000, None, None, None, None]
    assert wrong(cells, "number") == []
    assert wrong(["1.2.3", "abc", "inf", "#REF!", "1"], "number") == ["1.2.3", "abc", "#REF!", "inf"]


def test_decimal_commas_are_read_where_they_are_named() -> None:
    assert values(["1.234,5", "1.234", "12,5", "-1.000.000", "3"], "number", decimal=",") == [1234.5, 1234, 12.5, -1_000_000, 3]


@pytest.mark.parametrize(
    ("columns", "delimiter", "mark", "warned"),
    [
        ([["1,5", "2"]], ";", ",", False),
        ([["1.5", "2"]], ";", ".", False),
        ([["1,500", "2"]], ";", ",", True),
        ([["1,500", "2"]], ",", ".", False),
        ([["1,500"], ["2,25"]], "\t", ",", False),
        ([["1.500,25"], ["2.25"]], ";", ",", True),
    ],
)
def test_the_decimal_mark_of_a_file_is_found_out(columns: list[list[str]], delimiter: str, mark: str, warned: bool) -> None:
    found, warning = decimal_mark([pl.Series(cells) for cells in columns], delimiter)
    assert (found, bool(warning)) == (mark, warned)


@given(st.lists(st.floats(-1e9, 1e9).map(lambda number: round(number, 3)), min_size=1), st.sampled_from([".", ","]))
def test_numbers_survive_thousands_and_either_decimal_mark(numbers: list[float], mark: str) -> None:
    written = [f"{number:,.3f}" for number in numbers]
    if mark == ",":
        written = [text.translate(str.maketrans(",.", ".,")) for text in written]
    assert values(list(written), "number", decimal=mark) == pytest.approx(numbers)


def test_whole_numbers_flags_and_words() -> None:
    assert values(["1", "3.0", "2.5", None], "integer") == [1, 3, None, None]
    assert wrong(["1", "2.5"], "integer") == ["2.5"]
    assert values(["yes", "No", "1", "TRUE", "x", ""], "flag") == [True, False, True, True, True, None]
    assert wrong(["perhaps"], "flag") == ["perhaps"]
    assert values([" Finished", "Semi finished", "x", ""], "text", allowed=("finished", "semi_finished")) == [
        "finished",
        "semi_finished",
        "x",
        None,
    ]
    assert values([1.0, 2.5, 1001.0, None], "text") == ["1", "2.5", "1001", None]
    assert values([1.0, math.nan, math.inf], "number") == [1.0, None, None]
    assert values([True, False], "number") == [1.0, 0.0]
    assert values([dt.datetime(2026, 1, 2, 3)], "date") == [dt.date(2026, 1, 2)]


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2026-01-31", (2026, 1, 31)),
        ("2026-1-2 00:00:00", (2026, 1, 2)),
        ("2026-01-31T10:00:00Z", (2026, 1, 31)),
        ("2026/01/31", (2026, 1, 31)),
        ("20260131", (2026, 1, 31)),
        ("202601", (2026, 1, 1)),
        ("2026-03", (2026, 3, 1)),
        ("31.1.2026", (2026, 1, 31)),
        ("31.01.26", (2026, 1, 31)),
        ("31/01/2026", (2026, 1, 31)),
        ("1/31/2026", (2026, 1, 31)),
        ("5/5/2026", (2026, 5, 5)),
        ("03/2026", (2026, 3, 1)),
        ("46053", (2026, 1, 31)),
        ("Jan 2026", (2026, 1, 1)),
        ("31-Jan-26", (2026, 1, 31)),
        ("January 3rd, 2026", (2026, 1, 3)),
        ("2026-Q3", (2026, 7, 1)),
        ("Q3 2026", (2026, 7, 1)),
        ("2026-W05", (2026, 1, 26)),
    ],
)
def test_dates_are_read_as_people_and_systems_write_them(text: str, day: tuple[int, int, int]) -> None:
    assert values([text], "date") == [dt.date(*day)]


def test_the_order_of_day_and_month_is_decided_for_the_whole_column() -> None:
    assert read_dates(["13/01/2026", "02/03/2026"]).found["02/03/2026"] == dt.date(2026, 3, 2)
    assert read_dates(["01/13/2026", "02/03/2026"]).found["02/03/2026"] == dt.date(2026, 2, 3)
    months = read_dates(["1/1/2026", "2/1/2026", "3/1/2026"])
    assert months.found["3/1/2026"] == dt.date(2026, 3, 1)
    assert months.warnings
    assert set(read_dates(["1/2/2026", "2/3/2026"]).wrong) == {"1/2/2026", "2/3/2026"}


def test_a_format_that_is_named_is_obeyed() -> None:
    assert values(["2/3/2026", "31.12.2026"], "date", form="%m/%d/%Y") == [dt.date(2026, 2, 3), None]
    assert values(["2026-03-02 14:00"], "date", form="%Y-%d-%m %H:%M") == [dt.date(2026, 2, 3)]


@given(st.dates(dt.date(1950, 1, 1), dt.date(2199, 12, 31)), st.sampled_from(["%Y-%m-%d", "%d.%m.%Y", "%Y%m%d", "%d %B %Y", "%Y/%m/%d"]))
def test_dates_survive_any_clear_form(day: dt.date, form: str) -> None:
    assert values([day.strftime(form)], "date") == [day]


@given(
    st.lists(st.sampled_from(["A", " B", "5", "1,5", "#REF!", "2026-01-01", "yes", "x", None, ""]), min_size=1),
    st.sampled_from(["text", "number", "date", "flag"]),
)
def test_categories_convert_as_their_words_do(cells: list[str | None], kind: Kind) -> None:
    words = pl.Series("x", cells, dtype=pl.String)
    plain, coded = convert(words, kind), convert(words.cast(pl.Categorical), kind)
    assert coded.values.cast(plain.values.dtype).to_list() == plain.values.to_list()
    assert [one.cells.fill_null(value=False).to_list() for one in coded.troubles] == [
        one.cells.fill_null(value=False).to_list() for one in plain.troubles
    ]
