"""Triggers: every form of the sentence, what cannot be read, and what each sees in small tables worked by hand."""

import datetime as dt
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from equipoise.dimensions.calendar import Calendar, add_months
from equipoise.errors import InputError
from equipoise.reconcile.risks.observed import observed
from equipoise.scenario import TRIGGER_TABLES, parse_trigger
from equipoise.tables import DICTIONARY, table
from equipoise.tables.setting import CalendarSetting

START = dt.date(2026, 12, 1)
MONTHS = Calendar.from_setting(CalendarSetting(as_of=dt.date(2026, 11, 30), start=START, horizon=6))
EARLY = Calendar.from_setting(CalendarSetting(as_of=dt.date(2026, 11, 12), start=START, horizon=6))
WEEKS = Calendar.from_setting(CalendarSetting(cadence="week", as_of=dt.date(2026, 11, 29), start=dt.date(2026, 11, 30), horizon=8))


def rows(name: str, *given_rows: dict[str, Any]) -> pl.DataFrame:
    schema = dict(table(name).schema)
    return pl.DataFrame([{column: row.get(column) for column in schema} for row in given_rows], schema=schema)


def month(back: int) -> dt.date:
    """The month `back` months before the plan begins."""
    return add_months(START, -back)


ITEMS = rows("item", {"item": "A", "family": "Tents"}, {"item": "B", "family": "Tents"}, {"item": "S", "family": "Stoves"})
MARKETS = rows("market", {"market": "Nordic Retail", "region": "Nordics"}, {"market": "Shop & Co", "region": "Central"})
# Tents in the North sell 100, 200, ... a month, the last of them 500; stoves sell once.
HISTORY = rows(
    "history",
    *({"item": "A", "market": "Nordic Retail", "period": month(6 - n), "quantity": 100.0 * n} for n in range(1, 6)),
    *({"item": "B", "market": "Shop & Co", "period": month(6 - n), "quantity": 10.0} for n in range(1, 6)),
    {"item": "S", "market": "Shop & Co", "period": month(4), "quantity": 7.0},
)
STOCK = rows(
    "inventory_plan",
    *(
        {"item": item, "location": "Plant", "period": period, "quantity": held}
        for item, held in (("A", 5.0), ("B", 3.0))
        for period in MONTHS.periods
    ),
)
LOAD = rows(
    "capacity_load",
    *({"resource": "Line", "period": period, "load": 10.0, "utilisation": 0.8 + 0.05 * n} for n, period in enumerate(MONTHS.periods)),
)
GAPS = rows(
    "gap",
    {"kind": "shortage", "level": "family", "subject": "Tents", "period": START, "until": START, "units": -40.0, "revenue": -900.0},
    {"kind": "shortage", "level": "family", "subject": "Stoves", "period": START, "until": START, "units": -4.0, "revenue": -90.0},
    {"kind": "idle_capacity", "level": "resource", "subject": "Line", "period": START, "until": START, "units": 60.0},
)
RESULTS = rows("scenario_result", {"scenario": "upside", "measure": "shortage", "value": 120.0, "difference": 100.0})
TABLES = {
    **{name: table(name).empty() for name in TRIGGER_TABLES},
    "item": ITEMS,
    "market": MARKETS,
    "history": HISTORY,
    "inventory_plan": STOCK,
    "capacity_load": LOAD,
    "gap": GAPS,
    "scenario_result": RESULTS,
    "period": MONTHS.table(),
}


def seen(text: str, calendar: Calendar = MONTHS) -> float | None:
    return observed(parse_trigger(text, calendar), TABLES, calendar).value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("sum of history.quantity where family=Tents and market=Nordic Retail, last 3 periods < 900", 300 + 400 + 500),
        ("sum of history.quantity where family=Tents, last 3 months < 900", 1200 + 30),
        ("Sum of history.quantity where region=Nordics, last 1 period <= 1,000.5", 500),
        ("sum of history.quantity > 0", 1500 + 50 + 7),
        ("sum of history.quantity where market=Shop & Co, last 2 periods > 0", 20),
        ("sum of history.quantity where item=A|B and period=2026-07..2026-08 > 0", 300 + 20),
        ("mean of history.quantity where family=Tents, last 2 periods >= 400", (410 + 510) / 2),
        ("mean of history.quantity where item=S, last 2 months > 1", 0),
        ("last of history.quantity where family=Tents > 500", 510),
        ("last of inventory_plan.quantity < 9", 8),
        ("most of history.quantity where family=Tents > 500", 510),
        ("least of history.quantity where family=Tents, last 5 periods < 120", 110),
        ("least of inventory_plan.quantity, next 3 periods < 10", 8),
        ("mean of inventory_plan.quantity, next 2 periods < 10", 8),
        ("sum of capacity_load.load, next 2 periods > 15", 20),
        ("most of capacity_load.utilisation where resource=Line, next 3 periods > 85 %", 0.9),
        ("mean of capacity_load.utilisation > 85 %", 0.925),
        ("count of gap where kind=shortage > 1", 2),
        ("count of gap.revenue > 1", 2),
        ("count of gap where kind=late > 0", 0),
        ("count of kpi > 0", 0),
        ("count of history where item=S, last 2 periods > 0", 0),
        ("sum of gap.revenue where kind=shortage and level=family < -500", -990),
        ("least of gap.units < -10", -40),
        ("sum of scenario_result.difference where scenario=upside and measure=shortage > 50", 100),
        ("change of history.quantity where item=A, last 2 periods against the 2 before > 10 %", 900 / 500 - 1),
        ("change of history.quantity where item=A, last 1 month against the 3 before > 10 %", 500 / 300 - 1),
    ],
)
def test_every_form_sees_what_a_hand_works_out(text: str, value: float) -> None:
    assert seen(text) == pytest.approx(value)


