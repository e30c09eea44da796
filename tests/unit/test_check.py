import datetime as dt

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from equipoise.tables import table
from equipoise.tables.check import BAD, ROW, SOURCE, check, check_references, distinct


def item(**columns: list[object]) -> pl.DataFrame:
    return table("item").conform(pl.DataFrame(columns))


def test_a_good_table_has_no_faults() -> None:
    assert check("item", item(item=["A", "B"], kind=["raw", "finished"], unit_cost=[1.0, None])) == []


def test_empty_wrong_and_repeated_cells_are_named_with_place_and_remedy() -> None:
    frame = item(item=["A", None, "A"], kind=["raw", "steel", None], unit_cost=[-1.0, float("inf"), 2.0]).with_columns(
        pl.Series(ROW, [2, 3, 9], dtype=pl.UInt32), pl.Series(SOURCE, [0, 0, 0], dtype=pl.UInt16)
    )
    faults = [str(fault) for fault in check("item", frame, ["items.csv"])]
    assert faults == [
        "items.csv, table item, row 3, column item: item is empty. Give it: item, by its own name or number.",
        "items.csv, table item, row 2, column unit_cost: unit_cost is -1, which is negative. It must be at least 0.",
        "items.csv, table item, row 3, column unit_cost: unit_cost is inf, which is out of range. It must be at least 0.",
        "items.csv, table item, row 3, column kind: kind is 'steel'. It must be one of finished, component, raw.",
        (
            "items.csv, table item, row 2: 2 rows have the same key (item A): rows 2, 9. "
            "Keep one, or say under `data: tables:` how to `aggregate` them (sum, first, last)."
        ),
    ]
    assert len(check("item", frame, unique=False)) == 4


def test_rows_that_could_not_be_read_are_not_called_empty_again() -> None:
    frame = item(item=[None, None]).with_columns(pl.Series(BAD, [True, False]), pl.Series(ROW, [2, 3], dtype=pl.UInt32))
    assert [fault.where.row for fault in check("item", frame, unique=False)] == [3]


def test_shares_have_an_upper_bound() -> None:
    route = table("route").conform(pl.DataFrame({"route": ["r"], "item": ["A"], "location": ["P"], "yield": [1.5]}))
    (fault,) = check("route", route)
    assert str(fault) == "table route, column yield: yield is 1.5, which is out of range. It must be at least 0 and at most 1."


def test_unknown_names_are_one_fault_each_with_the_nearest() -> None:
    history = table("history").conform(
        pl.DataFrame({"item": ["Tnet", "Tnet", "Tent"], "market": ["N"] * 3, "period": [dt.date(2026, 1, 1)] * 3, "quantity": [1.0] * 3})
    )
    faults = check_references({"item": item(item=["Tent", "Pole"]), "history": history})
    assert [str(fault) for fault in faults] == [
        "table history, column item: item Tnet is not in table item (in 2 rows). The nearest are Tent; correct it, or add it to item."
    ]
    assert check_references({"history": history}) == []


def test_a_name_may_be_in_either_of_two_tables() -> None:
    lane = table("lane").conform(pl.DataFrame({"lane": ["a", "b"], "from": ["P", "P"], "to": ["P", "North"]}))
    tables = {
        "location": table("location").conform(pl.DataFrame({"location": ["P"]})),
        "market": table("market").conform(pl.DataFrame({"market": ["North"]})),
        "lane": lane,
    }
    assert check_references(tables) == []
    assert len(check_references({**tables, "market": table("market").empty()})) == 1


keys = st.lists(
    st.tuples(st.sampled_from(["a", "b", None]), st.sampled_from([dt.date(2026, 1, 1), dt.date(2027, 5, 3), None]), st.booleans()),
    max_size=30,
)


@given(keys, st.booleans())
def test_distinct_counts_as_polars_does(rows: list[tuple[object, ...]], coded: bool) -> None:
    frame = pl.DataFrame(rows, schema={"x": pl.String, "y": pl.Date, "z": pl.Boolean}, orient="row")
    if coded:
        frame = frame.with_columns(pl.col("x").cast(pl.Categorical))
    assert distinct(frame, ["x", "y", "z"]) == frame.unique().height


def test_rows_whose_key_could_not_be_read_are_not_called_repeated() -> None:
    history = table("history").conform(pl.DataFrame({"item": ["a", "a"], "market": ["m", "m"], "quantity": [1.0, 2.0]}))
    messages = [fault.message for fault in check("history", history)]
    assert messages
    assert not any("same key" in message for message in messages)
