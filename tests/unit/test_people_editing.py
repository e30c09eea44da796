"""Which cells a person may change: slices, decided as a product of masters, and fences, of which the least strict role's counts."""

import datetime as dt
import time
from itertools import pairwise, product

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from equipoise.dimensions.calendar import Calendar
from equipoise.errors import InputError, NotAllowedError
from equipoise.process.editing import edit_faults, fence_of, refuse_edits
from equipoise.process.people import Person
from equipoise.process.slices import read_slice, uncovered
from equipoise.scenario import Override
from equipoise.tables import table
from equipoise.tables.setting import CalendarSetting, DemandSetting, Setting, to_table

CALENDAR = CalendarSetting(start=dt.date(2027, 1, 1), horizon=6)
SETTING = Setting(plan="p", calendar=CALENDAR, demand=DemandSetting(fences={"sales": 3, "demand planner": 1}))
SPRING = {"start": dt.date(2027, 5, 1), "end": dt.date(2027, 5, 31), "uplift": 0.1}


@pytest.fixture(scope="module")
def tables() -> dict[str, pl.DataFrame]:
    rows: dict[str, list[dict[str, object]]] = {
        "item": [{"item": "A", "family": "Tents"}, {"item": "B", "family": "Tents"}, {"item": "C", "family": "Packs"}],
        "market": [{"market": "N1", "region": "North"}, {"market": "N2", "region": "North"}, {"market": "S1", "region": "South"}],
        "event": [
            {"event": "fair", "market": "N1", **SPRING},
            {"event": "sale", **SPRING},
            {"event": "soon", "market": "N1", **SPRING, "start": dt.date(2027, 2, 1)},
            {"event": "tents", "family": "Tents", "market": "N2", **SPRING},
        ],
    }
    made = {name: table(name).conform(pl.DataFrame(found, infer_schema_length=None)) for name, found in rows.items()}
    calendar = table("period").conform(Calendar.from_setting(CALENDAR).table())
    return {**made, "setting": table("setting").conform(to_table(SETTING)), "period": calendar}


def _override(where: str, name: str = "demand_plan", **values: object) -> Override:
    column = "quantity" if name != "event" else "uplift"
    return Override.model_validate({"table": name, "where": where, "column": column, "operation": "set", "value": 1, **values})


def _refused(tables: dict[str, pl.DataFrame], override: Override, *slices: str, roles: tuple[str, ...] = ("facilitator",)) -> str:
    faults = edit_faults(Person("anna", roles, slices), [override], tables)
    return f"{faults[0].message} {faults[0].fix}" if faults else ""


@pytest.mark.parametrize(
    ("where", "slices", "allowed"),
    [
        ("region=North", ("region=North",), True),
        ("market=N1", ("region=North",), True),
        ("market=N1|N2; family=Tents", ("region=North",), True),
        ("market=N1|S1", ("region=North",), False),
        ("item=A", ("region=North",), False),
        ("", ("region=North",), False),
        ("", ("region=North", "region=South"), True),
        ("item=A; market=S1", ("region=North; family=Packs", "family=Tents"), True),
        ("family=Tents", ("market=N1; family=Tents", "region=North|South; item=A|B"), True),
        ("family=Tents", ("market=N1; family=Tents", "region=North; item=A|B"), False),
        ("item=C; market=N1", ("market=N1; family=Tents",), False),
        ("item=Z; market=N1", ("region=North",), False),
        ("period=2027-05; region=North", ("region=North",), True),
    ],
)
def test_an_override_of_demand_stays_within_slices(
    tables: dict[str, pl.DataFrame], where: str, slices: tuple[str, ...], allowed: bool
) -> None:
    assert (_refused(tables, _override(where), *slices) == "") == allowed


def test_a_refusal_names_the_slice_and_a_cell_outside(tables: dict[str, pl.DataFrame]) -> None:
    told = _refused(tables, _override("item=A|C; market=N1|S1"), "region=North", "family=Packs")
    assert "anna may change 'region=North' or 'family=Packs' only" in told
    assert "also changes item A, market S1" in told
    assert "propose" in told


@pytest.mark.parametrize(
    ("where", "slice_", "allowed"),
    [
        ("event=fair", "region=North", True),
        ("event=sale", "region=North", False),
        ("market=N1", "region=North", True),
        ("event=tents", "region=North; family=Tents", True),
        ("event=tents", "region=North; item=A", False),
        ("event=fair", "region=North; family=Tents", False),
    ],
)
def test_a_row_that_names_no_market_stands_for_all(tables: dict[str, pl.DataFrame], where: str, slice_: str, allowed: bool) -> None:
    assert (_refused(tables, _override(where, "event"), slice_) == "") == allowed


def test_nothing_is_moved_out_of_a_slice(tables: dict[str, pl.DataFrame]) -> None:
    assert _refused(tables, _override("event=fair", "event", column="market", value="N2"), "region=North") == ""
    assert "market S1" in _refused(tables, _override("event=fair", "event", column="market", value="S1"), "region=North")
    assert "N1" in _refused(tables, _override("market=N1", "market", column="region", value="South"), "region=North")
    assert "S1" in _refused(tables, _override("market=S1", "market", column="region", value="North"), "region=North")
    assert _refused(tables, _override("market=N1", "market", column="channel", value="web"), "region=North") == ""