def test_a_change_against_a_year_before_takes_the_same_months() -> None:
    year = rows(
        "history",
        *({"item": "A", "market": "Nordic Retail", "period": month(n), "quantity": 200.0 if n <= 12 else 100.0} for n in range(1, 16)),
    )
    trigger = parse_trigger("change of history.quantity, last 3 periods against the same periods a year before > 10 %", MONTHS)
    assert observed(trigger, {**TABLES, "history": year}, MONTHS).value == pytest.approx(1.0)
    short = year.filter(pl.col("period") > month(15))
    found = observed(trigger, {**TABLES, "history": short}, MONTHS)
    assert found.value is None
    assert found.why == "Too little is seen: its rows begin in October 2025."


def test_weeks_go_back_a_year_of_weeks() -> None:
    first = WEEKS.start - dt.timedelta(weeks=53)
    sold = rows(
        "history",
        *(
            {"item": "A", "market": "Nordic Retail", "period": first + dt.timedelta(weeks=n), "quantity": 1.0 + (n == 52)}
            for n in range(53)
        ),
    )
    trigger = parse_trigger("change of history.quantity, last 1 week against the same a year ago > 10 %", WEEKS)
    assert observed(trigger, {**TABLES, "history": sold}, WEEKS).value == pytest.approx(1.0)


def test_the_month_of_the_data_cut_counts_only_when_it_is_over() -> None:
    text = "sum of history.quantity where item=A, last 1 period > 0"
    assert seen(text) == 500
    assert seen(text, EARLY) == 400


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("sum of history.quantity where item=A, last 6 periods > 0", "Too little is seen: its rows begin in July 2026."),
        ("sum of history.quantity where item=Aa, last 2 periods > 0", "item Aa is not there; the nearest are A"),
        ("mean of kpi.value where kpi=wmape > 20 %", "kpi has no rows"),
        ("count of budget > 0", "budget has no rows"),
        ("last of gap.margin > 0", "The rows hold no value"),
        ("mean of gap.margin > 0", "The rows hold no value"),
        ("sum of demand_plan.quantity, last 2 periods > 0", "demand_plan has no rows"),
        ("change of history.quantity where item=S, last 1 period against the 1 before > 5 %", "nothing before to hold it against"),
    ],
)
def test_what_cannot_be_seen_says_why(text: str, why: str) -> None:
    found = observed(parse_trigger(text, MONTHS), TABLES, MONTHS)
    assert found.value is None
    assert why in found.why


def test_a_table_of_the_plan_has_no_past_periods() -> None:
    found = observed(parse_trigger("most of capacity_load.load, last 2 periods > 1", MONTHS), TABLES, MONTHS)
    assert found.value is None
    assert found.why == "capacity_load has no period that the data cut has seen in full."


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "does not end with a comparison"),
        ("the tender is won", "does not end with a comparison"),
        ("sum of history.quantity", "does not end with a comparison"),
        ("sum of history.quantity = 9", "does not end with a comparison"),
        ("sum of history.quantity < 1,00", "does not end with a comparison"),
        ("history.quantity < 9", "cannot be read"),
        ("sum history.quantity < 9", "cannot be read"),
        ("total of history.quantity < 9", "cannot take the total"),
        ("sums of history.quantity < 9", "Did you mean sum"),
        ("sum of histroy.quantity < 9", "nearest are history"),
        ("sum of risk_opportunity.money < 9", "no table risk_opportunity that a trigger can look at"),
        ("sum of supply_plan.quantity < 9", "no table supply_plan that a trigger can look at"),
        ("sum of history.quantety < 9", "nearest are quantity"),
        ("sum of history < 9", "Which column of history"),
        ("sum of history.item < 9", "holds no numbers"),
        ("sum of correlation.one < 9", "Its numbers are correlation"),
        ("sum of demand_owner.owner < 9", "Count its rows"),
        ("sum of history.quantity where famly=Tents < 9", "nearest are family"),
        ("sum of history.quantity where < 9", "cannot be read"),
        ("sum of history.quantity where Tents < 9", "is not a condition"),
        ("sum of history.quantity where item=A and item=B < 9", "comes twice"),
        ("sum of history.quantity where quantity=many < 9", "holds numbers"),
        ("sum of history.quantity where period=soon < 9", "not a date"),
        ("sum of history.quantity, last three periods < 9", "periods of"),
        ("sum of history.quantity, last 0 periods < 9", "sees nothing"),
        ("sum of history.quantity, last 3 weeks < 9", "made by month, not by week"),
        ("sum of demand_plan.quantity, next 7 periods < 9", "beyond the horizon of 6"),
        ("sum of gap.units, last 2 periods against the 2 before < 9", "not held against others"),
        ("change of history.quantity < 9 %", "needs the periods"),
        ("change of history.quantity, last 3 periods < 9 %", "needs the periods"),
        ("change of demand_plan.quantity, next 3 periods against the 3 before < 9 %", "no change against the past"),
        ("change of history.quantity, last 3 periods against the 0 before < 9 %", "sees nothing"),
        ("change of history.quantity, last 3 periods against the 3 before < 9", "compared with percents"),
        ("sum of item.unit_price, last 3 periods < 9", "item has no periods"),
        ("last of scenario_result.value < 9", "has no periods"),
        ("sum of price.unit_price < 9", "does not add up"),
        ("sum of inventory_plan.value, next 2 periods > 0", "does not add up over periods"),
    ],
)
def test_a_sentence_that_cannot_be_read_says_what_is_wrong_and_what_to_write(text: str, says: str) -> None:
    with pytest.raises(InputError) as error:
        parse_trigger(text, MONTHS)
    assert says in f"{error.value.message} {error.value.fix}"
    assert error.value.fix


