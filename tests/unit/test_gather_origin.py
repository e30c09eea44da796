"""Which rows a number was read from: the rows that name most of its keys, in stretches."""

import datetime as dt

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from equipoise.dimensions.calendar import Calendar
from equipoise.gather.origin import Trail
from equipoise.tables import table
from equipoise.tables.check import ROW, SOURCE
from equipoise.tables.setting import CalendarSetting

MONTHS = (dt.date(2027, 1, 1), dt.date(2027, 2, 1))
READ = st.tuples(st.sampled_from(["A", "B"]), st.none() | st.sampled_from(["North", "South"]), st.none() | st.sampled_from(MONTHS))
KEYS = ("item", "market", "period")


@given(st.lists(READ, min_size=1, max_size=40))
@settings(max_examples=60, deadline=None, derandomize=True)
def test_a_price_comes_from_the_rows_that_name_most_of_its_keys(read: list[tuple[str, str | None, dt.date | None]]) -> None:
    calendar = Calendar.from_setting(CalendarSetting(start=MONTHS[0], horizon=2))
    schema = {"item": pl.String, "market": pl.String, "period": pl.Date}
    seen = pl.DataFrame(read, schema=schema, orient="row").with_columns(
        pl.lit(1.0).alias("unit_price"),
        pl.Series(ROW, range(2, len(read) + 2), dtype=pl.UInt32),
        pl.lit(0, dtype=pl.UInt16).alias(SOURCE),
    )
    cells = [(item, market, month) for item in ("A", "B") for market in ("North", "South") for month in MONTHS]
    prices = table("price").conform(pl.DataFrame(cells, schema=schema, orient="row").with_columns(unit_price=1.0))
    trail = Trail(["price.csv"])
    trail.add("price", seen)
    found = trail.row_origin({"price": prices}, calendar, "plan.yaml", {})
    for position, cell in enumerate(cells, 1):
        fits = [
            (sum(one is None for one in keys), row)
            for row, keys in enumerate(read, 2)
            if all(one is None or one == wanted for one, wanted in zip(keys, cell, strict=True))
        ]
        expected = sorted(row for left_open, row in fits if left_open == min(fits)[0])
        of_cell = found.filter(position=position)
        assert [row for first, last in of_cell.select("first", "last").iter_rows() for row in range(first, last + 1)] == expected
        assert of_cell["rows"].unique().to_list() == ([len(expected)] if expected else [])
        assert all(later > last + 1 for last, later in zip(of_cell["last"][:-1], of_cell["first"][1:], strict=True))
