"""Value added and the record for the next cycle: a chain worked by hand, what is left out, and that the parts make the whole."""

import datetime as dt

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from equipoise.dimensions.calendar import add_months
from equipoise.measure import stream_record, value_added
from equipoise.measure.value_added import MOST_STREAMS
from equipoise.tables import table
from equipoise.tables.setting import Setting, to_table

JAN, FEB, MAR = dt.date(2026, 1, 1), dt.date(2026, 2, 1), dt.date(2026, 3, 1)
SETTING = to_table(Setting.model_validate({"plan": "p", "calendar": {"as_of": "2026-03-31", "start": "2026-04-01", "horizon": 6}}))
ITEMS = pl.DataFrame({"item": ["i", "j"], "family": ["Tents", "Packs"]})
Row = dict[str, object]


def _table(name: str, rows: list[Row]) -> pl.DataFrame:
    return table(name).conform(pl.DataFrame(rows, schema_overrides=dict(table(name).schema))) if rows else table(name).empty()


def _said(kind: str, quantity: float, period: dt.date, *, stream: str = "", item: str = "i", lag: int = 1, owner: str = "") -> Row:
    as_of = add_months(period, -lag) + dt.timedelta(days=11)
    key: Row = {"as_of": as_of, "stream": stream or kind, "item": item, "market": "m", "period": period}
    return {**key, "kind": kind, "quantity": quantity, "owner": owner or None}


def _booked(**quantities: list[float]) -> pl.DataFrame:
    rows: list[Row] = [
        {"item": item, "market": "m", "period": add_months(JAN, number), "quantity": quantity}
        for item, values in quantities.items()
        for number, quantity in enumerate(values)
    ]
    return _table("history", rows)


def _measured(rows: list[Row], history: pl.DataFrame, setting: pl.DataFrame = SETTING) -> pl.DataFrame:
    segment = _table("segment", [{"item": "i", "market": "m", "abc": "A", "xyz": "X"}])
    return value_added(_table("stream_snapshot", rows), history, table("item").conform(ITEMS), segment, setting)


# Demand 100 and 200. naive 80, 220 is off by 20 + 20 = 40 of 300; baseline 90, 210 by 20; with the tender (+30 in January) 120, 210 by
# 30; with Ann's override (-30 in January, -10 in February) 90, 200 by 10; the consensus 95, 200 by 5.
CHAIN = [
    *(_said("naive", quantity, period) for quantity, period in ((80.0, JAN), (220.0, FEB))),
    *(_said("baseline", quantity, period) for quantity, period in ((90.0, JAN), (210.0, FEB))),
    _said("increment", 30.0, JAN, stream="tender", owner="Sales"),
    *(_said("override", quantity, period, stream="o1", owner="Ann") for quantity, period in ((-30.0, JAN), (-10.0, FEB))),
    *(_said("consensus", quantity, period) for quantity, period in ((95.0, JAN), (200.0, FEB))),
]
BOOKED = _booked(i=[100.0, 200.0, 50.0])


def test_a_chain_worked_by_hand() -> None:
    made = _measured(CHAIN, BOOKED).filter(pl.col("level") == "total")
    assert made.get_column("step").to_list() == ["naive", "baseline", "tender", "overrides", "consensus"]
    assert made.get_column("error").to_list() == pytest.approx([off / 300 for off in (40, 20, 30, 10, 5)])
    assert made.get_column("bias").to_list() == pytest.approx([off / 300 for off in (0, 0, 30, -10, -5)])
    assert made.get_column("value_added").to_list()[1:] == pytest.approx([gain / 300 for gain in (20, -10, 20, 5)])
    assert made.get_column("value_added").to_list()[0] is None
    assert set(made.get_column("points")) == {2}
    assert made.get_column("owner").to_list() == [None, None, "Sales", None, None]
    assert made.get_column("note").null_count() == made.height