def test_nothing_behind_the_equals_sign_is_an_empty_cell_or_an_empty_text() -> None:
    kpi = rows(
        "kpi",
        {"kpi": "otif", "level": "family", "subject": "", "value": 0.9},
        {"kpi": "otif", "level": "total", "value": 0.8},
        {"kpi": "otif", "level": "family", "subject": "Tents", "value": 0.1},
        {"kpi": "otif", "level": "family", "subject": "", "period": START, "value": 0.2},
    )
    trigger = parse_trigger("mean of kpi.value where kpi=otif and subject= and period= < 95 %", MONTHS)
    assert observed(trigger, {**TABLES, "kpi": kpi}, MONTHS).value == pytest.approx(0.85)


def test_a_value_may_hold_words_that_the_grammar_uses() -> None:
    trigger = parse_trigger("sum of history.quantity where market=Last and next of all > 3 and item=A, last 2 periods < 9", MONTHS)
    assert trigger.where == {"market": "Last and next of all > 3", "item": "A"}


NUMERIC = [
    (name, column.name)
    for name in TRIGGER_TABLES
    for column in DICTIONARY[name].columns
    if column.kind == "number" and not column.key and column.over_time not in {"stock", "ratio"}
]


@given(
    st.sampled_from(NUMERIC),
    st.sampled_from(["sum", "mean", "most", "least", "count"]),
    st.sampled_from(["<", "<=", ">", ">="]),
    st.integers(-10_000_000, 10_000_000),
    st.booleans(),
)
def test_reading_a_sentence_gives_back_what_it_was_made_of(
    where: tuple[str, str], measure: str, sign: str, limit: int, percent: bool
) -> None:
    name, column = where
    text = f"{measure} of {name}.{column} {sign} {limit:,}{' %' if percent else ''}"
    trigger = parse_trigger(text.replace("  ", " "), MONTHS)
    assert (trigger.measure, trigger.table, trigger.column, trigger.compared) == (measure, name, column, sign)
    assert trigger.limit == pytest.approx(limit / 100 if percent else limit)
    assert trigger.met(trigger.limit) == sign.endswith("=")


@given(st.lists(st.integers(0, 1000), min_size=2, max_size=8), st.integers(1, 8), st.floats(1.1, 9.0))
def test_measures_hold_together_and_a_change_has_no_unit(sold: list[int], count: int, factor: float) -> None:
    window = min(count, len(sold) // 2)
    frame = rows("history", *({"item": "A", "market": "M", "period": month(n + 1), "quantity": float(one)} for n, one in enumerate(sold)))

    def value(measure: str, history: pl.DataFrame, more: str = "", end: str = "> 0") -> float | None:
        trigger = parse_trigger(f"{measure} of history.quantity, last {window} periods{more} {end}", MONTHS)
        return observed(trigger, {**TABLES, "history": history}, MONTHS).value

    least, mean, most, total = (value(measure, frame) for measure in ("least", "mean", "most", "sum"))
    assert least is not None
    assert mean is not None
    assert most is not None
    assert least <= mean + 1e-9
    assert mean <= most + 1e-9
    assert total == pytest.approx(mean * window)
    change = [
        value("change", history, f" against the {window} before", "> 1 %")
        for history in (frame, frame.with_columns(pl.col("quantity") * factor))
    ]
    assert change[0] == (None if change[1] is None else pytest.approx(change[1], abs=1e-9))


@given(st.text(max_size=120))
def test_no_text_breaks_the_reader(text: str) -> None:
    with pytest.raises(InputError) as error:
        parse_trigger(f"{text} of", MONTHS)
    assert error.value.fix
