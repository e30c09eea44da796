"""The parts of an origin: arithmetic, formulas as sentences, and which rows of files a row of a table came from."""

import datetime as dt

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from equipoise.gather import Raw, facts, read_plan
from equipoise.service.lineage.arithmetic import evaluate
from equipoise.service.lineage.draft import Draft, closes, part, spoken, total

_NUMBERS = st.floats(-1e9, 1e9, allow_nan=False)


@given(st.lists(st.tuples(st.sampled_from([1, -1]), _NUMBERS), min_size=1, max_size=8))
def test_a_sum_gives_what_its_inputs_add_up_to(terms: list[tuple[int, float]]) -> None:
    signed = [(sign, part(f"x{place}", "", value)) for place, (sign, value) in enumerate(terms)]
    formula = total("A sum", signed).formula("")
    assert formula.result == pytest.approx(sum(sign * value for sign, value in terms), rel=1e-9, abs=1e-3)


def test_arithmetic_takes_what_formulas_need_and_nothing_else() -> None:
    values = {"a": 2.0, "b": 5.0, "none": None}
    assert evaluate("max(a, b) - 1", values) == 4.0
    assert evaluate("a * sqrt(b ** 2 - 9) / 4", values) == 2.0
    assert evaluate("-a + abs(-b)", values) == 3.0
    assert evaluate("a + none", values) is None
    assert evaluate("a / (b - 5)", values) is None
    with pytest.raises(KeyError):
        evaluate("a + c", values)
    for text in ("a.real", "open(a)", "[a for a in b]", "'a' * 3", "a if b else 1"):
        with pytest.raises((ValueError, KeyError)):
            evaluate(text, values)


def test_a_formula_reads_with_its_numbers() -> None:
    stock = total(
        "Stock", [(1, part("opening", "at the start", 120.0)), (1, part("made", "made", 0.0)), (-1, part("shipped", "shipped", 60.0))]
    )
    assert spoken(stock.formula("")) == "120 (at the start) − 60 (shipped) = 60"
    share = Draft("Share", "load / room", (part("load", "load", 90.0), part("room", "room", 80.0)))
    assert spoken(share.formula(""), "fraction") == "90 (load) / 80 (room) = 112 %"
    assert spoken(total("Alone", [(1, part("only", "said", 7.0))]).formula("")) == "7"
    assert spoken(total("Lost", [(-1, part("lost", "lost", 7.0))]).formula("")) == "−7 (lost) = -7"


def test_a_formula_that_gives_another_number_is_seen() -> None:
    formula = total("Sum", [(1, part("a", "", 1.0)), (1, part("b", "", 2.0))]).formula("")
    assert closes(formula, 3.0 + 1e-9)
    assert not closes(formula, 3.1)
    assert not closes(formula, None)


def _origin(text: str, raws: dict[str, list[Raw]]) -> pl.DataFrame:
    plan = read_plan(text, "plan.yaml", dt.date(2026, 12, 1))
    found = facts(plan, raws)
    assert not found.errors, found.errors
    return found.trail.row_origin(found.tables, plan.calendar, plan.file, plan.lines)


_PLAN = """\
plan: lamps
calendar: {start: 2027-01-01, horizon: 2}
data:
  sources:
    sales: {file: [a.csv, b.csv]}
    rates: {file: capacity.csv}
  tables:
    history: {from: sales}
    capacity: {from: rates}
"""


def test_rows_that_were_summed_are_all_named_and_a_row_for_every_period_is_that_of_each() -> None:
    days = ["2026-11-01", "2026-11-01", "2026-11-02", "2026-11-03", "2026-12-01"]
    first = pl.DataFrame({"item": "Lamp", "market": "North", "period": days, "quantity": ["1", "2", "3", "4", "5"]})
    second = pl.DataFrame({"item": "Lamp", "market": "North", "period": ["2026-11-04"], "quantity": ["6"]})
    limits = pl.DataFrame({"resource": ["Line", "Line"], "period": [None, "2027-02-01"], "regular": ["10", "8"]})
    raws = {"sales": [Raw("a.csv", first), Raw("b.csv", second)], "rates": [Raw("capacity.csv", limits)]}
    origin = _origin(_PLAN.replace("start: 2027-01-01", "start: 2027-01-01, as_of: 2026-12-31"), raws)
    november = origin.filter(pl.col("table") == "history", pl.col("position") == 1)
    assert november.select("source", "first", "last", "rows").rows() == [("a.csv", 2, 5, 4), ("b.csv", 2, 2, 1)]
    december = origin.filter(pl.col("table") == "history", pl.col("position") == 2)
    assert december.select("source", "first").rows() == [("a.csv", 6)]
    capacity = origin.filter(pl.col("table") == "capacity").select("position", "first").rows()
    assert capacity == [(1, 2), (2, 3)]
    settings = origin.filter(pl.col("table") == "setting")
    assert set(settings["first"]) == {1, 2}


def test_a_dated_row_with_an_empty_cell_names_the_row_that_fills_it_too() -> None:
    limits = pl.DataFrame(
        {"resource": ["Line", "Line"], "period": [None, "2027-02-01"], "regular": ["10", "8"], "overtime_limit": ["2", None]}
    )
    sold = pl.DataFrame({"item": "Lamp", "market": "North", "period": ["2026-12-01"], "quantity": ["5"]})
    origin = _origin(_PLAN, {"sales": [Raw("a.csv", sold)], "rates": [Raw("capacity.csv", limits)]})
    rows = origin.filter(pl.col("table") == "capacity").select("position", "first", "last").rows()
    assert rows == [(1, 2, 2), (2, 2, 3)]