def test_owners_are_measured_on_the_cells_they_touched() -> None:
    rows = _measured(CHAIN, BOOKED).filter(pl.col("level") == "owner")
    ann = rows.filter(pl.col("subject") == "Ann").rows(named=True)
    assert [row["step"] for row in ann] == ["plan without their changes", "plan with their changes"]
    # The consensus without Ann is 125, 210: off by 25 + 10 of 300, with her by 5.
    assert [row["error"] for row in ann] == pytest.approx([35 / 300, 5 / 300])
    assert ann[1]["value_added"] == pytest.approx(30 / 300)
    sales = rows.filter(pl.col("subject") == "Sales").rows(named=True)
    # Sales touched January alone: 65 without, 95 with the tender, of 100.
    assert [row["error"] for row in sales] == pytest.approx([0.35, 0.05])
    assert [row["points"] for row in sales] == [1, 1]


def test_each_override_is_measured_on_the_cells_it_touched() -> None:
    more = _said("override", 15.0, FEB, stream="o2")
    rows = _measured([*CHAIN, more, _said("override", 0.0, JAN, stream="idle")], BOOKED).filter(pl.col("level") == "override")
    found = {(row["subject"], row["step"]): (row["error"], row["value_added"], row["owner"]) for row in rows.iter_rows(named=True)}
    # The consensus is 95, 200 of 100, 200: without o1 it is 125, 210, off by 35; without o2 in February 185, off by 15 of 200.
    assert found == {
        ("o1", "plan without it"): (pytest.approx(35 / 300), None, "Ann"),
        ("o1", "plan with it"): (pytest.approx(5 / 300), pytest.approx(30 / 300), "Ann"),
        ("o2", "plan without it"): (pytest.approx(15 / 200), None, None),
        ("o2", "plan with it"): (0.0, pytest.approx(15 / 200), None),
    }


def test_families_and_segments_stand_at_the_lag_of_the_plan_and_the_total_at_every_lag() -> None:
    far = [{**row, "as_of": dt.date(2025, 11, 12)} for row in CHAIN if row["period"] == JAN]
    made = _measured([*CHAIN, *far], BOOKED)
    assert made.filter(pl.col("level") == "total").get_column("lag").unique().sort().to_list() == [1, 2]
    assert made.filter(pl.col("level") != "total").get_column("lag").unique().to_list() == [1]
    assert made.filter(pl.col("level") == "family").get_column("subject").unique().to_list() == ["Tents"]
    assert made.filter(pl.col("level") == "segment").get_column("subject").unique().to_list() == ["AX"]
    frozen = to_table(Setting.model_validate({"plan": "p", "calendar": {"as_of": "2026-03-31", "horizon": 6, "frozen": 2}}))
    assert _measured([*CHAIN, *far], BOOKED, frozen).filter(pl.col("level") == "family").get_column("lag").unique().to_list() == [2]


def test_a_view_is_a_rival_of_the_baseline_on_its_own_cells() -> None:
    made = _measured([*CHAIN, _said("view", 104.0, JAN, stream="Sales view", owner="Sales")], BOOKED)
    total = made.filter(pl.col("level") == "total")
    view = total.row(-1, named=True)
    assert (view["step"], view["points"]) == ("Sales view", 1)
    assert view["error"] == pytest.approx(0.04)
    assert view["value_added"] == pytest.approx(0.10 - 0.04)
    assert "no step of the chain" in view["note"]
    assert total.row(-2, named=True)["step"] == "consensus"
    own = made.filter((pl.col("level") == "owner") & (pl.col("subject") == "Sales")).get_column("step").to_list()
    assert own == ["plan without their changes", "plan with their changes", "baseline", "Sales view"]


def test_cells_that_lack_a_step_are_left_out_of_all_steps_and_counted() -> None:
    extra = [
        _said("baseline", 500.0, MAR),  # a cut-off without any consensus is no plan
        _said("baseline", 500.0, JAN, item="j"),
        _said("baseline", 500.0, FEB, item="j"),
        _said("consensus", 500.0, FEB, item="j"),
        *(_said(kind, 9.0, FEB, item="x") for kind in ("naive", "baseline", "consensus")),
    ]
    booked = pl.concat([BOOKED, _booked(j=[1.0, 1.0])])
    made = _measured([*CHAIN, *extra], booked).filter(pl.col("level") == "total")
    assert made.get_column("error").to_list() == pytest.approx([off / 300 for off in (40, 20, 30, 10, 5)])
    assert made.get_column("note").to_list() == [
        "3 of 5 series and periods left out: 1 without consensus, 1 without actual, 2 without naive.", None, None, None, None,
    ]  # fmt: skip


