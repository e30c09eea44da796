"""What overrides do: where they apply, how totals are split, locks, fences, expiry, and what is told of each."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from equipoise.dimensions.calendar import Calendar
from equipoise.errors import DataError, InputError
from equipoise.gate import GATE, Run
from equipoise.gather import Raw, facts, read_plan
from equipoise.scenario import (
    Effect,
    Laid,
    Override,
    Scenario,
    chain,
    effect_table,
    identified,
    lay,
    override_table,
    parse_where,
    remembered,
)
from equipoise.tables import table
from equipoise.tables.setting import CalendarSetting, DemandSetting, Setting, to_table

START = dt.date(2027, 1, 1)
CALENDAR = CalendarSetting(start=START, horizon=6, as_of=dt.date(2026, 12, 15))
SETTING = Setting(plan="p", calendar=CALENDAR, demand=DemandSetting(fences={"sales": 2, "all": 99}))
PERIODS = Calendar.from_setting(CALENDAR).periods
ITEMS = {"a": "tents", "b": "packs", "c": "tents", "d": "stoves"}
MARKETS = {"north": "x", "south": "y"}


def frame(name: str, rows: Sequence[dict[str, object]]) -> pl.DataFrame:
    return table(name).conform(pl.DataFrame(rows))


TABLES = {
    "item": frame("item", [{"item": item, "family": family} for item, family in {**ITEMS, "e": None}.items()]),
    "market": frame("market", [{"market": market, "region": region} for market, region in MARKETS.items()]),
    "period": table("period").conform(Calendar.from_setting(CALENDAR).table()),
    "setting": table("setting").conform(to_table(SETTING)),
}
KEYS = [(item, market, period) for item in ITEMS for market in MARKETS for period in PERIODS]


def plan(quantities: Sequence[float] | None = None, name: str = "consensus") -> pl.DataFrame:
    """The consensus of 4 items, 2 markets and 6 months: 10, 20, 30, ... unless quantities are given."""
    values = [10.0 * (number + 1) for number in range(len(KEYS))] if quantities is None else quantities
    rows = [{"item": i, "market": m, "period": p, "quantity": float(q)} for (i, m, p), q in zip(KEYS, values, strict=True)]
    return frame(name, rows)


def change(**values: Any) -> Override:
    return Override.model_validate({"table": "consensus", **values})


def laid(*overrides: Override, tables: dict[str, pl.DataFrame] | None = None, start: pl.DataFrame | None = None) -> Laid:
    base = identified(overrides)
    return lay(plan() if start is None else start, base, (), "consensus", TABLES if tables is None else tables, tell=True)


def quantity(result: Laid, where: str = "") -> float:
    found = result.frame.join(TABLES["item"].select("item", "family"), on="item", maintain_order="left")
    for column, value in parse_where(where).items():
        found = found.filter(pl.col(column).cast(pl.String) == str(value))
    return float(found["quantity"].sum())


def only(result: Laid) -> Effect:
    assert len(result.effects) == 1
    return result.effects[0]


# Where


@pytest.mark.parametrize(
    ("text", "means"),
    [
        ("family=Tents; region=North", {"family": "Tents", "region": "North"}),
        ("item=a|b ; period = 2027-01..2027-03;", {"item": ("a", "b"), "period": {"from": "2027-01", "to": "2027-03"}}),
        ("period=..2027-03", {"period": {"to": "2027-03"}}),
        ("channel=", {"channel": None}),
        ('{"item": ["a", "b"], "quantity": {"from": 5}}', {"item": ("a", "b"), "quantity": {"from": 5}}),
        ("  ", {}),
    ],
)
def test_where_as_planners_write_it(text: str, means: dict[str, object]) -> None:
    assert parse_where(text) == means
    assert change(where=text, operation="scale", value=2).where == means


@pytest.mark.parametrize(
    ("text", "words"), [("Tents", "is not a condition"), ("item=a; item=b", "comes twice"), ("{item: a}", "is not JSON"), ("=a", "is not")]
)
def test_a_where_that_says_nothing_is_refused(text: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        parse_where(text)
    with pytest.raises(ValidationError, match=words):
        change(where=text, operation="scale", value=2)


@pytest.mark.parametrize(
    ("where", "cells"),
    [
        ("quarter=2027-Q1; family=tents", 12),
        ("fiscal_year=2027", 48),
        ("label=2027-02", 8),
        ("period=2027-02-01..; market=south", 20),
        ("item=a|c|a; region=y; period=2027-01|2027-06", 4),
        ("quantity=455..480", 3),
    ],
)
def test_cells_are_found_by_columns_attributes_lists_and_ranges(where: str, cells: int) -> None:
    assert only(laid(change(where=where, operation="scale", value=2))).cells == cells


def test_a_month_means_every_week_that_begins_in_it_and_a_week_may_go_by_its_label() -> None:
    calendar = Calendar("week", dt.date(2027, 1, 4), 8, dt.date(2027, 1, 3))
    rows = frame("consensus", [{"item": "a", "market": "north", "period": day, "quantity": 1.0} for day in calendar.periods])
    tables = {**TABLES, "period": table("period").conform(calendar.table())}
    assert only(laid(change(where="period=2027-01", operation="add", value=1), start=rows, tables=tables)).cells == 4
    assert only(laid(change(where="period=2027-W02..2027-01", operation="add", value=1), start=rows, tables=tables)).cells == 3


def test_a_condition_that_names_nothing_is_refused_and_words_have_no_order() -> None:
    for condition, words in {
        "the list of item is empty": [],
        "the range of item is empty": {},
        "the range of item knows since": {"since": "2027-01"},
        r"the range of item ends \(2027-01\) before it begins \(2027-02\)": {"from": "2027-02", "to": "2027-01"},
        r"the range of item ends \(1\) before it begins \(2\)": {"from": 2, "to": 1},
    }.items():
        with pytest.raises(ValidationError, match=condition):
            change(where={"item": words}, operation="add", value=1)
    change(where={"period": {"from": "2027-01-15", "to": "2027-01"}}, operation="add", value=1)
    change(where="quantity=9..10", operation="add", value=1)


def test_a_table_without_rows_says_so_and_a_word_must_be_allowed() -> None:
    assert only(laid(change(where="item=a", operation="set", value=1), start=table("consensus").empty())).note == "Consensus has no rows."
    wrong = Override(table="event", column="kind", operation="set", value="promo")
    with pytest.raises(DataError, match="kind is 'promo'"):
        lay(frame("event", [{"event": "fair", "start": START, "end": START}]), [wrong], (), "event", TABLES)


def test_a_changed_attribute_is_seen_by_the_next_override() -> None:
    moved = Override(table="item", where={"item": "d"}, column="family", operation="set", value="tents")
    priced = Override(table="item", where={"family": "tents"}, column="unit_price", operation="set", value=5)
    after = lay(TABLES["item"], identified([moved, priced]), (), "item", TABLES).frame
    assert after.filter(pl.col("unit_price") == 5)["item"].to_list() == ["a", "c", "d"]


# Percentages and splits


@pytest.mark.parametrize(("text", "factor"), [("+10 %", 1.1), ("-5%", 0.95), ("+ 12.5%", 1.125), ("−50 %", 0.5), ("+2,5 %", 1.025)])
def test_a_percentage_scales(text: str, factor: float) -> None:
    assert change(operation="scale", value=text).value == factor


def test_numbers_beyond_reason_are_refused() -> None:
    with pytest.raises(DataError, match="beyond"):
        laid(change(operation="scale", value=1e14))
    with pytest.raises(DataError, match="takes a number"):
        laid(change(operation="add", value=float("nan")))


def test_a_percentage_that_may_mean_two_things_is_refused() -> None:
    with pytest.raises(ValidationError, match=r"Write \+10 %"):
        change(operation="scale", value="10 %")
    with pytest.raises(DataError, match="operation scale"):
        laid(change(operation="add", value="+10 %"))


def test_a_total_is_split_by_a_measure_of_the_same_periods() -> None:
    rows = [("a", "north", 30.0), ("b", "north", 10.0), ("c", "north", -5.0)]
    budget = [{"item": i, "market": m, "period": START, "revenue": r} for i, m, r in rows]
    tables = {**TABLES, "budget": frame("budget", budget)}
    result = laid(
        change(where="period=2027-01; market=north", operation="set", value=800, split="measure", split_by="budget.revenue"), tables=tables
    )
    found = {item: quantity(result, f"item={item}; market=north; period=2027-01-01") for item in ITEMS}
    assert found == {"a": 600, "b": 200, "c": 0, "d": 0}  # 30 : 10, nothing for the negative and the missing
    assert only(result).note == ""


def test_history_splits_by_its_last_year_as_its_periods_end_before_the_horizon() -> None:
    months = [dt.date(2025, month, 1) for month in range(1, 13)] + [dt.date(2026, month, 1) for month in range(1, 13)]
    rows = [{"item": "a", "market": "north", "period": day, "quantity": 30.0} for day in months]
    rows += [{"item": "b", "market": "north", "period": day, "quantity": 1000.0 if day.year == 2025 else 10.0} for day in months]
    tables = {**TABLES, "history": frame("history", rows)}
    one = change(where="market=north; period=2027-01..2027-02", operation="add", value=80, split_by="history.quantity")
    assert one.split == "measure"
    result = laid(one, tables=tables)
    gained = {item: quantity(result, f"item={item}") - quantity(laid(), f"item={item}") for item in ITEMS}
    assert gained == pytest.approx({"a": 60, "b": 20, "c": 0, "d": 0})  # 30 : 10 in 2026, half in each month
    assert only(result).note == "Split by history.quantity of 2026-01-01 to 2026-12-01."


@pytest.mark.parametrize("rows", [[], [{"item": "b", "market": "north", "period": START, "revenue": 5.0}]])
def test_a_measure_of_nothing_splits_equally_and_says_so(rows: list[dict[str, object]]) -> None:
    tables = {**TABLES, "budget": frame("budget", rows) if rows else table("budget").empty()}
    result = laid(change(where="item=a; period=2027-01", operation="set", value=10, split_by="budget.revenue"), tables=tables)
    assert result.frame.filter(pl.col("item") == "a", pl.col("period") == START)["quantity"].to_list() == [5, 5]
    assert only(result).note == "Split equally, as budget.revenue is zero or missing for all its cells."


def test_a_total_over_cells_that_hold_nothing_is_split_equally_and_says_so() -> None:
    result = laid(change(where="item=a", operation="add", value=24, split="proportional"), start=plan([0.0] * 48))
    assert set(result.frame.filter(pl.col("item") == "a")["quantity"]) == {2.0}
    assert "Split equally" in only(result).note


@pytest.mark.parametrize(
    ("measure", "words"),
    [("budgets.revenue", "no table budgets"), ("budget.revenues", "Did you mean revenue"), ("capacity.regular", "share no key")],
)
def test_a_measure_that_cannot_split_is_an_error(measure: str, words: str) -> None:
    with pytest.raises(DataError) as caught:
        laid(change(operation="set", value=1, split_by=measure))
    assert words in str(caught.value)


def test_a_split_says_one_thing() -> None:
    with pytest.raises(ValidationError, match="needs a measure"):
        change(operation="set", value=1, split="measure")
    with pytest.raises(ValidationError, match="split is equal"):
        change(operation="set", value=1, split="equal", split_by="budget.revenue")


# Locks


def test_a_lock_holds_against_later_overrides_and_a_total_is_met_by_the_others() -> None:
    lock = change(id="o-1", where="item=a; market=north; period=2027-01", operation="set", value=100, lock=True)
    total = change(id="o-2", where="item=a; market=north; period=2027-01..2027-02", operation="set", value=150, split="proportional")
    result = laid(lock, total)
    assert result.frame["quantity"].to_list()[:3] == [100, 50, 30]
    assert [(one.status, one.cells) for one in result.effects] == [("applied", 1), ("partly", 1)]
    assert (result.effects[1].before, result.effects[1].after) == (120, 150)
    assert result.effects[1].note == "1 of 2 cells are locked by o-1."
    one, two = (change(where="item=a; market=north; period=2027-01", operation="scale", value=value) for value in (3, 5))
    scenario = lay(plan(), [lock], [[one], [two]], "consensus", TABLES)
    assert scenario.frame["quantity"].to_list()[:2] == [100, 20]


def test_an_override_whose_cells_are_all_locked_does_nothing_and_says_by_which() -> None:
    lock = change(id="o-1", where="item=a", operation="scale", value=1, lock=True)
    result = laid(
        lock, change(id="o-2", where="item=a; market=north", operation="add", value=5), change(where="item=a", operation="remove")
    )
    assert result.frame.equals(plan())
    assert [one.status for one in result.effects] == ["applied", "locked", "locked"]
    assert result.effects[1].note == "6 of 6 cells are locked by o-1."


def test_locked_cells_that_hold_more_than_the_total_leave_nothing_to_the_others() -> None:
    lock = change(where="item=a; market=north; period=2027-01", operation="set", value=500, lock=True)
    result = laid(lock, change(where="item=a; market=north", operation="set", value=300, split="equal"))
    assert result.frame["quantity"].to_list()[:7] == [500, 0, 0, 0, 0, 0, 70]
    assert "hold 500 of 300 already" in result.effects[1].note


def test_locks_follow_their_rows_when_others_are_added_or_taken_out() -> None:
    lock = change(where="item=b; market=north; period=2027-01", operation="set", value=1, lock=True)
    row = {"item": "e", "market": "north", "period": "2027-01", "quantity": 7}
    steps = [
        lock,
        change(where="item=a", operation="remove"),
        change(operation="insert", value=row),
        change(where="period=2027-01", operation="scale", value=2),
    ]
    after = laid(*steps).frame
    assert after.filter(pl.col("item") == "b")["quantity"].to_list()[0] == 1
    assert after.filter(pl.col("item") == "e")["quantity"].to_list() == [14]
    assert after.height == 48 - 12 + 1


# Fences, expiry, status


def test_a_role_does_not_change_the_periods_it_is_fenced_off_from() -> None:
    result = laid(change(where="item=a; market=north", operation="add", value=1, role="Sales"))
    assert result.frame["quantity"].to_list()[:6] == [10, 20, 31, 41, 51, 61]
    assert (only(result).status, only(result).cells) == ("partly", 4)
    assert only(result).note == "2027-01, 2027-02 are fenced off for Sales."
    near = laid(change(where="period=2027-02", operation="scale", value=2, role="sales"))
    assert near.frame.equals(plan())
    assert only(near).status == "fenced"
    assert only(laid(change(where="period=2027-06", operation="scale", value=2, role="all"))).status == "fenced"
    assert only(laid(change(where="period=2027-02", operation="scale", value=2, role="finance"))).status == "applied"


def test_a_fence_keeps_out_rows_and_events_as_well_but_only_of_demand() -> None:
    row = {"item": "e", "market": "north", "period": "2027-02", "quantity": 7}
    result = laid(change(operation="insert", value=row, role="sales"))
    assert only(result).status == "fenced"
    assert result.frame.height == 48
    event = frame("event", [{"event": "fair", "item": "a", "start": dt.date(2027, 2, 20), "end": dt.date(2027, 3, 20), "uplift": 0.1}])
    one = Override(id="1", table="event", column="uplift", operation="set", value=0.3, role="sales")
    assert lay(event, [one], (), "event", TABLES, tell=True).effects[0].status == "fenced"
    two = Override(id="2", table="item", column="unit_price", operation="set", value=3, role="sales")
    assert lay(TABLES["item"], [two], (), "item", TABLES, tell=True).effects[0].status == "applied"


def test_an_override_holds_to_its_last_day() -> None:
    first = laid(change(operation="scale", value=2, expires=dt.date(2026, 12, 15)))
    assert only(first).status == "applied"
    late = laid(change(operation="scale", value=2, expires=dt.date(2026, 12, 14)))
    assert only(late).status == "expired"
    assert late.frame.equals(plan())
    assert "2026-12-14" in only(late).note
    assert "2026-12-15" in only(late).note


@pytest.mark.parametrize(("status", "words"), [("proposed", "Proposed"), ("rejected", "Rejected"), ("off", "Switched off")])
def test_only_accepted_overrides_are_laid_and_the_others_are_told(status: str, words: str) -> None:
    result = laid(change(operation="scale", value=2, status=status))
    assert result.frame.equals(plan())
    assert only(result).status == "off"
    assert words in only(result).note


def test_matching_nothing_is_told_in_the_base_plan_and_an_error_in_a_scenario() -> None:
    lost, good = change(where="family=tens", operation="scale", value=2), change(where="family=tents", operation="scale", value=2)
    result = laid(lost, good)
    assert [one.status for one in result.effects] == ["unmatched", "applied"]
    assert result.effects[0].note == "Family tens is not there; the nearest are tents."
    with pytest.raises(DataError, match="matches no row"):
        lay(plan(), (), [[lost, good]], "consensus", TABLES)


# Stale


@pytest.mark.parametrize(
    ("was", "status", "note"),
    [
        (210, "applied", ""),
        (195, "applied", ""),
        (140, "stale", "The cells summed to 140 when it was made, 210 now (+50 %)."),
        (0, "stale", "The cells summed to 0 when it was made, 210 now."),
        (1234567.891, "stale", "The cells summed to 1,234,568 when it was made, 210 now (-100 %)."),
    ],
)
def test_an_override_goes_stale_when_what_it_rests_on_has_changed(was: float, status: str, note: str) -> None:
    result = laid(change(where="item=a; market=north", operation="add", value=10, was=was))
    assert (only(result).status, only(result).note) == (status, note)
    assert result.frame["quantity"].to_list()[0] == 20  # laid all the same


def test_what_an_override_was_made_on_is_remembered_until_it_says_something_else() -> None:
    one = change(where="item=a", operation="add", value=10)
    told = effect_table(laid(one).effects)
    assert told["was"].to_list() == told["before"].to_list() == [sum(10 * n for n in range(1, 13))]
    again = remembered([one, change(where="item=b", operation="add", value=10)], told)
    assert [override.was for override in again] == [780, None]
    assert only(laid(again[0], start=plan([1.0] * 48))).status == "stale"
    assert remembered([change(id=again[0].id, where="item=a", operation="add", value=11)], told)[0].was is None
    assert remembered([one.model_copy(update={"was": 5.0})], told)[0].was == 5


# What is told


def test_each_override_tells_its_cells_before_and_after_in_order() -> None:
    cell = "item=a; market=north; period=2027-01"
    same = change(where=cell, operation="scale", value=1)
    result = laid(change(where=cell, operation="add", value=5), change(where=cell, operation="scale", value=2), same)
    cells = pl.concat(result.cells)
    assert cells.select("before", "after").rows() == [(10, 15), (15, 30)]
    assert cells["period"].to_list() == [START, START]
    assert [(one.before, one.after, one.cells) for one in result.effects] == [(10, 15, 1), (15, 30, 1), (30, 30, 0)]


def test_rows_put_in_and_taken_out_are_told_as_cells() -> None:
    row = {"item": "e", "market": "north", "period": "2027-01", "quantity": "7"}
    result = laid(change(operation="insert", value=row), change(where="item=e", operation="remove"))
    assert pl.concat(result.cells).select("before", "after").rows() == [(None, 7), (7, None)]
    assert result.frame.equals(plan())


def test_the_gate_tells_of_every_override_of_the_base_plan_and_of_none_in_a_scenario() -> None:
    base = identified(
        [
            Override(id="price", table="item", where={"item": "a"}, column="unit_price", operation="set", value=9),
            change(id="more", where={"family": "tents"}, operation="scale", value=1.5, reason="fair", author="Ana", role="finance"),
            change(id="lost", where={"item": "z"}, operation="scale", value=2),
        ]
    )
    for scenario, told in (("", ["lost", "more", "price"]), ("upside", [])):
        run = Run(TABLES, base, (), scenario)
        for name in ("setting", "period", "item", "market"):
            run.admit(name, TABLES[name])
        run.admit("consensus", plan())
        run.tell()
        assert run.tables["override_effect"]["override"].to_list() == told
        assert run.tables["override_cell"]["override"].unique().to_list() == (["more"] if told else [])
        assert run.tables["issue"]["severity"].to_list() == (["warning"] if told else [])
        assert set(GATE) <= run.tables.keys()
        assert run.tables["consensus"].filter(pl.col("item") == "a")["quantity"].to_list()[0] == 15


def test_ids_are_given_by_what_overrides_do_and_stay_the_same() -> None:
    one, other = change(operation="scale", value=2, reason="first"), change(operation="scale", value=3)
    ids = [override.id for override in identified([one, other, one])]
    assert len(set(ids)) == 3
    assert identified([other, one])[1].id == ids[0]
    assert identified([one.model_copy(update={"reason": "second", "author": "Bo"})])[0].id == ids[0]
    assert override_table({"": [one, other, one]})["override"].to_list() == ids


# Properties

NUMBERS = st.floats(0, 1e5).map(lambda value: round(value, 3))
WHERE = st.fixed_dictionaries(
    {},
    optional={
        "item": st.sampled_from([*ITEMS, ("a", "b")]),
        "family": st.sampled_from([*ITEMS.values(), ("tents", "packs")]),
        "region": st.sampled_from(list(MARKETS.values())),
        "period": st.sampled_from([f"2027-0{month}" for month in range(1, 7)]) | st.just({"from": "2027-02", "to": "2027-04"}),
    },
)
CHANGE = st.builds(
    lambda where, operation, split, value, lock: change(
        where=where, operation=operation, split=split, value=value if operation != "scale" else value / 1e5, lock=lock
    ),
    WHERE,
    st.sampled_from(["set", "add", "scale", "scale", "add"]),
    st.sampled_from(["each", "proportional", "equal"]),
    NUMBERS,
    st.booleans(),
)


def named(where: dict[str, Any], item: str, market: str, period: dt.date) -> bool:
    """Whether a cell is named by the conditions; written plainly, to compare with."""
    facts_of = {"item": item, "family": ITEMS[item], "region": MARKETS[market], "period": f"{period:%Y-%m}"}
    for column, wanted in where.items():
        value = facts_of[column]
        if isinstance(wanted, dict) and not wanted["from"] <= value <= wanted["to"]:
            return False
        if not isinstance(wanted, dict) and value not in (wanted if isinstance(wanted, tuple) else (wanted,)):
            return False
    return True


def plainly(values: list[float], overrides: Sequence[Override]) -> list[float] | None:
    """Lay overrides cell by cell; None where two set one cell."""
    locked: set[int] = set()
    was_set: set[int] = set()
    values = list(values)
    for one in overrides:
        cells = [at for at, key in enumerate(KEYS) if named(one.where, *key)]
        free = [at for at in cells if at not in locked]
        if not free:
            continue
        if one.operation == "set" and was_set & set(free):
            return None
        value, held = float(one.value), {at: values[at] for at in free}  # type: ignore[arg-type]
        kept, total = sum(values[at] for at in cells if at in locked), sum(held.values())
        for at in free:
            share = held[at] / total if one.split == "proportional" and total else 1 / len(free)
            if one.operation == "scale":
                values[at] = held[at] * value
            elif one.operation == "add":
                values[at] = held[at] + (value if one.split == "each" else value * share)
            else:
                values[at] = value if one.split == "each" else max(value - kept, 0) * share
        was_set |= set(free) if one.operation == "set" else set()
        locked |= set(free) if one.lock else set()
    return values


@settings(deadline=None, max_examples=200)
@given(st.lists(NUMBERS, min_size=48, max_size=48), st.lists(CHANGE, max_size=6))
def test_the_same_numbers_come_out_as_cell_by_cell(values: list[float], overrides: list[Override]) -> None:
    wanted = plainly(values, overrides)
    if wanted is None:
        with pytest.raises(DataError, match="set the same cell"):
            laid(*overrides, start=plan(values))
        return
    result = laid(*overrides, start=plan(values))
    assert np.allclose(result.frame["quantity"].to_numpy(), wanted, rtol=1e-9, atol=1e-6)
    assert result.frame.drop("quantity").equals(plan(values).drop("quantity"))
    told = pl.concat([table("override_cell").empty(), *result.cells])
    changed = told.group_by("item", "market", "period", maintain_order=True).agg(change=(pl.col("after") - pl.col("before")).sum())
    assert float(changed["change"].sum()) == pytest.approx(sum(wanted) - sum(values), rel=1e-9, abs=1e-3)


@settings(deadline=None)
@given(st.lists(NUMBERS, min_size=48, max_size=48))
def test_a_scenario_without_overrides_changes_nothing(values: list[float]) -> None:
    batches = chain([Scenario(name="same")], "same")
    assert lay(plan(values), (), batches, "consensus", TABLES).frame.equals(plan(values))


@settings(deadline=None)
@given(st.lists(NUMBERS, min_size=48, max_size=48), WHERE, NUMBERS, st.sampled_from(["proportional", "equal"]))
def test_a_split_conserves_the_total(values: list[float], where: dict[str, Any], total: float, split: str) -> None:
    for operation in ("set", "add"):
        effect = only(laid(change(where=where, operation=operation, value=total, split=split), start=plan(values)))
        if effect.before is not None and effect.after is not None:
            wanted = total + (effect.before if operation == "add" else 0)
            assert effect.after == pytest.approx(wanted, rel=1e-9, abs=1e-6)


@settings(deadline=None)
@given(st.lists(NUMBERS, min_size=48, max_size=48), WHERE, st.lists(CHANGE, max_size=5), st.lists(CHANGE, max_size=3))
def test_locked_cells_never_change(values: list[float], where: dict[str, Any], later: list[Override], scenario: list[Override]) -> None:
    lock = change(where=where, operation="scale", value=1, lock=True)
    after = [one for one in later if one.operation != "set"]
    result = lay(plan(values), identified([lock, *after]), [], "consensus", TABLES).frame["quantity"].to_list()
    kept = [at for at, key in enumerate(KEYS) if named(where, *key)]
    assert [result[at] for at in kept] == [plan(values)["quantity"].to_list()[at] for at in kept]
    good = [one for one in scenario if one.operation != "set" and any(named(one.where, *key) for key in KEYS)]
    result = lay(plan(values), [lock], [good], "consensus", TABLES).frame["quantity"].to_list()
    assert [result[at] for at in kept] == [plan(values)["quantity"].to_list()[at] for at in kept]


@settings(deadline=None)
@given(st.lists(CHANGE, min_size=4, max_size=4), st.permutations(range(4)))
def test_the_order_of_overrides_that_share_no_cell_does_not_matter(changes: list[Override], order: list[int]) -> None:
    apart = [one.model_copy(update={"where": {**one.where, "item": item}}) for one, item in zip(changes, ITEMS, strict=True)]
    assert laid(*apart).frame.equals(laid(*(apart[at] for at in order)).frame)


# The table `override`

PLAN = """plan: p
calendar: {start: 2027-01-01, horizon: 3}
data: {tables: {override: {file: changes.csv}}}
tables:
  item: [{item: a, family: tents}, {item: b, family: packs}]
  history: [{item: a, market: north, period: 2026-12, quantity: 5}]