def test_a_new_row_must_lie_in_a_slice(tables: dict[str, pl.DataFrame]) -> None:
    row = {"event": "new", "start": "2027-05-01", "end": "2027-05-31", "uplift": 0.2}
    assert "item A, market S1" in _refused(tables, _override("", "event", operation="insert", value=row), "region=North")
    assert _refused(tables, _override("", "event", operation="insert", value={**row, "market": "N2"}), "region=North") == ""
    assert "Z" in _refused(tables, _override("", "item", operation="insert", value={"item": "Z", "family": "Packs"}), "family=Tents")
    assert _refused(tables, _override("", "item", operation="insert", value={"item": "Z", "family": "Tents"}), "family=Tents") == ""


def test_a_table_that_is_not_parted_by_the_slice_is_closed(tables: dict[str, pl.DataFrame]) -> None:
    told = _refused(tables, _override("", "capacity", column="regular"), "region=North")
    assert "capacity is not parted that way" in told


@pytest.mark.parametrize("text", ["", "colour=red", "name=Alpine", "region=North; region=South"])
def test_a_slice_must_name_attributes(text: str) -> None:
    with pytest.raises(InputError):
        read_slice(text)


@st.composite
def _slices(draw: st.DrawFn) -> tuple[list[int], list[list[bool]]]:
    sizes = draw(st.lists(st.integers(1, 4), min_size=1, max_size=3))
    count = draw(st.integers(0, 4))
    return sizes, [draw(st.lists(st.booleans(), min_size=sum(sizes), max_size=sum(sizes))) for _ in range(count)]


@given(_slices())
def test_covering_is_as_cell_by_cell(case: tuple[list[int], list[list[bool]]]) -> None:
    sizes, flat = case
    edges = np.cumsum([0, *sizes])
    slices = [[np.array(one[a:b]) for a, b in pairwise(edges)] for one in flat]
    wanted = [np.arange(size, dtype=np.int64) for size in sizes]
    outside = {
        cell
        for cell in product(*(range(size) for size in sizes))
        if not any(all(mask[row] for mask, row in zip(one, cell, strict=True)) for one in slices)
    }
    found = uncovered(wanted, slices)
    assert (found in outside) if outside else (found is None)


@pytest.mark.parametrize(
    ("where", "roles", "allowed"),
    [
        ("period=2027-04", ("sales",), True),
        ("period=2027-03", ("sales",), False),
        ("period=2027-03..2027-05", ("sales",), False),
        ("item=A", ("sales",), False),
        ("quarter=2027-Q2", ("sales",), True),
        ("period=2027-03", ("sales", "demand planner"), True),
        ("period=2027-01", ("sales", "demand planner"), False),
        ("period=2027-01", ("sales", "facilitator"), True),
        ("period=2027-01", ("viewer", "sales"), False),
    ],
)
def test_fences_hold_by_the_least_strict_role(tables: dict[str, pl.DataFrame], where: str, roles: tuple[str, ...], allowed: bool) -> None:
    told = _refused(tables, _override(where), roles=roles)
    assert (told == "") == allowed
    if not allowed:
        assert "fenced off" in told
        assert "facilitator" in told


def test_fences_hold_for_events_by_when_they_start(tables: dict[str, pl.DataFrame]) -> None:
    row = {"event": "new", "start": "2027-05-01", "end": "2027-05-31", "uplift": 0.2}
    sales = ("sales",)
    assert "2027-02 is closed" in _refused(tables, _override("event=soon", "event"), roles=sales)
    assert _refused(tables, _override("event=fair", "event"), roles=sales) == ""
    assert "closed" in _refused(tables, _override("event=fair", "event", column="start", value=dt.date(2027, 2, 1)), roles=sales)
    assert _refused(tables, _override("", "event", operation="insert", value=row), roles=sales) == ""
    assert "closed" in _refused(tables, _override("", "event", operation="insert", value={**row, "start": "2027-03-31"}), roles=sales)


def test_fences_leave_other_tables_and_people_alone(tables: dict[str, pl.DataFrame]) -> None:
    assert fence_of(Person("me", alone=True), tables) is None
    assert fence_of(Person("anna", ("sales",)), tables) == dt.date(2027, 3, 31)
    assert _refused(tables, _override("market=N1", "market", column="channel", value="x"), roles=("sales",)) == ""


def test_roles_are_asked_first_and_all_faults_told(tables: dict[str, pl.DataFrame]) -> None:
    anna = Person("anna", ("sales",), ("region=North",))
    wrong = [
        _override("", "capacity", column="regular"),
        _override("region=South; period=2027-05"),
        _override("region=North; period=2027-01"),
        _override("region=North; period=2027-05"),
    ]
    with pytest.raises(NotAllowedError) as refused:
        refuse_edits(anna, wrong, tables)
    words = ["may not change regular of capacity", "may change 'region=North' only", "fenced off"]
    assert [word in fault.message for word, fault in zip(words, refused.value.faults, strict=True)] == [True] * 3
    refuse_edits(Person("me", alone=True), wrong, tables)
    with pytest.raises(NotAllowedError, match="may not change regular of capacity"):
        refuse_edits(anna, wrong[:1], tables)


def test_thousands_of_overrides_are_judged_quickly() -> None:

    items = pl.DataFrame({"item": [f"I{n}" for n in range(5000)], "family": [f"F{n % 50}" for n in range(5000)]})
    markets = pl.DataFrame({"market": [f"M{n}" for n in range(200)], "region": [f"R{n % 5}" for n in range(200)]})
    made = {"item": table("item").conform(items), "market": table("market").conform(markets)}
    anna = Person("anna", ("sales",), ("region=R0; family=F1|F2", "region=R1"))
    overrides = [_override(f"market=M{5 * (n % 40)}; item=I{1 + 50 * (n % 100)}; period=2027-05", id=f"{n}") for n in range(2000)]
    before = time.perf_counter()
    assert edit_faults(anna, overrides, made) == []
    assert time.perf_counter() - before < 5