def test_no_row_in_a_period_of_the_history_is_no_demand() -> None:
    rows = [row for row in CHAIN if row["period"] == JAN]
    idle = [_said(kind, 10.0, MAR) for kind in ("naive", "baseline", "consensus")]
    history = _table("history", [*BOOKED.head(2).to_dicts(), {"item": "j", "market": "m", "period": MAR, "quantity": 1.0}])
    made = _measured([*rows, *idle], history).filter((pl.col("level") == "total") & (pl.col("step") == "consensus"))
    assert made.get_column("error").to_list() == pytest.approx([(5 + 10) / 100])


def test_the_later_of_two_cut_offs_at_one_lag_counts_and_the_future_does_not() -> None:
    earlier = [{**row, "as_of": dt.date(2025, 12, 2), "quantity": 1.0} for row in CHAIN if row["period"] == JAN]
    ahead = [_said(kind, 10.0, dt.date(2026, 6, 1)) for kind in ("naive", "baseline", "consensus")]
    assert _measured([*CHAIN, *earlier, *ahead], BOOKED).equals(_measured(CHAIN, BOOKED))


def test_without_naive_the_chain_begins_with_the_baseline() -> None:
    made = _measured([row for row in CHAIN if row["kind"] != "naive"], BOOKED).filter(pl.col("level") == "total")
    assert made.get_column("step").to_list()[0] == "baseline"
    assert made.get_column("value_added").to_list()[0] is None


def test_the_smallest_of_many_streams_are_one_step() -> None:
    many = [_said("event", float(number + 1), JAN, stream=f"promo {number:02}") for number in range(MOST_STREAMS + 3)]
    steps = _measured([*CHAIN, *many], BOOKED).filter(pl.col("level") == "total").get_column("step").to_list()
    assert steps.count("other changes") == 1
    assert "promo 14" in steps
    assert "promo 00" not in steps
    assert len(steps) == MOST_STREAMS + 5


def test_nothing_to_measure_gives_no_rows() -> None:
    assert _measured([], BOOKED).is_empty()
    assert _measured(CHAIN, table("history").empty()).is_empty()
    assert _measured([row for row in CHAIN if row["kind"] != "consensus"], BOOKED).is_empty()
    no_demand = _measured(CHAIN, _booked(i=[0.0, 0.0])).filter(pl.col("level") == "total")
    assert no_demand.get_column("error").null_count() == no_demand.height


NUMBER = st.floats(min_value=0, max_value=1e4, allow_nan=False)


@given(st.lists(st.tuples(*[NUMBER] * 7), min_size=1, max_size=6), st.booleans())
def test_what_the_steps_add_makes_the_whole(cells: list[tuple[float, ...]], other: bool) -> None:
    rows: list[Row] = []
    for number, (naive, base, tender, promotion, override, agreed, _) in enumerate(cells):
        period = add_months(JAN, number)
        item = "j" if other and number % 2 else "i"
        rows += [_said(kind, value, period, item=item) for kind, value in (("naive", naive), ("baseline", base), ("consensus", agreed))]
        rows += [_said("increment", tender, period, stream="tender", item=item), _said("event", -promotion, period, stream="p", item=item)]
        rows.append(_said("override", override - 5_000, period, stream=f"o{number}", item=item, owner="Ann"))
    actual = [cell[6] for cell in cells]
    made = _measured(rows, _booked(i=actual, j=actual))
    chains = made.filter(pl.col("level").is_in(["total", "family", "segment"])).partition_by(["level", "subject"])
    assert chains
    for chain in chains:
        errors = chain.sort("position").get_column("error").to_list()
        if errors[0] is not None:
            assert chain.get_column("value_added").sum() == pytest.approx(errors[0] - errors[-1], abs=1e-9 * max(1.0, *errors))