overrides: [{id: first, table: history, where: {item: a}, operation: scale, value: 2}]
scenarios: [{name: tender}]
"""
HEAD = ("override", "scenario", "position", "table", "where", "column", "operation", "value", "split", "lock", "status", "expires", "was")


def given_rows(*rows: dict[str, str], text: str = PLAN) -> tuple[tuple[Override, ...], dict[str, Scenario], list[str]]:
    """Return base overrides, scenarios and faults of a plan whose file changes.csv has these rows."""
    cells = {name: pl.Series(name, [row.get(name) for row in rows], dtype=pl.String) for name in HEAD}
    found = facts(read_plan(text, "plan.yaml", dt.date(2026, 12, 20)), {"override 1": [Raw("changes.csv", pl.DataFrame(cells))]})
    faults = [str(fault) for fault in found.faults if fault.severity == "error" or "override" in fault.message]
    return found.plan.overrides, {one.name: one for one in found.plan.scenarios}, faults


def test_overrides_come_from_a_table_as_planners_write_it() -> None:
    base, scenarios, faults = given_rows(
        {"table": "consensus", "where": "family=tents; period=2027-01..2027-02", "operation": "Scale", "value": "+10 %", "lock": "yes"},
        {"override": "late", "position": "2", "table": "consensus", "where": '{"item": "b"}', "operation": "add", "value": "1,200.5"},
        {"override": "early", "position": "1", "table": "consensus", "operation": "set", "value": "5", "was": "1,000", "split": "equal"},
        {"scenario": "tender", "table": "item", "where": "item=a", "column": "family", "operation": "set", "value": "007"},
        {"scenario": "base", "table": "history", "operation": "insert", "value": "item=b; market=north; period=2026-11; quantity=4"},
    )
    assert faults == []
    assert [one.id for one in base] == ["first", "early", "late", "", ""]
    assert (base[1].value, base[1].was, base[2].value, base[3].value, base[3].lock) == (5, 1000, 1200.5, 1.1, True)
    assert base[3].where == {"family": "tents", "period": {"from": "2027-01", "to": "2027-02"}}
    assert base[4].value == {"item": "b", "market": "north", "period": "2026-11", "quantity": "4"}
    assert scenarios["tender"].overrides[0].value == "007"


def test_every_bad_row_is_told_with_its_row_column_and_remedy() -> None:
    _, _, faults = given_rows(
        {"table": "consensus", "operation": "multiply", "value": "2"},
        {"table": "supply_plan", "operation": "set", "value": "2"},
        {"table": "consensus", "operation": "set", "value": "many"},
        {"table": "consensus", "where": "Tents", "operation": "set", "value": "2"},
        {"table": "consensus", "column": "quantty", "operation": "set", "value": "2"},
        {"table": "consensus", "where": "colour=red", "operation": "set", "value": "2"},
        {"scenario": "tendr", "table": "consensus", "operation": "set", "value": "2"},
        {"override": "x", "table": "consensus", "operation": "scale", "value": "2"},
        {"override": "x", "table": "consensus", "operation": "scale", "value": "3"},
        {"override": "first", "table": "consensus", "operation": "scale", "value": "3"},
        {"table": "consensus", "operation": "scale", "value": "10 %"},
        {"table": "consensus", "operation": "set", "value": "1", "expires": "soon"},
        {"operation": "set", "value": "1"},
    )
    text = "\n".join(faults)
    assert text.count("multiply") == 1
    for words in (
        "row 2, column operation: operation is 'multiply'. It must be one of set, add, scale",
        "row 3, column table: The table supply_plan cannot be overridden",
        "row 4, column value: 'consensus quantity of every row: set to many': quantity takes a number",
        "row 5, column where: 'Tents' is not a condition. Write it as family=Tents",
        "row 6, column column: 'consensus quantty of every row: set to 2': consensus has no value column quantty.",
        "row 7, column where: 'consensus quantity of colour red: set to 2': consensus has no column colour",
        "row 8, column scenario: There is no scenario tendr. Did you mean tender?",
        "row 10, column override: The override x is given twice: here and in changes.csv, table override, row 9",
        "row 11, column override: The override first is given twice: here and in the plan file",
        "row 12, column value: 10 % may mean plus 10 % or that share of it",
        "row 13, column expires: 'soon' is not a date",
        "row 14, column table: table is empty",
    ):
        assert words in text, text


def test_overrides_of_given_tables_are_tried_before_a_run() -> None:
    _, _, faults = given_rows({"override": "lost", "table": "history", "where": "item=c", "operation": "scale", "value": "2"})
    faults = [fault for fault in faults if "The scenario tender overrides nothing" not in fault]
    assert len(faults) == 1
    assert "matches nothing. Item c is not there; the nearest are a." in faults[0]
    twice = {"table": "history", "where": "item=a", "operation": "set", "value": "2"}
    assert "set the same cell" in given_rows(twice, twice)[2][0]


def test_a_table_of_overrides_without_what_it_needs_says_what() -> None:
    found = facts(read_plan(PLAN, "plan.yaml", START), {"override 1": [Raw("changes.csv", pl.DataFrame({"value": ["1"]}))]})
    text = "\n".join(str(fault) for fault in found.faults)
    assert "changes.csv, table override: The column table is missing. Add it: table it changes." in text
    assert "The column operation is missing." in text


def test_the_plan_file_says_all_that_is_wrong_with_overrides_at_once() -> None:
    text = """plan: p
data: tables
overrides:
  - {id: o, table: consensus, column: quantty, operation: scale, value: 2}
  - {id: o, table: consensus, operation: set, value: many}
  - {table: consensus, where: {colour: red}, operation: scale, value: 2, status: off}
  - {table: consensus, where: Tents, operation: scale, value: 2}
  - {table: consensus, operation: set, value: 3, split: measure, split_by: history.quantum}
"""
    with pytest.raises(InputError) as caught:
        read_plan(text, "plan.yaml", START)
    for words in (
        "row 4, column overrides.column:",
        "row 5, column overrides.value:",
        "row 5, column overrides.id: The id o is given twice: in lines 4 and 5.",
        "row 6, column overrides.where:",
        "'Tents' is not a condition",
        "Did you mean quantity?",
    ):
        assert words in str(caught.value), str(caught.value)
    good = read_plan("plan: p\ndata: t\noverrides: [{table: consensus, operation: scale, value: 2, status: off}]\n", "plan.yaml", START)
    assert good.overrides[0].status == "off"