def _stream(kind: str, quantity: float, *, stream: str = "", period: dt.date = MAR) -> Row:
    return {"stream": stream or kind, "item": "i", "market": "m", "period": period, "kind": kind, "quantity": quantity, "owner": "Kim"}


def _recorded(streams: list[Row], cells: list[Row], agreed: float) -> dict[str, Row]:
    made = stream_record(
        _table("stream", streams),
        _table("consensus", [{"item": "i", "market": "m", "period": MAR, "quantity": agreed}]),
        _table("override_cell", [{"item": "i", "market": "m", "period": MAR, **cell} for cell in cells]),
        _table("override_effect", [{"override": name, "author": "Ann"} for name in ("o1", "o2", "o3", "Sales")]),
        SETTING,
    )
    assert set(made.get_column("as_of")) == {dt.date(2026, 3, 31)}
    return {str(row["stream"]): row for row in made.iter_rows(named=True)}


def test_the_record_holds_what_a_snapshot_takes_and_counts_each_change_once() -> None:
    streams = [_stream("naive", 80.0), _stream("baseline", 110.0), _stream("view", 120.0, stream="Sales"), _stream("budget", 1.0)]
    cells: list[Row] = [
        {"override": "o1", "table": "baseline", "before": 100.0, "after": 110.0},
        {"override": "o2", "table": "consensus", "before": 110.0, "after": 130.0},
        {"override": "o3", "table": "demand_plan", "before": 130.0, "after": 126.0},
        {"override": "Sales", "table": "consensus", "before": 130.0, "after": 130.0},
    ]
    found = _recorded(streams, cells, 130.0)
    said = {name: (row["kind"], row["quantity"], row["owner"]) for name, row in found.items()}
    assert said == {
        "naive": ("naive", 80.0, "Kim"),
        "baseline": ("baseline", 100.0, "Kim"),
        "Sales": ("view", 120.0, "Kim"),
        "o1": ("override", 10.0, "Ann"),
        "o2": ("override", 20.0, "Ann"),
        "o3": ("override", -4.0, "Ann"),
        "consensus": ("consensus", 126.0, None),
    }
    assert table("stream_record").schema == table("stream_snapshot").schema


def test_a_baseline_that_an_override_takes_out_is_recorded_as_it_was() -> None:
    cells: list[Row] = [{"override": "o1", "table": "baseline", "before": 100.0, "after": None}]
    found = _recorded([_stream("baseline", 50.0, period=FEB)], cells, 0.0)
    assert (found["o1"]["quantity"], found["baseline"]["quantity"], found["baseline"]["period"]) == (-100.0, 100.0, MAR)


def test_an_override_named_like_a_stream_keeps_a_name_of_its_own() -> None:
    found = _recorded(
        [_stream("view", 5.0, stream="Sales")], [{"override": "Sales", "table": "consensus", "before": 1.0, "after": 3.0}], 3.0
    )
    assert found["Sales (override)"]["quantity"] == 2.0
    assert found["Sales"]["quantity"] == 5.0


def test_a_record_is_measured_in_the_next_cycle() -> None:
    found = _recorded(
        [_stream("naive", 80.0), _stream("baseline", 110.0)],
        [{"override": "o1", "table": "baseline", "before": 100.0, "after": 110.0}],
        110.0,
    )
    snapshot = [{**row, "as_of": dt.date(2026, 2, 12)} for row in found.values()]
    made = _measured(snapshot, BOOKED).filter(pl.col("level") == "total")
    assert made.get_column("step").to_list() == ["naive", "baseline", "overrides", "consensus"]
    assert made.get_column("error").to_list() == pytest.approx([0.6, 1.0, 1.2, 1.2])


def test_an_empty_plan_has_an_empty_record() -> None:
    names = ("stream", "consensus", "override_cell", "override_effect")
    assert stream_record(*(table(name).empty() for name in names), SETTING).is_empty()  # type: ignore[call-arg]
